package compare

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"kafkasim/reports/result"
	"kafkasim/sim/rng"
	"kafkasim/sim/stats"
)

// TestIntervalsCoverOneFurtherValue: whatever the law, the share of further
// values that lie in the interval is 1 − 2⌊0.025 (N+1)⌋/(N+1), here of a normal
// and a very skew one. 20,000 trials know it to 0.15 % standard error; four are allowed.
func TestIntervalsCoverOneFurtherValue(t *testing.T) {
	t.Parallel()
	for name, law := range map[string]func(*rng.Stream) float64{
		"normal":    (*rng.Stream).Norm,
		"lognormal": func(s *rng.Stream) float64 { return math.Exp(3 * s.Norm()) },
	} {
		stream := rng.New(7, "intervals", name)
		for n, want := range map[int]float64{39: 0.95, 100: 1 - 4./101, 199: 0.95} {
			const trials = 20_000
			covered := 0
			for range trials {
				r := row{sets: [][]float64{make([]float64, n)}, sorted: make([]float64, n), Row: Row{Observed: n}}
				for i := range r.sorted {
					r.sorted[i] = law(&stream)
				}
				slices.Sort(r.sorted)
				r.predict()
				if v := law(&stream); float64(r.Low) <= v && v <= float64(r.High) {
					covered++
				}
				if math.Abs(float64(r.Promised)-want) > 1e-12 {
					t.Fatalf("%d replications promise %v, want %v", n, r.Promised, want)
				}
			}
			if got := float64(covered) / trials; math.Abs(got-want) > 0.006 {
				t.Errorf("%s, %d replications: %.4f covered, want %.4f", name, n, got, want)
			}
		}
	}
}

// TestIntervalsKnowWhatDrawsAreWorth: where all of a prediction's spread is that
// of the profile, 400 replications on 50 draws are worth 50, and their interval
// covers what a further machine does in at least 95 % of 4,000 trials, less four
// standard errors of 0.35 %.
func TestIntervalsKnowWhatDrawsAreWorth(t *testing.T) {
	t.Parallel()
	stream := rng.New(7, "intervals", "draws")
	const trials, draws, each = 4000, 50, 8
	covered := 0
	for range trials {
		r := row{}
		for range draws {
			r.sets = append(r.sets, slices.Repeat([]float64{stream.Norm()}, each))
		}
		r.sorted = slices.Concat(r.sets...)
		slices.Sort(r.sorted)
		r.Observed = len(r.sorted)
		r.within = intraclass(r.middleRanks())
		r.predict()
		if v := stream.Norm(); float64(r.Low) <= v && v <= float64(r.High) {
			covered++
		}
		if math.Abs(r.effective()-draws) > 1e-6 {
			t.Fatalf("%d draws of %d are worth %v", draws, each, r.effective())
		}
	}
	if got := float64(covered) / trials; got < 0.95-0.014 {
		t.Errorf("%.4f covered", got)
	}
}

func TestIntraclassCorrelation(t *testing.T) {
	t.Parallel()
	stream := rng.New(7, "intraclass", "")
	make2 := func(between, within float64) [][]float64 {
		groups := make([][]float64, 200)
		for g := range groups {
			shared := between * stream.Norm()
			for range 20 {
				groups[g] = append(groups[g], shared+within*stream.Norm())
			}
		}
		return groups
	}
	for _, c := range []struct{ between, within, want float64 }{{0, 1, 0}, {1, 1, 0.5}, {2, 1, 0.8}, {1, 0, 1}} {
		// Its standard error is about 0.03 for 200 groups of 20; four are allowed.
		if got := intraclass(make2(c.between, c.within)); math.Abs(got-c.want) > 0.12 {
			t.Errorf("intraclass of %v between and %v within = %.3f, want %v", c.between, c.within, got, c.want)
		}
	}
	if got := intraclass([][]float64{{1, 2, 3}}); got != 0 {
		t.Errorf("of one group: %v", got)
	}
	if got := intraclass([][]float64{{5, 5}, {5, 5}, nil}); got != 0 {
		t.Errorf("of equal values: %v", got)
	}
}

