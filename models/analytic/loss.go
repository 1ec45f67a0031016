package analytic

import (
	"math"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
)

// signalTime is the longest from SIGTERM until the controller has heard of it: more than
// a start takes, which in the batch plane's law, with a median of a fiftieth of a start
// and a 99th percentile of six, happens once in ten million stops.
func (s *scene) signalTime() time.Duration {
	longest := time.Duration(0)
	for i := range s.cluster.Brokers {
		longest = max(longest, s.cluster.Brokers[i].Hardware.CleanLoad.Median)
	}
	return longest * 6 / 5
}

// Linux writes a page back that has been dirty for 30 s when it next looks, which it
// does every 5 s (vm.dirty_expire_centisecs, vm.dirty_writeback_centisecs).
const writeback = 35 * time.Second

// A window is when records were made that a mechanism may cost.
type window struct{ from, to time.Duration }

// lagSlack is how long before an election its winner may have been caught up last:
//
//	1.5 × replica.lag.time.max.ms + broker.session.timeout.ms + check + broker.heartbeat.interval.ms
//
// The leader strikes a follower from the ISR that was not caught up within
// replica.lag.time.max.ms, and looks for such every half of that; whoever wins a
// clean election was in the ISR at the leader's last look. The leader may have died a
// session, the controller's check and a heartbeat before the election, and looked at
// nobody since.
//
// Source: kafka.md A.3, A.5, A.8 (ReplicaManager.startup, "isr-expiration";
// Partition.getOutOfSyncReplicas). It is the window of loss.bound.acked in
// models/batch, which knows when the election was; here it is the fault that is
// known, and no election that it causes comes before it.
func (s *scene) lagSlack() time.Duration {
	c := s.config
	return c.ReplicaLagTimeMax*3/2 + c.SessionTimeout + kafka.StaleCheckPeriod(c.SessionTimeout) + c.HeartbeatInterval
}

// slackInputs are lagSlack's.
func (s *scene) slackInputs() []Input {
	c := s.config
	return []Input{
		seconds("1.5 × replica.lag.time.max.ms", c.ReplicaLagTimeMax*3/2), seconds("broker.session.timeout.ms", c.SessionTimeout),
		seconds("check for silent brokers", kafka.StaleCheckPeriod(c.SessionTimeout)), seconds("broker.heartbeat.interval.ms", c.HeartbeatInterval),
	}
}

// fresh is the longest that a record of a producer is under way to a healthy
// cluster: it lingers, and is then written. A buffer that holds less than that keeps
// the application waiting, nobody knows how long.
func (s *scene) fresh(p *scenarios.Producer) time.Duration {
	f := newFlow(s.spec, p)
	if s.tight(p, &f) {
		return s.end
	}
	return p.Config.Linger + patience
}

// freshInputs are fresh's.
func (s *scene) freshInputs(p *scenarios.Producer) []Input {
	if d := s.fresh(p); d == s.end {
		return []Input{seconds("a buffer too small for healthy writes: the whole run", d)}
	}
	return []Input{seconds("linger.ms", p.Config.Linger), seconds("a healthy write", patience)}
}

// acknowledgedLoss bounds records.lost.acked, by producer and mechanism.
//
// With acks=0 nothing is acknowledged. With acks=all a record is lost only with so
// many copies of it that min ISR no longer protects it, or by an unclean election
// (TLA+: NoCommittedRecordLostGlobally, LeaderCompleteness; hachikuji/kafka-specification,
// Vanlightly/kafka-tlaplus). With acks=1 whatever the next leader lacks is lost:
//
//   - the unreplicated tail, what the ISR rule lets a follower be behind (lagSlack),
//   - what a leader takes that has been replaced and does not know: frozen, cut off,
//     or about to stop (kafka.md J.2, J.4, J.5),
//   - what a machine had not synced, or a disk held,
//   - what later moves of leaders cost, each as much as an election (KAFKA-20554).
//
// Windows are of the time at which records are made; those of appends begin fresh
// earlier. Where several upsets meet, or one has no known end, everything from the
// first on is at risk, and that is the bound.
func (s *scene) acknowledgedLoss(stall *Bound) Bound {
	var terms []Term
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		if p.Config.Acks == scenarios.AcksNone || len(s.upsets) == 0 && !s.givesUp(p, stall) {
			continue
		}
		terms = append(terms, s.producerLoss(p, stall)...)
	}
	why := "no fault of the scenario makes a replica lead that lacks what was acknowledged"
	if len(s.upsets) == 0 {
		why = "no fault of the scenario changes who leads a partition"
	}
	return sum("records.lost.acked", "records", why, terms)
}

