package contrast

import (
	"fmt"
	"math"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// means fills in the geometric mean of every group: of B over A in the rows of
// which less is better and both centres are above 0, as benchstat does it.
func (c *Comparison) means() {
	var groups []string
	all := map[string]*Mean{}
	logs := map[string]float64{}
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Better != scenarios.LessIsBetter.String() || r.SameAs != "" {
			continue
		}
		if all[r.Group] == nil {
			all[r.Group] = &Mean{Group: r.Group}
			groups = append(groups, r.Group)
		}
		all[r.Group].Of++
		if relative := float64(r.Relative); !math.IsNaN(relative) {
			all[r.Group].Rows++
			logs[r.Group] += math.Log1p(relative)
		}
	}
	for _, group := range groups {
		m := all[group]
		if m.Rows < 2 {
			continue // of one row it is the row
		}
		m.Ratio = number(math.Exp(logs[group] / float64(m.Rows)))
		c.Means = append(c.Means, *m)
	}
}

// gate says whether something got worse by more than is let pass.
func (c *Comparison) gate(rows []*row, percent float64) {
	g := &Gate{Percent: percent, Verdict: GateNoData, Regressions: []string{}}
	c.Gate = g
	enough := false
	for i, r := range rows {
		if r.direction == scenarios.NoDirection || r.SameAs != "" {
			continue
		}
		enough = enough || r.least*float64(max(c.Tested, 1)) <= c.Alpha
		if r.Verdict == Worse && 100*r.worsening() > percent {
			c.Rows[i].Regression = true
			g.Regressions = append(g.Regressions, r.Title())
		}
	}
	limit := ""
	if percent > 0 {
		limit = fmt.Sprintf(" by more than %s %%", result.Number(percent))
	}
	switch {
	case len(g.Regressions) > 0:
		g.Verdict = GateFail
		g.Words = fmt.Sprintf("B is worse than A%s in %s.", limit, strings.Join(g.Regressions, ", "))
	case c.SameRun:
		g.Verdict, g.Words = GatePass, "A and B are one run."
	case !enough:
		g.Words = "There are too few replications to see anything get worse."
	default:
		g.Verdict, g.Words = GatePass, "Nothing is seen to be worse in B than in A"+limit+"."
	}
}
