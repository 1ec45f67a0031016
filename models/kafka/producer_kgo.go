package kafka

import (
	"kafkasim/sim"
)

// kgoMaxInFlight is how many produce requests an idempotent kgo has in flight to
// one broker once that has answered (sink.go firstRespCheck); before, it is one.
const kgoMaxInFlight = 4

// drainKgo is sink.createReq: the first unsent batch of each partition that
// the broker leads, whether it still lingers or not.
func (p *Producer) drainKgo(now sim.Time, id BrokerID, out []ProducerEffect) (drainedBatches, []ProducerEffect) {
	b := &p.brokers[id]
	d := drainedBatches{first: NoBatch, last: NoBatch}
	start := p.drainStart(id)
	b.drainFrom = start + 1
	for part := range p.round(id, start) {
		out = p.drainPartitionKgo(now, id, part, &d, out)
	}
	if b.drainFrom >= int32(len(p.partitions)) {
		b.drainFrom = 0
	}
	return d, out
}

func (p *Producer) drainPartitionKgo(now sim.Time, id BrokerID, part int32, d *drainedBatches, out []ProducerEffect) []ProducerEffect {
	q := &p.partitions[part]
	head := q.queue.head
	// Several requests are only in flight while answers are good: a broker takes
	// any sequence of a producer that it does not know (franz-go #223).
	if q.failing || q.inFlight > 0 && (q.flightOn != id || !q.proven) {
		return out
	}
	if d.count > 0 && d.bytes+p.batches[head].Bytes > p.config.MaxRequestSize {
		return out
	}
	if q.flight.head == NoBatch {
		if outcome := p.giveUpKgo(now, head); outcome != 0 {
			return p.failAllKgo(now, part, outcome, ProduceOK, out)
		}
		if q.restart {
			q.restart = false
			q.next, q.firstUnanswered = 0, 0
		}
	}
	p.take(d, head)
	batch := &p.batches[head]
	batch.flags |= batchUnanswered
	if p.config.Idempotence {
		batch.flags |= batchSequenced
		batch.ProducerID, batch.Epoch, batch.Sequence = p.id, p.epoch, q.next
	}
	q.next = addSequence(q.next, batch.Count)
	q.flightOn = id
	p.pushBack(&q.flight, flightLinks, head)
	p.refresh(now, part)
	return out
}

// giveUpKgo says why a partition's first batch may and must be given up, or 0
// (recBatch.maybeFailErr). An idempotent producer must not give up what may be
// in a log.
func (p *Producer) giveUpKgo(now sim.Time, id BatchID) ProducerOutcome {
	b := &p.batches[id]
	switch {
	case p.config.Idempotence && b.flags&(batchUnanswered|batchUnsure) != 0:
		return 0
	case now > b.Created.Add(p.config.DeliveryTimeout):
		return OutcomeExpired
	case int64(b.attempts) > p.config.Retries:
		return OutcomeRetriesExhausted
	}
	return 0
}

// firstOf is a partition's oldest batch, the only one whose answer counts
// (isOwnersFirstBatch).
func (q *producerPartition) firstOf() BatchID {
	if q.flight.head != NoBatch {
		return q.flight.head
	}
	return q.queue.head
}

// failAllKgo fails every batch of a partition, so that its sequences stay
// without a gap (recBuf.failAllRecords).
func (p *Producer) failAllKgo(now sim.Time, part int32, outcome ProducerOutcome, code ProduceError, out []ProducerEffect) []ProducerEffect {
	q := &p.partitions[part]
	for id := q.flight.head; id != NoBatch; id = q.flight.head {
		p.unlink(&q.flight, flightLinks, id)
		out = p.end(id, outcome, code, -1, out)
	}
	for id := q.queue.head; id != NoBatch; id = q.queue.head {
		p.dequeue(q, id)
		out = p.end(id, outcome, code, -1, out)
	}
	q.next = q.firstUnanswered
	p.refresh(now, part)
	return out
}

// rewind queues everything that is in flight again (resetBatchDrainIdx).
func (p *Producer) rewind(now sim.Time, part int32) {
	q := &p.partitions[part]
	for id := q.flight.tail; id != NoBatch; id = q.flight.tail {
		p.unlink(&q.flight, flightLinks, id)
		p.enqueue(q, NoBatch, id)
	}
	q.next = q.firstUnanswered
	p.refresh(now, part)
}

// clearFailing lets a partition send again; a single batch lingers anew
// (recBuf.clearFailing, maybeTriggerDrain).
func (p *Producer) clearFailing(now sim.Time, part int32) {
	q := &p.partitions[part]
	if q.failing && q.queued == 1 && p.config.Linger > 0 && !p.exhausted {
		p.linger(now, q.queue.head)
	}
	q.failing = false
	p.refresh(now, part)
}

// landed ends a request's hold on its batches (recBatch.decInflight).
func (p *Producer) landed(now sim.Time, first BatchID) {
	for id := first; id != NoBatch; id = p.batches[id].Next {
		b := &p.batches[id]
		q := &p.partitions[b.Partition]
		b.flags &^= batchInFlight
		q.inFlight--
		if q.inFlight == 0 {
			q.flightOn = NoBroker
		}
		p.refresh(now, b.Partition)
		p.retire(id)
	}
}

// answeredKgo is sink.handleReqResp and handleRetryBatches.
func (p *Producer) answeredKgo(now sim.Time, broker BrokerID, first BatchID, results []BatchResult, out []ProducerEffect) []ProducerEffect {
	b := &p.brokers[broker]
	b.failures = 0
	if !b.answered {
		b.answered = true
		if p.config.Idempotence {
			b.limit = min(p.config.MaxInFlight, kgoMaxInFlight)
		}
	}
	i := 0
	for id := first; id != NoBatch; id = p.batches[id].Next {
		p.batches[id].attempts++
		out = p.completeKgo(now, broker, id, results[i], out)
		i++
	}
	p.landed(now, first)
	return out
}

