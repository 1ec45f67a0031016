package batch

import (
	"slices"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// onConsume is a broker taking a consumer's fetch
// (ReplicaManager.fetchMessages): data below the high watermark, or a wait for it.
func (w *world) onConsume(now sim.Time, id msgID) {
	m := &w.messages[id]
	member := &w.consumers.members[w.memberOf(m.from)]
	s := &member.sources[m.to]
	if m.number != s.session {
		w.free(id) // the member has given it up
		return
	}
	if s.parked != noMessage { // so has it the one before
		w.free(s.parked)
		s.parked = noMessage
	}
	urgent := false
	have := int64(0)
	for k := range m.parts {
		p := &m.parts[k]
		w.takeConsumePart(p, int(m.to))
		if p.code != fetchOK || p.to != 0 {
			urgent = true
			continue
		}
		have += w.readable(p, int(m.to), int64(member.config.Config.PartitionFetchMax))
	}
	if urgent || have >= int64(member.config.Config.FetchMinBytes) {
		w.answerConsume(now, id)
		return
	}
	s.parked = id
	m.ref2 = have
	m.expires = now.Add(member.config.Config.FetchMaxWait)
	for k := range m.parts {
		rep := &w.replicas[w.replicaOn(m.parts[k].partition, int(m.to))]
		if i := w.memberOf(m.from); !slices.Contains(rep.parked, i) {
			rep.parked = append(rep.parked, i)
		}
	}
	if !s.timer {
		s.timer = true
		w.engine.Schedule(m.expires, evFetchWait, m.from, int64(m.to))
	}
}

// takeConsumePart checks one partition of a consumer's fetch. to = 1 marks a
// position that the leader has just resolved.
func (w *world) takeConsumePart(p *part, b int) {
	p.code, p.to = fetchOK, 0
	r := w.replicaOn(p.partition, b)
	if r < 0 || w.replicas[r].role != roleLeader {
		p.code = fetchNotLeader
		w.hint(p, b)
		return
	}
	rep := &w.replicas[r]
	switch {
	case p.epoch > rep.epoch:
		p.code = fetchUnknownEpoch
		return
	case p.epoch < rep.epoch:
		p.code = fetchFencedEpoch
		w.hint(p, b)
		return
	}
	switch p.from {
	case positionEarliest:
		p.from, p.to = rep.log.start, 1
		return
	case positionLatest:
		if rep.leader.HW < rep.leader.EpochStart {
			p.code = fetchUnknownEpoch // OFFSET_NOT_AVAILABLE: ask again
			return
		}
		p.from, p.to = rep.leader.HW, 1
		return
	}
	verdict, d := rep.log.epochs.CheckFetch(p.lastEpoch, p.from, rep.log.start, rep.log.end)
	switch verdict {
	case kafka.FetchDiverges:
		p.code, p.lastEpoch, p.from = fetchDiverging, d.Epoch, min(d.End, p.from)
	case kafka.FetchOutOfRange:
		p.code, p.to, p.hw = fetchOutOfRange, rep.log.end, rep.log.start
	case kafka.FetchInRange:
	}
}

// readable is how many bytes below the HW a fetch of one partition could get.
func (w *world) readable(p *part, b int, limit int64) int64 {
	rep := &w.replicas[w.replicaOn(p.partition, b)]
	if p.from >= rep.leader.HW {
		return 0
	}
	if p.from < rep.log.start {
		return limit // an error, which is answered at once
	}
	bytes := int64(0)
	for at := rep.log.position(p.from, p.position); at < rep.log.endPosition() && bytes < limit; at++ {
		e := rep.log.at(at)
		if e.base >= rep.leader.HW {
			break
		}
		bytes += int64(w.batches[e.batch].bytes)
	}
	return bytes
}

// wakeConsumers answers the parked fetches that a move of the HW has given
// enough.
func (w *world) wakeConsumers(now sim.Time, r int32) {
	rep := &w.replicas[r]
	if len(rep.parked) == 0 {
		return
	}
	list := rep.parked
	rep.parked = w.spare[:0]
	for _, i := range list {
		m := &w.consumers.members[i]
		s := &m.sources[rep.broker]
		if s.parked == noMessage {
			continue
		}
		msg := &w.messages[s.parked]
		have, named := int64(0), false
		for k := range msg.parts {
			if msg.parts[k].partition == rep.partition {
				named = true
			}
			have += w.readable(&msg.parts[k], int(rep.broker), int64(m.config.Config.PartitionFetchMax))
		}
		if !named {
			continue
		}
		if have < int64(m.config.Config.FetchMinBytes) {
			rep.parked = append(rep.parked, i)
			continue
		}
		id := s.parked
		s.parked = noMessage
		w.answerConsume(now, id)
	}
	w.spare = list[:0]
}

// failConsumers answers parked fetches of a partition that this broker no longer
// leads.
func (w *world) failConsumers(now sim.Time, rep *replica) {
	list := rep.parked
	rep.parked = nil
	for _, i := range list {
		s := &w.consumers.members[i].sources[rep.broker]
		if s.parked == noMessage {
			continue
		}
		id := s.parked
		msg := &w.messages[id]
		for k := range msg.parts {
			if p := &msg.parts[k]; p.partition == rep.partition {
				p.code = fetchNotLeader
				w.hint(p, int(rep.broker))
				s.parked = noMessage
			}
		}
		if s.parked == noMessage {
			w.answerConsume(now, id)
		}
	}
	rep.parked = list[:0]
}

// onFetchWait answers a parked consumer fetch whose wait is over.
func (w *world) onFetchWait(now sim.Time, i, b int32) {
	s := &w.consumers.members[i].sources[b]
	s.timer = false
	if s.parked == noMessage {
		return
	}
	m := &w.messages[s.parked]
	if m.expires > now {
		s.timer = true
		w.engine.Schedule(m.expires, evFetchWait, m.from, int64(b))
		return
	}
	id := s.parked
	s.parked = noMessage
	w.answerConsume(now, id)
}

// answerConsume sends a consumer its data.
func (w *world) answerConsume(now sim.Time, id msgID) {
	m := &w.messages[id]
	config := &w.consumers.members[w.memberOf(m.from)].config.Config
	total := int64(0)
	m.entries = m.entries[:0]
	for k := range m.parts {
		p := &m.parts[k]
		p.low = int32(len(m.entries))
		p.high = p.low
		if p.code != fetchOK || p.to == 1 {
			continue
		}
		rep := &w.replicas[w.replicaOn(p.partition, int(m.to))]
		if p.from < rep.log.start { // retention has overtaken it while it waited
			p.code, p.to, p.hw = fetchOutOfRange, rep.log.end, rep.log.start
			continue
		}
		p.hw = rep.leader.HW
		p.position = rep.log.position(p.from, p.position)
		if p.from >= rep.leader.HW {
			continue
		}
		bytes := int64(0)
		for at := p.position; at < rep.log.endPosition(); at++ {
			e := rep.log.at(at)
			size := int64(w.batches[e.batch].bytes)
			if e.base >= rep.leader.HW || (bytes > 0 && bytes+size > int64(config.PartitionFetchMax)) ||
				(total > 0 && total+size > int64(config.FetchMaxBytes)) {
				break
			}
			bytes += size
			total += size
			m.entries = append(m.entries, *e)
			p.to = rep.log.next(at)
		}
		p.high = int32(len(m.entries))
	}
	w.reply(id, msgConsumeReply, 60+40*int64(len(m.parts))+total, now)
}

// dropParkedConsumers frees the consumer fetches that wait at a dead broker.
func (w *world) dropParkedConsumers(_ sim.Time, b int32) {
	for i := range w.consumers.members {
		if s := &w.consumers.members[i].sources[b]; s.parked != noMessage {
			w.free(s.parked)
			s.parked = noMessage
		}
	}
}
