// Package stats holds the estimators: mergeable sketches, intervals, quantiles
// and two-sample tests. Every estimate comes with how sure it is.
package stats

// A Sketch is a mergeable, weighted histogram of non-negative integers
// (nanoseconds, records) with a bounded relative error.
type Sketch struct {
	count uint64
}

// Add counts value v with an integer weight (1 for a record, nanoseconds for a
// time-weighted quantity). Negative values panic.
func (s *Sketch) Add(v int64, weight uint64) { s.count += weight }
