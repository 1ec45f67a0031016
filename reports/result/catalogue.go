package result

import "strings"

// describe is the unit and the kind of a metric by its name with labels.
func describe(name string) (unit string, kind Kind, found bool) {
	base, _ := SplitName(name)
	switch base {
	case "produce.latency", "delivery.latency", "leader.failover", "lag.time":
		return "s", Distribution, true
	case "lag.records", "lag.committed":
		return "records", Distribution, true
	case "consumers.members":
		return "members", Distribution, true
	case "produce.availability", "durability.acked", "durability.end_to_end", "loss.probability":
		return "ratio", Ratio, true
	case "durability.acked.nines", "durability.end_to_end.nines":
		return "nines", Gauge, true
	case "loss.bound.acked":
		return "records", Gauge, true
	case "fencings", "rebalances":
		return "count", Count, true
	}
	switch {
	case strings.HasPrefix(base, "records."):
		return "records", Count, true
	case strings.HasPrefix(base, "elections."), strings.HasPrefix(base, "isr."):
		return "count", Count, true
	}
	return "s", Gauge, true
}
