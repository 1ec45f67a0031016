package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// A ProducerBatch is the records that a producer sends to one partition in one
// piece. Exported fields are for the caller to read.
type ProducerBatch struct {
	Partition   int32 // index in the topic
	Count       int32 // records
	First, Last int32 // record ids; the caller chains those between
	Bytes       unit.Bytes
	Created     sim.Time
	// Sequence of the first record, ProducerID and Epoch are set when the batch is
	// first sent, if the producer is idempotent. An epoch bump rewrites them:
	// copy them when a request is sent.
	Sequence   int32
	ProducerID int64
	Epoch      int16
	// Next batch of the same request, or NoBatch.
	Next BatchID

	state         batchState
	flags         batchFlags
	retained      int32       // by the caller
	attempts      int32       // sends that came back without success
	leaderEpoch   LeaderEpoch // newest that was known when the batch was looked at
	leaderChanged int32       // attempts when leaderEpoch last grew
	raw           unit.Bytes  // records before compression
	memory        unit.Bytes  // taken from the buffer
	lingerFrom    sim.Time
	retryAt       sim.Time // a back-off ends; 0 without one
	links         [4]batchLink
}

// batchState is where a batch is.
type batchState uint8

const (
	batchFree    batchState = iota
	batchQueued             // in its partition's queue
	batchSent               // in a request, not in the queue
	batchEnded              // BatchDone was said; a request may still hold it
	batchRetired            // nothing of the producer holds it
)

// batchFlags are facts about a batch.
type batchFlags uint8

const (
	batchClosed     batchFlags = 1 << iota // takes no more records
	batchInFlight                          // a request holds it
	batchLingers                           // in the linger list
	batchSequenced                         // has a sequence
	batchRetried                           // was queued again after a send
	batchReset                             // its sequence was rewritten by an epoch bump
	batchUnsure                            // kgo: may be in a log, so it must not be given up
	batchUnanswered                        // kgo: sent, and no answer came since
)

// listKind says which of a batch's links a list uses.
type listKind uint8

const (
	queueLinks  listKind = iota // of a partition, to be sent
	bornLinks                   // all that have not ended, oldest first
	lingerLinks                 // all that linger, oldest first
	flightLinks                 // of a partition, see producerPartition.flight
)

// A batchLink is the place of a batch in one list.
type batchLink struct{ prev, next BatchID }

// A batchList is a doubly linked list through the slab of batches.
type batchList struct{ head, tail BatchID }

func emptyBatchList() batchList { return batchList{NoBatch, NoBatch} }

func (p *Producer) pushBack(l *batchList, k listKind, b BatchID) { p.insertAfter(l, k, l.tail, b) }

// insertAfter puts b behind after, or first if that is NoBatch.
func (p *Producer) insertAfter(l *batchList, k listKind, after, b BatchID) {
	next := l.head
	if after != NoBatch {
		next = p.batches[after].links[k].next
	}
	p.batches[b].links[k] = batchLink{after, next}
	if after == NoBatch {
		l.head = b
	} else {
		p.batches[after].links[k].next = b
	}
	if next == NoBatch {
		l.tail = b
	} else {
		p.batches[next].links[k].prev = b
	}
}

func (p *Producer) unlink(l *batchList, k listKind, b BatchID) {
	link := p.batches[b].links[k]
	if link.prev == NoBatch {
		l.head = link.next
	} else {
		p.batches[link.prev].links[k].next = link.next
	}
	if link.next == NoBatch {
		l.tail = link.prev
	} else {
		p.batches[link.next].links[k].prev = link.prev
	}
}

