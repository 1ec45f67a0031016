package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// receive takes a message that a broker's NIC has delivered. A client connection is
// muted while a request of it is processed, until its response is sent
// (core/.../network/SocketServer.scala); the others need the CPU only.
func (w *world) receive(now sim.Time, id msgID) {
	m := &w.messages[id]
	if p := &w.processes[m.to]; p.paused {
		p.deferred = append(p.deferred, sim.Event{Kind: evReceive, Entity: m.to, Arg: int64(id)})
		return
	}
	if m.kind == msgProduce {
		c := &w.connections[m.conn]
		if c.busy {
			w.push(&c.queue, id)
			return
		}
		if now < c.mutedUntil {
			w.engine.Schedule(c.mutedUntil, evReceive, m.to, int64(id))
			return
		}
		c.busy = true
		// What does not fit into the socket's buffer comes while it is being read.
		if wait := w.windowWait(m, brokerWindow); wait > 0 {
			w.engine.Schedule(now.Add(wait), evRead, m.to, int64(id))
			return
		}
	}
	w.read(now, id)
}

// Each thread that a message passes takes it when it gets there: booked ahead, a
// processor would stand idle until then, which others could have used.

// read gives a message to the thread that reads it. A response goes to the thread
// that asked, which does all of it; evProcess follows. A request goes on to an I/O
// thread; evWork follows.
func (w *world) read(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := int(m.to)
	wake := w.wakeUp(b, m.stream)
	if m.kind == msgFetchReply || m.kind == msgControlReply {
		done := w.machines.Take(b, now, m.bytes, wake)
		if m.kind == msgFetchReply {
			done = done.Add(w.drawn(w.shared.fetchers[b], m.stream))
		}
		w.engine.Schedule(done, evProcess, m.to, int64(id))
		return
	}
	w.engine.Schedule(w.machines.Read(b, now, m.bytes, wake), evWork, m.to, int64(id))
}

// work gives a request that has been read to an I/O thread.
func (w *world) work(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := int(m.to)
	w.engine.Schedule(w.machines.Work(b, now, m.bytes, w.wakeUp(b, m.stream)), evProcess, m.to, int64(id))
}

// wakeUp draws how long an idle thread of broker b takes to begin work.
func (w *world) wakeUp(b int, stream int32) time.Duration {
	return w.drawn(w.shared.wakes[b], stream)
}

// drawn is a delay of a table.
func (w *world) drawn(table *latencyTable, stream int32) time.Duration {
	return time.Duration(table[w.netStreams[stream].Uint64()>>(64-latencyBits)])
}

// reply turns a request into its response, which may be sent from ready on.
func (w *world) reply(id msgID, kind messageKind, bytes int64, ready sim.Time) {
	m := &w.messages[id]
	m.from, m.to = m.to, m.from
	m.fromInc, m.toInc = m.toInc, m.fromInc
	m.kind, m.bytes = kind, bytes
	m.sentAt, m.leftAt = sim.Never, sim.Never
	switch {
	case int(m.from) >= w.plan.brokers || m.aside():
		w.answered(id, ready)
	case ready > w.engine.Now():
		w.engine.Schedule(ready, evRespond, m.from, int64(id))
	default:
		w.respond(ready, id)
	}
}

// respond gives a response to the network thread that sends it.
func (w *world) respond(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := int(m.from)
	w.answered(id, w.machines.Respond(b, now, m.bytes, w.wakeUp(b, m.stream)))
}

// answered lets a response leave its process at sent, and whoever waited for that
// go on.
func (w *world) answered(id msgID, sent sim.Time) {
	m := &w.messages[id]
	switch m.kind { //nolint:exhaustive // nobody waits for the others
	case msgProduceReply:
		w.unmute(m.conn, sent)
	case msgFetchReply:
		s := &w.fetchers[m.ref]
		s.answered, s.answerSent = int32(m.number), sent
	}
	m = &w.messages[id]
	if m.conn >= 0 {
		m.conn += int32(len(w.connections)) // the other direction keeps its own order
	}
	w.send(id, sent)
}

