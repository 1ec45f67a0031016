package batch

import (
	"slices"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// fetcherOf is the fetcher by which a follower's broker reads a partition of a
// leader's broker (AbstractFetcherManager.getFetcherId).
func (w *world) fetcherOf(follower, leader int32, p kafka.PartitionID) int32 {
	k := int32(w.plan.cluster.Config.ReplicaFetchers)
	return (follower*int32(w.plan.brokers)+leader)*k + w.fetcherID[p]
}

// onFetcherSocket gives up a request that has been silent for as long as the fetcher
// is patient; one timer a fetcher follows its latest request.
func (w *world) onFetcherSocket(now sim.Time, f int32) {
	s := &w.fetchers[f]
	s.socketTimer = false
	if !s.inFlight {
		return
	}
	if s.established {
		s.patience = w.plan.cluster.Config.ReplicaSocketTimeout
	}
	if due := s.sentAt.Add(s.patience); due > now {
		s.socketTimer = true
		w.engine.Schedule(due, evFetcherSocket, f, 0)
		return
	}
	w.failFetcher(now, f, w.plan.cluster.Config.ReplicaFetchBackoff)
}

// patienceOf is how long a fetcher waits for an answer: replica.socket.timeout.ms, or
// the time to set up a connection where it has none and its packets get lost
// (NetworkClient.handleTimedOutConnections: "Disconnecting from node 1 due to socket
// connection setup timeout. The timeout value is 10156 ms.").
func (w *world) patienceOf(s *fetcher) time.Duration {
	patience := w.plan.cluster.Config.ReplicaSocketTimeout
	if !s.established && !w.reachable(s.follower, s.leader) {
		patience = min(patience, w.netStreams[s.follower].UniformDuration(connectSetup*8/10, connectSetup*12/10))
	}
	return patience
}

// delayReplica keeps a replica out of requests for replica.fetch.backoff.ms
// (AbstractFetcherThread.delayPartitions).
func (w *world) delayReplica(now sim.Time, r int32) {
	rep := &w.replicas[r]
	rep.delayed, rep.backed = true, true
	rep.delays++
	w.hold(rep, 1)
	w.askFor(r)
	w.engine.Schedule(now.Add(w.plan.cluster.Config.ReplicaFetchBackoff), evReplicaRetry, r, int64(rep.delays))
}

// hold counts a replica that begins (1) or ceases (−1) to back off.
func (w *world) hold(rep *replica, by int32) {
	f := &w.fetchers[rep.fetcher]
	f.held += by
	if w.written[rep.partition] {
		f.heldUsed += by
	}
}

// backsOff says whether all partitions of a fetcher back off
// (AbstractFetcherThread.maybeFetch). One that has never held a record waits for
// those that have.
func (s *fetcher) backsOff() bool {
	if s.used > 0 {
		return s.heldUsed == s.used
	}
	return int(s.held) == len(s.replicas)
}

// firstRecord notes that a partition is about to hold a record, the first of the
// run.
func (w *world) firstRecord(p kafka.PartitionID) {
	w.written[p] = true
	base := w.plan.partitions[p].replica
	for i := range w.assigned[p] {
		rep := &w.replicas[base+i]
		if rep.fetcher < 0 {
			continue
		}
		f := &w.fetchers[rep.fetcher]
		f.used++
		if rep.held() {
			f.heldUsed++
		}
	}
}

// held says whether a follower backs off: it is in no request meanwhile.
func (rep *replica) held() bool { return rep.delayed || rep.failed }

// releaseFailed ends the back-off after a failed request, if its time is over.
func (w *world) releaseFailed(now sim.Time, s *fetcher) {
	if s.retryAt == 0 || s.retryAt > now {
		return
	}
	s.retryAt = 0
	for _, r := range s.replicas {
		if rep := &w.replicas[r]; rep.failed {
			rep.failed = false
			w.hold(rep, -1)
		}
	}
}

// onReplicaRetry ends a replica's back-off.
func (w *world) onReplicaRetry(now sim.Time, r int32, delays int64) {
	rep := &w.replicas[r]
	if int64(rep.delays) != delays || !rep.delayed {
		return
	}
	rep.delayed = false
	w.hold(rep, -1)
	w.tryFetch(now, rep.fetcher)
}

// addToFetcher makes a follower replica fetch from a leader's broker.
func (w *world) addToFetcher(now sim.Time, r, source int32) {
	rep := &w.replicas[r]
	w.removeFromFetcher(now, r)
	rep.source = source
	rep.fetcher = w.fetcherOf(rep.broker, source, rep.partition)
	f := &w.fetchers[rep.fetcher]
	if f.used == 0 && !f.begin {
		w.startAnew(f)
	}
	rep.slot = int32(len(f.replicas))
	f.replicas = append(f.replicas, r)
	if w.written[rep.partition] {
		f.used++
	}
	f.outOfISR++ // until a look at it says otherwise
	w.askFor(r)
	w.beginAfter(now, rep.fetcher)
}

// beginAfter lets a fetcher go on when all that changes at this instant is done:
// partitions come and go together (ReplicaManager.applyLocalFollowersDelta).
func (w *world) beginAfter(now sim.Time, f int32) {
	w.fetchers[f].begin = true
	w.engine.Schedule(now, evFetcher, f, fetchersBegin)
}

// startAnew ends a fetcher's thread and connection, and starts another for the
// partitions that it has, none of which has held a record; Kafka shuts down one that
// has none left (AbstractFetcherManager.shutdownIdleFetcherThreads).
func (w *world) startAnew(s *fetcher) {
	w.breakOff(s)
	s.retryAt, s.busy = 0, 0
	s.held, s.heldUsed = 0, 0
	for _, r := range s.replicas {
		rep := &w.replicas[r]
		rep.ask, rep.delayed, rep.failed, rep.backed, rep.named = false, false, false, false, false
		rep.delays++
		w.askFor(r)
	}
}

// breakOff ends a fetcher's session: what is under way of it counts no more.
func (w *world) breakOff(s *fetcher) {
	s.session++
	s.inFlight = false
	s.established = false
	if s.parked != noMessage {
		w.free(s.parked)
		s.parked = noMessage
	}
	for _, r := range s.news {
		w.replicas[r].news = false
	}
	s.news = s.news[:0]
	s.asks = s.asks[:0]
}

// beginFetching lets a broker's fetchers go on that have got or lost partitions.
// They do so in their own order, whichever partition came first.
func (w *world) beginFetching(now sim.Time, b int32) {
	n := int32(w.plan.brokers * w.plan.cluster.Config.ReplicaFetchers)
	for f := b * n; f < (b+1)*n; f++ {
		if s := &w.fetchers[f]; s.begin {
			s.begin = false
			if s.used == 0 {
				w.startAnew(s)
			}
			w.tryFetch(now, f)
		}
	}
}

// removeFromFetcher stops a replica's fetching. The others keep their order: it must
// not depend on where an idle one stood.
func (w *world) removeFromFetcher(now sim.Time, r int32) {
	rep := &w.replicas[r]
	if rep.fetcher < 0 {
		return
	}
	f := &w.fetchers[rep.fetcher]
	f.replicas = slices.Delete(f.replicas, int(rep.slot), int(rep.slot)+1)
	for _, other := range f.replicas[rep.slot:] {
		w.replicas[other].slot--
	}
	if rep.held() {
		w.hold(rep, -1)
	}
	if w.written[rep.partition] {
		f.used--
		if f.used == 0 {
			w.beginAfter(now, rep.fetcher) // its end, unless it gets another at this instant
		}
	}
	if rep.news {
		f.news = slices.DeleteFunc(f.news, func(id int32) bool { return id == r })
	}
	rep.fetcher, rep.source = -1, -1
	rep.news, rep.ask, rep.delayed, rep.failed, rep.backed, rep.named = false, false, false, false, false, false
	rep.delays++
}

// failFetcher is the end of a fetcher's connection or of its patience: every
// partition that it has now backs off; those that come later do not
// (AbstractFetcherThread.handlePartitionsWithErrors, delayPartitions).
func (w *world) failFetcher(now sim.Time, f int32, wait time.Duration) {
	s := &w.fetchers[f]
	w.breakOff(s)
	for _, r := range s.replicas {
		rep := &w.replicas[r]
		rep.ask, rep.failed, rep.backed, rep.named = false, !rep.delayed, true, false
		w.askFor(r)
	}
	s.held, s.heldUsed = int32(len(s.replicas)), s.used
	s.retryAt = now.Add(wait)
	w.engine.Schedule(s.retryAt, evFetcher, f, 0)
}
