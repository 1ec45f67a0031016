package render

import (
	"fmt"
	"io"
	"math"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
)

// Verification writes what came of holding predictions against measurements: the
// verdict in sentences, a table for each scenario of the rows that count, what
// missed, and where there are several scenarios a table by metric. Everything
// else is in the JSON. No line is longer than the width. The only errors are w's.
func Verification(w io.Writer, v *compare.Verification, options TerminalOptions) error {
	width := options.Width
	if width == 0 {
		width = defaultWidth
	}
	p := page{width: min(max(width, leastWidth), mostWidth), colour: options.Colour}
	for i := range v.Scenarios {
		if i > 0 {
			p.line("")
		}
		p.comparison(&v.Scenarios[i])
	}
	p.byMetric(v)
	p.goals(v)
	p.origin(v)
	p.conclusion(v)
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// comparison writes one scenario.
func (p *page) comparison(s *compare.Scenario) {
	p.paragraph(string(s.Verdict)+pad(columnGap), styleOf(s.Verdict), clean(s.Name))
	for _, line := range joined(comparedParts(s), " · ", p.width) {
		p.line(line)
	}
	if s.Partial {
		p.paragraph("partial: ", unsure, "it was cut; this is what was done")
	}
	if t := countedRows(s); len(t.rows) > 0 {
		p.add(t)
		p.paragraph("together: ", bold, together(&s.Summary))
	}
	for _, line := range certain(s) {
		p.paragraph("= ", faint, line)
	}
	p.sentences(s)
}

// comparedParts say what was predicted and measured, in parts.
func comparedParts(s *compare.Scenario) []string {
	replications := counted(s.Replications, "replication")
	if s.Draws > 1 {
		replications += fmt.Sprintf(" on %d draws of the profile", s.Draws)
	}
	parts := []string{"predicted: " + s.Plane + ", " + replications, "measured: " + counted(s.Repetitions, "repetition")}
	if s.SpecSHA256 != "" {
		parts = append(parts, "spec "+s.SpecSHA256[:min(len(s.SpecSHA256), 12)])
	}
	return parts
}

// countedRows are the rows that count.
func countedRows(s *compare.Scenario) *table {
	t := &table{
		title: "what counts",
		heads: []head{
			{"95 % interval", 0},
			{"measured", 1},
			{"inside", 0},
			{"error", 2},
			{"width", 3},
			{"score", 4},
		},
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		if !r.Counted {
			continue
		}
		t.rows = append(t.rows, row{name: clean(r.Title()), figures: []string{
			r.Interval(), measured(r), fmt.Sprintf("%d of %d", r.Covered, r.Values),
			percent(float64(r.RelativeError)), ratio(float64(r.WidthRatio)), ratio(float64(r.Score / r.Reference)),
		}, style: rowStyle(r.Verdict)})
	}
	return t
}

// measured writes the range of a row's measured values.
func measured(r *compare.Row) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range r.Measured {
		if v := float64(v); !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		return noValue
	}
	return compare.Span(low, high, r.Unit)
}

// percent writes a relative error in so many digits as it deserves.
func percent(share float64) string {
	if math.IsNaN(share) {
		return noValue
	}
	return twoDigits(100*share) + " %"
}

// ratio writes a ratio likewise.
func ratio(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return noValue
	}
	return twoDigits(v)
}

// twoDigits writes at most 2 significant digits below 100.
func twoDigits(v float64) string {
	switch {
	case v >= 99.5:
		return result.Number(math.Round(v))
	case v >= 9.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 0.95:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.005:
		return fmt.Sprintf("%.2f", v)
	case v > 0:
		return "<0.01"
	}
	return "0"
}

// together sums a summary up.
func together(s *compare.Summary) string {
	parts := []string{fmt.Sprintf("%s of %s inside", result.Number(float64(s.Covered)), result.Number(float64(s.Values)))}
	if !math.IsNaN(float64(s.Share)) {
		parts[0] += " (" + result.Percent(float64(s.Share)) + ")"
	}
	for _, figure := range []struct{ text, words string }{
		{percent(float64(s.RelativeError)), "median error "},
		{ratio(float64(s.WidthRatio)), "median width "},
		{ratio(float64(s.ScoreMedian)), "median score "},
	} {
		if figure.text != noValue {
			parts = append(parts, figure.words+figure.text)
		}
	}
	return strings.Join(parts, ", ")
}

// certain lists what was predicted and measured as one value throughout, and what
// was not observed.
func certain(s *compare.Scenario) (lines []string) {
	var same []string
	for i := range s.Rows {
		r := &s.Rows[i]
		if _, labels := result.SplitName(r.Metric); r.Reason == "certain" && labels == "" {
			same = append(same, clean(r.Title())+" "+result.Quantity(float64(r.Median), r.Unit))
		}
	}
	if len(same) > 0 {
		lines = append(lines, "always, on both sides: "+strings.Join(same, ", "))
	}
	for _, side := range []struct{ name, words string }{
		{"measured", "not observed when measured: "},
		{"predicted", "not observed when predicted: "},
	} {
		var names []string
		for _, a := range s.NotObserved {
			if _, labels := result.SplitName(a.Metric); a.Side == side.name && labels == "" {
				names = append(names, clean(a.Metric))
			}
		}
		if len(names) > 0 {
			lines = append(lines, side.words+strings.Join(names, ", "))
		}
	}
	return lines
}

