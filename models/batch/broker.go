package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// startBroker begins a broker process: it boots, registers, loads its logs and
// joins (kafka.md A.10; server/.../BrokerLifecycleManager.java).
func (w *world) startBroker(now sim.Time, b int32) {
	w.start(b)
	w.tellLife(now, b, story.Started)
	br := &w.brokers[b]
	inc := int64(w.processes[b].inc)
	br.life = lifeStarting
	br.epoch = kafka.NoBrokerEpoch
	br.ready, br.settled, br.fenced, br.shutdown = false, false, true, false
	br.applied = -1
	for i := range br.applyAt {
		br.applyAt[i] = now
	}
	br.stuckMeta = false
	br.beatWait = false
	br.controllers, br.broken = [channels]int32{-1, -1}, [channels]bool{}
	br.beatAt, br.beatSoon, br.caughtUp = sim.Never, false, false
	br.beatSince = sim.Never
	for i := range br.alters {
		q := &br.alters[i]
		q.proposals, q.inFlight, q.planned = q.proposals[:0], false, false
	}
	br.timeouts, br.timeoutHead, br.timeoutSet = br.timeouts[:0], 0, false
	br.boot, br.booted, br.bootMarks, br.bootFrom = w.boot(b), 0, 0, now
	w.engine.Schedule(now, evBoot, b, inc)
	w.noteBroker(now, b)
}

// alive says whether an event of a broker's process belongs to its present life.
func (w *world) alive(b int32, inc int64) bool {
	return w.processes[b].up && int64(w.processes[b].inc) == inc
}

// addressed is the controller that a channel of a broker's asks, or -1: the one that
// it asked before, until a request there fails. Then it takes the one that the
// broker's raft client names, which is the old one until there is a new one
// (NodeToControllerRequestThread keeps an address until a disconnect or
// NOT_CONTROLLER, and so it goes on to ask a lost host that others know to be
// succeeded).
func (w *world) addressed(b int32, channel int) int32 {
	c := &w.brokers[b].controllers[channel]
	if *c < 0 {
		*c = w.control.active
	}
	return *c
}

// lookUp makes a channel whose request has failed ask whoever is active by now.
func (w *world) lookUp(b int32, channel int) {
	br := &w.brokers[b]
	br.broken[channel] = true
	if w.control.active >= 0 {
		br.controllers[channel] = w.control.active
	}
}

// newControl makes a request to the controller that the channel addresses.
func (w *world) newControl(b int32, sub uint8) msgID {
	br := &w.brokers[b]
	channel := beatChannel
	if sub == controlAlter {
		channel = alterChannel
	}
	id := w.newMessage(msgControl, b, br.controllers[channel])
	m := &w.messages[id]
	if br.broken[channel] {
		m.open = newConnection
	}
	m.sub = sub
	m.bytes = 100
	m.ref2 = int64(w.brokers[b].epoch)
	return id
}

// onRegister asks for registration, or waits for a controller to ask.
func (w *world) onRegister(now sim.Time, b int32) {
	br := &w.brokers[b]
	if br.epoch != kafka.NoBrokerEpoch || br.beatWait {
		return
	}
	if w.addressed(b, beatChannel) < 0 {
		w.engine.Schedule(now.Add(controllerRetry), evRegister, b, int64(w.processes[b].inc))
		return
	}
	w.sendBeat(now, b, w.newControl(b, controlRegister))
}

// sendBeat sends a request on the heartbeat channel. It is given up, with all
// repetitions after failed connections, one heartbeat interval after it was made
// (BrokerServer gives the heartbeat channel that retry timeout;
// NodeToControllerRequestThread.generateRequests).
func (w *world) sendBeat(now sim.Time, b int32, id msgID) {
	br := &w.brokers[b]
	br.beatWait = true
	br.beat++
	w.messages[id].number = int64(br.beat)
	w.messages[id].stream = b
	if br.beatSince == sim.Never {
		br.beatSince = now
	}
	give := br.beatSince.Add(w.plan.cluster.Config.HeartbeatInterval)
	w.engine.Schedule(max(now, give), evControlTimeout, b, int64(br.beat))
	w.send(id, now)
}

// onHeartbeat sends a heartbeat.
func (w *world) onHeartbeat(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.beatAt = sim.Never
	if br.beatWait || br.epoch == kafka.NoBrokerEpoch {
		return
	}
	if w.addressed(b, beatChannel) < 0 {
		w.scheduleBeat(now.Add(controllerRetry), b)
		return
	}
	id := w.newControl(b, controlHeartbeat)
	m := &w.messages[id]
	m.number2 = br.applied
	if br.life == lifeStarting && (!br.settled || !br.caughtUp) {
		m.acks |= wantFence
	}
	if br.shutdown {
		m.acks |= wantShutdown
	}
	w.sendBeat(now, b, id)
}

