package result

import "kafkasim/scenarios"

// Kind says what a metric's values are, as the catalogue of metrics has it.
type Kind = scenarios.MetricKind

// The kinds of a metric; the zero Kind is none of them.
const (
	Count        = scenarios.Count            // whole things, one value a replication
	Gauge        = scenarios.Gauge            // one value a replication
	Ratio        = scenarios.Ratio            // 0..1, a numerator and a denominator a replication
	Distribution = scenarios.DistributionKind // many values a replication
)
