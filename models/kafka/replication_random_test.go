package kafka

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"kafkasim/sim"
)

// naiveHW is the high watermark by its definition (Partition.maybeIncrementLeaderHW):
// the largest offset that the leader and everybody who counts have reached.
func naiveHW(l *Leader, now sim.Time, end Offset, eligible ReplicaSet) Offset {
	if l.ISR.Committed.Len() < l.MinISR {
		return l.HW
	}
	for hw := end; hw > l.HW; hw-- {
		reached := true
		for i := range l.Followers {
			index := ReplicaIndex(i)
			f := &l.Followers[i]
			counts := l.ISR.Committed.Has(index) || (l.ISR.InFlight && l.ISR.Pending.Has(index)) ||
				(eligible.Has(index) && (f.LogEnd == end || now.Sub(f.LastCaughtUp) <= lagTimeMax))
			if index != l.Self && counts && f.LogEnd < hw {
				reached = false
			}
		}
		if reached {
			return hw
		}
	}
	return l.HW
}

func TestHighWatermarkAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	moved := 0
	for range 50_000 {
		n := 1 + r.IntN(5)
		draw := func() ReplicaSet { return ReplicaSet(r.Uint32()) & AllReplicas(n) }
		l := Leader{Self: ReplicaIndex(r.IntN(n)), HW: Offset(r.IntN(8)), MinISR: 1 + r.IntN(3), Followers: make([]Follower, n)}
		l.ISR = ISRState{Committed: draw().With(l.Self), Pending: draw().With(l.Self), InFlight: r.IntN(2) == 0}
		end := l.HW + Offset(r.IntN(8))
		now := sim.Time(0).Add(100 * time.Second)
		for i := range l.Followers {
			l.Followers[i] = Follower{LogEnd: Offset(r.IntN(int(end)+2)) - 1, LastCaughtUp: sim.Time(0).Add(time.Duration(r.IntN(101)) * time.Second)}
		}
		eligible := draw()
		got, want := l.HighWatermark(now, end, eligible, lagTimeMax), naiveHW(&l, now, end, eligible)
		if got != want {
			t.Fatalf("high watermark %d, by definition %d, of %+v, log end %d, eligible %b", got, want, l, end, eligible)
		}
		if got > l.HW {
			moved++
		}
	}
	if moved < 1000 {
		t.Fatalf("only %d of the high watermarks moved", moved)
	}
}

// agreement is the first offset at which two logs disagree, record by record.
func agreement(a, b *testLog) Offset {
	at := max(a.start, b.start)
	for at < min(a.end(), b.end()) && a.records[at-a.start] == b.records[at-b.start] {
		at++
	}
	return at
}

// TestTruncationAgainstRecords: logs of random leaders, who were elected without
// regard to what they have, replicate in part and in any order. Whoever follows a
// new leader then cuts its log exactly where the records begin to differ, before it
// is served the first record, and ends with the leader's log.
func TestTruncationAgainstRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	cuts, most := 0, 0
	for range 3000 {
		logs := make([]*testLog, 2+r.IntN(3))
		for i := range logs {
			logs[i] = &testLog{}
		}
		epoch := LeaderEpoch(0)
		for range 1 + r.IntN(12) {
			leader := logs[r.IntN(len(logs))]
			leader.lead(epoch)
			epoch += 1 + LeaderEpoch(r.IntN(2))
			for range r.IntN(6) {
				leader.append(leader.epoch)
				if f := logs[r.IntN(len(logs))]; f != leader {
					f.fetchRound(leader, r.IntN(4))
				}
			}
		}
		leader := logs[r.IntN(len(logs))]
		leader.lead(epoch)
		for _, f := range logs {
			if f == leader {
				continue
			}
			before, want := f.end(), agreement(f, leader)
			rounds := 0
			for {
				verdict, _, _ := f.fetchRound(leader, 0)
				if verdict == FetchInRange {
					break
				}
				if rounds++; rounds > int(epoch)+2 {
					t.Fatalf("no end of truncations: %s after %s", f.text(), leader.text())
				}
			}
			if f.end() != want {
				t.Fatalf("cut to %d; the records agree up to %d: %s and %s", f.end(), want, f.text(), leader.text())
			}
			if f.end() < before {
				cuts++
			}
			most = max(most, rounds)
			f.fetchRound(leader, len(leader.records))
			if !slices.Equal(f.records, leader.records) {
				t.Fatalf("%s follows %s", f.text(), leader.text())
			}
		}
	}
	if cuts < 500 || most < 3 {
		t.Fatalf("%d cuts, at most %d rounds: the histories are too tame", cuts, most)
	}
}

