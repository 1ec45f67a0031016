package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// noteLeader remembers at which attempt a batch has seen its leader change: a
// retry for a new leader does not wait (ProducerBatch.maybeUpdateLeaderEpoch,
// hasLeaderChangedForTheOngoingRetry; KIP-951).
func (p *Producer) noteLeader(q *producerPartition, b *ProducerBatch) {
	if q.epoch > b.leaderEpoch {
		b.leaderEpoch = q.epoch
		b.leaderChanged = b.attempts
	}
	if b.attempts > 0 && b.leaderChanged == b.attempts {
		b.retryAt = 0
	}
}

// answeredJava is Sender.handleProduceResponse. Leaders named in the answer are
// believed after all of its batches were looked at.
func (p *Producer) answeredJava(now sim.Time, first BatchID, results []BatchResult, out []ProducerEffect) []ProducerEffect {
	i := 0
	for b := first; b != NoBatch; b = p.batches[b].Next {
		out = p.completeJava(now, b, results[i], out)
		i++
	}
	i = 0
	for b := first; b != NoBatch; b = p.batches[b].Next {
		part, r := p.batches[b].Partition, results[i]
		q := &p.partitions[part]
		if r.Error == ProduceNotLeader && r.Leader != NoBroker && r.Epoch > q.epoch {
			q.epoch = r.Epoch
			p.setLeader(part, r.Leader)
		}
		p.refresh(now, part)
		i++
	}
	return out
}

// completeJava is Sender.completeBatch for one batch that comes back.
func (p *Producer) completeJava(now sim.Time, id BatchID, r BatchResult, out []ProducerEffect) []ProducerEffect {
	b := &p.batches[id]
	q := &p.partitions[b.Partition]
	b.flags &^= batchInFlight
	q.inFlight--
	q.muted = false
	if r.Error.StaleMetadata() {
		p.metadata.wanted = true
	}
	success := r.Error == ProduceOK || r.Error == ProduceDuplicateSequence
	if success && b.flags&batchSequenced != 0 {
		q.lastAcked = max(q.lastAcked, addSequence(b.Sequence, b.Count-1))
	}
	switch {
	case b.state == batchEnded: // it expired in flight
		p.retire(id)
		return out
	case success:
		p.forget(q, id)
		return p.end(id, OutcomeAcked, r.Error, r.Offset, out)
	case p.canRetry(now, q, b, r.Error):
		p.requeue(now, q, id)
		return out
	default:
		return p.failJava(now, q, id, r.Error, out)
	}
}

// canRetry is Sender.canRetry.
func (p *Producer) canRetry(now sim.Time, q *producerPartition, b *ProducerBatch, code ProduceError) bool {
	switch {
	case b.Created.Add(p.config.DeliveryTimeout) <= now, int64(b.attempts) >= p.config.Retries:
		return false
	case p.config.Idempotence:
		return p.canRetrySequence(q, b, code)
	}
	return code.Retriable()
}

// requeue is RecordAccumulator.reenqueue: first in the queue, or behind the
// batches with earlier sequences.
func (p *Producer) requeue(now sim.Time, q *producerPartition, id BatchID) {
	b := &p.batches[id]
	b.attempts++
	b.flags |= batchRetried
	b.retryAt = now.Add(p.jitter(p.config.RetryBackoff, p.config.RetryBackoffMax, b.attempts-1))
	after := NoBatch
	if b.flags&batchSequenced != 0 {
		for next := q.queue.head; next != NoBatch; next = p.batches[next].links[queueLinks].next {
			if other := &p.batches[next]; other.flags&batchSequenced == 0 || other.Sequence > b.Sequence {
				break
			}
			after = next
		}
	}
	p.enqueue(q, after, id)
	p.refresh(now, b.Partition)
}

// failJava gives a batch up that came back with an error.
func (p *Producer) failJava(now sim.Time, q *producerPartition, id BatchID, code ProduceError, out []ProducerEffect) []ProducerEffect {
	b := &p.batches[id]
	outcome := OutcomeFatal
	switch {
	case b.Created.Add(p.config.DeliveryTimeout) <= now:
		outcome = OutcomeExpired
	case code.Retriable():
		outcome = OutcomeRetriesExhausted
	}
	// TransactionManager.handleFailedBatch: while retries are left, the broker
	// did not take the sequence, so the partition's sequences begin anew.
	if b.flags&batchSequenced != 0 && (code == ProduceOutOfOrderSequence || int64(b.attempts) < p.config.Retries) {
		p.requestBump(q)
	}
	p.forget(q, id)
	return p.end(id, outcome, code, -1, out)
}

// expireBatches gives up what is older than delivery.timeout.ms, in flight or
// not; what is in flight may be written all the same (Sender.sendProducerData).
func (p *Producer) expireBatches(now sim.Time, out []ProducerEffect) []ProducerEffect {
	if p.client != scenarios.Java {
		return out
	}
	for id := p.born.head; id != NoBatch && p.batches[id].Created.Add(p.config.DeliveryTimeout) <= now; id = p.born.head {
		b := &p.batches[id]
		part := b.Partition
		q := &p.partitions[part]
		if b.state == batchQueued {
			p.dequeue(q, id)
		}
		if b.flags&batchSequenced != 0 && b.flags&batchRetried != 0 {
			p.markUnresolved(q, b)
		}
		p.forget(q, id)
		out = p.end(id, OutcomeExpired, ProduceOK, -1, out)
		p.refresh(now, part)
	}
	return out
}
