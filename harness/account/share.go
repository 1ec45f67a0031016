package account

import (
	"cmp"
	"slices"

	"kafkasim/harness/journal"
)

// advance lets happen to a group what happened until an instant. Before time 0 it
// forms.
func (a *accounting) advance(b *groupBook, now instant) {
	for ; b.happened < len(b.events) && b.events[b.happened].at <= now; b.happened++ {
		e := &b.events[b.happened]
		switch e.kind {
		case happens:
			a.happen(b, e)
		case pollEnds:
			a.deliver(b, e.life, e.poll)
		case dies:
			for flat := range b.shares {
				b.giveUp(flat, e.life, e.at)
			}
		case freezes:
			for flat := range b.shares {
				if s := &b.shares[flat]; s.owner == e.life {
					s.stop(e.at)
				}
			}
		}
	}
}

// happen takes an entry of a member's journal.
func (a *accounting) happen(b *groupBook, e *event) {
	b.inGeneration(e.at, e.entry.Generation)
	flat, ours := b.flat[partitionOf(e.entry)]
	if !ours {
		return
	}
	s := &b.shares[flat]
	switch e.entry.Kind { //nolint:exhaustive // the others change nothing of a share
	case journal.Assigned:
		s.owner, s.fresh = e.life, true
		s.processed = max(s.committed, a.partition(b.partitions[flat]).log.start)
	case journal.Revoked, journal.Lost:
		b.giveUp(flat, e.life, e.at)
	case journal.Polled:
		if s.owner != e.life {
			return
		}
		if s.fresh {
			s.fresh, s.processed = false, e.entry.Offset
		}
		if s.stopped && e.entry.Count > 0 {
			s.stopped = false
			if s.since >= 0 {
				b.paused = true
				b.pause = max(b.pause, e.at-s.since)
			}
		}
	case journal.Reset:
		if s.owner == e.life {
			s.fresh, s.processed = false, e.entry.Offset
		}
	case journal.Committed:
		s.committed = e.entry.Offset
	}
}

// inGeneration notes that some member was in a generation of the group, 0 for none.
// A generation that nobody was in, as that of a group that has just lost its last
// member, is no completed rebalance.
func (b *groupBook) inGeneration(at instant, generation int32) {
	switch {
	case at < 0:
		b.began = max(b.began, generation)
	case generation > b.began:
		b.later[generation] = true
	}
}

// giveUp ends a member's owning of a partition.
func (b *groupBook) giveUp(flat, life int, at instant) {
	if s := &b.shares[flat]; s.owner == life {
		s.owner = nobody
		s.stop(at)
	}
}

// stop notes that nobody consumes a partition from an instant on.
func (s *share) stop(at instant) {
	if !s.stopped {
		s.stopped, s.since = true, at
	}
}

// deliver accounts for the records of a poll that are processed when it is over,
// or when its member dies, and moves the positions behind them: to the first record
// that is not processed. Like the batch model it does so a poll at a time, in the
// order of the log.
func (a *accounting) deliver(b *groupBook, life int, p *poll) {
	slices.SortStableFunc(p.done, func(x, y *journal.Entry) int {
		return cmp.Or(cmp.Compare(b.flat[partitionOf(x)], b.flat[partitionOf(y)]), cmp.Compare(x.Offset, y.Offset))
	})
	for _, e := range p.done {
		a.process(b, e)
	}
	for _, r := range p.ranges {
		flat, ours := b.flat[r.at]
		if !ours || b.shares[flat].owner != life {
			continue
		}
		next := r.first
		for _, e := range p.done {
			if partitionOf(e) == r.at && e.Offset == next {
				next++
			}
		}
		b.shares[flat].processed = max(b.shares[flat].processed, next)
	}
}

// process counts a record that a group's application has processed.
func (a *accounting) process(b *groupBook, e *journal.Entry) {
	r := a.record(e.ID)
	flat, ours := b.flat[partitionOf(e)]
	if r == nil || !ours {
		return
	}
	if r.offset == nowhere {
		r.offset = e.Offset
	}
	if r.partition == nowhere {
		r.partition = e.Partition
	}
	read := &b.reads[e.Topic]
	if r.done&b.bit != 0 {
		read.duplicated++
		return
	}
	r.done |= b.bit
	r.delivered = a.nanos(e.At)
	if r.intended >= a.warm {
		read.delivery.Add(max(0, int64(a.nanos(e.At)-r.intended)), 1)
	}
	from := source{flat, e.ID.Producer, e.ID.Instance}
	if last, some := b.order[from]; some && e.ID.Sequence < last {
		read.disordered++
		return
	}
	b.order[from] = e.ID.Sequence
}

// next is the offset that the group would process next in a partition when the
// run ends: its owner's position, or else what is committed.
func (b *groupBook) next(at Partition) int64 {
	s := &b.shares[b.flat[at]]
	if s.owner != nobody {
		return s.processed
	}
	committed, some := b.committed[at]
	if !some {
		committed = s.committed
	}
	return max(committed, 0)
}
