package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// notConnected is the peer incarnation of a closed connection.
const notConnected int32 = -1

// onRecord is an application sending its next record.
func (w *world) onRecord(now sim.Time, i int32) {
	p := &w.producer[i]
	if !w.stopping {
		w.nextRecord(i)
	}
	id := int32(len(w.records))
	w.records = append(w.records, record{at: now, next: -1})
	w.noteGenerated(i)
	w.tellGenerated(now, i)
	if p.down {
		w.noteDropped(i, id, kafka.OutcomeCrashed)
		return
	}
	partition := kafka.AnyPartition
	if p.keys != nil {
		partition = p.partitionOf[p.keys.Next(&p.keyStream)]
	}
	placed, batch, previous, effects := p.machine.Record(now, kafka.ProducerRecord{ID: id, Partition: partition, Size: p.sizes.Next(&p.sizeStream)}, w.effects[:0])
	if placed == kafka.RecordAppended {
		w.chain(now, i, batch, id, previous)
	}
	w.act(now, i, effects)
}

// nextRecord schedules an instance's next record, if it comes before the load
// ends.
func (w *world) nextRecord(i int32) {
	if at := w.producer[i].arrivals.Next(); at < sim.Time(w.plan.spec.Duration) {
		w.engine.Schedule(at.Add(prologue), evRecord, i, 0)
	}
}

// chain puts a record behind another one of a batch.
func (w *world) chain(now sim.Time, i int32, local kafka.BatchID, id, previous int32) {
	g := w.globalBatch(i, local)
	if previous != kafka.NoRecord {
		w.records[previous].next = id
	}
	w.noteWaiting(now, w.batches[g].partition, 1)
}

// act carries out what a producer asks for.
func (w *world) act(now sim.Time, i int32, effects []kafka.ProducerEffect) {
	w.effects = effects // keep what grew
	for k := range effects {
		e := &effects[k]
		switch e.Kind {
		case kafka.SendProduce:
			w.sendProduce(now, i, e)
		case kafka.RequestMetadata:
			w.requestMetadata(now, int32(w.plan.producerAt)+i)
		case kafka.WakeAt:
			w.wakeProducer(now, i, e.At)
		case kafka.BatchDone:
			w.batchDone(now, i, e)
		case kafka.RecordAdmitted:
			w.chain(now, i, e.Batch, e.Record, e.Previous)
		case kafka.RecordDropped:
			w.noteDropped(i, e.Record, e.Outcome)
		case kafka.ConnectTo:
			w.connect(now, int32(w.plan.producerAt)+i, int32(e.Broker)-1)
		case kafka.DisconnectFrom:
			w.producer[i].connected[e.Broker-1] = notConnected
			w.tellDisconnect(now, i, int32(e.Broker)-1, true)
		}
	}
}

// nearWake divides a producer's wake-ups into near ones (linger, back-off) and
// far ones (timeouts): each kind has one event at a time, so that a near one does
// not leave a far one behind in the queue every time.
const nearWake = 100 * time.Millisecond

// goTimer is the grain of a Go timer in a process that waits for its network: the
// runtime passes whole milliseconds to epoll, 1 for what is less (runtime.netpoll,
// netpoll_epoll.go), so that kgo's linger, a time.AfterFunc, ends up to so much late.
// Journals of kgo with linger.ms 5 on quiet brokers: half of the batches were
// acknowledged 0.4 to 0.5 ms later than 5 ms and the round trip, a tenth within 0.1 ms
// (franz-go 1.22, Linux).
const goTimer = time.Millisecond

// wakeProducer makes at the wake-up of a producer. An event that is due no later
// is there already as a rule, and will find out then that it came too early.
func (w *world) wakeProducer(now sim.Time, i int32, at sim.Time) {
	p := &w.producer[i]
	p.wakeAt = max(now, at)
	far := 0
	if p.wakeAt.Sub(now) > nearWake {
		far = 1
	}
	if p.wakeAt >= p.wakeEvents[far] {
		return
	}
	due := p.wakeAt
	if due > now && w.plan.spec.Producers[w.plan.producers[i].producer].Client == scenarios.FranzGo {
		due = due.Add(p.timers.UniformDuration(0, goTimer))
		if due >= p.wakeEvents[far] {
			return
		}
	}
	p.wakeEvents[far] = due
	w.engine.Schedule(due, evProducerWake, i, int64(far))
}

