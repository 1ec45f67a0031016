package render

import (
	"math"
	"slices"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// ledger writes the counts of records: what was offered and every end of it.
func (p *page) ledger() {
	t, zero := p.ledgerTable()
	p.add(t)
	p.zeros(zero)
}

// zeros lists on one line what is 0 everywhere.
func (p *page) zeros(names []string) {
	if len(names) > 0 {
		p.paragraph(zeroLead, faint, strings.Join(names, ", "))
	}
}

// zeroLead begins the line of what is 0 everywhere.
const zeroLead = "0 in all: "

// ledgerTable is the ledger, and the names of what is 0 in all replications.
func (p *page) ledgerTable() (t *table, zero []string) {
	t = &table{
		title: "records",
		heads: []head{{"mean", 0}, {"95 % interval", 1}, {"share", 2}, {"worst", 3}},
	}
	generated := math.NaN()
	if m, found := p.set.Metric("records.generated"); found {
		generated = m.Mean
	}
	for _, name := range result.LedgerNames() {
		m, found := p.set.Metric(name)
		short := strings.TrimPrefix(name, "records.")
		switch {
		case !found:
		case m.Mean == 0 && !essential(short):
			zero = append(zero, short)
		case !math.IsNaN(m.Mean):
			t.rows = append(t.rows, row{name: short, figures: []string{
				result.Number(m.Mean),
				result.QuantityInterval(m.CI95, m.Unit),
				share(m.Mean, generated),
				result.Quantity(worst(m, moreIsBetter(short)), m.Unit),
			}, style: ledgerStyle(short, m.Mean)})
		}
	}
	return t, zero
}

// essential reports whether a count is shown even when it is 0.
func essential(short string) bool {
	switch short {
	case "generated", "acked", "delivered", "lost.acked":
		return true
	}
	return false
}

func moreIsBetter(short string) bool {
	return short == "generated" || short == "acked" || short == "delivered"
}

func ledgerStyle(short string, mean float64) style {
	if strings.HasPrefix(short, "lost.") && mean > 0 {
		return bad
	}
	return normal
}

func share(part, whole float64) string {
	if !(whole > 0) {
		return ""
	}
	return result.Percent(part / whole)
}

// worst is the worst replication's value.
func worst(m *result.Metric, moreIsBetter bool) float64 {
	values := result.Observed(m.Column("value"))
	switch {
	case len(values) == 0:
		return math.NaN()
	case moreIsBetter:
		return slices.Min(values)
	}
	return slices.Max(values)
}

// distributions writes times and lags, pooled over everything observed.
func (p *page) distributions() {
	for _, t := range p.distributionTables() {
		p.add(t)
	}
}

// distributionTables are those of times and those of everything else.
func (p *page) distributionTables() (tables []*table) {
	for _, group := range []struct {
		title string
		unit  func(string) bool
	}{
		{"times", func(unit string) bool { return unit == "s" }},
		{"levels over time", func(unit string) bool { return unit != "s" }},
	} {
		t := &table{
			title: group.title,
			heads: []head{{"p50", 1}, {"p99", 0}, {"p99.9", 2}, {"max", 0}, {"mean", 3}},
		}
		for _, base := range p.bases() {
			metrics := p.labelled(base)
			for _, m := range metrics {
				if m.Kind != result.Distribution || !group.unit(m.Unit) || math.IsNaN(m.Mean) {
					continue
				}
				name, indent := displayName(m, metrics[0])
				t.rows = append(t.rows, row{name: name, indent: indent, figures: []string{
					quantile(m, 0.5), quantile(m, 0.99), quantile(m, 0.999), quantile(m, 1),
					result.Quantity(m.Mean, m.Unit),
				}})
			}
		}
		tables = append(tables, t)
	}
	return tables
}

func quantile(m *result.Metric, q float64) string {
	for _, l := range m.Quantiles {
		if l.P == q {
			return result.Quantity(l.Value, m.Unit)
		}
	}
	return noValue
}

// bases lists the names of the set's metrics without labels, each once, in the
// order of the catalogue.
func (p *page) bases() []string {
	var out []string
	for _, known := range scenarios.Metrics() {
		has := func(m result.Metric) bool {
			base, _ := result.SplitName(m.Name)
			return base == known.Name
		}
		if slices.ContainsFunc(p.set.Metrics, has) {
			out = append(out, known.Name)
		}
	}
	return out
}

// durability writes what share of records is safe, with its nines.
func (p *page) durability() { p.add(p.durabilityTable()) }

func (p *page) durabilityTable() *table {
	t := &table{
		title: "durability",
		heads: []head{{"", 0}, {"95 % interval", 1}},
	}
	for _, base := range []string{"durability.acked", "durability.end_to_end", "loss.probability", "loss.bound.acked"} {
		for _, name := range []string{base, base + ".nines"} {
			metrics := p.labelled(name)
			for _, m := range metrics {
				if math.IsNaN(m.Mean) {
					continue
				}
				shown, indent := displayName(m, metrics[0])
				t.rows = append(t.rows, row{name: shown, indent: indent, figures: durabilityFigures(m)})
			}
		}
	}
	return t
}

func durabilityFigures(m *result.Metric) []string {
	if m.Bound {
		return []string{"≥ " + result.Quantity(m.Mean, m.Unit) + " (bound)", ""}
	}
	return []string{result.Quantity(m.Mean, m.Unit), result.QuantityInterval(m.CI95, m.Unit)}
}

// values writes everything else that has one value a replication, with what is
// 0 everywhere on one line.
func (p *page) values() {
	t, zero := p.valuesTable()
	p.add(t)
	if len(t.rows) == 0 && len(zero) > 0 {
		p.line("")
	}
	p.zeros(zero)
}

// valuesTable is that of one value a replication, and the names of what is 0 in all.
func (p *page) valuesTable() (t *table, zero []string) {
	t = &table{
		title: "a replication",
		heads: []head{{"mean", 0}, {"95 % interval", 1}, {"worst", 2}},
	}
	for _, base := range p.bases() {
		if !other(base) {
			continue
		}
		metrics := p.labelled(base)
		for _, m := range metrics {
			switch {
			case m.Kind == result.Distribution || math.IsNaN(m.Mean):
			case m.Mean == 0 && m == metrics[0]:
				zero = append(zero, clean(m.Name))
			case m.Mean == 0:
			default:
				name, indent := displayName(m, metrics[0])
				t.rows = append(t.rows, row{name: name, indent: indent, figures: []string{
					result.Quantity(m.Mean, m.Unit),
					result.QuantityInterval(m.CI95, m.Unit),
					result.Quantity(worst(m, m.Kind == result.Ratio), m.Unit),
				}})
			}
		}
	}
	return t, zero
}

// other reports whether a metric has no section of its own.
func other(base string) bool {
	return !strings.HasPrefix(base, "records.") && !strings.HasPrefix(base, "durability.") && !strings.HasPrefix(base, "loss.")
}