// onControlTimeout gives up on a silent controller.
func (w *world) onControlTimeout(now sim.Time, b int32, number int64) {
	br := &w.brokers[b]
	if number < 0 {
		topic := -number & (1<<topicBits - 1)
		if q := &br.alters[topic]; q.inFlight && q.number == -number>>topicBits && w.processes[b].up {
			w.lookUp(b, alterChannel)
			w.alterAgain(now, b, int(topic))
		}
		return
	}
	if !br.beatWait || int64(br.beat) != number || !w.processes[b].up {
		return
	}
	w.beatFailed(now, b)
}

// beatFailed tries the heartbeat channel again: after the look for a controller if
// a connection failed (NodeToControllerRequestThread puts the request back into its
// queue), and after a heartbeat interval if the request has had its time
// (BrokerLifecycleManager.scheduleNextCommunicationAfterFailure).
func (w *world) beatFailed(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.beatWait = false
	w.lookUp(b, beatChannel)
	wait := controllerRetry
	if interval := w.plan.cluster.Config.HeartbeatInterval; now.Sub(br.beatSince) >= interval {
		wait = interval
		br.beatSince = sim.Never
	}
	if br.epoch == kafka.NoBrokerEpoch {
		w.engine.Schedule(now.Add(wait), evRegister, b, int64(w.processes[b].inc))
		return
	}
	br.beatSoon = false
	w.scheduleBeat(now.Add(wait), b)
}

// scheduleBeat plans a broker's next heartbeat, in place of one planned before
// (BrokerLifecycleManager.scheduleNextCommunication: one deferred event).
func (w *world) scheduleBeat(at sim.Time, b int32) {
	w.brokers[b].beatAt = at
	w.engine.Schedule(at, evHeartbeat, b, int64(w.processes[b].inc))
}

// onBeatDue sends the heartbeat that is due, unless another one took its place.
func (w *world) onBeatDue(now sim.Time, b int32) {
	if w.brokers[b].beatAt <= now {
		w.onHeartbeat(now, b)
	}
}

// onControlReply takes the controller's answer.
func (w *world) onControlReply(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := m.to
	switch m.sub {
	case controlAlter:
		w.alterAnswered(now, b, m)
	case controlDirectory:
		if br := &w.brokers[b]; m.code == controlOK && m.ref2 == int64(br.epoch) {
			br.wiped = false
		}
	case controlRegister, controlHeartbeat:
		br := &w.brokers[b]
		if br.beatWait && m.number == int64(br.beat) {
			br.beatWait = false
			br.broken[beatChannel] = false
			switch {
			case m.code == controlNotController:
				w.beatFailed(now, b)
			case m.sub == controlRegister:
				br.beatSince = sim.Never
				w.registered(now, b, m)
			default:
				br.beatSince = sim.Never
				w.beatAnswered(now, b, m.acks)
			}
		}
	}
	w.free(id)
}

// registered takes the answer to a registration.
func (w *world) registered(now sim.Time, b int32, m *message) {
	br := &w.brokers[b]
	inc := int64(w.processes[b].inc)
	if m.code == controlRefused {
		w.engine.Schedule(now.Add(w.plan.cluster.Config.HeartbeatInterval), evRegister, b, inc)
		return
	}
	br.epoch = kafka.BrokerEpoch(m.ref2)
	if br.wiped && br.ready {
		w.assignDirectory(now, b)
	}
	w.onHeartbeat(now, b)
}

// assignDirectory tells the controller where the replicas of a broker with new
// disks are; it is told again after each heartbeat until it has answered.
func (w *world) assignDirectory(now sim.Time, b int32) {
	if w.addressed(b, beatChannel) >= 0 {
		id := w.newControl(b, controlDirectory)
		w.messages[id].stream = b
		w.send(id, now)
	}
}

// beatAnswered moves a broker on in its life
// (BrokerLifecycleManager.BrokerHeartbeatResponseEvent).
func (w *world) beatAnswered(now sim.Time, b int32, answer uint8) {
	br := &w.brokers[b]
	inc := int64(w.processes[b].inc)
	next := w.plan.cluster.Config.HeartbeatInterval
	if answer&staleEpoch != 0 {
		w.scheduleBeat(now.Add(next), b)
		return
	}
	br.fenced = answer&isFenced != 0
	if br.wiped && br.ready {
		w.assignDirectory(now, b)
	}
	switch {
	case br.shutdown && answer&shouldShutdown != 0:
		w.engine.Schedule(now.Add(closeTime), evExit, b, inc)
		return
	case br.shutdown:
		// Waits for its release at the usual pace after the first two beats
		// (BrokerLifecycleManager, PENDING_CONTROLLED_SHUTDOWN).
		if br.registers == 0 {
			br.registers = 1
			next = 50 * time.Millisecond
		}
	case br.life == lifeStarting && !br.caughtUp:
		br.caughtUp = answer&isCaughtUp != 0
		next = startingBeat
	case br.life == lifeStarting && !br.fenced && br.settled:
		br.life = lifeRunning
		w.brokerServes(now, b)
	}
	if br.beatSoon {
		br.beatSoon, next = false, 0
	}
	w.scheduleBeat(now.Add(next), b)
}

