package check

import (
	"fmt"
	"math"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A judgement is one objective and what it speaks of.
type judgement struct {
	set       *result.Set
	metric    *result.Metric
	objective *scenarios.Objective
}

const nothingObserved = "no replication had anything to observe"

// plain judges an objective without an aggregate.
func (j *judgement) plain() answer {
	if j.metric.Kind == result.Distribution {
		return answer{words: "a distribution has no single value: ask for mean(), median(), max(), p99() or another quantile"}
	}
	e := j.set.Plain(j.metric)
	switch {
	case e.Replications == 0:
		return answer{words: nothingObserved}
	case j.metric.Kind == result.Count && j.objective.Op == scenarios.OpEqual:
		return j.everyReplication(e)
	case j.identical(e):
		return j.sameEverywhere(e)
	}
	return j.byInterval(e)
}

// mean judges the mean: of a distribution over everything observed, else what a
// plain objective judges.
func (j *judgement) mean() answer {
	e := j.set.Plain(j.metric)
	switch {
	case e.Replications == 0:
		return answer{words: nothingObserved}
	case j.identical(e):
		return j.sameEverywhere(e)
	}
	return j.byInterval(e)
}

// identical reports whether all replications that observed something observed
// the same, so that the interval has no width.
func (j *judgement) identical(e result.Estimate) bool {
	return e.Replications > 1 && e.CI95.Low == e.CI95.High
}

// everyReplication judges a plain `count == value`.
func (j *judgement) everyReplication(e result.Estimate) answer {
	values := j.set.Values(j.metric)
	exceptions, first := 0, -1
	for i, v := range values {
		if !math.IsNaN(v) && v != j.objective.Value {
			if exceptions++; first < 0 {
				first = i
			}
		}
	}
	switch {
	case exceptions > 0:
		return answer{result.Fail, e, fmt.Sprintf("%s of %s; the first is sample %d with %s",
			plural(exceptions, "exception"), plural(e.Replications, "replication"), first, j.quantity(values[first]))}
	case e.Replications < len(values):
		return answer{result.Inconclusive, e, fmt.Sprintf("only %d of %s had something to observe",
			e.Replications, plural(len(values), "replication"))}
	}
	return answer{result.Pass, e, "holds in every replication; " + mayDiffer(e.Replications)}
}

// sameEverywhere judges a mean of identical values.
func (j *judgement) sameEverywhere(e result.Estimate) answer {
	if j.metric.Kind != result.Count && e.Replications < result.EnoughToRank {
		return answer{result.Inconclusive, e, fmt.Sprintf("the same in all of %s, which are too few to say so of others; %d would settle it",
			plural(e.Replications, "replication"), result.EnoughToRank)}
	}
	verdict := result.Fail
	if holds(e.Value, j.objective.Op, j.objective.Value) {
		verdict = result.Pass
	}
	return answer{verdict, e, "the same in every replication; " + mayDiffer(e.Replications)}
}

// extreme judges a greatest or a least value.
func (j *judgement) extreme(e result.Estimate, greatest bool) answer {
	if e.Replications == 0 {
		return answer{words: nothingObserved}
	}
	op, limit := j.objective.Op, j.objective.Value
	if proof, beyond := proven(e.Value, greatest, op, limit); proof {
		if beyond == result.Pass {
			return answer{beyond, e, "seen, so it needs no interval"}
		}
		return answer{beyond, e, "seen, and no further replication can take it back"}
	}
	if !e.CI95.Known() {
		return j.withoutInterval(e, result.EnoughToRank)
	}
	a := j.byInterval(e)
	if a.verdict == result.Pass || a.verdict == result.Fail {
		a.words = fmt.Sprintf("no replication went beyond; at most %s of them do, at 95 %%", atMostShare(e.Replications))
	}
	return a
}

// proven reports whether an observed extreme settles `extreme op limit` for
// good, and how: the true greatest value is the observed one or more.
func proven(observed float64, greatest bool, op scenarios.Op, limit float64) (bool, result.Verdict) {
	possible := result.Interval{Low: observed, High: math.Inf(1)}
	if !greatest {
		possible = result.Interval{Low: math.Inf(-1), High: observed}
	}
	v := within(possible, op, limit)
	return v != result.Inconclusive, v
}

// quantile judges a median or another quantile.
func (j *judgement) quantile(q float64) answer {
	e := j.set.Quantile(j.metric, q)
	switch {
	case e.Replications == 0 && j.metric.Kind == result.Distribution && len(result.Observed(j.metric.Column("mean"))) > 0:
		return answer{words: "a result file does not hold this quantile; run the scenario to judge it"}
	case e.Replications == 0:
		return answer{words: nothingObserved}
	case !e.CI95.Known() && e.Replications >= result.EnoughToRank && j.metric.Kind == result.Distribution:
		return answer{result.Inconclusive, e, "a result file does not hold the interval; run the scenario to judge it"}
	case !e.CI95.Known() && j.metric.Kind == result.Distribution:
		return j.withoutInterval(e, result.EnoughToRank)
	case j.metric.Kind == result.Distribution:
		return j.byInterval(e)
	}
	a := j.byInterval(e)
	if a.verdict == result.Inconclusive {
		a.words = j.rankWords(e, q)
	}
	return a
}

// probability judges P(metric op value).
func (j *judgement) probability() answer {
	if j.metric.Kind == result.Distribution {
		return answer{words: "a distribution has no single value a replication to compare"}
	}
	o := j.objective
	e := j.set.Share(j.metric, func(v float64) bool { return holds(v, o.InnerOp, o.InnerValue) })
	if e.Replications == 0 {
		return answer{words: nothingObserved}
	}
	return j.byInterval(e)
}

// byInterval judges by the interval alone.
func (j *judgement) byInterval(e result.Estimate) answer {
	if !e.CI95.Known() {
		return j.withoutInterval(e, 2)
	}
	o := j.objective
	v := within(e.CI95, o.Op, o.Value)
	a := answer{v, e, ""}
	switch {
	case v == result.Inconclusive && o.Aggregate == scenarios.AggregateProbability:
		a.words = straddles(e, o.Value, "ratio") + settle(needForProbability(e, o.Value))
	case v == result.Inconclusive && j.zeroLoss():
		a.words = fmt.Sprintf("nothing was lost in %s, which leaves P(loss) ≤ %s at 95 %%",
			plural(e.Replications, "replication"), atMostShare(e.Replications)) + settle(j.need(e))
	case v == result.Inconclusive:
		a.words = straddles(e, o.Value, j.metric.Unit) + settle(j.need(e))
	case e.Replications < len(j.samples()):
		a.words = fmt.Sprintf("%d of %s had something to observe", e.Replications, plural(len(j.samples()), "replication"))
	}
	return a
}

// withoutInterval is the answer where replications are too few for an interval.
func (j *judgement) withoutInterval(e result.Estimate, enough int) answer {
	return answer{result.Inconclusive, e, fmt.Sprintf("%s with something to observe: no interval; at least %d would give one",
		plural(e.Replications, "replication"), enough)}
}

func (j *judgement) samples() []float64 {
	if j.metric.Kind == result.Distribution {
		return j.metric.Column("mean")
	}
	return j.metric.Column("value")
}

func (j *judgement) quantity(v float64) string { return result.Quantity(v, j.metric.Unit) }
