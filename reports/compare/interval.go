package compare

import (
	"math"

	"kafkasim/sim/stats"
)

// Levels, in the terms of the package's comment.
const (
	confidence       = 0.95 // of a prediction interval
	alpha            = 1 - confidence
	pooledLevel      = 0.03
	scenarioLevel    = 0.01
	rowLevel         = 0.01
	goalLevel        = 0.05 // of the accuracy goal's test (design section 10)
	leastSamples     = 39   // ⌈2/0.05⌉ − 1: the extremes of fewer do not enclose 95 %
	leastRepetitions = 2    // a single one cannot be told from a mishap
)

// slack keeps a product that is a whole number but for its rounding from being
// taken as the number below.
const slack = 1e-9

// predict fills in the interval of one further repetition.
func (r *row) predict() {
	n := float64(r.Observed)
	share, promised := tailShare(r.effective())
	at := max(int(share*(n+1)+slack), 1)
	r.Low, r.High = Number(r.sorted[at-1]), Number(r.sorted[len(r.sorted)-at])
	r.Promised = Number(promised)
	r.Median = Number(stats.Median(r.sorted))
	for _, p := range shownQuantiles() {
		r.Quantiles = append(r.Quantiles, Quantile{P: p, Value: Number(quantile(r.sorted, p))})
	}
}

// tailShare is the share of ranks that an interval leaves out on a side, and
// what n independent samples then promise to cover.
func tailShare(n float64) (share, promised float64) {
	left := math.Floor(alpha/2*(n+1) + slack)
	if left < 1 {
		return 0, max(1-2/(n+1), 0) // the extremes, which promise less than 95 %
	}
	share = left / (n + 1)
	return share, 1 - 2*share
}

// effective is how many independent samples the predicted ones are worth.
func (r *row) effective() float64 {
	n := float64(r.Observed)
	if len(r.sets) < 2 {
		return n
	}
	return n / (1 + float64((n/float64(len(r.sets))-1)*r.within))
}

// intraclass is the intraclass correlation of values in groups, at least 0: the
// share of their variance that lies between groups, from the one-way analysis of
// variance. 0 for one group, where there is nothing to tell it from.
//
// Source: Donner, A review of inference procedures for the intraclass correlation
// coefficient in the one-way random effects model, International Statistical
// Review 54 (1986), section 2.
func intraclass(values [][]float64) float64 {
	var groups, total, squaredSizes, all, between, squares float64
	for _, group := range values {
		if len(group) == 0 {
			continue
		}
		n, s := float64(len(group)), 0.0
		for _, v := range group {
			s += v
			squares += float64(v * v)
		}
		groups++
		total += n
		squaredSizes += float64(n * n)
		all += s
		between += s * s / n
	}
	if groups < 2 || total <= groups {
		return 0
	}
	meanBetween := (between - all*all/total) / (groups - 1)
	meanWithin := (squares - between) / (total - groups)
	size := (total - squaredSizes/total) / (groups - 1)
	if spread := meanBetween + float64((size-1)*meanWithin); spread > 0 {
		return min(max((meanBetween-meanWithin)/spread, 0), 1)
	}
	return 0
}

// shownQuantiles are those of a prediction that a file keeps, enough to draw it.
func shownQuantiles() []float64 {
	out := []float64{0, 0.01, 0.025, 0.05}
	for p := 10; p <= 90; p += 10 {
		out = append(out, float64(p)/100)
	}
	return append(out, 0.95, 0.975, 0.99, 1)
}

// quantile is the least of sorted values that the share p does not exceed.
func quantile(sorted []float64, p float64) float64 {
	return sorted[max(int(math.Ceil(p*float64(len(sorted))-slack)), 1)-1]
}