// completeKgo is sink.handleReqRespBatch for one batch.
func (p *Producer) completeKgo(now sim.Time, broker BrokerID, id BatchID, r BatchResult, out []ProducerEffect) []ProducerEffect {
	b := &p.batches[id]
	part := b.Partition
	q := &p.partitions[part]
	if b.state == batchEnded || q.firstOf() != id {
		return out // no longer part of the sequence
	}
	b.flags &^= batchUnanswered
	if r.Error == ProduceTimedOut || r.Error == ProduceNotEnoughReplicasAfterAppend {
		b.flags |= batchUnsure
	}
	q.proven = false
	retry := r.Error.Retriable() && (int64(b.attempts) <= p.config.Retries || b.flags&batchUnsure != 0)
	if r.Error == ProduceOutOfOrderSequence || r.Error == ProduceUnknownProducer || r.Error == ProduceInvalidProducerEpoch {
		// Data was lost; OnDataLoss is told and a new epoch begins everywhere, once
		// for all batches of the old one (failProducerID).
		retry = true
		if b.Epoch == p.epoch {
			p.epoch++
			for i := range p.partitions {
				p.partitions[i].restart = true
			}
		}
	}
	switch {
	case retry:
		return p.retryKgo(now, broker, part, r, out)
	case r.Error == ProduceOK || r.Error == ProduceDuplicateSequence:
		q.proven = q.leader == broker
		q.firstUnanswered = addSequence(q.firstUnanswered, b.Count)
		p.unlink(&q.flight, flightLinks, id)
		return p.end(id, OutcomeAcked, r.Error, r.Offset, out)
	case r.Error.Retriable():
		return p.failAllKgo(now, part, OutcomeRetriesExhausted, r.Error, out)
	default:
		return p.failAllKgo(now, part, OutcomeFatal, r.Error, out)
	}
}

// retryKgo is handleRetryBatches for a batch that was answered: it goes to the
// leader that the answer names at once (KIP-951), else it waits for metadata.
func (p *Producer) retryKgo(now sim.Time, broker BrokerID, part int32, r BatchResult, out []ProducerEffect) []ProducerEffect {
	q := &p.partitions[part]
	first := q.firstOf()
	if q.leader != broker { // it has moved meanwhile
		p.rewind(now, part)
		return out
	}
	if outcome := p.giveUpKgo(now, first); outcome != 0 {
		return p.failAllKgo(now, part, outcome, r.Error, out)
	}
	p.rewind(now, part)
	q.failing = true
	if r.Error == ProduceNotLeader && r.Leader != NoBroker {
		q.epoch = r.Epoch
		p.setLeader(part, r.Leader)
		p.clearFailing(now, part)
		return out
	}
	p.metadata.wanted = true
	p.refresh(now, part)
	return out
}

// brokenKgo is handleReqClientErr for a request whose connection was lost: it
// is sent again after a back-off of the broker, with a look at the metadata.
func (p *Producer) brokenKgo(now sim.Time, broker BrokerID, first BatchID, out []ProducerEffect) []ProducerEffect {
	backOff := false
	for id := first; id != NoBatch; id = p.batches[id].Next {
		b := &p.batches[id]
		part := b.Partition
		q := &p.partitions[part]
		b.attempts++
		if b.state == batchEnded || q.firstOf() != id {
			backOff = true
			continue
		}
		if q.leader != broker {
			p.rewind(now, part)
			continue
		}
		if outcome := p.giveUpKgo(now, id); outcome != 0 && !p.config.Idempotence {
			out = p.failAllKgo(now, part, outcome, ProduceNetworkError, out)
			continue
		}
		p.rewind(now, part)
		backOff = true
	}
	p.landed(now, first)
	if backOff && p.brokers[broker].notBefore <= now {
		p.backOffKgo(now, broker)
	}
	return out
}

// backOffKgo is sink.maybeBackoff: nothing is sent to the broker for a while,
// and if metadata is not young, it is asked for.
func (p *Producer) backOffKgo(now sim.Time, id BrokerID) {
	b := &p.brokers[id]
	b.notBefore = now.Add(p.jitter(p.config.RetryBackoff, p.config.RetryBackoffMax, b.failures))
	b.failures++
	p.wantMetadata(now)
}

// refusedKgo fails the request for which a connection was refused: its
// partitions wait for metadata. kgo builds the request before it dials, here
// its batches go on filling while it dials.
func (p *Producer) refusedKgo(now sim.Time, id BrokerID, out []ProducerEffect) []ProducerEffect {
	led := p.ledBy(id)
	for part := p.active.next(led, 0); part >= 0; part = p.active.next(led, part+1) {
		q := &p.partitions[part]
		if q.failing {
			continue
		}
		first := q.firstOf()
		p.batches[first].attempts++
		if outcome := p.giveUpKgo(now, first); outcome != 0 && !p.config.Idempotence {
			out = p.failAllKgo(now, part, outcome, ProduceNetworkError, out)
			continue
		}
		q.failing = true
		p.metadata.wanted = true
		p.refresh(now, part)
	}
	return out
}

// loadFailedKgo is recBuf.bumpRepeatedLoadErr for a leaderless partition.
func (p *Producer) loadFailedKgo(now sim.Time, part int32, out []ProducerEffect) []ProducerEffect {
	first := p.partitions[part].firstOf()
	if first == NoBatch {
		return out
	}
	p.batches[first].attempts++
	if outcome := p.giveUpKgo(now, first); outcome != 0 {
		return p.failAllKgo(now, part, outcome, ProduceLeaderNotAvailable, out)
	}
	return out
}
