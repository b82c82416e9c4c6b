// Package staff knows who works here: accounts, what each may do, how they sign
// in, and the log of everything privileged they did.
package staff

import (
	"errors"
	"slices"
	"time"
)

// Role is a set of rights with a name (角色).
type Role string

// The roles. An account has one or several.
const (
	Admin      Role = "admin"      // 管理员: accounts, groups, settings
	Editor     Role = "editor"     // 知识编辑
	Reviewer   Role = "reviewer"   // 知识审核
	Agent      Role = "agent"      // 坐席
	Supervisor Role = "supervisor" // 班长: sees all conversations, takes over, whispers
	Auditor    Role = "auditor"    // 审计: reads the log, changes nothing
)

// Right is something that an account may do (权限).
type Right string

// The rights.
const (
	ManageStaff     Right = "staff.manage"     // accounts, roles, groups of agents
	ManageSettings  Right = "settings.manage"  // everything else that is set up
	ReadAudit       Right = "audit.read"       // the log
	ServeDesk       Right = "desk.serve"       // take and answer conversations of the own groups
	SuperviseDesk   Right = "desk.supervise"   // see all groups, take over, whisper, reassign, the board
	SharePhrases    Right = "phrases.share"    // edit the quick replies of all
	ReadKnowledge   Right = "knowledge.read"   // see entries that are not public
	EditKnowledge   Right = "knowledge.edit"   // write drafts
	ReviewKnowledge Right = "knowledge.review" // approve and publish
	ReadPersonal    Right = "personal.read"    // see personal data without masks
)

// Account is somebody who signs in.
type Account struct {
	ID    string
	Name  string // to sign in with; unique, whatever the case
	Nick  string // what customers and colleagues see
	Roles []Role
	// Extra are rights beyond those of the roles.
	Extra    []Right
	Disabled bool
	// MustChange says that the password has to be changed before anything else.
	MustChange bool
	// TOTP says that a second factor is asked for.
	TOTP      bool
	CreatedAt time.Time
	UpdatedAt time.Time // the last time Update changed it
	SeenAt    time.Time // the last time it signed in; zero if never
}

// May reports whether the account has the right and may use it now: not while it
// is disabled, nor before it has changed a password that somebody else knows.
func (a *Account) May(r Right) bool {
	return !a.Disabled && !a.MustChange && slices.Contains(a.Rights(), r)
}

// Identity is who sits behind a session.
type Identity struct {
	Account Account
	Session string    // id of the session; not what proves it
	Until   time.Time // when the session ends by itself
}

// Origin is where a request came from, for the log.
type Origin struct {
	Network string // IP address
	Browser string
}

// Errors, to be tested with errors.Is.
var (
	// ErrCredentials says that name, password or code are wrong, without saying
	// which.
	ErrCredentials = errors.New("name or password is wrong")
	// ErrCode says that the password is right and the code of the second factor is
	// missing or wrong.
	ErrCode = errors.New("the code of the second factor is missing or wrong")
	// ErrSession says that there is no such session any more.
	ErrSession = errors.New("not signed in")
	// ErrTicket says that a ticket is not one of the session, was used, or is over.
	ErrTicket = errors.New("the ticket is not good")
	// ErrForbidden says that the account lacks the right.
	ErrForbidden = errors.New("not allowed")
	// ErrNotFound says that there is no such account.
	ErrNotFound = errors.New("no such account")
	// ErrTaken says that another account has the name.
	ErrTaken = errors.New("the name is taken")
	// ErrConflict says that somebody changed the same meanwhile.
	ErrConflict = errors.New("changed meanwhile")
	// ErrSetUp says that there is an account already, or the link was used.
	ErrSetUp = errors.New("is set up already")
)

// LockedError says that there were too many failures.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "locked until " + e.Until.Format(time.RFC3339) }

// InvalidError says what is wrong with a value, in words for the screen.
type InvalidError struct {
	Field  string
	Reason string // in Chinese
}

func (e *InvalidError) Error() string { return "invalid " + e.Field + ": " + e.Reason }
