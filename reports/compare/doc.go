// Package compare holds predictions against measurements: simulated Sets of
// many replications against a Set of a few repetitions on real Kafka.
//
// # Prediction intervals
//
// A row is one value a repetition: a count, gauge or ratio, or the p50, p99, max
// or mean of a distribution. Its 95 % interval is for one further repetition. If
// the model is right, a repetition is exchangeable with the N replications, so
// it lies below the r-th of them in order with probability at most r/(N+1),
// whatever the law; the interval runs from the r-th to the (N+1−r)-th value with
// r = ⌊0.025 (N+1)⌋, ends included. Ties only add to the coverage. Fewer than 39
// replications promise no 95 %, and their rows are not counted.
//
// The error of a calibration enters as several predicted Sets, each simulated
// with its own draw of the hardware profile; their samples are pooled. Samples of
// one draw hang together, so that N of them are worth only
// N/(1 + (R−1) ρ), R a draw, ρ the intraclass correlation of the row (of ranks,
// from the analysis of variance); r is taken from that number. What an interval
// can promise stands in the row.
//
// # What counts
//
// Every metric that both sides observed has rows. Those count towards the verdict
// that a user relies on (scenarios.Metric.Bet), that are not the same number as
// an earlier row in every sample of both sides (one topic's label and the total;
// the p50 and the max of partitions that fail over together, within 1 %), and
// that could have come out otherwise: where
// every replication predicted one value and every repetition measured it, the
// row is certain, and counting it would let a model pass by what cannot happen.
// The same value predicted everywhere and another one measured does count.
//
// # The verdict
//
// A right model fails at most once in 20 times: 3 % are for the coverage of
// everything together, 1 % for that of the scenarios one by one (Holm), 1 % for
// rows that are grossly off (Holm over all rows of all scenarios). Fewer than 2
// repetitions are no data.
//
// Coverage. The hypothesis is that the intervals cover 95 %. Values of one
// repetition hang together, so they are not independent trials: one late
// election moves a dozen metrics. How they hang together is known from the
// simulation. The law of the number of misses is drawn by letting replications
// of one Set, chosen at random, stand for the repetitions, as many as were
// measured: each value is ranked among all other replications, ties broken at
// random, and is a miss in the outer 5 % of ranks. So each value misses with
// probability 5 % exactly, values of a repetition hang together as in the model,
// repetitions as far as they share a profile, and the finite number of
// replications is accounted for. P is the share of draws with at least as many
// misses, relative to the number of values, as were measured.
//
// Gross misses. Each measured value becomes a normal score of its rank among the
// replications, Φ⁻¹((below + (ties+1)/2)/(N+1)); their sum over its standard
// deviation, which knows ρ and N, is a two-sided test, and P is never below what
// ranks of so few values can show: 2/C(N+n, n). With 400 replications two
// repetitions beyond all of them have P = 2.5e-5.
//
// # Figures beside the verdict
//
// The relative error is that of the medians, as a share of the measured one;
// where that is 0, times are held against 50 ms and all else counts absolutely
// (design section 10).
//
// The interval score of an interval [l, u] and a value y is u − l plus 40 times
// the distance by which y lies outside (Gneiting and Raftery, Strictly proper
// scoring rules, prediction, and estimation, JASA 102 (2007), section 6.2, with
// α = 5 %). It has the unit of the metric, so it is divided by the score of a
// reference. A reference that knows only the scenario (its timeouts, its
// duration) is so wide that any interval looks good beside it: a useless one of
// 20 s for a failover of 7 to 10 s would score a third of it. The reference is
// therefore somebody without a simulator who has measured: the median of the
// measured values ± 1.96 of their standard deviation, and at least the 10 % of
// the goal. Against it an interval twice as wide as the measured spread costs 2,
// and one as wide as the spread that is always missed by a fortieth of its width
// costs 2 as well. A perfect forecast costs about 1.2.
package compare
