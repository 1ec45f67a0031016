package batch

import (
	"fmt"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// resolve finds the nodes that a target names now, or says why there is none.
func (w *world) resolve(_ sim.Time, t *scenarios.Target, kind scenarios.FaultKind) (nodes []int32, why string) {
	switch t.Kind {
	case scenarios.TargetBroker:
		nodes = []int32{int32(t.Node - 1)}
	case scenarios.TargetController:
		nodes = []int32{w.controllerNode(t.Node)}
	case scenarios.TargetActiveController:
		if w.control.active < 0 {
			return nil, "no controller is active"
		}
		nodes = []int32{w.control.active}
	case scenarios.TargetLeaderOf, scenarios.TargetFollowerOf:
		return w.resolveReplica(t, kind)
	case scenarios.TargetMember:
		nodes = []int32{int32(w.plan.memberAt + w.plan.groups[t.Group].first + t.Node - 1)}
	case scenarios.TargetProducer, scenarios.TargetRack:
		nodes = w.named(t)
	case scenarios.TargetRandomBroker:
		up := w.liveBrokers()
		if len(up) == 0 {
			return nil, "no broker is up"
		}
		nodes = []int32{up[w.faultStream.IntN(len(up))]}
	case scenarios.TargetEach, scenarios.TargetCluster:
		for b := range w.brokers {
			nodes = append(nodes, int32(b))
		}
	case scenarios.TargetClients, scenarios.NoTarget:
		switch kind { //nolint:exhaustive // other faults do not happen to clients at large
		case scenarios.ConfigChange:
			return []int32{0}, "" // its topic says what it hits
		case scenarios.SlowDownstream:
			for i := range w.plan.members {
				nodes = append(nodes, int32(w.plan.memberAt+i))
			}
		default:
			return nil, "it names no node"
		}
	}
	return w.standing(nodes, kind)
}

// named are the instances of a producer, or the brokers of a rack.
func (w *world) named(t *scenarios.Target) (nodes []int32) {
	if t.Kind == scenarios.TargetProducer {
		for i := range w.plan.producers {
			if w.plan.producers[i].producer == t.Producer {
				nodes = append(nodes, int32(w.plan.producerAt+i))
			}
		}
		return nodes
	}
	for b, rack := range w.plan.brokerRacks {
		if rack == t.Rack {
			nodes = append(nodes, int32(b))
		}
	}
	return nodes
}

// resolveReplica finds the broker that leads a partition, or the first one that
// follows.
func (w *world) resolveReplica(t *scenarios.Target, kind scenarios.FaultKind) ([]int32, string) {
	p := w.plan.topics[t.Topic].first + kafka.PartitionID(t.Partition)
	s := &w.control.image[p]
	name := fmt.Sprintf("%s-%d", w.plan.topics[t.Topic].name, t.Partition)
	if t.Kind == scenarios.TargetLeaderOf {
		if s.Leader == kafka.NoReplica {
			return nil, name + " has no leader"
		}
		return w.standing([]int32{int32(w.assigned[p][s.Leader]) - 1}, kind)
	}
	for i, id := range w.assigned[p] {
		if b := int32(id) - 1; kafka.ReplicaIndex(i) != s.Leader && w.processes[b].up && !w.processes[b].paused {
			return []int32{b}, ""
		}
	}
	return nil, name + " has no live follower"
}

// standing keeps of nodes those to which a fault can happen.
func (w *world) standing(nodes []int32, kind scenarios.FaultKind) ([]int32, string) {
	switch kind { //nolint:exhaustive // the kinds that need a running process are all others
	case scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss, scenarios.SlowDisk,
		scenarios.SlowDownstream, scenarios.ConfigChange, scenarios.RollingRestart:
		return nodes, ""
	default:
	}
	var up []int32
	for _, n := range nodes {
		if p := &w.processes[n]; p.up && !p.paused && !w.ending(n) {
			up = append(up, n)
		}
	}
	if len(up) == 0 {
		return nil, "its target is down already"
	}
	return up, ""
}

// ending reports whether a broker is shutting down, or a member closing.
func (w *world) ending(n int32) bool {
	if int(n) < w.plan.brokers {
		return w.brokers[n].life == lifeStopping
	}
	i := int(w.memberOf(n))
	return i >= 0 && i < len(w.consumers.members) && w.consumers.members[i].stop != notStopping
}

// controllerNode is the node of controller 101.., or in combined mode of the
// broker that has that id.
func (w *world) controllerNode(id int) int32 {
	if w.plan.combined {
		return int32(id - 1)
	}
	return int32(w.plan.brokers + id - 101)
}

// liveBrokers are the brokers whose process runs.
func (w *world) liveBrokers() []int32 {
	var up []int32
	for b := range w.brokers {
		if w.processes[b].up && !w.processes[b].paused {
			up = append(up, int32(b))
		}
	}
	return up
}
