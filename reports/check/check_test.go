package check_test

import (
	"math"
	"strings"
	"testing"

	"kafkasim/reports/check"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/scenarios"
)

// A question is an objective on a set of replications, and its answer.
type question struct {
	name      string
	objective scenarios.Objective
	runs      []*resulttest.Run
	verdict   result.Verdict
	words     string // part of the words
}

func ask(t *testing.T, questions []question) {
	t.Helper()
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			set := resulttest.Set(t, resulttest.Header(), q.runs...)
			spec := &scenarios.Spec{Objectives: []scenarios.Objective{q.objective}}
			got := check.Judge(set, spec)[0]
			if got.Verdict != q.verdict || !strings.Contains(got.Words, q.words) {
				t.Errorf("%v (observed %v %v): %s\nwant %v: %s", got.Verdict, got.Observed, got.CI95, got.Words, q.verdict, q.words)
			}
			if set.Objectives[0].Verdict != got.Verdict {
				t.Error("the verdict is not in the set")
			}
			if got.Verdict == result.NoData && (!math.IsNaN(got.Observed) || got.CI95.Known()) {
				t.Errorf("no data, and yet %v %v", got.Observed, got.CI95)
			}
		})
	}
}

func plain(metric string, op scenarios.Op, value float64) scenarios.Objective {
	return scenarios.Objective{Metric: metric, Op: op, Value: value}
}

func aggregate(a scenarios.Aggregate, metric string, op scenarios.Op, value float64) scenarios.Objective {
	return scenarios.Objective{Aggregate: a, Metric: metric, Op: op, Value: value}
}

func quantile(q float64, metric string, op scenarios.Op, value float64) scenarios.Objective {
	return scenarios.Objective{Aggregate: scenarios.AggregateQuantile, Quantile: q, Metric: metric, Op: op, Value: value}
}

func probability(metric string, inner scenarios.Op, innerValue float64, op scenarios.Op, value float64) scenarios.Objective {
	return scenarios.Objective{
		Aggregate: scenarios.AggregateProbability, Metric: metric, InnerOp: inner, InnerValue: innerValue, Op: op, Value: value,
	}
}

const (
	less      = scenarios.OpLess
	lessEqual = scenarios.OpLessEqual
	more      = scenarios.OpGreater
	moreEqual = scenarios.OpGreaterEqual
	equal     = scenarios.OpEqual
	unequal   = scenarios.OpNotEqual
)

// each makes a run a value of one metric.
func each(metric string, values ...float64) []*resulttest.Run {
	var out []*resulttest.Run
	for _, v := range values {
		out = append(out, resulttest.NewRun().Value(metric, v))
	}
	return out
}

// same makes n runs with the same value of one metric.
func same(metric string, n int, value float64) []*resulttest.Run {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return each(metric, values...)
}

// losing makes n runs of 40,000 acknowledged records, with a bound on loss; run i
// loses lost[i].
func losing(n int, bound float64, lost ...float64) []*resulttest.Run {
	out := make([]*resulttest.Run, n)
	for i := range out {
		l := 0.0
		if i < len(lost) {
			l = lost[i]
		}
		out[i] = resulttest.NewRun().Count("acked", 40000).Count("delivered", 40000-l).
			Count("lost.acked", l).Value("loss.bound.acked", bound)
	}
	return out
}

func TestPlainObjectives(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	// 8, 10, 12, 10, 9, 11: mean 10, standard error 0.57735, t with 5 degrees
	// 2.570582: 8.5159 … 11.4841.
	stalls := each("produce.stall", 8, 10, 12, 10, 9, 11)
	ask(t, []question{
		{"the interval is below", plain("produce.stall", less, 11.5), stalls, result.Pass, ""},
		{"the interval is above", plain("produce.stall", less, 8.5), stalls, result.Fail, ""},
		// The upper half of 1.4841 must shrink to 1: 6 · 1.4841² = 13.2.
		{
			"the interval straddles", plain("produce.stall", less, 11), stalls, result.Inconclusive,
			"the interval of 6 replications has 11 s inside; about 14 replications would settle it",
		},
		{
			"the estimate is the limit", plain("produce.stall", less, 10), stalls, result.Inconclusive,
			"no number of replications is sure to settle it",
		},
		{"greater", plain("produce.stall", more, 8.5), stalls, result.Pass, ""},
		{"a gauge equal to a value inside", plain("produce.stall", equal, 10.5), stalls, result.Inconclusive, "inside"},
		{"a gauge equal to a value outside", plain("produce.stall", equal, 12), stalls, result.Fail, ""},
		{"a gauge unequal to a value outside", plain("produce.stall", unequal, 12), stalls, result.Pass, ""},
		{"gaps are told", plain("lag.drain", less, 5), each("lag.drain", 1, nan, 2, 1.5, nan), result.Pass, "3 of 5 replications had something to observe"},
		{"only gaps", plain("lag.drain", less, 5), each("lag.drain", nan, nan, nan), result.NoData, "no replication had anything to observe"},
		{"one replication", plain("produce.stall", less, 1000), each("produce.stall", 1), result.Inconclusive, "1 replication with something to observe: no interval; at least 2 would give one"},
		{"a metric that is not there", plain("rebalances", less, 1), stalls, result.NoData, "the result has no metric rebalances"},
		{"a count by its mean", plain("fencings", less, 2), each("fencings", 1, 2, 1, 1, 1, 1, 1, 1), result.Pass, ""},
	})
}

