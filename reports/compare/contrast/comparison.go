package contrast

import (
	"encoding/json"
	"fmt"
	"io"

	"kafkasim/reports/compare"
)

// A Comparison is what came of holding result B against result A. Its JSON form is
// the file that `kafkasim compare --json` writes.
type Comparison struct {
	Version  string    `json:"version"` // of the program
	A        Side      `json:"a"`
	B        Side      `json:"b"`
	Paired   bool      `json:"paired"`   // replication r of both shares its random numbers
	SameRun  bool      `json:"same_run"` // A and B are one run
	Design   []string  `json:"design"`   // how they were compared, in sentences
	Alpha    float64   `json:"alpha"`
	Tested   int       `json:"tested"` // rows that P is adjusted for
	Rows     []Row     `json:"rows"`
	Means    []Mean    `json:"geometric_means"`
	Absent   []Absence `json:"absent,omitempty"`
	Gate     *Gate     `json:"gate,omitempty"` // nil where nobody asked for it
	Warnings []string  `json:"warnings"`
}

// A Side is one of the two results.
type Side struct {
	Scenario     string   `json:"scenario"`
	Source       string   `json:"source,omitempty"`  // what the user named
	Changes      []string `json:"changes,omitempty"` // --set of this side
	Origin       string   `json:"origin"`
	Plane        string   `json:"plane"`
	Replications int      `json:"replications"`
	Partial      bool     `json:"partial,omitempty"`
	Seed         uint64   `json:"seed"`
	SpecSHA256   string   `json:"spec_sha256"`
	Version      string   `json:"version"` // of the program that made it
}

// Verdict is what can be said of a row.
type Verdict string

// The verdicts of a row.
const (
	NoData  Verdict = "no data" // no pair, or a side observed nothing
	Equal   Verdict = "="       // the same in every replication
	Nothing Verdict = "~"       // nothing can be said at the level
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	Differs Verdict = "differs" // and nobody can say that it is better or worse
)

// A Row is one value a replication of both sides.
type Row struct {
	Metric  string  `json:"metric"` // with labels
	Column  string  `json:"column"` // "value", or "p50", "p99", "max", "mean" of a distribution
	Group   string  `json:"group"`  // of rows that are shown together
	Unit    string  `json:"unit"`
	Kind    string  `json:"kind"`
	Better  string  `json:"better"` // "less", "more" or ""
	Centre  string  `json:"centre"` // what Value is: "median", "mean", "pooled"
	A       Value   `json:"a"`
	B       Value   `json:"b"`
	Verdict Verdict `json:"verdict"`
	// Difference is B's centre less A's, in the unit; Relative is that over A's
	// where both are above 0 and the unit has no end.
	Difference compare.Number `json:"difference"`
	Relative   compare.Number `json:"relative"`
	// PairDifference is the typical difference in a pair, null without pairs.
	PairDifference *Value `json:"pair_difference,omitempty"`

	N          int            `json:"n"` // pairs; else values of the smaller sample
	P          compare.Number `json:"p_value"`
	AdjustedP  compare.Number `json:"adjusted_p_value"`
	SameAs     string         `json:"same_as,omitempty"` // the earlier row that is the same number, or ranks as this one
	Regression bool           `json:"regression,omitempty"`
}

// A Value is a centre with its 95 % interval, in base units.
type Value struct {
	Value    compare.Number `json:"value"`
	Low      compare.Number `json:"low"`  // null where nothing is known
	High     compare.Number `json:"high"` // null where nothing is known
	Bound    bool           `json:"bound,omitempty"`
	Observed int            `json:"observed"` // replications that had a value
}

// A Mean is the geometric mean of B over A in a group's rows of which less is better.
type Mean struct {
	Group string         `json:"group"`
	Ratio compare.Number `json:"ratio"`
	Rows  int            `json:"rows"` // with two values above 0
	Of    int            `json:"of"`
}

// An Absence is a metric that was not compared.
type Absence struct {
	Metric string `json:"metric"`
	Reason string `json:"reason"`
}

// A Gate is the answer to --fail-on-regression.
type Gate struct {
	Percent     float64     `json:"percent"` // how much worse is let pass
	Verdict     GateVerdict `json:"verdict"`
	Regressions []string    `json:"regressions"` // rows
	Words       string      `json:"words"`
}

// GateVerdict is what the gate says.
type GateVerdict string

// The verdicts of a gate.
const (
	GateNoData GateVerdict = "no data"
	GatePass   GateVerdict = "pass"
	GateFail   GateVerdict = "fail"
)

// Exit codes of a comparison (design section 8).
const (
	exitDone   = 0
	exitNoData = 98
	exitFailed = 99
)

// ExitCode is the exit code that the gate calls for; 0 without one.
func (c *Comparison) ExitCode() int {
	if c.Gate == nil {
		return exitDone
	}
	switch c.Gate.Verdict {
	case GatePass:
		return exitDone
	case GateFail:
		return exitFailed
	case GateNoData:
	}
	return exitNoData
}

// WriteJSON writes the comparison; equal ones give equal bytes.
func (c *Comparison) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(c); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

// Title is the row's name: the metric, and the column of a distribution.
func (r *Row) Title() string {
	if r.Column == "value" {
		return r.Metric
	}
	return r.Metric + " " + r.Column
}
