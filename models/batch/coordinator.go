package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// Group messages, in message.sub.
const (
	groupCallSub uint8 = iota + 1
	groupFind
)

// Purposes of an offset commit: who waits for it.
const (
	purposeNone int64 = iota
	purposePoll
	purposeRevoke
)

// Sizes on the wire and in the offsets topic: an order of magnitude is enough for
// what travels once in seconds.
const (
	groupRequestBytes  = 300
	offsetRecordBytes  = 120
	commitBatchBytes   = 70
	coordinatorRetry   = 100 * time.Millisecond
	loadBytesPerSecond = 100e6 // reading the offsets partition, and a fixed part:
	loadFixed          = 5 * time.Millisecond
)

// newCall takes a slot for a group request or response.
func (w *world) newCall() int32 {
	c := &w.consumers
	if n := len(c.freeing); n > 0 {
		id := c.freeing[n-1]
		c.freeing = c.freeing[:n-1]
		return id
	}
	c.calls = append(c.calls, groupCall{})
	return int32(len(c.calls) - 1)
}

func (w *world) freeCall(id int32) { w.consumers.freeing = append(w.consumers.freeing, id) }

// freeGroup frees a group message and its call.
func (w *world) freeGroup(id msgID) {
	w.freeCall(w.messages[id].ref)
	w.free(id)
}

// sendGroup sends a member's request to the coordinator that it knows.
func (w *world) sendGroup(now sim.Time, i int32, r *kafka.GroupRequest) {
	m := &w.consumers.members[i]
	if m.coordinator < 0 {
		return
	}
	call := w.newCall()
	w.consumers.calls[call] = groupCall{request: *r}
	id := w.newMessage(msgGroup, m.node, m.coordinator)
	msg := &w.messages[id]
	msg.sub, msg.ref, msg.bytes = groupCallSub, call, groupRequestBytes
	msg.toInc = m.coordinatorInc
	m.calls++
	msg.number = m.calls
	w.engine.Schedule(now.Add(m.machine.RequestTimeout(r.Kind)), evGroupSilent, m.node, int64(r.Sequence))
	w.send(id, now)
}

// findCoordinator asks a broker for the group's coordinator until one is found.
func (w *world) findCoordinator(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	m.coordinator = -1
	m.findTries++
	m.finding = m.findTries
	b := w.pickBroker(m.node)
	id := w.newMessage(msgGroup, m.node, b)
	msg := &w.messages[id]
	msg.sub, msg.ref, msg.bytes = groupFind, w.newCall(), 100
	msg.number = m.finding
	w.engine.Schedule(now.Add(connectSetup), evFindRetry, m.node, m.finding)
	w.send(id, now)
}

// onFindRetry looks for the coordinator again if the look-up is still under way.
func (w *world) onFindRetry(now sim.Time, i int32, number int64) {
	if m := &w.consumers.members[i]; !m.down && m.finding == number {
		w.findCoordinator(now, i)
	}
}

// onGroup is a broker taking a group request.
func (w *world) onGroup(now sim.Time, id msgID) {
	m := &w.messages[id]
	i := w.memberOf(m.from)
	group := w.consumers.members[i].group
	g := &w.consumers.groups[group]
	if m.sub == groupFind {
		s := &w.state[int(m.to)*len(w.plan.partitions)+int(g.partition)]
		m.ref2 = -1
		if s.Leader != kafka.NoReplica {
			m.ref2 = int64(w.assigned[g.partition][s.Leader]) - 1
		}
		w.reply(id, msgGroupReply, 100, now)
		return
	}
	call := &w.consumers.calls[m.ref]
	if g.coordinator != m.to {
		r := &call.request
		call.response = kafka.GroupResponse{
			Kind: r.Kind, Error: kafka.NotCoordinator, Key: r.Key, Generation: kafka.NoGeneration, Leader: kafka.NoMember(), Sequence: r.Sequence,
		}
		w.reply(id, msgGroupReply, 100, now)
		return
	}
	g.waiting = append(g.waiting, id)
	w.group(now, group, func(machine *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
		return machine.OnRequest(now, call.request, out)
	})
}

