package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed" // the common passwords
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	maxPassword = 128 // characters
	minDistinct = 5   // of them different ones
	// hashings at once: each takes 19 MiB, and a flood of them must not take it all.
	hashings = 2
)

// cost is how much work a hash is.
type cost struct {
	memory uint32 // KiB
	time   uint32
	lanes  uint8
}

const (
	saltSize = 16
	hashSize = 32
)

// today is the cost of new hashes, as OWASP advises. Older ones keep theirs.
func today() cost { return cost{memory: 19 * 1024, time: 2, lanes: 1} }

var errHash = errors.New("the stored hash of a password cannot be read")

// hash returns the hash of a password with its salt and cost, in the PHC form
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	sum, err := s.derive(ctx, password, salt, today(), hashSize)
	if err != nil {
		return "", err
	}
	return phc(today(), salt, sum), nil
}

// matches reports whether the password has the hash.
func (s *Service) matches(ctx context.Context, password, encoded string) (bool, error) {
	c, salt, want, err := parsePHC(encoded)
	if err != nil {
		return false, err
	}
	got, err := s.derive(ctx, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// derive waits for its turn and does the work.
func (s *Service) derive(ctx context.Context, password string, salt []byte, c cost, size uint32) ([]byte, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, size), nil
}

// nobodys returns a hash that no password has, to do the same work where there is
// no account.
func nobodys() string {
	random := make([]byte, saltSize+hashSize)
	rand.Read(random) // never fails
	return phc(today(), random[:saltSize], random[saltSize:])
}

func phc(c cost, salt, sum []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.lanes, encode(salt), encode(sum))
}

func parsePHC(encoded string) (c cost, salt, sum []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	_, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.lanes)
	if err != nil || c.time < 1 || c.lanes < 1 || c.memory > 1<<20 {
		return c, nil, nil, errHash
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || len(sum) < saltSize {
		return c, nil, nil, errHash
	}
	return c, salt, sum, nil
}

//go:embed common.txt
var commonPasswords string

// checkPassword holds a new password against the rules.
func checkPassword(password, name string, shortest int) error {
	n := utf8.RuneCountInString(password)
	why := ""
	switch {
	case n < shortest:
		why = fmt.Sprintf("密码至少 %d 个字符", shortest)
	case n > maxPassword:
		why = fmt.Sprintf("密码最多 %d 个字符", maxPassword)
	case !utf8.ValidString(password):
		why = "密码含有无法识别的字符"
	case distinct(password) < minDistinct:
		why = fmt.Sprintf("密码太简单：至少要有 %d 个不同的字符", minDistinct)
	case Fold(password) == Fold(name) || core(name) != "" && core(password) == core(name):
		why = "密码不能是用户名，也不能只是用户名加数字或符号"
	case common(password):
		why = "这个密码太常见，很容易被猜到"
	default:
		return nil
	}
	return &InvalidError{"password", why}
}

func distinct(text string) int {
	runes := []rune(text)
	slices.Sort(runes)
	return len(slices.Compact(runes))
}

// core is a text without the digits and signs around it, which people put there
// to satisfy rules.
func core(text string) string {
	return strings.TrimFunc(Fold(text), func(r rune) bool { return !unicode.IsLetter(r) })
}

// common reports whether the password is on the list, or a line of it repeated.
func common(password string) bool {
	password = Fold(password)
	for line := range strings.Lines(commonPasswords) {
		line = strings.TrimSpace(line)
		if line != "" && strings.ReplaceAll(password, line, "") == "" {
			return true
		}
	}
	return false
}

// oneTime returns a random password to hand over: 80 bits, of letters and digits
// that nobody confuses.
func oneTime() string {
	t := rand.Text()
	return t[0:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]
}
