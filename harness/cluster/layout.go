package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kafkasim/scenarios"
)

// Ports inside a node's own network namespace.
const (
	clientPort     = 9092
	controllerPort = 9093
	internalPort   = 9094
)

// Where a node's files are in its container.
const (
	stateDirectory = "/var/lib/kafkasim" // the volume
	dataDirectory  = stateDirectory + "/data"
	filesDirectory = "/kafkasim"
)

// maxBrokers is what the addresses of one /24 hold beside the controllers, whose
// ids and last octets begin at firstController.
const (
	maxBrokers      = 90
	maxControllers  = 100
	firstController = 101
)

// layout is a cluster on paper: who runs, where, as what.
type layout struct {
	spec    *scenarios.Cluster
	clients netip.Prefix // the network on which clients reach the brokers
	inside  netip.Prefix // the network of brokers and controllers
	members []member
}

// member is one node of a layout.
type member struct {
	id         int
	broker     bool
	controller bool
	rack       string
	port       int // on this machine's loopback; 0 for a node that serves no clients
}

// layOut lists the nodes of a cluster: brokers 1..n, then dedicated controllers
// from 101 on; without those every broker is a controller too.
func layOut(spec *scenarios.Cluster) (*layout, error) {
	if len(spec.Brokers) > maxBrokers || spec.Controllers > maxControllers {
		return nil, fmt.Errorf("%d brokers and %d controllers are too many for one machine; at most %d and %d are possible",
			len(spec.Brokers), spec.Controllers, maxBrokers, maxControllers)
	}
	l := &layout{spec: spec}
	for _, b := range spec.Brokers {
		l.members = append(l.members, member{id: b.ID, broker: true, controller: spec.Controllers == 0, rack: b.Rack})
	}
	for i := range spec.Controllers {
		l.members = append(l.members, member{id: firstController + i, controller: true})
	}
	return l, nil
}

// address is a node's own in a network: its last octet is 10 + id for brokers
// and the id for controllers.
func address(network netip.Prefix, id int) netip.Addr {
	octets := network.Addr().As4()
	octets[3] = byte(id)
	if id < firstController {
		octets[3] = byte(10 + id)
	}
	return netip.AddrFrom4(octets)
}

// gateway is this machine's own address in a network.
func gateway(network netip.Prefix) netip.Addr { return network.Addr().Next() }

// name is what a node is called in container names and in messages.
func (m *member) name() string {
	if m.broker {
		return fmt.Sprintf("broker-%d", m.id)
	}
	return fmt.Sprintf("controller-%d", m.id)
}

// properties is a node's server.properties: what the layout asks for, and the
// scenario's own settings as they were written.
func (l *layout) properties(m *member) string {
	var b strings.Builder
	set := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%s=%s\n", name, fmt.Sprintf(format, args...))
	}
	inside := address(l.inside, m.id)
	var roles, voters, listeners, advertised []string
	for i := range l.members {
		if other := &l.members[i]; other.controller {
			voters = append(voters, fmt.Sprintf("%d@%v:%d", other.id, address(l.inside, other.id), controllerPort))
		}
	}
	if m.broker {
		roles = append(roles, "broker")
		listeners = append(listeners, fmt.Sprintf("CLIENTS://0.0.0.0:%d", clientPort), fmt.Sprintf("INTERNAL://%v:%d", inside, internalPort))
		advertised = append(advertised, fmt.Sprintf("CLIENTS://127.0.0.1:%d", m.port), fmt.Sprintf("INTERNAL://%v:%d", inside, internalPort))
	}
	if m.controller {
		roles = append(roles, "controller")
		listeners = append(listeners, fmt.Sprintf("CONTROLLER://%v:%d", inside, controllerPort))
	}
	set("process.roles", "%s", strings.Join(roles, ","))
	set("node.id", "%d", m.id)
	set("controller.quorum.voters", "%s", strings.Join(voters, ","))
	set("controller.listener.names", "CONTROLLER")
	set("listeners", "%s", strings.Join(listeners, ","))
	set("listener.security.protocol.map", "CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT")
	set("log.dirs", dataDirectory)
	if m.broker {
		set("advertised.listeners", "%s", strings.Join(advertised, ","))
		set("inter.broker.listener.name", "INTERNAL")
		if m.rack != "" {
			set("broker.rack", "%s", m.rack)
		}
	}
	l.common(set)
	return b.String()
}

// common sets what every node of the cluster has. Internal topics get as many
// replicas as there are brokers for, and no client makes a topic by asking for it.
func (l *layout) common(set func(name, format string, args ...any)) {
	const offsetsReplicas = "offsets.topic.replication.factor"
	few := min(3, len(l.spec.Brokers))
	set("auto.create.topics.enable", "false")
	set(offsetsReplicas, "%d", min(l.spec.Config.OffsetsReplicationFactor, len(l.spec.Brokers)))
	set("transaction.state.log.replication.factor", "%d", few)
	set("transaction.state.log.min.isr", "%d", min(2, few))
	set("share.coordinator.state.topic.replication.factor", "%d", few)
	set("share.coordinator.state.topic.min.isr", "%d", min(2, few))
	settings := slices.SortedFunc(slices.Values(l.spec.Settings), func(a, b scenarios.Setting) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range settings {
		if s.Name != offsetsReplicas {
			set(s.Name, "%s", s.Value)
		}
	}
}

// release is the release line of a behaviour version, as kafka-storage takes it.
func release(v scenarios.Version) string { return fmt.Sprintf("4.%d", v-scenarios.V40) }

// DefaultKafka is the version of Kafka that a behaviour version is run with
// unless another is asked for: the last of its line that is known here.
func DefaultKafka(v scenarios.Version) string {
	switch v {
	case scenarios.V40:
		return "4.0.2"
	case scenarios.V41:
		return "4.1.2"
	case scenarios.V42:
		return "4.2.1"
	case scenarios.V43:
	}
	return "4.3.1"
}
