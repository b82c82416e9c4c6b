package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"faqbot/channels/httpapi"
)

// Limits of the connections.
const (
	headerTime   = 10 * time.Second
	idleTime     = 2 * time.Minute
	maxHeader    = 16 << 10
	restartAfter = time.Second
	codeStarting = 5030 // as in the protocol of the chat
)

// front is where the program can be reached: one listener for customers, and one
// for those who run it. It answers from the first moment, if only that the rest
// is still starting.
type front struct {
	public, admin net.Listener
	servers       []*http.Server
	metrics       *metrics
	// handler serves customers once the rest is ready.
	handler atomic.Pointer[http.Handler]
	failed  chan error
}

// openFront listens and begins to answer.
func openFront(public, admin string, log *zap.Logger) (*front, error) {
	f := &front{metrics: newMetrics(), failed: make(chan error, 2)}
	var err error
	if f.public, err = listen("listen", public); err != nil {
		return nil, err
	}
	f.serve(f.public, http.HandlerFunc(f.customers), log)
	if admin == "" {
		return f, nil
	}
	if f.admin, err = listen("admin.listen", admin); err != nil {
		return nil, errors.Join(err, f.close(context.Background()))
	}
	f.serve(f.admin, f.operators(), log)
	return f, nil
}

func listen(key, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &usageError{fmt.Errorf("配置项 %s：地址 %s 已被别的程序占用，请先停掉它，或换一个端口", key, address)}
	}
	if err != nil {
		return nil, &usageError{fmt.Errorf("配置项 %s：不能使用地址 %s：%w", key, address, err)}
	}
	return l, nil
}

func (f *front) serve(l net.Listener, h http.Handler, log *zap.Logger) {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: zap.NewStdLog(log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))),
	}
	f.servers = append(f.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			f.failed <- err
		}
	}()
}

// customers serves what is ready.
func (f *front) customers(w http.ResponseWriter, r *http.Request) {
	switch h := f.handler.Load(); {
	case r.URL.Path == "/healthz":
		alive(w, r)
	case r.URL.Path == "/readyz":
		f.readiness(w, r)
	case h == nil:
		starting(w, r)
	default:
		(*h).ServeHTTP(w, r)
	}
}

// operators serves health, metrics and profiles.
func (f *front) operators() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", f.readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(f.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

func alive(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

func (f *front) readiness(w http.ResponseWriter, _ *http.Request) {
	if f.handler.Load() == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "starting or stopping\n")
		return
	}
	io.WriteString(w, "ready\n")
}

// starting tells a browser to come back, and a program that it is too early.
func starting(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		again := strconv.Itoa(int(restartAfter.Seconds()))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Retry-After", again)
		w.Header().Set("Refresh", again)
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>正在启动</title><p>客服正在启动，马上就好…</p></html>`)
		return
	}
	httpapi.WriteError(w, &httpapi.Error{Code: codeStarting, Text: "客服正在启动，请稍候", RetryAfter: restartAfter})
}

// ready begins to serve customers.
func (f *front) ready(h http.Handler) { f.handler.Store(&h) }

// drain stops serving customers: those who come are told to come back.
func (f *front) drain(context.Context) error {
	f.handler.Store(nil)
	return nil
}

// wait returns when ctx ends, or with the error of a listener that broke.
func (f *front) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-f.failed:
		return fmt.Errorf("serve: %w", err)
	}
}

// close finishes the requests that are running.
func (f *front) close(ctx context.Context) error {
	var errs []error
	for _, s := range f.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// url is where customers find the program, in words a browser understands.
func (f *front) url() string { return "http://" + reachable(f.public) }

func (f *front) adminURL() string {
	if f.admin == nil {
		return ""
	}
	return "http://" + reachable(f.admin)
}

// reachable is the address of a listener; one for all interfaces is shown as this
// machine.
func reachable(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
