package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// startMember starts a group member's process and its client.
func (w *world) startMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if !m.down {
		return
	}
	w.start(m.node)
	w.tellLife(now, m.node, story.Started)
	m.down = false
	m.coordinator, m.coordinatorInc = -1, 0
	m.findTries++
	m.finding = 0
	m.committing, m.revoking = 0, 0
	m.metadataWant, m.asking = false, false
	m.metadataAt = -1
	for k := range m.leader {
		m.leader[k], m.epoch[k] = -1, kafka.NoEpoch
	}
	m.commitAt = now.Add(w.firstCommit(now, m))
	if m.config.Commit == scenarios.CommitAfterProcessing {
		w.engine.Schedule(m.commitAt, evCommitDue, m.node, int64(w.processes[m.node].inc))
	}
	w.wantMetadata(now, i)
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.Start(now, out)
	})
	w.enterPoll(now, i)
}

// firstCommit is how long after its start a member's first automatic commit is
// due: the interval. A member that is there when the scenario begins was started
// long before, on its own, so that its commits have any phase by then.
func (w *world) firstCommit(now sim.Time, m *memberState) time.Duration {
	interval := m.config.Config.AutoCommitInterval
	if now >= sim.Time(prologue) || interval <= 0 {
		return interval
	}
	phase := rng.New(w.seed, nameOf("member/"+m.config.Name, m.number), "commit phase")
	return phase.UniformDuration(0, interval)
}

// crashMember kills a member: what it had processed counts, the rest of its poll
// is forgotten, and the group hears of it when the session ends.
func (w *world) crashMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down {
		return
	}
	if m.processing {
		w.deliver(now, i)
	}
	w.endMember(now, i)
}

// endMember is the end of a member's process: what its client held is gone.
func (w *world) endMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	how := story.Died
	if m.stop == leaving {
		how = story.Exited
	}
	w.tellLife(now, m.node, how)
	m.down = true
	m.stop, m.goodbye, m.returns = notStopping, 0, false
	m.committing, m.revoking = 0, 0
	m.dropAutoCommit()
	m.polling, m.processing = false, false
	m.polls++
	for len(m.owned) > 0 {
		w.giveUp(now, i, m.owned[len(m.owned)-1].flat)
	}
	for _, c := range m.buffered[m.head:] {
		w.freeChunk(c)
	}
	m.buffered, m.head = m.buffered[:0], 0
	for b := range m.sources {
		s := &m.sources[b]
		s.inFlight, s.session = false, 0
		if s.parked != noMessage {
			w.free(s.parked)
			s.parked = noMessage
		}
	}
	m.machine.Crash()
	m.finding = 0
	w.die(now, m.node, false)
}

// pauseMember freezes a member's process.
func (w *world) pauseMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	w.freeze(now, m.node)
	w.tellLife(now, m.node, story.Froze)
	for k := range m.owned {
		w.stopConsuming(now, m.group, m.owned[k].flat)
	}
}

// onMemberWake is a wake-up of a member's machine.
func (w *world) onMemberWake(now sim.Time, i int32, at int64) {
	m := &w.consumers.members[i]
	if m.down || int64(m.wakeAt) != at {
		return
	}
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnWake(now, out)
	})
	w.tryConsume(now, i)
}

// emptyPoll is how soon a Java application that got nothing polls again: the
// timeout of its poll. 100 ms is what Kafka's own examples have.
const emptyPoll = 100 * time.Millisecond

// onCommitDue is kgo's commit timer, and for Java the empty poll at which the
// interval is found to be over. If a Java application is at work then, its next
// poll commits and begins the interval anew (autoCommit).
func (w *world) onCommitDue(now sim.Time, i int32, inc int64) {
	m := &w.consumers.members[i]
	if m.down || m.stop == leaving || int64(w.processes[m.node].inc) != inc {
		return
	}
	next := now.Add(m.config.Config.AutoCommitInterval)
	if m.config.Client == scenarios.Java {
		if m.polling {
			w.autoCommit(now, i)
		}
		if m = &w.consumers.members[i]; m.commitAt > now {
			next = m.commitAt
		}
		next = max(next, now.Add(emptyPoll))
	} else {
		w.commitTick(now, i)
	}
	w.engine.Schedule(next, evCommitDue, m.node, inc)
}

