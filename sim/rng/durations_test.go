package rng

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestDurations compares quantiles of 100,000 draws with those of the law: the
// share of draws at or below the q-quantile has the standard deviation
// √(q(1−q)/n); five are allowed.
func TestDurations(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		name      string
		draw      func(*Stream) time.Duration
		quantiles map[float64]time.Duration
	}{
		{
			"exponential", func(s *Stream) time.Duration { return s.ExpDuration(time.Second) },
			map[float64]time.Duration{
				0.01: time.Duration(-math.Log1p(-0.01) * 1e9),
				0.5:  693147181 * time.Nanosecond,
				0.99: time.Duration(math.Log(100) * 1e9),
			},
		},
		{
			"uniform", func(s *Stream) time.Duration { return s.UniformDuration(-time.Second, time.Second) },
			map[float64]time.Duration{0.25: -500 * time.Millisecond, 0.5: 0, 0.9: 800 * time.Millisecond},
		},
		{
			"lognormal", func(s *Stream) time.Duration { return s.LognormalDuration(10*time.Millisecond, 50*time.Millisecond) },
			map[float64]time.Duration{0.01: 2 * time.Millisecond, 0.5: 10 * time.Millisecond, 0.99: 50 * time.Millisecond},
		},
	} {
		s := New(1, "durations", c.name)
		drawn := make([]time.Duration, n)
		for i := range drawn {
			drawn[i] = c.draw(&s)
		}
		slices.Sort(drawn)
		for q, want := range c.quantiles {
			at, _ := slices.BinarySearch(drawn, want)
			if got := float64(at) / n; math.Abs(got-q) > 5*math.Sqrt(q*(1-q)/n) {
				t.Errorf("%s: %v is the %.4f-quantile, want %g", c.name, want, got, q)
			}
		}
	}
}

func TestDurationsAtTheirEnds(t *testing.T) {
	s := New(1, "durations", "ends")
	for range 1000 {
		if d := s.ExpDuration(0); d != 0 {
			t.Fatalf("an exponential of mean 0 = %v", d)
		}
		if d := s.ExpDuration(math.MaxInt64); d < 0 {
			t.Fatalf("a huge exponential = %v", d)
		}
		if d := s.UniformDuration(3, 5); d != 3 && d != 4 {
			t.Fatalf("uniform in [3, 5) = %d", d)
		}
		if d := s.UniformDuration(3, 3); d != 3 {
			t.Fatalf("uniform in [3, 3] = %d", d)
		}
		if d := s.UniformDuration(math.MinInt64, math.MaxInt64); d == math.MaxInt64 {
			t.Fatal("the upper end came up")
		}
		if d := s.LognormalDuration(time.Second, time.Second); d != time.Second {
			t.Fatalf("a lognormal without spread = %v", d)
		}
	}
}

func BenchmarkDraws(b *testing.B) {
	for _, c := range []struct {
		name string
		draw func(*Stream) uint64
	}{
		{"Uint64", (*Stream).Uint64},
		{"IntN", func(s *Stream) uint64 { return uint64(s.IntN(1000)) }},
		{"Exp", func(s *Stream) uint64 { return uint64(s.Exp()) }},
		{"Norm", func(s *Stream) uint64 { return uint64(int64(s.Norm())) }},
		{"ExpDuration", func(s *Stream) uint64 { return uint64(s.ExpDuration(time.Second)) }},
		{"LognormalDuration", func(s *Stream) uint64 { return uint64(s.LognormalDuration(time.Second, 2*time.Second)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			s := New(1, "benchmark", c.name)
			sum := uint64(0)
			for range b.N {
				sum += c.draw(&s)
			}
			if sum == 1<<63-25 { // keeps the draws from being optimised away
				b.Log(sum)
			}
		})
	}
}

// TestLognormalSigma: with σ and the mean of the logarithm ln m − σ²/2, a lognormal
// law has its 99th percentile where it was asked for, up to rounding.
func TestLognormalSigma(t *testing.T) {
	for _, p99 := range []float64{1, 1.5, 4, 14.9} {
		sigma := LognormalSigma(1, p99)
		if got := math.Exp(Z99*sigma - sigma*sigma/2); math.Abs(got/p99-1) > 1e-12 {
			t.Errorf("p99 is %v, want %v", got, p99)
		}
		if sigma > Z99 {
			t.Errorf("σ of %v for p99 %v is not the lesser solution", sigma, p99)
		}
	}
	for _, c := range [][2]float64{{1, 15}, {2, 1}, {0, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("mean %v and p99 %v are taken", c[0], c[1])
				}
			}()
			LognormalSigma(c[0], c[1])
		}()
	}
}
