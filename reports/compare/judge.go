package compare

import (
	"slices"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// A judgement is all scenarios together.
type judgement struct {
	scenarios []*scenario
	pooled    null
	metrics   map[string]null
}

func every(*row) bool { return true }

// verification judges everything.
func (j *judgement) verification(resamples int) *Verification {
	v := &Verification{
		Method:  Levels(),
		Metrics: []MetricSummary{}, Scenarios: []Scenario{},
	}
	v.Method.Resamples = resamples
	for _, s := range j.scenarios {
		if !s.enough() {
			continue
		}
		j.pooled.add(s.law)
		for _, known := range scenarios.Metrics() {
			if law := s.byMetric[known.Name]; law != nil {
				if j.metrics[known.Name] == nil {
					j.metrics[known.Name] = make(null, resamples)
				}
				j.metrics[known.Name].add(law)
			}
		}
	}
	j.judgeRows()
	v.Pooled = summarize(counted(j.scenarios, every), j.pooled, pooledLevel)
	v.Pooled.Undisturbed = undisturbed(j.scenarios)
	v.Goals = goals(&v.Pooled)
	for _, known := range scenarios.Metrics() {
		if law := j.metrics[known.Name]; law != nil {
			rows := counted(j.scenarios, func(r *row) bool { return r.base == known.Name })
			v.Metrics = append(v.Metrics, MetricSummary{known.Name, summarize(rows, law, pooledLevel)})
		}
	}
	v.Scenarios = j.judgeScenarios()
	v.judge()
	return v
}

// Levels are the levels of the tests and the least that they need.
func Levels() Method {
	return Method{
		Confidence: confidence, PooledLevel: pooledLevel, ScenarioLevel: scenarioLevel, RowLevel: rowLevel,
		Resamples: resamples, LeastRepetitions: leastRepetitions, LeastSamples: leastSamples,
	}
}

// judgeRows gives every row its verdict. The family of hypotheses is every row
// that a user relies on and that says something of its own.
func (j *judgement) judgeRows() {
	var family []*row
	for _, s := range j.scenarios {
		for _, r := range s.rows {
			r.AdjustedP = nan()
			if s.enough() && r.tested() {
				family = append(family, r)
			}
		}
	}
	ps := make([]float64, len(family))
	for i, r := range family {
		ps[i] = float64(r.P)
	}
	for i, adjusted := range stats.Holm(ps) {
		r := family[i]
		r.AdjustedP = Number(adjusted)
		switch {
		case adjusted <= rowLevel:
			r.Verdict = Fail
		case r.Covered < r.Values:
			r.Verdict = Inconclusive
		default:
			r.Verdict = Pass
		}
		if r.Covered < r.Values || r.Verdict == Fail {
			r.Words = r.words()
		}
	}
}

// tested reports whether a row is one of the hypotheses: it counts, or would
// have if its repetitions had differed from what is certain.
func (r *row) tested() bool {
	return (r.Counted || r.Reason == "certain") && r.Values >= leastRepetitions
}

// judgeScenarios gives every scenario its verdict.
func (j *judgement) judgeScenarios() []Scenario {
	out := make([]Scenario, 0, len(j.scenarios))
	var ps []float64
	var judged []int
	for i, s := range j.scenarios {
		out = append(out, s.result())
		if s.enough() {
			ps = append(ps, float64(out[i].Summary.P))
			judged = append(judged, i)
		}
	}
	for i, adjusted := range stats.Holm(ps) {
		o := &out[judged[i]]
		o.AdjustedP = Number(adjusted)
		o.Verdict = Pass
		if adjusted <= scenarioLevel || slices.ContainsFunc(o.Rows, func(r Row) bool { return r.Verdict == Fail }) {
			o.Verdict = Fail
		}
	}
	for i := range out {
		out[i].Words = out[i].words()
	}
	return out
}

// result is the scenario without its verdict.
func (s *scenario) result() Scenario {
	measured, predicted := s.in.Measured, s.in.Predicted
	o := Scenario{
		Name: measured.Scenario, SpecSHA256: measured.SpecSHA256, Verdict: NoData, AdjustedP: nan(),
		Plane: predicted[0].Plane, Replications: s.in.replications(), Draws: len(predicted), Repetitions: measured.Replications,
		Partial:   measured.Partial || slices.ContainsFunc(predicted, func(p *result.Set) bool { return p.Partial }),
		Disturbed: s.in.Disturbed, NotObserved: s.absent, Notes: presence(s.in), Rows: []Row{}, Picture: picture(s.in),
	}
	for _, r := range s.rows {
		o.Rows = append(o.Rows, r.Row)
	}
	alone := []*scenario{s}
	o.Summary = summarize(counted(alone, every), s.law, pooledLevel)
	o.Summary.Undisturbed = undisturbed(alone)
	for _, set := range append([]*result.Set{measured}, predicted...) {
		for _, w := range set.Warnings {
			if len(predicted) > 1 && set != measured {
				w = result.PlainWarning(w) // a draw's few replications say nothing of how often
			}
			w = string(set.Origin) + ": " + w
			if !slices.Contains(o.Warnings, w) {
				o.Warnings = append(o.Warnings, w)
			}
		}
	}
	return o
}

// judge gives the whole its verdict. What a scenario without data would have
// said is not known, but does not take back what fails.
func (v *Verification) judge() {
	fails := func(s Scenario) bool { return s.Verdict == Fail && v.Judged != JudgedPooled }
	lacks := func(s Scenario) bool { return s.Verdict == NoData }
	switch {
	case slices.ContainsFunc(v.Scenarios, fails), v.Pooled.P.known() && v.Pooled.P <= pooledLevel:
		v.Verdict = Fail
	case len(v.Scenarios) == 0, slices.ContainsFunc(v.Scenarios, lacks):
		v.Verdict = NoData
	default:
		v.Verdict = Pass
	}
	v.Words = v.words()
}

// JudgePooled judges again by everything together alone: a scenario or a row that
// misses is told and fails nothing. It is the verdict of a gate, which has to hold for
// a model that is right on the whole, and to fail for one that is not.
func (v *Verification) JudgePooled() {
	v.Judged = JudgedPooled
	v.judge()
}

// goals holds the pooled figures against the accuracy study's numbers to reach.
func goals(s *Summary) []Goal {
	return []Goal{
		{"p-value of the coverage being 95 % at least", goalLevel, s.P, s.P > goalLevel},
		{"median relative error of the medians at most", goalError, s.RelativeError, s.RelativeError <= goalError},
		{"median width of the intervals over the measured spread at most", goalWidth, s.WidthRatio, s.WidthRatio <= goalWidth},
	}
}
