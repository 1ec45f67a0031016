package batch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/sim"
)

// recorderRoom is how many events of traffic a recorder takes: some 300 MB. What
// comes after them is left out, and the story says so.
const recorderRoom = 8_000_000

// A recorder writes down what happens in one replication. The world calls it, where
// something happens, by the tell methods of recorder_tell.go; without one they do
// nothing. It draws nothing, schedules nothing and changes nothing of the world.
type recorder struct {
	story.Story
	room   int
	seen   []int64       // by replica: position in its log up to which appends are written down
	beats  []sim.Time    // by broker: when the active controller last heard of it
	states []groupMoment // by group: as last written down
}

// A groupMoment is a group's coordinator as it was last written down.
type groupMoment struct {
	state      kafka.GroupState
	generation kafka.Generation
}

// Follow runs replication number (from 0) as Run does, and writes down what happens
// in it: its result is the same as Run's.
func (r *Runner) Follow(ctx context.Context, number int) (result.Replication, *story.Story, error) {
	rec := &recorder{room: recorderRoom}
	out, err := r.run(ctx, number, rec)
	if err != nil {
		return out, nil, err
	}
	rec.end(&r.world)
	return out, &rec.Story, nil
}

// since is an instant in the scenario's time.
func sinceStart(at sim.Time) time.Duration { return at.Sub(sim.Time(prologue)) }

// takes says whether there is room for another event of traffic.
func (r *recorder) takes() bool {
	if r.room <= 0 {
		r.Limited = true
		return false
	}
	r.room--
	return true
}

// begin writes down who takes part, and how things stand.
func (r *recorder) begin(w *world) {
	p := w.plan
	r.Spec, r.Replication = p.spec, w.number
	r.BrokerCount, r.ControllerCount = int32(p.brokers), int32(p.servers-p.brokers)
	for i := range p.partitions {
		topic := &p.topics[p.partitions[i].topic]
		entry := story.Partition{
			Name: w.partitionName(kafka.PartitionID(i)), Topic: int32(p.partitions[i].topic), Internal: topic.internal,
		}
		for _, id := range w.assigned[i] {
			entry.Replicas = append(entry.Replicas, int32(id)-1)
		}
		entry.Start = w.stateOf(kafka.PartitionID(i), &w.control.image[i])
		r.Partitions = append(r.Partitions, entry)
	}
	for i := range p.producers {
		r.Producers = append(r.Producers, story.Producer{Spec: int32(p.producers[i].producer), Instance: int32(p.producers[i].instance)})
	}
	for i := range p.members {
		r.Members = append(r.Members, story.Member{Group: int32(p.members[i].group), Number: int32(p.members[i].member)})
	}
	r.seen = make([]int64, len(w.replicas))
	r.beats = make([]sim.Time, p.brokers)
	r.states = make([]groupMoment, len(p.groups))
	r.Controllers = append(r.Controllers, story.Controller{At: -prologue, Node: w.control.active})
}

// stateOf is a registration in the story's words.
func (w *world) stateOf(p kafka.PartitionID, s *kafka.PartitionState) story.State {
	out := story.State{Leader: story.Nobody, Epoch: int32(s.LeaderEpoch), ISR: uint32(s.ISR), ELR: uint32(s.ELR)}
	if s.Leader != kafka.NoReplica {
		out.Leader = int32(w.assigned[p][s.Leader]) - 1
	}
	return out
}

// end writes down what the run has left: records, batches and stalls. The ends of
// the records are there already, from the settling of the ledger.
func (r *recorder) end(w *world) {
	r.End = sinceStart(w.engine.Now())
	for i := range w.batches {
		b := &w.batches[i]
		r.Batches = append(r.Batches, story.Batch{
			First: b.first, Count: b.count, Bytes: b.bytes, Producer: b.producer, Partition: int32(b.partition),
			Appended: int32(b.appended), Found: int32(b.found), Acked: b.fate == fateAcked, Retired: b.retired,
		})
		if b.fate == fateCommit {
			continue
		}
		index := int32(0)
		for id := b.first; id >= 0; id = w.records[id].next {
			r.Records[id].Batch, r.Records[id].Index = int32(i), index
			index++
		}
	}
	for i := range w.observed.partitions {
		v := &w.observed.partitions[i]
		stall := story.Stall{}
		if v.stall > 0 {
			stall = story.Stall{From: sinceStart(v.stallFrom), To: sinceStart(v.stallFrom.Add(v.stall))}
		}
		r.Stalls = append(r.Stalls, stall)
	}
	for i := range r.Records { // what waits outside of a buffer is in no batch
		if rec := &r.Records[i]; rec.End == story.Unsettled {
			rec.End = story.InFlight
		}
	}
	// A poll's records are accounted for when it ends.
	slices.SortStableFunc(r.Reads, func(a, b story.Read) int { return cmp.Compare(a.At, b.At) })
}

