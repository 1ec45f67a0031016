package result_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/sim/rng"
	"kafkasim/sim/stats"
)

func TestRecordsAreConservedOrRefused(t *testing.T) {
	t.Parallel()
	b := result.NewBuilder(resulttest.Header())
	good := resulttest.NewRun().Count("delivered", 90).Count("lost.expired", 7).Count("in_flight_at_end", 3).Count("acked", 95)
	if err := b.Add(good.Replication(0)); err != nil {
		t.Fatal(err)
	}
	err := b.Add(good.Count("generated", 101).Replication(1))
	want := "replication 1 does not conserve records: 101 generated, 100 accounted for (records.delivered 90, records.lost.expired 7, records.in_flight_at_end 3)"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
	if n := b.Set().Replications; n != 1 {
		t.Errorf("%d replications after a refusal, want 1", n)
	}
}

// without drops an observation.
func without(r result.Replication, name string) result.Replication {
	r.Observations = slices.DeleteFunc(r.Observations, func(o result.Observation) bool { return o.Name == name })
	return r
}

func TestBuilderRefuses(t *testing.T) {
	t.Parallel()
	run := func() *resulttest.Run { return resulttest.NewRun().Count("delivered", 1).Value("produce.stall", 2) }
	header := resulttest.Header()
	header.Grid = result.Grid{Step: time.Second, Count: 2}
	series := func(values ...float64) *resulttest.Run { return run().Series("rate", values...) }
	for _, c := range []struct {
		name          string
		first, second result.Replication
		want          string
	}{
		{"an index that does not grow", series(1, 2).Replication(4), series(1, 2).Replication(4), "replication 4 was added after replication 4"},
		{"another number of observations", series(1, 2).Replication(0), without(series(1, 2).Replication(1), "produce.stall"), "has 16 observations"},
		{"another observation", series(1, 2).Replication(0), without(series(1, 2).Value("fencings", 0).Replication(1), "produce.stall"), "observed fencings where the first observed produce.stall"},
		{"a series off the grid", series(1, 2).Replication(0), series(1, 2, 3).Replication(1), "the grid has 2 instants"},
		{"a missing end of records", without(series(1, 2).Replication(0), "records.lost.skipped"), result.Replication{}, "replication 0 has no records.lost.skipped"},
		{"half a record", series(1, 2).Count("lost.buffer", 0.5).Replication(0), result.Replication{}, "not a whole number"},
		{"an unknown metric", series(1, 2).Value("produce.lateness", 1).Replication(0), result.Replication{}, "produce.lateness, which is not in the catalogue"},
		{"a derived metric", series(1, 2).Value("durability.acked.nines", 1).Replication(0), result.Replication{}, "follows from other metrics"},
		{"a metric twice", series(1, 2).Value("fencings", 1).Value("fencings", 1).Replication(0), result.Replication{}, "observed fencings twice"},
		{"a series twice", series(1, 2).Series("rate", 1, 2).Replication(0), result.Replication{}, `the series "rate" stands twice`},
		{"an infinite gauge", series(1, 2).Value("lag.drain", math.Inf(1)).Replication(0), result.Replication{}, "the gauge lag.drain is +Inf"},
		{"a ratio above 1", series(1, 2).Ratio("produce.availability", 3, 2).Replication(0), result.Replication{}, "the ratio produce.availability is 3 of 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := result.NewBuilder(header)
			err := b.Add(c.first)
			if c.second.Observations != nil {
				if err != nil {
					t.Fatal(err)
				}
				err = b.Add(c.second)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
		})
	}
}

func TestKindsAreSummarized(t *testing.T) {
	t.Parallel()
	var all []*resulttest.Run
	for i := range 4 {
		r := resulttest.NewRun().Value("fencings", float64(i)).Ratio("produce.availability", float64(3*i), float64(4*i))
		if i == 2 {
			r.Value("lag.drain", math.NaN()).Distribution("leader.failover")
		} else {
			r.Value("lag.drain", 10*float64(i)).Distribution("leader.failover", int64(i+1)*1e9, int64(i+1)*3e9)
		}
		all = append(all, r)
	}
	s := resulttest.Set(t, resulttest.Header(), all...)

	// 0, 1, 2, 3: mean 1.5, standard error 0.645497, t with 3 degrees 3.182446;
	// the interval does not go below 0, where no count is.
	if m := metricOf(t, s, "fencings"); m.Kind != result.Count || m.Mean != 1.5 || m.CI95.Low != 0 || !near(m.CI95.High, 3.554260) {
		t.Errorf("count: %v %v", m.Mean, m.CI95)
	}
	// 0, 10, 30: mean 13.3333, standard error 8.819171, t with 2 degrees 4.302653.
	if m := metricOf(t, s, "lag.drain"); !near(m.Mean, 13.333333) || !near(m.CI95.High, 51.279166) || !math.IsNaN(m.Column("value")[2]) {
		t.Errorf("gauge with a gap: %v %v %v", m.Mean, m.CI95, m.Column("value"))
	}
	// 0 of 0 is nothing to observe; the rest is 3/4 each.
	if m := metricOf(t, s, "produce.availability"); m.Mean != 0.75 || !math.IsNaN(m.Column("value")[0]) || m.CI95 != (result.Interval{Low: 0.75, High: 0.75}) {
		t.Errorf("ratio: %v %v %v", m.Mean, m.CI95, m.Column("value"))
	}
	m := metricOf(t, s, "leader.failover")
	// 1, 3, 2, 6, 4, 12 s: mean 28/6. Residuals of the ratio of totals
	// (4 − 9.3333, 8 − 9.3333, 16 − 9.3333), standard error 3.527668/2.
	if !near(m.Mean, 28.0/6) || !near(m.CI95.High, 28.0/6+4.302653*3.527668/2) || m.CI95.Low != 0 {
		t.Errorf("distribution: %v %v", m.Mean, m.CI95)
	}
	if got := m.Column("max"); got[0] != 3 || got[1] != 6 || !math.IsNaN(got[2]) || got[3] != 12 {
		t.Errorf("max samples, in seconds: %v", got)
	}
	if q := m.Quantiles[len(m.Quantiles)-1]; q.P != 1 || q.Value != 12 {
		t.Errorf("last quantile: %+v, want the maximum 12 s", q)
	}
}

