package kafka

import (
	"time"

	"kafkasim/sim"
)

// cooperativeFastBeat is when a cooperative kgo member sends its first
// heartbeat of a session: its peers rejoin at once, and it would otherwise hear
// of that only after an interval (consumer_group.go heartbeat).
const cooperativeFastBeat = 500 * time.Millisecond

// heartbeats reports whether the member is in a state in which it sends them.
// Java's thread is enabled by the answer to JoinGroup, kgo's loop by that to
// SyncGroup.
func (m *Member) heartbeats() bool {
	switch m.state {
	case MemberStable, MemberRejoining:
		return true
	case MemberSyncing:
		return !m.kgo()
	case MemberDown, MemberUnjoined, MemberJoining, MemberLeft, MemberFenced:
	}
	return false
}

// startHeartbeats starts the timers anew. All members of a generation get their
// answers together, so their heartbeats stay in phase (kafka.md J.8).
func (m *Member) startHeartbeats(now sim.Time) {
	m.beatAt = now.Add(m.cfg.HeartbeatInterval)
	m.beatSeq = 0
	if m.kgo() {
		m.fastBeatAt = sim.Never
		if m.cooperative() {
			m.fastBeatAt = now.Add(cooperativeFastBeat)
		}
		return
	}
	m.sessionEnds = now.Add(m.cfg.SessionTimeout)
	if !m.polling {
		m.pollEnds = now.Add(m.cfg.MaxPollInterval)
	}
}

// beat sends a heartbeat that is due. Java counts its interval from the sending,
// kgo's loop from the answer.
func (m *Member) beat(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || !m.heartbeats() || !m.coordinator || min(m.beatAt, m.fastBeatAt) > now {
		return out
	}
	m.fastBeatAt = sim.Never
	m.beatAt = now.Add(m.cfg.HeartbeatInterval)
	if m.kgo() {
		m.beatAt = sim.Never
		m.firstSent(now)
	}
	request := m.request(GroupHeartbeat)
	m.beatSeq = request.Sequence
	return append(out, MemberEffect{Kind: SendToCoordinator, Request: request})
}

// onHeartbeatThread is what the Java client's heartbeat thread does besides
// sending (AbstractCoordinator.java HeartbeatThread.run).
func (m *Member) onHeartbeatThread(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.kgo() {
		return out
	}
	switch {
	case m.coordinator && m.sessionEnds <= now:
		return m.loseCoordinator(now, out)
	case !m.polling && m.pollEnds <= now:
		out = m.sendLeave(out)
		m.pollEnds = sim.Never
		m.reset(true)
	}
	return out
}

// onHeartbeatAnswer is HeartbeatResponseHandler, and kgo's heartbeat loop.
func (m *Member) onHeartbeatAnswer(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	if r.Sequence == m.beatSeq {
		m.beatSeq = 0
		if m.kgo() {
			m.beatAt = now.Add(m.cfg.HeartbeatInterval)
		}
	}
	if r.Sequence <= m.born || !m.heartbeats() {
		return out // of an earlier generation
	}
	switch r.Error {
	case NoGroupError:
		m.heard(now)
	case RebalanceInProgress:
		m.heard(now)
		if m.state != MemberSyncing {
			m.rejoin = true
		}
	case NotCoordinator, CoordinatorNotAvailable, CoordinatorLoading:
		m.beatSeq = r.Sequence
		return m.loseCoordinator(now, out)
	case FencedInstanceID:
		return m.die(r.Error, out)
	case UnknownMemberID, IllegalGeneration, MemberIDRequired, InconsistentGroupProtocol:
		if m.kgo() {
			return m.breakSession(now, out)
		}
		m.reset(r.Error != IllegalGeneration)
	}
	return out
}

// heard notes that the coordinator answered.
func (m *Member) heard(now sim.Time) {
	m.retries = 0
	m.givesUpAt = sim.Never
	if !m.kgo() {
		m.sessionEnds = now.Add(m.cfg.SessionTimeout)
	}
}

// loseCoordinator is markCoordinatorUnknown: requests under way fail. Java's
// JoinGroup and SyncGroup lead to a new JoinGroup after a pause; kgo sends the
// same request again once it has found the coordinator, for at most the session
// timeout (client.go retryTimeout).
func (m *Member) loseCoordinator(now sim.Time, out []MemberEffect) []MemberEffect {
	m.coordinator = false
	m.deaf = m.sequence
	if m.beatSeq != 0 {
		m.beatSeq = 0
		pause := m.backoff(m.retries)
		m.retries++
		m.beatAt = now.Add(pause)
		m.trouble(now, pause)
	}
	if m.joinSeq != 0 || m.syncSeq != 0 {
		m.postpone(now)
	}
	if m.kgo() || m.polling || m.heartbeats() {
		return m.lookUp(out)
	}
	return out
}

// postpone makes a JoinGroup or SyncGroup under way be tried again after a
// pause.
func (m *Member) postpone(now sim.Time) {
	if m.kgo() {
		pause := m.backoff(m.retries)
		m.retries++
		m.retryAt = now.Add(pause)
		m.resend = true
		m.trouble(now, pause)
		return
	}
	m.joinSeq, m.syncSeq = 0, 0
	m.rejoin = true
	m.retryAt = now.Add(m.cfg.RetryBackoff)
}

// firstSent notes when a request of kgo's was first sent: its retries end a
// session timeout later (client.go retryTimeout).
func (m *Member) firstSent(now sim.Time) {
	if m.retries == 0 {
		m.sentAt = now
	}
}

// trouble sets the time at which kgo gives a request up: now, if there is none
// for another try after the pause.
func (m *Member) trouble(now sim.Time, pause time.Duration) {
	if !m.kgo() {
		return
	}
	m.givesUpAt = m.sentAt.Add(m.cfg.SessionTimeout)
	if now.Add(pause) > m.givesUpAt {
		m.givesUpAt = now
	}
}

// lookUp asks for the coordinator unless that is under way.
func (m *Member) lookUp(out []MemberEffect) []MemberEffect {
	if m.looking {
		return out
	}
	m.looking = true
	return append(out, MemberEffect{Kind: FindCoordinator})
}
