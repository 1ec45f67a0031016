// Package render writes a result for people and for programs. It asks only the
// result: a report can be drawn again from its JSON.
package render

import (
	"fmt"
	"io"

	"kafkasim/reports/result"
)

// JSON writes the set's JSON contract: equal sets give equal bytes.
func JSON(w io.Writer, set *result.Set) error { return set.WriteJSON(w) }

// TerminalOptions say what the terminal can show.
type TerminalOptions struct {
	Width  int  // columns; taken as the nearest of 40..200, and 80 when 0
	Colour bool // ANSI colours
}

// Width that is used when none is known, and the limits of what is.
const (
	defaultWidth = 80
	leastWidth   = 40
	mostWidth    = 200
)

// Terminal writes the tables that an engineer reads: what was run, the ledger,
// times and lags, durability, counts, verdicts, warnings. No line is longer than
// the width: columns that do not fit are left out, the least important first, and
// names are shortened only when nothing else is left. The only errors are w's.
func Terminal(w io.Writer, set *result.Set, options TerminalOptions) error {
	width := options.Width
	if width == 0 {
		width = defaultWidth
	}
	p := page{set: set, width: min(max(width, leastWidth), mostWidth), colour: options.Colour}
	p.header()
	p.ledger()
	p.distributions()
	p.durability()
	p.values()
	p.objectives()
	p.warnings()
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}
