// Package contrast holds one result against another: A, what is known, and B, what
// is asked about. It is to two results what benchstat is to two sets of benchmarks.
//
// # Pairs
//
// Every random number of a replication is drawn from a stream named by seed,
// entity and purpose, so that replication r of two scenarios with one seed meets
// the same arrivals, the same delays and the same phases as far as both have the
// same entities (common random numbers). Where both sides are simulated, with one
// seed and equally many replications, replication r of A is therefore held against
// replication r of B, and what both share cancels out. Anything else is compared as
// two independent samples; of one seed and different numbers of replications they
// are not quite independent, which makes differences harder to see and never
// invents one.
//
// # Rows
//
// A row is one value a replication: a count, gauge or ratio; p50, p99 and max of a
// distribution of times or records; mean and max of one of rates or members. Its
// centre is the median with the interval of order statistics; for ratios and nines
// it is the pooled one, with the result's own interval. Where the medians of both
// sides are equal and the values are not (losses, which most replications do not
// have), the centre is the mean.
//
// A row that is the same number as an earlier one in every replication of both
// sides is left out of the tests, as are nines, which rank as the share that they
// are made of.
//
// # Tests
//
// Pairs: Wilcoxon's signed-rank test of the differences. Samples: the test of Mann
// and Whitney. Both are exact for small samples, ties included. P is adjusted for
// the number of rows that were tested (Holm), so that where nothing differs, one
// comparison in 20 finds a difference anywhere at the level of 5 %. A row whose
// adjusted P is above the level says nothing: its verdict is "~". How little P can
// be depends on the number of replications; where it can never come below the level
// a warning says how many would do.
//
// # Worse
//
// The catalogue says which way a metric gets better (scenarios.Metric.Better); one
// without a direction differs, and is never better or worse. How much worse is
// relative to A; of a ratio of which more is better it is relative to what is
// missing: from 99.9 % to 99.8 % available twice as much is unavailable.
package contrast
