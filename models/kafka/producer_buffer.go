package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// Bytes of a batch beyond its records: Java counts the header of record batch
// format 2 (DefaultRecordBatch.RECORD_BATCH_OVERHEAD), kgo also its length
// prefix (sink.go newRecordBatch).
const (
	javaBatchOverhead unit.Bytes = 61
	kgoBatchOverhead  unit.Bytes = 65
)

// javaCompressionSafety is how much larger than estimated Java takes a batch
// that it compresses (AbstractRecords COMPRESSION_RATE_ESTIMATION_FACTOR).
const javaCompressionSafety = 1.05

// A waitingRecord waits outside the buffer.
type waitingRecord struct {
	record   ProducerRecord
	deadline sim.Time
}

// A recordQueue is a first-in first-out ring of waiting records.
type recordQueue struct {
	items  []waitingRecord // a power of two
	head   int
	length int
}

func (q *recordQueue) front() *waitingRecord { return &q.items[q.head] }

func (q *recordQueue) push(r waitingRecord) {
	if q.length == len(q.items) {
		grown := make([]waitingRecord, max(16, 2*len(q.items)))
		n := copy(grown, q.items[q.head:])
		copy(grown[n:], q.items[:q.head])
		q.items, q.head = grown, 0
	}
	q.items[(q.head+q.length)&(len(q.items)-1)] = r
	q.length++
}

func (q *recordQueue) pop() {
	q.head = (q.head + 1) & (len(q.items) - 1)
	q.length--
}

func (q *recordQueue) clear() { q.head, q.length = 0, 0 }

// Record is an application sending r. Where it was appended, batch is where
// and previous the record of the batch before it (or NoRecord).
//
// A record that finds the buffer full or no metadata waits behind earlier ones,
// each for max.block.ms from its own call: load is open loop, where a thread
// of an application would call the later.
func (p *Producer) Record(now sim.Time, r ProducerRecord, out []ProducerEffect) (placed Placement, batch BatchID, previous int32, effects []ProducerEffect) {
	p.sweep()
	if reason := p.refuse(r); reason != 0 {
		return RecordRefused, NoBatch, NoRecord, append(out, ProducerEffect{Kind: RecordDropped, Record: r.ID, Outcome: reason})
	}
	if p.waiting.length == 0 && p.metadata.known {
		if batch, previous = p.place(now, r); batch != NoBatch {
			if p.anyDirty || p.batches[batch].Count == 1 {
				out = p.settle(now, out)
			}
			return RecordAppended, batch, previous, out
		}
	}
	if p.config.MaxBlock <= 0 {
		return RecordRefused, NoBatch, NoRecord, append(out, ProducerEffect{Kind: RecordDropped, Record: r.ID, Outcome: p.blockedOn()})
	}
	p.waiting.push(waitingRecord{r, now.Add(p.config.MaxBlock)})
	if p.exhaust(now); p.anyDirty {
		out = p.settle(now, out)
	}
	return RecordWaits, NoBatch, NoRecord, p.arm(p.waiting.front().deadline, out)
}

// refuse says why a record is lost at once, or 0.
func (p *Producer) refuse(r ProducerRecord) ProducerOutcome {
	c := &p.config
	switch {
	case p.dead:
		return OutcomeCrashed
	case p.client == scenarios.Java:
		// KafkaProducer.ensureValidRecordSize.
		if size := javaBatchOverhead + r.Size; size > c.MaxRequestSize || int64(size) > c.BufferMemory {
			return OutcomeTooLarge
		}
	default:
		if kgoBatchOverhead+r.Size > c.BatchSize || int64(r.Size) > c.BufferMemory {
			return OutcomeTooLarge
		}
	}
	return 0
}

func (p *Producer) blockedOn() ProducerOutcome {
	if p.metadata.known {
		return OutcomeBufferFull
	}
	return OutcomeNoMetadata
}

// exhaust makes everything that lingers ready once a record waits for memory
// (RecordAccumulator.partitionReady "exhausted"; kgo unlingerDueToMaxRecsBuffered).
func (p *Producer) exhaust(now sim.Time) {
	if p.exhausted || !p.metadata.known {
		return
	}
	p.exhausted = true
	for part := p.active.next(p.every, 0); part >= 0; part = p.active.next(p.every, part+1) {
		p.refresh(now, part)
	}
}

// admit places the records that wait, oldest first, until one does not fit.
func (p *Producer) admit(now sim.Time, out []ProducerEffect) []ProducerEffect {
	if p.waiting.length == 0 || !p.metadata.known {
		return out
	}
	for p.waiting.length > 0 {
		r := p.waiting.front().record
		batch, previous := p.place(now, r)
		if batch == NoBatch {
			p.exhaust(now)
			return out
		}
		p.waiting.pop()
		out = append(out, ProducerEffect{Kind: RecordAdmitted, Record: r.ID, Batch: batch, Previous: previous})
	}
	p.exhausted = false
	return out
}

