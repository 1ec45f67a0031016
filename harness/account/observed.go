// Package account makes a result of what was observed of a run on real Kafka:
// every record gets exactly one end from its own id, and every figure means what
// the batch model's of the same name means. It is pure: it reads no clock, no file
// and no cluster.
package account

import (
	"time"

	"kafkasim/harness/history"
	"kafkasim/harness/journal"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A Partition names a partition of the scenario.
type Partition struct {
	Topic     uint16 // index in Spec.Topics
	Partition int32
}

// A LogRecord is a record of a log that was read back.
type LogRecord struct {
	Offset    int64
	ID        journal.ID
	Timestamp time.Time
}

// A Watermark is a high watermark that a broker named, which took itself for the
// partition's leader.
type Watermark struct {
	At        time.Time
	Partition Partition
	HW        int64
	Leader    int // the broker that was asked
}

// Applied is what became of one fault of the scenario.
type Applied struct {
	Index   int         // in Spec.Faults
	At      time.Time   // when it took effect; zero: it did not
	Healed  time.Time   // when it was over; zero: it stood to the end
	Brokers []int       // that it hit
	Asked   []time.Time // of a rolling restart: when each of Brokers was asked to stop, as far as it got
	Skipped string      // why it did not happen
}

// A UsageSample is what a node has moved and used since it was made.
type UsageSample struct {
	At   time.Time
	Node int // broker 1.., dedicated controller 101..
	// Bytes on the network of the clients and on that of the brokers and controllers,
	// with the headers of TCP, IP and Ethernet.
	ClientIn, ClientOut     int64
	InternalIn, InternalOut int64
	DiskWritten             int64 // bytes
	CPU                     time.Duration
}

// A ClockSample is one look at both clocks of the machine.
type ClockSample struct {
	Wall      time.Time     // what all entries bear
	Monotonic time.Duration // since any instant
}

// Observed is everything that is known of a run.
type Observed struct {
	Spec  *scenarios.Spec
	Index int         // of the repetition
	Grid  result.Grid // of the series

	Zero    time.Time // scenario time 0
	LoadEnd time.Time // Zero + Spec.Duration
	// End is when the run was over: what clients did later is their leaving, and
	// counts for nothing.
	End time.Time

	Journals []journal.File // every life of every client process
	// Offered is when the scenario brings each record into being: by producer,
	// instance and sequence, since its time 0 (load.Offered). It is what is generated,
	// whether or not a process was there to take it.
	Offered [][][]time.Duration

	Logs             map[Partition][]LogRecord // as they stood at the end, whole, by offset
	LogStart, LogEnd map[Partition]int64
	Committed        map[int]map[Partition]int64 // by group, at the end
	History          history.History
	Watermarks       []Watermark
	Faults           []Applied
	Usage            []UsageSample
	Clocks           []ClockSample
}
