package kafka

import (
	"math/rand/v2"
	"testing"

	"kafkasim/sim"
)

// TestGroupDeadlineTwin: whatever is set and cancelled, a deadline is reached
// exactly when a naive timer would fire, and the wake-ups under way stay few.
func TestGroupDeadlineTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	d := noDeadline()
	due := sim.Never
	var wakes []sim.Time
	reached := 0
	for now := range sim.Time(20_000) {
		for i := 0; i < len(wakes); i++ {
			if wakes[i] != now {
				continue
			}
			wakes = append(wakes[:i], wakes[i+1:]...)
			i--
			fired, again := d.fire(now, now)
			if fired {
				if due != now {
					t.Fatalf("reached at %d, due at %d", now, due)
				}
				due = sim.Never
				reached++
			}
			if again != sim.Never {
				wakes = append(wakes, again)
			}
		}
		if due <= now {
			t.Fatalf("nothing at %d, due at %d", now, due)
		}
		switch r.IntN(10) {
		case 0:
			d.cancel()
			due = sim.Never
		case 1, 2, 3:
			due = now + 1 + sim.Time(r.IntN(50))
			if d.set(due) {
				wakes = append(wakes, due)
			}
		}
		// Each earlier deadline may leave one wake-up behind, and none of those asks
		// for another.
		if len(wakes) > 50 {
			t.Fatalf("%d wake-ups under way at %d", len(wakes), now)
		}
	}
	if reached < 100 {
		t.Errorf("only %d deadlines were reached", reached)
	}
}