// TestTruncationWithDeletedStarts is the same with logs whose old records have been
// deleted: what both have agrees in the end, and the follower ends with the leader.
func TestTruncationWithDeletedStarts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	refused := 0
	for range 3000 {
		a, b := &testLog{}, &testLog{}
		epoch := LeaderEpoch(0)
		for range 1 + r.IntN(8) {
			leader, follower := a, b
			if r.IntN(2) == 0 {
				leader, follower = b, a
			}
			leader.lead(epoch)
			epoch++
			for range r.IntN(6) {
				leader.append(leader.epoch)
				if r.IntN(4) == 0 {
					follower.fetchRound(leader, r.IntN(4))
				}
			}
			if n := len(leader.records); n > 0 && r.IntN(2) == 0 {
				leader.retain(leader.start + Offset(r.IntN(n)))
			}
		}
		a.lead(epoch)
		for rounds := 0; ; rounds++ {
			verdict, _, _ := b.fetchRound(a, 5)
			if verdict == FetchOutOfRange {
				refused++
			}
			if verdict == FetchInRange && b.end() == a.end() {
				break
			}
			if rounds > 100 {
				t.Fatalf("%s never gets to %s", b.text(), a.text())
			}
		}
		if agreement(a, b) != a.end() {
			t.Fatalf("%s follows %s", b.text(), a.text())
		}
	}
	if refused < 100 {
		t.Fatalf("only %d positions were out of range", refused)
	}
}

// testCluster is a partition of three replicas with a controller that decides at
// once, whose requests and metadata take their time.
type testCluster struct {
	r         *rand.Rand
	now       sim.Time
	logs      [3]*testLog
	hw        [3]Offset
	leader    Leader
	led       bool
	isr       ReplicaSet
	epoch     LeaderEpoch
	partition PartitionEpoch
	committed []LeaderEpoch // every record that was ever below a high watermark
}

// TestCommittedRecordsSurvive: with clean elections from the ISR, and logs that are
// lost by nobody, no record that was once below a high watermark is ever missing from
// a later leader's log (TLA+: LeaderCompleteness), whatever the order of fetches, ISR
// changes, appends and elections.
func TestCommittedRecordsSurvive(t *testing.T) {
	total, elections := 0, 0
	for seed := range uint64(300) {
		c := &testCluster{r: rand.New(rand.NewPCG(4, seed)), isr: AllReplicas(3)}
		for i := range c.logs {
			c.logs[i] = &testLog{}
		}
		c.leader.Followers = make([]Follower, 3)
		c.elect(0)
		for range 400 {
			c.now = c.now.Add(time.Duration(c.r.IntN(4000)) * time.Millisecond)
			if c.step() {
				elections++
			}
			if lead := c.logs[c.leader.Self].records; len(lead) < len(c.committed) || !slices.Equal(lead[:len(c.committed)], c.committed) {
				t.Fatalf("seed %d: leader %d has %s, committed is %v", seed, c.leader.Self, c.logs[c.leader.Self].text(), c.committed)
			}
		}
		total += len(c.committed)
	}
	if total < 5000 || elections < 3000 {
		t.Fatalf("%d committed records and %d elections: nothing was tried", total, elections)
	}
}

// step does one thing, and reports an election.
func (c *testCluster) step() bool {
	self := c.leader.Self
	log := c.logs[self]
	switch c.r.IntN(10) {
	case 0:
		for {
			if i := ReplicaIndex(c.r.IntN(3)); c.isr.Has(i) {
				c.elect(i)
				return true
			}
		}
	case 1, 2:
		log.append(log.epoch)
	case 3:
		if out := c.leader.OutOfSync(c.now, log.end(), lagTimeMax); out != 0 {
			c.leader.Propose(c.isr &^ out)
		}
	case 4:
		if p, pending := c.leader.Proposal(); pending {
			c.isr = p.ISR
			c.partition++
			c.leader.Granted(p, c.isr, c.partition)
		}
	default:
		i := ReplicaIndex(c.r.IntN(3))
		if i == self {
			break
		}
		if verdict, _, from := c.logs[i].fetchRound(log, c.r.IntN(3)); verdict == FetchInRange {
			c.leader.Followers[i].OnFetch(c.now, from, log.end(), NoBrokerEpoch)
			c.hw[i] = min(c.leader.HW, c.logs[i].end())
			if c.leader.CanExpand(i) {
				c.leader.Propose(c.isr.With(i))
			}
		}
	}
	c.moveHW()
	return false
}

func (c *testCluster) elect(i ReplicaIndex) {
	c.epoch++
	c.partition++
	again := c.led && c.leader.Self == i
	c.hw[c.leader.Self] = c.leader.HW
	c.leader.HW, c.leader.MinISR, c.led = c.hw[i], 2, true
	c.logs[i].lead(c.epoch)
	c.leader.Become(c.now, i, PartitionState{ISR: c.isr, LeaderEpoch: c.epoch, PartitionEpoch: c.partition}, c.logs[i].end(), !again)
	c.moveHW()
}

func (c *testCluster) moveHW() {
	log := c.logs[c.leader.Self]
	c.leader.HW = c.leader.HighWatermark(c.now, log.end(), AllReplicas(3), lagTimeMax)
	if n := int(c.leader.HW); n > len(c.committed) {
		c.committed = append(c.committed[:0], log.records[:n]...)
	}
}
