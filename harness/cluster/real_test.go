package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"kafkasim/harness/image/imagetest"
)

// realKafka is an engine and an image to run Kafka from, for one test at a time on
// this machine.
func realKafka(t *testing.T) Options {
	t.Helper()
	e, found := imagetest.RealKafka(t)
	release, err := Exclusive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return Options{Engine: e, Image: found, Log: words{t}}
}

// words sends what is said to a test's log.
type words struct{ t *testing.T }

func (w words) Write(text []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(text)))
	return len(text), nil
}

// running is a cluster that is ready, and closed at the end.
func running(t *testing.T, cluster string, o Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), parse(t, cluster), 0, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestRealCluster takes one cluster through everything that can be done to it.
// The short session timeout shows that the scenario's settings reach Kafka, and
// saves waiting: a broker that was killed comes back when its session is over.
func TestRealCluster(t *testing.T) {
	o := realKafka(t)
	c := running(t, `{brokers: 3, controllers: 1, racks: 3, config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500}}`, o)
	s := &site{T: t, c: c}
	s.checkMembers()
	s.checkFeature(1)
	s.checkUsage()
	s.checkKillAndStart()
	s.checkPause()
	s.checkCuts()
	s.checkLoss()
	s.checkLostHost()
	s.checkShutdownAndLostData()
	s.checkMetadataLog()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.checkNothingLeft()
	if err := c.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// TestRealCombinedMode runs the smallest cluster, without eligible leader replicas.
func TestRealCombinedMode(t *testing.T) {
	c := running(t, `{brokers: 1, controllers: 0, features: {eligible_leader_replicas: false}}`, realKafka(t))
	s := &site{T: t, c: c}
	n := s.node(1)
	if !n.Broker() || !n.Controller() || len(c.Nodes()) != 1 {
		t.Errorf("%s: broker %v, controller %v, of %d nodes", n, n.Broker(), n.Controller(), len(c.Nodes()))
	}
	s.checkFeature(0)
}

// site is a test with a cluster.
type site struct {
	*testing.T

	c *Cluster
}

func (s *site) node(id int) *Node {
	s.Helper()
	n, ok := s.c.Node(id)
	if !ok {
		s.Fatalf("there is no node %d", id)
	}
	return n
}

// did fails the test unless an action worked, and at an instant that can be.
func (s *site) did(what string, before time.Time, at time.Time, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
	// The engine and the containers have this machine's clock; reading it and
	// rounding may differ by less than a millisecond.
	if now := time.Now(); at.Before(before.Add(-time.Millisecond)) || at.After(now.Add(time.Millisecond)) {
		s.Errorf("%s took effect at %v, and was asked for between %v and %v", what, at, before, now)
	}
}

func (s *site) ready() {
	s.Helper()
	if err := s.c.AwaitReady(s.Context(), time.Minute); err != nil {
		s.Fatal(err)
	}
}

// dial tries a connection to a broker from this machine, as clients do.
func (s *site) dial(n *Node) error {
	dialer := net.Dialer{Timeout: 500 * time.Millisecond}
	conn, err := dialer.DialContext(s.Context(), "tcp4", n.Address())
	if err == nil {
		err = conn.Close()
	}
	return err
}

// silent reports whether a connection was neither accepted nor refused in time.
func silent(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// reach tries a connection from one node to another's port: "open", "refused" or
// "silence".
func (s *site) reach(from, to *Node, port int) string {
	s.Helper()
	target := fmt.Sprintf("/dev/tcp/%v/%d", address(s.c.layout.inside, to.ID()), port)
	out, err := s.c.engine.Exec(s.Context(), from.pod, "bash", "-c", `timeout 0.5 bash -c "exec 3<>`+target+`" 2>&1; echo $?`)
	if err != nil {
		s.Fatal(err)
	}
	text := strings.TrimSpace(string(out))
	switch {
	case text == "0":
		return "open"
	case strings.Contains(text, "refused"):
		return "refused"
	case strings.HasSuffix(text, "124"): // timeout(1)
		return "silence"
	}
	return text
}

func (s *site) wantReach(from, to *Node, port int, want string) {
	s.Helper()
	if got := s.reach(from, to, port); got != want {
		s.Errorf("from %s to %s: %s, want %s", from, to, got, want)
	}
}

// log is what a node has written.
func (s *site) log(n *Node) string {
	s.Helper()
	text, err := n.Logs(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if !beginsWithStamp(line) {
			s.Fatalf("a line of the log of %s without an instant: %q", n, line)
		}
	}
	return string(text)
}