// newBatch takes a slot for an empty batch of a partition and queues it.
func (p *Producer) newBatch(now sim.Time, part int32) BatchID {
	b := p.freeBatch
	if b != NoBatch {
		p.freeBatch = p.batches[b].Next
	} else {
		b = BatchID(len(p.batches))
		p.batches = append(p.batches, ProducerBatch{})
	}
	p.batches[b] = ProducerBatch{
		Partition: part, First: NoRecord, Last: NoRecord, Created: now,
		Sequence: -1, ProducerID: -1, Epoch: NoProducerEpoch,
		Next: NoBatch, state: batchQueued, leaderEpoch: -1,
	}
	p.pushBack(&p.born, bornLinks, b)
	q := &p.partitions[part]
	p.enqueue(q, q.queue.tail, b)
	if !q.seen {
		q.seen = true
		p.seen++
	}
	if p.config.Linger > 0 {
		p.linger(now, b)
	}
	return b
}

// enqueue puts b into its partition's queue behind after.
func (p *Producer) enqueue(q *producerPartition, after, b BatchID) {
	p.insertAfter(&q.queue, queueLinks, after, b)
	p.batches[b].state = batchQueued
	q.queued++
	p.active.add(p.batches[b].Partition)
}

// dequeue takes b from its partition's queue.
func (p *Producer) dequeue(q *producerPartition, b BatchID) {
	p.unlink(&q.queue, queueLinks, b)
	q.queued--
	if q.queued == 0 {
		p.active.remove(p.batches[b].Partition)
		p.ready.remove(p.batches[b].Partition)
	}
	p.stopLinger(b)
}

func (p *Producer) linger(now sim.Time, b BatchID) {
	batch := &p.batches[b]
	if batch.flags&batchLingers == 0 {
		batch.flags |= batchLingers
		batch.lingerFrom = now
		p.pushBack(&p.lingering, lingerLinks, b)
	}
}

func (p *Producer) stopLinger(b BatchID) {
	batch := &p.batches[b]
	if batch.flags&batchLingers != 0 {
		batch.flags &^= batchLingers
		p.unlink(&p.lingering, lingerLinks, b)
	}
}

// end says how a batch that is in no queue ended.
func (p *Producer) end(b BatchID, outcome ProducerOutcome, code ProduceError, offset Offset, out []ProducerEffect) []ProducerEffect {
	batch := &p.batches[b]
	batch.state = batchEnded
	p.unlink(&p.born, bornLinks, b)
	p.partitions[batch.Partition].buffered -= int64(batch.Count)
	p.records -= int64(batch.Count)
	p.retire(b)
	return append(out, ProducerEffect{Kind: BatchDone, Batch: b, Outcome: outcome, Error: code, Offset: offset})
}

// retire gives back what an ended batch holds, as soon as it may. The memory of
// a Java batch that expires in flight stays taken until its request ends
// (Sender.failBatch, KAFKA-19012); kgo counts records, which end with it.
func (p *Producer) retire(b BatchID) {
	batch := &p.batches[b]
	if batch.state != batchEnded {
		return
	}
	if batch.flags&batchInFlight == 0 || p.client == scenarios.FranzGo {
		p.memory -= batch.memory
		batch.memory = 0
		p.freed = true
	}
	if batch.flags&batchInFlight == 0 {
		batch.state = batchRetired
		if batch.retained == 0 {
			p.limbo = append(p.limbo, b)
		}
	}
}

// sweep frees the slots that the last input retired.
func (p *Producer) sweep() {
	for _, b := range p.limbo {
		batch := &p.batches[b]
		if batch.state == batchRetired && batch.retained == 0 {
			batch.state = batchFree
			batch.Next = p.freeBatch
			p.freeBatch = b
		}
	}
	p.limbo = p.limbo[:0]
}

// Batch is a batch of p, to be read until the next input.
func (p *Producer) Batch(b BatchID) *ProducerBatch { return &p.batches[b] }

// Retain keeps the slot of a batch from being used again until Release.
func (p *Producer) Retain(b BatchID) { p.batches[b].retained++ }

// Release ends one Retain. It panics if there was none.
func (p *Producer) Release(b BatchID) {
	batch := &p.batches[b]
	if batch.retained <= 0 {
		panic("kafka: a batch was released that nobody retained")
	}
	batch.retained--
	if batch.retained == 0 && batch.state == batchRetired {
		p.limbo = append(p.limbo, b)
	}
}
