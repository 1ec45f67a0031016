package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// Error codes of a fetch part (clients/.../common/protocol/Errors.java).
const (
	fetchOK uint8 = iota
	fetchNotLeader
	fetchUnknownEpoch
	fetchFencedEpoch
	fetchOutOfRange
	fetchDiverging
)

// tellFollower notes at the leader that follower i of replica r has something to
// be sent: data, or only another HW.
func (w *world) tellFollower(r int32, i int, data bool) {
	rep := &w.replicas[r]
	id := int32(w.plan.partitions[rep.partition].replica + i)
	follower := &w.replicas[id]
	if follower.fetcher < 0 || follower.source != rep.broker || follower.role != roleFollower {
		return
	}
	if !follower.named || rep.leader.Followers[i].LogEnd == kafka.UnknownOffset {
		return // not in the session yet: its first request will name it
	}
	f := &w.fetchers[follower.fetcher]
	if !follower.news {
		follower.news = true
		f.news = append(f.news, id)
	}
	if data && f.parked != noMessage {
		w.touchFetcher(follower.fetcher)
	}
}

// touchFetcher remembers a parked fetch that the present event has given data;
// wakeFetchers answers it when the event's own work is done.
func (w *world) touchFetcher(f int32) {
	w.touched = append(w.touched, f)
}

// wakeFetchers answers the parked follower fetches that have data now. Kafka
// does so after the request that brought the data has been answered
// (KafkaApis, tryCompleteActions).
func (w *world) wakeFetchers(now sim.Time) {
	enough := w.plan.cluster.Config.ReplicaFetchMinBytes <= 1 // any data is
	for _, f := range w.touched {
		s := &w.fetchers[f]
		if s.parked == noMessage || !enough && !w.hasData(f) {
			continue
		}
		id := s.parked
		s.parked = noMessage
		w.answerFetch(now, f, id)
	}
	w.touched = w.touched[:0]
}

// tryFetch sends a fetcher's next request if there is anything to fetch and none
// is under way (AbstractFetcherThread.doWork).
func (w *world) tryFetch(now sim.Time, f int32) {
	s := &w.fetchers[f]
	if s.inFlight || len(s.replicas) == 0 || now < s.busy {
		return
	}
	p := &w.processes[s.follower]
	if !p.up || p.paused || w.brokers[s.follower].life == lifeDown {
		return
	}
	w.releaseFailed(now, s)
	if s.backsOff() {
		return
	}
	id := w.newMessage(msgFetch, s.follower, s.leader)
	m := &w.messages[id]
	m.stream = w.fetcherStream(f)
	m.ref, m.idle = f, s.used == 0
	s.session++
	m.number = int64(s.session)
	rest := s.asks[:0]
	for _, r := range s.asks {
		rep := &w.replicas[r]
		if rep.fetcher != f || !rep.ask {
			continue
		}
		if rep.held() {
			rest = append(rest, r)
			continue
		}
		rep.ask = false
		m.parts = append(m.parts, part{
			partition: rep.partition, replica: r, from: rep.log.end, position: rep.log.endPosition(),
			epoch: rep.epoch, lastEpoch: rep.log.lastEpoch(),
		})
	}
	s.asks = rest
	m.bytes = 120 + 40*w.usedParts(m)
	s.inFlight = true
	s.sentAt, s.patience = now, w.patienceOf(s)
	if !s.socketTimer {
		s.socketTimer = true
		w.engine.Schedule(now.Add(s.patience), evFetcherSocket, f, 0)
	}
	w.send(id, now)
}

// usedParts counts the partitions of a fetch that take their bytes on the wire. One
// that has never held a record does not count: its bytes, a few at each change of its
// leader, would be all that an idle topic costs the others.
func (w *world) usedParts(m *message) int64 {
	n := int64(0)
	for i := range m.parts {
		if w.written[m.parts[i].partition] {
			n++
		}
	}
	return n
}

// askFor makes a replica's position part of its fetcher's next request.
func (w *world) askFor(r int32) {
	rep := &w.replicas[r]
	if rep.ask || rep.fetcher < 0 {
		return
	}
	rep.ask = true
	w.fetchers[rep.fetcher].asks = append(w.fetchers[rep.fetcher].asks, r)
}

