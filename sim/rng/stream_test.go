package rng

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestKnownAnswer holds the generator to C++26's std::philox4x64: the 10,000th
// value of a default-constructed engine is 3409172418970261260
// ([rand.predef]). Its default seed 20111115 is key word 0.
func TestKnownAnswer(t *testing.T) {
	s := Stream{key: [2]uint64{20111115, 0}}
	var got uint64
	for range 10_000 {
		got = s.Uint64()
	}
	if want := uint64(3409172418970261260); got != want {
		t.Errorf("10,000th value = %d, want %d", got, want)
	}
}

// TestNamesStayWhatTheyAre: results are reproducible only as long as a name
// means the same stream. These words were printed by this package; a change
// here changes every result ever published, and needs a new version.
func TestNamesStayWhatTheyAre(t *testing.T) {
	s := New(1, "producer/playback/3", "arrivals")
	got := fmt.Sprintf("%016x %016x %016x", s.Uint64(), s.Uint64(), Derive(1, 2))
	if want := "4aa704a2c0fb90c3 c04efc9f81441933 f18d6ce93d6cf1ee"; got != want {
		t.Errorf("first words and a derived seed = %s, want %s", got, want)
	}
}

func TestNamesAreDifferentStreams(t *testing.T) {
	seen := map[uint64]string{}
	add := func(name string, s Stream) {
		word := s.Uint64()
		if other, ok := seen[word]; ok {
			t.Errorf("streams %s and %s begin alike", name, other)
		}
		seen[word] = name
	}
	for _, names := range [][2]string{{"", ""}, {"a", ""}, {"", "a"}, {"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"\x00", ""}, {"", "\x00"}} {
		for seed := range uint64(2) {
			add(fmt.Sprintf("%d %q", seed, names), New(seed, names[0], names[1]))
		}
	}
	for i := range 100_000 {
		add(fmt.Sprint(i), New(1, fmt.Sprintf("producer/%d", i), "sizes"))
	}
}

func TestDeriveGivesDistinctSeeds(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(100) {
		for index := range uint64(1000) {
			seen[Derive(seed, index)] = true
		}
	}
	if len(seen) != 100*1000 {
		t.Errorf("100 seeds × 1000 replications gave %d distinct seeds", len(seen))
	}
	// Neighbouring seeds must not share replications at another index.
	if Derive(1, 1) == Derive(2, 0) || Derive(1+weyl0, 0) == Derive(1, 1) {
		t.Error("neighbouring seeds share replications")
	}
}

func TestCopyForks(t *testing.T) {
	s := New(1, "e", "p")
	for step := range 9 { // at each position within a block
		fork := s
		for i := range 20 {
			if a, b := fork.Uint64(), (&s).peek(i); a != b {
				t.Fatalf("step %d: word %d of the fork is %x, of the original %x", step, i, a, b)
			}
		}
		s.Uint64()
	}
}

// peek is the word i after the next one, from a copy of its own.
func (s *Stream) peek(i int) uint64 {
	c := *s
	for range i {
		c.Uint64()
	}
	return c.Uint64()
}

// chiSquare fails if counts are not what n equally likely outcomes give. The
// limit is the mean of the statistic (n − 1) plus five standard deviations.
func chiSquare(t *testing.T, what string, counts []int) {
	t.Helper()
	total := 0
	for _, c := range counts {
		total += c
	}
	expected, sum := float64(total)/float64(len(counts)), 0.0
	for _, c := range counts {
		sum += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	freedom := float64(len(counts) - 1)
	if math.Abs(sum-freedom) > 5*math.Sqrt(2*freedom) {
		t.Errorf("%s: chi-square %.1f with %g degrees of freedom", what, sum, freedom)
	}
}

func TestWordsAreUniform(t *testing.T) {
	s := New(1, "words", "uniform")
	var bytes [8][256]int
	var pairs [256]int
	last := uint64(0)
	for range 200_000 {
		w := s.Uint64()
		for i := range bytes {
			bytes[i][w>>(8*i)&255]++
		}
		pairs[last>>60<<4|w>>60]++
		last = w
	}
	for i := range bytes {
		chiSquare(t, fmt.Sprintf("byte %d", i), bytes[i][:])
	}
	chiSquare(t, "top bits of successive words", pairs[:])
}

// TestNeighboursAreIndependent crosses streams that differ in one character,
// in the purpose, or in the seed's lowest bit.
func TestNeighboursAreIndependent(t *testing.T) {
	base := New(1, "producer/1", "arrivals")
	for name, other := range map[string]Stream{
		"entity":      New(1, "producer/2", "arrivals"),
		"purpose":     New(1, "producer/1", "sizes"),
		"seed":        New(0, "producer/1", "arrivals"),
		"replication": New(Derive(1, 0), "producer/1", "arrivals"),
	} {
		a, b := base, other
		var joint [256]int
		for range 100_000 {
			joint[a.Uint64()>>60<<4|b.Uint64()>>60]++
		}
		chiSquare(t, "streams that differ in "+name, joint[:])
	}
}

func TestIntegersAreUnbiased(t *testing.T) {
	s := New(1, "integers", "uniform")
	var seven [7]int
	for range 100_000 {
		seven[s.IntN(7)]++
	}
	chiSquare(t, "IntN(7)", seven[:])
	// Without redrawing, 3 × 2⁶² would give multiples of 3 half of the time.
	var rest [3]int
	for range 100_000 {
		v := s.Uint64N(3 << 62)
		if v >= 3<<62 {
			t.Fatalf("%d is out of range", v)
		}
		rest[v%3]++
	}
	chiSquare(t, "Uint64N(3 << 62) modulo 3", rest[:])
	for range 100 {
		if s.Uint64N(1) != 0 || s.IntN(1) != 0 {
			t.Fatal("the only number below 1 is 0")
		}
	}
}

// TestUnitIntervals drives the extreme words through the conversions.
func TestUnitIntervals(t *testing.T) {
	word := func(w uint64) *Stream { return &Stream{block: [4]uint64{3: w}, left: 1} }
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"Float64 of 0", word(0).Float64(), 0},
		{"Float64 of the largest word", word(math.MaxUint64).Float64(), 1 - 0x1p-53},
		{"OpenFloat64 of 0", word(0).OpenFloat64(), 0x1p-53},
		{"OpenFloat64 of the largest word", word(math.MaxUint64).OpenFloat64(), 1 - 0x1p-53},
		{"Exp of 0", word(0).Exp(), 53 * math.Ln2},
		{"Exp of the largest word", word(math.MaxUint64).Exp(), 0x1p-53},
	} {
		if math.Abs(c.got-c.want) > 1e-15*c.want {
			t.Errorf("%s = %g, want %g", c.name, c.got, c.want)
		}
	}
	// Φ(−8.2095) = 2⁻⁵³, by symmetry also the other end.
	if low, high := word(0).Norm(), word(math.MaxUint64).Norm(); math.Abs(low+8.2095) > 1e-4 || low != -high {
		t.Errorf("Norm reaches from %g to %g", low, high)
	}
}

