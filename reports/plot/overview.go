package plot

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
)

// Overview draws where the measured values of every row that counts lie, relative
// to its prediction interval. It returns nil when no row counts.
func Overview(s *compare.Scenario) *Figure {
	o := overview{}
	for i := range s.Rows {
		if s.Rows[i].Counted {
			o.rows = append(o.rows, &s.Rows[i])
		}
	}
	if len(o.rows) == 0 {
		return nil
	}
	f := &Figure{
		Name: "overview", Title: s.Name + ": " + string(s.Verdict),
		Subtitle: fmt.Sprintf("%d of %d measured values inside the 95 %% prediction intervals; intervals drawn alike wide",
			s.Summary.Covered, s.Summary.Values),
		width: figureWidth, height: vg.Length(128 + lineHeight*len(o.rows)),
		keys: []key{
			areaKey("95 % interval for one repetition", sky()), lineKey("predicted median", blue()),
			dotKey("measured, inside", insideDot()), dotKey("outside", outsideDot()), dotKey("farther outside", farDot()),
		},
		draw: o.draw,
	}
	return f
}

// lineHeight is the height of a row, in points: its words and, below them, its
// interval.
const lineHeight = 27

// An overview is the rows under each other.
type overview struct {
	rows []*compare.Row
}

func insideDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: ink(), Radius: 2.2, Shape: draw.CircleGlyph{}}
}

func outsideDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: orange(), Radius: 2.8, Shape: draw.BoxGlyph{}}
}

func farDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: orange(), Radius: 3.6, Shape: draw.PyramidGlyph{}}
}

// The overview's axis counts half widths of the interval from its middle, and
// shows so many of them to each side.
const farthest = 3.0

// draw writes each row: its name and figures, and below them the interval with dots.
func (o *overview) draw(c draw.Canvas) {
	name, figure := sans(labelSize, ink(), false), sans(labelSize-0.5, faint(), false)
	x := func(v float64) vg.Length {
		return c.Min.X + (c.Max.X-c.Min.X)*vg.Length((v+farthest)/(2*farthest))
	}
	head := sans(labelSize-0.5, faint(), true)
	head.XAlign = draw.XRight
	c.FillText(head, vg.Point{X: c.Max.X, Y: c.Max.Y}, "interval → measured median")
	top := c.Max.Y - lineHeight/2
	bottom := top - vg.Length(lineHeight*len(o.rows))
	for i, r := range o.rows {
		y := top - vg.Length(lineHeight*i)
		words := wordsOf(r)
		c.FillText(name, vg.Point{X: c.Min.X, Y: y}, fitted(name, r.Title(), c.Max.X-c.Min.X-figure.Width(words)-8))
		right := figure
		right.XAlign = draw.XRight
		c.FillText(right, vg.Point{X: c.Max.X, Y: y}, words)
		middle := y - labelSize - 8
		for v := -farthest; v <= farthest; v++ {
			c.StrokeLine2(draw.LineStyle{Color: hair(), Width: 0.4}, x(v), middle-5, x(v), middle+5)
		}
		o.drawRow(c, r, x, middle)
	}
	foot := sans(tickSize, faint(), false)
	foot.XAlign = draw.XCenter
	c.FillText(foot, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: bottom - 3}, "half widths of the interval from its middle, −3 … 3")
}

// fitted cuts the middle out of a text that is wider than there is room.
func fitted(style draw.TextStyle, text string, width vg.Length) string {
	runes := []rune(text)
	for n := len(runes); style.Width(text) > width && n > 2; n-- {
		text = string(runes[:n/2]) + "…" + string(runes[len(runes)-n/2:])
	}
	return text
}

func (o *overview) drawRow(c draw.Canvas, r *compare.Row, x func(float64) vg.Length, y vg.Length) {
	low, high := float64(r.Low), float64(r.High)
	middle, half := (low+high)/2, (high-low)/2
	place := func(v float64) float64 {
		switch {
		case half > 0:
			return (v - middle) / half
		case v == middle:
			return 0
		}
		return math.Copysign(math.Inf(1), v-middle)
	}
	c.SetColor(sky())
	c.Fill(vg.Rectangle{Min: vg.Point{X: x(-1), Y: y - 4.5}, Max: vg.Point{X: x(1), Y: y + 4.5}}.Path())
	c.StrokeLine2(draw.LineStyle{Color: blue(), Width: 1.6}, x(place(float64(r.Median))), y-4.5, x(place(float64(r.Median))), y+4.5)
	for _, v := range measuredOf(r) {
		at, style := place(v), insideDot()
		switch {
		case math.Abs(at) > farthest:
			at, style = math.Copysign(farthest, at), farDot()
		case v < low || v > high:
			style = outsideDot()
		}
		c.DrawGlyph(style, vg.Point{X: x(at), Y: y})
	}
}

// wordsOf are a row's figures.
func wordsOf(r *compare.Row) string {
	return r.Interval() + " → " + result.Quantity(float64(r.MeasuredMedian), r.Unit)
}

// bandBetween fills what lies between two lines over the same places.
type bandBetween struct {
	at        []float64
	low, high []float64
	fill      func(c draw.Canvas)
}

// Plot implements plot.Plotter: it fills each stretch of places that have values.
func (b *bandBetween) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	b.fill(c)
	for i := 0; i < len(b.at); {
		if math.IsNaN(b.low[i]) {
			i++
			continue
		}
		n := i
		var path vg.Path
		for ; n < len(b.at) && !math.IsNaN(b.low[n]); n++ {
			point := vg.Point{X: x(b.at[n]), Y: y(b.high[n])}
			if n == i {
				path.Move(point)
			} else {
				path.Line(point)
			}
		}
		for k := n - 1; k >= i; k-- {
			path.Line(vg.Point{X: x(b.at[k]), Y: y(b.low[k])})
		}
		path.Close()
		c.Fill(path)
		i = n
	}
}
