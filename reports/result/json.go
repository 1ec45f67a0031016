package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// WriteJSON writes the set as its JSON contract: equal sets give equal bytes.
// Numbers are the shortest that read back as the same value; what is not a
// number is null. The only errors are those of w.
func (s *Set) WriteJSON(w io.Writer) error {
	j := jsonWriter{}
	j.set(s)
	if _, err := w.Write(append(j.out, '\n')); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// A jsonWriter lays JSON out for people and for diff: an object has one member
// a line, a list of numbers is one line.
type jsonWriter struct {
	out   []byte
	depth int
	empty bool // nothing stands yet in the innermost object
}

// key begins the next member of the innermost object or, without a name, the
// next element of the innermost list.
func (j *jsonWriter) key(name string) {
	if !j.empty {
		j.out = append(j.out, ',')
	}
	j.empty = false
	j.newline()
	if name != "" {
		j.string(name)
		j.out = append(j.out, ": "...)
	}
}

func (j *jsonWriter) newline() {
	j.out = append(j.out, '\n')
	for range j.depth {
		j.out = append(j.out, ' ', ' ')
	}
}

// block writes what members writes between open and close, one member a line.
func (j *jsonWriter) block(open, shut byte, members func()) {
	j.out = append(j.out, open)
	j.depth++
	j.empty = true
	members()
	j.depth--
	if !j.empty {
		j.newline()
	}
	j.empty = false
	j.out = append(j.out, shut)
}

func (j *jsonWriter) object(members func()) { j.block('{', '}', members) }
func (j *jsonWriter) list(members func())   { j.block('[', ']', members) }

// string writes text as JSON. Marshalling a string cannot go wrong: invalid
// UTF-8 becomes U+FFFD.
func (j *jsonWriter) string(text string) {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false) // "<" is an operator here
	if err := encoder.Encode(text); err != nil {
		panic(fmt.Sprintf("result: quoting %q: %v", text, err))
	}
	j.out = append(j.out, bytes.TrimSuffix(quoted.Bytes(), []byte{'\n'})...)
}

// number writes the shortest decimal that reads back as v, without an exponent
// from 1e-6 up to 1e21 as JavaScript does; null when v is not finite.
func (j *jsonWriter) number(v float64) {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		j.out = append(j.out, "null"...)
	case a == 0: // also -0
		j.out = append(j.out, '0')
	case a < 1e-6 || a >= 1e21:
		j.out = strconv.AppendFloat(j.out, v, 'e', -1, 64)
	default:
		j.out = strconv.AppendFloat(j.out, v, 'f', -1, 64)
	}
}

func (j *jsonWriter) numbers(values []float64) {
	j.out = append(j.out, '[')
	for i, v := range values {
		if i > 0 {
			j.out = append(j.out, ", "...)
		}
		j.number(v)
	}
	j.out = append(j.out, ']')
}

// quantiles writes an object on one line.
func (j *jsonWriter) quantiles(quantiles []Quantile) {
	j.out = append(j.out, '{')
	for i, q := range quantiles {
		if i > 0 {
			j.out = append(j.out, ", "...)
		}
		j.string(strconv.FormatFloat(q.P, 'f', -1, 64))
		j.out = append(j.out, ": "...)
		j.number(q.Value)
	}
	j.out = append(j.out, '}')
}

func (j *jsonWriter) stringMember(name, text string)          { j.key(name); j.string(text) }
func (j *jsonWriter) numberMember(name string, v float64)     { j.key(name); j.number(v) }
func (j *jsonWriter) numbersMember(name string, vs []float64) { j.key(name); j.numbers(vs) }
func (j *jsonWriter) flagMember(name string)                  { j.key(name); j.out = append(j.out, "true"...) }

func (j *jsonWriter) uintMember(name string, v uint64) {
	j.key(name)
	j.out = strconv.AppendUint(j.out, v, 10)
}

func (j *jsonWriter) intervalMember(i Interval) {
	j.numbersMember("ci95", []float64{i.Low, i.High})
}

func (j *jsonWriter) strings(name string, values []string) {
	j.key(name)
	j.list(func() {
		for _, v := range values {
			j.key("")
			j.string(v)
		}
	})
}

