package plot

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/result"
)

// A faultMark is a fault on a time line: a dashed line where it begins, a tint
// while it lasts, and its kind.
type faultMark struct {
	at, end float64 // s; end is infinite where it never heals
	kind    string
	words   string // the kind, and whom it hits
	level   int    // from the top, so that words do not lie over each other
}

// faultLevels is how many marks stand below each other.
const faultLevels = 4

func faultMarks(faults []result.Fault) []*faultMark {
	var out []*faultMark
	for i := range faults {
		f := &faults[i]
		mark := &faultMark{at: f.At.Seconds(), end: math.Inf(1), words: f.Words, level: i % faultLevels}
		mark.kind, _, _ = strings.Cut(f.Words, ":")
		if f.Until != result.NotHealed {
			mark.end = f.Until.Seconds()
		}
		out = append(out, mark)
	}
	return out
}

// Plot implements plot.Plotter.
func (f *faultMark) Plot(c draw.Canvas, p *plot.Plot) {
	if f.at > p.X.Max {
		return
	}
	x, _ := p.Transforms(&c)
	at := x(f.at)
	if f.end <= p.X.Max {
		c.SetColor(mauve())
		c.Fill(vg.Rectangle{Min: vg.Point{X: at, Y: c.Min.Y}, Max: vg.Point{X: x(f.end), Y: c.Max.Y}}.Path())
	}
	c.StrokeLine2(draw.LineStyle{Color: violet(), Width: 1, Dashes: []vg.Length{3, 2}}, at, c.Min.Y, at, c.Max.Y)
	style := sans(tickSize, violet(), false)
	left := at + 3
	if width := style.Width(f.kind); left+width > c.Max.X {
		left = max(at-3-width, c.Min.X)
	}
	label(c, style, vg.Point{X: left, Y: c.Max.Y - vg.Length(1+10*f.level)}, f.kind)
}

// label writes a text on a little paper of its own, so that it can be read above
// lines.
func label(c draw.Canvas, style draw.TextStyle, at vg.Point, words string) {
	c.SetColor(ground())
	c.Fill(vg.Rectangle{
		Min: vg.Point{X: at.X - 1, Y: at.Y - style.Font.Size}, Max: vg.Point{X: at.X + style.Width(words) + 1, Y: at.Y + 1},
	}.Path())
	c.FillText(style, at, words)
}

// says is what the mark says of an instant: its beginning in the step before it, or
// that it lasts.
func (f *faultMark) says(at, step float64) string {
	switch {
	case f.at > at-step && f.at <= at:
		return f.words + " begins at " + result.Quantity(f.at, "s")
	case f.end > at-step && f.end <= at:
		return f.words + " ends at " + result.Quantity(f.end, "s")
	}
	return ""
}
