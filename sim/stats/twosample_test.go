package stats

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"kafkasim/sim/rng"
)

// arrangements is the naive twin of an exact test: the share of all ways to
// call n of the pooled values a, whose statistic is at least extreme.
func arrangements(a, b []float64, extreme func(a, b []float64) bool) float64 {
	pooled := append(append([]float64{}, a...), b...)
	hits, all := 0.0, 0.0
	for set := range uint64(1) << len(pooled) {
		if bits.OnesCount64(set) != len(a) {
			continue
		}
		var x, y []float64
		for i, v := range pooled {
			if set>>i&1 == 1 {
				x = append(x, v)
			} else {
				y = append(y, v)
			}
		}
		all++
		if extreme(x, y) {
			hits++
		}
	}
	return hits / all
}

func sample(s *rng.Stream, n int, shift float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = s.Norm() + shift
	}
	return values
}

func TestExactTestsEqualEnumeration(t *testing.T) {
	s := rng.New(1, "tests", "samples")
	for _, size := range [][2]int{{1, 1}, {1, 6}, {3, 4}, {5, 5}, {6, 4}, {7, 6}} {
		for _, shift := range []float64{0, 1, 3} {
			a, b := sample(&s, size[0], 0), sample(&s, size[1], shift)
			what := fmt.Sprintf("%d and %d values, shift %g", size[0], size[1], shift)
			ks := KolmogorovSmirnov(a, b)
			near(t, "Kolmogorov-Smirnov's p of "+what, ks.P, arrangements(a, b, func(x, y []float64) bool {
				return KolmogorovSmirnov(x, y).Statistic >= ks.Statistic-1e-9
			}), 1e-12)
			u := MannWhitney(a, b)
			middle := float64(size[0]*size[1]) / 2
			near(t, "Mann-Whitney's p of "+what, u.P, min(arrangements(a, b, func(x, y []float64) bool {
				return math.Abs(MannWhitney(x, y).Statistic-middle) >= math.Abs(u.Statistic-middle)-1e-9
			}), 1), 1e-12)
			if !ks.Exact || !u.Exact {
				t.Errorf("%s: not exact", what)
			}
		}
	}
}

// TestMannWhitneyAsPublished: Hollander and Wolfe, Nonparametric Statistical
// Methods (1973), page 69, permeability of the amnion: U = 35, one-sided
// p = 0.1272 (also the example of R's wilcox.test).
func TestMannWhitneyAsPublished(t *testing.T) {
	term := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	early := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	got := MannWhitney(term, early)
	near(t, "U", got.Statistic, 35, 0)
	near(t, "p", got.P, 2*0.1272, 0.0001)
	near(t, "U the other way round", MannWhitney(early, term).Statistic, 15, 0)
	near(t, "p the other way round", MannWhitney(early, term).P, got.P, 1e-12)
}

// TestMannWhitneyWithTies compares with all arrangements.
func TestMannWhitneyWithTies(t *testing.T) {
	a, b := []float64{1, 2, 2, 3, 3, 3, 4, 5, 6}, []float64{2, 3, 4, 4, 5, 6, 6, 7}
	got := MannWhitney(a, b)
	middle := 9 * 8 / 2.
	want := arrangements(a, b, func(x, y []float64) bool {
		return math.Abs(MannWhitney(x, y).Statistic-middle) >= math.Abs(got.Statistic-middle)-1e-9
	})
	near(t, "p with ties", got.P, want, 1e-12)
	if !got.Exact {
		t.Error("p with ties is not exact")
	}
	// Three against three can show no less than 2/20, however clear it looks.
	if got := MannWhitney([]float64{0, 0, 0}, []float64{1, 1, 1}); got.P != 0.1 {
		t.Errorf("three against three: %v", got)
	}
	if got := MannWhitney([]float64{1, 1, 1}, []float64{1, 1}); got.P != 1 || got.Statistic != 3 {
		t.Errorf("equal values: %v", got)
	}
}

// TestKolmogorovLimit: quantiles of Kolmogorov's law from Smirnov, Table for
// estimating the goodness of fit of empirical distributions, Annals of
// Mathematical Statistics 19 (1948).
func TestKolmogorovLimit(t *testing.T) {
	for x, want := range map[float64]float64{
		0.5: 0.963945, 0.8275736: 0.5, 1.2238479: 0.1, 1.3580986: 0.05, 1.6276236: 0.01, 1.9494746: 0.001,
	} {
		near(t, fmt.Sprintf("Q(%g)", x), kolmogorovLimit(x), want, 1e-6)
	}
	near(t, "Q just below 1", kolmogorovLimit(1-1e-12), kolmogorovLimit(1), 1e-10)
	near(t, "Q(0)", kolmogorovLimit(0), 1, 0)
	near(t, "Q(0.05)", kolmogorovLimit(0.05), 1, 1e-15)
}

// TestKolmogorovSmirnovApproaches: at n×m just below the limit of the exact
// law, both agree within 3 % for p between 1e-4 and 0.5.
func TestKolmogorovSmirnovApproaches(t *testing.T) {
	const n, m = 1000, 997
	for _, x := range []float64{0.85, 1.2, 1.5, 1.9, 2.2} {
		most := int(x * math.Sqrt(float64(n+m)/(n*m)) * n * m)
		exact := pathProbability(n, m, most)
		near(t, fmt.Sprintf("p at %g", x), kolmogorovTail(float64(n*m)/(n+m), float64(most)/(n*m))/exact, 1, 0.03)
	}
	// The smallest p: all of a below all of b, 2/C(20, 10).
	near(t, "p of separate samples", pathProbability(10, 10, 100)*184756/2, 1, 1e-12)
}