func (j *jsonWriter) set(s *Set) {
	j.object(func() {
		j.stringMember("version", s.Version)
		j.stringMember("origin", string(s.Origin))
		j.stringMember("plane", s.Plane)
		j.stringMember("scenario", s.Scenario)
		j.about(&s.About)
		j.stringMember("spec_sha256", s.SpecSHA256)
		j.uintMember("seed", s.Seed)
		j.uintMember("replications", uint64(s.Replications))
		if s.Partial {
			j.flagMember("partial")
		}
		j.key("metrics")
		j.object(func() {
			for i := range s.Metrics {
				j.key(s.Metrics[i].Name)
				j.metric(&s.Metrics[i])
			}
		})
		j.key("objectives")
		j.list(func() {
			for i := range s.Objectives {
				j.key("")
				j.objective(&s.Objectives[i])
			}
		})
		j.key("ledger")
		j.object(func() {
			for _, e := range s.Ledger {
				j.key(e.Name)
				j.object(func() {
					j.numberMember("mean", e.Mean)
					j.numberMember("total", e.Total)
				})
			}
		})
		j.key("series")
		j.series(s)
		fingerprints := make([]string, len(s.Fingerprints))
		for i, f := range s.Fingerprints {
			fingerprints[i] = fmt.Sprintf("%016x", f)
		}
		j.strings("fingerprints", fingerprints)
		j.strings("warnings", s.Warnings)
	})
}

// about writes what a report says of the scenario; nothing where nothing is known.
func (j *jsonWriter) about(a *About) {
	if a.Duration == 0 {
		return
	}
	j.key("about")
	j.object(func() {
		j.stringMember("description", a.Description)
		j.numberMember("duration", a.Duration.Seconds())
		j.numberMember("warmup", a.Warmup.Seconds())
		j.key("faults")
		j.list(func() {
			for i := range a.Faults {
				j.key("")
				j.fault(&a.Faults[i])
			}
		})
		j.strings("overrides", a.Overrides)
		j.stringMember("text", a.Text)
	})
}

func (j *jsonWriter) fault(f *Fault) {
	until := math.NaN()
	if f.Until != NotHealed {
		until = f.Until.Seconds()
	}
	j.object(func() {
		j.numberMember("at", f.At.Seconds())
		j.numberMember("until", until)
		j.stringMember("words", f.Words)
	})
}

func (j *jsonWriter) objective(o *ObjectiveResult) {
	j.object(func() {
		j.stringMember("expression", o.Expression)
		j.stringMember("metric", o.Metric)
		j.numberMember("limit", o.Limit)
		j.stringMember("verdict", o.Verdict.String())
		j.numberMember("observed", o.Observed)
		j.intervalMember(o.CI95)
		j.stringMember("unit", o.Unit)
		j.stringMember("words", o.Words)
	})
}

func (j *jsonWriter) metric(m *Metric) {
	j.object(func() {
		j.stringMember("unit", m.Unit)
		j.stringMember("kind", m.Kind.String())
		j.numberMember("mean", m.Mean)
		j.intervalMember(m.CI95)
		if m.Bound {
			j.flagMember("bound")
		}
		j.key("quantiles")
		j.quantiles(m.Quantiles)
		if m.Histogram != nil {
			j.key("histogram")
			j.object(func() {
				j.numbersMember("edges", m.Histogram.Edges)
				j.numbersMember("shares", m.Histogram.Shares)
			})
		}
		j.key("samples")
		j.object(func() {
			for _, c := range m.Samples {
				j.numbersMember(c.Name, c.Values)
			}
		})
	})
}

func (j *jsonWriter) series(s *Set) {
	j.object(func() {
		if s.Grid.Count == 0 {
			return
		}
		j.key("grid")
		j.object(func() {
			j.numberMember("start", s.Grid.Start.Seconds())
			j.numberMember("step", s.Grid.Step.Seconds())
			j.uintMember("count", uint64(s.Grid.Count))
		})
		for i := range s.Series {
			j.key(s.Series[i].Name)
			j.object(func() {
				j.numbersMember("mean", s.Series[i].Mean)
				j.numbersMember("min", s.Series[i].Min)
				j.numbersMember("max", s.Series[i].Max)
			})
		}
	})
}
