package sim

import (
	"container/heap"
	"fmt"
	"testing"
	"time"

	"kafkasim/sim/rng"
)

// The benchmarks run the same model on three event sets in one run, since a
// machine's speed changes: compare ratios, never times of different runs.
//
//	engine         this package
//	bareheap       a 4-ary heap of 16-byte keys: no payload, clock, check, count, fingerprint
//	containerheap  container/heap of pointers to events
type eventSet interface {
	Schedule(at Time, kind Kind, entity int32, arg int64)
	Next() (Event, bool)
}

// onEach runs the benchmark on each event set.
func onEach(b *testing.B, run func(b *testing.B, q eventSet)) {
	b.Helper()
	for _, c := range []struct {
		name string
		make func() eventSet
	}{
		{"engine", func() eventSet { return new(Engine) }},
		{"bareheap", func() eventSet { return new(bareHeap) }},
		{"containerheap", func() eventSet { return new(containerHeap) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, c.make())
		})
	}
}

type bareHeap struct {
	keys  []key
	order uint64
}

func (h *bareHeap) Schedule(at Time, _ Kind, entity int32, _ int64) {
	x := key{uint64(at), h.order<<slotBits | uint64(entity)}
	h.order++
	h.keys = append(h.keys, x)
	hole := len(h.keys) - 1
	for hole > 0 && before(x, h.keys[(hole-1)/4]) != 0 {
		h.keys[hole] = h.keys[(hole-1)/4]
		hole = (hole - 1) / 4
	}
	h.keys[hole] = x
}

func (h *bareHeap) Next() (Event, bool) {
	top := h.keys[0]
	last := len(h.keys) - 1
	x, keys := h.keys[last], h.keys[:last]
	h.keys = keys
	hole := 0
	for first := 1; first < last; first = 4*hole + 1 {
		best := first
		if first+4 <= last {
			c := (*[4]key)(keys[first:])
			left, right := before(c[1], c[0]), 2+before(c[3], c[2])
			best += int(left ^ (left^right)&-before(c[right&3], c[left&3]))
		} else {
			for i := first + 1; i < last; i++ {
				if before(keys[i], keys[best]) != 0 {
					best = i
				}
			}
		}
		if before(x, keys[best]) != 0 {
			break
		}
		keys[hole] = keys[best]
		hole = best
	}
	if last > 0 {
		keys[hole] = x
	}
	return Event{At: Time(top.at), Entity: int32(top.slot())}, true
}

type pointerItem struct {
	Event
	order uint64
}

type pointerItems []*pointerItem

func (p pointerItems) Len() int      { return len(p) }
func (p pointerItems) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pointerItems) Push(x any)   { *p = append(*p, x.(*pointerItem)) }

func (p pointerItems) Less(i, j int) bool {
	if p[i].At != p[j].At {
		return p[i].At < p[j].At
	}
	return p[i].order < p[j].order
}

func (p *pointerItems) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

type containerHeap struct {
	items pointerItems
	order uint64
}

func (h *containerHeap) Schedule(at Time, kind Kind, entity int32, arg int64) {
	heap.Push(&h.items, &pointerItem{Event{at, kind, entity, arg}, h.order})
	h.order++
}

func (h *containerHeap) Next() (Event, bool) { return heap.Pop(&h.items).(*pointerItem).Event, true }

// gaps draws 2¹⁶ times to the next event, so that a benchmark measures the
// event set and not the generator.
func gaps(draw func(s *rng.Stream) time.Duration) []time.Duration {
	s := rng.New(1, "benchmark", "gaps")
	drawn := make([]time.Duration, 1<<16)
	for i := range drawn {
		drawn[i] = draw(&s)
	}
	return drawn
}

func exponentialGap(s *rng.Stream) time.Duration { return s.ExpDuration(time.Millisecond) }

// kafkaGap mixes requests and linger times, sessions and intervals, and
// failures of machines: 90 % about 5 ms, 9.9 % about 30 s, 0.1 % about 30 days.
func kafkaGap(s *rng.Stream) time.Duration {
	switch u := s.Float64(); {
	case u < 0.9:
		return s.ExpDuration(5 * time.Millisecond)
	case u < 0.999:
		return s.ExpDuration(30 * time.Second)
	default:
		return s.ExpDuration(30 * 24 * time.Hour)
	}
}

// BenchmarkHold is the hold model: remove the earliest of n events, schedule
// it again a gap later.
func BenchmarkHold(b *testing.B) {
	for _, mix := range []struct {
		name string
		draw func(*rng.Stream) time.Duration
	}{{"exponential", exponentialGap}, {"kafka", kafkaGap}} {
		drawn := gaps(mix.draw)
		for _, n := range []int{1e2, 1e4, 1e6} {
			b.Run(fmt.Sprintf("%s/n=%d", mix.name, n), func(b *testing.B) {
				onEach(b, func(b *testing.B, q eventSet) {
					b.Helper()
					for i := range n {
						q.Schedule(Time(drawn[i%len(drawn)]), 1, int32(i), 0)
					}
					b.ResetTimer()
					for i := range b.N {
						e, _ := q.Next()
						q.Schedule(e.At.Add(drawn[i%len(drawn)]), 1, e.Entity, 0)
					}
				})
			})
		}
	}
}

// BenchmarkPHOLD has ROSS's defaults: remote 0.25, lookahead 1, one start event
// a logical process, each with a stream of its own. "exponential" adds an
// exponential of mean 1 to the lookahead. "lockstep" is what ROSS's own program
// does with a mean of 1: it subtracts the lookahead from it, which leaves
// every event exactly 1 after its cause.
//
// Source: ROSS-org/ROSS, models/phold/phold.c.
func BenchmarkPHOLD(b *testing.B) {
	const unit = time.Second
	for _, mean := range []struct {
		name string
		time time.Duration
	}{{"exponential", unit}, {"lockstep", 0}} {
		for _, n := range []int{1e2, 1e4, 1e6} {
			b.Run(fmt.Sprintf("%s/n=%d", mean.name, n), func(b *testing.B) {
				onEach(b, func(b *testing.B, q eventSet) {
					b.Helper()
					streams := make([]rng.Stream, n)
					for i := range streams {
						streams[i] = rng.New(rng.Derive(1, uint64(i)), "process", "events")
						q.Schedule(Time(unit+streams[i].ExpDuration(mean.time)), 1, int32(i), 0)
					}
					b.ResetTimer()
					for range b.N {
						e, _ := q.Next()
						s := &streams[e.Entity]
						to := e.Entity
						if s.Bernoulli(0.25) {
							to = int32(s.IntN(n))
						}
						q.Schedule(e.At.Add(unit+s.ExpDuration(mean.time)), 1, to, 0)
					}
				})
			})
		}
	}
}

// BenchmarkMM1 is a customer of the M/M/1 queue at load 0.9: two events.
func BenchmarkMM1(b *testing.B) {
	onEach(b, func(b *testing.B, q eventSet) {
		b.Helper()
		m := newMM1(1, 0.9)
		m.start(q)
		b.ResetTimer()
		for range b.N {
			m.nextSojourn(q)
		}
	})
}
