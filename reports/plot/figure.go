// Package plot draws predictions and measurements over each other, as SVG and
// PNG. Equal inputs give equal bytes. Colours are those of Okabe and Ito, which
// people with any colour vision can tell apart; predicted is blue, measured
// orange, and shapes differ as well.
package plot

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Figure is a picture that can be written.
type Figure struct {
	Name          string // for a file, without its ending: "leader.failover", "lag.records{group=g}"
	Title         string
	Subtitle      string // below the title, smaller; may be empty
	Note          string // in a sentence, for a page; may be empty
	width, height vg.Length
	keys          []key
	draw          func(draw.Canvas)        // below the title
	spots         func(draw.Canvas) []spot // on the same canvas; nil without values to read
}

// A key is an entry of a figure's legend.
type key struct {
	text string
	mark func(c draw.Canvas, box vg.Rectangle) // draws the entry's sign
}

// WriteSVG writes the figure as SVG. The only errors are those of w.
func (f *Figure) WriteSVG(w io.Writer) error {
	c := vgsvg.New(f.width, f.height)
	f.paint(c, true)
	if _, err := c.WriteTo(w); err != nil {
		return fmt.Errorf("writing %s: %w", f.Name, err)
	}
	return nil
}

// resolution is that of a PNG in dots an inch: two a point of 72 an inch.
const resolution = 144

// WritePNG writes the figure as PNG. The only errors are those of w.
func (f *Figure) WritePNG(w io.Writer) error {
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(resolution))
	f.paint(c, true)
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("writing %s: %w", f.Name, err)
	}
	return nil
}

// Sizes in points.
const (
	margin       = 10
	titleSize    = 13
	subtitleSize = 9.5
	labelSize    = 9.5
	tickSize     = 8.5
)

// paint draws the title, if it is wanted, the legend and then what is below, and
// returns the places that show a value.
func (f *Figure) paint(canvas vg.CanvasSizer, titled bool) []spot {
	c := draw.New(canvas)
	c.SetColor(paper())
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	top := c.Max.Y
	if titled {
		c.FillText(sans(titleSize, ink(), true), vg.Point{X: c.Min.X, Y: top}, f.Title)
		top -= titleSize + 5
		if f.Subtitle != "" {
			c.FillText(sans(subtitleSize, faint(), false), vg.Point{X: c.Min.X, Y: top}, f.Subtitle)
			top -= subtitleSize + 7
		}
	}
	if len(f.keys) > 0 {
		top = f.legend(c, top) - labelSize - 7
	}
	c.Max.Y = top - 6
	f.draw(c)
	if f.spots == nil {
		return nil
	}
	return f.spots(c)
}

// titleHeight is the room that the title and what stands below it take.
func (f *Figure) titleHeight() vg.Length {
	if f.Subtitle == "" {
		return titleSize + 5
	}
	return titleSize + subtitleSize + 12
}

// legend draws the entries side by side on as many lines as they need, and returns
// the top of the last one.
func (f *Figure) legend(c draw.Canvas, top vg.Length) vg.Length {
	style := sans(labelSize, ink(), false)
	x := c.Min.X
	for _, k := range f.keys {
		if x > c.Min.X && x+22+style.Width(k.text) > c.Max.X {
			x, top = c.Min.X, top-labelSize-5
		}
		box := vg.Rectangle{Min: vg.Point{X: x, Y: top - labelSize - 1}, Max: vg.Point{X: x + 18, Y: top}}
		k.mark(c, box)
		x += 22
		c.FillText(style, vg.Point{X: x, Y: top}, k.text)
		x += style.Width(k.text) + 14
	}
	return top
}

// sans is a style of text that hangs from its upper left corner.
func sans(size vg.Length, colour color.Color, bold bool) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = 3 // x/image/font.WeightBold
	}
	return draw.TextStyle{Color: colour, Font: f, YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
}

// The palette. Sources: Okabe and Ito, Color universal design (2008); greys of our own.
func blue() color.NRGBA   { return color.NRGBA{0x00, 0x72, 0xb2, 0xff} } // predicted
func sky() color.NRGBA    { return color.NRGBA{0x56, 0xb4, 0xe9, 0x50} } // prediction intervals and ranges
func orange() color.NRGBA { return color.NRGBA{0xd5, 0x5e, 0x00, 0xff} } // measured
func violet() color.NRGBA { return color.NRGBA{0x8a, 0x3f, 0x6e, 0xff} } // faults
func mauve() color.NRGBA  { return color.NRGBA{0xcc, 0x79, 0xa7, 0x28} } // while a fault lasts
func ink() color.NRGBA    { return color.NRGBA{0x22, 0x22, 0x22, 0xff} }
func faint() color.NRGBA  { return color.NRGBA{0x66, 0x66, 0x66, 0xff} }
func hair() color.NRGBA   { return color.NRGBA{0xe2, 0xe2, 0xe2, 0xff} }
func paper() color.NRGBA  { return color.NRGBA{0xff, 0xff, 0xff, 0xff} }
func ground() color.NRGBA { return color.NRGBA{0xff, 0xff, 0xff, 0xb0} } // behind words
func shade() color.NRGBA  { return color.NRGBA{0x66, 0x66, 0x66, 0x18} } // warm-up
func glow() color.NRGBA   { return color.NRGBA{0xd5, 0x5e, 0x00, 0x38} } // range of repetitions
func several() []color.NRGBA {
	return []color.NRGBA{blue(), orange(), {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}}
}

// lineKey is a legend's entry of a line.
func lineKey(text string, colour color.Color, dashes ...vg.Length) key {
	return key{text, func(c draw.Canvas, box vg.Rectangle) {
		y := (box.Min.Y + box.Max.Y) / 2
		c.StrokeLine2(draw.LineStyle{Color: colour, Width: 1.6, Dashes: dashes}, box.Min.X, y, box.Max.X, y)
	}}
}

// areaKey is a legend's entry of a filled area.
func areaKey(text string, colour color.Color) key {
	return key{text, func(c draw.Canvas, box vg.Rectangle) {
		c.SetColor(colour)
		c.Fill(box.Path())
	}}
}

// dotKey is a legend's entry of dots.
func dotKey(text string, style draw.GlyphStyle) key {
	return key{text, func(c draw.Canvas, box vg.Rectangle) {
		c.DrawGlyph(style, vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2})
	}}
}

// panel is an empty plot in the style of all: light lines, no frame.
func panel() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle = sans(labelSize+0.5, ink(), true)
	p.Title.TextStyle.XAlign = draw.XCenter
	p.Title.Padding = 4
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(labelSize, ink(), false).Font
		a.Label.TextStyle.Color = ink()
		a.Tick.Label.Font = sans(tickSize, ink(), false).Font
		a.Tick.Label.Color = faint()
		a.Color = faint()
		a.Tick.Color = faint()
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.5, 0.5
		a.Tick.Length = 3
		a.Padding = 2
	}
	return p
}
