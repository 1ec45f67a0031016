package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// replicaOn is the id of a partition's replica on a broker (from 0), or -1.
func (w *world) replicaOn(p kafka.PartitionID, b int) int32 {
	for i, id := range w.assigned[p] {
		if int(id) == b+1 {
			return int32(w.plan.partitions[p].replica + i)
		}
	}
	return -1
}

// moveHW lets a leader's high watermark follow its log ends, and tells who waits
// for it.
func (w *world) moveHW(now sim.Time, r int32) {
	w.tellLog(now, r)
	rep := &w.replicas[r]
	l := &rep.leader
	var eligible kafka.ReplicaSet
	if l.ISR.Maximal().Len() < len(l.Followers) {
		eligible = w.eligible(rep)
	}
	hw := l.HighWatermark(now, rep.log.end, eligible, w.plan.cluster.Config.ReplicaLagTimeMax)
	if hw == l.HW {
		return
	}
	w.checkHW(rep, hw)
	l.HW, rep.hw = hw, hw
	w.tellMark(now, rep)
	for i := range l.Followers {
		if kafka.ReplicaIndex(i) != rep.index {
			w.tellFollower(r, i, false)
		}
	}
	w.completeWaits(now, rep)
	w.wakeConsumers(now, r)
}

// eligible is the set of replicas that may join the ISR as this leader's broker
// sees it: unfenced, not shutting down, and fetching with the registered epoch
// or without one (Partition.isReplicaIsrEligible).
func (w *world) eligible(rep *replica) kafka.ReplicaSet {
	var set kafka.ReplicaSet
	for i, id := range w.assigned[rep.partition] {
		index := kafka.ReplicaIndex(i)
		if index == rep.index {
			continue
		}
		peer := &w.peers[int(rep.broker)*w.plan.brokers+int(id)-1]
		epoch := rep.leader.Followers[i].BrokerEpoch
		if !peer.fenced && !peer.stopping && (epoch == kafka.NoBrokerEpoch || epoch == peer.epoch) {
			set = set.With(index)
		}
	}
	return set
}

// expand proposes follower i for the ISR if it may join.
func (w *world) expand(now sim.Time, r int32, i kafka.ReplicaIndex) {
	rep := &w.replicas[r]
	l := &rep.leader
	if l.ISR.Committed.Has(i) || !l.CanExpand(i) || !w.eligible(rep).Has(i) {
		return
	}
	w.propose(now, r, l.ISR.Committed.With(i))
}

// proposeFrom looks at every partition of a fetcher for a follower that may join
// the ISR though its log end has not moved: it became eligible meanwhile.
func (w *world) proposeFrom(now sim.Time, f int32) {
	s := &w.fetchers[f]
	outside := int32(0)
	for _, id := range s.replicas {
		follower := &w.replicas[id]
		r := w.replicaOn(follower.partition, int(s.leader))
		if r < 0 || w.replicas[r].role != roleLeader || w.replicas[r].epoch != follower.epoch {
			outside++
			continue
		}
		rep := &w.replicas[r]
		if rep.leader.ISR.Committed.Has(follower.index) {
			continue
		}
		outside++
		if !follower.named {
			continue
		}
		if known := &rep.leader.Followers[follower.index]; known.LogEnd != kafka.UnknownOffset {
			known.BrokerEpoch = w.fetchEpoch(s)
			if known.LogEnd == rep.log.end {
				known.OnFetch(now, known.LogEnd, rep.log.end, known.BrokerEpoch)
			}
			w.expand(now, r, follower.index)
		}
	}
	s.outOfISR = outside
}

