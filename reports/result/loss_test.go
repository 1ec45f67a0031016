package result_test

import (
	"math"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// near reports whether two numbers agree to the five digits of a hand
// computation; NaN agrees with NaN.
func near(got, want float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(got)
	}
	return math.Abs(got-want) <= 5e-6*math.Max(1, math.Abs(want)) || math.Abs(got-want) <= 5e-5*math.Abs(want)
}

func metricOf(t *testing.T, s *result.Set, name string) *result.Metric {
	t.Helper()
	m, found := s.Metric(name)
	if !found {
		t.Fatalf("no metric %s", name)
	}
	return m
}

// runs makes n runs of 40,000 acknowledged and delivered records each, of which
// lost[i] are lost in run i, with a bound on what can be lost unless it is NaN.
func runs(n int, bound float64, lost ...float64) []*resulttest.Run {
	out := make([]*resulttest.Run, n)
	for i := range out {
		l := 0.0
		if i < len(lost) {
			l = lost[i]
		}
		out[i] = resulttest.NewRun().Count("acked", 40000).Count("delivered", 40000-l).Count("lost.acked", l)
		if !math.IsNaN(bound) {
			out[i].Value("loss.bound.acked", bound)
		}
	}
	return out
}

// The numbers were computed by hand: 0.05^(1/20) = 0.860892, so that 20
// replications without a loss leave P(loss) ≤ 0.139108.
func TestNoLossSeenIsABoundOnNines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		n         int
		bound     float64
		wantNines float64
		wantLost  float64 // upper end of the mean loss a replication
	}{
		{"a bound of 1000 records", 20, 1000, 2.458647, 139.108}, // 0.139108 · 1000/40000 = 0.00347770
		{"no bound known: all may go", 20, math.NaN(), 0.856648, 5564.32},
		{"a bound of none counts as one record", 20, 0, 5.458647, 0.139108},
		{"a bound above what there is", 20, 1e9, 0.856648, 5564.32},
		{"one replication", 1, 1000, 1.624337, 950},    // 0.95 · 0.025
		{"two hundred", 200, 1000, 3.429835, 14.86699}, // 1 − 0.05^(1/200) = 0.01486699
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := resulttest.Set(t, resulttest.Header(), runs(c.n, c.bound)...)
			nines := metricOf(t, s, "durability.acked.nines")
			if !nines.Bound || math.Abs(nines.Mean-c.wantNines) > 2e-4 || nines.CI95.Low != nines.Mean || !math.IsNaN(nines.CI95.High) {
				t.Errorf("nines = %v %v, bound %v; want the bound %v and no upper end", nines.Mean, nines.CI95, nines.Bound, c.wantNines)
			}
			for i, v := range nines.Column("value") {
				if !math.IsNaN(v) {
					t.Errorf("sample %d = %v, want none where nothing was lost", i, v)
				}
			}
			kept := metricOf(t, s, "durability.acked")
			if kept.Mean != 1 || kept.CI95.High != 1 || !near(1-kept.CI95.Low, math.Pow(10, -nines.Mean)) {
				t.Errorf("durability = %v %v, want 1 down to what the nines say", kept.Mean, kept.CI95)
			}
			lost := metricOf(t, s, "records.lost.acked")
			if lost.Mean != 0 || lost.CI95.Low != 0 || !near(lost.CI95.High, c.wantLost) {
				t.Errorf("lost = %v %v, want 0 up to %v", lost.Mean, lost.CI95, c.wantLost)
			}
		})
	}
}

