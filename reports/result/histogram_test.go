package result_test

import (
	"math"
	"slices"
	"testing"

	"kafkasim/reports/result/resulttest"
)

// TestHistogramsHoldEverythingOnce: bins cover all that was observed, each
// observation is in one of them, whole numbers are not divided, what is exactly 0
// has a bin of its own where the bins grow with the value, and few bins suffice.
func TestHistogramsHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		metric string
		values []int64
		bins   int       // at most
		edges  []float64 // nil: not looked at
	}{
		{"one value", "lag.records", []int64{7}, 1, []float64{7, 7}},
		{"nothing but zero", "lag.records", []int64{0, 0}, 1, []float64{0, 0}},
		{"small whole numbers", "lag.records", []int64{0, 1, 1, 2, 3}, 3, []float64{0, 1, 2, 3}},
		{"zero and a wide range", "lag.records", []int64{0, 0, 1, 10, 5000}, 61, nil},
		{"latencies over four decades", "produce.latency", []int64{1e6, 2e6, 3e6, 5e9, 10e9}, 60, nil},
		{"a narrow range", "produce.latency", []int64{9_800_000_000, 9_900_000_000, 9_990_000_000}, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := resulttest.Set(t, resulttest.Header(), resulttest.NewRun().Distribution(c.metric, c.values...))
			h := metricOf(t, s, c.metric).Histogram
			sum := 0.0
			for _, share := range h.Shares {
				sum += share
			}
			// Sums of a few shares differ from 1 by rounding only.
			if math.Abs(sum-1) > 1e-12 || len(h.Edges) != len(h.Shares)+1 || len(h.Shares) > c.bins || !slices.IsSorted(h.Edges) {
				t.Errorf("%d bins that hold %v: %+v", len(h.Shares), sum, h)
			}
			if c.edges != nil && !slices.Equal(h.Edges, c.edges) {
				t.Errorf("edges %v, want %v", h.Edges, c.edges)
			}
			m := metricOf(t, s, c.metric)
			if first, last := h.Edges[0], h.Edges[len(h.Edges)-1]; first != m.Quantiles[0].Value || last != m.Quantiles[len(m.Quantiles)-1].Value {
				t.Errorf("the bins run from %v to %v, the observations from %+v", first, last, m.Quantiles)
			}
		})
	}
	empty := resulttest.Set(t, resulttest.Header(), resulttest.NewRun().Distribution("produce.latency"))
	if h := metricOf(t, empty, "produce.latency").Histogram; h != nil {
		t.Errorf("a histogram of nothing: %+v", h)
	}
}

// TestHistogramShares: ten latencies of 1 ms and thirty of 1 s lie in the first and in
// the last of bins that grow with the value.
func TestHistogramShares(t *testing.T) {
	t.Parallel()
	values := slices.Concat(slices.Repeat([]int64{1e6}, 10), slices.Repeat([]int64{1e9}, 30))
	s := resulttest.Set(t, resulttest.Header(), resulttest.NewRun().Distribution("produce.latency", values...))
	h := metricOf(t, s, "produce.latency").Histogram
	if n := len(h.Shares); n != 60 || h.Shares[0] != 0.25 || h.Shares[n-1] != 0.75 {
		t.Errorf("shares %v", h.Shares)
	}
}
