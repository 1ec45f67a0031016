package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// This file is the idempotent part of TransactionManager.java for the Java
// client. A producer bumps its epoch by itself, without a round trip.

// sequenced reports whether batches have sequences the Java way.
func (p *Producer) sequenced() bool {
	return p.config.Idempotence && p.client == scenarios.Java
}

// mustHold is RecordAccumulator.shouldStopDrainBatchesForPartition.
func (p *Producer) mustHold(q *producerPartition, head BatchID) bool {
	if !p.sequenced() {
		return false
	}
	b := &p.batches[head]
	first := q.flight.head
	if b.flags&batchSequenced == 0 {
		// Batches of an old epoch must come home first, and unresolved ones too.
		return first != NoBatch && q.sequenceEpoch != p.epoch || q.unresolved >= 0
	}
	// A retry goes alone: only the oldest batch is sent while others are retried.
	return first != NoBatch && b.Sequence != p.batches[first].Sequence
}

// sequence gives a batch that is sent for the first time its sequence.
func (p *Producer) sequence(q *producerPartition, id BatchID) {
	b := &p.batches[id]
	if !p.sequenced() || b.flags&batchSequenced != 0 {
		return
	}
	if q.sequenceEpoch != p.epoch && q.flight.head == NoBatch {
		p.startSequences(q)
	}
	b.flags |= batchSequenced
	b.ProducerID, b.Epoch, b.Sequence = p.id, p.epoch, q.next
	q.next = addSequence(q.next, b.Count)
	p.pushBack(&q.flight, flightLinks, id)
}

// forget takes a batch that ends out of its partition's sequences.
func (p *Producer) forget(q *producerPartition, id BatchID) {
	if p.sequenced() && p.batches[id].flags&batchSequenced != 0 {
		p.unlink(&q.flight, flightLinks, id)
	}
}

// startSequences gives the partition's batches sequences from 0 in the present
// epoch (TxnPartitionEntry.startSequencesAtBeginning).
func (p *Producer) startSequences(q *producerPartition) {
	q.next, q.lastAcked, q.sequenceEpoch = 0, -1, p.epoch
	for id := q.flight.head; id != NoBatch; id = p.batches[id].links[flightLinks].next {
		b := &p.batches[id]
		b.ProducerID, b.Epoch, b.Sequence = p.id, p.epoch, q.next
		b.flags |= batchReset
		q.next = addSequence(q.next, b.Count)
	}
}

// requestBump asks for a new epoch before anything else is sent
// (requestIdempotentEpochBumpForPartition).
func (p *Producer) requestBump(q *producerPartition) {
	q.rewrite = true
	p.bump = true
}

// markUnresolved remembers that a batch that had been retried was given up:
// whether the broker has its sequence is not known.
func (p *Producer) markUnresolved(q *producerPartition, b *ProducerBatch) {
	if q.unresolved < 0 {
		p.unresolved++
	}
	q.unresolved = max(q.unresolved, addSequence(b.Sequence, b.Count))
}

// isNext is TransactionManager.isNextSequence.
func (q *producerPartition) isNext(sequence int32) bool { return sequence-q.lastAcked == 1 }

// canRetrySequence is TransactionManager.canRetry for a producer without
// transactions.
func (p *Producer) canRetrySequence(q *producerPartition, b *ProducerBatch, code ProduceError) bool {
	if code == ProduceUnknownProducer {
		if b.flags&batchReset == 0 {
			p.requestBump(q)
		}
		return true
	}
	if code != ProduceOutOfOrderSequence {
		return code.Retriable()
	}
	if q.unresolved < 0 && (b.flags&batchReset != 0 || !q.isNext(b.Sequence)) {
		return true // an earlier batch is still to be answered
	}
	if q.unresolved < 0 || b.Sequence == q.unresolved {
		p.requestBump(q) // there is a gap in the log
	}
	return true
}

// settleSequences is maybeResolveSequences and
// bumpIdempotentEpochAndResetIdIfNeeded, which the sender runs before it sends.
// Epochs are not exhausted in a run (2¹⁵ bumps give a new producer id in Kafka).
func (p *Producer) settleSequences(now sim.Time) {
	if p.unresolved > 0 {
		for part := range p.partitions {
			q := &p.partitions[part]
			if q.unresolved < 0 || q.flight.head != NoBatch {
				continue
			}
			if !q.isNext(q.next) {
				p.requestBump(q) // all that was in flight has expired
			}
			q.unresolved = -1
			p.unresolved--
			p.refresh(now, int32(part))
		}
	}
	if !p.bump {
		return
	}
	p.bump = false
	p.epoch++
	for part := range p.partitions {
		q := &p.partitions[part]
		if !q.rewrite {
			continue
		}
		q.rewrite = false
		if q.unresolved >= 0 {
			q.unresolved = -1
			p.unresolved--
		}
		p.startSequences(q)
		p.refresh(now, int32(part))
	}
}
