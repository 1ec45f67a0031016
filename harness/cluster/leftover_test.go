package cluster

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// named lists the volumes, networks and containers that are called as a
// cluster's are, whatever their labels.
func named(t *testing.T, c *Cluster) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	named := make(client.Filters).Add("name", c.name(""))
	volumes, err := c.engine.Docker().VolumeList(ctx, client.VolumeListOptions{Filters: named})
	if err != nil {
		t.Fatal(err)
	}
	networks, err := c.engine.Docker().NetworkList(ctx, client.NetworkListOptions{Filters: named})
	if err != nil {
		t.Fatal(err)
	}
	containers, err := c.engine.Docker().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: named})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range volumes.Items {
		names = append(names, volumes.Items[i].Name)
	}
	for i := range networks.Items {
		names = append(names, networks.Items[i].Name)
	}
	for i := range containers.Items {
		names = append(names, containers.Items[i].Names...)
	}
	return names
}

// ours lists what this process has on the engine.
func ours(t *testing.T, e *engine.Engine) *belongings {
	t.Helper()
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	found, err := list(context.WithoutCancel(t.Context()), e, ownerLabel+"="+me.String())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRealStartThatFailsLeavesNothing(t *testing.T) {
	o := realKafka(t)
	o.JavaOptions = []string{"-XX:NoSuchOption"}
	_, err := Start(t.Context(), parse(t, `{brokers: 1}`), 0, o)
	if err == nil || !strings.Contains(err.Error(), "did not start; its last lines are") || !strings.Contains(err.Error(), "NoSuchOption") {
		t.Errorf("a broker that cannot start: %v", err)
	}
	if left := ours(t, o.Engine); !left.empty() {
		t.Errorf("left behind: %+v", left)
	}
	o.JavaOptions, o.Patience = nil, time.Second
	_, err = Start(t.Context(), parse(t, `{brokers: 1}`), 0, o)
	if err == nil || !strings.Contains(err.Error(), "the cluster was not ready within 1s") {
		t.Errorf("a cluster that takes too long: %v", err)
	}
	if left := ours(t, o.Engine); !left.empty() {
		t.Errorf("left behind: %+v", left)
	}
}

// TestRealStartThatIsCancelledLeavesNothing ends the wait in each of its phases:
// while networks, pods and containers are made, and while Kafka starts.
func TestRealStartThatIsCancelledLeavesNothing(t *testing.T) {
	o := realKafka(t)
	for _, after := range []int{50, 200, 400, 800, 1600} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(after)*time.Millisecond)
		_, err := Start(ctx, parse(t, `{brokers: 2}`), 0, o)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %d ms: %v", after, err)
		}
		if left := ours(t, o.Engine); !left.empty() {
			t.Errorf("after %d ms left behind: %+v", after, left)
		}
	}
}

func TestRealSweepTakesOnlyWhatIsLeftOver(t *testing.T) {
	o := realKafka(t)
	child := exec.CommandContext(t.Context(), "true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	dead, err := self()
	if err != nil {
		t.Fatal(err)
	}
	alive := dead
	dead.pid, dead.start = strconv.Itoa(child.Process.Pid), "1"
	clusters := make([]*Cluster, 2)
	for i, who := range []owner{alive, dead} {
		c := paper(t)
		c.engine, c.options, c.owner, c.run = o.Engine, o, who, randomHex(4)
		clusters[i] = c
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := c.makeNetworks(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.nodes[0].makePod(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Engine.Docker().ContainerPause(t.Context(), clusters[1].nodes[0].pod, client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(t.Context(), o.Engine, o.Log); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{4, 0} { // a container, two networks and a volume
		found, err := list(t.Context(), o.Engine, runLabel+"="+clusters[i].run)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(found.containers) + len(found.networks) + len(found.volumes); got != want {
			t.Errorf("%d things of cluster %d are there after the sweep, want %d", got, i, want)
		}
	}
}

// TestRealPortsAndSubnetsThatAreTaken shows that the engine's words for both are
// understood, as another try depends on it.
func TestRealPortsAndSubnetsThatAreTaken(t *testing.T) {
	o := realKafka(t)
	c := paper(t)
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	c.engine, c.options, c.owner, c.run = o.Engine, o, me, randomHex(4)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left := named(t, c); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	if err := c.makeNetworks(t.Context()); err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	taken, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n := c.nodes[0]
	n.member.port = int(taken.Port())
	if err := n.trySidecar(t.Context()); !engine.PortTaken(err) {
		t.Errorf("a port that this process listens on: %v", err)
	}
	asked, err := o.Engine.Docker().NetworkInspect(t.Context(), c.nets[0], client.NetworkInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Engine.Docker().NetworkCreate(t.Context(), c.name("again"), client.NetworkCreateOptions{Labels: c.labels(), IPAM: &asked.Network.IPAM})
	if !engine.SubnetTaken(err) {
		t.Errorf("a subnet that another network has: %v", err)
	}
}