// TestTestsKeepTheirLevel: under the hypothesis p <= α comes up with
// probability α at most. 2,000 samples: standard error 0.005 at α = 0.05, four
// of which are allowed above; discrete and conservative laws may be below.
func TestTestsKeepTheirLevel(t *testing.T) {
	s := rng.New(1, "tests", "level")
	const samples = 2000
	normal := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	for _, c := range []struct {
		name    string
		test    func(shift float64) TestResult
		atLeast float64
	}{
		{"Kolmogorov-Smirnov", func(d float64) TestResult { return KolmogorovSmirnov(sample(&s, 40, 0), sample(&s, 30, d)) }, 0.03},
		{"Mann-Whitney, exact", func(d float64) TestResult { return MannWhitney(sample(&s, 20, 0), sample(&s, 15, d)) }, 0.03},
		{"Mann-Whitney", func(d float64) TestResult { return MannWhitney(sample(&s, 40, 0), sample(&s, 30, d)) }, 0.03},
		{"against a law", func(d float64) TestResult { return KolmogorovSmirnovAgainst(sample(&s, 50, d), normal) }, 0.03},
	} {
		rejected, found := 0, 0
		for range samples {
			if c.test(0).P <= 0.05 {
				rejected++
			}
			if c.test(2).P <= 0.0001 {
				found++
			}
		}
		if level := float64(rejected) / samples; level > 0.05+4*0.005 || level < c.atLeast {
			t.Errorf("%s: rejects with probability %.4f at level 0.05", c.name, level)
		}
		// Two standard deviations apart, samples of this size are told apart.
		if power := float64(found) / samples; power < 0.8 {
			t.Errorf("%s: finds a large difference with probability %.3f only", c.name, power)
		}
	}
}

// TestAgainstALaw: critical values at 5 % and 1 % from Miller, Table of
// percentage points of Kolmogorov statistics, JASA 51 (1956). The
// approximation is good to 4 % of p there.
func TestAgainstALaw(t *testing.T) {
	for _, c := range []struct {
		n    float64
		d, p float64
	}{{10, 0.40925, 0.05}, {10, 0.48893, 0.01}, {20, 0.29408, 0.05}, {20, 0.35241, 0.01}} {
		near(t, fmt.Sprintf("p of %g at n = %g", c.d, c.n), kolmogorovTail(c.n, c.d)/c.p, 1, 0.04)
	}
	uniform := func(x float64) float64 { return x }
	// By hand: F steps by 1/4 at 0.1, 0.2, 0.3, 0.9; the greatest gap is at 0.3.
	near(t, "statistic", KolmogorovSmirnovAgainst([]float64{0.9, 0.3, 0.1, 0.2}, uniform).Statistic, 0.45, 1e-12)
}

func TestStatisticWithTies(t *testing.T) {
	// F_a − F_b: 1/4 after 1, 3/4 − 1/3 after 2, 0 after 3.
	got := KolmogorovSmirnov([]float64{1, 2, 2, 3}, []float64{2, 3, 3})
	near(t, "statistic", got.Statistic, 3./4-1./3, 1e-12)
	if got := KolmogorovSmirnov([]float64{1, 1}, []float64{1, 1}); got.Statistic != 0 || got.P != 1 {
		t.Errorf("equal samples: %v", got)
	}
}

func TestNoDataIsNoResult(t *testing.T) {
	one := []float64{1}
	for name, r := range map[string]TestResult{
		"KS":      KolmogorovSmirnov(nil, one),
		"KS b":    KolmogorovSmirnov(one, nil),
		"U":       MannWhitney(nil, one),
		"against": KolmogorovSmirnovAgainst(nil, func(x float64) float64 { return x }),
	} {
		if !math.IsNaN(r.P) || !math.IsNaN(r.Statistic) {
			t.Errorf("%s of nothing = %v", name, r)
		}
	}
}

func TestDistanceOfSketches(t *testing.T) {
	a, b := new(Sketch), new(Sketch)
	for v := range int64(100) {
		a.Add(v, 3)      // uniform on 0 to 99
		b.Add(v+25, 700) // on 25 to 124; weights are relative
	}
	near(t, "distance of shifted uniforms", Distance(a, b), 0.25, 1e-12)
	near(t, "the other way round", Distance(b.Compact(), a), 0.25, 1e-12)
	near(t, "to itself", Distance(a, a.Compact()), 0, 0)
	far := new(Sketch)
	far.Add(1<<40, 1)
	near(t, "of separate sketches", Distance(a, far), 1, 0)
	if !math.IsNaN(Distance(a, nil)) || !math.IsNaN(Distance(nil, a)) {
		t.Error("the distance to nothing is a number")
	}
	if got := (TestResult{0.25, 0.0412, true}).String(); got != "0.25, p = 0.0412 (exact)" {
		t.Errorf("String: %s", got)
	}
}
