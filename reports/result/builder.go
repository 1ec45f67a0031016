package result

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// A Builder makes a Set of replications. It keeps a few numbers a metric and
// replication, and of distributions sketches whose number is bounded.
type Builder struct {
	header       Header
	done         int
	last         int // index of the replication added last
	columns      []column
	series       []seriesColumn
	fingerprints []uint64
	warnings     warnings
}

// A column is what a Builder keeps of one metric: one value a replication each.
type column struct {
	name        string
	unit        string
	kind        Kind
	value       []float64 // count, gauge; of a ratio the quotient
	numerator   []float64 // ratio; 0 where not observed
	denominator []float64
	spread      spread // distribution
}

// A spread is what a Builder keeps of a distribution.
type spread struct {
	p50, p99, max, mean []float64
	min                 []float64
	sum, weight         []float64 // Σ value·weight and Σ weight; 0 where not observed
	pool                pool
	scale               float64 // a unit of the sketch is 1/scale base units
}

// NewBuilder begins a Set. It panics if the grid is impossible.
func NewBuilder(header Header) *Builder {
	if g := header.Grid; g.Count < 0 || g.Count > 0 && (g.Step <= 0 || g.Start < 0) {
		panic(fmt.Sprintf("result: the grid %+v has no instants", g))
	}
	return &Builder{header: header, last: -1}
}

// Add takes the next replication; indices must grow. It returns an error, and
// takes nothing, if records are not conserved, if a value is impossible for its
// metric, or if the replication lists other observations than the first.
func (b *Builder) Add(r Replication) error {
	if r.Index <= b.last {
		return fmt.Errorf("replication %d was added after replication %d", r.Index, b.last)
	}
	if err := Conserved(r); err != nil {
		return err
	}
	if b.done == 0 {
		if err := b.begin(r); err != nil {
			return err
		}
	}
	if err := b.check(r); err != nil {
		return err
	}
	for i := range r.Observations {
		b.columns[i].add(&r.Observations[i])
	}
	for i := range r.Series {
		b.series[i].add(r.Series[i].Values)
	}
	b.fingerprints = append(b.fingerprints, r.Fingerprint)
	b.warnings.add(r.Warnings)
	b.last = r.Index
	b.done++
	return nil
}

// begin takes the names of the first replication.
func (b *Builder) begin(r Replication) error {
	columns := make([]column, 0, len(r.Observations))
	seen := make(map[string]bool, len(r.Observations))
	for i := range r.Observations {
		name := r.Observations[i].Name
		base, _ := SplitName(name)
		metric, found := scenarios.MetricByName(base)
		switch {
		case !found:
			return fmt.Errorf("replication %d observed %s, which is not in the catalogue of metrics", r.Index, name)
		case isDerived(base):
			return fmt.Errorf("replication %d observed %s, which follows from other metrics", r.Index, name)
		case seen[name]:
			return fmt.Errorf("replication %d observed %s twice", r.Index, name)
		}
		seen[name] = true
		columns = append(columns, newColumn(name, metric.Unit, metric.Kind))
	}
	series := make([]seriesColumn, len(r.Series))
	seenSeries := make(map[string]bool, len(r.Series))
	for i := range r.Series {
		name := r.Series[i].Name
		if seenSeries[name] || name == "grid" {
			return fmt.Errorf("replication %d: the series %q stands twice, or has the grid's name", r.Index, name)
		}
		seenSeries[name] = true
		series[i] = newSeriesColumn(name, b.header.Grid.Count)
	}
	b.columns, b.series = columns, series
	return nil
}

func newColumn(name, unit string, kind Kind) column {
	c := column{name: name, unit: unit, kind: kind}
	c.spread.scale = 1
	if unit == "s" {
		c.spread.scale = 1e9 // sketches of times count nanoseconds
	}
	return c
}

// check returns an error if r does not fit what came before it.
func (b *Builder) check(r Replication) error {
	if len(r.Observations) != len(b.columns) || len(r.Series) != len(b.series) {
		return fmt.Errorf("replication %d has %d observations and %d series, the first had %d and %d",
			r.Index, len(r.Observations), len(r.Series), len(b.columns), len(b.series))
	}
	for i := range r.Observations {
		o := &r.Observations[i]
		if o.Name != b.columns[i].name {
			return fmt.Errorf("replication %d observed %s where the first observed %s", r.Index, o.Name, b.columns[i].name)
		}
		if err := b.columns[i].possible(o); err != nil {
			return fmt.Errorf("replication %d: %w", r.Index, err)
		}
	}
	for i := range r.Series {
		s := &r.Series[i]
		if s.Name != b.series[i].name || len(s.Values) != b.header.Grid.Count {
			return fmt.Errorf("replication %d has the series %s of %d values where the first had %s, and the grid has %d instants",
				r.Index, s.Name, len(s.Values), b.series[i].name, b.header.Grid.Count)
		}
		for _, v := range s.Values {
			if math.IsInf(v, 0) {
				return fmt.Errorf("replication %d: the series %s has an infinite value", r.Index, s.Name)
			}
		}
	}
	return nil
}