// onCommitSilent gives up the commit that somebody waits for.
func (w *world) onCommitSilent(now sim.Time, i int32, ticket int64) {
	w.commitAnswered(now, i, ticket, kafka.CoordinatorNotAvailable)
}

// onGroupSilent is the end of a member's patience with one group request.
func (w *world) onGroupSilent(now sim.Time, i int32, arg int64) {
	m := &w.consumers.members[i]
	if m.down || m.answered >= arg {
		return
	}
	w.coordinatorLost(now, i)
}

// resetMembers tells the members that fetch from a dead process, or have it as
// their coordinator.
func (w *world) resetMembers(now sim.Time, b int32) {
	for i := range w.consumers.members {
		m := &w.consumers.members[i]
		if !m.down && (m.sources[b].inFlight || m.coordinator == b) && w.reachable(b, m.node) {
			w.engine.Schedule(now.Add(w.delayBetween(b, m.node, m.node)), evClientReset, m.node, int64(b)<<32|int64(w.processes[b].inc))
		}
	}
}

// memberReset is a broker's process closing its connections to a member.
func (w *world) memberReset(now sim.Time, node, b, inc int32) {
	i := w.memberOf(node)
	m := &w.consumers.members[i]
	if m.down {
		return
	}
	w.sourceFailed(now, i, b)
	if m = &w.consumers.members[i]; m.coordinator == b && m.coordinatorInc == inc {
		w.coordinatorLost(now, i)
	}
}

// wantMetadata makes a member refresh its metadata, not more often than its
// client allows.
func (w *world) wantMetadata(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.metadataWant || m.asking || m.down {
		return
	}
	m.metadataWant = true
	at := now
	if m.metadataAt >= 0 {
		least := m.config.Config.RetryBackoff
		if m.config.Client == scenarios.FranzGo {
			least = m.config.Config.MetadataMinAge
		}
		at = max(now, m.metadataAt.Add(least))
	}
	w.engine.Schedule(at, evMemberMetadata, m.node, int64(w.processes[m.node].inc))
}

// onMemberMetadata sends the request.
func (w *world) onMemberMetadata(now sim.Time, i int32, inc int64) {
	m := &w.consumers.members[i]
	if m.down || int64(w.processes[m.node].inc) != inc || m.asking {
		return
	}
	m.metadataWant = false
	m.asking = true
	w.requestMetadata(now, m.node)
}

// memberMetadata takes an answer over.
func (w *world) memberMetadata(now sim.Time, node int32, msg *message) {
	i := w.memberOf(node)
	m := &w.consumers.members[i]
	m.asking = false
	m.metadataAt = now
	flat := w.plan.groups[m.group].flat
	lacking := false
	for k := range msg.parts {
		p := &msg.parts[k]
		f := flat[int32(p.partition)]
		if p.epoch < m.epoch[f] {
			lacking = true // older than what an error has told
			continue
		}
		m.epoch[f] = p.epoch
		m.leader[f] = -1
		if p.leader > 0 {
			m.leader[f] = int32(p.leader) - 1
		} else if m.slot[f] >= 0 {
			lacking = true
		}
	}
	if lacking {
		w.wantMetadata(now, i)
	}
	w.tryConsume(now, i)
}

// memberMetadataFailed asks somebody else after the back-off.
func (w *world) memberMetadataFailed(now sim.Time, node int32) {
	i := w.memberOf(node)
	m := &w.consumers.members[i]
	m.asking = false
	m.metadataAt = now
	w.wantMetadata(now, i)
}