// log writes down the batches that a leader has appended since the last look.
func (r *recorder) log(w *world, now sim.Time, id int32) {
	rep := &w.replicas[id]
	for at := max(r.seen[id], rep.log.first); at < rep.log.endPosition(); at++ {
		e := rep.log.at(at)
		if r.takes() {
			r.Appends = append(r.Appends, story.Append{
				At: sinceStart(now), Broker: rep.broker, Partition: int32(rep.partition), Batch: int32(e.batch),
				Epoch: int32(e.epoch), Base: int64(e.base),
			})
		}
	}
	r.seen[id] = rep.log.endPosition()
}

// role writes down that a replica leads or follows from now on.
func (r *recorder) role(w *world, now sim.Time, id int32) {
	rep := &w.replicas[id]
	r.seen[id] = rep.log.endPosition()
	r.Roles = append(r.Roles, story.Role{
		At: sinceStart(now), Broker: rep.broker, Partition: int32(rep.partition), Leads: rep.role == roleLeader,
		Epoch: int32(rep.epoch), End: int64(rep.log.end),
	})
}

// cut writes down that a log has lost the offsets from its end to end.
func (r *recorder) cut(w *world, id int32, from, end kafka.Offset, why story.CutKind) {
	rep := &w.replicas[id]
	if from >= end {
		return
	}
	if why == story.Truncated && !w.processes[rep.broker].up {
		why = story.Unsynced
	}
	r.seen[id] = min(r.seen[id], rep.log.endPosition())
	r.Cuts = append(r.Cuts, story.Cut{
		At: sinceStart(w.engine.Now()), Broker: rep.broker, Partition: int32(rep.partition), Why: why, From: int64(from), To: int64(end),
	})
}

// registration writes down a partition's committed change.
func (r *recorder) registration(w *world, now sim.Time, change *kafka.Change, before *kafka.PartitionState) {
	r.Elections = append(r.Elections, story.Registration{
		At: sinceStart(now), Partition: int32(change.Partition), Before: w.stateOf(change.Partition, before),
		After: w.stateOf(change.Partition, &change.State), Kind: electionKind(change.Election),
	})
}

func electionKind(k kafka.ElectionKind) story.ElectionKind {
	switch k {
	case kafka.CleanElection:
		return story.Clean
	case kafka.PreferredElection:
		return story.Preferred
	case kafka.UncleanElection:
		return story.Unclean
	case kafka.LastKnownLeaderElection:
		return story.LastKnownLeader
	case kafka.NoElection:
	}
	return story.NoElection
}

// brokerChange writes down a committed record about a broker.
func (r *recorder) brokerChange(now sim.Time, change *kafka.Change) {
	var what story.BrokerChangeKind
	switch change.Kind {
	case kafka.BrokerRegistered:
		what = story.Registered
	case kafka.BrokerFenced:
		what = story.Fenced
	case kafka.BrokerUnfenced:
		what = story.Unfenced
	case kafka.BrokerInControlledShutdown:
		what = story.InShutdown
	case kafka.PartitionChanged:
		return
	}
	r.Brokers = append(r.Brokers, story.BrokerChange{At: sinceStart(now), Broker: int32(change.Broker) - 1, What: what})
}

// group writes down a coordinator's state if it is another one than before.
func (r *recorder) group(w *world, now sim.Time, group int) {
	machine := w.consumers.groups[group].machine
	is := groupMoment{machine.State(), machine.Generation()}
	if is == r.states[group] {
		return
	}
	r.states[group] = is
	r.Groups = append(r.Groups, story.GroupState{
		At: sinceStart(now), Group: int32(group), State: is.state.String(), Generation: int32(is.generation),
	})
}

// polled writes down what a member's application is handed, a run of offsets of a
// partition at a time.
func (r *recorder) polled(w *world, now sim.Time, i int32) {
	m := &w.consumers.members[i]
	var run story.Poll
	for k := range m.polled {
		p := &m.polled[k]
		partition := int32(w.batches[p.batch].partition)
		if run.To == int64(p.offset) && run.Partition == partition && run.From < run.To {
			run.To++
			continue
		}
		r.addPoll(run)
		run = story.Poll{At: sinceStart(now), Member: i, Partition: partition, From: int64(p.offset), To: int64(p.offset) + 1}
	}
	r.addPoll(run)
}

func (r *recorder) addPoll(run story.Poll) {
	if run.From < run.To && r.takes() {
		r.Polls = append(r.Polls, run)
	}
}

