package result

import (
	"math"
	"sort"
	"time"
)

// A Set is everything known of one scenario's runs, simulated or measured. Its
// JSON form (WriteJSON, Read) is the contract: everything a report shows is in it.
// A Set read back judges and prints as the one written, except that quantiles
// of a distribution which the file does not list can no longer be estimated.
type Set struct {
	Header
	Replications int               // how many the Set holds
	Partial      bool              // cut before all that was asked for was done
	Metrics      []Metric          // ascending by name, each name once
	Objectives   []ObjectiveResult // in the scenario's order; empty until judged
	Ledger       []LedgerEntry
	Series       []SeriesSummary // ascending by name
	Fingerprints []uint64        // one a replication; empty when measured
	Warnings     []string
}

// A Header says what was run, and how. It is known before the first replication.
type Header struct {
	Version    string // of the program
	Origin     Origin
	Plane      string // data plane: "batch", "flow"; what measured it otherwise
	Scenario   string
	SpecSHA256 string
	Seed       uint64
	Grid       Grid // of every series; the zero Grid when there are none
	About      About
}

// Origin is where a Set's numbers come from.
type Origin string

// The origins of a Set.
const (
	Simulated Origin = "simulated"
	Measured  Origin = "measured"
)

// A Grid is the instants at which series have values: Start + i·Step for i in
// 0..Count-1, in time since the start of a run.
type Grid struct {
	Start time.Duration
	Step  time.Duration
	Count int
}

// A Metric is one metric over all replications. Values are in base units:
// seconds, bytes, records, ratios 0..1. NaN is "nothing to observe", null in JSON.
type Metric struct {
	Name string // with labels, as in lag.records{group=viewing-history}
	Unit string // as in scenarios' catalogue
	Kind Kind
	// Mean is the mean a replication of a count or a gauge, the pooled ratio of
	// a ratio, and the mean over everything observed of a distribution.
	Mean float64
	CI95 Interval // of Mean
	// Bound marks nines of which only a lower bound is known, because no
	// replication lost anything: Mean and CI95.Low are the bound.
	Bound     bool
	Quantiles []Quantile // ascending; pooled for a distribution, else over replications
	Samples   []Column   // "value", or "p50", "p99", "max", "mean" for a distribution
	Histogram *Histogram // of a distribution, pooled; nil of nothing

	spread *spread // what a distribution's intervals are made from; nil after Read
}

// A Quantile is the value that the share P (0..1) of what was observed does not exceed.
type Quantile struct {
	P     float64
	Value float64
}

// A Column is one value a replication, in replication order.
type Column struct {
	Name   string
	Values []float64
}

// An Interval is a confidence interval. NaN at both ends means that none is
// known; NaN at one end that the interval is open to that side.
type Interval struct {
	Low, High float64
}

// NoInterval returns the interval of which nothing is known.
func NoInterval() Interval { return Interval{Low: math.NaN(), High: math.NaN()} }

// Known reports whether at least one end of the interval is known.
func (i Interval) Known() bool { return !math.IsNaN(i.Low) || !math.IsNaN(i.High) }

// within cuts the interval to what is possible, 0..most.
func (i Interval) within(most float64) Interval {
	if i.Low < 0 {
		i.Low = 0
	}
	if i.High > most {
		i.High = most
	}
	return i
}

// A LedgerEntry is one count of the ledger over all replications.
type LedgerEntry struct {
	Name  string
	Mean  float64 // a replication
	Total float64
}

// A SeriesSummary is one value over time: at each instant of the Set's grid the
// mean over replications and the extremes; NaN where no replication had a value.
type SeriesSummary struct {
	Name           string
	Mean, Min, Max []float64
}

// An ObjectiveResult is what became of one objective of the scenario.
type ObjectiveResult struct {
	Expression string  // as written
	Metric     string  // that it judges, with its labels; "" when not known
	Limit      float64 // that its value, or its quantile, shall keep; NaN for a probability
	Verdict    Verdict
	Observed   float64 // the quantity judged, in base units; NaN when there is none
	CI95       Interval
	Unit       string // of Observed
	Words      string // why, and for an inconclusive one what would settle it
}

// Verdict is what can be said of an objective at 95 % confidence.
type Verdict uint8

// The verdicts. The zero Verdict is NoData: what nobody judged has not passed.
const (
	NoData Verdict = iota
	Pass
	Fail
	Inconclusive
)

// String returns the verdict as JSON and reports spell it.
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case Inconclusive:
		return "inconclusive"
	case NoData:
	}
	return "no data"
}

// parseVerdict is the inverse of Verdict.String.
func parseVerdict(word string) (Verdict, bool) {
	for _, v := range []Verdict{NoData, Pass, Fail, Inconclusive} {
		if v.String() == word {
			return v, true
		}
	}
	return NoData, false
}

// Metric finds a metric by its name with labels.
func (s *Set) Metric(name string) (*Metric, bool) {
	i := sort.Search(len(s.Metrics), func(i int) bool { return s.Metrics[i].Name >= name })
	if i == len(s.Metrics) || s.Metrics[i].Name != name {
		return nil, false
	}
	return &s.Metrics[i], true
}

// Column finds the values a replication by their name: "value", or "p50",
// "p99", "max", "mean" for a distribution. It returns nil when there is none.
func (m *Metric) Column(name string) []float64 {
	for _, c := range m.Samples {
		if c.Name == name {
			return c.Values
		}
	}
	return nil
}

// Observed returns those of values that are not NaN, in order.
func Observed(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			out = append(out, v)
		}
	}
	return out
}
