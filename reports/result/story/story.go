// Package story holds what happened in one replication, event by event: the data
// that a trace is drawn from and that an explanation is told from. Whoever runs the
// replication writes it down; nothing here decides anything.
package story

import (
	"time"

	"kafkasim/scenarios"
)

// Nobody is no node, no batch, no broker.
const Nobody int32 = -1

// A Story is one replication. Every list is in order of time. Times count from the
// scenario's time 0; what came before it has a negative one.
type Story struct {
	Spec        *scenarios.Spec
	Replication int
	End         time.Duration // when the replication ended
	Limited     bool          // there was more than the recorder had room for: traffic is missing

	Cast

	Records []Record // by id: in order of their times
	Batches []Batch
	Stalls  []Stall // the longest one of each partition, by partition

	Sends       []Send
	Answers     []Answer
	BatchEnds   []BatchEnd
	Disconnects []Disconnect
	Drops       []Drop
	Appends     []Append
	Copies      []Copy
	Marks       []Mark
	Cuts        []Cut
	Removals    []Removal
	Fetches     []Fetch
	Polls       []Poll
	PollEnds    []PollEnd
	Reads       []Read
	Commits     []Commit
	Positions   []Position
	Ownerships  []Ownership

	Faults      []Fault
	Lives       []Life
	Fencings    []Fencing
	Brokers     []BrokerChange
	Elections   []Registration // every committed change of a partition
	Roles       []Role
	Controllers []Controller
	Groups      []GroupState
}

// A Record is one record that an application generated.
type Record struct {
	At       time.Duration
	Producer int32 // instance
	Batch    int32 // Nobody: it was in none
	Index    int32 // in its batch
	End      End
}

// End is how a record ended in the ledger.
type End uint8

// Ends of a record. The zero End is one that was not settled.
const (
	Unsettled End = iota
	Delivered
	InFlight
	LostAcked
	LostBuffer
	LostExpired
	LostUnconfirmed
	LostClientCrash
	LostRetention
	LostSkipped
)

// Losses are the ends that are losses, in the order of the ledger.
func Losses() []End {
	return []End{LostAcked, LostBuffer, LostExpired, LostUnconfirmed, LostClientCrash, LostRetention, LostSkipped}
}

// Metric is the count of the ledger that an end belongs to, "" for none.
func (e End) Metric() string {
	switch e {
	case Delivered:
		return "records.delivered"
	case InFlight:
		return "records.in_flight_at_end"
	case LostAcked:
		return "records.lost.acked"
	case LostBuffer:
		return "records.lost.buffer"
	case LostExpired:
		return "records.lost.expired"
	case LostUnconfirmed:
		return "records.lost.unconfirmed"
	case LostClientCrash:
		return "records.lost.client_crash"
	case LostRetention:
		return "records.lost.retention"
	case LostSkipped:
		return "records.lost.skipped"
	case Unsettled:
	}
	return ""
}

// A Batch is one batch of records, or of a group's commits, as the run left it.
type Batch struct {
	First, Count int32 // first record by id, -1 in a commit; how many
	Bytes        int32
	Producer     int32 // instance; Nobody: a group's own
	Partition    int32
	Appended     int32 // times that a leader appended it
	Found        int32 // times that it stands in the log that counts at the end
	Acked        bool  // reported a success
	Retired      bool  // deleted by retention
}

// A Stall is the longest time in which a partition acknowledged nothing although a
// record waited; From equals To where there was none.
type Stall struct{ From, To time.Duration }

// A Send is a producer handing a batch to its connection.
type Send struct {
	At                      time.Duration
	Producer, Broker, Batch int32
}

// An Answer is a producer learning what became of a batch that it had sent. Error is
// "" for a success, else Kafka's name of it.
type Answer struct {
	At                      time.Duration
	Producer, Broker, Batch int32
	Error                   string
}

// A BatchEnd is a batch's end for its producer: Why is how.
type BatchEnd struct {
	At    time.Duration
	Batch int32
	Why   Outcome
}

// Outcome is how a batch or a record ended for its producer.
type Outcome uint8

// Outcomes.
const (
	_ Outcome = iota
	Acked
	Expired
	RetriesExhausted
	Fatal
	BufferFull
	NoMetadata
	TooLarge
	Crashed
)

// A Disconnect is the end of a producer's connection to a broker: Silent if the
// producer closed it because nothing had come for too long.
type Disconnect struct {
	At               time.Duration
	Producer, Broker int32
	Silent           bool
}

// A Drop is a record that ended before it was in any batch.
type Drop struct {
	At               time.Duration
	Producer, Record int32
	Why              Outcome
	Held             int32 // records in the producer's buffer
	Bytes            int64 // of them
}

// An Append is a leader taking a batch into its log, at offset Base.
type Append struct {
	At                       time.Duration
	Broker, Partition, Batch int32
	Epoch                    int32
	Base                     int64
}

// A Copy is a follower taking the offsets [Base, End) over from a leader.
type Copy struct {
	At                        time.Duration
	Broker, Leader, Partition int32
	Base, End                 int64
}

// A Mark is a leader's high watermark reaching an offset.
type Mark struct {
	At                time.Duration
	Broker, Partition int32
	Offset            int64
}

