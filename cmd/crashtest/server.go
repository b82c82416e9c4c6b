package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/internal/database"
)

const (
	readyTime = 60 * time.Second // the longest start
	stopTime  = 25 * time.Second // the longest orderly stop
	lookEvery = 5 * time.Millisecond
)

// server is the program under test. It is used by one goroutine.
type server struct {
	binary, dsn, address string
	index                string // its directory; empty for beside the database file
	env                  []string
	log                  *os.File
	note                 func(history.Event)

	command *exec.Cmd
	exited  chan struct{}
	died    time.Time // when it was last seen dead
}

// newServer reserves an address; nothing runs yet. The log is a file in dir.
func newServer(binary, dsn, dir string, note func(history.Event)) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("look for a free port: %w", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("free the port: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	s := &server{binary: binary, dsn: dsn, address: address, log: log, note: note}
	if database.File(dsn) == "" {
		s.index = filepath.Join(dir, "index")
	}
	return s, nil
}

func (s *server) url() string { return "http://" + s.address }

// start begins a life, which ends at the failpoint if one is named.
func (s *server) start(failpoint string) error {
	s.command = exec.Command(s.binary, "serve", "--listen", s.address, "--db", s.dsn, "--admin", "off", "--sample", "telecom")
	s.command.Env = append(os.Environ(), "FAQBOT_PROXIES=127.0.0.1", "FAQBOT_FAILPOINT="+failpoint, "FAQBOT_INDEX_DIR="+s.index)
	s.command.Env = append(s.command.Env, s.env...)
	s.command.Stdout, s.command.Stderr = s.log, s.log
	if err := s.command.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	exited := make(chan struct{})
	s.exited = exited
	go func(c *exec.Cmd) {
		_ = c.Wait() // how it ended, its state tells
		close(exited)
	}(s.command)
	return nil
}

// errDied says that the server was killed while it was waited for.
var errDied = errors.New("the server died")

// ready waits until the server serves. It returns errDied if it is killed before.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		if reply, err := client.Get(s.url() + "/readyz"); err == nil {
			reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				s.note(history.Event{Kind: history.Server, Text: "ready"})
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return s.dead("")
		case <-ctx.Done():
			return fmt.Errorf("wait until the server is ready: %w\n%s", ctx.Err(), s.tail())
		}
	}
}

// kill ends the life at once.
func (s *server) kill(how string) error {
	if err := s.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the server: %w", err)
	}
	<-s.exited
	if err := s.dead(how); !errors.Is(err, errDied) {
		return err
	}
	return nil
}

// dead notes the end. It returns errDied if the server was killed, and another
// error if it ended by itself.
func (s *server) dead(how string) error {
	s.died = time.Now()
	status, ok := s.command.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("the server ended by itself: %s\n%s", s.command.ProcessState, s.tail())
	}
	s.note(history.Event{Kind: history.Server, Text: strings.TrimSpace("killed " + how)})
	return errDied
}

// wait waits for a failpoint. It reports whether the server died there in time.
func (s *server) wait(ctx context.Context, point string, limit time.Duration) (bool, error) {
	select {
	case <-s.exited:
		if err := s.dead(point); !errors.Is(err, errDied) {
			return false, err
		}
		return true, nil
	case <-time.After(limit):
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// stop asks the server to stop, which it must do in time and without an error.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	select {
	case <-s.exited:
	case <-time.After(stopTime):
		return errors.Join(fmt.Errorf("the server does not stop within %v", stopTime), s.kill("at last"))
	}
	if !s.command.ProcessState.Success() {
		return fmt.Errorf("the server stopped with an error: %s\n%s", s.command.ProcessState, s.tail())
	}
	return nil
}

// close makes sure that nothing is left.
func (s *server) close() {
	if s.command != nil && s.command.ProcessState == nil {
		_ = s.command.Process.Kill() // it may be gone
		<-s.exited
	}
	_ = s.log.Close() // for people only
}

// tail is the end of the log.
func (s *server) tail() string {
	const most = 2000
	data, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(data[max(0, len(data)-most):]))
}