// unmute lets a broker take the next request of a client connection once the
// response to the one before has left, at at.
func (w *world) unmute(conn int32, at sim.Time) {
	c := &w.connections[conn]
	c.busy, c.mutedUntil = false, at
	if next := w.pop(&c.queue); next != noMessage {
		w.engine.Schedule(at, evReceive, w.messages[next].to, int64(next))
	}
}

// onProduce appends a produce request's batches (ReplicaManager.appendRecords)
// and answers it, or leaves it to wait for its commit.
func (w *world) onProduce(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := int(m.to)
	all := scenarios.Acks(m.acks) == scenarios.AcksAll
	ready := now
	m.open = 0
	for i := range m.parts {
		ready = max(ready, w.appendPart(now, b, id, int32(i), all))
	}
	m = &w.messages[id]
	if scenarios.Acks(m.acks) == scenarios.AcksNone {
		conn, failed, client, inc := m.conn, w.partFailed(m), m.from, m.fromInc
		w.free(id)
		if failed && w.processes[client].inc == inc {
			// acks=0: the broker closes the connection on an error
			// (KafkaApis.handleProduceRequest).
			w.closeClient(now, client, b)
			return
		}
		w.unmute(conn, ready)
		w.wakeFetchers(now)
		return
	}
	if m.open == 0 {
		w.answerProduce(id, ready)
	} else {
		w.awaitProduce(now, b, id)
	}
	w.wakeFetchers(now)
}

// partFailed says whether any batch of a request was refused.
func (w *world) partFailed(m *message) bool {
	for i := range m.parts {
		if kafka.ProduceError(m.parts[i].code) != kafka.ProduceOK {
			return true
		}
	}
	return false
}

// appendPart appends one batch, or says why not, and returns when the append is
// done. The admission rules are those of Partition.appendRecordsToLeader.
func (w *world) appendPart(now sim.Time, b int, id msgID, i int32, all bool) sim.Time {
	m := &w.messages[id]
	part := &m.parts[i]
	r := w.replicaOn(part.partition, b)
	if r < 0 || w.replicas[r].role != roleLeader {
		part.code = uint8(kafka.ProduceNotLeader)
		w.hint(part, b)
		return now
	}
	rep := &w.replicas[r]
	part.epoch = rep.epoch
	if all && rep.leader.ISR.Committed.Len() < rep.leader.MinISR {
		part.code = uint8(kafka.ProduceNotEnoughReplicas)
		return now
	}
	batch := &w.batches[part.batch]
	base := rep.log.end
	if part.pid >= 0 && !w.admit(r, part, batch.count) {
		if kafka.ProduceError(part.code) == kafka.ProduceOK {
			w.waitFor(rep, id, i, part.from+kafka.Offset(batch.count), all)
		}
		return now
	}
	done := w.appendLeader(now, r, part.batch)
	part.code = uint8(kafka.ProduceOK)
	part.from = base
	w.waitFor(&w.replicas[r], id, i, w.replicas[r].log.end, all)
	return done
}

// waitFor makes one part of an acks=all request wait until the HW reaches until.
func (w *world) waitFor(rep *replica, id msgID, i int32, until kafka.Offset, all bool) {
	if !all || rep.leader.HW >= until {
		return
	}
	w.messages[id].open++
	if n := len(rep.waits); n > rep.waiting && rep.waits[n-1].until > until {
		// A duplicate of an earlier batch: keep the list in order.
		at := n
		rep.waits = append(rep.waits, produceWait{})
		for at > rep.waiting && rep.waits[at-1].until > until {
			rep.waits[at] = rep.waits[at-1]
			at--
		}
		rep.waits[at] = produceWait{until, id, i}
		return
	}
	rep.waits = append(rep.waits, produceWait{until, id, i})
}

// hint fills in the leader that the answering broker knows (KIP-951).
func (w *world) hint(p *part, b int) {
	s := &w.state[b*len(w.plan.partitions)+int(p.partition)]
	p.leader, p.epoch = kafka.NoBroker, s.LeaderEpoch
	if s.Leader != kafka.NoReplica {
		p.leader = w.assigned[p.partition][s.Leader]
	}
}

