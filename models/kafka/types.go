// Package kafka holds Kafka's rules as pure state machines: what a controller,
// a partition leader, a follower, a producer, a group coordinator and a group
// member do, given what they have seen. It has no clock, no queue and no
// randomness: time and draws are arguments, inputs and effects are values.
//
// Sources are named as in Kafka 4.3.1's tree (metadata/, core/, server/,
// storage/, clients/, group-coordinator/, raft/) or as a KIP.
package kafka

import "math/bits"

// Offset is a position in a partition's log; ends are exclusive.
type Offset int64

// LeaderEpoch counts the elections of a partition.
type LeaderEpoch int32

// PartitionEpoch counts the controller's changes to a partition.
type PartitionEpoch int32

// BrokerEpoch names one registration of a broker; NoBrokerEpoch is sent by a
// process that has not registered yet.
type BrokerEpoch int64

// NoBrokerEpoch is -1 on the wire: "not known".
const NoBrokerEpoch BrokerEpoch = -1

// BrokerID is a broker's node id, 1..n in a scenario.
type BrokerID int32

// NoBroker is -1 on the wire.
const NoBroker BrokerID = -1

// PartitionID is the index of a partition among all of a cluster.
type PartitionID int32

// ReplicaIndex is a position in a partition's assignment; 0 is the preferred
// leader.
type ReplicaIndex int8

// NoReplica means that there is none, as in a partition without a leader.
const NoReplica ReplicaIndex = -1

// MaxReplicas is the largest replication factor that the model takes.
const MaxReplicas = 32

// A ReplicaSet is a set of replicas of one partition: bit i is the i-th broker
// of its assignment. ISR, ELR and the maximal ISR are such sets.
type ReplicaSet uint32

// Has reports whether i is in the set.
func (s ReplicaSet) Has(i ReplicaIndex) bool { return i >= 0 && s&(1<<uint(i)) != 0 }

// With returns the set and i.
func (s ReplicaSet) With(i ReplicaIndex) ReplicaSet { return s | 1<<uint(i) }

// Without returns the set without i.
func (s ReplicaSet) Without(i ReplicaIndex) ReplicaSet { return s &^ (1 << uint(i)) }

// Len is the number of replicas in the set.
func (s ReplicaSet) Len() int { return bits.OnesCount32(uint32(s)) }

// First is the first of the set in assignment order, or NoReplica.
func (s ReplicaSet) First() ReplicaIndex {
	if s == 0 {
		return NoReplica
	}
	return ReplicaIndex(bits.TrailingZeros32(uint32(s)))
}

// AllReplicas is the set of the first n replicas.
func AllReplicas(n int) ReplicaSet { return ReplicaSet(1)<<uint(n) - 1 }

// PartitionState is what the metadata log says of a partition
// (metadata/.../PartitionRegistration.java).
type PartitionState struct {
	Leader          ReplicaIndex // NoReplica: leaderless
	LastKnownLeader ReplicaIndex // ELR feature; NoReplica while there is a leader
	Recovering      bool         // set by an unclean election until the new leader's first AlterPartition
	ISR             ReplicaSet
	ELR             ReplicaSet // eligible leader replicas (KIP-966)
	LeaderEpoch     LeaderEpoch
	PartitionEpoch  PartitionEpoch
}

// ElectionKind says how a leader was chosen.
type ElectionKind uint8

// Election kinds. Clean covers the election of an ISR or ELR member.
const (
	NoElection ElectionKind = iota
	CleanElection
	PreferredElection
	UncleanElection
	LastKnownLeaderElection // unclean in effect: the last known leader without ISR and ELR
)

// ChangeKind is a kind of metadata record.
type ChangeKind uint8

// Metadata records that the model needs.
const (
	PartitionChanged ChangeKind = iota + 1
	BrokerRegistered
	BrokerFenced
	BrokerUnfenced
	BrokerInControlledShutdown
)

// A Change is one metadata record, in the order in which the active controller
// wrote them. Records of one input form one atomic batch.
type Change struct {
	Kind      ChangeKind
	Election  ElectionKind // PartitionChanged: how, if the leader changed
	Broker    BrokerID     // broker records
	Epoch     BrokerEpoch  // broker records
	Partition PartitionID  // PartitionChanged
	State     PartitionState
}