// producerLoss is acknowledgedLoss of one producer.
func (s *scene) producerLoss(p *scenarios.Producer, stall *Bound) []Term {
	var terms []Term
	if len(s.upsets) > 0 {
		terms = s.leadersLoss(p, stall)
	}
	if s.givesUp(p, stall) {
		terms = append(terms, s.reusedSequences(p, total(terms)))
	}
	return terms
}

// leadersLoss is what is lost with those that led: what their successors lack, and
// what they had alone.
func (s *scene) leadersLoss(p *scenarios.Producer, stall *Bound) []Term {
	u := s.one
	if u == nil && p.Config.Acks == scenarios.AcksLeader && s.lone != nil && !s.lone.lossy && s.keepsMinISR(p.Topic) &&
		s.replicas(s.lone, p.Topic) < s.spec.Topics[p.Topic].ReplicationFactor {
		u = s.lone
	}
	if u == nil {
		return s.vagueLoss(p)
	}
	terms := s.lostCopies(p, u)
	if p.Config.Acks == scenarios.AcksAll && s.replicas(u, p.Topic) < s.spec.Topics[p.Topic].ReplicationFactor {
		return terms // a member of the ISR is left, has everything, and leads
	}
	if !s.dethrones(u) {
		return terms
	}
	if s.replicas(u, p.Topic) == s.spec.Topics[p.Topic].ReplicationFactor {
		return append(terms, s.nobodyLeft(p, u)...)
	}
	count, which := s.ledBy(u, p.Topic)
	if u.lossy { // a follower that has lost bytes may lead later
		count, which = s.touched(u, p.Topic)
	}
	f := newFlow(s.spec, p)
	if f.share = s.share(p, count, which); f.share == 0 {
		return terms
	}
	terms = append(terms, s.tail(p, &f, u.at))
	after := u.at
	if t, to := s.zombie(p, &f, u); t.Name != "" {
		terms, after = append(terms, t), to
	}
	if t, some := s.plannedMoves(p, &f, u, after, stall); some {
		terms = append(terms, t)
	}
	return terms
}

// tail is the unreplicated tail of one election.
func (s *scene) tail(p *scenarios.Producer, f *flow, at time.Duration) Term {
	from := at - s.lagSlack() - s.fresh(p) - patience
	in := append([]Input{{"peak rate", f.peak(from, at), "1/s"}}, s.slackInputs()...)
	in = append(append(in, s.freshInputs(p)...), seconds("a change of the ISR", patience))
	return Term{
		Name: "unreplicated tail", Of: p.Name,
		Formula: "records made within lag rule + session + check + heartbeat + linger + write + ISR change before the fault",
		Inputs:  in, Result: f.between(from, at),
	}
}

// zombie is what a leader takes after it was replaced, until it hears of that. It
// has no name where there is no such time; to is its end.
//
// A frozen leader keeps its clients' connections and takes what they hold when it
// goes on; a leader that is cut off from the controllers goes on during the cut, and
// hears when its metadata fetch gets through, which waits for the quorum's fetch
// timeout and then for TCP's next try to connect. One that stops in order hands its
// partitions over and takes records until it has read so in the metadata.
func (s *scene) zombie(p *scenarios.Producer, f *flow, u *upset) (t Term, to time.Duration) {
	t = Term{Name: "zombie leader", Of: p.Name}
	var hears time.Duration
	switch u.kind {
	case stops:
		t.Name, t.Formula = "handing over", "records made from the signal until the old leader has read who follows it"
		hears = s.signalTime() + patience
		t.Inputs = []Input{seconds("signal to heartbeat", s.signalTime()), seconds("commit and its way", patience)}
		to = u.at + hears
	case freezes:
		if u.away == scenarios.Forever {
			return Term{}, 0
		}
		hears = 2 * patience
		t.Formula = "records made during the pause and until the old leader has heard of its successor"
		t.Inputs = []Input{seconds("pause", u.away), seconds("until it hears", hears)}
		to = u.at + u.away + hears
	case isolated:
		t.Formula = "records made during the cut and until the old leader has heard of its successor"
		if u.away == scenarios.Forever {
			t.Inputs = []Input{seconds("cut, to the end of the load", s.spec.Duration-u.at)}
			to = s.spec.Duration
			break
		}
		hears = max(s.config.QuorumFetchTimeout, sleepingSYN) + 2*patience
		t.Inputs = []Input{seconds("cut", u.away), seconds("until it hears", hears)}
		to = u.at + u.away + hears
	case dies, vague:
		return Term{}, 0
	}
	t.Inputs = append([]Input{{"peak rate", f.peak(u.at, to), "1/s"}}, t.Inputs...)
	t.Result = f.between(u.at, to)
	return t, to
}

