package workload

import (
	"fmt"
	"math"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// Sizes is the law of record sizes: fixed, or lognormal.
type Sizes struct {
	fixed     unit.Bytes // 0 when lognormal
	mu, sigma float64    // of the logarithm of bytes
}

// NewSizes returns the law with r's mean and 99th percentile. It panics if there is
// none (rng.LognormalSigma).
func NewSizes(r scenarios.RecordSize) Sizes {
	if r.Mean < 1 || !r.Fixed && r.P99 < r.Mean {
		panic(fmt.Sprintf("workload: record sizes of mean %d and 99th percentile %d", r.Mean, r.P99))
	}
	if r.Fixed || r.P99 == r.Mean {
		return Sizes{fixed: r.Mean}
	}
	sigma := rng.LognormalSigma(float64(r.Mean), float64(r.P99))
	return Sizes{mu: math.Log(float64(r.Mean)) - sigma*sigma/2, sigma: sigma}
}

// Next draws a size of at least one byte.
func (s *Sizes) Next(stream *rng.Stream) unit.Bytes {
	if s.fixed > 0 {
		return s.fixed
	}
	return max(1, unit.Bytes(math.Round(math.Exp(s.mu+float64(s.sigma*stream.Norm())))))
}
