package kafka

import (
	"iter"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// noRequest ends a list of requests.
const noRequest int32 = -1

// A producerRequest is one produce request in flight.
type producerRequest struct {
	id         ProduceRequestID // its slot is in the low half
	live       bool
	broker     BrokerID
	first      BatchID
	count      int32
	sent       sim.Time
	deadline   sim.Time // the connection is given up
	prev, next int32    // of the broker's requests, in order of sending
}

// refresh finds out whether the first batch of a partition may be sent now. It
// is called whenever something has changed that decides that.
func (p *Producer) refresh(now sim.Time, part int32) {
	q := &p.partitions[part]
	p.ready.remove(part)
	p.backingOff.remove(part)
	head := q.queue.head
	if head == NoBatch {
		return
	}
	b := &p.batches[head]
	if p.client == scenarios.Java {
		p.noteLeader(q, b)
	}
	switch {
	case b.retryAt > now:
		p.backingOff.add(part)
	case q.leader == NoBroker, q.failing, q.muted:
	case q.queued > 1, b.flags&batchLingers == 0, p.exhausted, p.client == scenarios.Java && p.full(head):
		p.ready.add(part)
		p.touch(q.leader)
	}
}

// touch marks a broker to be tried when the input has been taken.
func (p *Producer) touch(b BrokerID) {
	p.dirty.add(int32(b))
	p.anyDirty = true
}

func (p *Producer) ledBy(b BrokerID) indexSet {
	return p.led[int(b)*p.words : (int(b)+1)*p.words]
}

// setLeader moves a partition to another leader, or to none.
func (p *Producer) setLeader(part int32, leader BrokerID) {
	q := &p.partitions[part]
	if q.leader == leader {
		return
	}
	if q.leader == NoBroker {
		p.leaderless.remove(part)
	} else {
		p.ledBy(q.leader).remove(part)
	}
	q.leader = leader
	if leader == NoBroker {
		p.leaderless.add(part)
	} else {
		p.ledBy(leader).add(part)
	}
}

// sendAll sends what the brokers marked by touch may take.
func (p *Producer) sendAll(now sim.Time, out []ProducerEffect) []ProducerEffect {
	p.anyDirty = false
	for b := p.dirty.next(p.dirty, 0); b >= 0; b = p.dirty.next(p.dirty, b+1) {
		p.dirty.remove(b)
		out = p.sendTo(now, BrokerID(b), out)
	}
	return out
}

// sendTo sends requests to a broker while it may take them and something is
// ready: what is ready at one partition takes along whatever else is queued for
// that broker (RecordAccumulator.drain; kgo sink.createReq).
func (p *Producer) sendTo(now sim.Time, id BrokerID, out []ProducerEffect) []ProducerEffect {
	b := &p.brokers[id]
	led := p.ledBy(id)
	for p.ready.meets(led) {
		if !b.measured {
			b.measured, b.drainedAt = true, now
		}
		b.readyAt = now
		if now < b.notBefore {
			b.waitUntil = b.notBefore
			return out
		}
		switch b.state {
		case connectionNone:
			b.state = connectionPending
			return append(out, ProducerEffect{Kind: ConnectTo, Broker: id})
		case connectionPending:
			return out
		case connectionOpen:
		}
		if b.inFlight >= b.limit {
			return out
		}
		b.drainedAt = now
		var drained drainedBatches
		if p.client == scenarios.FranzGo {
			drained, out = p.drainKgo(now, id, out)
		} else {
			drained = p.drainJava(now, id)
		}
		if drained.count == 0 {
			return out
		}
		out = p.dispatch(now, id, drained, out)
	}
	return out
}

// drainedBatches is the content of a request: a chain of batches.
type drainedBatches struct {
	first, last BatchID
	count       int32
	bytes       unit.Bytes
}

// take moves a batch from its partition's queue into a request.
func (p *Producer) take(d *drainedBatches, id BatchID) {
	b := &p.batches[id]
	q := &p.partitions[b.Partition]
	p.dequeue(q, id)
	b.state = batchSent
	b.flags |= batchClosed
	b.retryAt = 0
	b.Next = NoBatch
	if d.count == 0 {
		d.first = id
	} else {
		p.batches[d.last].Next = id
	}
	d.last = id
	d.count++
	d.bytes += b.Bytes
}

// drainStart is where a round over the partitions that a broker leads begins: at
// the first one from drainFrom on.
func (p *Producer) drainStart(id BrokerID) int32 {
	led := p.ledBy(id)
	if start := led.next(led, p.brokers[id].drainFrom); start >= 0 {
		return start
	}
	return led.next(led, 0)
}

// round goes through the partitions that a broker leads and that have something
// queued, once around from start.
func (p *Producer) round(id BrokerID, start int32) iter.Seq[int32] {
	return func(yield func(part int32) bool) {
		led := p.ledBy(id)
		for part := p.active.next(led, start); part >= 0; part = p.active.next(led, part+1) {
			if !yield(part) {
				return
			}
		}
		for part := p.active.next(led, 0); part >= 0 && part < start; part = p.active.next(led, part+1) {
			if !yield(part) {
				return
			}
		}
	}
}

// drainJava is RecordAccumulator.drainBatchesForOneNode. As there, a partition
// that must wait for the answer to an earlier batch ends the round, and the
// next round begins with it: it holds back the broker's other partitions.
func (p *Producer) drainJava(now sim.Time, id BrokerID) drainedBatches {
	b := &p.brokers[id]
	d := drainedBatches{first: NoBatch, last: NoBatch}
	start := p.drainStart(id)
	for part := range p.round(id, start) {
		q := &p.partitions[part]
		head := q.queue.head
		if q.muted || p.batches[head].retryAt > now {
			continue
		}
		if d.count > 0 && d.bytes+p.batches[head].Bytes > p.config.MaxRequestSize || p.mustHold(q, head) {
			b.drainFrom = part
			return d
		}
		p.noteLeader(q, &p.batches[head])
		p.take(&d, head)
		p.sequence(q, head)
		q.muted = p.config.MaxInFlight == 1 && p.config.Acks != scenarios.AcksNone
		p.refresh(now, part)
	}
	b.drainFrom = p.ledBy(id).previous(start)
	return d
}

// dispatch sends a request.
func (p *Producer) dispatch(now sim.Time, id BrokerID, d drainedBatches, out []ProducerEffect) []ProducerEffect {
	slot := p.freeRequest
	if slot != noRequest {
		p.freeRequest = p.requests[slot].next
	} else {
		slot = int32(len(p.requests))
		p.requests = append(p.requests, producerRequest{})
	}
	p.serial++
	r := &p.requests[slot]
	*r = producerRequest{
		id: ProduceRequestID(p.serial<<32 | int64(slot)), broker: id, first: d.first, count: d.count, sent: now,
		prev: noRequest, next: p.freeRequest,
	}
	out = append(out, ProducerEffect{
		Kind: SendProduce, Broker: id, Request: r.id, Batch: d.first, Count: d.count,
		Bytes: d.bytes, Timeout: p.config.RequestTimeout,
	})
	if p.config.Acks == scenarios.AcksNone {
		p.freeRequest = slot
		return p.assumeDelivered(d.first, out)
	}
	r.live = true
	r.deadline = now.Add(p.config.RequestTimeout).Add(p.config.RequestOverhead)
	b := &p.brokers[id]
	r.prev, r.next = b.requestTail, noRequest
	if b.requestTail == noRequest {
		b.requestHead = slot
	} else {
		p.requests[b.requestTail].next = slot
	}
	b.requestTail = slot
	b.inFlight++
	for batch := d.first; batch != NoBatch; batch = p.batches[batch].Next {
		p.batches[batch].flags |= batchInFlight
		p.partitions[p.batches[batch].Partition].inFlight++
	}
	return out
}

// assumeDelivered ends batches sent with acks=0: no answer comes.
func (p *Producer) assumeDelivered(first BatchID, out []ProducerEffect) []ProducerEffect {
	for b := first; b != NoBatch; b = p.batches[b].Next {
		if p.client == scenarios.FranzGo {
			p.unlink(&p.partitions[p.batches[b].Partition].flight, flightLinks, b)
		}
		out = p.end(b, OutcomeAcked, ProduceOK, -1, out)
	}
	return out
}

// lookUp is the slot of a request in flight, or noRequest.
func (p *Producer) lookUp(id ProduceRequestID) int32 {
	slot := int64(id) & 0xffffffff
	if id < 0 || slot >= int64(len(p.requests)) || !p.requests[slot].live || p.requests[slot].id != id {
		return noRequest
	}
	return int32(slot)
}

// RequestBatches is the first batch of a request in flight, or NoBatch if the
// producer has given the request up; the others follow by Next.
func (p *Producer) RequestBatches(r ProduceRequestID) BatchID {
	slot := p.lookUp(r)
	if slot == noRequest {
		return NoBatch
	}
	return p.requests[slot].first
}

// closeRequest takes a request out of flight and returns its first batch.
func (p *Producer) closeRequest(now sim.Time, slot int32) BatchID {
	r := &p.requests[slot]
	b := &p.brokers[r.broker]
	if r.prev == noRequest {
		b.requestHead = r.next
	} else {
		p.requests[r.prev].next = r.next
	}
	if r.next == noRequest {
		b.requestTail = r.prev
	} else {
		p.requests[r.next].prev = r.prev
		if r.prev == noRequest && p.client == scenarios.FranzGo {
			// kgo begins to read an answer, and to wait, when the one before has come.
			p.requests[r.next].deadline = now.Add(p.config.RequestTimeout).Add(p.config.RequestOverhead)
		}
	}
	b.inFlight--
	r.live = false
	r.next = p.freeRequest
	p.freeRequest = slot
	return r.first
}

// OnProduceResponse takes the answer to a request: results has one entry a
// batch, in the request's order. Answers to requests that the producer gave up
// are ignored.
func (p *Producer) OnProduceResponse(now sim.Time, r ProduceRequestID, results []BatchResult, out []ProducerEffect) []ProducerEffect {
	slot := p.lookUp(r)
	if p.dead || slot == noRequest {
		return out
	}
	if len(results) != int(p.requests[slot].count) {
		panic("kafka: a produce answer has another number of results than its request has batches")
	}
	p.sweep()
	broker := p.requests[slot].broker
	first := p.closeRequest(now, slot)
	if p.client == scenarios.FranzGo {
		out = p.answeredKgo(now, broker, first, results, out)
	} else {
		out = p.answeredJava(now, first, results, out)
	}
	p.touch(broker)
	return p.settle(now, out)
}
