package kafka

import (
	"slices"
	"time"

	"kafkasim/sim"
)

// rebalanceOrComplete is maybePrepareRebalanceOrCompleteJoin.
func (g *Group) rebalanceOrComplete(now sim.Time, out []GroupEffect) []GroupEffect {
	switch g.state {
	case GroupEmpty, GroupCompletingRebalance, GroupStable:
		return g.prepareRebalance(now, out)
	case GroupPreparingRebalance:
		return g.maybeCompleteJoin(now, out)
	case GroupDead:
	}
	return out
}

// transition enters a state.
func (g *Group) transition(to GroupState) {
	g.previous, g.state = g.state, to
}

// prepareRebalance opens a join phase. Only a group that was empty waits for
// group.initial.rebalance.delay.ms.
func (g *Group) prepareRebalance(now sim.Time, out []GroupEffect) []GroupEffect {
	if g.state == GroupCompletingRebalance {
		g.plan = nil
		for i := range g.members {
			out = g.releaseSync(now, i, RebalanceInProgress, out)
		}
	}
	g.endSyncPhase()
	initial := g.state == GroupEmpty
	g.transition(GroupPreparingRebalance)
	if !initial {
		g.initial = false
		if g.allJoined() {
			return g.completeJoin(now, out)
		}
		return g.armJoin(now.Add(g.rebalanceTimeout()), out)
	}
	g.initial = true
	g.initialDelay = g.cfg.InitialRebalanceDelay
	g.initialRemaining = max(g.rebalanceTimeout()-g.cfg.InitialRebalanceDelay, 0)
	return g.armJoin(now.Add(g.initialDelay), out)
}

// rebalanceTimeout is the largest of the members'.
func (g *Group) rebalanceTimeout() time.Duration {
	longest := time.Duration(0)
	for i := range g.members {
		longest = max(longest, g.members[i].subscription.RebalanceTimeout)
	}
	return longest
}

func (g *Group) armJoin(at sim.Time, out []GroupEffect) []GroupEffect {
	if !g.join.set(at) {
		return out
	}
	return append(out, wake(JoinTimer, NoMember(), at))
}

// endSyncPhase is removeSyncExpiration.
func (g *Group) endSyncPhase() {
	for i := range g.members {
		g.members[i].pendingSync = false
	}
	g.sync.cancel()
}

// maybeCompleteJoin ends the join phase if all members are there, except that
// of an initial rebalance, which has its delay.
func (g *Group) maybeCompleteJoin(now sim.Time, out []GroupEffect) []GroupEffect {
	if g.state != GroupPreparingRebalance || g.previous == GroupEmpty || !g.allJoined() {
		return out
	}
	return g.completeJoin(now, out)
}

// onJoinTimer ends the join phase, or a step of an initial one: new members
// extend that by the delay again, up to the rebalance timeout
// (tryCompleteInitialRebalanceElseSchedule).
func (g *Group) onJoinTimer(now sim.Time, out []GroupEffect) []GroupEffect {
	if !g.initial || !g.newMemberAdded || g.initialRemaining == 0 {
		return g.completeJoin(now, out)
	}
	g.newMemberAdded = false
	delay := min(g.cfg.InitialRebalanceDelay, g.initialRemaining)
	g.initialRemaining = max(g.initialRemaining-g.initialDelay, 0)
	g.initialDelay = delay
	return g.armJoin(now.Add(delay), out)
}

// completeJoin ends the join phase: who has not come is dropped unless static,
// and the others are told the new generation (completeClassicGroupJoin).
func (g *Group) completeJoin(now sim.Time, out []GroupEffect) []GroupEffect {
	g.join.cancel()
	g.initial, g.newMemberAdded = false, false
	for i, m := range slices.Backward(g.members) {
		if !m.awaitingJoin && !m.static {
			g.remove(i)
		}
	}
	if len(g.members) > 0 && !g.electLeader() {
		// Only static members are left, and none of them has come: wait on.
		return g.armJoin(now.Add(g.rebalanceTimeout()), out)
	}
	g.generation++
	g.endSyncPhase()
	if len(g.members) == 0 {
		g.plan = nil
		g.transition(GroupEmpty)
		return g.store(groupStore{kind: storeEmpty}, out)
	}
	g.transition(GroupCompletingRebalance)
	for i := range g.members {
		m := &g.members[i]
		if m.awaitingJoin {
			m.awaitingJoin = false
			out = append(out, g.joined(i, m.joinSequence))
		}
		m.isNew = false
		m.pendingSync = true
		out = g.keepSession(now, i, out)
	}
	at := now.Add(g.rebalanceTimeout())
	if g.sync.set(at) {
		out = append(out, wake(SyncTimer, NoMember(), at))
	}
	return out
}

