package batch

import (
	"math"
	"time"

	"kafkasim/models/host"
	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// onConsumeReply is a member taking fetched data.
func (w *world) onConsumeReply(now sim.Time, id msgID) {
	msg := &w.messages[id]
	i := w.memberOf(msg.to)
	b := msg.from
	m := &w.consumers.members[i]
	s := &m.sources[b]
	if m.down || msg.number != s.session || !s.inFlight {
		w.free(id)
		return
	}
	s.inFlight = false
	s.failures = 0
	msg.open = 1 // ours, while we look
	refresh, data := false, false
	for k := range msg.parts {
		p := &msg.parts[k]
		at := m.slot[p.replica]
		if at < 0 || m.owned[at].life != p.pid {
			continue
		}
		o := &m.owned[at]
		if o.asked != b {
			continue // it moved, and another broker was asked
		}
		o.asked = -1
		switch {
		case p.code == fetchOK && p.to == 1 && p.high == p.low:
			w.resolved(i, o, p.from)
		case p.code == fetchOK:
			if p.high > p.low {
				w.buffer(now, i, o, id, int32(k))
				data = true
			}
		case p.code == fetchDiverging:
			w.truncatedPosition(i, o, p)
		case p.code == fetchOutOfRange:
			w.resetPosition(i, o)
		default:
			w.hinted(m, p)
			refresh = true
		}
	}
	w.freeChunk(chunk{message: id})
	if refresh {
		s = &m.sources[b]
		s.retryAt = now.Add(m.config.Config.RetryBackoff)
		w.engine.Schedule(s.retryAt, evSourceRetry, m.node, int64(b))
		w.wantMetadata(now, i)
	}
	if data && m.polling {
		w.pollNow(now, i)
		return
	}
	w.tryConsume(now, i)
}

// buffer queues one partition's data of a reply.
func (w *world) buffer(now sim.Time, i int32, o *ownedPartition, id msgID, k int32) {
	m := &w.consumers.members[i]
	msg := &w.messages[id]
	p := &msg.parts[k]
	w.tellFetch(now, i, msg.from, p)
	msg.open++
	m.buffered = append(m.buffered, chunk{message: id, part: k, entry: p.low, record: -1, flat: o.flat, life: o.life})
	o.buffered++
	o.position = p.position
	o.lastEpoch = msg.entries[p.high-1].epoch
	o.fetch = p.to
	g := &w.consumers.groups[m.group]
	if since := g.stoppedAt[o.flat]; since != sim.Never {
		w.noteRebalancePause(m.group, o.flat, since, now)
		g.stoppedAt[o.flat] = sim.Never
	}
}

// setPosition gives an owned partition its position.
func (w *world) setPosition(m *memberState, o *ownedPartition, at kafka.Offset) {
	o.fetch, o.taken, o.done = at, at, at
	w.consumers.groups[m.group].processed[o.flat] = at
}

// resolved is the position that a leader found for auto.offset.reset.
func (w *world) resolved(i int32, o *ownedPartition, at kafka.Offset) {
	w.setPosition(&w.consumers.members[i], o, at)
	w.tellPosition(i, o, at, story.FromReset)
}

// resetPosition is auto.offset.reset.
func (w *world) resetPosition(i int32, o *ownedPartition) {
	m := &w.consumers.members[i]
	o.lastEpoch = kafka.NoEpoch
	switch {
	case m.config.Config.ResetNone:
		o.stopped = true
		w.warn("a member of group " + m.config.Name + " stopped: its position is out of range and auto.offset.reset is none")
	case m.config.Config.ResetEarliest:
		o.fetch = positionEarliest
	default:
		o.fetch = positionLatest
	}
}

// truncatedPosition is a consumer whose position the log has lost: with a reset
// policy it goes on where the logs diverged (SubscriptionState.maybeCompleteValidation;
// kgo reports ErrDataLoss and does the same).
func (w *world) truncatedPosition(i int32, o *ownedPartition, p *part) {
	m := &w.consumers.members[i]
	if m.config.Config.ResetNone {
		w.resetPosition(i, o)
		return
	}
	o.lastEpoch = kafka.NoEpoch
	w.setPosition(m, o, p.from)
	w.tellPosition(i, o, p.from, story.FromCut)
}

// hinted takes over a leader that a broker named with its error (KIP-951).
func (w *world) hinted(m *memberState, p *part) {
	if p.leader != kafka.NoBroker && p.leader > 0 && p.epoch > m.epoch[p.replica] {
		m.leader[p.replica] = int32(p.leader) - 1
		m.epoch[p.replica] = p.epoch
	}
}

// enterPoll is the application calling poll.
func (w *world) enterPoll(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down {
		return
	}
	if m.stop != notStopping {
		w.closeMember(now, i)
		return
	}
	m.processing = false
	m.polling = true
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnPoll(now, out)
	})
	m = &w.consumers.members[i]
	w.autoCommit(now, i)
	if m.head < len(m.buffered) {
		w.pollNow(now, i)
		return
	}
	w.tryConsume(now, i)
}

