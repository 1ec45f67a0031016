package plot

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// Scenario draws everything about one scenario: an overview of what counts, a
// figure for each metric that both sides observed and that could have come out
// otherwise, and a time line for each series.
func Scenario(spec *scenarios.Spec, in *compare.Input, compared *compare.Scenario) []*Figure {
	var figures []*Figure
	if f := Overview(compared); f != nil {
		figures = append(figures, f)
	}
	for i := 0; i < len(compared.Rows); {
		n := i + 1
		for n < len(compared.Rows) && compared.Rows[n].Metric == compared.Rows[i].Metric {
			n++
		}
		if f := Metric(in, compared.Rows[i:n]); f != nil {
			figures = append(figures, f)
		}
		i = n
	}
	return append(figures, TimeLines(spec, in)...)
}

// Metric draws the rows of one metric. It returns nil where they show nothing:
// they are certain, or the same numbers as others, or shares of repetitions.
func Metric(in *compare.Input, rows []compare.Row) *Figure {
	shows := func(r compare.Row) bool { return r.Counted || informative(&r) }
	if !slices.ContainsFunc(rows, shows) {
		return nil
	}
	var panels []*plot.Plot
	for i := range rows {
		panels = append(panels, samplePanel(&rows[i], samplesOf(in, rows[i].Metric, rows[i].Column)))
	}
	first := &rows[0]
	repetitions := 0
	for i := range rows {
		repetitions = max(repetitions, rows[i].Values)
	}
	f := &Figure{
		Name: first.Metric, Title: first.Metric,
		Subtitle: fmt.Sprintf("%s; %s predicted, %s measured", in.Measured.Scenario,
			counted(first.Observed, "replication"), counted(repetitions, "repetition")),
		width: 380, height: 300,
		keys: []key{
			lineKey("predicted", blue()), areaKey("95 % interval for one repetition", sky()), dotKey("measured", measuredDot()),
		},
	}
	if len(panels) == 1 {
		f.draw = func(c draw.Canvas) { panels[0].Draw(c) }
		return f
	}
	f.width, f.height = 800, 420
	pooled := pooledPanel(first.Metric, first.Unit, in.Predicted, in.Measured)
	f.keys = append(f.keys, lineKey("measured, pooled", orange(), 5, 2))
	f.draw = func(c draw.Canvas) {
		right := c
		if pooled != nil {
			middle := c.Min.X + 0.42*(c.Max.X-c.Min.X)
			left := c
			left.Max.X = middle - 8
			pooled.Draw(left)
			right.Min.X = middle + 8
		}
		tile(right, panels)
	}
	return f
}

// informative reports whether a row that does not count is worth a figure: that
// of a total which is not the same in every replication.
func informative(r *compare.Row) bool {
	_, labels := result.SplitName(r.Metric)
	n := len(r.Quantiles)
	return r.Reason == "informational" && labels == "" && n > 0 && r.Quantiles[0].Value < r.Quantiles[n-1].Value
}

// tile draws four plots, two in a line, with their axes in line.
func tile(c draw.Canvas, panels []*plot.Plot) {
	rows := [][]*plot.Plot{panels[:2], panels[2:4]}
	tiles := draw.Tiles{Rows: 2, Cols: 2, PadX: vg.Points(14), PadY: vg.Points(12)}
	for i, line := range plot.Align(rows, tiles, c) {
		for k, part := range line {
			rows[i][k].Draw(part)
		}
	}
}

// samplesOf are a column's observed values of every predicted Set.
func samplesOf(in *compare.Input, metric, column string) []float64 {
	var out []float64
	for _, set := range in.Predicted {
		if m, found := set.Metric(metric); found {
			out = append(out, result.Observed(m.Column(column))...)
		}
	}
	return out
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}
