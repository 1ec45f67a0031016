package compare

import (
	"errors"
	"fmt"

	"kafkasim/reports/result"
)

// An Input is one scenario, predicted and measured.
type Input struct {
	// Predicted are the simulated Sets, one for each draw of the hardware
	// profile; a single one where the profile is taken as exact. All samples are
	// pooled.
	Predicted []*result.Set
	// Measured is a Set with one sample a repetition.
	Measured *result.Set
	// Disturbed are repetitions that the machine spoilt. They count like the
	// others; the verification names them, and says what the coverage is without.
	Disturbed []Disturbance
}

// A Disturbance is a repetition that something other than the scenario moved.
type Disturbance struct {
	Repetition int    `json:"repetition"` // from 1
	Reason     string `json:"reason"`
}

// check returns an error if the Sets are not of one scenario.
func (in *Input) check() error {
	if len(in.Predicted) == 0 || in.Measured == nil {
		return errors.New("a prediction or a measurement is missing")
	}
	for _, p := range in.Predicted {
		if p.Scenario != in.Measured.Scenario || p.SpecSHA256 != in.Measured.SpecSHA256 {
			return fmt.Errorf("the prediction is of %s (spec %.12s) and the measurement of %s (spec %.12s): they cannot be compared",
				p.Scenario, p.SpecSHA256, in.Measured.Scenario, in.Measured.SpecSHA256)
		}
	}
	return nil
}

// replications is how many the prediction has.
func (in *Input) replications() int {
	n := 0
	for _, p := range in.Predicted {
		n += p.Replications
	}
	return n
}
