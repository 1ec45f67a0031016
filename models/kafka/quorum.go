package kafka

import (
	"fmt"
	"slices"
	"time"

	"kafkasim/sim"
)

// QuorumConfig holds the times that decide how long a cluster is without an
// active controller.
type QuorumConfig struct {
	FetchTimeout    time.Duration // controller.quorum.fetch.timeout.ms
	ElectionTimeout time.Duration // controller.quorum.election.timeout.ms; timers are uniform in once to twice it
	FetchInterval   time.Duration // longest time between two successful fetches of a healthy follower
	FetchSkew       time.Duration // most by which one voter's timer is behind another's, which the same record answered
	Ask             time.Duration // a pre-vote's way to another voter and through its queue
	WorkMin         time.Duration // from a won pre-vote to an active controller, at least
	WorkSpread      time.Duration // and at most this much more
}

// DefaultQuorumConfig returns Kafka's defaults (raft/.../QuorumConfig.java). The
// fetch interval is the longest wait of a fetch, which is also the period of the
// no-op records that answer it (KafkaRaftClient.MAX_FETCH_WAIT_MS,
// metadata.max.idle.interval.ms). The rest was read from the logs of two failovers of
// 4.3.1, three nodes in containers: the survivors' timers lapsed 2 and 9 ms apart
// ("Transitioning to Prospective state due to fetch timeout"); a pre-vote was answered
// 3, 7 and 27 ms after it was sent, of which the first is taken for a process that is
// not busy and one more for its state; and from the deciding timer to "Becoming the
// active controller" 54 and 133 ms went by, with the two rounds of votes, each voter's
// synced quorum state and the commit of the new epoch's first record. Together they
// put the mean failover of three voters at 2.3 s; about 2.2 s were seen before.
func DefaultQuorumConfig() QuorumConfig {
	return QuorumConfig{
		FetchTimeout:    2 * time.Second,
		ElectionTimeout: time.Second,
		FetchInterval:   500 * time.Millisecond,
		FetchSkew:       20 * time.Millisecond,
		Ask:             4 * time.Millisecond,
		WorkMin:         50 * time.Millisecond,
		WorkSpread:      100 * time.Millisecond,
	}
}

// MaxVoters is the largest controller quorum that the model takes.
const MaxVoters = 15

// QuorumDraws are the uniform draws in [0, 1) that one input may use.
type QuorumDraws struct {
	FetchAge float64            // how long ago the last record answered all voters' fetches, of FetchInterval
	Skew     [MaxVoters]float64 // how much later each voter has seen it, of FetchSkew
	Retry    [2]float64         // the timers of two candidates that share the votes, of ElectionTimeout, above it
	Phase    float64            // where a voter without a leader stands in its cycle of timers
	Work     float64            // of WorkSpread
}

// A Departure is the way in which a voter leaves the others.
type Departure uint8

// Departures of a voter. A leader that is silent goes on as one if it is back
// before the others have given it up; one that is stopped names a successor.
const (
	VoterCrashed Departure = iota + 1
	VoterSilent            // paused, or cut off from the majority
	VoterStopped           // shut down in order
)

// QuorumChange is what an input did to the controller quorum.
type QuorumChange uint8

// Quorum changes.
const (
	QuorumKept     QuorumChange = iota + 1 // as before: the same active controller, or none, or the election already announced
	QuorumElecting                         // no active controller until At; then Voter, unless another change comes before
	QuorumLost                             // no active controller until enough voters are back
	QuorumResumed                          // Voter is active again; no other was in between, so no Activate
)

// QuorumEffect answers an input.
type QuorumEffect struct {
	Change QuorumChange
	Voter  BrokerID // QuorumElecting, QuorumResumed
	At     sim.Time // QuorumElecting
}

// A voter is a controller as the others see it.
type voter struct {
	id     BrokerID
	up     bool
	grants sim.Time // QuorumElecting: from when it asks for and grants pre-votes
}

// A Quorum is the controllers' raft quorum, reduced to who is the active
// controller and when the next one is (raft/.../KafkaRaftClient.java). Voters
// that are down, paused, or cut off from the majority are all the same to it. It
// knows no log: every live voter is fit to lead, which holds for the voters that
// fetched last, and those win. The zero value is not usable.
type Quorum struct {
	config   QuorumConfig
	voters   []voter
	active   int      // index of the leader, silent or without majority too; -1: none
	resigns  sim.Time // when such a leader gives up; Never while it has a majority
	electing int      // index of the voter that will be active; -1: no election
	electAt  sim.Time
}

