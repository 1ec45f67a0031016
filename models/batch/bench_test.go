package batch

import (
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// steady is a healthy cluster under steady load: what the plane spends its time
// on. It is long enough that no benchmark reaches its end.
const steady = `
scenario: steady
duration: 100 h
drain: 1 s
replications: 1
cluster: {kafka: "4.3", brokers: 3, controllers: 1, racks: 3, hardware: i3en.2xlarge}
topics:
  - {name: events, partitions: 12, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: events, instances: 4, rate: 2000/s, record_size: 1 KiB, client: java, config: {acks: all, linger.ms: 5}}
consumers:
  - {group: g, topics: [events], members: 3, protocol: cooperative, client: java, processing: {time: 0.1 ms},
     config: {partition.assignment.strategy: cooperative-sticky}}
`

// parse is a spec of text, or the end of the test.
func parse(tb testing.TB, text string) *scenarios.Spec {
	tb.Helper()
	spec, problems := scenarios.Parse("test.yaml", []byte(text), nil)
	if len(problems) > 0 {
		tb.Fatalf("the scenario is invalid: %v", problems)
	}
	return spec
}

// warm returns a world of text that has run until the given scenario time.
func warm(tb testing.TB, text string, until time.Duration) *world {
	tb.Helper()
	plane, err := New(parse(tb, text))
	if err != nil {
		tb.Fatal(err)
	}
	w := &plane.NewRunner().world
	w.reset(plane.shared, 0)
	for w.engine.Now() < sim.Time(prologue).Add(until) && w.step() {
	}
	return w
}

// BenchmarkEvents is the cost of an event of the batch plane with the whole
// protocol, beside the bare engine with as many pending events; "in turn" runs
// chunks of both alternately and prints how many times the bare engine's an event
// of the plane costs.
func BenchmarkEvents(b *testing.B) {
	b.Run("batch plane", func(b *testing.B) {
		w := roomy(b, b.N)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			w.step()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		b.ReportMetric(float64(w.engine.Len()), "pending")
	})
	b.Run("bare engine", func(b *testing.B) {
		h := newHold(b)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			h.step()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	})
	b.Run("in turn", func(b *testing.B) {
		const chunk = 10_000
		w, h := roomy(b, b.N), newHold(b)
		var plane, bare time.Duration
		b.ResetTimer()
		for done := 0; done < b.N; done += chunk {
			n := min(chunk, b.N-done)
			begin := time.Now()
			for range n {
				w.step()
			}
			middle := time.Now()
			for range n {
				h.step()
			}
			plane += middle.Sub(begin)
			bare += time.Since(middle)
		}
		b.ReportMetric(float64(plane)/float64(bare), "x-bare")
	})
}

// roomy is a steady world with room for the records and batches of n events.
func roomy(tb testing.TB, n int) *world {
	tb.Helper()
	w := warm(tb, steady, 20*time.Second)
	w.records = append(make([]record, 0, len(w.records)+n), w.records...)
	w.batches = append(make([]batchState, 0, len(w.batches)+n), w.batches...)
	return w
}

// A hold is the hold model on the bare engine.
type hold struct {
	engine sim.Engine
	gaps   rng.Stream
}

// newHold has as many pending events as a steady world.
func newHold(tb testing.TB) *hold {
	tb.Helper()
	h := &hold{gaps: rng.New(1, "bench", "gaps")}
	for range warm(tb, steady, time.Second).engine.Len() {
		h.engine.After(h.gaps.ExpDuration(time.Millisecond), 1, 0, 0)
	}
	return h
}

func (h *hold) step() {
	e, _ := h.engine.Next()
	h.engine.Schedule(e.At.Add(h.gaps.ExpDuration(time.Millisecond)), 1, e.Entity, 0)
}

// TestNoAllocationInSteadyState: an event of a healthy cluster allocates nothing.
// Records, batches and logs are kept for the ledger, so their slices grow with
// what is produced; they are given room first.
func TestNoAllocationInSteadyState(t *testing.T) {
	w := warm(t, steady, 30*time.Second)
	const events = 200_000
	w.records = append(make([]record, 0, len(w.records)+events), w.records...)
	w.batches = append(make([]batchState, 0, len(w.batches)+events), w.batches...)
	for i := range w.replicas {
		l := &w.replicas[i].log
		l.entries = append(make([]entry, 0, len(l.entries)+events), l.entries...)
	}
	perRun := testing.AllocsPerRun(1, func() {
		for range events / 2 {
			w.step()
		}
	})
	// The few that remain come by the second or less often: group records,
	// commits and heartbeats that carry their own values.
	if perEvent := perRun / (events / 2); perEvent > 0.005 {
		t.Errorf("%.4f allocations an event in steady state", perEvent)
	}
	if w.failure != nil {
		t.Error(w.failure)
	}
}
