package compare

import (
	"math"
	"slices"

	"kafkasim/reports/result"
)

// lossRows hold the share of repetitions in which acknowledged records were lost
// against that of replications. They are informational: records.lost.acked
// counts.
func (s *scenario) lossRows() []*row {
	var rows []*row
	for _, name := range names(s.in, lossProbability) {
		if missing(s.in, name, "value") != "" {
			continue
		}
		var predicted []float64
		for _, set := range s.in.Predicted {
			predicted = append(predicted, result.Observed(samples(set, name, "value"))...)
		}
		measured := result.Observed(samples(s.in.Measured, name, "value"))
		share, observed := sum(predicted)/float64(len(predicted)), sum(measured)/float64(len(measured))
		low, high := shareInterval(int(sum(predicted)), len(predicted), len(measured))
		r := &row{base: lossProbability, Row: Row{
			Metric: name, Column: "share", Unit: "ratio", Kind: result.Ratio.String(), Verdict: NoData, Reason: "informational",
			Observed: len(predicted), Median: Number(share), Low: Number(low), High: Number(high), Promised: confidence,
			Quantiles: []Quantile{}, Measured: []Number{Number(observed)}, MeasuredMedian: Number(observed), Values: 1,
			RelativeError: Number(relativeError(share, observed, "ratio")), Score: Number(intervalScore(low, high, observed)),
			Reference: nan(), WidthRatio: nan(), P: nan(), AdjustedP: nan(),
		}}
		if low <= observed && observed <= high {
			r.Covered = 1
		}
		rows = append(rows, r)
	}
	return rows
}

// shareInterval is the 95 % prediction interval of the share of n further trials
// that come true when k of m did: the central one of the beta-binomial law that
// follows from Jeffreys's prior.
//
// Source: Brown, Cai and DasGupta, Interval estimation for a binomial proportion,
// Statistical Science 16 (2001), for the prior.
func shareInterval(k, m, n int) (low, high float64) {
	a, b := float64(k)+0.5, float64(m-k)+0.5
	cumulated := make([]float64, n+1)
	total := 0.0
	for i := range n + 1 {
		x := float64(i)
		total += choose(float64(n), x) * math.Exp(logBeta(a+x, b+float64(n)-x)-logBeta(a, b))
		cumulated[i] = total
	}
	at := func(p float64) float64 {
		i, _ := slices.BinarySearch(cumulated, p)
		return float64(min(i, n)) / float64(n)
	}
	return at(alpha / 2), at(1 - alpha/2)
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
