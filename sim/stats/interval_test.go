package stats

import (
	"math"
	"testing"

	"kafkasim/sim/rng"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.8g, want %.8g", what, got, want)
	}
}

// TestProportionsAsPublished holds to Newcombe, Two-sided confidence intervals
// for the single proportion, Statistics in Medicine 17 (1998), table I, whose
// figures have four decimals.
func TestProportionsAsPublished(t *testing.T) {
	for _, c := range []struct {
		k, n                   int
		wilson, clopperPearson Interval
	}{
		{81, 263, Interval{0.2553, 0.3662}, Interval{0.2527, 0.3676}},
		{15, 148, Interval{0.0624, 0.1605}, Interval{0.0578, 0.1617}},
		{0, 20, Interval{0, 0.1611}, Interval{0, 0.1684}},
		{1, 29, Interval{0.0061, 0.1718}, Interval{0.0009, 0.1776}},
	} {
		for _, i := range []struct {
			name      string
			got, want Interval
		}{
			{"Wilson", WilsonInterval(c.k, c.n, 0.95), c.wilson},
			{"Clopper-Pearson", ClopperPearsonInterval(c.k, c.n, 0.95), c.clopperPearson},
		} {
			near(t, i.name+" low", i.got.Low, i.want.Low, 0.00005001)
			near(t, i.name+" high", i.got.High, i.want.High, 0.00005001)
		}
	}
	for _, interval := range []func(int, int, float64) Interval{WilsonInterval, ClopperPearsonInterval} {
		if got := interval(0, 0, 0.95); got != (Interval{0, 1}) {
			t.Errorf("without trials: %v", got)
		}
		none, all := interval(0, 30, 0.95), interval(30, 30, 0.95)
		if none.Low != 0 || all.High != 1 {
			t.Errorf("none of 30: %v, all of 30: %v", none, all)
		}
		near(t, "mirror image", all.Low, 1-none.High, 1e-12)
	}
	// In closed form: 1 − (α/2)^(1/n).
	near(t, "Clopper-Pearson of 0 of 20", ClopperPearsonInterval(0, 20, 0.95).High, 1-math.Pow(0.025, 1./20), 1e-12)
}

// TestProportionsCover adds up the binomial probabilities of all outcomes whose
// interval covers p: no simulation, so no tolerance but rounding.
func TestProportionsCover(t *testing.T) {
	const n = 40
	worst, sum, points := 1.0, 0.0, 0
	for p := 0.005; p < 1; p += 0.005 {
		exact, wilson := 0.0, 0.0
		for k := range n + 1 {
			mass := binomialCDF(k, n, p)
			if k > 0 {
				mass -= binomialCDF(k-1, n, p)
			}
			if ClopperPearsonInterval(k, n, 0.95).Contains(p) {
				exact += mass
			}
			if WilsonInterval(k, n, 0.95).Contains(p) {
				wilson += mass
			}
		}
		worst = min(worst, exact)
		sum += wilson
		points++
	}
	if worst < 0.95-1e-9 {
		t.Errorf("Clopper-Pearson covers with %.4f somewhere", worst)
	}
	// Agresti and Coull (1998) report a mean coverage of 0.95 to 0.96.
	near(t, "Wilson's mean coverage", sum/float64(points), 0.953, 0.008)
}

func TestUpperBound(t *testing.T) {
	near(t, "bound at 1 trial", UpperBound(1, 0.95), 0.95, 1e-15)
	near(t, "bound at 2 trials", UpperBound(2, 0.95), 1-math.Sqrt(0.05), 1e-15)
	near(t, "bound at 1e9 trials, rule of three", UpperBound(1_000_000_000, 0.95)*1e9, -math.Log(0.05), 1e-8)
	if got := UpperBound(0, 0.95); got != 1 {
		t.Errorf("bound without trials = %g", got)
	}
	// A probability at the bound stays unseen with probability exactly α.
	near(t, "α", math.Pow(1-UpperBound(37, 0.9), 37), 0.1, 1e-14)
}

