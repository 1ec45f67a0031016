package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write writes a telling as text of at most width columns.
func Write(to io.Writer, t *Telling, width int) error {
	w := &writer{bufio.NewWriter(to), max(width, 60)}
	w.paragraph("", "", t.Title)
	w.line("")
	columns := 0
	for i := range t.Steps {
		columns = max(columns, utf8.RuneCountInString(clock(t.Steps[i].At)))
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		w.paragraph(fmt.Sprintf("  %*s  ", columns, clock(s.At)), strings.Repeat(" ", columns+4), s.Words)
	}
	for i := range t.Rules {
		w.head(i, "Why")
		w.paragraph("  - ", "    ", t.Rules[i].Words)
		w.paragraph("    ", "    ", "("+t.Rules[i].Source+")")
	}
	for i := range t.Cures {
		w.head(i, cureHead(t.Metric))
		w.paragraph("  - ", "    ", t.Cures[i].Setting)
		w.paragraph("    Price: ", "    ", t.Cures[i].Price)
	}
	return w.Flush()
}

// cureHead is over the settings that help.
func cureHead(metric string) string {
	if metric == Stall {
		return "What would have prevented or shortened it"
	}
	return "What would have prevented it"
}

// A writer breaks lines.
type writer struct {
	*bufio.Writer
	width int
}

// head writes a heading before the first of a list. What a bufio.Writer meets is told
// by its Flush.
func (w *writer) head(i int, title string) {
	if i == 0 {
		w.line("")
		w.line(title)
	}
}

func (w *writer) line(s string) {
	_, _ = w.WriteString(strings.TrimRight(s, " ") + "\n")
}

// paragraph writes text broken at words: the first line behind first, the others
// behind rest.
func (w *writer) paragraph(first, rest, text string) {
	line, empty := first, true
	columns := utf8.RuneCountInString(first)
	for _, word := range words(text) {
		n := utf8.RuneCountInString(word)
		if !empty && columns+1+n > w.width {
			w.line(line)
			line, columns, empty = rest, utf8.RuneCountInString(rest), true
		}
		if !empty {
			line += " "
			columns++
		}
		line += word
		columns += n
		empty = false
	}
	w.line(line)
}

// words are the pieces of a text that are not broken: a number stays with its unit.
func words(text string) []string {
	var out []string
	for f := range strings.FieldsSeq(text) {
		if n := len(out); n > 0 && endsInDigit(out[n-1]) && isUnit(f) {
			out[n-1] += " " + f
			continue
		}
		out = append(out, f)
	}
	return out
}

func endsInDigit(s string) bool {
	last := s[len(s)-1]
	return last >= '0' && last <= '9' && s[0] >= '0' && s[0] <= '9'
}

func isUnit(s string) bool {
	switch strings.TrimRight(s, ".,;:)") {
	case "s", "ms", "µs", "ns", "min", "h", "B", "KiB", "MiB", "GiB", "%":
		return true
	}
	return false
}
