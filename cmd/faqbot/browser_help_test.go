package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/devices"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"faqbot/bot"
)

// chromiumEnv names the variable that holds the path of Chromium.
const chromiumEnv = "FAQBOT_TEST_CHROMIUM"

// takeScreenshots is off because tests leave nothing in the tree.
var takeScreenshots = flag.Bool("screenshots", false, "write what the browser shows to "+screenshotDir)

const screenshotDir = "testdata/screenshots"

// stage is what all tests with a browser share: the browser and the program.
type stage struct {
	browser *rod.Browser
	binary  string
}

// newStage starts the browser and builds the program.
func newStage(t *testing.T) *stage {
	path := os.Getenv(chromiumEnv)
	if path == "" {
		t.Skipf("nothing is tested in a browser: set %s to the path of Chromium", chromiumEnv)
	}
	dir, err := os.MkdirTemp("", "faqbot-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	l := launcher.New().Bin(path).Leakless(false).UserDataDir(dir).Headless(true).NoSandbox(true).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("accept-lang", "zh-CN")
	address, err := l.Launch()
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	browser := rod.New().ControlURL(address).DefaultDevice(devices.Clear)
	if err := browser.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browser.Close(); err != nil {
			t.Error(err)
		}
		l.Cleanup() // waits for its end
	})
	return &stage{browser: browser, binary: buildProgram(t)}
}

func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "faqbot")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, text)
	}
	return path
}

// process is the program as a process of its own.
type process struct {
	t       *testing.T
	binary  string
	env     []string
	db, url string
	cmd     *exec.Cmd
	out     string // what it printed
	log     *stream
}

// start runs the program over a database. Settings are given as in the
// environment.
func (s *stage) start(t *testing.T, db string, settings ...string) *process {
	t.Helper()
	p := &process{t: t, binary: s.binary, db: db, log: newStream()}
	p.env = append([]string{"FAQBOT_LISTEN=127.0.0.1:0", "FAQBOT_ADMIN_LISTEN=off", "FAQBOT_DATABASE=" + db, "FAQBOT_LOG_LEVEL=debug", "HOME=" + t.TempDir()}, settings...)
	p.run()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of the server:\n%s", p.log)
		}
	})
	return p
}

func (p *process) run() {
	p.t.Helper()
	p.await(p.begin(exec.Command(p.binary, "serve")))
}

// begin starts the program by the command, and returns what it prints.
func (p *process) begin(cmd *exec.Cmd) (printed *stream) {
	p.t.Helper()
	printed = newStream()
	p.cmd = cmd
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, printed, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	return printed
}

// await waits until the program serves.
func (p *process) await(printed *stream) {
	p.t.Helper()
	p.out = printed.await(p.t, "知识 ", nil)
	p.url = strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(p.out), "/")
}

// kill ends the program without a warning.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone
	_ = p.cmd.Wait()         // says that it was killed
}

// restart runs the program again, at the same address.
func (p *process) restart() {
	p.t.Helper()
	p.env = append(p.env, "FAQBOT_LISTEN="+strings.TrimPrefix(p.url, "http://"))
	p.run()
}

// window is a page in the browser, with what went wrong in it.
type window struct {
	t    *testing.T
	page *rod.Page
	// chat is the page of the chat: a frame in the page, or the page itself.
	chat *rod.Page

	mu       sync.Mutex // guards problems
	problems []string
}

// profile returns a browser that knows nothing yet.
func (s *stage) profile(t *testing.T) *rod.Browser {
	t.Helper()
	b, err := s.browser.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proto.TargetDisposeBrowserContext{BrowserContextID: b.BrowserContextID}.Call(s.browser) })
	return b
}

// traps note what must never happen: script of others that runs, and anything the
// policy of the page refuses.
const traps = `
window.__fired = [];
window.__xss = (what) => { window.__fired.push('ran ' + what) };
for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = (what) => { window.__fired.push(name + ' ' + what) };
document.addEventListener('securitypolicyviolation', (e) => window.__fired.push('policy ' + e.violatedDirective + ' ' + e.blockedURI));
`

// blank opens an empty page of the size.
func blank(t *testing.T, b *rod.Browser, width, height int) *window {
	t.Helper()
	page, err := b.Page(proto.TargetCreateTarget{NewWindow: true}) // one behind another would not be painted
	if err != nil {
		t.Fatal(err)
	}
	w := &window{t: t, page: page, chat: page}
	phone := width < 500
	w.must(page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: phone}))
	if phone {
		w.must(proto.EmulationSetTouchEmulationEnabled{Enabled: true}.Call(page))
	}
	_, err = page.EvalOnNewDocument(traps)
	w.must(err)
	w.listen()
	t.Cleanup(func() {
		if t.Failed() {
			w.shoot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
			t.Logf("the chat shows:\n%s\nproblems: %q", w.bodyText(), w.troubles())
		}
	})
	return w
}

