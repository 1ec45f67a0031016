package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A TestResult is what a hypothesis test found. P is the probability, if the
// hypothesis is true, of a statistic at least as far from it as this one; NaN
// for want of data.
type TestResult struct {
	Statistic float64
	P         float64
	Exact     bool // P is exact, not a limit law for many values
}

// noData is the result of a test of nothing.
func noData() TestResult { return TestResult{Statistic: math.NaN(), P: math.NaN()} }

// exactPaths is the greatest product of sample sizes for which the law of the
// two-sample Kolmogorov-Smirnov statistic is computed exactly (milliseconds).
const exactPaths = 1_000_000

// KolmogorovSmirnov tests whether two samples of independent values come from
// one continuous law. The statistic is the greatest distance of their
// distribution functions, in [0, 1]. P is exact where the product of the sample
// sizes is at most a million, else the limit law's. Equal values in both
// samples make P too great: the test then misses differences rather than
// invent them. Without values on either side there is no data; NaN panics.
//
// Source: Hodges, The significance probability of the Smirnov two-sample test,
// Arkiv för Matematik 3 (1958).
func KolmogorovSmirnov(a, b []float64) TestResult {
	if len(a) == 0 || len(b) == 0 {
		return noData()
	}
	a, b = ordered(a), ordered(b)
	n, m := len(a), len(b)
	most := 0 // of |i×m − j×n|: the distance in units of 1/(n×m), exact
	for i, j := 0, 0; i < n && j < m; {
		at := min(a[i], b[j])
		for i < n && a[i] == at {
			i++
		}
		for j < m && b[j] == at {
			j++
		}
		most = max(most, i*m-j*n, j*n-i*m)
	}
	result := TestResult{Statistic: float64(most) / float64(n) / float64(m)}
	if n*m <= exactPaths {
		result.P, result.Exact = pathProbability(n, m, most), true
		return result
	}
	result.P = kolmogorovTail(float64(n)*float64(m)/float64(n+m), result.Statistic)
	return result
}

// ordered is a sorted copy; it panics if a value is not a number.
func ordered(values []float64) []float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	if len(sorted) > 0 && math.IsNaN(sorted[0]) { // NaN sorts first
		panic("stats: NaN in a sample; leave out what was not observed")
	}
	return sorted
}

// pathProbability is the probability that a random order of n and m values, a
// path over the lattice from (0, 0) to (n, m), reaches |i×m − j×n| >= most
// somewhere. Probability flows along the lattice and is taken out where it
// first gets there, so that small results keep their relative accuracy.
func pathProbability(n, m, most int) float64 {
	if most == 0 {
		return 1
	}
	reached := 0.0
	row := make([]float64, m+1) // of column j: the probability of coming through (i, j)
	for i := range n + 1 {
		for j := range m + 1 {
			left := float64(n - i + m - j + 1) // values left one step before
			flow := 0.0
			if i == 0 && j == 0 {
				flow = 1
			}
			if i > 0 {
				flow += float64(row[j] * float64(n-i+1) / left)
			}
			if j > 0 {
				flow += float64(row[j-1] * float64(m-j+1) / left)
			}
			if d := i*m - j*n; d >= most || -d >= most {
				reached += flow
				flow = 0
			}
			row[j] = flow
		}
	}
	return min(reached, 1)
}

// kolmogorovTail is the probability that the distance d is exceeded by a sample
// of n values, or by two of the harmonic size n.
//
// Source: Stephens, Use of the Kolmogorov-Smirnov, Cramér-von Mises and related
// statistics without extensive tables, JRSS B 32 (1970): the limit law at a
// corrected argument, good to some per cent of p from n = 5 on.
func kolmogorovTail(n, d float64) float64 {
	root := math.Sqrt(n)
	x := (root + 0.12 + 0.11/root) * d
	return kolmogorovLimit(x)
}

// kolmogorovLimit is the upper tail of Kolmogorov's law at x: the alternating
// series for large x, its theta transform for small x; ten terms of either
// leave nothing that a float64 could see.
func kolmogorovLimit(x float64) float64 {
	const terms = 10
	sum := 0.0
	if x < 1 {
		if x <= 0 {
			return 1
		}
		for k := range terms {
			odd := float64(2*k + 1)
			sum += math.Exp(-odd * odd * math.Pi * math.Pi / (8 * x * x))
		}
		return max(1-math.Sqrt(2*math.Pi)/x*sum, 0)
	}
	sign := 2.0
	for k := 1; k <= terms; k++ {
		sum += sign * math.Exp(-2*float64(k*k)*x*x)
		sign = -sign
	}
	return min(sum, 1)
}