// plannedMoves are the elections of preferred leaders after an upset: each may take
// a follower that the lag rule lets be behind, as any election. The controller looks
// for them at a period whose phase is not known. What a client kept back during the
// stall may come within the window too.
//
// Source: kafka.md A.8, A.10 (KAFKA-20554).
func (s *scene) plannedMoves(p *scenarios.Producer, f *flow, u *upset, after time.Duration, stall *Bound) (Term, bool) {
	c := s.config
	if !c.AutoLeaderRebalance || u.away == scenarios.Forever && u.kind != stops || after >= s.spec.Duration {
		return Term{}, false
	}
	looks := math.Ceil((s.end - u.at).Seconds() / c.LeaderImbalanceInterval.Seconds())
	length := s.lagSlack() + s.fresh(p) + patience
	if stall.Known {
		length += min(seconds2(stall.Value), s.end)
	}
	t := Term{
		Name: "planned moves of leaders", Of: p.Name,
		Formula: "looks for preferred leaders × records made within lag rule + session + check + heartbeat + linger + write + stall + commit",
		Inputs: append(append([]Input{{"peak rate", f.peak(after, s.spec.Duration), "1/s"}, {"looks", looks, ""}}, s.slackInputs()...),
			append(s.freshInputs(p), Input{"produce.stall", stall.Value, "s"}, seconds("commit and its way", patience))...),
		Result: looks * mostOf(f.peak(after, s.spec.Duration)*length.Seconds()),
	}
	topic := &s.spec.Topics[p.Topic]
	frozen := topic.ReplicationFactor-s.replicas(u, p.Topic)-s.cuts < topic.Config.MinInsyncReplicas || s.minISR[p.Topic]
	if all := f.between(after, s.spec.Duration); frozen || all < t.Result { // below min ISR the lag rule says nothing
		t.Formula, t.Result = "all records made after that: preferred leaders may be elected at any time", all
		t.Inputs = []Input{{"peak rate", f.peak(after, s.spec.Duration), "1/s"}, seconds("from", after), seconds("end of the load", s.spec.Duration)}
	}
	return t, t.Result > 0
}

// dethrones says whether an upset can make the controller choose other leaders. A
// pause is not noticed that ends before the session does; a broker that still hears
// the controllers keeps its partitions.
func (s *scene) dethrones(u *upset) bool {
	switch u.kind {
	case isolated:
		return u.control
	case freezes:
		return u.away == scenarios.Forever || u.away+s.config.HeartbeatInterval+patience >= s.config.SessionTimeout
	case dies, stops, vague:
	}
	return true
}

// nobodyLeft is an upset that takes every replica of a partition. Brokers that die
// together take nothing more until one is back; whoever is first may lack the tail,
// with acks=all too if it is elected uncleanly. With acks=all and no unclean election
// allowed a member of the last ISR leads, and has everything.
func (s *scene) nobodyLeft(p *scenarios.Producer, u *upset) []Term {
	t := &s.spec.Topics[p.Topic]
	if p.Config.Acks == scenarios.AcksAll && !s.dirty[p.Topic] && !s.cluster.ELR {
		return nil
	}
	f := newFlow(s.spec, p)
	count, which := s.touched(u, p.Topic)
	if f.share = s.share(p, count, which); f.share == 0 {
		return nil
	}
	if u.kind == dies && t.ReplicationFactor == 1 {
		return []Term{s.tail(p, &f, u.at)}
	}
	return []Term{s.everythingFrom(p, &f, u.at, "every replica of a partition is taken at once; who returns first may lead")}
}

