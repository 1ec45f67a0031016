package scenarios

// MetricKind says how values of a metric are gathered and judged.
type MetricKind uint8

// Metric kinds. Counts and gauges have one value a replication; a ratio is a
// ratio of totals; a distribution has many values a replication.
const (
	Count MetricKind = iota + 1
	Ratio
	Gauge
	DistributionKind
)

// String is the kind as the result's JSON has it.
func (k MetricKind) String() string {
	switch k {
	case Count:
		return "count"
	case Ratio:
		return "ratio"
	case Gauge:
		return "gauge"
	case DistributionKind:
		return "distribution"
	}
	return "unknown"
}

// A Metric is a row of the catalogue of what a result holds.
type Metric struct {
	Name    string
	Unit    string // "records", "s", "ratio", "bytes/s", "nines", "members", "member-seconds" or "" for a count of events
	Kind    MetricKind
	Labels  []string // that its name may carry, as in lag.records{group=viewing-history}
	Worst   bool     // without a label it is the worst of all labels; else their total or pool
	Meaning string
}

// MetricByName finds a metric by its name without labels.
func MetricByName(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Metrics is the catalogue: every metric of a result, in the order in which
// reports list them (design section 6).
func Metrics() []Metric {
	return append(append(ledgerMetrics(), durabilityMetrics()...), timeMetrics()...)
}

func ledgerMetrics() []Metric {
	record := func(name, meaning string, labels ...string) Metric {
		return Metric{Name: name, Unit: "records", Kind: Count, Labels: labels, Meaning: meaning}
	}
	return []Metric{
		record("records.generated", "offered by applications", "cluster", "topic", "producer"),
		record("records.acked", "the producer reported success", "cluster", "topic", "producer"),
		record("records.delivered", "distinct records processed by every group that should", "cluster", "topic", "producer"),
		record("records.lost.acked", "acknowledged, then gone from the log for good before every group read them", "cluster", "topic", "producer"),
		record("records.lost.buffer", "dropped because the client buffer was full", "cluster", "topic", "producer"),
		record("records.lost.expired", "the producer gave up, and the record is not in the log", "cluster", "topic", "producer"),
		record("records.lost.unconfirmed", "sent with acks=0 and not in the log at the end, unread", "cluster", "topic", "producer"),
		record("records.lost.client_crash", "in the memory of a producer that died, or offered while it was down", "cluster", "topic", "producer"),
		record("records.lost.retention", "deleted before a group read them", "cluster", "topic", "producer"),
		record("records.lost.skipped", "committed before processing, then never processed", "cluster", "topic", "producer"),
		record("records.in_flight_at_end", "in a buffer, or in the log and not yet processed, when the run ends", "cluster", "topic", "producer"),
		record("records.truncated", "acknowledged records removed from the log, read before or not", "cluster", "topic", "producer"),
		record("records.phantom", "reported failed, yet in the log", "cluster", "topic", "producer"),
		record("records.duplicated.produced", "written twice", "cluster", "topic", "producer"),
		record("records.duplicated.consumed", "processed twice", "cluster", "topic", "group"),
		record("records.out_of_order", "delivered after a later one of the same partition or key", "cluster", "topic", "group"),
	}
}

func durabilityMetrics() []Metric {
	return []Metric{
		{"durability.acked", "ratio", Ratio, []string{"cluster", "topic", "producer"}, false, "1 − lost.acked / acked"},
		{"durability.acked.nines", "nines", Gauge, []string{"cluster", "topic", "producer"}, false, "−log10(lost.acked / acked)"},
		{"durability.end_to_end", "ratio", Ratio, []string{"cluster", "topic", "producer"}, false, "1 − Σ lost.* / generated"},
		{"durability.end_to_end.nines", "nines", Gauge, []string{"cluster", "topic", "producer"}, false, "−log10(Σ lost.* / generated)"},
		{"loss.probability", "ratio", Ratio, []string{"cluster", "topic", "producer"}, false, "share of replications in which any acknowledged record was lost"},
		{"loss.bound.acked", "records", Gauge, []string{"cluster", "topic", "producer"}, false, "the closed-form worst case for the replication's faults: never exceeded"},
	}
}

func timeMetrics() []Metric {
	event := func(name, meaning string) Metric {
		return Metric{Name: name, Kind: Count, Labels: []string{"cluster", "topic"}, Meaning: meaning}
	}
	writer, partition, group, broker := []string{"cluster", "topic", "producer"}, []string{"cluster", "topic"}, []string{"group"}, []string{"cluster", "broker"}
	return []Metric{
		{"produce.latency", "s", DistributionKind, writer, false, "from generated to acknowledged, over records"},
		{"delivery.latency", "s", DistributionKind, []string{"cluster", "topic", "group"}, false, "from generated to processed, over records"},
		{"produce.stall", "s", Gauge, partition, true, "longest gap without an acknowledgement on a partition while an offered record waits for one"},
		{"produce.availability", "ratio", Ratio, partition, false, "share of partition-time in which a write at the producer's acks would be accepted"},
		{"leaderless.time", "s", Gauge, partition, false, "partition-time without a leader"},
		{"under_replicated.time", "s", Gauge, partition, false, "partition-time with fewer replicas in sync than assigned"},
		{"under_min_isr.time", "s", Gauge, partition, false, "partition-time with fewer replicas in sync than min.insync.replicas"},
		event("elections.clean", "a new leader from the ISR or the ELR"),
		event("elections.unclean", "a new leader from outside both"),
		event("isr.shrinks", "a replica left the ISR"),
		event("isr.expands", "a replica joined the ISR"),
		{"fencings", "", Count, []string{"cluster"}, false, "a broker was fenced"},
		{"leader.failover", "s", DistributionKind, partition, false, "from the fault to the registration of a new leader, for each partition that needed one"},
		{"lag.records", "records", DistributionKind, group, true, "high watermark minus processed position, over time"},
		{"lag.time", "s", DistributionKind, group, true, "age of the oldest record not yet processed, over time"},
		{"lag.committed", "records", DistributionKind, group, true, "high watermark minus committed offset, over time: what autoscalers see"},
		{"lag.drain", "s", Gauge, group, true, "from the peak of the lag back to its steady level"},
		{"rebalances", "", Count, group, false, "rebalances of a group"},
		{"rebalance.pause", "s", Gauge, group, true, "longest time a partition had no owner that consumes"},
		{"consumers.members", "members", DistributionKind, group, false, "members of a group, over time"},
		{"consumers.time", "member-seconds", Gauge, group, false, "member-time used: the cost of consumers"},
		{"network.in", "bytes/s", DistributionKind, broker, true, "received by a broker, over time"},
		{"network.out", "bytes/s", DistributionKind, broker, true, "sent by a broker, over time"},
		{"disk.write", "bytes/s", DistributionKind, broker, true, "written by a broker, over time"},
		{"broker.utilization", "ratio", Gauge, []string{"cluster", "broker", "resource"}, true, "of the busiest resource of a broker"},
	}
}

// resources are the values of the label resource.
func resources() []string { return []string{"cpu", "network", "disk"} }
