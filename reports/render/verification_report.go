package render

import (
	"fmt"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/plot"
)

// verificationReport makes the document of a verification: verdicts first, then
// each scenario, predicted and measured over each other.
func verificationReport(v *compare.Verification) *document {
	title := "Verification"
	if len(v.Scenarios) == 1 {
		title += " of " + v.Scenarios[0].Name
	}
	d := &document{title: title, parts: originParts(v), lead: "What was predicted, and what real Kafka did."}
	d.add(section{"verdicts", "Verdicts", verificationVerdicts(v)})
	if len(v.Scenarios) > 1 {
		d.add(section{"metrics", "By metric, over all scenarios", []block{
			{table: metricsTable(v)}, marked("Together: ", bold, together(&v.Pooled)),
		}})
	}
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		d.add(section{scenarioID(i), s.Name, comparedBlocks(s)})
	}
	if c := v.Calibration; c != nil && len(c.Provenance) > 0 {
		d.add(section{"calibration", "The calibration", []block{
			paragraph("Where the profile of the machine comes from, that the prediction was made with:"),
			{source: strings.Join(c.Provenance, "\n")},
		}})
	}
	return d
}

func scenarioID(i int) string { return fmt.Sprintf("scenario-%d", i+1) }

func verificationVerdicts(v *compare.Verification) []block {
	all := []verdict{{word: string(v.Verdict), style: styleOf(v.Verdict), subject: "all scenarios together", evidence: strings.Join(v.Words, " ")}}
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		all = append(all, verdict{
			word: string(s.Verdict), style: styleOf(s.Verdict), subject: s.Name, evidence: together(&s.Summary), link: scenarioID(i),
		})
	}
	blocks := []block{{verdicts: all}}
	if v.Partial {
		blocks = append(blocks, marked("Partial: ", unsure, "it was cut; the verdict is of what was done"))
	}
	for _, w := range v.Warnings {
		blocks = append(blocks, marked("Warning: ", unsure, w))
	}
	if v.Pooled.Values > 0 {
		var goals []verdict
		for i := range v.Goals {
			g := &v.Goals[i]
			out := verdict{word: "missed", style: unsure, subject: goalSubject(g), evidence: "here " + goalObserved(g)}
			if g.Met {
				out.word, out.style = "met", good
			}
			goals = append(goals, out)
		}
		blocks = append(blocks, paragraph("Accuracy goals:"), block{verdicts: goals})
	}
	return blocks
}

// comparedBlocks tell of one scenario.
func comparedBlocks(s *compare.Scenario) []block {
	blocks := []block{marked(string(s.Verdict)+": ", normal, strings.Join(comparedParts(s), " · "))}
	if s.Partial {
		blocks = append(blocks, marked("Partial: ", unsure, "it was cut; this is what was done"))
	}
	for _, words := range s.Words {
		st := normal
		if s.Verdict == compare.Fail {
			st = bad
		}
		blocks = append(blocks, marked("", st, words))
	}
	for _, words := range s.Notes {
		blocks = append(blocks, marked("", unsure, words))
	}
	for _, d := range s.Disturbed {
		blocks = append(blocks, marked("Warning: ", unsure, disturbed(d)))
	}
	for _, w := range s.Warnings {
		if !strings.Contains(w, " was disturbed: ") {
			blocks = append(blocks, marked("Warning: ", unsure, w))
		}
	}
	figures := plot.Scenario(s)
	shown, more := pick(figures)
	blocks = append(blocks, block{figures: shown, uneven: true})
	if t := countedRows(s); len(t.rows) > 0 {
		blocks = append(blocks, block{table: t}, marked("Together: ", bold, together(&s.Summary)))
	}
	for _, line := range certain(s) {
		blocks = append(blocks, marked("", faint, line))
	}
	var folded []section
	if len(more) > 0 {
		folded = append(folded, section{title: fmt.Sprintf("%d more figures", len(more)), blocks: []block{{figures: more, uneven: true}}})
	}
	if s.Picture != nil && s.Picture.Text != "" {
		about := s.Picture.About()
		folded = append(folded, section{title: "The scenario", blocks: scenarioBlocks(&about, s.SpecSHA256)})
	}
	return append(blocks, block{folded: folded})
}

// pick chooses the figures that a reader sees at once.
func pick(figures []*plot.Figure) (shown, more []*plot.Figure) {
	for _, f := range figures {
		first := f.Name == "overview" || f.Name == "time-records.acked" || f.Name == "time-leaderless" ||
			strings.HasPrefix(f.Name, "time-lag.records") || f.Name == "produce.latency" || f.Name == "leader.failover"
		if first {
			shown = append(shown, f)
		} else {
			more = append(more, f)
		}
	}
	return shown, more
}
