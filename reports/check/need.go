package check

import (
	"fmt"
	"math"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// never is the number of replications that would settle what none can.
const never = math.MaxInt

// need estimates how many replications would settle an objective on a mean or
// a ratio.
func (j *judgement) need(e result.Estimate) int {
	limit := j.objective.Value
	base, _ := result.SplitName(j.metric.Name)
	switch {
	case j.zeroLoss():
		return j.needForZeroLoss(e, limit)
	case base == "loss.probability":
		return needForProbability(e, limit)
	}
	return needForWidth(e, limit)
}

// needForWidth takes it that an interval's width goes with 1/√n: the end beyond
// the limit must come as near as the limit is. Where that end is open, the other
// one stands for it.
func needForWidth(e result.Estimate, limit float64) int {
	gap, half, other := limit-e.Value, e.CI95.High-e.Value, e.Value-e.CI95.Low
	if gap < 0 {
		gap, half, other = -gap, other, half
	}
	if math.IsNaN(half) || math.IsInf(half, 0) {
		half = other
	}
	if !(gap > 0) || math.IsNaN(half) || math.IsInf(half, 0) {
		return never
	}
	n := float64(e.Replications)
	return max(whole(n*(half/gap)*(half/gap)), e.Replications+1)
}

// zeroLoss reports whether what is judged is an interval of the zero-loss rule,
// whose far end goes with 1 − 0.05^(1/n) and not with 1/√n.
func (j *judgement) zeroLoss() bool {
	base, _ := result.SplitName(j.metric.Name)
	switch base {
	case "records.lost.acked":
		return j.metric.Mean == 0
	case "durability.acked", "durability.end_to_end":
		return j.metric.Mean == 1
	}
	return j.metric.Bound
}

// needForZeroLoss solves the zero-loss rule for n: the far end e is
// scale·(1 − 0.05^(1/n)), with the scale known from the interval at hand.
func (j *judgement) needForZeroLoss(e result.Estimate, limit float64) int {
	far, wanted := e.CI95.High, limit // of what is lost
	switch {
	case j.metric.Bound:
		far, wanted = math.Pow(10, -e.CI95.Low), math.Pow(10, -limit)
	case j.metric.Kind == result.Ratio:
		far, wanted = 1-e.CI95.Low, 1-limit
	}
	scale := far / -math.Expm1(math.Log(0.05)/float64(e.Replications))
	share := wanted / scale
	switch {
	case !(share > 0):
		return never
	case share >= 1:
		return 1
	}
	return whole(math.Log(0.05) / math.Log1p(-share))
}

// needForProbability estimates how many replications tell a share from the limit.
func needForProbability(e result.Estimate, limit float64) int {
	if e.Value == 0 || e.Value == 1 {
		return needForShare(e, limit)
	}
	return needForWidth(e, limit)
}

// needForShare is the number of replications after which a share that stays 0
// or 1 is told from the limit: the interval of Clopper and Pearson then ends at
// 1 − 0.025^(1/n), or begins at 0.025^(1/n).
func needForShare(e result.Estimate, limit float64) int {
	distance := math.Abs(limit - e.Value)
	if !(distance > 0) || distance >= 1 {
		return never
	}
	return whole(math.Log(0.025) / math.Log1p(-distance))
}

func whole(n float64) int {
	if !(n < 1e15) {
		return never
	}
	return int(math.Ceil(n))
}

// straddles says that the interval has the limit inside.
func straddles(e result.Estimate, limit float64, unit string) string {
	return fmt.Sprintf("the interval of %s has %s inside", plural(e.Replications, "replication"), result.Quantity(limit, unit))
}

// settle says how many replications would settle an objective.
func settle(n int) string {
	if n == never {
		return "; no number of replications is sure to settle it, as the estimate lies on the limit"
	}
	return fmt.Sprintf("; about %s would settle it", roundUp(n))
}

// roundUp writes n rounded up to two significant digits: it is an estimate.
func roundUp(n int) string {
	step := 1
	for n/step >= 100 {
		step *= 10
	}
	return plural((n+step-1)/step*step, "replication")
}

// rankWords says what an inconclusive quantile over replications lacks: to close
// an interval at the upper side of the q-quantile, q^n must be below 2.5 %, and
// (1−q)^n at the lower side.
func (j *judgement) rankWords(e result.Estimate, q float64) string {
	upper := j.objective.Op == scenarios.OpLess || j.objective.Op == scenarios.OpLessEqual
	open := upper && math.IsNaN(e.CI95.High) || !upper && math.IsNaN(e.CI95.Low)
	if !open {
		return straddles(e, j.objective.Value, j.metric.Unit) + settle(needForWidth(e, j.objective.Value))
	}
	tail := q
	if !upper {
		tail = 1 - q
	}
	return fmt.Sprintf("%s are too few to see beyond this quantile; at least %d are needed",
		plural(e.Replications, "replication"), whole(math.Log(0.025)/math.Log(tail)))
}

// mayDiffer says how much of what was not seen is still possible.
func mayDiffer(n int) string {
	return fmt.Sprintf("at most %s of replications differ, at 95 %%", atMostShare(n))
}

// atMostShare is 1 − 0.05^(1/n): the share that none of n leaves possible.
func atMostShare(n int) string {
	return result.Percent(-math.Expm1(math.Log(0.05) / float64(n)))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}
