package result

import "strings"

// SplitName splits a metric's name from its labels: lag.records{group=g} is
// "lag.records" and "{group=g}". Without labels the second part is empty.
func SplitName(name string) (base, labels string) {
	if i := strings.IndexByte(name, '{'); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// Names of metrics that the ledger's rules speak of (design section 6).
const (
	recordsGenerated = "records.generated"
	recordsAcked     = "records.acked"
	recordsDelivered = "records.delivered"
	recordsInFlight  = "records.in_flight_at_end"
	recordsLostAcked = "records.lost.acked"
	lossBoundAcked   = "loss.bound.acked"

	durabilityAcked    = "durability.acked"
	durabilityEndToEnd = "durability.end_to_end"
	lossProbability    = "loss.probability"
	ninesSuffix        = ".nines"
)

// LostNames are the counts that are the ends of a record that is not delivered.
func LostNames() []string {
	return []string{
		recordsLostAcked,
		"records.lost.buffer",
		"records.lost.expired",
		"records.lost.unconfirmed",
		"records.lost.client_crash",
		"records.lost.retention",
		"records.lost.skipped",
	}
}

// LedgerNames are the counts of the ledger in the order in which a person reads
// them: what was offered, its ends, and the counts that overlap with these.
func LedgerNames() []string {
	names := []string{recordsGenerated, recordsAcked, recordsDelivered}
	names = append(names, LostNames()...)
	return append(names,
		recordsInFlight,
		"records.truncated",
		"records.phantom",
		"records.duplicated.produced",
		"records.duplicated.consumed",
		"records.out_of_order",
	)
}
