package wechattest

import (
	"fmt"
	"time"

	"faqbot/channels/wechat"
)

var callbackTests = []test{
	{"taken once", testTake},
	{"keys equal in two accounts are two", testTakeAccounts},
	{"bytes of all values", testTakeBytes},
	{"unusual keys and senders", testTakeUnusual},
	{"what no store takes", testTakeMistaken},
	{"finished", testFinish},
	{"unfinished, the oldest first", testUnfinished},
	{"broken, the latest first", testBroken},
	{"forgotten", testForget},
}

func callback(account, key string, at time.Time) wechat.Callback {
	return wechat.Callback{Account: account, Key: key, OpenID: "o" + key, Raw: []byte("<xml>" + key + "</xml>"), State: wechat.Taken, At: at}
}

// take stores a callback that is not there yet.
func (f *fixture) take(c wechat.Callback) wechat.Callback {
	f.Helper()
	kept, fresh, err := f.store.Take(f.ctx, c)
	if err != nil || !fresh {
		f.Fatalf("Take(%q, %q): fresh %v, error %v", c.Account, c.Key, fresh, err)
	}
	return kept
}

// taken checks that there is a callback with the key, and that it is the one.
func (f *fixture) taken(c, want wechat.Callback) {
	f.Helper()
	kept, fresh, err := f.store.Take(f.ctx, c)
	if fresh {
		f.Errorf("%q was taken once more", c.Key)
	}
	same(f, "Take again", want)(kept, err)
}

func testTake(f *fixture) {
	missing[wechat.Callback](f, "Callback")(f.store.Callback(f.ctx, "店", "m:1"))
	want := callback("店", "m:1", minute(0))
	c := callback("店", "m:1", finer(minute(0)))
	same(f, "Take", want)(f.take(c), nil)
	c.Raw[0] = '!' // the caller's own
	same(f, "Callback", want)(f.store.Callback(f.ctx, "店", "m:1"))
	again := wechat.Callback{Account: "店", Key: "m:1", OpenID: "else", Raw: []byte("else"), State: wechat.Broken, At: minute(5)}
	f.taken(again, want)
	want.State, want.Reply = wechat.Done, []byte("<xml>答案</xml>")
	f.done("Finish", f.store.Finish(f.ctx, want))
	f.taken(again, want)
	same(f, "Callback", want)(f.store.Callback(f.ctx, "店", "m:1"))
}

func testTakeAccounts(f *fixture) {
	one, two := callback("one", "m:1", minute(0)), callback("two", "m:1", minute(1))
	f.take(one)
	f.take(two)
	one.State = wechat.Done
	f.done("Finish", f.store.Finish(f.ctx, one))
	same(f, "Callback of one", one)(f.store.Callback(f.ctx, "one", "m:1"))
	same(f, "Callback of two", two)(f.store.Callback(f.ctx, "two", "m:1"))
	missing[wechat.Callback](f, "Callback of a third")(f.store.Callback(f.ctx, "three", "m:1"))
}

func testTakeBytes(f *fixture) {
	for i, raw := range [][]byte{nil, {}, {0}, []byte("\xff\xfe\x00<xml>"), everyByte(64 << 10)} {
		c := callback("店", fmt.Sprint(i), minute(0))
		c.Raw, c.Reply = raw, raw
		same(f, "Take", c)(f.take(c), nil)
		same(f, "Callback", c)(f.store.Callback(f.ctx, "店", c.Key))
		c.Reply = append([]byte{0, 0xff}, raw...)
		f.done("Finish", f.store.Finish(f.ctx, c))
		f.taken(c, c)
	}
}

func testTakeUnusual(f *fixture) {
	for i, text := range unusual {
		c := wechat.Callback{Account: text, Key: text, OpenID: text, Raw: []byte(text), State: wechat.Broken, Reason: text, At: minute(i)}
		f.take(c)
		same(f, "Callback", c)(f.store.Callback(f.ctx, text, text))
	}
	for i, text := range unusual {
		c, err := f.store.Callback(f.ctx, text, text)
		if err != nil || !c.At.Equal(minute(i)) {
			f.Errorf("%q is now another one, of %v, error %v", text, c.At, err)
		}
	}
}

func testTakeMistaken(f *fixture) {
	for what, text := range unstorable {
		for field, c := range map[string]wechat.Callback{
			"account": {Account: text}, "key": {Key: text}, "sender": {OpenID: text}, "reason": {Reason: text},
		} {
			_, _, err := f.store.Take(f.ctx, c)
			f.mistaken(what+" in the "+field, err)
		}
		c := f.take(callback("店", what, minute(0)))
		c.Reason = text
		f.mistaken("Finish with "+what, f.store.Finish(f.ctx, c))
	}
	for field, c := range map[string]wechat.Callback{"account": {Account: tooLong}, "key": {Key: tooLong}, "sender": {OpenID: tooLong}} {
		_, _, err := f.store.Take(f.ctx, c)
		f.mistaken("too long for "+field, err)
	}
}

