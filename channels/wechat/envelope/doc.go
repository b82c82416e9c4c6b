// Package envelope reads and writes what the platform's callbacks are wrapped in:
// signatures, the three modes (明文, 兼容, 安全), and XML.
//
// A callback is dealt with in this order: Keys.Check its address, Keys.Open its
// body, Parse what was in it. A reply is made by TextReply, ImageReply or NewsReply
// and, if the body was sealed, goes through Keys.Seal.
package envelope
