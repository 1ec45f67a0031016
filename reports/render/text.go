package render

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A style is how a piece of text looks on a terminal that has colours.
type style uint8

const (
	normal style = iota
	bold
	faint
	good
	bad
	unsure
)

// code is the style's ANSI sequence (ECMA-48, SGR).
func (s style) code() string {
	switch s {
	case bold:
		return "\x1b[1m"
	case faint:
		return "\x1b[2m"
	case good:
		return "\x1b[32m"
	case bad:
		return "\x1b[31m"
	case unsure:
		return "\x1b[33m"
	case normal:
	}
	return ""
}

// paint gives text a style. Widths are measured before painting.
func (p *page) paint(s style, text string) string {
	if !p.colour || s == normal || text == "" {
		return text
	}
	return s.code() + text + "\x1b[0m"
}

// columns is how many columns text takes. Everything but wide scripts takes one
// a rune; those, which names and descriptions may hold, take two (Unicode
// Standard Annex 11, the ranges in use).
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// clean makes text from a file harmless on a terminal: what is not printable
// becomes a question mark.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// shorten cuts text to width columns by leaving out its middle.
func shorten(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	head, tail := "", ""
	left, right := []rune(text), []rune(text)
	for {
		next := left[0]
		left = left[1:]
		if columns(head)+columns(tail)+runeColumns(next)+1 > width {
			break
		}
		head += string(next)
		last := right[len(right)-1]
		right = right[:len(right)-1]
		if columns(head)+columns(tail)+runeColumns(last)+1 > width {
			break
		}
		tail = string(last) + tail
	}
	return head + "…" + tail
}

// wrap breaks text into lines of at most width columns between words; a word
// that is longer is broken. A number stays with its unit.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	flush := func() {
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
	}
	for _, word := range phrases(text, " ") {
		if line != "" && columns(line)+1+columns(word) <= width {
			line += " " + word
			continue
		}
		flush()
		for columns(word) > width {
			var head string
			head, word = split(word, width)
			lines = append(lines, head)
		}
		line = word
	}
	flush()
	return lines
}

// phrases are the words of text, a number together with its unit, with what joins
// these.
func phrases(text, joint string) []string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		if n := len(out); n > 0 && isUnit(word) && strings.ContainsAny(out[n-1][:1], "-0123456789") {
			out[n-1] += joint + word
			continue
		}
		out = append(out, word)
	}
	return out
}

// isUnit reports whether a word is a unit as result.Quantity writes it, perhaps
// with a comma or the like behind it.
func isUnit(word string) bool {
	switch strings.TrimRight(word, ";,.:)") {
	case "%", "ns", "µs", "ms", "s", "min", "h", "days",
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "B/s", "KB/s", "MB/s", "GB/s", "TB/s", "PB/s":
		return true
	}
	return false
}

// split cuts a word after at most width columns.
func split(word string, width int) (head, rest string) {
	n := 0
	for i, r := range word {
		if n += runeColumns(r); n > width {
			return word[:i], word[i:]
		}
	}
	return word, ""
}

func pad(n int) string { return strings.Repeat(" ", max(n, 0)) }
