// Package workload is what applications ask of a cluster: how fast records come
// over time, when each one comes, how large it is, and which key it has.
package workload

import (
	"fmt"
	"math"
	"slices"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// weekPeriods and workPeriods: of 7 periods the last two are the weekend.
const (
	weekPeriods = 7
	workPeriods = 5
)

// A Curve is a rate over simulated time from 0 to an end, after which it is 0.
// It is read-only once made, so that all instances of a producer share one.
//
// The rate is base × weekend × bursts. Between two break points (of steps,
// traces, weekends and bursts) the base is constant, linear or one cosine, and
// everything else is a polynomial, so that each segment integrates in closed
// form.
type Curve struct {
	spec     scenarios.Curve
	end      sim.Time
	segments []segment
	total    float64 // records from 0 to end
	// The day curve is middle − amplitude·cos(omega·(t − phase)), per second.
	middle, amplitude, omega float64
}

// A segment is the curve between two break points. x is the time since its
// start in seconds.
type segment struct {
	from   sim.Time
	length float64   // s
	before float64   // records from 0 to from
	poly   []float64 // coefficients of x⁰, x¹, ..
	wave   bool      // times the day curve
	angle  float64   // of the day curve at x = 0
}

// NewCurve returns the curve that c describes from 0 to end. Before its first
// step the rate is 0; a trace keeps its first rate before its first point and
// its last one after the last. It panics on what a valid Spec cannot have.
func NewCurve(c scenarios.Curve, end time.Duration) *Curve {
	u := &Curve{spec: c, end: sim.Time(end)}
	switch c.Shape {
	case scenarios.ConstantRate:
	case scenarios.DiurnalRate:
		if c.Period <= 0 {
			panic(fmt.Sprintf("workload: a day curve needs a period, got %v", c.Period))
		}
		u.middle = float64(c.Peak+c.Trough) / 2
		u.amplitude = float64(c.Peak-c.Trough) / 2
		u.omega = 2 * math.Pi / c.Period.Seconds()
	case scenarios.StepRate, scenarios.TraceRate:
		if len(c.Points) == 0 {
			panic("workload: a curve of points has none")
		}
	default:
		panic(fmt.Sprintf("workload: unknown shape %d", c.Shape))
	}
	breaks := u.breaks()
	for i, from := range breaks {
		to := u.end
		if i+1 < len(breaks) {
			to = breaks[i+1]
		}
		s := u.newSegment(from, to)
		s.before = u.total
		u.segments = append(u.segments, s)
		u.total += u.area(&s, s.length)
	}
	return u
}

// breaks lists the starts of the segments, 0 first, all before end.
func (u *Curve) breaks() []sim.Time {
	at := []sim.Time{0}
	add := func(d time.Duration) {
		if d > 0 && sim.Time(d) < u.end {
			at = append(at, sim.Time(d))
		}
	}
	for _, p := range u.spec.Points {
		add(p.At)
	}
	for _, b := range u.spec.Bursts {
		add(b.At)
		add(b.At + b.Rise)
		add(b.At + b.Rise + b.Hold)
		add(b.At + b.Rise + b.Hold + b.Decay)
	}
	if u.hasWeekend() {
		for week := time.Duration(0); sim.Time(week) < u.end; week += weekPeriods * u.spec.Period {
			add(week)
			add(week + workPeriods*u.spec.Period)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

func (u *Curve) hasWeekend() bool { return u.spec.Weekend != 1 && u.spec.Period > 0 }

func (u *Curve) newSegment(from, to sim.Time) segment {
	s := segment{from: from, length: to.Sub(from).Seconds()}
	middle := from + (to-from)/2 // inside, where no border matters
	switch u.spec.Shape {
	case scenarios.ConstantRate:
		s.poly = []float64{float64(u.spec.Peak)}
	case scenarios.DiurnalRate:
		s.poly = []float64{1}
		s.wave = true
		s.angle = u.omega * math.Mod((from-sim.Time(u.spec.Phase)).Seconds(), u.spec.Period.Seconds())
	case scenarios.StepRate:
		s.poly = []float64{u.step(middle)}
	case scenarios.TraceRate:
		s.poly = u.trace(from, middle)
	}
	s.poly = product(s.poly, []float64{u.weekend(middle)})
	for _, b := range u.spec.Bursts {
		start, slope := burstLine(b, from, middle)
		s.poly = product(s.poly, []float64{start, slope})
	}
	for len(s.poly) > 1 && s.poly[len(s.poly)-1] == 0 {
		s.poly = s.poly[:len(s.poly)-1]
	}
	return s
}

// weekend is the factor of the day on which t lies.
func (u *Curve) weekend(t sim.Time) float64 {
	if u.hasWeekend() && int64(t)/int64(u.spec.Period)%weekPeriods >= workPeriods {
		return u.spec.Weekend
	}
	return 1
}

// step is the rate of the last step at or before t.
func (u *Curve) step(t sim.Time) float64 {
	rate := unit.Rate(0)
	for _, p := range u.spec.Points {
		if sim.Time(p.At) > t {
			break
		}
		rate = p.Rate
	}
	return float64(rate)
}

// trace is the line through from of the piece in which middle lies.
func (u *Curve) trace(from, middle sim.Time) []float64 {
	points := u.spec.Points
	i := 0
	for i < len(points) && sim.Time(points[i].At) <= middle {
		i++
	}
	switch {
	case i == 0:
		return []float64{float64(points[0].Rate)}
	case i == len(points):
		return []float64{float64(points[i-1].Rate)}
	}
	a, b := points[i-1], points[i]
	slope := float64(b.Rate-a.Rate) / (b.At - a.At).Seconds()
	return []float64{float64(a.Rate) + slope*(from-sim.Time(a.At)).Seconds(), slope}
}

// burstLine is a burst's factor over the segment that starts at from and
// contains middle: its value at from and its slope per second.
func burstLine(b scenarios.Burst, from, middle sim.Time) (start, slope float64) {
	rise := sim.Time(b.At)
	hold := rise + sim.Time(b.Rise)
	decay := hold + sim.Time(b.Hold)
	over := decay + sim.Time(b.Decay)
	gain := b.Factor - 1
	switch {
	case middle < rise || middle >= over:
		return 1, 0
	case middle < hold:
		slope = gain / b.Rise.Seconds()
		return 1 + slope*(from-rise).Seconds(), slope
	case middle < decay:
		return b.Factor, 0
	default:
		slope = -gain / b.Decay.Seconds()
		return b.Factor + slope*(from-decay).Seconds(), slope
	}
}

// product multiplies two polynomials.
func product(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			c[i+j] += float64(x * y)
		}
	}
	return c
}

// find is the segment in which t lies, t ≥ 0.
func (u *Curve) find(t sim.Time) int {
	i, exact := slices.BinarySearchFunc(u.segments, t, func(s segment, t sim.Time) int {
		switch {
		case s.from < t:
			return -1
		case s.from > t:
			return 1
		}
		return 0
	})
	if exact {
		return i
	}
	return i - 1
}

// Rate is the rate at t, in 1/s; 0 outside of [0, end).
func (u *Curve) Rate(t sim.Time) unit.Rate {
	if t < 0 || t >= u.end {
		return 0
	}
	s := &u.segments[u.find(t)]
	return unit.Rate(u.height(s, t.Sub(s.from).Seconds()))
}

// height is the rate x seconds into a segment.
func (u *Curve) height(s *segment, x float64) float64 {
	p := horner(s.poly, x)
	if s.wave {
		p *= u.middle - float64(u.amplitude*math.Cos(s.angle+float64(u.omega*x)))
	}
	return p
}

func horner(poly []float64, x float64) float64 {
	y := 0.0
	for _, coefficient := range slices.Backward(poly) {
		y = float64(y*x) + coefficient
	}
	return y
}

// Integral is how many records come from 0 to t.
func (u *Curve) Integral(t sim.Time) float64 {
	switch {
	case t <= 0:
		return 0
	case t >= u.end:
		return u.total
	}
	s := &u.segments[u.find(t)]
	return s.before + u.area(s, t.Sub(s.from).Seconds())
}

// End is when the curve ends.
func (u *Curve) End() sim.Time { return u.end }

// area is the integral over the first x seconds of a segment:
//
//	∫P = Σ pᵢ xⁱ⁺¹/(i+1)
//	∫P·(m − a·cos(ωx+φ)) = m∫P − a [Σⱼ P⁽ʲ⁾(x)/ωʲ⁺¹ · sin(ωx + φ + jπ/2)] from 0 to x
//
// the second by repeated integration by parts.
func (u *Curve) area(s *segment, x float64) float64 {
	plain := 0.0
	for i, coefficient := range slices.Backward(s.poly) {
		plain = float64(plain*x) + coefficient/float64(i+1)
	}
	plain *= x
	if !s.wave {
		return plain
	}
	if len(s.poly) == 1 {
		// sin b − sin a = 2 cos((a+b)/2) sin((b−a)/2) keeps its digits for short x.
		half := u.omega * x / 2
		return float64(u.middle*plain) - s.poly[0]*u.amplitude*2*math.Cos(s.angle+half)*math.Sin(half)/u.omega
	}
	return float64(u.middle*plain) - u.amplitude*(u.byParts(s, x)-u.byParts(s, 0))
}

func (u *Curve) byParts(s *segment, x float64) float64 {
	sin, cos := math.Sincos(s.angle + float64(u.omega*x))
	sum, scale := 0.0, 1/u.omega
	for j := range s.poly {
		derivative := 0.0 // the j-th, at x
		for i := len(s.poly) - 1; i >= j; i-- {
			derivative = float64(derivative*x) + s.poly[i]*falling(i, j)
		}
		sum += float64(derivative * scale * [4]float64{sin, cos, -sin, -cos}[j%4])
		scale /= u.omega
	}
	return sum
}

// falling is i·(i−1)···(i−j+1).
func falling(i, j int) float64 {
	f := 1.0
	for k := range j {
		f *= float64(i - k)
	}
	return f
}

// MaxRate is a rate that the curve does not exceed from from to to: the
// highest one, except where a burst rises or falls on a day curve or on a
// sloping trace, or bursts overlap; there it is the product of each one's
// highest, which need not meet.
func (u *Curve) MaxRate(from, to sim.Time) unit.Rate {
	from, to = max(from, 0), min(to, u.end)
	highest := 0.0
	if from >= to {
		return 0
	}
	for i := u.find(from); i < len(u.segments) && u.segments[i].from < to; i++ {
		s := &u.segments[i]
		a := max(from, s.from)
		b := min(to, s.from.Add(time.Duration(math.Ceil(s.length*1e9))))
		highest = max(highest, u.bound(s, a.Sub(s.from).Seconds(), b.Sub(s.from).Seconds()))
	}
	return unit.Rate(highest)
}

// bound is not below the rate between a and b seconds into a segment. Every
// factor but the day curve is linear there, so highest at one end.
func (u *Curve) bound(s *segment, a, b float64) float64 {
	if !s.wave && len(s.poly) <= 2 {
		return max(horner(s.poly, a), horner(s.poly, b))
	}
	middle := s.from.Add(time.Duration(s.length / 2 * 1e9))
	height := 1.0
	switch u.spec.Shape {
	case scenarios.ConstantRate:
		height = float64(u.spec.Peak)
	case scenarios.StepRate:
		height = u.step(middle)
	case scenarios.TraceRate:
		line := u.trace(s.from, middle)
		height = max(horner(line, a), horner(line, b))
	case scenarios.DiurnalRate:
		first, last := s.angle+float64(u.omega*a), s.angle+float64(u.omega*b)
		height = u.middle - float64(u.amplitude*min(math.Cos(first), math.Cos(last)))
		if peak := math.Pi + float64(2*math.Pi*math.Ceil((first-math.Pi)/(2*math.Pi))); peak <= last {
			height = u.middle + u.amplitude
		}
	}
	height *= u.weekend(middle)
	for _, burst := range u.spec.Bursts {
		start, slope := burstLine(burst, s.from, middle)
		height *= max(start+float64(slope*a), start+float64(slope*b))
	}
	return height
}
