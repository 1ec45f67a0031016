package batch

import "kafkasim/models/kafka"

// A producerMemory is what a partition's leader knows of one producer instance.
type producerMemory struct {
	pid   int64
	state kafka.ProducerState
}

// memoryOf is what replica r knows of a producer instance.
func (w *world) memoryOf(r, producer int32) *producerMemory {
	return &w.dedup[int(r)*len(w.producer)+int(producer)]
}

// lastSequence is the sequence of a batch's last record; sequences wrap from
// 2³¹−1 to 0 (DefaultRecordBatch.incrementSequence).
func lastSequence(first, count int32) int32 {
	return int32((int64(first) + int64(count) - 1) & 0x7fffffff)
}

// admit runs the idempotence check of a batch and reports whether it is to be
// appended; if not, the part's code says what to answer, with the offset of a
// duplicate.
func (w *world) admit(r int32, p *part, count int32) bool {
	producer := w.batches[p.batch].producer
	m := w.memoryOf(r, producer)
	if m.pid != p.pid {
		*m = producerMemory{pid: p.pid}
	}
	verdict, offset := m.state.Check(p.pepoch, p.sequence, lastSequence(p.sequence, count))
	switch verdict {
	case kafka.DedupAppend:
		m.state.Append(p.pepoch, p.sequence, lastSequence(p.sequence, count), w.replicas[r].log.end)
		return true
	case kafka.DedupDuplicate:
		p.code, p.from = uint8(kafka.ProduceOK), offset
	case kafka.DedupOutOfOrder:
		p.code = uint8(kafka.ProduceOutOfOrderSequence)
	case kafka.DedupFenced:
		p.code = uint8(kafka.ProduceInvalidProducerEpoch)
	}
	return false
}

// remember rebuilds what a new leader knows of its producers from its log, as a
// follower's producer state follows its log (ProducerStateManager).
func (w *world) remember(r int32) {
	if len(w.dedup) == 0 {
		return
	}
	for i := range w.producer {
		*w.memoryOf(r, int32(i)) = producerMemory{pid: -1}
	}
	log := &w.replicas[r].log
	for _, e := range log.entries {
		b := &w.batches[e.batch]
		if b.producer < 0 || b.pid < 0 {
			continue
		}
		m := w.memoryOf(r, b.producer)
		if m.pid != b.pid {
			*m = producerMemory{pid: b.pid}
		}
		m.state.Append(b.epoch, b.sequence, lastSequence(b.sequence, b.count), e.base)
	}
}
