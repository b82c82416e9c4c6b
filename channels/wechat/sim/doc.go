// Package sim is the WeChat platform as a simulator, for tests and for people
// without an account. It is as strict as the platform is known to be: whatever the
// platform would refuse, hide or drop, it refuses, hides or drops.
//
// A Platform holds official accounts and their users. As an http.Handler it is the
// platform's API; an api client is pointed at it instead of api.weixin.qq.com. Users
// act by methods: each builds the callback in the account's mode, posts it to the
// account's address, drops the connection after five seconds without an answer and
// tries again, three times in all. What a user then sees is on their screen:
//
//	p := sim.New(sim.Config{})
//	server := httptest.NewServer(p)
//	account, err := p.Add(sim.AccountConfig{AppID: "wx1", Secret: "…", Token: "…", Callback: ours})
//	anna := account.User("o-anna")
//	_, err = anna.Follow(ctx, "")
//	_, err = anna.Say(ctx, "怎么办宽带")
//	shown, err := anna.Screen(ctx, 3) // the welcome, the question, the answer
//
// Clocks of the platform (tokens, quotas, media) are Config.Now; only the patience
// with callbacks is measured in real time. Nothing here sleeps: what has to be
// waited for is a condition.
package sim
