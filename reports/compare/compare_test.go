package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/sim/rng"
)

// A trial is a verification of made-up scenarios.
type trial struct {
	scenarios, repetitions, draws int
	predicted, measured           law
	wrong                         int // scenarios that are measured by another law: measured
}

// verification verifies once, with seeds of its own. The scenarios that are not wrong
// are measured as they are predicted.
func (c *trial) verification(t *testing.T, n int) *Verification {
	t.Helper()
	var inputs []Input
	for s := range c.scenarios {
		seed := rng.Derive(uint64(n), uint64(s))
		measured := c.predicted
		if s < c.wrong {
			measured = c.measured
		}
		name := fmt.Sprintf("scenario-%d", s)
		in := Input{Measured: named(draw(t, result.Measured, rng.Derive(seed, 1000), c.repetitions, measured), name)}
		for d := range c.draws {
			in.Predicted = append(in.Predicted, named(draw(t, result.Simulated, rng.Derive(seed, uint64(d)), 400/c.draws, c.predicted), name))
		}
		inputs = append(inputs, in)
	}
	v, err := compareWith(inputs, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// passes counts how many of a number of verifications pass.
func (c *trial) passes(t *testing.T, trials int) int {
	t.Helper()
	passed := 0
	for n := range trials {
		if c.verification(t, n).Verdict == Pass {
			passed++
		}
	}
	return passed
}

// onMachine is a law whose latencies and stalls depend on the machine: by a
// factor that all repetitions share and that spreads as much as given.
func onMachine(spread float64) law {
	return func(machine, s *rng.Stream) map[string][]float64 {
		factor := math.Exp(spread * machine.Norm())
		values := failover(9)(machine, s)
		for _, name := range []string{"produce.latency", "delivery.latency", "lag.records"} {
			for i := range values[name] {
				values[name][i] *= factor
			}
		}
		return values
	}
}

// TestRightModelsPass: at most one in 20 right models fails. Of 120 a model that
// failed with exactly 5 % would fail more than 14 times with probability 0.1 %.
func TestRightModelsPass(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]trial{
		"one scenario, two repetitions":      {scenarios: 1, repetitions: 2, draws: 1, predicted: failover(9)},
		"one scenario, ten repetitions":      {scenarios: 1, repetitions: 10, draws: 1, predicted: failover(9)},
		"six scenarios, two repetitions":     {scenarios: 6, repetitions: 2, draws: 1, predicted: failover(9)},
		"the machine is known to 30 %":       {scenarios: 1, repetitions: 3, draws: 40, predicted: onMachine(0.3)},
		"hardly more than the machine's law": {scenarios: 1, repetitions: 3, draws: 40, predicted: onMachine(3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 120 - c.passes(t, 120)
			t.Logf("%d of 120 failed", n)
			if n > 14 {
				t.Error("more than one in 20 right models fails")
			}
		})
	}
}

// TestWrongModelsFail: a session timeout of 6 s instead of 9 s moves the failover
// by 3 s, out of everything that was predicted. Each of 30 fails.
func TestWrongModelsFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]trial{
		"two repetitions":                        {scenarios: 1, wrong: 1, repetitions: 2, draws: 1, predicted: failover(6), measured: failover(9)},
		"six scenarios":                          {scenarios: 6, wrong: 6, repetitions: 2, draws: 1, predicted: failover(6), measured: failover(9)},
		"one of six":                             {scenarios: 6, wrong: 1, repetitions: 2, draws: 1, predicted: failover(6), measured: failover(9)},
		"one of 20, five repetitions":            {scenarios: 20, wrong: 1, repetitions: 5, draws: 1, predicted: failover(6), measured: failover(9)},
		"the same where latencies are uncertain": {scenarios: 1, wrong: 1, repetitions: 2, draws: 40, predicted: onMachine(0.3), measured: failover(12)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trials := 30
			if c.scenarios == 20 {
				trials = 5
			}
			if n := c.passes(t, trials); n > 0 {
				t.Errorf("%d of %d wrong models passed", n, trials)
			}
		})
	}
}

// TestProfilesWithoutTheirErrorFail shows what the draws are for: a machine that
// is known to 30 % and taken as exact is not predicted.
func TestProfilesWithoutTheirErrorFail(t *testing.T) {
	t.Parallel()
	c := trial{scenarios: 1, repetitions: 5, draws: 1, predicted: onMachine(0.3)}
	if n := c.passes(t, 30); n > 15 {
		t.Errorf("%d of 30 passed although the prediction is of another machine", n)
	}
}

