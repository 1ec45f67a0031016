package workload

import (
	"math"
	"time"

	"kafkasim/sim"
)

// A position is a point of a curve that is known to lie before what is looked
// for: a segment, how far into it, and the integral there.
type position struct {
	segment  int
	x        float64 // s
	integral float64
}

// Inverse is the first instant at which Integral reaches n, rounded to the
// nanosecond, or sim.Never if it never does.
func (u *Curve) Inverse(n float64) sim.Time {
	t, _ := u.inverseFrom(position{}, n)
	return t
}

// inverseFrom is Inverse for an n ≥ from.integral; it also returns the position
// of the answer.
func (u *Curve) inverseFrom(from position, n float64) (sim.Time, position) {
	if n > u.total || len(u.segments) == 0 {
		return sim.Never, from
	}
	i := from.segment
	for i+1 < len(u.segments) && u.segments[i+1].before < n {
		i++
	}
	s := &u.segments[i]
	if i > from.segment {
		from = position{segment: i, integral: s.before}
	}
	if n > from.integral {
		from.x = u.solve(s, from.x, n-from.integral, n-s.before)
		from.integral = n
	}
	return s.from.Add(time.Duration(math.Round(from.x * 1e9))), from
}

// solve finds x > low with area(x) = records, where more of them come after
// low. It is Newton's method within a bracket, which is halved wherever a step
// leaves it or is not half as long as the one before. It stops at a tenth of a nanosecond, or where
// the area has no more digits.
func (u *Curve) solve(s *segment, low, more, records float64) float64 {
	if !s.wave && len(s.poly) == 1 {
		return min(low+more/s.poly[0], s.length)
	}
	high := s.length
	x := low + (high-low)/2
	if rate := u.height(s, low); rate > 0 {
		x = min(x, low+more/rate)
	}
	step := high - low
	for range 200 {
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
		if !(next > low && next < high && math.Abs(next-x) < step/2) { // also where the rate is 0
			next = low + (high-low)/2
		}
		step = math.Abs(next - x)
		if step < 1e-10 || next == low || next == high {
			return next
		}
		x = next
	}
	return x
}
