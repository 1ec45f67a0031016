package rng

import (
	"fmt"
	"math"
	"time"
)

// Z99 is the 99th percentile of the standard normal distribution.
const Z99 = 2.3263478740408408

// ExpDuration returns an exponential duration, rounded to a nanosecond. It
// panics if mean is negative; a mean of 0 gives 0. One word is drawn.
func (s *Stream) ExpDuration(mean time.Duration) time.Duration {
	if mean < 0 {
		panic(fmt.Sprintf("rng: ExpDuration needs a mean of at least 0, got %v", mean))
	}
	return saturate(s.Exp() * float64(mean))
}

// UniformDuration returns a uniform duration in [low, high), or low if the two
// are equal. It panics if high is less than low.
func (s *Stream) UniformDuration(low, high time.Duration) time.Duration {
	if high < low {
		panic(fmt.Sprintf("rng: UniformDuration needs low <= high, got %v and %v", low, high))
	}
	if high == low {
		return low
	}
	return low + time.Duration(s.Uint64N(uint64(high)-uint64(low)))
}

// LognormalDuration returns a lognormal duration with the given median and 99th
// percentile, rounded to a nanosecond: median × (p99/median)^(N/z99), N standard
// normal. It panics unless 0 < median <= p99. One word is drawn.
func (s *Stream) LognormalDuration(median, p99 time.Duration) time.Duration {
	if median <= 0 || p99 < median {
		panic(fmt.Sprintf("rng: LognormalDuration needs 0 < median <= p99, got %v and %v", median, p99))
	}
	sigma := math.Log(float64(p99)/float64(median)) / Z99
	return saturate(float64(median) * math.Exp(sigma*s.Norm()))
}

// LognormalSigma is the standard deviation of the logarithm in the lognormal law
// with this mean and 99th percentile, both positive and in one unit: as
// ln(p99/mean) = z99·σ − σ²/2, it is z99 − √(z99² − 2 ln(p99/mean)), the lesser of
// two solutions. The mean of the logarithm is then ln mean − σ²/2. It panics unless
// mean <= p99 <= exp(z99²/2) · mean, 14.96 times the mean.
func LognormalSigma(mean, p99 float64) float64 {
	root := Z99*Z99 - 2*math.Log(p99/mean)
	if !(mean > 0) || p99 < mean || !(root >= 0) {
		panic(fmt.Sprintf("rng: no lognormal law has mean %g and 99th percentile %g", mean, p99))
	}
	return Z99 - math.Sqrt(root)
}

// saturate rounds x, which is at least 0, to a whole nanosecond; what does not
// fit a duration becomes the longest one.
func saturate(x float64) time.Duration {
	if x >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(x))
}
