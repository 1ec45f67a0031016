package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// A lossWindow is a span of time in which a leader may have acknowledged with
// acks=1 what its successor does not have.
type lossWindow struct {
	from, to sim.Time
	leader   int32 // replica that still takes records; -1: to is final
}

// A freeze is a span in which a partition's high watermark stood or may still be
// held back by it: from the moment at which the registered ISR fell below min ISR
// (KAFKA-15583: nothing is committed any more) until the lag rule has had the time to
// find the members that came back.
type freeze struct {
	from   sim.Time // when the ISR fell below min ISR; Never: it did not
	filled sim.Time // since when it has min ISR members again; Never: it has not
}

// note takes over whether the ISR is below min ISR now. A fall within slack of the
// last one's end belongs to the same freeze.
func (f *freeze) note(now sim.Time, under bool, slack time.Duration) {
	standing := f.from != sim.Never && f.filled == sim.Never
	switch {
	case under && !standing:
		if !f.matters(now, slack) {
			f.from = now
		}
		f.filled = sim.Never
	case !under && standing:
		f.filled = now
	}
}

// matters says whether an election now may be won by a replica that has no more
// than what was committed when the freeze began.
func (f *freeze) matters(now sim.Time, slack time.Duration) bool {
	return f.from != sim.Never && (f.filled == sim.Never || now.Sub(f.filled) <= slack)
}

// A lossSpan is when records were appended that something other than a clean
// election may have cost.
type lossSpan struct{ from, to sim.Time }

// nothingLost is a span that holds no instant.
func nothingLost() lossSpan { return lossSpan{from: sim.Never, to: -1} }

// holds says whether a batch may have been appended within: one that was sent again,
// because its first copy had been cut off or its answer was lost, any time from the
// first append to the last.
func (s lossSpan) holds(b *batchState) bool { return s.from <= b.again && b.at <= s.to }

// cover widens the span.
func (s *lossSpan) cover(from, to sim.Time) { s.from, s.to = min(s.from, from), max(s.to, to) }

// lossSlack is how long before an election its winner, if it had been in an ISR of at
// least min ISR members all the time, was caught up at the latest: the lag rule
// tolerates replica.lag.time.max.ms and half of it, the raster of the check, and the
// old leader broke at most a session, a check and a heartbeat ago.
func (w *world) lossSlack() time.Duration {
	config := &w.plan.cluster.Config
	return config.ReplicaLagTimeMax*3/2 + config.SessionTimeout + kafka.StaleCheckPeriod(config.SessionTimeout) + config.HeartbeatInterval
}

// openLossWindow begins a window at an election, lossSlack before it. Below min ISR
// the lag rule says nothing of who may win:
//
//   - the ELR keeps who left the ISR, however long ago, for all that is committed
//     (KIP-966; PartitionChangeBuilder.isValidNewLeader),
//   - a follower joins the ISR as soon as it has what lies below the high watermark
//     and not the whole log (Partition.isFollowerInSync), again and again, though the
//     next check strikes it out again (KAFKA-19996).
//
// Both have what was committed when the ISR fell below min ISR, and so by the lag
// rule of then all that was appended lossSlack earlier: the window begins there. A
// member that is back, and has been for lossSlack, is under the lag rule again.
//
// Nor does the lag rule say anything while the leader waits for the controllers'
// answer to another ISR: the member that it wants to strike out may win until that is
// committed, and nobody looks for others (Partition.maybeShrinkIsr passes over a
// partition with a change in flight). The window then begins lossSlack before the
// leader asked. Nor while no controller is active: then it begins lossSlack before
// the first was lost.
//
// The window ends when the old leader stops, or hears that it is one no more.
func (w *world) openLossWindow(now sim.Time, p kafka.PartitionID, before, after *kafka.PartitionState) {
	if before.Leader == kafka.NoReplica || before.Leader == after.Leader {
		return
	}
	v := &w.observed.partitions[p]
	slack, from := w.lossSlack(), now
	if v.freeze.matters(now, slack) {
		from = v.freeze.from
	}
	from, v.asked = min(from, v.asked, w.quorumLostAt), sim.Never
	old := int32(w.plan.partitions[p].replica + int(before.Leader))
	window := lossWindow{from: from - sim.Time(slack), to: now, leader: old}
	if w.replicas[old].role != roleLeader {
		window.leader = -1
	}
	v.windows = append(v.windows, window)
}

// noteProposed remembers since when a partition's registered leader has been asking
// for another ISR.
func (w *world) noteProposed(now sim.Time, rep *replica) {
	if v := &w.observed.partitions[rep.partition]; w.control.image[rep.partition].Leader == rep.index {
		v.asked = min(v.asked, now)
		v.broken = min(v.broken, now)
	}
}