// read writes down a processed record; it is to be told before it is marked.
func (r *recorder) read(w *world, at sim.Time, i int32, p *polledRecord) {
	if !r.takes() {
		return
	}
	bit := uint32(1) << w.plan.groups[w.consumers.members[i].group].bit
	r.Reads = append(r.Reads, story.Read{
		At: sinceStart(at), Member: i, Record: p.record, Partition: int32(w.batches[p.batch].partition), Offset: int64(p.offset),
		Again: w.records[p.record].done&bit != 0,
	})
}

// commit writes down what became of a member's OffsetCommit at its coordinator.
func (r *recorder) commit(w *world, at sim.Time, m *message, code kafka.GroupError) {
	i := w.memberOf(m.from)
	group := w.consumers.members[i].group
	words := ""
	if code != kafka.NoGroupError {
		words = code.String()
	}
	for k := range m.parts {
		if r.takes() {
			r.Commits = append(r.Commits, story.Commit{
				At: sinceStart(at), Group: int32(group), Member: i, Error: words,
				Partition: int32(w.plan.groups[group].partitions[m.parts[k].replica].partition), Offset: int64(m.parts[k].from),
			})
		}
	}
}

// position writes down where a member begins to read a partition.
func (r *recorder) position(w *world, i int32, o *ownedPartition, offset kafka.Offset, why story.PositionKind) {
	if why == story.FromReset {
		why = story.FromLatest
		if w.consumers.members[i].config.Config.ResetEarliest {
			why = story.FromEarliest
		}
	}
	r.Positions = append(r.Positions, story.Position{
		At: sinceStart(w.engine.Now()), Member: i, Partition: int32(o.partition), Offset: int64(offset), Why: why,
	})
}

// drop writes down a record that ends outside of any batch.
func (r *recorder) drop(w *world, i, id int32, why kafka.ProducerOutcome) {
	rec := &r.Records[id]
	switch why { //nolint:exhaustive // as noteDropped counts them
	case kafka.OutcomeCrashed:
		rec.End = story.LostClientCrash
	case kafka.OutcomeTooLarge:
		rec.End = story.LostExpired
	default:
		rec.End = story.LostBuffer
	}
	held, bytes := w.producer[i].machine.Buffered()
	r.Drops = append(r.Drops, story.Drop{
		At: sinceStart(w.engine.Now()), Producer: i, Record: id, Why: outcomeOf(why), Held: int32(held), Bytes: int64(bytes),
	})
}

func outcomeOf(o kafka.ProducerOutcome) story.Outcome {
	switch o {
	case kafka.OutcomeAcked:
		return story.Acked
	case kafka.OutcomeExpired:
		return story.Expired
	case kafka.OutcomeRetriesExhausted:
		return story.RetriesExhausted
	case kafka.OutcomeFatal:
		return story.Fatal
	case kafka.OutcomeBufferFull:
		return story.BufferFull
	case kafka.OutcomeNoMetadata:
		return story.NoMetadata
	case kafka.OutcomeTooLarge:
		return story.TooLarge
	case kafka.OutcomeCrashed:
		return story.Crashed
	}
	return 0
}

// errorName is Kafka's name of a broker's answer to a batch.
func errorName(e kafka.ProduceError) string {
	switch e {
	case kafka.ProduceOK:
		return ""
	case kafka.ProduceNotLeader:
		return "NOT_LEADER_OR_FOLLOWER"
	case kafka.ProduceUnknownTopicOrPartition:
		return "UNKNOWN_TOPIC_OR_PARTITION"
	case kafka.ProduceLeaderNotAvailable:
		return "LEADER_NOT_AVAILABLE"
	case kafka.ProduceNotEnoughReplicas:
		return "NOT_ENOUGH_REPLICAS"
	case kafka.ProduceNotEnoughReplicasAfterAppend:
		return "NOT_ENOUGH_REPLICAS_AFTER_APPEND"
	case kafka.ProduceTimedOut:
		return "REQUEST_TIMED_OUT"
	case kafka.ProduceStorageError:
		return "KAFKA_STORAGE_ERROR"
	case kafka.ProduceOutOfOrderSequence:
		return "OUT_OF_ORDER_SEQUENCE_NUMBER"
	case kafka.ProduceDuplicateSequence:
		return "DUPLICATE_SEQUENCE_NUMBER"
	case kafka.ProduceUnknownProducer:
		return "UNKNOWN_PRODUCER_ID"
	case kafka.ProduceInvalidProducerEpoch:
		return "INVALID_PRODUCER_EPOCH"
	case kafka.ProduceMessageTooLarge:
		return "MESSAGE_TOO_LARGE"
	case kafka.ProduceInvalidRecord:
		return "INVALID_RECORD"
	case kafka.ProduceNetworkError:
		return "the connection was lost"
	}
	return "an error"
}
