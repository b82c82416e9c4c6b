package staff

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPasswordRules(t *testing.T) {
	for password, why := range map[string]string{
		"correct horse":                    "",
		"月落乌啼霜满天江枫":                        "至少 10",
		"月落乌啼霜满天江枫渔":                       "",
		"nine char":                        "至少 10",
		strings.Repeat("0123456789abc", 9): "",
		strings.Repeat("长短不一样", 26):        "最多 128",
		"abababababab":                     "不同的字符",
		"zhangwei-88":                      "用户名",
		"ZHANGWEI@2026":                    "用户名",
		"123zhangwei":                      "用户名",
		"zhangweihao2026":                  "",
		"a123456789":                       "常见",
		"A123456789":                       "常见",
		"Woaini1314520":                    "常见",
		"qwer1234qwer1234":                 "常见",
		"1qaz2wsx3edc":                     "常见",
		"abc\xff\xfe1234567":               "无法识别",
	} {
		err := checkPassword(password, "ZhangWei", DefaultPolicy().MinPassword)
		var invalid *InvalidError
		switch {
		case why == "" && err != nil:
			t.Errorf("%q is refused: %v", password, err)
		case why != "" && (!errors.As(err, &invalid) || invalid.Field != "password" || !strings.Contains(invalid.Reason, why)):
			t.Errorf("%q: error %v, want %s", password, err, why)
		case err != nil && strings.Contains(err.Error(), password):
			t.Errorf("the error holds the password: %v", err)
		}
	}
	if err := checkPassword("2026-73-1488", "99", 10); err != nil {
		t.Errorf("a name without letters is found in every number: %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{
		"li": true, "Li.Lei_2-x": true, "王小明": true, "王.li": true, strings.Repeat("a", 32): true, strings.Repeat("王", 32): true,
		"": false, "a": false, "two words": false, "ａｂｃ": false, "é́t": false, "pаypal": false, "a/b": false, "a\x00b": false,
		"a\xffb": false, strings.Repeat("a", 33): false, "٣٤": false, "a@b": false,
	} {
		if err := checkName(name); (err == nil) != good {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for nick, good := range map[string]bool{
		"小王": true, "Ms O'Neil": true, "客服 001 👩‍💼": false, "👩": true, "": false, "a\nb": false, "\u202eabc": false,
		"a\u200bb": false, strings.Repeat("长", 33): false, "a\xff": false, "=1+1": true,
	} {
		if goodNick(nick) != good {
			t.Errorf("nick %q is good: %v", nick, !good)
		}
	}
}

func TestHash(t *testing.T) {
	s := NewService(Config{})
	hash, err := s.hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s", hash)
	}
	again, err := s.hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Errorf("the same salt twice: %s, error %v", again, err)
	}
	const other = "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQtc29tZXNhbHQ$"
	for _, c := range []struct {
		password, hash string
		want           bool
	}{
		{"correct horse", hash, true}, {"correct horse ", hash, false}, {"", hash, false},
		{"correct horse", nobodys(), false}, {"", nobodys(), false},
	} {
		if got, err := s.matches(t.Context(), c.password, c.hash); err != nil || got != c.want {
			t.Errorf("%q matches %s: %v, error %v", c.password, c.hash, got, err)
		}
	}
	for _, broken := range []string{
		"", "x", "$2b$10$abc", other, other + "AAAA", strings.Replace(hash, "v=19", "v=16", 1),
		strings.Replace(hash, "m=19456", "m=99999999", 1), strings.Replace(hash, "t=2", "t=0", 1),
		strings.Replace(hash, "p=1", "p=x", 1), strings.Replace(hash, "argon2id", "argon2i", 1), hash + "$",
	} {
		if ok, err := s.matches(t.Context(), "correct horse", broken); !errors.Is(err, errHash) || ok {
			t.Errorf("%q matches: %v, error %v", broken, ok, err)
		}
	}
}

func TestHashReadsItsCost(t *testing.T) {
	s := NewService(Config{})
	salt := []byte("somesalt-somesalt")
	cheap := cost{memory: 64, time: 3, lanes: 2}
	sum, err := s.derive(t.Context(), "correct horse", salt, cheap, 24)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"correct horse": true, "wrong horse": false} {
		if got, err := s.matches(t.Context(), password, phc(cheap, salt, sum)); err != nil || got != want {
			t.Errorf("%s: %v, error %v", password, got, err)
		}
	}
}

func TestHashWaitsForItsTurn(t *testing.T) {
	s := NewService(Config{})
	for range hashings {
		s.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.hash(ctx, "correct horse"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v while others hash", err)
	}
	<-s.hashing
	if _, err := s.hash(t.Context(), "correct horse"); err != nil {
		t.Errorf("error %v when it is its turn", err)
	}
	if len(s.hashing) != hashings-1 {
		t.Errorf("%d turns are taken", len(s.hashing))
	}
}

func TestAddressKey(t *testing.T) {
	for network, want := range map[string]string{
		"192.0.2.1": "net:192.0.2.1", "::ffff:192.0.2.1": "net:192.0.2.1", "2001:db8:1:2:3::4": "net:2001:db8:1:2::/64",
		"fe80::1%eth0": "net:fe80::/64", "": "net:", "unix\x00": "net:unix ",
	} {
		if got := addressKey(network); got != want {
			t.Errorf("%q: %s, want %s", network, got, want)
		}
	}
}

func TestOneTime(t *testing.T) {
	one, two := oneTime(), oneTime()
	if len(one) != 19 || one == two || strings.ContainsAny(one, "01") {
		t.Errorf("made %s and %s", one, two)
	}
	if err := checkPassword(one, "boss", DefaultPolicy().MinPassword); err != nil {
		t.Errorf("%s breaks the rules: %v", one, err)
	}
}

// TestRecordHash checks that no two different records have the same hash because
// text moved from one field to the next.
func TestRecordHash(t *testing.T) {
	base := Record{
		N: 7, At: time.UnixMilli(1772440200000), Account: "a", Name: "b", Network: "c", Browser: "d", What: "e", Object: "f",
		Before: "g", After: "h", OK: true, Why: "i",
	}
	seen := map[string]string{base.follow("hash"): "itself"}
	for name, change := range map[string]func(*Record){
		"number":  func(r *Record) { r.N++ },
		"time":    func(r *Record) { r.At = r.At.Add(time.Millisecond) },
		"account": func(r *Record) { r.Account, r.Name = "", "ab" },
		"name":    func(r *Record) { r.Name, r.Network = "bc", "" },
		"browser": func(r *Record) { r.Browser, r.What = "", "de" },
		"object":  func(r *Record) { r.Object, r.Before = "fg", "" },
		"after":   func(r *Record) { r.After, r.Why = "", "hi" },
		"ok":      func(r *Record) { r.OK = false },
		"why":     func(r *Record) { r.Why = "" },
	} {
		r := base
		change(&r)
		sum := r.follow("hash")
		if other, ok := seen[sum]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[sum] = name
	}
	if base.follow("hash") == base.follow("another") {
		t.Error("the hash before does not matter")
	}
	// Computed by another program: logs that are stored must stay good.
	const want = "05ddc1206145153ac18d6c4eccaacbf128030a09cfb28ae870ede468cd544365"
	if got := base.follow("hash"); got != want {
		t.Errorf("the hash is %s", got)
	}
}

func TestPolicy(t *testing.T) {
	got := NewService(Config{Policy: Policy{Idle: time.Hour}}).policy
	want := DefaultPolicy()
	want.Idle = time.Hour
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