func TestACountIsJudgedOnEveryReplication(t *testing.T) {
	t.Parallel()
	ask(t, []question{
		{
			"none is an exception", plain("fencings", equal, 1), same("fencings", 20, 1), result.Pass,
			"holds in every replication; at most 13.91 % of replications differ, at 95 %",
		},
		{"one replication passes too", plain("fencings", equal, 1), same("fencings", 1, 1), result.Pass, "at most 95 % of replications differ"},
		{
			"one exception", plain("fencings", equal, 1), each("fencings", 1, 1, 3, 1), result.Fail,
			"1 exception of 4 replications; the first is sample 2 with 3",
		},
		{"a gap is not a pass", plain("fencings", equal, 1), each("fencings", 1, math.NaN()), result.Inconclusive, "only 1 of 2 replications"},
		{"a gap does not hide an exception", plain("fencings", equal, 1), each("fencings", math.NaN(), 2), result.Fail, "sample 1"},
		{"no loss anywhere", plain("records.lost.acked", equal, 0), losing(20, 1000), result.Pass, "13.91 %"},
		{"a loss somewhere", plain("records.lost.acked", equal, 0), losing(20, 1000, 0, 7), result.Fail, "sample 1 with 7"},
	})
}

// Values that are the same in every replication have an interval without width.
func TestIdenticalValues(t *testing.T) {
	t.Parallel()
	ask(t, []question{
		{"a count within", plain("elections.clean", lessEqual, 4), same("elections.clean", 20, 4), result.Pass, "the same in every replication; at most 13.91 %"},
		{"a count beyond", plain("elections.clean", less, 4), same("elections.clean", 20, 4), result.Fail, "the same in every replication"},
		{"a count of two replications", plain("rebalances", less, 1), same("rebalances", 2, 0), result.Pass, "at most 77.64 %"},
		{"a count of one replication", plain("rebalances", less, 1), same("rebalances", 1, 0), result.Inconclusive, "no interval"},
		{
			"a gauge of too few", plain("leaderless.time", less, 1), same("leaderless.time", 5, 0), result.Inconclusive,
			"the same in all of 5 replications, which are too few to say so of others; 6 would settle it",
		},
		{"a gauge of enough", plain("leaderless.time", less, 1), same("leaderless.time", 6, 0), result.Pass, "at most 39.3 %"},
		{"its mean", aggregate(scenarios.AggregateMean, "leaderless.time", less, 1), same("leaderless.time", 6, 0), result.Pass, "the same"},
	})
}

// With no loss in 20 replications P(loss) ≤ 0.139108 (0.05^(1/20) = 0.860892);
// with a bound of 1000 records the mean loss is at most 139.1 a replication and
// the share at most 139.1/40000: 2.4586 nines.
func TestNoLossSeenIsJudgedByTheBound(t *testing.T) {
	t.Parallel()
	none := losing(20, 1000)
	ask(t, []question{
		{"nines that the bound promises", plain("durability.acked.nines", moreEqual, 2.4), none, result.Pass, ""},
		// 1e-5 / (1000/40000) = 4e-4 is the P(loss) that gives 5 nines:
		// ln 0.05 / ln(1 − 4e-4) = 7487.8.
		{
			"nines that it does not", plain("durability.acked.nines", moreEqual, 5), none, result.Inconclusive,
			"nothing was lost in 20 replications, which leaves P(loss) ≤ 13.91 % at 95 %; about 7,500 replications would settle it",
		},
		{"fewer nines than the bound", plain("durability.acked.nines", less, 2), none, result.Fail, ""},
		{"the mean of nines", aggregate(scenarios.AggregateMean, "durability.acked.nines", moreEqual, 5), none, result.Inconclusive, "7,500"},
		{"the share kept", plain("durability.acked", moreEqual, 0.99), none, result.Pass, ""},
		{"a greater share kept", plain("durability.acked", moreEqual, 0.99999), none, result.Inconclusive, "about 7,500"},
		{"the mean loss is not 0", plain("records.lost.acked", less, 1), none, result.Inconclusive, "P(loss) ≤ 13.91 %"},
		{"the mean loss is below", plain("records.lost.acked", less, 140), none, result.Pass, ""},
		{"a closed form that promises none", plain("records.lost.acked", less, 1), losing(20, 0), result.Pass, ""},
		{"the worst replication", aggregate(scenarios.AggregateMin, "durability.acked.nines", moreEqual, 3), losing(20, 1000, 400), result.Fail, "seen"},
		{"a loss seen: an interval", plain("durability.acked.nines", moreEqual, 1), losing(20, 1000, 400, 300, 500), result.Pass, ""},
		{"a loss seen: open above", plain("durability.acked.nines", moreEqual, 4), losing(20, 1000, 1), result.Pass, ""},
	})
}

