package compare

import (
	"fmt"
	"math"
	"slices"

	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// resamples is how often the law of misses is drawn: P of 1 % is then known to
// 0.14 %.
const resamples = 5000

// Compare holds every input's prediction against its measurement, and all of
// them together. Equal inputs give equal results. It returns an error if the
// Sets of an input are not of one scenario, or if a scenario comes twice.
func Compare(inputs []Input) (*Verification, error) {
	return compareWith(inputs, resamples)
}

func compareWith(inputs []Input, resamples int) (*Verification, error) {
	var all []*scenario
	for i := range inputs {
		in := &inputs[i]
		if err := in.check(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(s *scenario) bool { return s.in.Measured.Scenario == in.Measured.Scenario }) {
			return nil, fmt.Errorf("the scenario %s is here twice", in.Measured.Scenario)
		}
		all = append(all, newScenario(in, resamples))
	}
	j := judgement{scenarios: all, pooled: make(null, resamples), metrics: map[string]null{}}
	return j.verification(resamples), nil
}

// A scenario is one input while it is being compared.
type scenario struct {
	in       *Input
	rows     []*row
	absent   []Absence
	law      null
	byMetric map[string]null
}

func newScenario(in *Input, resamples int) *scenario {
	s := &scenario{in: in}
	s.rows, s.absent = gather(in)
	seed := in.Predicted[0].Seed
	var counted []*row
	for _, r := range s.rows {
		r.rank(seed, in.Measured.Scenario)
		r.predict()
		r.score()
		r.test()
		known, _ := scenarios.MetricByName(r.base)
		r.place(counted, known)
		if r.Counted {
			counted = append(counted, r)
		}
	}
	s.rows = append(s.rows, s.lossRows()...)
	s.law, s.byMetric = s.nulls(resamples, seed)
	return s
}

// enough reports whether there are repetitions and replications to judge by.
func (s *scenario) enough() bool {
	return s.in.Measured.Replications >= leastRepetitions &&
		slices.ContainsFunc(s.rows, func(r *row) bool { return r.Counted })
}

// counted are the rows that count, of those scenarios that can be judged.
func counted(all []*scenario, which func(*row) bool) []*row {
	var rows []*row
	for _, s := range all {
		if !s.enough() {
			continue
		}
		for _, r := range s.rows {
			if r.Counted && which(r) {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// summarize sums rows up against the law of their misses.
func summarize(rows []*row, law null, level float64) Summary {
	s := Summary{Rows: len(rows), Share: nan()}
	var errors, scores, widths []float64
	for _, r := range rows {
		s.Values += r.Values
		s.Covered += r.Covered
		if e := float64(r.RelativeError); !math.IsNaN(e) {
			errors = append(errors, e)
		}
		if r.Reference > 0 {
			scores = append(scores, float64(r.Score/r.Reference))
		}
		if !math.IsNaN(r.width) {
			widths = append(widths, r.width)
		}
	}
	if s.Values > 0 {
		s.Share = Number(float64(s.Covered) / float64(s.Values))
		s.LeastCovered = law.leastCovered(s.Values, level)
	}
	s.P = Number(law.p(s.Values, s.Values-s.Covered))
	mean := 0.0
	for _, v := range scores {
		mean += v
	}
	s.ScoreRatio = Number(mean / float64(len(scores))) // NaN of none
	s.RelativeError, s.ScoreMedian, s.WidthRatio = finiteMedian(errors), finiteMedian(scores), finiteMedian(widths)
	return s
}

// finiteMedian is the median, NaN of nothing and where it is infinite.
func finiteMedian(values []float64) Number {
	slices.Sort(values)
	m := stats.Median(values)
	if math.IsInf(m, 0) {
		return nan()
	}
	return Number(m)
}

// undisturbed is the coverage without disturbed repetitions, nil if none is.
func undisturbed(all []*scenario) *Share {
	var share Share
	disturbed := false
	for _, s := range all {
		for _, r := range counted([]*scenario{s}, every) {
			disturbed = disturbed || len(s.in.Disturbed) > 0
			share.add(r, s.in.Disturbed)
		}
	}
	if !disturbed {
		return nil
	}
	return &share
}

// add counts a row's values but for those of the repetitions that are left out.
func (s *Share) add(r *row, without []Disturbance) {
	for i, v := range r.measured {
		if math.IsNaN(v) || slices.ContainsFunc(without, func(d Disturbance) bool { return d.Repetition == i+1 }) {
			continue
		}
		s.Values++
		if float64(r.Low) <= v && v <= float64(r.High) {
			s.Covered++
		}
	}
}