// onProducerWake is a producer's wake-up, or an event that stands for a later one.
func (w *world) onProducerWake(now sim.Time, i int32, far int64) {
	p := &w.producer[i]
	if now != p.wakeEvents[far] {
		return
	}
	p.wakeEvents[far] = sim.Never
	switch {
	case p.down:
	case p.wakeAt <= now:
		p.wakeAt = sim.Never
		w.act(now, i, p.machine.OnWake(now, w.effects[:0]))
	case p.wakeAt != sim.Never:
		w.wakeProducer(now, i, p.wakeAt)
	}
}

// globalBatch is the world's batch of a producer's, made when it is first sent
// or ends.
func (w *world) globalBatch(i int32, local kafka.BatchID) batchID {
	p := &w.producer[i]
	for int(local) >= len(p.global) {
		p.global = append(p.global, noBatch)
	}
	b := p.machine.Batch(local)
	id := p.global[local]
	if id == noBatch {
		id = batchID(len(w.batches))
		w.batches = append(w.batches, batchState{producer: i, partition: p.first + kafka.PartitionID(b.Partition), commit: -1})
		p.global[local] = id
	}
	g := &w.batches[id]
	g.first, g.last, g.count, g.bytes = b.First, b.Last, b.Count, int32(b.Bytes)
	g.sequence, g.epoch, g.pid = b.Sequence, b.Epoch, b.ProducerID
	return id
}

// sendProduce puts a produce request on the wire.
func (w *world) sendProduce(now sim.Time, i int32, e *kafka.ProducerEffect) {
	p := &w.producer[i]
	node := int32(w.plan.producerAt) + i
	broker := int32(e.Broker) - 1
	id := w.newMessage(msgProduce, node, broker)
	for local := e.Batch; local != kafka.NoBatch; local = p.machine.Batch(local).Next {
		g := w.globalBatch(i, local)
		b := &w.batches[g]
		q := part{partition: b.partition, batch: g, local: int32(local), sequence: -1, pid: -1}
		if p.config.Idempotence {
			q.sequence, q.pid, q.pepoch = b.sequence, b.pid, b.epoch
		}
		w.messages[id].parts = append(w.messages[id].parts, q)
		w.tellSend(now, i, broker, g)
	}
	m := &w.messages[id]
	m.conn = i*int32(w.plan.brokers) + broker
	m.acks = uint8(p.config.Acks)
	m.number = int64(e.Request)
	m.bytes = int64(e.Bytes)
	m.toInc = p.connected[broker]
	m.timeout = e.Timeout
	w.send(id, now)
}

// onProduceReply takes a produce response to its client.
func (w *world) onProduceReply(now sim.Time, id msgID) {
	m := &w.messages[id]
	i := m.to - int32(w.plan.producerAt)
	p := &w.producer[i]
	broker := m.from
	if p.down || p.connected[broker] != m.fromInc {
		w.free(id)
		return
	}
	w.results = w.results[:0]
	for k := range m.parts {
		q := &m.parts[k]
		r := kafka.BatchResult{Error: kafka.ProduceError(q.code), Offset: q.from, Leader: kafka.NoBroker}
		if r.Error == kafka.ProduceNotLeader {
			r.Leader, r.Epoch = q.leader, q.epoch
		}
		w.results = append(w.results, r)
		w.tellAnswer(now, i, broker, q.batch, r.Error)
	}
	number := kafka.ProduceRequestID(m.number)
	w.free(id)
	w.act(now, i, p.machine.OnProduceResponse(now, number, w.results, w.effects[:0]))
}

// batchDone ends a batch for its producer.
func (w *world) batchDone(now sim.Time, i int32, e *kafka.ProducerEffect) {
	g := w.globalBatch(i, e.Batch)
	p := &w.producer[i]
	p.global[e.Batch] = noBatch
	b := &w.batches[g]
	w.tellBatchEnd(now, g, e.Outcome)
	switch e.Outcome {
	case kafka.OutcomeAcked:
		b.fate = fateAcked
		w.noteAcked(now, i, g)
	case kafka.OutcomeCrashed:
		b.fate = fateCrashed
	case kafka.OutcomeExpired, kafka.OutcomeRetriesExhausted, kafka.OutcomeFatal, kafka.OutcomeBufferFull,
		kafka.OutcomeNoMetadata, kafka.OutcomeTooLarge:
		b.fate = fateFailed
	}
	w.noteSettled(now, g)
}

