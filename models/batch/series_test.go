package batch

import (
	"math"
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// TestTimeLinesAddUp: what is drawn over time is what the ledger counts at the end. A
// broker dies at 15 s and comes back at 30 s: every partition has one leader or none
// at each moment, the rates of records times the step are the records but for those of
// the last step, and the dead broker leads nothing and receives nothing.
func TestTimeLinesAddUp(t *testing.T) {
	t.Parallel()
	e, found := scenarios.ByName("leader-crash-acks-1")
	if !found {
		t.Fatal("there is no such scenario")
	}
	spec, problems := scenarios.Parse(e.Name, e.Source, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plane, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	r, err := plane.NewRunner().Run(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	line := func(name string) []float64 {
		for _, s := range r.Series {
			if s.Name == name {
				return s.Values
			}
		}
		t.Fatalf("there is no series %s", name)
		return nil
	}
	step := plane.Grid().Step
	for _, name := range []string{"records.generated", "records.acked", "records.delivered"} {
		total := 0.0
		for _, v := range line(name) {
			if !math.IsNaN(v) {
				total += v * step.Seconds()
			}
		}
		// The run ends within a step, whose records no point has: a step at 1,000/s, and
		// half as many again for chance (9 standard deviations).
		last := 1.5 * 1000 * step.Seconds()
		if want := counted(t, r, name); total > want+0.5 || total < want-last {
			t.Errorf("the time line of %s sums up to %v, the ledger has %v", name, total, want)
		}
	}
	leaders := [][]float64{line("leaders{broker=1}"), line("leaders{broker=2}"), line("leaders{broker=3}")}
	in := line("network.in{broker=1}")
	if !math.IsNaN(in[0]) || !(in[1] > 0) {
		t.Errorf("bytes at the first points: %v", in[:2])
	}
	away := func(i int) bool {
		at := time.Duration(i) * step
		return at > 15*time.Second+step && at < 30*time.Second
	}
	for i, leaderless := range line("leaderless") {
		if math.IsNaN(leaderless) {
			continue
		}
		if sum := leaders[0][i] + leaders[1][i] + leaders[2][i] + leaderless; sum != 12 {
			t.Fatalf("at point %d %v of 12 partitions have a leader or none", i, sum)
		}
		if away(i) && (leaders[0][i] != 0 || in[i] != 0) {
			t.Fatalf("the dead broker leads %v partitions and receives %v bytes/s at point %d", leaders[0][i], in[i], i)
		}
	}
}

func counted(t *testing.T, r result.Replication, name string) float64 {
	t.Helper()
	for _, o := range r.Observations {
		if o.Name == name {
			return o.Value
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
