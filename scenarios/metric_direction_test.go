package scenarios_test

import (
	"testing"

	"kafkasim/scenarios"
)

// TestEveryMetricHasItsDirection lists the catalogue: a new metric must be thought
// about, because a gate fails for one that got worse.
func TestEveryMetricHasItsDirection(t *testing.T) {
	t.Parallel()
	want := map[string]scenarios.Direction{}
	for _, name := range []string{
		"records.lost.acked", "records.lost.buffer", "records.lost.expired", "records.lost.unconfirmed", "records.lost.client_crash",
		"records.lost.retention", "records.lost.skipped", "records.in_flight_at_end", "records.truncated", "records.phantom",
		"records.duplicated.produced", "records.duplicated.consumed", "records.out_of_order", "loss.probability", "loss.bound.acked",
		"produce.latency", "delivery.latency", "produce.stall", "leaderless.time", "under_replicated.time", "under_min_isr.time",
		"elections.unclean", "leader.failover", "lag.records", "lag.time", "lag.committed", "lag.drain", "rebalance.pause",
		"consumers.time", "broker.utilization",
	} {
		want[name] = scenarios.LessIsBetter
	}
	for _, name := range []string{
		"records.acked", "records.delivered", "durability.acked", "durability.acked.nines", "durability.end_to_end",
		"durability.end_to_end.nines", "produce.availability",
	} {
		want[name] = scenarios.MoreIsBetter
	}
	for _, name := range []string{
		"records.generated", "elections.clean", "isr.shrinks", "isr.expands", "fencings", "rebalances", "consumers.members",
		"network.in", "network.out", "disk.write",
	} {
		want[name] = scenarios.NoDirection
	}
	for _, m := range scenarios.Metrics() {
		direction, thought := want[m.Name]
		if !thought {
			t.Errorf("nobody has said which way %s gets better", m.Name)
		} else if got := m.Better(); got != direction {
			t.Errorf("%s: better is %q, want %q", m.Name, got, direction)
		}
	}
}
