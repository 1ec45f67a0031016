package contrast_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/sim/rng"
)

// A world makes replications in which everything that two sides share is drawn once.
type world struct {
	stall, lost func(r int) float64
	extra       func(r int, run *resulttest.Run)
}

// set is n replications of a world.
func set(t *testing.T, n int, seed uint64, w world) *result.Set {
	t.Helper()
	var runs []*resulttest.Run
	for r := range n {
		lost := 0.0
		if w.lost != nil {
			lost = w.lost(r)
		}
		run := resulttest.NewRun().Count("acked", 10_000).Count("delivered", 10_000-lost).Count("lost.acked", lost)
		if w.stall != nil {
			run.Value("produce.stall", w.stall(r))
		}
		if w.extra != nil {
			w.extra(r, run)
		}
		runs = append(runs, run)
	}
	h := resulttest.Header()
	h.Seed = seed
	return resulttest.Set(t, h, runs...)
}

// held is B held against A at 5 %.
func held(t *testing.T, a, b *result.Set, change ...func(*contrast.Options)) *contrast.Comparison {
	t.Helper()
	if a != b {
		b.SpecSHA256 = "0" + b.SpecSHA256[1:] // another scenario
	}
	o := contrast.Options{Version: "0.1.0", Alpha: 0.05}
	for _, c := range change {
		c(&o)
	}
	got, err := contrast.Compare(contrast.Input{Set: a}, contrast.Input{Set: b}, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func gate(percent float64) func(*contrast.Options) {
	return func(o *contrast.Options) { o.Gate, o.Percent = true, percent }
}

func only(patterns ...string) func(*contrast.Options) {
	return func(o *contrast.Options) { o.Metrics = patterns }
}

func find(t *testing.T, c *contrast.Comparison, title string) *contrast.Row {
	t.Helper()
	for i := range c.Rows {
		if c.Rows[i].Title() == title {
			return &c.Rows[i]
		}
	}
	t.Fatalf("there is no row %s", title)
	return nil
}

// noise is a value a replication, the same for both sides.
func noise(seed uint64) func(r int) float64 {
	return func(r int) float64 {
		s := rng.New(seed, "contrast", string(rune('a'+r%26))+string(rune('a'+r/26)))
		return s.Norm()
	}
}

// TestTwinsShowWhatSamplesHide: a stall that is 1 % longer in every replication is
// seen at once among twins; among samples whose spread is 10 % it is not.
func TestTwinsShowWhatSamplesHide(t *testing.T) {
	t.Parallel()
	common, own := noise(1), noise(2)
	short := world{stall: func(r int) float64 { return 10 + common(r) }}
	long := world{stall: func(r int) float64 { return 10.1 + common(r) + 0.01*own(r) }}
	twins := held(t, set(t, 20, 1, short), set(t, 20, 1, long))
	row := find(t, twins, "produce.stall")
	if !twins.Paired || row.Verdict != contrast.Worse || row.AdjustedP > 1e-5 {
		t.Errorf("twins: paired %v, %s, p = %v; want worse", twins.Paired, row.Verdict, row.AdjustedP)
	}
	if d := row.PairDifference; d == nil || math.Abs(float64(d.Value)-0.1) > 0.01 || d.Low > 0.1 || d.High < 0.1 {
		t.Errorf("the difference in a pair is %+v, want 0.1 s and an interval around it", d)
	}
	samples := held(t, set(t, 20, 1, short), set(t, 20, 2, long))
	if row := find(t, samples, "produce.stall"); samples.Paired || row.Verdict != contrast.Nothing || row.PairDifference != nil {
		t.Errorf("samples: paired %v, %s; want ~", samples.Paired, row.Verdict)
	}
	if !strings.Contains(strings.Join(samples.Design, " "), "the seeds are 1 and 2") {
		t.Errorf("nothing says why they are no twins: %v", samples.Design)
	}
}

// TestRareLossesAreMeans: where most replications lose nothing both medians are 0,
// and the mean says what differs.
func TestRareLossesAreMeans(t *testing.T) {
	t.Parallel()
	every := func(k int, n float64) world {
		return world{lost: func(r int) float64 {
			if r%k == 0 {
				return n
			}
			return 0
		}}
	}
	c := held(t, set(t, 60, 1, every(5, 100)), set(t, 60, 1, every(60, 0)))
	row := find(t, c, "records.lost.acked")
	if row.Centre != "mean" || row.A.Value != 20 || row.B.Value != 0 || row.Verdict != contrast.Better {
		t.Errorf("lost.acked: %s of %v and %v, %s; want the means 20 and 0, better", row.Centre, row.A.Value, row.B.Value, row.Verdict)
	}
	if row.B.High <= 0 {
		t.Errorf("what 60 quiet replications leave room for is %v, want more than 0", row.B.High)
	}
	// 12 of 60 pairs differ, all to one side: the sign test.
	if want := math.Ldexp(1, -11); math.Abs(float64(row.P)-want) > 1e-12 {
		t.Errorf("p = %v, want %v", row.P, want)
	}
	nines := find(t, c, "durability.acked.nines")
	if nines.SameAs != "durability.acked" || nines.Verdict != contrast.Better || !nines.B.Bound || !math.IsNaN(float64(nines.Difference)) {
		t.Errorf("nines: %+v; want the share's verdict, a bound, and no difference", nines)
	}
	if share := find(t, c, "durability.acked"); share.Centre != "pooled" || math.Abs(float64(share.Difference)-0.002) > 1e-9 {
		t.Errorf("durability: %s, +%v; want pooled, +0.002", share.Centre, share.Difference)
	}
}

// TestEqualRowsAreNotTested: what is the same in each pair, or the same number as
// another row, takes no part in the tests.
func TestEqualRowsAreNotTested(t *testing.T) {
	t.Parallel()
	common, own := noise(1), noise(3)
	with := func(shift float64) world {
		return world{
			stall: func(r int) float64 { return 10 + common(r) + shift*own(r) },
			extra: func(r int, run *resulttest.Run) {
				run.Value("rebalance.pause", 10+common(r)+shift*own(r)).Value("elections.clean", float64(r%3)).
					Value("lag.drain", math.NaN())
			},
		}
	}
	c := held(t, set(t, 20, 1, with(0)), set(t, 20, 1, with(1)))
	if c.Tested != 1 {
		t.Errorf("%d rows were tested, want 1", c.Tested)
	}
	if row := find(t, c, "rebalance.pause"); row.SameAs != "produce.stall" || row.P != find(t, c, "produce.stall").P {
		t.Errorf("rebalance.pause: %+v; want the same as produce.stall", row)
	}
	for _, title := range []string{"elections.clean", "records.acked", "records.lost.acked", "durability.acked"} {
		if row := find(t, c, title); row.Verdict != contrast.Equal {
			t.Errorf("%s: %s, want =", title, row.Verdict)
		}
	}
	if len(c.Absent) != 1 || c.Absent[0].Metric != "lag.drain" || c.Absent[0].Reason != "neither observed it" {
		t.Errorf("not compared: %v, want lag.drain", c.Absent)
	}
	// Samples that only have the same values in each pair may still differ.
	c = held(t, set(t, 20, 1, with(0)), set(t, 20, 2, with(0)))
	if row := find(t, c, "elections.clean"); row.Verdict != contrast.Nothing {
		t.Errorf("unpaired: elections.clean is %s, want ~", row.Verdict)
	}
}

// TestFalseAlarms: of 400 comparisons of equal laws, twins and samples, at most 5 %
// say that anything differs, four standard errors of that (4.4 %) allowed; and some
// do, since the adjustment is not that careful for a dozen rows.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	const runs, n = 400, 12
	s := rng.New(5, "contrast", "null")
	draw := func() world {
		values := make([][]float64, n)
		for r := range values {
			for range 9 {
				values[r] = append(values[r], 5+s.Norm())
			}
			values[r][1] = values[r][0] + 0.1*values[r][1] // rows hang together
			values[r][2] = math.Round(values[r][2])        // and have ties
		}
		return world{
			stall: func(r int) float64 { return values[r][0] },
			lost:  func(r int) float64 { return max(math.Round(values[r][8]-5), 0) },
			extra: func(r int, run *resulttest.Run) {
				for i, name := range []string{"rebalance.pause", "elections.clean", "under_replicated.time", "leaderless.time", "lag.drain", "consumers.time", "broker.utilization"} {
					run.Value(name, values[r][i+1])
				}
			},
		}
	}
	for _, seedOfB := range []uint64{1, 2} {
		alarms := 0
		for range runs {
			c := held(t, set(t, n, 1, draw()), set(t, n, seedOfB, draw()))
			if slices.ContainsFunc(c.Rows, func(r contrast.Row) bool {
				return r.Verdict == contrast.Better || r.Verdict == contrast.Worse || r.Verdict == contrast.Differs
			}) {
				alarms++
			}
		}
		t.Logf("seed of B %d: %d false alarms in %d comparisons", seedOfB, alarms, runs)
		if share := float64(alarms) / runs; share > 0.05+0.044 || alarms == 0 {
			t.Errorf("seed of B %d: %d of %d comparisons of equal laws say that something differs", seedOfB, alarms, runs)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	common, own := noise(1), noise(2)
	stall := func(longer float64) world {
		return world{stall: func(r int) float64 { return (10 + common(r)) * (1 + longer + 0.001*own(r)) }}
	}
	available := func(share float64) world {
		return world{extra: func(r int, run *resulttest.Run) {
			run.Ratio("produce.availability", 1000*share+0.01*own(r), 1000)
		}}
	}
	elections := func(more float64) world {
		return world{extra: func(r int, run *resulttest.Run) { run.Value("elections.clean", 4+more) }}
	}
	for _, c := range []struct {
		name    string
		n       int
		a, b    world
		percent float64
		want    int
	}{
		{"a longer stall fails", 20, stall(0), stall(0.1), 0, 99},
		{"a shorter one does not", 20, stall(0), stall(-0.1), 0, 0},
		{"10 % are let pass", 20, stall(0), stall(0.08), 10, 0},
		{"more are not", 20, stall(0), stall(0.12), 10, 99},
		{"chance does not fail", 20, stall(0), stall(0), 0, 0},
		{"too few replications cannot say", 5, stall(0), stall(0.1), 0, 98},
		{"what is missing of a share counts: twice as much is down", 20, available(0.999), available(0.998), 50, 99},
		{"a tenth more is down", 20, available(0.99), available(0.989), 50, 0},
		{"what has no direction is no regression", 20, elections(0), elections(9), 0, 0},
		{"losses where there were none are infinitely worse", 60, world{}, world{lost: func(r int) float64 { return float64(r % 2) }}, 1000, 99},
	} {
		got := held(t, set(t, c.n, 1, c.a), set(t, c.n, 1, c.b), gate(c.percent))
		if got.ExitCode() != c.want {
			t.Errorf("%s: exit code %d, want %d (%s)", c.name, got.ExitCode(), c.want, got.Gate.Words)
		}
		if marked := slices.ContainsFunc(got.Rows, func(r contrast.Row) bool { return r.Regression }); marked != (c.want == 99) {
			t.Errorf("%s: a row is marked %v", c.name, marked)
		}
	}
	one := set(t, 3, 1, stall(0))
	if got := held(t, one, one, gate(0)); got.ExitCode() != 0 || !got.SameRun {
		t.Errorf("one run with itself: exit code %d, the same run %v", got.ExitCode(), got.SameRun)
	}
	if got := held(t, one, set(t, 3, 1, stall(0.1))); got.ExitCode() != 0 {
		t.Errorf("without a gate: exit code %d", got.ExitCode())
	}
}

// TestGeometricMean by hand: stalls of 10 s and 20 s, pauses of 9 s and 4 s: the
// mean of a factor of 2 and one of 4/9 is √(8/9); a drain of 0 has no factor, and
// leaves of which more is better take no part.
func TestGeometricMean(t *testing.T) {
	t.Parallel()
	with := func(stall, pause float64) world {
		return world{stall: func(int) float64 { return stall }, extra: func(r int, run *resulttest.Run) {
			run.Value("rebalance.pause", pause).Value("lag.drain", 0).Ratio("produce.availability", 1, stall)
		}}
	}
	c := held(t, set(t, 8, 1, with(10, 9)), set(t, 8, 1, with(20, 4)))
	i := slices.IndexFunc(c.Means, func(m contrast.Mean) bool { return m.Group == "times" })
	if i < 0 || math.Abs(float64(c.Means[i].Ratio)-math.Sqrt(8./9)) > 1e-12 || c.Means[i].Rows != 2 || c.Means[i].Of != 3 {
		t.Errorf("geometric means: %+v, want √(8/9) of 2 of 3 rows", c.Means)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	stall := world{stall: func(r int) float64 { return 10 + noise(1)(r) }}
	long := func(shift float64) world {
		return world{stall: func(r int) float64 { return 10 + shift + noise(2)(r) }, extra: func(r int, run *resulttest.Run) {
			if r == 0 {
				run.Warn("the fault named nothing")
			}
		}}
	}
	for _, c := range []struct {
		name   string
		change func(a, b *result.Set)
		want   string // "" for none
	}{
		{"nothing is odd", func(_, b *result.Set) { b.Warnings = nil }, ""},
		{"its own", func(_, _ *result.Set) {}, "B: the fault named nothing (in 1 of 20 replications)"},
		{"planes", func(_, b *result.Set) { b.Plane = "flow" }, "A was simulated by the batch plane and B by the flow plane"},
		{"versions", func(a, _ *result.Set) { a.Version = "0.0.9" }, "A was made by kafkasim 0.0.9 and B by 0.1.0"},
		{"origins", func(a, _ *result.Set) { a.Origin = result.Measured }, "A was measured and B was simulated"},
		{"lengths", func(a, b *result.Set) {
			a.Grid, b.Grid = result.Grid{Step: time.Second, Count: 61}, result.Grid{Step: time.Second, Count: 121}
		}, "A covers 60 s and B 120 s of load and drain"},
		{"load", func(_, b *result.Set) {
			m, _ := b.Metric("records.generated")
			m.Mean *= 2
		}, "A was offered 10,000 records a replication and B 20,000"},
		{"twins by seed alone", func(_, b *result.Set) { b.Version = "0.0.9" }, "some of the difference may be the program's"},
		{"partial", func(a, _ *result.Set) { a.Partial = true }, "A is partial"},
		{"disturbed", func(_, b *result.Set) {
			b.Warnings = []string{result.DisturbedWarning(3, "the disk was full")}
		}, "B: 1 of 20 were disturbed"},
		{"never", func(_, b *result.Set) {
			m, _ := b.Metric("produce.stall")
			for i := range m.Samples[0].Values {
				m.Samples[0].Values[i] = math.NaN()
			}
		}, "produce.stall was observed in 20 of 20 replications of A and in none of B"},
		{"seldom", func(_, b *result.Set) {
			m, _ := b.Metric("produce.stall")
			m.Samples[0].Values[4] = math.NaN()
		}, "produce.stall had a value in 20 of 20 replications of A and in 19 of 20 of B"},
	} {
		a, b := set(t, 20, 1, stall), set(t, 20, 1, long(0.1))
		c.change(a, b)
		got := held(t, a, b).Warnings
		if c.want == "" && len(got) > 0 {
			t.Errorf("%s: %v", c.name, got)
		}
		if c.want != "" && !strings.Contains(strings.Join(got, "\n"), c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	few := held(t, set(t, 4, 1, stall), set(t, 4, 1, long(5))).Warnings
	if !strings.Contains(strings.Join(few, "\n"), "4 replications can never show a difference at 5 %") {
		t.Errorf("four replications of one row: %q", few)
	}
}

// TestEnoughIsEnough: the number of replications that the warning asks for is the
// least that can show a difference, with twins and with samples.
func TestEnoughIsEnough(t *testing.T) {
	t.Parallel()
	apart := func(n int, seed uint64) *contrast.Comparison {
		low := world{stall: func(r int) float64 { return 10 + 0.1*noise(1)(r) }}
		high := world{stall: func(r int) float64 { return 20 + 0.1*noise(2)(r) }}
		return held(t, set(t, n, 1, low), set(t, n, seed, high), only("produce.stall"))
	}
	for seed, enough := range map[uint64]int{1: 6, 2: 4} { // 2·2⁻⁶ = 0.031, 2/C(8,4) = 0.029
		if c := apart(enough, seed); find(t, c, "produce.stall").Verdict != contrast.Worse || len(c.Warnings) > 0 {
			t.Errorf("seed of B %d, %d replications: %s, %v", seed, enough, c.Rows[0].Verdict, c.Warnings)
		}
		c := apart(enough-1, seed)
		if find(t, c, "produce.stall").Verdict != contrast.Nothing || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], string(rune('0'+enough))+" or more a side can") {
			t.Errorf("seed of B %d, %d replications: %s, %v", seed, enough-1, c.Rows[0].Verdict, c.Warnings)
		}
	}
}

func TestMetricsAreChosen(t *testing.T) {
	t.Parallel()
	with := world{stall: func(int) float64 { return 1 }, extra: func(_ int, run *resulttest.Run) {
		run.Value("produce.stall{topic=a}", 1).Value("produce.stall{topic=b}", 1).Value("lag.drain", 2).Value("lag.drain{group=g}", 2).
			Value("broker.utilization{broker=1}", 0.5).Value("broker.utilization{broker=2}", 0.5).Distribution("produce.latency", 1, 2)
	}}
	a := set(t, 8, 1, with)
	titles := func(patterns ...string) string {
		var out []string
		for _, r := range held(t, a, a, only(patterns...)).Rows {
			out = append(out, r.Title())
		}
		return strings.Join(out, " ")
	}
	for pattern, want := range map[string]string{
		"produce.stall":     "produce.stall",
		"*.stall*":          "produce.stall produce.stall{topic=a} produce.stall{topic=b}",
		"*{topic=*}":        "produce.stall{topic=a} produce.stall{topic=b}",
		"lag.*n":            "lag.drain",
		"*lag*group*":       "lag.drain{group=g}",
		"produce.latency *": "produce.latency p50 produce.latency p99 produce.latency max",
		"*latency p99":      "produce.latency p99",
		"records.lost.*ed":  "records.lost.acked records.lost.expired records.lost.unconfirmed records.lost.skipped",
	} {
		if got := titles(pattern); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
	// Unasked: several labels that a user has named, and no brokers; one label says
	// what the total says.
	all := titles()
	for name, want := range map[string]bool{"produce.stall{topic=a}": true, "lag.drain{group=g}": false, "broker.utilization{broker=1}": false} {
		if strings.Contains(all, name) != want {
			t.Errorf("%s is shown unasked: %v, want %v", name, !want, want)
		}
	}
	if _, err := contrast.Compare(contrast.Input{Set: a}, contrast.Input{Set: a}, contrast.Options{Alpha: 0.05, Metrics: []string{"no.such*"}}); err == nil {
		t.Error("a pattern that fits nothing was taken")
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	w := world{stall: func(r int) float64 { return float64(r) }, lost: func(r int) float64 { return float64(r % 2) }}
	a, b := set(t, 6, 1, world{stall: w.stall}), set(t, 6, 1, w)
	var first, second bytes.Buffer
	for _, to := range []*bytes.Buffer{&first, &second} {
		if err := held(t, a, b, gate(0)).WriteJSON(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal comparisons give different bytes")
	}
	var read contrast.Comparison
	if err := json.Unmarshal(first.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if row := find(t, &read, "durability.acked.nines"); !row.A.Bound || !math.IsNaN(float64(row.Difference)) {
		t.Errorf("nines came back as %+v", row)
	}
	if read.Gate == nil || read.Gate.Verdict != contrast.GateNoData {
		t.Errorf("the gate came back as %+v", read.Gate)
	}
}
