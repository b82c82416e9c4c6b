// Package seal encrypts the small secrets that lie in the database, such as the
// seeds of second factors and the passwords of channels, with a key that lies
// somewhere else.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// KeySize is how many bytes a key has.
const KeySize = 32

// version is the first byte of everything sealed: AES-256-GCM, a random nonce of
// 12 bytes, the ciphertext, a tag of 16 bytes.
const version = 1

// ErrOpen says that something was not sealed with this key and context, or was
// changed since.
var ErrOpen = errors.New("sealed with another key or context, or damaged")

// Sealer seals and opens. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// New returns a sealer with a key of KeySize bytes.
func New(key []byte) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("a key to seal with has %d bytes, this one %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return &Sealer{aead}, nil
}

// Seal encrypts. The context says what the secret is and whose: it is not
// stored, and Open wants the same, so that nothing sealed can be put in another
// one's place. A key seals at most 2³² secrets.
func (s *Sealer) Seal(plain []byte, context string) []byte {
	return s.aead.Seal([]byte{version}, nil, plain, additional(context))
}

// Open decrypts what Seal made with the same context, or returns ErrOpen.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, ErrOpen
	}
	plain, err := s.aead.Open(nil, nil, sealed[1:], additional(context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// additional is what the tag protects besides the ciphertext.
func additional(context string) []byte { return append([]byte{version}, context...) }
