package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// fetchOffsets asks the coordinator for the committed offsets of new partitions.
func (w *world) fetchOffsets(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.coordinator < 0 {
		return
	}
	id := w.newMessage(msgOffsets, m.node, m.coordinator)
	msg := &w.messages[id]
	for k := range m.owned {
		if o := &m.owned[k]; o.fetch == positionUnknown {
			msg.parts = append(msg.parts, part{replica: o.flat, pid: o.life})
		}
	}
	if len(msg.parts) == 0 {
		w.free(id)
		return
	}
	msg.toInc = m.coordinatorInc
	msg.bytes = 100 + 20*int64(len(msg.parts))
	w.send(id, now)
}

// onOffsets is a coordinator telling committed offsets.
func (w *world) onOffsets(now sim.Time, id msgID) {
	m := &w.messages[id]
	g := &w.consumers.groups[w.consumers.members[w.memberOf(m.from)].group]
	m.code = uint8(kafka.NoGroupError)
	if g.coordinator != m.to || g.machine.State() == kafka.GroupDead {
		m.code = uint8(kafka.NotCoordinator)
	} else {
		for k := range m.parts {
			m.parts[k].from = g.committed[m.parts[k].replica]
		}
	}
	w.reply(id, msgOffsetsReply, 60+20*int64(len(m.parts)), now)
}

// onOffsetsReply gives a member its positions.
func (w *world) onOffsetsReply(now sim.Time, id msgID) {
	msg := &w.messages[id]
	i := w.memberOf(msg.to)
	m := &w.consumers.members[i]
	failed := kafka.GroupError(msg.code) != kafka.NoGroupError
	for k := range msg.parts {
		p := &msg.parts[k]
		at := m.slot[p.replica]
		if failed || m.down || at < 0 || m.owned[at].life != p.pid || m.owned[at].fetch != positionUnknown {
			continue
		}
		if p.from >= 0 {
			w.setPosition(m, &m.owned[at], p.from)
			w.tellPosition(i, &m.owned[at], p.from, story.FromCommit)
		} else {
			w.resetPosition(i, &m.owned[at])
		}
	}
	w.free(id)
	if m.down {
		return
	}
	if failed {
		w.engine.Schedule(now.Add(m.config.Config.RetryBackoff), evOffsetsRetry, m.node, 0)
		return
	}
	w.tryConsume(now, i)
}
