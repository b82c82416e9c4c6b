package wechat

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxKey is how long a key may be, in bytes: databases have no room for more in
// their indexes.
const maxKey = 1000

// CheckKeys returns what is wrong with texts that things are found by: no store
// takes them if they are longer than 1,000 bytes, or CheckTexts refuses them.
func CheckKeys(keys ...string) error {
	for _, key := range keys {
		if len(key) > maxKey {
			return fmt.Errorf("a key has %d bytes, the most are %d", len(key), maxKey)
		}
	}
	return CheckTexts(keys...)
}

// CheckTexts returns what is wrong with texts: no store takes NUL, or what is not
// UTF-8. Dropping it in silence would make two keys one.
func CheckTexts(texts ...string) error {
	for _, text := range texts {
		if strings.ContainsRune(text, 0) {
			return errors.New("a text contains NUL")
		}
		if !utf8.ValidString(text) {
			return errors.New("a text is not UTF-8")
		}
	}
	return nil
}

// CheckStep returns what is wrong with what FollowerStore.Step is to store: its
// texts, or a part that is not on its way to the follower.
func CheckStep(f Follower, parts ...Outgoing) error {
	if err := CheckKeys(f.Account, f.OpenID, f.Conversation); err != nil {
		return err
	}
	if err := CheckTexts(f.Allowance.Granted); err != nil {
		return err
	}
	for _, p := range parts {
		if p.Account != f.Account || p.OpenID != f.OpenID {
			return fmt.Errorf("a part is on its way to %q of %q", p.OpenID, p.Account)
		}
		if err := CheckKeys(p.Conversation, p.Batch); err != nil {
			return err
		}
		if err := CheckTexts(string(p.Content), string(p.State), p.Reason); err != nil {
			return err
		}
	}
	return nil
}
