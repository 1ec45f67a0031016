package kafka

import "kafkasim/sim"

// MemberEffectKind is what a group member asks of its environment.
type MemberEffectKind uint8

// Kinds of effect, with the fields of MemberEffect that they use.
const (
	// SendToCoordinator: send Request to the coordinator. RequestTimeout says how
	// long the client waits for the answer.
	SendToCoordinator MemberEffectKind = iota + 1
	// FindCoordinator: look the coordinator up and connect to it, as often as it
	// takes; answer once with OnCoordinator.
	FindCoordinator
	// CommitBeforeRevoke: commit the positions of Partitions, and with Stop hand
	// out no more of their records; then call OnRevoked. Heartbeats go on.
	CommitBeforeRevoke
	// RevokePartitions: Partitions are no longer this member's; stop fetching.
	RevokePartitions
	// LosePartitions: as RevokePartitions, but somebody else may have them
	// already, and a commit would be refused.
	LosePartitions
	// AssignPartitions: Partitions are new; fetch their committed offsets and
	// begin.
	AssignPartitions
	// WakeMember: call OnWake at At.
	WakeMember
	// MemberFailed: the client reports Error to the application and is out of the
	// group for good.
	MemberFailed
)

// String is the effect in words.
func (k MemberEffectKind) String() string {
	switch k {
	case SendToCoordinator:
		return "send"
	case FindCoordinator:
		return "find the coordinator"
	case CommitBeforeRevoke:
		return "commit"
	case RevokePartitions:
		return "revoke"
	case LosePartitions:
		return "lose"
	case AssignPartitions:
		return "assign"
	case WakeMember:
		return "wake"
	case MemberFailed:
		return "fail"
	default:
		return "unknown effect"
	}
}

// A MemberEffect is something that a group member asks of its environment. Kind
// says which of the other fields carry meaning. Partitions is ascending, not
// empty, and never changed afterwards.
type MemberEffect struct {
	Kind       MemberEffectKind
	Stop       bool
	Error      GroupError
	At         sim.Time
	Partitions []int32
	Request    GroupRequest
}

// MemberState is a state of a group member.
type MemberState uint8

// States of a member (clients/.../AbstractCoordinator.java MemberState; the
// ones that the Java client has no name for are the model's).
const (
	MemberDown      MemberState = iota // no process
	MemberUnjoined                     // not in a generation, or no longer
	MemberJoining                      // JoinGroup sent (PREPARING_REBALANCE)
	MemberSyncing                      // SyncGroup sent (COMPLETING_REBALANCE)
	MemberStable                       // has its assignment
	MemberRejoining                    // STABLE still: commits and revokes before the next JoinGroup
	MemberLeft                         // closed
	MemberFenced                       // out for good
)

// String is the state in a word.
func (s MemberState) String() string {
	switch s {
	case MemberDown:
		return "down"
	case MemberUnjoined:
		return "unjoined"
	case MemberJoining:
		return "joining"
	case MemberSyncing:
		return "syncing"
	case MemberStable:
		return "stable"
	case MemberRejoining:
		return "rejoining"
	case MemberLeft:
		return "left"
	case MemberFenced:
		return "fenced"
	default:
		return "no state"
	}
}
