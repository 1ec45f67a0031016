package batch

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kafkasim/models/analytic"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// beyondBounds says where a replication went beyond what the scenario alone can
// cost: nothing may, and what its own faults can cost (loss.bound.acked) lies in
// between.
func beyondBounds(report *analytic.Report, rep result.Replication) error {
	var wrong []string
	check := func(metric, bounded string) {
		for i := range rep.Observations {
			if o := &rep.Observations[i]; o.Name == metric && o.Observed {
				if b := report.Find(bounded); b.Exceeded(o.Value) {
					wrong = append(wrong, fmt.Sprintf("%s is %.6g, and the scenario's bound is %.6g: %+v", metric, o.Value, b.Value, b.Terms))
				}
			}
		}
	}
	check("loss.bound.acked", "records.lost.acked")
	for i := range report.Bounds {
		check(report.Bounds[i].Metric, report.Bounds[i].Metric)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// swarmOfOne is the scenario of a seed with one of its faults alone, so that the
// sharper bounds speak, which hold where nothing else is at work.
func swarmOfOne(seed uint64) (text string, duration time.Duration) {
	text, duration = swarmScenario(seed)
	head, faults, some := strings.Cut(text, "faults:\n")
	if !some {
		return text, duration
	}
	lines := strings.SplitAfter(strings.TrimSuffix(faults, "\n"), "\n")
	return head + "faults:\n" + strings.TrimSuffix(lines[seed%uint64(len(lines))], "\n") + "\n", duration
}

// TestSwarmWithinBounds runs the swarm's scenarios with one fault each: no replication
// goes beyond a bound. The bounds that are known at all must be most of them.
func TestSwarmWithinBounds(t *testing.T) {
	first, count := swarmFlag[uint64]("swarm.first"), uint64(8*swarmFlag[float64]("swarm.hours"))
	if testing.Short() {
		count = 40
	}
	type tallied struct{ known, all int }
	var mu sync.Mutex
	known := map[string]*tallied{}
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := range seeds {
				text, _ := swarmOfOne(seed)
				spec, problems := scenarios.Parse("swarm.yaml", []byte(text), nil)
				if len(problems) > 0 {
					t.Errorf("seed %d: %v", seed, problems)
					continue
				}
				plane, err := New(spec)
				if err == nil {
					_, err = swarmRun(plane.NewRunner(), spec)
				}
				if err != nil {
					t.Errorf("seed %d: %v\nthe scenario:\n%s", seed, err, text)
				}
				report := analytic.Of(spec)
				mu.Lock()
				for i := range report.Bounds {
					b := &report.Bounds[i]
					if known[b.Metric] == nil {
						known[b.Metric] = &tallied{}
					}
					known[b.Metric].all++
					if b.Known {
						known[b.Metric].known++
					}
				}
				mu.Unlock()
			}
		})
	}
	for seed := first; seed < first+count; seed++ {
		seeds <- seed
	}
	close(seeds)
	workers.Wait()
	for _, metric := range slices.Sorted(maps.Keys(known)) {
		t.Logf("%s: a bound in %d of %d scenarios", metric, known[metric].known, known[metric].all)
	}
}

// TestShippedWithinBounds: no replication of a shipped scenario goes beyond a bound.
func TestShippedWithinBounds(t *testing.T) {
	for _, e := range scenarios.Embedded() {
		t.Run(e.Folder+"/"+e.Name, func(t *testing.T) {
			t.Parallel()
			spec, problems := scenarios.Parse(e.Name, e.Source, nil)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if len(spec.Unsupported) > 0 {
				t.Skip(spec.Unsupported[0].Message)
			}
			plane, err := New(spec)
			if err != nil {
				t.Fatal(err)
			}
			report, runner := analytic.Of(spec), plane.NewRunner()
			replications := 4
			if testing.Short() {
				replications = 1
			}
			for i := range replications {
				rep, err := runner.Run(t.Context(), i)
				if err == nil {
					err = beyondBounds(&report, rep)
				}
				if err != nil {
					t.Fatalf("replication %d: %v", i, err)
				}
			}
		})
	}
}