// appendLeader appends a batch to a leader's log and tells who waits for it. It
// returns when the page cache has taken it.
func (w *world) appendLeader(now sim.Time, r int32, id batchID) sim.Time {
	rep := &w.replicas[r]
	batch := &w.batches[id]
	if batch.appended == 0 {
		batch.at = now
	}
	batch.again = now
	if !w.written[rep.partition] {
		w.firstRecord(rep.partition)
	}
	w.beforeAppend(rep)
	w.brokers[rep.broker].disk += int64(batch.bytes)
	rep.log.append(rep.epoch, id, batch.count, int64(batch.bytes), w.brokers[rep.broker].disk)
	if batch.appended < 255 {
		batch.appended++
	}
	done := w.machines.Append(int(rep.broker), now, int64(batch.bytes))
	done = w.flushIfDue(done, rep, rep.log.end-kafka.Offset(batch.count), int64(batch.bytes))
	for i := range rep.leader.Followers {
		if kafka.ReplicaIndex(i) != rep.index {
			w.tellFollower(r, i, true)
		}
	}
	w.moveHW(now, r)
	return done
}

// flushIfDue syncs a log where flush.messages asks for it after an append of
// bytes that began at from (UnifiedLog.append, on leaders and followers alike).
func (w *world) flushIfDue(at sim.Time, rep *replica, from kafka.Offset, bytes int64) sim.Time {
	config := &w.topicConfig[w.plan.partitions[rep.partition].topic]
	if config.FlushMessages == scenarios.Unbounded {
		return at
	}
	if every := kafka.Offset(config.FlushMessages); from/every != rep.log.end/every {
		return w.machines.Fsync(int(rep.broker), at, bytes)
	}
	return at
}

// beforeAppend settles what the leader knows of followers that have everything:
// each of their fetches since then found them caught up, without an event of its
// own (kafka.Follower.OnFetch at the log end).
func (w *world) beforeAppend(rep *replica) {
	base := w.plan.partitions[rep.partition].replica
	for i := range rep.leader.Followers {
		if kafka.ReplicaIndex(i) == rep.index {
			continue
		}
		f := &rep.leader.Followers[i]
		if f.LogEnd != rep.log.end {
			continue
		}
		follower := &w.replicas[base+i]
		if follower.fetcher < 0 || follower.source != rep.broker || !follower.named {
			continue
		}
		if s := &w.fetchers[follower.fetcher]; s.established && s.lastFetch > f.LastFetch {
			f.OnFetch(s.lastFetch, f.LogEnd, rep.log.end, f.BrokerEpoch)
		}
	}
}

// answerProduce sends a request's response at ready.
func (w *world) answerProduce(id msgID, ready sim.Time) {
	m := &w.messages[id]
	if scenarios.Acks(m.acks) == scenarios.AcksAll {
		for i := range m.parts {
			if p := &m.parts[i]; kafka.ProduceError(p.code) == kafka.ProduceOK {
				w.noteConfirmed(p, p.epoch)
			}
		}
	}
	w.reply(id, msgProduceReply, 64+int64(len(m.parts))*16, ready)
}

// A ticket names a waiting request: the message may have been answered, and its
// slot used again, by the time the ticket is looked at.
type ticket struct {
	message msgID
	number  int64
}

// awaitProduce puts an acks=all request under its timeout. Timeouts of a broker
// are kept in order of arrival with one timer.
func (w *world) awaitProduce(now sim.Time, b int, id msgID) {
	br := &w.brokers[b]
	m := &w.messages[id]
	w.tickets++
	m.ticket = w.tickets
	if m.kind == msgProduce {
		m.expires = now.Add(m.timeout)
	}
	br.timeouts = append(br.timeouts, ticket{id, m.ticket})
	if !br.timeoutSet {
		br.timeoutSet = true
		w.engine.Schedule(m.expires, evProduceTimeout, int32(b), int64(w.processes[b].inc))
	}
}

