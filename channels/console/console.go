package console

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"faqbot/channels/httpapi"
)

// Where the parts of the console are.
const (
	prefix    = "/console"
	apiPrefix = prefix + "/api"
)

// networks is for how many networks the sign-ins are counted, each on its own.
const networks = 10_000

// Config is what a Console is made of.
type Config struct {
	Staff Staff
	// Files are the built pages: index.html and assets.
	Files fs.FS
	// Proxies are believed about where a request comes from.
	Proxies httpapi.Proxies
	// Secure says that browsers reach the console by https only. Without it the
	// cookie also goes over http, for trying out on one machine.
	Secure bool
	// Origins are further ones from which the pages may write, such as
	// https://help.example.com, where a proxy changes the host of requests.
	Origins []string
	// SignIns limits sign-ins and set-ups of a network; two a second and 60 at once
	// if zero.
	SignIns httpapi.Rate
	// Desk is where agents work; nil if there is none.
	Desk *DeskConfig
	// Official is the channel of official accounts; nil if there is none.
	Official Official
	Now      func() time.Time // time.Now if nil
}

func (c Config) withDefaults() Config {
	if c.SignIns == (httpapi.Rate{}) {
		c.SignIns = httpapi.Rate{PerSecond: 2, Burst: 60}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Console serves the staff. It is safe for use by many at a time.
type Console struct {
	http.Handler
	config     Config
	staff      Staff
	log        *zap.Logger
	signIns    *httpapi.Buckets[netip.Prefix]
	origins    *http.CrossOriginProtection
	mux        *http.ServeMux // of the API
	api        huma.API
	desk       *desk // nil if there is none
	operations []Operation
	errs       []error // of adding operations
}

// New returns a console. Its paths begin with /console.
func New(config Config, log *zap.Logger) (*Console, error) {
	config = config.withDefaults()
	if config.Staff == nil {
		return nil, errors.New("console: no staff is given")
	}
	pages, err := newPages(config.Files)
	if err != nil {
		return nil, fmt.Errorf("console: pages: %w", err)
	}
	origins, err := newOrigins(config.Origins)
	if err != nil {
		return nil, fmt.Errorf("console: origins: %w", err)
	}
	c := &Console{
		config: config, staff: config.Staff, log: log, origins: origins,
		signIns: httpapi.NewBuckets[netip.Prefix](config.SignIns, networks),
		mux:     http.NewServeMux(),
	}
	if err := c.addOperations(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c.Handler = c.routes(pages)
	return c, nil
}

// newOrigins protects writes from pages of other origins.
func newOrigins(texts []string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, text := range texts {
		origin, err := httpapi.ParseOrigin(text)
		if err != nil {
			return nil, err
		}
		if err := p.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// addOperations is the list of all that the API can do. What others add to the
// console goes here, as one line.
func (c *Console) addOperations() error {
	c.api = newAPI(c.mux)
	c.addSession()
	c.addSelf()
	c.addStaff()
	c.addAudit()
	c.addReports()
	c.deskOperations()
	c.addOfficials()
	tidySchemas(c.api)
	return errors.Join(c.errs...)
}

// routes puts pages and API under one roof: every answer, failures too, gets its
// headers and its line in the log.
func (c *Console) routes(pages *pages) http.Handler {
	c.mux.HandleFunc("/", c.noSuchOperation)
	mux := http.NewServeMux()
	mux.Handle(apiPrefix+"/", secure(httpapi.DataPolicy(), c.config.Proxies, c.fromOwnPages(c.mux)))
	mux.Handle(prefix+"/assets/", secure(httpapi.DataPolicy(), c.config.Proxies, http.HandlerFunc(pages.asset)))
	mux.Handle("/", secure(pagePolicy(), c.config.Proxies, http.HandlerFunc(pages.index)))
	broken := &httpapi.Error{Code: 5000, Text: textBroken}
	return httpapi.Trace(c.log, c.config.Proxies, broken, mux)
}

// fromOwnPages refuses writes that pages of other origins ask for.
func (c *Console) fromOwnPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if c.origins.Check(r) != nil {
			writeProblem(w, newProblem(http.StatusForbidden, "origin", "请求来自别的网站，已拒绝"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Console) noSuchOperation(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, newProblem(http.StatusNotFound, "not_found", "没有这个接口"))
}
