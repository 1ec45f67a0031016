package kafka

// NoEpoch is an undefined leader epoch (-1 on the wire).
const NoEpoch LeaderEpoch = -1

// An EpochStart says at which offset a leader epoch began in one log.
type EpochStart struct {
	Epoch LeaderEpoch
	Start Offset
}

// An EpochCache is a log's leader epochs; both epochs and offsets ascend
// strictly (storage/.../epoch/LeaderEpochFileCache.java).
type EpochCache struct {
	Entries []EpochStart
}

// Assign notes that an epoch begins at start: a batch of it was appended there,
// or a leader of it begins with this log end. An epoch keeps its first start. What
// the new entry contradicts goes: a leader that appended nothing leaves no trace
// (LeaderEpochFileCache.assign, maybeTruncateNonMonotonicEntries).
func (c *EpochCache) Assign(epoch LeaderEpoch, start Offset) {
	n := len(c.Entries)
	if n > 0 && c.Entries[n-1].Epoch == epoch && c.Entries[n-1].Start <= start {
		return
	}
	for n > 0 && (c.Entries[n-1].Epoch >= epoch || c.Entries[n-1].Start >= start) {
		n--
	}
	c.Entries = append(c.Entries[:n], EpochStart{epoch, start})
}

// Latest is the epoch of the last batch, or of a leader that has not appended
// yet, or NoEpoch.
func (c *EpochCache) Latest() LeaderEpoch {
	if len(c.Entries) == 0 {
		return NoEpoch
	}
	return c.Entries[len(c.Entries)-1].Epoch
}

// EndOffset returns the largest known epoch that is not above the asked one and
// where it ends in a log that ends at logEnd (LeaderEpochFileCache.endOffsetFor).
// An epoch below all known ones ends where the first of those begins, under its
// own name: its batches have been deleted. For one above all known ones, and for
// NoEpoch, the answer is NoEpoch and UnknownOffset.
func (c *EpochCache) EndOffset(asked LeaderEpoch, logEnd Offset) (LeaderEpoch, Offset) {
	n := len(c.Entries)
	if asked == NoEpoch || n == 0 || c.Entries[n-1].Epoch < asked {
		return NoEpoch, UnknownOffset
	}
	end := logEnd
	for i := n - 1; i >= 0; i-- {
		e := c.Entries[i]
		if e.Epoch <= asked {
			return e.Epoch, end
		}
		end = e.Start
	}
	return asked, end
}

// TruncateFromEnd drops epochs that begin at or after the new log end
// (LeaderEpochFileCache.truncateFromEnd).
func (c *EpochCache) TruncateFromEnd(logEnd Offset) {
	n := len(c.Entries)
	for n > 0 && c.Entries[n-1].Start >= logEnd {
		n--
	}
	c.Entries = c.Entries[:n]
}

// TruncateFromStart drops the epochs that end at or before the new log start; the
// one that holds it begins there now (LeaderEpochFileCache.truncateFromStart).
func (c *EpochCache) TruncateFromStart(logStart Offset) {
	gone := 0
	for gone < len(c.Entries) && c.Entries[gone].Start <= logStart {
		gone++
	}
	if gone == 0 {
		return
	}
	c.Entries[gone-1].Start = logStart
	c.Entries = append(c.Entries[:0], c.Entries[gone-1:]...)
}

// A Divergence is where a follower's log stops agreeing with its leader's.
type Divergence struct {
	Epoch LeaderEpoch
	End   Offset
}

// FetchVerdict is what a leader says of the position of a fetch.
type FetchVerdict uint8

// Verdicts on a fetch.
const (
	// FetchInRange: it is served.
	FetchInRange FetchVerdict = iota + 1
	// FetchDiverges: whoever asks must truncate first, with the Divergence.
	FetchDiverges
	// FetchOutOfRange: OFFSET_OUT_OF_RANGE.
	FetchOutOfRange
)

// CheckFetch compares a fetch at offset from, behind a batch of lastEpoch, with a
// leader's log of [start, end) (Partition.readRecords, LocalLog.read). If the
// leader's end for that epoch lies below the offset, or it knows a smaller epoch
// only, the logs diverge. NoEpoch asks for no comparison.
func (c *EpochCache) CheckFetch(lastEpoch LeaderEpoch, from, start, end Offset) (FetchVerdict, Divergence) {
	if lastEpoch != NoEpoch {
		epoch, epochEnd := c.EndOffset(lastEpoch, end)
		switch {
		case epoch == NoEpoch || from < start:
			return FetchOutOfRange, Divergence{}
		case epoch < lastEpoch || epochEnd < from:
			return FetchDiverges, Divergence{epoch, epochEnd}
		}
	}
	if from < start || from > end {
		return FetchOutOfRange, Divergence{}
	}
	return FetchInRange, Divergence{}
}

// TruncationOffset is where a follower whose log ends at logEnd cuts after
// hearing of a divergence (AbstractFetcherThread.getOffsetTruncationState): the
// smaller of both logs' ends for the epoch; when the follower does not know the
// epoch, the end of its own largest smaller one, after which it asks again
// (KIP-279). The cut may lie below the follower's log start.
func (c *EpochCache) TruncationOffset(d Divergence, logEnd Offset) Offset {
	epoch, end := c.EndOffset(d.Epoch, logEnd)
	switch epoch {
	case NoEpoch: // it tracks no epochs
		return min(d.End, logEnd)
	case d.Epoch:
		return min(end, d.End, logEnd)
	default:
		return min(end, logEnd)
	}
}
