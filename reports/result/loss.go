package result

import (
	"math"

	"kafkasim/sim/stats"
)

// Losses come by incident, so the independent unit is the replication and not
// the record (design section 6). Three rules follow.
//
//   - Where some replication lost a record, durability is a ratio of totals over
//     replications, and its nines are those of the ratio and of its ends.
//   - Where none of n did, P(loss) ≤ 1 − 0.05^(1/n) at 95 %, and what one loss
//     takes is at most the bound: the mean loss of a replication is at most
//     their product, and nines ≥ −log10(product / acked).
//   - The bound is loss.bound.acked where it was observed, all that was
//     acknowledged otherwise; at least one record, as fewer cannot be lost.
//     Of losses that were not acknowledged no bound is known but all records.

// lossMetrics appends to metrics, which are those of columns, the ones that
// follow from the counts of records, for the totals and for every set of labels
// that has the counts. A count of lost acknowledged records that is 0 in every
// replication gets the interval that so many replications can vouch for:
// Student's has no width there.
func lossMetrics(columns []column, metrics []Metric) []Metric {
	index := make(map[string]int, len(columns))
	for i := range columns {
		index[columns[i].name] = i
	}
	for i := range columns {
		base, labels := SplitName(columns[i].name)
		switch base {
		case recordsAcked:
			lost, found := index[recordsLostAcked+labels]
			if !found {
				continue
			}
			l := loss{lost: columns[lost].value, whole: columns[i].value, bound: lossBound(columns, index, labels)}
			metrics = append(metrics, l.durability(durabilityAcked, labels)...)
			metrics = append(metrics, l.probability(labels))
			if e := l.estimate(); e.none {
				metrics[lost].CI95 = Interval{0, l.unseen()}
			}
		case recordsGenerated:
			if lost := allLost(columns, index, labels); lost != nil {
				l := loss{lost: lost, whole: columns[i].value}
				metrics = append(metrics, l.durability(durabilityEndToEnd, labels)...)
			}
		}
	}
	return metrics
}

// lossBound is the bound on acknowledged loss with these labels, else that of
// the whole run, which also bounds a part; nil without any.
func lossBound(columns []column, index map[string]int, labels string) []float64 {
	for _, name := range []string{lossBoundAcked + labels, lossBoundAcked} {
		if i, found := index[name]; found {
			return columns[i].value
		}
	}
	return nil
}

// isDerived reports whether a metric is made here and not observed.
func isDerived(base string) bool {
	switch base {
	case durabilityAcked, durabilityAcked + ninesSuffix, durabilityEndToEnd, durabilityEndToEnd + ninesSuffix, lossProbability:
		return true
	}
	return false
}

// allLost is Σ lost.* a replication, or nil if one of the counts is missing.
func allLost(columns []column, index map[string]int, labels string) []float64 {
	var sum []float64
	for _, name := range LostNames() {
		at, found := index[name+labels]
		if !found {
			return nil
		}
		if sum == nil {
			sum = make([]float64, len(columns[at].value))
		}
		for i, v := range columns[at].value {
			sum[i] += v
		}
	}
	return sum
}

// A loss is what was lost of how much, a replication each.
type loss struct {
	lost, whole []float64
	bound       []float64 // most that can be lost; nil when not known
}

// A lossEstimate is the pooled share that was lost.
type lossEstimate struct {
	share Interval // 0..1
	mean  float64  // NaN where there was nothing to lose
	none  bool     // no replication lost anything: share is the bound above
}

func (l *loss) estimate() lossEstimate {
	mean, share := ratioOfTotals(l.lost, l.whole)
	if mean == 0 {
		_, whole := l.pooled()
		return lossEstimate{mean: 0, share: Interval{0, l.unseen() / whole}, none: true}
	}
	return lossEstimate{mean: mean, share: share.within(1)}
}

// pooled is the number of replications that had something to lose, and how much
// on average.
func (l *loss) pooled() (n int, whole float64) {
	for _, w := range l.whole {
		if w > 0 {
			n++
			whole += w
		}
	}
	return n, whole / float64(n)
}

// unseen is the most that a replication loses on average, at 95 %, when none of
// them lost anything.
func (l *loss) unseen() float64 {
	n, whole := l.pooled()
	bound := whole
	if observed := Observed(l.bound); len(observed) > 0 {
		bound = min(max(mean(observed), 1), whole)
	}
	return stats.UpperBound(n, confidence) * bound
}

// durability is the share kept and its nines.
func (l *loss) durability(name, labels string) []Metric {
	e := l.estimate()
	kept := Metric{Name: name + labels, Unit: "ratio", Kind: Ratio, Mean: 1 - e.mean, CI95: Interval{1 - e.share.High, 1 - e.share.Low}}
	nines := Metric{Name: name + ninesSuffix + labels, Unit: "nines", Kind: Gauge, Mean: ninesOf(e.mean), CI95: Interval{ninesOf(e.share.High), ninesOf(e.share.Low)}}
	if e.none {
		nines.Mean, nines.Bound = nines.CI95.Low, true
	}
	keptValues, ninesValues := make([]float64, len(l.lost)), make([]float64, len(l.lost))
	ranked := make([]float64, len(l.lost))
	for i := range l.lost {
		share := l.lost[i] / l.whole[i] // 0/0: nothing to lose
		keptValues[i], ninesValues[i] = 1-share, ninesOf(share)
		ranked[i] = ninesValues[i]
		if share == 0 {
			ranked[i] = math.Inf(1) // ranks above any number of nines
		}
	}
	kept.Samples, kept.Quantiles = []Column{{"value", keptValues}}, overReplications(keptValues)
	nines.Samples, nines.Quantiles = []Column{{"value", ninesValues}}, overReplications(ranked)
	return []Metric{kept, nines}
}

// ninesOf is −log10(lost share), NaN where nothing is lost: no number of nines
// is infinite.
func ninesOf(share float64) float64 {
	if !(share > 0) {
		return math.NaN()
	}
	return max(-math.Log10(share), 0)
}

// probability is the share of replications that lost something, of those that
// had something to lose, with the interval of Clopper and Pearson.
func (l *loss) probability(labels string) Metric {
	values := make([]float64, len(l.lost))
	for i := range values {
		switch {
		case !(l.whole[i] > 0):
			values[i] = math.NaN()
		case l.lost[i] > 0:
			values[i] = 1
		}
	}
	observed := Observed(values)
	m := Metric{Name: lossProbability + labels, Unit: "ratio", Kind: Ratio, Mean: math.NaN(), CI95: NoInterval()}
	m.Samples, m.Quantiles = []Column{{"value", values}}, overReplications(values)
	if len(observed) > 0 {
		m.Mean, m.CI95 = mean(observed), known(stats.ClopperPearsonInterval(int(total(observed)), len(observed), confidence))
	}
	return m
}
