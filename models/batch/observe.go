package batch

import (
	"slices"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/tally"
	"kafkasim/sim"
	"kafkasim/sim/stats"
)

// tickStep is the sampling step of what changes with time: lag, members, bytes a
// second. Sampling at fixed steps is unbiased for time-weighted distributions; a
// maximum between two samples is missed by at most what grows in a step.
const tickStep = 50 * time.Millisecond

// observed is what a replication has seen.
type observed struct {
	warmupEnds sim.Time

	producers  []producerCounts
	latency    []stats.Sketch // produce.latency, by producer
	delivery   []stats.Sketch // delivery.latency, by group and topic
	reads      []readCounts   // by group and topic
	failover   []stats.Sketch // leader.failover, by topic
	lagRecords []stats.Sketch // by group
	lagTime    []stats.Sketch
	committed  []stats.Sketch
	members    []stats.Sketch
	memberTime []time.Duration // by group
	in, out    []stats.Sketch  // by broker
	written    []stats.Sketch
	lagPeak    []lagPeak // by group
	acked      int64
	delivered  int64 // processed by every group that reads them
	series     series

	partitions []partitionWatch
	topics     []topicCounts
	groups     []groupCounts
	checks     checks
	fencings   int64
	ticks      int64
	warnings   []string
}

// producerCounts are a producer's records (over its instances).
type producerCounts struct {
	generated, buffer, tooLarge, crashed int64
}

// topicCounts are a topic's control-plane counts.
type topicCounts struct {
	clean, unclean, shrinks, expands int64
}

// groupCounts are a group's counts.
type groupCounts struct {
	rebalances int64
	pause      time.Duration
	paused     bool
}

// readCounts are what a group read of a topic twice, or late.
type readCounts struct {
	duplicated, disordered int64
}

// A lagPeak follows a group's lag for its drain time.
type lagPeak = tally.Peak

// A partitionWatch is the state of one partition as the ledger of time sees it.
type partitionWatch struct {
	faultAt sim.Time // its leader broke then; Never: it did not
	since   sim.Time // the flags below are true since then

	leaderless, underReplicated, underMinISR, unavailable bool

	leaderlessTime, underReplicatedTime, underMinTime, unavailableTime time.Duration

	waiting   int64    // records that wait for an answer
	gapFrom   sim.Time // last answer, or when the first record began to wait
	stall     time.Duration
	stallFrom sim.Time // when the longest gap began
	all       bool     // its producers use acks=all

	freeze       freeze
	asked        sim.Time // since when its leader asks for another ISR; Never: it does not
	broken       sim.Time // since when replicas may have fallen out of step; Never: they have not
	windows      []lossWindow
	unclean      lossSpan
	copies       lossSpan
	confirmed    batchID // the last batch that acks=all acknowledged
	confirmedEnd kafka.Offset
}

// noteGenerated counts a record.
func (w *world) noteGenerated(i int32) {
	w.observed.producers[w.plan.producers[i].producer].generated++
}

// noteDropped counts a record that is lost before it was in any batch.
func (w *world) noteDropped(i, id int32, why kafka.ProducerOutcome) {
	w.records[id].next = recordGone
	w.tellDrop(i, id, why)
	c := &w.observed.producers[w.plan.producers[i].producer]
	switch why { //nolint:exhaustive // a record outside of batches has no other end
	case kafka.OutcomeCrashed:
		c.crashed++
	case kafka.OutcomeTooLarge:
		c.tooLarge++
	default:
		c.buffer++
	}
}

// recordGone marks a record that no batch has.
const recordGone int32 = -2

// noteWaiting adds n records that wait for an answer of a partition.
func (w *world) noteWaiting(now sim.Time, p kafka.PartitionID, n int64) {
	v := &w.observed.partitions[p]
	if v.waiting == 0 {
		v.gapFrom = now
	}
	v.waiting += n
}

// noteSettled ends the wait of a batch's records.
func (w *world) noteSettled(now sim.Time, id batchID) {
	b := &w.batches[id]
	v := &w.observed.partitions[b.partition]
	if b.fate == fateAcked {
		w.closeGap(now, v)
	}
	v.waiting -= int64(b.count)
	if v.waiting == 0 && b.fate != fateAcked {
		w.closeGap(now, v)
	}
}

// closeGap takes the time without an acknowledgement into the stall.
func (w *world) closeGap(now sim.Time, v *partitionWatch) {
	from := max(v.gapFrom, w.observed.warmupEnds)
	if gap := now.Sub(from); gap > v.stall {
		v.stall, v.stallFrom = gap, from
	}
	v.gapFrom = now
}

