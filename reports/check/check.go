// Package check turns a scenario's objectives and a result into verdicts.
//
// A verdict is a statement at 95 % confidence: an objective passes when the
// whole 95 % interval of what it judges satisfies it, fails when none of it does,
// and is inconclusive when the interval straddles the value or is not known.
// Nothing passes for lack of data. Three cases need more than the interval:
//
//   - A plain `count == value` speaks of every replication: one exception fails
//     it, none passes it.
//   - A greatest (least) value that already lies beyond the limit fails, although
//     its interval straddles: no further replication can take it back.
//   - Identical values in every replication give Student's interval no width.
//     They are a property of the scenario rather than an estimate, so a plain
//     objective is judged on every replication as with ==, and the words say what
//     share of replications may still differ. Two replications are enough for a
//     count, whose values coincide because they are whole; other values coincide
//     only at a limit (an availability of 1, a stall of 0), of which fewer than
//     result.EnoughToRank replications say nothing at 95 %. Lost acknowledged
//     records are the exception: losses are rare and large, so none seen in n
//     replications leaves the interval of result's zero-loss rule. To demand that
//     none is ever lost, write `records.lost.acked == 0`.
package check

import (
	"math"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// Judge judges every objective of spec on set, in their order, stores the
// verdicts in set.Objectives and returns them.
func Judge(set *result.Set, spec *scenarios.Spec) []result.ObjectiveResult {
	set.Objectives = make([]result.ObjectiveResult, 0, len(spec.Objectives))
	for i := range spec.Objectives {
		set.Objectives = append(set.Objectives, judge(set, &spec.Objectives[i]))
	}
	return set.Objectives
}

// Exit codes of a judged run (design section 8).
const (
	exitDone         = 0
	exitInconclusive = 98
	exitFailed       = 99
)

// ExitCode is the exit code that objectives call for: 99 if any failed, else 98
// if any is inconclusive or has no data, else 0.
func ExitCode(objectives []result.ObjectiveResult) int {
	code := exitDone
	for i := range objectives {
		switch objectives[i].Verdict {
		case result.Fail:
			return exitFailed
		case result.Inconclusive, result.NoData:
			code = exitInconclusive
		case result.Pass:
		}
	}
	return code
}

// judge judges one objective.
func judge(set *result.Set, o *scenarios.Objective) result.ObjectiveResult {
	m, found := set.Metric(o.Metric)
	if !found {
		return answer{words: "the result has no metric " + o.Metric}.result(o, "")
	}
	j := judgement{set: set, metric: m, objective: o}
	switch o.Aggregate {
	case scenarios.AggregateNone:
		return j.plain().result(o, m.Unit)
	case scenarios.AggregateMean:
		return j.mean().result(o, m.Unit)
	case scenarios.AggregateMin:
		return j.extreme(set.Least(m), false).result(o, m.Unit)
	case scenarios.AggregateMax:
		return j.extreme(set.Greatest(m), true).result(o, m.Unit)
	case scenarios.AggregateMedian:
		return j.quantile(0.5).result(o, m.Unit)
	case scenarios.AggregateQuantile:
		return j.quantile(o.Quantile).result(o, m.Unit)
	case scenarios.AggregateProbability:
		return j.probability().result(o, "ratio")
	}
	return answer{words: "nobody knows how to judge this aggregate"}.result(o, m.Unit)
}

// An answer is a verdict with what it rests on.
type answer struct {
	verdict  result.Verdict
	estimate result.Estimate
	words    string
}

func (a answer) result(o *scenarios.Objective, unit string) result.ObjectiveResult {
	r := result.ObjectiveResult{
		Expression: o.Expression,
		Metric:     o.Metric,
		Limit:      limit(o),
		Verdict:    a.verdict,
		Observed:   a.estimate.Value,
		CI95:       a.estimate.CI95,
		Unit:       unit,
		Words:      a.words,
	}
	if a.estimate.Replications == 0 {
		r.Observed, r.CI95 = nothing()
	}
	return r
}

// limit is the value that an objective sets to its metric: none where it sets one to
// a probability.
func limit(o *scenarios.Objective) float64 {
	if o.Aggregate == scenarios.AggregateProbability {
		return math.NaN()
	}
	return o.Value
}
