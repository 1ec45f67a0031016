package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// Labels of everything that belongs to a cluster.
const (
	runLabel   = "kafkasim.run"   // the cluster's own random name
	ownerLabel = "kafkasim.owner" // the process that started it
	nodeLabel  = "kafkasim.node"  // the node's id
)

// tries bounds how often another free port or subnet is taken when one turns out
// to be in use.
const tries = 20

// lasting is a context for making and removing things: what was asked of the
// engine is done whether or not the caller still waits, so its answer, with the
// name of what was made, must not be lost to a cancellation.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}

// labels are those of a thing of this cluster.
func (c *Cluster) labels() map[string]string {
	return map[string]string{runLabel: c.run, ownerLabel: c.owner.String()}
}

// makeNetworks makes the two networks. The one for brokers and controllers has no
// way out, so that published ports can only lead through the other.
func (c *Cluster) makeNetworks(ctx context.Context) error {
	for i, part := range []string{"clients", "inside"} {
		subnet, id, err := c.makeNetwork(ctx, part, part == "inside")
		if err != nil {
			return fmt.Errorf("the network for %s cannot be made: %w", part, err)
		}
		c.nets[i] = id
		if part == "clients" {
			c.layout.clients = subnet
		} else {
			c.layout.inside = subnet
		}
	}
	return nil
}

// makeNetwork tries subnets of 10.213.0.0/16 until one overlaps with no other
// network, beginning at random so that two clusters seldom want the same.
func (c *Cluster) makeNetwork(ctx context.Context, part string, internal bool) (netip.Prefix, string, error) {
	first := randomBytes(1)[0]
	var last error
	for i := range tries {
		if ctx.Err() != nil {
			return netip.Prefix{}, "", ctx.Err()
		}
		subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 213, first + byte(i), 0}), 24)
		asked, cancel := lasting(ctx)
		made, err := c.engine.Docker().NetworkCreate(asked, c.name(part), client.NetworkCreateOptions{
			Driver: "bridge", Internal: internal, Labels: c.labels(),
			IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet, Gateway: gateway(subnet)}}},
		})
		cancel()
		if err == nil {
			return subnet, made.ID, nil
		}
		if last = err; !engine.SubnetTaken(err) {
			break
		}
	}
	return netip.Prefix{}, "", engine.Explain(last)
}

// makePod starts a node's sidecar, with another port when the first is taken.
func (n *Node) makePod(ctx context.Context) error {
	var last error
	for range tries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		n.member.port = port
		last = n.trySidecar(ctx)
		if last == nil {
			return nil
		}
		if !engine.PortTaken(last) {
			break
		}
	}
	return fmt.Errorf("the pod of %s cannot be made: %w", n, engine.Explain(last))
}

// trySidecar makes and starts the sidecar on the port chosen; after a failure it
// is removed again.
func (n *Node) trySidecar(ctx context.Context) error {
	c := n.cluster
	ctx, cancel := lasting(ctx)
	defer cancel()
	port := network.MustParsePort(strconv.Itoa(clientPort) + "/tcp")
	config := &container.Config{
		Image: c.options.Image.Sidecar, User: "0:0", Hostname: n.member.name(), Labels: n.labels(),
		Entrypoint: []string{"sleep", "2147483647"}, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	host := n.hostConfig()
	host.CapAdd = []string{"NET_ADMIN"}
	if n.member.broker {
		config.ExposedPorts = network.PortSet{port: {}}
		host.PortBindings = network.PortMap{port: {{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), HostPort: strconv.Itoa(n.member.port)}}}
	}
	host.NetworkMode = container.NetworkMode(c.nets[0])
	made, err := c.engine.Docker().ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: c.name(n.member.name() + "-pod"), Config: config, HostConfig: host,
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			c.nets[0]: {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address(c.layout.clients, n.member.id)}},
		}},
	})
	if err != nil {
		return err
	}
	n.pod = made.ID
	err = n.joinAndStart(ctx)
	if err != nil {
		_, _ = c.engine.Docker().ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true}) // Close tries again
	}
	return err
}

