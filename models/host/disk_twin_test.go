package host

import (
	"testing"
	"time"

	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// A naiveDisk is the page cache of one broker in small ticks: a list of dirty
// pieces with their ages, of which the oldest is written while too much is dirty
// or while it has been dirty at a wake of the flusher for 30 s.
type naiveDisk struct {
	pieces     []piece
	synced     float64
	level      float64 // of the burst credit
	old        float64 // bytes found too old by the flusher
	foreground float64
}

type piece struct {
	since sim.Time
	bytes float64
}

func (n *naiveDisk) dirty() float64 {
	sum := 0.0
	for _, p := range n.pieces {
		sum += p.bytes
	}
	return sum
}

const naiveTick = 200 * time.Microsecond

func (n *naiveDisk) tick(now sim.Time, base, burst, capacity float64) {
	if int64(now)%int64(flusherPeriod) < int64(naiveTick) {
		n.old = 0
		for _, p := range n.pieces {
			if now.Sub(p.since) >= expiry {
				n.old += p.bytes
			}
		}
	}
	rate := base
	if n.level > 0 {
		rate = burst
	}
	seconds := naiveTick.Seconds()
	wanted := max(n.old, n.dirty()-100e6)
	work := min(rate*seconds, wanted+n.foreground)
	spent := work
	if n.foreground > 0 {
		n.foreground = max(0, n.foreground-work)
		work /= 2
	}
	work = min(work, max(0, wanted))
	n.level = min(capacity, max(0, n.level+base*seconds-spent))
	n.old = max(0, n.old-work)
	n.synced += work
	for work > 0 {
		w := min(work, n.pieces[0].bytes)
		n.pieces[0].bytes -= w
		work -= w
		if n.pieces[0].bytes <= 0 {
			n.pieces = n.pieces[1:]
		}
	}
}

// TestDiskAgainstTicks compares the flow in closed form with the naive disk:
// bursts of appends that pass the background threshold, pauses in which pages
// grow old, burst credit that runs out, and reads beside.
func TestDiskAgainstTicks(t *testing.T) {
	h := testDisk()
	h.DiskBurst, h.DiskCredit = 200e6, 2*time.Second
	const capacity = 100e6 * 2
	d := NewDisk(h, 1, 0)
	naive := naiveDisk{level: capacity}
	random := rng.New(1, "disk", "twin")
	next, now := sim.Time(0), sim.Time(0)
	worst, passed, aged, lowest := 0.0, 0, 0, float64(capacity)
	for now < 400*second {
		for next <= now {
			b := unit.Bytes(random.IntN(15_000_000))
			d.Append(now, 0, b)
			naive.pieces = append(naive.pieces, piece{now, float64(b)})
			if random.Bernoulli(0.2) {
				d.Read(now, b, false)
				cost := float64(b) / 2
				if naive.old > 0 || naive.dirty() > 100e6 {
					cost *= 2
				}
				naive.foreground += cost
			}
			gap := random.ExpDuration(50 * time.Millisecond)
			if random.Bernoulli(0.01) {
				gap = 45 * time.Second
			}
			next = now.Add(gap)
		}
		if naive.dirty() > 100e6 {
			passed++
		}
		if naive.old > 0 {
			aged++
		}
		naive.tick(now, 100e6, 200e6, capacity)
		lowest = min(lowest, naive.level)
		now = now.Add(naiveTick)
		worst = max(worst, float64(apart(d.SyncedUpTo(now, 0), unit.Bytes(naive.synced))))
	}
	// Each decision of the naive disk is late by up to a tick, of 40 kB at burst
	// speed, and the next one makes up for it: ten ticks' worth is far below the
	// smallest rule that could be wrong.
	if worst > 400e3 {
		t.Errorf("synced positions differ by up to %.0f bytes", worst)
	}
	if passed == 0 || aged == 0 || lowest > 0 {
		t.Errorf("the comparison shows nothing: %d ticks over the threshold, %d with old pages, credit down to %g",
			passed, aged, lowest)
	}
}