// onFetch is a leader's broker taking a follower's fetch: what it asks for is
// what it has (ReplicaManager.fetchMessages, Partition.fetchRecords).
func (w *world) onFetch(now sim.Time, id msgID) {
	m := &w.messages[id]
	f := m.ref
	s := &w.fetchers[f]
	if m.number != int64(s.session) {
		w.free(id) // its sender has given it up
		return
	}
	urgent := false
	for i := range m.parts {
		p := &w.messages[id].parts[i]
		if refused := w.takeFetchPart(now, s, p); refused && w.written[p.partition] {
			// Kafka answers at once for any partition, and thereby the fetch that an
			// idle one shares with others: that would shift their phase.
			urgent = true
		}
	}
	s = &w.fetchers[f]
	s.lastFetch = now
	s.established = true
	if s.outOfISR > 0 {
		w.proposeFrom(now, f)
	}
	if urgent || w.hasData(f) {
		w.answerFetch(now, f, id)
	} else {
		config := &w.plan.cluster.Config
		s.parked = id
		s.parkedUntil = now.Add(config.ReplicaFetchWaitMax)
		if !s.timer {
			s.timer = true
			w.engine.Schedule(s.parkedUntil, evFetcherTimeout, f, 0)
		}
	}
	w.wakeFetchers(now)
}

// takeFetchPart checks one partition of a fetch and moves the leader's view of
// the follower. It reports whether the request must be answered at once.
func (w *world) takeFetchPart(now sim.Time, s *fetcher, p *part) bool {
	follower := &w.replicas[p.replica]
	follower.named = false // unless it may stay in the session
	r := w.replicaOn(p.partition, int(s.leader))
	if r < 0 {
		p.code = fetchNotLeader
		return true
	}
	rep := &w.replicas[r]
	switch {
	case p.epoch > rep.epoch:
		p.code = fetchUnknownEpoch
		return true
	case p.epoch < rep.epoch:
		p.code = fetchFencedEpoch
		return true
	case rep.role != roleLeader:
		p.code = fetchNotLeader
		return true
	}
	verdict, d := rep.log.epochs.CheckFetch(p.lastEpoch, p.from, rep.log.start, rep.log.end)
	switch verdict {
	case kafka.FetchDiverges:
		p.code, p.lastEpoch, p.to = fetchDiverging, d.Epoch, d.End
		p.position = rep.log.position(max(d.End, rep.log.start), rep.log.endPosition())
		return true
	case kafka.FetchOutOfRange:
		rep.log.refuse(p)
		return true
	case kafka.FetchInRange:
	}
	p.code = fetchOK
	follower.named = true
	known := &rep.leader.Followers[follower.index]
	first := known.LogEnd == kafka.UnknownOffset
	before := known.LogEnd
	known.OnFetch(now, p.from, rep.log.end, w.fetchEpoch(s))
	if p.from < rep.log.end || rep.hw > follower.hw {
		w.addNews(p.replica)
	}
	if before != p.from || first {
		w.expand(now, r, follower.index)
		w.moveHW(now, r)
	}
	return false
}

// fetchEpoch is the broker epoch that a follower's process puts into a fetch.
func (w *world) fetchEpoch(s *fetcher) kafka.BrokerEpoch { return w.brokers[s.follower].epoch }

// addNews puts a follower replica into its fetcher's list at the leader.
func (w *world) addNews(id int32) {
	rep := &w.replicas[id]
	if !rep.news && rep.fetcher >= 0 {
		rep.news = true
		w.fetchers[rep.fetcher].news = append(w.fetchers[rep.fetcher].news, id)
	}
}

// hasData says whether a fetch could be answered with replica.fetch.min.bytes of
// records now (DelayedFetch.tryComplete): each partition counts up to
// replica.fetch.max.bytes.
func (w *world) hasData(f int32) bool {
	config := &w.plan.cluster.Config
	s := &w.fetchers[f]
	missing := int64(config.ReplicaFetchMinBytes)
	for _, id := range s.news {
		if missing <= 0 {
			break
		}
		rep := &w.replicas[id]
		if !rep.news || rep.fetcher != f {
			continue
		}
		if lead := w.leaderReplica(s, rep); lead != nil && rep.named {
			known := lead.leader.Followers[rep.index].LogEnd
			missing -= w.bytesFrom(lead, known, rep.log.endPosition(), min(missing, int64(config.ReplicaFetchMaxBytes)))
		}
	}
	return missing <= 0
}

