package plot

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// points is a length in points.
func points(n float64) vg.Length { return vg.Points(n) }

// A distribution is a histogram above its distribution function.
type distribution struct {
	unit          string
	edges, shares []float64
	quantiles     []result.Quantile
	values        []float64 // ascending, where it is of one value a replication
	lines         []limitLine
}

// A limitLine is a value that the distribution is held against.
type limitLine struct {
	at    float64
	words string
}

// overReplications is the distribution of one value a replication.
func overReplications(values []float64, m *result.Metric) *distribution {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	low, high := sorted[0], sorted[len(sorted)-1]
	const mostBins = 24
	bins := min(mostBins, max(int(math.Sqrt(float64(len(sorted)))*2), 5))
	width := (high - low) / float64(bins)
	if m.Kind == result.Count { // of whole things
		width = math.Ceil(width)
	}
	d := &distribution{unit: m.Unit, quantiles: m.Quantiles, values: sorted}
	if !(width > 0) {
		d.edges, d.shares = []float64{low, high}, []float64{1}
		return d
	}
	for i := 0; i == 0 || d.edges[i-1] < high; i++ {
		d.edges = append(d.edges, low+float64(i)*width)
	}
	d.shares = make([]float64, len(d.edges)-1)
	for _, v := range sorted {
		i := min(int((v-low)/width), len(d.shares)-1)
		d.shares[i] += 1 / float64(len(sorted))
	}
	return d
}

// addLines adds the bound and what the objectives allow.
func (d *distribution) addLines(set *result.Set, m *result.Metric) {
	if bound := boundOf(set, m); bound > 0 {
		d.lines = append(d.lines, limitLine{bound, "bound " + result.Quantity(bound, m.Unit)})
	}
	for i := range set.Objectives {
		o := &set.Objectives[i]
		if o.Metric == m.Name && !math.IsNaN(o.Limit) && o.Limit > 0 {
			d.lines = append(d.lines, limitLine{o.Limit, "objective " + result.Quantity(o.Limit, m.Unit)})
		}
	}
}

// An axis places values from the least to the greatest, linearly or by their
// logarithm; 0 has a place of its own at the left of a logarithmic one.
type valueAxis struct {
	logarithmic bool
	zero        float64 // where 0 stands; 0 without a place
	scale       float64
	label       string
	ticks       plot.Ticker
	low, high   float64
}

func (d *distribution) axis() valueAxis {
	low, high := d.edges[0], d.edges[len(d.edges)-1]
	least := low
	if low == 0 && len(d.edges) > 1 {
		least = d.edges[1]
	}
	a := valueAxis{logarithmic: least > 0 && high > wide*least && len(d.shares) > 1 && d.values == nil}
	top := high
	for _, l := range d.lines {
		top = max(top, l.at)
	}
	if a.logarithmic {
		a.scale, a.low, a.high = 1, least, top*1.1
		if low == 0 {
			a.zero = least / math.Pow(top/least, 0.07)
			a.low = a.zero
		}
		a.ticks = zeroTicks{logTicks{d.unit}, a.zero, least}
		return a
	}
	m := measureFor(d.unit, top)
	room := 0.04 * (top - low)
	if room <= 0 {
		room = max(math.Abs(top)*0.05, 0.5)
	}
	a.scale, a.label, a.ticks = m.scale, m.label(), linearTicks{}
	a.low, a.high = (low-room)*m.scale, (top+room)*m.scale
	if low >= 0 {
		a.low = max(a.low, -room*m.scale/2)
	}
	return a
}

// place is where a value stands on the axis.
func (a *valueAxis) place(v float64) float64 {
	if v == 0 && a.zero > 0 {
		return a.zero
	}
	return v * a.scale
}

// zeroTicks are those of a logarithmic axis that has a place for 0.
type zeroTicks struct {
	logTicks
	zero, least float64 // the place of 0 (0: none) and the least other value
}

// Ticks implements plot.Ticker.
func (z zeroTicks) Ticks(low, high float64) []plot.Tick {
	if z.zero == 0 {
		return z.logTicks.Ticks(low, high)
	}
	ticks := []plot.Tick{{Value: z.zero, Label: "0"}}
	for _, t := range z.logTicks.Ticks(z.least, high) {
		if math.Log(t.Value/z.zero) < 0.08*math.Log(high/z.zero) {
			t.Label = "" // it would lie over the 0
		}
		ticks = append(ticks, t)
	}
	return ticks
}

func (d *distribution) figure(set *result.Set, m *result.Metric) *Figure {
	what := "everything observed in " + counted(set.Replications, runOf(set))
	if d.values != nil {
		what = "one value a " + runOf(set) + ", " + counted(len(d.values), runOf(set))
	}
	a := d.axis()
	histogram, function := d.histogram(&a), d.function(&a)
	return &Figure{
		Name: "distribution-" + m.Name, Title: m.Name, Subtitle: what, Note: meaning(m.Name) + "; " + what,
		width: figureWidth, height: 300,
		draw: func(c draw.Canvas) {
			above, below := halves(histogram, function, c)
			histogram.Draw(above)
			function.Draw(below)
		},
		spots: func(c draw.Canvas) []spot {
			above, below := halves(histogram, function, c)
			return d.spots(&a, histogram, histogram.DataCanvas(above), function.DataCanvas(below))
		},
	}
}

