package plot

import (
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// TimeLines draws every series that both sides have: the predicted mean with the
// range over replications, the measured mean with that over repetitions, and when
// something broke.
func TimeLines(spec *scenarios.Spec, in *compare.Input) []*Figure {
	var figures []*Figure
	for i := range in.Measured.Series {
		measured := line(in.Measured, &in.Measured.Series[i])
		predicted, found := pooledLine(in.Predicted, in.Measured.Series[i].Name)
		if !found || !measured.shows() || !predicted.shows() {
			continue
		}
		name := in.Measured.Series[i].Name
		figures = append(figures, &Figure{
			Name: "time-" + name, Title: name + " over time", Subtitle: in.Measured.Scenario,
			width: 800, height: 330,
			keys: []key{
				lineKey("predicted mean", blue()), areaKey("range over replications", sky()),
				lineKey("measured mean", orange()), areaKey("range over repetitions", glow()),
				lineKey("fault", violet(), 3, 2),
			},
			draw: timePanel(spec, name, predicted, measured).Draw,
		})
	}
	return figures
}

// A timeLine is a series on its grid, in seconds; NaN where there was nothing.
type timeLine struct {
	at, low, mean, high []float64
}

// shows reports whether there is any value.
func (t *timeLine) shows() bool {
	return slices.ContainsFunc(t.mean, func(v float64) bool { return !math.IsNaN(v) })
}

func line(set *result.Set, s *result.SeriesSummary) *timeLine {
	t := &timeLine{low: s.Min, mean: s.Mean, high: s.Max}
	for i := range s.Mean {
		t.at = append(t.at, (set.Grid.Start + time.Duration(i)*set.Grid.Step).Seconds())
	}
	return t
}

// pooledLine is one series over several Sets on the same grid: the mean of their
// means, each by its replications, and the range over all.
func pooledLine(sets []*result.Set, name string) (*timeLine, bool) {
	var all *timeLine
	var weights []float64
	for _, set := range sets {
		for i := range set.Series {
			if set.Series[i].Name != name {
				continue
			}
			t := line(set, &set.Series[i])
			if all == nil {
				n := len(t.at)
				all = &timeLine{at: t.at, low: nothing(n), mean: make([]float64, n), high: nothing(n)}
				weights = make([]float64, n)
			}
			if len(t.at) != len(all.at) {
				return nil, false
			}
			all.add(t, weights, float64(set.Replications))
		}
	}
	if all == nil {
		return nil, false
	}
	for i, w := range weights {
		all.mean[i] /= w // NaN where no Set had a value
	}
	return all, true
}

func nothing(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

func (t *timeLine) add(other *timeLine, weights []float64, weight float64) {
	for i, v := range other.mean {
		if math.IsNaN(v) {
			continue
		}
		if weights[i] == 0 {
			t.low[i], t.high[i] = other.low[i], other.high[i]
		}
		t.low[i], t.high[i] = min(t.low[i], other.low[i]), max(t.high[i], other.high[i])
		t.mean[i] += float64(v * weight)
		weights[i] += weight
	}
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

// most is the greatest value.
func (t *timeLine) most() float64 {
	m := 0.0
	for _, v := range t.high {
		if v > m {
			m = v
		}
	}
	return m
}

func timePanel(spec *scenarios.Spec, name string, predicted, measured *timeLine) *plot.Plot {
	m := measureFor(seriesUnit(name), max(predicted.most(), measured.most()))
	p := panel()
	p.X.Label.Text = "time since the load began [s]"
	p.Y.Label.Text = m.label(strings.SplitN(name, "{", 2)[0])
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{}, linearTicks{}
	p.X.Min, p.X.Max = min(predicted.at[0], measured.at[0]), max(predicted.end(), measured.end())
	p.Y.Min, p.Y.Max = 0, max(predicted.most(), measured.most())*m.scale*1.05
	if p.Y.Max == 0 {
		p.Y.Max = 1
	}
	p.Add(grid())
	p.Add(faultMarks(spec)...)
	p.Add(predicted.band(m.scale, sky()), measured.band(m.scale, glow()))
	p.Add(predicted.lines(m.scale, draw.LineStyle{Color: blue(), Width: 1.5})...)
	p.Add(measured.lines(m.scale, draw.LineStyle{Color: orange(), Width: 1.5})...)
	return p
}

// seriesUnit is the unit of the metric that a series is of.
func seriesUnit(name string) string {
	base, _ := result.SplitName(name)
	known, found := scenarios.MetricByName(base)
	if !found {
		return ""
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

// A faultMark is a fault on a time line: a dashed line where it begins, a tint
// while it lasts, and its kind.
type faultMark struct {
	at, end float64 // s; end is infinite where it never heals
	words   string
	level   int // from the top, so that words do not lie over each other
}

func faultMarks(spec *scenarios.Spec) []plot.Plotter {
	var out []plot.Plotter
	for i := range spec.Faults {
		f := &spec.Faults[i]
		if f.Process != nil {
			continue // at random, in every replication at other times
		}
		mark := &faultMark{at: f.At.Seconds(), end: math.Inf(1), words: strings.ReplaceAll(f.Kind.String(), "_", " "), level: len(out) % 4}
		if f.Duration != scenarios.Forever {
			mark.end = (f.At + f.Duration).Seconds()
		}
		out = append(out, mark)
	}
	return out
}

// Plot implements plot.Plotter.
func (f *faultMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	at := x(f.at)
	if f.end <= p.X.Max {
		c.SetColor(mauve())
		c.Fill(vg.Rectangle{Min: vg.Point{X: at, Y: c.Min.Y}, Max: vg.Point{X: x(f.end), Y: c.Max.Y}}.Path())
	}
	c.StrokeLine2(draw.LineStyle{Color: violet(), Width: 1, Dashes: []vg.Length{3, 2}}, at, c.Min.Y, at, c.Max.Y)
	style := sans(tickSize, violet(), false)
	c.FillText(style, vg.Point{X: at + 3, Y: c.Max.Y - vg.Length(1+10*f.level)}, f.words)
}