func TestBernoulli(t *testing.T) {
	s := New(1, "coin", "toss")
	const n = 1_000_000
	hits := 0
	for range n {
		if s.Bernoulli(0.01) {
			hits++
		}
		if s.Bernoulli(0) || !s.Bernoulli(1) {
			t.Fatal("probability 0 came up, or 1 did not")
		}
	}
	// Standard deviation of the count: √(n p (1−p)) ≈ 99.5; five of them.
	if math.Abs(float64(hits)-n*0.01) > 5*99.5 {
		t.Errorf("%d of %d with probability 0.01", hits, n)
	}
}

// TestMoments compares raw moments of 10⁶ draws with those of the law. The
// standard error of the k-th moment is √((m₂ₖ − mₖ²)/n); five are allowed.
func TestMoments(t *testing.T) {
	const n = 1_000_000
	for _, c := range []struct {
		name    string
		draw    func(*Stream) float64
		moments [6]float64 // of order 1 to 6
	}{
		{"Float64", (*Stream).Float64, [6]float64{1. / 2, 1. / 3, 1. / 4, 1. / 5, 1. / 6, 1. / 7}},
		{"OpenFloat64", (*Stream).OpenFloat64, [6]float64{1. / 2, 1. / 3, 1. / 4, 1. / 5, 1. / 6, 1. / 7}},
		{"Exp", (*Stream).Exp, [6]float64{1, 2, 6, 24, 120, 720}},
		{"Norm", (*Stream).Norm, [6]float64{0, 1, 0, 3, 0, 15}},
	} {
		s := New(2, "moments", c.name)
		var sums [3]float64
		for range n {
			x := c.draw(&s)
			sums[0] += x
			sums[1] += x * x
			sums[2] += x * x * x
		}
		for k, sum := range sums {
			want := c.moments[k]
			deviation := math.Sqrt((c.moments[2*k+1] - want*want) / n)
			if got := sum / n; math.Abs(got-want) > 5*deviation {
				t.Errorf("%s: moment %d = %.5f, want %.5f ± %.5f", c.name, k+1, got, want, deviation)
			}
		}
	}
}

func TestPanics(t *testing.T) {
	s := New(1, "e", "p")
	for _, c := range []struct {
		want string
		do   func()
	}{
		{"rng: Uint64N", func() { s.Uint64N(0) }},
		{"rng: IntN", func() { s.IntN(0) }},
		{"rng: IntN", func() { s.IntN(-1) }},
		{"rng: Bernoulli", func() { s.Bernoulli(1.5) }},
		{"rng: Bernoulli", func() { s.Bernoulli(math.NaN()) }},
		{"rng: ExpDuration", func() { s.ExpDuration(-1) }},
		{"rng: UniformDuration", func() { s.UniformDuration(2, 1) }},
		{"rng: LognormalDuration", func() { s.LognormalDuration(2, 1) }},
		{"rng: LognormalDuration", func() { s.LognormalDuration(0, 1) }},
	} {
		func() {
			defer func() {
				if message, _ := recover().(string); !strings.HasPrefix(message, c.want) {
					t.Errorf("panic %q, want %q", message, c.want)
				}
			}()
			c.do()
		}()
	}
}

func TestNoAllocations(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		s := New(1, "producer", "arrivals")
		s.Exp()
		s.Norm()
		s.IntN(10)
		s.ExpDuration(1000)
		s.LognormalDuration(1000, 2000)
	})
	if n != 0 {
		t.Errorf("a stream and its draws cost %g allocations", n)
	}
}