// connect begins a connection attempt to a broker; its handshake includes the
// client's ApiVersions request, so a frozen process does not complete it.
func (w *world) connect(now sim.Time, node, broker int32) {
	id := w.newMessage(msgConnect, node, broker)
	m := &w.messages[id]
	m.bytes = 80
	m.stream = node
	attempt := w.newAttempt(node, broker)
	m.number = attempt
	set := w.netStreams[node].UniformDuration(connectSetup*8/10, connectSetup*12/10)
	w.engine.Schedule(now.Add(set), evConnect, node, int64(broker)<<32|attempt)
	w.send(id, now)
}

// newAttempt numbers a connection attempt; answers to older ones are stale.
func (w *world) newAttempt(node, broker int32) int64 {
	p := &w.producer[int(node)-w.plan.producerAt]
	p.connecting[broker]++
	return int64(p.connecting[broker])
}

// onConnectTimeout is the set-up timeout of a connection attempt.
func (w *world) onConnectTimeout(now sim.Time, node int32, arg int64) {
	w.connectFailed(now, node, int32(arg>>32), arg&(1<<32-1), kafka.ConnectionTimedOut)
}

// connectFailed ends an attempt that is still under way.
func (w *world) connectFailed(now sim.Time, node, broker int32, attempt int64, why kafka.ConnectFailure) {
	i := node - int32(w.plan.producerAt)
	p := &w.producer[i]
	if p.down || int64(p.connecting[broker]) != attempt || p.connected[broker] != notConnected {
		return
	}
	p.connecting[broker]++
	w.act(now, i, p.machine.OnConnectFailed(now, kafka.BrokerID(broker+1), why, w.effects[:0]))
}

// onConnected is the answer to a handshake.
func (w *world) onConnected(now sim.Time, id msgID) {
	m := &w.messages[id]
	node, broker, inc, attempt := m.to, m.from, m.fromInc, m.number
	w.free(id)
	i := node - int32(w.plan.producerAt)
	p := &w.producer[i]
	if p.down || int64(p.connecting[broker]) != attempt {
		return
	}
	p.connecting[broker]++
	p.connected[broker] = inc
	w.act(now, i, p.machine.OnConnected(now, kafka.BrokerID(broker+1), w.effects[:0]))
}

// onClientReset is a broker's process closing a client's connection.
func (w *world) onClientReset(now sim.Time, node, broker, inc int32) {
	if int(node) >= w.plan.memberAt {
		w.memberReset(now, node, broker, inc)
		return
	}
	i := node - int32(w.plan.producerAt)
	p := &w.producer[i]
	if p.down || p.connected[broker] != inc {
		return
	}
	if last := w.lastArrival[len(w.connections)+int(i)*w.plan.brokers+int(broker)]; last > now {
		// An answer that came first is still being taken.
		w.engine.Schedule(last, evClientReset, node, int64(broker)<<32|int64(inc))
		return
	}
	p.connected[broker] = notConnected
	w.tellDisconnect(now, i, broker, false)
	w.act(now, i, p.machine.OnDisconnected(now, kafka.BrokerID(broker+1), w.effects[:0]))
}

// closeClient closes a client's connection from the broker's side.
func (w *world) closeClient(now sim.Time, node int32, b int) {
	inc := w.processes[b].inc
	w.engine.Schedule(now.Add(w.delayBetween(int32(b), node, node)), evClientReset, node, int64(b)<<32|int64(inc))
	conn := (node-int32(w.plan.producerAt))*int32(w.plan.brokers) + int32(b)
	c := &w.connections[conn]
	c.busy = false
	for id := w.pop(&c.queue); id != noMessage; id = w.pop(&c.queue) {
		w.free(id)
	}
}

// requestMetadata asks a broker for the cluster's metadata: the one that the
// client has been connected to, else any that answers. Clients ask the least
// loaded node that they know; here that is the next in turn.
func (w *world) requestMetadata(now sim.Time, node int32) {
	b := w.pickBroker(node)
	id := w.newMessage(msgMetadata, node, b)
	m := &w.messages[id]
	m.bytes = 100
	m.stream = node
	w.metadataAsked[node]++
	m.number = w.metadataAsked[node]
	// Without an answer the client gives up and asks another one.
	w.engine.Schedule(now.Add(w.metadataTimeout(node)), evMetadataTimeout, node, m.number)
	w.send(id, now)
}

