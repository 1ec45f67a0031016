package kafka

import (
	"time"

	"kafkasim/sim"
)

// UnknownOffset is the log end of a follower that has not fetched from this
// leader yet (UnifiedLog.UNKNOWN_OFFSET).
const UnknownOffset Offset = -1

// UnknownBrokerEpoch is the broker epoch of a follower that has not fetched from
// this leader yet: unlike one that fetches with NoBrokerEpoch it may not join the
// ISR (Partition.isBrokerEpochIsrEligible). It is never on the wire.
const UnknownBrokerEpoch BrokerEpoch = -2

// A Follower is what a leader knows of one follower
// (server/.../replica/ReplicaState.java).
type Follower struct {
	LogEnd Offset // UnknownOffset until it fetched in this leader epoch
	// LastCaughtUp is the last time at which the follower had the leader's
	// whole log of that moment.
	LastCaughtUp sim.Time
	// LastFetch and LeaderEndAtLastFetch are the previous fetch: a later fetch
	// from an offset at or beyond it proves that the follower was caught up then.
	LastFetch            sim.Time
	LeaderEndAtLastFetch Offset
	// BrokerEpoch is the epoch in the follower's last fetch; NoBrokerEpoch from
	// a process that has not registered yet, UnknownBrokerEpoch before the first.
	BrokerEpoch BrokerEpoch
}

// OnFetch records that the follower asked for offset from, and so has all
// below it, when the leader's log ended at leaderEnd (Replica.updateFetchStateOrThrow).
func (f *Follower) OnFetch(now sim.Time, from, leaderEnd Offset, epoch BrokerEpoch) {
	switch {
	case from >= leaderEnd:
		f.LastCaughtUp = max(f.LastCaughtUp, now)
	case from >= f.LeaderEndAtLastFetch:
		f.LastCaughtUp = max(f.LastCaughtUp, f.LastFetch)
	}
	f.LogEnd = from
	f.LastFetch = now
	f.LeaderEndAtLastFetch = max(f.LeaderEndAtLastFetch, leaderEnd)
	f.BrokerEpoch = epoch
}

// CaughtUp reports whether the follower counts as in sync: it has the whole
// log, or had it at most lagTimeMax ago (ReplicaState.isCaughtUp).
func (f *Follower) CaughtUp(now sim.Time, leaderEnd Offset, lagTimeMax time.Duration) bool {
	return f.LogEnd == leaderEnd || now.Sub(f.LastCaughtUp) <= lagTimeMax
}

// Reset is the state at the start of a leader epoch: a member of the ISR has a
// fresh lagTimeMax, and a new leader knows nothing else of it. A leader that is
// elected again, and has led all the time, keeps what it knows of the log end
// (Partition.makeLeader, Replica.resetReplicaState).
func (f *Follower) Reset(now sim.Time, leaderEnd Offset, newLeader, inISR bool) {
	since := longAgo
	if inISR {
		since = now
	}
	if newLeader {
		*f = Follower{
			LogEnd: UnknownOffset, LeaderEndAtLastFetch: UnknownOffset, BrokerEpoch: UnknownBrokerEpoch,
			LastCaughtUp: since, LastFetch: longAgo,
		}
		return
	}
	f.LeaderEndAtLastFetch, f.LastFetch, f.LastCaughtUp = leaderEnd, since, since
}

// longAgo stands for "never caught up": no lag time reaches back to it.
const longAgo sim.Time = -1 << 62

// An ISRState is the leader's view of its in-sync set: what the controller
// committed, and what it has asked for and not heard about yet
// (core/.../cluster/Partition.scala, PartitionState and its Pending forms).
type ISRState struct {
	Committed      ReplicaSet
	Pending        ReplicaSet // meaningful while InFlight
	InFlight       bool
	PartitionEpoch PartitionEpoch
}

// Maximal is the set that the high watermark waits for: the committed ISR with
// whatever a pending expansion adds; a pending shrink counts only when it is
// committed (Partition.scala, "maximal ISR").
func (s ISRState) Maximal() ReplicaSet {
	if s.InFlight {
		return s.Committed | s.Pending
	}
	return s.Committed
}

// A Leader is the leader's side of replication for one partition and one
// leader epoch.
type Leader struct {
	Self       ReplicaIndex
	Epoch      LeaderEpoch
	EpochStart Offset // the log end when the epoch began
	HW         Offset // high watermark
	MinISR     int    // effective: min(min.insync.replicas, replication factor)
	ISR        ISRState
	Followers  []Follower // by replica index; the leader's own slot is unused
}

// Become starts a leader epoch (Partition.makeLeader): the HW stays what this
// replica knew, every follower's log end is unknown to a new leader, and ISR
// members have a fresh lag time. newLeader is false for a leader that goes on in
// another epoch without having heard of a leader in between.
func (l *Leader) Become(now sim.Time, self ReplicaIndex, state PartitionState, logEnd Offset, newLeader bool) {
	l.Self = self
	l.Epoch = state.LeaderEpoch
	l.EpochStart = logEnd
	l.ISR = ISRState{Committed: state.ISR, PartitionEpoch: state.PartitionEpoch}
	for i := range l.Followers {
		l.Followers[i].Reset(now, logEnd, newLeader, state.ISR.Has(ReplicaIndex(i)))
	}
}

