package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Read reads a Set that WriteJSON wrote; writing it again gives the same bytes.
// Members that it does not know are skipped, so that files of later versions can
// be read. All that is wrong with the file is in the error.
func Read(r io.Reader) (*Set, error) {
	decoder := json.NewDecoder(r)
	var f fileSet
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("this is not a result file: %w", plain(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("this is not a result file: something follows after its end")
	}
	p := problems{}
	s := f.set(&p)
	if err := errors.Join(p...); err != nil {
		return nil, fmt.Errorf("the result file is damaged: %w", err)
	}
	return s, nil
}

// plain says in words what the decoder means by its commonest errors.
func plain(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	}
	return err
}

// A number is a JSON number, or NaN for null.
type number float64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("%s is not a number", text)
	}
	*n = number(v)
	return nil
}

// The forms of the file's objects.
type (
	fileSet struct {
		Version      *string                    `json:"version"`
		Origin       Origin                     `json:"origin"`
		Plane        string                     `json:"plane"`
		Scenario     string                     `json:"scenario"`
		SpecSHA256   string                     `json:"spec_sha256"`
		About        *fileAbout                 `json:"about"`
		Seed         uint64                     `json:"seed"`
		Replications int                        `json:"replications"`
		Partial      bool                       `json:"partial"`
		Metrics      map[string]fileMetric      `json:"metrics"`
		Objectives   []fileObjective            `json:"objectives"`
		Ledger       map[string]fileEntry       `json:"ledger"`
		Series       map[string]json.RawMessage `json:"series"`
		Fingerprints []string                   `json:"fingerprints"`
		Warnings     []string                   `json:"warnings"`
	}
	fileMetric struct {
		Unit      string              `json:"unit"`
		Kind      string              `json:"kind"`
		Mean      number              `json:"mean"`
		CI95      []number            `json:"ci95"`
		Bound     bool                `json:"bound"`
		Quantiles map[string]number   `json:"quantiles"`
		Histogram *fileHistogram      `json:"histogram"`
		Samples   map[string][]number `json:"samples"`
	}
	fileHistogram struct {
		Edges  []number `json:"edges"`
		Shares []number `json:"shares"`
	}
	fileAbout struct {
		Description string      `json:"description"`
		Duration    number      `json:"duration"`
		Warmup      number      `json:"warmup"`
		Faults      []fileFault `json:"faults"`
		Overrides   []string    `json:"overrides"`
		Text        string      `json:"text"`
	}
	fileFault struct {
		At    number `json:"at"`
		Until number `json:"until"`
		Words string `json:"words"`
	}
	fileObjective struct {
		Expression string   `json:"expression"`
		Metric     string   `json:"metric"`
		Limit      *number  `json:"limit"`
		Verdict    string   `json:"verdict"`
		Observed   number   `json:"observed"`
		CI95       []number `json:"ci95"`
		Unit       string   `json:"unit"`
		Words      string   `json:"words"`
	}
	fileEntry struct {
		Mean  number `json:"mean"`
		Total number `json:"total"`
	}
	fileGrid struct {
		Start number `json:"start"`
		Step  number `json:"step"`
		Count int    `json:"count"`
	}
	fileSeries struct {
		Mean []number `json:"mean"`
		Min  []number `json:"min"`
		Max  []number `json:"max"`
	}
)

// problems collects what is wrong with a file.
type problems []error

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

