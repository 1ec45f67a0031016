package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// An Interval encloses a quantity with some confidence, ends included. An end
// that the data cannot bound is infinite.
type Interval struct{ Low, High float64 }

// Unbounded is what no data, or a single value, says: (−Inf, +Inf).
func Unbounded() Interval { return Interval{math.Inf(-1), math.Inf(1)} }

// Contains reports whether v lies in the interval; no NaN does.
func (i Interval) Contains(v float64) bool { return i.Low <= v && v <= i.High }

// tail is the probability left out on each side; it panics unless confidence is
// in (0, 1).
func tail(confidence float64) float64 {
	if !(confidence > 0 && confidence < 1) {
		panic(fmt.Sprintf("stats: a confidence must lie in (0, 1), got %g", confidence))
	}
	return (1 - confidence) / 2
}

// studentT is the point of Student's law with nu degrees of freedom above which
// lies probability p.
func studentT(nu int, p float64) float64 {
	return -distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(nu)}.Quantile(p)
}

// mean is the arithmetic mean, NaN of nothing.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// MeanInterval encloses the mean of the law that independent values were drawn
// from, by Student's t with n−1 degrees of freedom: exact for a normal law, and
// good for others when n is some dozens and the tails are not heavy. Unbounded
// for fewer than two values: one value says nothing of its own error. Equal
// values give an interval without width.
func MeanInterval(values []float64, confidence float64) Interval {
	p := tail(confidence)
	if len(values) < 2 {
		return Unbounded()
	}
	m := mean(values)
	squares := 0.0
	for _, v := range values {
		squares += float64((v - m) * (v - m))
	}
	n := float64(len(values))
	half := studentT(len(values)-1, p) * math.Sqrt(squares/(n-1)/n)
	return Interval{m - half, m + half}
}

// RatioInterval encloses the ratio of the means of two quantities that are
// observed together, once a replication: Σ numerators / Σ denominators. It
// takes the residuals numerator − ratio × denominator to have mean 0 (delta
// method) and Student's t with n−1 degrees of freedom. The pairs must be
// independent of each other. It panics if the lengths differ.
//
// Unbounded for fewer than two pairs, or if the denominators sum to 0. The ends
// are not cut to [0, 1]. If the residuals are all 0, as those of a loss that
// never came up, the interval has no width and says nothing: see UpperBound.
//
// Source: Cochran, Sampling Techniques, 3rd edition (1977), section 6.4.
func RatioInterval(numerators, denominators []float64, confidence float64) Interval {
	if len(numerators) != len(denominators) {
		panic(fmt.Sprintf("stats: RatioInterval of %d numerators and %d denominators", len(numerators), len(denominators)))
	}
	p := tail(confidence)
	n := float64(len(numerators))
	below := mean(denominators)
	if n < 2 || below == 0 {
		return Unbounded()
	}
	ratio := mean(numerators) / below
	squares := 0.0
	for i := range numerators {
		residual := numerators[i] - float64(ratio*denominators[i])
		squares += float64(residual * residual)
	}
	half := studentT(len(numerators)-1, p) * math.Sqrt(squares/(n-1)/n) / math.Abs(below)
	return Interval{ratio - half, ratio + half}
}

// checkTrials panics unless 0 <= successes <= trials.
func checkTrials(successes, trials int) {
	if successes < 0 || successes > trials {
		panic(fmt.Sprintf("stats: %d successes of %d trials", successes, trials))
	}
}

// WilsonInterval encloses a probability that came true in some of a number of
// independent trials. Its coverage is near the confidence on average, and may
// be below it for some probabilities; ClopperPearsonInterval's never is. [0, 1]
// without trials. It panics unless 0 <= successes <= trials.
//
// Source: Wilson, Probable inference, the law of succession, and statistical
// inference, JASA 22 (1927).
func WilsonInterval(successes, trials int, confidence float64) Interval {
	checkTrials(successes, trials)
	z := -distuv.UnitNormal.Quantile(tail(confidence))
	if trials == 0 {
		return Interval{0, 1}
	}
	n, p := float64(trials), float64(successes)/float64(trials)
	scale := 1 + z*z/n
	center := (p + z*z/(2*n)) / scale
	half := z / scale * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	i := Interval{max(center-half, 0), min(center+half, 1)}
	if successes == 0 {
		i.Low = 0 // exactly, where the difference above leaves a rounding error
	}
	if successes == trials {
		i.High = 1
	}
	return i
}

// ClopperPearsonInterval encloses a probability that came true in some of a
// number of independent trials, with at least the confidence whatever it is:
// each end is the probability at which so many, or so few, successes have
// probability (1 − confidence)/2. [0, 1] without trials. It panics unless
// 0 <= successes <= trials.
//
// Source: Clopper and Pearson, The use of confidence or fiducial limits
// illustrated in the case of the binomial, Biometrika 26 (1934).
func ClopperPearsonInterval(successes, trials int, confidence float64) Interval {
	checkTrials(successes, trials)
	p := tail(confidence)
	i := Interval{0, 1}
	k, n := float64(successes), float64(trials)
	if successes > 0 {
		i.Low = distuv.Beta{Alpha: k, Beta: n - k + 1}.Quantile(p)
	}
	if successes < trials {
		i.High = distuv.Beta{Alpha: k + 1, Beta: n - k}.Quantile(1 - p)
	}
	return i
}

// UpperBound is the one-sided bound of a probability that did not come true in
// any of n independent trials: 1 − α^(1/n) with α = 1 − confidence, about 3/n
// at 95 %. It is 1 without trials, and panics if n is negative.
func UpperBound(n int, confidence float64) float64 {
	checkTrials(0, n)
	tail(confidence)
	return -math.Expm1(math.Log1p(-confidence) / float64(n))
}
