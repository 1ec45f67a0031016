package batch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result"
	"kafkasim/sim"
)

// The mechanism tests play what was seen on real brokers (kafka.md J) and what a
// naive simulator gets wrong (H), and ask whether it comes out of the model. J.10, a
// proxy before published ports that accepts for a dead broker, is an artefact of a
// test bed and has no place in a model; J.14, cold virtual machines, belongs to the
// hardware profiles.

// An act is a scenario of the mechanism tests: three brokers and, unless it says
// otherwise, one dedicated controller; every part that a test changes is a field.
type act struct {
	cluster   string // after "cluster: {"; empty: three brokers, one controller, containers
	topics    string // list entries; empty: events with one partition led by broker 1
	producers string
	consumers string
	faults    string
	duration  string // empty: 30 s
	drain     string // empty: 60 s
	warmup    string // empty: 1 s
}

// events is the usual topic: one partition, led by broker 1.
const events = `  - {name: events, partitions: 1, replication_factor: 3, assignment: [[1, 2, 3]], config: {min.insync.replicas: 2}}
`

// containers is the usual cluster.
const containers = `kafka: "4.3", brokers: 3, controllers: 1, hardware: container`

// text writes the scenario down.
func (a act) text() string {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	var b strings.Builder
	fmt.Fprintf(&b, "scenario: act\nduration: %s\ndrain: %s\nwarmup: %s\nreplications: 1\nseed: 7\n", or(a.duration, "30 s"), or(a.drain, "60 s"),
		or(a.warmup, "1 s"))
	fmt.Fprintf(&b, "cluster: {%s}\ntopics:\n%s", or(a.cluster, containers), or(a.topics, events))
	fmt.Fprintf(&b, "producers:\n%s", a.producers)
	if a.consumers != "" {
		fmt.Fprintf(&b, "consumers:\n%s", a.consumers)
	}
	if a.faults != "" {
		fmt.Fprintf(&b, "faults:\n%s", a.faults)
	}
	return b.String()
}

// A stage plays an act, one replication after the other.
type stage struct {
	t      testing.TB
	runner *Runner
}

// set builds the stage of an act.
func (a act) set(tb testing.TB) *stage {
	tb.Helper()
	plane, err := New(parse(tb, a.text()))
	if err != nil {
		tb.Fatal(err)
	}
	return &stage{tb, plane.NewRunner()}
}

// run plays replication n to its end.
func (s *stage) run(n int) outcome {
	s.t.Helper()
	rep, err := s.runner.Run(s.t.Context(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return outcome{s.t, rep}
}

// watch plays replication n and lets look see the world after every event.
func (s *stage) watch(n int, look func(w *world, e *sim.Event)) outcome {
	s.t.Helper()
	return s.observe(n, func(*world, *sim.Event) {}, look)
}

// observe is watch with a look before every event too.
func (s *stage) observe(n int, before, after func(w *world, e *sim.Event)) outcome {
	s.t.Helper()
	w := &s.runner.world
	w.reset(s.runner.plane.shared, n)
	for !w.done {
		e, some := w.engine.Next()
		if !some {
			break
		}
		w.recent.add(&e)
		before(w, &e)
		w.dispatch(&e)
		after(w, &e)
	}
	w.finish()
	if w.failure != nil {
		s.t.Fatal(w.failure)
	}
	rep := result.Replication{Index: n, Observations: w.observations()}
	if err := result.Conserved(rep); err != nil {
		s.t.Fatal(err)
	}
	return outcome{s.t, rep}
}

// arriving is the message of kind that reaches a client with this event, or nil;
// for a look before the event.
func arriving(w *world, e *sim.Event, kind messageKind) *message {
	if e.Kind != evArrive {
		return nil
	}
	if m := &w.messages[e.Arg]; m.kind == kind && !w.lostOnTheWay(m) {
		return m
	}
	return nil
}

// An outcome is what a replication observed.
type outcome struct {
	t   testing.TB
	rep result.Replication
}

// find is an observation by name.
func (o outcome) find(name string) *result.Observation {
	o.t.Helper()
	for i := range o.rep.Observations {
		if o.rep.Observations[i].Name == name {
			return &o.rep.Observations[i]
		}
	}
	o.t.Fatalf("no observation is called %s", name)
	return nil
}

// value is a count or a gauge.
func (o outcome) value(name string) float64 {
	o.t.Helper()
	return o.find(name).Value
}

// most is the largest value of a distribution, in its unit.
func (o outcome) most(name string) (int64, bool) {
	o.t.Helper()
	d := o.find(name)
	if !d.Observed {
		return 0, false
	}
	return d.Distribution.Max(), true
}

// at is a moment of the scenario in the world's time.
func at(d time.Duration) sim.Time { return sim.Time(prologue).Add(d) }

// since is a moment of the world in the scenario's time.
func since(at sim.Time) time.Duration { return at.Sub(sim.Time(prologue)) }

// leads is the broker (1..) that the controllers have registered as the leader of
// a partition, or 0.
func leads(w *world, p int) int {
	s := &w.control.image[p]
	if s.Leader == kafka.NoReplica {
		return 0
	}
	return int(w.assigned[p][s.Leader])
}

// replicaAt is the replica of partition p on broker id.
func replicaAt(w *world, p, id int) *replica {
	return &w.replicas[w.replicaOn(kafka.PartitionID(p), id-1)]
}

// within fails unless low ≤ got ≤ high.
func within(tb testing.TB, what string, got, low, high float64) {
	tb.Helper()
	if got < low || got > high {
		tb.Errorf("%s is %.4g, want %.4g to %.4g", what, got, low, high)
	}
}

// average of values.
func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