// everythingFrom is all records from the unreplicated tail of an instant on.
func (s *scene) everythingFrom(p *scenarios.Producer, f *flow, at time.Duration, formula string) Term {
	from := max(0, at-s.lagSlack()-s.fresh(p))
	in := append([]Input{{"peak rate", f.peak(from, s.spec.Duration), "1/s"}, seconds("first fault", at)}, s.slackInputs()...)
	in = append(append(in, s.freshInputs(p)...), seconds("end of the load", s.spec.Duration))
	return Term{
		Name: "everything since the first fault", Of: p.Name,
		Formula: "records made from lag rule + session + check + heartbeat + linger + write before the first fault to the end; " + formula,
		Inputs:  in, Result: f.between(from, s.spec.Duration),
	}
}

// vagueLoss is the bound where no sharper one is known: with acks=1 everything from
// the first fault on, with acks=all the same if an unclean election is allowed.
func (s *scene) vagueLoss(p *scenarios.Producer) []Term {
	var terms []Term
	f := newFlow(s.spec, p)
	unclean := s.dirty[p.Topic] || s.cluster.ELR && s.mayEmptyISR(p.Topic)
	if p.Config.Acks != scenarios.AcksAll || unclean {
		formula := "elections may come at any time"
		if p.Config.Acks == scenarios.AcksAll {
			formula = "an unclean election may come at any time"
		}
		terms = append(terms, s.everythingFrom(p, &f, s.first, formula))
	}
	lost, first, last, wiped := 0, time.Duration(math.MaxInt64), time.Duration(-1), false
	for i := range s.upsets {
		if u := &s.upsets[i]; u.lossy {
			lost += s.replicas(u, p.Topic)
			first, last, wiped = min(first, u.at), max(last, u.at), wiped || u.wipes
		}
	}
	if lost == 0 || lost < s.survives(p) {
		return terms
	}
	from, in := s.unsynced(p, first, wiped)
	to := last
	if len(terms) > 0 { // what is made later is counted there
		to = min(to, max(0, s.first-s.lagSlack()-s.fresh(p)))
	}
	from = min(from, max(0, s.first-s.fresh(p)))
	if to <= from {
		return terms
	}
	return append(terms, copiesTerm(p, &f, window{from, to}, in))
}

// mayEmptyISR says whether ISR and ELR of a topic's partition may both be empty, so
// that the last known leader is elected uncleanly: every replica must have failed.
func (s *scene) mayEmptyISR(topic int) bool {
	hits := 0
	for i := range s.upsets {
		if u := &s.upsets[i]; u.kind != isolated && u.kind != freezes {
			hits += max(1, s.replicas(u, topic))
		}
	}
	return hits >= s.spec.Topics[topic].ReplicationFactor
}

// survives is how many copies of a record must be lost before it may be gone: with
// acks=1 one, that of the only replica which had it. With acks=all the ISR and the
// ELR together keep min ISR of them; without the ELR the ISR may have shrunk to one
// (KIP-966, "last replica standing").
func (s *scene) survives(p *scenarios.Producer) int {
	t := &s.spec.Topics[p.Topic]
	if p.Config.Acks == scenarios.AcksAll && s.cluster.ELR && !s.minISR[p.Topic] {
		return min(t.Config.MinInsyncReplicas, t.ReplicationFactor)
	}
	return 1
}

// lostCopies is what one upset takes from logs.
func (s *scene) lostCopies(p *scenarios.Producer, u *upset) []Term {
	if !u.lossy || s.replicas(u, p.Topic) < s.survives(p) {
		return nil
	}
	f := newFlow(s.spec, p)
	count, which := s.touched(u, p.Topic)
	if f.share = s.share(p, count, which); f.share == 0 {
		return nil
	}
	from, in := s.unsynced(p, u.at, u.wipes)
	to := u.at
	if p.Config.Acks != scenarios.AcksAll && from >= u.at-s.lagSlack()-s.fresh(p) {
		return nil // the unreplicated tail holds it
	}
	if p.Config.Acks != scenarios.AcksAll {
		to = u.at - s.lagSlack() - s.fresh(p)
	}
	return []Term{copiesTerm(p, &f, window{from, to}, in)}
}

