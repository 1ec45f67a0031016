package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// What the recorder writes down of what it is told, one entry each.

//go:noinline
func (r *recorder) mark(now sim.Time, rep *replica) {
	if r.takes() {
		r.Marks = append(r.Marks, story.Mark{At: sinceStart(now), Broker: rep.broker, Partition: int32(rep.partition), Offset: int64(rep.hw)})
	}
}

//go:noinline
func (r *recorder) copied(now sim.Time, rep *replica, from kafka.Offset) {
	if r.takes() {
		r.Copies = append(r.Copies, story.Copy{
			At: sinceStart(now), Broker: rep.broker, Leader: rep.source, Partition: int32(rep.partition), Base: int64(from), End: int64(rep.log.end),
		})
	}
}

//go:noinline
func (r *recorder) generated(now sim.Time, i int32) {
	r.Records = append(r.Records, story.Record{At: sinceStart(now), Producer: i, Batch: story.Nobody})
}

//go:noinline
func (r *recorder) sent(now sim.Time, i, broker int32, b batchID) {
	if r.takes() {
		r.Sends = append(r.Sends, story.Send{At: sinceStart(now), Producer: i, Broker: broker, Batch: int32(b)})
	}
}

//go:noinline
func (r *recorder) answered(now sim.Time, i, broker int32, b batchID, code kafka.ProduceError) {
	if r.takes() {
		r.Answers = append(r.Answers, story.Answer{At: sinceStart(now), Producer: i, Broker: broker, Batch: int32(b), Error: errorName(code)})
	}
}

//go:noinline
func (r *recorder) batchEnd(now sim.Time, b batchID, why kafka.ProducerOutcome) {
	if r.takes() {
		r.BatchEnds = append(r.BatchEnds, story.BatchEnd{At: sinceStart(now), Batch: int32(b), Why: outcomeOf(why)})
	}
}

//go:noinline
func (r *recorder) fetched(now sim.Time, i, broker int32, p *part) {
	if r.takes() {
		r.Fetches = append(r.Fetches, story.Fetch{
			At: sinceStart(now), Member: i, Broker: broker, Partition: int32(p.partition), From: int64(p.from), To: int64(p.to),
		})
	}
}

//go:noinline
func (r *recorder) pollEnd(now sim.Time, i int32) {
	if r.takes() {
		r.PollEnds = append(r.PollEnds, story.PollEnd{At: sinceStart(now), Member: i})
	}
}

//go:noinline
func (r *recorder) removal(w *world, rep *replica, from kafka.Offset) {
	if from < rep.log.start {
		r.Removals = append(r.Removals, story.Removal{
			At: sinceStart(w.engine.Now()), Broker: rep.broker, Partition: int32(rep.partition), From: int64(from), To: int64(rep.log.start),
		})
	}
}

//go:noinline
func (r *recorder) disconnect(now sim.Time, i, broker int32, silent bool) {
	r.Disconnects = append(r.Disconnects, story.Disconnect{At: sinceStart(now), Producer: i, Broker: broker, Silent: silent})
}

//go:noinline
func (r *recorder) owner(now sim.Time, i int32, p kafka.PartitionID, owns bool) {
	r.Ownerships = append(r.Ownerships, story.Ownership{At: sinceStart(now), Member: i, Partition: int32(p), Owns: owns})
}

//go:noinline
func (r *recorder) fault(now sim.Time, index, node int32, begin bool) {
	r.Faults = append(r.Faults, story.Fault{At: sinceStart(now), Index: index, Node: node, Begin: begin})
}

//go:noinline
func (r *recorder) life(now sim.Time, node int32, what story.LifeKind) {
	r.Lives = append(r.Lives, story.Life{At: sinceStart(now), Node: node, What: what})
}

//go:noinline
func (r *recorder) fenced(now sim.Time, id kafka.BrokerID) {
	r.Fencings = append(r.Fencings, story.Fencing{At: sinceStart(now), Broker: int32(id) - 1, Beat: sinceStart(r.beats[id-1])})
}
