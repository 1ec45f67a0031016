package result_test

import (
	"math"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/sim/rng"
)

// gauge makes a set whose replications have these values of produce.stall.
func gauge(t *testing.T, values ...float64) (*result.Set, *result.Metric) {
	t.Helper()
	var all []*resulttest.Run
	for _, v := range values {
		all = append(all, resulttest.NewRun().Value("produce.stall", v))
	}
	s := resulttest.Set(t, resulttest.Header(), all...)
	return s, metricOf(t, s, "produce.stall")
}

// upTo are the numbers 1..n in an order that is not theirs; n must not be a
// multiple of 7.
func upTo(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i*7%n + 1)
	}
	return out
}

func interval(low, high float64) result.Interval { return result.Interval{Low: low, High: high} }

func sameInterval(a, b result.Interval) bool { return near(a.Low, b.Low) && near(a.High, b.High) }

// The ranks of the confidence limits of a median are tabled, for instance in
// Conover, Practical Nonparametric Statistics, 1999: 6 and 15 of 20. The others
// were computed from the binomial distribution.
func TestQuantilesOverReplicationsAreOrderStatistics(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, c := range []struct {
		n    int
		q    float64
		want float64
		ci   result.Interval
	}{
		{20, 0.5, 10, interval(6, 15)},
		{6, 0.5, 3, interval(1, 6)},
		{5, 0.5, 3, interval(nan, nan)},
		{20, 0.99, 20, interval(19, nan)}, // 0.99^20 = 0.82: nothing beyond the greatest is seen
		{20, 0.01, 1, interval(nan, 2)},
		{369, 0.99, 366, interval(361, 369)}, // 0.99^369 = 0.0245
		{1, 0.5, 1, interval(nan, nan)},
	} {
		s, m := gauge(t, upTo(c.n)...)
		if e := s.Quantile(m, c.q); e.Value != c.want || !sameInterval(e.CI95, c.ci) || e.Replications != c.n {
			t.Errorf("%v-quantile of %d: %+v, want %v %v", c.q, c.n, e, c.want, c.ci)
		}
	}
}

// (17/20)^20 = 0.0388 and (16/20)^20 = 0.0115: the 2.5 % point of the greatest of
// 20 drawn from 20 is the 17th.
func TestExtremes(t *testing.T) {
	t.Parallel()
	s, m := gauge(t, upTo(20)...)
	if e := s.Greatest(m); e.Value != 20 || e.CI95 != interval(17, 20) {
		t.Errorf("greatest: %+v", e)
	}
	if e := s.Least(m); e.Value != 1 || e.CI95 != interval(1, 4) {
		t.Errorf("least: %+v", e)
	}
	s, m = gauge(t, 3, 1, math.NaN(), 2)
	if e := s.Greatest(m); e.Value != 3 || e.Replications != 3 || e.CI95.Known() {
		t.Errorf("greatest of 3 with a gap: %+v", e)
	}
	s, m = gauge(t, math.NaN(), math.NaN())
	if e := s.Least(m); !math.IsNaN(e.Value) || e.Replications != 0 || e.CI95.Known() {
		t.Errorf("least of nothing: %+v", e)
	}
}

func TestExtremesOfADistributionArePooled(t *testing.T) {
	t.Parallel()
	var all []*resulttest.Run
	for i := range 20 {
		all = append(all, resulttest.NewRun().Distribution("lag.records", int64(100+i), int64(1000+i)))
	}
	s := resulttest.Set(t, resulttest.Header(), all...)
	m := metricOf(t, s, "lag.records")
	if e := s.Greatest(m); e.Value != 1019 || e.CI95 != interval(1016, 1019) {
		t.Errorf("greatest: %+v", e)
	}
	if e := s.Least(m); e.Value != 100 || e.CI95 != interval(100, 103) {
		t.Errorf("least: %+v", e)
	}
}

func TestSharesOfReplications(t *testing.T) {
	t.Parallel()
	s, m := gauge(t, upTo(20)...)
	// Clopper and Pearson: 1 − 0.025^(1/20) for none of 20.
	if e := s.Share(m, func(v float64) bool { return v > 20 }); e.Value != 0 || !sameInterval(e.CI95, interval(0, 0.168433)) {
		t.Errorf("none: %+v", e)
	}
	if e := s.Share(m, func(v float64) bool { return v > 18 }); e.Value != 0.1 || !sameInterval(e.CI95, interval(0.012349, 0.316983)) {
		t.Errorf("2 of 20: %+v", e)
	}
}

func TestNinesOfAReplicationThatLostNothingAreInfinite(t *testing.T) {
	t.Parallel()
	s := resulttest.Set(t, resulttest.Header(), runs(8, 1000, 40, 0, 400)...)
	m := metricOf(t, s, "durability.acked.nines")
	if e := s.Least(m); e.Value != 2 || e.Replications != 8 {
		t.Errorf("least nines: %+v, want the 2 of the worst replication", e)
	}
	if e := s.Greatest(m); !math.IsInf(e.Value, 1) {
		t.Errorf("greatest nines: %+v", e)
	}
	if e := s.Share(m, func(v float64) bool { return v >= 2.5 }); e.Value != 7.0/8 {
		t.Errorf("share with 2.5 nines: %+v", e)
	}
}

// clustered makes n replications of 40 values: a lognormal level a replication
// times a lognormal factor a value, so that values of a replication are alike.
func clustered(t *testing.T, seed uint64, n int) (*result.Set, *result.Metric) {
	t.Helper()
	stream := rng.New(seed, "cluster", "values")
	h := resulttest.Header()
	h.Seed = seed
	var all []*resulttest.Run
	for range n {
		level := 0.5 * stream.Norm()
		values := make([]int64, 40)
		for i := range values {
			values[i] = int64(1e6 * math.Exp(level+0.5*stream.Norm()))
		}
		all = append(all, resulttest.NewRun().Distribution("produce.latency", values...))
	}
	s := resulttest.Set(t, h, all...)
	return s, metricOf(t, s, "produce.latency")
}

// The true quantile is that of a lognormal with σ = √(0.5² + 0.5²). Over 200
// sets of 12 replications the interval should enclose it in 95 %; so few skewed
// replications cost a bootstrap a few of them. At least 87 % is demanded, 3
// standard errors (1.9 % each) below 93 %. An interval that took the 480 values
// as independent would cover about half.
func TestBootstrapCoversPooledQuantiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ q, z float64 }{{0.5, 0}, {0.9, 1.2815516}} {
		truth := 1e-3 * math.Exp(c.z*math.Sqrt(0.5))
		covered, width := 0, 0.0
		for seed := range uint64(200) {
			s, m := clustered(t, seed, 12)
			e := s.Quantile(m, c.q)
			if e.CI95.Low <= truth && truth <= e.CI95.High {
				covered++
			}
			width += (e.CI95.High - e.CI95.Low) / truth / 200
		}
		t.Logf("q %v: covered %d of 200, mean width %.2f of the value", c.q, covered, width)
		if covered < 174 || width > 1.5 {
			t.Errorf("q %v: covered %d of 200, mean width %.2f", c.q, covered, width)
		}
	}
}

func TestBootstrapIsTheSetsOwn(t *testing.T) {
	t.Parallel()
	s, m := clustered(t, 3, 8)
	first := s.Quantile(m, 0.99)
	if again := s.Quantile(m, 0.99); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	few, metric := clustered(t, 3, 5)
	if e := few.Quantile(metric, 0.99); e.CI95.Known() || math.IsNaN(e.Value) {
		t.Errorf("5 replications: %+v, want a value without an interval", e)
	}
}