func TestLedgerHasMeansAndTotals(t *testing.T) {
	t.Parallel()
	s := resulttest.Set(t, resulttest.Header(), runs(4, 1000, 0, 40)...)
	for _, e := range s.Ledger {
		switch e.Name {
		case "records.generated":
			if e.Mean != 40000 || e.Total != 160000 {
				t.Errorf("generated: %+v", e)
			}
		case "records.lost.acked":
			if e.Mean != 10 || e.Total != 40 {
				t.Errorf("lost: %+v", e)
			}
		}
	}
	if len(s.Ledger) != len(result.LedgerNames()) {
		t.Errorf("%d entries of %d", len(s.Ledger), len(result.LedgerNames()))
	}
}

func TestSeriesAndWarningsOverReplications(t *testing.T) {
	t.Parallel()
	h := resulttest.Header()
	h.Grid = result.Grid{Start: time.Second, Step: 500 * time.Millisecond, Count: 3}
	nan := math.NaN()
	s := resulttest.Set(t, h,
		resulttest.NewRun().Series("b", 1, nan, nan).Series("a", 0, 0, 0).Warn("same").Warn("same").Warn("once"),
		resulttest.NewRun().Series("b", 4, 2, nan).Series("a", 0, 0, 0).Warn("same"))
	if s.Series[0].Name != "a" || s.Series[1].Name != "b" {
		t.Fatalf("series %+v, want them by name", s.Series)
	}
	b := s.Series[1]
	if b.Mean[0] != 2.5 || b.Min[0] != 1 || b.Max[0] != 4 || b.Mean[1] != 2 || !math.IsNaN(b.Max[2]) {
		t.Errorf("series %+v", b)
	}
	if want := []string{"same (in 2 of 2 replications)", "once (in 1 of 2 replications)"}; !slices.Equal(s.Warnings, want) {
		t.Errorf("warnings %q, want %q", s.Warnings, want)
	}
}

// However many replications there are, the pooled quantiles are those of
// everything, and sketches stay few.
func TestPoolingMergesNeighboursWithoutLosingAnything(t *testing.T) {
	t.Parallel()
	b := result.NewBuilder(resulttest.Header())
	whole := new(stats.Sketch)
	stream := rng.New(1, "pooling", "values")
	for i := range 1500 {
		v := int64(stream.Uint64N(1500)) * 1e6
		whole.Add(v, 1)
		if err := b.Add(resulttest.NewRun().Distribution("produce.latency", v).Replication(i)); err != nil {
			t.Fatal(err)
		}
	}
	s := b.Set()
	m := metricOf(t, s, "produce.latency")
	for _, q := range m.Quantiles {
		if want := whole.Quantile(q.P) / 1e9; q.Value != want {
			t.Errorf("quantile %v = %v, everything in one sketch gives %v", q.P, q.Value, want)
		}
	}
	e := s.Quantile(m, 0.5)
	if e.Replications != 1500 || !(e.CI95.Low < e.Value && e.Value < e.CI95.High) {
		t.Errorf("median %+v", e)
	}
	// One uniform value a replication: the median of 1500 has a standard error of
	// 0.5/√1500 of the range of 1.5 s, so the interval is 76 ms wide; resampling
	// and its 375 groups blur that by less than a fifth.
	if width := e.CI95.High - e.CI95.Low; width < 0.061 || width > 0.091 {
		t.Errorf("interval %v is %v s wide", e.CI95, width)
	}
}

// A Set is finished: replications that the Builder takes later are not in it.
func TestASetDoesNotChangeWhenTheBuilderGoesOn(t *testing.T) {
	t.Parallel()
	b := result.NewBuilder(resulttest.Header())
	add := func(from, to int) {
		for i := from; i < to; i++ {
			run := resulttest.NewRun().Distribution("produce.latency", int64(i+1)*1e6).Value("fencings", float64(i))
			if err := b.Add(run.Replication(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(0, 601) // past the number of groups, so that the last one is not full
	s := b.Set()
	text, quantile, least := written(t, s), s.Quantile(metricOf(t, s, "produce.latency"), 0.9), s.Least(metricOf(t, s, "produce.latency"))
	add(601, 1400)
	if written(t, s) != text {
		t.Error("the JSON changed")
	}
	if again := s.Quantile(metricOf(t, s, "produce.latency"), 0.9); again != quantile {
		t.Errorf("the quantile was %+v and is %+v", quantile, again)
	}
	if again := s.Least(metricOf(t, s, "produce.latency")); again != least {
		t.Errorf("the minimum was %+v and is %+v", least, again)
	}
	if n := b.Set().Replications; n != 1400 {
		t.Errorf("the Builder has %d replications", n)
	}
}