// possible returns an error if an observation is not one of its metric.
func (c *column) possible(o *Observation) error {
	if !o.Observed {
		return nil
	}
	switch c.kind {
	case Count:
		if !isCount(o.Value) {
			return fmt.Errorf("the count %s is %v", o.Name, o.Value)
		}
	case Gauge:
		if math.IsNaN(o.Value) || math.IsInf(o.Value, 0) {
			return fmt.Errorf("the gauge %s is %v", o.Name, o.Value)
		}
	case Ratio:
		if !(o.Numerator >= 0 && o.Numerator <= o.Denominator) || math.IsInf(o.Denominator, 0) {
			return fmt.Errorf("the ratio %s is %v of %v", o.Name, o.Numerator, o.Denominator)
		}
	case Distribution:
	}
	return nil
}

// add takes one replication's observation, which is possible.
func (c *column) add(o *Observation) {
	switch c.kind {
	case Count, Gauge:
		c.value = append(c.value, valueOf(o))
	case Ratio:
		numerator, denominator := o.Numerator, o.Denominator
		if !o.Observed {
			numerator, denominator = 0, 0
		}
		c.addRatio(numerator, denominator)
	case Distribution:
		s := o.Distribution
		if !o.Observed {
			s = nil
		}
		c.spread.add(s)
	}
}

// addRatio takes one replication's ratio; 0 of 0 is nothing to observe.
func (c *column) addRatio(numerator, denominator float64) {
	c.numerator = append(c.numerator, numerator)
	c.denominator = append(c.denominator, denominator)
	c.value = append(c.value, numerator/denominator)
}

func valueOf(o *Observation) float64 {
	if !o.Observed {
		return math.NaN()
	}
	return o.Value
}

// add takes one replication's distribution; a nil or empty sketch is nothing to
// observe.
func (d *spread) add(s *stats.Sketch) {
	p50, p99, low, high, mean := math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if s.Count() > 0 {
		p50, p99 = s.Quantile(0.5)/d.scale, s.Quantile(0.99)/d.scale
		low, high, mean = float64(s.Min())/d.scale, float64(s.Max())/d.scale, s.Mean()/d.scale
	}
	d.p50, d.p99 = append(d.p50, p50), append(d.p99, p99)
	d.min, d.max = append(d.min, low), append(d.max, high)
	d.mean = append(d.mean, mean)
	d.sum = append(d.sum, s.Sum()/d.scale)
	d.weight = append(d.weight, float64(s.Count()))
	d.pool.add(s)
}

// Set returns the Set of everything added so far, without verdicts. The Builder
// may go on afterwards.
func (b *Builder) Set() *Set {
	s := &Set{Header: b.header, Replications: b.done, Warnings: b.warnings.list(b.done)}
	for i := range b.columns {
		s.Metrics = append(s.Metrics, b.columns[i].metric())
	}
	s.Metrics = lossMetrics(b.columns, s.Metrics)
	sort.Slice(s.Metrics, func(i, j int) bool { return s.Metrics[i].Name < s.Metrics[j].Name })
	s.Ledger = ledger(s)
	for i := range b.series {
		s.Series = append(s.Series, b.series[i].summary())
	}
	sort.Slice(s.Series, func(i, j int) bool { return s.Series[i].Name < s.Series[j].Name })
	if slices.ContainsFunc(b.fingerprints, func(f uint64) bool { return f != 0 }) {
		s.Fingerprints = slices.Clone(b.fingerprints)
	}
	return s
}

// ledger lists the counts of the ledger that the set has.
func ledger(s *Set) []LedgerEntry {
	var entries []LedgerEntry
	for _, name := range LedgerNames() {
		m, found := s.Metric(name)
		if !found {
			continue
		}
		total := 0.0
		for _, v := range Observed(m.Column("value")) {
			total += v
		}
		entries = append(entries, LedgerEntry{Name: name, Mean: m.Mean, Total: total})
	}
	return entries
}
