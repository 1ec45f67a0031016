package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Pair is one figure as it was measured and as a fitted model has it, in base
// units.
type Pair struct {
	Group            string // what it is one of, by which it gets its colour and shape
	Measured, Fitted float64
	// Error is the standard error of the logarithm of Measured; 0 where it is not known.
	Error float64
}

// Fitted draws fitted against measured values on logarithmic axes: on the line
// both are equal, within the band they differ by at most 10 %. Pairs that are not
// positive have no place on it and are left out; it returns nil when none is left.
func Fitted(title, subtitle, unit string, pairs []Pair) *Figure {
	low, high := math.Inf(1), 0.0
	var groups []string
	var kept []Pair
	for _, p := range pairs {
		if !(p.Measured > 0 && p.Fitted > 0) || math.IsInf(p.Measured, 0) || math.IsInf(p.Fitted, 0) {
			continue
		}
		kept = append(kept, p)
		low, high = min(low, p.Measured, p.Fitted), max(high, p.Measured, p.Fitted)
		if !slices.Contains(groups, p.Group) {
			groups = append(groups, p.Group)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	p := panel()
	p.X.Label.Text, p.Y.Label.Text = "measured", "fitted"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = logTicks{unit}, logTicks{unit}
	low, high = low/1.3, high*1.3
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	p.Add(
		grid(),
		&plotter.Polygon{XYs: []plotter.XYs{{{X: low, Y: low / 1.1}, {X: high, Y: high / 1.1}, {X: high, Y: high * 1.1}, {X: low, Y: low * 1.1}}}, Color: sky()},
		&plotter.Line{XYs: plotter.XYs{{X: low, Y: low}, {X: high, Y: high}}, LineStyle: draw.LineStyle{Color: faint(), Width: 0.8}},
	)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high // the band shall not widen them
	f := &Figure{
		Name: "fitted", Title: title, Subtitle: subtitle, width: 560, height: 560,
		keys: []key{areaKey("within 10 %", sky())},
		draw: func(c draw.Canvas) { p.Draw(c) },
	}
	for i, g := range groups {
		style := groupStyle(i)
		if len(groups) > 1 {
			f.keys = append(f.keys, dotKey(g, style))
		}
		for _, pair := range kept {
			if pair.Group == g {
				p.Add(&pairMark{pair, style})
			}
		}
	}
	return f
}

// groupStyle tells groups apart by colour and by shape.
func groupStyle(i int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.CrossGlyph{}}
	colours := several()
	return draw.GlyphStyle{Color: colours[i%len(colours)], Radius: 3, Shape: shapes[(i+i/len(colours))%len(shapes)]}
}

// A pairMark is a pair with its error bar.
type pairMark struct {
	Pair
	style draw.GlyphStyle
}

// Plot implements plot.Plotter.
func (m *pairMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := vg.Point{X: x(m.Measured), Y: y(m.Fitted)}
	if m.Error > 0 {
		factor := math.Exp(1.96 * m.Error)
		low, high := max(m.Measured/factor, p.X.Min), min(m.Measured*factor, p.X.Max)
		c.StrokeLine2(draw.LineStyle{Color: m.style.Color, Width: 0.7}, x(low), at.Y, x(high), at.Y)
	}
	c.DrawGlyph(m.style, at)
}
