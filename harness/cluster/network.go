package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Interfaces of a pod: see joinAndStart.
const (
	clientInterface = "eth0"
	insideInterface = "eth1"
)

// A Party is one end of what is cut or disturbed: a node, or all clients.
type Party struct {
	Node    int  // its id; ignored for clients
	Clients bool // everybody on this machine who uses the published ports
}

// Trouble is something wrong with the network, until it heals.
type Trouble struct {
	Began time.Time // when the first rule stood
	At    time.Time // when the last rule stood

	cluster *Cluster
	rules   map[*Node][]string
	healing sync.Mutex
	healed  bool
}

// Cut drops every packet between each party of a and each of b, in both
// directions and without a word to the sender, from Trouble.At until it heals.
// Open connections stay and hang, as in a network that has fallen apart.
//
// Between nodes packets are dropped where they arrive, so that to the sender they
// look sent. Towards clients they are dropped where they leave, because the
// clients' side is not ours: there the sender's TCP waits with a probe timer
// instead of a retransmission timer, which runs alike.
func (c *Cluster) Cut(ctx context.Context, a, b []Party) (*Trouble, error) {
	return c.disturb(ctx, a, b, "-j DROP")
}

// Degrade loses packets between each party of a and each of b, each packet with
// probability loss and independently in each direction; with an empty b it does so
// between a and all others, clients included. A delay is refused: it would take
// netem, which the kernels of small virtual machines tend not to have.
func (c *Cluster) Degrade(ctx context.Context, a, b []Party, delay, jitter time.Duration, loss float64) (*Trouble, error) {
	if delay > 0 || jitter > 0 {
		return nil, errors.New("a network delay cannot be made: it takes the kernel's netem, which is not used here")
	}
	if loss <= 0 || loss > 1 {
		return nil, fmt.Errorf("a loss of %v is not a probability above 0", loss)
	}
	if len(b) == 0 {
		b = c.others(a)
	}
	return c.disturb(ctx, a, b, "-m statistic --mode random --probability "+strconv.FormatFloat(loss, 'f', -1, 64)+" -j DROP")
}

// others is everybody who is not in a.
func (c *Cluster) others(a []Party) []Party {
	rest := []Party{{Clients: true}}
	for _, n := range c.nodes {
		if p := (Party{Node: n.member.id}); !slices.Contains(a, p) {
			rest = append(rest, p)
		}
	}
	return rest
}

// disturb puts up rules for what passes between a and b.
func (c *Cluster) disturb(ctx context.Context, a, b []Party, verdict string) (*Trouble, error) {
	if err := c.needTools(); err != nil {
		return nil, err
	}
	rules, err := c.rulesBetween(a, b, verdict)
	if err != nil {
		return nil, err
	}
	t := &Trouble{cluster: c, rules: rules}
	t.Began, t.At, err = c.apply(ctx, rules, "-A")
	if err != nil {
		_, healing := t.Heal(context.WithoutCancel(ctx))
		return nil, errors.Join(err, healing)
	}
	return t, nil
}

// needTools refuses what takes tools that are not there.
func (c *Cluster) needTools() error {
	if c.options.Image.Tools {
		return nil
	}
	return fmt.Errorf("the image %s has no tools to disturb a network, and no other image with them is there; `make kafka-image` builds one", c.options.Image.Sidecar)
}

// rulesBetween are the rules of each namespace for the packets between a and b,
// without what adds or deletes them.
func (c *Cluster) rulesBetween(a, b []Party, verdict string) (map[*Node][]string, error) {
	rules := make(map[*Node][]string)
	for _, p := range a {
		for _, q := range b {
			if p.Clients {
				p, q = q, p
			}
			if p.Clients || p == q {
				continue
			}
			if err := c.rulesOfPair(rules, p, q, verdict); err != nil {
				return nil, err
			}
		}
	}
	return rules, nil
}