// HighWatermark returns the HW that follows from the log ends, never lower than
// the present one (Partition.maybeIncrementLeaderHW):
//
//   - it does not move while the committed ISR is smaller than min ISR (KAFKA-15583),
//   - it is the smallest log end over the leader, the maximal ISR, and every other
//     replica that is caught up and could join the ISR now.
//
// eligible holds the replicas that could join: unfenced, not shutting down, and
// fetching with their registered broker epoch.
func (l *Leader) HighWatermark(now sim.Time, logEnd Offset, eligible ReplicaSet, lagTimeMax time.Duration) Offset {
	if l.ISR.Committed.Len() < l.MinISR {
		return l.HW
	}
	maximal := l.ISR.Maximal()
	hw := logEnd
	for i := range l.Followers {
		index := ReplicaIndex(i)
		if index == l.Self {
			continue
		}
		f := &l.Followers[i]
		if f.LogEnd >= hw {
			continue
		}
		if maximal.Has(index) || (eligible.Has(index) && f.CaughtUp(now, logEnd, lagTimeMax)) {
			hw = f.LogEnd
		}
	}
	return max(hw, l.HW)
}

// OutOfSync returns the ISR members that the lag rule removes at this check
// (Partition.getOutOfSyncReplicas); none while an AlterPartition is in flight.
func (l *Leader) OutOfSync(now sim.Time, logEnd Offset, lagTimeMax time.Duration) ReplicaSet {
	if l.ISR.InFlight {
		return 0
	}
	var out ReplicaSet
	for i := range l.Followers {
		index := ReplicaIndex(i)
		if index != l.Self && l.ISR.Committed.Has(index) && !l.Followers[i].CaughtUp(now, logEnd, lagTimeMax) {
			out = out.With(index)
		}
	}
	return out
}

// CanExpand reports whether follower i may be proposed for the ISR: it is not in
// it, no proposal is in flight, and its log end has reached both the HW and the
// start of this leader epoch (Partition.isFollowerInSync, needsExpandIsr).
// Eligibility (unfenced, broker epoch) is the caller's to know.
func (l *Leader) CanExpand(i ReplicaIndex) bool {
	f := &l.Followers[i]
	return !l.ISR.InFlight && !l.ISR.Committed.Has(i) && f.LogEnd >= l.HW && f.LogEnd >= l.EpochStart
}

// A Proposal names one request for another ISR, to match its answer.
type Proposal struct {
	ISR            ReplicaSet
	PartitionEpoch PartitionEpoch
}

// Propose marks an AlterPartition as in flight.
func (l *Leader) Propose(isr ReplicaSet) {
	l.ISR.Pending = isr
	l.ISR.InFlight = true
}

// Proposal is the request that is in flight, if one is.
func (l *Leader) Proposal() (Proposal, bool) {
	return Proposal{l.ISR.Pending, l.ISR.PartitionEpoch}, l.ISR.InFlight
}

// Awaits reports whether the answer to p still matters: metadata, a new leader
// epoch or another proposal may have come before it (Partition.submitAlterPartition).
func (l *Leader) Awaits(p Proposal) bool {
	now, pending := l.Proposal()
	return pending && now == p
}

// Granted takes over the ISR that the controller answered a proposal with, and
// reports whether it mattered. The epoch is the old one if the ISR was so already
// (Partition.handleAlterPartitionUpdate).
func (l *Leader) Granted(p Proposal, isr ReplicaSet, epoch PartitionEpoch) bool {
	if !l.Awaits(p) || epoch < l.ISR.PartitionEpoch {
		return false
	}
	l.ISR = ISRState{Committed: isr, PartitionEpoch: epoch}
	return true
}

// Rejected returns to the committed ISR after a refusal that says that nothing
// was changed: INELIGIBLE_REPLICA, OPERATION_NOT_ATTEMPTED. After the others the
// proposal stays pending, and with it the larger of both ISRs, until metadata
// arrives (Partition.handleAlterPartitionError). It reports whether it mattered.
func (l *Leader) Rejected(p Proposal) bool {
	if !l.Awaits(p) {
		return false
	}
	l.ISR.InFlight, l.ISR.Pending = false, 0
	return true
}

// Committed takes over an ISR from the metadata, unless it is older than what the
// leader knows, and reports whether it did.
//
// Kafka also takes one of the same partition epoch, which drops a proposal that
// was made since the answer with that epoch came; the answer is then ignored and
// metadata brings the result some tens of milliseconds later. Here the proposal
// stays, which is the safer of both.
func (l *Leader) Committed(isr ReplicaSet, epoch PartitionEpoch) bool {
	if epoch <= l.ISR.PartitionEpoch {
		return false
	}
	l.ISR = ISRState{Committed: isr, PartitionEpoch: epoch}
	return true
}
