package result

// Kind says what a metric's values are.
type Kind uint8

// The kinds of a metric; the zero Kind is none of them.
const (
	Count        Kind = iota + 1 // whole things, one value a replication
	Gauge                        // one value a replication
	Ratio                        // 0..1, a numerator and a denominator a replication
	Distribution                 // many values a replication
)

// String returns the kind as JSON spells it.
func (k Kind) String() string {
	switch k {
	case Count:
		return "count"
	case Gauge:
		return "gauge"
	case Ratio:
		return "ratio"
	case Distribution:
		return "distribution"
	}
	return "unknown kind"
}