// noteAcked takes the latency of a batch's records.
func (w *world) noteAcked(now sim.Time, i int32, id batchID) {
	s := &w.observed.latency[w.plan.producers[i].producer]
	warm := w.observed.warmupEnds
	w.observed.acked += int64(w.batches[id].count)
	for r := w.batches[id].first; r >= 0; r = w.records[r].next {
		if at := w.records[r].at; at >= warm {
			s.Add(int64(now.Sub(at)), 1)
		}
	}
}

// noteProcessed counts a record that a group's application has processed.
func (w *world) noteProcessed(at sim.Time, group int, p *polledRecord) {
	r := &w.records[p.record]
	topic := w.plan.partitions[w.batches[p.batch].partition].topic
	index := w.readIndex(group, topic)
	c := &w.observed.reads[index]
	bit := uint32(1) << w.plan.groups[group].bit
	if r.done&bit != 0 {
		c.duplicated++
		return
	}
	r.done |= bit
	if mask := w.plan.topics[topic].groupBits; r.done&mask == mask {
		w.observed.delivered++
	}
	if r.at >= w.observed.warmupEnds {
		w.observed.delivery[index].Add(int64(at.Sub(r.at)), 1)
	}
	g := &w.consumers.groups[group]
	last := &g.order[int(p.flat)*len(w.producer)+int(w.batches[p.batch].producer)]
	if p.record < *last {
		c.disordered++
	} else {
		*last = p.record
	}
}

// readIndex is where a group's reading of a topic is counted.
func (w *world) readIndex(group, topic int) int { return group*len(w.plan.topics) + topic }

// noteCommitted takes a partition's newly committed registration into the counts. A
// failover ends with the commit; the time that the controller's record bears, and that
// stands in a metadata log that is read, is an append linger earlier.
func (w *world) noteCommitted(now sim.Time, change *kafka.Change, before *kafka.PartitionState) {
	topic := w.plan.partitions[change.Partition].topic
	c := &w.observed.topics[topic]
	after := &change.State
	w.tellChange(now, change, before)
	w.checkRegistration(change.Partition, before, after)
	switch change.Election {
	case kafka.CleanElection, kafka.PreferredElection:
		c.clean++
	case kafka.UncleanElection, kafka.LastKnownLeaderElection:
		c.unclean++
		w.noteUnclean(now, change.Partition)
		w.observed.partitions[change.Partition].confirmed = noBatch // the winner's log is the truth now
	case kafka.NoElection:
	}
	if before.ISR&^after.ISR != 0 {
		c.shrinks++
		w.observed.partitions[change.Partition].broken = min(w.observed.partitions[change.Partition].broken, now)
	}
	if after.ISR&^before.ISR != 0 {
		c.expands++
	}
	v := &w.observed.partitions[change.Partition]
	if v.faultAt != sim.Never && after.Leader != kafka.NoReplica && after.LeaderEpoch != before.LeaderEpoch {
		w.observed.failover[topic].Add(int64(now.Sub(v.faultAt)), 1)
		v.faultAt = sim.Never
	}
	if after.LeaderEpoch != before.LeaderEpoch {
		w.openLossWindow(now, change.Partition, before, after)
	}
	w.reassess(now, change.Partition)
}

// noteFault remembers when the leaders on a broker broke.
func (w *world) noteFault(now sim.Time, b int32) {
	if int(b) >= w.plan.brokers {
		return
	}
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		v := &w.observed.partitions[rep.partition]
		if w.control.image[rep.partition].Leader == rep.index && v.faultAt == sim.Never {
			v.faultAt = now
		}
	}
}

// noteHealed forgets it where nobody else was elected.
func (w *world) noteHealed(_ sim.Time, b int32) {
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		if w.control.image[rep.partition].Leader == rep.index {
			w.observed.partitions[rep.partition].faultAt = sim.Never
		}
	}
}

// noteBroker looks again at the partitions on a broker that has changed.
func (w *world) noteBroker(now sim.Time, b int32) {
	for _, r := range w.hosts[b] {
		w.reassess(now, w.replicas[r].partition)
	}
}

