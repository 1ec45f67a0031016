package workload

import (
	"fmt"
	"math"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

const day = 24 * time.Hour

func constant(rate unit.Rate) scenarios.Curve {
	return scenarios.Curve{Shape: scenarios.ConstantRate, Peak: rate, Weekend: 1}
}

func diurnal(peak, trough unit.Rate) scenarios.Curve {
	return scenarios.Curve{Shape: scenarios.DiurnalRate, Peak: peak, Trough: trough, Period: day, Weekend: 1}
}

func at(d time.Duration) sim.Time { return sim.Time(d) }

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestDayIsLowAtItsStartAndHighAtNoon(t *testing.T) {
	t.Parallel()
	c := diurnal(1000, 200)
	u := NewCurve(c, 14*day)
	near(t, "rate at midnight", float64(u.Rate(0)), 200, 1e-9)
	near(t, "rate at 6 h", float64(u.Rate(at(6*time.Hour))), 600, 1e-9)
	near(t, "rate at noon", float64(u.Rate(at(12*time.Hour))), 1000, 1e-9)
	near(t, "records of a day", u.Integral(at(day)), 600*86400, 1e-12)

	c.Phase = 3 * time.Hour
	u = NewCurve(c, 14*day)
	near(t, "rate at 15 h with a phase of 3 h", float64(u.Rate(at(15*time.Hour))), 1000, 1e-9)

	c.Phase, c.Weekend = 0, 0.5
	u = NewCurve(c, 14*day)
	for d, want := range []float64{1000, 1000, 1000, 1000, 1000, 500, 500, 1000} {
		near(t, fmt.Sprintf("noon of day %d", d+1), float64(u.Rate(at(time.Duration(d)*day+12*time.Hour))), want, 1e-9)
	}
	near(t, "records of a week", u.Integral(at(7*day)), 6*600*86400, 1e-12)
}

func TestStepsTracesAndBursts(t *testing.T) {
	t.Parallel()
	points := []scenarios.RatePoint{{At: 10 * time.Second, Rate: 100}, {At: 20 * time.Second, Rate: 300}}
	steps := NewCurve(scenarios.Curve{Shape: scenarios.StepRate, Points: points, Weekend: 1}, time.Minute)
	near(t, "before the first step", float64(steps.Rate(at(9*time.Second))), 0, 0)
	near(t, "on a step", float64(steps.Rate(at(10*time.Second))), 100, 0)
	near(t, "records of steps", steps.Integral(at(30*time.Second)), 1000+3000, 1e-12)

	trace := NewCurve(scenarios.Curve{Shape: scenarios.TraceRate, Points: points, Weekend: 1}, time.Minute)
	near(t, "before the first point", float64(trace.Rate(0)), 100, 0)
	near(t, "between points", float64(trace.Rate(at(15*time.Second))), 200, 1e-12)
	near(t, "records of a trace", trace.Integral(at(30*time.Second)), 1000+2000+3000, 1e-12)

	c := constant(100)
	c.Bursts = []scenarios.Burst{{At: 10 * time.Second, Factor: 3, Rise: 2 * time.Second, Hold: 5 * time.Second, Decay: 4 * time.Second}}
	burst := NewCurve(c, time.Minute)
	near(t, "halfway up", float64(burst.Rate(at(11*time.Second))), 200, 1e-12)
	near(t, "at the top", float64(burst.Rate(at(13*time.Second))), 300, 1e-12)
	near(t, "halfway down", float64(burst.Rate(at(19*time.Second))), 200, 1e-12)
	near(t, "extra records", burst.Integral(at(time.Minute))-6000, 100*2*(1+5+2), 1e-9)
	near(t, "after the end", float64(burst.Rate(at(time.Minute))), 0, 0)
	if highest := burst.MaxRate(0, at(11*time.Second)); math.Abs(float64(highest)-200) > 1e-9 {
		t.Errorf("highest rate of the first 11 s = %v, want 200", highest)
	}
}

// randomCurve has any shape, with a weekend and up to three bursts.
func randomCurve(s *rng.Stream) scenarios.Curve {
	c := scenarios.Curve{
		Shape: []scenarios.Shape{scenarios.ConstantRate, scenarios.DiurnalRate, scenarios.StepRate, scenarios.TraceRate}[s.IntN(4)],
		Peak:  unit.Rate(10 + 1000*s.Float64()), Period: time.Duration(60+s.IntN(600)) * time.Second, Weekend: 1,
	}
	c.Trough = c.Peak * unit.Rate(s.Float64())
	c.Phase = time.Duration(s.IntN(1000)-500) * time.Second
	if s.Bernoulli(0.5) {
		c.Weekend = 2 * s.Float64()
	}
	if c.Shape == scenarios.StepRate || c.Shape == scenarios.TraceRate {
		for t := time.Duration(0); len(c.Points) < 1+s.IntN(8); t += time.Duration(1+s.IntN(300)) * time.Second {
			c.Points = append(c.Points, scenarios.RatePoint{At: t, Rate: unit.Rate(s.IntN(500))})
		}
	}
	for range s.IntN(4) {
		c.Bursts = append(c.Bursts, scenarios.Burst{
			At: time.Duration(s.IntN(2000)) * time.Second, Rise: time.Duration(s.IntN(100)) * time.Second,
			Hold: time.Duration(s.IntN(300)) * time.Second, Decay: time.Duration(s.IntN(100)) * time.Second, Factor: 4 * s.Float64(),
		})
	}
	return c
}

// TestRandomCurves compares the closed integral with Simpson's rule on the
// rate, the inverse with the integral, and the bound with the rate.
func TestRandomCurves(t *testing.T) {
	t.Parallel()
	s := rng.New(1, "workload", "curves")
	for i := range 300 {
		c := randomCurve(&s)
		u := NewCurve(c, 3000*time.Second)
		for j := range u.segments {
			g := &u.segments[j]
			const n = 64
			sum := 0.0
			for k := range n + 1 {
				weight := float64(2 + 2*(k%2))
				if k == 0 || k == n {
					weight = 1
				}
				sum += weight * u.height(g, g.length*float64(k)/n)
			}
			// The rule's error is (h⁴/180)·length·f⁗ with ωh ≤ 2π·3000/60/64 at worst;
			// a segment of many periods is left to its parts below.
			if u.omega*g.length/n < 0.1 {
				near(t, fmt.Sprintf("curve %d segment %d", i, j), u.area(g, g.length), sum*g.length/n/3, 1e-6)
			}
		}
		for range 50 {
			x := at(time.Duration(s.Float64() * float64(u.End())))
			y := x.Add(time.Duration(s.Float64() * float64(u.End().Sub(x))))
			if most := u.MaxRate(x, y+1); float64(u.Rate(x)) > float64(most)*(1+1e-9) || float64(u.Rate(y)) > float64(most)*(1+1e-9) {
				t.Errorf("curve %d: rates %v and %v exceed the bound %v", i, u.Rate(x), u.Rate(y), most)
			}
			if u.Integral(y) < u.Integral(x) {
				t.Errorf("curve %d: the integral falls from %v to %v", i, x, y)
			}
			n := u.Integral(x)
			// One nanosecond at the highest rate, and the integral's own digits.
			near(t, fmt.Sprintf("curve %d: integral of the inverse", i), u.Integral(u.Inverse(n)), n, 1e-9+float64(u.MaxRate(0, u.End()))*1e-9)
		}
		if u.Inverse(u.Integral(u.End())+1) != sim.Never {
			t.Errorf("curve %d has an instant for more records than it has", i)
		}
	}
}

func TestArrivalsOfferWhatIsConfigured(t *testing.T) {
	t.Parallel()
	c := diurnal(20, 4)
	c.Weekend = 0.8
	c.Bursts = []scenarios.Burst{{At: 3 * time.Hour, Factor: 3, Rise: time.Minute, Hold: 10 * time.Minute, Decay: 5 * time.Minute}}
	u := NewCurve(c, 7*day)
	const instances = 3
	for _, kind := range []scenarios.Arrivals{scenarios.Poisson, scenarios.Even} {
		buckets := make([]float64, 7*24)
		total := 0.0
		for i := range instances {
			a := NewArrivals(u, kind, i, instances, rng.New(5, fmt.Sprint(i), "arrivals"))
			last := sim.Time(0)
			for now := a.Next(); now != sim.Never; now = a.Next() {
				if now < last || now > u.End() {
					t.Fatalf("an arrival at %v after %v", now, last)
				}
				last = now
				buckets[min(len(buckets)-1, int(now/at(time.Hour)))]++
				total++
			}
		}
		want := u.Integral(u.End())
		if kind == scenarios.Even {
			near(t, "even arrivals", total, want, 1/want) // one record for each phase cut off
			for h, n := range buckets {
				hour := u.Integral(at(time.Duration(h+1)*time.Hour)) - u.Integral(at(time.Duration(h)*time.Hour))
				if math.Abs(n-hour) > 2 {
					t.Errorf("hour %d has %v even arrivals, want %v", h, n, hour)
				}
			}
			continue
		}
		chi := 0.0
		for h, n := range buckets {
			hour := u.Integral(at(time.Duration(h+1)*time.Hour)) - u.Integral(at(time.Duration(h)*time.Hour))
			chi += (n - hour) * (n - hour) / hour
		}
		// χ² of 168 independent Poisson counts: mean 168, standard deviation √336;
		// four of them above and below.
		if math.Abs(chi-168) > 4*math.Sqrt(336) {
			t.Errorf("χ² of hourly counts = %.1f, want 168 ± %.0f", chi, 4*math.Sqrt(336))
		}
		if math.Abs(total-want) > 4*math.Sqrt(want) { // four standard deviations
			t.Errorf("%v Poisson arrivals, want %v", total, want)
		}
	}
}

func TestEvenArrivalsOfInstancesInterleave(t *testing.T) {
	t.Parallel()
	u := NewCurve(constant(1000), time.Second)
	a := NewArrivals(u, scenarios.Even, 0, 2, rng.Stream{})
	b := NewArrivals(u, scenarios.Even, 1, 2, rng.Stream{})
	for i := range 4 {
		want := time.Duration(500+1000*i) * time.Microsecond
		next := &a
		if i%2 == 1 {
			next = &b
		}
		if got := next.Next(); got != at(want) {
			t.Errorf("record %d of the group comes at %v, want %v", i, got, want)
		}
	}
}

func TestNothingComesAtRateZero(t *testing.T) {
	t.Parallel()
	for _, c := range []scenarios.Curve{constant(0), {Shape: scenarios.StepRate, Weekend: 1, Points: []scenarios.RatePoint{{At: 0, Rate: 0}}}} {
		a := NewArrivals(NewCurve(c, time.Hour), scenarios.Poisson, 0, 1, rng.New(1, "a", "b"))
		if got := a.Next(); got != sim.Never {
			t.Errorf("a record comes at %v of a curve without any", got)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	c := diurnal(1000, 200)
	u := NewCurve(c, day)
	a := NewArrivals(u, scenarios.Poisson, 0, 1, rng.New(1, "a", "b"))
	keys := NewKeys(scenarios.Keys{Count: 1000, Skew: 0.9})
	sizes := NewSizes(scenarios.RecordSize{Mean: 1000, P99: 4000})
	s := rng.New(1, "k", "k")
	if n := testing.AllocsPerRun(1000, func() {
		a.Next()
		PartitionOfKey(keys.Next(&s), 12)
		sizes.Next(&s)
	}); n != 0 {
		t.Errorf("a record takes %v allocations", n)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, c := range []struct {
		name  string
		curve scenarios.Curve
	}{{"constant", constant(1000)}, {"diurnal", diurnal(1000, 200)}} {
		b.Run(c.name, func(b *testing.B) {
			u := NewCurve(c.curve, 365*day)
			a := NewArrivals(u, scenarios.Poisson, 0, 1, rng.New(1, "a", "b"))
			b.ReportAllocs()
			for b.Loop() {
				a.Next()
			}
		})
	}
}
