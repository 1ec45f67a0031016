package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"kafkasim/reports/check"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// crash is a leader crash with acks=1 as twenty replications might see it.
func crash(t *testing.T) *result.Set {
	t.Helper()
	stream := rng.New(1, "render", "figures")
	latencies := func(n int, median, spread float64) []int64 {
		out := make([]int64, n)
		for i := range out {
			out[i] = int64(1e9 * median * math.Exp(spread*stream.Norm()))
		}
		return out
	}
	var runs []*resulttest.Run
	for i := range 20 {
		lost := 0.0
		if i%4 == 1 {
			lost = float64(3 + stream.IntN(40))
		}
		generated := float64(40000 + stream.IntN(400) - 200)
		failover := 8.6 + 0.6*stream.Norm()
		r := resulttest.NewRun().
			Count("acked", generated-25).Count("delivered", generated-25-lost).Count("lost.acked", lost).
			Count("lost.expired", 25).Count("duplicated.consumed", float64(stream.IntN(300))).
			Value("loss.bound.acked", 5000).
			Value("produce.stall", failover+0.4).
			Value("leaderless.time", 2*failover).
			Value("under_replicated.time", 6*failover+120).
			Value("under_min_isr.time", 0).
			Ratio("produce.availability", 360-2*failover, 360).
			Value("elections.clean", 4).Value("elections.unclean", 0).
			Value("isr.shrinks", 8).Value("isr.expands", 8).Value("fencings", 1).Value("rebalances", 0).
			Value("consumers.time", 210).
			Distribution("produce.latency", latencies(400, 0.006, 0.6)...).
			Distribution("delivery.latency", latencies(400, 0.011, 0.9)...).
			Distribution("leader.failover", int64(1e9*failover), int64(1e9*failover)+4e6).
			Distribution("lag.time", latencies(50, 0.02, 2)...).
			Distribution("lag.time{group=viewing-history}", latencies(50, 0.02, 2)...).
			Distribution("lag.time{group=search-index-updates-eu-west-1}", latencies(50, 0.01, 1)...)
		for _, name := range []string{"lag.records", "lag.records{group=viewing-history}", "lag.records{group=search-index-updates-eu-west-1}"} {
			r.Distribution(name, int64(stream.IntN(20)), int64(stream.IntN(200)), int64(stream.IntN(9000)))
		}
		if i == 7 {
			r.Value("lag.drain", math.NaN()).Warn("fault at 30 s: leader of events-0 names nothing; skipped")
		} else {
			r.Value("lag.drain", 2+stream.Float64())
		}
		runs = append(runs, r)
	}
	set := resulttest.Set(t, resulttest.Header(), runs...)
	check.Judge(set, &scenarios.Spec{Objectives: []scenarios.Objective{
		{Expression: "durability.acked.nines >= 5", Metric: "durability.acked.nines", Op: scenarios.OpGreaterEqual, Value: 5},
		{Expression: "p99(produce.latency) < 50 ms", Aggregate: scenarios.AggregateQuantile, Quantile: 0.99, Metric: "produce.latency", Op: scenarios.OpLess, Value: 0.05},
		{Expression: "max(produce.stall) < 60 s", Aggregate: scenarios.AggregateMax, Metric: "produce.stall", Op: scenarios.OpLess, Value: 60},
		{Expression: "P(records.lost.acked > 0) <= 1e-6", Aggregate: scenarios.AggregateProbability, Metric: "records.lost.acked", InnerOp: scenarios.OpGreater, Op: scenarios.OpLessEqual, Value: 1e-6},
		{Expression: "elections.clean == 4", Metric: "elections.clean", Op: scenarios.OpEqual, Value: 4},
		{Expression: "records.duplicated.consumed < 150", Metric: "records.duplicated.consumed", Op: scenarios.OpLess, Value: 150},
		{Expression: "max(rebalance.pause) < 5 s", Aggregate: scenarios.AggregateMax, Metric: "rebalance.pause", Op: scenarios.OpLess, Value: 5},
	}})
	return set
}

// calm is a set of acks=all: nothing is lost, so that durability is a bound.
func calm(t *testing.T) *result.Set {
	t.Helper()
	var runs []*resulttest.Run
	for range 3 {
		runs = append(runs, resulttest.NewRun().
			Count("acked", 40000).Count("delivered", 40000).Value("loss.bound.acked", 12).
			Value("lag.drain", math.NaN()).Value("rebalances", 0).Value("produce.stall", 0).
			Distribution("leader.failover").
			Distribution("produce.latency", 1e6, 2e6, 3e6))
	}
	h := resulttest.Header()
	h.Scenario = "healthy-baseline"
	h.Seed = math.MaxUint64
	set := resulttest.Set(t, h, runs...)
	set.Partial = true
	return set
}

