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

// saturate rounds x, which is at least 0, to a whole nanosecond; what does not
// fit a duration becomes the longest one.
func saturate(x float64) time.Duration {
	if x >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(x))
}