// NewQuorum returns a healthy quorum with the first voter active. Voters are
// controllers (101, ...) or, in combined mode, brokers. It panics unless there is
// at least one voter and at most MaxVoters.
func NewQuorum(config QuorumConfig, voters []BrokerID) *Quorum {
	if len(voters) == 0 || len(voters) > MaxVoters {
		panic(fmt.Sprintf("kafka: a quorum of %d voters", len(voters)))
	}
	q := &Quorum{config: config, voters: make([]voter, len(voters)), resigns: sim.Never, electing: -1}
	for i, id := range voters {
		q.voters[i] = voter{id: id, up: true}
	}
	return q
}

// CopyTo makes dst the same quorum as q, independent of it.
func (q *Quorum) CopyTo(dst *Quorum) {
	voters := append(dst.voters[:0], q.voters...)
	*dst = *q
	dst.voters = voters
}

// Active is the active controller, one that can commit records; false when there
// is none.
func (q *Quorum) Active() (BrokerID, bool) {
	if q.active < 0 || q.resigns != sim.Never || !q.voters[q.active].up {
		return NoBroker, false
	}
	return q.voters[q.active].id, true
}

// VoterDown takes a voter from the quorum at now.
//
// If it is the active one and a majority is left, the next is active after
//
//	max(now, t) + WorkMin + WorkSpread × Work
//
// where t is the moment at which as many voters as make a majority have not
// fetched for FetchTimeout: each stops refusing pre-votes then, and the last of
// them finds enough that grant its own (FollowerState.canGrantVote,
// ProspectiveState). The fetches of all voters wait at the leader and are answered
// by one record, FetchInterval × FetchAge before now, which each sees up to FetchSkew
// later. With three voters t is the later of two timers, 1.5 to 2.0 s after now.
//
// If every live voter is needed for a majority, and the last two timers are less than
// Ask apart, both ask before the other's request has come, both grant, and both stand
// for election in the same epoch, each with its own vote: nobody wins, until the first
// of two timers, uniform in once to twice ElectionTimeout, makes its owner ask again;
// the other, still a candidate, grants that (CandidateState.canGrantVote,
// KafkaRaftClient.pollCandidate, QuorumState.randomElectionTimeoutMs). That adds 1.33 s
// in the mean, in a third of the failovers of three voters: 2.3 s in the mean of all.
//
// A leader that was stopped names a successor, which asks at once and gets its
// pre-vote (ResignedState.canGrantVote): t is now.
//
// A leader that is left without a majority commits nothing from now on, and gives
// up 1.5 × FetchTimeout after it last heard from one
// (LeaderState.CHECK_QUORUM_TIMEOUT_FACTOR).
func (q *Quorum) VoterDown(now sim.Time, id BrokerID, how Departure, draws *QuorumDraws) QuorumEffect {
	i := q.index(id)
	if !q.voters[i].up {
		return QuorumEffect{Change: QuorumKept}
	}
	_, had := q.Active()
	had = had || q.electing >= 0
	q.voters[i].up = false
	if i == q.active || !q.majority() && q.resigns == sim.Never {
		q.resigns = now.Add(q.config.FetchTimeout*3/2 - q.fetchAge(draws))
	}
	if i == q.active {
		if how != VoterSilent {
			q.active = -1
		}
		for j := range q.voters {
			q.voters[j].grants = now
			if how != VoterStopped {
				skew := time.Duration(draws.Skew[j] * float64(q.config.FetchSkew))
				q.voters[j].grants = now.Add(q.config.FetchTimeout - q.fetchAge(draws) + skew)
			}
		}
		if q.majority() {
			return q.elect(now, true, draws)
		}
	}
	switch {
	case !q.majority() && had:
		q.electing = -1
		return QuorumEffect{Change: QuorumLost}
	case q.electing >= 0:
		return q.elect(now, true, draws)
	default:
		return QuorumEffect{Change: QuorumKept}
	}
}