// KolmogorovSmirnovAgainst tests whether independent values come from the
// continuous law with this distribution function, all of whose parameters are
// known beforehand. P is that of Stephens' approximation. Without values there
// is no data; NaN panics.
func KolmogorovSmirnovAgainst(values []float64, cdf func(float64) float64) TestResult {
	if len(values) == 0 {
		return noData()
	}
	n := float64(len(values))
	d := 0.0
	for i, v := range ordered(values) {
		f := cdf(v)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	return TestResult{Statistic: d, P: kolmogorovTail(n, d)}
}

// exactRanks is the greatest product of sample sizes for which the law of U is
// counted exactly (milliseconds).
const exactRanks = 400

// MannWhitney tests whether two samples of independent values come from one
// law, against the one tending to lie above the other. The statistic is U: the
// number of pairs in which the value of a is the greater one, equal ones
// counting a half; U/(n×m) is the probability of that. P is two-sided, the
// probability of a U at least as far from n×m/2: exact, ties and all, for small
// samples, else by the normal law with corrections for ties and for continuity.
// Without values on either side there is no data; NaN panics.
//
// Source: Mann and Whitney, On a test of whether one of two random variables is
// stochastically larger than the other, Annals of Mathematical Statistics 18
// (1947); ties: Lehmann, Nonparametrics (1975), section 1.4.
func MannWhitney(a, b []float64) TestResult {
	if len(a) == 0 || len(b) == 0 {
		return noData()
	}
	a, b = ordered(a), ordered(b)
	u, ties := rankPairs(a, b)
	n, m := len(a), len(b)
	pairs, all := float64(n)*float64(m), float64(n+m)
	if n*m <= exactRanks {
		return TestResult{Statistic: u, P: exactU(a, b, math.Abs(u-pairs/2)), Exact: true}
	}
	variance := pairs / 12 * (all + 1 - ties/(all*(all-1)))
	if variance <= 0 { // all values are equal
		return TestResult{Statistic: u, P: 1}
	}
	z := max(math.Abs(u-pairs/2)-0.5, 0) / math.Sqrt(variance)
	return TestResult{Statistic: u, P: min(2*distuv.UnitNormal.CDF(-z), 1)}
}

// rankPairs returns U of sorted samples, and Σ t³ − t over groups of t equal
// values.
func rankPairs(a, b []float64) (u, ties float64) {
	for i, j := 0, 0; i < len(a) || j < len(b); {
		at := math.Inf(1)
		if i < len(a) {
			at = a[i]
		}
		if j < len(b) {
			at = min(at, b[j])
		}
		firstA, firstB := i, j
		for i < len(a) && a[i] == at {
			i++
		}
		for j < len(b) && b[j] == at {
			j++
		}
		inA, inB := float64(i-firstA), float64(j-firstB)
		u += inA*float64(firstB) + inA*inB/2
		t := inA + inB
		ties += t*t*t - t
	}
	return u, ties
}

// exactU is the probability that U is at least off from its middle when every
// choice of the smaller sample among all values is as likely as the others. It
// counts choices by their size and the sum of their ranks, one value after the
// other; ranks are doubled, so that those of ties are whole numbers.
//
// Source: Streitberg and Röhmel, Exact distributions for permutation and rank
// tests, Statistical Software Newsletter 12 (1986): the shift algorithm.
func exactU(a, b []float64, off float64) float64 {
	size := min(len(a), len(b))
	pooled := slices.Concat(a, b)
	slices.Sort(pooled)
	most := size * 2 * len(pooled)      // no sum of so many doubled ranks is greater
	counts := make([][]float64, size+1) // by size and sum
	for i := range counts {
		counts[i] = make([]float64, most+1)
	}
	counts[0][0] = 1
	for first := 0; first < len(pooled); {
		end := first
		for end < len(pooled) && pooled[end] == pooled[first] {
			end++
		}
		for at := first; at < end; at++ {
			choose(counts[:min(at+1, size)+1], first+1+end)
		}
		first = end
	}
	beyond, all := 0.0, 0.0
	middle := float64(size) * float64(len(pooled)+1) // of the sum of doubled ranks
	for sum, count := range counts[size] {
		if math.Abs(float64(sum)-middle) >= 2*off {
			beyond += count
		}
		all += count
	}
	return beyond / all
}

// choose adds to the choices those that take one more value, of this doubled rank.
func choose(counts [][]float64, rank int) {
	for i := len(counts) - 1; i > 0; i-- {
		for sum := len(counts[i]) - 1; sum >= rank; sum-- {
			counts[i][sum] += counts[i-1][sum-rank]
		}
	}
}

// Distance is the greatest distance between the distribution functions of what
// two sketches saw, by weight, in [0, 1]: exact where they differ in values
// below 512, else seen at the ends of buckets. NaN if either is empty. It has
// no P: weights are not independent observations.
func Distance(a, b *Sketch) float64 {
	if a.Count() == 0 || b.Count() == 0 {
		return math.NaN()
	}
	as, bs := slices.Collect(a.cells()), slices.Collect(b.cells())
	na, nb := float64(a.Count()), float64(b.Count())
	var belowA, belowB uint64
	most := 0.0
	for len(as) > 0 && len(bs) > 0 {
		at := min(as[0].position(), bs[0].position())
		if as[0].position() == at {
			belowA += as[0].weight
			as = as[1:]
		}
		if bs[0].position() == at {
			belowB += bs[0].weight
			bs = bs[1:]
		}
		most = max(most, math.Abs(float64(belowA)/na-float64(belowB)/nb))
	}
	return most
}

// String prints a result as in "0.123, p = 0.04 (exact)".
func (r TestResult) String() string {
	kind := "approximate"
	if r.Exact {
		kind = "exact"
	}
	return fmt.Sprintf("%.4g, p = %.3g (%s)", r.Statistic, r.P, kind)
}
