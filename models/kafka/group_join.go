package kafka

import "kafkasim/sim"

// onJoin is GroupMetadataManager.classicGroupJoinToClassicGroup.
func (g *Group) onJoin(now sim.Time, r GroupRequest, out []GroupEffect) []GroupEffect {
	if len(g.members) > 0 && g.members[0].subscription.Protocol != r.Subscription.Protocol {
		return append(out, respond(r, InconsistentGroupProtocol))
	}
	if r.Key.Incarnation != NoIncarnation {
		return g.onRejoin(now, r, out)
	}
	key := g.newKey(r.Key.Member)
	if !r.Static {
		return g.requireMemberID(now, r, key, out)
	}
	if i := g.findStatic(key.Member); i >= 0 {
		return g.replaceStatic(now, r, i, key, out)
	}
	return g.addMember(now, r, key, noDeadline(), out)
}

// requireMemberID sends a new dynamic member away with an id (KIP-394), so that
// a lost answer does not leave a member behind that nobody is.
func (g *Group) requireMemberID(now sim.Time, r GroupRequest, key MemberKey, out []GroupEffect) []GroupEffect {
	g.pending = append(g.pending, pendingMember{key: key, session: noDeadline()})
	p := &g.pending[len(g.pending)-1]
	out = armSession(&p.session, key, now.Add(r.Subscription.SessionTimeout), out)
	effect := respond(r, MemberIDRequired)
	effect.Response.Key = key
	return append(out, effect)
}

// onRejoin is classicGroupJoinExistingMember.
func (g *Group) onRejoin(now sim.Time, r GroupRequest, out []GroupEffect) []GroupEffect {
	if i := g.findPending(r.Key); i >= 0 {
		session := g.pending[i].session
		g.dropPending(i)
		return g.addMember(now, r, r.Key, session, out)
	}
	if err := g.validate(r); err != NoGroupError {
		return append(out, respond(r, err))
	}
	i := g.find(r.Key)
	same := g.members[i].subscription.matches(r.Subscription)
	switch g.state {
	case GroupPreparingRebalance:
	case GroupCompletingRebalance:
		// The answer to the first JoinGroup was lost.
		if same {
			return append(out, g.joined(i, r.Sequence))
		}
	case GroupStable:
		// A leader may see a change that its metadata does not show.
		if same && r.Key != g.leader {
			return append(out, g.joined(i, r.Sequence))
		}
	case GroupEmpty, GroupDead:
		return append(out, respond(r, UnknownMemberID))
	}
	g.updateMember(i, r)
	return g.rebalanceOrComplete(now, out)
}

// addMember takes a new member in and starts or continues a rebalance.
func (g *Group) addMember(now sim.Time, r GroupRequest, key MemberKey, session groupDeadline, out []GroupEffect) []GroupEffect {
	if g.state == GroupPreparingRebalance && g.previous == GroupEmpty {
		g.newMemberAdded = true
	}
	i := g.insert(groupMember{key: key, static: r.Static, isNew: true, session: session})
	g.updateMember(i, r)
	// Its connection is muted while the request is held, so that a death would go
	// unseen; the session begins when the join phase ends.
	out = armSession(&g.members[i].session, key, now.Add(newMemberJoinTimeout), out)
	return g.rebalanceOrComplete(now, out)
}

// updateMember stores what a JoinGroup says and holds it.
func (g *Group) updateMember(i int, r GroupRequest) {
	m := &g.members[i]
	m.subscription = r.Subscription
	m.awaitingJoin = true
	m.joinSequence = r.Sequence
}

// replaceStatic is updateStaticMemberThenRebalanceOrCompleteJoin: a static
// instance came back. While the group is stable it takes its place without a
// rebalance, once the new member id is stored.
func (g *Group) replaceStatic(now sim.Time, r GroupRequest, i int, key MemberKey, out []GroupEffect) []GroupEffect {
	former := g.members[i]
	out = g.answerJoin(i, FencedInstanceID, out)
	out = g.answerSync(i, FencedInstanceID, out)
	i = g.rename(i, key)
	out = g.keepSession(now, i, out)
	g.updateMember(i, r)
	switch g.state {
	case GroupStable:
		return g.store(groupStore{kind: storeStatic, key: key, former: former}, out)
	case GroupCompletingRebalance:
		// The leader may already have been told of the former member id.
		return g.prepareRebalance(now, out)
	case GroupPreparingRebalance:
		return g.maybeCompleteJoin(now, out)
	case GroupEmpty, GroupDead:
		panic("kafka: a static member in a group without members")
	}
	return out
}

// rename gives member i another key, and its place as leader and in the plan
// with it. The new life has its own session.
func (g *Group) rename(i int, key MemberKey) int {
	m := g.members[i]
	former := m.key
	m.key, m.session = key, noDeadline()
	m.isNew, m.pendingSync = false, false
	leads := g.leader == former
	g.remove(i)
	i = g.insert(m)
	if leads {
		g.leader = key
	}
	g.plan = g.plan.renamed(former, key)
	return i
}

// joined is the answer to a JoinGroup of this generation.
func (g *Group) joined(i int, sequence uint32) GroupEffect {
	m := &g.members[i]
	effect := respond(GroupRequest{Kind: JoinGroup, Key: m.key, Sequence: sequence}, NoGroupError)
	effect.Response.Generation = g.generation
	effect.Response.Leader = g.leader
	if g.leader == m.key {
		effect.Response.Roster = g.roster()
	}
	return effect
}
