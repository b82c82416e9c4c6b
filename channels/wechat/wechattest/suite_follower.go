package wechattest

import (
	"encoding/json"
	"fmt"
	"time"

	"faqbot/channels/wechat"
)

// states are those of parts. The first are open.
var states = []wechat.OutgoingState{wechat.Waiting, wechat.Sending, wechat.Kept,
	wechat.Sent, wechat.Replied, wechat.Failed, wechat.Uncertain, wechat.Refused}

const openStates = 3

var followerTests = []test{
	{"one that has everything", testFollower},
	{"by compare-and-set", testStepVersions},
	{"two that differ in one thing", testFollowersApart},
	{"a part that has everything", testPart},
	{"all or nothing", testStepWhole},
	{"unusual texts", testFollowerUnusual},
	{"what no store takes", testStepMistaken},
	{"open parts in order", testOpenOrder},
	{"parts of some messages", testParts},
}

// follower returns one of whom nothing is known.
func follower(account, openID string) wechat.Follower {
	return wechat.Follower{Account: account, OpenID: openID}
}

// outgoing returns a part for o of 店.
func outgoing(conversation string, seq int64, state wechat.OutgoingState, at time.Time) wechat.Outgoing {
	return wechat.Outgoing{Account: "店", OpenID: "o", Conversation: conversation, Seq: seq, State: state,
		Content: json.RawMessage(`{"text":"您好"}`), Due: at, ChangedAt: at}
}

// step stores the follower with new parts and returns it as it is then.
func (f *fixture) step(w wechat.Follower, add ...wechat.Outgoing) wechat.Follower {
	f.Helper()
	f.done("Step", f.store.Step(f.ctx, w, add, nil))
	w.Version++
	return w
}

func testFollower(f *fixture) {
	missing[wechat.Follower](f, "Follower")(f.store.Follower(f.ctx, "店", "o"))
	w := follower("店", "o")
	same(f, "with nothing", f.step(w))(f.store.Follower(f.ctx, "店", "o"))
	w = wechat.Follower{
		Account: "店", OpenID: "o", Version: 1, Gone: true, HeardAt: minute(1), Conversation: "c", Seq: 1 << 40,
		Allowance: wechat.Allowance{Left: 3, Of: 5, Until: minute(2880), Granted: "message"},
		Choices: []wechat.Choice{{ID: 1 << 60, Label: "怎么 <安装> & 维修", Act: json.RawMessage(`{"ask":"安装"}`)},
			{ID: 2, Label: "转人工", Act: json.RawMessage(`[1,2]`)}},
	}
	given := w
	given.HeardAt, given.Allowance.Until = finer(w.HeardAt), finer(w.Allowance.Until)
	given.Choices = append([]wechat.Choice(nil), w.Choices...)
	f.step(given)
	given.Choices[0].Label = "caller's own"
	w.Version = 2
	same(f, "with everything", w)(f.store.Follower(f.ctx, "店", "o"))
	nothing := follower("店", "o")
	nothing.Version = 2
	same(f, "with nothing again", f.step(nothing))(f.store.Follower(f.ctx, "店", "o"))
}

func testStepVersions(f *fixture) {
	w := follower("店", "o")
	w.Version = 1
	f.is("one that is not there", f.store.Step(f.ctx, w, nil, nil), wechat.ErrConflict)
	w = f.step(follower("店", "o"))
	f.is("a new one that is there", f.store.Step(f.ctx, follower("店", "o"), nil, nil), wechat.ErrConflict)
	w = f.step(w)
	for _, version := range []int64{-1, 0, 1, 3} {
		lost := wechat.Follower{Account: "店", OpenID: "o", Version: version, Seq: 9}
		part := outgoing("c", version+10, wechat.Waiting, minute(0))
		f.is(fmt.Sprint("version ", version), f.store.Step(f.ctx, lost, []wechat.Outgoing{part}, nil), wechat.ErrConflict)
	}
	same(f, "Follower", w)(f.store.Follower(f.ctx, "店", "o"))
	same[[]wechat.Outgoing](f, "Parts", nil)(f.store.Parts(f.ctx, "c", 0, all))
}

