package render

import (
	"fmt"
	"io"
	"strings"

	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/result"
)

// ContrastMarkdown writes a comparison as Markdown, for a pull request or a wiki:
// the same as on a terminal, with intervals written out. The only errors are w's.
func ContrastMarkdown(w io.Writer, c *contrast.Comparison) error {
	var b strings.Builder
	for _, s := range []struct {
		letter string
		side   *contrast.Side
	}{{"A", &c.A}, {"B", &c.B}} {
		fmt.Fprintf(&b, "- **%s** %s (%s)\n", s.letter, cell(sideName(s.side)), cell(strings.Join(sideParts(s.side), ", ")))
	}
	fmt.Fprintf(&b, "\n%s\n", cell(strings.Join(c.Design, " ")))
	if g := c.Gate; g != nil {
		fmt.Fprintf(&b, "\n**%s**: %s\n", g.Verdict, cell(g.Words))
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "\n> **Warning:** %s\n", cell(warning))
	}
	for _, group := range groups(c) {
		markdownRows(&b, c, group)
	}
	for _, list := range unchanged(c) {
		fmt.Fprintf(&b, "\n%s\n", cell(list))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the Markdown: %w", err)
	}
	return nil
}

// markdownRows writes a group's table.
func markdownRows(b *strings.Builder, c *contrast.Comparison, group string) {
	headed := false
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Group != group || r.Verdict == contrast.Equal || !shown(r) {
			continue
		}
		if !headed {
			fmt.Fprintf(b, "\n| %s | A (95 %%) | B (95 %%) | B against A | in a pair (95 %%) | p | n | |\n", group)
			b.WriteString("|---|--:|--:|--:|--:|--:|--:|---|\n")
			headed = true
		}
		verdict := mark(r)
		if r.Verdict == contrast.Better || r.Verdict == contrast.Worse {
			verdict = "**" + verdict + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", cell(rowName(r)),
			withInterval(&r.A, r.Unit), withInterval(&r.B, r.Unit), difference(r), pairInterval(r), cell(pValue(float64(r.AdjustedP))), sizes(r), verdict)
	}
	for _, m := range c.Means {
		if m.Group == group && headed {
			fmt.Fprintf(b, "| *geometric mean* of %d of %d rows | | | %s | | | | |\n", m.Rows, m.Of, relative(float64(m.Ratio)-1))
		}
	}
}

// withInterval writes a value with its interval.
func withInterval(v *contrast.Value, unit string) string {
	text := centre(v, unit)
	interval := result.QuantityInterval(result.Interval{Low: float64(v.Low), High: float64(v.High)}, unit)
	if interval == "" || v.Bound {
		return text
	}
	return text + " (" + interval + ")"
}

// cell makes text harmless in Markdown: names may hold what would be markup.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`).Replace(clean(text))
}
