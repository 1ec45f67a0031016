package contrast

import (
	"fmt"
	"math"
	"strings"
	"time"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// design says how the sides were compared.
func (c *Comparison) design(p *pair) {
	a, b := p.a, p.b
	test := "Mann and Whitney's test"
	switch {
	case p.paired:
		test = "Wilcoxon's signed-rank test"
		draws := "draws the same random numbers"
		if a.Plane != b.Plane || a.Version != b.Version {
			draws = "has the same seed"
		}
		c.Design = append(c.Design, fmt.Sprintf("Paired: replication r of A and of B %s (seed %d), and each is held against its twin.", draws, a.Seed))
	case a.Origin != result.Simulated || b.Origin != result.Simulated:
		c.Design = append(c.Design, "Not paired: what was measured shares no random numbers with anything.")
	case a.Seed != b.Seed:
		c.Design = append(c.Design, fmt.Sprintf("Not paired: the seeds are %d and %d. With one seed and equally many replications each would be held against its twin.", a.Seed, b.Seed))
	default:
		c.Design = append(c.Design, fmt.Sprintf("Not paired: there are %d and %d replications. With equally many each would be held against its twin.", a.Replications, b.Replications))
	}
	if c.SameRun {
		c.Design = append(c.Design, "A and B are one run.")
	}
	if c.Tested == 0 {
		c.Design = append(c.Design, "No row can tell them apart, so nothing was tested.")
		return
	}
	c.Design = append(c.Design, fmt.Sprintf("%s; p is adjusted for %s (Holm); ~ means that nothing can be said at %s.",
		test, counted(c.Tested, "tested row"), result.Percent(c.Alpha)))
}

// counted is how many of what.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}

// warn says what a reader must know before believing the rows.
func (c *Comparison) warn(p *pair, rows []*row) {
	say := func(format string, args ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...)) }
	a, b := p.a, p.b
	if a.Origin != b.Origin {
		say("A was %s and B was %s: how well the one predicts the other is what `kafkasim verify` says", a.Origin, b.Origin)
	}
	if a.Plane != b.Plane && a.Origin == b.Origin {
		say("A was simulated by the %s plane and B by the %s plane: some of the difference is theirs", a.Plane, b.Plane)
	}
	if a.Version != b.Version {
		say("A was made by kafkasim %s and B by %s: some of the difference may be the program's", orNone(a.Version), orNone(b.Version))
	}
	if long, other := span(a.Grid), span(b.Grid); long > 0 && other > 0 && absolute(long-other) > max(a.Grid.Step, b.Grid.Step) {
		say("A covers %s and B %s of load and drain: counts and summed times grow with it",
			result.Quantity(long.Seconds(), "s"), result.Quantity(other.Seconds(), "s"))
	}
	if x, y := offered(a), offered(b); math.Abs(x-y) > 0.01*max(x, y) {
		say("A was offered %s records a replication and B %s: counts of records, and what follows from load, differ for that reason",
			result.Number(x), result.Number(y))
	}
	for _, side := range []struct {
		name string
		set  *result.Set
	}{{"A", a}, {"B", b}} {
		if side.set.Partial {
			say("%s is partial: it was cut, and is of %s", side.name, counted(side.set.Replications, "replication"))
		}
	}
	c.tooFew(p, rows, say)
	for _, absent := range c.Absent {
		if _, labels := result.SplitName(absent.Metric); labels == "" && strings.HasPrefix(absent.Reason, "observed in ") {
			say("%s was %s", absent.Metric, absent.Reason)
		}
	}
	seldom(p, rows, say)
	own(say, "A", a)
	own(say, "B", b)
}

func orNone(version string) string {
	if version == "" {
		return "of no version"
	}
	return version
}

// span is how long the time lines of a result are.
func span(g result.Grid) time.Duration {
	return g.Step * time.Duration(max(g.Count-1, 0))
}

func absolute(d time.Duration) time.Duration { return max(d, -d) }

// offered is how many records a replication was offered on average, 0 if unknown.
func offered(s *result.Set) float64 {
	if m, found := s.Metric("records.generated"); found && !math.IsNaN(m.Mean) {
		return m.Mean
	}
	return 0
}

// tooFew warns where no row can ever be significant, and says what would do.
func (c *Comparison) tooFew(p *pair, rows []*row, say func(string, ...any)) {
	if c.Tested == 0 {
		return
	}
	least := 1.0
	for _, r := range rows {
		if r.tested {
			least = min(least, r.least)
		}
	}
	if least*float64(c.Tested) <= c.Alpha {
		return
	}
	enough := 1
	for p.leastOf(enough)*float64(c.Tested) > c.Alpha {
		enough++
	}
	say("%s can never show a difference at %s after the adjustment for %s: every row is ~; %d or more a side can (--replications %d)",
		counted(min(p.a.Replications, p.b.Replications), "replication"), result.Percent(c.Alpha), counted(c.Tested, "row"), enough, enough)
}

// leastOf is the least P of so many replications a side.
func (p *pair) leastOf(n int) float64 {
	if p.paired {
		return stats.LeastSignedRank(n)
	}
	return stats.LeastMannWhitney(n, n)
}

// seldom warns of metrics that one side observed in fewer replications: what is not
// observed is in no row, and may be the worse for it.
func seldom(p *pair, rows []*row, say func(string, ...any)) {
	seen := map[string]bool{}
	for _, r := range rows {
		a, b := len(result.Observed(r.a)), len(result.Observed(r.b))
		if _, labels := result.SplitName(r.Metric); seen[r.Metric] || labels != "" || a*p.b.Replications == b*p.a.Replications {
			continue
		}
		seen[r.Metric] = true
		say("%s had a value in %d of %d replications of A and in %d of %d of B; the others are in no row",
			r.Metric, a, p.a.Replications, b, p.b.Replications)
	}
}

// own passes on a side's own warnings, the first few, and how many repetitions were
// disturbed.
func own(say func(string, ...any), side string, s *result.Set) {
	const most = 5
	disturbed, told := 0, 0
	for _, w := range s.Warnings {
		if _, _, is := result.Disturbed(w); is {
			disturbed++
			continue
		}
		if told++; told <= most {
			say("%s: %s", side, strings.TrimSpace(w))
		}
	}
	if told > most {
		say("%s: and %s more, in its result", side, counted(told-most, "warning"))
	}
	if disturbed > 0 {
		say("%s: %s of %d were disturbed by something else, and count all the same", side, result.Number(float64(disturbed)), s.Replications)
	}
}
