package scenarios

import (
	"strconv"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// shown quotes text for a message and shortens what nobody would read. A plain
// number needs no quotes.
func shown(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if isNumber(text) {
		return text
	}
	return strconv.Quote(text)
}

// shownName is a name for a message; what is none is quoted.
func shownName(text string) string {
	if _, err := parseName(text); err != nil {
		return shown(text)
	}
	return text
}

// spellWhole writes a whole number with commas between thousands.
func spellWhole(v int64) string {
	text := strconv.FormatInt(v, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// spellNumber writes a number as a file would, with commas where it is whole.
func spellNumber(v float64) string {
	if v == float64(int64(v)) {
		return spellWhole(int64(v))
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// spellDuration writes a duration as a file would: 90 s is 1 min 30 s.
func spellDuration(d time.Duration) string {
	if d == 0 {
		return "0 s"
	}
	var parts []string
	for _, u := range []struct {
		name string
		of   time.Duration
	}{
		{"h", time.Hour},
		{"min", time.Minute},
		{"s", time.Second},
		{"ms", time.Millisecond},
		{"us", time.Microsecond},
		{"ns", 1},
	} {
		if n := int64(d / u.of); n > 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+" "+u.name)
			d %= u.of
		}
	}
	return strings.Join(parts, " ")
}

// spellBytes writes an amount of data as a file would, in the largest unit that
// it is a whole number of.
func spellBytes(b unit.Bytes) string {
	for _, u := range []struct {
		name string
		of   unit.Bytes
	}{
		{"GiB", unit.GiB}, {"GB", unit.GB}, {"MiB", unit.MiB}, {"MB", unit.MB}, {"KiB", unit.KiB}, {"KB", unit.KB},
	} {
		if b >= u.of && b%u.of == 0 {
			return spellWhole(int64(b/u.of)) + " " + u.name
		}
	}
	return spellWhole(int64(b)) + " B"
}

// count writes a number of things.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return spellWhole(int64(n)) + " " + noun + "s"
}

// where says in words where a place is.
func (p place) where() string {
	if p.override != "" {
		return "in --set " + p.override
	}
	return "in line " + strconv.Itoa(p.line)
}