func testFinish(f *fixture) {
	c := callback("店", "m:1", minute(0))
	f.is("Finish of none", f.store.Finish(f.ctx, c), wechat.ErrNotFound)
	f.take(c)
	f.is("Finish of another account's", f.store.Finish(f.ctx, callback("else", "m:1", minute(0))), wechat.ErrNotFound)
	f.done("Finish", f.store.Finish(f.ctx, wechat.Callback{Account: "店", Key: "m:1", OpenID: "else", Raw: []byte("else"),
		State: wechat.Broken, Reason: "看不懂", Reply: []byte("r"), At: minute(9)}))
	c.State, c.Reason, c.Reply = wechat.Broken, "看不懂", []byte("r")
	same(f, "Callback", c)(f.store.Callback(f.ctx, "店", "m:1"))
	c.State, c.Reason, c.Reply = wechat.Done, "", nil
	f.done("Finish again", f.store.Finish(f.ctx, c))
	same(f, "Callback", c)(f.store.Callback(f.ctx, "店", "m:1"))
}

func testUnfinished(f *fixture) {
	var want []wechat.Callback
	for i, account := range []string{"b", "a", "c"} {
		c := callback(account, "k", minute(i))
		f.take(c)
		want = append(want, c)
	}
	for i, state := range []wechat.CallbackState{wechat.Done, wechat.Broken} {
		c := callback("a", string(state), minute(i))
		f.take(c)
		c.State = state
		f.done("Finish", f.store.Finish(f.ctx, c))
	}
	same(f, "all", want)(f.store.Unfinished(f.ctx, minute(9), all))
	same(f, "the first two", want[:2])(f.store.Unfinished(f.ctx, minute(9), 2))
	same(f, "before the third", want[:2])(f.store.Unfinished(f.ctx, minute(2), all))
	same(f, "a millisecond later", want)(f.store.Unfinished(f.ctx, minute(2).Add(time.Millisecond), all))
	same[[]wechat.Callback](f, "none", nil)(f.store.Unfinished(f.ctx, minute(0), all))
	for _, limit := range []int{0, -1} {
		same[[]wechat.Callback](f, "at most none", nil)(f.store.Unfinished(f.ctx, minute(9), limit))
	}
}

func testBroken(f *fixture) {
	var want []wechat.Callback // the latest first
	for i := range 4 {
		c := callback("店", fmt.Sprint(i), minute(i))
		c.State, c.Reason, c.OpenID = wechat.Broken, "不是 XML", ""
		f.take(c)
		want = append([]wechat.Callback{c}, want...)
	}
	f.take(callback("店", "taken", minute(1)))
	other := callback("else", "1", minute(1))
	other.State = wechat.Broken
	f.take(other)
	same(f, "all", want)(f.store.BrokenCallbacks(f.ctx, "店", minute(9), all))
	same(f, "the last two", want[:2])(f.store.BrokenCallbacks(f.ctx, "店", minute(9), 2))
	same(f, "those before", want[2:])(f.store.BrokenCallbacks(f.ctx, "店", want[1].At, all))
	same(f, "of another account", []wechat.Callback{other})(f.store.BrokenCallbacks(f.ctx, "else", minute(9), all))
	same[[]wechat.Callback](f, "at most none", nil)(f.store.BrokenCallbacks(f.ctx, "店", minute(9), -1))
}

// testForget has more old callbacks than a store removes at once.
func testForget(f *fixture) {
	const many = 1100
	f.many(many, func(i int) error {
		_, _, err := f.store.Take(f.ctx, callback("店", fmt.Sprint(i), minute(-i)))
		return err
	})
	var parts []wechat.Outgoing
	for i, state := range states {
		parts = append(parts, outgoing("c", int64(i), state, minute(-1)))
	}
	recent := outgoing("c", 99, wechat.Sent, minute(0))
	f.step(follower("店", "o"), append(parts, recent)...)
	broken := callback("店", "broken", minute(0))
	broken.State = wechat.Broken
	f.take(broken)

	f.done("Forget", f.store.Forget(f.ctx, minute(0)))
	same(f, "those that stay", []wechat.Callback{callback("店", "0", minute(0))})(f.store.Unfinished(f.ctx, minute(9), all))
	same(f, "the broken one", []wechat.Callback{broken})(f.store.BrokenCallbacks(f.ctx, "店", minute(9), all))
	for _, i := range []int{1, many / 2, many - 1} {
		missing[wechat.Callback](f, "an old one")(f.store.Callback(f.ctx, "店", fmt.Sprint(i)))
	}
	same(f, "parts", append(parts[:openStates:openStates], recent))(f.store.Parts(f.ctx, "c", 0, 99))
	same(f, "open parts", parts[:openStates])(f.store.Open(f.ctx, "店", "o"))
	f.take(callback("店", "1", minute(-1))) // it is not known any more
}
