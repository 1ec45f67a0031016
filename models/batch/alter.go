package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// topicBits is the room for a topic's index beside other numbers of an event.
const topicBits = 20

// planAlter makes a broker send a topic's ISR proposals at an instant, once.
func (w *world) planAlter(at sim.Time, b int32, topic int) {
	if q := &w.brokers[b].alters[topic]; !q.planned {
		q.planned = true
		w.engine.Schedule(at, evAlterSend, b, int64(w.processes[b].inc)<<topicBits|int64(topic))
	}
}

// onAlterSend sends what has gathered of a topic's ISR proposals.
func (w *world) onAlterSend(now sim.Time, b int32, topic int) {
	br := &w.brokers[b]
	q := &br.alters[topic]
	q.planned = false
	if q.inFlight || len(q.proposals) == 0 {
		return
	}
	if w.addressed(b, alterChannel) < 0 {
		w.planAlter(now.Add(alterRetry), b, topic)
		return
	}
	id := w.newControl(b, controlAlter)
	m := &w.messages[id]
	m.stream = w.alterStream(b, topic)
	m.ref = int32(topic)
	for _, r := range q.proposals {
		rep := &w.replicas[r]
		rep.alter = false
		if rep.role != roleLeader || !rep.leader.ISR.InFlight {
			continue
		}
		p := part{
			partition: rep.partition, replica: r, lastEpoch: rep.epoch,
			from: kafka.Offset(rep.leader.ISR.Pending), to: kafka.Offset(rep.leader.ISR.PartitionEpoch), low: int32(len(m.entries)),
			// The answer takes the place of from and to.
			hw: kafka.Offset(rep.leader.ISR.Pending), position: int64(rep.leader.ISR.PartitionEpoch),
		}
		for i := range rep.leader.Followers {
			epoch := rep.leader.Followers[i].BrokerEpoch
			if kafka.ReplicaIndex(i) == rep.index {
				epoch = br.epoch
			}
			m.entries = append(m.entries, entry{base: kafka.Offset(max(epoch, kafka.NoBrokerEpoch))})
		}
		p.high = int32(len(m.entries))
		m.parts = append(m.parts, p)
	}
	q.proposals = q.proposals[:0]
	if len(m.parts) == 0 {
		w.free(id)
		return
	}
	q.inFlight = true
	q.number++
	m.number = q.number
	w.engine.Schedule(now.Add(controllerSocketTimeout), evControlTimeout, b, -(q.number<<topicBits | int64(topic)))
	w.send(id, now)
}

// alterRetry is the wait after a top-level error (AlterPartitionManager, 50 ms).
const alterRetry = 50 * time.Millisecond

// alterAgain gives up a topic's AlterPartition request under way and asks again, for
// what is pending still, a little later.
func (w *world) alterAgain(now sim.Time, b int32, topic int) {
	w.brokers[b].alters[topic].inFlight = false
	w.planAlter(now.Add(alterRetry), b, topic)
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		if w.plan.partitions[rep.partition].topic == topic && rep.role == roleLeader && rep.leader.ISR.InFlight {
			w.submitAlter(now, r)
		}
	}
}

// alterAnswered ends an AlterPartition request.
func (w *world) alterAnswered(now sim.Time, b int32, m *message) {
	br := &w.brokers[b]
	topic := int(m.ref)
	if q := &br.alters[topic]; !q.inFlight || m.number != q.number {
		return
	}
	br.broken[alterChannel] = false
	if m.code == controlNotController {
		w.lookUp(b, alterChannel)
	}
	if m.code == controlNotController || kafka.AlterError(m.parts[0].code) == kafka.AlterStaleBrokerEpoch {
		w.alterAgain(now, b, topic)
		return
	}
	br.alters[topic].inFlight = false
	for i := range m.parts {
		w.onAlterReply(now, m.parts[i].replica, &m.parts[i])
	}
	if len(br.alters[topic].proposals) > 0 {
		w.planAlter(now.Add(alterHandOver), b, topic)
	}
}

// controlLost frees a request to a controller that will not answer it and lets
// its broker try again.
func (w *world) controlLost(id msgID) {
	m := &w.messages[id]
	now := w.engine.Now()
	b := m.from
	if m.kind == msgControlReply {
		b = m.to
	}
	br := &w.brokers[b]
	inc := m.fromInc
	if m.kind == msgControlReply {
		inc = m.toInc
	}
	if w.processes[b].up && w.processes[b].inc == inc {
		switch m.sub {
		case controlAlter:
			if q := &br.alters[m.ref]; q.inFlight && m.number == q.number {
				w.lookUp(b, alterChannel)
				w.alterAgain(now, b, int(m.ref))
			}
		case controlRegister, controlHeartbeat:
			if br.beatWait && m.number == int64(br.beat) {
				w.beatFailed(now, b)
			}
		}
	}
	w.free(id)
}
