package result

import (
	"math"
	"slices"

	"kafkasim/sim/stats"
)

// metric summarizes a column. Formulas: the interval of a mean is Student's t
// over replications, that of a pooled ratio is the ratio of totals; the mean of
// a distribution is a ratio of totals, Σ value·weight over Σ weight.
func (c *column) metric() Metric {
	m := Metric{Name: c.name, Unit: c.unit, Kind: c.kind, Mean: math.NaN(), CI95: NoInterval()}
	switch c.kind {
	case Count, Gauge:
		m.summarize(c.value)
	case Ratio:
		m.Samples = []Column{{"value", slices.Clone(c.value)}}
		m.Quantiles = overReplications(c.value)
		m.Mean, m.CI95 = ratioOfTotals(c.numerator, c.denominator)
		m.CI95 = m.CI95.within(1)
	case Distribution:
		c.spread.metric(&m)
	}
	return m
}

// summarize fills in the metric of one value a replication.
func (m *Metric) summarize(values []float64) {
	m.Samples = []Column{{"value", slices.Clone(values)}}
	m.Quantiles = overReplications(values)
	observed := Observed(values)
	if len(observed) == 0 {
		return
	}
	m.Mean, m.CI95 = mean(observed), known(stats.MeanInterval(observed, confidence))
	if slices.Min(observed) >= 0 {
		m.CI95 = m.CI95.within(math.Inf(1)) // what is never negative has no negative mean
	}
}

func (d *spread) metric(m *Metric) {
	m.Samples = []Column{
		{"p50", slices.Clone(d.p50)},
		{"p99", slices.Clone(d.p99)},
		{"max", slices.Clone(d.max)},
		{"mean", slices.Clone(d.mean)},
	}
	all := d.pool.total()
	if all.Count() == 0 {
		return
	}
	for _, p := range pooledQuantiles() {
		m.Quantiles = append(m.Quantiles, Quantile{P: p, Value: all.Quantile(p) / d.scale})
	}
	m.Histogram = histogramOf(all, d.scale)
	_, m.CI95 = ratioOfTotals(d.sum, d.weight)
	m.Mean = all.Mean() / d.scale
	m.CI95 = m.CI95.within(math.Inf(1)) // sketches hold nothing negative
	m.spread = &spread{min: slices.Clone(d.min), mean: slices.Clone(d.mean), scale: d.scale, pool: d.pool.clone()}
}

// pooledQuantiles are those that a distribution's quantiles list.
func pooledQuantiles() []float64 {
	return []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1}
}

// overReplications are the quantiles of one value a replication: each is the
// least value that the share P of replications does not exceed.
func overReplications(values []float64) []Quantile {
	observed := Observed(values)
	if len(observed) == 0 {
		return nil
	}
	var out []Quantile
	for _, p := range []float64{0, 0.05, 0.25, 0.5, 0.75, 0.95, 1} {
		out = append(out, Quantile{P: p, Value: stats.Quantile(observed, p)})
	}
	return out
}

// ratioOfTotals is Σ numerators over Σ denominators with its interval, over
// the replications whose denominator is not 0.
func ratioOfTotals(numerators, denominators []float64) (float64, Interval) {
	var y, x []float64
	for i, d := range denominators {
		if d > 0 {
			y, x = append(y, numerators[i]), append(x, d)
		}
	}
	if len(x) == 0 {
		return math.NaN(), NoInterval()
	}
	return total(y) / total(x), known(stats.RatioInterval(y, x, confidence))
}

func total(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}

func mean(values []float64) float64 { return total(values) / float64(len(values)) }
