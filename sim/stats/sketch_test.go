package stats

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"kafkasim/sim/rng"
)

// draw returns n values over many octaves, with their weights.
func draw(seed uint64, n int) (values []int64, weights []uint64) {
	s := rng.New(seed, "sketch", "values")
	for range n {
		values = append(values, int64(s.Uint64()>>(1+s.IntN(63))))
		weights = append(weights, s.Uint64N(5))
	}
	return values, weights
}

func filled(values []int64, weights []uint64) *Sketch {
	s := new(Sketch)
	for i, v := range values {
		s.Add(v, weights[i])
	}
	return s
}

// expand is the naive twin: every value as often as it weighs, in order.
func expand(values []int64, weights []uint64) []int64 {
	var all []int64
	for i, v := range values {
		for range weights[i] {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

func TestPlacesCoverAllValues(t *testing.T) {
	row, column := 0, 0
	for want := int64(0); ; {
		low, high := bounds(row, column)
		if low != want || high < low || row > 0 && float64(high-low) > float64(low)/subBuckets {
			t.Fatalf("bucket %d/%d is %d to %d, want it to begin at %d and be narrow", row, column, low, high, want)
		}
		if low < 512 && high != low {
			t.Fatalf("bucket %d/%d is %d to %d: not exact", row, column, low, high)
		}
		for _, v := range []int64{low, high, low + (high-low)/2} {
			if r, c := place(v); r != row || c != column {
				t.Fatalf("value %d is at %d/%d, want %d/%d", v, r, c, row, column)
			}
		}
		if high == math.MaxInt64 {
			break
		}
		want = high + 1
		if column++; column == subBuckets {
			row, column = row+1, 0
		}
	}
}

// TestSketchEqualsTwin: exact figures equal those of the sorted values, and
// quantiles are off by 1/256 at most.
func TestSketchEqualsTwin(t *testing.T) {
	values, weights := draw(1, 3000)
	all := expand(values, weights)
	sum := new(big.Int)
	for _, v := range all {
		sum.Add(sum, big.NewInt(v))
	}
	exact, _ := new(big.Float).SetInt(sum).Float64()
	for name, s := range map[string]*Sketch{"sketch": filled(values, weights), "compact": filled(values, weights).Compact()} {
		if s.Count() != uint64(len(all)) || s.Min() != all[0] || s.Max() != all[len(all)-1] {
			t.Errorf("%s: count %d, min %d, max %d; the twin has %d, %d, %d",
				name, s.Count(), s.Min(), s.Max(), len(all), all[0], all[len(all)-1])
		}
		// Two roundings of 2⁻⁵³ each.
		if got := s.Sum(); math.Abs(got-exact) > 0x1p-52*exact {
			t.Errorf("%s: sum %g, want %g", name, got, exact)
		}
		if got, want := s.Mean(), exact/float64(len(all)); math.Abs(got-want) > 0x1p-51*want {
			t.Errorf("%s: mean %g, want %g", name, got, want)
		}
		for _, q := range []float64{0, 0.001, 0.01, 0.07, 0.5, 0.9, 0.99, 0.999, 1} {
			want := float64(all[max(int(math.Ceil(q*float64(len(all))-1e-9)), 1)-1])
			if got := s.Quantile(q); math.Abs(got-want) > want/subBuckets {
				t.Errorf("%s: Quantile(%g) = %g, want %g", name, q, got, want)
			}
		}
		for _, v := range []int64{0, 1, 100, 511, 1 << 20, 3 << 40, math.MaxInt64} {
			low, high := v-v/subBuckets, v+min(v/subBuckets, math.MaxInt64-v)
			got := s.FractionAtOrBelow(v) * float64(len(all))
			least, _ := slices.BinarySearch(all, low)
			most := len(all)
			if high < math.MaxInt64 {
				most, _ = slices.BinarySearch(all, high+1)
			}
			if got < float64(least)-1e-6 || got > float64(most)+1e-6 {
				t.Errorf("%s: %g values up to %d, want %d to %d", name, got, v, least, most)
			}
		}
	}
}

func TestQuantileOfSmallValuesIsExact(t *testing.T) {
	var s Sketch
	for v := range int64(100) {
		s.Add(v+1, 1)
	}
	for k := range 101 {
		// The k-th of 1 to 100 is k. k/100 × 100 is not always k in float64.
		if got := s.Quantile(float64(k) / 100); got != float64(max(k, 1)) {
			t.Errorf("Quantile(%d/100) = %g", k, got)
		}
		if got := s.FractionAtOrBelow(int64(k)); got != float64(k)/100 {
			t.Errorf("FractionAtOrBelow(%d) = %g", k, got)
		}
	}
	var one Sketch
	one.Add(123_456_789, 3)
	for _, q := range []float64{0, 0.5, 1} {
		if got := one.Quantile(q); got != 123_456_789 {
			t.Errorf("Quantile(%g) of a single value = %f", q, got)
		}
	}
}

// TestMergeInAnyOrder: pieces merged forwards, backwards, as a tree, compact or
// not, are what was added to one sketch.
func TestMergeInAnyOrder(t *testing.T) {
	values, weights := draw(2, 4000)
	want := filled(values, weights)
	var pieces []*Sketch
	for i := 0; i < len(values); i += 500 {
		pieces = append(pieces, filled(values[i:i+500], weights[i:i+500]))
	}
	var forwards, backwards Sketch
	for i := range pieces {
		forwards.Merge(pieces[i])
		backwards.Merge(pieces[len(pieces)-1-i].Compact())
	}
	tree := slices.Clone(pieces)
	for len(tree) > 1 {
		into := tree[0].Compact()
		into.Merge(tree[1])
		tree = append(tree[2:], into.Compact())
	}
	for name, got := range map[string]*Sketch{"forwards": &forwards, "backwards": &backwards, "tree": tree[0], "compact": want.Compact()} {
		if !got.Equal(want) || !want.Equal(got) {
			t.Errorf("%s: not what one sketch saw", name)
		}
		if got.Quantile(0.9) != want.Quantile(0.9) || got.Sum() != want.Sum() {
			t.Errorf("%s: quantile or sum differ", name)
		}
	}
	forwards.Add(7, 1)
	if forwards.Equal(want) {
		t.Error("Equal does not see one more value")
	}
	double := want.Compact()
	double.Merge(double)
	if double.Count() != 2*want.Count() || double.Sum() != 2*want.Sum() || double.Quantile(0.5) != want.Quantile(0.5) {
		t.Error("merging a sketch into itself does not double it")
	}
}

func TestCompactIsIndependentAndSmall(t *testing.T) {
	s := rng.New(1, "sketch", "latencies")
	var live Sketch
	for range 100_000 { // latencies in ns, a typical replication
		live.Add(int64(s.LognormalDuration(5_000_000, 50_000_000)), 1)
	}
	c := live.Compact()
	before := c.Compact()
	live.Add(1, 1)
	if !c.Equal(before) {
		t.Error("the compact copy moved with its original")
	}
	// Some 2,000 buckets of two to four bytes.
	if size := int(unsafe.Sizeof(*c)) + cap(c.packed); size > 8192 || cap(c.packed) != len(c.packed) {
		t.Errorf("a compact sketch takes %d bytes", size)
	}
	c.Add(1, 1)
	if !c.Equal(&live) {
		t.Error("adding to a compact copy is not adding to the original")
	}
	var empty Sketch
	if got := empty.Compact(); got.Count() != 0 {
		t.Error("the compact copy of nothing is not empty")
	}
}

func TestSketchReset(t *testing.T) {
	values, weights := draw(3, 100)
	s := filled(values, weights)
	s.Reset()
	if !s.Equal(new(Sketch)) || !math.IsNaN(s.Quantile(0.5)) || s.Sum() != 0 {
		t.Error("a sketch is not empty after Reset")
	}
	for i, v := range values {
		s.Add(v, weights[i])
	}
	if !s.Equal(filled(values, weights)) {
		t.Error("a sketch after Reset counts otherwise")
	}
}

func TestEmptyAndNilSketches(t *testing.T) {
	var zero Sketch
	zero.Add(5, 0)
	for name, s := range map[string]*Sketch{"nil": nil, "empty": &zero} {
		if s.Count() != 0 || s.Min() != 0 || s.Max() != 0 || s.Sum() != 0 {
			t.Errorf("%s: count %d, min %d, max %d", name, s.Count(), s.Min(), s.Max())
		}
		if !math.IsNaN(s.Mean()) || !math.IsNaN(s.Quantile(0.5)) || !math.IsNaN(s.FractionAtOrBelow(1)) {
			t.Errorf("%s: has a mean, a quantile or a fraction", name)
		}
		for b := range s.Buckets() {
			t.Errorf("%s: has bucket %v", name, b)
		}
		if c := s.Compact(); c == nil || c.Count() != 0 {
			t.Errorf("%s: its compact copy is not empty", name)
		}
		into := filled([]int64{3}, []uint64{1})
		into.Merge(s)
		if into.Count() != 1 || into.Max() != 3 {
			t.Errorf("%s: merging it changed something", name)
		}
	}
}

func TestBucketsAddUp(t *testing.T) {
	values, weights := draw(4, 1000)
	s := filled(values, weights)
	last, sum := int64(-1), uint64(0)
	for b := range s.Buckets() {
		if b.Low <= last || b.High < b.Low || b.Weight == 0 {
			t.Fatalf("bucket %v after %d", b, last)
		}
		last = b.High
		sum += b.Weight
	}
	if sum != s.Count() || last != s.Max() {
		t.Errorf("buckets hold %d up to %d; the sketch %d up to %d", sum, last, s.Count(), s.Max())
	}
	for b := range s.Buckets() {
		if b.Low != s.Min() {
			t.Errorf("first bucket begins at %d, least value %d", b.Low, s.Min())
		}
		break
	}
}

// TestHeavyWeights: sums beyond 64 bits stay exact; a total beyond panics.
func TestHeavyWeights(t *testing.T) {
	var s Sketch
	s.Add(math.MaxInt64, math.MaxUint64-1)
	s.Add(1, 1)
	if got, want := s.Mean(), float64(math.MaxInt64); got != want {
		t.Errorf("mean %g, want %g", got, want)
	}
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "stats: the total weight") {
			t.Errorf("panic %q", message)
		}
	}()
	s.Add(1, 1)
}

func TestSketchPanics(t *testing.T) {
	for want, do := range map[string]func(){
		"stats: a sketch takes no negative value, got -1": func() { new(Sketch).Add(-1, 1) },
		"stats: a quantile must lie in [0, 1], got 1.5":   func() { new(Sketch).Quantile(1.5) },
		"stats: a quantile must lie in [0, 1], got NaN":   func() { new(Sketch).Quantile(math.NaN()) },
		"stats: a confidence must lie in (0, 1), got 95":  func() { MeanInterval(nil, 95) },
		"stats: 3 successes of 2 trials":                  func() { WilsonInterval(3, 2, 0.95) },
		"stats: RatioInterval of 1 numerators and 2":      func() { RatioInterval(make([]float64, 1), make([]float64, 2), 0.95) },
		"stats: a bootstrap needs":                        func() { BootstrapQuantiles(nil, nil, 0.95, 0, nil) },
		"stats: NaN in a sample":                          func() { MannWhitney([]float64{math.NaN()}, []float64{1}) },
	} {
		func() {
			defer func() {
				if message, _ := recover().(string); !strings.HasPrefix(message, want) {
					t.Errorf("panic %q, want %q", message, want)
				}
			}()
			do()
		}()
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	values, weights := draw(5, 1000)
	s := filled(values, weights)
	other := filled(values, weights)
	if n := testing.AllocsPerRun(10, func() {
		for i, v := range values {
			s.Add(v, weights[i])
		}
	}); n != 0 {
		t.Errorf("1,000 values cost %g allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() { s.Reset(); s.Merge(other) }); n != 0 {
		t.Errorf("Reset and Merge cost %g allocations", n)
	}
}
