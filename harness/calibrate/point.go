package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A Point is one figure of one operating point, as the cluster had it and as the
// fitted profile predicts it.
type Point struct {
	Scenario  string  `json:"scenario"`
	Metric    string  `json:"metric"`    // with its label, as in produce.latency{producer=light-all}
	Statistic string  `json:"statistic"` // "p50", "mean", "p90" or "p99"
	Measured  float64 `json:"measured"`  // s, or processors of the metric processorsInUse
	Before    float64 `json:"before"`    // by the profile that the fit began with
	Fitted    float64 `json:"fitted"`
	// Error is what the measured figure may be off by chance: the standard error of
	// its logarithm.
	Error float64 `json:"error"`
}

// Residual is how much more the fitted profile predicts than was measured, as a
// share of what was measured: -0.1 is a tenth too little.
func (p *Point) Residual() float64 { return p.Fitted/p.Measured - 1 }

// text is a value of the point for a person.
func (p *Point) text(v float64) string {
	if p.Metric == processorsInUse {
		return fmt.Sprintf("%.3g cores", v)
	}
	return spanText(1e9 * v)
}

// A figure is one number of a scenario's result that is compared.
type figure struct {
	metric, statistic string
	// slack is how far off a model of this kind may be of a real cluster beside
	// chance, as a standard deviation of the logarithm: a judgement, of more for the
	// tail, where what nobody models (collections of garbage, other processes of the
	// machine) has its part. It keeps the figures that were measured most precisely
	// from ruling alone.
	slack float64
	// weight is what it counts beside figures that tell the same: the four of one
	// distribution move together, and count as two.
	weight float64
	value  func(set *result.Set) float64 // NaN if the set has none
	// scatter is the standard deviation of the logarithm of what one replication
	// has; NaN if it is not known.
	scatter func(set *result.Set) float64
}

// processorsInUse is the figure that tells work from waiting: how many processors
// all brokers together keep busy, on average over the load. Latencies alone may
// come from a machine with much work as well as from one with long delays.
const processorsInUse = "processors in use"

// figures are what is compared of a scenario: the latency of every producer, that
// of every topic which somebody reads, and the use of the processors.
func figures(spec *scenarios.Spec) []figure {
	var all []figure
	for i := range spec.Producers {
		all = append(all, distribution("produce.latency{producer="+spec.Producers[i].Name+"}")...)
	}
	for t := range spec.Topics {
		if slices.ContainsFunc(spec.Groups, func(g scenarios.Group) bool { return slices.Contains(g.Topics, t) }) {
			all = append(all, distribution("delivery.latency{topic="+spec.Topics[t].Name+"}")...)
		}
	}
	return append(all, figure{
		metric: processorsInUse, statistic: "mean", slack: 0.1, weight: 1,
		value:   func(set *result.Set) float64 { return processors(spec, set) },
		scatter: func(*result.Set) float64 { return 0.02 }, // a mean over all requests of a run
	})
}

// statistics are those of a distribution, in the order of the tables.
func statistics() []string { return []string{"p50", "mean", "p90", "p99"} }

func distribution(metric string) []figure {
	listed := func(p float64) func(*result.Set) float64 {
		return func(set *result.Set) float64 {
			if m, found := set.Metric(metric); found {
				for _, q := range m.Quantiles {
					if q.P == p {
						return q.Value
					}
				}
			}
			return math.NaN()
		}
	}
	mean := func(set *result.Set) float64 {
		if m, found := set.Metric(metric); found {
			return m.Mean
		}
		return math.NaN()
	}
	column := func(name string) func(*result.Set) float64 {
		return func(set *result.Set) float64 {
			if m, found := set.Metric(metric); found {
				return deviation(m.Column(name))
			}
			return math.NaN()
		}
	}
	// A Set keeps three statistics of each replication; a 90th percentile's scatter
	// is between those of the median and the 99th.
	between := func(set *result.Set) float64 { return math.Sqrt(column("p50")(set) * column("p99")(set)) }
	kinds := statistics()
	return []figure{
		{metric, kinds[0], 0.05, 0.5, listed(0.5), column("p50")},
		{metric, kinds[1], 0.08, 0.5, mean, column("mean")},
		{metric, kinds[2], 0.08, 0.5, listed(0.9), between},
		{metric, kinds[3], 0.15, 0.5, listed(0.99), column("p99")},
	}
}

// idlePrologue is how long the simulator lets a cluster run before the load
// begins. Its use of the processors is an average over that too.
const idlePrologue = 10 * time.Second

// processors is how many processors the brokers of a scenario kept busy on average
// while it ran on the machines that spec has; NaN if the set does not say. A
// measured broker has its own share of its machine's processors, where a simulated
// machine that several share has one for all.
func processors(spec *scenarios.Spec, set *result.Set) float64 {
	brokers := spec.Clusters[0].Brokers
	use := func(label string) float64 {
		if m, found := set.Metric("broker.utilization" + label); found {
			return m.Mean
		}
		return math.NaN()
	}
	h := brokers[0].Hardware
	if set.Origin != result.Measured && h.CPUShared {
		idle := h.CPUIdle * float64(len(brokers))
		work := float64(use("{resource=cpu}")*float64(h.Cores)) - idle
		// Where the work went on after the load, it was not done during the load.
		return min(float64(work*(spec.Duration+idlePrologue).Seconds()/spec.Duration.Seconds())+idle, float64(h.Cores))
	}
	sum := 0.0
	for i := range brokers {
		sum += use("{broker="+strconv.Itoa(brokers[i].ID)+"}") * float64(brokers[i].Hardware.Cores)
	}
	return sum
}

// logs are the logarithms of every figure of a set; NaN where there was nothing to
// observe.
func logs(spec *scenarios.Spec, set *result.Set) []float64 {
	var all []float64
	for _, f := range figures(spec) {
		v := f.value(set)
		if !(v > 0) {
			v = math.NaN()
		}
		all = append(all, math.Log(v))
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
