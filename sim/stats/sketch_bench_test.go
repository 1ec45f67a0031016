package stats

import "testing"

func BenchmarkSketchAdd(b *testing.B) {
	values := make([]int64, 1024)
	v := uint64(1)
	for i := range values {
		v = v*6364136223846793005 + 1442695040888963407
		values[i] = int64(v >> (20 + v>>60)) // about 28 to 44 bits: microseconds to hours
	}
	var s Sketch
	b.ReportAllocs()
	for i := range b.N {
		s.Add(values[i&1023], 1)
	}
}
