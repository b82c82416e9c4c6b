// Package wechat is the channel of WeChat's official accounts (公众号): the same bot
// and the same humans as everywhere, within the platform's rules.
//
// What the platform sends is a callback. It is checked, stored as it came, and only
// then dealt with, once however often it is sent: the key of the message becomes
// the ClientID of a turn of the engine. What the bot replies goes with the answer to
// the callback, the passive reply, which costs nothing. If that is not ready within
// four seconds, the platform gets the word success, and the reply follows by itself
// (客服消息); an account that has no right to those lets the platform ask again, and
// in the end keeps the reply for what the follower says next.
//
// Everything else, agents above all, writes to followers unasked, of which the
// platform allows a few messages after each thing they do (Allowance). Messages of
// the conversation become Outgoing, in order and once, by compare-and-set on the
// Follower; lines are joined, the last message is kept back for the end, and what is
// waiting goes with the next passive reply, for free. What may or may not have
// arrived is never sent again.
package wechat
