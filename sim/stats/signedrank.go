package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactSigns is the greatest number of differences for which the law of the
// signed-rank statistic is computed exactly (a millisecond).
const exactSigns = 100

// SignedRank tests whether independent differences of pairs come from a law that
// is symmetric about 0, as they do where both of a pair come from one law,
// against one that leans to a side. The statistic is the sum of the ranks by size
// of those above 0, equal sizes at the middle of their ranks; differences of 0 are
// left out. Infinite ones rank above all others. P is two-sided: given the sizes,
// every sign is as likely as the other one. It is exact, ties and all, up to 100
// differences, else by the normal law with a correction for continuity. Without a
// difference but 0 there is no data; NaN panics.
//
// Source: Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin
// 1 (1945); ties and the limit law: Lehmann, Nonparametrics (1975), section 3.2.
func SignedRank(differences []float64) TestResult {
	ranks, sum := signedRanks(differences)
	if len(ranks) == 0 {
		return noData()
	}
	all := 0
	for _, r := range ranks {
		all += r
	}
	off := max(2*sum-all, all-2*sum) // from the middle, in quarters of a rank
	result := TestResult{Statistic: float64(sum) / 2}
	if len(ranks) <= exactSigns {
		result.P, result.Exact = exactSigned(ranks, all, off), true
		return result
	}
	squares := 0.0
	for _, r := range ranks {
		squares += float64(r) * float64(r)
	}
	// The least step of the statistic is the least rank, of which half is the
	// correction. Its variance is Σ rank²/4.
	z := max(float64(off-slices.Min(ranks)), 0) / math.Sqrt(squares)
	result.P = min(2*distuv.UnitNormal.CDF(-z), 1)
	return result
}

// signedRanks are twice the ranks of differences by size, which are whole numbers,
// and the sum of those of differences above 0.
func signedRanks(differences []float64) (ranks []int, above int) {
	sorted := slices.DeleteFunc(ordered(differences), func(d float64) bool { return d == 0 })
	slices.SortStableFunc(sorted, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	for first := 0; first < len(sorted); {
		end := first
		for end < len(sorted) && math.Abs(sorted[end]) == math.Abs(sorted[first]) {
			end++
		}
		for _, d := range sorted[first:end] {
			ranks = append(ranks, first+1+end)
			if d > 0 {
				above += first + 1 + end
			}
		}
		first = end
	}
	return ranks, above
}

// exactSigned is the probability that the sum of those ranks whose fair coin shows
// heads is at least off/2 from the middle of 0 and all.
func exactSigned(ranks []int, all, off int) float64 {
	law := make([]float64, all+1) // by sum
	law[0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for s := reached; s >= 0; s-- {
			law[s] /= 2
			if s >= r {
				law[s] += law[s-r] / 2
			}
		}
	}
	p := 0.0
	for s, share := range law {
		if 2*s-all >= off || all-2*s >= off {
			p += share
		}
	}
	return min(p, 1)
}

// LeastSignedRank is the least P that SignedRank can find for n differences: all
// of one sign.
func LeastSignedRank(n int) float64 { return min(math.Ldexp(1, 1-n), 1) }

// LeastMannWhitney is the least P that MannWhitney can find for n and m values:
// all of one sample above all of the other.
func LeastMannWhitney(n, m int) float64 {
	if n == 0 || m == 0 {
		return 1
	}
	orders, _ := math.Lgamma(float64(n + m + 1))
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(m + 1))
	return min(2*math.Exp(a+b-orders), 1)
}
