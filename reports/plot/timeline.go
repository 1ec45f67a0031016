package plot

import (
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// TimeLines draws every series that both sides have: the predicted mean with the
// range over replications, the measured mean with that over repetitions, and when
// something broke.
func TimeLines(s *compare.Scenario) []*Figure {
	if s.Picture == nil {
		return nil
	}
	about := s.Picture.About()
	var figures []*Figure
	for i := range s.Picture.Lines {
		l := &s.Picture.Lines[i]
		ch := &chart{
			unit: seriesUnit(l.Name), faults: about.Faults, warmup: about.Warmup, load: about.Duration,
			lines: []chartLine{
				{timeLine: bandOf(s.Picture, &l.Predicted), label: "predicted mean", colour: blue(), band: sky(), over: "replications"},
				{timeLine: bandOf(s.Picture, &l.Measured), label: "measured mean", colour: orange(), band: glow(), over: "repetitions"},
			},
		}
		if f := ch.figure("time-"+l.Name, l.Name+" over time", s.Name, figureWidth, 250); f != nil {
			figures = append(figures, f)
		}
	}
	return figures
}

// figureWidth is the width of a figure for a page, in points: a phone shows it as
// large as it is, a desktop two of them side by side, each half as large again.
const figureWidth = 380

// A timeLine is a series on its grid, in seconds; NaN where there was nothing.
type timeLine struct {
	at, low, mean, high []float64
}

// shows reports whether there is any value.
func (t *timeLine) shows() bool {
	return slices.ContainsFunc(t.mean, func(v float64) bool { return !math.IsNaN(v) })
}

// seriesLine is a Set's series.
func seriesLine(set *result.Set, s *result.SeriesSummary) *timeLine {
	t := &timeLine{low: s.Min, mean: s.Mean, high: s.Max}
	for i := range s.Mean {
		t.at = append(t.at, (set.Grid.Start + time.Duration(i)*set.Grid.Step).Seconds())
	}
	return t
}

// bandOf is one side of a comparison's time line.
func bandOf(p *compare.Picture, b *compare.Band) *timeLine {
	t := &timeLine{low: floats(b.Low), mean: floats(b.Mean), high: floats(b.High)}
	for i := range t.mean {
		t.at = append(t.at, float64(p.Start)+float64(i)*float64(p.Step))
	}
	return t
}

func floats(numbers []compare.Number) []float64 {
	out := make([]float64, len(numbers))
	for i, n := range numbers {
		out[i] = float64(n)
	}
	return out
}

// end is the last instant with a value.
func (t *timeLine) end() float64 {
	last := t.at[0]
	for i, v := range t.mean {
		if !math.IsNaN(v) {
			last = t.at[i]
		}
	}
	return last
}

// greatest is the greatest of values that are not NaN, and 0 at least.
func greatest(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		if v > m {
			m = v
		}
	}
	return m
}

// seriesUnit is the unit of a series: that of its metric, but records come as a
// rate, and what is no metric counts partitions.
func seriesUnit(name string) string {
	base, _ := result.SplitName(name)
	known, found := scenarios.MetricByName(base)
	switch {
	case !found:
		return "partitions"
	case strings.HasPrefix(base, "records."):
		return "records/s"
	}
	return known.Unit
}

func (t *timeLine) band(scale float64, colour color.Color) *bandBetween {
	scaled := func(values []float64) []float64 {
		out := make([]float64, len(values))
		for i, v := range values {
			out[i] = v * scale
		}
		return out
	}
	return &bandBetween{at: t.at, low: scaled(t.low), high: scaled(t.high), fill: func(c draw.Canvas) { c.SetColor(colour) }}
}

// lines are the stretches of the mean that have values.
func (t *timeLine) lines(scale float64, style draw.LineStyle) []plot.Plotter {
	var out []plot.Plotter
	var stretch plotter.XYs
	flush := func() {
		if len(stretch) > 0 {
			out = append(out, &plotter.Line{XYs: stretch, LineStyle: style})
		}
		stretch = nil
	}
	for i, v := range t.mean {
		if math.IsNaN(v) {
			flush()
			continue
		}
		stretch = append(stretch, plotter.XY{X: t.at[i], Y: v * scale})
	}
	flush()
	return out
}
