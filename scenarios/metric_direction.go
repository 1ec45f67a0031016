package scenarios

import "strings"

// Direction says which way a metric gets better.
type Direction uint8

// The directions. Of a metric without one nobody can say that more or less of it
// is good in itself: what was offered, what the cluster did about a fault, and
// what it moved.
const (
	NoDirection Direction = iota
	LessIsBetter
	MoreIsBetter
)

// String is the direction as files spell it; "" for none.
func (d Direction) String() string {
	switch d {
	case LessIsBetter:
		return "less"
	case MoreIsBetter:
		return "more"
	case NoDirection:
	}
	return ""
}

// Better is the direction in which a metric gets better. Ends have one: records
// that are lost, late or written twice, time in which nobody can write, and what
// consumers cost. Means have none: an election or a rebalance more may be what
// keeps a stall short, and a shrunk ISR what keeps writes accepted.
func (m Metric) Better() Direction {
	switch m.Name {
	case "records.generated",
		"elections.clean", "isr.shrinks", "isr.expands", "fencings", "rebalances",
		"consumers.members", "network.in", "network.out", "disk.write":
		return NoDirection
	case "records.acked", "records.delivered", "produce.availability":
		return MoreIsBetter
	}
	if strings.HasPrefix(m.Name, "durability.") {
		return MoreIsBetter
	}
	return LessIsBetter
}
