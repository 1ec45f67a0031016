package batch

import (
	"strconv"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// nameOf names an entity for its random streams.
func nameOf(kind string, number int) string { return kind + "/" + strconv.Itoa(number) }

// host of an event: the node whose process it needs, or -1.
func (w *world) nodeOf(e *sim.Event) int32 {
	switch e.Kind {
	case evProcess, evReceive, evRead, evWork, evRespond, evReset, evProduceTimeout, evISRCheck, evCheckpoint, evAlterSend, evRegister, evHeartbeat,
		evControlTimeout, evBoot, evReady, evRetention, evMetaApply, evMemberWake, evPollDone, evSourceRetry, evRequestTimeout,
		evCommitDue, evMemberMetadata, evGroupSilent, evFindRetry, evCommitSilent, evCommitRetry, evOffsetsRetry, evMetadataTimeout,
		evClientReset, evConnect, evMetaCatchUp, evExit, evStopping, evSettled:
		return e.Entity
	case evFetcher, evFetcherSocket, evFetcherReset:
		return w.fetchers[e.Entity].follower
	case evFetcherTimeout:
		return w.fetchers[e.Entity].leader
	case evReplicaRetry:
		return w.replicas[e.Entity].broker
	case evFetchWait:
		return int32(e.Arg)
	case evGroupTimer, evGroupLoad:
		return w.consumers.groups[e.Entity].coordinator
	default:
		return -1
	}
}

// dispatch lets an event happen. One that needs a frozen process waits for it.
func (w *world) dispatch(e *sim.Event) {
	if w.frozen > 0 {
		if n := w.nodeOf(e); n >= 0 && w.processes[n].paused {
			w.processes[n].deferred = append(w.processes[n].deferred, *e)
			return
		}
	}
	now, id := e.At, e.Entity
	switch e.Kind {
	case evArrive:
		w.onArrive(now, msgID(e.Arg))
	case evProcess:
		w.process(now, msgID(e.Arg))
	case evReceive, evRead, evWork, evRespond:
		w.onward(now, msgID(e.Arg), e.Kind)
	case evReset:
		w.onReset(now, msgID(e.Arg))
	case evRecord:
		w.onRecord(now, id)
	case evProducerStart:
		w.act(now, id, w.producer[id].machine.Start(now, w.effects[:0]))
	case evProducerWake:
		w.onProducerWake(now, id, e.Arg)
	case evPollDone:
		w.onPollDone(now, w.memberOf(id), e.Arg)
	case evFetcher:
		if e.Arg == fetchersBegin {
			w.beginFetching(now, w.fetchers[id].follower)
			return
		}
		w.tryFetch(now, id)
	case evFetcherTimeout:
		w.onFetcherTimeout(now, id)
	default:
		w.dispatchRare(e)
	}
}

// dispatchRare handles the kinds that come by the second or less often.
func (w *world) dispatchRare(e *sim.Event) {
	now, id := e.At, e.Entity
	switch e.Kind {
	case evFetcherSocket:
		w.onFetcherSocket(now, id)
	case evFetcherReset:
		if s := &w.fetchers[id]; s.inFlight && int64(s.session) == e.Arg {
			w.failFetcher(now, id, w.plan.cluster.Config.ReplicaFetchBackoff)
		}
	case evReplicaRetry:
		w.onReplicaRetry(now, id, e.Arg)
	case evConnect:
		w.onConnectTimeout(now, id, e.Arg)
	case evClientReset:
		w.onClientReset(now, id, int32(e.Arg>>32), int32(e.Arg&0xffffffff))
	case evMetadataTimeout:
		w.metadataFailed(now, id, e.Arg)
	case evFault:
		w.onFault(now, id)
	case evHeal:
		w.onHeal(now, id)
	case evReturn:
		w.onReturn(now, id)
	case evRolling:
		w.onRolling(now, id)
	case evTick:
		w.onTick(now)
	case evStop:
		w.stopping = true
	case evEnd:
		w.done = true
	case evConfigApply:
		w.onConfigApply(now, int(id), int(e.Arg))
	case evGroupTimer:
		w.onGroupTimer(now, int(id), e.Arg)
	case evGroupLoad:
		w.onGroupLoad(now, int(id), e.Arg)
	case evControlLost:
		w.controlLost(msgID(e.Arg))
	case evMetaCommit, evStaleCheck, evPreferred, evUnclean, evQuorum:
		w.dispatchControl(e)
	default:
		if int(id) >= w.plan.memberAt || e.Kind == evFetchWait {
			w.dispatchMember(e)
			return
		}
		w.dispatchBroker(e)
	}
}

// dispatchControl handles the controllers' events.
func (w *world) dispatchControl(e *sim.Event) {
	switch e.Kind {
	case evMetaCommit:
		w.onMetaCommit(e.At, e.Arg)
	case evStaleCheck:
		w.onStaleCheck(e.At, e.Arg)
	case evPreferred, evUnclean:
		w.onElectionTask(e.At, e.Kind, e.Arg)
	case evQuorum:
		w.onQuorum(e.At)
	}
}

// dispatchMember handles the group members' events.
func (w *world) dispatchMember(e *sim.Event) {
	now, i := e.At, w.memberOf(e.Entity)
	switch e.Kind {
	case evFetchWait:
		w.onFetchWait(now, i, int32(e.Arg))
	case evMemberStart:
		w.startMember(now, i)
	case evMemberWake:
		w.onMemberWake(now, i, e.Arg)
	case evSourceRetry:
		w.tryConsume(now, i)
	case evRequestTimeout:
		w.onFetchSilent(now, i, int32(e.Arg))
	case evCommitDue:
		w.onCommitDue(now, i, e.Arg)
	case evMemberMetadata:
		w.onMemberMetadata(now, i, e.Arg)
	case evGroupSilent:
		w.onGroupSilent(now, i, e.Arg)
	case evFindRetry:
		w.onFindRetry(now, i, e.Arg)
	case evCommitSilent:
		w.onCommitSilent(now, i, e.Arg)
	case evCommitRetry:
		w.onCommitRetry(now, i, e.Arg)
	case evOffsetsRetry:
		if !w.consumers.members[i].down {
			w.fetchOffsets(now, i)
		}
	default:
		panic("batch: an event of kind " + strconv.Itoa(int(e.Kind)) + " for a member")
	}
}

// dispatchBroker handles the timers of a broker's process; those of an earlier
// life are stale.
func (w *world) dispatchBroker(e *sim.Event) {
	now, b := e.At, e.Entity
	if e.Kind == evControlTimeout {
		w.onControlTimeout(now, b, e.Arg)
		return
	}
	if e.Kind == evMetaApply {
		w.onMetaApply(now, b, e.Arg)
		return
	}
	if e.Kind == evAlterSend {
		if w.alive(b, e.Arg>>topicBits) {
			w.onAlterSend(now, b, int(e.Arg&(1<<topicBits-1)))
		}
		return
	}
	if !w.alive(b, e.Arg) {
		return
	}
	switch e.Kind {
	case evProduceTimeout:
		w.onProduceTimeout(now, int(b))
	case evISRCheck:
		w.onISRCheck(now, b)
	case evCheckpoint:
		w.onCheckpoint(now, b)
	case evRegister:
		w.onRegister(now, b)
	case evHeartbeat:
		w.onBeatDue(now, b)
	case evBoot:
		w.onBoot(now, b, e.Arg)
	case evReady:
		w.onReady(now, b)
	case evRetention:
		w.onRetention(now, b)
	case evMetaCatchUp:
		w.onMetaCatchUp(now, b)
	case evSettled:
		w.onSettled(now, b)
	case evStopping:
		w.onStopping(now, b)
	case evExit:
		w.exitBroker(now, b)
	default:
		panic("batch: an event of kind " + strconv.Itoa(int(e.Kind)) + " for a broker")
	}
}

// process handles a message whose receiver has had the CPU time for it.
func (w *world) process(now sim.Time, id msgID) {
	m := &w.messages[id]
	if p := &w.processes[m.to]; !p.up || p.inc != m.toInc {
		w.dropped(now, id)
		return
	}
	switch m.kind { //nolint:exhaustive // the frequent ones; processRare has the others
	case msgProduce:
		w.onProduce(now, id)
	case msgProduceReply:
		w.onProduceReply(now, id)
	case msgFetch:
		w.onFetch(now, id)
	case msgFetchReply:
		w.onFetchReply(now, id)
	case msgConsume:
		w.onConsume(now, id)
	case msgConsumeReply:
		w.onConsumeReply(now, id)
	default:
		w.processRare(now, id)
	}
}

func (w *world) processRare(now sim.Time, id msgID) {
	m := &w.messages[id]
	switch m.kind { //nolint:exhaustive // process has the frequent ones
	case msgMetadata:
		w.onMetadata(now, id)
	case msgMetadataReply:
		w.onMetadataReply(now, id)
	case msgConnect:
		w.reply(id, msgConnected, 80, now)
	case msgConnected:
		w.onConnected(now, id)
	case msgGroup:
		w.onGroup(now, id)
	case msgGroupReply:
		w.onGroupReply(now, id)
	case msgCommit:
		w.onCommit(now, id)
	case msgCommitReply:
		w.onCommitReply(now, id)
	case msgOffsets:
		w.onOffsets(now, id)
	case msgOffsetsReply:
		w.onOffsetsReply(now, id)
	case msgControl:
		w.onControl(now, id)
	case msgControlReply:
		w.onControlReply(now, id)
	default:
		panic("batch: a message of kind " + strconv.Itoa(int(m.kind)))
	}
}

// onward takes a message one step further inside a broker, if the process is still
// the one that had it.
func (w *world) onward(now sim.Time, id msgID, kind sim.Kind) {
	m := &w.messages[id]
	node, inc := m.to, m.toInc
	if kind == evRespond {
		node, inc = m.from, m.fromInc
	}
	if p := &w.processes[node]; !p.up || p.inc != inc {
		w.dropped(now, id)
		return
	}
	switch kind {
	case evReceive:
		w.receive(now, id)
	case evRead:
		w.read(now, id)
	case evWork:
		w.work(now, id)
	case evRespond:
		w.respond(now, id)
	}
}

// dropped is a message that nobody will ever read: its sender or its receiver is
// gone. Who waits for it finds out by its own timeouts.
func (w *world) dropped(now sim.Time, id msgID) {
	m := &w.messages[id]
	switch m.kind { //nolint:exhaustive // the others need nothing but to be freed
	case msgControl, msgControlReply:
		// A request to a host that is gone: the broker tries to connect until the
		// set-up timeout, 10 s ± 20 % (kafka.md J.9).
		wait := w.netStreams[m.stream].UniformDuration(connectSetup*8/10, connectSetup*12/10)
		w.engine.Schedule(now.Add(wait), evControlLost, m.from, int64(id))
	default:
		w.freeAny(id)
	}
}

// groupReset is a reset of a member's connection to the coordinator, or to the
// broker that it asked for one.
func (w *world) groupReset(now sim.Time, id msgID) {
	m := &w.messages[id]
	i, node := w.memberOf(m.from), m.from
	find, number := m.sub == groupFind && m.kind == msgGroup, m.number
	w.freeGroup(id)
	if find {
		w.engine.Schedule(now.Add(w.consumers.members[i].config.Config.RetryBackoff), evFindRetry, node, number)
		return
	}
	w.coordinatorLost(now, i)
}

// freeAny frees a message and what hangs on it.
func (w *world) freeAny(id msgID) {
	switch w.messages[id].kind { //nolint:exhaustive // the others have nothing hanging on them
	case msgGroup, msgGroupReply, msgCommit, msgCommitReply:
		w.freeGroup(id)
	default:
		w.free(id)
	}
}

// onReset tells the sender of a message that its connection is gone.
func (w *world) onReset(now sim.Time, id msgID) {
	m := &w.messages[id]
	if p := &w.processes[m.from]; !p.up || p.inc != m.fromInc {
		w.freeAny(id)
		return
	}
	node, peer, inc := m.from, m.to, m.toInc
	switch m.kind { //nolint:exhaustive // the others are answers to somebody who is gone
	case msgProduce:
		w.free(id)
		w.onClientReset(now, node, peer, inc)
	case msgConnect:
		attempt := m.number
		w.free(id)
		w.connectFailed(now, node, peer, attempt, kafka.ConnectionRefused)
	case msgFetch:
		f, session := m.ref, m.number
		w.free(id)
		if s := &w.fetchers[f]; s.inFlight && int64(s.session) == session {
			w.failFetcher(now, f, w.plan.cluster.Config.ReplicaFetchBackoff)
		}
	case msgConsume:
		i, session := w.memberOf(node), m.number
		w.free(id)
		if s := &w.consumers.members[i].sources[peer]; s.inFlight && s.session == session {
			w.sourceFailed(now, i, peer)
		}
	case msgMetadata:
		number := m.number
		w.free(id)
		w.metadataFailed(now, node, number)
	case msgGroup, msgCommit:
		w.groupReset(now, id)
	case msgOffsets:
		w.free(id)
		w.coordinatorLost(now, w.memberOf(node))
	case msgControl:
		w.controlLost(id)
	default:
		w.freeAny(id) // an answer to somebody who is gone
	}
}
