package compare

import (
	"math"
	"slices"
	"strings"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A law draws what one repetition observes, metric by metric; the first draw is
// of the machine, which all repetitions of a Set share.
type law func(machine *rng.Stream, repetition *rng.Stream) map[string][]float64

// draw makes a Set of n repetitions.
func draw(t *testing.T, origin result.Origin, seed uint64, n int, f law) *result.Set {
	t.Helper()
	machine := rng.New(seed, "test", "machine")
	values := map[string][][]float64{} // metric → column → repetition
	for i := range n {
		m := machine // every repetition has the same machine
		stream := rng.New(rng.Derive(seed, uint64(i)), "test", "repetition")
		for name, row := range f(&m, &stream) {
			if values[name] == nil {
				values[name] = make([][]float64, len(row))
			}
			for c, v := range row {
				values[name][c] = append(values[name][c], v)
			}
		}
	}
	return setOf(t, origin, seed, n, values)
}

// setOf makes a Set of samples.
func setOf(t *testing.T, origin result.Origin, seed uint64, n int, values map[string][][]float64) *result.Set {
	t.Helper()
	s := &result.Set{Header: result.Header{Origin: origin, Plane: "test", Scenario: "scenario", SpecSHA256: "abc", Seed: seed}, Replications: n}
	for name, columnValues := range values {
		base, _ := result.SplitName(name)
		known, found := scenarios.MetricByName(base)
		if !found {
			t.Fatalf("no metric %s", name)
		}
		m := result.Metric{Name: name, Unit: known.Unit, Kind: known.Kind, Mean: math.NaN(), CI95: result.NoInterval()}
		for c, column := range columns(known.Kind) {
			m.Samples = append(m.Samples, result.Column{Name: column, Values: columnValues[c]})
		}
		s.Metrics = append(s.Metrics, m)
	}
	slices.SortFunc(s.Metrics, func(a, b result.Metric) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// named gives a Set another scenario's name.
func named(s *result.Set, name string) *result.Set {
	s.Scenario = name
	return s
}

// failover is the law of a broker crash, as kafka.md J.13 has it for a session
// timeout of 9 s: metrics that hang together through the instant of the
// election, some of their own, and some that are always 0.
func failover(session float64) law {
	return func(_, s *rng.Stream) map[string][]float64 {
		away := session - 2*s.Float64() + 1.125*s.Float64()
		stall := away + 0.1*s.Exp()
		lost := math.Floor(20 * s.Exp() * s.Float64())
		latency := 0.005 * math.Exp(0.1*s.Norm())
		generated := 60_000 + math.Round(245*s.Norm())
		return map[string][]float64{
			"records.generated":               {generated},
			"records.generated{topic=events}": {generated},
			"records.acked":                   {generated},
			"records.lost.acked":              {lost},
			"records.lost.buffer":             {0},
			"records.lost.retention":          {0},
			"elections.clean":                 {1},
			"elections.unclean":               {0},
			"isr.shrinks":                     {1 + math.Floor(1.3*s.Float64())},
			"produce.stall":                   {stall},
			"leaderless.time":                 {4 * away},
			"under_replicated.time":           {4*away + 20 + s.Exp()},
			"produce.availability":            {1 - 4*away/720},
			"leader.failover":                 {away, away, away, away},
			"produce.latency":                 {latency, latency * (4 + s.Exp()), stall, latency * 3 * (1 + s.Float64())},
			"delivery.latency":                {2 * latency, latency * (8 + s.Exp()), stall + 0.2*s.Exp(), latency * 5 * (1 + s.Float64())},
			"lag.records":                     {0, 800 * stall, 1000 * stall, 90 * stall},
			"network.in":                      {1e6, 1e6, 1e6, 1e6},
		}
	}
}
