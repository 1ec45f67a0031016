package kafka

import (
	"fmt"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// ProducerOptions is what a Producer is made of.
type ProducerOptions struct {
	Client      scenarios.Client
	Partitioner scenarios.Partitioner
	Config      scenarios.ProducerConfig
	Partitions  int   // of the topic, at least 1
	Brokers     int   // ids 1..Brokers
	ID          int64 // producer id, for idempotence
	// Stream gives the draws for back-off jitter and the choice of partitions;
	// the producer owns it.
	Stream rng.Stream
}

// A Producer is one client instance that writes to one topic: its buffer, its
// partitioner, its requests in flight, its retries and what it knows of the
// cluster. It has the habits of the Java client or of franz-go (kgo), as
// scenarios.Client says.
//
// It is a pure machine: each input has the time, and appends what follows to
// out and returns it. The caller's duties:
//   - Start comes first; times of inputs never fall.
//   - Effects are carried out in their order before the next input.
//   - WakeAt: keep one wake-up a producer, the one asked for last. A wake-up
//     that comes although a later WakeAt replaced it does no harm.
//   - SendProduce: an answer comes by OnProduceResponse, in the order of the
//     requests of a connection, unless acks=0; the end of the connection comes by
//     OnDisconnected. After DisconnectFrom neither comes. With acks=0 BatchDone
//     follows at once.
//   - A batch's record ids are First, those that the caller chains, and Last:
//     when a record is placed behind record q, next[q] = it. BatchDone ends all
//     of them. A batch's slot is used again from the next input on; whoever needs
//     it longer (a request on the wire, whose batches may have ended) retains it.
//   - RequestMetadata: OnMetadata or OnMetadataFailed follows.
//   - ConnectTo: OnConnected or OnConnectFailed follows (the latter also when
//     the set-up timeout passes).
//
// A Producer is flat: CopyTo forks it.
type Producer struct {
	config  scenarios.ProducerConfig
	client  scenarios.Client
	batches []ProducerBatch
}

// NewProducer returns a producer that knows no metadata and no connection. It
// panics on options that a valid Spec cannot have.
func NewProducer(o ProducerOptions) *Producer {
	if o.Partitions < 1 || o.Brokers < 1 {
		panic(fmt.Sprintf("kafka: a producer needs partitions and brokers, got %d and %d", o.Partitions, o.Brokers))
	}
	return &Producer{config: o.Config, client: o.Client}
}

// CopyTo makes dst a fork of p that shares no memory with it, reusing what dst
// has.
func (p *Producer) CopyTo(dst *Producer) {}

// Batch is a batch of p, to be read until the next input.
func (p *Producer) Batch(b BatchID) *ProducerBatch { return &p.batches[b] }

// Retain keeps the slot of a batch from being used again until Release.
func (p *Producer) Retain(b BatchID) {}

// Release ends one Retain.
func (p *Producer) Release(b BatchID) {}

// RequestBatches is the first batch of a request in flight, or NoBatch if the
// producer has given the request up; the others follow by Next.
func (p *Producer) RequestBatches(r ProduceRequestID) BatchID { return NoBatch }

// Start begins the client's life: it asks for metadata.
func (p *Producer) Start(now sim.Time, out []ProducerEffect) []ProducerEffect { return out }

// Record is an application sending r. Where it was appended, batch is where
// and previous the record of the batch before it (or NoRecord).
func (p *Producer) Record(now sim.Time, r ProducerRecord, out []ProducerEffect) (placed Placement, batch BatchID, previous int32, effects []ProducerEffect) {
	return 0, NoBatch, NoRecord, out
}

// OnProduceResponse takes the answer to a request: results has one entry a
// batch, in the request's order. Answers to requests that the producer gave up
// are ignored.
func (p *Producer) OnProduceResponse(now sim.Time, r ProduceRequestID, results []BatchResult, out []ProducerEffect) []ProducerEffect {
	return out
}

// OnConnected says that the connection asked for is open.
func (p *Producer) OnConnected(now sim.Time, b BrokerID, out []ProducerEffect) []ProducerEffect {
	return out
}

// OnConnectFailed says that the connection asked for could not be opened.
func (p *Producer) OnConnectFailed(now sim.Time, b BrokerID, why ConnectFailure, out []ProducerEffect) []ProducerEffect {
	return out
}

// OnDisconnected says that the peer closed or reset the open connection, as
// when its process dies: all requests in flight on it have failed.
func (p *Producer) OnDisconnected(now sim.Time, b BrokerID, out []ProducerEffect) []ProducerEffect {
	return out
}

// OnMetadata takes the answer to RequestMetadata: view has one entry a
// partition and is only read during the call.
func (p *Producer) OnMetadata(now sim.Time, view []PartitionView, out []ProducerEffect) []ProducerEffect {
	return out
}

// OnMetadataFailed says that the metadata request came to nothing: no broker
// could be reached, or it did not answer in time.
func (p *Producer) OnMetadataFailed(now sim.Time, out []ProducerEffect) []ProducerEffect { return out }

// OnWake is the wake-up that WakeAt asked for.
func (p *Producer) OnWake(now sim.Time, out []ProducerEffect) []ProducerEffect { return out }

// Crash is the death of the client's process: every record that has not ended
// is lost, with effects for each batch and each waiting record. The caller
// closes its connections. Until Restart the producer refuses records and
// ignores everything else.
func (p *Producer) Crash(now sim.Time, out []ProducerEffect) []ProducerEffect { return out }

// Restart begins a new life after Crash, with a producer id never used before.
func (p *Producer) Restart(now sim.Time, id int64, out []ProducerEffect) []ProducerEffect { return out }

// Buffered is the number of records in batches that have not ended, and the
// buffer memory in use.
func (p *Producer) Buffered() (records int, memory unit.Bytes) { return 0, 0 }

// Waiting is the number of records that wait outside the buffer.
func (p *Producer) Waiting() int { return 0 }

// SilentFor is how long the oldest request in flight to a broker has been
// without an answer; 0 without one.
func (p *Producer) SilentFor(now sim.Time, b BrokerID) time.Duration { return 0 }
