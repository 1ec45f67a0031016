package stats

import (
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"
)

// subBuckets is the number of equal buckets into which a Sketch divides each
// octave [2^k, 2^(k+1)). 256 makes a bucket at most 1/256 of its values wide.
const (
	subBucketBits = 8
	subBuckets    = 1 << subBucketBits
)

// A Sketch is a mergeable, weighted histogram of integers from 0 to 2⁶³−1
// (nanoseconds, records). Values below 512 are counted exactly; above, a
// bucket's values lie within 1/256 (0.4 %) of each other. Count, sum, minimum
// and maximum are exact, and all state is integer, so that merging gives the
// same sketch in whatever order.
//
// The zero value is an empty sketch. A nil *Sketch reads as an empty one. The
// total weight must stay below 2⁶⁴ (585 years in nanoseconds); more panics.
// Assigning a Sketch shares its memory: use Merge or Compact to copy.
type Sketch struct {
	count   uint64
	sumHigh uint64 // Σ value × weight, below 2¹²⁷ because count is below 2⁶⁴
	sumLow  uint64
	min     int64 // of no meaning while count is 0
	max     int64
	// rows[0] counts 0 to 255 and rows[r] octave [2^(r+7), 2^(r+8)); nil where
	// nothing was seen.
	rows []*[subBuckets]uint64
	// packed, if not nil, holds the buckets instead of rows: see Compact.
	packed []byte
}

// place is the row and the column of value v.
func place(v int64) (row, column int) {
	row = bits.Len64(uint64(v)|(subBuckets-1)) - subBucketBits
	return row, int(uint64(v)>>uint(max(row-1, 0))) & (subBuckets - 1)
}

// bounds are the least and the greatest value of a bucket.
func bounds(row, column int) (low, high int64) {
	if row == 0 {
		return int64(column), int64(column)
	}
	shift := uint(row - 1)
	low = int64(subBuckets+column) << shift
	return low, low + (1<<shift - 1)
}

// Add counts value v with an integer weight (1 for a record, nanoseconds for a
// time-weighted quantity). A weight of 0 changes nothing. It panics if v is
// negative, or if the total weight reaches 2⁶⁴.
func (s *Sketch) Add(v int64, weight uint64) {
	if weight == 0 {
		return
	}
	row, column := place(v)
	if v < 0 || row >= len(s.rows) || s.rows[row] == nil {
		s.prepare(v, row)
	}
	s.rows[row][column] += weight
	s.total(v, v, weight)
	high, low := bits.Mul64(uint64(v), weight)
	s.addSum(high, low)
}

// prepare makes room for row, or panics if v is negative.
func (s *Sketch) prepare(v int64, row int) {
	if v < 0 {
		panic(fmt.Sprintf("stats: a sketch takes no negative value, got %d", v))
	}
	s.unpack()
	s.grow(row)
}

// grow makes sure that rows[row] exists.
func (s *Sketch) grow(row int) {
	for len(s.rows) <= row {
		s.rows = append(s.rows, nil)
	}
	if s.rows[row] == nil {
		s.rows[row] = new([subBuckets]uint64)
	}
}

// total takes a positive weight between low and high into count, min and max.
func (s *Sketch) total(low, high int64, weight uint64) {
	if s.count == 0 {
		s.min, s.max = low, high
	}
	s.min, s.max = min(s.min, low), max(s.max, high)
	count, carry := bits.Add64(s.count, weight, 0)
	if carry != 0 {
		panic("stats: the total weight of a sketch reached 2^64")
	}
	s.count = count
}

func (s *Sketch) addSum(high, low uint64) {
	var carry uint64
	s.sumLow, carry = bits.Add64(s.sumLow, low, 0)
	s.sumHigh, _ = bits.Add64(s.sumHigh, high, carry)
}

// Merge adds everything that other has seen to s. A nil other is empty. It
// panics if the total weight reaches 2⁶⁴.
func (s *Sketch) Merge(other *Sketch) {
	if other.Count() == 0 {
		return
	}
	if other == s {
		other = s.Compact()
	}
	s.unpack()
	s.total(other.min, other.max, other.count)
	s.addSum(other.sumHigh, other.sumLow)
	for b := range other.cells() {
		s.grow(b.row)
		s.rows[b.row][b.column] += b.weight
	}
}

