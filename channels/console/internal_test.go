package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"faqbot/bot/staff"
)

// door is a staff that lets everybody in as one account.
type door struct {
	Staff
	account staff.Account
}

func (d door) Authenticate(context.Context, string) (staff.Identity, error) {
	return staff.Identity{Account: d.account}, nil
}

// bare is a console without its own operations.
func bare(account staff.Account) *Console {
	mux := http.NewServeMux()
	origins, _ := newOrigins([]string{"https://other.example"})
	return &Console{staff: door{account: account}, log: zap.NewNop(), mux: mux, api: newAPI(mux), origins: origins}
}

// TestDefaultDeny: an operation that does not say who may use it cannot be added.
func TestDefaultDeny(t *testing.T) {
	c := bare(staff.Account{})
	never := func(context.Context, call, *none) (*none, error) { t.Error("it ran"); return &none{}, nil }
	add(c, operation{id: "open", method: "GET", path: "/open"}, never)
	c.addRaw(operation{id: "openToo", method: "GET", path: "/open-too"}, func(http.ResponseWriter, *http.Request, call) { t.Error("it ran") })
	add(c, operation{id: "nowhere", method: "GET", who: anyone()}, never)
	if len(c.errs) != 3 || !strings.Contains(c.errs[0].Error(), "open does not say who may use it") || len(c.Operations()) != 0 {
		t.Errorf("%v, %v", c.errs, c.Operations())
	}
	for _, path := range []string{"/open", "/open-too"} {
		w := httptest.NewRecorder()
		c.mux.ServeHTTP(w, httptest.NewRequest("GET", apiPrefix+path, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestRaw: what reads and writes HTTP by itself stands behind the same door, and
// sockets open from our own pages only.
func TestRaw(t *testing.T) {
	for _, tt := range []struct {
		name    string
		account staff.Account
		headers map[string]string
		want    int
	}{
		{"agent", agent(), map[string]string{"Cookie": "faqbot=x"}, 200},
		{"without cookie", agent(), nil, 401},
		{"without right", staff.Account{}, map[string]string{"Cookie": "faqbot=x"}, 403},
		{"socket", agent(), socketFrom("https://help.example"), 200},
		{"socket, trusted", agent(), socketFrom("https://other.example"), 200},
		{"socket from elsewhere", agent(), socketFrom("https://evil.example"), 403},
		{"socket from another port", agent(), socketFrom("https://help.example:8443"), 403},
		{"socket from nowhere", agent(), map[string]string{"Cookie": "faqbot=x", "Upgrade": "websocket"}, 403},
		{"socket from null", agent(), socketFrom("null"), 403},
	} {
		c := bare(tt.account)
		c.addRaw(operation{id: "x", method: "GET", path: "/x", who: needs(staff.ServeDesk)}, func(w http.ResponseWriter, _ *http.Request, who call) {
			if who.Account.Nick != tt.account.Nick || who.from.Network != "192.0.2.1" {
				t.Errorf("%s: as %+v", tt.name, who)
			}
		})
		r := httptest.NewRequest("GET", "https://help.example"+apiPrefix+"/x", nil)
		for name, value := range tt.headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		if c.mux.ServeHTTP(w, r); w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
}

func agent() staff.Account { return staff.Account{Nick: "小陈", Roles: []staff.Role{staff.Agent}} }

func socketFrom(origin string) map[string]string {
	return map[string]string{"Cookie": "faqbot=x", "Upgrade": "websocket", "Origin": origin}
}

// deadlines notes those that are set for reading.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// TestBodyDeadline: a body has to come in time, and what is done with it may take
// longer.
func TestBodyDeadline(t *testing.T) {
	c, w := bare(agent()), &deadlines{ResponseRecorder: httptest.NewRecorder()}
	ran := false
	add(c, operation{id: "x", method: "POST", path: "/x", who: signedIn()}, func(context.Context, call, *body[Field]) (*none, error) {
		ran = len(w.set) == 2 && !w.set[0].IsZero() && w.set[1].IsZero()
		return &none{}, nil
	})
	r := httptest.NewRequest("POST", apiPrefix+"/x", strings.NewReader(`{"name":"a","reason":"b"}`))
	r.Header.Set("Cookie", "faqbot=x")
	r.Header.Set(csrfHeader, csrfToken("x"))
	r.Header.Set("Content-Type", "application/json")
	if c.mux.ServeHTTP(w, r); !ran || w.Code != 204 {
		t.Errorf("%d, deadlines %v", w.Code, w.set)
	}
}

// TestRawBody: what is larger than declared ends.
func TestRawBody(t *testing.T) {
	c := bare(agent())
	c.addRaw(operation{id: "x", method: "POST", path: "/x", who: signedIn(), most: 10}, func(w http.ResponseWriter, r *http.Request, _ call) {
		if n, err := r.Body.Read(make([]byte, 100)); n > 10 || err == nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	r := httptest.NewRequest("POST", apiPrefix+"/x", strings.NewReader(strings.Repeat("x", 50)))
	r.Header.Set("Cookie", "faqbot=x")
	r.Header.Set(csrfHeader, csrfToken("x"))
	c.mux.ServeHTTP(httptest.NewRecorder(), r)
}
