package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// A window is the time between two instants, the first one left out.
type window struct{ from, to time.Duration }

func (w window) has(at time.Duration) bool { return at > w.from && at <= w.to }

// cluster tells what happened to a partition's brokers, its registration and the
// controllers from an instant to another one, and which of its brokers was away, or
// what was broken, when that began. The record's offset decides what is said of logs;
// below 0 there is none.
func (t *teller) cluster(p int32, from, to time.Duration, offset int64) {
	w := window{from, to}
	t.processes(p, w)
	for i := range t.Elections {
		if e := &t.Elections[i]; w.has(e.At) && e.Partition == p {
			t.around(e.At, "%s", t.registrationWords(e))
		}
	}
	t.opinions(p, w)
	t.leaders(p, w)
	t.cuts(p, w, offset)
}

// processes tells of the lives of brokers and controllers, and of the faults.
func (t *teller) processes(p int32, w window) {
	standing := t.standing(p, w.from)
	for i := range t.Lives {
		if l := &t.Lives[i]; t.concerns(p, l.Node) && (w.has(l.At) || l.At <= w.from && standing[i]) {
			t.around(l.At, "%s", t.lifeWords(l))
		}
	}
	for i := range t.Faults {
		f := &t.Faults[i]
		if open := f.At <= w.from && f.Begin && !t.healed(i, w.from); t.tellsFault(p, f) && (w.has(f.At) || open) {
			t.around(f.At, "%s", t.faultWords(f))
		}
	}
}

// opinions tells what the controllers made of the brokers, and who was active.
func (t *teller) opinions(p int32, w window) {
	for i := range t.Fencings {
		if f := &t.Fencings[i]; w.has(f.At) && t.concerns(p, f.Broker) {
			t.around(f.At, "the controller takes broker %d for dead: it has heard nothing of it since %s, for longer than broker.session.timeout.ms (%s)",
				f.Broker+1, seconds(f.Beat), span(t.config().SessionTimeout))
		}
	}
	for i := range t.Brokers {
		b := &t.Brokers[i]
		switch {
		case !w.has(b.At) || !t.concerns(p, b.Broker):
		case b.What == story.InShutdown:
			t.around(b.At, "the controller takes over that broker %d shuts down in order", b.Broker+1)
		case b.What == story.Unfenced:
			t.around(b.At, "broker %d is unfenced: it may lead and be in an ISR again", b.Broker+1)
		}
	}
	for i := range t.Controllers {
		c := &t.Controllers[i]
		switch {
		case !w.has(c.At):
		case c.Node == story.Nobody:
			t.around(c.At, "no controller is active: nothing is fenced, elected or taken out of an ISR until one is")
		default:
			t.around(c.At, "%s is the active controller", t.NodeName(c.Node))
		}
	}
}

// leaders tells which brokers led a partition as they knew.
func (t *teller) leaders(p int32, w window) {
	name := t.Partitions[p].Name
	led := map[int32]bool{}
	for i := range t.Roles {
		r := &t.Roles[i]
		if r.Partition != p {
			continue
		}
		switch {
		case !w.has(r.At):
		case r.Leads && t.ledBefore(i):
			t.around(r.At, "broker %d is back, and is still registered as the leader of %s (leader epoch %d); its log ends at offset %s", r.Broker+1, name, r.Epoch, count(r.End))
		case r.Leads:
			t.around(r.At, "broker %d has heard of its election and leads %s; its log ends at offset %s", r.Broker+1, name, count(r.End))
		case led[r.Broker]:
			t.around(r.At, "broker %d hears that it leads %s no more", r.Broker+1, name)
		}
		led[r.Broker] = r.Leads
	}
}

// cuts tells which logs of a partition lost their ends.
func (t *teller) cuts(p int32, w window, offset int64) {
	for i := range t.Cuts {
		c := &t.Cuts[i]
		if c.Partition != p || !w.has(c.At) {
			continue
		}
		what := t.cutWords(c, offset)
		switch c.Why {
		case story.Truncated:
			t.around(c.At, "broker %d follows and cuts its log to what the leader has: it drops %s", c.Broker+1, what)
		case story.Unsynced:
			t.around(c.At, "with its machine broker %d loses what was in the page cache only: %s", c.Broker+1, what)
		case story.Wiped:
			t.around(c.At, "with its disks broker %d loses %s", c.Broker+1, what)
		}
	}
}