// group gives a group's coordinator an input and acts on what follows.
func (w *world) group(now sim.Time, group int, input func(g *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect) {
	out := input(w.consumers.groups[group].machine, w.consumers.effects[:0])
	w.consumers.effects = nil // effects may lead to inputs of their own
	for k := range out {
		e := &out[k]
		switch e.Kind {
		case kafka.GroupRespond:
			w.respondGroup(now, group, &e.Response)
		case kafka.GroupStore:
			w.storeGroup(now, group, e)
		case kafka.GroupWake:
			w.groupTimer(group, e.Timer)
		}
	}
	w.consumers.effects = out
	w.noteRebalances(now, group)
	w.tellGroup(now, group)
}

// groupTimer schedules a coordinator's wake-up.
func (w *world) groupTimer(group int, t kafka.GroupTimer) {
	w.timers = append(w.timers, t)
	w.engine.Schedule(max(w.engine.Now(), t.At), evGroupTimer, int32(group), int64(len(w.timers)-1))
}

// onGroupTimer is a coordinator's wake-up; one of a broker that is frozen waits
// with it.
func (w *world) onGroupTimer(now sim.Time, group int, timer int64) {
	t := w.timers[timer]
	w.group(now, group, func(g *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
		return g.OnTimer(now, t, out)
	})
}

// respondGroup answers the request that a coordinator holds.
func (w *world) respondGroup(now sim.Time, group int, r *kafka.GroupResponse) {
	g := &w.consumers.groups[group]
	for k, id := range g.waiting {
		m := &w.messages[id]
		call := &w.consumers.calls[m.ref]
		if call.request.Key.Member != r.Key.Member || call.request.Sequence != r.Sequence {
			continue
		}
		g.waiting = append(g.waiting[:k], g.waiting[k+1:]...)
		call.response = *r
		w.reply(id, msgGroupReply, groupRequestBytes, now)
		return
	}
}

// onGroupReply takes a coordinator's answer to the member.
func (w *world) onGroupReply(now sim.Time, id msgID) {
	msg := &w.messages[id]
	i := w.memberOf(msg.to)
	m := &w.consumers.members[i]
	if m.down {
		w.freeGroup(id)
		return
	}
	if msg.sub == groupFind {
		number, b := msg.number, int32(msg.ref2)
		w.freeGroup(id)
		if m.finding != number {
			return
		}
		if b < 0 || !w.processes[b].up || !w.serving(b) {
			w.engine.Schedule(now.Add(max(coordinatorRetry, m.config.Config.RetryBackoff)), evFindRetry, m.node, number)
			return
		}
		m.finding = 0
		m.coordinator, m.coordinatorInc = b, w.processes[b].inc
		w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
			return machine.OnCoordinator(now, out)
		})
		w.fetchOffsets(now, i)
		return
	}
	response := w.consumers.calls[msg.ref].response
	m.answered = max(m.answered, int64(response.Sequence))
	w.freeGroup(id)
	m.goodbyeDone(int64(response.Sequence))
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnResponse(now, response, out)
	})
	w.tryConsume(now, i)
}

// coordinatorLost tells a member that its connection to the coordinator is gone.
func (w *world) coordinatorLost(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down || m.coordinator < 0 {
		return
	}
	m.coordinator, m.goodbye = -1, 0
	w.commitAnswered(now, i, m.revoking, kafka.CoordinatorNotAvailable)
	w.commitAnswered(now, i, m.committing, kafka.CoordinatorNotAvailable)
	w.commitAnswered(now, i, m.auto.ticket, kafka.CoordinatorNotAvailable)
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnDisconnect(now, out)
	})
}