// mostSentences is how many sentences of a scenario a terminal shows.
const mostSentences = 12

// sentences write what missed, what was disturbed, and the warnings.
func (p *page) sentences(s *compare.Scenario) {
	if len(s.Words)+len(s.Notes)+len(s.Disturbed)+len(s.Warnings) > 0 {
		p.line("")
	}
	for i, words := range s.Words {
		if i == mostSentences {
			p.paragraph("- ", normal, fmt.Sprintf("and %d more, in the JSON.", len(s.Words)-i))
			break
		}
		lead := normal
		if strings.HasPrefix(words, "Grossly off: ") {
			lead = bad
		}
		p.paragraph("- ", lead, clean(words))
	}
	for _, words := range s.Notes {
		p.paragraph("- ", unsure, clean(words))
	}
	for _, d := range s.Disturbed {
		p.paragraph("! ", unsure, clean(disturbed(d)))
	}
	for _, w := range s.Warnings {
		if !strings.Contains(w, " was disturbed: ") {
			p.paragraph("! ", unsure, clean(w))
		}
	}
}

func disturbed(d compare.Disturbance) string {
	return fmt.Sprintf("repetition %d was disturbed, and counts all the same: %s", d.Repetition, d.Reason)
}

// byMetric writes each metric over all scenarios.
func (p *page) byMetric(v *compare.Verification) {
	if len(v.Scenarios) < 2 {
		return
	}
	p.add(metricsTable(v))
	p.paragraph("together: ", bold, together(&v.Pooled))
}

func metricsTable(v *compare.Verification) *table {
	t := &table{
		title: "all scenarios, by metric",
		heads: []head{{"inside", 0}, {"share", 1}, {"error", 0}, {"width", 2}, {"score", 3}},
	}
	for i := range v.Metrics {
		m := &v.Metrics[i]
		t.rows = append(t.rows, row{name: clean(m.Name), figures: []string{
			fmt.Sprintf("%d of %d", m.Covered, m.Values), result.Percent(float64(m.Share)),
			percent(float64(m.RelativeError)), ratio(float64(m.WidthRatio)), ratio(float64(m.ScoreMedian)),
		}})
	}
	return t
}

// goals writes the numbers to reach.
func (p *page) goals(v *compare.Verification) {
	if v.Pooled.Values == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "accuracy goals"))
	for _, g := range v.Goals {
		met, style := "met     ", good
		if !g.Met {
			met, style = "missed  ", unsure
		}
		p.paragraph(met, style, clean(goalWords(&g)))
	}
}

func goalWords(g *compare.Goal) string { return goalSubject(g) + ": " + goalObserved(g) }

func goalSubject(g *compare.Goal) string { return g.Name + " " + result.Number(float64(g.Limit)) }

func goalObserved(g *compare.Goal) string {
	if math.IsNaN(float64(g.Observed)) {
		return "no value"
	}
	return result.Number(float64(g.Observed))
}

// origin writes where the profile comes from and what was measured on.
func (p *page) origin(v *compare.Verification) {
	parts := originParts(v)
	if len(parts) == 0 {
		return
	}
	p.line("")
	for _, line := range joined(parts, " · ", p.width) {
		p.line(line)
	}
}

func originParts(v *compare.Verification) (parts []string) {
	if c := v.Calibration; c != nil && c.Profile != "" {
		parts = append(parts, strings.TrimSuffix("profile "+c.Profile+", "+c.Source, ", "))
	}
	if e := v.Environment; e != nil {
		if len(e.Kafka) > 0 {
			parts = append(parts, "Kafka "+strings.Join(e.Kafka, ", "))
		}
		if e.Image != "" {
			parts = append(parts, "image "+e.Image)
		}
	}
	if v.Version != "" {
		parts = append(parts, "kafkasim "+v.Version)
	}
	return parts
}

// conclusion writes the verdict.
func (p *page) conclusion(v *compare.Verification) {
	p.line("")
	if v.Partial {
		p.paragraph("partial: ", unsure, "it was cut; the verdict is of what was done")
	}
	p.paragraph(string(v.Verdict)+pad(columnGap), styleOf(v.Verdict), clean(strings.Join(v.Words, " ")))
	for _, w := range v.Warnings {
		p.paragraph("! ", unsure, clean(w))
	}
}

func styleOf(v compare.Verdict) style {
	switch v {
	case compare.Pass:
		return good
	case compare.Fail:
		return bad
	case compare.Inconclusive, compare.NoData:
	}
	return unsure
}

// rowStyle marks what is not as predicted.
func rowStyle(v compare.Verdict) style {
	if v == compare.Pass {
		return normal
	}
	return styleOf(v)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}