func drawn(t *testing.T, set *result.Set, options render.TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Terminal(&b, set, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the table differs from %s (GOLDEN=update rewrites it):\n%s", path, got)
	}
}

func TestTerminalGoldens(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 60, 80, 120} {
		golden(t, fmt.Sprintf("crash-%d.txt", width), drawn(t, crash(t), render.TerminalOptions{Width: width}))
	}
	golden(t, "calm-80.txt", drawn(t, calm(t), render.TerminalOptions{}))
	golden(t, "colour-80.txt", drawn(t, crash(t), render.TerminalOptions{Width: 80, Colour: true}))
}

func TestNoLineIsLongerThanTheWidth(t *testing.T) {
	t.Parallel()
	long := crash(t)
	long.Scenario = strings.Repeat("a-very-long-name", 20)
	long.Warnings = append(long.Warnings, strings.Repeat("x", 500)+" "+strings.Repeat("word ", 100))
	long.Objectives[0].Expression = "max(lag.records{group=" + strings.Repeat("g", 249) + "}) < 1"
	name := "lag.drain{group=" + strings.Repeat("g", 249) + "}"
	long.Metrics = append(long.Metrics, result.Metric{
		Name: name, Unit: "s", Kind: result.Gauge, Mean: 1, CI95: result.NoInterval(),
		Samples: []result.Column{{Name: "value", Values: make([]float64, 20)}},
	})
	for _, set := range []*result.Set{long, calm(t), {}} {
		for width := 40; width <= 200; width++ {
			for i, line := range strings.Split(drawn(t, set, render.TerminalOptions{Width: width}), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Fatalf("width %d, line %d has %d columns: %s", width, i+1, n, line)
				}
			}
		}
	}
}

func TestWidthsOutOfRangeAreTakenAsTheNearest(t *testing.T) {
	t.Parallel()
	set := crash(t)
	if drawn(t, set, render.TerminalOptions{Width: 3}) != drawn(t, set, render.TerminalOptions{Width: 40}) {
		t.Error("width 3 is not drawn as 40")
	}
	if drawn(t, set, render.TerminalOptions{Width: 5000}) != drawn(t, set, render.TerminalOptions{Width: 200}) {
		t.Error("width 5000 is not drawn as 200")
	}
	if drawn(t, set, render.TerminalOptions{}) != drawn(t, set, render.TerminalOptions{Width: 80}) {
		t.Error("no width is not drawn as 80")
	}
}

func TestColoursAddNothingButColours(t *testing.T) {
	t.Parallel()
	set := crash(t)
	coloured := drawn(t, set, render.TerminalOptions{Width: 80, Colour: true})
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
		if !strings.Contains(coloured, code) {
			t.Errorf("no %q anywhere", code)
		}
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != drawn(t, set, render.TerminalOptions{Width: 80}) {
		t.Error("without its colours the table is another")
	}
}

func TestNamesCannotWriteToTheTerminal(t *testing.T) {
	t.Parallel()
	set := calm(t)
	set.Scenario = "a\x1b[2Jb"
	set.Warnings = []string{"bell\a and\r return"}
	got := drawn(t, set, render.TerminalOptions{})
	if strings.ContainsAny(got, "\x1b\a\r") {
		t.Errorf("control characters came through: %q", got)
	}
}

// What is read back from a file is drawn as what was written to it.
func TestAReportIsDrawnAgainFromItsFile(t *testing.T) {
	t.Parallel()
	set := crash(t)
	var file bytes.Buffer
	if err := render.JSON(&file, set); err != nil {
		t.Fatal(err)
	}
	again, err := result.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	options := render.TerminalOptions{Width: 100}
	if drawn(t, again, options) != drawn(t, set, options) {
		t.Error("the table of the file is another")
	}
}

// A fullDisk takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreTold(t *testing.T) {
	t.Parallel()
	if err := render.Terminal(fullDisk{}, calm(t), render.TerminalOptions{}); !errors.Is(err, errFull) {
		t.Errorf("error = %v, want %v", err, errFull)
	}
	if err := render.JSON(fullDisk{}, calm(t)); !errors.Is(err, errFull) {
		t.Errorf("error = %v, want %v", err, errFull)
	}
}
