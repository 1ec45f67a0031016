// Package resulttest makes replications and sets for the tests of packages that
// read results.
package resulttest

import (
	"math"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// A Run is one replication under construction. Counts of the ledger that nobody
// sets are 0, and generated is what the others add up to.
type Run struct {
	counts       map[string]float64
	observations []result.Observation
	series       []result.Series
	warnings     []string
}

// NewRun begins a replication in which nothing happened.
func NewRun() *Run { return &Run{counts: map[string]float64{}} }

// Count sets a count of the ledger, by its name without "records.".
func (r *Run) Count(short string, n float64) *Run {
	r.counts["records."+short] = n
	return r
}

// Value adds a count or a gauge; NaN means that there was nothing to observe.
func (r *Run) Value(name string, v float64) *Run {
	r.observations = append(r.observations, result.Observation{Name: name, Observed: !math.IsNaN(v), Value: v})
	return r
}

// Ratio adds a ratio.
func (r *Run) Ratio(name string, numerator, denominator float64) *Run {
	r.observations = append(r.observations, result.Observation{
		Name: name, Observed: true, Numerator: numerator, Denominator: denominator,
	})
	return r
}

// Distribution adds a distribution of values in the sketch's units; without
// values there was nothing to observe.
func (r *Run) Distribution(name string, values ...int64) *Run {
	s := new(stats.Sketch)
	for _, v := range values {
		s.Add(v, 1)
	}
	r.observations = append(r.observations, result.Observation{Name: name, Observed: len(values) > 0, Distribution: s})
	return r
}

// Series adds a series.
func (r *Run) Series(name string, values ...float64) *Run {
	r.series = append(r.series, result.Series{Name: name, Values: values})
	return r
}

// Warn adds a warning.
func (r *Run) Warn(text string) *Run {
	r.warnings = append(r.warnings, text)
	return r
}

// Replication is the replication with an index.
func (r *Run) Replication(index int) result.Replication {
	out := result.Replication{
		Index: index, Fingerprint: 0xfeed0000 + uint64(index), Series: r.series, Warnings: r.warnings,
	}
	generated := r.counts["records.delivered"] + r.counts["records.in_flight_at_end"]
	for _, name := range result.LostNames() {
		generated += r.counts[name]
	}
	for _, name := range result.LedgerNames() {
		v, set := r.counts[name]
		if name == "records.generated" && !set {
			v = generated
		}
		out.Observations = append(out.Observations, result.Observation{Name: name, Observed: true, Value: v})
	}
	out.Observations = append(out.Observations, r.observations...)
	return out
}

// Set is the set of runs, in their order; what cannot be added fails the test.
func Set(t *testing.T, header result.Header, runs ...*Run) *result.Set {
	t.Helper()
	b := result.NewBuilder(header)
	for i, r := range runs {
		if err := b.Add(r.Replication(i)); err != nil {
			t.Fatal(err)
		}
	}
	return b.Set()
}

// Header is a header with something in every field but the grid.
func Header() result.Header {
	return result.Header{
		Version: "0.1.0", Origin: result.Simulated, Plane: "batch", Scenario: "leader-crash-acks-1",
		SpecSHA256: "9f2c4ab1d07e55c3a8b6e1f4d2903c7715ee8a04b3c9d6f1207a5b8c4e3d2f10", Seed: 1,
	}
}