// autoCommit is the client's automatic commit of processed positions: Java's at a
// poll when the interval is over (ConsumerCoordinator.maybeAutoCommitOffsetsAsync),
// an empty one included, kgo's by its own timer (evCommitDue).
func (w *world) autoCommit(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.config.Commit != scenarios.CommitAfterProcessing || m.config.Client != scenarios.Java || now < m.commitAt {
		return
	}
	m.commitAt = now.Add(m.config.Config.AutoCommitInterval)
	w.commitPositions(now, i, 0)
}

// pollNow hands the application what is buffered, at most max.poll.records, and
// lets it work.
func (w *world) pollNow(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	m.polled = m.polled[:0]
	limit := m.config.Config.MaxPollRecords
	for m.head < len(m.buffered) && int64(len(m.polled)) < limit {
		c := &m.buffered[m.head]
		at := m.slot[c.flat]
		if at < 0 || m.owned[at].life != c.life || m.owned[at].stopped {
			w.freeChunk(*c)
			m.head++
			continue
		}
		if w.take(m, c, &m.owned[at], limit) {
			m.owned[at].buffered--
			w.freeChunk(*c)
			m.head++
		}
	}
	if m.head == len(m.buffered) {
		m.buffered, m.head = m.buffered[:0], 0
	} else if m.head > 64 && m.head > len(m.buffered)/2 {
		n := copy(m.buffered, m.buffered[m.head:])
		m.buffered, m.head = m.buffered[:n], 0
	}
	if len(m.polled) == 0 {
		w.tryConsume(now, i)
		return
	}
	w.tellPoll(now, i)
	m.polling, m.processing = false, true
	m.polls++
	m.pollStart = now
	end := now.Add(w.workTime(i))
	w.engine.Schedule(end, evPollDone, m.node, m.polls)
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnProcessing(now, out)
	})
	if m = &w.consumers.members[i]; m.config.Commit == scenarios.CommitBeforeProcessing {
		w.commitPositions(now, i, 0)
	}
	w.consumers.members[i].handing = true
	w.tryConsume(now, i)
	w.consumers.members[i].handing = false
}

// take moves records of a chunk into the application's hands and reports whether
// the chunk is used up. Records before the position (a fetch answers whole
// batches) are skipped, as clients do.
func (w *world) take(m *memberState, c *chunk, o *ownedPartition, limit int64) bool {
	msg := &w.messages[c.message]
	p := &msg.parts[c.part]
	for c.entry < p.high {
		e := &msg.entries[c.entry]
		batch := &w.batches[e.batch]
		if c.record < 0 {
			c.record, c.index = batch.first, 0
		}
		for c.index < batch.count && c.record >= 0 {
			offset := e.base + kafka.Offset(c.index)
			if offset >= o.taken {
				if int64(len(m.polled)) >= limit {
					return false
				}
				m.polled = append(m.polled, polledRecord{record: c.record, flat: c.flat, offset: offset, batch: e.batch})
				o.taken = offset + 1
			}
			c.record = w.records[c.record].next
			c.index++
		}
		o.taken = max(o.taken, e.base+kafka.Offset(batch.count))
		c.entry++
		c.record = -1
	}
	return true
}

