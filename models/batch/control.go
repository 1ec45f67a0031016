package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// Control messages, in message.sub.
const (
	controlRegister uint8 = iota + 1
	controlHeartbeat
	controlAlter
	controlDirectory
)

// A broker's channels to the controllers: each keeps its own address of the active
// one (NodeToControllerChannelManagerImpl).
const (
	beatChannel = iota
	alterChannel
	channels
)

// Codes of control replies.
const (
	controlOK uint8 = iota
	controlNotController
	controlRefused
)

// Figures of the control plane.
const (
	// controllerRetry is how long a broker waits before it looks for the active
	// controller again (NodeToControllerRequestThread, 100 ms).
	controllerRetry = 100 * time.Millisecond
	// registerRetry is the wait after a refused registration
	// (BrokerLifecycleManager, the heartbeat interval).
	startingBeat = 10 * time.Millisecond
	// perPartition is what applying one changed partition costs a broker:
	// 20 ms for 6,667 topics after KAFKA-14735 (apache/kafka PR 13280).
	perPartition = 3 * time.Microsecond
	// metadataFetchTimeout is controller.quorum.fetch.timeout.ms: after it a cut
	// broker begins to look for another way to the metadata.
	connectSetup = 10 * time.Second // socket.connection.setup.timeout.ms, ±20 %
)

// A flush is one append to the metadata log: changes [low, high) of the log.
type flush struct {
	low, high int
	offset    int64
}

// control is the controller quorum and the metadata log.
type control struct {
	machine *kafka.Controller
	quorum  *kafka.Quorum
	active  int32 // node of the active controller, or -1
	term    int64

	log         []kafka.Change // everything written
	committed   int            // changes committed
	offset      int64          // metadata offset committed
	commitDelay time.Duration  // after the append linger: syncs, and the way to a majority
	work        time.Duration  // processor time of a request, at both ends
	flushes     []flush
	flushesDone int // committed ones
	waiting     []waitingReply
	configs     []pendingConfig
	image       []kafka.PartitionState // committed
	peers       []peerView             // committed
}

// A waitingReply is a controller's answer that waits for its records' commit.
type waitingReply struct {
	message msgID
	needs   int // changes that must be committed
}

// A pendingConfig is a topic's change of settings that waits for an active controller
// and for the commit of what was written with it.
type pendingConfig struct {
	topic  int32
	minISR int // min.insync.replicas as of then
	needs  int // changes that must be committed
}

// writeControl takes what the controller's machine wrote on an input: it is
// committed after the append linger and the sync of a majority, and a reply to it
// waits for that (QuorumController, deferredEventQueue).
//
// In Kafka records join the linger of those before them, and a reply without
// records of its own waits for theirs; that would let an idle topic move the
// others by up to a linger (25 ms). Here each input has its own.
func (w *world) writeControl(now sim.Time, reply msgID) {
	c := &w.control
	if len(w.changes) > 0 {
		low := len(c.log)
		c.log = append(c.log, w.changes...)
		w.changes = w.changes[:0]
		c.flushes = append(c.flushes, flush{low, len(c.log), c.machine.MetadataOffset()})
		at := now.Add(w.plan.cluster.Config.QuorumAppendLinger + c.commitDelay)
		w.engine.Schedule(at, evMetaCommit, max(c.active, 0), int64(len(c.flushes)-1))
		if reply != noMessage {
			c.waiting = append(c.waiting, waitingReply{reply, len(c.log)})
		}
		return
	}
	if reply != noMessage {
		w.sendControl(now, reply)
	}
}

// drawCommitDelay draws how long the controllers of this replication take to commit
// what the active one has appended: it syncs its log, and with more than one voter
// so does another, which is told and answers (raft/.../KafkaRaftClient.java). One
// draw a replication keeps commits in order and independent of each other.
func (w *world) drawCommitDelay() time.Duration {
	law := w.plan.cluster.Brokers[0].Hardware.Fsync
	delay := w.quorumStream.LognormalDuration(law.Median, law.P99)
	if len(w.plan.voters) > 1 {
		a, b := int32(w.plan.voters[0]), int32(w.plan.voters[1])
		delay += w.delayBetween(a, b, a) + w.quorumStream.LognormalDuration(law.Median, law.P99) + w.delayBetween(b, a, a)
	}
	return delay
}

