package batch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"kafkasim/models/analytic"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// TestMain adds the swarm's flags:
//
//	go test ./models/batch -run TestSwarm -swarm.hours=1000 -timeout 0
//	go test ./models/batch -run TestSwarm -swarm.seed=N -v
func TestMain(m *testing.M) {
	flag.Float64("swarm.hours", 50, "simulated hours of TestSwarm")
	flag.Uint64("swarm.first", 1, "the first seed of TestSwarm")
	flag.Int("swarm.failures", 10, "TestSwarm begins no more scenarios after so many failures")
	flag.Uint64("swarm.seed", 0, "run the scenario of this one seed and show it")
	m.Run()
}

func swarmFlag[T any](name string) T {
	return flag.Lookup(name).Value.(flag.Getter).Get().(T)
}

// TestSwarm runs random scenarios with random faults, each for a few simulated
// minutes. Every invariant is checked in every run, conservation at its end, and that
// nothing went beyond what closed forms say of the scenario (models/analytic); one run in sixteen is done twice and must be the same twice.
func TestSwarm(t *testing.T) {
	if seed := swarmFlag[uint64]("swarm.seed"); seed != 0 {
		text, _ := swarmScenario(seed)
		t.Logf("the scenario:\n%s", text)
		if err := runSwarm(seed, true); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		return
	}
	hours := swarmFlag[float64]("swarm.hours")
	first := swarmFlag[uint64]("swarm.first")
	want := time.Duration(hours * float64(time.Hour))
	if testing.Short() {
		want = min(want, time.Hour)
	}
	last, simulated := first, time.Duration(0)
	for ; simulated < want; last++ {
		_, duration := swarmScenario(last)
		simulated += duration
	}
	failures := runSeeds(first, last)
	t.Logf("%d scenarios (seeds %d to %d), %.1f simulated hours of load, %d failures", last-first, first, last-1, simulated.Hours(), len(failures))
	for i, f := range failures {
		if i >= 3 {
			t.Errorf("seed %d: %.200v", f.seed, f.err)
			continue
		}
		text, _ := swarmScenario(f.seed)
		t.Errorf("seed %d: %v\nreplay: go test ./models/batch -run TestSwarm -swarm.seed=%d -v\nthe scenario:\n%s", f.seed, f.err, f.seed, text)
	}
}

// A swarmFailure is a seed whose run broke something.
type swarmFailure struct {
	seed uint64
	err  error
}

// runSeeds runs the seeds first..last-1 on as many workers as Go may use, until
// enough have failed, and returns what failed, by seed.
func runSeeds(first, last uint64) []swarmFailure {
	seeds := make(chan uint64)
	var mu sync.Mutex
	var failures []swarmFailure
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := range seeds {
				if err := runSwarm(seed, seed%16 == 0); err != nil {
					mu.Lock()
					failures = append(failures, swarmFailure{seed, err})
					mu.Unlock()
				}
			}
		})
	}
	most := swarmFlag[int]("swarm.failures")
	enough := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(failures) >= most
	}
	for seed := first; seed < last && !enough(); seed++ {
		seeds <- seed
	}
	close(seeds)
	workers.Wait()
	slices.SortFunc(failures, func(a, b swarmFailure) int { return int(int64(a.seed) - int64(b.seed)) })
	return failures
}

// A patience is a context that ends when a run has had too many events: a run
// that never gets on is told from a long one by them, and not by the clock. The
// runner asks every checkEvery events.
type patience struct {
	context.Context
	left int
}

var errStuck = errors.New("too many events for its simulated time: it is stuck")

func (p *patience) Err() error {
	p.left--
	if p.left < 0 {
		return errStuck
	}
	return nil
}

// mostEvents bounds the events of a simulated second: an order of magnitude more
// than the busiest of these scenarios has.
const mostEvents = 200_000

// runSwarm runs the scenario of a seed; twice where it must be the same twice.
func runSwarm(seed uint64, twice bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	text, _ := swarmScenario(seed)
	spec, problems := scenarios.Parse("swarm.yaml", []byte(text), nil)
	if len(problems) > 0 {
		return fmt.Errorf("the scenario is invalid: %v", problems)
	}
	if len(spec.Unsupported) > 0 {
		return fmt.Errorf("the scenario is not supported: %v", spec.Unsupported)
	}
	plane, err := New(spec)
	if err != nil {
		return err
	}
	runner := plane.NewRunner()
	one, err := swarmRun(runner, spec)
	if err != nil || !twice {
		return err
	}
	again, err := swarmRun(runner, spec) // with the memory of the first
	if err != nil {
		return fmt.Errorf("the second run only: %w", err)
	}
	if one.Fingerprint != again.Fingerprint {
		return fmt.Errorf("the same seed gave the fingerprints %x and %x", one.Fingerprint, again.Fingerprint)
	}
	a, b := sheetText(one), sheetText(again)
	for i := range a {
		if a[i] != b[i] {
			return fmt.Errorf("the same seed gave two results:\n%s\n%s", a[i], b[i])
		}
	}
	return nil
}

func swarmRun(r *Runner, spec *scenarios.Spec) (result.Replication, error) {
	whole := prologue + spec.Duration + spec.Drain
	ctx := &patience{context.Background(), 10 + int(whole.Seconds()*mostEvents)/checkEvery}
	out, err := r.Run(ctx, 0)
	if err != nil {
		return out, err
	}
	report := analytic.Of(spec)
	return out, beyondBounds(&report, out)
}

// sheetText is what a replication observed, in words that can be compared.
func sheetText(r result.Replication) []string {
	var lines []string
	for _, o := range r.Observations {
		line := fmt.Sprint(o.Name, " ", o.Observed, " ", o.Value, " ", o.Numerator, " ", o.Denominator)
		if d := o.Distribution; d != nil {
			line += fmt.Sprint(" ", d.Count(), " ", d.Max(), " ", d.Quantile(0.5), " ", d.Quantile(0.99))
		}
		lines = append(lines, line)
	}
	for _, s := range r.Series {
		lines = append(lines, fmt.Sprint(s.Name, " ", s.Values))
	}
	return append(lines, r.Warnings...)
}
