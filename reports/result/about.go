package result

import (
	"time"

	"kafkasim/scenarios"
)

// About is what a report says of the scenario beside the numbers: it is in the
// JSON, so that the same report can be drawn from it later.
type About struct {
	Description string
	Text        string   // the scenario as its author wrote it
	Overrides   []string // PATH=VALUE, of values in Text
	Duration    time.Duration
	Warmup      time.Duration // left out of latency, lag and stall
	Faults      []Fault       // in the scenario's order
}

// A Fault is one that the scenario brings at a known time, for the marks on time
// lines. What comes at random is in the Text alone.
type Fault struct {
	At    time.Duration
	Until time.Duration // NotHealed: the scenario says no end
	Words string        // what it does, and to whom: "broker crash: leader of events-0"
}

// NotHealed is the end of a fault that lasts, or whose end depends on the run.
const NotHealed time.Duration = -1

// AboutSpec is what a report says of a scenario.
func AboutSpec(spec *scenarios.Spec) About {
	a := About{Description: spec.Description, Text: spec.Text, Duration: spec.Duration, Warmup: spec.Warmup}
	for _, o := range spec.Overrides {
		a.Overrides = append(a.Overrides, o.Path+"="+o.Value)
	}
	for i := range spec.Faults {
		f := &spec.Faults[i]
		if f.Process != nil {
			continue
		}
		until := NotHealed
		if f.Duration != scenarios.Forever && f.Kind != scenarios.RollingRestart {
			until = f.At + f.Duration
		}
		a.Faults = append(a.Faults, Fault{At: f.At, Until: until, Words: spec.FaultWords(f)})
	}
	return a
}
