// Package rng holds named streams of random numbers. A stream is a value made
// of a seed, the name of an entity and the purpose of its draws; streams with
// different names are independent, and adding one changes no other.
//
// The generator is Philox4x64-10 (Salmon, Moraes, Dror, Shaw: Parallel random
// numbers: as easy as 1, 2, 3, SC11), the philox4x64 of C++26: a keyed
// bijection of a counter. It needs no seeding and no state beyond the counter,
// so that a copy of a stream is a fork of it.
package rng

import (
	"math"
	"math/bits"
)

// A Stream is a sequence of random numbers. Copying it forks it: both copies
// continue with the same numbers. The zero Stream is that of key (0, 0), which
// no name has on purpose; make streams with New.
type Stream struct {
	key     [2]uint64
	counter uint64 // of the next block
	block   [4]uint64
	left    int // words of block that are not drawn yet; they are its last ones
}

// New returns the stream of an entity's draws for one purpose under a seed,
// as in New(seed, "producer/playback/3", "arrivals"). The boundary between the
// names counts: ("ab", "c") and ("a", "bc") are different streams. Names are
// reduced to 64 bits, so n names collide with probability n²/2⁶⁵.
func New(seed uint64, entity, purpose string) Stream {
	return Stream{key: [2]uint64{seed, hashNames(entity, purpose)}}
}

// Derive returns the seed of replication index of a run with this seed. For a
// given seed different indices give different seeds.
func Derive(seed, index uint64) uint64 {
	return finalize(finalize(seed+weyl0) + index*weyl0)
}

// hashNames is FNV-1a over the length of the first name and both names,
// finalized so that each input bit reaches each output bit.
func hashNames(a, b string) uint64 {
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3
	h := uint64(offset)
	for n, i := uint64(len(a)), 0; i < 8; i++ {
		h = (h ^ n&0xff) * prime
		n >>= 8
	}
	for i := range len(a) {
		h = (h ^ uint64(a[i])) * prime
	}
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * prime
	}
	return finalize(h)
}

// finalize is a bijection of 64-bit words in which each input bit changes about
// half of the output bits: the finalizer of MurmurHash3 (Appleby, public domain)
// with the constants of its variant 13 (Stafford, "Better bit mixing", 2011).
func finalize(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// Constants of Philox4x64: the multipliers of the two lanes and the Weyl
// increments of the two key words (golden ratio and √3 − 1, times 2⁶⁴).
const (
	multiplier0 = 0xD2E7470EE14C6C93
	multiplier1 = 0xCA5A826395121157
	weyl0       = 0x9E3779B97F4A7C15
	weyl1       = 0xBB67AE8584CAA73B
	rounds      = 10
)

// refill computes the next block of four words.
func (s *Stream) refill() {
	x0, x1, x2, x3 := s.counter, uint64(0), uint64(0), uint64(0)
	k0, k1 := s.key[0], s.key[1]
	for range rounds {
		high0, low0 := bits.Mul64(multiplier0, x0)
		high1, low1 := bits.Mul64(multiplier1, x2)
		x0, x1, x2, x3 = high1^x1^k0, low1, high0^x3^k1, low0
		k0 += weyl0
		k1 += weyl1
	}
	s.block = [4]uint64{x0, x1, x2, x3}
	s.counter++
	s.left = len(s.block)
}

// Uint64 returns a uniform 64-bit word.
func (s *Stream) Uint64() uint64 {
	if s.left == 0 {
		s.refill()
	}
	s.left--
	return s.block[(3-s.left)&3]
}

// Float64 returns a uniform multiple of 2⁻⁵³ in [0, 1).
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// OpenFloat64 returns a uniform odd multiple of 2⁻⁵³ in (0, 1): neither 0 nor 1
// comes up, and u and 1−u are equally likely.
func (s *Stream) OpenFloat64() float64 { return (float64(s.Uint64()>>12) + 0.5) * 0x1p-52 }

// Bernoulli returns true with probability p, exact to 2⁻⁵³. It panics unless p
// is in [0, 1]. One word is drawn whatever p is.
func (s *Stream) Bernoulli(p float64) bool {
	if !(p >= 0 && p <= 1) {
		panic("rng: Bernoulli needs a probability in [0, 1]")
	}
	return s.Float64() < p
}

// Uint64N returns a uniform number in [0, n) without bias. It panics if n is 0.
//
// Source: Lemire, Fast random integer generation in an interval, ACM TOMACS 29
// (2019): the high word of a product, redrawn where the low word says that
// this result would come up once too often.
func (s *Stream) Uint64N(n uint64) uint64 {
	if n == 0 {
		panic("rng: Uint64N needs a positive bound")
	}
	high, low := bits.Mul64(s.Uint64(), n)
	if low < n {
		for excess := -n % n; low < excess; {
			high, low = bits.Mul64(s.Uint64(), n)
		}
	}
	return high
}

// IntN returns a uniform number in [0, n) without bias. It panics unless n is
// positive.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN needs a positive bound")
	}
	return int(s.Uint64N(uint64(n)))
}

// Exp returns an exponential number with mean 1, by inversion; the largest that
// can come up is 53 ln 2 ≈ 36.7.
func (s *Stream) Exp() float64 { return -math.Log(s.OpenFloat64()) }

// Norm returns a standard normal number, by inversion: one word each, and no
// spare that a fork could share.
func (s *Stream) Norm() float64 { return math.Sqrt2 * math.Erfinv(2*s.OpenFloat64()-1) }
