package plot_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/compare"
	"kafkasim/reports/plot"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/sim/rng"
)

// set is n runs of a leader's crash.
func set(t *testing.T, origin result.Origin, seed uint64, n int) *result.Set {
	t.Helper()
	header := resulttest.Header()
	header.Origin, header.About = origin, crash()
	header.Grid = result.Grid{Step: time.Second, Count: 41}
	var all []*resulttest.Run
	for i := range n {
		s := rng.New(rng.Derive(seed, uint64(i)), "plot", "runs")
		away := 9 - 2*s.Float64() + 1.125*s.Float64()
		var latencies []int64
		for range 500 {
			latencies = append(latencies, int64(1e9*0.005*math.Exp(0.4*s.Norm())))
		}
		for k := range 4 {
			latencies = append(latencies, int64(1e9*away/float64(k+1)))
		}
		lag := make([]float64, 41)
		for k := range lag {
			since := float64(k) - 15
			switch {
			case k == 40:
				lag[k] = math.NaN()
			case since >= 0 && since < away:
				lag[k] = 300 * since
			case since >= away && since < away+4:
				lag[k] = 300 * away * (1 - (since-away)/4)
			}
		}
		lost := 0.0
		if s.Float64() < 0.2 {
			lost = float64(s.IntN(40))
		}
		all = append(all, resulttest.NewRun().
			Count("acked", 40000).Count("delivered", 40000-lost).Count("lost.acked", lost).
			Value("elections.clean", 4).
			Value("produce.stall", away+0.3*s.Exp()).
			Value("leaderless.time", 4*away).
			Ratio("produce.availability", 360-4*away, 360).
			Distribution("produce.latency", latencies...).
			Distribution("lag.records", 0, 0, 0, int64(300*away)).
			Distribution("network.in", int64(1e6+10000*s.Norm()), int64(9e6+100000*s.Norm())).
			Series("lag.records", lag...).
			Series("records.phantom", slices.Repeat([]float64{math.NaN()}, 41)...))
	}
	return resulttest.Set(t, header, all...)
}

// crash is a scenario with a fault that heals and one that does not.
func crash() result.About {
	return result.About{Duration: 35 * time.Second, Warmup: 5 * time.Second, Faults: []result.Fault{
		{At: 15 * time.Second, Until: 30 * time.Second, Words: "broker crash: leader of events-0"},
		{At: 16 * time.Second, Until: result.NotHealed, Words: "consumer crash: member 1 of viewing-history"},
	}}
}

// figures are those of a comparison on so many draws.
func figures(t *testing.T, draws int) []*plot.Figure {
	t.Helper()
	in := compare.Input{Measured: set(t, result.Measured, 99, 5)}
	for d := range draws {
		in.Predicted = append(in.Predicted, set(t, result.Simulated, uint64(d), 120/draws))
	}
	v, err := compare.Compare([]compare.Input{in})
	if err != nil {
		t.Fatal(err)
	}
	return plot.Scenario(&v.Scenarios[0])
}

