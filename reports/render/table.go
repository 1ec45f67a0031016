package render

import (
	"fmt"
	"slices"
	"strings"
)

// A table has names at the left and figures, flushed right, beside them.
type table struct {
	title string
	heads []head
	rows  []row
}

// A head is a column's heading. Columns of the highest rank are left out first
// when the width does not suffice; rank 0 stays.
type head struct {
	text string
	rank int
}

// A row is a name and a figure a head.
type row struct {
	name    string
	indent  int
	figures []string
	style   style
}

const columnGap = 2

// add appends the table to the page, with an empty line before it.
func (p *page) add(t *table) {
	if len(t.rows) == 0 {
		return
	}
	shown, left := p.fit(t)
	widths := t.widths(shown)
	figures := 0
	for _, w := range widths {
		figures += columnGap + w
	}
	names := min(t.nameWidth(), p.width-figures)
	p.line("")
	var b strings.Builder
	title := shorten(t.title, names)
	b.WriteString(p.paint(bold, title) + pad(names-columns(title)))
	for i, at := range shown {
		h := t.heads[at].text
		b.WriteString(pad(columnGap+widths[i]-columns(h)) + p.paint(faint, h))
	}
	p.line(b.String())
	for _, r := range t.rows {
		b.Reset()
		name := pad(r.indent) + shorten(r.name, names-r.indent)
		b.WriteString(p.paint(r.style, name) + pad(names-columns(name)))
		for i, at := range shown {
			figure := r.figures[at]
			b.WriteString(pad(columnGap+widths[i]-columns(figure)) + p.paint(r.style, figure))
		}
		p.line(b.String())
	}
	if len(left) > 0 {
		p.paragraph("", normal, fmt.Sprintf("(left out in %d columns: %s)", p.width, strings.Join(left, ", ")))
	}
}

// fit chooses the columns that fit beside the names, and says which it has left
// out. Columns of one heading leave together. A name may take this part of the width
// before it is shortened rather than a column left out.
func (p *page) fit(t *table) (shown []int, left []string) {
	for i := range t.heads {
		if slices.ContainsFunc(t.rows, func(r row) bool { return r.figures[i] != "" }) || t.heads[i].rank == 0 {
			shown = append(shown, i)
		}
	}
	for {
		need := min(t.nameWidth(), p.width*9/20)
		for _, w := range t.widths(shown) {
			need += columnGap + w
		}
		if need <= p.width {
			return shown, left
		}
		worst := 0
		for i := range shown {
			if t.heads[shown[i]].rank >= t.heads[shown[worst]].rank {
				worst = i
			}
		}
		if t.heads[shown[worst]].rank == 0 {
			return shown, left
		}
		leaving := t.heads[shown[worst]]
		left = append([]string{leaving.text}, left...)
		shown = slices.DeleteFunc(shown, func(at int) bool { return t.heads[at] == leaving })
	}
}

func (t *table) widths(shown []int) []int {
	widths := make([]int, len(shown))
	for i, at := range shown {
		widths[i] = columns(t.heads[at].text)
		for _, r := range t.rows {
			widths[i] = max(widths[i], columns(r.figures[at]))
		}
	}
	return widths
}

func (t *table) nameWidth() int {
	w := columns(t.title)
	for _, r := range t.rows {
		w = max(w, r.indent+columns(r.name))
	}
	return w
}
