package plot

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
)

// samplePanel draws how one value a repetition is distributed over replications,
// with the band of the prediction interval, and the measured repetitions.
func samplePanel(row *compare.Row, predicted []float64) *plot.Plot {
	measured := measuredOf(row)
	all := slices.Concat(predicted, measured)
	m := measureFor(row.Unit, slices.Max(all))
	p := panel()
	p.X.Label.Text = m.label("")
	p.Y.Label.Text = "share at most this"
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{}, linearTicks{}
	p.Title.Text = fmt.Sprintf("%s: %d of %d inside", row.Column, row.Covered, row.Values)
	if row.Column == "value" {
		p.Title.Text = fmt.Sprintf("%d of %d inside", row.Covered, row.Values)
	}
	if row.Covered < row.Values {
		p.Title.TextStyle.Color = orange()
	}
	p.X.Min, p.X.Max = slices.Min(all)*m.scale, slices.Max(all)*m.scale
	p.Y.Min, p.Y.Max = 0, 1
	widen(&p.X, 0.04)
	p.Add(band(float64(row.Low)*m.scale, float64(row.High)*m.scale, p.X.Max-p.X.Min), grid())
	p.Add(steps(predicted, m.scale, p.X.Min, p.X.Max, draw.LineStyle{Color: blue(), Width: 1.6}))
	dots := make(plotter.XYs, len(measured))
	slices.Sort(measured)
	for i, v := range measured {
		dots[i] = plotter.XY{X: v * m.scale, Y: (float64(i) + 0.5) / float64(len(measured))}
	}
	p.Add(&plotter.Scatter{XYs: dots, GlyphStyle: measuredDot()})
	return p
}

// measuredOf are the values of the repetitions that have one.
func measuredOf(row *compare.Row) []float64 {
	var out []float64
	for _, v := range row.Measured {
		if !math.IsNaN(float64(v)) {
			out = append(out, float64(v))
		}
	}
	return out
}

func measuredDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: orange(), Radius: 2.6, Shape: draw.CircleGlyph{}}
}

// A verticalBand fills the plot between two values of x.
type verticalBand struct {
	low, high float64
	style     plotter.Polygon
}

// band is the prediction interval; one without a width gets a little of the axis's.
func band(low, high, axis float64) *verticalBand {
	if high-low < 0.004*axis {
		middle := (low + high) / 2
		low, high = middle-0.002*axis, middle+0.002*axis
	}
	return &verticalBand{low: low, high: high, style: plotter.Polygon{Color: sky()}}
}

// Plot implements plot.Plotter.
func (b *verticalBand) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	low, high := max(x(b.low), c.Min.X), min(x(b.high), c.Max.X)
	if high <= low {
		return
	}
	c.SetColor(b.style.Color)
	c.Fill(vg.Rectangle{Min: vg.Point{X: low, Y: c.Min.Y}, Max: vg.Point{X: high, Y: c.Max.Y}}.Path())
}

// grid are the light lines behind everything.
func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical = draw.LineStyle{Color: hair(), Width: 0.4}
	g.Horizontal = g.Vertical
	return g
}

// steps is the empirical distribution function of values, from one end of the
// axis to the other.
func steps(values []float64, scale, low, high float64, style draw.LineStyle) *plotter.Line {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := float64(len(sorted))
	line := plotter.XYs{{X: low, Y: 0}}
	for i, v := range sorted {
		if i+1 < len(sorted) && sorted[i+1] == v {
			continue
		}
		line = append(line, plotter.XY{X: v * scale, Y: float64(i+1) / n})
	}
	line = append(line, plotter.XY{X: high, Y: 1})
	return &plotter.Line{XYs: line, LineStyle: style, StepStyle: plotter.PostStep}
}

// pooledPanel draws a distribution over everything observed, percentile by
// percentile: the range over the predicted Sets and their median, and what was
// measured. It returns nil where a side has no quantiles.
func pooledPanel(name, unit string, predicted []*result.Set, measured *result.Set) *plot.Plot {
	var sides [2][]result.Quantile
	if m, found := measured.Metric(name); found {
		sides[1] = m.Quantiles
	}
	var curves [][]result.Quantile
	for _, set := range predicted {
		if m, found := set.Metric(name); found && len(m.Quantiles) > 0 {
			curves = append(curves, m.Quantiles)
		}
	}
	if len(curves) == 0 || len(sides[1]) == 0 {
		return nil
	}
	low, middle, high := envelope(curves)
	sides[0] = middle
	p := panel()
	p.Title.Text = "everything observed, pooled"
	p.X.Label.Text = "percentile"
	p.X.Tick.Marker = percentileTicks{}
	lowest, highest := extent(low, high, sides[1])
	scale, logarithmic := 1.0, lowest > 0 && highest > 20*lowest
	if logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{unit}
	} else {
		m := measureFor(unit, highest)
		scale, p.Y.Label.Text, p.Y.Tick.Marker = m.scale, m.label(""), linearTicks{}
	}
	p.Add(grid())
	if len(curves) > 1 {
		p.Add(&plotter.Polygon{XYs: []plotter.XYs{append(curve(high, scale), reversed(curve(low, scale))...)}, Color: sky()})
	}
	p.Add(
		&plotter.Line{XYs: curve(middle, scale), LineStyle: draw.LineStyle{Color: blue(), Width: 1.6}},
		&plotter.Line{XYs: curve(sides[1], scale), LineStyle: draw.LineStyle{Color: orange(), Width: 1.6, Dashes: []vg.Length{5, 2}}},
	)
	if !logarithmic {
		p.Y.Min = min(p.Y.Min, 0)
		if p.Y.Max == p.Y.Min {
			p.Y.Max = 1
		}
	}
	return p
}

// envelope is the range and the median of several curves of the same quantiles.
func envelope(curves [][]result.Quantile) (low, middle, high []result.Quantile) {
	for i, q := range curves[0] {
		var values []float64
		for _, c := range curves {
			if i < len(c) && c[i].P == q.P {
				values = append(values, c[i].Value)
			}
		}
		slices.Sort(values)
		low = append(low, result.Quantile{P: q.P, Value: values[0]})
		middle = append(middle, result.Quantile{P: q.P, Value: (values[(len(values)-1)/2] + values[len(values)/2]) / 2})
		high = append(high, result.Quantile{P: q.P, Value: values[len(values)-1]})
	}
	return low, middle, high
}

func extent(curves ...[]result.Quantile) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, q := range c {
			low, high = min(low, q.Value), max(high, q.Value)
		}
	}
	return low, high
}

func curve(quantiles []result.Quantile, scale float64) plotter.XYs {
	out := make(plotter.XYs, len(quantiles))
	for i, q := range quantiles {
		out[i] = plotter.XY{X: nines(q.P), Y: q.Value * scale}
	}
	return out
}

func reversed(line plotter.XYs) plotter.XYs {
	slices.Reverse(line)
	return line
}
