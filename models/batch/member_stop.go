package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// stopStage is how far a member is with closing in the ordinary way.
type stopStage uint8

const (
	notStopping stopStage = iota
	lastPoll              // its application finishes what it has polled
	leaving               // its client commits and leaves the group
)

// stopMember closes a member in the ordinary way: the application finishes what it
// has in hand, then closes its client, as a loop does that is told to end between
// two polls.
func (w *world) stopMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down || m.stop != notStopping {
		return
	}
	m.stop = lastPoll
	if !m.processing && m.committing == 0 {
		w.closeMember(now, i)
	}
}

// closeMember is the client's close: nothing more is fetched or handed out, what
// was processed is committed, and the group is left (AbstractCoordinator.close,
// ConsumerCoordinator.close; kgo Client.Close, groupConsumer.leave). The process
// ends when the coordinator has answered.
func (w *world) closeMember(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	m.stop = leaving
	m.polling, m.processing = false, false
	for b := range m.sources {
		m.sources[b].inFlight, m.sources[b].session = false, 0
	}
	for k := range m.owned {
		o := &m.owned[k]
		o.stopped = true
		w.dropChunks(i, o.flat)
		o.buffered = 0
		w.stopConsuming(now, m.group, o.flat)
	}
	w.drive(now, i, func(machine *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect {
		return machine.OnClose(now, out)
	})
}

// leftGroup ends the process of a member whose client has done what it has to do at
// its close: it has left, or has nobody to tell.
func (w *world) leftGroup(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down || m.stop != leaving || m.goodbye != 0 {
		return
	}
	if s := m.machine.State(); s != kafka.MemberLeft && s != kafka.MemberFenced {
		return
	}
	back := m.returns
	w.endMember(now, i)
	if back {
		w.engine.Schedule(now, evMemberStart, m.node, 0)
	}
}

// goodbyeDone notes that a request has been answered, if it is the LeaveGroup.
func (m *memberState) goodbyeDone(sequence int64) {
	if m.goodbye == sequence {
		m.goodbye = 0
	}
}

// bringMemberBack starts a member again; one that is still closing comes back when
// it is gone.
func (w *world) bringMemberBack(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	if m.down {
		w.startMember(now, i)
		return
	}
	m.returns = m.stop != notStopping
}
