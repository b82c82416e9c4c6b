package console

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"faqbot/bot/staff"
	"faqbot/channels/httpapi"
)

// Limits of requests.
const (
	maxBody  = 64 << 10
	bodyTime = 15 * time.Second
)

// access says who may use an operation. The zero access is none at all, and New
// fails with it: nothing is open by having been forgotten.
type access struct {
	kind  accessKind
	right staff.Right
	or    staff.Right // is as good as right; empty if nothing is
}

type accessKind int

const (
	forAnyone accessKind = iota + 1
	forBeforeChange
	forSignedIn
	forRight
)

// anyone may use it, without signing in.
func anyone() access { return access{kind: forAnyone} }

// beforeChange is signedIn, and includes those who have to change their password
// first.
func beforeChange() access { return access{kind: forBeforeChange} }

// signedIn is for all who have signed in, whatever their rights.
func signedIn() access { return access{kind: forSignedIn} }

// needs is for those who have the right.
func needs(r staff.Right) access { return access{kind: forRight, right: r} }

// admit returns why somebody may not come in, or nil.
func (a access) admit(id staff.Identity) *Problem {
	switch {
	case id.Account.Disabled:
		return problemOf(staff.ErrSession)
	case a.kind == forBeforeChange:
		return nil
	case id.Account.MustChange:
		return newProblem(http.StatusForbidden, "must_change", "请先修改密码")
	case a.kind == forRight && !id.Account.May(a.right) && (a.or == "" || !id.Account.May(a.or)):
		return problemOf(staff.ErrForbidden)
	}
	return nil
}

// operation is an endpoint, but for what it does.
type operation struct {
	id      string // as the pages call it
	method  string
	path    string // below /console/api
	who     access
	summary string // in Chinese
	status  int    // of success; 200, or 204 without a body, if zero
	most    int64  // bytes of a body; 64 KiB if zero
}

// Operation is an endpoint of the API, and who may use it.
type Operation struct {
	ID, Method, Path string
	// Anyone may use it without signing in.
	Anyone bool
	// BeforeChange says that those who have to change their password first may use
	// it too.
	BeforeChange bool
	// Right is needed, if there is one; Or is as good, if there is one.
	Right, Or staff.Right
}

// Operations returns everything the API can do. Whatever is not here does not
// exist.
func (c *Console) Operations() []Operation { return slices.Clone(c.operations) }

// call is who asks, and from where.
type call struct {
	staff.Identity
	from    staff.Origin
	network netip.Prefix // that is counted as one
	csrf    string       // the token of the session; empty without one
	out     *http.ResponseController
}

type callKey struct{}

// add makes an operation of a function. I is its input as huma reads it (path,
// query and Body), O its output (headers and Body). Before do runs, the caller
// has been found to have what who asks for, and the input to fit its type. An
// error becomes an answer as problemOf says.
func add[I, O any](c *Console, op operation, do func(context.Context, call, *I) (*O, error)) {
	if !c.declare(op) {
		return
	}
	described := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, DefaultStatus: op.status,
		MaxBodyBytes: op.limit() + 1, BodyReadTimeout: bodyTime, RejectUnknownQueryParameters: true,
		Middlewares: huma.Middlewares{c.guard(op)},
		Responses:   failures(c.api), Security: op.security(),
	}
	huma.Register(c.api, described, func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(callKey{}).(call)
		_ = who.out.SetReadDeadline(time.Time{}) // it was for the body, and would end the context of what takes longer
		out, err := do(ctx, who, in)
		if err != nil {
			return nil, c.problem(ctx, op.id, err)
		}
		return out, nil
	})
}

// addRaw makes an operation of a function that reads and writes HTTP by itself:
// sockets and uploads. A request for a socket has to come from our own pages.
func (c *Console) addRaw(op operation, do func(http.ResponseWriter, *http.Request, call)) {
	if !c.declare(op) {
		return
	}
	c.mux.HandleFunc(op.method+" "+apiPrefix+op.path, func(w http.ResponseWriter, r *http.Request) {
		who, refused := c.admit(r, op)
		if refused == nil && r.Header.Get("Upgrade") != "" && !c.ownSocket(r) {
			refused = newProblem(http.StatusForbidden, "origin", "请求来自别的网站，已拒绝")
		}
		if refused != nil {
			c.refuse(w, refused)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, op.limit())
		do(w, r, who)
	})
}

