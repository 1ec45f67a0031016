package compare

import (
	"math"
	"slices"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// What the accuracy goal asks of medians (design section 10).
const (
	goalError   = 0.10 // relative error
	goalWidth   = 2.0  // interval over measured spread
	restingTime = 0.05 // s: what a time's error is held against where the measured median is 0
)

// normal95 is the 97.5th percentile of the standard normal law.
const normal95 = 1.959963984540054

// score fills in how the measured values lie to the interval.
func (r *row) score() {
	values := result.Observed(r.measured)
	slices.Sort(values)
	median := stats.Median(values)
	low, high := float64(r.Low), float64(r.High)
	penalties := 0.0
	for _, v := range values {
		if low <= v && v <= high {
			r.Covered++
		}
		penalties += intervalScore(low, high, v)
	}
	r.MeasuredMedian = Number(median)
	r.RelativeError = Number(relativeError(float64(r.Median), median, r.Unit))
	r.Score = Number(penalties / float64(len(values)))
	r.Reference, r.WidthRatio, r.width = nan(), nan(), math.NaN()
	if len(values) < leastRepetitions {
		return
	}
	spread := deviation(values)
	half := max(normal95*spread, tolerance(median, r.Unit))
	reference := 0.0
	for _, v := range values {
		reference += intervalScore(median-half, median+half, v)
	}
	r.Reference = Number(reference / float64(len(values)))
	switch width := high - low; {
	case spread > 0:
		r.width = width / (2 * normal95 * spread)
		r.WidthRatio = Number(r.width)
	case width > 0:
		r.width = math.Inf(1)
	}
}

// intervalScore is the price of an interval when v comes true: its width, and
// 2/α times what v lies outside.
//
// Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and
// estimation, JASA 102 (2007), section 6.2.
func intervalScore(low, high, v float64) float64 {
	miss := max(low-v, v-high, 0)
	return high - low + 2/alpha*miss
}

// relativeError is that of two medians as the accuracy goal defines it.
func relativeError(predicted, measured float64, unit string) float64 {
	off := math.Abs(predicted - measured)
	switch {
	case measured != 0:
		return off / math.Abs(measured)
	case unit == "s":
		return off / restingTime
	}
	return off
}

// tolerance is by how much medians may differ at the goal, in the metric's unit.
func tolerance(median float64, unit string) float64 {
	switch {
	case median != 0:
		return goalError * math.Abs(median)
	case unit == "s":
		return goalError * restingTime
	}
	return goalError
}

// deviation is the standard deviation of the law of independent values; for a
// normal one without bias, by its factor c₄ = √(2/(n−1)) Γ(n/2)/Γ((n−1)/2).
func deviation(values []float64) float64 {
	n := float64(len(values))
	mean := 0.0
	for _, v := range values {
		mean += v
	}
	mean /= n
	squares := 0.0
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	upper, _ := math.Lgamma(n / 2)
	lower, _ := math.Lgamma((n - 1) / 2)
	return math.Sqrt(squares/(n-1)) / (math.Sqrt(2/(n-1)) * math.Exp(upper-lower))
}
