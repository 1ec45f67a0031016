package stats

import (
	"testing"
	"time"

	"kafkasim/sim/rng"
)

// latencies are a day's worth of shapes: microseconds to minutes.
func latencies(n int) []int64 {
	s := rng.New(1, "benchmark", "latencies")
	values := make([]int64, n)
	for i := range values {
		values[i] = int64(s.LognormalDuration(5*time.Millisecond, time.Second))
	}
	return values
}

func BenchmarkSketch(b *testing.B) {
	values := latencies(1 << 12)
	var full Sketch
	for _, v := range values {
		full.Add(v, 1)
	}
	compact := full.Compact()
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		var s Sketch
		for i := range b.N {
			s.Add(values[i&(len(values)-1)], 1)
		}
	})
	b.Run("merge", func(b *testing.B) {
		b.ReportAllocs()
		var s Sketch
		for range b.N {
			s.Merge(compact)
		}
	})
	b.Run("compact", func(b *testing.B) {
		b.ReportAllocs()
		size := 0
		for range b.N {
			size = len(full.Compact().packed)
		}
		b.ReportMetric(float64(size), "B/sketch")
	})
	b.Run("quantile", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			compact.Quantile(0.99)
		}
	})
	b.Run("bootstrap", func(b *testing.B) {
		b.ReportAllocs()
		sketches := make([]*Sketch, 200)
		for i := range sketches {
			sketches[i] = compact
		}
		stream := rng.New(1, "benchmark", "bootstrap")
		for range b.N {
			BootstrapQuantiles(sketches, []float64{0.5, 0.99}, 0.95, 1000, &stream)
		}
	})
}
