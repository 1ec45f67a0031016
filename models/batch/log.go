package batch

import "kafkasim/models/kafka"

// An entry is one batch in one replica's log.
type entry struct {
	base  kafka.Offset
	epoch kafka.LeaderEpoch
	batch batchID
	disk  int64 // bytes that this replica's broker had appended with it
}

// A replicaLog is one replica's log of one partition. Entries keep their
// position (absolute, counted from the first batch ever appended), so that logs
// that agree hold the same batch at the same position.
type replicaLog struct {
	entries []entry // positions first .. first+len
	first   int64
	start   kafka.Offset // log start offset
	end     kafka.Offset // log end offset
	epochs  kafka.EpochCache
	bytes   int64 // in the log now
}

// endPosition is the position of the next batch.
func (l *replicaLog) endPosition() int64 { return l.first + int64(len(l.entries)) }

// at is the entry at a position that the log has.
func (l *replicaLog) at(position int64) *entry { return &l.entries[position-l.first] }

// next is the offset after the entry at a position.
func (l *replicaLog) next(position int64) kafka.Offset {
	if i := position - l.first + 1; i < int64(len(l.entries)) {
		return l.entries[i].base
	}
	return l.end
}

// append adds a batch of count records at the end.
func (l *replicaLog) append(epoch kafka.LeaderEpoch, id batchID, count int32, bytes, disk int64) {
	l.epochs.Assign(epoch, l.end)
	l.entries = append(l.entries, entry{l.end, epoch, id, disk})
	l.end += kafka.Offset(count)
	l.bytes += bytes
}

// position finds the entry that holds offset, which must be in [start, end];
// the end's position is that of the next batch. The hint is tried first.
func (l *replicaLog) position(offset kafka.Offset, hint int64) int64 {
	if hint >= l.first && hint <= l.endPosition() {
		if hint == l.endPosition() {
			if offset == l.end {
				return hint
			}
		} else if l.at(hint).base <= offset && offset < l.next(hint) {
			return hint
		}
	}
	if offset >= l.end {
		return l.endPosition()
	}
	low, high := 0, len(l.entries)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if l.entries[mid].base <= offset {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return l.first + int64(low) - 1
}

// lastEpoch is the epoch of the batch before offset's position.
func (l *replicaLog) lastEpoch() kafka.LeaderEpoch { return l.epochs.Latest() }

// moreRecent says whether the log ends in a batch of a newer leader epoch than the
// other one, or is the longer one of the same.
func (l *replicaLog) moreRecent(than *replicaLog) bool {
	if a, b := l.newest(), than.newest(); a != b {
		return a > b
	}
	return l.end > than.end
}

// newest is the leader epoch of the last batch, NoEpoch without one. Unlike
// lastEpoch it leaves out a leader that has appended nothing.
func (l *replicaLog) newest() kafka.LeaderEpoch {
	if n := len(l.entries); n > 0 {
		return l.entries[n-1].epoch
	}
	return kafka.NoEpoch
}

// truncate cuts the log at an offset and returns the entries that are gone, valid
// until the next append; their bytes are the caller's to take off
// (UnifiedLog.truncateTo). An offset below the log start leaves an empty log that
// begins there, at the position given.
func (l *replicaLog) truncate(to kafka.Offset, position int64) []entry {
	if to >= l.end {
		// A leader that appended nothing has left its epoch at the end.
		l.epochs.TruncateFromEnd(l.end)
		return nil
	}
	if to < l.start {
		gone := l.entries
		l.entries, l.first = l.entries[:0], position
		l.start, l.end = to, to
		l.epochs.Entries = l.epochs.Entries[:0]
		return gone
	}
	keep := l.position(to, l.first) - l.first
	gone := l.entries[keep:]
	l.entries = l.entries[:keep]
	l.end = gone[0].base
	l.epochs.TruncateFromEnd(l.end)
	return gone
}

// removeFront drops the first n batches (retention).
func (l *replicaLog) removeFront(n int, bytes int64) {
	l.first += int64(n)
	l.entries = l.entries[n:]
	l.bytes -= bytes
	if len(l.entries) > 0 {
		l.start = l.entries[0].base
	} else {
		l.start = l.end
	}
	l.epochs.TruncateFromStart(l.start)
}

// reset empties the log so that it starts at offset, whose position is known
// (UnifiedLog.truncateFullyAndStartAt).
func (l *replicaLog) reset(offset kafka.Offset, position int64) {
	l.entries = l.entries[:0]
	l.first = position
	l.start, l.end = offset, offset
	l.epochs.Entries = l.epochs.Entries[:0]
	l.bytes = 0
}
