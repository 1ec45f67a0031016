package workload

import (
	"math"
	"time"

	"kafkasim/sim"
)

// Inverse is the first instant at which Integral reaches n, rounded to the
// nanosecond, or sim.Never if it never does.
func (u *Curve) Inverse(n float64) sim.Time {
	t, _ := u.inverseFrom(0, n)
	return t
}

// inverseFrom is Inverse where the answer is known not to lie before segment i;
// it also returns the segment of the answer.
func (u *Curve) inverseFrom(i int, n float64) (sim.Time, int) {
	if n > u.total || len(u.segments) == 0 {
		return sim.Never, len(u.segments)
	}
	for i+1 < len(u.segments) && u.segments[i+1].before < n {
		i++
	}
	s := &u.segments[i]
	if n <= s.before {
		return s.from, i
	}
	x := u.solve(s, n-s.before)
	return s.from.Add(time.Duration(math.Round(x * 1e9))), i
}

// solve finds x with area(x) = records, 0 < x ≤ length, by Newton's method kept
// within a shrinking bracket. It stops at a tenth of a nanosecond, or where
// the area has no more digits.
func (u *Curve) solve(s *segment, records float64) float64 {
	if !s.wave && len(s.poly) == 1 {
		return min(records/s.poly[0], s.length)
	}
	low, high := 0.0, s.length
	x := s.length / 2
	if rate := u.height(s, 0); rate > 0 {
		x = min(x, records/rate)
	}
	for range 100 {
		excess := u.area(s, x) - records
		switch {
		case excess > 0:
			high = x
		case excess < 0:
			low = x
		default:
			return x
		}
		next := x - excess/u.height(s, x)
		if !(next > low && next < high) { // also where the rate is 0
			next = low + (high-low)/2
		}
		if math.Abs(next-x) < 1e-10 || next == low || next == high {
			return next
		}
		x = next
	}
	return x
}
