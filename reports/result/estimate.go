package result

import (
	"math"
	"slices"
	"sort"
	"strings"

	"kafkasim/sim/rng"
	"kafkasim/sim/stats"
)

// An Estimate is a quantity, how sure it is at 95 %, and how many replications
// had something to observe of it.
type Estimate struct {
	Value        float64 // NaN without observations
	CI95         Interval
	Replications int
}

// resamples is how often a bootstrap draws. The ends of a 95 % interval are then
// the 26th and the 975th in order, each uncertain by about 5 places.
const resamples = 1000

// EnoughToRank is the least number of replications from which a quantile can be
// estimated at 95 % without knowing its law: the extremes of n independent
// values enclose their median with probability 1 − 2^(1−n), which is 96.9 % for
// 6 and 93.8 % for 5.
const EnoughToRank = 6

// Values returns what each replication observed of m, for comparisons: of a
// count, gauge or ratio; nil for a distribution. A replication that lost nothing
// has +Inf nines; NaN is left for nothing to observe.
func (s *Set) Values(m *Metric) []float64 {
	values := m.Column("value")
	base, labels := SplitName(m.Name)
	ratio, isNines := strings.CutSuffix(base, ninesSuffix)
	if !isNines {
		return values
	}
	kept, found := s.Metric(ratio + labels)
	if !found {
		return values
	}
	values = slices.Clone(values)
	for i, v := range kept.Column("value") {
		if math.IsNaN(values[i]) && !math.IsNaN(v) {
			values[i] = math.Inf(1)
		}
	}
	return values
}

// Plain estimates what an objective without an aggregate judges: the mean a
// replication of a count or gauge, the pooled ratio of a ratio, the mean over
// everything observed of a distribution.
func (s *Set) Plain(m *Metric) Estimate {
	values := s.Values(m)
	if m.Kind == Distribution {
		values = m.Column("mean")
	}
	return Estimate{Value: m.Mean, CI95: m.CI95, Replications: len(Observed(values))}
}

// Share estimates the share of replications whose value of m satisfies test,
// among those that observed one, with the interval of Clopper and Pearson. A
// distribution has no value a replication: its estimate has no data.
func (s *Set) Share(m *Metric, test func(float64) bool) Estimate {
	values := Observed(s.Values(m))
	if len(values) == 0 {
		return Estimate{Value: math.NaN(), CI95: NoInterval()}
	}
	k := 0
	for _, v := range values {
		if test(v) {
			k++
		}
	}
	n := len(values)
	return Estimate{Value: float64(k) / float64(n), CI95: known(stats.ClopperPearsonInterval(k, n, confidence)), Replications: n}
}

// Greatest estimates the maximum of m: of a distribution over everything
// observed, else over replications. Least is its mirror image. The interval is
// the percentile bootstrap's over replications, in closed form: the maximum of a
// resample is at most the k-th smallest of n values with probability (k/n)^n.
// It ends at the observed maximum: what no replication reached it does not
// foresee. With fewer than EnoughToRank replications none is known.
func (s *Set) Greatest(m *Metric) Estimate {
	values := s.Values(m)
	if m.Kind == Distribution {
		values = m.Column("max")
	}
	return greatest(values)
}

// Least estimates the minimum of m; see Greatest. Of a distribution that was
// read from a file only the minimum is known, not its interval.
func (s *Set) Least(m *Metric) Estimate {
	values := s.Values(m)
	if m.Kind == Distribution {
		if m.spread == nil {
			return s.listed(m, 0)
		}
		values = m.spread.min
	}
	negated := make([]float64, len(values))
	for i, v := range values {
		negated[i] = -v
	}
	e := greatest(negated)
	return Estimate{Value: -e.Value, CI95: Interval{-e.CI95.High, -e.CI95.Low}, Replications: e.Replications}
}

func greatest(values []float64) Estimate {
	sorted := Observed(values)
	slices.Sort(sorted)
	n := len(sorted)
	if n == 0 {
		return Estimate{Value: math.NaN(), CI95: NoInterval()}
	}
	e := Estimate{Value: sorted[n-1], CI95: NoInterval(), Replications: n}
	if n >= EnoughToRank {
		k := 1 + sort.Search(n-1, func(i int) bool { return math.Pow(float64(i+1)/float64(n), float64(n)) >= 0.025 })
		e.CI95 = Interval{sorted[k-1], sorted[n-1]}
	}
	return e
}

// Quantile estimates the q-quantile of m, 0 < q < 1: of a distribution over
// everything observed, else over replications.
//
// Over replications the interval is that of order statistics, which holds for
// every law; it is open to a side on which the replications are too few to close
// it. Over everything observed it is a bootstrap over replications, drawn from
// the Set's seed. Of a distribution that was read from a file only the listed
// quantiles are known, and no intervals.
func (s *Set) Quantile(m *Metric, q float64) Estimate {
	if m.Kind != Distribution {
		return quantileOverReplications(s.Values(m), q)
	}
	if m.spread == nil {
		return s.listed(m, q)
	}
	n := len(Observed(m.spread.mean))
	if n == 0 {
		return Estimate{Value: math.NaN(), CI95: NoInterval()}
	}
	e := Estimate{Value: m.spread.pool.total().Quantile(q) / m.spread.scale, CI95: NoInterval(), Replications: n}
	if n >= EnoughToRank {
		stream := rng.New(s.Seed, "bootstrap/"+m.Name, "resamples")
		i := stats.BootstrapQuantiles(m.spread.pool.groups, []float64{q}, confidence, resamples, &stream)[0]
		e.CI95 = known(stats.Interval{Low: i.Low / m.spread.scale, High: i.High / m.spread.scale})
	}
	return e
}

// listed finds a pooled quantile that the metric lists.
func (s *Set) listed(m *Metric, q float64) Estimate {
	e := Estimate{Value: math.NaN(), CI95: NoInterval()}
	for _, l := range m.Quantiles {
		if l.P == q {
			e.Value = l.Value
			e.Replications = len(Observed(m.Column("mean")))
		}
	}
	return e
}

func quantileOverReplications(values []float64, q float64) Estimate {
	observed := Observed(values)
	return Estimate{
		Value:        stats.Quantile(observed, q),
		CI95:         known(stats.QuantileInterval(observed, q, confidence)),
		Replications: len(observed),
	}
}

// confidence is that of every interval and verdict (design section 7).
const confidence = 0.95

// known marks ends that the data cannot bound, which stats writes as infinite.
func known(i stats.Interval) Interval {
	out := Interval{i.Low, i.High}
	if math.IsInf(i.Low, 0) {
		out.Low = math.NaN()
	}
	if math.IsInf(i.High, 0) {
		out.High = math.NaN()
	}
	return out
}
