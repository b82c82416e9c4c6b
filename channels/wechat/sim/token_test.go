package sim_test

import (
	"testing"
	"time"

	"faqbot/channels/wechat/sim"
)

func TestStableToken(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	first := b.stableToken(false)
	if len(first.Token) != 512 || first.Life != 7200 {
		t.Fatalf("the first token: %d characters for %d s", len(first.Token), first.Life)
	}
	b.clock.advance(time.Hour + 54*time.Minute)
	if again := b.stableToken(false); again.Token != first.Token || again.Life != 360 {
		t.Errorf("with 6 minutes left: another token, or %d s", again.Life)
	}
	b.clock.advance(time.Minute)
	second := b.stableToken(false)
	if second.Token == first.Token || second.Life != 7200 {
		t.Errorf("with 5 minutes left: the same token, or %d s", second.Life)
	}
	b.clock.advance(5*time.Minute - time.Second)
	b.good(first.Token, 46003)
	b.good(second.Token, 46003)
	b.clock.advance(time.Second)
	b.good(first.Token, 40001)
	b.good(second.Token, 46003)
	if n := b.account.Issued(); n != 2 {
		t.Errorf("%d tokens were given out", n)
	}
}

// good calls something harmless with a token; without a menu a good one gets 46003.
func (b *bench) good(token string, want int) {
	b.t.Helper()
	if got := b.call("GET", with(sim.MenuGetAPI, token), "").Code; got != want {
		b.t.Errorf("with the token: %d, want %d", got, want)
	}
}

func TestForcedToken(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	first := b.stableToken(false)
	forced := b.stableToken(true)
	if forced.Token == first.Token || forced.Token == "" {
		t.Fatal("the forced token is not new")
	}
	b.clock.advance(29 * time.Second)
	if o := b.stableToken(true); o.Code != 45011 {
		t.Errorf("after 29 s: %d", o.Code)
	}
	for i := 1; i < 20; i++ {
		b.clock.advance(30 * time.Second)
		if o := b.stableToken(true); o.Code != 0 || o.Token == "" {
			t.Fatalf("forced for the %dth time: %d", i+1, o.Code)
		}
	}
	b.clock.advance(30 * time.Second)
	if o := b.stableToken(true); o.Code != 45009 {
		t.Errorf("for the 21st time: %d", o.Code)
	}
	if o := b.stableToken(false); o.Code != 0 {
		t.Errorf("not forced: %d", o.Code)
	}
	b.clock.advance(24 * time.Hour)
	if o := b.stableToken(true); o.Code != 0 {
		t.Errorf("the next day: %d", o.Code)
	}
	b.good(first.Token, 40001)
}

func TestOldTokenLivesFiveMinutesAfterAForcedOne(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	first := b.stableToken(false).Token
	b.stableToken(true)
	b.clock.advance(5*time.Minute - time.Second)
	b.good(first, 46003)
	b.clock.advance(time.Second)
	b.good(first, 40001)
}

func TestBasicToken(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	get := func() outcome {
		return b.call("GET", sim.TokenAPI+"?grant_type=client_credential&appid=wx01&secret=secret", "")
	}
	stable, first := b.stableToken(false).Token, get().Token
	second := get().Token
	if first == second || first == stable {
		t.Fatal("every call gives a new token, which is not the stable one")
	}
	b.clock.advance(4 * time.Minute)
	b.good(first, 46003)
	b.clock.advance(time.Minute)
	b.good(first, 40001)
	b.good(second, 46003)
	b.good(stable, 46003)
	for range 1998 {
		get()
	}
	if o := get(); o.Code != 45009 {
		t.Errorf("the 2,001st token of the day: %d", o.Code)
	}
}

func TestTokenCodes(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	token := b.stableToken(false).Token
	b.good("", 41001)
	b.good("short", 40014)
	b.good(token[:511]+"!", 40001)
	b.clock.advance(2*time.Hour - time.Second)
	b.good(token, 46003)
	b.clock.advance(time.Second)
	b.good(token, 42001)
	token = b.stableToken(false).Token
	b.account.VoidTokens()
	b.good(token, 40001)
	if again := b.stableToken(false); again.Token == token || again.Code != 0 {
		t.Error("a void token is given again")
	}
}

func TestTokenRequests(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	for _, test := range []struct {
		grant, appID, secret string
		want                 int
	}{
		{"client_credential", "", "secret", 41002}, {"client_credential", "wx02", "secret", 40013}, {"password", "wx01", "secret", 40002},
		{"client_credential", "wx01", "", 41004}, {"client_credential", "wx01", "wrong", 40125}, {"client_credential", "wx01", "secret", 0},
	} {
		o := b.call("POST", sim.StableTokenAPI, map[string]any{"grant_type": test.grant, "appid": test.appID, "secret": test.secret})
		if o.Code != test.want {
			t.Errorf("stable %+v: %d", test, o.Code)
		}
		o = b.call("GET", sim.TokenAPI+"?grant_type="+test.grant+"&appid="+test.appID+"&secret="+test.secret, "")
		if o.Code != test.want {
			t.Errorf("basic %+v: %d", test, o.Code)
		}
	}
	if o := b.call("POST", sim.StableTokenAPI, "appid=wx01"); o.Code != 47001 {
		t.Errorf("no JSON: %d", o.Code)
	}
	if o := b.call("GET", sim.StableTokenAPI, ""); o.Code != 43002 {
		t.Errorf("GET: %d", o.Code)
	}
	if o := b.call("POST", with(sim.MenuGetAPI, b.stableToken(false).Token), ""); o.Code != 43001 {
		t.Errorf("POST where GET is needed: %d", o.Code)
	}
}

func TestSecretsAreNotRecorded(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	b.stableToken(true)
	calls := b.account.Calls(sim.StableTokenAPI)
	if len(calls) != 1 || calls[0].Request != `{"force_refresh":true}` || calls[0].Text != "ok" {
		t.Errorf("recorded: %+v", calls)
	}
}
