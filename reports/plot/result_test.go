package plot_test

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/plot"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

func inline(t *testing.T, f *plot.Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteInline(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// simulated is a result with a few series, a loss, and an objective.
func simulated(t *testing.T) *result.Set {
	t.Helper()
	s := set(t, result.Simulated, 1, 30)
	s.Objectives = []result.ObjectiveResult{
		{Expression: "max(produce.stall) < 12 s", Metric: "produce.stall", Limit: 12},
		{Expression: "P(produce.stall > 1 s) < 1", Metric: "produce.stall", Limit: math.NaN()},
	}
	line := slices.Repeat([]float64{2}, s.Grid.Count)
	for _, name := range []string{"leaders{broker=1}", "leaders{broker=2}", "lag.records{group=a}", "lag.records{group=b}"} {
		s.Series = append(s.Series, result.SeriesSummary{Name: name, Mean: line, Min: line, Max: line})
	}
	return s
}

func TestResultFigures(t *testing.T) {
	t.Parallel()
	s := simulated(t)
	svgs := map[string]string{}
	var names []string
	for _, f := range append(plot.ResultTimes(s), plot.ResultDistributions(s)...) {
		sound(t, f)
		names = append(names, f.Name)
		svgs[f.Name] = inline(t, f)
	}
	want := []string{
		"time-lag-records", "time-leaders",
		"distribution-records.lost.acked", "distribution-produce.latency", "distribution-lag.records", "distribution-produce.stall", "distribution-leaderless.time",
	}
	if !slices.Equal(names, want) {
		t.Errorf("figures %v, want %v", names, want)
	}
	for name, words := range map[string][]string{
		"time-leaders":                 {"broker 1", "broker 2", "warm-up", "broker crash", "load ends", "<title>at 15 s\nbroker 1 2\nbroker 2 2\nbroker crash: leader of events-0 begins at 15 s</title>"},
		"distribution-produce.stall":   {"objective 12 s", "p50 ", "p95 ", "at most "},
		"distribution-produce.latency": {"10 ms", "1 s", "p99.9 "},
		"distribution-lag.records":     {"exactly 0: 75 %"},
	} {
		for _, w := range words {
			if !strings.Contains(svgs[name], w) {
				t.Errorf("%s does not say %q:\n%s", name, w, svgs[name])
			}
		}
	}
	if n := strings.Count(svgs["distribution-produce.stall"], "objective"); n != 1 {
		t.Errorf("%d objectives have a line with a name, and one sets a value", n)
	}
}

// TestTheBoundHasALine: the most that the faults can cost stands in the picture of
// what they did cost, also where that is nothing.
func TestTheBoundHasALine(t *testing.T) {
	t.Parallel()
	var runs []*resulttest.Run
	for i := range 4 {
		runs = append(runs, resulttest.NewRun().Count("acked", 100).Count("delivered", 100).Value("loss.bound.acked", float64(40+i)))
	}
	figures := plot.ResultDistributions(resulttest.Set(t, resulttest.Header(), runs...))
	if len(figures) != 1 || !strings.Contains(inline(t, figures[0]), "bound 43") {
		t.Errorf("%d figures, and no line at the bound", len(figures))
	}
}

// TestInlineFiguresFollowThePage: an inline figure has the page's colours and fonts,
// no title of its own, and texts as wide as they were laid out for.
func TestInlineFiguresFollowThePage(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(plot.ResultTimes(simulated(t)), plot.ResultDistributions(simulated(t)), figures(t, 4)) {
		if colours := regexp.MustCompile(`#[0-9A-Fa-f]{6}`).FindAllString(inline(t, f), -1); len(colours) > 0 {
			t.Errorf("%s: the colours %v do not follow the page", f.Name, colours)
		}
	}
	f := plot.ResultTimes(simulated(t))[0]
	text := inline(t, f)
	if strings.Contains(text, "font-family") || strings.Contains(text, "<?xml") || strings.Contains(text, ">"+f.Title+"<") {
		t.Errorf("the figure has a font, a header or a title of its own:\n%s", text)
	}
	texts := regexp.MustCompile(`<text [^>]*>[^<]{2,}</text>`).FindAllString(text, -1)
	for _, e := range texts {
		if !strings.Contains(e, "textLength=") {
			t.Errorf("no width: %s", e)
		}
	}
	if len(texts) < 10 {
		t.Errorf("only %d texts", len(texts))
	}
	for _, v := range plot.Variables() {
		if len(v.Light) != 7 || len(v.Dark) != 7 {
			t.Errorf("the colour %+v", v)
		}
	}
}

// TestManyLinesCanBeTold: two lines of one colour differ in their dashes.
func TestManyLinesCanBeTold(t *testing.T) {
	t.Parallel()
	h := resulttest.Header()
	h.Grid = result.Grid{Step: time.Second, Count: 3}
	run := resulttest.NewRun()
	for b := range 14 {
		run.Series("network.in{broker="+string(rune('a'+b))+"}", float64(b), float64(b), float64(b))
	}
	figures := plot.ResultTimes(resulttest.Set(t, h, run))
	if len(figures) != 1 {
		t.Fatalf("%d figures", len(figures))
	}
	styles := map[string]int{}
	for _, m := range regexp.MustCompile(`<path d="M[^"]*L[^"]*L[^"]*" style="([^"]*stroke:[^"]*)"`).FindAllStringSubmatch(inline(t, figures[0]), -1) {
		styles[m[1]]++
	}
	for style, n := range styles {
		if n > 1 {
			t.Errorf("%d lines look the same: %s", n, style)
		}
	}
	if len(styles) < 14 {
		t.Errorf("only %d different lines", len(styles))
	}
}