// cutWords says what a log lost.
func (t *teller) cutWords(c *story.Cut, offset int64) string {
	name := t.Partitions[c.Partition].Name
	here := offset >= c.From && offset < c.To
	switch {
	case c.To-c.From == 1 && here:
		return fmt.Sprintf("this record, at offset %s of %s", count(offset), name)
	case c.To-c.From == 1:
		return fmt.Sprintf("the record at offset %s of %s", count(c.From), name)
	case here:
		return fmt.Sprintf("%s of %s (offsets %s to %s), this one among them", many(c.To-c.From, "record"), name, count(c.From), count(c.To-1))
	}
	return fmt.Sprintf("%s of %s (offsets %s to %s)", many(c.To-c.From, "record"), name, count(c.From), count(c.To-1))
}

// ledBefore says whether a broker had led a partition before in the epoch of entry i of
// Roles: it began to, or did from the start.
func (t *teller) ledBefore(i int) bool {
	r := &t.Roles[i]
	for k := range t.Roles[:i] {
		if o := &t.Roles[k]; o.Leads && o.Partition == r.Partition && o.Broker == r.Broker && o.Epoch == r.Epoch {
			return true
		}
	}
	start := &t.Partitions[r.Partition].Start
	return start.Leader == r.Broker && start.Epoch == r.Epoch
}

// config is what the brokers are set to.
func (t *teller) config() *scenarios.BrokerConfig { return &t.Spec.Clusters[0].Config }

// concerns says whether a node is a broker of the partition, or a dedicated controller.
func (t *teller) concerns(p, node int32) bool {
	if node >= t.BrokerCount {
		return node < t.ProducerNode(0)
	}
	return slices.Contains(t.Partitions[p].Replicas, node)
}

// standing are the entries of Lives that say, at an instant, why a broker of the
// partition is not at work.
func (t *teller) standing(p int32, at time.Duration) map[int]bool {
	last := map[int32]int{}
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.At > at {
			break
		}
		if !t.concerns(p, l.Node) {
			continue
		}
		switch l.What {
		case story.Serves, story.Resumed:
			delete(last, l.Node)
		case story.Started:
			if l.Node >= t.BrokerCount {
				delete(last, l.Node)
			}
		case story.Stopping, story.Exited, story.Died, story.MachineDied, story.Froze:
			last[l.Node] = i
		}
	}
	out := map[int]bool{}
	for node := range t.ProducerNode(0) {
		if i, away := last[node]; away {
			out[i] = true
		}
	}
	return out
}

// awayAt says what keeps a broker from its work at an instant: the zero kind if
// nothing does.
func (t *teller) awayAt(broker int32, at time.Duration) (story.Life, bool) {
	var away story.Life
	is := false
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.At > at {
			break
		}
		if l.Node != broker {
			continue
		}
		switch l.What {
		case story.Serves, story.Resumed:
			is = false
		case story.Stopping, story.Exited, story.Died, story.MachineDied, story.Froze:
			away, is = *l, true
		case story.Started:
		}
	}
	return away, is
}

// lifeWords says what became of a process, and by which fault.
func (t *teller) lifeWords(l *story.Life) string {
	who := t.NodeName(l.Node)
	cause := t.causeOf(l)
	switch l.What {
	case story.Died:
		return who + " is killed" + cause
	case story.MachineDied:
		return who + " is lost with its machine" + cause
	case story.Stopping:
		return who + " is asked to stop" + cause
	case story.Exited:
		return who + " has stopped in order" + cause
	case story.Started:
		return who + " is started again" + cause
	case story.Serves:
		return who + " serves again"
	case story.Froze:
		return who + " is frozen: its sockets stay open and nothing is answered" + cause
	case story.Resumed:
		return who + " goes on" + cause
	}
	return who
}

// causeOf names the fault that hit, or left, a node at the same instant.
func (t *teller) causeOf(l *story.Life) string {
	for i := range t.Faults {
		f := &t.Faults[i]
		if f.At == l.At && f.Node == l.Node {
			if f.Begin {
				return " (" + t.faultName(f.Index) + ")"
			}
			return " (the end of " + t.faultName(f.Index) + ")"
		}
	}
	return ""
}

