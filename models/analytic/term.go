package analytic

import "fmt"

// An Input is a number that a term is made of.
type Input struct {
	Name  string  `json:"name"`  // Kafka's or the scenario's own name where it has one
	Value float64 `json:"value"` // in base units
	Unit  string  `json:"unit"`  // s, records, 1/s, bytes; empty for a plain number
}

// A Term is what one mechanism adds to a bound.
type Term struct {
	Name    string  `json:"name"`           // the mechanism
	Of      string  `json:"of,omitempty"`   // the producer, group or topic; empty: the cluster
	Formula string  `json:"formula"`        // in words; every number in it is an input
	Inputs  []Input `json:"inputs"`         // in the order of the formula
	Result  float64 `json:"result"`         // in the bound's unit; 0 where None says why there is none
	None    string  `json:"none,omitempty"` // why no bound is known; empty: Result is one
}

// A Bound is a proven worst case of a metric over all replications of a scenario:
// the sum of its terms.
//
// No value is not 0, and not infinite either: a bound with a term that has none
// has none itself, and None says why.
type Bound struct {
	Metric string  `json:"metric"` // as in a result
	Unit   string  `json:"unit"`
	Known  bool    `json:"known"`
	Value  float64 `json:"value"` // 0 unless Known
	None   string  `json:"none,omitempty"`
	Why    string  `json:"why,omitempty"` // why it is 0 without a term
	Terms  []Term  `json:"terms"`
}

// sum makes a bound of terms. Without any it is 0, and why says for what reason.
func sum(metric, unit, why string, terms []Term) Bound {
	b := Bound{Metric: metric, Unit: unit, Known: true, Terms: terms}
	if len(terms) == 0 {
		b.Why, b.Terms = why, []Term{}
	}
	for i := range terms {
		if terms[i].None != "" && b.Known {
			b.Known, b.None = false, terms[i].None
		}
		b.Value += terms[i].Result
	}
	if !b.Known {
		b.Value = 0
	}
	return b
}

// Exceeded says whether something observed is more than the bound allows; never
// of a bound that is not known.
func (b *Bound) Exceeded(observed float64) bool {
	const rounding = 1e-6 // of sums of nanoseconds as seconds
	return b.Known && observed > b.Value+rounding
}

// A Report is everything that is bounded of a scenario.
type Report struct {
	Scenario    string   `json:"scenario"`
	SHA256      string   `json:"spec_sha256"`
	Assumptions []string `json:"assumptions"`
	Bounds      []Bound  `json:"bounds"`
	Volumes     []Bound  `json:"volumes"` // of steady load, a broker on average
	Drains      []Bound  `json:"drains"`  // lag.drain, by group
}

// Find is the bound of a metric. It panics on one that is never bounded.
func (r *Report) Find(metric string) *Bound {
	for i := range r.Bounds {
		if r.Bounds[i].Metric == metric {
			return &r.Bounds[i]
		}
	}
	panic(fmt.Sprintf("analytic: no bound is kept of %s", metric))
}
