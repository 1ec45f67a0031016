package kafka

import (
	"fmt"
	"time"

	"kafkasim/sim"
)

// Group is the coordinator's side of one consumer group under the classic
// protocol (group-coordinator/.../GroupMetadataManager.java,
// classic/ClassicGroup.java). Duties of the caller, in order:
//
//  1. Call Load when a broker becomes the coordinator and has read the offsets
//     partition; until then the group answers NOT_COORDINATOR. Call BeginLoad at
//     the start of that reading where it takes time.
//  2. Deliver each request to the coordinator with OnRequest, an offset commit
//     with OnCommit before its offsets are appended. Give requests of one
//     connection in the order in which they were sent.
//  3. Act on the effects of a call, in order, before the next call: send a
//     GroupRespond to the instance that asked, on the connection of that request
//     if it still stands; schedule a GroupWake; append the record of a GroupStore
//     to the group's offsets partition with acks=all and call OnStored when it is
//     committed (a log commits in order), or with the error when that fails or
//     takes longer than offsets.commit.timeout.ms.
//  4. Call OnTimer at the time that a GroupWake names (later if the broker was
//     frozen). Wake-ups need never be cancelled: one that is out of date does
//     nothing, and there is at most about one for each member.
//  5. Call Unload when the broker loses leadership of the offsets partition, or
//     Crash when its process dies. The same Group then serves as the one that
//     the next coordinator loads: what it keeps across is what was stored.
//
// All members subscribe to all of the group's topics. Not modelled: administrative
// removal of members, group.max.size, deletion of groups, several assignors in
// one group.
type Group struct {
	cfg      GroupConfig
	hosting  groupHosting
	state    GroupState
	previous GroupState

	generation Generation
	leader     MemberKey
	members    []groupMember // ascending by key, each once
	pending    []pendingMember
	plan       *Plan // nil until the generation's leader has sent one

	lastIncarnation Incarnation

	join             groupDeadline // end of the join phase
	sync             groupDeadline // end of the sync phase
	initialDelay     time.Duration // of the running step of an initial rebalance
	initialRemaining time.Duration // by which it may still be extended
	initial          bool          // the join deadline is that of an initial rebalance
	newMemberAdded   bool

	stored      *groupSnapshot // what a new coordinator will read
	storing     []groupStore   // records under way, oldest first
	lastVersion int32

	completed int
}

// GroupConfig is what a Group is built from.
type GroupConfig struct {
	// InitialRebalanceDelay is group.initial.rebalance.delay.ms, 0 or more.
	InitialRebalanceDelay time.Duration
}

// newMemberJoinTimeout is how long a new member may wait for the join phase to
// end before its JoinGroup is failed (GroupCoordinatorConfig.java
// CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS).
const newMemberJoinTimeout = 5 * time.Minute

// GroupState is a state of the classic group protocol.
type GroupState uint8

// Group states (classic/ClassicGroupState.java). GroupDead is a group whose
// coordinator is gone or still reading.
const (
	GroupEmpty GroupState = iota + 1
	GroupPreparingRebalance
	GroupCompletingRebalance
	GroupStable
	GroupDead
)

// String is the state's name as Kafka's tools print it.
func (s GroupState) String() string {
	switch s {
	case GroupEmpty:
		return "Empty"
	case GroupPreparingRebalance:
		return "PreparingRebalance"
	case GroupCompletingRebalance:
		return "CompletingRebalance"
	case GroupStable:
		return "Stable"
	case GroupDead:
		return "Dead"
	default:
		return "no state"
	}
}

// groupHosting says whether a broker serves the group.
type groupHosting uint8

const (
	notHosted groupHosting = iota
	loadingGroup
	hosted
)

// NewGroup returns a group that nobody coordinates yet and nobody has joined.
func NewGroup(cfg GroupConfig) *Group {
	if cfg.InitialRebalanceDelay < 0 {
		panic(fmt.Sprintf("kafka: initial rebalance delay of %v", cfg.InitialRebalanceDelay))
	}
	return &Group{
		cfg:        cfg,
		state:      GroupDead,
		previous:   GroupDead,
		generation: 0,
		leader:     NoMember(),
		join:       noDeadline(),
		sync:       noDeadline(),
	}
}

// GroupEffectKind is what a coordinator asks of its environment.
type GroupEffectKind uint8

// Kinds of effect, with the fields of GroupEffect that they use.
const (
	// GroupRespond: send Response.
	GroupRespond GroupEffectKind = iota + 1
	// GroupStore: append a record of the group's Members members to its offsets
	// partition; answer with OnStored and Version.
	GroupStore
	// GroupWake: call OnTimer with Timer at Timer.At.
	GroupWake
)

// A GroupEffect is something that a coordinator asks of its environment. Kind
// says which of the other fields carry meaning.
type GroupEffect struct {
	Kind     GroupEffectKind
	Version  int32
	Members  int32
	Timer    GroupTimer
	Response GroupResponse
}

// GroupTimerKind is what a coordinator waits for.
type GroupTimerKind uint8

// Timers of a group.
const (
	SessionTimer GroupTimerKind = iota + 1 // of member Key
	JoinTimer                              // end of the join phase
	SyncTimer                              // end of the sync phase
)

// A GroupTimer names a wake-up.
type GroupTimer struct {
	Kind GroupTimerKind
	Key  MemberKey
	At   sim.Time
}

// State is the group's state; GroupDead while nobody serves it.
func (g *Group) State() GroupState { return g.state }

// Generation is the number of the last completed join phase; 0 before the first.
func (g *Group) Generation() Generation { return g.generation }

