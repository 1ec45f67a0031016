// Package result is the one result type, simulated or measured: what was run,
// what each replication saw, and what follows from all of them together.
package result

import "kafkasim/sim/stats"

// A Replication is what one replication of a model, or one repetition of a
// measurement, observed. All replications of a Set list the same observations
// in the same order.
type Replication struct {
	Index        int
	Fingerprint  uint64 // of every event that fired; 0 for a measured one
	Observations []Observation
	Series       []Series
	Warnings     []string
}

// An Observation is one metric in one replication. The metric's kind in
// scenarios' catalogue says which fields carry meaning.
type Observation struct {
	Name string // with labels, as in lag.records{group=viewing-history}
	// Observed is false where the replication had nothing to observe (no
	// failover, no drain): the sample is null.
	Observed     bool
	Value        float64       // count, gauge: in base units (s, bytes, records)
	Numerator    float64       // ratio
	Denominator  float64       // ratio
	Distribution *stats.Sketch // distribution: ns for times, whole units otherwise
}

// A Series is a value over simulated time on the Set's common grid.
type Series struct {
	Name   string    // with labels
	Values []float64 // one a grid point; NaN where there was nothing
}