func TestExtremes(t *testing.T) {
	t.Parallel()
	ask(t, []question{
		{
			"none beyond", aggregate(scenarios.AggregateMax, "produce.stall", less, 60), same("produce.stall", 20, 12), result.Pass,
			"no replication went beyond; at most 13.91 % of them do, at 95 %",
		},
		{
			"one beyond is proof", aggregate(scenarios.AggregateMax, "fencings", lessEqual, 1), each("fencings", 1, 1, 1, 1, 1, 1, 2), result.Fail,
			"no further replication can take it back",
		},
		{"proof needs one replication", aggregate(scenarios.AggregateMax, "fencings", less, 1), each("fencings", 2), result.Fail, "take it back"},
		{"too few", aggregate(scenarios.AggregateMax, "fencings", less, 9), each("fencings", 1, 2, 3), result.Inconclusive, "at least 6 would give one"},
		{"a maximum that shall be high, seen", aggregate(scenarios.AggregateMax, "fencings", more, 1), each("fencings", 2), result.Pass, "seen"},
		{"a maximum that shall be high, not seen", aggregate(scenarios.AggregateMax, "fencings", more, 5), each("fencings", 1, 2, 3, 1, 2, 3), result.Fail, ""},
		{"a minimum", aggregate(scenarios.AggregateMin, "consumers.time", moreEqual, 1), each("consumers.time", 2, 3, 4, 5, 6, 7), result.Pass, "39.3 %"},
		{"a minimum below", aggregate(scenarios.AggregateMin, "consumers.time", moreEqual, 3), each("consumers.time", 2, 3, 4, 5, 6, 7), result.Fail, "take it back"},
		{"nothing", aggregate(scenarios.AggregateMax, "lag.drain", less, 1), each("lag.drain", math.NaN()), result.NoData, "no replication"},
	})
}

func TestQuantilesOverReplications(t *testing.T) {
	t.Parallel()
	ask(t, []question{
		{"the median", aggregate(scenarios.AggregateMedian, "produce.stall", less, 10), each("produce.stall", 1, 2, 3, 4, 5, 6, 7, 8), result.Pass, ""},
		{"the median straddles", aggregate(scenarios.AggregateMedian, "produce.stall", less, 5), each("produce.stall", 1, 2, 3, 4, 5, 6, 7, 8), result.Inconclusive, "5 s inside"},
		{
			// 0.99^n ≤ 0.025 from 368 on.
			"a high quantile of few", quantile(0.99, "produce.stall", less, 60), same("produce.stall", 20, 12), result.Inconclusive,
			"20 replications are too few to see beyond this quantile; at least 368 are needed",
		},
		{"a high quantile that is too high anyway", quantile(0.95, "produce.stall", less, 60), same("produce.stall", 20, 70), result.Fail, ""},
	})
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	var runs []*resulttest.Run
	for i := range 20 {
		d := int64(i) * 1e6
		runs = append(runs, resulttest.NewRun().Distribution("produce.latency", 10e6+d, 20e6+d, 100e6+d))
	}
	ask(t, []question{
		{"no aggregate", plain("produce.latency", less, 1), runs, result.NoData, "ask for mean(), median()"},
		{"its mean", aggregate(scenarios.AggregateMean, "produce.latency", less, 0.06), runs, result.Pass, ""},
		{"its median", aggregate(scenarios.AggregateMedian, "produce.latency", less, 0.05), runs, result.Pass, ""},
		{"its p99", quantile(0.99, "produce.latency", less, 0.1), runs, result.Fail, ""},
		{"its maximum", aggregate(scenarios.AggregateMax, "produce.latency", less, 0.12), runs, result.Pass, "no replication went beyond"},
		{"its minimum", aggregate(scenarios.AggregateMin, "produce.latency", more, 0.02), runs, result.Fail, "take it back"},
		{"no share of it", probability("produce.latency", less, 1, more, 0.5), runs, result.NoData, "no single value"},
		{"of few replications", quantile(0.99, "produce.latency", less, 9), runs[:5], result.Inconclusive, "at least 6 would give one"},
		{"of none", quantile(0.5, "produce.latency", less, 9), []*resulttest.Run{resulttest.NewRun().Distribution("produce.latency")}, result.NoData, "no replication"},
	})
}