// coordinatorElected makes a broker the coordinator of the groups whose offsets
// partition it leads now: it reads the partition first.
func (w *world) coordinatorElected(now sim.Time, rep *replica) {
	if w.plan.offsets < 0 || w.plan.partitions[rep.partition].topic != w.plan.offsets {
		return
	}
	if !w.serving(rep.broker) {
		return // a starting broker: brokerServes will come here, if it leads then
	}
	for k := range w.consumers.groups {
		g := &w.consumers.groups[k]
		if g.partition != rep.partition {
			continue
		}
		if g.coordinator >= 0 {
			g.machine.Crash()
			w.tellGroup(now, k)
			w.dropHeld(now, g)
		}
		g.coordinator = rep.broker
		g.machine.BeginLoad()
		g.loads++
		delay := loadFixed + time.Duration(float64(rep.log.bytes)/loadBytesPerSecond*float64(time.Second))
		w.engine.Schedule(now.Add(delay), evGroupLoad, int32(k), g.loads)
	}
}

// onGroupLoad ends the reading of the offsets partition: the committed offsets
// are those that its log holds.
func (w *world) onGroupLoad(now sim.Time, group int, load int64) {
	g := &w.consumers.groups[group]
	if g.loads != load || g.coordinator < 0 {
		return
	}
	r := w.replicaOn(g.partition, int(g.coordinator))
	for k := range g.committed {
		g.committed[k] = -1
	}
	log := &w.replicas[r].log
	for _, e := range log.entries {
		b := &w.batches[e.batch]
		if b.commit < 0 {
			continue
		}
		if c := &w.consumers.commits[b.commit]; int(c.group) == group {
			for _, f := range c.offsets {
				g.committed[f.flat] = f.offset
			}
		}
	}
	w.group(now, group, func(machine *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
		return machine.Load(now, out)
	})
}

// coordinatorResigned ends a broker's service for the groups of a partition that
// it no longer leads, or whose process died.
func (w *world) coordinatorResigned(now sim.Time, rep *replica) {
	if w.plan.offsets < 0 || w.plan.partitions[rep.partition].topic != w.plan.offsets {
		return
	}
	for k := range w.consumers.groups {
		g := &w.consumers.groups[k]
		if g.partition != rep.partition || g.coordinator != rep.broker {
			continue
		}
		g.loads++
		if w.processes[rep.broker].up {
			w.group(now, k, func(machine *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
				return machine.Unload(out)
			})
		} else {
			g.machine.Crash()
			w.tellGroup(now, k)
		}
		w.dropHeld(now, g)
		g.coordinator = -1
	}
}

// dropHeld forgets requests that a coordinator held when it went away.
func (w *world) dropHeld(now sim.Time, g *groupState) {
	for _, id := range g.waiting {
		w.dropped(now, id)
	}
	g.waiting = g.waiting[:0]
}

// appendOffsets appends a record to a group's offsets partition.
func (w *world) appendOffsets(now sim.Time, group int, content commitContent, bytes int32) {
	g := &w.consumers.groups[group]
	w.consumers.commits = append(w.consumers.commits, content)
	id := batchID(len(w.batches))
	w.batches = append(w.batches, batchState{
		first: -1, last: -1, count: 1, bytes: bytes, producer: -1, partition: g.partition,
		commit: int32(len(w.consumers.commits) - 1), fate: fateCommit,
	})
	w.appendLeader(now, w.replicaOn(g.partition, int(g.coordinator)), id)
}

// storeGroup appends a group's record and waits for its commit.
func (w *world) storeGroup(now sim.Time, group int, e *kafka.GroupEffect) {
	g := &w.consumers.groups[group]
	r := w.replicaOn(g.partition, int(g.coordinator))
	rep := &w.replicas[r]
	if rep.role != roleLeader || rep.leader.ISR.Committed.Len() < rep.leader.MinISR {
		w.stored(now, group, e.Version, kafka.CoordinatorNotAvailable)
		return
	}
	id := w.newMessage(msgStore, g.coordinator, g.coordinator)
	m := &w.messages[id]
	m.ref, m.number = int32(group), int64(e.Version)
	m.parts = append(m.parts, part{partition: g.partition})
	w.appendOffsets(now, group, commitContent{group: int32(group), version: e.Version}, commitBatchBytes+offsetRecordBytes*e.Members)
	w.awaitOffsets(now, r, id)
	w.wakeFetchers(now)
}

