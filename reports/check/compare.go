package check

import (
	"math"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

func nothing() (float64, result.Interval) { return math.NaN(), result.NoInterval() }

// holds reports whether `value op limit`.
func holds(value float64, op scenarios.Op, limit float64) bool {
	switch op {
	case scenarios.OpLess:
		return value < limit
	case scenarios.OpLessEqual:
		return value <= limit
	case scenarios.OpGreater:
		return value > limit
	case scenarios.OpGreaterEqual:
		return value >= limit
	case scenarios.OpEqual:
		return value == limit
	case scenarios.OpNotEqual:
		return value != limit
	}
	panic("check: a comparison without an operator")
}

// within is what can be said of `x op limit` when x lies in the interval: Pass
// if it holds for all of it, Fail if for none, else Inconclusive. An end that is
// not known is infinite.
func within(i result.Interval, op scenarios.Op, limit float64) result.Verdict {
	low, high := i.Low, i.High
	if math.IsNaN(low) {
		low = math.Inf(-1)
	}
	if math.IsNaN(high) {
		high = math.Inf(1)
	}
	var all, none bool
	switch op {
	case scenarios.OpEqual:
		all, none = low == limit && high == limit, limit < low || limit > high
	case scenarios.OpNotEqual:
		all, none = limit < low || limit > high, low == limit && high == limit
	case scenarios.OpLess, scenarios.OpLessEqual, scenarios.OpGreater, scenarios.OpGreaterEqual:
		// One-sided comparisons are monotone: the ends speak for what is between.
		atLow, atHigh := holds(low, op, limit), holds(high, op, limit)
		all, none = atLow && atHigh, !atLow && !atHigh
	}
	switch {
	case all:
		return result.Pass
	case none:
		return result.Fail
	}
	return result.Inconclusive
}
