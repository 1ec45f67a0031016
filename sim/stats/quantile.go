package stats

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"kafkasim/sim/rng"
)

// Quantile is the q-quantile of values, q in [0, 1] (else it panics): the least
// value that at least q of the values do not exceed, as in Sketch.Quantile. NaN
// of nothing.
func Quantile(values []float64, q float64) float64 {
	checkQuantile(q)
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[max(int(math.Ceil(share(q, float64(n)))), 1)-1]
}

// Median is the median of values: of an even number the mean of the two in the
// middle. NaN of nothing.
func Median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case sorted[(n-1)/2] == sorted[n/2]: // also where both are infinite
		return sorted[n/2]
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func checkQuantile(q float64) {
	if !(q >= 0 && q <= 1) {
		panic(fmt.Sprintf("stats: a quantile must lie in [0, 1], got %g", q))
	}
}

// share is q of n. 0.07 × 100 is 7.000000000000001 in float64, and must not ask
// for the eighth value: a product that is a whole number but for its rounding,
// half a unit in the last place, is taken as that number.
func share(q, n float64) float64 {
	x := q * n
	if whole := math.Round(x); math.Abs(x-whole) <= whole*0x1p-52 {
		return whole
	}
	return x
}

// QuantileInterval encloses the q-quantile of the law, whatever it is, that
// independent values were drawn from, by two of the values in order. Each end
// is wrong with probability (1 − confidence)/2 at most; on a side where so few
// values cannot promise that it is infinite (the median needs 6 values at 95 %).
//
// Source: David and Nagaraja, Order Statistics, 3rd edition (2003), section 7.1.
func QuantileInterval(values []float64, q, confidence float64) Interval {
	checkQuantile(q)
	p := tail(confidence)
	n := len(values)
	i := Unbounded()
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	// The number of values below the quantile is Bin(n, q) for a continuous
	// law. The r-th value in order lies above it if fewer than r are below.
	low := sort.Search(n, func(k int) bool { return binomialCDF(k, n, q) > p })
	if low > 0 {
		i.Low = sorted[low-1]
	}
	high := sort.Search(n, func(k int) bool { return binomialCDF(k, n, q) >= 1-p })
	if high < n {
		i.High = sorted[high]
	}
	return i
}

// binomialCDF is P(Bin(n, q) <= k) for 0 <= k.
func binomialCDF(k, n int, q float64) float64 {
	if k >= n || q == 0 {
		return 1
	}
	if q == 1 {
		return 0
	}
	return distuv.Binomial{N: float64(n), P: q}.CDF(float64(k))
}

// BootstrapQuantiles encloses quantiles of everything that independent
// replications saw together, one interval for each of qs, by resamples draws of
// replications with replacement (1,000 put the ends of a 95 % interval at the
// 25th and the 975th resample, uncertain by about 5 places). The unit that is
// drawn is the replication: what one replication saw hangs together, so
// intervals that count its records as independent are far too narrow.
//
// Percentiles of a bootstrap of few replications are too narrow by
// √((n−1)/n) and for using the normal law: they are taken further out, as in
// Hesterberg, What teachers should know about the bootstrap, The American
// Statistician 69 (2015), "expanded percentile interval". Nothing beyond the
// greatest value seen is foreseen: high quantiles of few values have intervals
// that are too low.
//
// Unbounded if fewer than two sketches have seen anything; those that have not
// are left out. The intervals depend on stream's state, which moves.
func BootstrapQuantiles(sketches []*Sketch, qs []float64, confidence float64, resamples int, stream *rng.Stream) []Interval {
	p := tail(confidence)
	if resamples < 1 {
		panic(fmt.Sprintf("stats: a bootstrap needs at least one resample, got %d", resamples))
	}
	for _, q := range qs {
		checkQuantile(q)
	}
	intervals := make([]Interval, len(qs))
	grid := newBucketGrid(sketches)
	n := len(grid.cells)
	if n < 2 {
		for i := range intervals {
			intervals[i] = Unbounded()
		}
		return intervals
	}
	estimates := make([][]float64, len(qs))
	sums := make([]float64, len(grid.buckets))
	drawn := make([]int, n)
	for range resamples {
		clear(drawn)
		for range n {
			drawn[stream.IntN(n)]++
		}
		grid.add(sums, drawn)
		for i, q := range qs {
			estimates[i] = append(estimates[i], grid.quantile(sums, q))
		}
	}
	t := studentT(n-1, p) * math.Sqrt(float64(n)/float64(n-1))
	out := int(distuv.UnitNormal.CDF(-t) * float64(resamples))
	for i, e := range estimates {
		slices.Sort(e)
		intervals[i] = Interval{e[out], e[resamples-1-out]}
	}
	return intervals
}

// A bucketGrid holds the buckets of sketches that are not empty on those of
// their sum, so that a resample is a weighted sum.
type bucketGrid struct {
	buckets []Bucket     // of the sum, ascending
	cells   [][]gridCell // by sketch
}

// A gridCell is the weight of a sketch in a bucket of the sum.
type gridCell struct {
	bucket int
	weight float64
}

func newBucketGrid(sketches []*Sketch) bucketGrid {
	var all Sketch
	for _, s := range sketches {
		all.Merge(s)
	}
	g := bucketGrid{buckets: slices.Collect(all.Buckets())}
	for _, s := range sketches {
		if s.Count() == 0 {
			continue
		}
		var cells []gridCell
		at := 0
		for b := range s.Buckets() {
			for g.buckets[at].High < b.Low {
				at++
			}
			cells = append(cells, gridCell{at, float64(b.Weight)})
		}
		g.cells = append(g.cells, cells)
	}
	return g
}

// add sets sums to the weights by bucket of a resample.
func (g *bucketGrid) add(sums []float64, drawn []int) {
	clear(sums)
	for i, times := range drawn {
		if times == 0 {
			continue
		}
		for _, c := range g.cells[i] {
			sums[c.bucket] += float64(float64(times) * c.weight)
		}
	}
}

// quantile is the q-quantile of weights by bucket, as Sketch.Quantile has it.
func (g *bucketGrid) quantile(sums []float64, q float64) float64 {
	n := 0.0
	for _, w := range sums {
		n += w
	}
	target, below, last := share(q, n), 0.0, math.NaN()
	for i, w := range sums {
		if w == 0 {
			continue
		}
		b := g.buckets[i]
		if below+w >= target {
			return float64(b.Low) + float64((target-below)/w*float64(b.High-b.Low))
		}
		below += w
		last = float64(b.High)
	}
	return last
}
