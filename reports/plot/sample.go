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
)

// samplePanel draws how one value a repetition is distributed over replications,
// with the band of the prediction interval, and the measured repetitions.
func samplePanel(row *compare.Row) *plot.Plot {
	measured := measuredOf(row)
	all := slices.Clone(measured)
	for _, q := range row.Quantiles {
		all = append(all, float64(q.Value))
	}
	m := measureFor(row.Unit, slices.Max(all))
	p := panel()
	p.X.Label.Text = m.label()
	p.Y.Label.Text = "share at most this"
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{fewTicks}, linearTicks{}
	p.Title.Text = fmt.Sprintf("%s: %d of %d inside", row.Column, row.Covered, row.Values)
	if row.Column == "value" {
		p.X.Tick.Marker = linearTicks{}
		p.Title.Text = fmt.Sprintf("%d of %d inside", row.Covered, row.Values)
	}
	if row.Covered < row.Values {
		p.Title.TextStyle.Color = orange()
	}
	p.X.Min, p.X.Max = slices.Min(all)*m.scale, slices.Max(all)*m.scale
	p.Y.Min, p.Y.Max = 0, 1
	widen(&p.X, 0.04)
	p.Add(band(float64(row.Low)*m.scale, float64(row.High)*m.scale, p.X.Max-p.X.Min), grid())
	p.Add(shares(row.Quantiles, m.scale, p.X.Min, p.X.Max, draw.LineStyle{Color: blue(), Width: 1.6}))
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

// shares is a distribution function by its quantiles, from one end of the axis to
// the other.
func shares(quantiles []compare.Quantile, scale, low, high float64, style draw.LineStyle) *plotter.Line {
	line := plotter.XYs{{X: low, Y: 0}}
	for i, q := range quantiles {
		if i == 0 {
			line = append(line, plotter.XY{X: float64(q.Value) * scale, Y: 0})
		}
		line = append(line, plotter.XY{X: float64(q.Value) * scale, Y: q.P})
	}
	line = append(line, plotter.XY{X: high, Y: 1})
	return &plotter.Line{XYs: line, LineStyle: style}
}

// pooledPanel draws a distribution over everything observed, percentile by
// percentile: the range over the profile's draws and their median, and what was
// measured. It returns nil where it is not known.
func pooledPanel(picture *compare.Picture, metric string) *plot.Plot {
	if picture == nil {
		return nil
	}
	at := slices.IndexFunc(picture.Pooled, func(d compare.Pooled) bool { return d.Metric == metric })
	if at < 0 {
		return nil
	}
	d := &picture.Pooled[at]
	p := panel()
	p.Title.Text = "everything observed, pooled"
	p.X.Label.Text = "percentile"
	p.X.Tick.Marker = percentileTicks{}
	lowest, highest := extent(d.Low, d.High, d.Measured)
	scale, logarithmic := 1.0, lowest > 0 && highest > wide*lowest
	if logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{d.Unit}
	} else {
		m := measureFor(d.Unit, highest)
		scale, p.Y.Label.Text, p.Y.Tick.Marker = m.scale, m.label(), linearTicks{}
	}
	p.Add(grid())
	if !slices.Equal(d.Low, d.High) {
		p.Add(&plotter.Polygon{XYs: []plotter.XYs{append(curve(d.P, d.High, scale), reversed(curve(d.P, d.Low, scale))...)}, Color: sky()})
	}
	p.Add(
		&plotter.Line{XYs: curve(d.P, d.Predicted, scale), LineStyle: draw.LineStyle{Color: blue(), Width: 1.6}},
		&plotter.Line{XYs: curve(d.P, d.Measured, scale), LineStyle: draw.LineStyle{Color: orange(), Width: 1.6, Dashes: []vg.Length{5, 2}}},
	)
	if !logarithmic {
		p.Y.Min = min(p.Y.Min, 0)
		if p.Y.Max == p.Y.Min {
			p.Y.Max = 1
		}
	}
	return p
}

// wide is from which ratio of greatest to least value on an axis is logarithmic.
const wide = 20

func extent(curves ...[]compare.Number) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, v := range c {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	return low, high
}

func curve(p []float64, values []compare.Number, scale float64) plotter.XYs {
	out := make(plotter.XYs, len(values))
	for i, v := range values {
		out[i] = plotter.XY{X: nines(p[i]), Y: float64(v) * scale}
	}
	return out
}

func reversed(line plotter.XYs) plotter.XYs {
	slices.Reverse(line)
	return line
}