// meaning is the catalogue's of a metric.
func meaning(name string) string {
	base, _ := result.SplitName(name)
	known, _ := scenarios.MetricByName(base)
	return known.Meaning
}

// halves lays the two panels above each other with their axes in line.
func halves(above, below *plot.Plot, c draw.Canvas) (draw.Canvas, draw.Canvas) {
	parts := plot.Align([][]*plot.Plot{{above}, {below}}, draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Points(6)}, c)
	return parts[0][0], parts[1][0]
}

func (d *distribution) panel(a *valueAxis, label string) *plot.Plot {
	p := panel()
	p.Y.Label.Text = label
	p.Y.Tick.Marker = linearTicks{fewTicks}
	p.X.Tick.Marker, p.X.Label.Text = a.ticks, a.label
	p.X.Min, p.X.Max = a.low, a.high
	if a.logarithmic {
		p.X.Scale = plot.LogScale{}
	}
	p.Add(grid())
	return p
}

// histogram is the upper panel.
func (d *distribution) histogram(a *valueAxis) *plot.Plot {
	p := d.panel(a, "share [%]")
	p.X.Label.Text = ""
	b := &bars{colour: blue()}
	for _, e := range d.edges {
		b.edges = append(b.edges, a.place(e))
	}
	most := 0.0
	for _, s := range d.shares {
		b.shares = append(b.shares, 100*s)
		most = max(most, 100*s)
	}
	p.Y.Min, p.Y.Max = 0, most*1.08
	p.Add(b)
	d.addLimits(a, p, true)
	return p
}

// function is the lower panel: the share of observations that a value is not below.
func (d *distribution) function(a *valueAxis) *plot.Plot {
	p := d.panel(a, "at most [%]")
	p.Y.Min, p.Y.Max = 0, 100
	line := plotter.XYs{{X: a.place(d.edges[0]), Y: 0}}
	if d.values != nil {
		n := float64(len(d.values))
		for i, v := range d.values {
			line = append(line, plotter.XY{X: a.place(v), Y: 100 * float64(i) / n}, plotter.XY{X: a.place(v), Y: 100 * float64(i+1) / n})
		}
	} else {
		sum := 0.0
		for i, s := range d.shares {
			sum += s
			if a.zero > 0 && i == 0 {
				line = append(line, plotter.XY{X: a.zero, Y: 100 * sum})
				continue
			}
			line = append(line, plotter.XY{X: a.place(d.edges[i+1]), Y: 100 * min(sum, 1)})
		}
	}
	line = append(line, plotter.XY{X: a.high, Y: 100})
	p.Add(&plotter.Line{XYs: line, LineStyle: draw.LineStyle{Color: blue(), Width: 1.6}})
	for i, q := range d.marked() {
		p.Add(&verticalLine{
			at: a.place(q.Value), words: percentileName(q.P) + " " + result.Quantity(q.Value, d.unit), level: i - len(d.marked()),
			style: draw.LineStyle{Color: faint(), Width: 0.8, Dashes: []vg.Length{2, 2}},
		})
	}
	d.addLimits(a, p, false)
	return p
}

func (d *distribution) addLimits(a *valueAxis, p *plot.Plot, named bool) {
	for i, l := range d.lines {
		words := ""
		if named {
			words = l.words
		}
		p.Add(&verticalLine{
			at: a.place(l.at), words: words, level: i,
			style: draw.LineStyle{Color: orange(), Width: 1.1, Dashes: []vg.Length{5, 2}},
		})
	}
}

// marked are the percentiles that have a line of their own.
func (d *distribution) marked() []result.Quantile {
	var out []result.Quantile
	for _, q := range d.quantiles {
		switch q.P {
		case 0.5, 0.9, 0.99, 0.999:
			out = append(out, q)
		case 0.95:
			if d.values != nil { // over replications there are no others
				out = append(out, q)
			}
		}
	}
	return out
}

func percentileName(p float64) string { return fmt.Sprintf("p%.5g", 100*p) }

// spots tells what each bin holds.
func (d *distribution) spots(a *valueAxis, p *plot.Plot, above, below draw.Canvas) []spot {
	x, _ := p.Transforms(&above)
	var out []spot
	sum := 0.0
	for i, share := range d.shares {
		sum += share
		low, high := d.edges[i], d.edges[i+1]
		box := vg.Rectangle{Min: vg.Point{X: x(a.place(low)), Y: below.Min.Y}, Max: vg.Point{X: x(a.place(high)), Y: above.Max.Y}}
		if box.Max.X-box.Min.X < 3 {
			middle := (box.Min.X + box.Max.X) / 2
			box.Min.X, box.Max.X = middle-1.5, middle+1.5
		}
		span := result.QuantityInterval(result.Interval{Low: low, High: high}, d.unit)
		if a.zero > 0 && i == 0 {
			span, high = "exactly 0", 0
		}
		words := []string{
			span + ": " + result.Percent(share),
			"at most " + result.Quantity(high, d.unit) + ": " + result.Percent(min(sum, 1)),
		}
		out = append(out, spot{box, strings.Join(words, "\n")})
	}
	return out
}
