package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A Point is one figure of one operating point, as the cluster had it and as the
// fitted profile predicts it.
type Point struct {
	Scenario  string  `json:"scenario"`
	Metric    string  `json:"metric"`    // with its label, as in produce.latency{producer=light-all}
	Statistic string  `json:"statistic"` // "p50", "mean", "p90" or "p99"
	Measured  float64 `json:"measured"`  // s
	Before    float64 `json:"before"`    // s, by the profile that the fit began with
	Fitted    float64 `json:"fitted"`    // s
	// Error is what the measured figure may be off by chance: the standard error of
	// its logarithm.
	Error float64 `json:"error"`
}

// Residual is how much more the fitted profile predicts than was measured, as a
// share of what was measured: -0.1 is a tenth too little.
func (p *Point) Residual() float64 { return p.Fitted/p.Measured - 1 }

// A statistic is what of a distribution is compared.
type statistic struct {
	name string
	// slack is how far off a model of this kind may be of a real cluster beside
	// chance, as a standard deviation of the logarithm: a judgement, of more for the
	// tail, where what nobody models (collections of garbage, other processes of the
	// machine) has its part. It keeps the figures that were measured most precisely
	// from ruling alone.
	slack float64
	value func(m *result.Metric) float64
}

func statistics() []statistic {
	listed := func(p float64) func(*result.Metric) float64 {
		return func(m *result.Metric) float64 {
			for _, q := range m.Quantiles {
				if q.P == p {
					return q.Value
				}
			}
			return math.NaN()
		}
	}
	return []statistic{
		{"p50", 0.05, listed(0.5)},
		{"mean", 0.08, func(m *result.Metric) float64 { return m.Mean }},
		{"p90", 0.08, listed(0.9)},
		{"p99", 0.15, listed(0.99)},
	}
}

// operatingPoints are the metrics of a scenario that are compared: the latency of
// every producer, and that of every topic which somebody reads.
func operatingPoints(spec *scenarios.Spec) []string {
	var names []string
	for i := range spec.Producers {
		names = append(names, "produce.latency{producer="+spec.Producers[i].Name+"}")
	}
	for t := range spec.Topics {
		if slices.ContainsFunc(spec.Groups, func(g scenarios.Group) bool { return slices.Contains(g.Topics, t) }) {
			names = append(names, "delivery.latency{topic="+spec.Topics[t].Name+"}")
		}
	}
	return names
}

// logs are the logarithms of every statistic of every operating point of a set, in
// one order; NaN where there was nothing to observe.
func logs(spec *scenarios.Spec, set *result.Set) []float64 {
	var all []float64
	for _, name := range operatingPoints(spec) {
		m, found := set.Metric(name)
		for _, s := range statistics() {
			v := math.NaN()
			if found {
				v = s.value(m)
			}
			if !(v > 0) {
				v = math.NaN()
			}
			all = append(all, math.Log(v))
		}
	}
	return all
}

// scatter is, for the same figures, the standard deviation of the logarithm of
// what one replication has. A Set keeps three statistics of each replication; a
// 90th percentile's scatter is between those of the median and the 99th. Unknown
// is NaN.
func scatter(spec *scenarios.Spec, set *result.Set) []float64 {
	var all []float64
	for _, name := range operatingPoints(spec) {
		m, found := set.Metric(name)
		if !found {
			m = &result.Metric{}
		}
		p50, mean, p99 := deviation(m.Column("p50")), deviation(m.Column("mean")), deviation(m.Column("p99"))
		all = append(all, p50, mean, math.Sqrt(p50*p99), p99)
	}
	return all
}

// deviation is the standard deviation of the logarithms of values, NaN below two.
func deviation(values []float64) float64 {
	var x []float64
	for _, v := range result.Observed(values) {
		if v > 0 {
			x = append(x, math.Log(v))
		}
	}
	if len(x) < 2 {
		return math.NaN()
	}
	_, sd := momentsOf(x)
	return sd
}

// momentsOf are the mean and the standard deviation of a sample of two or more.
func momentsOf(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, math.Sqrt(sd)
}

// healthy refuses what no profile may be fitted to: a scenario that breaks
// something, or a measurement in which something broke.
func healthy(spec *scenarios.Spec, set *result.Set) error {
	if len(spec.Faults) > 0 {
		return fmt.Errorf("scenario %s has faults; a profile is fitted to healthy runs only", spec.Name)
	}
	if set.Replications == 0 {
		return fmt.Errorf("nothing was measured of %s", spec.Name)
	}
	var broke []string
	for _, name := range []string{"fencings", "elections.clean", "elections.unclean", "isr.shrinks", "records.lost.acked", "records.lost.expired"} {
		if m, found := set.Metric(name); found && m.Mean > 0 {
			broke = append(broke, fmt.Sprintf("%s %g", name, m.Mean*float64(len(result.Observed(m.Column("value"))))))
		}
	}
	if len(broke) > 0 {
		return errors.New("the cluster was not healthy while " + spec.Name + " was measured (" + strings.Join(broke, ", ") +
			"); nothing is fitted to that: leave the machine to the calibration and repeat it")
	}
	return nil
}
