package scenarios

// Bet reports whether a metric counts when predictions are held against
// measurements (design section 10): what a user relies on. The others are
// informational: what follows from metrics that count (durability, loss), and
// what says how busy or how dear the machines were.
func (m Metric) Bet() bool {
	switch m.Name {
	case "durability.acked", "durability.acked.nines",
		"durability.end_to_end", "durability.end_to_end.nines",
		"loss.probability", "loss.bound.acked",
		"consumers.members", "consumers.time",
		"network.in", "network.out", "disk.write", "broker.utilization":
		return false
	}
	return true
}