func TestMeanInterval(t *testing.T) {
	// Mean 3, standard error √(2.5/5), t(0.975, 4) = 2.776445105.
	i := MeanInterval([]float64{1, 2, 3, 4, 5}, 0.95)
	near(t, "low", i.Low, 3-2.776445105*math.Sqrt(0.5), 1e-8)
	near(t, "high", i.High, 3+2.776445105*math.Sqrt(0.5), 1e-8)
	for _, values := range [][]float64{nil, {7}} {
		if got := MeanInterval(values, 0.95); got != Unbounded() {
			t.Errorf("interval of %v = %v, want it unbounded", values, got)
		}
	}
	if got := MeanInterval([]float64{7, 7, 7}, 0.95); got != (Interval{7, 7}) {
		t.Errorf("interval of equal values = %v", got)
	}
	if Unbounded().Contains(math.NaN()) || !Unbounded().Contains(1e300) {
		t.Error("Contains")
	}
}

// covered simulates: the share of 4,000 samples whose interval holds the truth.
// Its standard error is √(0.95 × 0.05/4000) = 0.0034; four of them are 0.014.
func covered(name string, truth float64, interval func(s *rng.Stream) Interval) float64 {
	const samples = 4000
	s := rng.New(1, "coverage", name)
	hits := 0
	for range samples {
		if interval(&s).Contains(truth) {
			hits++
		}
	}
	return float64(hits) / samples
}

func TestIntervalsCover(t *testing.T) {
	normal := func(n int) func(s *rng.Stream) []float64 {
		return func(s *rng.Stream) []float64 {
			values := make([]float64, n)
			for i := range values {
				values[i] = s.Norm()
			}
			return values
		}
	}
	near(t, "coverage of a mean of 5", covered("mean", 0, func(s *rng.Stream) Interval {
		return MeanInterval(normal(5)(s), 0.95)
	}), 0.95, 0.014)
	// Totals over 30 replications: some 5 % to 15 % of 50 to 150 events. The
	// delta method loses up to a per cent at this size: 0.01 more on that side.
	ratio := covered("ratio", 0.1, func(s *rng.Stream) Interval {
		var above, below []float64
		for range 30 {
			n, p := 50+float64(s.IntN(101)), 0.05+0.1*s.Float64()
			below = append(below, n)
			above = append(above, n*p)
		}
		return RatioInterval(above, below, 0.95)
	})
	near(t, "coverage of a ratio", ratio, 0.945, 0.019)
	// Ranks 2 and 9 of 10 hold the median with probability 1 − 2·11/2¹⁰ = 0.9785.
	near(t, "coverage of a median of 10", covered("median", 0, func(s *rng.Stream) Interval {
		return QuantileInterval(normal(10)(s), 0.5, 0.95)
	}), 0.9785, 0.010)
}

func TestRatioInterval(t *testing.T) {
	// Denominators of 1 make it the interval of a mean.
	above, ones := []float64{1, 2, 3, 4, 5}, []float64{1, 1, 1, 1, 1}
	got, want := RatioInterval(above, ones, 0.95), MeanInterval(above, 0.95)
	near(t, "low", got.Low, want.Low, 1e-12)
	near(t, "high", got.High, want.High, 1e-12)
	// By hand: ratio 6/6 = 1; residuals −1, 0, 1; s² = 1; mean denominator 2;
	// t(0.975, 2) = 4.302652730.
	got = RatioInterval([]float64{1, 2, 3}, []float64{2, 2, 2}, 0.95)
	near(t, "half width", got.High-1, 4.302652730*math.Sqrt(1./3)/2, 1e-8)
	if got := RatioInterval([]float64{1}, []float64{2}, 0.95); got != Unbounded() {
		t.Errorf("of one pair: %v", got)
	}
	if got := RatioInterval([]float64{0, 0}, []float64{0, 0}, 0.95); got != Unbounded() {
		t.Errorf("of 0/0: %v", got)
	}
	if got := RatioInterval([]float64{0, 0}, []float64{5, 7}, 0.95); got != (Interval{0, 0}) {
		t.Errorf("of no event: %v", got)
	}
}
