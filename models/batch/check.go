package batch

import (
	"fmt"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// checks is what the invariants remember between two looks.
type checks struct {
	leaders []leaderSeen // by partition: who led the latest epoch
	marks   []markSeen   // by replica: the HW of a leader at the last look
	copies  []copyLoss   // by partition
	turn    int64        // of the position that is compared beside the last one
	engine  sim.Engine   // a copy of the queue, for the end of a run
	used    []bool       // messages that something refers to, at the end of a run
}

// A leaderSeen is a leader epoch and who led it.
type leaderSeen struct {
	epoch  kafka.LeaderEpoch
	broker int32
}

// A markSeen is the HW of a leader in one epoch and one life of its process.
type markSeen struct {
	inc   int32
	epoch kafka.LeaderEpoch
	hw    kafka.Offset
}

// A copyLoss counts the copies of a partition that were lost: replicas whose log
// a machine or a disk took something of.
type copyLoss struct {
	lost int  // since the ISR was last whole
	gone bool // at some time so many were that committed records may be gone
	ever bool // the same, at any time of the run
}

// resetChecks forgets everything.
func (w *world) resetChecks() {
	p := w.plan
	c := &w.observed.checks
	c.leaders = make([]leaderSeen, len(p.partitions))
	c.marks = make([]markSeen, p.replicas)
	c.copies = make([]copyLoss, len(p.partitions))
	for i := range c.leaders {
		c.leaders[i].epoch = -1
	}
}

// noteLostCopy counts a copy that a machine or a disk took something of. Committed
// records survive the loss of fewer copies than min ISR only where the ISR and the
// ELR together keep that many; without the ELR the ISR may have shrunk to the very
// copy that is lost, which stays its last member and leads again (KIP-966, "last
// replica standing").
func (w *world) noteLostCopy(r int32) {
	p := w.replicas[r].partition
	c := &w.observed.checks.copies[p]
	c.lost++
	survives := 1
	if w.plan.cluster.ELR && !w.plan.topics[w.plan.partitions[p].topic].minISRChanges {
		survives = w.control.machine.EffectiveMinISR(p)
	}
	if c.lost >= survives {
		c.gone, c.ever = true, true
		w.observed.partitions[p].confirmed = noBatch
	}
}

// current says whether a broker's process is the incarnation that the controller
// has registered, and serves. One that has died, or is starting, is a member of
// ISRs in name only until its registration strikes it out.
func (w *world) current(b int32) bool {
	return w.processes[b].up && w.serving(b) && w.brokers[b].epoch == w.control.peers[b].epoch
}

// trueMember says whether a leader's knowledge of a follower is of the copy that
// this one has now: a copy that lost bytes with its machine is known to its leader
// as what it was, until the leader has heard of the broker's registration.
func (w *world) trueMember(lead, other *replica) bool {
	b := other.broker
	return !w.lossy[b] || (w.current(b) && w.peers[int(lead.broker)*w.plan.brokers+int(b)].epoch == w.brokers[b].epoch &&
		lead.leader.ISR.PartitionEpoch >= w.control.image[lead.partition].PartitionEpoch)
}

// checkHW asserts what must hold whenever a leader's high watermark moves: it
// rises in a leader epoch, not while the ISR is smaller than min ISR (KAFKA-15583),
// and does not exceed the leader's log, nor what any member of the maximal ISR has
// (TLA+: WeakIsr, HW ≤ log end). Followers in a newer epoch are left out: they
// have another leader, and may have cut their logs to its.
func (w *world) checkHW(rep *replica, hw kafka.Offset) {
	if hw < rep.leader.HW {
		w.violate("the high watermark of %s falls from %d to %d in leader epoch %d", w.partitionName(rep.partition), rep.leader.HW, hw, rep.epoch)
	}
	if n := rep.leader.ISR.Committed.Len(); n < rep.leader.MinISR {
		w.violate("the high watermark of %s goes to %d with %d in the ISR and a min ISR of %d", w.partitionName(rep.partition), hw, n, rep.leader.MinISR)
	}
	if hw > rep.log.end {
		w.violate("the high watermark %d of %s lies beyond the leader's log end %d", hw, w.partitionName(rep.partition), rep.log.end)
	}
	base := w.plan.partitions[rep.partition].replica
	maximal := rep.leader.ISR.Maximal()
	for i := range rep.leader.Followers {
		other := &w.replicas[base+i]
		if other == rep || !maximal.Has(other.index) || other.epoch > rep.epoch || other.log.end >= hw || !w.trueMember(rep, other) {
			continue
		}
		w.violate("%s: the high watermark goes to %d, but ISR member broker %d ends at %d",
			w.partitionName(rep.partition), hw, other.broker+1, other.log.end)
	}
}

// checkLeader asserts that an epoch of a partition has one leader at most.
func (w *world) checkLeader(rep *replica) {
	seen := &w.observed.checks.leaders[rep.partition]
	if rep.epoch == seen.epoch && rep.broker != seen.broker {
		w.violate("%s: brokers %d and %d both lead epoch %d", w.partitionName(rep.partition), seen.broker+1, rep.broker+1, rep.epoch)
	}
	if rep.epoch > seen.epoch {
		*seen = leaderSeen{rep.epoch, rep.broker}
	}
}

// checkRegistration asserts what holds from one committed registration of a
// partition to the next: its epochs do not fall, and who joins the ISR of a leader
// has all of that leader's log up to the start of its epoch (KIP-320).
func (w *world) checkRegistration(p kafka.PartitionID, before, after *kafka.PartitionState) {
	if after.LeaderEpoch < before.LeaderEpoch || after.PartitionEpoch <= before.PartitionEpoch {
		w.violate("%s: leader epoch %d and partition epoch %d follow on %d and %d", w.partitionName(p),
			after.LeaderEpoch, after.PartitionEpoch, before.LeaderEpoch, before.PartitionEpoch)
	}
	if after.Leader == kafka.NoReplica || after.LeaderEpoch != before.LeaderEpoch {
		return
	}
	base := w.plan.partitions[p].replica
	lead := &w.replicas[base+int(after.Leader)]
	if lead.role != roleLeader || lead.epoch != after.LeaderEpoch {
		return
	}
	for i := range lead.leader.Followers {
		joins := kafka.ReplicaIndex(i)
		other := &w.replicas[base+i]
		if other == lead || !after.ISR.Has(joins) || before.ISR.Has(joins) || other.log.end >= lead.leader.EpochStart || (w.lossy[other.broker] && !w.current(other.broker)) {
			continue
		}
		w.violate("%s: broker %d joins the ISR with a log that ends at %d, before the leader's epoch start %d", w.partitionName(p),
			other.broker+1, other.log.end, lead.leader.EpochStart)
	}
}

// partitionName is topic-number.
func (w *world) partitionName(p kafka.PartitionID) string {
	pp := &w.plan.partitions[p]
	return fmt.Sprintf("%s-%d", w.plan.topics[pp.topic].name, pp.number)
}

// checkWorld asserts the invariants that need a look at everything; it runs at
// every sample. Those of single steps are asserted where the step is done.
func (w *world) checkWorld() {
	w.observed.checks.turn++
	for p := range w.control.image {
		w.checkPartition(kafka.PartitionID(p))
	}
	w.checkGroups()
}

// checkPartition asserts the control plane's and the logs' invariants of one
// partition.
func (w *world) checkPartition(p kafka.PartitionID) {
	w.checkMembers(p)
	base := w.plan.partitions[p].replica
	for i := range w.assigned[p] {
		a := &w.replicas[base+i]
		if a.hw > a.log.end {
			w.violate("%s: broker %d has high watermark %d beyond its log end %d", w.partitionName(p), a.broker+1, a.hw, a.log.end)
		}
		if a.role == roleLeader {
			w.checkMark(int32(base+i), a)
			w.checkAgreement(p, a)
		}
	}
	w.checkCommitted(p)
}

// checkMembers asserts what holds for the committed registration: the leader is in
// the ISR (TLA+: LeaderInIsr), ISR and ELR share nobody, and a partition with a
// leader has no fenced member (a fenced broker leaves every ISR with the record
// that fences it, but as the last member, and then nobody leads).
func (w *world) checkMembers(p kafka.PartitionID) {
	s := &w.control.image[p]
	if (s.ISR|s.ELR)&^kafka.AllReplicas(len(w.assigned[p])) != 0 || s.ISR&s.ELR != 0 {
		w.violate("%s: ISR %b and ELR %b overlap or name no replica", w.partitionName(p), s.ISR, s.ELR)
	}
	if s.Leader == kafka.NoReplica {
		return
	}
	if !s.ISR.Has(s.Leader) {
		w.violate("%s: the leader is not in the ISR", w.partitionName(p))
	}
	whole := true
	for i, id := range w.assigned[p] {
		in := s.ISR.Has(kafka.ReplicaIndex(i))
		if in && w.control.peers[id-1].fenced && !w.electsFenced() {
			w.violate("%s: broker %d is fenced and in the ISR", w.partitionName(p), id)
		}
		whole = whole && in && w.current(int32(id)-1)
	}
	if whole { // every replica has everything that is committed
		c := &w.observed.checks.copies[p]
		if c.gone {
			w.observed.partitions[p].confirmed = noBatch
		}
		c.lost, c.gone = 0, false
	}
}

// electsFenced says whether this version may elect a fenced last-known leader: 4.0
// did so (KAFKA-19522).
func (w *world) electsFenced() bool {
	return w.plan.cluster.Version == scenarios.V40 && w.plan.cluster.ELR
}

// checkMark asserts that the HW of a leader does not fall within its epoch, in one
// life of its process: a restarted one begins with its last checkpoint.
func (w *world) checkMark(r int32, lead *replica) {
	m := &w.observed.checks.marks[r]
	inc := w.processes[lead.broker].inc
	if m.inc == inc && m.epoch == lead.epoch && lead.hw < m.hw {
		w.violate("the high watermark of %s fell from %d to %d in leader epoch %d", w.partitionName(lead.partition), m.hw, lead.hw, lead.epoch)
	}
	*m = markSeen{inc, lead.epoch, lead.hw}
}

// checkAgreement asserts of the registered leader and its ISR: the leader's maximal
// ISR holds the registered one (TLA+: ReplicationQuorumSuperset), every member has
// all below the HW (StrongIsr), and their logs agree there (LogMatching). The batch
// below the HW is compared, and another one in turn; checkLogs compares all.
func (w *world) checkAgreement(p kafka.PartitionID, lead *replica) {
	s := &w.control.image[p]
	if lead.epoch != s.LeaderEpoch || lead.index != s.Leader || !w.current(lead.broker) {
		return
	}
	if s.ISR&^lead.leader.ISR.Maximal() != 0 {
		w.violate("%s: the ISR %b is not within the leader's maximal ISR %b", w.partitionName(p), s.ISR, lead.leader.ISR.Maximal())
	}
	below := lead.log.position(lead.hw, lead.log.endPosition()) // where the first batch stands that is not below the HW
	turn := w.observed.checks.turn
	base := w.plan.partitions[p].replica
	for i := range w.assigned[p] {
		other := &w.replicas[base+i]
		if other == lead || !s.ISR.Has(other.index) || other.epoch != lead.epoch || other.role != roleFollower || (w.lossy[other.broker] && !w.current(other.broker)) {
			continue
		}
		if other.log.end < lead.hw {
			w.violate("%s: broker %d is in the ISR and ends at %d, below the high watermark %d", w.partitionName(p), other.broker+1, other.log.end, lead.hw)
			continue
		}
		first := max(lead.log.first, other.log.first)
		if first < below {
			w.compare(lead, other, below-1)
			w.compare(lead, other, first+turn*7919%(below-first))
		}
	}
}

// compare asserts that two logs hold the same batch at a position that both have.
func (w *world) compare(a, b *replica, at int64) {
	if at >= b.log.endPosition() {
		w.violate("%s: broker %d has %d batches where broker %d has more in as many records", w.partitionName(a.partition), b.broker+1,
			b.log.endPosition(), a.broker+1)
		return
	}
	x, y := a.log.at(at), b.log.at(at)
	if x.base != y.base || x.batch != y.batch || x.epoch != y.epoch {
		w.violate("%s: the logs of brokers %d and %d differ at %d, below the high watermark %d", w.partitionName(a.partition), a.broker+1, b.broker+1, x.base, a.hw)
	}
}

// checkCommitted asserts that what was acknowledged with acks=all is in the log of
// everybody who leads or may be elected without a loss (TLA+: LeaderCompleteness,
// LeaderCandidateCompleteness), while fewer copies were lost than min ISR
// (NoCommittedRecordLostGlobally). An unclean election makes its winner's log the
// truth, and what was acknowledged before counts no more (noteCommitted).
func (w *world) checkCommitted(p kafka.PartitionID) {
	v := &w.observed.partitions[p]
	if v.confirmed == noBatch || w.observed.checks.copies[p].gone {
		return
	}
	s := &w.control.image[p]
	base := w.plan.partitions[p].replica
	for i := range w.assigned[p] {
		if (s.ISR | s.ELR).Has(kafka.ReplicaIndex(i)) {
			w.checkHolds(&w.replicas[base+i], v)
		}
	}
}

// checkHolds asserts that a replica has the last batch that acks=all acknowledged.
func (w *world) checkHolds(rep *replica, v *partitionWatch) {
	if w.lossy[rep.broker] && !w.current(rep.broker) {
		return // a member in name only
	}
	if rep.log.end < v.confirmedEnd {
		w.violate("%s: a batch acknowledged with acks=all ended at %d, and the log of broker %d, which may lead, ends at %d",
			w.partitionName(rep.partition), v.confirmedEnd, rep.broker+1, rep.log.end)
		return
	}
	if v.confirmedEnd <= rep.log.start {
		return
	}
	at := rep.log.position(v.confirmedEnd-1, rep.log.endPosition()-1)
	if rep.log.at(at).batch != v.confirmed {
		w.violate("%s: the batch acknowledged with acks=all at %d is not the one in the log of broker %d, which may lead",
			w.partitionName(rep.partition), v.confirmedEnd-1, rep.broker+1)
	}
}

// checkGroups asserts that a partition has one consumer at most among the members
// of a generation (kafka.Group.Has: those that the coordinator knows), and that nothing beyond the log is committed: consumers see
// what lies below the HW only, and a later leader has all of that, but after an
// unclean election or the loss of too many copies.
func (w *world) checkGroups() {
	for g := range w.consumers.groups {
		gs := &w.consumers.groups[g]
		gp := &w.plan.groups[g]
		for flat := range gp.partitions {
			claims := 0
			for i := gp.first; i < gp.first+gp.count; i++ {
				m := &w.consumers.members[i]
				if !m.down && m.slot[flat] >= 0 && gs.machine.State() == kafka.GroupStable &&
					m.machine.Generation() == gs.machine.Generation() && gs.machine.Has(m.machine.Key()) {
					claims++
				}
			}
			p := gp.partitions[flat].partition
			if claims > 1 {
				w.violate("group %s: %d members of generation %d consume %s", w.plan.spec.Groups[g].Name, claims,
					gs.machine.Generation(), w.partitionName(p))
			}
			rep, led := w.highWatermark(p)
			if led && (!w.lossy[rep.broker] || w.current(rep.broker)) && gs.committed[flat] > rep.log.end && !w.everUnclean[p] && !w.observed.checks.copies[p].ever {
				w.violate("group %s has committed %d of %s, whose log ends at %d", w.plan.spec.Groups[g].Name, gs.committed[flat], w.partitionName(p), rep.log.end)
			}
		}
	}
}
