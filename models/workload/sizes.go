package workload

import (
	"fmt"
	"math"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// MaxP99OverMean is how many times its mean the 99th percentile of a lognormal
// law can be at most: exp(z²/2).
const MaxP99OverMean = 14.96

// Sizes is the law of record sizes: fixed, or lognormal.
type Sizes struct {
	fixed     unit.Bytes // 0 when lognormal
	mu, sigma float64    // of the logarithm of bytes
}

// NewSizes returns the law with r's mean and 99th percentile. With mean m and
// percentile q of a lognormal law, ln q/m = zσ − σ²/2; of the two solutions the
// lesser σ is taken. It panics if there is none (q > MaxP99OverMean · m), or if q < m.
func NewSizes(r scenarios.RecordSize) Sizes {
	if r.Mean < 1 || !r.Fixed && r.P99 < r.Mean {
		panic(fmt.Sprintf("workload: record sizes of mean %d and 99th percentile %d", r.Mean, r.P99))
	}
	if r.Fixed || r.P99 == r.Mean {
		return Sizes{fixed: r.Mean}
	}
	ratio := math.Log(float64(r.P99) / float64(r.Mean))
	root := rng.Z99*rng.Z99 - 2*ratio
	if root < 0 {
		panic(fmt.Sprintf("workload: no lognormal law has mean %d and 99th percentile %d", r.Mean, r.P99))
	}
	sigma := rng.Z99 - math.Sqrt(root)
	return Sizes{mu: math.Log(float64(r.Mean)) - sigma*sigma/2, sigma: sigma}
}

// Next draws a size of at least one byte.
func (s *Sizes) Next(stream *rng.Stream) unit.Bytes {
	if s.fixed > 0 {
		return s.fixed
	}
	return max(1, unit.Bytes(math.Round(math.Exp(s.mu+float64(s.sigma*stream.Norm())))))
}