// awaitOffsets lets a message wait for the commit of what was appended last, at
// most offsets.commit.timeout.ms.
func (w *world) awaitOffsets(now sim.Time, r int32, id msgID) {
	rep := &w.replicas[r]
	w.waitFor(rep, id, 0, rep.log.end, true)
	m := &w.messages[id]
	if m.open == 0 {
		w.answer(id, now)
		return
	}
	m.expires = now.Add(w.plan.cluster.Config.OffsetsCommitTimeout)
	w.awaitProduce(now, int(rep.broker), id)
}

// stored tells the coordinator what became of its record.
func (w *world) stored(now sim.Time, group int, version int32, err kafka.GroupError) {
	w.group(now, group, func(machine *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
		return machine.OnStored(now, version, err, out)
	})
}

// commitPositions sends an OffsetCommit for what has changed and returns its
// ticket; 0 if there was nothing to send. purpose says who waits for it.
func (w *world) commitPositions(now sim.Time, i int32, purpose int64) int64 {
	m := &w.consumers.members[i]
	request, err := m.machine.CommitRequest()
	if err != kafka.NoGroupError || m.coordinator < 0 {
		return 0
	}
	m.dropAutoCommit()
	parts := m.uncommitted(w.consumers.commitParts[:0])
	w.consumers.commitParts = parts
	if len(parts) == 0 {
		return 0
	}
	for k := range parts {
		m.owned[m.slot[parts[k].replica]].sent = parts[k].from
	}
	ticket := w.sendCommit(now, i, &request, parts, purpose)
	if purpose != purposeNone {
		w.engine.Schedule(now.Add(m.machine.RequestTimeout(kafka.OffsetCommit)), evCommitSilent, m.node, ticket)
	}
	return ticket
}

// sendCommit sends an OffsetCommit to the coordinator, which is known, and returns its
// ticket.
func (w *world) sendCommit(now sim.Time, i int32, request *kafka.GroupRequest, parts []part, purpose int64) int64 {
	m := &w.consumers.members[i]
	id := w.newMessage(msgCommit, m.node, m.coordinator)
	msg := &w.messages[id]
	msg.parts = append(msg.parts, parts...)
	w.tickets++
	call := w.newCall()
	w.consumers.calls[call] = groupCall{request: *request}
	msg.ref, msg.number, msg.ref2 = call, w.tickets, purpose
	msg.toInc = m.coordinatorInc
	msg.bytes = groupRequestBytes + 20*int64(len(msg.parts))
	ticket := w.tickets
	w.send(id, now)
	return ticket
}

// onCommit is a broker taking an OffsetCommit: it is a produce to the offsets
// topic with acks=all (kafka.md C.3).
func (w *world) onCommit(now sim.Time, id msgID) {
	m := &w.messages[id]
	i := w.memberOf(m.from)
	group := w.consumers.members[i].group
	g := &w.consumers.groups[group]
	m.code = uint8(kafka.NoGroupError)
	if g.coordinator != m.to {
		m.code = uint8(kafka.NotCoordinator)
		w.answerCommit(id, now)
		return
	}
	request := w.consumers.calls[m.ref].request
	var err kafka.GroupError
	w.group(now, group, func(machine *kafka.Group, out []kafka.GroupEffect) []kafka.GroupEffect {
		err, out = machine.OnCommit(now, request, out)
		return out
	})
	m = &w.messages[id]
	r := w.replicaOn(g.partition, int(m.to))
	rep := &w.replicas[r]
	if err == kafka.NoGroupError && rep.leader.ISR.Committed.Len() < rep.leader.MinISR {
		err = kafka.CoordinatorNotAvailable
	}
	if err != kafka.NoGroupError {
		m.code = uint8(err)
		w.answerCommit(id, now)
		return
	}
	content := commitContent{group: int32(group), version: -1}
	for k := range m.parts {
		content.offsets = append(content.offsets, flatOffset{m.parts[k].replica, m.parts[k].from})
		m.parts[k].partition = g.partition
	}
	w.appendOffsets(now, group, content, commitBatchBytes+offsetRecordBytes*int32(len(m.parts)))
	w.awaitOffsets(now, r, id)
	w.wakeFetchers(now)
}