// TestMissesAreFivePercent: the law of misses has the mean 0 in excess of 5 %,
// also for values that are nearly always the same; and values that are the same
// number miss together, which widens it.
func TestMissesAreFivePercent(t *testing.T) {
	t.Parallel()
	shared := ramp(1, 200)[0]
	rare := slices.Repeat([]float64{0}, 200)
	rare[17] = 3
	values := map[string][][]float64{"produce.stall": {shared}, "records.phantom": {rare}, "lag.drain": {shared}, "leaderless.time": {shared}}
	for _, distinct := range []string{"lag.drain", "leaderless.time"} {
		values[distinct] = [][]float64{slices.Clone(shared)}
		values[distinct][0][3]++ // else it is the same number and does not count
	}
	values["leaderless.time"][0][4]++
	in := Input{
		Predicted: []*result.Set{setOf(t, result.Simulated, 1, 200, values)},
		Measured: setOf(t, result.Measured, 1, 3, map[string][][]float64{
			"produce.stall": {{1, 2, 3}}, "records.phantom": {{0, 0, 0}}, "lag.drain": {{1, 2, 3}}, "leaderless.time": {{1, 2, 3}},
		}),
	}
	s := newScenario(&in, 20_000)
	if n := len(counted([]*scenario{s}, every)); n != 4 {
		t.Fatalf("%d rows count, want 4", n)
	}
	mean, squares := 0.0, 0.0
	for _, e := range s.law {
		mean += e / float64(len(s.law))
		squares += e * e / float64(len(s.law))
	}
	// Three rows that miss together, three repetitions each: the variance is
	// 3 × (9 + 1) × 0.0475 = 1.4, and that of the mean of 20,000 draws 7e-5: four
	// standard errors are 0.034.
	if math.Abs(mean) > 0.034 {
		t.Errorf("the mean excess is %.4f, want 0", mean)
	}
	if want := 3 * (9 + 1) * 0.0475; math.Abs(squares-want) > 0.15*want {
		t.Errorf("the variance is %.3f, want %.3f", squares, want)
	}
}

// TestLeastCoveredIsWhereTheTestTurns holds the two against each other.
func TestLeastCoveredIsWhereTheTestTurns(t *testing.T) {
	t.Parallel()
	stream := rng.New(3, "null", "")
	law := make(null, 2000)
	for i := range law {
		for range 200 {
			law[i] -= 0.05
			if stream.Float64() < 0.05 {
				law[i]++
			}
		}
	}
	least := law.leastCovered(200, 0.05)
	if p := law.p(200, 200-least); p <= 0.05 {
		t.Errorf("%d covered have P %.4f and should pass", least, p)
	}
	if p := law.p(200, 200-least+1); p > 0.05 {
		t.Errorf("%d covered have P %.4f and should fail", least-1, p)
	}
	// Independent values: the binomial law. P(Bin(200, 0.05) ≥ 16) = 0.044, of ≥ 15 0.078.
	if least != 200-15 {
		t.Errorf("at least %d must be covered, want 185", least)
	}
	if least := law.leastCovered(3, 0.0001); least != 0 {
		t.Errorf("of 3 values at least %d, though no number of misses is that unlikely", least)
	}
}

func TestRelativeErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		predicted, measured float64
		unit                string
		want                float64
	}{
		{9, 10, "s", 0.1},
		{11, 10, "records", 0.1},
		{0, 0, "s", 0},
		{0.010, 0, "s", 0.2}, // of 50 ms
		{3, 0, "records", 3}, // records
		{0, 4, "", 1},
	} {
		if got := relativeError(c.predicted, c.measured, c.unit); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("of %v predicted and %v %s measured: %v, want %v", c.predicted, c.measured, c.unit, got, c.want)
		}
	}
}

// TestIntervalScores: a miss by a fortieth of the width costs as much as an
// interval of twice the width.
func TestIntervalScores(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ low, high, v, want float64 }{
		{1, 3, 2, 2}, {1, 3, 3, 2}, {1, 3, 3.05, 4}, {1, 3, 0.95, 4}, {2, 2, 2, 0}, {2, 2, 3, 40},
	} {
		if got := intervalScore(c.low, c.high, c.v); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("score of [%v, %v] at %v = %v, want %v", c.low, c.high, c.v, got, c.want)
		}
	}
}

