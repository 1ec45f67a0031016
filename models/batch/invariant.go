package batch

import (
	"fmt"
	"strings"

	"kafkasim/sim"
)

// A Violation is a broken invariant of Kafka's replication or of the ledger: a
// bug of the model. It says what is needed to replay the run.
type Violation struct {
	Scenario    string
	SHA256      string
	Seed        uint64
	Replication int
	At          sim.Time // of the world; the scenario's time 0 is prologue later
	What        string
	Last        []sim.Event // that led to it, oldest first
}

// Error tells the story and the command that replays it.
func (v *Violation) Error() string {
	var b strings.Builder
	at := v.At.Sub(sim.Time(prologue))
	fmt.Fprintf(&b, "invariant violated in scenario %s at %s of replication %d: %s\n", v.Scenario, at, v.Replication, v.What)
	fmt.Fprintf(&b, "replay: kafkasim run %s --seed %d --replications %d (spec %s)\n", v.Scenario, v.Seed, v.Replication+1, v.SHA256)
	b.WriteString("last events (time, kind, entity, argument):")
	for _, e := range v.Last {
		fmt.Fprintf(&b, "\n  %s %d %d %d", e.At.Sub(sim.Time(prologue)), e.Kind, e.Entity, e.Arg)
	}
	return b.String()
}

// lastEvents is how many events a violation shows.
const lastEvents = 24

// violate stops the run.
func (w *world) violate(format string, args ...any) {
	if w.failure == nil {
		w.failure = &Violation{
			Scenario: w.plan.spec.Name, SHA256: w.plan.spec.SHA256, Seed: w.plan.spec.Seed, Replication: w.number,
			At: w.engine.Now(), What: fmt.Sprintf(format, args...), Last: w.recent.list(),
		}
	}
	w.done = true
}

// A recentEvents is a ring of the last events.
type recentEvents struct {
	events [lastEvents]sim.Event
	count  int
}

func (r *recentEvents) add(e *sim.Event) {
	r.events[r.count%lastEvents] = *e
	r.count++
}

func (r *recentEvents) list() []sim.Event {
	var out []sim.Event
	for i := max(0, r.count-lastEvents); i < r.count; i++ {
		out = append(out, r.events[i%lastEvents])
	}
	return out
}