// processingTime draws the work on one record.
func processingTime(s *rng.Stream, p *scenarios.Processing, slow float64) time.Duration {
	var d time.Duration
	switch p.Distribution {
	case scenarios.FixedTime:
		d = p.Time
	case scenarios.ExponentialTime:
		d = s.ExpDuration(p.Time)
	case scenarios.LognormalTime:
		d = lognormal(s, p.Time, p.P99)
	}
	if slow != 1 {
		d = time.Duration(float64(d) * slow)
	}
	return d
}

// lognormal draws a duration with this mean and 99th percentile.
func lognormal(s *rng.Stream, mean, p99 time.Duration) time.Duration {
	sigma := rng.LognormalSigma(float64(mean), float64(p99))
	return time.Duration(float64(mean) * math.Exp(sigma*s.Norm()-sigma*sigma/2))
}

// workTime draws how long the application works on what it has just polled: each
// record, in order, goes to the thread that is free first. When each is done, from
// the start of the work, stays with it.
func (w *world) workTime(i int32) time.Duration {
	m := &w.consumers.members[i]
	p := &m.config.Processing
	end := time.Duration(0)
	if p.Threads <= 1 {
		for k := range m.polled {
			end += processingTime(&m.stream, p, m.slow)
			m.polled[k].done = end
		}
		return w.pollCost(m) + end
	}
	free := w.threads[:0]
	for range p.Threads {
		free = append(free, 0)
	}
	w.threads = free
	for k := range m.polled {
		first := 0
		for t := range free {
			if free[t] < free[first] {
				first = t
			}
		}
		free[first] += processingTime(&m.stream, p, m.slow)
		m.polled[k].done = free[first]
		end = max(end, free[first])
	}
	return w.pollCost(m) + end
}

// pollCost is the client's own time for a poll.
func (w *world) pollCost(m *memberState) time.Duration {
	cost := host.CostOf(m.config.Client)
	return cost.Fetch + time.Duration(len(m.polled))*cost.Consume
}

// onPollDone is the end of the work on a poll.
func (w *world) onPollDone(now sim.Time, i int32, polls int64) {
	m := &w.consumers.members[i]
	if m.down || m.polls != polls || !m.processing {
		return
	}
	w.deliver(now, i)
	if m.config.Commit == scenarios.CommitAfterEachPoll {
		if ticket := w.commitPositions(now, i, purposePoll); ticket != 0 {
			m.committing = ticket
			return
		}
	}
	w.enterPoll(now, i)
}

// deliver accounts for the records of a poll that are processed by now, and moves
// the positions behind them; before the poll is done they stop at the first record
// of each partition that is not.
func (w *world) deliver(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	start := m.pollStart.Add(w.pollCost(m))
	for k := range m.owned {
		o := &m.owned[k]
		if o.done < o.taken && o.done != positionUnknown {
			o.done = o.taken
		}
	}
	for k := range m.polled {
		r := &m.polled[k]
		if at := start.Add(r.done); at <= now {
			w.tellRead(at, i, r)
			w.noteProcessed(at, m.group, r)
		} else if at := m.slot[r.flat]; at >= 0 {
			m.owned[at].done = min(m.owned[at].done, r.offset)
		}
	}
	g := &w.consumers.groups[m.group]
	for k := range m.polled {
		r := &m.polled[k]
		if at := m.slot[r.flat]; at >= 0 && g.owner[r.flat] == i {
			g.processed[r.flat] = max(g.processed[r.flat], min(r.offset+1, m.owned[at].done))
		}
	}
	m.polled = m.polled[:0]
	m.processing = false
	w.tellPollEnd(now, i)
}
