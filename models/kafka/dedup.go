package kafka

// retainedBatches is how many batches a broker remembers of each producer and
// partition (storage/.../ProducerStateEntry.NUM_BATCHES_TO_RETAIN).
const retainedBatches = 5

// NoProducerEpoch stands for "none" on the wire (RecordBatch.NO_PRODUCER_EPOCH).
const NoProducerEpoch int16 = -1

// DedupVerdict is what a partition leader does with an idempotent batch.
type DedupVerdict uint8

// Verdicts on a batch.
const (
	// DedupAppend: it is the next one.
	DedupAppend DedupVerdict = iota + 1
	// DedupDuplicate: it was appended before; answer ProduceOK with that offset.
	DedupDuplicate
	// DedupOutOfOrder: answer ProduceOutOfOrderSequence.
	DedupOutOfOrder
	// DedupFenced: an older epoch; answer ProduceInvalidProducerEpoch.
	DedupFenced
)

// A ProducerState is what the log of a partition knows of one producer: its
// epoch and its last five batches. The zero value knows nothing. It is a flat
// value: a copy is a fork, and equal states are ==.
//
// Source: storage/.../ProducerStateEntry.java, ProducerAppendInfo.java,
// UnifiedLog.analyzeAndValidateProducerState.
type ProducerState struct {
	length  uint8                          // of batches; 0 while nothing is known
	epoch   int16                          // of the batches
	batches [retainedBatches]appendedBatch // oldest first
}

// appendedBatch is one remembered batch.
type appendedBatch struct {
	firstSequence, lastSequence int32
	firstOffset                 Offset
}

// Check decides on a batch of a client. Sequences wrap from 2³¹−1 to 0. offset
// is that of the first record of an equal batch, for DedupDuplicate.
//
// A partition that knows nothing of the producer takes any sequence
// (ProducerAppendInfo.checkSequence): after a truncation or an unclean election
// a retry can be appended although an earlier batch is missing.
func (s *ProducerState) Check(epoch int16, firstSequence, lastSequence int32) (verdict DedupVerdict, offset Offset) {
	if s.length == 0 {
		return DedupAppend, -1
	}
	if epoch == s.epoch {
		for _, b := range s.batches[:s.length] {
			if b.firstSequence == firstSequence && b.lastSequence == lastSequence {
				return DedupDuplicate, b.firstOffset
			}
		}
	}
	expected := int32(0) // a new epoch begins anew
	if epoch == s.epoch {
		expected = addSequence(s.batches[s.length-1].lastSequence, 1)
	}
	switch {
	case epoch < s.epoch:
		return DedupFenced, -1
	case firstSequence != expected:
		return DedupOutOfOrder, -1
	default:
		return DedupAppend, -1
	}
}

// Append remembers a batch, after Check or as it comes by replication, where
// nothing is checked. A new epoch forgets the batches of the old one.
func (s *ProducerState) Append(epoch int16, firstSequence, lastSequence int32, firstOffset Offset) {
	if epoch != s.epoch {
		*s = ProducerState{epoch: epoch}
	}
	if s.length == retainedBatches {
		copy(s.batches[:], s.batches[1:])
		s.length--
	}
	s.batches[s.length] = appendedBatch{firstSequence, lastSequence, firstOffset}
	s.length++
}

// TruncateTo forgets the batches at and above offset, as a log does that is
// cut. What was before the last five batches is not restored, where Kafka
// would find it in a snapshot (ProducerStateManager.truncateAndReload): a
// producer of which nothing is left is unknown.
func (s *ProducerState) TruncateTo(offset Offset) {
	for s.length > 0 && s.batches[s.length-1].firstOffset >= offset {
		s.length--
		s.batches[s.length] = appendedBatch{}
	}
	if s.length == 0 {
		*s = ProducerState{}
	}
}

// Epoch is the producer's epoch, or NoProducerEpoch if it is unknown.
func (s *ProducerState) Epoch() int16 {
	if s.length == 0 {
		return NoProducerEpoch
	}
	return s.epoch
}

// addSequence is the sequence n records after s, n ≥ 0; it wraps from 2³¹−1 to
// 0 (DefaultRecordBatch.incrementSequence).
func addSequence(s, n int32) int32 { return int32((int64(s) + int64(n)) & 0x7fffffff) }
