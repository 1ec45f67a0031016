// Package journal is what a client process of a measured run writes down: an
// entry for everything that it does to a record or that a group does to it, each
// with one write(2) of its own, so that a killed process loses nothing of what
// it has done.
package journal

import (
	"strconv"
)

// ID is a record's own name, unique in a run. It stands in the record's value,
// so that it is known wherever the record turns up.
type ID struct {
	Producer uint16 // index in Spec.Producers
	Instance uint16 // of that producer, from 0
	// Sequence counts the records that the scenario gives the instance, from 0,
	// whether or not its client was there to take them: a restarted process goes
	// on where the scenario is by then, and the gap is what it missed.
	Sequence uint64
}

// Kind is what an Entry tells.
type Kind uint8

// Kinds of entries. Which fields an entry has besides Kind and At stands beside
// each; the others are zero.
const (
	// Ready: the clients are connected and know their topics; a consumer is about
	// to join its group.
	Ready Kind = iota + 1
	// Sent: a record is handed to the client. At is the moment before the call, so
	// that no record is in a log without it. ID, Topic, Intended, Late.
	Sent
	// Acked: the client reported success. ID, Topic, Partition, Offset (-1 with
	// acks=0), Intended.
	Acked
	// Failed: the client gave the record up. ID, Topic, Partition (-1 before it had
	// one), Intended, Code.
	Failed
	// Assigned, Revoked, Lost: a member begins to own a partition, gives it up, or
	// has it taken. Topic, Partition, Generation.
	Assigned
	Revoked
	Lost
	// Polled: the application was handed records of a partition. Topic, Partition,
	// Offset (of the first), Count.
	Polled
	// Processed: the work on a record is done. ID, Topic, Partition, Offset,
	// Intended.
	Processed
	// Committed: the group has taken a position. Topic, Partition, Offset (the next
	// to be read), Generation.
	Committed
	// Ended: a client has left in good order. A producer writes one for each
	// instance: ID.Sequence is the first record that was not handed over, Count how
	// many there were of them. A consumer writes one.
	Ended
	// Admitted: the client's buffer was full, and the call that Sent announced has
	// returned only now. ID, Topic, Intended.
	Admitted
	// CommitFailed: a commit was refused or not answered. Topic, Partition, Offset,
	// Generation, Code.
	CommitFailed
	// Reset: the log ended before the position, or was cut there, and the client
	// goes on elsewhere. Topic, Partition, Offset (where it goes on), Count (how far
	// back that is, in offsets).
	Reset
	// Leaving: the process was asked to end in good order.
	Leaving
)

// String is the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Ready:
		return "ready"
	case Sent:
		return "sent"
	case Acked:
		return "acked"
	case Failed:
		return "failed"
	case Assigned:
		return "assigned"
	case Revoked:
		return "revoked"
	case Lost:
		return "lost"
	case Polled:
		return "polled"
	case Processed:
		return "processed"
	case Committed:
		return "committed"
	case Ended:
		return "ended"
	case Admitted:
		return "admitted"
	case CommitFailed:
		return "commit failed"
	case Reset:
		return "reset"
	case Leaving:
		return "leaving"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Codes of Entry.Code that are not Kafka's own error codes, which are -1 and
// above (0: none).
const (
	CodeOther         int16 = -100 // an error that the client gave no code
	CodeTimedOut      int16 = -101 // record_delivery_timeout, or an unanswered request
	CodeBufferFull    int16 = -102 // the client refused it because its buffer was full
	CodeCanceled      int16 = -103 // still outside the client's buffer when the process left
	CodeClosed        int16 = -104 // still in the client's buffer when the process left
	CodeConnection    int16 = -105 // the connection failed, and the client does not try again
	CodeRetries       int16 = -106 // the client's tries are used up
	CodeDataLoss      int16 = -107 // the client stopped because the log had lost records
	CodeForeignRecord int16 = -108 // a record of the log that is not of this run
)

// CodeName names an error code of our own in words, and others by number.
func CodeName(code int16) string {
	switch code {
	case CodeOther:
		return "other"
	case CodeTimedOut:
		return "timed out"
	case CodeBufferFull:
		return "buffer full"
	case CodeCanceled:
		return "canceled"
	case CodeClosed:
		return "closed"
	case CodeConnection:
		return "connection failed"
	case CodeRetries:
		return "retries used up"
	case CodeDataLoss:
		return "data loss"
	case CodeForeignRecord:
		return "not a record of this run"
	}
	return "Kafka error " + strconv.Itoa(int(code))
}

// An Entry is one thing that happened. Instants are wall-clock nanoseconds
// since 1970 (Unix).
type Entry struct {
	Kind       Kind
	Code       int16  // a Kafka error code, or one of ours; 0: none
	Topic      uint16 // index in Spec.Topics
	Partition  int32
	Count      int32
	Generation int32
	At         int64 // when it happened
	ID         ID
	Intended   int64 // when the scenario brings the record into being
	Offset     int64
	// Late is, of a Sent, how much of At − Intended is the generator's fault, and so
	// the test bed's. The rest is the client's: the time since Intended in which its
	// calls for earlier records blocked.
	Late int64
}
