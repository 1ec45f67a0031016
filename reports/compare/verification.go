package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Verification is what came of holding predictions against measurements. Its
// JSON form is the file that `kafkasim verify --json` writes.
type Verification struct {
	Version     string          `json:"version"`           // of the program
	Partial     bool            `json:"partial,omitempty"` // cut before all scenarios and repetitions were done
	Verdict     Verdict         `json:"verdict"`
	Words       []string        `json:"words"`            // the verdict in sentences
	Judged      string          `json:"judged,omitempty"` // JudgedPooled: by everything together alone
	Method      Method          `json:"method"`
	Pooled      Summary         `json:"pooled"`  // over all scenarios
	Goals       []Goal          `json:"goals"`   // of the accuracy study, on what is here
	Metrics     []MetricSummary `json:"metrics"` // over all scenarios, in the catalogue's order
	Scenarios   []Scenario      `json:"scenarios"`
	Calibration *Calibration    `json:"calibration,omitempty"`
	Environment *Environment    `json:"environment,omitempty"`
	Warnings    []string        `json:"warnings,omitempty"`
}

// JudgedPooled is Verification.Judged of one that is judged by everything together alone.
const JudgedPooled = "pooled"

// Verdict is what can be said of a prediction.
type Verdict string

// The verdicts. Inconclusive is said of single rows only: something missed, but
// not more than chance misses among so many.
const (
	NoData       Verdict = "no data"
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// A Method names the levels of the tests; the package's comment says what they are.
type Method struct {
	Confidence       float64 `json:"confidence"`         // of a prediction interval
	PooledLevel      float64 `json:"pooled_level"`       // of the coverage of everything together
	ScenarioLevel    float64 `json:"scenario_level"`     // of the coverage of scenarios, together
	RowLevel         float64 `json:"row_level"`          // of grossly missed rows, together
	Resamples        int     `json:"resamples"`          // draws of the law of misses
	LeastRepetitions int     `json:"least_repetitions"`  // fewer are no data
	LeastSamples     int     `json:"least_replications"` // fewer promise no interval
}

// A Summary is the coverage and the errors of the rows that count.
type Summary struct {
	Rows    int    `json:"rows"`     // that count
	Values  int    `json:"values"`   // measured, of those rows
	Covered int    `json:"covered"`  // of the values, by their interval
	Share   Number `json:"coverage"` // Covered / Values
	// P is the probability of so many misses where intervals cover 95 %.
	P Number `json:"p_value"`
	// LeastCovered is the least number of covered values that would still pass.
	LeastCovered int `json:"least_covered"`
	// RelativeError is the median over rows of the medians' relative error.
	RelativeError Number `json:"median_relative_error"`
	// ScoreRatio is the mean over rows of the interval score over the reference's
	// (as the mean scaled interval score of the M4 competition), ScoreMedian the
	// median over rows.
	ScoreRatio  Number `json:"score_ratio"`
	ScoreMedian Number `json:"score_ratio_median"`
	// WidthRatio is the median over rows of the interval's width over the measured
	// spread; null where most rows have no measured spread.
	WidthRatio Number `json:"width_ratio"`
	// Undisturbed is the coverage without the disturbed repetitions; nil when there are none.
	Undisturbed *Share `json:"undisturbed,omitempty"`
}

// A Share is how many of how many values are covered.
type Share struct {
	Values  int `json:"values"`
	Covered int `json:"covered"`
}

// A Goal is a number to reach (design section 10), as far as what is here says.
type Goal struct {
	Name     string `json:"name"`
	Limit    Number `json:"limit"`
	Observed Number `json:"observed"`
	Met      bool   `json:"met"`
}

// A MetricSummary is one metric over all scenarios and labels.
type MetricSummary struct {
	Name string `json:"name"`
	Summary
}

// A Scenario is one scenario's comparison.
type Scenario struct {
	Name         string        `json:"name"`
	SpecSHA256   string        `json:"spec_sha256"`
	Verdict      Verdict       `json:"verdict"`
	Words        []string      `json:"words"` // what missed, and by how much
	Plane        string        `json:"plane"` // that predicted
	Replications int           `json:"replications"`
	Draws        int           `json:"profile_draws"` // hardware profiles that the replications are of
	Repetitions  int           `json:"repetitions"`
	Partial      bool          `json:"partial,omitempty"`
	Disturbed    []Disturbance `json:"disturbed,omitempty"`
	Summary      Summary       `json:"summary"`
	AdjustedP    Number        `json:"adjusted_p_value"` // of the coverage, by Holm over scenarios
	Rows         []Row         `json:"rows"`
	NotObserved  []Absence     `json:"not_observed,omitempty"`
	Notes        []string      `json:"notes,omitempty"`    // what had a value far more often on one side
	Warnings     []string      `json:"warnings,omitempty"` // of the measurement and of the prediction
	Picture      *Picture      `json:"picture,omitempty"`  // what a report draws; nil in files of versions that did not keep it
}

// An Absence is a metric that only one side observed, or none.
type Absence struct {
	Metric string `json:"metric"`
	Side   string `json:"side"` // that did not observe it: "predicted", "measured" or "both"
}

// A Row is one value a repetition, predicted and measured.
type Row struct {
	Metric   string  `json:"metric"` // with labels
	Column   string  `json:"column"` // "value", or "p50", "p99", "max", "mean" of a distribution; "share" of repetitions
	Unit     string  `json:"unit"`
	Kind     string  `json:"kind"`
	Verdict  Verdict `json:"verdict"`
	Counted  bool    `json:"counted"`
	Reason   string  `json:"reason,omitempty"` // why it does not count
	Observed int     `json:"observed"`         // replications that had a value

	Median    Number     `json:"predicted_median"`
	Low       Number     `json:"low"` // of the prediction interval
	High      Number     `json:"high"`
	Promised  Number     `json:"promised"` // coverage that the interval can promise
	Quantiles []Quantile `json:"predicted_quantiles"`

	Measured       []Number `json:"measured"` // a repetition each, null where it had nothing
	MeasuredMedian Number   `json:"measured_median"`
	Values         int      `json:"values"` // measured
	Covered        int      `json:"covered"`

	RelativeError Number `json:"relative_error"`
	Score         Number `json:"score"`       // mean interval score, in the metric's unit
	Reference     Number `json:"reference"`   // the reference's
	WidthRatio    Number `json:"width_ratio"` // width over measured spread; null where nothing was spread
	P             Number `json:"p_value"`     // of the ranks of the measured values
	AdjustedP     Number `json:"adjusted_p_value"`
	Words         string `json:"words,omitempty"` // what missed
}

// A Quantile is the value that the share P of the predicted samples does not exceed.
type Quantile struct {
	P     float64 `json:"p"`
	Value Number  `json:"value"`
}

// A Calibration is where the hardware profile comes from.
type Calibration struct {
	Profile    string   `json:"profile"`              // its name
	Source     string   `json:"source"`               // "measured here", a file, ...
	Draws      int      `json:"draws"`                // of the profile, for its error
	Provenance []string `json:"provenance,omitempty"` // what it was fitted from, in lines
}

// An Environment is what the measurement ran on.
type Environment struct {
	Kafka []string `json:"kafka,omitempty"` // releases
	Image string   `json:"image,omitempty"` // of the containers, where one was named
}

// Exit codes of a verification (design section 8).
const (
	exitDone         = 0
	exitInconclusive = 98
	exitFailed       = 99
)

// ExitCode is the exit code that the verdict calls for.
func (v *Verification) ExitCode() int {
	switch v.Verdict {
	case Pass:
		return exitDone
	case Fail:
		return exitFailed
	case NoData, Inconclusive:
	}
	return exitInconclusive
}

// WriteJSON writes the verification; equal ones give equal bytes.
func (v *Verification) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("writing the verification: %w", err)
	}
	return nil
}

// Read reads what WriteJSON wrote. Members that it does not know are skipped.
func Read(r io.Reader) (*Verification, error) {
	decoder := json.NewDecoder(r)
	var v Verification
	if err := decoder.Decode(&v); err != nil {
		return nil, fmt.Errorf("this is not a verification: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("this is not a verification: something follows after its end")
	}
	if v.Verdict == "" || v.Method.Confidence == 0 {
		return nil, errors.New("this is not a verification: verdict or method is missing")
	}
	return &v, nil
}