// VoterUp brings a voter back at now. Pre-votes keep it from disturbing a leader
// that the others hear. A silent leader that is back before a pre-vote was won
// goes on, and so does one whose majority is back before it has given up. Else,
// if the voter completes a majority, an election ends after
//
//	now + max(0, Phase × (FetchTimeout + a) − a) + WorkMin + WorkSpread × Work, a = 1.5 × ElectionTimeout
//
// because a voter without a majority takes turns: for an election timeout, a in
// the mean, it asks for pre-votes, and for FetchTimeout it waits for its old
// leader (KafkaRaftClient.prospectiveTransitionAfterElectionLoss); one that
// returns grants them at once. A quorum of one leads as soon as it has started.
// All this is derived from the code.
func (q *Quorum) VoterUp(now sim.Time, id BrokerID, draws *QuorumDraws) QuorumEffect {
	i := q.index(id)
	if q.voters[i].up {
		return QuorumEffect{Change: QuorumKept}
	}
	before := q.majority()
	q.voters[i].up = true
	inTime := q.active >= 0 && q.voters[q.active].up && now < q.resigns &&
		(q.electing < 0 || now < q.voters[q.electing].grants)
	switch {
	case before && i != q.active || !q.majority():
		return QuorumEffect{Change: QuorumKept}
	case inTime:
		q.resigns, q.electing = sim.Never, -1
		return QuorumEffect{Change: QuorumResumed, Voter: q.voters[q.active].id}
	case q.electing >= 0: // a silent leader that comes too late
		q.active = -1
		return QuorumEffect{Change: QuorumKept}
	}
	q.active = -1
	wait := time.Duration(0)
	if len(q.voters) > 1 {
		asking := q.config.ElectionTimeout * 3 / 2
		wait = max(0, time.Duration(draws.Phase*float64(q.config.FetchTimeout+asking))-asking)
	}
	for j := range q.voters {
		q.voters[j].grants = now.Add(wait)
	}
	return q.elect(now, false, draws)
}

// fetchAge is how long before now the voters' last fetches were answered.
func (q *Quorum) fetchAge(draws *QuorumDraws) time.Duration {
	return time.Duration(draws.FetchAge * float64(q.config.FetchInterval))
}

// Elected is called at the At of a QuorumElecting. It names the new active
// controller, for which Controller.Activate is due; false says that another
// change came in between.
func (q *Quorum) Elected(now sim.Time) (BrokerID, bool) {
	if q.electing < 0 || q.electAt != now {
		return NoBroker, false
	}
	q.active, q.electing, q.resigns = q.electing, -1, sim.Never
	return q.voters[q.active].id, true
}

// elect finds the voter whose pre-vote is the first to find a majority: with the
// live voters in the order in which they begin to grant, the one that completes
// it. Its election stands if it has been announced already. Where timers that have
// yet to lapse decide (lapsing), the last two may share the votes.
func (q *Quorum) elect(now sim.Time, lapsing bool, draws *QuorumDraws) QuorumEffect {
	order := make([]int, 0, MaxVoters)
	for i := range q.voters {
		if q.voters[i].up {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(max(-1, min(1, q.voters[a].grants-q.voters[b].grants)))
	})
	last := len(q.voters) / 2
	winner := order[last]
	if winner == q.electing {
		return QuorumEffect{Change: QuorumKept} // whoever went was not needed
	}
	asks, retry := max(now, q.voters[winner].grants), time.Duration(0)
	if lapsing && asks > now && last > 0 && len(order) == last+1 && asks.Sub(q.voters[order[last-1]].grants) < q.config.Ask {
		first := draws.Retry[0]
		if draws.Retry[1] < first {
			winner, first = order[last-1], draws.Retry[1]
		}
		retry = q.config.ElectionTimeout + time.Duration(first*float64(q.config.ElectionTimeout))
	}
	q.electing = winner
	spread := time.Duration(draws.Work * float64(q.config.WorkSpread))
	q.electAt = asks.Add(retry + q.config.WorkMin + spread)
	return QuorumEffect{Change: QuorumElecting, Voter: q.voters[q.electing].id, At: q.electAt}
}

// majority says whether more than half of the voters are up.
func (q *Quorum) majority() bool {
	up := 0
	for i := range q.voters {
		if q.voters[i].up {
			up++
		}
	}
	return up > len(q.voters)/2
}

// index is the position of a voter.
func (q *Quorum) index(id BrokerID) int {
	for i := range q.voters {
		if q.voters[i].id == id {
			return i
		}
	}
	panic(fmt.Sprintf("kafka: %d is no voter", id))
}
