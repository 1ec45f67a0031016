package plot

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A spot is a place in a figure that tells a value when it is pointed at.
type spot struct {
	box   vg.Rectangle
	words string
}

// WriteInline writes the figure as an svg element for an HTML page: without its
// title, which the page has, as wide as there is room, in the page's colours
// (Variables), and with values to read where it is pointed at. The only errors are
// those of w.
func (f *Figure) WriteInline(w io.Writer) error {
	height := f.height - f.titleHeight()
	c := vgsvg.New(f.width, height)
	spots := f.paint(c, false)
	var drawn bytes.Buffer
	if _, err := c.WriteTo(&drawn); err != nil {
		return fmt.Errorf("drawing %s: %w", f.Name, err)
	}
	text := drawn.String()
	text = text[strings.Index(text, "<g"):strings.LastIndex(text, "</svg>")]
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.5g %.5g" role="img" aria-label="%s" xmlns="http://www.w3.org/2000/svg">`+"\n",
		f.width.Points(), height.Points(), html.EscapeString(f.Title))
	b.WriteString(forPage().Replace(withLengths(text)))
	if len(spots) > 0 {
		b.WriteString("<g class=\"spots\">\n")
		for _, s := range spots {
			size := s.box.Size()
			fmt.Fprintf(&b, `<rect x="%.5g" y="%.5g" width="%.4g" height="%.4g"><title>%s</title></rect>`+"\n",
				s.box.Min.X.Points(), (height - s.box.Max.Y).Points(), size.X.Points(), size.Y.Points(), html.EscapeString(s.words))
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing %s: %w", f.Name, err)
	}
	return nil
}

// withLengths gives every text the width that it was laid out for, so that it has
// that in any font that a browser may take.
func withLengths(svg string) string {
	texts := regexp.MustCompile(`<text ([^>]*?font-weight:(\w+);[^>]*?font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)
	return texts.ReplaceAllStringFunc(svg, func(element string) string {
		part := texts.FindStringSubmatch(element)
		size, err := strconv.ParseFloat(part[3], 64)
		if err != nil || len(part[4]) < 2 {
			return element
		}
		width := sans(vg.Length(size), ink(), part[2] == "bold").Width(html.UnescapeString(part[4]))
		return fmt.Sprintf(`<text textLength="%.4g" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, width.Points(), part[1], part[4])
	})
}

// forPage puts variables in the place of colours, drops what a style says by
// default, and names fonts of the same widths for where Liberation is not installed.
func forPage() *strings.Replacer {
	pairs := []string{
		"font-variant:normal;", "", "font-weight:normal;", "", "font-style:normal;", "",
		"font-family:Liberation Sans;", "",
	}
	for _, v := range Variables() {
		pairs = append(pairs, v.Light, "var(--"+v.Name+")")
	}
	// Where one of them is translucent, vgsvg may write it a little darker.
	for _, c := range []color.NRGBA{shade(), glow(), sky(), mauve(), ground()} {
		for _, v := range Variables() {
			if v.Light == hex(c.R, c.G, c.B) {
				pairs = append(pairs, unmultiplied(c), "var(--"+v.Name+")")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

func hex(r, g, b uint8) string { return fmt.Sprintf("#%02X%02X%02X", r, g, b) }

// unmultiplied is a translucent colour as vgsvg writes it: what colour's own
// multiplication by alpha leaves of it, divided by alpha and cut.
func unmultiplied(c color.NRGBA) string {
	r, g, b, alpha := c.RGBA()
	a := 255 / float64(alpha)
	return hex(uint8(float64(r)*a), uint8(float64(g)*a), uint8(float64(b)*a))
}

// A Variable is a colour of figures as a page names it, on light and on dark paper.
type Variable struct {
	Name, Light, Dark string
}

// Variables are the colours of figures. On dark paper those of Okabe and Ito are
// lighter where black ones stood out from it too little: a contrast of 4.5 at least.
func Variables() []Variable {
	var out []Variable
	for _, v := range []struct {
		name  string
		light color.NRGBA
		dark  string
	}{
		{"paper", paper(), "#15181C"},
		{"ink", ink(), "#E8E8E8"},
		{"faint", faint(), "#A9AEB5"},
		{"hair", hair(), "#343A42"},
		{"blue", blue(), "#5BB0F0"},
		{"sky", sky(), "#56B4E9"},
		{"orange", orange(), "#FF8C42"},
		{"violet", violet(), "#D69AC3"},
		{"mauve", mauve(), "#CC79A7"},
		{"green", several()[2], "#2BC79A"},
		{"yellow", several()[4], "#F0B93A"},
	} {
		light := hex(v.light.R, v.light.G, v.light.B)
		if !slices.ContainsFunc(out, func(o Variable) bool { return o.Light == light }) {
			out = append(out, Variable{v.name, light, v.dark})
		}
	}
	return out
}
