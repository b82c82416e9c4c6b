package httpapi

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// ErrTooLarge says that a body is larger than allowed.
var ErrTooLarge = errors.New("the body is too large")

// ReadBody reads the body of a request, or returns ErrTooLarge.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	return body, nil
}

type requestIDKey struct{}

// RequestID returns the number of the request that the context belongs to, or
// nothing.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Trace gives every request an id, writes the access log, and turns a panic of
// next into broken. The log holds no query, no body and no full address.
func Trace(log *zap.Logger, proxies Proxies, broken *Error, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		w.Header().Set("X-Request-Id", id)
		rec := &recorder{ResponseWriter: w}
		start := time.Now()
		defer func() {
			log.Info("request", zap.String("request", id),
				zap.String("method", r.Method), zap.String("path", clip(r.URL.Path)),
				zap.Int("status", rec.status), zap.Int64("bytes", rec.bytes),
				zap.Duration("took", time.Since(start)), zap.String("from", maskedIP(proxies.ClientIP(r))))
		}()
		defer recoverRequest(log, rec, broken, id)
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func recoverRequest(log *zap.Logger, rec *recorder, broken *Error, id string) {
	value := recover()
	if value == nil {
		return
	}
	if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(value)
	}
	LogPanic(log.With(zap.String("request", id)), value)
	if rec.status == 0 {
		WriteError(rec, broken)
	}
}

// LogPanic logs where a panic happened. What the program itself says goes with
// it, a value that may hold what people wrote does not.
func LogPanic(log *zap.Logger, value any) {
	what := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	log.Error("panic", zap.String("what", what), zap.ByteString("stack", debug.Stack()))
}

// clip shortens what is logged.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most]
	}
	return s
}

// recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController see what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Hijack hands the connection over, as sockets need.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil && r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}
