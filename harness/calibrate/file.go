package calibrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"kafkasim/scenarios"
)

// calibration is what a profile's file holds beside the figures: JSON in a block
// of text, of which the scenario language reads nothing.
type calibration struct {
	Parameters []Parameter `json:"parameters"`
	Covariance [][]float64 `json:"covariance"` // of the logarithms of the parameters
	Points     []Point     `json:"points"`
	Provenance Provenance  `json:"provenance"`
	Warnings   []string    `json:"warnings"`
}

// Write writes the profile as a file that scenarios.ParseHardware and Read read:
// the figures as the language has them, each found one with its error, and the
// calibration below.
func (p *Profile) Write(w io.Writer) error {
	var out bytes.Buffer
	comment := func(format string, args ...any) {
		out.WriteString(strings.TrimRight("# "+fmt.Sprintf(format, args...), " ") + "\n")
	}
	from := &p.Provenance
	comment("A machine as kafkasim %s calibrated it on %s, from healthy runs only.", from.Program, from.Date)
	comment("%s", from.Machine)
	if kafka := from.brokers(); kafka != "" {
		comment("%s", kafka)
	}
	comment("What was not found is as in %s. Factors are 95 %% intervals to both sides.", p.Provenance.Base)
	for _, warning := range p.Warnings {
		comment("Warning: %s.", strings.TrimSuffix(warning, "."))
	}
	if err := scenarios.WriteHardware(&out, &p.Hardware, p.notes()); err != nil {
		return err
	}
	text, err := p.calibration()
	if err != nil {
		return fmt.Errorf("write the calibration: %w", err)
	}
	out.WriteString("calibration: |\n")
	for line := range strings.Lines(text) {
		out.WriteString("  " + line)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// calibration is what is below the figures: JSON with an entry of each list a line.
func (p *Profile) calibration() (string, error) {
	var out strings.Builder
	var failed error
	field := func(before, name string, entries ...any) {
		fmt.Fprintf(&out, "%s%q: [\n", before, name)
		for i, entry := range entries {
			text, err := json.Marshal(entry)
			failed = errors.Join(failed, err)
			out.WriteString(" " + string(text))
			if i < len(entries)-1 {
				out.WriteByte(',')
			}
			out.WriteByte('\n')
		}
		out.WriteByte(']')
	}
	field("{", "parameters", entries(p.Parameters)...)
	field(",\n", "covariance", entries(p.Covariance)...)
	field(",\n", "points", entries(p.Points)...)
	field(",\n", "warnings", entries(p.Warnings)...)
	provenance, err := json.Marshal(p.Provenance)
	out.WriteString(",\n\"provenance\": " + string(provenance) + "}\n")
	return out.String(), errors.Join(failed, err)
}

func entries[T any](list []T) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = list[i]
	}
	return all
}

// notes say beside each figure where it comes from.
func (p *Profile) notes() map[string]string {
	notes := map[string]string{"cores": "of the machine"}
	for i := range p.Parameters {
		q := &p.Parameters[i]
		note := fmt.Sprintf("%s, within a factor of %.2f", q.Source, q.Factor())
		if q.Source == ReadOff {
			note = fmt.Sprintf("read %d times, within a factor of %.2f", q.Readings, q.Factor())
		}
		if !q.Identified {
			note += ", not identified"
		}
		for _, key := range keysOf(q.Name) {
			notes[key] = note
		}
	}
	return notes
}

// keysOf are the keys of the language that a parameter has a part in. A spread
// stands at the 99th percentile.
func keysOf(parameter string) []string {
	law, isSpread := strings.CutSuffix(parameter, "_spread")
	keys := []string{law}
	if law == "rtt" {
		keys = []string{"rtt_same_rack", "rtt_cross_rack"}
	}
	if isSpread {
		for i := range keys {
			keys[i] += "_p99"
		}
	}
	return keys
}

// Read reads a profile's file. One without a calibration, such as those that come
// with the program, is a profile that is taken to be certain. The error names the
// first problem and their number.
func Read(name string, source []byte) (*Profile, error) {
	h, text, problems := scenarios.ParseHardware(name, source)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%w%s", problems[0], more(len(problems)-1))
	}
	p := &Profile{Hardware: *h}
	if text == "" {
		return p, nil
	}
	var c calibration
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("%s: the calibration is not as kafkasim writes it: %w; calibrate again, or remove it", name, err)
	}
	if err := c.check(h); err != nil {
		return nil, fmt.Errorf("%s: the calibration: %w; calibrate again, or remove it", name, err)
	}
	p.Parameters, p.Covariance, p.Points, p.Provenance, p.Warnings = c.Parameters, c.Covariance, c.Points, c.Provenance, c.Warnings
	return p, nil
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// check finds what Draws could not work with, and figures that were changed by
// hand since: the draws would be of another machine.
func (c *calibration) check(h *scenarios.Hardware) error {
	if len(c.Covariance) != len(c.Parameters) {
		return fmt.Errorf("%d parameters have %d rows of covariance", len(c.Parameters), len(c.Covariance))
	}
	for i := range c.Parameters {
		q := &c.Parameters[i]
		known, found := coordinateNamed(q.Name)
		switch {
		case !found:
			return fmt.Errorf("there is no parameter %s", q.Name)
		case len(c.Covariance[i]) != len(c.Parameters):
			return fmt.Errorf("%s has %d entries of covariance for %d parameters", q.Name, len(c.Covariance[i]), len(c.Parameters))
		case !(q.After > 0) || math.IsInf(q.After, 0) || !(q.Deviation >= 0):
			return fmt.Errorf("%s is %g with a deviation of %g", q.Name, q.After, q.Deviation)
		}
		if x := known.get(h); math.Abs(x-math.Log(q.After)) > sameAs {
			return fmt.Errorf("%s is %s in the figures and %s where they were found", q.Name, quantity(q.Name, math.Exp(x)), quantity(q.Name, q.After))
		}
	}
	return nil
}

// sameAs is how far apart two logarithms of one figure may be that went through a
// file: times are written to the nanosecond, of a microsecond at least.
const sameAs = 2e-3

// quantity is a parameter's value for a person.
func quantity(parameter string, value float64) string {
	if strings.HasSuffix(parameter, "_spread") || parameter == "cpu_idle" {
		return fmt.Sprintf("%.3g", value)
	}
	return spanText(value)
}

// spanText writes ns with three digits.
func spanText(ns float64) string {
	const rounded = 0.9995 // what is so near to a unit is written as one
	switch {
	case ns >= rounded*float64(time.Second):
		return fmt.Sprintf("%.3g s", ns/1e9)
	case ns >= rounded*float64(time.Millisecond):
		return fmt.Sprintf("%.3g ms", ns/1e6)
	}
	return fmt.Sprintf("%.3g µs", ns/1e3)
}
