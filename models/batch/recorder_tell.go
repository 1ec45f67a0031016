package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// What the world tells its recorder. Each of these is a look at a pointer when there
// is none, and is compiled into its caller. What writes something down is not
// (go:noinline): the frames of the caller would grow with it.

// tellLog tells what a leader has appended.
func (w *world) tellLog(now sim.Time, r int32) {
	if w.recorder != nil {
		w.recorder.log(w, now, r)
	}
}

// tellMark tells a leader's high watermark.
func (w *world) tellMark(now sim.Time, rep *replica) {
	if w.recorder != nil {
		w.recorder.mark(now, rep)
	}
}

// tellRole tells that a replica leads or follows.
func (w *world) tellRole(now sim.Time, r int32) {
	if w.recorder != nil {
		w.recorder.role(w, now, r)
	}
}

// tellCopy tells what a follower has appended, from an offset on.
func (w *world) tellCopy(now sim.Time, rep *replica, from kafka.Offset) {
	if w.recorder != nil {
		w.recorder.copied(now, rep, from)
	}
}

// tellCut tells that a log lost what it had up to end.
func (w *world) tellCut(r int32, end kafka.Offset, why story.CutKind) {
	if w.recorder != nil {
		w.recorder.cut(w, r, w.replicas[r].log.end, end, why)
	}
}

// tellRemoval tells that retention deleted what a log had from an offset on.
func (w *world) tellRemoval(rep *replica, from kafka.Offset) {
	if w.recorder != nil {
		w.recorder.removal(w, rep, from)
	}
}

// tellGenerated tells of an application's next record.
func (w *world) tellGenerated(now sim.Time, i int32) {
	if w.recorder != nil {
		w.recorder.generated(now, i)
	}
}

// tellSend tells that a producer has sent a batch.
func (w *world) tellSend(now sim.Time, i, broker int32, b batchID) {
	if w.recorder != nil {
		w.recorder.sent(now, i, broker, b)
	}
}

// tellAnswer tells what a producer has been answered.
func (w *world) tellAnswer(now sim.Time, i, broker int32, b batchID, code kafka.ProduceError) {
	if w.recorder != nil {
		w.recorder.answered(now, i, broker, b, code)
	}
}

// tellBatchEnd tells how a batch ended for its producer.
func (w *world) tellBatchEnd(now sim.Time, b batchID, why kafka.ProducerOutcome) {
	if w.recorder != nil {
		w.recorder.batchEnd(now, b, why)
	}
}

// tellDisconnect tells that a producer's connection is closed; silent: by itself.
func (w *world) tellDisconnect(now sim.Time, i, broker int32, silent bool) {
	if w.recorder != nil {
		w.recorder.disconnect(now, i, broker, silent)
	}
}

// tellDrop tells of a record that is lost outside of any batch.
func (w *world) tellDrop(i, id int32, why kafka.ProducerOutcome) {
	if w.recorder != nil {
		w.recorder.drop(w, i, id, why)
	}
}

// tellEnd tells how a record ended.
func (w *world) tellEnd(id int32, end story.End) {
	if w.recorder != nil {
		w.recorder.Records[id].End = end
	}
}

// tellFetch tells what a member has got of a partition.
func (w *world) tellFetch(now sim.Time, i, broker int32, p *part) {
	if w.recorder != nil {
		w.recorder.fetched(now, i, broker, p)
	}
}

// tellPoll tells what a member's application is handed.
func (w *world) tellPoll(now sim.Time, i int32) {
	if w.recorder != nil {
		w.recorder.polled(w, now, i)
	}
}

// tellPollEnd tells that a member's application is done with it.
func (w *world) tellPollEnd(now sim.Time, i int32) {
	if w.recorder != nil {
		w.recorder.pollEnd(now, i)
	}
}

// tellRead tells of a processed record, before it is marked.
func (w *world) tellRead(at sim.Time, i int32, p *polledRecord) {
	if w.recorder != nil {
		w.recorder.read(w, at, i, p)
	}
}

// tellCommit tells what became of an OffsetCommit.
func (w *world) tellCommit(at sim.Time, m *message, code kafka.GroupError) {
	if w.recorder != nil {
		w.recorder.commit(w, at, m, code)
	}
}

// tellPosition tells where a member begins to read a partition.
func (w *world) tellPosition(i int32, o *ownedPartition, offset kafka.Offset, why story.PositionKind) {
	if w.recorder != nil {
		w.recorder.position(w, i, o, offset, why)
	}
}

// tellOwner tells that a member gets a partition, or gives it up.
func (w *world) tellOwner(now sim.Time, i int32, p kafka.PartitionID, owns bool) {
	if w.recorder != nil {
		w.recorder.owner(now, i, p, owns)
	}
}

// tellGroup tells the state of a group's coordinator.
func (w *world) tellGroup(now sim.Time, group int) {
	if w.recorder != nil {
		w.recorder.group(w, now, group)
	}
}

// tellFault tells that a fault begins or ends at a node.
func (w *world) tellFault(now sim.Time, index, node int32, begin bool) {
	if w.recorder != nil {
		w.recorder.fault(now, index, node, begin)
	}
}

// tellLinkFault tells that a fault begins between two sets of classes of nodes.
func (w *world) tellLinkFault(now sim.Time, index int32, sides [2][]int, begin bool) {
	if w.recorder == nil {
		return
	}
	w.tellFault(now, index, story.Nobody, begin)
	f := &w.recorder.Faults[len(w.recorder.Faults)-1]
	for s := range sides {
		for _, class := range sides[s] {
			if class == w.plan.servers {
				class = story.Clients
			}
			f.Sides[s] |= 1 << uint(min(class, story.Clients))
		}
	}
}

// tellLife tells of a process.
func (w *world) tellLife(now sim.Time, node int32, what story.LifeKind) {
	if w.recorder != nil {
		w.recorder.life(now, node, what)
	}
}

// tellBeat tells that the active controller has heard of a broker.
func (w *world) tellBeat(now sim.Time, b int32) {
	if w.recorder != nil {
		w.recorder.beats[b] = now
	}
}

// tellFenced tells that the controller has found a broker silent for too long.
func (w *world) tellFenced(now sim.Time, id kafka.BrokerID) {
	if w.recorder != nil {
		w.recorder.fenced(now, id)
	}
}

// tellController tells who is the active controller from now on.
func (w *world) tellController(now sim.Time) {
	r := w.recorder
	if r == nil || r.Controllers[len(r.Controllers)-1].Node == w.control.active {
		return
	}
	if w.control.active >= 0 {
		for b := range r.beats {
			r.beats[b] = now // each gets a session
		}
	}
	r.Controllers = append(r.Controllers, story.Controller{At: sinceStart(now), Node: w.control.active})
}

// tellChange tells of a committed record of the metadata log.
func (w *world) tellChange(now sim.Time, change *kafka.Change, before *kafka.PartitionState) {
	switch {
	case w.recorder == nil:
	case change.Kind == kafka.PartitionChanged:
		w.recorder.registration(w, now, change, before)
	default:
		w.recorder.brokerChange(now, change)
	}
}