// bytesFrom is how many bytes a leader's log holds from an offset on, counted up
// to limit; the hint is where the offset's batch may stand.
func (w *world) bytesFrom(lead *replica, from kafka.Offset, hint, limit int64) int64 {
	if from == kafka.UnknownOffset || from >= lead.log.end {
		return 0
	}
	if from < lead.log.start {
		return limit // deleted meanwhile: the error is answered at once
	}
	bytes := int64(0)
	for at := lead.log.position(from, hint); at < lead.log.endPosition() && bytes < limit; at++ {
		bytes += int64(w.batches[lead.log.at(at).batch].bytes)
	}
	return min(bytes, limit)
}

// leaderReplica is the replica that a follower's fetcher reads, or nil when that
// broker does not lead the partition in the follower's epoch.
func (w *world) leaderReplica(s *fetcher, follower *replica) *replica {
	r := w.replicaOn(follower.partition, int(s.leader))
	if r < 0 {
		return nil
	}
	rep := &w.replicas[r]
	if rep.role != roleLeader || rep.epoch != follower.epoch {
		return nil
	}
	return rep
}

// answerFetch sends a follower what it may have: at most replica.fetch.max.bytes
// of a partition and replica.fetch.response.max.bytes in all, and the HW.
func (w *world) answerFetch(now sim.Time, f int32, id msgID) {
	s := &w.fetchers[f]
	m := &w.messages[id]
	config := &w.plan.cluster.Config
	kept := m.parts[:0]
	for i := range m.parts {
		if m.parts[i].code != fetchOK {
			kept = append(kept, m.parts[i])
		}
	}
	m.parts = kept
	m.entries = m.entries[:0]
	room := int64(config.ReplicaFetchResponseMax)
	total := int64(0)
	rest, again := s.scratch[:0], s.again[:0]
	for _, fid := range s.news {
		rep := &w.replicas[fid]
		if rep.fetcher != f || !rep.news {
			continue
		}
		lead := w.leaderReplica(s, rep)
		if lead == nil || !rep.named {
			rep.news = false
			continue
		}
		known := &lead.leader.Followers[rep.index]
		if known.LogEnd == kafka.UnknownOffset {
			rep.news = false
			continue
		}
		if known.LogEnd < lead.log.start {
			rep.news = false
			m.parts = append(m.parts, part{partition: lead.partition, replica: fid, epoch: lead.epoch, from: known.LogEnd})
			lead.log.refuse(&m.parts[len(m.parts)-1])
			continue
		}
		n := w.copyEntries(m, fid, lead, known.LogEnd, min(int64(config.ReplicaFetchMaxBytes), room-total))
		total += n
		switch {
		case m.parts[len(m.parts)-1].to == lead.log.end:
			rep.news = false
		case n > 0:
			again = append(again, fid)
		default:
			rest = append(rest, fid)
		}
	}
	// Who was served goes to the end of the line (FetchSession, PartitionIterator).
	s.scratch, s.news, s.again = s.news, append(rest, again...), again
	bytes := 80 + 32*w.usedParts(m) + total
	m.idle = s.used == 0
	w.reply(id, msgFetchReply, bytes, now)
}

// refuse answers OFFSET_OUT_OF_RANGE: where the leader's log begins and ends, and
// the position of the one at which a follower would go on.
func (l *replicaLog) refuse(p *part) {
	p.code, p.start, p.to, p.position = fetchOutOfRange, l.start, l.end, l.first
	if p.from > l.end {
		p.position = l.endPosition()
	}
}

// copyEntries adds one partition's data to a response: whole batches, at least
// one while the response has room.
func (w *world) copyEntries(m *message, fid int32, lead *replica, from kafka.Offset, limit int64) int64 {
	log := &lead.log
	p := part{
		partition: lead.partition, replica: fid, from: from, to: from, hw: lead.leader.HW,
		epoch: lead.epoch, low: int32(len(m.entries)), start: log.start,
	}
	hint := w.replicas[fid].log.endPosition()
	bytes := int64(0)
	for at := log.position(from, hint); at < log.endPosition() && limit > 0; at++ {
		e := log.at(at)
		size := int64(w.batches[e.batch].bytes)
		if bytes > 0 && bytes+size > limit {
			break
		}
		bytes += size
		m.entries = append(m.entries, *e)
		p.to = log.next(at)
	}
	p.position = log.position(from, hint)
	p.high = int32(len(m.entries))
	m.parts = append(m.parts, p)
	return bytes
}

