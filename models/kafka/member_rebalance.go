package kafka

import (
	"slices"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

// closeTimeout bounds the last commit of a client that is closed
// (ConsumerUtils.java DEFAULT_CLOSE_TIMEOUT_MS; kgo's users pass their own).
const closeTimeout = 30 * time.Second

// request is a request in the member's name.
func (m *Member) request(kind GroupRequestKind) GroupRequest {
	m.sequence++
	return GroupRequest{Kind: kind, Static: m.cfg.Static, Key: m.key, Generation: m.generation, Sequence: m.sequence}
}

// acts reports whether the group's business can go on now: a Java client does
// it inside poll, and nobody while a revocation is under way.
func (m *Member) acts() bool {
	return m.running() && m.awaiting == noRevocation && (m.kgo() || m.polling)
}

// proceed is ConsumerCoordinator.poll with AbstractCoordinator.joinGroupIfNeeded,
// and kgo's manage loop.
func (m *Member) proceed(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.mayClose() {
		return m.close(now, out)
	}
	if !m.acts() {
		return out
	}
	if m.synced {
		out = m.takeOver(now, out)
		return m.proceed(now, out)
	}
	if !m.resend && (!m.rejoin || m.joinSeq != 0 || m.syncSeq != 0) {
		return out
	}
	if !m.coordinator {
		return m.lookUp(out)
	}
	if now < m.retryAt {
		return out
	}
	if m.resend {
		return m.sendAgain(now, out)
	}
	if m.prepare {
		m.prepare = false
		out = m.prepareJoin(now, out)
		if m.awaiting != noRevocation {
			return out
		}
	}
	return m.sendJoin(now, out)
}

// prepareJoin is onJoinPrepare: before an eager member joins again it gives
// everything back, and a cooperative one commits. Who is in no generation has
// lost what it had.
func (m *Member) prepareJoin(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.generation == NoGeneration {
		return m.lose(out)
	}
	if len(m.owned) == 0 {
		return out
	}
	m.state = MemberRejoining
	return m.commitBefore(now, revokeBeforeJoin, m.owned, !m.cooperative(), out)
}

// commitBefore asks for a commit, after which OnRevoked goes on.
func (m *Member) commitBefore(now sim.Time, what revocation, partitions []int32, stop bool, out []MemberEffect) []MemberEffect {
	m.awaiting = what
	m.prepareEnds = now.Add(m.cfg.RebalanceTimeout)
	if what == revokeToClose {
		m.prepareEnds = now.Add(closeTimeout)
	}
	return append(out, MemberEffect{Kind: CommitBeforeRevoke, Partitions: partitions, Stop: stop})
}

// finishRevocation goes on after a commit.
func (m *Member) finishRevocation(now sim.Time, out []MemberEffect) []MemberEffect {
	what := m.awaiting
	m.awaiting = noRevocation
	m.prepareEnds = sim.Never
	switch what {
	case revokeBeforeJoin:
		if m.generation == NoGeneration {
			out = m.lose(out)
		} else if !m.cooperative() {
			out = m.revokeAll(out)
		}
	case revokeAfterSync:
		if !m.broken {
			out = m.change(m.next, out)
			m.rejoin = true
		}
		m.next = nil
	case revokeToClose:
		return m.leave(out)
	case noRevocation:
	}
	if m.broken {
		m.broken = false
		out = m.breakSession(now, out)
	}
	return out
}

// sendJoin sends a JoinGroup.
func (m *Member) sendJoin(now sim.Time, out []MemberEffect) []MemberEffect {
	m.firstSent(now)
	m.state = MemberJoining
	m.leads = false
	request := m.request(JoinGroup)
	request.Subscription = m.subscription()
	m.joinSeq = request.Sequence
	return append(out, MemberEffect{Kind: SendToCoordinator, Request: request})
}

// subscription is what the member says of itself. Java's eager sticky assignor
// remembers the last assignment (StickyAssignor.java subscriptionUserData);
// kgo's has forgotten it, as revoking clears it (consumer_group.go revoke).
func (m *Member) subscription() *Subscription {
	s := &Subscription{
		Protocol:         m.cfg.Protocol,
		SessionTimeout:   m.cfg.SessionTimeout,
		RebalanceTimeout: m.cfg.RebalanceTimeout,
		Owned:            m.owned,
		Generation:       m.generation,
	}
	if !m.kgo() && !m.cooperative() && m.cfg.Assignor == scenarios.StickyAssignor {
		s.Owned, s.Generation = m.previous, m.previousGeneration
	}
	return s
}

// sendSync sends a SyncGroup: with the plan from the leader.
func (m *Member) sendSync(now sim.Time, out []MemberEffect) []MemberEffect {
	m.firstSent(now)
	m.state = MemberSyncing
	request := m.request(SyncGroup)
	request.Plan = m.sending
	m.syncSeq = request.Sequence
	return append(out, MemberEffect{Kind: SendToCoordinator, Request: request})
}

// sendAgain repeats the request that was under way when its connection broke.
func (m *Member) sendAgain(now sim.Time, out []MemberEffect) []MemberEffect {
	m.resend = false
	if m.joinSeq != 0 {
		return m.sendJoin(now, out)
	}
	return m.sendSync(now, out)
}

// takeOver is onJoinComplete: the assignment of the generation becomes the
// member's. A cooperative member that must give partitions up does so now and
// joins again; kgo commits them first, Java has done so before it joined.
func (m *Member) takeOver(now sim.Time, out []MemberEffect) []MemberEffect {
	m.synced = false
	m.prepare = true
	m.retries, m.failures = 0, 0
	mine := m.plan.AppendOwned(nil, m.key)
	m.plan = nil
	m.previous, m.previousGeneration = mine, m.generation
	if m.kgo() {
		m.startHeartbeats(now)
	}
	gone := without(m.owned, mine)
	if len(gone) == 0 {
		return m.change(mine, out)
	}
	if m.kgo() {
		m.next = mine
		return m.commitBefore(now, revokeAfterSync, gone, true, out)
	}
	m.rejoin = true
	return m.change(mine, out)
}

// change replaces what the member owns.
func (m *Member) change(mine []int32, out []MemberEffect) []MemberEffect {
	if gone := without(m.owned, mine); len(gone) > 0 {
		out = append(out, MemberEffect{Kind: RevokePartitions, Partitions: gone})
	}
	added := without(mine, m.owned)
	m.owned = mine
	if len(added) > 0 {
		out = append(out, MemberEffect{Kind: AssignPartitions, Partitions: added})
	}
	return out
}

// without is the partitions of a that are not in b; both ascend.
func without(a, b []int32) []int32 {
	var rest []int32
	for _, p := range a {
		if _, found := slices.BinarySearch(b, p); !found {
			rest = append(rest, p)
		}
	}
	return rest
}

func (m *Member) revokeAll(out []MemberEffect) []MemberEffect {
	return m.change(nil, out)
}

// lose gives up what the member had without a say in it.
func (m *Member) lose(out []MemberEffect) []MemberEffect {
	if len(m.owned) > 0 {
		out = append(out, MemberEffect{Kind: LosePartitions, Partitions: m.owned})
	}
	m.owned = nil
	return out
}

// mayClose reports whether a close that was asked for can begin: kgo's waits
// for the end of a join.
func (m *Member) mayClose() bool {
	if !m.closing || !m.running() || m.awaiting == revokeToClose {
		return false
	}
	if m.kgo() {
		return m.awaiting == noRevocation && m.joinSeq == 0 && m.syncSeq == 0 && !m.synced
	}
	return true
}

// close begins to leave: commit, give everything back, say good-bye.
func (m *Member) close(now sim.Time, out []MemberEffect) []MemberEffect {
	if m.awaiting == revokeBeforeJoin {
		m.awaiting = revokeToClose // the commit is under way already
		return out
	}
	stable := m.state == MemberStable || m.state == MemberRejoining
	if stable && m.generation != NoGeneration && len(m.owned) > 0 {
		return m.commitBefore(now, revokeToClose, m.owned, true, out)
	}
	return m.leave(out)
}

// leave ends the membership. A static member says nothing, so that its place is
// kept until its session ends.
func (m *Member) leave(out []MemberEffect) []MemberEffect {
	if m.generation == NoGeneration || m.state != MemberStable && m.state != MemberRejoining {
		out = m.lose(out)
	} else {
		out = m.revokeAll(out)
	}
	out = m.sendLeave(out)
	m.state = MemberLeft
	return out
}

// sendLeave is maybeLeaveGroup.
func (m *Member) sendLeave(out []MemberEffect) []MemberEffect {
	if m.cfg.Static || !m.coordinator || m.key.Incarnation == NoIncarnation || m.state == MemberUnjoined && !m.kgo() {
		return out
	}
	return append(out, MemberEffect{Kind: SendToCoordinator, Request: m.request(LeaveGroup)})
}