func TestWrongScenarioIsNamed(t *testing.T) {
	t.Parallel()
	c := trial{scenarios: 3, wrong: 1, repetitions: 2, draws: 1, predicted: failover(6), measured: failover(9)}
	v := c.verification(t, 1)
	if v.ExitCode() != 99 {
		t.Errorf("exit code %d, want 99", v.ExitCode())
	}
	for i := range v.Scenarios {
		want := Pass
		if i == 0 {
			want = Fail
		}
		if v.Scenarios[i].Verdict != want {
			t.Errorf("%s: %s, want %s", v.Scenarios[i].Name, v.Scenarios[i].Verdict, want)
		}
	}
	if words := strings.Join(v.Words, " "); !strings.Contains(words, "Failed: scenario-0.") {
		t.Errorf("the words do not name it: %s", words)
	}
	first := v.Scenarios[0].Words[0] + v.Scenarios[0].Words[1]
	if !strings.Contains(first, "s predicted") || !strings.Contains(strings.Join(v.Scenarios[0].Words, " "), "Grossly off: leader.failover p50: ") {
		t.Errorf("the words do not say what is off: %q", v.Scenarios[0].Words)
	}
}

// TestPooledJudgesEverythingTogether: one metric that is grossly off in one of 20 scenarios fails a
// verification and not the coverage of everything; six of six fail both; and the words
// still name what is off.
func TestPooledJudgesEverythingTogether(t *testing.T) {
	t.Parallel()
	offInOneRow := func(machine, s *rng.Stream) map[string][]float64 {
		values := failover(9)(machine, s)
		for i := range values["lag.records"] {
			values["lag.records"][i] *= 100
		}
		return values
	}
	c := trial{scenarios: 20, wrong: 1, repetitions: 5, draws: 1, predicted: failover(9), measured: offInOneRow}
	v := c.verification(t, 1)
	if v.ExitCode() != 99 {
		t.Fatalf("exit code %d, want 99", v.ExitCode())
	}
	v.JudgePooled()
	words := strings.Join(v.Words, " ")
	if v.ExitCode() != 0 || !strings.Contains(words, "Judged by everything together alone.") || !strings.Contains(words, "Failed: scenario-0.") {
		t.Errorf("exit code %d, want 0; the words are %q", v.ExitCode(), words)
	}
	c = trial{scenarios: 6, wrong: 6, repetitions: 2, draws: 1, predicted: failover(6), measured: failover(9)}
	v = c.verification(t, 1)
	if v.JudgePooled(); v.ExitCode() != 99 {
		t.Errorf("a wrong model: exit code %d, want 99", v.ExitCode())
	}
	c = trial{scenarios: 1, repetitions: 1, draws: 1, predicted: failover(9)}
	v = c.verification(t, 1)
	if v.JudgePooled(); v.ExitCode() != 98 {
		t.Errorf("a single repetition: exit code %d, want 98", v.ExitCode())
	}
}

// one verifies one scenario of given samples.
func one(t *testing.T, predicted, measured map[string][][]float64) *Verification {
	t.Helper()
	n, m := 0, 0
	for _, values := range predicted {
		n = len(values[0])
	}
	for _, values := range measured {
		m = len(values[0])
	}
	v, err := Compare([]Input{{
		Predicted: []*result.Set{setOf(t, result.Simulated, 1, n, predicted)},
		Measured:  setOf(t, result.Measured, 1, m, measured),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// constants are n times the same value, as one column.
func constants(v float64, n int) [][]float64 { return [][]float64{slices.Repeat([]float64{v}, n)} }

// ramp is from, from+1, ..., n values of one column.
func ramp(from float64, n int) [][]float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = from + float64(i)
	}
	return [][]float64{values}
}

// rowOf finds a row.
func rowOf(t *testing.T, v *Verification, title string) *Row {
	t.Helper()
	for i := range v.Scenarios[0].Rows {
		if r := &v.Scenarios[0].Rows[i]; r.Title() == title {
			return r
		}
	}
	t.Fatalf("no row %s", title)
	return nil
}

// TestConstantPredictions: what every replication predicts alike does not count
// where it came true, does where it did not, and is grossly wrong when several
// repetitions say so.
func TestConstantPredictions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		measured []float64
		counted  bool
		covered  int
		verdict  Verdict
	}{
		{"as predicted", []float64{0, 0, 0}, false, 3, Pass},
		{"once another", []float64{0, 7, 0}, true, 2, Inconclusive},
		{"always another", []float64{7, 9, 5}, true, 0, Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := one(t, map[string][][]float64{"records.lost.acked": constants(0, 400), "produce.stall": ramp(1, 400)},
				map[string][][]float64{"records.lost.acked": {c.measured}, "produce.stall": {{100, 200, 300}}})
			r := rowOf(t, v, "records.lost.acked")
			if r.Low != 0 || r.High != 0 {
				t.Errorf("the interval is %v to %v, want 0 alone", r.Low, r.High)
			}
			if r.Counted != c.counted || r.Covered != c.covered || r.Verdict != c.verdict {
				t.Errorf("counted %v, covered %d, %s; want %v, %d, %s", r.Counted, r.Covered, r.Verdict, c.counted, c.covered, c.verdict)
			}
		})
	}
}

