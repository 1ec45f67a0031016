package plot

import (
	"image/color"
	"math"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/result"
)

// A chart is some time lines in one picture, with the marks of what broke.
type chart struct {
	unit   string
	lines  []chartLine
	faults []result.Fault
	warmup time.Duration
	load   time.Duration // its end; 0 where it is not known
}

// A chartLine is a line of a chart.
type chartLine struct {
	*timeLine
	label  string
	colour color.NRGBA
	band   color.NRGBA // of its range; without alpha none
	over   string      // what its range is over: "replications"
	dashes []vg.Length
}

// mostSpots is how many places of a chart tell their values.
const mostSpots = 120

// figure makes a figure of a chart; nil where no line has a value.
func (ch *chart) figure(name, title, subtitle string, width, height vg.Length) *Figure {
	shown := ch.lines[:0]
	for _, l := range ch.lines {
		if l.timeLine != nil && l.shows() {
			shown = append(shown, l)
		}
	}
	if ch.lines = shown; len(shown) == 0 {
		return nil
	}
	f := &Figure{Name: name, Title: title, Subtitle: subtitle, width: width, height: height}
	for _, l := range shown {
		f.keys = append(f.keys, lineKey(l.label, l.colour, l.dashes...))
		if l.band.A > 0 {
			f.keys = append(f.keys, areaKey("range over "+l.over, l.band))
		}
	}
	if len(ch.faults) > 0 {
		f.keys = append(f.keys, lineKey("fault", violet(), 3, 2))
	}
	p := ch.panel()
	f.draw = p.Draw
	f.spots = func(c draw.Canvas) []spot { return ch.spots(p, p.DataCanvas(c)) }
	return f
}

// measure is how the chart's values stand along its axis, and the greatest of those
// that it shows: a range that is not drawn takes no room.
func (ch *chart) measure() (m measure, most float64) {
	for i := range ch.lines {
		if l := &ch.lines[i]; l.band.A > 0 {
			most = max(most, greatest(l.high))
		} else {
			most = max(most, greatest(l.mean))
		}
	}
	return measureFor(ch.unit, most), most
}

func (ch *chart) panel() *plot.Plot {
	m, most := ch.measure()
	p := panel()
	p.X.Label.Text = "time since the load began [s]"
	p.Y.Label.Text = m.label()
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{}, linearTicks{}
	first := &ch.lines[0]
	p.X.Min, p.X.Max = first.at[0], first.at[0]
	for i := range ch.lines {
		p.X.Min, p.X.Max = min(p.X.Min, ch.lines[i].at[0]), max(p.X.Max, ch.lines[i].end())
	}
	p.Y.Min, p.Y.Max = 0, most*m.scale*1.08
	if p.Y.Max == 0 {
		p.Y.Max = 1
	}
	if m.name == "partitions" || m.name == "records" {
		p.Y.Max = max(p.Y.Max, 5) // of whole things
	}
	p.Add(grid(), &warmup{ch.warmup.Seconds()})
	for _, mark := range faultMarks(ch.faults) {
		p.Add(mark)
	}
	for i := range ch.lines {
		if l := &ch.lines[i]; l.band.A > 0 {
			p.Add(l.timeLine.band(m.scale, l.band))
		}
	}
	for i := range ch.lines {
		l := &ch.lines[i]
		p.Add(l.timeLine.lines(m.scale, draw.LineStyle{Color: l.colour, Width: 1.4, Dashes: l.dashes})...)
	}
	if end := ch.load.Seconds(); end > 0 && end < p.X.Max {
		p.Add(&loadEnd{end})
	}
	return p
}

// spots tells the values at instants, by the columns of the picture.
func (ch *chart) spots(p *plot.Plot, c draw.Canvas) []spot {
	x, _ := p.Transforms(&c)
	first := &ch.lines[0]
	last := 0
	for last+1 < len(first.at) && first.at[last+1] <= p.X.Max {
		last++
	}
	every := (last + mostSpots) / mostSpots
	if every == 0 {
		every = 1
	}
	var out []spot
	for i := 0; i <= last; i += every {
		at := first.at[i]
		step := (p.X.Max - p.X.Min) / math.Max(float64(last), 1) * float64(every)
		box := vg.Rectangle{
			Min: vg.Point{X: max(x(at-step/2), c.Min.X), Y: c.Min.Y},
			Max: vg.Point{X: min(x(at+step/2), c.Max.X), Y: c.Max.Y},
		}
		if words := ch.wordsAt(i, at, step); box.Max.X > box.Min.X && words != "" {
			out = append(out, spot{box, words})
		}
	}
	return out
}

