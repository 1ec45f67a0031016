package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"kafkasim/reports/result"
)

// words say what missed in a row, and by how much.
func (r *row) words() string {
	values := result.Observed(r.measured)
	figures := fmt.Sprintf("%s: %s measured, %s predicted", r.title(), r.list(values), r.Interval())
	low, high := float64(r.Low), float64(r.High)
	var below, above int
	var off float64 // the farthest
	for _, v := range values {
		switch {
		case v < low:
			below++
			off = max(off, low-v)
		case v > high:
			above++
			off = max(off, v-high)
		}
	}
	if below+above == 0 {
		return figures + "; all inside, but too far to one side together"
	}
	return fmt.Sprintf("%s; %s, by %s%s", figures, sides(below, above, len(values)), upTo(below+above > 1), result.Quantity(off, r.Unit))
}

// sides says in how many of n repetitions the interval was missed, and to which side.
func sides(below, above, n int) string {
	many := func(k int) string {
		if k == n {
			return "every repetition"
		}
		return fmt.Sprintf("%d of %s", k, plural(n, "repetition"))
	}
	switch {
	case above == 0:
		return "below it in " + many(below)
	case below == 0:
		return "above it in " + many(above)
	}
	return fmt.Sprintf("below it in %d and above it in %s", below, many(above))
}

func upTo(several bool) string {
	if several {
		return "up to "
	}
	return ""
}

// list writes measured values, many of them by their extremes.
func (r *row) list(values []float64) string {
	const most = 3
	if len(values) > most {
		return Span(slices.Min(values), slices.Max(values), r.Unit)
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = result.Quantity(v, r.Unit)
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " and " + texts[len(texts)-1]
}

// Interval writes the prediction interval.
func (r *Row) Interval() string { return Span(float64(r.Low), float64(r.High), r.Unit) }

// Span writes the range of values in base units: a single value as such, and a
// range whose ends read the same as its middle and half its width.
func Span(low, high float64, unit string) string {
	if low == high {
		return result.Quantity(low, unit)
	}
	if text := result.Quantity(low, unit); text == result.Quantity(high, unit) {
		return text + " ± " + result.Quantity((high-low)/2, unit)
	}
	return result.QuantityInterval(result.Interval{Low: low, High: high}, unit)
}

// words say what missed in a scenario, what is grossly off first, then what was
// missed, by how unlikely it is.
func (s *Scenario) words() []string {
	out := []string{}
	switch {
	case s.Verdict != NoData:
	case s.Repetitions < leastRepetitions:
		return append(out, fmt.Sprintf("No data: %s; at least %d are needed, because a single one cannot be told from a mishap.",
			plural(s.Repetitions, "repetition"), leastRepetitions))
	case s.Replications < leastSamples:
		return append(out, fmt.Sprintf("No data: %s; at least %d are needed for an interval of 95 %%.",
			plural(s.Replications, "replication"), leastSamples))
	default:
		return append(out, "No data: nothing was observed on both sides that could have come out otherwise.")
	}
	if s.Verdict == Fail && s.AdjustedP <= scenarioLevel {
		out = append(out, fmt.Sprintf("%d of %d values are covered where at least %d should be.",
			s.Summary.Covered, s.Summary.Values, s.Summary.LeastCovered))
	}
	var missed []*Row
	for i := range s.Rows {
		if s.Rows[i].Words != "" {
			missed = append(missed, &s.Rows[i])
		}
	}
	slices.SortStableFunc(missed, func(a, b *Row) int {
		switch {
		case a.P < b.P:
			return -1
		case a.P > b.P:
			return 1
		}
		return 0
	})
	for _, r := range missed {
		lead := "Missed: "
		if r.Verdict == Fail {
			lead = "Grossly off: "
		}
		out = append(out, lead+r.Words+".")
	}
	return out
}

// words are the verdict in sentences.
func (v *Verification) words() []string {
	p := &v.Pooled
	out := []string{}
	if p.Values > 0 {
		out = append(out, fmt.Sprintf("%s of %s lie in their 95 %% prediction interval (%s); fewer than %s would fail.",
			result.Number(float64(p.Covered)), plural(p.Values, "measured value"), result.Percent(float64(p.Share)), result.Number(float64(p.LeastCovered))))
	}
	gross, failed, lacking := 0, []string{}, []string{}
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		for k := range s.Rows {
			if s.Rows[k].Verdict == Fail {
				gross++
			}
		}
		switch s.Verdict {
		case Fail:
			failed = append(failed, s.Name)
		case NoData:
			lacking = append(lacking, s.Name)
		case Pass, Inconclusive:
		}
	}
	if v.Judged == JudgedPooled {
		out = append(out, "Judged by everything together alone.")
	}
	if gross > 0 {
		out = append(out, fmt.Sprintf("%s grossly off, which chance does to any row in at most 1 of 100 right models.", plural(gross, "row")+areIs(gross)))
	}
	if len(failed) > 0 && len(v.Scenarios) > 1 {
		out = append(out, "Failed: "+strings.Join(failed, ", ")+".")
	}
	if len(lacking) > 0 {
		out = append(out, "No data: "+strings.Join(lacking, ", ")+".")
	}
	if u := p.Undisturbed; u != nil && u.Values > 0 {
		out = append(out, fmt.Sprintf("Without the disturbed repetitions %s of %s (%s).",
			result.Number(float64(u.Covered)), result.Number(float64(u.Values)), result.Percent(float64(u.Covered)/float64(u.Values))))
	}
	if !math.IsNaN(float64(p.RelativeError)) {
		out = append(out, fmt.Sprintf("Medians are off by %s in the median.", result.Percent(float64(p.RelativeError))))
	}
	return append(out, "A right model fails at most once in 20 such verifications.")
}

func areIs(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return result.Number(float64(n)) + " " + what + "s"
}