// onReady ends the loading of a broker's logs: it takes over the metadata and
// begins to follow.
func (w *world) onReady(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.ready = true
	br.clean = false // the marker is deleted when the logs are loaded
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		rep.role, rep.epoch = roleNone, -1
		rep.hw = max(min(rep.checkpoint, rep.log.end), rep.log.start)
	}
	w.catchUp(now, b)
	if br.wiped && br.epoch != kafka.NoBrokerEpoch {
		w.assignDirectory(now, b)
	}
	config := &w.plan.cluster.Config
	inc := int64(w.processes[b].inc)
	w.engine.Schedule(now.Add(config.ReplicaLagTimeMax/2), evISRCheck, b, inc)
	w.engine.Schedule(now.Add(config.HWCheckpointInterval), evCheckpoint, b, inc)
	w.scheduleRetention(now, b)
}

// brokerServes opens a broker to clients and to followers: its sockets accept
// from now on.
func (w *world) brokerServes(now sim.Time, b int32) {
	w.tellLife(now, b, story.Serves)
	w.noteBroker(now, b)
	for _, r := range w.hosts[b] {
		if rep := &w.replicas[r]; rep.role == roleLeader {
			w.coordinatorElected(now, rep)
		}
	}
}

// serving says whether a broker accepts and handles requests.
func (w *world) serving(b int32) bool {
	life := w.brokers[b].life
	return life == lifeRunning || life == lifeStopping
}

// onCheckpoint writes the high watermarks down.
func (w *world) onCheckpoint(now sim.Time, b int32) {
	for _, r := range w.hosts[b] {
		w.replicas[r].checkpoint = w.replicas[r].hw
	}
	w.engine.Schedule(now.Add(w.plan.cluster.Config.HWCheckpointInterval), evCheckpoint, b, int64(w.processes[b].inc))
}

// controllerSocketTimeout is controller.socket.timeout.ms: a controller that has
// been silent for so long is connected to anew, and asked again.
const controllerSocketTimeout = 30 * time.Second

// crashBroker ends a broker process: its sockets close, its memory is gone, its
// page cache stays. With machine, the host vanishes and with it whatever was not
// synced.
func (w *world) crashBroker(now sim.Time, b int32, machine bool) {
	br := &w.brokers[b]
	w.die(now, b, machine)
	how := story.Died
	if machine {
		how = story.MachineDied
	}
	w.tellLife(now, b, how)
	br.life = lifeDown
	br.ready, br.gone = false, now
	w.dropBrokerState(now, b)
	if machine {
		w.loseUnsynced(now, b)
	} else {
		w.machines.host.Crash(now, int(b))
		w.resetPeers(now, b)
	}
	w.noteBroker(now, b)
	w.voterDown(now, b, kafka.VoterCrashed)
}

// dropBrokerState frees what a dead process held.
func (w *world) dropBrokerState(now sim.Time, b int32) {
	br := &w.brokers[b]
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		w.coordinatorResigned(now, rep)
		for at := rep.waiting; at < len(rep.waits); at++ {
			id := rep.waits[at].message
			if id == noMessage {
				continue
			}
			if m := &w.messages[id]; m.ticket != 0 {
				m.ticket = 0
				w.dropped(now, id)
			}
		}
		rep.waits, rep.waiting = rep.waits[:0], 0
		rep.parked = rep.parked[:0]
		w.removeFromFetcher(now, r)
		if rep.role == roleLeader {
			w.closeLossWindow(now, r)
		}
		rep.role = roleNone
		rep.alter = false
	}
	w.dropParkedConsumers(now, b)
	for c := range w.connections {
		if w.connectionBroker(int32(c)) != b {
			continue
		}
		conn := &w.connections[c]
		conn.busy = false
		for id := w.pop(&conn.queue); id != noMessage; id = w.pop(&conn.queue) {
			w.dropped(now, id)
		}
	}
	br.timeouts, br.timeoutHead = br.timeouts[:0], 0
	k := int32(w.plan.cluster.Config.ReplicaFetchers)
	for f := b * int32(w.plan.brokers) * k; f < (b+1)*int32(w.plan.brokers)*k; f++ {
		s := &w.fetchers[f]
		s.session++
		s.inFlight, s.established = false, false
		s.asks = s.asks[:0]
		s.retryAt, s.busy = 0, 0
		if s.parked != noMessage {
			w.free(s.parked)
			s.parked = noMessage
		}
		s.news = s.news[:0]
	}
	w.touched = w.touched[:0]
}

