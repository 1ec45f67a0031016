package result

import (
	"math"

	"kafkasim/sim/stats"
)

// A Histogram is how everything that a distribution observed is spread: bin i
// holds the share Shares[i] of it, from Edges[i] to Edges[i+1] in base units. The
// first bin may have no width: so many observations are exactly 0.
type Histogram struct {
	Edges  []float64 // ascending, one more than Shares
	Shares []float64 // their sum is 1
}

// Limits of a histogram's bins. A sketch knows a value to 1/256 of it, so a bin is
// at least bucketsPerBin times as wide, and edges within buckets move little.
const (
	mostBins      = 60
	bucketsPerBin = 4
	sketchError   = 1. / 256
	// wide is from which ratio of greatest to least value on bins grow with the value.
	wide = 20
)

// histogramOf bins a sketch whose units are 1/scale base units; nil when it is empty.
func histogramOf(s *stats.Sketch, scale float64) *Histogram {
	total := float64(s.Count())
	if total == 0 {
		return nil
	}
	var h Histogram
	var low, zero float64 // the least value above 0, and the weight of 0
	for b := range s.Buckets() {
		if b.High > 0 {
			low = max(float64(b.Low), 1)
			break
		}
		zero = float64(b.Weight)
	}
	high := float64(s.Max())
	if low == 0 { // nothing but 0
		return &Histogram{Edges: []float64{0, 0}, Shares: []float64{1}}
	}
	logarithmic := high > wide*low
	switch {
	case zero > 0 && logarithmic:
		h.Edges, h.Shares = append(h.Edges, 0), append(h.Shares, zero/total)
	case zero > 0:
		low = 0
	}
	first := len(h.Shares)
	edges := binEdges(low, high, logarithmic)
	h.Edges = append(h.Edges, edges...)
	h.Shares = append(h.Shares, make([]float64, len(edges)-1)...)
	at := 0
	for b := range s.Buckets() {
		if b.High == 0 && first > 0 {
			continue
		}
		middle := (float64(b.Low) + float64(b.High)) / 2
		for at+2 < len(edges) && middle >= edges[at+1] {
			at++
		}
		h.Shares[first+at] += float64(b.Weight) / total
	}
	for i := range h.Edges {
		h.Edges[i] /= scale
	}
	return &h
}

// binEdges divides low … high into bins of equal width, or of equal ratio.
func binEdges(low, high float64, logarithmic bool) []float64 {
	if high <= low {
		return []float64{low, high}
	}
	width := high * sketchError * bucketsPerBin
	n := math.Min(mostBins, (high-low)/math.Max(width, 1)) // whole units are not divided
	if logarithmic {
		n = mostBins
	}
	bins := max(int(n), 1)
	edges := []float64{low}
	for i := 1; i < bins; i++ {
		part := float64(i) / float64(bins)
		edge := low + part*(high-low)
		if logarithmic {
			edge = low * math.Pow(high/low, part)
		}
		if edge = math.Round(edge); edge > edges[len(edges)-1] && edge < high {
			edges = append(edges, edge)
		}
	}
	return append(edges, high)
}