func TestProbabilities(t *testing.T) {
	t.Parallel()
	ask(t, []question{
		{"none of 20 is at most 16.84 %", probability("records.lost.acked", more, 0, lessEqual, 0.17), losing(20, 1000), result.Pass, ""},
		// ln 0.025 / ln(1 − 1e-6) = 3.69 million.
		{
			"a rare event", probability("records.lost.acked", more, 0, lessEqual, 1e-6), losing(20, 1000), result.Inconclusive,
			"about 3,700,000 replications would settle it",
		},
		{"never cannot be shown", probability("records.lost.acked", more, 0, lessEqual, 0), losing(20, 1000), result.Inconclusive, "no number of replications"},
		// 19 of 20: 75.13 … 99.87 %.
		{"too often", probability("fencings", more, 0, less, 0.7), append(same("fencings", 19, 1), same("fencings", 1, 0)...), result.Fail, ""},
		{"perhaps", probability("fencings", more, 0, less, 0.9), append(same("fencings", 19, 1), same("fencings", 1, 0)...), result.Inconclusive, "90 % inside"},
		{"gaps are left out", probability("lag.drain", less, 5, more, 0.1), each("lag.drain", 1, 1, 1, math.NaN()), result.Pass, "3 of 4"},
		{"loss.probability itself", plain("loss.probability", less, 0.1), losing(20, 1000), result.Inconclusive, "about 36 replications"},
	})
}

func TestRatios(t *testing.T) {
	t.Parallel()
	var varied, whole []*resulttest.Run
	for i := range 6 {
		varied = append(varied, resulttest.NewRun().Ratio("produce.availability", 90+float64(i), 100))
		whole = append(whole, resulttest.NewRun().Ratio("produce.availability", 100, 100))
	}
	ask(t, []question{
		{"pooled", plain("produce.availability", more, 0.9), varied, result.Pass, ""},
		{"pooled, beyond", plain("produce.availability", more, 0.95), varied, result.Fail, ""},
		{"always available", plain("produce.availability", moreEqual, 0.999), whole, result.Pass, "the same in every replication"},
		{"always available, of few", plain("produce.availability", moreEqual, 0.999), whole[:3], result.Inconclusive, "6 would settle it"},
	})
}

func TestASetReadBackIsJudgedWithoutItsSketches(t *testing.T) {
	t.Parallel()
	var runs []*resulttest.Run
	for i := range 8 {
		runs = append(runs, resulttest.NewRun().Distribution("produce.latency", int64(i+1)*1e6).Value("produce.stall", float64(i)))
	}
	var file strings.Builder
	if err := resulttest.Set(t, resulttest.Header(), runs...).WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	set, err := result.Read(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	got := check.Judge(set, &scenarios.Spec{Objectives: []scenarios.Objective{
		plain("produce.stall", less, 10),
		aggregate(scenarios.AggregateMax, "produce.latency", less, 1),
		aggregate(scenarios.AggregateMean, "produce.latency", less, 1),
		quantile(0.99, "produce.latency", less, 1),
		quantile(0.77, "produce.latency", less, 1),
	}})
	want := []result.Verdict{result.Pass, result.Pass, result.Pass, result.Inconclusive, result.NoData}
	for i := range want {
		if got[i].Verdict != want[i] {
			t.Errorf("objective %d: %v (%s), want %v", i, got[i].Verdict, got[i].Words, want[i])
		}
	}
	if !strings.Contains(got[3].Words, "does not hold the interval") || !strings.Contains(got[4].Words, "does not hold this quantile") {
		t.Errorf("words: %q, %q", got[3].Words, got[4].Words)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	of := func(verdicts ...result.Verdict) (out []result.ObjectiveResult) {
		for _, v := range verdicts {
			out = append(out, result.ObjectiveResult{Verdict: v})
		}
		return out
	}
	for _, c := range []struct {
		objectives []result.ObjectiveResult
		want       int
	}{
		{nil, 0},
		{of(result.Pass, result.Pass), 0},
		{of(result.Pass, result.Inconclusive), 98},
		{of(result.NoData, result.Pass), 98},
		{of(result.Inconclusive, result.Fail, result.Pass), 99},
		{of(result.Fail, result.NoData), 99},
		{make([]result.ObjectiveResult, 1), 98}, // what nobody judged has not passed
	} {
		if got := check.ExitCode(c.objectives); got != c.want {
			t.Errorf("exit code of %v = %d, want %d", c.objectives, got, c.want)
		}
	}
}
