package sim

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Config sets up a platform. All of it is optional.
type Config struct {
	// Now is the platform's clock; time.Now if nil.
	Now func() time.Time
	// Client posts callbacks. Redirects are not followed, whatever it says.
	Client *http.Client
	// Patience is how long an answer to a callback may take; 5 s if zero.
	Patience time.Duration
	// TapsAreMessages grants what a message grants when somebody taps an item of a
	// menu. Without it a tap is a click; which of both holds is not known for sure.
	TapsAreMessages bool
}

// Platform is the platform. It is safe for concurrent use.
type Platform struct {
	config Config
	client http.Client

	mu       sync.Mutex // guards all below, and what accounts and users hold
	accounts map[string]*Account
	tokens   map[string]*credential
	lastID   int64
	// changed is closed and replaced when anything changes.
	changed chan struct{}
}

// firstID is where message ids begin: they do not fit into 53 bits.
const firstID = 24_700_000_000_000_001

// New returns a platform without accounts.
func New(c Config) *Platform {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	p := &Platform{
		config: c, accounts: map[string]*Account{}, tokens: map[string]*credential{},
		lastID: firstID, changed: make(chan struct{}),
	}
	if c.Client != nil {
		p.client = *c.Client
	}
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return p
}

// Add opens an account. The error says what is wrong with its settings.
func (p *Platform) Add(c AccountConfig) (*Account, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("add the account %q: %w", c.AppID, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts[c.AppID] != nil {
		return nil, fmt.Errorf("add the account %q: there is one", c.AppID)
	}
	a := &Account{platform: p, config: c, users: map[string]*User{}, faults: map[string][]fault{}, media: map[string]*medium{}}
	p.accounts[c.AppID] = a
	return a, nil
}

// Account returns the account with the AppID, or nil.
func (p *Platform) Account(appID string) *Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accounts[appID]
}

// touch tells those who wait that something changed. The caller holds mu.
func (p *Platform) touch() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Platform) now() time.Time { return p.config.Now() }

// Errors of acts, to be tested with errors.Is.
var (
	// ErrNotFollowing says that only followers can do that.
	ErrNotFollowing = errors.New("the user does not follow the account")
	// ErrNothingThere says that there is no such thing on the screen.
	ErrNothingThere = errors.New("there is no such thing on the screen")
	// ErrNoCallback says that the account has no address for callbacks.
	ErrNoCallback = errors.New("the account has no address for callbacks")
)
