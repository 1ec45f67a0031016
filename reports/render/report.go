package render

import (
	"fmt"
	"slices"
	"strings"

	"kafkasim/reports/plot"
	"kafkasim/reports/result"
)

// report makes the document of a result: verdicts first, then what was lost and
// why, then everything over time, how it is spread, in numbers, and what was run.
func report(set *result.Set) *document {
	p := page{set: set}
	d := &document{title: set.Scenario, parts: whatWasRun(set), lead: set.About.Description}
	d.add(section{"verdicts", "Verdicts", append(p.verdictBlocks(), p.warningBlocks()...)})
	losses := p.losses()
	d.add(section{"losses", "What was lost, and why", append(p.lossSummary(losses), block{losses: losses})})
	d.add(section{"time", "Over time", p.timeBlocks()})
	d.add(section{"distributions", "Distributions", p.distributionBlocks()})
	d.add(section{"numbers", "In numbers", p.numberBlocks()})
	d.add(section{"scenario", "The scenario", scenarioBlocks(&set.About, set.SpecSHA256)})
	return d
}

// verdictBlocks are how the objectives stand.
func (p *page) verdictBlocks() []block {
	objectives := p.set.Objectives
	if len(objectives) == 0 {
		return []block{paragraph("The scenario has no objectives, so there is nothing to judge.")}
	}
	counts := map[result.Verdict]int{}
	var all []verdict
	// What has not passed stands first.
	for _, v := range []result.Verdict{result.Fail, result.Inconclusive, result.NoData, result.Pass} {
		for i := range objectives {
			o := &objectives[i]
			if o.Verdict != v {
				continue
			}
			counts[v]++
			all = append(all, verdict{word: v.String(), style: verdictStyle(v), subject: o.Expression, evidence: evidence(o)})
		}
	}
	var parts []string
	for _, v := range []result.Verdict{result.Fail, result.Inconclusive, result.NoData, result.Pass} {
		if n := counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	words := fmt.Sprintf("Of %s: %s.", counted(len(objectives), "objective"), strings.Join(parts, ", "))
	switch n := len(p.warningBlocks()); {
	case n == 1:
		words += " Read the warning below."
	case n > 1:
		words += " Read the " + counted(n, "warning") + " below."
	}
	return []block{paragraph(words), {verdicts: all}}
}

// warningBlocks are what a reader must know before he trusts a number.
func (p *page) warningBlocks() []block {
	var out []block
	if p.set.Partial {
		out = append(out, marked("Partial: ", unsure, cutShort(p.set)))
	}
	for _, w := range p.set.Warnings {
		out = append(out, marked("Warning: ", unsure, w))
	}
	return out
}

func (p *page) timeBlocks() []block {
	figures := plot.ResultTimes(p.set)
	if len(figures) == 0 {
		return nil
	}
	words := "Means over " + counted(p.set.Replications, runs(p.set)) + "."
	if p.set.Replications == 1 {
		words = "One " + runs(p.set) + "."
	}
	return []block{paragraph(words + " Point at a figure to read its values; a dashed line is a fault, tinted while it lasts."), {figures: figures}}
}

func (p *page) distributionBlocks() []block {
	figures := plot.ResultDistributions(p.set)
	if len(figures) == 0 {
		return nil
	}
	return []block{
		paragraph("Above, the share of what was observed; below, the share that is at most as much. The lines are percentiles, what the objectives allow, and the proven bound."),
		{figures: figures},
	}
}

func (p *page) numberBlocks() []block {
	ledger, ledgerZeros := p.ledgerTable()
	values, valueZeros := p.valuesTable()
	blocks := []block{{table: ledger}, zerosBlock(ledgerZeros)}
	for _, t := range p.distributionTables() {
		blocks = append(blocks, block{table: t})
	}
	return append(blocks, block{table: p.durabilityTable()}, block{table: values}, zerosBlock(valueZeros))
}

// scenarioBlocks are what was run, so that it can be run again.
func scenarioBlocks(about *result.About, hash string) []block {
	var blocks []block
	if len(about.Overrides) > 0 {
		list := slices.Clone(about.Overrides)
		blocks = append(blocks, marked("With other values: ", unsure, strings.Join(list, ", ")))
	}
	if hash != "" {
		blocks = append(blocks, marked("Spec: ", faint, "SHA-256 "+hash))
	}
	return append(blocks, block{source: about.Text})
}

// ReportFigures are the pictures of a result's report.
func ReportFigures(set *result.Set) []*plot.Figure {
	return append(plot.ResultTimes(set), plot.ResultDistributions(set)...)
}