func TestTheSameNumberCountsOnce(t *testing.T) {
	t.Parallel()
	same := map[string][][]float64{}
	measured := map[string][][]float64{}
	for _, name := range []string{"produce.stall", "produce.stall{topic=events}", "leaderless.time"} {
		same[name], measured[name] = ramp(1, 100), [][]float64{{20, 30}}
	}
	same["produce.stall{topic=other}"], measured["produce.stall{topic=other}"] = ramp(1, 100), [][]float64{{20, 31}}
	distribution := ramp(1, 100)[0]
	same["leader.failover"] = [][]float64{distribution, distribution, distribution, distribution}
	measured["leader.failover"] = [][]float64{{40, 50}, {40, 50}, {40, 50}, {40, 51}}
	v := one(t, same, measured)
	var got []string
	for _, r := range v.Scenarios[0].Rows {
		if r.Counted {
			got = append(got, r.Title())
		}
	}
	want := []string{"produce.stall", "produce.stall{topic=other}", "leader.failover p50", "leader.failover mean"}
	if !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if r := rowOf(t, v, "leaderless.time"); r.Reason != "the same number as produce.stall" {
		t.Errorf("the reason is %q", r.Reason)
	}
	if v.Pooled.Values != 8 || v.Pooled.Rows != 4 {
		t.Errorf("%d values of %d rows, want 8 of 4", v.Pooled.Values, v.Pooled.Rows)
	}
}

func TestWhatIsNotComparedOrNotObserved(t *testing.T) {
	t.Parallel()
	never := constants(math.NaN(), 100)
	v := one(t, map[string][][]float64{
		"produce.stall": ramp(1, 100), "lag.drain": never, "rebalance.pause": ramp(1, 100), "under_min_isr.time": ramp(0, 100),
		"loss.bound.acked": ramp(1, 100), "durability.acked.nines": ramp(1, 100), "durability.acked": ramp(1, 100),
		"loss.probability": constants(0, 100), "leaderless.time": {append(slices.Repeat([]float64{math.NaN()}, 70), ramp(1, 30)[0]...)},
	}, map[string][][]float64{
		"produce.stall": {{50, math.NaN(), 60}}, "lag.drain": {{1, 2, 3}}, "rebalance.pause": constants(math.NaN(), 3),
		"loss.bound.acked": {{1, 2, 3}}, "durability.acked.nines": {{1, 2, 3}}, "durability.acked": {{1, 2, 3}},
		"loss.probability": {{0, 1, 1}}, "leaderless.time": {{1, 2, 3}},
	})
	s := &v.Scenarios[0]
	want := []Absence{{"under_min_isr.time", "measured"}, {"lag.drain", "predicted"}, {"rebalance.pause", "measured"}}
	if !slices.Equal(s.NotObserved, want) {
		t.Errorf("not observed: %v, want %v", s.NotObserved, want)
	}
	for _, r := range s.Rows {
		if r.Metric == "loss.bound.acked" || r.Metric == "durability.acked.nines" {
			t.Errorf("%s has a row", r.Metric)
		}
		if r.Counted != (r.Metric == "produce.stall") {
			t.Errorf("%s: counted %v (%s)", r.Title(), r.Counted, r.Reason)
		}
	}
	if r := rowOf(t, v, "produce.stall"); r.Values != 2 || len(r.Measured) != 3 || r.Measured[1].known() {
		t.Errorf("produce.stall has %d values: %v", r.Values, r.Measured)
	}
	if r := rowOf(t, v, "leaderless.time"); r.Reason != "too few replications observed it" {
		t.Errorf("leaderless.time does not count because: %q", r.Reason)
	}
	// None of 100 replications lost anything, two of three repetitions did.
	if r := rowOf(t, v, "loss.probability share"); r.Median != 0 || math.Abs(float64(r.MeasuredMedian)-2./3) > 1e-12 || r.Covered != 0 {
		t.Errorf("loss.probability: %v predicted, %v measured, covered %d", r.Median, r.MeasuredMedian, r.Covered)
	}
	notes := strings.Join(s.Notes, " ")
	for _, words := range []string{
		"lag.drain had a value in 0 of 100 replications and in 3 of 3 repetitions.",
		"rebalance.pause had a value in 100 of 100 replications and in 0 of 3 repetitions.",
	} {
		if !strings.Contains(notes, words) {
			t.Errorf("nobody says: %s\n%s", words, notes)
		}
	}
}