// written are a figure's bytes, also left in $PLOTS for a person to look at.
func written(t *testing.T, f *plot.Figure) (svg, picture []byte) {
	t.Helper()
	var a, b bytes.Buffer
	if err := errors.Join(f.WriteSVG(&a), f.WritePNG(&b)); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("PLOTS"); dir != "" {
		path := filepath.Join(dir, f.Name)
		if err := errors.Join(os.WriteFile(path+".svg", a.Bytes(), 0o644), os.WriteFile(path+".png", b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return a.Bytes(), b.Bytes()
}

// sound checks that both forms are pictures without numbers that are none.
func sound(t *testing.T, f *plot.Figure) (svg string) {
	t.Helper()
	vector, picture := written(t, f)
	if !bytes.Contains(vector, []byte("<svg")) || !bytes.Contains(vector, []byte("</svg>")) {
		t.Errorf("%s: no SVG", f.Name)
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if bytes.Contains(vector, []byte(bad)) {
			t.Errorf("%s: the SVG has %s in it", f.Name, bad)
		}
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	if size := decoded.Bounds().Size(); size.X < 700 || size.Y < 100 {
		t.Errorf("%s is only %v", f.Name, size)
	}
	if r, g, b, a := decoded.At(1, 1).RGBA(); r != 0xffff || g != 0xffff || b != 0xffff || a != 0xffff {
		t.Errorf("%s: the paper is not white", f.Name)
	}
	return string(vector)
}

func TestScenarioDrawsWhatCounts(t *testing.T) {
	t.Parallel()
	var got []string
	svgs := map[string]string{}
	for _, f := range figures(t, 1) {
		got = append(got, f.Name)
		svgs[f.Name] = sound(t, f)
	}
	want := []string{
		"overview", "time-lag.records", "records.delivered", "records.lost.acked", "produce.latency", "produce.stall",
		"produce.availability", "leaderless.time", "lag.records", "network.in",
	}
	// Durability follows from the losses, but is not the same in every replication.
	got = slices.DeleteFunc(got, func(name string) bool { return strings.HasPrefix(name, "durability.") })
	if !slices.Equal(got, want) {
		t.Errorf("figures %v, want %v", got, want)
	}
	for name, words := range map[string][]string{
		"overview":         {"leader-crash-acks-1: pass", "produce.latency p99", "95 % interval for one repetition"},
		"produce.latency":  {"everything observed, pooled", "p50: ", "[ms]", "10 ms", "99.9", "120 replications predicted, 5 repetitions measured"},
		"produce.stall":    {"share at most this", "[s]"},
		"time-lag.records": {"broker crash", "consumer crash", "time since the load began [s]", "range over repetitions"},
	} {
		for _, w := range words {
			if !strings.Contains(svgs[name], w) {
				t.Errorf("%s does not say %q", name, w)
			}
		}
	}
}

func TestEqualInputsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	first, second := figures(t, 4), figures(t, 4)
	if len(first) != len(second) {
		t.Fatalf("%d figures and %d", len(first), len(second))
	}
	for i := range first {
		svg, picture := written(t, first[i])
		again, pictureAgain := written(t, second[i])
		if !bytes.Equal(svg, again) || !bytes.Equal(picture, pictureAgain) {
			t.Errorf("%s differs", first[i].Name)
		}
	}
}

func TestNothingComparedGivesNoOverview(t *testing.T) {
	t.Parallel()
	if f := plot.Overview(&compare.Scenario{Rows: []compare.Row{{Metric: "fencings", Column: "value"}}}); f != nil {
		t.Errorf("an overview of nothing: %+v", f)
	}
	if f := plot.Fitted("t", "", "s", []plot.Pair{{Measured: 0, Fitted: 1}, {Measured: math.NaN(), Fitted: 1}}); f != nil {
		t.Error("a scatter of nothing")
	}
}

// TestOverviewShowsWhatIsFarOff: intervals without a width and values far beyond
// have a place.
func TestOverviewShowsWhatIsFarOff(t *testing.T) {
	t.Parallel()
	nan := compare.Number(math.NaN())
	s := &compare.Scenario{Name: "s", Verdict: compare.Fail, Rows: []compare.Row{
		{Metric: "records.lost.acked", Column: "value", Unit: "records", Counted: true, Measured: []compare.Number{0, 500, nan}, MeasuredMedian: 250},
		{Metric: "produce.stall", Column: "value", Unit: "s", Counted: true, Low: 7, High: 10, Median: 8.6, Measured: []compare.Number{8, 11, 99}, MeasuredMedian: 11},
	}}
	svg := sound(t, plot.Overview(s))
	for _, words := range []string{"0 → 250", "7 … 10 s → 11 s"} {
		if !strings.Contains(svg, words) {
			t.Errorf("the overview does not say %q", words)
		}
	}
}

func TestFitted(t *testing.T) {
	t.Parallel()
	stream := rng.New(3, "fitted", "")
	var pairs []plot.Pair
	for g := range 7 {
		for range 5 {
			m := 0.001 * math.Exp(2*stream.Norm())
			pairs = append(pairs, plot.Pair{Group: fmt.Sprintf("delivery.latency of group %d", g), Measured: m, Fitted: m * math.Exp(0.05*stream.Norm()), Error: 0.05})
		}
	}
	f := plot.Fitted("Latencies of a healthy cluster", "a machine", "s", pairs)
	svg := sound(t, f)
	for _, words := range []string{"measured", "fitted", "delivery.latency of group 6", "within 10 %", "1 ms"} {
		if !strings.Contains(svg, words) {
			t.Errorf("the figure does not say %q", words)
		}
	}
}

// A fullDisk takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreTold(t *testing.T) {
	t.Parallel()
	f := plot.Fitted("t", "", "s", []plot.Pair{{Measured: 1, Fitted: 1}})
	if err := f.WriteSVG(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("SVG: %v", err)
	}
	if err := f.WritePNG(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("PNG: %v", err)
	}
}