func testFollowersApart(f *fixture) {
	for _, w := range []wechat.Follower{{Account: "a", OpenID: "o"}, {Account: "A", OpenID: "o"}, {Account: "a", OpenID: "O"}, {Account: "ao"}} {
		same(f, "Follower", f.step(w))(f.store.Follower(f.ctx, w.Account, w.OpenID))
	}
	missing[wechat.Follower](f, "Follower")(f.store.Follower(f.ctx, "A", "O"))
}

func testPart(f *fixture) {
	p := wechat.Outgoing{
		Account: "店", OpenID: "o", Conversation: "c", Seq: 1 << 40, Part: 2, Content: json.RawMessage(`{"text": "<a>&\u0000 空 格"}`),
		Agent: true, Last: true, State: wechat.Kept, Due: minute(1), Batch: "b", Code: -45047, Reason: "客服消息已用完", ChangedAt: minute(2),
	}
	given := p
	given.Due, given.ChangedAt = finer(p.Due), finer(p.ChangedAt)
	given.Content = append(json.RawMessage(nil), p.Content...)
	w := f.step(follower("店", "o"), given)
	given.Content[0] = '!' // the caller's own
	same(f, "Parts", []wechat.Outgoing{p})(f.store.Parts(f.ctx, "c", p.Seq, p.Seq))
	same(f, "Open", []wechat.Outgoing{p})(f.store.Open(f.ctx, "店", "o"))
	p = wechat.Outgoing{Account: "店", OpenID: "o", Conversation: "c", Seq: p.Seq, Part: 2, State: wechat.Sent}
	f.done("Step", f.store.Step(f.ctx, w, nil, []wechat.Outgoing{p}))
	same(f, "Parts", []wechat.Outgoing{p})(f.store.Parts(f.ctx, "c", p.Seq, p.Seq))
	same[[]wechat.Outgoing](f, "Open", nil)(f.store.Open(f.ctx, "店", "o"))
}

// testStepWhole checks that nothing is left behind of a step that fails.
func testStepWhole(f *fixture) {
	kept := outgoing("c", 1, wechat.Waiting, minute(0))
	w := f.step(follower("店", "o"), kept)
	theirs := outgoing("theirs", 1, wechat.Waiting, minute(0))
	theirs.OpenID = "else"
	f.step(follower("店", "else"), theirs)
	taken := theirs
	taken.OpenID, taken.State = "o", wechat.Sent
	changed := kept
	changed.State, changed.Reason = wechat.Sent, "changed"
	fresh := outgoing("c", 2, wechat.Waiting, minute(0))
	type parts = []wechat.Outgoing
	for what, c := range map[string]struct{ add, change parts }{
		"adds what is there":      {parts{fresh, kept}, parts{changed}},
		"adds one twice":          {parts{fresh, fresh}, parts{changed}},
		"changes what is not":     {parts{fresh}, parts{changed, outgoing("c", 3, wechat.Sent, minute(0))}},
		"changes somebody else's": {parts{fresh}, parts{changed, taken}},
		"adds somebody else's":    {parts{fresh, taken}, nil},
	} {
		lost := w
		lost.Seq = 9
		f.is(what, f.store.Step(f.ctx, lost, c.add, c.change), wechat.ErrConflict)
		same(f, what+": follower", w)(f.store.Follower(f.ctx, "店", "o"))
		same(f, what+": parts", parts{kept})(f.store.Parts(f.ctx, "c", 0, all))
		same(f, what+": somebody else's", parts{theirs})(f.store.Open(f.ctx, "店", "else"))
	}
	f.done("Step", f.store.Step(f.ctx, w, parts{fresh}, parts{changed}))
	same(f, "parts", parts{changed, fresh})(f.store.Parts(f.ctx, "c", 0, all))
}

func testFollowerUnusual(f *fixture) {
	for i, text := range unusual {
		content, err := json.Marshal(text)
		f.done("Marshal", err)
		w := wechat.Follower{Account: text, OpenID: text, Conversation: text, Allowance: wechat.Allowance{Granted: text},
			Choices: []wechat.Choice{{Label: text, Act: content}}}
		p := wechat.Outgoing{Account: text, OpenID: text, Conversation: text, Seq: int64(i), Content: content, State: wechat.Waiting,
			Batch: text, Reason: text, Due: minute(i)}
		w = f.step(w, p)
		same(f, "Follower", w)(f.store.Follower(f.ctx, text, text))
		same(f, "Open", []wechat.Outgoing{p})(f.store.Open(f.ctx, text, text))
		same(f, "Parts", []wechat.Outgoing{p})(f.store.Parts(f.ctx, text, 0, all))
	}
	due, err := f.store.DueFollowers(f.ctx, minute(999), day, all)
	if err != nil || len(due) != len(unusual) {
		f.Errorf("%d followers are due, error %v; want %d", len(due), err, len(unusual))
	}
}