func TestTooFewAreNoData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		replications, repetitions int
		words                     string
	}{
		{"one repetition", 400, 1, "No data: 1 repetition; at least 2 are needed, because a single one cannot be told from a mishap."},
		{"38 replications", 38, 5, "No data: 38 replications; at least 39 are needed for an interval of 95 %."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := one(t, map[string][][]float64{"produce.stall": ramp(1, c.replications)}, map[string][][]float64{"produce.stall": ramp(5, c.repetitions)})
			if v.Verdict != NoData || v.ExitCode() != 98 || v.Scenarios[0].Words[0] != c.words {
				t.Errorf("%s, exit code %d: %q", v.Verdict, v.ExitCode(), v.Scenarios[0].Words)
			}
		})
	}
	if v, err := Compare(nil); err != nil || v.Verdict != NoData {
		t.Errorf("nothing at all: %v, %v", v.Verdict, err)
	}
}

// TestNoDataDoesNotHideAFailure: a scenario that lacks repetitions leaves the
// verdict open unless another one fails.
func TestNoDataDoesNotHideAFailure(t *testing.T) {
	t.Parallel()
	lacking := Input{
		Predicted: []*result.Set{named(draw(t, result.Simulated, 1, 400, failover(9)), "lacking")},
		Measured:  named(draw(t, result.Measured, 2, 1, failover(9)), "lacking"),
	}
	for session, want := range map[float64]Verdict{9: NoData, 6: Fail} {
		v, err := Compare([]Input{lacking, {
			Predicted: []*result.Set{draw(t, result.Simulated, 3, 400, failover(session))},
			Measured:  draw(t, result.Measured, 4, 3, failover(9)),
		}})
		if err != nil || v.Verdict != want {
			t.Errorf("session timeout %v: %s, want %s (%v)", session, v.Verdict, want, err)
		}
	}
}

func TestDisturbedRepetitionsCountAndAreSaid(t *testing.T) {
	t.Parallel()
	predicted := setOf(t, result.Simulated, 1, 100, map[string][][]float64{"produce.stall": ramp(1, 100)})
	measured := setOf(t, result.Measured, 1, 4, map[string][][]float64{"produce.stall": {{40, 500, 50, 60}}})
	v, err := Compare([]Input{{
		Predicted: []*result.Set{predicted}, Measured: measured, Disturbed: []Disturbance{{2, "the clock jumped"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Pooled.Values != 4 || v.Pooled.Covered != 3 {
		t.Errorf("%d of %d, want 3 of 4", v.Pooled.Covered, v.Pooled.Values)
	}
	if u := v.Pooled.Undisturbed; u == nil || *u != (Share{3, 3}) {
		t.Errorf("undisturbed %v, want 3 of 3", u)
	}
	if words := strings.Join(v.Words, " "); !strings.Contains(words, "Without the disturbed repetitions 3 of 3 (100 %).") {
		t.Errorf("the words do not say so: %s", words)
	}
}

func TestSetsOfDifferentScenariosAreRefused(t *testing.T) {
	t.Parallel()
	a := setOf(t, result.Simulated, 1, 100, map[string][][]float64{"produce.stall": ramp(1, 100)})
	b := setOf(t, result.Measured, 1, 100, map[string][][]float64{"produce.stall": ramp(1, 100)})
	b.SpecSHA256 = "other"
	if _, err := Compare([]Input{{Predicted: []*result.Set{a}, Measured: b}}); err == nil {
		t.Error("two specs were compared")
	}
	if _, err := Compare([]Input{{Predicted: []*result.Set{a}}}); err == nil {
		t.Error("a missing measurement was compared")
	}
	b.SpecSHA256 = "abc"
	in := Input{Predicted: []*result.Set{a}, Measured: b}
	if _, err := Compare([]Input{in, in}); err == nil {
		t.Error("one scenario was compared twice")
	}
}
