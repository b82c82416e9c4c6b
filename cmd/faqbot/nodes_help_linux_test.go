package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"faqbot/knowledge/kbtest/pgtest"
)

// node is the program as a process with a network of its own, joined to this one
// by a cable. Database and bus are behind relays at the other end. The network
// ends with the process, and the process with the test.
type node struct {
	*process
	database *relay
}

// cluster is nodes over one database, behind a balancer.
type cluster struct {
	t     *testing.T
	dsn   string
	nodes []*node
	front *relay
}

// Ports of a node and of what it finds at the other end of its cable.
const (
	nodePort     = "8080"
	databasePort = "5432"
	busPort      = "4222"
)

// needNetworks skips the test where no networks can be made.
func needNetworks(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"ip", "nsenter", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("nodes with networks of their own are not tested: %v", err)
		}
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := cmd.Run(); err != nil {
		t.Skipf("nodes with networks of their own are not tested: a network cannot be made here, which takes root: %v", err)
	}
}

// newCluster starts nodes with the knowledge and the rules.
func newCluster(t *testing.T, binary, knowledge, rules string, count int) *cluster {
	t.Helper()
	c := &cluster{t: t, dsn: pgtest.DSN(t)}
	ok(t, "import", "--db", c.dsn, fileOf(t, "kb.jsonl", knowledge))
	settings := []string{
		"FAQBOT_CHAT_RULES=" + fileOf(t, "rules.yaml", rules), "FAQBOT_SECRETS_KEY=" + filepath.Join(t.TempDir(), "secrets.key"),
		"FAQBOT_LIMITS_NETWORK=0", "FAQBOT_CONSOLE_HTTPS=off", "FAQBOT_ADMIN_LISTEN=off",
	}
	c.front = newRelay(t, "127.0.0.1:0")
	block := rand.IntN(1 << 13) // of 16 addresses in 198.18.0.0/15, which is for tests of networks
	for i := range count {
		n := c.start(binary, block<<4+i<<2, settings)
		c.nodes = append(c.nodes, n)
		c.front.add(n.host())
	}
	return c
}

// start starts a node whose four addresses begin at the number.
func (c *cluster) start(binary string, number int, settings []string) *node {
	c.t.Helper()
	address := func(i int) string { return fmt.Sprintf("198.%d.%d.%d", 18+number>>16, number>>8&255, number&255+i) }
	here, there := address(1), address(2)
	n := &node{process: &process{t: c.t, binary: binary, db: c.dsn, log: newStream()}}
	n.env = append([]string{
		"HOME=" + c.t.TempDir(), "FAQBOT_LISTEN=" + there + ":" + nodePort, "FAQBOT_DATABASE=" + moved(c.t, c.dsn, here+":"+databasePort),
	}, settings...)
	bus := os.Getenv("FAQBOT_TEST_NATS")
	if bus != "" {
		n.env = append(n.env, "FAQBOT_BUS="+moved(c.t, bus, here+":"+busPort))
	}
	cmd := exec.Command("sh", "-c", `read -r _ && exec "$0" serve`, binary) // once the cable is there
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	ready, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	printed := n.begin(cmd)
	c.t.Cleanup(func() {
		n.kill()
		if c.t.Failed() {
			c.t.Logf("log of the node %s:\n%s", there, n.log)
		}
	})
	n.wire(fmt.Sprintf("faqbot%05x", number), here, there)
	n.database = newRelay(c.t, here+":"+databasePort, hostOf(c.t, c.dsn))
	if bus != "" {
		newRelay(c.t, here+":"+busPort, hostOf(c.t, bus))
	}
	if _, err := io.WriteString(ready, "\n"); err != nil {
		c.t.Fatal(err)
	}
	n.await(printed)
	return n
}

// wire joins the network of the node to this one.
func (n *node) wire(cable, here, there string) {
	n.t.Helper()
	n.t.Cleanup(func() { _ = exec.Command("ip", "link", "del", cable).Run() }) // it goes with the network, but some time later
	command(n.t, "ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(n.cmd.Process.Pid))
	command(n.t, "ip", "addr", "add", here+"/30", "dev", cable)
	command(n.t, "ip", "link", "set", cable, "up")
	n.inside("ip", "addr", "add", there+"/30", "dev", "eth0")
	n.plug("up")
}

// moved is an address with another host.
func moved(t *testing.T, address, host string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = host
	return u.String()
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if text, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, text)
	}
}

// inside runs a command in the network of the node.
func (n *node) inside(args ...string) {
	n.t.Helper()
	command(n.t, "nsenter", append([]string{"-t", strconv.Itoa(n.cmd.Process.Pid), "-n"}, args...)...)
}

// plug sets the node's end of the cable up or down.
func (n *node) plug(state string) {
	n.t.Helper()
	n.inside("ip", "link", "set", "eth0", state)
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}

// host is where the node serves.
func (n *node) host() string { return hostOf(n.t, n.url) }
