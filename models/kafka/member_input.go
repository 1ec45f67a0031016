package kafka

import (
	"time"

	"kafkasim/sim"
)

// OnPoll says that the application has entered poll.
func (m *Member) OnPoll(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || m.kgo() {
		return out
	}
	m.polling = true
	m.pollEnds = sim.Never
	if !m.coordinator {
		out = m.lookUp(out)
	}
	if m.holding {
		m.holding = false
		out = m.respond(now, m.held, out)
	}
	return m.settle(now, out)
}

// OnProcessing says that poll has returned records and the application works on
// them. A Java client that does not come back within max.poll.interval.ms leaves
// the group.
func (m *Member) OnProcessing(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || m.kgo() {
		return out
	}
	m.polling = false
	m.pollEnds = now.Add(m.cfg.MaxPollInterval)
	return m.arm(now, out)
}

// OnCoordinator says that the coordinator is found and connected.
func (m *Member) OnCoordinator(now sim.Time, out []MemberEffect) []MemberEffect {
	m.looking = false
	if !m.running() || m.coordinator {
		return out
	}
	m.coordinator = true
	if !m.kgo() {
		m.sessionEnds = now.Add(m.cfg.SessionTimeout)
	}
	return m.settle(now, out)
}

// OnDisconnect says that the connection to the coordinator is gone, or a request
// to it has timed out, and with it every request under way.
func (m *Member) OnDisconnect(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || !m.coordinator {
		return out
	}
	out = m.loseCoordinator(now, out)
	return m.settle(now, out)
}

// OnRevoked says that a CommitBeforeRevoke is done.
func (m *Member) OnRevoked(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || m.awaiting == noRevocation {
		return out
	}
	out = m.finishRevocation(now, out)
	return m.settle(now, out)
}

// OnClose says that the application closes the client. It ends in MemberLeft: a
// Java client goes at once, kgo first lets a join under way end.
func (m *Member) OnClose(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() || m.closing {
		return out
	}
	m.closing = true
	return m.settle(now, out)
}

// OnWake handles a wake-up.
func (m *Member) OnWake(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.armed <= now {
		m.armed = sim.Never
	}
	if !m.running() {
		return out
	}
	if m.prepareEnds <= now {
		out = m.finishRevocation(now, out)
	}
	if m.givesUpAt <= now {
		out = m.breakSession(now, out)
	}
	if m.heartbeats() {
		out = m.onHeartbeatThread(now, out)
	}
	return m.settle(now, out)
}

// OnResponse delivers an answer of the coordinator.
func (m *Member) OnResponse(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	if !m.running() || r.Sequence <= m.deaf {
		return out
	}
	if r.Kind == JoinGroup && !m.kgo() && !m.polling {
		// The heartbeat thread rests during a join, so nobody reads the socket
		// before the application polls again.
		m.held, m.holding = r, true
		return out
	}
	out = m.respond(now, r, out)
	return m.settle(now, out)
}

// CommitRequest is the identity under which an offset commit is sent, or why it
// cannot be: RebalanceInProgress between JoinGroup and assignment (Java reports
// it to the application, kgo waits with the commit), UnknownMemberID outside of
// a generation (Java's CommitFailedException).
func (m *Member) CommitRequest() (GroupRequest, GroupError) {
	switch {
	case m.state == MemberJoining || m.state == MemberSyncing:
		return GroupRequest{}, RebalanceInProgress
	case m.generation == NoGeneration || m.state != MemberStable && m.state != MemberRejoining:
		return GroupRequest{}, UnknownMemberID
	default:
		return m.request(OffsetCommit), NoGroupError
	}
}

// OnCommitResponse tells of the answer to an offset commit. kgo reports it to
// the application and leaves the rest to its heartbeats; the Java client acts on
// it (ConsumerCoordinator.java OffsetCommitResponseHandler).
func (m *Member) OnCommitResponse(now sim.Time, sent GroupRequest, err GroupError, out []MemberEffect) []MemberEffect {
	if !m.running() || sent.Sequence <= m.deaf {
		return out
	}
	switch err {
	case NotCoordinator, CoordinatorNotAvailable:
		out = m.loseCoordinator(now, out)
	case RebalanceInProgress:
		m.rejoin = m.rejoin || !m.kgo()
	case UnknownMemberID, IllegalGeneration:
		current := sent.Generation == m.generation && sent.Key == m.key
		if !m.kgo() && (current || m.state != MemberJoining) {
			m.reset(err != IllegalGeneration)
		}
	case NoGroupError, FencedInstanceID, MemberIDRequired, InconsistentGroupProtocol, CoordinatorLoading:
	}
	return m.settle(now, out)
}

// settle does what can be done now and asks for a wake-up for the rest.
func (m *Member) settle(now sim.Time, out []MemberEffect) []MemberEffect {
	out = m.proceed(now, out)
	out = m.beat(now, out)
	return m.arm(now, out)
}

// arm asks for a wake-up at the next deadline unless there is one by then.
func (m *Member) arm(now sim.Time, out []MemberEffect) []MemberEffect {
	if !m.running() {
		return out
	}
	next := min(m.prepareEnds, m.givesUpAt)
	if m.retryAt > now {
		next = min(next, m.retryAt)
	}
	if m.heartbeats() {
		if !m.kgo() && !m.polling {
			next = min(next, m.pollEnds)
		}
		if m.coordinator {
			next = min(next, m.beatAt, m.fastBeatAt, m.sessionEnds)
		}
	}
	if next >= m.armed {
		return out
	}
	m.armed = next
	return append(out, MemberEffect{Kind: WakeMember, At: next})
}

// backoff is the n-th pause of an exponential series, n from 0.
func (m *Member) backoff(n int) time.Duration {
	pause := m.cfg.RetryBackoff
	for ; n > 0 && pause < m.cfg.RetryBackoffMax; n-- {
		pause *= 2
	}
	return min(pause, m.cfg.RetryBackoffMax)
}
