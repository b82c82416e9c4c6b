package console

import (
	"context"
	"time"
)

// Official is what the pages need of the channel of official accounts (公众号). Its
// errors are bot.ErrNotFound, bot.ErrConflict for what was changed meanwhile, and
// *PlatformError.
type Official interface {
	// Accounts returns all, without their secrets.
	Accounts(ctx context.Context) ([]OfficialAccount, error)
	// Put adds an account whose Version is 0, or replaces the one that has this
	// Version. Secrets that are empty stay as they are.
	Put(ctx context.Context, a OfficialAccount, s OfficialSecrets) error
	Drop(ctx context.Context, id string) error
	// Probe asks the platform whether the account may use its API.
	Probe(ctx context.Context, id string) error
	// PublishMenu puts the stored menu below the conversations; without buttons it
	// takes away the one that is there.
	PublishMenu(ctx context.Context, id string) error
	// Failures returns errors of the platform's API, and Broken callbacks that could
	// not be understood, the latest first.
	Failures(ctx context.Context, account string, limit int) ([]OfficialFailure, error)
	Broken(ctx context.Context, account string, limit int) ([]OfficialBroken, error)
}

// OfficialAccount is an official account, but for its secrets.
type OfficialAccount struct {
	ID       string // also in the address of the callback
	Name     string
	Kind     string // subscription, service or sandbox
	AppID    string
	Mode     string // plain, compatible or safe
	Callback string // the path of its address
	// Sends says that the account may send 客服消息, Menus that those may be menus to
	// tap.
	Sends, Menus  bool
	Region, Level string // choose among the answers of an entry
	Events        []OfficialRule
	Menu          []OfficialButton
	Disabled      bool
	Version       int64
	UpdatedAt     time.Time
	// HasSecret, HasToken and HasAESKey say which secrets are there.
	HasSecret, HasToken, HasAESKey bool
}

// OfficialSecrets are what nobody gets to see again.
type OfficialSecrets struct{ Secret, Token, AESKey string }

// OfficialRule says what is done about an event.
type OfficialRule struct {
	On   string `json:"on" enum:"subscribe,scan,click"`
	Key  string `json:"key" maxLength:"400" doc:"二维码或按钮的值；空表示全部"`
	Do   string `json:"do" enum:"welcome,reply,question,handoff,nothing"`
	Text string `json:"text" maxLength:"4000" doc:"回复的内容，或要问的问题"`
}

// OfficialButton is one of the menu: with buttons below it, or with a key, or with
// an address to open.
type OfficialButton struct {
	Name    string           `json:"name" maxLength:"400"`
	Key     string           `json:"key,omitempty" maxLength:"400"`
	URL     string           `json:"url,omitempty" maxLength:"4000"`
	Buttons []OfficialButton `json:"buttons,omitempty" maxItems:"20" nullable:"false"`
}

// OfficialFailure is an error of the platform's API.
type OfficialFailure struct {
	API  string
	Code int // 0: it could not be reached
	Text string
	At   time.Time
}

// OfficialBroken is a callback that could not be understood.
type OfficialBroken struct {
	Raw    string
	Reason string // in Chinese
	At     time.Time
}