// onMetaCommit makes a flush known: to those who wait for an answer, and to every
// broker's metadata fetch.
func (w *world) onMetaCommit(now sim.Time, number int64) {
	c := &w.control
	f := c.flushes[number]
	if f.high <= c.committed || c.active < 0 {
		return // it is done, or whoever becomes active will do it
	}
	w.commitTo(now, int(number))
	kept := c.waiting[:0]
	for _, r := range c.waiting {
		if r.needs <= c.committed {
			w.sendControl(now, r.message)
		} else {
			kept = append(kept, r)
		}
	}
	c.waiting = kept
}

// commitTo commits every flush up to number.
func (w *world) commitTo(now sim.Time, number int) {
	c := &w.control
	for ; c.flushesDone <= number; c.flushesDone++ {
		f := &c.flushes[c.flushesDone]
		for i := f.low; i < f.high; i++ {
			w.commitChange(now, &c.log[i])
		}
		c.committed = f.high
		c.offset = f.offset
		for b := range w.brokers {
			w.publish(now, int32(b), c.flushesDone)
		}
	}
	w.configsCommitted(now)
}

// commitChange puts one record into the committed image.
func (w *world) commitChange(now sim.Time, change *kafka.Change) {
	c := &w.control
	if change.Kind == kafka.PartitionChanged {
		before := c.image[change.Partition]
		c.image[change.Partition] = change.State
		w.noteCommitted(now, change, &before)
		return
	}
	applyPeer(&c.peers[change.Broker-1], change)
	w.tellChange(now, change, nil)
}

// applyPeer is a broker record taken over by somebody's view.
func applyPeer(peer *peerView, change *kafka.Change) {
	switch change.Kind {
	case kafka.BrokerRegistered:
		*peer = peerView{epoch: change.Epoch, fenced: true}
	case kafka.BrokerFenced:
		peer.fenced = true
	case kafka.BrokerUnfenced:
		peer.fenced = false
	case kafka.BrokerInControlledShutdown:
		peer.stopping = true
	case kafka.PartitionChanged:
	}
}

// publish lets a broker's metadata fetch bring it a flush: the records, then the
// next round with the new high watermark (KIP-1166), and the time to apply them,
// which grows with the partitions that change and not with those that exist. A
// topic's records are applied together.
func (w *world) publish(now sim.Time, b int32, number int) {
	br := &w.brokers[b]
	p := &w.processes[b]
	if !p.up || !br.ready {
		return // reads the whole log when it starts
	}
	if p.paused {
		br.stuckMeta = true
		return
	}
	if c := &w.control; !w.reachable(b, c.active) {
		if !br.stuckMeta {
			br.stuckMeta, br.stuckSince = true, now
		}
		return
	}
	if br.stuckMeta {
		return // its catch-up is under way
	}
	at := now.Add(w.applyDelay(now, b))
	f := &w.control.flushes[number]
	w.eachTopic(f, func(topic, partitions int) {
		due := max(at.Add(time.Duration(partitions)*perPartition), br.applyAt[topic+1])
		br.applyAt[topic+1] = due
		w.engine.Schedule(due, evMetaApply, b, int64(number)<<20|int64(topic+1))
	})
	br.applyAt[0] = max(at, br.applyAt[0])
	w.engine.Schedule(br.applyAt[0], evMetaApply, b, int64(number)<<20)
}

