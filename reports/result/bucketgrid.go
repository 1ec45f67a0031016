package result

import (
	"math"

	"kafkasim/sim/stats"
)

// A bucketGrid holds the buckets of several sketches on those of their sum, so
// that resampling is adding.
type bucketGrid struct {
	buckets []stats.Bucket // of the sum, ascending
	cells   [][]gridCell   // by sketch
}

// A gridCell is the weight of a sketch in a bucket of the sum.
type gridCell struct {
	bucket int
	weight float64
}

// newBucketGrid lays sketches out on the buckets of all, which is their sum.
func newBucketGrid(sketches []*stats.Sketch, all *stats.Sketch) *bucketGrid {
	g := &bucketGrid{cells: make([][]gridCell, len(sketches))}
	for b := range all.Buckets() {
		g.buckets = append(g.buckets, b)
	}
	for i, s := range sketches {
		at := 0
		for b := range s.Buckets() {
			for g.buckets[at].High < b.Low {
				at++
			}
			g.cells[i] = append(g.cells[i], gridCell{at, float64(b.Weight)})
		}
	}
	return g
}

// addTo adds sketch i, times times, to sums by bucket.
func (g *bucketGrid) addTo(sums []float64, i int, times float64) {
	if times == 0 {
		return
	}
	for _, c := range g.cells[i] {
		sums[c.bucket] += float64(times * c.weight)
	}
}

// quantile is the q-quantile of weights by bucket, spread evenly inside each.
func (g *bucketGrid) quantile(sums []float64, q float64) float64 {
	target := float64(q * total(sums))
	below := 0.0
	last := math.NaN()
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
