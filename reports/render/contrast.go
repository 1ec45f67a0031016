package render

import (
	"fmt"
	"io"
	"math"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/result"
)

// Contrast writes what came of holding result B against result A: what they are,
// how they were compared, a table a group of rows, and what must be known before
// believing it. No line is longer than the width. The only errors are w's.
func Contrast(w io.Writer, c *contrast.Comparison, options TerminalOptions) error {
	width := options.Width
	if width == 0 {
		width = defaultWidth
	}
	p := page{width: min(max(width, leastWidth), mostWidth), colour: options.Colour}
	p.side("A", &c.A)
	p.side("B", &c.B)
	p.paragraph("", normal, clean(strings.Join(c.Design, " ")))
	for _, group := range groups(c) {
		p.contrastRows(c, group)
	}
	p.unchanged(c)
	p.contrastWarnings(c)
	if g := c.Gate; g != nil {
		p.line("")
		p.paragraph(string(g.Verdict)+pad(columnGap), gateStyle(g.Verdict), clean(g.Words))
	}
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// side says what one of the results is.
func (p *page) side(letter string, s *contrast.Side) {
	p.paragraph(letter+pad(columnGap), bold, clean(sideName(s)))
	for _, line := range joined(sideParts(s), ", ", p.width-3) {
		p.line(pad(3) + line)
	}
}

// sideName is the scenario's name and what was changed of it.
func sideName(s *contrast.Side) string {
	if len(s.Changes) == 0 {
		return s.Scenario
	}
	return s.Scenario + " with " + strings.Join(s.Changes, ", ")
}

// sideParts are what was run.
func sideParts(s *contrast.Side) []string {
	parts := []string{s.Origin, s.Plane, counted(s.Replications, "replication"), fmt.Sprintf("seed %d", s.Seed)}
	if s.Partial {
		parts = append(parts, "partial")
	}
	if s.SpecSHA256 != "" {
		parts = append(parts, "spec "+s.SpecSHA256[:min(len(s.SpecSHA256), 12)])
	}
	if s.Version != "" {
		parts = append(parts, "kafkasim "+s.Version)
	}
	return parts
}

// groups lists the headings of the rows in their order.
func groups(c *contrast.Comparison) []string {
	var out []string
	seen := map[string]bool{}
	for i := range c.Rows {
		if g := c.Rows[i].Group; !seen[g] {
			seen[g] = true
			out = append(out, g)
		}
	}
	return out
}

// contrastRows writes a group's rows that are not the same throughout.
func (p *page) contrastRows(c *contrast.Comparison, group string) {
	t := table{
		title: group,
		heads: []head{{"A", 1}, {"±", 3}, {"B", 1}, {"±", 3}, {"change", 0}, {"in a pair, 95 %", 5}, {"p", 2}, {"n", 4}},
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Group != group || r.Verdict == contrast.Equal || !shown(r) {
			continue
		}
		t.rows = append(t.rows, row{name: clean(rowName(r)), figures: []string{
			centre(&r.A, r.Unit), plusMinus(&r.A, r.Unit), centre(&r.B, r.Unit), plusMinus(&r.B, r.Unit),
			change(r), pairInterval(r), pValue(float64(r.AdjustedP)), sizes(r),
		}, style: contrastStyle(r)})
	}
	for _, m := range c.Means {
		if m.Group == group && len(t.rows) > 0 {
			t.rows = append(t.rows, row{name: fmt.Sprintf("geomean of %d rows", m.Rows), figures: []string{
				"", "", "", "", relative(float64(m.Ratio) - 1), "", "", "",
			}, style: bold})
		}
	}
	p.add(&t)
}

// shown reports whether a row says what no other one says: one that is the same
// number as an earlier row is left to the JSON, but nines, which read differently.
func shown(r *contrast.Row) bool { return r.SameAs == "" || r.Unit == "nines" }

// rowName is the row's title, with what its centre is where that is not the median.
func rowName(r *contrast.Row) string {
	name := strings.TrimPrefix(r.Title(), "records.")
	if r.Centre == "mean" {
		name += " (mean)"
	}
	return name
}

func centre(v *contrast.Value, unit string) string {
	if v.Bound {
		return "≥ " + result.Quantity(float64(v.Value), unit)
	}
	return result.Quantity(float64(v.Value), unit)
}

// plusMinus is the farther end of the interval: as a share of the value, as
// benchstat has it; in points where the value is a share; the end itself where the
// value is 0.
func plusMinus(v *contrast.Value, unit string) string {
	value, low, high := float64(v.Value), float64(v.Low), float64(v.High)
	if v.Bound || math.IsNaN(value) {
		return ""
	}
	if math.IsNaN(low) || math.IsNaN(high) {
		return "±∞"
	}
	off := max(value-low, high-value)
	switch {
	case unit == "ratio":
		return "±" + twoDigits(100*off) + " pp"
	case unit == "nines":
		return "±" + twoDigits(off)
	case value == 0 && off > 0:
		return "… " + result.Quantity(high, unit)
	case value == 0:
		return "±0 %"
	}
	return "±" + coarse(100*off/math.Abs(value)) + " %"
}

// coarse writes a percentage with one decimal below 10, none above.
func coarse(v float64) string {
	if v < 9.95 {
		return result.Number(math.Round(10*v) / 10)
	}
	return result.Number(math.Round(v))
}

// points writes a difference of shares in percentage points.
func points(share float64) string { return shortNumber(100*share) + " pp" }

// shortNumber writes at most 3 significant digits, so that a small difference of
// large shares keeps some.
func shortNumber(v float64) string {
	if a := math.Abs(v); a > 0 && a < 1e-4 {
		return fmt.Sprintf("%.0e", v)
	}
	return result.Number(round(v, 3))
}

// round rounds to significant digits.
func round(v float64, digits int) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, float64(digits)-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// change is by how much B's centre lies above A's and what that means; as benchstat
// has it, nothing of a difference of which nothing can be said.
func change(r *contrast.Row) string {
	if r.Verdict == contrast.Nothing || r.Verdict == contrast.NoData {
		return string(r.Verdict)
	}
	return difference(r) + " " + mark(r)
}

// difference is by how much B's centre lies above A's.
func difference(r *contrast.Row) string {
	d := float64(r.Difference)
	switch {
	case math.IsNaN(d):
		return noValue
	case d == 0:
		return "0 %"
	case !math.IsNaN(float64(r.Relative)):
		return relative(float64(r.Relative))
	case r.Unit == "ratio":
		return sign(d) + points(math.Abs(d))
	}
	return sign(d) + result.Quantity(math.Abs(d), r.Unit)
}

// relative writes a share that was added, or as a factor what grew very much.
func relative(share float64) string {
	if share >= 10 {
		return "×" + shortNumber(1+share)
	}
	return sign(share) + percent(math.Abs(share))
}

func sign(v float64) string {
	if v < 0 {
		return "-"
	}
	return "+"
}

// pairInterval is the interval of the typical difference in a pair.
func pairInterval(r *contrast.Row) string {
	if r.PairDifference == nil {
		return ""
	}
	low, high := float64(r.PairDifference.Low), float64(r.PairDifference.High)
	if math.IsNaN(low) || math.IsNaN(high) {
		return ""
	}
	if noise := 1e-9 * math.Abs(low); high-low <= noise { // of the last digits
		high = low
	}
	if r.Unit == "ratio" {
		return sign(low) + shortNumber(100*math.Abs(low)) + " … " + sign(high) + points(math.Abs(high))
	}
	return compare.Span(low, high, r.Unit)
}

// pValue writes a probability in so many digits as it deserves.
func pValue(p float64) string {
	switch {
	case math.IsNaN(p):
		return ""
	case p < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// sizes is how many pairs a row is of, or how many values of each side.
func sizes(r *contrast.Row) string {
	if r.PairDifference == nil && r.A.Observed != r.B.Observed {
		return fmt.Sprintf("%d+%d", r.A.Observed, r.B.Observed)
	}
	return result.Number(float64(r.N))
}

// mark is the row's verdict.
func mark(r *contrast.Row) string {
	if r.Regression {
		return "regression"
	}
	return string(r.Verdict)
}

func contrastStyle(r *contrast.Row) style {
	switch r.Verdict {
	case contrast.Better:
		return good
	case contrast.Worse:
		return bad
	case contrast.Nothing, contrast.NoData, contrast.Equal:
		return faint
	case contrast.Differs:
	}
	return normal
}

func gateStyle(v contrast.GateVerdict) style {
	switch v {
	case contrast.GatePass:
		return good
	case contrast.GateFail:
		return bad
	case contrast.GateNoData:
	}
	return unsure
}

// unchanged lists what is the same in every replication, and what could not be
// compared.
func (p *page) unchanged(c *contrast.Comparison) {
	for i, list := range unchanged(c) {
		if i == 0 {
			p.line("")
		}
		p.paragraph("= ", faint, clean(list))
	}
}

// unchanged are lists of the rows that are in no table: those that are 0 in every
// replication, those that are otherwise the same, with their value, those that are
// the same number as another one, and what could not be compared, with the reason.
func unchanged(c *contrast.Comparison) []string {
	var zero, same, twins, absent []string
	for i := range c.Rows {
		r := &c.Rows[i]
		switch {
		case r.Verdict != contrast.Equal && !shown(r):
			twins = append(twins, rowName(r)+" (as "+strings.TrimPrefix(r.SameAs, "records.")+")")
		case r.Verdict != contrast.Equal:
		case r.A.Value == 0: // of other zeros the centre is the mean
			zero = append(zero, rowName(r))
		default:
			same = append(same, rowName(r)+" "+centre(&r.A, r.Unit))
		}
	}
	byReason := map[string][]string{}
	var reasons []string
	for _, a := range c.Absent {
		if byReason[a.Reason] == nil {
			reasons = append(reasons, a.Reason)
		}
		byReason[a.Reason] = append(byReason[a.Reason], a.Metric)
	}
	for _, reason := range reasons {
		absent = append(absent, strings.Join(byReason[reason], ", ")+" ("+reason+")")
	}
	var out []string
	for _, list := range []struct {
		words string
		names []string
	}{
		{"0 in all", zero},
		{"the same on both sides in each replication", same},
		{"the same number as another row", twins},
		{"not compared", absent},
	} {
		if len(list.names) > 0 {
			out = append(out, list.words+": "+strings.Join(list.names, ", "))
		}
	}
	return out
}

// contrastWarnings write what must be known before believing the rows.
func (p *page) contrastWarnings(c *contrast.Comparison) {
	if len(c.Warnings) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "warnings"))
	for _, w := range c.Warnings {
		p.paragraph("! ", unsure, clean(w))
	}
}
