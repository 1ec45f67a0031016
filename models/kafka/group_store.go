package kafka

import (
	"slices"

	"kafkasim/sim"
)

// A groupSnapshot is what the record of a group in the offsets topic holds
// (GroupMetadataValue). It is not changed once taken.
type groupSnapshot struct {
	generation Generation
	leader     MemberKey
	members    []storedMember
	plan       *Plan
}

type storedMember struct {
	key          MemberKey
	static       bool
	subscription *Subscription
}

// storeKind says what waits for a record to be committed.
type storeKind uint8

const (
	storeEmpty  storeKind = iota + 1 // nobody waits
	storePlan                        // the SyncGroups of a generation
	storeStatic                      // the JoinGroup of a static member that came back
)

// A groupStore is a record under way.
type groupStore struct {
	kind       storeKind
	version    int32
	generation Generation
	plan       *Plan
	key        MemberKey   // storeStatic: the new member id
	former     groupMember // storeStatic: what to go back to
	snapshot   *groupSnapshot
}

// store takes a snapshot and asks for it to be appended.
func (g *Group) store(s groupStore, out []GroupEffect) []GroupEffect {
	g.lastVersion++
	s.version, s.generation = g.lastVersion, g.generation
	if s.kind != storePlan {
		s.plan = g.plan
	}
	s.snapshot = g.snapshot(s.plan)
	g.storing = append(g.storing, s)
	return append(out, GroupEffect{Kind: GroupStore, Version: s.version, Members: int32(len(g.members))})
}

func (g *Group) snapshot(plan *Plan) *groupSnapshot {
	snapshot := &groupSnapshot{generation: g.generation, leader: g.leader, plan: plan, members: make([]storedMember, len(g.members))}
	for i := range g.members {
		m := &g.members[i]
		snapshot.members[i] = storedMember{key: m.key, static: m.static, subscription: m.subscription}
	}
	return snapshot
}

// OnStored says that the record of a GroupStore is committed (NoGroupError), or
// that it is not: NotCoordinator where the broker no longer leads the offsets
// partition, CoordinatorNotAvailable for too few replicas or a timeout
// (appendGroupMetadataErrorToResponseError). A record that turns out to have
// survived its coordinator is reported between Crash or Unload and Load; after
// Load it does nothing.
func (g *Group) OnStored(now sim.Time, version int32, err GroupError, out []GroupEffect) []GroupEffect {
	i := slices.IndexFunc(g.storing, func(s groupStore) bool { return s.version == version })
	if i < 0 {
		return out
	}
	s := g.storing[i]
	g.storing = slices.Delete(g.storing, i, i+1)
	if err == NoGroupError {
		g.stored = s.snapshot
	}
	switch s.kind {
	case storePlan:
		return g.onPlanStored(now, s, err, out)
	case storeStatic:
		return g.onStaticStored(now, s, err, out)
	case storeEmpty:
	}
	return out
}

// onPlanStored ends the rebalance: every member that waits is told its
// assignment.
func (g *Group) onPlanStored(now sim.Time, s groupStore, err GroupError, out []GroupEffect) []GroupEffect {
	if g.state != GroupCompletingRebalance || s.generation != g.generation {
		return out
	}
	if err != NoGroupError {
		g.plan = nil
		for i := range g.members {
			out = g.releaseSync(now, i, err, out)
		}
		return g.prepareRebalance(now, out)
	}
	g.plan = s.plan
	for i := range g.members {
		out = g.releaseSync(now, i, NoGroupError, out)
	}
	g.transition(GroupStable)
	g.completed++
	return out
}

// onStaticStored lets a static member back in, or reverts it to its former life.
func (g *Group) onStaticStored(now sim.Time, s groupStore, err GroupError, out []GroupEffect) []GroupEffect {
	i := g.find(s.key)
	if i < 0 {
		return out
	}
	m := &g.members[i]
	if err != NoGroupError {
		effect := respond(GroupRequest{Kind: JoinGroup, Key: MemberKey{Member: s.key.Member}, Sequence: m.joinSequence}, err)
		out = append(out, effect)
		subscription := s.former.subscription
		i = g.rename(i, s.former.key)
		g.members[i].subscription, g.members[i].awaitingJoin = subscription, false
		return g.keepSession(now, i, out)
	}
	if !m.awaitingJoin {
		return out
	}
	m.awaitingJoin = false
	effect := g.joined(i, m.joinSequence)
	effect.Response.SkipAssignment = effect.Response.Roster != nil
	return append(out, effect)
}

// BeginLoad says that a broker has become the coordinator and reads the offsets
// partition. Until Load it answers COORDINATOR_LOAD_IN_PROGRESS.
func (g *Group) BeginLoad() { g.hosting = loadingGroup }

// Load makes the group what the stored record says, and gives every member a
// full session from now (GroupMetadataManager.java replay, onLoaded). What was
// not stored is forgotten: a rebalance under way, members that had not synced.
func (g *Group) Load(now sim.Time, out []GroupEffect) []GroupEffect {
	g.forget()
	g.storing = g.storing[:0]
	g.hosting = hosted
	g.state, g.previous = GroupEmpty, GroupDead
	if g.stored == nil {
		g.generation, g.leader, g.plan = 0, NoMember(), nil
		return out
	}
	g.generation, g.leader, g.plan = g.stored.generation, g.stored.leader, g.stored.plan
	for _, m := range g.stored.members {
		g.members = append(g.members, groupMember{key: m.key, static: m.static, subscription: m.subscription, session: noDeadline()})
	}
	if len(g.members) > 0 {
		g.state = GroupStable
	}
	for i := range g.members {
		out = g.keepSession(now, i, out)
	}
	return out
}

// Unload answers all held requests with NOT_COORDINATOR: the broker no longer
// leads the offsets partition (GroupMetadataManager.java onUnloaded).
func (g *Group) Unload(out []GroupEffect) []GroupEffect {
	for i := range g.members {
		out = g.answerJoin(i, NotCoordinator, out)
		out = g.answerSync(i, NotCoordinator, out)
	}
	g.Crash()
	return out
}

// Crash forgets everything but what was stored: the coordinator's process died
// and answers nobody.
func (g *Group) Crash() {
	g.forget()
	g.hosting = notHosted
	g.transition(GroupDead)
}

func (g *Group) forget() {
	g.members = g.members[:0]
	g.pending = g.pending[:0]
	g.join, g.sync = noDeadline(), noDeadline()
	g.initial, g.newMemberAdded = false, false
}

// CopyTo makes dst an independent copy of g, reusing dst's memory. Values that
// are never changed are shared.
func (g *Group) CopyTo(dst *Group) {
	members, pending, storing := dst.members, dst.pending, dst.storing
	*dst = *g
	dst.members = append(members[:0], g.members...)
	dst.pending = append(pending[:0], g.pending...)
	dst.storing = append(storing[:0], g.storing...)
}
