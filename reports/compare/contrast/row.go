package contrast

import (
	"math"
	"slices"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// A row is one value a replication while it is being compared.
type row struct {
	Row
	base        string
	direction   scenarios.Direction
	a, b        []float64 // a replication each, NaN where there was nothing
	differences []float64 // b − a in every pair that both observed; nil without pairs
	tested      bool
	leaning     float64 // above 0 where the test says that B lies above A
	least       float64 // P that so many replications can show at best
}

// row makes the row of a metric's column that both sides observed.
func (p *pair) row(m metric, column string) *row {
	inA, _ := p.a.Metric(m.name)
	inB, _ := p.b.Metric(m.name)
	r := &row{
		base: m.known.Name, direction: m.known.Better(),
		a: valuesOf(p.a, inA, column), b: valuesOf(p.b, inB, column),
		Row: Row{
			Metric: m.name, Column: column, Group: group(m.known), Unit: m.known.Unit, Kind: m.known.Kind.String(),
			Better: m.known.Better().String(), P: number(math.NaN()), AdjustedP: number(math.NaN()),
		},
	}
	if p.paired {
		r.differences = differences(r.a, r.b)
	}
	r.centres(inA, inB)
	r.apart()
	r.pairDifference()
	return r
}

// group is under which heading a metric is shown.
func group(m scenarios.Metric) string {
	switch {
	case strings.HasPrefix(m.Name, "records."):
		return "records"
	case strings.HasPrefix(m.Name, "durability."), strings.HasPrefix(m.Name, "loss."):
		return "durability"
	case m.Unit == "s":
		return "times"
	}
	return "levels and counts"
}

// nines reports whether a metric is nines of a ratio, which rank as the ratio.
func nines(base string) (ratio string, are bool) { return strings.CutSuffix(base, ".nines") }

// differences are b − a of every pair that both observed; of two infinite ones 0.
func differences(a, b []float64) []float64 {
	out := []float64{}
	for i := range a {
		switch {
		case math.IsNaN(a[i]) || math.IsNaN(b[i]):
		case a[i] == b[i]:
			out = append(out, 0)
		default:
			out = append(out, b[i]-a[i])
		}
	}
	return out
}

// centres fills in what either side shows.
func (r *row) centres(inA, inB *result.Metric) {
	a, b := result.Observed(r.a), result.Observed(r.b)
	_, areNines := nines(r.base)
	if areNines || inA.Kind == result.Ratio {
		r.Centre = "pooled"
		r.A, r.B = ofMetric(inA, len(a)), ofMetric(inB, len(b))
		return
	}
	r.Centre = "median"
	r.A, r.B = median(a), median(b)
	if r.A.Value != r.B.Value || constant(a) && constant(b) || r.equal() && r.A.Value != 0 {
		r.A.quiet(inA, a)
		r.B.quiet(inB, b)
		return
	}
	r.Centre = "mean"
	if r.Column == "value" {
		r.A, r.B = ofMetric(inA, len(a)), ofMetric(inB, len(b))
		return
	}
	r.A, r.B = mean(a), mean(b)
}

// quiet gives the median of nothing but zeros the room that the result leaves for
// what so few replications have not seen: a loss.
func (v *Value) quiet(m *result.Metric, values []float64) {
	if m.Kind == result.Count && constant(append([]float64{0}, values...)) && m.CI95.High > 0 {
		v.Low, v.High = number(0), number(m.CI95.High)
	}
}

// ofMetric is what the result itself says of the whole.
func ofMetric(m *result.Metric, observed int) Value {
	return Value{
		Value: number(m.Mean), Low: number(m.CI95.Low), High: number(m.CI95.High), Bound: m.Bound, Observed: observed,
	}
}

func median(values []float64) Value {
	low, high := bounded(stats.QuantileInterval(values, 0.5, confidence))
	return Value{Value: number(stats.Median(values)), Low: number(low), High: number(high), Observed: len(values)}
}

func mean(values []float64) Value {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	low, high := bounded(stats.MeanInterval(values, confidence))
	return Value{Value: number(sum / float64(len(values))), Low: number(low), High: number(high), Observed: len(values)}
}

func constant(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] })
}

// apart fills in by how much the centres differ.
func (r *row) apart() {
	a, b := float64(r.A.Value), float64(r.B.Value)
	r.Difference, r.Relative = number(b-a), number(math.NaN())
	if r.A.Bound || r.B.Bound {
		r.Difference = number(math.NaN()) // bounds say nothing of each other
	}
	if a > 0 && b > 0 && r.Unit != "ratio" && r.Unit != "nines" {
		r.Relative = number(b/a - 1)
	}
}

// pairDifference fills in the typical difference in a pair: the median of them, or
// their mean where that is what the row is about.
func (r *row) pairDifference() {
	if _, areNines := nines(r.base); areNines || len(r.differences) == 0 {
		return
	}
	var v Value
	if r.Centre == "median" {
		v = median(r.differences)
	} else {
		v = mean(r.differences)
	}
	r.PairDifference = &v
}

// number is v for a file, in which what is not finite is nothing.
func number(v float64) compare.Number { return compare.Number(v) }

// equal reports whether no replication tells the sides apart: every pair is equal,
// or without pairs every value of both sides is one number.
func (r *row) equal() bool {
	if r.differences != nil {
		return alike(r.a, r.b)
	}
	all := slices.Concat(r.a, r.b)
	return len(result.Observed(all)) == len(all) && constant(all)
}

// alike reports whether values are the same, one by one.
func alike(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(v, w float64) bool { return v == w || math.IsNaN(v) && math.IsNaN(w) })
}

// same reports whether two rows are the same number in every replication.
func (r *row) same(other *row) bool {
	return r.Unit == other.Unit && alike(r.a, other.a) && alike(r.b, other.b)
}