// rulesOfPair adds the rules for the packets between a node and a node or the
// clients, those that are not there yet.
func (c *Cluster) rulesOfPair(rules map[*Node][]string, p, q Party, verdict string) error {
	add := func(n *Node, match string) {
		if rule := match + " " + verdict; !slices.Contains(rules[n], rule) {
			rules[n] = append(rules[n], rule)
		}
	}
	one, ok := c.Node(p.Node)
	if !ok {
		return fmt.Errorf("there is no node %d", p.Node)
	}
	if q.Clients {
		add(one, "INPUT -i "+clientInterface)
		add(one, "OUTPUT -o "+clientInterface)
		return nil
	}
	other, ok := c.Node(q.Node)
	if !ok {
		return fmt.Errorf("there is no node %d", q.Node)
	}
	add(one, fmt.Sprintf("INPUT -s %v", address(c.layout.inside, q.Node)))
	add(other, fmt.Sprintf("INPUT -s %v", address(c.layout.inside, p.Node)))
	return nil
}

// apply adds (-A) or deletes (-D) rules: all of a namespace at once, all
// namespaces at the same time. It says when the first and the last stood, by this
// machine's clock.
func (c *Cluster) apply(ctx context.Context, rules map[*Node][]string, action string) (first, last time.Time, err error) {
	var mu sync.Mutex
	err = each(c.nodes, func(n *Node) error {
		if len(rules[n]) == 0 {
			return nil
		}
		at, err := n.filter(ctx, rules[n], action)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
		return nil
	})
	return first, last, err
}

// filter changes the rules of a pod's namespace in one step and says when that
// was done: containers share this machine's clock.
func (n *Node) filter(ctx context.Context, rules []string, action string) (time.Time, error) {
	var table strings.Builder
	table.WriteString("*filter\n")
	for _, rule := range rules {
		table.WriteString(action + " " + rule + "\n")
	}
	table.WriteString("COMMIT\n")
	asked, cancel := lasting(ctx)
	defer cancel()
	out, err := n.cluster.engine.Exec(asked, n.pod, "sh", "-c", `printf %s "$1" | iptables-restore -w 5 -n && date +%s%N`, "sh", table.String())
	if err != nil {
		return time.Time{}, fmt.Errorf("the packet filter of %s cannot be changed: %w", n, err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the packet filter of %s was changed, nobody knows when: %w", n, err)
	}
	return time.Unix(0, ns), nil
}

// Heal takes the rules away and says when the last was gone. Healing again does
// nothing.
func (t *Trouble) Heal(ctx context.Context) (time.Time, error) {
	t.healing.Lock()
	defer t.healing.Unlock()
	if t.healed {
		return time.Time{}, nil
	}
	_, last, err := t.cluster.apply(ctx, t.rules, "-D")
	if err != nil {
		return time.Time{}, err
	}
	t.healed = true
	return last, nil
}

// LoseHost takes the whole machine of a node away: from one instant on no packet
// reaches it or leaves it, and then its process is killed unheard. Peers and
// clients that try to connect hang. What the node had written stays: the page
// cache of a machine that is really lost cannot be taken away here. The instant is
// the one at which the last packet could pass.
func (n *Node) LoseHost(ctx context.Context) (time.Time, error) {
	if err := n.cluster.needTools(); err != nil {
		return time.Time{}, err
	}
	n.mu.Lock()
	lost := n.lost
	n.mu.Unlock()
	if lost {
		return time.Time{}, fmt.Errorf("the host of %s is away already", n)
	}
	at, err := n.filter(ctx, hostRules(), "-I")
	if err != nil {
		return time.Time{}, err
	}
	n.mu.Lock()
	n.lost = true
	n.mu.Unlock()
	if _, err := n.Kill(ctx); err != nil && n.Running() {
		return time.Time{}, err
	}
	return at, nil
}

// ReturnHost gives the machine its address back and starts Kafka on it.
func (n *Node) ReturnHost(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.lost {
		return time.Time{}, fmt.Errorf("the host of %s is not away", n)
	}
	if _, err := n.filter(ctx, hostRules(), "-D"); err != nil {
		return time.Time{}, err
	}
	n.lost = false
	return n.startLocked(ctx)
}

// hostRules drop all that enters or leaves a namespace.
func hostRules() []string {
	return []string{"INPUT ! -i lo -j DROP", "OUTPUT ! -o lo -j DROP"}
}
