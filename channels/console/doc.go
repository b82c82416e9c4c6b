// Package console is the staff's side: one page application for all who work
// here, and the API it talks to.
//
// # Requests
//
// All below /console.
//
//	GET  /console/…            the application: index.html, whatever the path
//	GET  /console/assets/…     its files, named by their content, kept for ever
//	…    /console/api/…        the API; ui/openapi.json describes it
//
// The first administrator opens /console/setup#token=…, with the token of
// staff.Service.Invite. Behind # it reaches no log and no proxy; the page sends
// it in a body.
//
// # Who asks
//
// Signing in sets the cookie __Host-faqbot: Secure, HttpOnly, SameSite=Strict,
// until the browser is closed. Its value, the secret of the session, is nowhere
// else. Without Config.Secure the cookie is called faqbot and goes over http too.
//
// Requests that write must come from our own pages (Sec-Fetch-Site, or Origin),
// and say that they are JSON. Those of a session carry its token in X-CSRF-Token,
// uploads too: it is the csrf of Me, and another one with each sign-in. A page that
// is refused with csrf asks for me, since another tab may have signed in, and tries
// once more. GET changes nothing.
//
// # Failures
//
// They are application/problem+json:
//
//	{"status":422,"code":"invalid","title":"密码太短",
//	 "fields":[{"name":"password","reason":"密码太短"}],"retry_after":30}
//
// title and reason are for people. code is for the pages:
//
//	400 413 408 415 invalid, too_large, slow, media_type: the request is no good
//	401 credentials  name or password is wrong      401 code  the second factor is missing or wrong
//	401 session      not signed in (any more)       403 must_change  the password has to be changed first
//	403 forbidden    the right is missing           403 origin  the request came from another site
//	403 csrf         X-CSRF-Token is not that of the session
//	403 ticket       that of the socket is missing, used, over, or for another session
//	404 not_found    there is no such thing, or no such operation
//	409 taken        the name; or the conversation, and then taken says who has it
//	409 busy, late, conflict, set_up   no room for more; too late; changed by somebody else; done before
//	422 invalid      fields say what        422 platform  WeChat refused; title says why
//	429 locked, rate wait retry_after seconds, also in Retry-After
//	500 broken       it was logged                  503 busy, unavailable, no_desk, no_official  try again
//
// What was sent never comes back, nor what broke inside. An error of package
// staff becomes its failure in one table, in error.go; others are to be added
// there.
//
// # The desk's socket
//
// GET /console/api/desk/socket?ticket=…, with the cookie, and an Origin of ours.
// The ticket comes from POST /console/api/desk/ticket; it is for that session, for
// half a minute, and for one socket, so each reconnect asks for a new one. Frames
// are JSON with their kind in "t"; desk_socket.go lists them. It only wakes up:
// lists and conversations are read from the API, again after each reconnect. What
// the client may see is decided frame by frame, and the session is looked at every
// two seconds and with each command. It closes with
//
//	1001 come back   3102 signed out, or the rights have changed: ask for me first
//	3201 3202 too many frames, too many sockets of the account: after retry_after
//	3301 too many bad frames: do not come back by itself
//
// # Adding an operation
//
// An operation is a function from its input to its output, and a line that says
// where it is and who may use it:
//
//	func (c *Console) addDesk() {
//		add(c, operation{id: "takeNext", method: http.MethodPost, path: "/desk/next",
//			who: needs(staff.ServeDesk), summary: "接待下一位"}, c.takeNext)
//	}
//
//	type takeNextInput struct {
//		Group string `path:"group"`            // or query:"…"
//		Body  struct{ Note string `json:"note" maxLength:"200"` }
//	}
//
//	func (c *Console) takeNext(ctx context.Context, who call, in *takeNextInput) (*body[Talk], error)
//
// addDesk is called in addOperations. Types that go out are exported and
// documented, and stay so; slices in them carry nullable:"false" and are never
// nil. who is anyone, signedIn, beforeChange or needs: without one New fails, and
// TestDeclaredRights wants to hear of it too. The caller's right is checked before
// the input is read; whether this conversation is theirs is for the function, or
// better for what it calls. Sockets and uploads use addRaw: it checks the same,
// and for sockets the origin. An operation with a body also needs a line in
// requests, in helper_test.go, so that the matrix of permissions can try it.
//
// Then: go test ./channels/console -run TestOpenAPI -update, and npm run api in
// ui. A page is one line in ui/src/routes.ts. To work on the pages: npm run dev,
// with FAQBOT_SERVER naming the program that answers /console/api.
package console
