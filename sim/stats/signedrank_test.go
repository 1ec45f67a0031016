package stats

import (
	"fmt"
	"math"
	"testing"

	"kafkasim/sim/rng"
)

// signs is the naive twin of the signed-rank test: the share of all ways to give
// the differences signs whose statistic is at least as far from its middle.
func signs(differences []float64) float64 {
	var sizes []float64
	for _, d := range differences {
		if d != 0 {
			sizes = append(sizes, math.Abs(d))
		}
	}
	statistic := func(positive func(i int) bool) float64 {
		w := 0.0
		for i, size := range sizes {
			if !positive(i) {
				continue
			}
			for _, other := range sizes { // the middle of its ranks
				switch {
				case other < size:
					w++
				case other == size:
					w += 0.5
				}
			}
			w += 0.5
		}
		return w
	}
	n := len(sizes)
	middle := float64(n*(n+1)) / 4
	var observed []float64
	for _, d := range differences {
		if d != 0 {
			observed = append(observed, d)
		}
	}
	off := math.Abs(statistic(func(i int) bool { return observed[i] > 0 }) - middle)
	hits := 0.0
	for set := range uint64(1) << n {
		if math.Abs(statistic(func(i int) bool { return set>>i&1 == 1 })-middle) >= off-1e-9 {
			hits++
		}
	}
	return hits / math.Ldexp(1, n)
}

func TestSignedRankEqualsEnumeration(t *testing.T) {
	s := rng.New(1, "signed rank", "samples")
	for _, n := range []int{1, 2, 5, 8, 11} {
		for _, shift := range []float64{0, 0.8, 3} {
			d := sample(&s, n, shift)
			near(t, fmt.Sprintf("p of %d differences around %g", n, shift), SignedRank(d).P, signs(d), 1e-12)
			for i := range d { // ties and zeros
				d[i] = math.Round(2 * d[i])
			}
			if got := SignedRank(d); !math.IsNaN(got.P) {
				near(t, fmt.Sprintf("p of %v", d), got.P, signs(d), 1e-12)
			}
		}
	}
}

// TestSignedRankAsPublished: Hollander and Wolfe, Nonparametric Statistical
// Methods (1973), page 29, depression scale factors: 40, one-sided p = 0.01953
// (also the first example of R's wilcox.test).
func TestSignedRankAsPublished(t *testing.T) {
	first := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	second := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	d := make([]float64, len(first))
	for i := range d {
		d[i] = first[i] - second[i]
	}
	got := SignedRank(d)
	near(t, "the statistic", got.Statistic, 40, 0)
	near(t, "p", got.P, 2*0.01953, 0.00001)
	for i := range d {
		d[i] = -d[i]
	}
	near(t, "the statistic the other way round", SignedRank(d).Statistic, 5, 0)
	near(t, "p the other way round", SignedRank(d).P, got.P, 1e-15)
}

// TestSignedRankTable is the table of critical values for a two-sided test at 5 %
// (Wilcoxon and Wilcox, Some Rapid Approximate Statistical Procedures, 1964): the
// greatest smaller rank sum that is significant.
func TestSignedRankTable(t *testing.T) {
	for n, critical := range map[int]int{
		6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 17: 34, 18: 40, 19: 46, 20: 52, 25: 89,
	} {
		if p := SignedRank(withRankSum(n, critical)).P; p > 0.05 {
			t.Errorf("%d differences with a rank sum of %d: p = %.4f, want at most 0.05", n, critical, p)
		}
		if p := SignedRank(withRankSum(n, critical+1)).P; p <= 0.05 {
			t.Errorf("%d differences with a rank sum of %d: p = %.4f, want more than 0.05", n, critical+1, p)
		}
	}
}

// withRankSum are the differences 1..n, of which so many of the greatest that fit
// are negative that their ranks have the sum.
func withRankSum(n, sum int) []float64 {
	d := make([]float64, n)
	for i := n; i >= 1; i-- {
		d[i-1] = float64(i)
		if i <= sum {
			d[i-1], sum = -d[i-1], sum-i
		}
	}
	return d
}

// TestSignedRankApproaches: at 100 differences, with ties and without, the normal
// law's p is at most 2 % below the exact one, where it would see what is not there,
// and at most 15 % above it, for p above 0.001: its tails are a little heavier, and
// where ties differ in size half the least rank is more than half a step.
func TestSignedRankApproaches(t *testing.T) {
	for _, shift := range []float64{0, 0.05, 0.1} {
		for _, grain := range []float64{1e-9, 0.5} {
			s := rng.New(8, "signed rank", fmt.Sprint(shift, grain))
			d := sample(&s, exactSigns, shift)
			for i := range d {
				d[i] = (math.Floor(d[i]/grain) + 0.5) * grain // never 0
			}
			ranks, sum := signedRanks(d)
			all, squares := 0, 0.0
			for _, r := range ranks {
				all += r
				squares += float64(r) * float64(r)
			}
			off := max(2*sum-all, all-2*sum)
			got := SignedRank(append(d, 0)) // zeros change nothing
			if !got.Exact {
				t.Fatal("not exact at its greatest size")
			}
			normal := math.Erfc(float64(off-ranks[0]) / math.Sqrt(squares) / math.Sqrt2)
			if got.P < 0.001 {
				t.Fatalf("p = %g is too small to say anything", got.P)
			}
			if ratio := normal / got.P; ratio < 0.98 || ratio > 1.15 {
				t.Errorf("shift %g, grain %g: the normal law's p is %g, the exact one %g", shift, grain, normal, got.P)
			}
		}
	}
	// Beyond, the normal law is used: at 400 differences, 25 % of them positive.
	many := make([]float64, 400)
	for i := range many {
		many[i] = 1
		if i%4 != 0 {
			many[i] = -1
		}
	}
	got := SignedRank(many)
	if got.Exact || got.P <= 0 || got.P > 1e-20 { // binomial: 2 P(X <= 100) = 4.5e-24
		t.Errorf("100 of 400 signs: %v", got)
	}
}

