package console

import (
	"context"

	"faqbot/bot/staff"
)

// Staff is what the console needs of staff.Service. Its errors are those of
// package staff.
type Staff interface {
	Gate
	Self
	Register
	Log
}

// Gate lets people in and out.
type Gate interface {
	SetUp(ctx context.Context, token, name, nick, password string, from staff.Origin) (staff.Account, error)
	SignIn(ctx context.Context, name, password, code string, from staff.Origin) (secret string, id staff.Identity, err error)
	Authenticate(ctx context.Context, secret string) (staff.Identity, error)
	Check(ctx context.Context, session string) (staff.Identity, error)
	SignOut(ctx context.Context, id staff.Identity, from staff.Origin) error
	Ticket(ctx context.Context, id staff.Identity) (string, error)
	Redeem(ctx context.Context, id staff.Identity, ticket string) error
}

// Self is what people do with their own account.
type Self interface {
	ChangePassword(ctx context.Context, id staff.Identity, old, new string, from staff.Origin) error
	EnrollTOTP(ctx context.Context, id staff.Identity) (uri string, err error)
	ConfirmTOTP(ctx context.Context, id staff.Identity, code string, from staff.Origin) error
	DropTOTP(ctx context.Context, id staff.Identity, password string, from staff.Origin) error
}

// Register is the accounts.
type Register interface {
	Accounts(ctx context.Context, by staff.Identity) ([]staff.Account, error)
	Colleagues(ctx context.Context) ([]staff.Account, error)
	Create(ctx context.Context, by staff.Identity, a staff.Account, from staff.Origin) (made staff.Account, password string, err error)
	Update(ctx context.Context, by staff.Identity, a staff.Account, from staff.Origin) (staff.Account, error)
	ResetPassword(ctx context.Context, by staff.Identity, account string, from staff.Origin) (password string, err error)
	EndSessions(ctx context.Context, by staff.Identity, account string, from staff.Origin) error
}

// Log is what was done.
type Log interface {
	Record(ctx context.Context, by staff.Identity, act staff.Act, from staff.Origin) error
	Audit(ctx context.Context, by staff.Identity, f staff.AuditFilter, before int64, limit int) ([]staff.Record, error)
	VerifyAudit(ctx context.Context) (checked int64, err error)
}
