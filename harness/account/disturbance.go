package account

import (
	"slices"
	"time"
)

// Limits of what passes for an undisturbed repetition.
const (
	// lateMost and lateUsual are how late the load generator may hand over a record
	// for reasons of its own: at most, and the 99th percentile. Latencies of a few
	// ms are measured with it.
	lateMost  = 200 * time.Millisecond
	lateUsual = 10 * time.Millisecond
	// clockJump is by how much the wall clock may depart from the monotonic one
	// between two looks at both: what NTP may slew (0.5 ms/s) is far below it.
	clockJump = 20 * time.Millisecond
	// clockHole is for how long nobody may have looked: then the machine stood still.
	clockHole = time.Second
	// watchHole is for how long no high watermark may have been heard of a partition
	// whose leader answers.
	watchHole = 500 * time.Millisecond
)

// judge marks what spoiled the repetition from outside.
func (a *accounting) judge() {
	for p := range a.producers {
		late := &a.producers[p].late
		if late.Count() == 0 {
			continue
		}
		usual, most := time.Duration(late.Quantile(0.99)), time.Duration(late.Max())
		if usual > lateUsual || most > lateMost {
			a.disturbed("the load generator of producer %s was late by up to %s (99th percentile %s) for reasons of its own",
				a.spec.Producers[p].Name, most.Round(time.Millisecond), usual.Round(100*time.Microsecond))
		}
	}
	a.judgeClock()
	a.judgeWatch()
}

// judgeClock looks for jumps of the wall clock during the run.
func (a *accounting) judgeClock() {
	jump, hole := time.Duration(0), time.Duration(0)
	for i := 1; i < len(a.o.Clocks); i++ {
		x, y := &a.o.Clocks[i-1], &a.o.Clocks[i]
		if at := a.at(y.Wall); at < 0 || a.at(x.Wall) > a.end {
			continue
		}
		apart := y.Wall.Sub(x.Wall) - (y.Monotonic - x.Monotonic)
		if apart.Abs() > jump.Abs() {
			jump = apart
		}
		hole = max(hole, y.Monotonic-x.Monotonic)
	}
	if jump.Abs() > clockJump {
		a.disturbed("the wall clock jumped by %s", jump.Round(time.Millisecond))
	}
	if hole > clockHole {
		a.disturbed("the machine stood still for %s", hole.Round(time.Millisecond))
	}
}

// judgeWatch looks for stretches in which no high watermark was heard although a
// leader was there to name one.
func (a *accounting) judgeWatch() {
	if len(a.o.Watermarks) == 0 && len(a.groups) > 0 {
		a.disturbed("nobody asked for high watermarks, so lags are not known")
		return
	}
	worst, where, when := time.Duration(0), Partition{}, instant(0)
	a.eachPartition(func(at Partition, b *partitionBook) {
		if hole, from := b.longestHole(a.end); hole > worst {
			worst, where, when = hole, at, from
		}
	})
	if worst > watchHole {
		a.disturbed("no high watermark of %s was heard for %s from %s on", a.partitionName(where),
			worst.Round(time.Millisecond), when.Round(time.Millisecond))
	}
}

// longestHole is the longest time without a high watermark from a leader that
// answered, and when it began. A new leader refuses to name one until its followers
// have fetched in its epoch (kafka.md A.4), and whoever asks needs a moment to reach
// one that answers again: with those, time counts from the first that was heard.
func (b *partitionBook) longestHole(end instant) (longest, from instant) {
	for i := range b.spans {
		s := &b.spans[i]
		if s.deaf {
			continue
		}
		until := end
		if i+1 < len(b.spans) {
			until = b.spans[i+1].from
		}
		last, heard := s.from, i == 0 || !b.spans[i-1].deaf && b.spans[i-1].epoch == s.epoch
		look := func(at instant) {
			if heard && at-last > longest {
				longest, from = at-last, last
			}
			last, heard = at, true
		}
		k, _ := slices.BinarySearchFunc(b.marks, s.from, func(m mark, at instant) int { return compare(m.at, at) })
		for _, m := range b.marks[k:] {
			if m.at < until && m.leader == s.leader && !m.read {
				look(m.at)
			}
		}
		look(until)
	}
	return longest, from
}