// unsynced is since when what was made may not have been on a disk at an instant:
// the kernel writes pages back after 35 s at most, in the time that the disk needs;
// a destroyed disk had everything.
func (s *scene) unsynced(p *scenarios.Producer, at time.Duration, wiped bool) (from time.Duration, in []Input) {
	if wiped {
		return 0, []Input{seconds("age of the log", at)}
	}
	use := 0.0
	for i := range s.cluster.Brokers {
		use = max(use, s.written()/float64(s.cluster.Brokers[i].Hardware.DiskWrite))
	}
	if use > 0.25 || s.slow {
		return 0, []Input{seconds("age of the log: the disk may not keep up", at)}
	}
	// A batch is no more than twice its records, and the disk serves syncs as well.
	age := writeback + time.Duration(4*use*float64(writeback)) + s.fresh(p)
	return max(0, at-age), append([]Input{
		seconds("vm.dirty_expire + vm.dirty_writeback", writeback), {"disk in use for it", 4 * use, "ratio"},
	}, s.freshInputs(p)...)
}

// written is what all brokers together write at the peak, in bytes/s.
func (s *scene) written() float64 {
	total := 0.0
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		f := newFlow(s.spec, p)
		total += f.peak(0, s.spec.Duration) * float64(p.RecordSize.Mean) * float64(s.spec.Topics[p.Topic].ReplicationFactor)
	}
	return total
}

func copiesTerm(p *scenarios.Producer, f *flow, w window, in []Input) Term {
	return Term{
		Name: "bytes lost with a machine or disk", Of: p.Name,
		Formula: "records made before the loss that the lost copy had not on its disk, or had only there",
		Inputs:  append(append([]Input{{"peak rate", f.peak(w.from, w.to), "1/s"}}, in...), seconds("from", w.from), seconds("to", w.to)),
		Result:  f.between(w.from, w.to),
	}
}

// givesUp says whether a producer may give a batch up that is in a log, and use its
// sequence numbers for the next one, which the broker then takes for the same: kgo
// does so when its record timeout or its retries are over. Java bumps its epoch.
//
// Source: franz-go pkg/kgo/sink.go (needSeqReset).
func (s *scene) givesUp(p *scenarios.Producer, stall *Bound) bool {
	if p.Client != scenarios.FranzGo || !p.Config.Idempotence {
		return false
	}
	return s.mayExpire(p, stall)
}

// mayExpire says whether a producer's records may run out of time or retries.
func (s *scene) mayExpire(p *scenarios.Producer, stall *Bound) bool {
	if s.first != scenarios.Forever && p.Config.Retries != scenarios.Unbounded && p.Config.Retries < math.MaxInt32 {
		return true
	}
	if p.Config.DeliveryTimeout == scenarios.Forever {
		return false
	}
	return !stall.Known || stall.Value+s.fresh(p).Seconds() >= p.Config.DeliveryTimeout.Seconds()
}

// reusedSequences is what a producer may lose that gives batches up: a batch with the
// sequences of one that is in the log is acknowledged and not appended. Both have as
// many records (ProducerStateEntry.findDuplicateBatch compares first and last), and
// sequences that were acknowledged are used no more, so that each record lost has one
// of its own that was given up: half of all, at most, and none of those that are
// counted elsewhere.
func (s *scene) reusedSequences(p *scenarios.Producer, elsewhere float64) Term {
	f := newFlow(s.spec, p)
	all := f.between(0, s.spec.Duration)
	return Term{
		Name: "sequences used again", Of: p.Name,
		Formula: "half of all records, or what other terms leave: each takes the sequence number of one that was given up and is in the log",
		Inputs:  []Input{{"peak rate", f.peak(0, s.spec.Duration), "1/s"}, seconds("load", s.spec.Duration), records("counted elsewhere", elsewhere)},
		Result:  max(0, min(math.Floor(all/2), all-elsewhere)),
	}
}