// listen notes errors of scripts and of the console.
func (w *window) listen() {
	w.must(proto.LogEnable{}.Call(w.page))
	w.must(proto.RuntimeEnable{}.Call(w.page))
	wait := w.page.EachEvent(
		func(e *proto.RuntimeExceptionThrown) {
			w.note("exception: " + e.ExceptionDetails.Text + e.ExceptionDetails.Exception.Description)
		},
		func(e *proto.RuntimeConsoleAPICalled) {
			if e.Type == proto.RuntimeConsoleAPICalledTypeError || e.Type == proto.RuntimeConsoleAPICalledTypeWarning {
				text := "console:"
				for _, arg := range e.Args {
					text += " " + arg.Value.String() + arg.Description
				}
				w.note(text)
			}
		},
		func(e *proto.LogEntryAdded) {
			if e.Entry.Level == proto.LogLogEntryLevelError {
				w.note("log: " + e.Entry.Text + " " + e.Entry.URL)
			}
		},
	)
	go wait()
}

func (w *window) note(problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, problem)
}

// forget drops what was noted so far.
func (w *window) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = nil
}

func (w *window) troubles() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.problems...)
}

// flawless fails the test if a script failed, the console complained, or one of
// the traps fired.
func (w *window) flawless() {
	w.t.Helper()
	for _, p := range w.troubles() {
		w.t.Errorf("in the browser: %s", p)
	}
	w.untrapped()
}

// untrapped fails the test if one of the traps fired.
func (w *window) untrapped() {
	w.t.Helper()
	for _, page := range []*rod.Page{w.page, w.chat} {
		if fired := w.eval(page, `() => window.__fired.join('\n')`); fired != "" {
			w.t.Errorf("it fired: %s", fired)
		}
	}
}

func (w *window) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// eval returns the text that a function of JavaScript gives.
func (w *window) eval(page *rod.Page, js string, args ...any) string {
	w.t.Helper()
	value, err := page.Timeout(patience).Eval(js, args...)
	w.must(err)
	return value.Value.Str()
}

