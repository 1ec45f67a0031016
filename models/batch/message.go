package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// msgID is the index of a message in the world's slab.
type msgID int32

// newConnection marks a control request whose sender must connect first.
const newConnection int32 = 1

// noMessage ends a list of messages.
const noMessage msgID = -1

// A messageKind is what a message carries.
type messageKind uint8

const (
	msgProduce messageKind = iota + 1
	msgProduceReply
	msgFetch // a follower's
	msgFetchReply
	msgConsume // a consumer's fetch
	msgConsumeReply
	msgMetadata
	msgMetadataReply
	msgConnect
	msgConnected
	msgGroup // join, sync, heartbeat, leave, find coordinator
	msgGroupReply
	msgCommit
	msgCommitReply
	msgOffsets // OffsetFetch and ListOffsets
	msgOffsetsReply
	msgStore   // a coordinator's own record that waits for its commit
	msgControl // register, heartbeat, alter partition
	msgControlReply
)

// A message is one request or response under way. Kind says which fields carry
// meaning.
type message struct {
	kind    messageKind
	sub     uint8 // of group and control messages: which one
	code    uint8 // an error, in the words of the kind
	acks    uint8
	stuck   bool // waits for a cut to heal
	idle    bool // of a fetcher none of whose partitions has held a record
	from    int32
	to      int32
	fromInc int32 // incarnation of the sending process
	toInc   int32 // incarnation that the connection was made to
	conn    int32 // connection that keeps its messages in order; -1: none
	stream  int32 // whose draws the network takes
	bytes   int64
	ref     int32 // fetcher, source, member or connection
	number  int64 // request id
	ref2    int64 // broker epoch
	number2 int64 // metadata offset
	sentAt  sim.Time
	leftAt  sim.Time
	arrived sim.Time
	expires sim.Time
	timeout time.Duration // of a produce request, for the broker
	ticket  int64         // of a request that waits; 0: it does not
	open    int32         // parts of a produce request that wait for their commit; newConnection: of a control request
	next    msgID         // in a queue
	parts   []part
	entries []entry
}

// A part is what a message says of one partition.
type part struct {
	partition kafka.PartitionID
	replica   int32 // follower replica, or flat group partition
	code      uint8
	batch     batchID
	from      kafka.Offset
	to        kafka.Offset
	hw        kafka.Offset
	start     kafka.Offset // the leader's log start
	position  int64
	epoch     kafka.LeaderEpoch
	lastEpoch kafka.LeaderEpoch
	leader    kafka.BrokerID
	low, high int32 // range in message.entries
	local     int32 // the client's own name of the batch
	sequence  int32
	pid       int64
	pepoch    int16
}

// newMessage takes a message from the free list, empty but for its kept memory.
func (w *world) newMessage(kind messageKind, from, to int32) msgID {
	id := w.freeMessage
	if id == noMessage {
		id = msgID(len(w.messages))
		w.messages = append(w.messages, message{})
	} else {
		w.freeMessage = w.messages[id].next
	}
	m := &w.messages[id]
	parts, entries := m.parts[:0], m.entries[:0]
	*m = message{
		kind: kind, from: from, to: to, conn: -1, next: noMessage, parts: parts, entries: entries,
		fromInc: w.incarnation(from), toInc: w.incarnation(to), stream: from,
	}
	return id
}

// free returns a message to the free list.
func (w *world) free(id msgID) {
	w.messages[id].next = w.freeMessage
	w.messages[id].kind = 0
	w.freeMessage = id
}

// A messageQueue is a first-in-first-out list of messages linked by next.
type messageQueue struct{ head, tail msgID }

func emptyQueue() messageQueue { return messageQueue{noMessage, noMessage} }

func (w *world) push(q *messageQueue, id msgID) {
	w.messages[id].next = noMessage
	if q.tail == noMessage {
		q.head = id
	} else {
		w.messages[q.tail].next = id
	}
	q.tail = id
}

func (w *world) pop(q *messageQueue) msgID {
	id := q.head
	if id == noMessage {
		return id
	}
	q.head = w.messages[id].next
	if q.head == noMessage {
		q.tail = noMessage
	}
	w.messages[id].next = noMessage
	return id
}