// wordsAt are the values at a point, a line each.
func (ch *chart) wordsAt(i int, at, step float64) string {
	words := []string{"at " + result.Quantity(at, "s")}
	for k := range ch.lines {
		l := &ch.lines[k]
		if i >= len(l.mean) || math.IsNaN(l.mean[i]) {
			continue
		}
		text := l.label + " " + quantity(l.mean[i], ch.unit)
		if l.low[i] < l.high[i] {
			text += " (" + result.QuantityInterval(result.Interval{Low: l.low[i], High: l.high[i]}, ch.unit) + ")"
		}
		words = append(words, text)
	}
	if len(words) == 1 {
		return ""
	}
	for _, mark := range faultMarks(ch.faults) {
		if says := mark.says(at, step); says != "" {
			words = append(words, says)
		}
	}
	return strings.Join(words, "\n")
}

// quantity writes a value with its unit.
func quantity(v float64, unit string) string {
	if unit == "records/s" {
		return result.Number(v) + "/s"
	}
	return result.Quantity(v, unit)
}

// A warmup tints the time that latency, lag and stall do not count.
type warmup struct{ until float64 }

// Plot implements plot.Plotter.
func (w *warmup) Plot(c draw.Canvas, p *plot.Plot) {
	if !(w.until > p.X.Min) {
		return
	}
	x, _ := p.Transforms(&c)
	c.SetColor(shade())
	right := x(min(w.until, p.X.Max))
	c.Fill(vg.Rectangle{Min: c.Min, Max: vg.Point{X: right, Y: c.Max.Y}}.Path())
	style := sans(tickSize, faint(), false)
	if text := "warm-up"; style.Width(text)+4 < right-c.Min.X {
		c.FillText(style, vg.Point{X: c.Min.X + 2, Y: c.Max.Y - 1}, text)
	}
}

// A loadEnd is the instant from which on nothing new is offered.
type loadEnd struct{ at float64 }

// Plot implements plot.Plotter.
func (l *loadEnd) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	at := x(l.at)
	c.StrokeLine2(draw.LineStyle{Color: faint(), Width: 0.8, Dashes: []vg.Length{1, 2}}, at, c.Min.Y, at, c.Max.Y)
	style := sans(tickSize, faint(), false)
	text := "load ends"
	label(c, style, vg.Point{X: max(at-3-style.Width(text), c.Min.X), Y: c.Min.Y + tickSize + 3}, text)
}

// verticalLine is a value across a distribution's picture, with its name.
type verticalLine struct {
	at    float64
	words string // may be empty
	level int    // from the top; below 0 from the bottom, −1 the lowest
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (v *verticalLine) Plot(c draw.Canvas, p *plot.Plot) {
	if v.at < p.X.Min || v.at > p.X.Max {
		return
	}
	x, _ := p.Transforms(&c)
	at := x(v.at)
	c.StrokeLine2(v.style, at, c.Min.Y, at, c.Max.Y)
	style := sans(tickSize, v.style.Color, false)
	left := at + 3
	if width := style.Width(v.words); left+width > c.Max.X {
		left = max(at-3-width, c.Min.X)
	}
	top := c.Max.Y - vg.Length(1+10*v.level)
	if v.level < 0 {
		top = c.Min.Y - vg.Length(10*v.level) + 1
	}
	if v.words != "" {
		label(c, style, vg.Point{X: left, Y: top}, v.words)
	}
}

// bars is a histogram's rectangles.
type bars struct {
	edges, shares []float64
	colour        color.Color
}

// Plot implements plot.Plotter.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.SetColor(b.colour)
	for i, share := range b.shares {
		if share <= 0 {
			continue
		}
		left, right := x(b.edges[i]), x(b.edges[i+1])
		if right-left < 1.5 { // one value
			left, right = (left+right)/2-0.75, (left+right)/2+0.75
		}
		c.Fill(vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y}, Max: vg.Point{X: right, Y: max(y(share), c.Min.Y+0.5)}}.Path())
	}
}