// applyDelay draws how long a flush that is committed now takes to a broker's
// metadata image. The draw is named by the instant and not the next of a stream,
// so that what other topics commit at other times leaves it as it is.
func (w *world) applyDelay(now sim.Time, b int32) time.Duration {
	s := rng.New(rng.Derive(w.seed, uint64(now)), nameOf("broker", int(b)+1), "metadata")
	rounds := time.Duration(0)
	for range 3 {
		rounds += w.delayDrawn(w.control.active, b, s.Uint64())
	}
	return rounds + w.machines.applyTime(int(b), &s)
}

// eachTopic calls visit with each topic that a flush changes and how many of its
// partitions, in order of the topics.
func (w *world) eachTopic(f *flush, visit func(topic, partitions int)) {
	counts := w.topicCounts
	for i := range counts {
		counts[i] = 0
	}
	for i := f.low; i < f.high; i++ {
		if change := &w.control.log[i]; change.Kind == kafka.PartitionChanged {
			counts[w.plan.partitions[change.Partition].topic]++
		}
	}
	for topic, n := range counts {
		if n > 0 {
			visit(topic, n)
		}
	}
}

// onMetaApply applies one topic's records of a flush, or with topic 0 the broker
// records.
func (w *world) onMetaApply(now sim.Time, b int32, arg int64) {
	br := &w.brokers[b]
	if !br.ready || br.stuckMeta {
		return
	}
	f := &w.control.flushes[arg>>20]
	topic := int(arg&(1<<20-1)) - 1
	for i := f.low; i < f.high; i++ {
		change := &w.control.log[i]
		switch {
		case change.Kind == kafka.PartitionChanged && w.plan.partitions[change.Partition].topic == topic:
			w.applyPartition(now, b, change.Partition, &change.State)
		case change.Kind != kafka.PartitionChanged && topic < 0:
			applyPeer(&w.peers[int(b)*w.plan.brokers+int(change.Broker)-1], change)
			if int32(change.Broker)-1 != b {
				w.peerChanged(now, b, int32(change.Broker)-1)
			}
		}
	}
	if topic < 0 {
		br.applied = max(br.applied, f.offset)
	}
	w.wakeFetchers(now)
}

// peerChanged lets a leader look again at who may join its ISRs and whom its HW
// waits for.
func (w *world) peerChanged(now sim.Time, b, peer int32) {
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		if rep.role == roleLeader && w.replicaOn(rep.partition, int(peer)) >= 0 {
			w.lookAgain(rep)
			w.moveHW(now, r)
		}
	}
}

// catchUp applies the whole committed image to a broker: at its start, and when
// it was frozen or cut off for a while.
func (w *world) catchUp(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.stuckMeta = false
	copy(w.peers[int(b)*w.plan.brokers:(int(b)+1)*w.plan.brokers], w.control.peers)
	for p := range w.control.image {
		state := w.control.image[p]
		w.applyPartition(now, b, kafka.PartitionID(p), &state)
	}
	for peer := range w.brokers {
		if int32(peer) != b {
			w.peerChanged(now, b, int32(peer))
		}
	}
	br.applied = w.control.offset
	w.wakeFetchers(now)
}

