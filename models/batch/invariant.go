package batch

import (
	"fmt"
	"strings"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// A Violation is a broken invariant of Kafka's replication or of the ledger: a
// bug of the model. It says what is needed to replay the run.
type Violation struct {
	Scenario    string
	SHA256      string
	Seed        uint64
	Replication int
	At          sim.Time // of the world; the scenario's time 0 is prologue later
	What        string
	Last        []sim.Event // that led to it, oldest first
}

// Error tells the story and the command that replays it.
func (v *Violation) Error() string {
	var b strings.Builder
	at := v.At.Sub(sim.Time(prologue))
	fmt.Fprintf(&b, "invariant violated in scenario %s at %s of replication %d: %s\n", v.Scenario, at, v.Replication, v.What)
	fmt.Fprintf(&b, "replay: kafkasim run %s --seed %d --replications %d (spec %s)\n", v.Scenario, v.Seed, v.Replication+1, v.SHA256)
	b.WriteString("last events (time, kind, entity, argument):")
	for _, e := range v.Last {
		fmt.Fprintf(&b, "\n  %s %d %d %d", e.At.Sub(sim.Time(prologue)), e.Kind, e.Entity, e.Arg)
	}
	return b.String()
}

// lastEvents is how many events a violation shows.
const lastEvents = 24

// violate stops the run.
func (w *world) violate(format string, args ...any) {
	if w.failure == nil {
		w.failure = &Violation{
			Scenario: w.plan.spec.Name, SHA256: w.plan.spec.SHA256, Seed: w.plan.spec.Seed, Replication: w.number,
			At: w.engine.Now(), What: fmt.Sprintf(format, args...), Last: w.recent.list(),
		}
	}
	w.done = true
}

// A recentEvents is a ring of the last events.
type recentEvents struct {
	events [lastEvents]sim.Event
	count  int
}

func (r *recentEvents) add(e *sim.Event) {
	r.events[r.count%lastEvents] = *e
	r.count++
}

func (r *recentEvents) list() []sim.Event {
	var out []sim.Event
	for i := max(0, r.count-lastEvents); i < r.count; i++ {
		out = append(out, r.events[i%lastEvents])
	}
	return out
}

// checkHW asserts what must hold whenever a leader's high watermark moves: it
// rises in a leader epoch, does not exceed the leader's log, nor what any live
// member of the maximal ISR has (TLA+: WeakIsr, HW ≤ log end).
func (w *world) checkHW(_ sim.Time, rep *replica, hw kafka.Offset) {
	if hw < rep.leader.HW {
		w.violate("the high watermark of %s falls from %d to %d in leader epoch %d", w.partitionName(rep.partition), rep.leader.HW, hw, rep.epoch)
	}
	if hw > rep.log.end {
		w.violate("the high watermark %d of %s lies beyond the leader's log end %d", hw, w.partitionName(rep.partition), rep.log.end)
	}
	base := w.plan.partitions[rep.partition].replica
	maximal := rep.leader.ISR.Maximal()
	for i := range rep.leader.Followers {
		other := &w.replicas[base+i]
		if !maximal.Has(kafka.ReplicaIndex(i)) || other == rep || other.epoch > rep.epoch || w.lossy[other.broker] {
			continue
		}
		if other.log.end < hw {
			w.violate("%s: the high watermark goes to %d, but ISR member broker %d ends at %d",
				w.partitionName(rep.partition), hw, other.broker+1, other.log.end)
		}
	}
}

// partitionName is topic-number.
func (w *world) partitionName(p kafka.PartitionID) string {
	pp := &w.plan.partitions[p]
	return fmt.Sprintf("%s-%d", w.plan.topics[pp.topic].name, pp.number)
}

// checkWorld asserts the invariants that need a look at everything; it runs at
// every sample. Those of single steps are asserted where the step is done.
func (w *world) checkWorld(now sim.Time) {
	for p := range w.control.image {
		w.checkPartition(kafka.PartitionID(p))
	}
	w.checkGroups(now)
}

// checkPartition asserts the control plane's and the logs' invariants of one
// partition.
func (w *world) checkPartition(p kafka.PartitionID) {
	s := &w.control.image[p]
	n := len(w.assigned[p])
	if s.Leader != kafka.NoReplica && !s.ISR.Has(s.Leader) {
		w.violate("%s: the leader is not in the ISR", w.partitionName(p))
	}
	if (s.ISR|s.ELR)&^kafka.AllReplicas(n) != 0 || s.ISR&s.ELR != 0 {
		w.violate("%s: ISR %b and ELR %b overlap or name no replica", w.partitionName(p), s.ISR, s.ELR)
	}
	base := w.plan.partitions[p].replica
	for i := range n {
		a := &w.replicas[base+i]
		if a.hw > a.log.end {
			w.violate("%s: broker %d has high watermark %d beyond its log end %d", w.partitionName(p), a.broker+1, a.hw, a.log.end)
		}
		if a.role != roleLeader {
			continue
		}
		for j := range n {
			b := &w.replicas[base+j]
			if j != i && b.role == roleLeader && b.epoch == a.epoch {
				w.violate("%s: brokers %d and %d both lead epoch %d", w.partitionName(p), a.broker+1, b.broker+1, a.epoch)
			}
		}
		w.checkAgreement(p, a)
	}
	w.checkCommitted(p)
}

// checkAgreement asserts that the logs of the ISR agree below the leader's HW
// (TLA+: LogMatching). The last batch below the HW is compared: with equal epochs
// and positions everything before it was compared earlier, or is the same by
// induction.
func (w *world) checkAgreement(p kafka.PartitionID, lead *replica) {
	s := &w.control.image[p]
	if lead.epoch != s.LeaderEpoch || lead.index != s.Leader || lead.hw == 0 {
		return
	}
	base := w.plan.partitions[p].replica
	at := lead.log.position(lead.hw-1, lead.log.endPosition()-1)
	if at < lead.log.first {
		return
	}
	want := lead.log.at(at)
	for i := range w.assigned[p] {
		other := &w.replicas[base+i]
		if other == lead || !s.ISR.Has(other.index) || other.epoch != lead.epoch || other.role != roleFollower || w.lossy[other.broker] {
			continue
		}
		if at < other.log.first || at >= other.log.endPosition() {
			if other.log.end < lead.hw && other.log.start <= lead.hw && !w.everUnclean[p] {
				w.violate("%s: broker %d is in the ISR and ends at %d, below the high watermark %d", w.partitionName(p), other.broker+1, other.log.end, lead.hw)
			}
			continue
		}
		if got := other.log.at(at); got.base != want.base || got.batch != want.batch || got.epoch != want.epoch {
			w.violate("%s: the logs of brokers %d and %d differ below the high watermark %d", w.partitionName(p), lead.broker+1, other.broker+1, lead.hw)
		}
	}
}

// checkCommitted asserts that what was committed with acks=all is still in the
// registered leader's log, while no copy was lost and no unclean election took
// place (TLA+: LeaderCompleteness).
func (w *world) checkCommitted(p kafka.PartitionID) {
	v := &w.observed.partitions[p]
	if v.confirmed == noBatch || w.everUnclean[p] || w.anyLossy {
		return
	}
	lead, led := w.highWatermark(p)
	if !led {
		return
	}
	if lead.log.end < v.confirmedEnd {
		w.violate("%s: a batch committed with acks=all ended at %d, and the log of leader broker %d ends at %d",
			w.partitionName(p), v.confirmedEnd, lead.broker+1, lead.log.end)
		return
	}
	if v.confirmedEnd <= lead.log.start {
		return
	}
	at := lead.log.position(v.confirmedEnd-1, lead.log.endPosition()-1)
	if lead.log.at(at).batch != v.confirmed {
		w.violate("%s: the batch committed with acks=all at %d is not the one in the log of leader broker %d",
			w.partitionName(p), v.confirmedEnd-1, lead.broker+1)
	}
}

// checkGroups asserts that a partition has one consumer at most among the members
// of a generation, and that nothing beyond the log is committed.
func (w *world) checkGroups(sim.Time) {
	for g := range w.consumers.groups {
		gs := &w.consumers.groups[g]
		gp := &w.plan.groups[g]
		for flat := range gp.partitions {
			claims := 0
			for i := gp.first; i < gp.first+gp.count; i++ {
				m := &w.consumers.members[i]
				if !m.down && m.slot[flat] >= 0 && m.machine.Generation() == gs.machine.Generation() && gs.machine.State() == kafka.GroupStable {
					claims++
				}
			}
			if claims > 1 {
				w.violate("group %s: %d members of generation %d consume %s", w.plan.spec.Groups[g].Name, claims,
					gs.machine.Generation(), w.partitionName(gp.partitions[flat].partition))
			}
			if rep, led := w.highWatermark(gp.partitions[flat].partition); led && !w.anyLossy && !w.truncatedEver[rep.partition] && gs.committed[flat] > rep.log.end {
				w.violate("group %s has committed %d of %s, whose log ends at %d", w.plan.spec.Groups[g].Name, gs.committed[flat],
					w.partitionName(rep.partition), rep.log.end)
			}
		}
	}
}
