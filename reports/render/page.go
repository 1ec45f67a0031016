package render

import (
	"fmt"
	"slices"
	"strings"

	"kafkasim/reports/result"
)

// A page is the text under construction.
type page struct {
	set    *result.Set
	width  int
	colour bool
	out    strings.Builder
}

func (p *page) line(text string) {
	p.out.WriteString(strings.TrimRight(text, " "))
	p.out.WriteByte('\n')
}

// paragraph writes words broken to the width, the first line after lead and the
// others as far in.
func (p *page) paragraph(lead string, leadStyle style, words string) {
	indent := columns(lead)
	for i, line := range wrap(words, p.width-indent) {
		if i == 0 {
			p.line(p.paint(leadStyle, lead) + line)
		} else {
			p.line(pad(indent) + line)
		}
	}
}

// header says what was run.
func (p *page) header() {
	for _, line := range wrap(clean(p.set.Scenario), p.width) {
		p.line(p.paint(bold, line))
	}
	for _, line := range joined(whatWasRun(p.set), " · ", p.width) {
		p.line(line)
	}
	if p.set.Partial {
		p.paragraph("partial: ", unsure, cutShort(p.set))
	}
}

// whatWasRun is the origin of a result, in parts.
func whatWasRun(s *result.Set) []string {
	parts := []string{
		string(s.Origin), s.Plane, counted(s.Replications, runs(s)), fmt.Sprintf("seed %d", s.Seed),
	}
	if hash := s.SpecSHA256; hash != "" {
		parts = append(parts, "spec "+hash[:min(len(hash), 12)])
	}
	if s.Version != "" {
		parts = append(parts, "kafkasim "+s.Version)
	}
	return parts
}

// cutShort says what a partial result is of.
func cutShort(s *result.Set) string {
	return "the run was cut; this is what " + counted(s.Replications, runs(s)) + " saw"
}

// joined puts parts on as few lines as hold them, never breaking a part that
// fits on a line.
func joined(parts []string, separator string, width int) []string {
	var lines []string
	line := ""
	for _, part := range parts {
		if part = clean(part); part == "" {
			continue
		}
		if line != "" && columns(line)+columns(separator)+columns(part) <= width {
			line += separator + part
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := wrap(part, width)
		if len(pieces) == 0 {
			line = ""
			continue
		}
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// roomy is the width from which verdicts stand beside what they are of.
const roomy = 60

// objectives writes the verdicts with what they rest on.
func (p *page) objectives() {
	if len(p.set.Objectives) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "objectives"))
	widest := 0
	for i := range p.set.Objectives {
		widest = max(widest, columns(p.set.Objectives[i].Verdict.String()))
	}
	for i := range p.set.Objectives {
		o := &p.set.Objectives[i]
		verdict := o.Verdict.String()
		if p.width < roomy {
			p.line(p.paint(verdictStyle(o.Verdict), verdict))
			p.paragraph("  ", normal, clean(o.Expression))
			p.paragraph("  ", normal, evidence(o))
			continue
		}
		lead := verdict + pad(widest-columns(verdict)+columnGap)
		p.paragraph(lead, verdictStyle(o.Verdict), clean(o.Expression))
		p.paragraph(pad(columns(lead)), normal, evidence(o))
	}
}

func verdictStyle(v result.Verdict) style {
	switch v {
	case result.Pass:
		return good
	case result.Fail:
		return bad
	case result.NoData, result.Inconclusive:
	}
	return unsure
}

// evidence is what a verdict rests on, in words.
func evidence(o *result.ObjectiveResult) string {
	var parts []string
	if text := result.Quantity(o.Observed, o.Unit); text != noValue {
		parts = append(parts, "observed "+text)
	}
	if text := result.QuantityInterval(o.CI95, o.Unit); text != "" {
		parts = append(parts, "95 % interval "+text)
	}
	if o.Words != "" {
		parts = append(parts, clean(o.Words))
	}
	return strings.Join(parts, "; ")
}

func (p *page) warnings() {
	if len(p.set.Warnings) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "warnings"))
	for _, w := range p.set.Warnings {
		p.paragraph("! ", unsure, clean(w))
	}
}

// noValue is how result.Quantity writes that there is none.
const noValue = "–"

// labelled lists the metrics of a base name: the one without labels, and those
// with labels where they tell more than it does and are few enough to read.
func (p *page) labelled(base string) []*result.Metric {
	const most = 8
	var plain, labelled []*result.Metric
	for i := range p.set.Metrics {
		m := &p.set.Metrics[i]
		switch b, labels := result.SplitName(m.Name); {
		case b != base:
		case labels == "":
			plain = append(plain, m)
		default:
			labelled = append(labelled, m)
		}
	}
	if len(plain) != 1 {
		return slices.Concat(plain, labelled[:min(len(labelled), most)])
	}
	for _, m := range labelled {
		same := 0
		for _, other := range labelled {
			if labelKey(other) == labelKey(m) {
				same++
			}
		}
		// One value says what the total says; many, and brokers, are for the JSON.
		if same > 1 && same <= most && labelKey(m) != "broker" {
			plain = append(plain, m)
		}
	}
	return plain
}

// labelKey is the name of a metric's label: topic in {topic=events}.
func labelKey(m *result.Metric) string {
	_, labels := result.SplitName(m.Name)
	key, _, _ := strings.Cut(strings.Trim(labels, "{}"), "=")
	return key
}

// displayName is a metric's name for a row: of one with labels below one
// without, only the labels.
func displayName(m *result.Metric, first *result.Metric) (name string, indent int) {
	base, labels := result.SplitName(m.Name)
	if m == first || labels == "" {
		return clean(m.Name), 0
	}
	if firstBase, _ := result.SplitName(first.Name); firstBase != base {
		return clean(m.Name), 0
	}
	return clean(strings.Trim(labels, "{}")), 2
}
