package account

import (
	"fmt"
	"slices"

	"kafkasim/harness/history"
	"kafkasim/scenarios"
)

// clients is the node that stands for all clients.
const clients = 0

// A condition is what a fault does to a broker's process for a while.
type condition struct {
	node     int
	from, to instant
	frozen   bool // else it does not run
	// registered is when a broker that did not run is known to the controllers again.
	registered instant
}

// A cut is a stretch of time in which nothing passes between two sets of nodes.
type cut struct {
	sides    [2][]int
	from, to instant
}

// A setting is min.insync.replicas of a topic from an instant on.
type setting struct {
	from  instant
	topic int
	value int
}

// A blow is a moment at which a broker breaks, or recovers without anybody having
// been elected in its place.
type blow struct {
	at     instant
	node   int
	healed bool
}

// surroundings are what the brokers' processes and networks went through.
type surroundings struct {
	conditions []condition
	cuts       []cut
	minISR     []setting
	blows      []blow // ascending
	moments    []instant
}

// readSurroundings derives them from the faults that happened. A broker that was
// asked to stop runs until the controllers release it, which the history tells; its
// end follows within a moment.
func (a *accounting) readSurroundings() error {
	w := &a.world
	for i := range a.o.Faults {
		f := &a.o.Faults[i]
		if f.Index < 0 || f.Index >= len(a.spec.Faults) {
			return fmt.Errorf("fault %d is none of the scenario's %d", f.Index, len(a.spec.Faults))
		}
		if !f.At.IsZero() && f.Skipped == "" {
			a.readFault(f, &a.spec.Faults[f.Index])
		}
	}
	slices.SortStableFunc(w.blows, func(x, y blow) int { return compare(x.at, y.at) })
	for _, c := range w.conditions {
		w.moments = append(w.moments, c.from, c.to, c.registered)
	}
	for _, c := range w.cuts {
		w.moments = append(w.moments, c.from, c.to)
	}
	for _, s := range w.minISR {
		w.moments = append(w.moments, s.from)
	}
	return nil
}

// until is when a fault was over: the end of the run if it stood.
func (a *accounting) until(f *Applied) instant {
	if f.Healed.IsZero() {
		return a.end
	}
	return min(a.at(f.Healed), a.end)
}

func (a *accounting) readFault(f *Applied, s *scenarios.Fault) {
	switch s.Kind { //nolint:exhaustive // the others leave brokers and networks alone
	case scenarios.BrokerCrash, scenarios.MachineLoss, scenarios.RackLoss, scenarios.DiskLoss, scenarios.ControllerCrash,
		scenarios.BrokerPause, scenarios.BrokerStop:
		for _, n := range f.Brokers {
			a.readBlow(f, s.Kind, n)
		}
	case scenarios.RollingRestart:
		a.readRolling(f)
	case scenarios.NetworkPartition:
		a.readCut(f, s)
	case scenarios.NetworkLoss:
		if s.Loss >= 1 {
			a.readCut(f, s)
		}
	case scenarios.ConfigChange:
		topic := a.spec.Topics[s.Topic].Config
		for _, c := range s.Change {
			if err := scenarios.ApplyTopicSetting(&topic, c.Name, c.Value); err == nil && c.Name == "min.insync.replicas" {
				a.world.minISR = append(a.world.minISR, setting{from: a.at(f.At), topic: s.Topic, value: topic.MinInsyncReplicas})
			}
		}
	}
}

// readBlow notes what a fault does to one broker.
func (a *accounting) readBlow(f *Applied, kind scenarios.FaultKind, node int) {
	w := &a.world
	c := condition{node: node, from: a.at(f.At), to: a.until(f), frozen: kind == scenarios.BrokerPause}
	w.blows = append(w.blows, blow{at: c.from, node: node})
	if c.frozen && !f.Healed.IsZero() {
		w.blows = append(w.blows, blow{at: c.to, node: node, healed: true})
	}
	if kind == scenarios.BrokerStop {
		gone, released := a.released(node, c.from)
		if !released || gone >= c.to {
			return
		}
		c.from = gone
	}
	c.registered = a.registered(node, c.from)
	w.conditions = append(w.conditions, c)
}

// registered is when a broker that ended is registered again; the end of the run if it
// is not.
func (a *accounting) registered(node int, ended instant) instant {
	for i := range a.o.History.Changes {
		c := &a.o.History.Changes[i]
		if c.Kind == history.BrokerRegistered && int(c.Broker) == node && a.at(c.At) >= ended {
			return min(a.at(c.At)+a.spec.Clusters[0].Config.QuorumAppendLinger, a.end)
		}
	}
	return a.end
}

// released is when the controllers let a stopping broker go: they fence it, and it
// ends (ReplicationControlManager.processBrokerHeartbeat, SHUTDOWN_NOW).
func (a *accounting) released(node int, from instant) (instant, bool) {
	for i := range a.o.History.Changes {
		c := &a.o.History.Changes[i]
		if c.Kind == history.BrokerFenced && c.Stopping && int(c.Broker) == node && a.at(c.At) >= from {
			return a.at(c.At), true
		}
	}
	return 0, false
}