// reassess brings a partition's measures of availability up to date:
//
//   - leaderless: no leader is registered, or its process does not run, or has been
//     started again since and is not registered;
//   - under-replicated, under min ISR: by the registered ISR;
//   - unavailable: a write at the producer's acks would have to wait for a repair:
//     the leader does not answer, or with acks=all the ISR is too small or has a
//     member that does not answer.
func (w *world) reassess(now sim.Time, p kafka.PartitionID) {
	v := &w.observed.partitions[p]
	if elapsed := now.Sub(v.since); elapsed > 0 {
		v.charge(elapsed)
		if until := min(now, w.loadEnd); v.unavailable && until > v.since {
			v.unavailableTime += until.Sub(v.since)
		}
	}
	v.since = now
	s := &w.control.image[p]
	minISR := w.effectiveMinISR(p)
	v.underReplicated = s.ISR.Len() < len(w.assigned[p])
	v.underMinISR = s.ISR.Len() < minISR
	v.freeze.note(now, v.underMinISR, w.lossSlack())
	v.leaderless = s.Leader == kafka.NoReplica
	v.unavailable = v.leaderless
	if v.leaderless {
		return
	}
	leader := int32(w.assigned[p][s.Leader]) - 1
	v.leaderless = !w.processes[leader].up || w.brokers[leader].epoch == kafka.NoBrokerEpoch
	v.unavailable = v.leaderless || !w.answers(leader) || !w.reachable(int32(w.plan.producerAt), leader)
	if v.all && !v.unavailable {
		v.unavailable = v.underMinISR
		for i, id := range w.assigned[p] {
			if b := int32(id) - 1; s.ISR.Has(kafka.ReplicaIndex(i)) && b != leader && (!w.answers(b) || !w.reachable(b, leader)) {
				v.unavailable = true
			}
		}
	}
}

// answers says whether a broker's process runs and is not frozen.
func (w *world) answers(b int32) bool { return w.processes[b].up && !w.processes[b].paused }

// charge adds a span of time to what is the case now.
func (v *partitionWatch) charge(d time.Duration) {
	if v.leaderless {
		v.leaderlessTime += d
	}
	if v.underReplicated {
		v.underReplicatedTime += d
	}
	if v.underMinISR {
		v.underMinTime += d
	}
}

// noteRebalancePause takes the time that a partition had no consumer.
func (w *world) noteRebalancePause(group int, _ int32, since, now sim.Time) {
	if since < sim.Time(prologue) {
		return
	}
	c := &w.observed.groups[group]
	c.paused = true
	c.pause = max(c.pause, now.Sub(since))
}

// noteRebalances counts a group's completed rebalances under load.
func (w *world) noteRebalances(now sim.Time, group int) {
	g := &w.consumers.groups[group]
	if now < sim.Time(prologue) {
		g.counted = g.machine.Rebalances()
		return
	}
	w.observed.groups[group].rebalances = int64(g.machine.Rebalances() - g.counted)
}

// warn adds a sentence to the result.
func (w *world) warn(text string) {
	if !slices.Contains(w.observed.warnings, text) {
		w.observed.warnings = append(w.observed.warnings, text)
	}
}

// onTick samples.
func (w *world) onTick(now sim.Time) {
	o := &w.observed
	o.ticks++
	loaded := now < w.loadEnd
	if now >= o.warmupEnds {
		for g := range w.consumers.groups {
			w.sampleLag(now, g)
		}
		if o.ticks%int64(time.Second/tickStep) == 0 && loaded {
			w.sampleBytes()
		}
	}
	if o.ticks%int64(time.Second/tickStep) == 0 {
		for b := range w.brokers {
			br := &w.brokers[b]
			br.secondIn, br.secondOut, br.secondWritten = br.bytesIn, br.bytesOut, br.disk
		}
	}
	w.sampleSeries(now)
	for g := range w.consumers.groups {
		up := w.upMembers(g)
		if now >= sim.Time(prologue) {
			o.memberTime[g] += time.Duration(up) * tickStep
		}
		if now >= o.warmupEnds {
			o.members[g].Add(int64(up), uint64(tickStep))
		}
	}
	w.checkWorld()
	if w.stopping && w.settled() {
		w.done = true
		return
	}
	w.engine.Schedule(now.Add(tickStep), evTick, 0, 0)
}

// upMembers counts a group's running members.
func (w *world) upMembers(g int) int {
	gp := &w.plan.groups[g]
	up := 0
	for i := gp.first; i < gp.first+gp.count; i++ {
		if !w.consumers.members[i].down {
			up++
		}
	}
	return up
}

// highWatermark is the HW of a partition's registered leader.
func (w *world) highWatermark(p kafka.PartitionID) (*replica, bool) {
	s := &w.control.image[p]
	if s.Leader == kafka.NoReplica {
		return nil, false
	}
	return &w.replicas[w.plan.partitions[p].replica+int(s.Leader)], true
}

