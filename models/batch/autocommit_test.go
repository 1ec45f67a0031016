package batch

import (
	"testing"
	"time"

	"kafkasim/sim"
)

// committing is a lone member that commits by kgo's timer, in ms, while brokers crash.
func committing(interval, crash string) act {
	return act{
		duration: "40 s", topics: events, producers: of("100/s", "franz-go", "acks: all"),
		consumers: reader("1", "after_processing", "{time: 0.1 ms}", "auto.commit.interval.ms: "+interval),
		faults:    "  - {at: 12 s, kind: broker_crash, " + crash + "}\n",
	}
}

// TestAutoCommitWhileTheCoordinatorIsAway plays what kgo's log showed where the broker
// that coordinates the group died: one automatic commit is tried again and again, with
// back-offs of 0.25, 0.5, 1, 2, 4 and 5 s ± 20 %, those of later ticks wait for it, and a
// try after the election may be wasted, because its coordinator was looked up before
// the back-off.
func TestAutoCommitWhileTheCoordinatorIsAway(t *testing.T) {
	s := committing("5000", "target: broker 1").set(t)
	away, atOnce, wasted, queues := 0, 0, 0, 0
	for i := range 60 {
		var elected sim.Time
		coordinator, waited, over, tries, after := int32(-1), false, false, 0, 0
		s.watch(i, func(w *world, e *sim.Event) {
			m, g := &w.consumers.members[0], &w.consumers.groups[0]
			c := &m.auto
			switch {
			case e.At < at(12*time.Second):
				coordinator = g.coordinator
			case coordinator != 0 || over:
			case len(c.parts) == 0 || c.tries < tries:
				over = tries > 1 // it is answered, or the one that waited has begun
			default:
				if elected == 0 && g.coordinator > 0 && m.coordinator > 0 {
					elected = e.At
				}
				if c.tries > tries && elected > 0 {
					after++
				}
				tries, waited = c.tries, waited || len(c.next) > 0
			}
		})
		if coordinator != 0 || !over || elected == 0 {
			continue
		}
		away++
		if waited {
			queues++
		}
		if after > 1 {
			wasted++
		} else {
			atOnce++
		}
		within(t, "tries of a commit", float64(tries), 4, 8)
	}
	if away < 10 || wasted < 2 || atOnce < 5 || queues < away/2 {
		t.Errorf("of %d coordinators that died %d were found by the first try after the election and %d by a later one, and %d commits had others behind them: too few to show anything",
			away, atOnce, wasted, queues)
	}
}

// TestAutoCommitsComeOneAfterTheOther: whatever breaks, a commit never overtakes an
// earlier one, so that what the group knows of a partition does not go back while one
// member owns it.
func TestAutoCommitsComeOneAfterTheOther(t *testing.T) {
	s := committing("1000", "target: each, duration: 3 s").set(t)
	for i := range 10 {
		known := int64(-1)
		s.watch(i, func(w *world, _ *sim.Event) {
			now := int64(w.consumers.groups[0].committed[0])
			if now < known {
				t.Fatalf("replication %d: committed went from %d back to %d", i, known, now)
			}
			known = now
		})
	}
}