// answerCommit ends an OffsetCommit or a group's record: its offsets count when
// they are committed.
func (w *world) answerCommit(id msgID, ready sim.Time) {
	m := &w.messages[id]
	code := kafka.GroupError(m.code)
	if len(m.parts) > 0 && m.parts[0].code != uint8(kafka.ProduceOK) {
		code = commitError(kafka.ProduceError(m.parts[0].code))
	}
	if m.kind == msgStore {
		group, version := int(m.ref), int32(m.number)
		w.free(id)
		w.stored(ready, group, version, code)
		return
	}
	m.code = uint8(code)
	w.tellCommit(ready, m, code)
	if code == kafka.NoGroupError {
		g := &w.consumers.groups[w.consumers.members[w.memberOf(m.from)].group]
		for k := range m.parts {
			g.committed[m.parts[k].replica] = m.parts[k].from
		}
	}
	w.reply(id, msgCommitReply, 100, ready)
}

// commitError is what a group coordinator makes of a failed append
// (CoordinatorOperationExceptionHelper).
func commitError(e kafka.ProduceError) kafka.GroupError {
	if e == kafka.ProduceNotLeader {
		return kafka.NotCoordinator
	}
	return kafka.CoordinatorNotAvailable
}

// onCommitReply takes the answer to the member.
func (w *world) onCommitReply(now sim.Time, id msgID) {
	msg := &w.messages[id]
	i := w.memberOf(msg.to)
	m := &w.consumers.members[i]
	request, err, ticket := w.consumers.calls[msg.ref].request, kafka.GroupError(msg.code), msg.number
	if err != kafka.NoGroupError {
		for k := range msg.parts {
			if at := m.slot[msg.parts[k].replica]; at >= 0 {
				m.owned[at].sent = -1
			}
		}
	}
	w.freeGroup(id)
	if m.down {
		return
	}
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnCommitResponse(now, request, err, out)
	})
	w.commitAnswered(now, i, ticket, err)
}

// commitAnswered lets go on whoever waits for a commit.
func (w *world) commitAnswered(now sim.Time, i int32, ticket int64, err kafka.GroupError) {
	m := &w.consumers.members[i]
	switch {
	case ticket == 0 || m.down:
	case ticket == m.auto.ticket:
		w.autoCommitAnswered(now, i, err)
	case ticket == m.committing:
		m.committing = 0
		w.enterPoll(now, i)
	case ticket == m.revoking:
		m.revoking = 0
		w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
			return machine.OnRevoked(now, out)
		})
	}
}

// commitBeforeRevoke commits a member's positions before it hands partitions
// over.
func (w *world) commitBeforeRevoke(now sim.Time, i int32, flats []int32, stop bool) {
	m := &w.consumers.members[i]
	if stop {
		for _, flat := range flats {
			if at := m.slot[flat]; at >= 0 {
				m.owned[at].stopped = true
				w.dropChunks(i, flat)
				m.owned[at].buffered = 0
				w.stopConsuming(now, m.group, flat)
			}
		}
	}
	m.revoking = w.commitPositions(now, i, purposeRevoke)
	if m.revoking == 0 {
		w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
			return machine.OnRevoked(now, out)
		})
	}
}