// onISRCheck is the lag rule's raster: half of replica.lag.time.max.ms
// (ReplicaManager.startup, "isr-expiration").
func (w *world) onISRCheck(now sim.Time, b int32) {
	lag := w.plan.cluster.Config.ReplicaLagTimeMax
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		if rep.role != roleLeader {
			continue
		}
		w.beforeAppend(rep) // settle who has everything
		out := rep.leader.OutOfSync(now, rep.log.end, lag)
		if out != 0 {
			w.propose(now, r, rep.leader.ISR.Committed&^out)
		} else if !rep.leader.ISR.InFlight {
			w.noteInSync(rep)
		}
	}
	w.engine.Schedule(now.Add(lag/2), evISRCheck, b, int64(w.processes[b].inc))
}

// propose asks the controller for another ISR (AlterPartitionManager.submit):
// one request a broker is in flight, and all partitions that have something to
// ask by then go into the next one.
func (w *world) propose(now sim.Time, r int32, isr kafka.ReplicaSet) {
	rep := &w.replicas[r]
	rep.leader.Propose(isr)
	w.noteProposed(now, rep)
	w.submitAlter(now, r)
}

// submitAlter queues a leader's request for another ISR.
func (w *world) submitAlter(now sim.Time, r int32) {
	rep := &w.replicas[r]
	if rep.alter {
		return
	}
	rep.alter = true
	topic := w.plan.partitions[rep.partition].topic
	q := &w.brokers[rep.broker].alters[topic]
	q.proposals = append(q.proposals, r)
	if !q.inFlight {
		// Everything of this instant goes into one request.
		w.planAlter(now.Add(alterHandOver), rep.broker, topic)
	}
}

// alterHandOver is the hand-over from a request thread to the controller
// channel's; tens of microseconds, and nothing depends on its size.
const alterHandOver = 50 * time.Microsecond

// onAlterReply takes the controller's answer to one proposal
// (Partition.handleAlterPartitionUpdate, handleAlterPartitionError).
func (w *world) onAlterReply(now sim.Time, r int32, p *part) {
	rep := &w.replicas[r]
	if rep.role != roleLeader || rep.epoch != p.lastEpoch {
		return
	}
	l := &rep.leader
	sent := kafka.Proposal{ISR: kafka.ReplicaSet(p.hw), PartitionEpoch: kafka.PartitionEpoch(p.position)}
	switch kafka.AlterError(p.code) { //nolint:exhaustive // the others leave the proposal pending until metadata arrives
	case kafka.AlterOK:
		if l.Granted(sent, kafka.ReplicaSet(p.from), kafka.PartitionEpoch(p.to)) {
			w.isrChanged(now, r)
		}
	case kafka.AlterIneligibleReplica:
		if l.Rejected(sent) {
			w.lookAgain(rep)
		}
	case kafka.AlterNotController:
		if l.Awaits(sent) {
			w.submitAlter(now, r)
		}
	}
}

// lookAgain makes the fetchers of a partition's followers look for members to
// propose at their next fetch.
func (w *world) lookAgain(rep *replica) {
	base := w.plan.partitions[rep.partition].replica
	for i := range rep.leader.Followers {
		if f := w.replicas[base+i].fetcher; f >= 0 && !rep.leader.ISR.Committed.Has(kafka.ReplicaIndex(i)) {
			w.fetchers[f].outOfISR++
		}
	}
}

// isrChanged lets the HW follow a newly committed ISR.
func (w *world) isrChanged(now sim.Time, r int32) {
	w.moveHW(now, r)
	w.lookAgain(&w.replicas[r])
}

