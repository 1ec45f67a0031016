package sim

import (
	"math/rand/v2"
	"testing"
)

// TestEngineFiresInOrder is a first check; the twin test does the rest.
func TestEngineFiresInOrder(t *testing.T) {
	e := NewEngine(0)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		e.Schedule(Time(r.IntN(500)), 1, 0, int64(i))
	}
	last, arg := Time(-1), int64(-1)
	n := 0
	for {
		ev, ok := e.Next()
		if !ok {
			break
		}
		if ev.At < last || ev.At == last && ev.Arg < arg {
			t.Fatalf("event %d at %v after %d at %v", ev.Arg, ev.At, arg, last)
		}
		last, arg = ev.At, ev.Arg
		n++
	}
	if n != 5000 {
		t.Fatalf("%d fired", n)
	}
}