// noteUnclean notes an unclean election: its winner may lack whatever was appended
// since replicas first fell out of step. Until then all were in an ISR of all, so
// that by the lag rule each had what was appended lossSlack earlier; what a machine
// or a disk took of them is in the span of lost copies.
func (w *world) noteUnclean(now sim.Time, p kafka.PartitionID) {
	v := &w.observed.partitions[p]
	w.everUnclean[p] = true
	v.unclean.cover(min(v.broken, w.quorumLostAt, now)-sim.Time(w.lossSlack()), now)
}

// noteCopySpan notes that a copy lost records which were first appended from an
// instant on. Nothing that came after the loss can be gone for it: the copy is known
// not to have that, and wins no election but one with a window of its own.
func (w *world) noteCopySpan(p kafka.PartitionID, from, now sim.Time) {
	w.observed.partitions[p].copies.cover(from, now)
}

// noteInSync notes that the registered leader asks for nothing and has found all
// members of the ISR in sync.
func (w *world) noteInSync(rep *replica) {
	if w.control.image[rep.partition].Leader == rep.index {
		w.observed.partitions[rep.partition].asked = sim.Never
	}
}

// closeLossWindow ends the windows of a leader that takes no more records.
func (w *world) closeLossWindow(now sim.Time, r int32) {
	v := &w.observed.partitions[w.replicas[r].partition]
	for i := range v.windows {
		if v.windows[i].leader == r {
			v.windows[i].to, v.windows[i].leader = now, -1
		}
	}
}

// lossBound is the most acknowledged records of each producer that the faults of
// this replication can have cost (loss.bound.acked):
//
//   - nothing on a partition whose leader never changed,
//   - with acks=1, what was appended within a window of an election,
//   - with acks=all nothing, as long as fewer copies were lost than hold what is
//     committed (noteLostCopy) and no unclean election took place (TLA+:
//     LeaderCompleteness),
//   - what was appended before an unclean election, since replicas fell out of step,
//   - what a machine or a disk took of a copy: with acks=1 of any, with acks=all of
//     so many that committed records may be gone.
func (w *world) lossBound() []int64 {
	bound := make([]int64, len(w.plan.spec.Producers))
	now := w.engine.Now()
	for i := range w.batches {
		b := &w.batches[i]
		if b.fate != fateAcked || w.producer[b.producer].config.Acks == acksNone {
			continue
		}
		if w.mayBeLost(now, b) {
			bound[w.plan.producers[b.producer].producer] += int64(b.count)
		}
	}
	return bound
}

// checkGone asserts of an acknowledged batch that is not in the final log what
// boundSheet does of the sums: that a fault of the replication can have cost it.
func (w *world) checkGone(b *batchState) {
	if !w.mayBeLost(w.engine.Now(), b) {
		w.violate("%d acknowledged records of %s, appended at %s, are gone, and no fault of the replication can have cost them",
			b.count, w.partitionName(b.partition), b.at.Sub(sim.Time(prologue)))
	}
}

// mayBeLost says whether a fault of this replication can have cost a batch.
func (w *world) mayBeLost(now sim.Time, b *batchState) bool {
	v := &w.observed.partitions[b.partition]
	all := w.producer[b.producer].config.Acks == scenarios.AcksAll
	switch {
	case b.appended == 0:
		// Never appended, and yet acknowledged: taken for a duplicate of a batch
		// that the client had given up (kgo uses its sequence again).
		return true
	case v.unclean.holds(b):
		return true
	case v.copies.holds(b):
		// At acks=all fewer lost copies than hold what is committed cost nothing, unless
		// one of them is elected uncleanly.
		return !all || w.observed.checks.copies[b.partition].ever || w.everUnclean[b.partition]
	case all && !w.everUnclean[b.partition]:
		return false
	}
	// After an unclean election an old leader that was its own ISR and has not heard
	// of it acknowledges with acks=all too.
	for _, window := range v.windows {
		to := window.to
		if window.leader >= 0 {
			to = w.stillTakes(now, window.leader)
		}
		if (lossSpan{window.from, to}).holds(b) {
			return true
		}
	}
	return false
}

// stillTakes is until when a leader that has not heard of its successor has taken
// records: until now, or until it was frozen.
func (w *world) stillTakes(now sim.Time, r int32) sim.Time {
	if p := &w.processes[w.replicas[r].broker]; p.paused {
		return p.pausedAt
	}
	return now
}
