package botsql_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

func TestSecretIsTheSameForAll(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, _ := d.store(t)
		secrets := make([][]byte, 8)
		var all sync.WaitGroup
		for i := range secrets {
			all.Go(func() {
				var err error
				if secrets[i], err = store.Secret(t.Context(), "visitors", []byte(fmt.Sprintf("%032d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, s := range secrets {
			if !bytes.Equal(s, secrets[0]) || len(s) != 32 {
				t.Errorf("secrets differ: %x and %x", s, secrets[0])
			}
		}
		other, err := store.Secret(t.Context(), "else", []byte("else"))
		if err != nil || bytes.Equal(other, secrets[0]) {
			t.Errorf("another secret is %x, error %v", other, err)
		}
	})
}
