package kafka

import (
	"fmt"
	"time"

	"kafkasim/scenarios"
)

// MemberID is the index of a consumer instance in its group, from 0. It is the
// same for every life of the instance; with static membership it is the
// group.instance.id.
type MemberID int32

// Incarnation numbers the member ids that a coordinator gave out, over all
// instances of a group, from 1. NoIncarnation is Kafka's empty member id: an
// instance that has none yet.
type Incarnation int32

// NoIncarnation is the empty member id.
const NoIncarnation Incarnation = 0

// A MemberKey is Kafka's member.id. A dynamic instance that comes back is
// somebody new, and its former self stays in the group until its session ends.
type MemberKey struct {
	Member      MemberID
	Incarnation Incarnation
}

// NoMember is the key of nobody.
func NoMember() MemberKey { return MemberKey{Member: -1} }

// String prints the key as m2#7: instance 2, seventh id given out.
func (k MemberKey) String() string {
	switch {
	case k == NoMember():
		return "nobody"
	case k.Incarnation == NoIncarnation:
		return fmt.Sprintf("m%d", k.Member)
	default:
		return fmt.Sprintf("m%d#%d", k.Member, k.Incarnation)
	}
}

// compare orders keys as the model orders member ids. Kafka's are random within
// a client id, so any fixed order is one that could have been drawn.
func (k MemberKey) compare(other MemberKey) int {
	if k.Member != other.Member {
		return int(k.Member) - int(other.Member)
	}
	return int(k.Incarnation) - int(other.Incarnation)
}

// Generation numbers the completed join phases of a group, from 1.
type Generation int32

// NoGeneration is -1 on the wire: not in a generation.
const NoGeneration Generation = -1

// A Subscription is what a member tells the group's leader about itself, and
// the timeouts it asks for. It is not changed once sent.
type Subscription struct {
	Protocol         scenarios.Protocol // Eager or Cooperative
	SessionTimeout   time.Duration      // session.timeout.ms, positive
	RebalanceTimeout time.Duration      // Java max.poll.interval.ms, kgo RebalanceTimeout; positive
	Owned            []int32            // partitions that it has (eager sticky: had), ascending
	Generation       Generation         // the generation in which it got them
}

// matches reports whether the metadata of two JoinGroup requests is equal byte
// by byte (ClassicGroupMember.matches): timeouts are not part of it.
func (s *Subscription) matches(other *Subscription) bool {
	if s.Protocol != other.Protocol || s.Generation != other.Generation || len(s.Owned) != len(other.Owned) {
		return false
	}
	for i, p := range s.Owned {
		if p != other.Owned[i] {
			return false
		}
	}
	return true
}

// GroupRequestKind is a request of a member to its coordinator.
type GroupRequestKind uint8

// Requests of the classic group protocol.
const (
	JoinGroup GroupRequestKind = iota + 1
	SyncGroup
	GroupHeartbeat
	LeaveGroup
	OffsetCommit
)

// String is the name of the request in Kafka's protocol.
func (k GroupRequestKind) String() string {
	switch k {
	case JoinGroup:
		return "JoinGroup"
	case SyncGroup:
		return "SyncGroup"
	case GroupHeartbeat:
		return "Heartbeat"
	case LeaveGroup:
		return "LeaveGroup"
	case OffsetCommit:
		return "OffsetCommit"
	default:
		return "unknown request"
	}
}

// A GroupRequest is a request of a member to its coordinator, as it travels.
// Values behind its pointers are never changed: a copy is a message.
type GroupRequest struct {
	Kind         GroupRequestKind
	Static       bool // group.instance.id given
	Key          MemberKey
	Generation   Generation    // all but JoinGroup
	Sequence     uint32        // returned in the response; counts the instance's requests
	Subscription *Subscription // JoinGroup
	Plan         *Plan         // SyncGroup of the leader; nil from a follower
}

// GroupError is the error of a group response.
type GroupError uint8

// Errors of the classic group protocol, by Kafka's names. NoGroupError is
// success.
const (
	NoGroupError GroupError = iota
	UnknownMemberID
	IllegalGeneration
	RebalanceInProgress
	FencedInstanceID
	MemberIDRequired // JoinGroup without a member id: come again with the one in the response (KIP-394)
	InconsistentGroupProtocol
	NotCoordinator
	CoordinatorNotAvailable
	CoordinatorLoading // COORDINATOR_LOAD_IN_PROGRESS
)

// String is the error's name in Kafka's protocol.
func (e GroupError) String() string {
	switch e {
	case NoGroupError:
		return "NONE"
	case UnknownMemberID:
		return "UNKNOWN_MEMBER_ID"
	case IllegalGeneration:
		return "ILLEGAL_GENERATION"
	case RebalanceInProgress:
		return "REBALANCE_IN_PROGRESS"
	case FencedInstanceID:
		return "FENCED_INSTANCE_ID"
	case MemberIDRequired:
		return "MEMBER_ID_REQUIRED"
	case InconsistentGroupProtocol:
		return "INCONSISTENT_GROUP_PROTOCOL"
	case NotCoordinator:
		return "NOT_COORDINATOR"
	case CoordinatorNotAvailable:
		return "COORDINATOR_NOT_AVAILABLE"
	case CoordinatorLoading:
		return "COORDINATOR_LOAD_IN_PROGRESS"
	default:
		return "unknown error"
	}
}

// A GroupResponse answers the GroupRequest with the same instance and Sequence.
// Values behind its pointers are never changed.
type GroupResponse struct {
	Kind           GroupRequestKind
	Error          GroupError
	SkipAssignment bool       // JoinGroup to a static leader that came back: keep the plan (KIP-814)
	Key            MemberKey  // whom it answers; on MemberIDRequired with the id to use
	Generation     Generation // JoinGroup
	Leader         MemberKey  // JoinGroup
	Sequence       uint32
	Roster         *Roster // JoinGroup to the leader; nil to a follower
	Plan           *Plan   // SyncGroup; nil is an empty assignment
}

// A Roster is the members of a generation as its leader is told: static ones
// first, each sort by key.
type Roster struct {
	Members []MemberSubscription
}

// A Plan is the assignment of one generation. By construction a partition has
// at most one owner in it.
type Plan struct {
	Members []MemberKey
	Owners  []Owner // by partition: an index in Members, or NoOwner
}

// OwnerOf is who has partition p, or NoMember.
func (p *Plan) OwnerOf(partition int32) MemberKey {
	owner := p.Owners[partition]
	if owner == NoOwner {
		return NoMember()
	}
	return p.Members[owner]
}

// AppendOwned appends the partitions of key, ascending, to dst. A nil plan
// assigns nothing.
func (p *Plan) AppendOwned(dst []int32, key MemberKey) []int32 {
	if p == nil {
		return dst
	}
	for i, owner := range p.Owners {
		if owner != NoOwner && p.Members[owner] == key {
			dst = append(dst, int32(i))
		}
	}
	return dst
}

// renamed is the plan with one member's key replaced: the new life of a static
// member takes over its assignment.
func (p *Plan) renamed(from, to MemberKey) *Plan {
	if p == nil {
		return nil
	}
	members := make([]MemberKey, len(p.Members))
	for i, key := range p.Members {
		if key == from {
			key = to
		}
		members[i] = key
	}
	return &Plan{Members: members, Owners: p.Owners}
}
