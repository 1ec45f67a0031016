package load

import (
	"testing"

	"kafkasim/sim/rng"
)

// TestBlockingAddsUp compares with a count of each nanosecond.
func TestBlockingAddsUp(t *testing.T) {
	t.Parallel()
	s := rng.New(1, "load", "blocking")
	for range 200 {
		var b blocking
		var busy [400]bool
		asked, end := int64(0), int64(0)
		for range 20 {
			from := end + int64(s.IntN(5))
			end = from + int64(s.IntN(10))
			b.add(from, end)
			for at := from; at < end; at++ {
				busy[at] = true
			}
			asked = max(asked, end-int64(s.IntN(60)))
			want := int64(0)
			for at := asked; at < int64(len(busy)); at++ {
				if busy[at] {
					want++
				}
			}
			if got := b.since(asked); got != want {
				t.Fatalf("%d ns blocked since %d, want %d", got, asked, want)
			}
		}
	}
}