// Four replications, one of which lost 40 of 40,000. The share is 40/160000 =
// 0.00025. Residuals are 30, −10, −10, −10 records, their standard error 10, and
// t with 3 degrees of freedom 3.18245: up to (10+31.8245)/40000 = 0.00104561.
func TestALossSeenIsARatioOfTotals(t *testing.T) {
	t.Parallel()
	s := resulttest.Set(t, resulttest.Header(), runs(4, 1000, 0, 40)...)
	nines := metricOf(t, s, "durability.acked.nines")
	if nines.Bound || !near(nines.Mean, 3.60206) || !near(nines.CI95.Low, 2.98063) || !math.IsNaN(nines.CI95.High) {
		t.Errorf("nines = %v %v bound %v, want 3.60206 from 2.98063, open above", nines.Mean, nines.CI95, nines.Bound)
	}
	want := []float64{math.NaN(), 3, math.NaN(), math.NaN()}
	for i, v := range nines.Column("value") {
		if !near(v, want[i]) {
			t.Errorf("sample %d = %v, want %v", i, v, want[i])
		}
	}
	kept := metricOf(t, s, "durability.acked")
	if !near(1-kept.Mean, 0.00025) || !near(1-kept.CI95.Low, 0.00104561) || kept.CI95.High != 1 {
		t.Errorf("durability = %v %v", kept.Mean, kept.CI95)
	}
	p := metricOf(t, s, "loss.probability")
	// Clopper and Pearson, 1 of 4: 0.00631 … 0.80588.
	if p.Mean != 0.25 || !near(p.CI95.Low, 0.0063095) || !near(p.CI95.High, 0.805880) {
		t.Errorf("loss.probability = %v %v", p.Mean, p.CI95)
	}
}

func TestEndToEndCountsEveryLossAndKnowsNoBound(t *testing.T) {
	t.Parallel()
	run := func() *resulttest.Run {
		return resulttest.NewRun().Count("acked", 900).Count("delivered", 900).Value("loss.bound.acked", 1)
	}
	none := resulttest.Set(t, resulttest.Header(), run(), run())
	// 1 − 0.05^(1/2) = 0.776393 of everything.
	if m := metricOf(t, none, "durability.end_to_end.nines"); !m.Bound || !near(m.Mean, 0.109918) {
		t.Errorf("nines without a loss = %v, bound %v", m.Mean, m.Bound)
	}
	some := resulttest.Set(t, resulttest.Header(), run().Count("lost.buffer", 60).Count("lost.expired", 40), run())
	if m := metricOf(t, some, "durability.end_to_end"); !near(m.Mean, 1-100.0/1900) {
		t.Errorf("durability.end_to_end = %v, want 1 − 100/1900", m.Mean)
	}
	if m := metricOf(t, some, "durability.acked"); m.Mean != 1 {
		t.Errorf("durability.acked = %v, want 1: nothing acknowledged was lost", m.Mean)
	}
}

func TestLossesWithLabels(t *testing.T) {
	t.Parallel()
	a := runs(2, 1000)
	for i, r := range a {
		r.Value("records.acked{topic=t}", 20000).Value("records.lost.acked{topic=t}", float64(20*i))
		r.Value("records.acked{topic=u}", 20000).Value("records.lost.acked{topic=u}", 0)
	}
	s := resulttest.Set(t, resulttest.Header(), a...)
	if m := metricOf(t, s, "durability.acked.nines{topic=t}"); m.Bound || !near(m.Mean, -math.Log10(20.0/40000)) {
		t.Errorf("t: %v, bound %v", m.Mean, m.Bound)
	}
	// The whole run's bound holds for its part: 0.776393 · 1000/20000.
	if m := metricOf(t, s, "durability.acked.nines{topic=u}"); !m.Bound || !near(m.Mean, 1.410948) {
		t.Errorf("u: %v, bound %v", m.Mean, m.Bound)
	}
	if _, found := s.Metric("durability.end_to_end{topic=t}"); found {
		t.Error("end to end was made up without the counts of every loss")
	}
}

func TestNothingAcknowledgedIsNoData(t *testing.T) {
	t.Parallel()
	s := resulttest.Set(t, resulttest.Header(), resulttest.NewRun().Count("delivered", 5), resulttest.NewRun())
	for _, name := range []string{"durability.acked", "durability.acked.nines", "loss.probability"} {
		if m := metricOf(t, s, name); !math.IsNaN(m.Mean) || m.CI95.Known() || m.Bound {
			t.Errorf("%s = %v %v, want no data", name, m.Mean, m.CI95)
		}
	}
}