// onProduceTimeout answers REQUEST_TIMED_OUT to requests whose time is over. The
// batches stay in the log.
func (w *world) onProduceTimeout(now sim.Time, b int) {
	br := &w.brokers[b]
	br.timeoutSet = false
	for br.timeoutHead < len(br.timeouts) {
		t := br.timeouts[br.timeoutHead]
		m := &w.messages[t.message]
		if m.ticket == t.number {
			if m.expires > now {
				br.timeoutSet = true
				w.engine.Schedule(m.expires, evProduceTimeout, int32(b), int64(w.processes[b].inc))
				break
			}
			w.failWaiting(now, t.message, kafka.ProduceTimedOut)
		}
		br.timeoutHead++
	}
	if br.timeoutHead == len(br.timeouts) {
		br.timeouts, br.timeoutHead = br.timeouts[:0], 0
	} else if br.timeoutHead > 1024 && br.timeoutHead > len(br.timeouts)/2 {
		n := copy(br.timeouts, br.timeouts[br.timeoutHead:])
		br.timeouts, br.timeoutHead = br.timeouts[:n], 0
	}
}

// failWaiting answers a waiting request: its parts that still wait get code.
func (w *world) failWaiting(now sim.Time, id msgID, code kafka.ProduceError) {
	m := &w.messages[id]
	b := int(m.to)
	for i := range m.parts {
		p := &m.parts[i]
		r := w.replicaOn(p.partition, b)
		if r < 0 {
			continue
		}
		rep := &w.replicas[r]
		for at := rep.waiting; at < len(rep.waits); at++ {
			if wait := &rep.waits[at]; wait.message == id && wait.part == int32(i) {
				wait.message = noMessage
				p.code = uint8(code)
			}
		}
	}
	m.open, m.ticket = 0, 0
	w.answer(id, now)
}

// answer sends a completed request back, whatever its kind.
func (w *world) answer(id msgID, ready sim.Time) {
	if k := w.messages[id].kind; k == msgCommit || k == msgStore {
		w.answerCommit(id, ready)
		return
	}
	w.answerProduce(id, ready)
}

// completeWaits answers the acks=all requests whose batches are committed now.
// NOT_ENOUGH_REPLICAS_AFTER_APPEND is told when the HW got there although the
// maximal ISR is too small (Partition.checkEnoughReplicasReachOffset).
func (w *world) completeWaits(now sim.Time, rep *replica) {
	for rep.waiting < len(rep.waits) {
		wait := rep.waits[rep.waiting]
		if wait.until > rep.leader.HW {
			break
		}
		rep.waiting++
		if wait.message == noMessage {
			continue
		}
		m := &w.messages[wait.message]
		if rep.leader.ISR.Maximal().Len() < rep.leader.MinISR {
			m.parts[wait.part].code = uint8(kafka.ProduceNotEnoughReplicasAfterAppend)
		}
		m.open--
		if m.open == 0 {
			m.ticket = 0
			w.answer(wait.message, now)
		}
	}
	if rep.waiting == len(rep.waits) {
		rep.waits, rep.waiting = rep.waits[:0], 0
	} else if rep.waiting > 256 && rep.waiting > len(rep.waits)/2 {
		n := copy(rep.waits, rep.waits[rep.waiting:])
		rep.waits, rep.waiting = rep.waits[:n], 0
	}
}

// failWaits answers NOT_LEADER_OR_FOLLOWER to what waits on a partition that
// this broker no longer leads.
func (w *world) failWaits(now sim.Time, rep *replica) {
	for at := rep.waiting; at < len(rep.waits); at++ {
		wait := rep.waits[at]
		if wait.message == noMessage {
			continue
		}
		m := &w.messages[wait.message]
		p := &m.parts[wait.part]
		p.code = uint8(kafka.ProduceNotLeader)
		w.hint(p, int(rep.broker))
		m.open--
		if m.open == 0 {
			m.ticket = 0
			w.answer(wait.message, now)
		}
	}
	rep.waits, rep.waiting = rep.waits[:0], 0
}