// onControl is a controller taking a broker's request.
func (w *world) onControl(now sim.Time, id msgID) {
	c := &w.control
	m := &w.messages[id]
	if br := &w.brokers[m.from]; (m.sub == controlRegister || m.sub == controlHeartbeat) &&
		m.fromInc == w.incarnation(m.from) && m.number != int64(br.beat) {
		w.free(id) // its sender gave it up and closed the connection that it came on
		return
	}
	if m.to != c.active {
		m.code = controlNotController
		w.sendControl(now, id)
		return
	}
	m.code = controlOK
	broker := kafka.BrokerID(m.from + 1)
	switch m.sub {
	case controlRegister:
		w.tellBeat(now, m.from)
		br := &w.brokers[m.from]
		result, changes := c.machine.Register(now, kafka.RegisterRequest{
			Broker: broker, Clean: br.clean, PreviousEpoch: br.oldEpoch, EmptyDirectory: br.wiped,
		}, w.changes[:0])
		w.changes = changes
		m.ref2 = int64(result.Epoch)
		if result.Refused {
			m.code = controlRefused
		}
	case controlHeartbeat:
		w.tellBeat(now, m.from)
		result, changes := c.machine.Heartbeat(now, kafka.HeartbeatRequest{
			Broker: broker, Epoch: kafka.BrokerEpoch(m.ref2), MetadataOffset: m.number2,
			WantFence: m.acks&wantFence != 0, WantShutdown: m.acks&wantShutdown != 0,
		}, w.changes[:0])
		w.changes = changes
		m.acks = beatAnswer(result)
	case controlDirectory:
		_, changes := c.machine.AssignDirectory(broker, kafka.BrokerEpoch(m.ref2), w.changes[:0])
		w.changes = changes
	case controlAlter:
		w.changes = w.changes[:0]
		for i := range m.parts {
			w.alterPart(m, &m.parts[i], broker)
		}
	}
	w.writeControl(now, id)
}

// alterPart is one partition of an AlterPartition request: from and to come in as
// the new ISR and the partition epoch, and go out as the committed ones.
func (w *world) alterPart(m *message, p *part, broker kafka.BrokerID) {
	c := &w.control
	w.epochs = w.epochs[:0]
	for _, e := range m.entries[p.low:p.high] {
		w.epochs = append(w.epochs, kafka.BrokerEpoch(e.base))
	}
	result, changes := c.machine.AlterPartition(kafka.AlterRequest{
		Broker: broker, BrokerEpoch: kafka.BrokerEpoch(m.ref2), Partition: p.partition,
		LeaderEpoch: p.lastEpoch, PartitionEpoch: kafka.PartitionEpoch(p.to), NewISR: kafka.ReplicaSet(p.from),
		MemberEpochs: w.epochs, // Recovering is false: a leader's first request clears the mark
	}, w.changes)
	w.changes = changes
	p.code = uint8(result.Error)
	if result.Error == kafka.AlterOK {
		p.from, p.to = kafka.Offset(result.State.ISR), kafka.Offset(result.State.PartitionEpoch)
	}
}

// Bits of a heartbeat and of its answer.
const (
	wantFence uint8 = 1 << iota
	wantShutdown
	isFenced
	isCaughtUp
	shouldShutdown
	staleEpoch
)

func beatAnswer(r kafka.HeartbeatResult) uint8 {
	bits := uint8(0)
	for _, f := range []struct {
		set bool
		bit uint8
	}{{r.Fenced, isFenced}, {r.CaughtUp, isCaughtUp}, {r.ShouldShutdown, shouldShutdown}, {r.StaleEpoch, staleEpoch}} {
		if f.set {
			bits |= f.bit
		}
	}
	return bits
}

// sendControl sends a controller's answer.
func (w *world) sendControl(now sim.Time, id msgID) {
	w.reply(id, msgControlReply, 100, now.Add(w.control.work))
}

// activate makes a node the active controller.
func (w *world) activate(now sim.Time, node int32) {
	c := &w.control
	c.active = node
	c.term++
	w.tellController(now)
	c.machine.Activate(now)
	// What the old leader had appended is in the log of the voter that won.
	if len(c.flushes) > 0 {
		w.commitTo(now, len(c.flushes)-1)
	}
	w.configsCommitted(now)
	w.scheduleControlTasks(now.Add(activationTime))
}

// activationTime is from the moment at which a new controller gives every broker a
// session to that at which it has completed its activation and its tasks begin
// (QuorumController.claim, CompleteActivationEvent). How long hardly matters; that it
// is not 0 does: the eighth check for silent brokers, after eight eighths of a session,
// finds a broker that has said nothing since.
const activationTime = time.Millisecond