func testStepMistaken(f *fixture) {
	mistaken := func(what string, w wechat.Follower, p wechat.Outgoing) {
		f.mistaken(what+" to add", f.store.Step(f.ctx, w, []wechat.Outgoing{p}, nil))
		f.mistaken(what+" to change", f.store.Step(f.ctx, w, nil, []wechat.Outgoing{p}))
	}
	good, w := outgoing("c", 1, wechat.Waiting, minute(0)), follower("店", "o")
	mistaken("a part of another account", follower("else", "o"), good)
	mistaken("a part of another follower", follower("店", "else"), good)
	for what, text := range unstorable {
		f.mistaken(what, f.store.Step(f.ctx, follower("店", text), nil, nil))
		f.mistaken(what, f.store.Step(f.ctx, follower(text, "o"), nil, nil))
		bad := good
		bad.Reason = text
		mistaken(what+" in the reason", w, bad)
		bad = good
		bad.Conversation = text
		mistaken(what+" in the conversation", w, bad)
	}
	bad := good
	bad.Conversation = tooLong
	mistaken("a long conversation", w, bad)
	missing[wechat.Follower](f, "Follower")(f.store.Follower(f.ctx, "店", "o"))
}

func testOpenOrder(f *fixture) {
	same[[]wechat.Outgoing](f, "Open of nobody", nil)(f.store.Open(f.ctx, "店", "o"))
	at := func(conversation string, seq int64, part int, state wechat.OutgoingState) wechat.Outgoing {
		p := outgoing(conversation, seq, state, minute(0))
		p.Part = part
		return p
	}
	// z begins before m, and both before a; z has only closed parts at first.
	w := f.step(follower("店", "o"), at("z", 1, 0, wechat.Sent))
	w = f.step(w, at("m", 10, 0, wechat.Kept), at("a", 2, 1, wechat.Waiting))
	w = f.step(w, at("z", 3, 0, wechat.Sending), at("a", 2, 0, wechat.Sending), at("m", 9, 0, wechat.Failed), at("m", 9, 1, wechat.Waiting))
	f.step(w, at("a", 1, 0, wechat.Kept), at("z", 2, 0, wechat.Waiting), at("z", 9, 0, wechat.Uncertain))
	other := at("x", 1, 0, wechat.Waiting)
	other.OpenID = "else"
	f.step(follower("店", "else"), other)
	same(f, "Open", []wechat.Outgoing{
		at("z", 2, 0, wechat.Waiting), at("z", 3, 0, wechat.Sending),
		at("m", 9, 1, wechat.Waiting), at("m", 10, 0, wechat.Kept),
		at("a", 1, 0, wechat.Kept), at("a", 2, 0, wechat.Sending), at("a", 2, 1, wechat.Waiting),
	})(f.store.Open(f.ctx, "店", "o"))
	same(f, "Open of the other", []wechat.Outgoing{other})(f.store.Open(f.ctx, "店", "else"))
	same[[]wechat.Outgoing](f, "Open in another account", nil)(f.store.Open(f.ctx, "else", "o"))
}

func testParts(f *fixture) {
	same[[]wechat.Outgoing](f, "Parts of none", nil)(f.store.Parts(f.ctx, "c", 0, all))
	var parts []wechat.Outgoing
	for i, state := range states { // of each message two
		p := outgoing("c", int64(i/2)+8, state, minute(i))
		p.Part = i % 2
		parts = append(parts, p)
	}
	w := follower("店", "o")
	for i := range parts {
		w = f.step(w, parts[(i*3+1)%len(parts)])
	}
	f.step(w, outgoing("d", 9, wechat.Sent, minute(0)))
	same(f, "all", parts)(f.store.Parts(f.ctx, "c", 0, all))
	same(f, "two messages", parts[2:6])(f.store.Parts(f.ctx, "c", 9, 10))
	same(f, "one message", parts[6:])(f.store.Parts(f.ctx, "c", 11, 11))
	same[[]wechat.Outgoing](f, "from after to", nil)(f.store.Parts(f.ctx, "c", 10, 9))
}
