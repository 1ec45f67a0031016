package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// checkEnd asserts what needs a look at everything that a run has left: the logs
// of each ISR agree batch by batch, and nothing is lost or forgotten.
func (w *world) checkEnd() {
	for p := range w.control.image {
		if lead, led := w.highWatermark(kafka.PartitionID(p)); led && lead.role == roleLeader {
			w.checkLogs(kafka.PartitionID(p), lead)
		}
	}
	w.checkLeaks()
}

// checkLogs is checkAgreement for every batch below the HW.
func (w *world) checkLogs(p kafka.PartitionID, lead *replica) {
	s := &w.control.image[p]
	if lead.epoch != s.LeaderEpoch || !w.current(lead.broker) {
		return
	}
	base := w.plan.partitions[p].replica
	below := lead.log.position(lead.hw, lead.log.endPosition())
	for i := range w.assigned[p] {
		other := &w.replicas[base+i]
		if other == lead || !s.ISR.Has(other.index) || other.epoch != lead.epoch || (w.lossy[other.broker] && !w.current(other.broker)) {
			continue
		}
		for at := max(lead.log.first, other.log.first); at < below; at++ {
			w.compare(lead, other, at)
		}
	}
}

// checkLeaks asserts that every message in use is somewhere, that none is used
// after it was freed, that group calls and group messages are as many, and that
// whoever waits has a timer that ends it.
func (w *world) checkLeaks() {
	c := &w.observed.checks
	c.used = make([]bool, len(w.messages))
	w.useEvents()
	w.useBrokers()
	w.useMembers()
	free := make([]bool, len(w.messages))
	for id := w.freeMessage; id != noMessage; id = w.messages[id].next {
		if free[id] {
			w.violate("message %d was freed twice", id)
			return
		}
		free[id] = true
	}
	calls := 0
	for id := range w.messages {
		kind := w.messages[id].kind
		switch {
		case free[id] && c.used[id]:
			w.violate("message %d is used after it was freed", id)
		case !free[id] && !c.used[id]:
			w.violate("message %d of kind %d from node %d to node %d is in use, and nobody has it", id, kind, w.messages[id].from, w.messages[id].to)
		}
		if !free[id] && (kind == msgGroup || kind == msgGroupReply || kind == msgCommit || kind == msgCommitReply) {
			calls++
		}
	}
	if have := len(w.consumers.calls) - len(w.consumers.freeing); have != calls {
		w.violate("%d group calls are in use for %d group messages", have, calls)
	}
}

func (w *world) use(id msgID) {
	if id != noMessage {
		w.observed.checks.used[id] = true
	}
}

// useEvents marks what events carry: those to come, and those that wait for a
// frozen process.
func (w *world) useEvents() {
	e := &w.observed.checks.engine
	w.engine.CopyTo(e)
	for {
		event, some := e.Next()
		if !some {
			break
		}
		w.useEvent(&event)
	}
	for n := range w.processes {
		for i := range w.processes[n].deferred {
			w.useEvent(&w.processes[n].deferred[i])
		}
	}
	for _, id := range w.stuck {
		w.use(id)
	}
}

func (w *world) useEvent(e *sim.Event) {
	switch e.Kind {
	case evArrive, evProcess, evReset, evReceive, evRead, evWork, evRespond, evControlLost:
		w.use(msgID(e.Arg))
	}
}

// useBrokers marks what waits at brokers and at the controller.
func (w *world) useBrokers() {
	for i := range w.connections {
		for id := w.connections[i].queue.head; id != noMessage; id = w.messages[id].next {
			w.use(id)
		}
	}
	for f := range w.fetchers {
		s := &w.fetchers[f]
		w.use(s.parked)
		if s.parked != noMessage && !s.timer {
			w.violate("the fetch of broker %d that is parked at broker %d has no timer", s.follower+1, s.leader+1)
		}
	}
	for r := range w.replicas {
		rep := &w.replicas[r]
		for _, wait := range rep.waits[rep.waiting:] {
			w.use(wait.message)
		}
		if len(rep.parked) > len(w.consumers.members) {
			w.violate("%s has %d parked consumers of %d members", w.partitionName(rep.partition), len(rep.parked), len(w.consumers.members))
		}
	}
	for _, reply := range w.control.waiting {
		w.use(reply.message)
	}
}

// useMembers marks what coordinators and members hold.
func (w *world) useMembers() {
	for g := range w.consumers.groups {
		for _, id := range w.consumers.groups[g].waiting {
			w.use(id)
		}
	}
	for i := range w.consumers.members {
		m := &w.consumers.members[i]
		for _, c := range m.buffered[m.head:] {
			w.use(c.message)
		}
		for b := range m.sources {
			s := &m.sources[b]
			w.use(s.parked)
			if s.parked != noMessage && !s.timer {
				w.violate("the fetch of member %d of group %s that is parked at broker %d has no timer", m.number+1, m.config.Name, b+1)
			}
		}
	}
}
