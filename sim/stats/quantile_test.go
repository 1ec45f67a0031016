package stats

import (
	"math"
	"testing"
	"time"

	"kafkasim/sim/rng"
)

func TestQuantileOfValues(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.2: 1, 0.21: 2, 0.5: 3, 0.8: 4, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("Quantile(%g) = %g, want %g", q, got, want)
		}
	}
	if values[0] != 5 {
		t.Error("Quantile sorted its argument")
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("nothing has a median")
	}
}

// TestQuantileIntervalRanks: ranks of tables of the sign test's interval, as in
// David and Nagaraja (2003), section 7.1.
func TestQuantileIntervalRanks(t *testing.T) {
	infinite := math.Inf(1)
	for _, c := range []struct {
		n    int
		q    float64
		want Interval // of values 1 to n
	}{
		{5, 0.5, Unbounded()}, // 1 − 2/2⁵ = 0.9375
		{6, 0.5, Interval{1, 6}},
		{8, 0.5, Interval{1, 8}},
		{9, 0.5, Interval{2, 8}},
		{10, 0.5, Interval{2, 9}},
		{20, 0.5, Interval{6, 15}},
		{30, 0.5, Interval{10, 21}},
		{20, 0.99, Interval{19, infinite}}, // fewer than 19 below: 0.017
		{20, 0, Interval{math.Inf(-1), 1}},
		{20, 1, Interval{20, infinite}},
		{0, 0.5, Unbounded()},
	} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(c.n - i)
		}
		if got := QuantileInterval(values, c.q, 0.95); got != c.want {
			t.Errorf("n = %d, q = %g: %v, want %v", c.n, c.q, got, c.want)
		}
	}
}

// replications draws sketches whose values hang together: each replication has
// a level of its own.
func replications(s *rng.Stream, n int) []*Sketch {
	sketches := make([]*Sketch, n)
	for i := range sketches {
		var one Sketch
		level := s.LognormalDuration(10*time.Millisecond, 20*time.Millisecond)
		for range 50 {
			one.Add(int64(s.ExpDuration(level)), 1)
		}
		sketches[i] = one.Compact()
	}
	return sketches
}

// TestBootstrapCovers: the interval of the pooled median and 90th percentile
// holds the truth in about 95 % of 400 samples. The standard error is 0.011,
// four of which are allowed; the truth is known to 0.2 % from 8,000
// replications, against intervals of about ± 8 %.
func TestBootstrapCovers(t *testing.T) {
	s := rng.New(1, "bootstrap", "replications")
	qs := []float64{0.5, 0.9}
	var all Sketch
	for _, one := range replications(&s, 8000) {
		all.Merge(one)
	}
	resamples := rng.New(1, "bootstrap", "resamples")
	const samples = 400
	hits := make([]float64, len(qs))
	for range samples {
		for i, interval := range BootstrapQuantiles(replications(&s, 20), qs, 0.95, 200, &resamples) {
			if interval.Contains(all.Quantile(qs[i])) {
				hits[i]++
			}
		}
	}
	for i, q := range qs {
		near(t, "coverage of a pooled quantile", hits[i]/samples, 0.95, 0.044)
		if hits[i] == samples {
			t.Errorf("the interval of quantile %g is never wrong: too wide", q)
		}
	}
}

func TestBootstrapIsDeterministicAndHonest(t *testing.T) {
	s := rng.New(1, "bootstrap", "replications")
	sketches := append(replications(&s, 15), nil, new(Sketch)) // two saw nothing
	qs := []float64{0, 0.5, 0.99, 1}
	a, b := rng.New(1, "bootstrap", "resamples"), rng.New(1, "bootstrap", "resamples")
	first := BootstrapQuantiles(sketches, qs, 0.95, 300, &a)
	again := BootstrapQuantiles(sketches[:15], qs, 0.95, 300, &b)
	var all Sketch
	for _, one := range sketches {
		all.Merge(one)
	}
	for i, q := range qs {
		if first[i] != again[i] {
			t.Errorf("the same stream gives %v and %v; empty sketches count", first[i], again[i])
		}
		if v := all.Quantile(q); !first[i].Contains(v) {
			t.Errorf("interval %v of quantile %g leaves out the estimate %g", first[i], q, v)
		}
	}
	for _, few := range [][]*Sketch{nil, sketches[:1], {sketches[0], nil}} {
		if got := BootstrapQuantiles(few, qs[:1], 0.95, 300, &a); got[0] != Unbounded() {
			t.Errorf("of %d sketches: %v", len(few), got)
		}
	}
	same := []*Sketch{sketches[0], sketches[0], sketches[0]}
	got := BootstrapQuantiles(same, []float64{0.5}, 0.95, 100, &a)[0]
	if got.Low != got.High || got.Low != sketches[0].Quantile(0.5) {
		t.Errorf("equal replications with median %g: %v", sketches[0].Quantile(0.5), got)
	}
}
