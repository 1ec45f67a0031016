package kafka

import "kafkasim/sim"

// respond handles an answer that is read now.
func (m *Member) respond(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	switch r.Kind {
	case JoinGroup:
		return m.onJoinAnswer(now, r, out)
	case SyncGroup:
		return m.onSyncAnswer(now, r, out)
	case GroupHeartbeat:
		return m.onHeartbeatAnswer(now, r, out)
	case LeaveGroup, OffsetCommit:
	}
	return out
}

// onJoinAnswer is JoinGroupResponseHandler, and kgo's handleJoinResp.
func (m *Member) onJoinAnswer(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	if r.Sequence != m.joinSeq {
		return out
	}
	switch r.Error {
	case NoGroupError:
		m.joinSeq = 0
		return m.enterGeneration(now, r, out)
	case MemberIDRequired:
		m.joinSeq = 0
		m.key, m.generation = r.Key, NoGeneration
	case UnknownMemberID:
		m.joinSeq = 0
		if m.kgo() {
			m.key.Incarnation = NoIncarnation
		} else {
			m.reset(true)
		}
	case RebalanceInProgress:
		m.joinSeq = 0
	case NotCoordinator, CoordinatorNotAvailable:
		return m.loseCoordinator(now, out)
	case CoordinatorLoading:
		m.postpone(now)
	case FencedInstanceID, InconsistentGroupProtocol, IllegalGeneration:
		return m.die(r.Error, out)
	}
	return out
}

// enterGeneration goes on to the sync phase; the leader computes the plan.
func (m *Member) enterGeneration(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	m.heard(now)
	m.key, m.generation = r.Key, r.Generation
	m.born = m.sequence
	m.leads = r.Leader == r.Key
	m.sending = nil
	if r.Roster != nil && !r.SkipAssignment {
		m.sending = Assign(m.cfg.Assignor, m.cfg.Protocol, r.Roster, m.cfg.Topics)
	}
	if !m.kgo() {
		m.startHeartbeats(now)
	}
	return m.sendSync(now, out)
}

// onSyncAnswer is SyncGroupResponseHandler, and kgo's joinAndSync.
func (m *Member) onSyncAnswer(now sim.Time, r GroupResponse, out []MemberEffect) []MemberEffect {
	if r.Sequence != m.syncSeq {
		return out
	}
	switch r.Error {
	case NoGroupError:
		m.heard(now)
		m.syncSeq = 0
		m.state = MemberStable
		m.rejoin = false
		m.plan, m.synced = r.Plan, true
	case RebalanceInProgress:
		m.syncSeq = 0
		m.rejoin = true
	case NotCoordinator, CoordinatorNotAvailable:
		return m.loseCoordinator(now, out)
	case CoordinatorLoading:
		// The Java client has no case for this error: it throws, and an application
		// that polls on joins again.
		m.postpone(now)
	case UnknownMemberID, IllegalGeneration:
		m.syncSeq = 0
		if m.kgo() {
			return m.breakSession(now, out)
		}
		m.reset(r.Error != IllegalGeneration)
	case FencedInstanceID, InconsistentGroupProtocol, MemberIDRequired:
		return m.die(r.Error, out)
	}
	return out
}

// reset is the Java client's resetStateOnResponseError: it is in no generation
// any more and will join again. What it owns it loses only at its next poll:
// until then it goes on with what may be somebody else's.
func (m *Member) reset(forgetID bool) {
	m.state = MemberUnjoined
	m.generation = NoGeneration
	if forgetID {
		m.key.Incarnation = NoIncarnation
	}
	m.rejoin, m.prepare = true, true
	m.leads = false
	m.dropUnderWay()
}

// breakSession is what kgo does about any other error: everything is lost, and
// after a pause it joins again under its old member id (consumer_group.go
// manageFailWait). A revocation under way is waited for.
func (m *Member) breakSession(now sim.Time, out []MemberEffect) []MemberEffect {
	m.givesUpAt = sim.Never
	switch m.awaiting {
	case revokeBeforeJoin, revokeAfterSync:
		m.broken = true
		m.beatAt, m.fastBeatAt = sim.Never, sim.Never
		return out
	case revokeToClose:
		return out
	case noRevocation:
	}
	out = m.lose(out)
	m.state = MemberUnjoined
	m.retries = 0
	m.retryAt = now.Add(m.backoff(m.failures))
	m.failures++
	m.rejoin, m.prepare = true, false
	m.leads = false
	m.dropUnderWay()
	return out
}

// dropUnderWay forgets the requests and answers of the generation that ended.
func (m *Member) dropUnderWay() {
	m.joinSeq, m.syncSeq, m.beatSeq = 0, 0, 0
	m.resend, m.holding, m.synced = false, false, false
	m.plan, m.sending = nil, nil
}

// die ends the membership for good: another process has taken the instance id.
// A kgo client joins again and again and is refused each time; the model leaves
// that out.
func (m *Member) die(err GroupError, out []MemberEffect) []MemberEffect {
	out = m.lose(out)
	m.state = MemberFenced
	m.awaiting = noRevocation
	m.dropUnderWay()
	return append(out, MemberEffect{Kind: MemberFailed, Error: err})
}
