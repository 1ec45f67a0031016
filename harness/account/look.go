package account

import (
	"slices"
	"time"
)

// freshLook is how long the lag that was seen at a look stands for the lag now:
// twice the 40 ms between two questions for a high watermark.
const freshLook = 80 * time.Millisecond

// A look is a moment at which a partition's registered leader told its high
// watermark.
type look struct {
	at    instant
	where Partition
	hw    int64
}

// A sight is what a group had of a partition at a look. High watermark and position
// of one moment belong together: a high watermark that is 40 ms old beside a
// position of now would show too little lag, or none.
type sight struct {
	known               bool
	at                  instant
	hw, done, committed int64
}

// findLooks lists the looks at all partitions.
func (a *accounting) findLooks() {
	a.eachPartition(func(where Partition, b *partitionBook) {
		span := 0
		for i := range b.marks {
			m := &b.marks[i]
			for span+1 < len(b.spans) && b.spans[span+1].from <= m.at {
				span++
			}
			if !m.read && m.leader == b.spans[span].leader {
				a.looks = append(a.looks, look{m.at, where, m.hw})
			}
		}
	})
	slices.SortStableFunc(a.looks, func(x, y look) int { return compare(x.at, y.at) })
}

// see lets the looks until an instant find what groups had then.
func (a *accounting) see(now instant) {
	for ; a.looked < len(a.looks) && a.looks[a.looked].at <= now; a.looked++ {
		l := &a.looks[a.looked]
		for g := range a.groups {
			b := &a.groups[g]
			if flat, reads := b.flat[l.where]; reads {
				a.advance(b, l.at)
				s := &b.shares[flat]
				s.seen = sight{true, l.at, l.hw, s.processed, max(s.committed, 0)}
			}
		}
	}
}

// sight is what a group has of a partition now: as at the last look, or, where that
// is long ago, what was last heard of beside the position of now.
func (a *accounting) sight(b *groupBook, flat int, now instant) sight {
	s := &b.shares[flat]
	if s.seen.known && now-s.seen.at <= freshLook {
		return s.seen
	}
	return sight{true, now, a.partition(b.partitions[flat]).hw, s.processed, max(s.committed, 0)}
}