func TestSignedRankAtItsEdges(t *testing.T) {
	if got := SignedRank([]float64{0, 0}); !math.IsNaN(got.P) {
		t.Errorf("only zeros: %v, want no data", got)
	}
	inf := math.Inf(1)
	if got := SignedRank([]float64{inf, inf, 1, 2, 3, 4}); got.P != LeastSignedRank(6) || got.Statistic != 21 {
		t.Errorf("infinite differences: %v", got)
	}
	// All of one size: the sign test, here 5 of 6: p = 2·7/64.
	near(t, "p of equal sizes", SignedRank([]float64{1, 1, -1, 1, 1, 1}).P, 14./64, 1e-15)
	near(t, "the least p of 5", LeastSignedRank(5), 0.0625, 0)
	near(t, "the least p of 0", LeastSignedRank(0), 1, 0)
	near(t, "the least p of 5 and 5", LeastMannWhitney(5, 5), MannWhitney([]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}).P, 1e-12)
	near(t, "the least p of nothing", LeastMannWhitney(0, 5), 1, 0)
}

// TestSizeAndPower: of samples of one law 5 % tests reject as often as their exact
// law says, within four standard errors of a share of 5 % (0.014 of 4,000 tests,
// 0.028 of 1,000); and where the laws lie a standard deviation of the difference
// apart, as often as the t test for 20 pairs (0.988) times about the asymptotic
// efficiency of 0.955, so in at least 0.95 less the error of 0.014.
func TestSizeAndPower(t *testing.T) {
	const n = 20
	s := rng.New(3, "tests", "size")
	// shared is the deviation of what the two of a pair have in common, as with
	// common random numbers, against 1 of their own; grain makes ties.
	rejects := func(runs int, shift, shared, grain float64, test func(a, b []float64) float64) float64 {
		k := 0.0
		for range runs {
			a, b := sample(&s, n, 0), sample(&s, n, shift)
			for i := range a {
				common := shared * s.Norm()
				a[i], b[i] = math.Round((a[i]+common)/grain)*grain, math.Round((b[i]+common)/grain)*grain
			}
			if test(a, b) <= 0.05 {
				k++
			}
		}
		return k / float64(runs)
	}
	paired := func(a, b []float64) float64 {
		d := make([]float64, len(a))
		for i := range d {
			d[i] = b[i] - a[i]
		}
		return SignedRank(d).P
	}
	unpaired := func(a, b []float64) float64 { return MannWhitney(a, b).P }
	const fine, coarse = 1e-9, 2.
	// The exact law: the rank sum of 20 is at most 52 in 4.84 % of all cases.
	near(t, "the size of the signed-rank test", rejects(4000, 0, 3, fine, paired), 0.0484, 0.014)
	near(t, "the size of Mann-Whitney's", rejects(1000, 0, 0, fine, unpaired), 0.05, 0.028)
	if got := rejects(4000, 0, 3, coarse, paired); got > 0.05+0.014 {
		t.Errorf("the signed-rank test with many ties rejects %.4f of equal laws", got)
	}
	if got := rejects(1000, 0, 0, coarse, unpaired); got > 0.05+0.028 {
		t.Errorf("Mann-Whitney's test with many ties rejects %.4f of equal laws", got)
	}
	const apart = math.Sqrt2 // the deviation of a pair's difference
	if got := rejects(4000, apart, 3, fine, paired); got < 0.95-0.014 {
		t.Errorf("the signed-rank test sees a shift of one deviation in %.3f, want at least 0.95", got)
	}
	// What pairs share hides it from the test that knows no pairs.
	if got := rejects(1000, apart, 3, fine, unpaired); got > 0.5 {
		t.Errorf("Mann-Whitney's test sees it in %.3f although pairs are spread three times as wide", got)
	}
}

// TestHolm is the example of four hypotheses worked by hand.
func TestHolm(t *testing.T) {
	got, want := Holm([]float64{0.01, 0.04, 0.03, 0.005}), []float64{0.03, 0.06, 0.06, 0.02}
	for i := range want {
		near(t, fmt.Sprintf("the adjusted p of hypothesis %d", i), got[i], want[i], 1e-12)
	}
	if len(Holm(nil)) != 0 {
		t.Error("nothing was adjusted to something")
	}
}

func TestMedian(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{4, 1, 3}, 3}, {[]float64{4, 1, 3, 2}, 2.5}, {[]float64{inf, 1, inf, inf}, inf},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("the median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}
