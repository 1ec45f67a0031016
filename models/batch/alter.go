package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// onAlterSend sends what has gathered of ISR proposals.
func (w *world) onAlterSend(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.alterSend = false
	if br.altering || len(br.proposals) == 0 {
		return
	}
	if w.addressed(b, alterChannel) < 0 {
		w.retryAlter(now, b)
		return
	}
	id := w.newControl(b, controlAlter)
	m := &w.messages[id]
	m.stream = w.alterStream(b)
	m.bytes = 80
	for _, r := range br.proposals {
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
		if rep.log.end > 0 { // as in partsWithRecords
			m.bytes += 40
		}
	}
	br.proposals = br.proposals[:0]
	if len(m.parts) == 0 {
		w.free(id)
		return
	}
	br.altering = true
	br.alterNumber++
	m.number = int64(br.alterNumber)
	w.engine.Schedule(now.Add(controllerSocketTimeout), evControlTimeout, b, -m.number)
	w.send(id, now)
}

// alterAgain gives up the AlterPartition request under way and asks again, for
// what is pending still, a little later (AlterPartitionManager, a top-level error).
func (w *world) alterAgain(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.altering = false
	w.retryAlter(now, b)
	for _, r := range w.hosts[b] {
		if rep := &w.replicas[r]; rep.role == roleLeader && rep.leader.ISR.InFlight {
			w.submitAlter(now, r)
		}
	}
}

// retryAlter sends the proposals again a little later
// (AlterPartitionManager, 50 ms after a top-level error).
func (w *world) retryAlter(now sim.Time, b int32) {
	br := &w.brokers[b]
	if br.alterSend {
		return
	}
	br.alterSend = true
	w.engine.Schedule(now.Add(50*time.Millisecond), evAlterSend, b, int64(w.processes[b].inc))
}

// alterAnswered ends an AlterPartition request.
func (w *world) alterAnswered(now sim.Time, b int32, m *message) {
	br := &w.brokers[b]
	if !br.altering || m.number != int64(br.alterNumber) {
		return
	}
	br.broken[alterChannel] = false
	if m.code == controlNotController {
		w.lookUp(b, alterChannel)
	}
	if m.code == controlNotController || kafka.AlterError(m.parts[0].code) == kafka.AlterStaleBrokerEpoch {
		w.alterAgain(now, b)
		return
	}
	br.altering = false
	for i := range m.parts {
		w.onAlterReply(now, m.parts[i].replica, &m.parts[i])
	}
	if len(br.proposals) > 0 && !br.alterSend {
		br.alterSend = true
		w.engine.Schedule(now.Add(alterHandOver), evAlterSend, b, int64(w.processes[b].inc))
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
			if br.altering && m.number == int64(br.alterNumber) {
				w.lookUp(b, alterChannel)
				w.alterAgain(now, b)
			}
		case controlRegister, controlHeartbeat:
			if br.beatWait && m.number == int64(br.beat) {
				w.beatFailed(now, b)
			}
		}
	}
	w.free(id)
}