// pickBroker is the next broker in turn that accepts connections from a client's
// side of the network; a client finds out by trying, which for a process that is
// gone costs it a refused connection and no time.
func (w *world) pickBroker(node int32) int32 {
	n := int32(w.plan.brokers)
	for range n {
		w.nextBroker[node] = (w.nextBroker[node] + 1) % n
		b := w.nextBroker[node]
		if w.processes[b].up && w.serving(b) {
			return b
		}
	}
	return w.nextBroker[node]
}

// metadataTimeout is how long a client waits for a metadata answer: the request
// timeout, or the time to set up a connection if that is less.
func (w *world) metadataTimeout(node int32) time.Duration {
	if int(node) < w.plan.memberAt {
		return min(connectSetup, w.producer[int(node)-w.plan.producerAt].config.RequestTimeout)
	}
	return connectSetup
}

// onMetadata is a broker answering with what it knows.
func (w *world) onMetadata(now sim.Time, id msgID) {
	m := &w.messages[id]
	b := m.to
	topics := w.topicsOf(m.from)
	m.parts = m.parts[:0]
	for _, t := range topics {
		topic := &w.plan.topics[t]
		for k := range topic.count {
			q := part{partition: topic.first + kafka.PartitionID(k)}
			w.hint(&q, int(b))
			s := &w.state[int(b)*len(w.plan.partitions)+int(q.partition)]
			if s.ISR.Len() == topic.rf {
				q.code = 1
			}
			m.parts = append(m.parts, q)
		}
	}
	w.reply(id, msgMetadataReply, 60+30*int64(len(m.parts)), now)
}

// topicsOf is what a client asks about.
func (w *world) topicsOf(node int32) []int {
	if int(node) < w.plan.memberAt {
		p := &w.producer[int(node)-w.plan.producerAt]
		w.oneTopic[0] = p.topic
		return w.oneTopic[:]
	}
	return w.plan.spec.Groups[w.plan.members[int(node)-w.plan.memberAt].group].Topics
}

// onMetadataReply takes the answer to the client.
func (w *world) onMetadataReply(now sim.Time, id msgID) {
	m := &w.messages[id]
	node := m.to
	if m.number != w.metadataAsked[node] {
		w.free(id)
		return
	}
	w.metadataAsked[node]++ // no other answer counts
	if int(node) >= w.plan.memberAt {
		w.memberMetadata(now, node, m)
		w.free(id)
		return
	}
	i := node - int32(w.plan.producerAt)
	w.views = w.views[:0]
	for k := range m.parts {
		q := &m.parts[k]
		w.views = append(w.views, kafka.PartitionView{Leader: q.leader, Epoch: q.epoch, InSync: q.code == 1})
	}
	w.free(id)
	w.act(now, i, w.producer[i].machine.OnMetadata(now, w.views, w.effects[:0]))
}

// metadataFailed is a metadata request that came to nothing.
func (w *world) metadataFailed(now sim.Time, node int32, number int64) {
	if number != w.metadataAsked[node] {
		return
	}
	w.metadataAsked[node]++
	if int(node) >= w.plan.memberAt {
		w.memberMetadataFailed(now, node)
		return
	}
	i := node - int32(w.plan.producerAt)
	if p := &w.producer[i]; !p.down {
		w.act(now, i, p.machine.OnMetadataFailed(now, w.effects[:0]))
	}
}

// crashProducer kills a producer instance: what was in its memory is lost.
func (w *world) crashProducer(now sim.Time, i int32) {
	p := &w.producer[i]
	if p.down {
		return
	}
	node := int32(w.plan.producerAt) + i
	w.tellLife(now, node, story.Died)
	w.act(now, i, p.machine.Crash(now, w.effects[:0]))
	p.down = true
	w.die(now, node, false)
	for b := range p.connected {
		p.connected[b] = notConnected
		p.connecting[b]++
	}
	w.metadataAsked[node]++
}

// restartProducer brings it back with a new producer id.
func (w *world) restartProducer(now sim.Time, i int32) {
	p := &w.producer[i]
	if !p.down {
		return
	}
	w.start(int32(w.plan.producerAt) + i)
	w.tellLife(now, int32(w.plan.producerAt)+i, story.Started)
	p.down = false
	p.lives++
	id := int64(i) + p.lives*int64(len(w.producer))
	w.act(now, i, p.machine.Restart(now, id, w.effects[:0]))
}

// idempotent says whether any producer of the scenario is.
func idempotent(spec *scenarios.Spec) bool {
	for i := range spec.Producers {
		if spec.Producers[i].Config.Idempotence {
			return true
		}
	}
	return false
}