// TestScoreAgainstTheReference: of a normal law predicted exactly, the mean ratio
// of scores is near the 1.19 of interval score over width (4.67 σ / 3.92 σ), and
// the width near that of the measured spread; an interval three times as wide
// scores about 3.
func TestScoreAgainstTheReference(t *testing.T) {
	t.Parallel()
	stream := rng.New(5, "score", "")
	for _, wide := range []float64{1, 3} {
		var scores, widths []float64
		for range 500 {
			r := row{Row: Row{Unit: "s", Low: Number(100 - 1.96*20*wide), High: Number(100 + 1.96*20*wide), Median: 100}}
			for range 10 {
				r.measured = append(r.measured, 100+20*stream.Norm())
			}
			r.score()
			scores = append(scores, float64(r.Score/r.Reference))
			widths = append(widths, float64(r.WidthRatio))
		}
		if got := sum(scores) / 500; math.Abs(got-map[float64]float64{1: 1.2, 3: 3}[wide]) > 0.15*wide {
			t.Errorf("%v times as wide scores %.3f", wide, got)
		}
		slices.Sort(widths)
		if got := stats.Median(widths); math.Abs(got-wide) > 0.1*wide {
			t.Errorf("%v times as wide has the width ratio %.3f", wide, got)
		}
	}
}

// TestDeviationHasNoBias over normal samples of 2 and 5: the mean of 20,000 is
// known to 0.6 % for 2.
func TestDeviationHasNoBias(t *testing.T) {
	t.Parallel()
	stream := rng.New(5, "deviation", "")
	for _, n := range []int{2, 5} {
		mean := 0.0
		values := make([]float64, n)
		for range 20_000 {
			for i := range values {
				values[i] = 7 + 3*stream.Norm()
			}
			mean += deviation(values) / 20_000
		}
		if math.Abs(mean-3) > 0.07 {
			t.Errorf("of %d values: %.3f, want 3", n, mean)
		}
	}
}

// TestShareIntervals: of many trials it is the binomial's, of none seen in few it
// stays wide.
func TestShareIntervals(t *testing.T) {
	t.Parallel()
	low, high := shareInterval(300_000, 1_000_000, 20)
	b := distuv.Binomial{N: 20, P: 0.3}
	wantLow, wantHigh := 0., 0.
	for b.CDF(wantLow) < 0.025 {
		wantLow++
	}
	for b.CDF(wantHigh) < 0.975 {
		wantHigh++
	}
	if low != wantLow/20 || high != wantHigh/20 {
		t.Errorf("%v to %v, want %v to %v", low, high, wantLow/20, wantHigh/20)
	}
	if low, high := shareInterval(0, 400, 5); low != 0 || high != 0 {
		t.Errorf("0 of 400: %v to %v of 5", low, high)
	}
	if _, high := shareInterval(0, 10, 5); high == 0 {
		t.Error("0 of 10 leaves nothing to 5 more")
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		low, high float64
		unit      string
		want      string
	}{
		{0, 0, "records", "0"},
		{8.5, 9.5, "s", "8.5 … 9.5 s"},
		{10.0101, 10.0141, "s", "10.01 s ± 2 ms"},
		{12, 12, "s", "12 s"},
	} {
		if got := Span(c.low, c.high, c.unit); got != c.want {
			t.Errorf("Span(%v, %v) = %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

func TestJSONComesBack(t *testing.T) {
	t.Parallel()
	c := trial{scenarios: 2, wrong: 1, repetitions: 2, draws: 4, predicted: failover(6), measured: failover(9)}
	v := c.verification(t, 3)
	v.Version = "1.2.3"
	v.Calibration = &Calibration{Profile: "container", Source: "measured here", Draws: 4, Provenance: []string{"a line"}}
	v.Environment = &Environment{Kafka: []string{"4.3.1"}, Image: "kafkasim/kafka:4.3.1"}
	var first, second bytes.Buffer
	if err := v.WriteJSON(&first); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(first.String(), "NaN") || !strings.Contains(first.String(), `"verdict": "fail"`) {
		t.Error("the JSON has NaN in it, or lacks the verdict")
	}
	read, err := Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := read.WriteJSON(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("writing what was read gives other bytes")
	}
	again := c.verification(t, 3)
	again.Version, again.Calibration, again.Environment = v.Version, v.Calibration, v.Environment
	second.Reset()
	if err := again.WriteJSON(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("equal inputs give other bytes (%v)", err)
	}
	for _, bad := range []string{"", "{}", "[]", first.String() + "x", `{"verdict": "pass"}`} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%.20q was read", bad)
		}
	}
}