// scheduleControlTasks starts the active controller's rasters. All begin a period
// after its activation (QuorumController, PeriodicTask).
func (w *world) scheduleControlTasks(now sim.Time) {
	config := &w.plan.cluster.Config
	c := &w.control
	w.engine.Schedule(now.Add(kafka.StaleCheckPeriod(config.SessionTimeout)), evStaleCheck, c.active, c.term)
	if config.AutoLeaderRebalance {
		w.engine.Schedule(now.Add(config.LeaderImbalanceInterval), evPreferred, c.active, c.term)
	}
	w.engine.Schedule(now.Add(config.UncleanElectionInterval), evUnclean, c.active, c.term)
}

// onStaleCheck fences at most one broker whose session is over.
func (w *world) onStaleCheck(now sim.Time, term int64) {
	c := &w.control
	if term != c.term || c.active < 0 {
		return
	}
	fenced, changes := c.machine.FenceStale(now, w.changes[:0])
	w.changes = changes
	if fenced != kafka.NoBroker {
		w.observed.fencings++
		w.tellFenced(now, fenced)
	}
	w.writeControl(now, noMessage)
	next := kafka.StaleCheckPeriod(w.plan.cluster.Config.SessionTimeout)
	if fenced != kafka.NoBroker {
		next = kafka.TaskRepeatDelay
	}
	w.engine.Schedule(now.Add(next), evStaleCheck, c.active, term)
}

// onElectionTask runs the preferred-leader or the unclean-election task.
func (w *world) onElectionTask(now sim.Time, kind sim.Kind, term int64) {
	c := &w.control
	if term != c.term || c.active < 0 {
		return
	}
	var more bool
	period := w.plan.cluster.Config.UncleanElectionInterval
	if kind == evPreferred {
		more, w.changes = c.machine.ElectPreferred(w.changes[:0])
		period = w.plan.cluster.Config.LeaderImbalanceInterval
	} else {
		more, w.changes = c.machine.ElectUnclean(w.changes[:0])
	}
	w.writeControl(now, noMessage)
	if more {
		period = kafka.TaskRepeatDelay
	}
	w.engine.Schedule(now.Add(period), kind, c.active, term)
}

// quorumEffect acts on what a change of the voters did.
func (w *world) quorumEffect(now sim.Time, e kafka.QuorumEffect) {
	c := &w.control
	switch e.Change {
	case kafka.QuorumElecting:
		w.deactivate()
		w.engine.Schedule(max(now, e.At), evQuorum, int32(e.Voter), int64(e.At))
	case kafka.QuorumLost:
		w.deactivate()
	case kafka.QuorumResumed:
		c.active = int32(e.Voter)
		c.term++
		w.tellController(now)
		// What it had gathered or appended goes on.
		if c.flushesDone < len(c.flushes) {
			w.engine.Schedule(now.Add(c.commitDelay), evMetaCommit, c.active, int64(len(c.flushes)-1))
		}
		w.configsCommitted(now)
		w.scheduleControlTasks(now)
	case kafka.QuorumKept:
	}
}

// deactivate leaves the cluster without an active controller: answers that wait
// for a commit never come.
func (w *world) deactivate() {
	c := &w.control
	c.active = -1
	c.term++
	w.tellController(w.engine.Now())
	w.quorumLostAt = min(w.quorumLostAt, w.engine.Now())
	for _, r := range c.waiting {
		w.controlLost(r.message)
	}
	c.waiting = c.waiting[:0]
}

// onQuorum is the end of an election.
func (w *world) onQuorum(now sim.Time) {
	if voter, elected := w.control.quorum.Elected(now); elected {
		w.activate(now, int32(voter))
	}
}

// drawQuorum takes the draws that a change of the voters may use.
func (w *world) drawQuorum() *kafka.QuorumDraws {
	s := &w.quorumStream
	d := &w.quorumDraws
	d.FetchAge = s.Float64()
	for i := range d.Skew {
		d.Skew[i] = s.Float64()
	}
	for i := range d.Retry {
		d.Retry[i] = s.Float64()
	}
	d.Phase, d.Work = s.Float64(), s.Float64()
	return d
}
