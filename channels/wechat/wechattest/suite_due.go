package wechattest

import (
	"fmt"
	"time"

	"faqbot/channels/wechat"
)

var dueTests = []test{
	{"waiting and sending", testDue},
	{"each once, the oldest first", testDueOrder},
}

// testDue has a follower in each state, whose part was due and changed at minute 5.
func testDue(f *fixture) {
	for i, state := range states {
		p := outgoing(string(state), 1, state, minute(5))
		p.OpenID = string(state)
		if state == wechat.Sending {
			p.Due = minute(0) // that does not matter any more
		} else {
			p.ChangedAt = minute(0)
		}
		p.Part = i
		f.step(follower("店", p.OpenID), p)
	}
	sending, waiting := follower("店", "sending"), follower("店", "waiting")
	const moment = time.Millisecond
	for what, c := range map[string]struct {
		now, stuck time.Time
		want       []wechat.Follower
	}{
		"neither":            {minute(5).Add(-moment), minute(5), nil},
		"due at the moment":  {minute(5), minute(5), []wechat.Follower{waiting}},
		"finer than we are":  {finer(minute(5)), minute(5), []wechat.Follower{waiting}},
		"stuck":              {minute(5).Add(-moment), minute(5).Add(moment), []wechat.Follower{sending}},
		"both, much later":   {minute(99), minute(99), []wechat.Follower{sending, waiting}},
		"before all of that": {time.Time{}, time.Time{}, nil},
	} {
		same(f, what, c.want)(f.store.DueFollowers(f.ctx, c.now, c.stuck, all))
	}
}

func testDueOrder(f *fixture) {
	const followers = 5
	var want []wechat.Follower
	for i := range followers {
		w := follower(fmt.Sprint("店", i%2), fmt.Sprint("o", i))
		want = append(want, w)
	}
	for i := range followers {
		n := (i*3 + 1) % followers
		var parts []wechat.Outgoing
		for seq, at := range []time.Time{minute(n), minute(followers), minute(99)} {
			p := outgoing(fmt.Sprint("c", n), int64(seq), wechat.Waiting, at)
			p.Account, p.OpenID = want[n].Account, want[n].OpenID
			if n%2 == 1 && seq == 0 {
				p.State = wechat.Sending
			}
			parts = append(parts, p)
		}
		f.step(want[n], parts...)
	}
	same(f, "all", want)(f.store.DueFollowers(f.ctx, minute(50), minute(50), all))
	same(f, "the first three", want[:3])(f.store.DueFollowers(f.ctx, minute(50), minute(50), 3))
	same(f, "due or stuck so far", want[:3])(f.store.DueFollowers(f.ctx, minute(2), minute(2), all))
	same[[]wechat.Follower](f, "at most none", nil)(f.store.DueFollowers(f.ctx, minute(50), minute(50), 0))
	never := follower("店", "never due")
	p := outgoing("n", 1, wechat.Waiting, time.Time{})
	p.OpenID = never.OpenID
	f.step(never, p)
	same(f, "one without a time is due at once", []wechat.Follower{never})(f.store.DueFollowers(f.ctx, minute(50), minute(50), 1))
}