// A Cut is a replica losing the offsets [From, To) of its log's end.
type Cut struct {
	At                time.Duration
	Broker, Partition int32
	Why               CutKind
	From, To          int64
}

// CutKind is why a log lost its end.
type CutKind uint8

// Reasons of a cut.
const (
	_         CutKind = iota
	Truncated         // it followed a leader that had something else there, or nothing
	Unsynced          // its machine was lost before the bytes were on the disk
	Wiped             // its disks were lost
)

// A Removal is retention deleting the offsets [From, To) of a log's beginning.
type Removal struct {
	At                time.Duration
	Broker, Partition int32
	From, To          int64
}

// A Fetch is a group's member taking the offsets [From, To) from a broker.
type Fetch struct {
	At                        time.Duration
	Member, Broker, Partition int32
	From, To                  int64
}

// A Poll is a member's application being handed the offsets [From, To).
type Poll struct {
	At                time.Duration
	Member, Partition int32
	From, To          int64
}

// A PollEnd is a member's application being done with what it was handed, or its end.
type PollEnd struct {
	At     time.Duration
	Member int32
}

// A Read is a group's application having processed a record.
type Read struct {
	At                        time.Duration
	Member, Record, Partition int32
	Offset                    int64
	Again                     bool // it had been processed before
}

// A Commit is a group's offset that was committed, or not: Error is "" for a success.
type Commit struct {
	At                       time.Duration
	Group, Member, Partition int32
	Offset                   int64
	Error                    string
}

// A Position is a member beginning to read a partition at an offset.
type Position struct {
	At                time.Duration
	Member, Partition int32
	Offset            int64
	Why               PositionKind
}

// PositionKind is where a position comes from.
type PositionKind uint8

// Sources of a position.
const (
	_            PositionKind = iota
	FromCommit                // the group's committed offset
	FromReset                 // auto.offset.reset, since there is none, or it is out of range
	FromEarliest              // the log's start, by auto.offset.reset
	FromLatest                // the high watermark, by auto.offset.reset
	FromCut                   // where the log was cut
)

// An Ownership is a member getting a partition to read, or giving it up.
type Ownership struct {
	At                time.Duration
	Member, Partition int32
	Owns              bool
}

// A Fault is the beginning or the end of one of the scenario's faults at one node;
// Nobody where it is at links or at a topic.
type Fault struct {
	At    time.Duration
	Index int32 // in Spec.Faults
	Node  int32
	Begin bool
	// Sides are, of a fault of the network, the classes of nodes on both sides of it:
	// a bit for each server, and Clients for all clients together.
	Sides [2]uint64
}

// Clients is the bit of all clients in Sides, and of servers beyond the 63rd.
const Clients = 63

// Parts reports whether a fault of the network stands between two classes of nodes.
func (f *Fault) Parts(a, b int32) bool {
	has := func(side int, class int32) bool { return f.Sides[side]&(1<<uint(min(class, Clients))) != 0 }
	return has(0, a) && has(1, b) || has(0, b) && has(1, a)
}

// A Life is a change of a process's life.
type Life struct {
	At   time.Duration
	Node int32
	What LifeKind
}

// LifeKind is what becomes of a process.
type LifeKind uint8

// Changes of a process's life.
const (
	_           LifeKind = iota
	Died                 // killed; its page cache stays
	MachineDied          // its machine with it
	Stopping             // asked to stop in order
	Exited               // stopped in order
	Started              // begins to start
	Serves               // a broker takes requests again
	Froze
	Resumed
)

// A Fencing is the controller deciding that a broker has been silent for too long.
type Fencing struct {
	At     time.Duration
	Broker int32
	Beat   time.Duration // when the controller last heard of it, or became active itself
}

// A BrokerChange is a committed record about a broker.
type BrokerChange struct {
	At     time.Duration
	Broker int32
	What   BrokerChangeKind
}

// BrokerChangeKind is what a record says of a broker.
type BrokerChangeKind uint8

// Records about a broker.
const (
	_ BrokerChangeKind = iota
	Registered
	Fenced
	Unfenced
	InShutdown
)

// A Registration is a committed change of what the controller says of a partition.
type Registration struct {
	At            time.Duration
	Partition     int32
	Before, After State
	Kind          ElectionKind
}

// A State is what the controller says of a partition. Sets are bits by position in
// the partition's Replicas.
type State struct {
	Leader   int32 // broker (from 0), Nobody without one
	Epoch    int32
	ISR, ELR uint32
}

// ElectionKind is how a leader was chosen.
type ElectionKind uint8

// Election kinds; the zero one is none.
const (
	NoElection ElectionKind = iota
	Clean
	Preferred
	Unclean
	LastKnownLeader
)

// A Role is a broker beginning to lead or to follow a partition: End is where its log
// ends then.
type Role struct {
	At                time.Duration
	Broker, Partition int32
	Leads             bool
	Epoch             int32
	End               int64
}

// A Controller is a node becoming the active controller; Nobody: none is.
type Controller struct {
	At   time.Duration
	Node int32
}

// A GroupState is a group's coordinator being in another state.
type GroupState struct {
	At         time.Duration
	Group      int32
	State      string // Kafka's name
	Generation int32
}
