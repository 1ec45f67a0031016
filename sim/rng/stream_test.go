package rng

import "testing"

// TestKnownAnswer holds the generator to C++26's std::philox4x64: the 10,000th
// value of a default-constructed engine is 3409172418970261260
// ([rand.predef]). The default seed is key word 0.
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

func BenchmarkUint64(b *testing.B) {
	s := New(1, "e", "p")
	b.ReportAllocs()
	var x uint64
	for range b.N {
		x ^= s.Uint64()
	}
	if x == 0 {
		b.Log("improbable")
	}
}

func BenchmarkExp(b *testing.B) {
	s := New(1, "e", "p")
	b.ReportAllocs()
	var x float64
	for range b.N {
		x += s.Exp()
	}
	if x == 0 {
		b.Log("improbable")
	}
}
func BenchmarkNorm(b *testing.B) {
	s := New(1, "e", "p")
	b.ReportAllocs()
	var x float64
	for range b.N {
		x += s.Norm()
	}
	if x == 0 {
		b.Log("improbable")
	}
}
