package cluster

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// paper is a cluster that exists on paper only.
func paper(t *testing.T) *Cluster {
	t.Helper()
	c := &Cluster{layout: laidOut(t, `{brokers: 3, controllers: 1}`)}
	for i := range c.layout.members {
		c.nodes = append(c.nodes, &Node{cluster: c, member: &c.layout.members[i]})
	}
	return c
}

func TestProxyIsNoticed(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := paper(t)
	c.nodes[0].member.port = int(port.Port())
	if !c.acceptsWithoutListener(t.Context()) {
		t.Error("a port that accepts before a broker listens is not taken for a proxy's")
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if c.acceptsWithoutListener(t.Context()) {
		t.Error("a port that refuses is taken for a proxy's")
	}
}

func TestRulesBetweenParties(t *testing.T) {
	t.Parallel()
	one, two, controller, clients := Party{Node: 1}, Party{Node: 2}, Party{Node: 101}, Party{Clients: true}
	for _, c := range []struct {
		name string
		a, b []Party
		want map[int][]string
	}{
		{
			"a broker from a peer",
			[]Party{one},
			[]Party{two},
			map[int][]string{1: {"INPUT -s 10.213.2.12 -j DROP"}, 2: {"INPUT -s 10.213.2.11 -j DROP"}},
		},
		{
			"a broker from its clients, either way round",
			[]Party{clients},
			[]Party{one},
			map[int][]string{1: {"INPUT -i eth0 -j DROP", "OUTPUT -o eth0 -j DROP"}},
		},
		{
			"two brokers from the controller",
			[]Party{one, two},
			[]Party{controller},
			map[int][]string{
				1: {"INPUT -s 10.213.2.101 -j DROP"}, 2: {"INPUT -s 10.213.2.101 -j DROP"},
				101: {"INPUT -s 10.213.2.11 -j DROP", "INPUT -s 10.213.2.12 -j DROP"},
			},
		},
		{
			"what is on both sides is not cut from itself, nor twice from another",
			[]Party{one, two},
			[]Party{two, one},
			map[int][]string{1: {"INPUT -s 10.213.2.12 -j DROP"}, 2: {"INPUT -s 10.213.2.11 -j DROP"}},
		},
		{"clients from clients", []Party{clients}, []Party{clients}, map[int][]string{}},
	} {
		cluster := paper(t)
		rules, err := cluster.rulesBetween(c.a, c.b, "-j DROP")
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[int][]string)
		for n, r := range rules {
			got[n.ID()] = r
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if _, err := paper(t).rulesBetween([]Party{one}, []Party{{Node: 7}}, "-j DROP"); err == nil || err.Error() != "there is no node 7" {
		t.Errorf("a cut from a node that is not there: %v", err)
	}
	want := []Party{{Clients: true}, {Node: 3}, {Node: 101}}
	if diff := cmp.Diff(want, paper(t).others([]Party{one, two})); diff != "" {
		t.Errorf("all but two brokers (-want +got):\n%s", diff)
	}
}