// ownSocket reports whether a request for a socket comes from our own pages.
// Browsers ask for sockets of other origins with the cookies, and by GET.
func (c *Console) ownSocket(r *http.Request) bool {
	written := r.Clone(r.Context())
	written.Method = http.MethodPost
	return r.Header.Get("Origin") != "" && c.origins.Check(written) == nil
}

func (op operation) limit() int64 {
	if op.most == 0 {
		return maxBody
	}
	return op.most
}

// writes reports whether it may change something.
func (op operation) writes() bool { return op.method != http.MethodGet && op.method != http.MethodHead }

// security describes what a request has to carry.
func (op operation) security() []map[string][]string {
	if op.who.kind == forAnyone {
		return nil
	}
	needed := map[string][]string{sessionScheme: {}}
	if op.writes() {
		needed[csrfScheme] = []string{}
	}
	return []map[string][]string{needed}
}

// declare notes an operation, or that it cannot be.
func (c *Console) declare(op operation) bool {
	switch {
	case op.who == access{}:
		c.errs = append(c.errs, fmt.Errorf("operation %s does not say who may use it", op.id))
		return false
	case op.id == "" || op.method == "" || !strings.HasPrefix(op.path, "/"):
		c.errs = append(c.errs, fmt.Errorf("operation %q is not complete", op.id))
		return false
	}
	c.operations = append(c.operations, Operation{
		ID: op.id, Method: op.method, Path: apiPrefix + op.path,
		Anyone: op.who.kind == forAnyone, BeforeChange: op.who.kind == forBeforeChange, Right: op.who.right, Or: op.who.or,
	})
	return true
}

// guard stands before everything that reads the request.
func (c *Console) guard(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); op.writes() && (err != nil || kind != "application/json") {
			writeProblem(w, newProblem(http.StatusUnsupportedMediaType, "media_type", "请求必须是 JSON"))
			return
		}
		who, refused := c.admit(r, op)
		if refused != nil {
			c.refuse(w, refused)
			return
		}
		who.out = http.NewResponseController(w)
		next(huma.WithValue(ctx, callKey{}, who))
	}
}

// admit finds out who asks, and whether that is one of those who may. Who writes
// has to carry the token of the session.
func (c *Console) admit(r *http.Request, op operation) (call, *Problem) {
	who := c.caller(r)
	if op.who.kind == forAnyone {
		return who, nil
	}
	cookie, err := r.Cookie(c.cookieName())
	if err != nil {
		return who, problemOf(staff.ErrSession)
	}
	who.Identity, err = c.staff.Authenticate(r.Context(), cookie.Value)
	if err != nil {
		return who, c.problem(r.Context(), op.id, err)
	}
	who.csrf = csrfToken(cookie.Value)
	if op.writes() && !carries(r, who.csrf) {
		return who, withoutToken()
	}
	return who, op.who.admit(who.Identity)
}

// refuse answers with why not. A cookie that proves nothing any more goes.
func (c *Console) refuse(w http.ResponseWriter, p *Problem) {
	if p.Status == http.StatusUnauthorized {
		http.SetCookie(w, c.noCookie())
	}
	writeProblem(w, p)
}

// caller is where a request comes from, without who asks.
func (c *Console) caller(r *http.Request) call {
	const most = 300
	addr := c.config.Proxies.ClientIP(r)
	browser := r.UserAgent()
	browser = strings.ToValidUTF8(browser[:min(len(browser), most)], "")
	return call{from: staff.Origin{Network: addr.String(), Browser: browser}, network: httpapi.Network(addr)}
}

// The cookies of the session, with https and without. The browser sends one whose
// name begins with __Host- only to the host that set it, over https.
const (
	secureCookie = "__Host-faqbot"
	plainCookie  = "faqbot"
)

func (c *Console) cookieName() string {
	if c.config.Secure {
		return secureCookie
	}
	return plainCookie
}

func (c *Console) cookie(secret string) *http.Cookie {
	return &http.Cookie{
		Name: c.cookieName(), Value: secret, Path: "/",
		Secure: c.config.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

func (c *Console) noCookie() *http.Cookie {
	cookie := c.cookie("")
	cookie.MaxAge = -1
	return cookie
}
