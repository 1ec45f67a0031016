package account

import (
	"cmp"
	"fmt"
	"slices"

	"kafkasim/harness/history"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// mostGroups is how many groups a record has marks for.
const mostGroups = 32

// compare orders instants.
func compare(x, y instant) int { return cmp.Compare(x, y) }

// A topicBook is what is known of a topic.
type topicBook struct {
	partitions []partitionBook
	all        bool   // a producer of it waits for all replicas in sync
	mask       uint32 // groups that read it, by the bit of the group
	failover   stats.Sketch

	clean, unclean, shrinks, expands int64
}

// A partitionBook is what is known of a partition.
type partitionBook struct {
	spans []span // without gaps from time 0 to the end of the run
	stall instant

	leaderless, underReplicated, underMinISR, unavailable instant

	log     finalLog
	marks   []mark // ascending
	reads   []mark // what was handed to group members, until learnFromReads
	hw      int64  // as last heard of the registered leader
	nextHW  int
	atSpan  int
	waiting []wait
}

// A span is a stretch of time in which nothing changed for a partition.
type span struct {
	from   instant
	leader int32
	epoch  int32

	leaderless, underReplicated, underMinISR, unavailable bool
	deaf                                                  bool // no client is answered
}

// A mark is a high watermark that was heard of, or that follows from a read: no
// record at or above it is handed out.
type mark struct {
	at     instant
	leader int32
	hw     int64
	read   bool
}

// A move is a change of a partition's registration, when it was committed.
type move struct {
	at     instant
	change *history.Change
}

// readPartitions follows every partition through the run.
func (a *accounting) readPartitions() error {
	a.topics = make([]topicBook, len(a.spec.Topics))
	for t := range a.spec.Topics {
		a.topics[t].partitions = make([]partitionBook, a.spec.Topics[t].Partitions)
	}
	for p := range a.spec.Producers {
		if a.spec.Producers[p].Config.Acks == scenarios.AcksAll {
			a.topics[a.spec.Producers[p].Topic].all = true
		}
	}
	if n := len(a.spec.Groups); n > mostGroups {
		return fmt.Errorf("%d groups; at most %d are told apart", n, mostGroups)
	}
	for g := range a.spec.Groups {
		for _, t := range a.spec.Groups[g].Topics {
			a.topics[t].mask |= 1 << g
		}
	}
	moves := a.moves()
	a.eachPartition(func(at Partition, _ *partitionBook) {
		a.follow(int(at.Topic), int(at.Partition), moves[at.Topic][at.Partition])
	})
	for i := range a.o.Watermarks {
		w := &a.o.Watermarks[i]
		if a.known(w.Partition) {
			book := a.partition(w.Partition)
			book.marks = append(book.marks, mark{at: a.at(w.At), leader: int32(w.Leader), hw: w.HW})
		}
	}
	a.eachPartition(func(_ Partition, b *partitionBook) {
		slices.SortStableFunc(b.marks, func(x, y mark) int { return compare(x.at, y.at) })
	})
	return nil
}

// moves are the changes of every partition of the scenario until the end of the
// run. A record of the metadata log bears the time at which the controller took it
// up; it is written, and so registered, an append linger later.
func (a *accounting) moves() [][][]move {
	linger := a.spec.Clusters[0].Config.QuorumAppendLinger
	index := map[string]int{}
	moves := make([][][]move, len(a.spec.Topics))
	for t := range a.spec.Topics {
		index[a.spec.Topics[t].Name] = t
		moves[t] = make([][]move, a.spec.Topics[t].Partitions)
	}
	for i := range a.o.History.Changes {
		c := &a.o.History.Changes[i]
		if c.Kind != history.PartitionRegistered && c.Kind != history.PartitionChanged {
			continue
		}
		t, ours := index[c.Topic]
		at := a.at(c.At) + linger
		if ours && int(c.Partition) < len(moves[t]) && at <= a.end {
			moves[t][c.Partition] = append(moves[t][c.Partition], move{at, c})
		}
	}
	return moves
}

// follow goes through one partition's changes.
func (a *accounting) follow(t, p int, moves []move) {
	book, topic := &a.topics[t].partitions[p], &a.topics[t]
	for _, m := range moves {
		if m.at < 0 {
			continue
		}
		elected, unclean := m.change.Election()
		switch {
		case unclean:
			topic.unclean++
		case elected:
			topic.clean++
		}
		if m.change.Shrinks() {
			topic.shrinks++
		}
		if m.change.Expands() {
			topic.expands++
		}
	}
	a.failovers(topic, moves)
	moments := []instant{0}
	for _, m := range moves {
		moments = append(moments, max(m.at, 0))
	}
	moments = append(moments, a.world.moments...)
	slices.Sort(moments)
	next := 0
	state := history.Registration{Leader: history.NoLeader}
	for _, at := range slices.Compact(moments) {
		if at < 0 || at >= a.end {
			continue
		}
		for next < len(moves) && moves[next].at <= at {
			state = moves[next].change.Registration
			next++
		}
		book.spans = append(book.spans, a.assess(t, at, &state))
	}
	for i := range book.spans {
		until := a.end
		if i+1 < len(book.spans) {
			until = book.spans[i+1].from
		}
		book.charge(&book.spans[i], until, a.load)
	}
}

// assess says what a registration means at an instant, as the batch model does:
//
//   - leaderless: no leader is registered, or its process does not run, or has been
//     started again since and is not registered;
//   - under-replicated, under min ISR: by the registered ISR;
//   - unavailable: a write at the producer's acks would have to wait for a repair:
//     the leader does not answer, or with acks=all the ISR is too small or has a
//     member that does not answer.
func (a *accounting) assess(topic int, at instant, r *history.Registration) span {
	w := &a.world
	s := span{
		from: at, leader: r.Leader, epoch: r.LeaderEpoch,
		underReplicated: len(r.ISR) < len(r.Replicas),
		underMinISR:     len(r.ISR) < a.leastISR(topic, len(r.Replicas), at),
		leaderless:      r.Leader == history.NoLeader, unavailable: true, deaf: true,
	}
	if s.leaderless {
		return s
	}
	leader := int(r.Leader)
	s.leaderless = !w.leads(leader, at)
	s.deaf = s.leaderless || !w.answers(leader, at) || !w.reachable(clients, leader, at)
	s.unavailable = s.deaf
	if a.topics[topic].all && !s.unavailable {
		s.unavailable = s.underMinISR
		for _, b := range r.ISR {
			if int(b) != leader && (!w.answers(int(b), at) || !w.reachable(int(b), leader, at)) {
				s.unavailable = true
			}
		}
	}
	return s
}

// charge adds a span's time to what was the case in it. Writes are offered until
// the load ends, and only then missed.
func (b *partitionBook) charge(s *span, until, load instant) {
	length := until - s.from
	if s.leaderless {
		b.leaderless += length
	}
	if s.underReplicated {
		b.underReplicated += length
	}
	if s.underMinISR {
		b.underMinISR += length
	}
	if s.unavailable {
		b.unavailable += max(0, min(until, load)-s.from)
	}
}

// failovers takes the time from each blow to a partition's leader until another
// is registered. A leader that recovers first ends the wait.
func (a *accounting) failovers(topic *topicBook, moves []move) {
	leader := history.NoLeader
	since, broken := instant(0), false
	next := 0
	blows := func(until instant) {
		for ; next < len(a.world.blows) && a.world.blows[next].at <= until; next++ {
			b := &a.world.blows[next]
			switch {
			case int32(b.node) != leader:
			case b.healed:
				broken = false
			case !broken:
				since, broken = b.at, true
			}
		}
	}
	for _, m := range moves {
		blows(m.at)
		c := m.change
		if broken && c.Leader != history.NoLeader && c.LeaderEpoch != c.Before.LeaderEpoch {
			topic.failover.Add(int64(m.at-since), 1)
			broken = false
		}
		leader = c.Leader
	}
}

// fencings counts the brokers whose session timed out. One that stops in good
// order is fenced too when it is released; that is none.
func (a *accounting) fencings() (n int64) {
	linger := a.spec.Clusters[0].Config.QuorumAppendLinger
	for i := range a.o.History.Changes {
		c := &a.o.History.Changes[i]
		if at := a.at(c.At); c.Kind == history.BrokerFenced && !c.Stopping && at >= 0 && at+linger <= a.end {
			n++
		}
	}
	return n
}

// at is the span of an instant; instants must not fall.
func (b *partitionBook) at(now instant) *span {
	for b.atSpan+1 < len(b.spans) && b.spans[b.atSpan+1].from <= now {
		b.atSpan++
	}
	return &b.spans[b.atSpan]
}

// advance brings the high watermark up to an instant: what the registered leader
// last said. A former leader that does not know it yet is not heard.
func (b *partitionBook) advance(now instant) {
	for b.nextHW < len(b.marks) && b.marks[b.nextHW].at <= now {
		m := &b.marks[b.nextHW]
		switch {
		case m.read:
			b.hw = max(b.hw, m.hw)
		case m.at < 0 || b.at(m.at).leader == m.leader:
			b.hw = m.hw
		}
		b.nextHW++
	}
	b.at(now)
}

// learnFromReads adds what group members were handed to the high watermarks: what
// was asked for comes every 40 ms, and in the meantime a member may have read all
// that a jump of the high watermark has made visible. A read from a former leader
// tells nothing; it is one if the registered leader's next mark is below it.
func (b *partitionBook) learnFromReads() {
	byTime := func(x, y mark) int { return compare(x.at, y.at) }
	slices.SortStableFunc(b.reads, byTime)
	var learnt []mark
	next, current := 0, 0
	for _, r := range b.reads {
		for current+1 < len(b.spans) && b.spans[current+1].from <= r.at {
			current++
		}
		for next < len(b.marks) && (b.marks[next].at < r.at || b.marks[next].leader != b.spans[current].leader) {
			next++
		}
		if next < len(b.marks) && b.marks[next].hw >= r.hw {
			learnt = append(learnt, r)
		}
	}
	b.marks = append(b.marks, learnt...)
	slices.SortStableFunc(b.marks, byTime)
	b.reads = nil
}

// sum is the topic's part of the sheet.
func (t *topicBook) sum() tally.Topic {
	s := tally.Topic{Clean: t.clean, Unclean: t.unclean, Shrinks: t.shrinks, Expands: t.expands, Failover: &t.failover}
	for p := range t.partitions {
		b := &t.partitions[p]
		s.Stall = max(s.Stall, b.stall)
		s.Leaderless += b.leaderless
		s.UnderReplicated += b.underReplicated
		s.UnderMinISR += b.underMinISR
		s.Unavailable += b.unavailable
	}
	return s
}
