package compare

import (
	"math"
	"slices"
	"sort"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A row is one value a repetition while it is being compared.
type row struct {
	Row
	base     string      // of the metric, without labels
	sets     [][]float64 // predicted samples, a Set each; NaN where nothing was observed
	measured []float64
	sorted   []float64 // predicted and observed, ascending
	ranks    [][]int   // of sets among sorted, from 1, ties broken at random; 0 where nothing was observed
	within   float64   // intraclass correlation of the ranks in a Set
	width    float64   // WidthRatio, infinite where only the prediction is spread
}

// columns are the samples of a kind of metric that are compared.
func columns(kind result.Kind) []string {
	if kind == result.Distribution {
		return []string{"p50", "p99", "max", "mean"}
	}
	return []string{"value"}
}

// hasRows reports whether values of a metric, one a repetition, can be held
// against each other. The closed-form bound is no prediction; nines follow from
// durability and are nothing where nothing is lost; the probability of a loss is
// no value of one repetition.
func hasRows(base string) bool {
	return base != "loss.bound.acked" && base != lossProbability && !strings.HasSuffix(base, ".nines")
}

const lossProbability = "loss.probability"

// gather makes the rows of one scenario in the catalogue's order, a metric
// without labels before those with, and lists what a side did not observe.
func gather(in *Input) ([]*row, []Absence) {
	var rows []*row
	var absent []Absence
	for _, known := range scenarios.Metrics() {
		if !hasRows(known.Name) {
			continue
		}
		for _, name := range names(in, known.Name) {
			if side := missing(in, name, columns(known.Kind)[0]); side != "" {
				absent = append(absent, Absence{name, side})
				continue
			}
			for _, column := range columns(known.Kind) {
				rows = append(rows, newRow(in, known, name, column))
			}
		}
	}
	return rows, absent
}

// names are a metric's names with the labels that either side has, sorted.
func names(in *Input, base string) []string {
	var all []string
	for _, set := range append([]*result.Set{in.Measured}, in.Predicted...) {
		for i := range set.Metrics {
			name := set.Metrics[i].Name
			if b, _ := result.SplitName(name); b == base {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missing says which side observed nothing of a metric, or "".
func missing(in *Input, name, column string) string {
	predicted := !slices.ContainsFunc(in.Predicted, func(s *result.Set) bool { return observes(s, name, column) })
	switch measured := !observes(in.Measured, name, column); {
	case predicted && measured:
		return "both"
	case predicted:
		return "predicted"
	case measured:
		return "measured"
	}
	return ""
}

func observes(set *result.Set, name, column string) bool {
	return len(result.Observed(samples(set, name, column))) > 0
}

// samples are the values of a column, NaN throughout where the Set has none.
func samples(set *result.Set, name, column string) []float64 {
	if m, found := set.Metric(name); found {
		if values := m.Column(column); values != nil {
			return values
		}
	}
	values := make([]float64, set.Replications)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

func newRow(in *Input, known scenarios.Metric, name, column string) *row {
	r := &row{
		base: known.Name, measured: samples(in.Measured, name, column),
		Row: Row{Metric: name, Column: column, Unit: known.Unit, Kind: known.Kind.String(), Verdict: NoData},
	}
	for _, set := range in.Predicted {
		r.sets = append(r.sets, samples(set, name, column))
	}
	r.sorted = result.Observed(slices.Concat(r.sets...))
	slices.Sort(r.sorted)
	r.Observed = len(r.sorted)
	r.Values = len(result.Observed(r.measured))
	for _, v := range r.measured {
		r.Measured = append(r.Measured, Number(v))
	}
	return r
}

// rank orders the predicted samples, ties at random: in which order is drawn
// from a stream of the row's own.
func (r *row) rank(seed uint64, scenario string) {
	type place struct {
		set, at int
		value   float64
		lot     uint64
	}
	stream := rng.New(seed, "compare/"+scenario+"/"+r.Metric+"/"+r.Column, "ties")
	places := make([]place, 0, r.Observed)
	r.ranks = make([][]int, len(r.sets))
	for s, values := range r.sets {
		r.ranks[s] = make([]int, len(values))
		for i, v := range values {
			if !math.IsNaN(v) {
				places = append(places, place{s, i, v, stream.Uint64()})
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		case a.lot < b.lot:
			return -1
		}
		return 1
	})
	for i, p := range places {
		r.ranks[p.set][p.at] = i + 1
	}
	r.within = intraclass(r.middleRanks())
}

// middleRanks are the ranks of the predicted samples by Set, equal samples at the
// middle of their ranks.
func (r *row) middleRanks() [][]float64 {
	out := make([][]float64, len(r.sets))
	for s, values := range r.sets {
		for _, v := range result.Observed(values) {
			below, upTo := around(r.sorted, v)
			out[s] = append(out[s], float64(below+upTo+1)/2)
		}
	}
	return out
}

// around counts how many of sorted values are below v, and how many are not above it.
func around(sorted []float64, v float64) (below, upTo int) {
	below, _ = slices.BinarySearch(sorted, v)
	upTo = below + sort.Search(len(sorted)-below, func(i int) bool { return sorted[below+i] > v })
	return below, upTo
}

// constant reports whether every replication predicted the same value, and which.
func (r *row) constant() (float64, bool) {
	return r.sorted[0], r.sorted[0] == r.sorted[len(r.sorted)-1]
}

// certain reports whether every replication predicted one value and every
// repetition measured it.
func (r *row) certain() bool {
	value, constant := r.constant()
	return constant && !slices.ContainsFunc(r.measured, func(v float64) bool { return !math.IsNaN(v) && v != value })
}

// alike is by how much of their size values of one metric may differ and be taken
// as the same number: partitions fail over within milliseconds of each other, and
// their p50, p99, max and mean are one thing to predict and not four. Sketches
// know quantiles to 0.4 %.
const alike = 0.01

// same reports whether two rows are the same number in every sample: of one metric
// nearly, of two metrics exactly.
func (r *row) same(other *row) bool {
	tolerance := 0.0
	if r.base == other.base {
		tolerance = alike
	}
	if r.Unit != other.Unit || !sameValues(r.measured, other.measured, tolerance) {
		return false
	}
	for i := range r.sets {
		if !sameValues(r.sets[i], other.sets[i], tolerance) {
			return false
		}
	}
	return true
}

func sameValues(a, b []float64, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool {
		return math.Abs(x-y) <= tolerance*math.Abs(y) || math.IsNaN(x) && math.IsNaN(y)
	})
}

// place decides whether the row counts, given those before it that do, and why not.
func (r *row) place(before []*row, known scenarios.Metric) {
	twin := slices.IndexFunc(before, r.same)
	switch {
	case !known.Bet():
		r.Reason = "informational"
	case r.Observed < leastSamples:
		r.Reason = "too few replications observed it"
	case r.certain():
		r.Reason = "certain"
	case twin >= 0:
		r.Reason = "the same number as " + before[twin].title()
	default:
		r.Counted = true
	}
}

// title is the row's name: the metric, and the column of a distribution.
func (r *Row) title() string {
	if r.Column == "value" {
		return r.Metric
	}
	return r.Metric + " " + r.Column
}

// Title is the row's name: the metric, and the column of a distribution.
func (r *Row) Title() string { return r.title() }
