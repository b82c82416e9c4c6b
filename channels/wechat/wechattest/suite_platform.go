package wechattest

import (
	"fmt"
	"time"

	"faqbot/channels/wechat"
)

var tokenTests = []test{
	{"put and read", testToken},
	{"leased by one", testLease},
	{"what no store takes", func(f *fixture) {
		for what, text := range unstorable {
			f.mistaken("PutToken: "+what, f.store.PutToken(f.ctx, wechat.Token{Account: text}))
			_, err := f.store.Lease(f.ctx, "店", text, minute(0), minute(1))
			f.mistaken("Lease: "+what, err)
		}
	}},
}

func testToken(f *fixture) {
	missing[wechat.Token](f, "Token")(f.store.Token(f.ctx, "店"))
	for i, value := range []string{"first", "", "a\x00\xff" + string(everyByte(600)), "last"} {
		t := wechat.Token{Account: "店", Value: value, Until: finer(minute(i)), Version: 77} // the store counts
		f.done("PutToken", f.store.PutToken(f.ctx, t))
		t.Version, t.Until = int64(i)+1, minute(i)
		same(f, "Token", t)(f.store.Token(f.ctx, "店"))
	}
	missing[wechat.Token](f, "Token of another account")(f.store.Token(f.ctx, "else"))
}

// lease checks whether the node gets the lease at a minute, for five minutes.
func (f *fixture) lease(account, node string, at time.Time, want bool) {
	f.Helper()
	got, err := f.store.Lease(f.ctx, account, node, at, at.Add(5*time.Minute))
	if err != nil || got != want {
		f.Errorf("Lease(%q, %q) at %v: %v, error %v; want %v", account, node, at, got, err, want)
	}
}

func testLease(f *fixture) {
	f.lease("店", "n1", minute(0), true)
	missing[wechat.Token](f, "Token that is being fetched")(f.store.Token(f.ctx, "店"))
	f.lease("店", "n2", minute(1), false)
	f.lease("else", "n2", minute(1), true)
	f.lease("店", "n1", minute(2), true) // until 7
	f.lease("店", "n2", minute(7).Add(-time.Millisecond), false)
	f.lease("店", "n2", minute(7), true)
	f.lease("店", "n1", minute(8), false)
	f.done("PutToken", f.store.PutToken(f.ctx, wechat.Token{Account: "店", Value: "v", Until: minute(120)}))
	f.lease("店", "n1", minute(9), true)
	f.lease("店", "n2", minute(9), false)
	same(f, "Token meanwhile", wechat.Token{Account: "店", Value: "v", Until: minute(120), Version: 1})(f.store.Token(f.ctx, "店"))
	f.lease("else", "n1", minute(5), false)
}

var mediaTests = []test{
	{"put, read and put again", func(f *fixture) {
		m := wechat.Media{Account: "店", Hash: "h", ID: "one", Until: minute(1)}
		missing[wechat.Media](f, "Media")(f.store.Media(f.ctx, "店", "h"))
		given := m
		given.Until = finer(m.Until)
		f.done("PutMedia", f.store.PutMedia(f.ctx, given))
		same(f, "Media", m)(f.store.Media(f.ctx, "店", "h"))
		other := wechat.Media{Account: "else", Hash: "h"}
		f.done("PutMedia", f.store.PutMedia(f.ctx, other))
		m.ID, m.Until = "two", minute(2)
		f.done("PutMedia again", f.store.PutMedia(f.ctx, m))
		same(f, "Media", m)(f.store.Media(f.ctx, "店", "h"))
		same(f, "Media of another account", other)(f.store.Media(f.ctx, "else", "h"))
		missing[wechat.Media](f, "Media of another picture")(f.store.Media(f.ctx, "店", "H"))
		f.mistaken("NUL", f.store.PutMedia(f.ctx, wechat.Media{ID: "\x00"}))
	}},
}

var failureTests = []test{
	{"the latest first", func(f *fixture) {
		same[[]wechat.Failure](f, "Failures of none", nil)(f.store.Failures(f.ctx, "店", all))
		var want []wechat.Failure
		for i, text := range unusual {
			failure := wechat.Failure{ID: fmt.Sprintf("%02d", i), Account: "店", API: text, Code: -i, Text: text, At: minute(i / 2)}
			want = append([]wechat.Failure{failure}, want...)
		}
		for i := range want {
			failure := want[(i*5+2)%len(want)]
			failure.At = finer(failure.At)
			f.done("AddFailure", f.store.AddFailure(f.ctx, failure))
		}
		f.done("AddFailure again", f.store.AddFailure(f.ctx, want[0]))
		same(f, "Failures", want)(f.store.Failures(f.ctx, "店", all))
		same(f, "the last two", want[:2])(f.store.Failures(f.ctx, "店", 2))
		same[[]wechat.Failure](f, "at most none", nil)(f.store.Failures(f.ctx, "店", -1))
		f.mistaken("NUL", f.store.AddFailure(f.ctx, wechat.Failure{ID: "x", Text: "\x00"}))
	}},
	{"all but the last thousand are dropped", func(f *fixture) {
		const more = 5
		other := wechat.Failure{ID: "other", Account: "else", At: minute(-9)}
		f.done("AddFailure", f.store.AddFailure(f.ctx, other))
		add := func(i int) error {
			failure := wechat.Failure{ID: fmt.Sprint(i), Account: "店", Code: i, At: day.Add(time.Duration(i) * time.Second)}
			return f.store.AddFailure(f.ctx, failure)
		}
		const last = keptFailures + more - 1
		f.many(last, add)
		f.done("AddFailure", add(last)) // those at once may not have seen each other
		kept, err := f.store.Failures(f.ctx, "店", all)
		if err != nil || len(kept) != keptFailures || kept[0].Code != last || kept[len(kept)-1].Code != more {
			f.Errorf("%d are kept, error %v", len(kept), err)
		}
		same(f, "Failures of another account", []wechat.Failure{other})(f.store.Failures(f.ctx, "else", all))
	}},
}
