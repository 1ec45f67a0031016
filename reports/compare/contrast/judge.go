package contrast

import (
	"math"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// judge tests every row and gives it its verdict.
func (p *pair) judge(rows []*row, alpha float64) {
	var tested []*row
	var ps []float64
	twins := map[*row]*row{}
	for i, r := range rows {
		r.Verdict = NoData
		r.count()
		if twin := r.twin(rows[:i], tested); twin != nil {
			r.SameAs, twins[r] = twin.Title(), twin
			continue
		}
		switch {
		case r.equal():
			r.Verdict = Equal
		case r.N > 0:
			r.test()
			tested, ps = append(tested, r), append(ps, float64(r.P))
		}
	}
	for i, adjusted := range stats.Holm(ps) {
		tested[i].AdjustedP = number(adjusted)
		tested[i].verdict(alpha)
	}
	for _, r := range rows { // in their order: a twin comes before
		if twin := twins[r]; twin != nil {
			r.follow(twin)
		}
		if r.Verdict == Equal && r.A.Value != r.B.Value {
			r.Verdict = Nothing // nines: nothing was lost, and the bounds on what may be differ
		}
	}
}

// twin is the earlier row whose test is this one's as well: the ratio that nines are
// made of, or the same number; nil without.
func (r *row) twin(before, tested []*row) *row {
	if ratio, areNines := nines(r.base); areNines {
		_, labels := result.SplitName(r.Metric)
		for _, other := range before {
			if other.Metric == ratio+labels {
				return other
			}
		}
	}
	for _, other := range tested {
		if r.same(other) {
			return other
		}
	}
	return nil
}

// follow takes over what was found of a twin.
func (r *row) follow(twin *row) {
	r.P, r.AdjustedP, r.Verdict, r.leaning = twin.P, twin.AdjustedP, twin.Verdict, twin.leaning
	if r.Verdict == Better || r.Verdict == Worse || r.Verdict == Differs {
		r.Verdict = r.says()
	}
}

// count fills in how many pairs there are, or values of the smaller sample, and
// what P they can show.
func (r *row) count() {
	if r.differences != nil {
		r.N, r.least = len(r.differences), stats.LeastSignedRank(len(r.differences))
		return
	}
	n, m := len(result.Observed(r.a)), len(result.Observed(r.b))
	r.N, r.least = min(n, m), stats.LeastMannWhitney(n, m)
}

// test fills in P, and to which side B lies.
func (r *row) test() {
	r.tested = true
	if r.differences != nil {
		t := stats.SignedRank(r.differences)
		r.P = number(t.P)
		n := 0.0
		for _, d := range r.differences {
			if d != 0 {
				n++
			}
		}
		r.leaning = t.Statistic - n*(n+1)/4
		if n == 0 { // equal wherever both observed it, and not everywhere observed
			r.P, r.leaning = number(1), 0
		}
		return
	}
	a, b := result.Observed(r.a), result.Observed(r.b)
	t := stats.MannWhitney(a, b)
	r.P = number(t.P)
	r.leaning = float64(len(a))*float64(len(b))/2 - t.Statistic
}

// verdict is what the adjusted P says at a level.
func (r *row) verdict(alpha float64) {
	if float64(r.AdjustedP) > alpha {
		r.Verdict = Nothing
		return
	}
	r.Verdict = r.says()
}

// says is what a difference means for the metric. Where the ranks lean to the one
// side and the centres to the other nobody can say more than that they differ.
func (r *row) says() Verdict {
	better := r.leaning
	switch r.direction {
	case scenarios.NoDirection:
		return Differs
	case scenarios.LessIsBetter:
		better = -better
	case scenarios.MoreIsBetter:
	}
	if float64(r.Difference)*r.leaning < 0 || better == 0 {
		return Differs
	}
	if better > 0 {
		return Better
	}
	return Worse
}

// worsening is by which share of A's B is worse, infinite where A had none of it.
func (r *row) worsening() float64 {
	a, b := float64(r.A.Value), float64(r.B.Value)
	more, base := b-a, a
	if r.direction == scenarios.MoreIsBetter {
		more = a - b
		if r.Unit == "ratio" {
			base = 1 - a // what is missing
		}
	}
	switch {
	case !(more > 0): // also NaN
		return 0
	case base <= 0:
		return math.Inf(1)
	}
	return more / base
}