// joinAndStart starts the sidecar and then joins it to the second network: in
// this order the interfaces are eth0 for clients and eth1 for the inside.
func (n *Node) joinAndStart(ctx context.Context) error {
	c := n.cluster
	if _, err := c.engine.Docker().ContainerStart(ctx, n.pod, client.ContainerStartOptions{}); err != nil {
		return err
	}
	_, err := c.engine.Docker().NetworkConnect(ctx, c.nets[1], client.NetworkConnectOptions{
		Container:      n.pod,
		EndpointConfig: &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address(c.layout.inside, n.member.id)}},
	})
	if err != nil {
		return err
	}
	answer, err := c.engine.Docker().ContainerInspect(ctx, n.pod, client.ContainerInspectOptions{})
	if err != nil || answer.Container.State == nil {
		return err
	}
	if process, pid := processOf(answer.Container.State.Pid, n.pod); process != nil {
		n.podPID = pid
		_ = process.Release()
	}
	return nil
}

// makeKafka makes the container that Kafka runs in, and starts it.
func (n *Node) makeKafka(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := n.createKafka(ctx); err != nil {
		return fmt.Errorf("the container of %s cannot be made: %w", n, engine.Explain(err))
	}
	if _, err := n.Start(ctx); err != nil {
		return err
	}
	return nil
}

// createKafka makes the container and puts its files into it.
func (n *Node) createKafka(ctx context.Context) error {
	c := n.cluster
	ctx, cancel := lasting(ctx)
	defer cancel()
	elr := "0"
	if c.layout.spec.ELR {
		elr = "1"
	}
	command := append([]string{filesDirectory + "/start.sh", c.id, release(c.layout.spec.Version), elr}, c.java(n.member.broker)...)
	host := n.hostConfig()
	host.NetworkMode = container.NetworkMode("container:" + n.pod)
	made, err := c.engine.Docker().ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: c.name(n.member.name()),
		Config: &container.Config{
			Image: c.options.Image.Name, User: "0:0", Labels: n.labels(),
			Entrypoint: []string{"/bin/sh"}, Cmd: command, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		},
		HostConfig: host,
	})
	if err != nil {
		return err
	}
	n.kafka = made.ID
	return c.engine.Upload(ctx, n.kafka, []engine.File{
		{Path: filesDirectory + "/start.sh", Content: startScript},
		{Path: filesDirectory + "/log4j2.properties", Content: logSettings},
		{Path: filesDirectory + "/server.properties", Content: c.layout.properties(n.member)},
	})
}

// hostConfig is what both containers of a pod have: the node's volume, which the
// engine makes for the first of them, and logs that can be read back whatever the
// engine's default is.
//
// The volume is in memory, and stays as long as the pod does. On the one disk of a
// machine all brokers, controllers and clients would wait for each other's fsyncs,
// which brokers on machines of their own do not: a record is acknowledged from the
// page cache.
func (n *Node) hostConfig() *container.HostConfig {
	volume := mount.Mount{
		Type: mount.TypeVolume, Source: n.cluster.name(n.member.name()), Target: stateDirectory,
		VolumeOptions: &mount.VolumeOptions{
			NoCopy: true, Labels: n.labels(),
			DriverConfig: &mount.Driver{Name: "local", Options: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}},
		},
	}
	return &container.HostConfig{
		Mounts:    []mount.Mount{volume},
		LogConfig: container.LogConfig{Type: "json-file"},
	}
}

// labels are those of a node's containers.
func (n *Node) labels() map[string]string {
	labels := n.cluster.labels()
	labels[nodeLabel] = strconv.Itoa(n.member.id)
	return labels
}

// freePort is a port of the loopback that nobody listens on now. Somebody may
// take it before it is used.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("no free port on the loopback: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil || !ok {
		return 0, fmt.Errorf("no free port on the loopback: %w", err)
	}
	return address.Port, nil
}

// acceptsWithoutListener finds out who publishes the ports, before any broker
// listens: only a proxy accepts then.
func (c *Cluster) acceptsWithoutListener(ctx context.Context) bool {
	dialer := net.Dialer{Timeout: time.Second}
	for _, n := range c.nodes {
		if !n.member.broker {
			continue
		}
		conn, err := dialer.DialContext(ctx, "tcp4", n.Address())
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	}
	return false
}