// dropOverdue gives up the records that have waited for max.block.ms.
func (p *Producer) dropOverdue(now sim.Time, out []ProducerEffect) []ProducerEffect {
	for p.waiting.length > 0 && p.waiting.front().deadline <= now {
		out = append(out, ProducerEffect{Kind: RecordDropped, Record: p.waiting.front().record.ID, Outcome: p.blockedOn()})
		p.waiting.pop()
	}
	return out
}

// place appends r to a batch of its partition, or returns NoBatch if the
// buffer has no room.
func (p *Producer) place(now sim.Time, r ProducerRecord) (BatchID, int32) {
	if p.client == scenarios.FranzGo {
		return p.placeKgo(now, r)
	}
	return p.placeJava(now, r)
}

// placeJava is RecordAccumulator.append. Memory is taken by the batch:
// batch.size bytes, however few records come to be in it.
func (p *Producer) placeJava(now sim.Time, r ProducerRecord) (BatchID, int32) {
	keyed := r.Partition != AnyPartition
	part := r.Partition
	if !keyed {
		part = p.stickyJava(now)
	}
	for {
		q := &p.partitions[part]
		tail := q.queue.tail
		if !keyed && (tail == NoBatch || p.full(tail)) && p.advanceSticky(now, 0, true) {
			part = p.sticky.partition
			continue
		}
		if tail != NoBatch && p.batches[tail].flags&batchClosed == 0 {
			if batch := &p.batches[tail]; p.estimate(batch.raw)+r.Size <= batch.memory {
				return p.appendJava(now, tail, r, keyed)
			}
			p.batches[tail].flags |= batchClosed
			p.refresh(now, part)
			continue
		}
		need := max(p.config.BatchSize, javaBatchOverhead+r.Size)
		if int64(p.memory+need) > p.config.BufferMemory {
			return NoBatch, NoRecord
		}
		b := p.newBatch(now, part)
		p.memory += need
		p.batches[b].memory = need
		return p.appendJava(now, b, r, keyed)
	}
}

func (p *Producer) appendJava(now sim.Time, b BatchID, r ProducerRecord, keyed bool) (BatchID, int32) {
	before := p.estimate(p.batches[b].raw)
	if p.batches[b].Count == 0 {
		before = 0 // a new batch counts its header too (AppendNewBatch)
	}
	previous := p.append(b, r)
	full := p.full(b)
	if full || p.batches[b].Count == 1 {
		p.refresh(now, p.batches[b].Partition)
	}
	if !keyed {
		p.advanceSticky(now, p.estimate(p.batches[b].raw)-before, full)
	}
	return b, previous
}

// append adds r to b.
func (p *Producer) append(b BatchID, r ProducerRecord) (previous int32) {
	batch := &p.batches[b]
	previous = batch.Last
	if batch.Count == 0 {
		batch.First = r.ID
	}
	batch.Last = r.ID
	batch.Count++
	batch.raw += r.Size
	batch.Bytes = p.wireSize(batch.raw)
	p.partitions[batch.Partition].buffered++
	p.records++
	return previous
}

// estimate is how large Java takes a batch with raw bytes of records to be
// (MemoryRecordsBuilder.estimatedBytesWritten).
func (p *Producer) estimate(raw unit.Bytes) unit.Bytes {
	if ratio := p.config.CompressionRatio; ratio != 1 {
		raw = unit.Bytes(float64(raw) * ratio * javaCompressionSafety)
	}
	return javaBatchOverhead + raw
}

// wireSize is the size of a batch in a request.
func (p *Producer) wireSize(raw unit.Bytes) unit.Bytes {
	if ratio := p.config.CompressionRatio; ratio != 1 {
		raw = unit.Bytes(float64(raw) * ratio)
	}
	return javaBatchOverhead + raw
}

// full is MemoryRecordsBuilder.isFull.
func (p *Producer) full(b BatchID) bool {
	batch := &p.batches[b]
	return batch.flags&batchClosed != 0 || p.estimate(batch.raw) >= batch.memory
}

// placeKgo is Client.produce, doPartition and recBuf.bufferRecord: the limit is
// on records and their bytes, and the partition is chosen once there is room.
func (p *Producer) placeKgo(now sim.Time, r ProducerRecord) (BatchID, int32) {
	if p.records >= p.config.BufferRecords || int64(p.memory+r.Size) > p.config.BufferMemory {
		return NoBatch, NoRecord
	}
	part := r.Partition
	if part == AnyPartition {
		part = p.stickyKgo(now, r.Size)
	}
	b := p.partitions[part].queue.tail
	if b == NoBatch || p.batches[b].flags&batchClosed != 0 || kgoBatchOverhead+p.batches[b].raw+r.Size > p.config.BatchSize {
		b = p.newBatch(now, part)
	}
	previous := p.append(b, r)
	p.memory += r.Size
	p.batches[b].memory += r.Size
	if p.batches[b].Count == 1 {
		p.refresh(now, part)
	}
	return b, previous
}

// endLingers makes ready what has lingered for linger.ms.
func (p *Producer) endLingers(now sim.Time) {
	for b := p.lingering.head; b != NoBatch && p.batches[b].lingerFrom.Add(p.config.Linger) <= now; b = p.lingering.head {
		p.stopLinger(b)
		p.refresh(now, p.batches[b].Partition)
	}
}