// readRolling takes the stops of a rolling restart from the history. A broker is asked
// to stop, announces its shutdown with a heartbeat, leads nothing and is in no ISR
// when it goes, and is not missed until it registers again.
func (a *accounting) readRolling(f *Applied) {
	w := &a.world
	gone := map[int]instant{}
	for i := range a.o.History.Changes {
		c := &a.o.History.Changes[i]
		at, node := a.at(c.At), int(c.Broker)
		if at < a.at(f.At) || at > a.end || !slices.Contains(f.Brokers, node) {
			continue
		}
		switch c.Kind { //nolint:exhaustive // the others are no part of a restart
		case history.BrokerStopping:
			if k := slices.Index(f.Brokers, node); k < len(f.Asked) {
				at = a.at(f.Asked[k]) // the announcement comes later
			}
			w.blows = append(w.blows, blow{at: at, node: node})
		case history.BrokerFenced:
			gone[node] = at
		case history.BrokerRegistered:
			if from, was := gone[node]; was {
				w.conditions = append(w.conditions, condition{node: node, from: from, to: at, registered: at})
				delete(gone, node)
			}
		}
	}
}

// readCut notes a cut, and the brokers that it parts from the active controller:
// they will be replaced where they lead.
func (a *accounting) readCut(f *Applied, s *scenarios.Fault) {
	w := &a.world
	c := cut{sides: a.sides(f, s), from: a.at(f.At), to: a.until(f)}
	active, known := a.o.History.ActiveController(f.At)
	before := make([]bool, len(a.spec.Clusters[0].Brokers)+1)
	for b := 1; known && b < len(before); b++ {
		before[b] = w.reachable(b, int(active), c.from)
	}
	w.cuts = append(w.cuts, c)
	for b := 1; known && b < len(before); b++ {
		if before[b] && !w.reachable(b, int(active), c.from) {
			w.blows = append(w.blows, blow{at: c.from, node: b})
			if !f.Healed.IsZero() {
				w.blows = append(w.blows, blow{at: c.to, node: b, healed: true})
			}
		}
	}
}

// sides are the nodes on both sides of a network fault, as they were named when it
// began; a single target stands against everybody else.
func (a *accounting) sides(f *Applied, s *scenarios.Fault) (sides [2][]int) {
	if len(s.Between[0]) > 0 {
		for k := range s.Between {
			for i := range s.Between[k] {
				sides[k] = append(sides[k], a.nodes(f, &s.Between[k][i])...)
			}
		}
		return sides
	}
	sides[0] = a.nodes(f, &s.Target)
	for _, n := range append(a.servers(), clients) {
		if !slices.Contains(sides[0], n) {
			sides[1] = append(sides[1], n)
		}
	}
	return sides
}

// servers are all nodes of the cluster.
func (a *accounting) servers() (all []int) {
	for i := range a.spec.Clusters[0].Brokers {
		all = append(all, i+1)
	}
	for i := range a.spec.Clusters[0].Controllers {
		all = append(all, 101+i)
	}
	return all
}

// nodes are what a target named when its fault began.
func (a *accounting) nodes(f *Applied, t *scenarios.Target) (nodes []int) {
	switch t.Kind {
	case scenarios.TargetBroker, scenarios.TargetController:
		return []int{t.Node}
	case scenarios.TargetActiveController:
		if active, known := a.o.History.ActiveController(f.At); known {
			return []int{int(active)}
		}
		return nil
	case scenarios.TargetLeaderOf, scenarios.TargetFollowerOf:
		return a.replicas(f, t)
	case scenarios.TargetRack:
		for i := range a.spec.Clusters[0].Brokers {
			if a.spec.Clusters[0].Brokers[i].Rack == t.Rack {
				nodes = append(nodes, i+1)
			}
		}
		return nodes
	case scenarios.TargetRandomBroker:
		return f.Brokers
	case scenarios.TargetEach, scenarios.TargetCluster:
		for i := range a.spec.Clusters[0].Brokers {
			nodes = append(nodes, i+1)
		}
		return nodes
	case scenarios.NoTarget, scenarios.TargetMember, scenarios.TargetProducer, scenarios.TargetClients:
	}
	return []int{clients}
}

// replicas are the leader of a partition, or the first live replica that follows.
func (a *accounting) replicas(f *Applied, t *scenarios.Target) []int {
	state, known := a.o.History.Partition(f.At, a.spec.Topics[t.Topic].Name, int32(t.Partition))
	if !known {
		return nil
	}
	if t.Kind == scenarios.TargetLeaderOf {
		return []int{int(state.Leader)}
	}
	for _, b := range state.Replicas {
		if b != state.Leader && a.world.answers(int(b), a.at(f.At)) {
			return []int{int(b)}
		}
	}
	return nil
}

// leads reports whether a broker's process, frozen or not, is the one that the
// controllers know: one that has been started again is registered first.
func (w *surroundings) leads(node int, at instant) bool {
	for _, c := range w.conditions {
		if c.node == node && !c.frozen && c.from <= at && at < c.registered {
			return false
		}
	}
	return true
}

// answers reports whether a broker's process runs and is not frozen.
func (w *surroundings) answers(node int, at instant) bool {
	for _, c := range w.conditions {
		if c.node == node && c.from <= at && at < c.to {
			return false
		}
	}
	return true
}

// reachable reports whether two nodes hear each other.
func (w *surroundings) reachable(x, y int, at instant) bool {
	for i := range w.cuts {
		c := &w.cuts[i]
		if at < c.from || at >= c.to {
			continue
		}
		if slices.Contains(c.sides[0], x) && slices.Contains(c.sides[1], y) ||
			slices.Contains(c.sides[0], y) && slices.Contains(c.sides[1], x) {
			return x == y
		}
	}
	return true
}

// leastISR is the effective min.insync.replicas of a topic: no more than it has
// replicas (Partition.effectiveMinIsr).
func (a *accounting) leastISR(topic, replicas int, at instant) int {
	value := a.spec.Topics[topic].Config.MinInsyncReplicas
	for _, s := range a.world.minISR {
		if s.topic == topic && s.from <= at {
			value = s.value
		}
	}
	return min(value, replicas)
}
