package host

import (
	"time"

	"kafkasim/scenarios"
)

// ClientCost is the processor time of a client at the speed of a current core.
type ClientCost struct {
	Produce time.Duration // a record
	Consume time.Duration // a record
	Fetch   time.Duration // a fetch answer, beside its records
}

// CostOf is what a client spends.
//
// Java: 822,000 records/s of 100 B from one producer thread and one sender, and
// 941,000 records/s into one consumer thread, read as upper bounds (LinkedIn,
// "Benchmarking Apache Kafka: 2 Million Writes Per Second", 2014). franz-go: 1 to
// 2 µs a record produced, 0.3 to 0.5 µs consumed and about 20 µs a fetch, a
// judgement: nothing is published with its conditions.
func CostOf(client scenarios.Client) ClientCost {
	if client == scenarios.FranzGo {
		return ClientCost{Produce: 1500 * time.Nanosecond, Consume: 400 * time.Nanosecond, Fetch: 20 * time.Microsecond}
	}
	return ClientCost{Produce: 1200 * time.Nanosecond, Consume: 1100 * time.Nanosecond}
}