// Leader is the member that computes assignments, or NoMember.
func (g *Group) Leader() MemberKey { return g.leader }

// Members is the number of members, those included that died and whose session
// has not ended.
func (g *Group) Members() int { return len(g.members) }

// Has reports whether a member belongs to the group under this id. Who carries a
// generation's number need not: a generation is stored only with its assignment,
// so that a coordinator that takes over before may give the same number out again,
// to other members (GroupMetadataManager.java completeClassicGroupJoin appends
// nothing for a group with members). Kafka tells them apart by member id
// (classic/ClassicGroup.java validateMember).
func (g *Group) Has(key MemberKey) bool { return g.find(key) >= 0 }

// Plan is the assignment of the current generation, or nil while there is none.
// In GroupPreparingRebalance it is the one before.
func (g *Group) Plan() *Plan { return g.plan }

// Rebalances counts the completed ones: how often the group became stable
// (Kafka's metric group-completed-rebalance-count).
func (g *Group) Rebalances() int { return g.completed }

// OnRequest handles a request other than an offset commit, and appends what
// follows from it to out. It panics on an OffsetCommit, or a JoinGroup without a
// subscription.
func (g *Group) OnRequest(now sim.Time, r GroupRequest, out []GroupEffect) []GroupEffect {
	if g.hosting != hosted {
		return append(out, respond(r, g.absent(r.Kind)))
	}
	switch r.Kind {
	case JoinGroup:
		if r.Subscription == nil {
			panic("kafka: a JoinGroup without a subscription")
		}
		return g.onJoin(now, r, out)
	case SyncGroup:
		return g.onSync(r, out)
	case GroupHeartbeat:
		return g.onHeartbeat(now, r, out)
	case LeaveGroup:
		return g.onLeave(now, r, out)
	case OffsetCommit:
		panic("kafka: an OffsetCommit goes to OnCommit")
	default:
		panic(fmt.Sprintf("kafka: group request of kind %d", r.Kind))
	}
}

// absent is the error of a broker that does not serve the group. While it loads,
// heartbeats succeed blindly (GroupCoordinatorService.java heartbeat).
func (g *Group) absent(kind GroupRequestKind) GroupError {
	switch {
	case g.hosting == notHosted:
		return NotCoordinator
	case kind == GroupHeartbeat:
		return NoGroupError
	default:
		return CoordinatorLoading
	}
}

// respond is the answer to r with only an error in it.
func respond(r GroupRequest, err GroupError) GroupEffect {
	return GroupEffect{Kind: GroupRespond, Response: GroupResponse{
		Kind: r.Kind, Error: err, Key: r.Key, Generation: NoGeneration, Leader: NoMember(), Sequence: r.Sequence,
	}}
}

// validate is ClassicGroup.validateMember.
func (g *Group) validate(r GroupRequest) GroupError {
	if r.Static {
		i := g.findStatic(r.Key.Member)
		if i < 0 {
			return UnknownMemberID
		}
		if g.members[i].key != r.Key {
			return FencedInstanceID
		}
	}
	if g.find(r.Key) < 0 {
		return UnknownMemberID
	}
	return NoGroupError
}

// validateGeneration is validate and a check of the generation.
func (g *Group) validateGeneration(r GroupRequest) GroupError {
	if err := g.validate(r); err != NoGroupError {
		return err
	}
	if r.Generation != g.generation {
		return IllegalGeneration
	}
	return NoGroupError
}

// onHeartbeat keeps a member's session and tells it of a rebalance.
func (g *Group) onHeartbeat(now sim.Time, r GroupRequest, out []GroupEffect) []GroupEffect {
	if err := g.validateGeneration(r); err != NoGroupError {
		return append(out, respond(r, err))
	}
	err := NoGroupError
	switch g.state {
	case GroupPreparingRebalance:
		err = RebalanceInProgress
	case GroupCompletingRebalance, GroupStable:
	case GroupEmpty, GroupDead:
		return append(out, respond(r, UnknownMemberID))
	}
	out = g.keepSession(now, g.find(r.Key), out)
	return append(out, respond(r, err))
}

// OnCommit says whether an offset commit may be appended (NoGroupError), or with
// which error it is refused. An accepted one keeps the member's session
// (OffsetMetadataManager.java validateOffsetCommit). A consumer that does not
// belong to the group may commit only while it is empty.
func (g *Group) OnCommit(now sim.Time, r GroupRequest, out []GroupEffect) (GroupError, []GroupEffect) {
	if g.hosting != hosted {
		return g.absent(OffsetCommit), out
	}
	if r.Generation < 0 && g.state == GroupEmpty {
		return NoGroupError, out
	}
	if err := g.validateGeneration(r); err != NoGroupError {
		return err, out
	}
	if g.state == GroupCompletingRebalance {
		return RebalanceInProgress, out
	}
	return NoGroupError, g.keepSession(now, g.find(r.Key), out)
}

// onLeave removes a member at its own wish.
func (g *Group) onLeave(now sim.Time, r GroupRequest, out []GroupEffect) []GroupEffect {
	if i := g.findPending(r.Key); i >= 0 {
		g.dropPending(i)
	} else {
		if err := g.validate(r); err != NoGroupError {
			return append(out, respond(r, err))
		}
		out = g.dismiss(g.find(r.Key), out)
	}
	out = append(out, respond(r, NoGroupError))
	switch g.state {
	case GroupStable, GroupCompletingRebalance:
		return g.prepareRebalance(now, out)
	case GroupPreparingRebalance:
		return g.maybeCompleteJoin(now, out)
	case GroupEmpty, GroupDead:
	}
	return out
}