// faultName names a fault of the scenario.
func (t *teller) faultName(index int32) string {
	f := &t.Spec.Faults[index]
	return fmt.Sprintf("fault %d, %s", index+1, f.Kind)
}

// tellsFault says whether a fault is to be told by itself: those that end a process
// are told by what becomes of it.
func (t *teller) tellsFault(p int32, f *story.Fault) bool {
	spec := &t.Spec.Faults[f.Index]
	switch spec.Kind {
	case scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss:
		return t.partsSome(p, f.Index)
	case scenarios.RollingRestart:
		return true
	case scenarios.ConfigChange:
		return int32(spec.Topic) == t.Partitions[p].Topic
	case scenarios.SlowDisk:
		return t.concerns(p, f.Node)
	case scenarios.BrokerCrash, scenarios.BrokerStop, scenarios.BrokerPause, scenarios.MachineLoss, scenarios.DiskLoss,
		scenarios.RackLoss, scenarios.ControllerCrash, scenarios.ConsumerCrash, scenarios.ConsumerPause,
		scenarios.ProducerCrash, scenarios.SlowDownstream, scenarios.ConsumerStop:
	}
	return false
}

// partsSome says whether a fault of the network stands between two of those who matter
// to a partition: its brokers, the controllers, the clients.
func (t *teller) partsSome(p, index int32) bool {
	classes := append([]int32{story.Clients}, t.Partitions[p].Replicas...)
	for c := t.BrokerCount; c < t.ProducerNode(0); c++ {
		classes = append(classes, c)
	}
	for i := range t.Faults {
		f := &t.Faults[i]
		if f.Index != index || !f.Begin {
			continue
		}
		for k, a := range classes {
			for _, b := range classes[:k] {
				if f.Parts(a, b) {
					return true
				}
			}
		}
	}
	return false
}

// healed says whether the fault that entry i begins has ended by an instant.
func (t *teller) healed(i int, at time.Duration) bool {
	f := &t.Faults[i]
	kind := t.Spec.Faults[f.Index].Kind
	for k := i + 1; k < len(t.Faults); k++ {
		if o := &t.Faults[k]; o.At <= at && o.Index == f.Index && o.Node == f.Node && !o.Begin {
			return true
		}
	}
	return kind == scenarios.ConfigChange // it is part of how things are
}

// faultWords says that a fault begins or ends.
func (t *teller) faultWords(f *story.Fault) string {
	spec := &t.Spec.Faults[f.Index]
	name := t.faultName(f.Index)
	if !f.Begin {
		return name + ": ends"
	}
	switch spec.Kind { //nolint:exhaustive // those that tellsFault names
	case scenarios.NetworkPartition:
		return name + ": the network is cut between " + t.sides(spec)
	case scenarios.NetworkDelay:
		return fmt.Sprintf("%s: messages between %s take %s more", name, t.sides(spec), span(spec.Delay))
	case scenarios.NetworkLoss:
		return fmt.Sprintf("%s: %g %% of the packets between %s are lost", name, 100*spec.Loss, t.sides(spec))
	case scenarios.SlowDisk:
		return fmt.Sprintf("%s: the disk of %s takes %g times as long", name, t.NodeName(f.Node), spec.Factor)
	case scenarios.ConfigChange:
		changes := make([]string, 0, len(spec.Change))
		for _, c := range spec.Change {
			changes = append(changes, c.Name+"="+c.Value)
		}
		return fmt.Sprintf("%s: topic %s is given %s", name, t.Spec.Topics[spec.Topic].Name, strings.Join(changes, ", "))
	default:
		return name + ": begins"
	}
}

// sides are the two sides of a fault of the network, as the scenario names them.
func (t *teller) sides(f *scenarios.Fault) string {
	if len(f.Between[0]) == 0 {
		return t.targetWords(&f.Target) + " and everybody else"
	}
	var sides [2]string
	for s := range sides {
		words := make([]string, 0, len(f.Between[s]))
		for k := range f.Between[s] {
			words = append(words, t.targetWords(&f.Between[s][k]))
		}
		sides[s] = strings.Join(words, ", ")
	}
	return "[" + sides[0] + "] and [" + sides[1] + "]"
}