// resetPeers tells everybody connected to a dead process that it is gone: the
// kernel closes its sockets, after what stands in their send buffers. A peer reads
// the answers that had left the process first (kafka.md J.1), and a fetcher whose
// answer is under way finds the closed connection with its next request.
func (w *world) resetPeers(now sim.Time, b int32) {
	k := int32(w.plan.cluster.Config.ReplicaFetchers)
	n := int32(w.plan.brokers)
	for follower := range n {
		for i := range k {
			f := (follower*n+b)*k + i
			s := &w.fetchers[f]
			answered := s.answered == s.session && s.answerSent < now
			if s.inFlight && !answered && w.reachable(b, follower) {
				delay := w.delayBetween(b, follower, w.fetcherStream(f))
				w.engine.Schedule(now.Add(delay), evFetcherReset, f, int64(s.session))
			}
		}
	}
	for i := range w.producer {
		if node := int32(w.plan.producerAt + i); w.producer[i].connected[b] >= 0 && w.reachable(b, node) {
			// Behind the last answer on the way to the client.
			answers := len(w.connections) + i*w.plan.brokers + int(b)
			arrive := max(now.Add(w.delayBetween(b, node, node)), w.lastArrival[answers])
			w.engine.Schedule(arrive, evClientReset, node, int64(b)<<32|int64(w.producer[i].connected[b]))
		}
	}
	w.resetMembers(now, b)
}

// parkedAt frees the fetch requests that wait at a broker; their followers learn
// of it by the reset, or by their socket timeout.
func (w *world) freeParkedAt(b int32) {
	k := int32(w.plan.cluster.Config.ReplicaFetchers)
	n := int32(w.plan.brokers)
	for follower := range n {
		for i := range k {
			if s := &w.fetchers[(follower*n+b)*k+i]; s.parked != noMessage {
				w.free(s.parked)
				s.parked = noMessage
			}
		}
	}
}

// stopBroker asks a broker to stop in order (SIGTERM).
func (w *world) stopBroker(now sim.Time, b int32) {
	br := &w.brokers[b]
	if !w.processes[b].up {
		return
	}
	if br.life != lifeRunning || !w.plan.cluster.Config.ControlledShutdown {
		w.exitBroker(now, b)
		return
	}
	br.life = lifeStopping
	w.tellLife(now, b, story.Stopping)
	br.registers = 0
	w.engine.Schedule(now.Add(w.machines.Signal(int(b))), evStopping, b, int64(w.processes[b].inc))
}

// beatNow sends a heartbeat at once, or as soon as the one under way is answered
// (scheduleNextCommunicationImmediately, nextSchedulingShouldBeImmediate).
func (w *world) beatNow(now sim.Time, b int32) {
	if br := &w.brokers[b]; br.beatWait {
		br.beatSoon = true
		return
	}
	w.onHeartbeat(now, b)
}

// exitBroker ends a broker process in order: its logs are flushed and marked.
func (w *world) exitBroker(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.clean = br.ready // the marker is written by a process that had loaded its logs
	br.oldEpoch = br.epoch
	for _, r := range w.hosts[b] {
		w.replicas[r].checkpoint = w.replicas[r].hw
	}
	w.syncLogs(now, b)
	w.die(now, b, false)
	w.tellLife(now, b, story.Exited)
	br.life, br.ready, br.gone = lifeDown, false, now.Add(w.machines.Exit(int(b)))
	w.dropBrokerState(now, b)
	w.freeParkedAt(b)
	w.resetPeers(now, b)
	w.noteBroker(now, b)
	w.voterDown(now, b, kafka.VoterStopped)
	if br.returns {
		br.returns = false
		w.bringBack(now, b)
	}
}

// voterDown takes a combined node's or a dedicated controller's vote away.
func (w *world) voterDown(now sim.Time, node int32, how kafka.Departure) {
	if !w.isVoter(node) {
		return
	}
	w.quorumEffect(now, w.control.quorum.VoterDown(now, kafka.BrokerID(node), how, w.drawQuorum()))
	if w.control.active == node {
		w.deactivate()
	}
}

// voterUp gives it back.
func (w *world) voterUp(now sim.Time, node int32) {
	if w.isVoter(node) {
		w.quorumEffect(now, w.control.quorum.VoterUp(now, kafka.BrokerID(node), w.drawQuorum()))
	}
}

func (w *world) isVoter(node int32) bool {
	for _, v := range w.plan.voters {
		if int32(v) == node {
			return true
		}
	}
	return false
}
