package kafka

import (
	"fmt"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

// Member is the client's side of the classic group protocol, of one consumer
// instance: the Java client (clients/.../consumer/internals/
// AbstractCoordinator.java, ConsumerCoordinator.java, Heartbeat.java) or kgo
// (pkg/kgo/consumer_group.go). Duties of the caller, in order:
//
//  1. Call Start when the process starts, Crash when it dies, OnClose when the
//     application closes the client. A frozen process takes no input; give it all
//     that has piled up when it thaws.
//  2. Act on the effects of a call, in order, before the next call.
//  3. Call OnPoll when the application enters poll, and OnProcessing when poll
//     has returned records to it. A Java member joins, revokes and takes over
//     assignments only in between; one that waits in poll for records acts at
//     once. kgo's group loop runs on its own: for it these calls do nothing.
//  4. Call OnRevoked when a CommitBeforeRevoke is done: its commit answered or
//     given up, records in hand dealt with as the application would. With nothing
//     to commit call it at once. A Java member waits for its rebalance timeout
//     (kgo: too), then goes on.
//  5. Deliver each answer of the coordinator with OnResponse; an answer that is
//     out of date does nothing. Call OnDisconnect when the connection to the
//     coordinator breaks or a request exceeds RequestTimeout.
//  6. Send offset commits with the identity that CommitRequest gives, and tell
//     of their answers with OnCommitResponse.
//  7. Call OnWake at the time that a WakeMember names. Wake-ups need never be
//     cancelled.
//
// Not modelled: a change of a member's topics, and jitter of retry back-offs,
// which would need a draw.
type Member struct {
	cfg        MemberConfig
	state      MemberState
	key        MemberKey
	generation Generation

	owned []int32 // what it may consume; never changed in place

	previous           []int32 // Java's sticky assignor: the last assignment
	previousGeneration Generation

	plan   *Plan   // received and not taken over yet
	synced bool    // plan is such
	next   []int32 // kgo: the assignment that follows the revocation under way

	held    GroupResponse // Java: an answer that nobody reads before the next poll
	holding bool

	sequence uint32 // of the last request
	deaf     uint32 // answers up to this one are lost
	born     uint32 // the last request before this generation
	joinSeq  uint32 // of the JoinGroup under way, or 0
	syncSeq  uint32 // of the SyncGroup under way, or 0
	beatSeq  uint32 // of the last heartbeat under way, or 0
	resend   bool   // kgo: the JoinGroup or SyncGroup under way must be sent again
	sending  *Plan  // what the SyncGroup under way carries

	coordinator bool // known and connected
	looking     bool // FindCoordinator asked for
	polling     bool
	rejoin      bool // rejoinNeeded
	prepare     bool // needsJoinPrepare
	closing     bool
	broken      bool // kgo: the session failed while it revoked
	awaiting    revocation

	failures    int      // kgo: sessions in a row that broke
	retries     int      // in a row, of heartbeats (kgo: of any request)
	sentAt      sim.Time // kgo: when the request under way was first sent
	retryAt     sim.Time // no JoinGroup or SyncGroup before it
	beatAt      sim.Time
	fastBeatAt  sim.Time // kgo, cooperative: one early heartbeat
	sessionEnds sim.Time // Java: without an answer the coordinator is taken for lost
	pollEnds    sim.Time // Java: max.poll.interval.ms
	prepareEnds sim.Time // of the revocation under way
	givesUpAt   sim.Time // kgo: end of retries of a request
	armed       sim.Time // the wake-up asked for
	leads       bool
}

// revocation is what OnRevoked continues.
type revocation uint8

const (
	noRevocation revocation = iota
	revokeBeforeJoin
	revokeAfterSync // kgo
	revokeToClose
)

// MemberConfig is what a Member is built from. Durations are positive.
type MemberConfig struct {
	Member            MemberID
	Client            scenarios.Client
	Protocol          scenarios.Protocol // Eager or Cooperative
	Assignor          scenarios.Assignor // Cooperative needs StickyAssignor
	Static            bool               // group.instance.id given
	Topics            []TopicPartitions  // of the group; the caller does not change it
	SessionTimeout    time.Duration      // session.timeout.ms
	HeartbeatInterval time.Duration      // heartbeat.interval.ms, below SessionTimeout
	MaxPollInterval   time.Duration      // max.poll.interval.ms; Forever for kgo
	RebalanceTimeout  time.Duration      // sent in JoinGroup
	RequestTimeout    time.Duration      // request.timeout.ms; kgo RequestTimeoutOverhead
	RetryBackoff      time.Duration      // retry.backoff.ms; kgo 250 ms
	RetryBackoffMax   time.Duration      // retry.backoff.max.ms; kgo 5 s
}

// NewMember returns an instance whose process has not started. It panics on an
// impossible configuration: specs are validated on load.
func NewMember(cfg MemberConfig) *Member {
	switch {
	case cfg.Client != scenarios.Java && cfg.Client != scenarios.FranzGo:
		panic(fmt.Sprintf("kafka: no client %d", cfg.Client))
	case cfg.Protocol != scenarios.Eager && cfg.Protocol != scenarios.Cooperative:
		panic(fmt.Sprintf("kafka: protocol %d is not of the classic kind", cfg.Protocol))
	case cfg.Protocol == scenarios.Cooperative && cfg.Assignor != scenarios.StickyAssignor:
		panic("kafka: the cooperative protocol needs the sticky assignor")
	case cfg.HeartbeatInterval <= 0 || cfg.HeartbeatInterval >= cfg.SessionTimeout:
		panic(fmt.Sprintf("kafka: heartbeat interval %v with a session of %v", cfg.HeartbeatInterval, cfg.SessionTimeout))
	case cfg.RebalanceTimeout <= 0 || cfg.RetryBackoff <= 0 || cfg.RetryBackoffMax < cfg.RetryBackoff:
		panic("kafka: a group member needs positive timeouts and back-offs")
	}
	m := &Member{cfg: cfg}
	m.Crash()
	return m
}

// State is the member's state.
func (m *Member) State() MemberState { return m.state }

// Key is the member id that it goes by.
func (m *Member) Key() MemberKey { return m.key }

// Generation is the one that it is in, or NoGeneration.
func (m *Member) Generation() Generation { return m.generation }

// Owned is the partitions that it may consume, ascending. The slice is not
// changed later.
func (m *Member) Owned() []int32 { return m.owned }

// Leads reports whether it is the leader of its generation.
func (m *Member) Leads() bool { return m.leads }

// kgo reports whose habits it has.
func (m *Member) kgo() bool { return m.cfg.Client == scenarios.FranzGo }

func (m *Member) cooperative() bool { return m.cfg.Protocol == scenarios.Cooperative }

// running reports whether its process takes part in the group.
func (m *Member) running() bool {
	return m.state != MemberDown && m.state != MemberLeft && m.state != MemberFenced
}

// RequestTimeout is how long the client waits for the answer to a request. A
// JoinGroup may be held for the rebalance timeout: Java then adds 5 s
// (AbstractCoordinator.java JOIN_GROUP_TIMEOUT_LAPSE), kgo its overhead; kgo
// waits for a SyncGroup for the rebalance timeout (client.go connTimeouter).
func (m *Member) RequestTimeout(kind GroupRequestKind) time.Duration {
	switch {
	case kind == JoinGroup && m.kgo():
		return m.cfg.RebalanceTimeout + m.cfg.RequestTimeout
	case kind == JoinGroup:
		return max(m.cfg.RequestTimeout, m.cfg.RebalanceTimeout+5*time.Second)
	case kind == SyncGroup && m.kgo():
		return m.cfg.RebalanceTimeout
	default:
		return m.cfg.RequestTimeout
	}
}

// Crash forgets everything but the numbering of requests: the process died, or
// never ran.
func (m *Member) Crash() {
	*m = Member{
		cfg:                m.cfg,
		sequence:           m.sequence,
		deaf:               m.sequence,
		key:                MemberKey{Member: m.cfg.Member},
		generation:         NoGeneration,
		previousGeneration: NoGeneration,
		beatAt:             sim.Never,
		fastBeatAt:         sim.Never,
		sessionEnds:        sim.Never,
		pollEnds:           sim.Never,
		prepareEnds:        sim.Never,
		givesUpAt:          sim.Never,
		armed:              sim.Never,
	}
}

// Start begins a process that wants to join. It panics if one is running.
func (m *Member) Start(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.running() {
		panic("kafka: a group member starts twice")
	}
	m.Crash()
	m.state = MemberUnjoined
	m.rejoin = true
	return m.settle(now, out)
}

// CopyTo makes dst an independent copy of m. Values that are never changed are
// shared.
func (m *Member) CopyTo(dst *Member) { *dst = *m }
