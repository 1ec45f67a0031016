package kafka

// NoEpoch is an undefined leader epoch (-1 on the wire).
const NoEpoch LeaderEpoch = -1

// An EpochStart says at which offset a leader epoch began in one log.
type EpochStart struct {
	Epoch LeaderEpoch
	Start Offset
}

// An EpochCache is a log's leader epochs in ascending order
// (storage/.../epoch/LeaderEpochFileCache.java).
type EpochCache struct {
	Entries []EpochStart
}

// Assign notes that a batch of this epoch was appended at start.
func (c *EpochCache) Assign(epoch LeaderEpoch, start Offset) {
	if n := len(c.Entries); n == 0 || c.Entries[n-1].Epoch < epoch {
		c.Entries = append(c.Entries, EpochStart{epoch, start})
	}
}

// Latest is the epoch of the last batch, or NoEpoch.
func (c *EpochCache) Latest() LeaderEpoch {
	if len(c.Entries) == 0 {
		return NoEpoch
	}
	return c.Entries[len(c.Entries)-1].Epoch
}

// EndOffset returns the largest epoch that is not above the asked one and where
// it ends in a log that ends at logEnd (LeaderEpochFileCache.endOffsetFor).
// Without such an epoch it returns NoEpoch and the start of the first one.
func (c *EpochCache) EndOffset(asked LeaderEpoch, logEnd Offset) (LeaderEpoch, Offset) {
	found := NoEpoch
	end := logEnd
	for i := len(c.Entries) - 1; i >= 0; i-- {
		e := c.Entries[i]
		if e.Epoch <= asked {
			found = e.Epoch
			break
		}
		end = e.Start
	}
	return found, end
}

// TruncateFromEnd drops epochs that begin at or after the new log end.
func (c *EpochCache) TruncateFromEnd(logEnd Offset) {
	for n := len(c.Entries); n > 0 && c.Entries[n-1].Start >= logEnd; n-- {
		c.Entries = c.Entries[:n-1]
	}
}

// A Divergence is where a follower's log stops agreeing with its leader's.
type Divergence struct {
	Epoch LeaderEpoch
	End   Offset
}

// Diverges compares a fetch at offset from, whose last batch has lastEpoch, with
// the leader's log (Partition.readRecords): if the leader's end for that epoch
// lies below, or it knows a smaller epoch only, the follower must truncate first.
func (c *EpochCache) Diverges(lastEpoch LeaderEpoch, from, leaderEnd Offset) (Divergence, bool) {
	if lastEpoch == NoEpoch {
		return Divergence{}, false
	}
	epoch, end := c.EndOffset(lastEpoch, leaderEnd)
	if epoch < lastEpoch || end < from {
		return Divergence{epoch, end}, true
	}
	return Divergence{}, false
}

// TruncationOffset is where a follower whose log ends at logEnd cuts after
// hearing of a divergence (AbstractFetcherThread.getOffsetTruncationState): the
// smaller of both logs' ends for the epoch; when the follower does not know the
// epoch, the end of its own largest smaller one, after which it asks again.
func (c *EpochCache) TruncationOffset(d Divergence, logEnd Offset) Offset {
	if d.Epoch == NoEpoch {
		return min(d.End, logEnd)
	}
	epoch, end := c.EndOffset(d.Epoch, logEnd)
	if epoch == d.Epoch {
		return min(end, d.End, logEnd)
	}
	return min(end, logEnd)
}