// lagNow is a group's lag: high watermark − position, summed over its partitions,
// and the age of the oldest record below the HW that is not processed.
func (w *world) lagNow(now sim.Time, group int) (lag int64, oldest time.Duration) {
	g := &w.consumers.groups[group]
	for flat := range w.plan.groups[group].partitions {
		rep, led := w.highWatermark(w.plan.groups[group].partitions[flat].partition)
		if !led {
			continue
		}
		if at := w.processedUpTo(g, int32(flat)); rep.hw > at {
			lag += int64(rep.hw - at)
			oldest = max(oldest, w.ageOf(now, rep, at))
		}
	}
	return lag, oldest
}

// sampleLag takes a group's lag.
func (w *world) sampleLag(now sim.Time, group int) {
	g := &w.consumers.groups[group]
	o := &w.observed
	behind := int64(0)
	for flat := range w.plan.groups[group].partitions {
		rep, led := w.highWatermark(w.plan.groups[group].partitions[flat].partition)
		if c := max(g.committed[flat], 0); led && rep.hw > c {
			behind += int64(rep.hw - c)
		}
	}
	lag, oldest := w.lagNow(now, group)
	o.lagRecords[group].Add(lag, uint64(tickStep))
	o.lagTime[group].Add(int64(oldest), uint64(tickStep))
	o.committed[group].Add(behind, uint64(tickStep))
	o.lagPeak[group].Follow(now.Sub(0), lag, now < o.warmupEnds.Add(tickStep))
}

// processedUpTo is a group's position in a partition: its owner's, or what it
// would begin with.
func (w *world) processedUpTo(g *groupState, flat int32) kafka.Offset {
	return max(g.processed[flat], 0)
}

// ageOf is how long ago the record at an offset was made.
func (w *world) ageOf(now sim.Time, rep *replica, offset kafka.Offset) time.Duration {
	offset = max(offset, rep.log.start)
	if offset >= rep.log.end {
		return 0
	}
	at := rep.log.position(offset, rep.readHint)
	rep.readHint = at
	e := rep.log.at(at)
	r := w.batches[e.batch].first
	for n := offset - e.base; n > 0 && r >= 0; n-- {
		r = w.records[r].next
	}
	if r < 0 {
		return 0
	}
	return now.Sub(w.records[r].at)
}

// sampleBytes takes the bytes of the last second, by broker.
func (w *world) sampleBytes() {
	o := &w.observed
	for b := range w.brokers {
		br := &w.brokers[b]
		o.in[b].Add(br.bytesIn-br.secondIn, 1)
		o.out[b].Add(br.bytesOut-br.secondOut, 1)
		o.written[b].Add(max(0, br.disk-br.secondWritten), 1)
	}
}

// settled says whether every record has met its end, so that the run may stop:
// clients hold nothing, the leaders' logs are read to their ends by every group,
// and nothing acknowledged waits for a repair.
func (w *world) settled() bool {
	for i := range w.producer {
		p := &w.producer[i]
		if p.down {
			continue
		}
		if n, _ := p.machine.Buffered(); n > 0 || p.machine.Waiting() > 0 {
			return false
		}
	}
	for t := range w.plan.topics {
		topic := &w.plan.topics[t]
		if topic.internal {
			continue
		}
		for p := topic.first; p < topic.first+kafka.PartitionID(topic.count); p++ {
			if !w.readToEnd(p) {
				return false
			}
		}
	}
	return true
}

// readToEnd says whether a partition has a leader whose log every group has read
// to its end.
func (w *world) readToEnd(p kafka.PartitionID) bool {
	rep, led := w.highWatermark(p)
	if !led {
		return false
	}
	for g := range w.plan.groups {
		flat, reads := w.plan.groups[g].flat[int32(p)]
		if reads && w.consumers.groups[g].processed[flat] < rep.log.end {
			return false
		}
	}
	return true
}

// noteConfirmed remembers the last batch of a partition that was acknowledged to
// a producer with acks=all.
func (w *world) noteConfirmed(p *part, epoch kafka.LeaderEpoch) {
	v := &w.observed.partitions[p.partition]
	if w.batches[p.batch].appended == 0 {
		return // taken for a duplicate of one that its client had given up: never in any log
	}
	if (w.everUnclean[p.partition] || w.observed.checks.copies[p.partition].ever) && epoch < w.control.image[p.partition].LeaderEpoch {
		return // by a leader that lost records do not reach any more
	}
	if end := p.from + kafka.Offset(w.batches[p.batch].count); v.confirmed == noBatch || end > v.confirmedEnd {
		v.confirmed, v.confirmedEnd = p.batch, end
	}
}