// electLeader keeps the leader if it has joined, else takes the first member
// that has (maybeElectNewJoinedLeader).
func (g *Group) electLeader() bool {
	if i := g.find(g.leader); i >= 0 && g.members[i].awaitingJoin {
		return true
	}
	for i := range g.members {
		if g.members[i].awaitingJoin {
			g.leader = g.members[i].key
			return true
		}
	}
	return false
}

// roster is what the leader is told.
func (g *Group) roster() *Roster {
	roster := &Roster{Members: make([]MemberSubscription, len(g.members))}
	for i := range g.members {
		m := &g.members[i]
		roster.Members[i] = MemberSubscription{
			Key: m.key, Static: m.static, Owned: m.subscription.Owned, Generation: m.subscription.Generation,
		}
	}
	slices.SortFunc(roster.Members, compareMembers)
	return roster
}

// onSync is classicGroupSyncToClassicGroup.
func (g *Group) onSync(r GroupRequest, out []GroupEffect) []GroupEffect {
	if g.state == GroupEmpty {
		return append(out, respond(r, UnknownMemberID))
	}
	if err := g.validateGeneration(r); err != NoGroupError {
		return append(out, respond(r, err))
	}
	m := &g.members[g.find(r.Key)]
	switch g.state {
	case GroupPreparingRebalance:
		return append(out, respond(r, RebalanceInProgress))
	case GroupCompletingRebalance:
		m.awaitingSync, m.syncSequence = true, r.Sequence
		m.pendingSync = false
		if r.Key == g.leader {
			return g.store(groupStore{kind: storePlan, plan: r.Plan}, out)
		}
	case GroupStable:
		m.pendingSync = false
		effect := respond(r, NoGroupError)
		effect.Response.Plan = g.plan
		return append(out, effect)
	case GroupEmpty, GroupDead:
	}
	return out
}

// releaseSync answers a held SyncGroup and renews the session that may have
// ended meanwhile (propagateAssignment).
func (g *Group) releaseSync(now sim.Time, i int, err GroupError, out []GroupEffect) []GroupEffect {
	if !g.members[i].awaitingSync {
		return out
	}
	out = g.answerSync(i, err, out)
	return g.keepSession(now, i, out)
}

// onSyncTimer drops members that joined and never synced, static ones included
// (expirePendingSync).
func (g *Group) onSyncTimer(now sim.Time, out []GroupEffect) []GroupEffect {
	if g.state != GroupCompletingRebalance && g.state != GroupStable {
		return out
	}
	dropped := false
	for i, m := range slices.Backward(g.members) {
		if m.pendingSync {
			g.remove(i)
			dropped = true
		}
	}
	if !dropped {
		return out
	}
	return g.prepareRebalance(now, out)
}

// OnTimer handles a wake-up that a GroupWake asked for. One that is out of date
// does nothing.
func (g *Group) OnTimer(now sim.Time, t GroupTimer, out []GroupEffect) []GroupEffect {
	switch t.Kind {
	case JoinTimer:
		reached, again := g.join.fire(now, t.At)
		if reached {
			return g.onJoinTimer(now, out)
		}
		return wakeAgain(t, again, out)
	case SyncTimer:
		reached, again := g.sync.fire(now, t.At)
		if reached {
			return g.onSyncTimer(now, out)
		}
		return wakeAgain(t, again, out)
	case SessionTimer:
		return g.onSessionTimer(now, t, out)
	default:
		panic("kafka: a group timer without a kind")
	}
}

func wakeAgain(t GroupTimer, at sim.Time, out []GroupEffect) []GroupEffect {
	if at == sim.Never {
		return out
	}
	t.At = at
	return append(out, GroupEffect{Kind: GroupWake, Timer: t})
}

// onSessionTimer is expireClassicGroupMemberHeartbeat.
func (g *Group) onSessionTimer(now sim.Time, t GroupTimer, out []GroupEffect) []GroupEffect {
	if i := g.findPending(t.Key); i >= 0 {
		reached, again := g.pending[i].session.fire(now, t.At)
		if !reached {
			return wakeAgain(t, again, out)
		}
		g.dropPending(i)
		return g.completeIfAllJoined(now, out)
	}
	i := g.find(t.Key)
	if i < 0 {
		return out
	}
	reached, again := g.members[i].session.fire(now, t.At)
	if !reached {
		return wakeAgain(t, again, out)
	}
	if g.members[i].satisfied() {
		return out
	}
	out = g.dismiss(i, out)
	if g.state == GroupStable || g.state == GroupCompletingRebalance {
		return g.prepareRebalance(now, out)
	}
	return g.completeIfAllJoined(now, out)
}

// completeIfAllJoined ends the join phase after somebody was removed from it.
// Unlike maybeCompleteJoin it also cuts an initial rebalance short, as Kafka
// does.
func (g *Group) completeIfAllJoined(now sim.Time, out []GroupEffect) []GroupEffect {
	if g.state != GroupPreparingRebalance || !g.allJoined() {
		return out
	}
	return g.completeJoin(now, out)
}
