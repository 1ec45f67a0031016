// Package cluster runs one real Kafka cluster in containers and breaks it on
// request.
//
// Each node is a pod of two containers. A sidecar that only sleeps holds the
// network namespace: two networks (one for clients, one for brokers and
// controllers), fixed addresses in both, and the port that is published on this
// machine's loopback. Kafka runs in the other container, as its first process, in
// the sidecar's namespace, with its data in a volume of its own. So a killed
// Kafka leaves its address behind, which refuses connections as a crashed
// process's does, and the tools that cut and disturb networks work whatever image
// Kafka comes from.
//
// Everything carries labels: what it is part of, and which process owns it. Close
// removes all of it; Start removes what dead processes left.
package cluster

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"kafkasim/harness/engine"
	"kafkasim/harness/image"
	"kafkasim/scenarios"
)

//go:embed start.sh
var startScript string

//go:embed log4j2.properties
var logSettings string

// Options say where and how a cluster runs.
type Options struct {
	Engine      *engine.Engine
	Image       image.Image
	Log         io.Writer     // words on what is going on; nil: none
	JavaOptions []string      // for every node's Java, after the defaults: the last word counts
	Patience    time.Duration // until the cluster is ready; 0 means 2 minutes
}

// A Cluster is a running one.
type Cluster struct {
	engine  *engine.Engine
	options Options
	layout  *layout
	run     string // in every name and label
	owner   owner
	id      string // Kafka's cluster id
	nodes   []*Node
	nets    [2]string // ids of the networks: clients, inside
	proxied bool

	closing sync.Mutex
	closed  bool
}

// Start runs the cluster spec.Clusters[which] and returns when every controller
// has caught up, every broker is registered and unfenced, and every published
// port answers. When it fails or ctx ends, nothing is left behind. The error is
// written for people; a broker that does not start shows its last lines.
func Start(ctx context.Context, spec *scenarios.Spec, which int, o Options) (*Cluster, error) {
	lay, err := layOut(&spec.Clusters[which])
	if err != nil {
		return nil, err
	}
	if line := release(lay.spec.Version); o.Image.Kafka != "" && !strings.HasPrefix(o.Image.Kafka, line+".") {
		return nil, fmt.Errorf("the scenario is of Kafka %s and the image %s has %s; take an image of the same line", line, o.Image.Name, o.Image.Kafka)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	me, err := self()
	if err != nil {
		return nil, err
	}
	c := &Cluster{engine: o.Engine, options: o, layout: lay, owner: me, run: randomHex(4), id: randomClusterID()}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// start makes everything and waits for it.
func (c *Cluster) start(ctx context.Context) error {
	began := time.Now()
	if err := Sweep(ctx, c.engine, c.options.Log); err != nil {
		return err
	}
	if err := c.makeNetworks(ctx); err != nil {
		return err
	}
	for i := range c.layout.members {
		c.nodes = append(c.nodes, &Node{cluster: c, member: &c.layout.members[i]})
	}
	if err := each(c.nodes, func(n *Node) error { return n.makePod(ctx) }); err != nil {
		return err
	}
	c.proxied = c.acceptsWithoutListener(ctx)
	if err := each(c.nodes, func(n *Node) error { return n.makeKafka(ctx) }); err != nil {
		return err
	}
	made := time.Since(began)
	if err := c.AwaitReady(ctx, c.options.Patience); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(c.options.Log, "cluster %s of %d nodes is ready after %.1f s (containers %.1f s)\n",
		c.run, len(c.nodes), time.Since(began).Seconds(), made.Seconds())
	return nil
}

// Bootstrap is the address of every broker for clients on this machine.
func (c *Cluster) Bootstrap() []string {
	var addresses []string
	for _, n := range c.nodes {
		if n.member.broker {
			addresses = append(addresses, n.Address())
		}
	}
	return addresses
}

// Node finds a node by its id: brokers 1..n, dedicated controllers from 101 on.
func (c *Cluster) Node(id int) (*Node, bool) {
	for _, n := range c.nodes {
		if n.member.id == id {
			return n, true
		}
	}
	return nil, false
}

// Nodes lists the brokers by id, then the dedicated controllers.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Proxied reports whether a user-space proxy of the engine publishes the ports:
// such a proxy accepts connections while the broker behind it is down, which
// clients take for a broker that fails instead of one that is away (kafka.md J.10).
func (c *Cluster) Proxied() bool { return c.proxied }

// Java lists the options of the brokers' Java, for a result's provenance.
func (c *Cluster) Java() []string { return c.java(true) }

// java is Kafka's own choice of collector (kafka-run-class.sh), a heap that leaves
// room for the others, and on a small machine only the first compiler: there the
// second one would take the cores for the first half minute.
func (c *Cluster) java(broker bool) []string {
	heap := "256m"
	if broker {
		heap = "512m"
	}
	options := []string{"-Xms" + heap, "-Xmx" + heap, "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"}
	const small = 8 // cores
	if c.engine.CPUs < small {
		options = append(options, "-XX:TieredStopAtLevel=1")
	}
	return append(options, c.options.JavaOptions...)
}

// name is that of a thing of this cluster on the engine.
func (c *Cluster) name(part string) string { return "kafkasim-" + c.run + "-" + part }

// each does work for all nodes at once and joins the errors in their order.
func each(nodes []*Node, work func(*Node) error) error {
	failures := make([]error, len(nodes))
	var wait sync.WaitGroup
	for i, n := range nodes {
		wait.Go(func() { failures[i] = work(n) })
	}
	wait.Wait()
	return errors.Join(failures...)
}

// randomHex is 2n hexadecimal digits.
func randomHex(n int) string {
	return hex.EncodeToString(randomBytes(n))
}

// randomClusterID is 16 bytes in URL-safe base64, as Kafka wants it; the first
// bits keep it from beginning with a dash, which a command line would take for an
// option.
func randomClusterID() string {
	id := randomBytes(16)
	id[0] &= 0x7f
	return base64.RawURLEncoding.EncodeToString(id)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	return b
}