// Reset empties the sketch and keeps its memory.
func (s *Sketch) Reset() {
	for _, row := range s.rows {
		if row != nil {
			*row = [subBuckets]uint64{}
		}
	}
	*s = Sketch{rows: s.rows}
}

// Count is the total weight.
func (s *Sketch) Count() uint64 {
	if s == nil {
		return 0
	}
	return s.count
}

// Sum is Σ value × weight, exact up to the rounding of the result.
func (s *Sketch) Sum() float64 {
	if s == nil {
		return 0
	}
	return float64(s.sumHigh)*0x1p64 + float64(s.sumLow)
}

// Mean is the weighted mean, exact up to rounding; NaN if the sketch is empty.
func (s *Sketch) Mean() float64 { return s.Sum() / float64(s.Count()) }

// Min is the least value seen; 0 if the sketch is empty.
func (s *Sketch) Min() int64 {
	if s.Count() == 0 {
		return 0
	}
	return s.min
}

// Max is the greatest value seen; 0 if the sketch is empty.
func (s *Sketch) Max() int64 {
	if s.Count() == 0 {
		return 0
	}
	return s.max
}

// A Bucket is a range of values, both ends included, and the weight seen there.
type Bucket struct {
	Low, High int64
	Weight    uint64
}

// Buckets yields the buckets that are not empty in ascending order. The first
// and the last are cut to the least and the greatest value seen.
func (s *Sketch) Buckets() iter.Seq[Bucket] {
	return func(yield func(Bucket) bool) {
		for b := range s.cells() {
			low, high := bounds(b.row, b.column)
			if !yield(Bucket{max(low, s.min), min(high, s.max), b.weight}) {
				return
			}
		}
	}
}

// Quantile returns the q-quantile, q in [0, 1] (else it panics): the least
// value that at least q of the weight does not exceed, within 1/256 of it;
// exact where the values around it are below 512. Inside a wider bucket the
// weight is taken as spread evenly. Quantile(0) is Min, Quantile(1) is Max.
// NaN if the sketch is empty.
func (s *Sketch) Quantile(q float64) float64 {
	checkQuantile(q)
	n := float64(s.Count())
	if n == 0 {
		return math.NaN()
	}
	target := share(q, n)
	if target == 0 {
		return float64(s.min)
	}
	below := 0.0
	for b := range s.Buckets() {
		weight := float64(b.Weight)
		if below+weight >= target {
			share := (target - below) / weight
			return float64(b.Low) + float64(share*float64(b.High-b.Low))
		}
		below += weight
	}
	return float64(s.max)
}

// FractionAtOrBelow is the share of the weight at values up to v; exact if v is
// below 512 or ends a bucket, else interpolated inside v's bucket. NaN if the
// sketch is empty.
func (s *Sketch) FractionAtOrBelow(v int64) float64 {
	below := 0.0
	for b := range s.Buckets() {
		if b.High > v {
			if b.Low <= v {
				width := float64(b.High-b.Low) + 1
				below += float64(float64(b.Weight) * (float64(v-b.Low) + 1) / width)
			}
			break
		}
		below += float64(b.Weight)
	}
	return below / float64(s.Count())
}

// A cell is a bucket that is not empty, by its place.
type cell struct {
	row, column int
	weight      uint64
}

// position numbers the places in ascending order of their values.
func (c cell) position() int { return c.row*subBuckets + c.column }

// cells yields the buckets that are not empty in ascending order.
func (s *Sketch) cells() iter.Seq[cell] {
	return func(yield func(cell) bool) {
		if s.Count() == 0 {
			return
		}
		if s.packed != nil {
			unpackCells(s.packed, yield)
			return
		}
		for r, row := range s.rows {
			if row == nil {
				continue
			}
			for c, weight := range row {
				if weight != 0 && !yield(cell{r, c, weight}) {
					return
				}
			}
		}
	}
}

// Equal reports whether both have seen the same as far as a Sketch can tell:
// equal buckets, count, sum, minimum and maximum.
func (s *Sketch) Equal(other *Sketch) bool {
	if s.Count() != other.Count() || s.Count() == 0 {
		return s.Count() == other.Count()
	}
	return s.sumHigh == other.sumHigh && s.sumLow == other.sumLow && s.min == other.min && s.max == other.max &&
		slices.Equal(slices.Collect(s.cells()), slices.Collect(other.cells()))
}