// applyPartition is a broker taking over a partition's new registration
// (ReplicaManager.applyDelta: makeLeader, makeFollower).
func (w *world) applyPartition(now sim.Time, b int32, p kafka.PartitionID, s *kafka.PartitionState) {
	known := &w.state[int(b)*len(w.plan.partitions)+int(p)]
	if s.PartitionEpoch < known.PartitionEpoch {
		return // a catch-up has brought newer ones
	}
	*known = *s
	r := w.replicaOn(p, int(b))
	if r < 0 {
		return
	}
	rep := &w.replicas[r]
	leads := s.Leader == rep.index
	switch {
	case leads && rep.role == roleLeader && rep.epoch == s.LeaderEpoch:
		rep.leader.MinISR = w.effectiveMinISR(p)
		if rep.leader.Committed(s.ISR, s.PartitionEpoch) {
			w.isrChanged(now, r)
		}
	case leads && s.LeaderEpoch > rep.epoch:
		w.becomeLeader(now, r, s)
	case !leads && (s.LeaderEpoch > rep.epoch || rep.role == roleNone):
		w.becomeFollower(now, r, s)
	}
	if !leads && w.brokers[b].shutdown && (s.Leader == kafka.NoReplica || !s.ISR.Has(rep.index)) {
		// A broker that shuts down stops replicating what has let it go
		// (ReplicaManager.applyLocalFollowersDelta, partitionsToStopFetching).
		w.removeFromFetcher(now, r)
	}
}

// effectiveMinISR is the effective min ISR of a partition as its brokers know it
// (Partition.effectiveMinIsr): the controller may have changed it already, and the
// ELR with it, without either being committed.
func (w *world) effectiveMinISR(p kafka.PartitionID) int {
	return min(w.minISR[w.plan.partitions[p].topic], len(w.assigned[p]))
}

// becomeLeader starts a leader epoch on a replica.
func (w *world) becomeLeader(now sim.Time, r int32, s *kafka.PartitionState) {
	rep := &w.replicas[r]
	w.removeFromFetcher(now, r)
	led := rep.role == roleLeader
	rep.role, rep.epoch = roleLeader, s.LeaderEpoch
	w.tellRole(now, r)
	w.checkLeader(rep)
	rep.log.epochs.Assign(s.LeaderEpoch, rep.log.end)
	rep.leader.HW = rep.hw
	rep.leader.MinISR = w.effectiveMinISR(rep.partition)
	rep.leader.Become(now, rep.index, *s, rep.log.end, !led)
	w.remember(r)
	w.moveHW(now, r)
	w.coordinatorElected(now, rep)
}

// becomeFollower makes a replica follow the registered leader, if there is one.
func (w *world) becomeFollower(now sim.Time, r int32, s *kafka.PartitionState) {
	rep := &w.replicas[r]
	led := rep.role == roleLeader
	rep.role, rep.epoch = roleFollower, s.LeaderEpoch
	w.tellRole(now, r)
	if led {
		w.closeLossWindow(now, r)
		w.failWaits(now, rep)
		w.failConsumers(now, rep)
		w.coordinatorResigned(now, rep)
	}
	if s.Leader == kafka.NoReplica {
		w.removeFromFetcher(now, r)
		return
	}
	w.addToFetcher(now, r, int32(w.assigned[rep.partition][s.Leader])-1)
}

// truncate cuts a replica's log at an offset and accounts for what is gone. The
// position is the leader's of that offset, for a log that is left without a batch.
func (w *world) truncate(r int32, to kafka.Offset, position int64) {
	rep := &w.replicas[r]
	end := rep.log.end
	gone := rep.log.truncate(to, position)
	w.tellCut(r, end, story.Truncated)
	for _, e := range gone {
		rep.log.bytes -= int64(w.batches[e.batch].bytes)
	}
	rep.hw = min(rep.hw, rep.log.end)
}

// outOfRange is a follower whose position its leader, with a log of
// [leaderStart, leaderEnd), does not have (AbstractFetcherThread,
// fetchOffsetAndTruncate). Kafka asks the leader for both offsets, one after the
// other; here they come with the refusal, a round trip or two earlier.
func (w *world) outOfRange(r int32, leaderStart, leaderEnd kafka.Offset, position int64) {
	rep := &w.replicas[r]
	switch {
	case leaderEnd < rep.log.end:
		w.truncate(r, leaderEnd, position)
	case leaderStart > rep.log.end:
		rep.log.reset(leaderStart, position)
		rep.hw = leaderStart
	}
}