func (f *fileSet) set(p *problems) *Set {
	s := &Set{
		Header: Header{
			Origin: f.Origin, Plane: f.Plane, Scenario: f.Scenario, SpecSHA256: f.SpecSHA256, Seed: f.Seed,
		},
		Replications: f.Replications,
		Partial:      f.Partial,
		Warnings:     f.Warnings,
	}
	if f.Version == nil || f.Metrics == nil {
		p.addf("version or metrics is missing: is it a result of kafkasim?")
		return nil
	}
	s.Version = *f.Version
	if f.Origin != Simulated && f.Origin != Measured {
		p.addf("origin is %q, not simulated or measured", f.Origin)
	}
	if f.Replications < 0 {
		p.addf("replications is %d", f.Replications)
	}
	s.About = f.About.about(p)
	for _, name := range sortedKeys(f.Metrics) {
		s.Metrics = append(s.Metrics, f.metric(name, p))
	}
	for _, o := range f.Objectives {
		s.Objectives = append(s.Objectives, o.objective(p))
	}
	f.ledger(s, p)
	f.series(s, p)
	f.fingerprints(s, p)
	return s
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func (f *fileSet) metric(name string, p *problems) Metric {
	in := f.Metrics[name]
	where := "metrics: " + name
	m := Metric{
		Name: name, Unit: in.Unit, Mean: float64(in.Mean), Bound: in.Bound,
		CI95: interval(in.CI95, where, p),
	}
	for _, k := range []Kind{Count, Gauge, Ratio, Distribution} {
		if k.String() == in.Kind {
			m.Kind = k
		}
	}
	if m.Kind == 0 {
		p.addf("%s: the kind is %q, not count, gauge, ratio or distribution", where, in.Kind)
		return m
	}
	for _, key := range sortedKeys(in.Quantiles) {
		q, err := strconv.ParseFloat(key, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			p.addf("%s: the quantile %q is not a number from 0 to 1", where, key)
			continue
		}
		m.Quantiles = append(m.Quantiles, Quantile{P: q, Value: float64(in.Quantiles[key])})
	}
	slices.SortFunc(m.Quantiles, func(a, b Quantile) int {
		switch {
		case a.P < b.P:
			return -1
		case a.P > b.P:
			return 1
		}
		return 0
	})
	m.Histogram = in.Histogram.histogram(where, p)
	for _, column := range sampleNames(m.Kind) {
		values, found := in.Samples[column]
		if !found || len(values) != f.Replications {
			p.addf("%s: samples.%s has %d values for %d replications", where, column, len(values), f.Replications)
		}
		m.Samples = append(m.Samples, Column{column, floats(values)})
	}
	return m
}

// sampleNames are the columns of a kind of metric.
func sampleNames(k Kind) []string {
	if k == Distribution {
		return []string{"p50", "p99", "max", "mean"}
	}
	return []string{"value"}
}

func floats(values []number) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

func interval(ends []number, where string, p *problems) Interval {
	if len(ends) != 2 {
		p.addf("%s: ci95 has %d ends, not 2", where, len(ends))
		return NoInterval()
	}
	i := Interval{float64(ends[0]), float64(ends[1])}
	if i.Low > i.High {
		p.addf("%s: ci95 ends below where it begins: %v, %v", where, i.Low, i.High)
	}
	return i
}

func (o *fileObjective) objective(p *problems) ObjectiveResult {
	where := fmt.Sprintf("objectives: %q", o.Expression)
	v, found := parseVerdict(o.Verdict)
	if !found {
		p.addf("%s: the verdict is %q", where, o.Verdict)
	}
	limit := math.NaN()
	if o.Limit != nil {
		limit = float64(*o.Limit)
	}
	return ObjectiveResult{
		Expression: o.Expression, Metric: o.Metric, Limit: limit, Verdict: v, Observed: float64(o.Observed),
		CI95: interval(o.CI95, where, p), Unit: o.Unit, Words: o.Words,
	}
}

func (f *fileSet) ledger(s *Set, p *problems) {
	names := LedgerNames()
	for _, name := range names {
		if e, found := f.Ledger[name]; found {
			s.Ledger = append(s.Ledger, LedgerEntry{Name: name, Mean: float64(e.Mean), Total: float64(e.Total)})
		}
	}
	for _, name := range sortedKeys(f.Ledger) {
		if !slices.Contains(names, name) {
			p.addf("ledger: %s is not one of its counts", name)
		}
	}
}

func (f *fileSet) series(s *Set, p *problems) {
	if len(f.Series) == 0 {
		return
	}
	var g fileGrid
	if err := json.Unmarshal(f.Series["grid"], &g); err != nil || g.Count < 0 || !(g.Step > 0) || !(g.Start >= 0) {
		p.addf("series: the grid is missing or wrong")
		return
	}
	s.Grid = Grid{Start: duration(g.Start), Step: duration(g.Step), Count: g.Count}
	for _, name := range sortedKeys(f.Series) {
		if name == "grid" {
			continue
		}
		var in fileSeries
		if err := json.Unmarshal(f.Series[name], &in); err != nil {
			p.addf("series: %s: %w", name, err)
			continue
		}
		out := SeriesSummary{Name: name, Mean: floats(in.Mean), Min: floats(in.Min), Max: floats(in.Max)}
		if len(out.Mean) != g.Count || len(out.Min) != g.Count || len(out.Max) != g.Count {
			p.addf("series: %s has %d, %d and %d values on a grid of %d", name, len(out.Mean), len(out.Min), len(out.Max), g.Count)
		}
		s.Series = append(s.Series, out)
	}
}

// duration turns seconds into a duration, to the nearest nanosecond.
func duration(seconds number) time.Duration {
	return time.Duration(math.Round(float64(seconds) * float64(time.Second)))
}

func (f *fileSet) fingerprints(s *Set, p *problems) {
	for _, text := range f.Fingerprints {
		v, err := strconv.ParseUint(text, 16, 64)
		if err != nil {
			p.addf("fingerprints: %q is not a number of 16 hexadecimal digits", text)
		}
		s.Fingerprints = append(s.Fingerprints, v)
	}
	if n := len(s.Fingerprints); n != 0 && n != f.Replications {
		p.addf("fingerprints has %d values for %d replications", n, f.Replications)
	}
}
