package plot

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
)

// Scenario draws everything about one scenario: an overview of what counts, a time
// line for each series, and a figure for each metric that both sides observed and
// that could have come out otherwise.
func Scenario(s *compare.Scenario) []*Figure {
	var figures []*Figure
	if f := Overview(s); f != nil {
		figures = append(figures, f)
	}
	figures = append(figures, TimeLines(s)...)
	for i := 0; i < len(s.Rows); {
		n := i + 1
		for n < len(s.Rows) && s.Rows[n].Metric == s.Rows[i].Metric {
			n++
		}
		if f := Metric(s, s.Rows[i:n]); f != nil {
			figures = append(figures, f)
		}
		i = n
	}
	return figures
}

// Metric draws the rows of one metric. It returns nil where they show nothing:
// they are certain, or the same numbers as others, or shares of repetitions.
func Metric(s *compare.Scenario, rows []compare.Row) *Figure {
	shows := func(r compare.Row) bool { return r.Counted || informative(&r) }
	if !slices.ContainsFunc(rows, shows) {
		return nil
	}
	var panels []*plot.Plot
	repetitions := 0
	for i := range rows {
		panels = append(panels, samplePanel(&rows[i]))
		repetitions = max(repetitions, rows[i].Values)
	}
	first := &rows[0]
	f := &Figure{
		Name: first.Metric, Title: first.Metric,
		Subtitle: fmt.Sprintf("%s; %s predicted, %s measured", s.Name,
			counted(first.Observed, "replication"), counted(repetitions, "repetition")),
		width: figureWidth, height: 270,
		keys: []key{
			lineKey("predicted", blue()), areaKey("95 % interval for one repetition", sky()), dotKey("measured", measuredDot()),
		},
	}
	if len(panels) == 1 {
		f.draw = func(c draw.Canvas) { panels[0].Draw(c) }
		return f
	}
	f.height = 370
	pooled := pooledPanel(s.Picture, first.Metric)
	if pooled != nil {
		f.height = 570
		f.keys = append(f.keys, lineKey("measured, pooled", orange(), 5, 2))
	}
	f.draw = func(c draw.Canvas) {
		below := c
		if pooled != nil {
			middle := c.Max.Y - 0.36*(c.Max.Y-c.Min.Y)
			above := c
			above.Min.Y = middle + 8
			pooled.Draw(above)
			below.Max.Y = middle - 8
		}
		tile(below, panels)
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
	tiles := draw.Tiles{Rows: 2, Cols: 2, PadX: vg.Points(10), PadY: vg.Points(10)}
	for i, line := range plot.Align(rows, tiles, c) {
		for k, part := range line {
			rows[i][k].Draw(part)
		}
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}
