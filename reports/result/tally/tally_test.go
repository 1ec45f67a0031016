package tally_test

import (
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

func TestPeak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lags    []int64 // a second apart; the first is that at the end of the warm-up
		drain   time.Duration
		drained bool
		held    bool
	}{
		"never any lag":              {lags: []int64{0, 0, 0}},
		"up and down":                {lags: []int64{0, 50, 100, 40, 11, 10, 0}, drain: 3 * time.Second, drained: true},
		"still up":                   {lags: []int64{0, 100, 20}, held: true},
		"a tenth above its level":    {lags: []int64{40, 140, 51, 50}, drain: 2 * time.Second, drained: true},
		"a higher peak after":        {lags: []int64{0, 10, 0, 30, 30, 3}, drain: 2 * time.Second, drained: true},
		"a higher peak and still up": {lags: []int64{0, 10, 0, 30}, held: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p tally.Peak
			for i, lag := range c.lags {
				p.Follow(time.Duration(i+1)*time.Second, lag, i == 0)
			}
			if d, ok := p.Drain(); d != c.drain || ok != c.drained || p.Held() != c.held {
				t.Errorf("drained in %v: %v, held %v; want %v, %v, %v", d, ok, p.Held(), c.drain, c.drained, c.held)
			}
		})
	}
}

func sketch(values ...int64) *stats.Sketch {
	s := new(stats.Sketch)
	for _, v := range values {
		s.Add(v, 1)
	}
	return s
}

// TestWhatHasNoLabel: a total of counts, the worst of times, a pool of values.
func TestWhatHasNoLabel(t *testing.T) {
	t.Parallel()
	s := tally.Sheet{
		Spec: &scenarios.Spec{
			Topics:    []scenarios.Topic{{Name: "a", Partitions: 2}, {Name: "b", Partitions: 1}},
			Producers: []scenarios.Producer{{Name: "p"}, {Name: "q", Topic: 1}},
			Groups:    []scenarios.Group{{Name: "g"}, {Name: "h"}},
		},
		Load:      10 * time.Second,
		Producers: []tally.Producer{{Records: tally.Records{Generated: 3}, Latency: sketch(1)}, {Records: tally.Records{Generated: 4}, Latency: sketch(5, 9)}},
		Topics: []tally.Topic{
			{Stall: time.Second, Unavailable: 6 * time.Second, Clean: 1, Failover: sketch(7)},
			{Stall: 3 * time.Second, Clean: 2},
		},
		Groups: []tally.Group{
			{Rebalances: 1, Pause: time.Second, Paused: true, LagRecords: sketch(8), Reads: []tally.Read{{Duplicated: 2}, {}}},
			{Rebalances: 1, LagRecords: sketch(4, 4, 4), Reads: []tally.Read{{}, {Duplicated: 5}}},
		},
	}
	seen := map[string]result.Observation{}
	for _, o := range s.Observations() {
		if _, twice := seen[o.Name]; twice {
			t.Errorf("%s is there twice", o.Name)
		}
		seen[o.Name] = o
	}
	for name, want := range map[string]float64{
		"records.generated": 7, "records.generated{topic=b}": 4, "produce.stall": 3, "elections.clean": 3, "rebalances": 2,
		"rebalance.pause": 1, "records.duplicated.consumed": 7, "records.duplicated.consumed{topic=b}": 5,
		"records.duplicated.consumed{group=g}": 2,
	} {
		if o := seen[name]; !o.Observed || o.Value != want {
			t.Errorf("%s = %v (observed %v), want %v", name, o.Value, o.Observed, want)
		}
	}
	if d := seen["produce.latency"].Distribution; d.Count() != 3 || d.Max() != 9 {
		t.Errorf("produce.latency pools %d values", d.Count())
	}
	if d := seen["lag.records"].Distribution; d.Count() != 1 || d.Max() != 8 {
		t.Error("lag.records is not that of the worst group")
	}
	if o := seen["produce.availability"]; o.Numerator != 24e9 || o.Denominator != 30e9 {
		t.Errorf("produce.availability %v of %v", o.Numerator, o.Denominator)
	}
	for _, name := range []string{"loss.bound.acked", "rebalance.pause{group=h}", "lag.drain", "broker.utilization", "leader.failover{topic=b}"} {
		if o, found := seen[name]; !found || o.Observed {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
