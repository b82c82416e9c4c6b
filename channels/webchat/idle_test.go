package webchat_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/webchat"
)

// idleMode in the environment makes the test binary a server of one kind.
const idleMode = "FAQBOT_IDLE_SERVER"

// idleVisitors is how many visitors are connected in BenchmarkIdle.
const idleVisitors = 4000

// BenchmarkIdle measures what an idle visitor costs: the resident memory of a
// server of its own process, with the whole chat or with the plainest server
// that gorilla's examples show, one goroutine that reads and one that writes.
func BenchmarkIdle(b *testing.B) {
	for b.Loop() {
		chat := idleCost(b, "chat")
		bare := idleCost(b, "bare")
		b.ReportMetric(chat, "B/visitor")
		b.ReportMetric(bare, "B/bare")
		b.ReportMetric(chat/bare, "ratio")
	}
}

// idleServer is a server in a process of its own, which answers each line with
// its memory in bytes.
type idleServer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	url string
}

func startIdle(b *testing.B, mode string) *idleServer {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), idleMode+"="+mode)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s := &idleServer{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	s.url = s.line(b)
	return s
}

func (s *idleServer) line(b *testing.B) string {
	if !s.out.Scan() {
		b.Fatalf("the server ended: %v", s.out.Err())
	}
	return s.out.Text()
}

func (s *idleServer) memory(b *testing.B) float64 {
	if _, err := io.WriteString(s.in, "memory\n"); err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseFloat(s.line(b), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// idleCost returns the memory of one visitor in bytes.
func idleCost(b *testing.B, mode string) float64 {
	s := startIdle(b, mode)
	defer func() {
		s.in.Close()
		s.cmd.Wait()
	}()
	warm := dialIdle(b, s.url, mode, 50) // what the first ones cost is not theirs
	before := s.memory(b)
	conns := dialIdle(b, s.url, mode, idleVisitors)
	after := s.memory(b)
	for _, c := range append(warm, conns...) {
		c.Close()
	}
	return (after - before) / idleVisitors
}

func dialIdle(b *testing.B, url, mode string, n int) (conns []*websocket.Conn) {
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, HandshakeTimeout: patience}
	for range n {
		address := strings.Replace(url, "http", "ws", 1) + "/chat/socket"
		if mode == "chat" {
			address += "?ticket=" + remoteTicket(b, url)
		}
		conn, _, err := dialer.Dial(address, http.Header{"Origin": {url}})
		if err != nil {
			b.Fatal(err)
		}
		hello := `{"t":"hello","profile":{"page":"https://shop.example/item/1","title":"商品详情"}}`
		if err := conn.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
			b.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, _, err := conn.ReadMessage(); err != nil {
			b.Fatal(err)
		}
		conns = append(conns, conn)
	}
	return conns
}

func remoteTicket(b *testing.B, url string) string {
	s := &server{Server: &httptest.Server{URL: url}, t: b}
	return s.session("").Ticket
}

// serveIdle is the other process. It reports whether this is one.
func serveIdle() bool {
	mode := os.Getenv(idleMode)
	if mode == "" {
		return false
	}
	handler := http.Handler(http.HandlerFunc(bare))
	if mode == "chat" {
		handler = idleChat()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, handler)
	fmt.Println("http://" + listener.Addr().String())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		debug.FreeOSMemory()
		debug.FreeOSMemory()
		fmt.Println(residentMemory())
	}
	return true
}

func idleChat() http.Handler {
	config := testConfig()
	unlimited(&config)
	config.Limits.PerNetwork = idleVisitors * 2
	bus := bot.NewLocalBus()
	chat, err := webchat.New(config, newFakeEngine(bus), bus, zap.NewNop())
	if err != nil {
		panic(err)
	}
	return chat
}

// bare is a server with two goroutines for each connection and buffers of 1 KB,
// which echoes.
func bare(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	frames := make(chan []byte, 16)
	go bareWriter(conn, frames)
	go bareReader(conn, frames)
}

func bareReader(conn *websocket.Conn, frames chan<- []byte) {
	defer close(frames)
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return
		}
		frames <- frame
	}
}

func bareWriter(conn *websocket.Conn, frames <-chan []byte) {
	ticker := time.NewTicker(50 * time.Second)
	defer ticker.Stop()
	defer conn.Close()
	for {
		select {
		case frame, ok := <-frames:
			if !ok || conn.WriteMessage(websocket.TextMessage, frame) != nil {
				return
			}
		case <-ticker.C:
			if conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

// residentMemory returns the resident memory of this process in bytes.
func residentMemory() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var total, resident int64
	fmt.Sscan(string(data), &total, &resident)
	return resident * int64(os.Getpagesize())
}
