package wechat

import "time"

// Kind is what the platform lets an account do.
type Kind string

// The kinds of official accounts.
const (
	Subscription Kind = "subscription" // 订阅号
	Service      Kind = "service"      // 服务号
	Sandbox      Kind = "sandbox"      // 测试号
)

// Mode says how callbacks are written.
type Mode string

// The modes of callbacks.
const (
	Plain      Mode = "plain"      // 明文
	Compatible Mode = "compatible" // 兼容: both, for trying out
	Safe       Mode = "safe"       // 安全: sealed only
)

// Account is an official account (公众号) that answers through us.
type Account struct {
	// ID is ours: it is in the address of the callback, and the Account of visitors.
	ID    string
	Name  string
	Kind  Kind
	AppID string
	// Secret, Token and AESKey are secret: stores seal them, and nothing shows them
	// again.
	Secret string
	Token  string
	AESKey string // 43 characters; may be empty in plain mode
	Mode   Mode
	// Sends says that the account may send 客服消息. Menus says that those may be
	// menus to tap (msgmenu).
	Sends bool
	Menus bool
	// Region and Level choose among the answers of an entry.
	Region string
	Level  string
	// Events say what is done when something happens; the first that fits holds.
	Events []EventRule
	// Menu is the menu below the conversation, as it is to be published.
	Menu []Button
	// Disabled accounts get no answers.
	Disabled  bool
	Version   int64 // counts the changes, for compare-and-set
	UpdatedAt time.Time
}

// EventKind is what may happen beside messages.
type EventKind string

// The events that can be answered.
const (
	OnSubscribe EventKind = "subscribe" // somebody follows the account; Key is that of the code scanned, if one was
	OnScan      EventKind = "scan"      // a follower scans a code
	OnClick     EventKind = "click"     // a button of the menu
)

// Deed is what is done about an event.
type Deed string

// What may be done.
const (
	DoWelcome  Deed = "welcome"  // the welcome text and hot questions
	DoReply    Deed = "reply"    // EventRule.Text, as it is
	DoQuestion Deed = "question" // EventRule.Text is asked as the visitor's question
	DoHandoff  Deed = "handoff"  // asks for a human
	DoNothing  Deed = "nothing"
)

// EventRule says what is done about an event.
type EventRule struct {
	On   EventKind `json:"on"`
	Key  string    `json:"key,omitempty"` // of the button or the code; empty fits all
	Do   Deed      `json:"do"`
	Text string    `json:"text,omitempty"`
}

// Button is one of the menu: with buttons below it, or one that does something.
type Button struct {
	Name    string   `json:"name"`
	Key     string   `json:"key,omitempty"` // sends OnClick
	URL     string   `json:"url,omitempty"` // opens a page
	Buttons []Button `json:"buttons,omitempty"`
}
