package contrast

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// An Input is one side.
type Input struct {
	Set     *result.Set
	Source  string   // what the user named
	Changes []string // --set of this side
}

// Options are the choices of a comparison.
type Options struct {
	Version string
	Alpha   float64  // level of the tests, 0.05 as a rule
	Metrics []string // patterns of metrics' names with labels, or of rows' titles; without any, what a reader needs
	Gate    bool     // ask for regressions
	Percent float64  // how much worse is let pass, in percent
}

// ErrNoMetric is returned where no metric of either side matches the patterns.
var ErrNoMetric = errors.New("no metric of A or B matches")

// Compare holds B against A. Equal inputs give equal comparisons. It returns an
// error where there is nothing to compare.
func Compare(a, b Input, o Options) (*Comparison, error) {
	if !(o.Alpha > 0 && o.Alpha < 1) {
		return nil, fmt.Errorf("the level of the tests is %v, not between 0 and 1", o.Alpha)
	}
	p := pair{a: a.Set, b: b.Set, paired: canPair(a.Set, b.Set)}
	chosen := p.choose(o.Metrics)
	if len(chosen) == 0 && len(o.Metrics) > 0 {
		return nil, fmt.Errorf("%w %s; `kafkasim metrics` lists them", ErrNoMetric, strings.Join(o.Metrics, ", "))
	}
	c := &Comparison{
		Version: o.Version, A: a.side(), B: b.side(), Paired: p.paired, SameRun: sameRun(a.Set, b.Set),
		Alpha: o.Alpha, Rows: []Row{}, Means: []Mean{}, Warnings: []string{},
	}
	var rows []*row
	for _, m := range chosen {
		if reason := p.missing(m); reason != "" {
			c.Absent = append(c.Absent, Absence{m.name, reason})
			continue
		}
		for _, column := range m.columns {
			rows = append(rows, p.row(m, column))
		}
	}
	p.judge(rows, o.Alpha)
	for _, r := range rows {
		c.Rows = append(c.Rows, r.Row)
		if r.tested {
			c.Tested++
		}
	}
	c.means()
	c.design(&p)
	c.warn(&p, rows)
	if o.Gate {
		c.gate(rows, o.Percent)
	}
	return c, nil
}

func (in *Input) side() Side {
	s := in.Set
	return Side{
		Scenario: s.Scenario, Source: in.Source, Changes: in.Changes, Origin: string(s.Origin), Plane: s.Plane,
		Replications: s.Replications, Partial: s.Partial, Seed: s.Seed, SpecSHA256: s.SpecSHA256, Version: s.Version,
	}
}

// canPair reports whether replication r of both shares its random numbers.
func canPair(a, b *result.Set) bool {
	return a.Origin == result.Simulated && b.Origin == result.Simulated &&
		a.Seed == b.Seed && a.Replications == b.Replications && a.Replications > 0
}

func sameRun(a, b *result.Set) bool {
	return canPair(a, b) && a.SpecSHA256 == b.SpecSHA256 && a.Version == b.Version && a.Plane == b.Plane &&
		slices.Equal(a.Fingerprints, b.Fingerprints)
}

// A pair is the two results while they are being compared.
type pair struct {
	a, b   *result.Set
	paired bool
}

// A metric is one that is compared, with its labels.
type metric struct {
	name    string
	known   scenarios.Metric
	columns []string // that rows are made of
}

// choose lists the metrics to compare in the catalogue's order, one without labels
// before those with.
func (p *pair) choose(patterns []string) []metric {
	var out []metric
	for _, known := range scenarios.Metrics() {
		all := p.names(known.Name)
		for _, name := range all {
			m := metric{name, known, columns(known)}
			switch _, labels := result.SplitName(name); {
			case len(patterns) > 0:
				m.keep(patterns)
			case labels != "" && !worthReading(labels, all):
				continue
			}
			if len(m.columns) > 0 {
				out = append(out, m)
			}
		}
	}
	return out
}

// keep leaves the columns that a pattern names, by the metric or by the row's title.
func (m *metric) keep(patterns []string) {
	m.columns = slices.DeleteFunc(m.columns, func(column string) bool {
		title := (&Row{Metric: m.name, Column: column}).Title()
		return !slices.ContainsFunc(patterns, func(p string) bool { return matches(p, m.name) || matches(p, title) })
	})
}

// worthReading reports whether a metric with these labels says more than the one
// without: it is one of several with other values of the label, yet of few, and
// speaks of what a user has named.
func worthReading(labels string, names []string) bool {
	const most = 8
	key := labelKey(labels)
	same := 0
	for _, name := range names {
		if _, other := result.SplitName(name); labelKey(other) == key {
			same++
		}
	}
	return same > 1 && same <= most && key != "broker" && key != "resource"
}

// labelKey is topic in {topic=events}.
func labelKey(labels string) string {
	key, _, _ := strings.Cut(strings.Trim(labels, "{}"), "=")
	return key
}

// matches reports whether a name fits a pattern, in which * stands for anything.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	name, begins := strings.CutPrefix(name, parts[0])
	if !begins {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return strings.HasSuffix(name, parts[last])
}

// names are a metric's names with the labels that either side has, sorted.
func (p *pair) names(base string) []string {
	var all []string
	for _, set := range []*result.Set{p.a, p.b} {
		for i := range set.Metrics {
			if b, _ := result.SplitName(set.Metrics[i].Name); b == base {
				all = append(all, set.Metrics[i].Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missing says why a metric cannot be compared, or "".
func (p *pair) missing(m metric) string {
	a, b := p.sees(p.a, m), p.sees(p.b, m)
	switch {
	case !a.there:
		return "only B has it"
	case !b.there:
		return "only A has it"
	case a.observed == 0 && b.observed == 0:
		return "neither observed it"
	case a.observed == 0:
		return fmt.Sprintf("observed in no replication of A and in %d of %d of B", b.observed, p.b.Replications)
	case b.observed == 0:
		return fmt.Sprintf("observed in %d of %d replications of A and in none of B", a.observed, p.a.Replications)
	}
	return ""
}

// A seen metric is whether a result has it, and in how many replications.
type seen struct {
	there    bool
	observed int
}

func (p *pair) sees(s *result.Set, m metric) seen {
	found, there := s.Metric(m.name)
	if !there || found.Kind != m.known.Kind {
		return seen{}
	}
	return seen{true, len(result.Observed(valuesOf(s, found, columns(m.known)[0])))}
}

// columns are the values a replication that rows are made of.
func columns(known scenarios.Metric) []string {
	switch {
	case known.Kind != scenarios.DistributionKind:
		return []string{"value"}
	case known.Unit == "s" || known.Unit == "records":
		return []string{"p50", "p99", "max"}
	}
	return []string{"mean", "max"}
}

// valuesOf are one value a replication, NaN where there was nothing; nines of a
// replication that lost nothing are infinite.
func valuesOf(s *result.Set, m *result.Metric, column string) []float64 {
	if column == "value" {
		return s.Values(m)
	}
	return m.Column(column)
}

// confidence is that of every interval.
const confidence = 0.95

// bounded marks ends that the data cannot bound.
func bounded(i stats.Interval) (low, high float64) {
	low, high = i.Low, i.High
	if math.IsInf(low, -1) {
		low = math.NaN()
	}
	if math.IsInf(high, 1) {
		high = math.NaN()
	}
	return low, high
}
