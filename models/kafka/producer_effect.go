package kafka

import (
	"time"

	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// BatchID is the index of a batch in its producer's slab. It is used again
// after the batch has ended and nobody retains it.
type BatchID int32

// NoBatch ends a list of batches.
const NoBatch BatchID = -1

// ProduceRequestID names one produce request of one producer, never twice. An
// answer to a request that the producer has given up is ignored.
type ProduceRequestID int64

// NoProduceRequest names no request.
const NoProduceRequest ProduceRequestID = -1

// NoRecord ends a chain of records.
const NoRecord int32 = -1

// AnyPartition is the partition of a record without a key: the client's
// partitioner chooses one.
const AnyPartition int32 = -1

// A ProducerRecord is one record that an application sends.
type ProducerRecord struct {
	ID        int32      // the caller's name of it, ≥ 0
	Partition int32      // index in the topic that its key decides, or AnyPartition
	Size      unit.Bytes // serialized
}

// Placement is where a record went when it was sent.
type Placement uint8

// Placements of a record.
const (
	// RecordAppended: it is in the batch that was returned.
	RecordAppended Placement = iota + 1
	// RecordWaits: the buffer is full, or no metadata is known yet. It waits
	// outside, behind earlier ones; a RecordAdmitted or RecordDropped effect ends
	// that.
	RecordWaits
	// RecordRefused: it is lost; the effect RecordDropped says why.
	RecordRefused
)

// ProduceError is what a broker answers for one batch, or what a lost
// connection stands for, by Kafka's names
// (clients/.../common/protocol/Errors.java; kafka.md A.6).
type ProduceError uint8

// Answers to a batch.
const (
	// ProduceOK: the batch is appended and, for acks=all, committed.
	ProduceOK ProduceError = iota
	ProduceNotLeader
	ProduceUnknownTopicOrPartition
	ProduceLeaderNotAvailable
	ProduceNotEnoughReplicas
	// ProduceNotEnoughReplicasAfterAppend: it is in the leader's log.
	ProduceNotEnoughReplicasAfterAppend
	// ProduceTimedOut: it may be in the leader's log.
	ProduceTimedOut
	ProduceStorageError
	ProduceOutOfOrderSequence
	// ProduceDuplicateSequence: it was appended before, too long ago for its
	// offset to be known. A success.
	ProduceDuplicateSequence
	ProduceUnknownProducer
	ProduceInvalidProducerEpoch
	ProduceMessageTooLarge
	ProduceInvalidRecord
	// ProduceNetworkError is the client's own: the connection was lost.
	ProduceNetworkError
)

// Retriable reports whether a client sends the batch again, idempotence aside
// (the subclasses of RetriableException in clients/.../common/errors, and
// pkg/kerr of franz-go).
func (e ProduceError) Retriable() bool {
	switch e {
	case ProduceNotLeader, ProduceUnknownTopicOrPartition, ProduceLeaderNotAvailable, ProduceNotEnoughReplicas,
		ProduceNotEnoughReplicasAfterAppend, ProduceTimedOut, ProduceStorageError, ProduceNetworkError:
		return true
	case ProduceOK, ProduceOutOfOrderSequence, ProduceDuplicateSequence, ProduceUnknownProducer,
		ProduceInvalidProducerEpoch, ProduceMessageTooLarge, ProduceInvalidRecord:
		return false
	}
	return false
}

// StaleMetadata reports whether the error makes a Java client ask for new
// metadata (the subclasses of InvalidMetadataException).
func (e ProduceError) StaleMetadata() bool {
	switch e {
	case ProduceNotLeader, ProduceUnknownTopicOrPartition, ProduceLeaderNotAvailable, ProduceStorageError, ProduceNetworkError:
		return true
	case ProduceOK, ProduceNotEnoughReplicas, ProduceNotEnoughReplicasAfterAppend, ProduceTimedOut,
		ProduceOutOfOrderSequence, ProduceDuplicateSequence, ProduceUnknownProducer, ProduceInvalidProducerEpoch,
		ProduceMessageTooLarge, ProduceInvalidRecord:
		return false
	}
	return false
}

// A BatchResult is a broker's answer for one batch of a request.
type BatchResult struct {
	Error  ProduceError
	Offset Offset // of the first record; -1 when unknown
	// Leader and Epoch are the hint that comes with ProduceNotLeader (KIP-951);
	// NoBroker when the answering broker does not know the leader.
	Leader BrokerID
	Epoch  LeaderEpoch
}

// A PartitionView is what a metadata answer says of one partition.
type PartitionView struct {
	Leader BrokerID // NoBroker: leaderless
	Epoch  LeaderEpoch
	InSync bool // every replica is in the ISR
}

// ConnectFailure is why a connection could not be set up.
type ConnectFailure uint8

// Ways in which connecting fails.
const (
	// ConnectionRefused: the host answers, nobody listens.
	ConnectionRefused ConnectFailure = iota + 1
	// ConnectionTimedOut: nobody answers, as when the host is gone.
	ConnectionTimedOut
)

// ProducerOutcome is how a batch or a record ended.
type ProducerOutcome uint8

// Outcomes. Everything but OutcomeAcked is a failure that the application
// hears of; the record may be in the log all the same.
const (
	// OutcomeAcked: the broker reported success; with acks=0, it was sent.
	OutcomeAcked ProducerOutcome = iota + 1
	// OutcomeExpired: delivery.timeout.ms (kgo RecordDeliveryTimeout) passed.
	OutcomeExpired
	// OutcomeRetriesExhausted: retries were used up.
	OutcomeRetriesExhausted
	// OutcomeFatal: the broker's error is not retriable; Error has it.
	OutcomeFatal
	// OutcomeBufferFull: the record waited max.block.ms for memory in vain.
	OutcomeBufferFull
	// OutcomeNoMetadata: the record waited max.block.ms for metadata in vain.
	OutcomeNoMetadata
	// OutcomeTooLarge: the record exceeds max.request.size or the buffer.
	OutcomeTooLarge
	// OutcomeCrashed: the producer's process died.
	OutcomeCrashed
)

// ProducerEffectKind is what a producer asks of its environment.
type ProducerEffectKind uint8

// Kinds of effect, with the fields of ProducerEffect that they use.
const (
	// SendProduce: send a produce request on the open connection to Broker.
	// Request, Batch (the first one; the others follow by ProducerBatch.Next),
	// Count (of batches), Bytes (of the request), Timeout (in the request: how
	// long the broker may wait for acks=all).
	SendProduce ProducerEffectKind = iota + 1
	// RequestMetadata: ask any reachable broker for metadata; answer with
	// OnMetadata or OnMetadataFailed.
	RequestMetadata
	// WakeAt: call OnWake at At, the earliest pending wake-up.
	WakeAt
	// BatchDone: the batch has ended. Batch, Outcome, Error, Offset.
	BatchDone
	// RecordAdmitted: a record that waited is in Batch behind record Previous.
	RecordAdmitted
	// RecordDropped: a record that is in no batch is lost. Record, Outcome.
	RecordDropped
	// ConnectTo: open a connection to Broker; answer with OnConnected or
	// OnConnectFailed.
	ConnectTo
	// DisconnectFrom: close the connection to Broker, which has been silent for
	// too long. Bytes already on their way still arrive.
	DisconnectFrom
)

// A ProducerEffect is something that a producer asks of its environment.
// Kind says which of the other fields carry meaning.
type ProducerEffect struct {
	Kind     ProducerEffectKind
	Outcome  ProducerOutcome
	Error    ProduceError
	Broker   BrokerID
	Batch    BatchID
	Record   int32
	Previous int32 // last record of Batch before this one, or NoRecord
	Count    int32
	Request  ProduceRequestID
	Offset   Offset
	At       sim.Time
	Bytes    unit.Bytes
	Timeout  time.Duration
}
