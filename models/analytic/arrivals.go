package analytic

import (
	"math"
	"slices"
	"time"

	"kafkasim/models/workload"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// doubt is the probability with which a count of random arrivals may exceed what
// is said of it: no count of a Poisson process has a bound that always holds.
const doubt = 1e-9

// mostOf is the least n that a Poisson count of the given mean exceeds with
// probability doubt at most, by Chernoff's bound
//
//	P(N ≥ n) ≤ exp(n − mean − n·ln(n/mean)), n > mean.
//
// The same holds of any sum of independent events of that mean, so of records that
// are picked by their keys.
//
// Source: Mitzenmacher and Upfal, Probability and Computing (2005), theorem 5.4.
func mostOf(mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	low, high := mean, 2*mean+100
	for high-low > 1e-6*high {
		n := (low + high) / 2
		if n-mean-float64(n*math.Log(n/mean)) > math.Log(doubt) {
			low = n
		} else {
			high = n
		}
	}
	return math.Ceil(high)
}

// A flow is the records of one producer that go to some partitions.
type flow struct {
	producer *scenarios.Producer
	curve    *workload.Curve
	end      time.Duration // of the load
	share    float64       // of the records; 1 where it is not known
}

func newFlow(spec *scenarios.Spec, p *scenarios.Producer) flow {
	return flow{p, workload.NewCurve(p.Rate, spec.Duration), spec.Duration, 1}
}

// expected is how many records come between two instants, on average.
func (f *flow) expected(from, to time.Duration) float64 {
	from, to = max(0, from), min(to, f.end)
	if to <= from {
		return 0
	}
	return f.curve.Integral(sim.Time(to)) - f.curve.Integral(sim.Time(from))
}

// between is the most records that come between two instants: of even arrivals a
// last one of each instance more than the integral, of others as mostOf.
func (f *flow) between(from, to time.Duration) float64 {
	mean := f.expected(from, to)
	if mean == 0 {
		return 0
	}
	even := math.Floor(mean) + float64(f.producer.Instances)
	if f.producer.Arrivals != scenarios.Even {
		return mostOf(f.share * mean)
	}
	if f.share < 1 {
		return min(even, mostOf(f.share*mean))
	}
	return even
}

// peak is the highest rate between two instants, in records a second.
func (f *flow) peak(from, to time.Duration) float64 {
	from, to = max(0, from), min(to, f.end)
	if to <= from {
		return 0
	}
	return f.share * float64(f.curve.MaxRate(sim.Time(from), sim.Time(to)))
}

// keyShares are the shares of a producer's records by partition, nil where no key
// decides: a client may then send all of them to any partition.
func keyShares(p *scenarios.Producer, partitions int) []float64 {
	if p.Keys.Count == 0 {
		return nil
	}
	shares := make([]float64, partitions)
	total := 0.0
	for k := range p.Keys.Count {
		weight := math.Pow(float64(k+1), -p.Keys.Skew)
		shares[workload.PartitionOfKey(int32(k), partitions)] += weight
		total += weight
	}
	for i := range shares {
		shares[i] /= total
	}
	return shares
}

// largest is the sum of the n largest shares.
func largest(shares []float64, n int) float64 {
	sorted := slices.Sorted(slices.Values(shares))
	total := 0.0
	for i := range min(n, len(sorted)) {
		total += sorted[len(sorted)-1-i]
	}
	return min(1, total)
}