// wait returns when a function of JavaScript gives true in the chat.
func (w *window) wait(what, js string, args ...any) {
	w.t.Helper()
	if err := w.chat.Timeout(patience).Wait(rod.Eval(js, args...)); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// open loads a page.
func (w *window) open(address string) {
	w.t.Helper()
	page := w.page.Timeout(patience)
	w.must(page.Navigate(address))
	w.must(page.WaitLoad())
}

// visit opens the demo page and the chat on it.
func visit(t *testing.T, b *rod.Browser, p *process) *window {
	t.Helper()
	w := blank(t, b, 1280, 800)
	w.open(p.url + "/")
	w.openChat()
	return w
}

// openChat clicks on the launcher and goes into the frame.
func (w *window) openChat() {
	w.t.Helper()
	w.must(w.launcher().Timeout(patience).Click(proto.InputMouseButtonLeft, 1))
	w.enterFrame()
}

// launcher is the button that opens the chat.
func (w *window) launcher() *rod.Element {
	w.t.Helper()
	return w.inWidget("BUTTON")
}

// usable tells whether the chat can be used.
const usable = `() => document.readyState === 'complete' && !!document.querySelector('[role=combobox]')`

// enterFrame waits until the chat in the frame can be used.
func (w *window) enterFrame() {
	w.t.Helper()
	eventually(w.t, func() error {
		frame, err := w.inWidget("IFRAME").Frame()
		if err != nil {
			return err
		}
		value, err := frame.Timeout(patience).Eval(usable)
		if err == nil && !value.Value.Bool() {
			err = errors.New("the chat in the frame does not get ready")
		}
		w.chat = frame
		return err
	})
}

// ready waits until the chat can be used.
func (w *window) ready() {
	w.t.Helper()
	w.wait("the chat opens", usable)
}

// inWidget finds an element of the widget, whose tree is closed to scripts.
func (w *window) inWidget(name string) *rod.Element {
	w.t.Helper()
	var found *rod.Element
	eventually(w.t, func() error {
		root, err := proto.DOMGetDocument{Depth: ptr(-1), Pierce: true}.Call(w.page)
		if err != nil {
			return err
		}
		node := inShadow(root.Root, name, false)
		if node == nil {
			return fmt.Errorf("the widget has no %s", name)
		}
		found, err = w.page.ElementFromNode(&proto.DOMNode{BackendNodeID: node.BackendNodeID})
		return err
	})
	return found
}

// inShadow returns the first node with the name below a shadow root.
func inShadow(node *proto.DOMNode, name string, inside bool) *proto.DOMNode {
	if inside && node.NodeName == name {
		return node
	}
	for _, child := range node.ShadowRoots {
		if found := inShadow(child, name, true); found != nil {
			return found
		}
	}
	for _, child := range node.Children {
		if found := inShadow(child, name, inside); found != nil {
			return found
		}
	}
	return nil
}

// see waits until the list of messages shows the text.
func (w *window) see(text string) {
	w.t.Helper()
	w.wait("see "+text, `(text) => (document.querySelector('[role=log]')?.innerText ?? '').includes(text)`, text)
}

// seeAnywhere waits until the chat shows the text, in the list or not.
func (w *window) seeAnywhere(text string) {
	w.t.Helper()
	w.wait("see "+text, `(text) => document.body.innerText.includes(text)`, text)
}

// bodyText is what the chat shows.
func (w *window) bodyText() string {
	value, err := w.chat.Timeout(patience).Eval(`() => document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return value.Value.Str()
}

// find waits for an element of the chat whose text matches.
func (w *window) find(selector, text string) *rod.Element {
	w.t.Helper()
	if text == "" {
		text = "^" // any
	}
	e, err := w.chat.Timeout(patience).ElementR(selector, text)
	if err != nil {
		w.t.Fatalf("find %s with %q: %v", selector, text, err)
	}
	return e
}

// tap clicks on an element of the chat, the last one whose text is the given.
func (w *window) tap(selector, text string) {
	w.t.Helper()
	e, err := w.chat.Timeout(patience).ElementByJS(rod.Eval(`(selector, text) => {
		const all = [...document.querySelectorAll(selector)].filter((e) => !e.disabled && (text === '' || e.innerText.trim() === text))
		return all[all.length - 1] ?? null
	}`, selector, text))
	if err != nil {
		w.t.Fatalf("tap %s %q: %v", selector, text, err)
	}
	w.must(e.Timeout(patience).Click(proto.InputMouseButtonLeft, 1))
}

func (w *window) field() *rod.Element {
	w.t.Helper()
	return w.find("[role=combobox]", "")
}

// write types into the field without sending.
func (w *window) write(text string) {
	w.t.Helper()
	w.must(w.field().Timeout(patience).Input(text))
}

func (w *window) press(key input.Key) {
	w.t.Helper()
	w.must(w.page.Keyboard.Type(key))
}

// ask sends a question.
func (w *window) ask(text string) {
	w.t.Helper()
	w.write(text)
	w.press(input.Enter)
}

// fill writes into the field with the label.
func (w *window) fill(label, text string) {
	w.t.Helper()
	e, err := w.chat.Timeout(patience).ElementByJS(rod.Eval(`(label) =>
		[...document.querySelectorAll('label')].filter((l) => l.innerText.includes(label)).map((l) => l.control).filter(Boolean).pop() ?? null`, label))
	if err != nil {
		w.t.Fatalf("find the field %s: %v", label, err)
	}
	e = e.Timeout(patience)
	w.must(e.SelectAllText()) // what is there is replaced
	w.must(e.Input(text))
}

// shown returns what the list of messages shows.
func (w *window) shown() string {
	w.t.Helper()
	return w.eval(w.chat, `() => document.querySelector('[role=log]').innerText`)
}

// shoot writes what the page shows to a file, if the tests were told to.
func (w *window) shoot(name string) {
	if !*takeScreenshots {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	page := w.page.Context(ctx)
	// What moves once comes to rest; what moves for ever is not waited for.
	for _, p := range []*rod.Page{page, w.chat.Context(ctx)} {
		_, _ = p.Eval(`() => Promise.all(document.getAnimations()
			.filter((a) => a.effect.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => 0)))`)
	}
	data, err := page.Screenshot(false, nil)
	if err == nil {
		err = os.MkdirAll(screenshotDir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(screenshotDir, name+".png"), data, 0o644)
	}
	if err != nil {
		w.t.Logf("no screenshot %s: %v", name, err)
	}
}

// stored returns what is stored of the only conversation that visitors of a
// database had.
func stored(t *testing.T, db string) (bot.Conversation, []bot.Message) {
	t.Helper()
	store := conversations(t, db)
	var all []bot.Conversation
	if err := store.Conversations(t.Context(), func(c bot.Conversation) error { all = append(all, c); return nil }); err != nil || len(all) != 1 {
		t.Fatalf("%d conversations, %v", len(all), err)
	}
	messages, err := store.After(t.Context(), all[0].ID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all[0], messages
}

// textsOf returns what visitors sent of a kind.
func textsOf(messages []bot.Message, kind bot.MessageKind) (texts []string) {
	for _, m := range messages {
		if m.Author == bot.FromVisitor && m.Kind == kind {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// orderly checks that each of the texts is there once, in this order.
func orderly(t *testing.T, where, shown string, texts []string) {
	t.Helper()
	at := -1
	for _, text := range texts {
		if n := strings.Count(shown, text); n != 1 {
			t.Errorf("%s: %q is there %d times", where, text, n)
		}
		next := strings.Index(shown, text)
		if next < at {
			t.Errorf("%s: %q is not in its place", where, text)
		}
		at = next
	}
	if t.Failed() {
		t.Logf("%s:\n%s", where, shown)
	}
}