// targetWords is a target as the scenario writes it.
func (t *teller) targetWords(x *scenarios.Target) string {
	switch x.Kind {
	case scenarios.TargetBroker:
		return fmt.Sprintf("broker %d", x.Node)
	case scenarios.TargetController:
		return fmt.Sprintf("controller %d", x.Node)
	case scenarios.TargetLeaderOf:
		return fmt.Sprintf("leader of %s-%d", t.Spec.Topics[x.Topic].Name, x.Partition)
	case scenarios.TargetFollowerOf:
		return fmt.Sprintf("follower of %s-%d", t.Spec.Topics[x.Topic].Name, x.Partition)
	case scenarios.TargetActiveController:
		return "active controller"
	case scenarios.TargetMember:
		return fmt.Sprintf("member %d of %s", x.Node, t.Spec.Groups[x.Group].Name)
	case scenarios.TargetProducer:
		return "producer " + t.Spec.Producers[x.Producer].Name
	case scenarios.TargetRack:
		return "rack " + x.Rack
	case scenarios.TargetRandomBroker:
		return "a random broker"
	case scenarios.TargetEach, scenarios.TargetCluster:
		return "each broker"
	case scenarios.TargetClients:
		return "clients"
	case scenarios.NoTarget:
	}
	return "it"
}

// registrationWords says what the controller has changed of a partition, and by which
// rule.
func (t *teller) registrationWords(e *story.Registration) string {
	p := &t.Partitions[e.Partition]
	isr := "ISR " + p.Brokers(e.After.ISR)
	if e.After.ELR != 0 {
		isr += ", ELR " + p.Brokers(e.After.ELR)
	}
	winner := e.After.Leader
	switch e.Kind {
	case story.Clean:
		return fmt.Sprintf("broker %d is elected as the leader of %s (leader epoch %d): %s; %s",
			winner+1, p.Name, e.After.Epoch, t.whyElected(e), isr)
	case story.Preferred:
		return fmt.Sprintf("broker %d, the first of the assignment %s, is made the leader of %s again (leader epoch %d, a preferred election); %s",
			winner+1, p.Brokers(^uint32(0)), p.Name, e.After.Epoch, isr)
	case story.Unclean:
		return fmt.Sprintf("broker %d is elected uncleanly as the leader of %s (leader epoch %d): nobody of the ISR (%s) is there, "+
			"unclean.leader.election.enable is true, and it is the first of the assignment %s that lives; %s",
			winner+1, p.Name, e.After.Epoch, p.Brokers(e.Before.ISR), p.Brokers(^uint32(0)), isr)
	case story.LastKnownLeader:
		return fmt.Sprintf("broker %d is elected as the leader of %s (leader epoch %d), for it was the last one known, and ISR and ELR are empty; %s",
			winner+1, p.Name, e.After.Epoch, isr)
	case story.NoElection:
	}
	switch {
	case e.After.Leader == story.Nobody && e.Before.Leader != story.Nobody:
		return fmt.Sprintf("%s has no leader any more: nobody who may lead it is alive; %s", p.Name, isr)
	case e.Before.ISR&^e.After.ISR != 0:
		return fmt.Sprintf("the ISR of %s loses broker %s; %s", p.Name, p.Brokers(e.Before.ISR&^e.After.ISR), isr)
	case e.After.ISR&^e.Before.ISR != 0:
		return fmt.Sprintf("the ISR of %s gets broker %s; %s", p.Name, p.Brokers(e.After.ISR&^e.Before.ISR), isr)
	}
	if out := e.Before.ELR &^ e.After.ELR; out != 0 {
		return fmt.Sprintf("the ELR of %s loses broker %s, which registers and cannot prove that it stopped in order; %s", p.Name, p.Brokers(out), isr)
	}
	return fmt.Sprintf("the registration of %s changes: %s", p.Name, isr)
}

// whyElected is the rule of a clean election.
func (t *teller) whyElected(e *story.Registration) string {
	p := &t.Partitions[e.Partition]
	if !p.Has(e.Before.ISR, e.After.Leader) && p.Has(e.Before.ELR, e.After.Leader) {
		return fmt.Sprintf("the first of the assignment %s that is in the ELR and alive", p.Brokers(^uint32(0)))
	}
	return fmt.Sprintf("the first of the assignment %s that is in the ISR and alive", p.Brokers(^uint32(0)))
}