// onFetcherTimeout answers a parked fetch whose wait is over.
func (w *world) onFetcherTimeout(now sim.Time, f int32) {
	s := &w.fetchers[f]
	s.timer = false
	if s.parked == noMessage {
		return
	}
	if s.parkedUntil > now {
		s.timer = true
		w.engine.Schedule(s.parkedUntil, evFetcherTimeout, f, 0)
		return
	}
	id := s.parked
	s.parked = noMessage
	w.answerFetch(now, f, id)
}

// onFetchReply is a follower's broker applying what it fetched
// (AbstractFetcherThread.processFetchRequest).
//
// A partition that truncates at its first fetch after a back-off backs off once
// more: updateFetchOffsetAndMaybeMarkTruncationComplete builds its state anew with
// the delay of the old one, and a PartitionFetchState counts its delay from when it
// is built. Seen in a broker's log: the truncation a second after the new leader,
// the next HW another second later.
func (w *world) onFetchReply(now sim.Time, id msgID) {
	m := &w.messages[id]
	f := m.ref
	s := &w.fetchers[f]
	if m.number != int64(s.session) {
		w.free(id)
		return
	}
	s.inFlight = false
	done := now
	for i := range m.parts {
		p := &m.parts[i]
		rep := &w.replicas[p.replica]
		if rep.fetcher != f || rep.epoch != p.epoch || rep.role != roleFollower {
			continue
		}
		switch p.code {
		case fetchOK:
			rep.backed = false
			done = max(done, w.appendFollower(now, p.replica, m, p))
		case fetchDiverging:
			cut := rep.log.epochs.TruncationOffset(kafka.Divergence{Epoch: p.lastEpoch, End: p.to}, rep.log.end)
			w.truncate(p.replica, cut, p.position)
			if rep.backed {
				w.delayReplica(now, p.replica)
			} else {
				w.askFor(p.replica)
			}
		case fetchOutOfRange:
			rep.backed = false
			w.outOfRange(p.replica, p.start, p.to, p.position)
			w.askFor(p.replica)
		case fetchFencedEpoch:
			w.removeFromFetcher(now, p.replica) // waits for the metadata of the new epoch
		default:
			w.delayReplica(now, p.replica)
		}
	}
	w.free(id)
	if done > now {
		s.busy = done
		w.engine.Schedule(done, evFetcher, f, 0)
		return
	}
	w.tryFetch(now, f)
}

// appendFollower appends fetched batches and takes over the HW.
func (w *world) appendFollower(now sim.Time, r int32, m *message, p *part) sim.Time {
	rep := &w.replicas[r]
	done := now
	if rep.log.start == rep.log.end && p.low < p.high && p.from == rep.log.end {
		// An empty log may begin in the middle of what the leader has as one batch:
		// it is begun anew where that batch begins
		// (Partition.appendRecordsToFollowerOrFutureReplica, truncateFullyAndStartAt).
		p.from = min(p.from, m.entries[p.low].base)
		rep.log.reset(p.from, p.position)
	}
	if p.from == rep.log.end && (p.from == p.start || rep.log.start == rep.log.end) {
		// The leader has deleted everything before, or the follower has: nobody can have
		// told where the logs differed there, and positions are counted as the leader
		// counts them.
		rep.log.first += p.position - rep.log.endPosition()
	}
	if p.from != rep.log.end || p.position != rep.log.endPosition() {
		w.violate("%s: broker %d, whose log ends at %d, was sent what follows %d", w.partitionName(rep.partition), rep.broker+1, rep.log.end, p.from)
		return done
	}
	if p.low < p.high {
		bytes := int64(0)
		for _, e := range m.entries[p.low:p.high] {
			b := &w.batches[e.batch]
			w.brokers[rep.broker].disk += int64(b.bytes)
			rep.log.append(e.epoch, e.batch, b.count, int64(b.bytes), w.brokers[rep.broker].disk)
			bytes += int64(b.bytes)
		}
		w.tellCopy(now, rep, p.from)
		if bytes > 0 {
			done = w.machines.Append(int(rep.broker), now, bytes)
			done = w.flushIfDue(done, rep, p.from, bytes)
			w.askFor(r)
		}
	}
	rep.hw = max(rep.log.start, min(rep.log.end, p.hw))
	if p.start > rep.log.start {
		w.raiseStart(rep, p.start)
	}
	return done
}

// fetchersBegin is the argument of an evFetcher that means all fetchers of the
// broker which got partitions at this instant.
const fetchersBegin = 1
