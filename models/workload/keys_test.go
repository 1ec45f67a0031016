package workload

import (
	"math"
	"slices"
	"testing"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// The answers are those of Kafka's own test (UtilsTest.testMurmur2).
func TestMurmur2IsKafkas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int32
	}{
		{"21", -973932308},
		{"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107},
	} {
		if got := int32(murmur2([]byte(c.text))); got != c.want {
			t.Errorf("murmur2(%q) = %d, want %d", c.text, got, c.want)
		}
	}
	if got, want := PartitionOfKey(21, 12), int32((-973932308&0x7fffffff)%12); got != want {
		t.Errorf("key 21 goes to partition %d, want %d", got, want)
	}
}

func TestKeysFollowZipf(t *testing.T) {
	t.Parallel()
	for _, skew := range []float64{0, 0.5, 0.9, 1, 1.5} {
		const count, draws = 200, 400_000
		keys := NewKeys(scenarios.Keys{Count: count, Skew: skew})
		s := rng.New(1, "keys", "draws")
		seen := make([]float64, count)
		for range draws {
			seen[keys.Next(&s)]++
		}
		sum := 0.0
		for k := range count {
			sum += math.Pow(float64(k+1), -skew)
		}
		chi := 0.0
		for k, n := range seen {
			want := draws * math.Pow(float64(k+1), -skew) / sum
			chi += (n - want) * (n - want) / want
		}
		// χ² with 199 degrees of freedom: four standard deviations.
		if math.Abs(chi-(count-1)) > 4*math.Sqrt(2*(count-1)) {
			t.Errorf("skew %g: χ² = %.1f, want %d ± %.0f", skew, chi, count-1, 4*math.Sqrt(2*(count-1)))
		}
	}
}

func TestSizesHaveTheirMeanAndPercentile(t *testing.T) {
	t.Parallel()
	fixed := NewSizes(scenarios.RecordSize{Mean: 100, P99: 100, Fixed: true})
	s := rng.New(1, "sizes", "draws")
	if got := fixed.Next(&s); got != 100 {
		t.Errorf("a fixed size of 100 is %d", got)
	}
	for _, p99 := range []unit.Bytes{2000, 5000, 12000} {
		sizes := NewSizes(scenarios.RecordSize{Mean: 1000, P99: p99})
		const draws = 400_000
		all := make([]unit.Bytes, draws)
		sum, squares := 0.0, 0.0
		for i := range all {
			all[i] = sizes.Next(&s)
			sum += float64(all[i])
			squares += float64(all[i]) * float64(all[i])
		}
		mean := sum / draws
		spread := math.Sqrt((squares/draws - mean*mean) / draws)
		if math.Abs(mean-1000) > 4*spread+0.5 { // four standard errors, and rounding to bytes
			t.Errorf("p99 %d: mean = %.1f ± %.1f, want 1000", p99, mean, spread)
		}
		slices.Sort(all)
		below, _ := slices.BinarySearch(all, p99)
		// A count of 1 % has a standard deviation of √(n·0.01·0.99).
		if got := float64(draws - below); math.Abs(got-0.01*draws) > 4*math.Sqrt(draws*0.01*0.99)+1 {
			t.Errorf("p99 %d: %v of %d sizes are above it", p99, got, draws)
		}
	}
}
