// Package stats holds the estimators: mergeable sketches, intervals, quantiles
// and two-sample tests. Every estimate comes with how sure it is.
package stats
