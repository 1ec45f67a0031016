package kafka

import (
	"slices"

	"kafkasim/sim"
)

// A groupMember is a member as its coordinator knows it
// (classic/ClassicGroupMember.java).
type groupMember struct {
	key          MemberKey
	static       bool
	isNew        bool // has not been through a join phase yet
	awaitingJoin bool
	awaitingSync bool
	pendingSync  bool // owes a SyncGroup of this generation
	joinSequence uint32
	syncSequence uint32
	subscription *Subscription
	session      groupDeadline
}

// satisfied reports whether the end of the session may be overlooked because a
// request of the member is being held (hasSatisfiedHeartbeat).
func (m *groupMember) satisfied() bool {
	return !m.isNew && (m.awaitingJoin || m.awaitingSync)
}

// A pendingMember was given a member id and has not come back with it.
type pendingMember struct {
	key     MemberKey
	session groupDeadline
}

// find is the index of a member, or -1.
func (g *Group) find(key MemberKey) int {
	i, found := slices.BinarySearchFunc(g.members, key, func(m groupMember, key MemberKey) int { return m.key.compare(key) })
	if !found {
		return -1
	}
	return i
}

// findStatic is the index of the static member of an instance, or -1.
func (g *Group) findStatic(instance MemberID) int {
	return slices.IndexFunc(g.members, func(m groupMember) bool { return m.static && m.key.Member == instance })
}

func (g *Group) findPending(key MemberKey) int {
	return slices.IndexFunc(g.pending, func(p pendingMember) bool { return p.key == key })
}

func (g *Group) dropPending(i int) { g.pending = slices.Delete(g.pending, i, i+1) }

// allJoined reports whether every known member waits for the join phase to end.
func (g *Group) allJoined() bool {
	if len(g.pending) > 0 {
		return false
	}
	for i := range g.members {
		if !g.members[i].awaitingJoin {
			return false
		}
	}
	return true
}

// newKey gives out a member id that was never used.
func (g *Group) newKey(instance MemberID) MemberKey {
	g.lastIncarnation++
	return MemberKey{Member: instance, Incarnation: g.lastIncarnation}
}

// insert adds a member in order and returns its index.
func (g *Group) insert(m groupMember) int {
	i, _ := slices.BinarySearchFunc(g.members, m.key, func(m groupMember, key MemberKey) int { return m.key.compare(key) })
	g.members = slices.Insert(g.members, i, m)
	if g.leader == NoMember() {
		g.leader = m.key
	}
	return i
}

// remove takes a member out. A leader is followed by any other member, here the
// first.
func (g *Group) remove(i int) {
	key := g.members[i].key
	g.members = slices.Delete(g.members, i, i+1)
	if g.leader != key {
		return
	}
	g.leader = NoMember()
	if len(g.members) > 0 {
		g.leader = g.members[0].key
	}
}

// dismiss answers a held JoinGroup with UNKNOWN_MEMBER_ID and removes the
// member.
func (g *Group) dismiss(i int, out []GroupEffect) []GroupEffect {
	out = g.answerJoin(i, UnknownMemberID, out)
	g.remove(i)
	return out
}

// answerJoin fails a held JoinGroup; it does nothing without one.
func (g *Group) answerJoin(i int, err GroupError, out []GroupEffect) []GroupEffect {
	m := &g.members[i]
	if !m.awaitingJoin {
		return out
	}
	m.awaitingJoin = false
	return append(out, respond(GroupRequest{Kind: JoinGroup, Key: m.key, Sequence: m.joinSequence}, err))
}

// answerSync answers a held SyncGroup; it does nothing without one.
func (g *Group) answerSync(i int, err GroupError, out []GroupEffect) []GroupEffect {
	m := &g.members[i]
	if !m.awaitingSync {
		return out
	}
	m.awaitingSync = false
	effect := respond(GroupRequest{Kind: SyncGroup, Key: m.key, Sequence: m.syncSequence}, err)
	if err == NoGroupError {
		effect.Response.Plan = g.plan
	}
	return append(out, effect)
}

// keepSession gives member i a full session from now.
func (g *Group) keepSession(now sim.Time, i int, out []GroupEffect) []GroupEffect {
	m := &g.members[i]
	return armSession(&m.session, m.key, now.Add(m.subscription.SessionTimeout), out)
}

// armSession moves a session's end and asks for a wake-up if there is none in
// time.
func armSession(session *groupDeadline, key MemberKey, at sim.Time, out []GroupEffect) []GroupEffect {
	if !session.set(at) {
		return out
	}
	return append(out, wake(SessionTimer, key, at))
}

func wake(kind GroupTimerKind, key MemberKey, at sim.Time) GroupEffect {
	return GroupEffect{Kind: GroupWake, Timer: GroupTimer{Kind: kind, Key: key, At: at}}
}
