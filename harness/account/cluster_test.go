package account_test

import (
	"math"
	"testing"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/history"
	"kafkasim/harness/journal"
)

// inSync is a registration of the stories' partitions.
func inSync(leader, epoch int32, isr ...int32) history.Registration {
	return history.Registration{Leader: leader, LeaderEpoch: epoch, Replicas: []int32{1, 2, 3}, ISR: isr}
}

// broker tells of a broker, a linger after the controller took it up.
func (s *story) broker(at time.Duration, kind history.Kind, id int32, stopping bool) {
	s.o.History.Changes = append(s.o.History.Changes, history.Change{
		At: zero().Add(at - 25*time.Millisecond), Kind: kind, Broker: id, Stopping: stopping,
	})
}

func (s *story) fault(at, healed time.Duration, brokers ...int) {
	f := account.Applied{Index: len(s.o.Faults), At: zero().Add(at), Brokers: brokers}
	if healed > 0 {
		f.Healed = zero().Add(healed)
	}
	s.o.Faults = append(s.o.Faults, f)
}

func (t telling) availability(name string, unavailable time.Duration, of float64) {
	t.Helper()
	o := t.seen(name)
	if got := o.Denominator - o.Numerator; math.Abs(got-float64(unavailable)) > 1 || o.Denominator != of*float64(time.Second) {
		t.Errorf("%s: %v of %v away, want %v of %v s", name, time.Duration(got), time.Duration(o.Denominator), unavailable, of)
	}
}

// failovers are the count and the longest of leader.failover.
func (t telling) failovers(count uint64, longest time.Duration) {
	t.Helper()
	if d := t.seen("leader.failover").Distribution; d.Count() != count || d.Max() != int64(longest) {
		t.Errorf("%d failovers of up to %v, want %d of %v", d.Count(), time.Duration(d.Max()), count, longest)
	}
}

// TestALeaderThatIsKilled: broker 1 leads partition 0 and follows in partition 1.
func TestALeaderThatIsKilled(t *testing.T) {
	t.Parallel()
	for acks, away := range map[string]time.Duration{"1": 4 * time.Second, "all": 8 * time.Second} {
		t.Run(acks, func(t *testing.T) {
			t.Parallel()
			s := tell(t, acks, "[{at: 1 s, kind: broker_crash, target: broker 1}]")
			s.fault(time.Second, 0, 1)
			s.broker(5*time.Second, history.BrokerFenced, 1, false)
			s.register(5*time.Second, 0, 0, inSync(2, 1, 2, 3))
			s.register(5*time.Second, 0, 1, inSync(2, 0, 2, 3))
			s.register(10500*time.Millisecond, 0, 1, inSync(2, 0, 1, 2, 3))
			got := s.told()
			got.failovers(1, 4*time.Second)
			// With acks=all the follower's silence stops partition 1 too.
			got.availability("produce.availability{topic=events}", away, 20)
			got.want(map[string]float64{
				"leaderless.time": 4, "under_replicated.time": 6 + 5.5, "under_min_isr.time": 0, "fencings": 1,
				"elections.clean": 1, "elections.unclean": 0, "isr.shrinks": 2, "isr.expands": 1,
			})
			if line := got.Series[2]; line.Name != "leaderless" || line.Values[2] != 1 || line.Values[11] != 0 {
				t.Errorf("series %s: %v", line.Name, line.Values)
			}
			if line := got.Series[3]; line.Name != "under_replicated" || line.Values[9] != 0 || line.Values[10] != 2 || line.Values[21] != 1 {
				t.Errorf("series %s: %v", line.Name, line.Values)
			}
			// A leader whose process is gone leads nothing, though it is registered until 5 s.
			one, two := got.line("leaders{broker=1}"), got.line("leaders{broker=2}")
			if one[1] != 1 || one[2] != 0 || one[12] != 0 || two[2] != 1 || two[11] != 2 {
				t.Errorf("broker 1 leads %v, broker 2 %v", one, two)
			}
		})
	}
}

// TestALeaderThatIsStartedAgainAtOnce: until its session is over the registration of
// the new process is refused, and nobody leads; what it follows goes on with it.
func TestALeaderThatIsStartedAgainAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[{at: 1 s, kind: broker_crash, target: broker 1, duration: 0.1 s}]")
	s.fault(time.Second, 1100*time.Millisecond, 1)
	s.broker(9*time.Second, history.BrokerRegistered, 1, false)
	s.register(9*time.Second, 0, 0, inSync(2, 1, 2, 3))
	got := s.told()
	got.failovers(1, 8*time.Second)
	got.availability("produce.availability{topic=events}", 8100*time.Millisecond, 20)
	got.want(map[string]float64{"leaderless.time": 8, "fencings": 0, "elections.clean": 1})
}

func TestALeaderThatIsFrozenForAMoment(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[{at: 1 s, kind: broker_pause, target: broker 1, duration: 2 s}, {at: 6 s, kind: broker_pause, target: broker 1}]")
	s.fault(time.Second, 3*time.Second, 1)
	s.fault(6*time.Second, 0, 1)
	s.register(8*time.Second, 0, 0, inSync(3, 1, 3))
	got := s.told()
	got.failovers(1, 2*time.Second) // the first one was over before anybody was elected
	got.availability("produce.availability", 4*time.Second, 20)
	got.want(map[string]float64{"leaderless.time": 0, "under_min_isr.time": 3, "elections.clean": 1})
}

func TestMinISRThatChanges(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[{at: 4 s, kind: config_change, topic: events, config: {min.insync.replicas: 1}}]")
	s.fault(4*time.Second, 0)
	s.register(2*time.Second, 0, 0, inSync(1, 0, 1))
	got := s.told()
	got.availability("produce.availability", 2*time.Second, 20)
	if under := got.line("under_min_isr"); under[3] != 0 || under[4] != 1 || under[8] != 0 {
		t.Errorf("under min ISR over time: %v", under)
	}
	got.want(map[string]float64{"under_min_isr.time": 2, "under_replicated.time": 9, "isr.shrinks": 1})
}

func TestNobodyLeft(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.register(2*time.Second, 0, 0, history.Registration{Leader: -1, LeaderEpoch: 1, Replicas: []int32{1, 2, 3}, ELR: []int32{1}})
	s.register(3*time.Second, 0, 0, inSync(1, 2, 1))
	s.register(4*time.Second, 0, 1, history.Registration{Leader: -1, LeaderEpoch: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{2}})
	s.register(5*time.Second, 0, 1, inSync(3, 2, 3))
	s.register(20*time.Second, 0, 1, inSync(1, 3, 1)) // after the run
	got := s.told()
	got.want(map[string]float64{"leaderless.time": 2, "elections.clean": 1, "elections.unclean": 1, "under_min_isr.time": 9 + 7})
	got.availability("produce.availability", 2*time.Second, 20)
}

// TestALeaderThatStops is taken out of everything before it goes; its release is no
// fencing.
func TestALeaderThatStops(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[{at: 1 s, kind: broker_stop, target: broker 1, duration: 5 s}]")
	s.fault(time.Second, 7*time.Second, 1)
	s.broker(1040*time.Millisecond, history.BrokerStopping, 1, false)
	s.register(1040*time.Millisecond, 0, 0, inSync(2, 1, 2, 3))
	s.register(1040*time.Millisecond, 0, 1, inSync(2, 0, 2, 3))
	s.broker(3*time.Second, history.BrokerFenced, 1, true)
	got := s.told()
	got.failovers(1, 40*time.Millisecond)
	got.want(map[string]float64{"fencings": 0, "leaderless.time": 0, "elections.clean": 1})
	got.availability("produce.availability", 0, 20)
}

func TestARollingRestart(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[{at: 1 s, kind: rolling_restart, target: each}]")
	s.fault(time.Second, 6*time.Second, 1, 2, 3)
	s.o.Faults[0].Asked = []time.Time{zero().Add(time.Second), zero().Add(4950 * time.Millisecond)}
	s.broker(1030*time.Millisecond, history.BrokerStopping, 1, false)
	s.register(1030*time.Millisecond, 0, 0, inSync(2, 1, 2, 3))
	s.broker(2*time.Second, history.BrokerFenced, 1, true)
	s.broker(4*time.Second, history.BrokerRegistered, 1, false)
	s.register(4500*time.Millisecond, 0, 0, inSync(2, 1, 1, 2, 3))
	s.broker(5*time.Second, history.BrokerStopping, 2, false)
	s.register(5*time.Second, 0, 0, inSync(1, 2, 1, 3))
	s.register(5*time.Second, 0, 1, inSync(3, 1, 1, 3))
	got := s.told()
	got.failovers(3, 50*time.Millisecond) // from when each was asked to stop
	got.want(map[string]float64{"fencings": 0, "elections.clean": 3, "leaderless.time": 0})
}

// TestACutLeader is apart from the controller and its peers, and not from the
// clients.
func TestACutLeader(t *testing.T) {
	t.Parallel()
	const cut = "[{at: 1 s, kind: partition, between: [[leader of events-0], [broker 2, broker 3, controller 101]], duration: 8 s}]"
	for acks, away := range map[string]time.Duration{"1": 0, "all": 6*time.Second - ms(5) + 3*time.Second} {
		t.Run(acks, func(t *testing.T) {
			t.Parallel()
			s := tell(t, acks, cut)
			s.o.History.Changes = append([]history.Change{{At: zero().Add(-time.Minute), Kind: history.ControllerElected, Broker: 101}},
				s.o.History.Changes...)
			s.fault(time.Second, 9*time.Second, 1)
			s.register(4*time.Second, 0, 0, inSync(2, 1, 2, 3))
			s.register(6995*time.Millisecond, 0, 1, inSync(2, 0, 2, 3))
			got := s.told()
			got.failovers(1, 3*time.Second)
			got.availability("produce.availability", away, 20)
			got.want(map[string]float64{"leaderless.time": 0})
		})
	}
}

func TestACutFromClients(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[{at: 1 s, kind: network_loss, loss: 100 %, target: broker 2, duration: 3 s}]")
	s.fault(time.Second, 4*time.Second, 2)
	s.told().availability("produce.availability", 3*time.Second, 20)
}

func TestLag(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.o.Watermarks = nil
	p, m := s.producer(0), s.member(1, 0)
	ids := make([]journal.ID, 0, 8)
	for i := range 8 {
		id := p.send(time.Second + ms(10*i))
		p.ack(time.Second+ms(10*i+5), id, 0, int64(i))
		ids = append(ids, id)
	}
	for at := time.Duration(0); at < 11*time.Second; at += ms(40) {
		switch {
		case at < 1100*time.Millisecond:
			s.heard(at, 0, 1, 0)
		case at < 4*time.Second:
			s.heard(at, 0, 1, 8)
		case at < 6*time.Second:
			s.heard(at, 0, 3, 5) // took itself for the leader; nobody else did
			s.heard(at, 0, 1, 8)
		default:
			s.heard(at, 0, 1, 8)
		}
		s.heard(at, 1, 2, 0)
	}
	m.read(3*time.Second, 0, 0, 6, ids[:6]...)
	m.add(5*time.Second, journal.Entry{Kind: journal.Committed, Partition: 0, Offset: 6, Generation: 1})
	m.read(8*time.Second, 0, 6, 2, ids[6:]...)
	p.end()
	m.end()
	s.log(0, ids...)
	got := s.told()
	got.ledger(map[string]float64{"generated": 8, "acked": 8, "delivered": 8})
	// 8 records wait from the first look after 1.1 s until 3 s + 6 ms, 2 until 8 s + 2 ms.
	lag, age, committed := got.seen("lag.records{group=g}").Distribution, got.seen("lag.time").Distribution, got.seen("lag.committed").Distribution
	if sum := lag.Sum() / float64(ms(50)); sum != 8*38+2*100 {
		t.Errorf("the lag sums up to %v samples of a record, want %d", sum, 8*38+2*100)
	}
	if lag.Max() != 8 || lag.Count() != 221*uint64(ms(50)) {
		t.Errorf("lag up to %d, weight %d", lag.Max(), lag.Count())
	}
	// Just before its poll the seventh record is as old as it gets.
	if want := 8*time.Second - (time.Second + ms(60)); age.Max() != int64(want) {
		t.Errorf("age up to %v, want %v", time.Duration(age.Max()), want)
	}
	if sum := committed.Sum() / float64(ms(50)); sum != 8*77+2*121 {
		t.Errorf("what is not committed sums up to %v", sum)
	}
	// From the peak, first seen at 1.15 s, to none.
	got.want(map[string]float64{"lag.drain{group=g}": 8.05 - 1.15, "lag.drain": 8.05 - 1.15})
	line := got.Series[4]
	if line.Name != "lag.records{group=g}" || line.Values[4] != 8 || line.Values[8] != 2 || line.Values[20] != 0 || !math.IsNaN(line.Values[23]) {
		t.Errorf("series %s: %v", line.Name, line.Values)
	}
	if generated := got.Series[0]; generated.Values[2] != 2 || generated.Values[3] != 14 || generated.Values[4] != 0 {
		t.Errorf("series %s: %v", generated.Name, generated.Values)
	}
	// 6 are processed in the step after 3 s, 2 in that after 8 s.
	if delivered := got.line("records.delivered"); delivered[7] != 12 || delivered[17] != 4 || delivered[8] != 0 {
		t.Errorf("delivered over time: %v", delivered)
	}
}

// TestLagBetweenTwoLooks: a jump of the high watermark that is read before anybody
// asks for it is seen from the reading; what a zombie hands out is not.
func TestLagBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	for next, want := range map[int64]int64{3: 3, 2: 0} {
		s := tell(t, "1", "[]")
		s.o.Watermarks = nil
		p, m := s.producer(0), s.member(1, 0)
		var ids []journal.ID
		for i := range 3 {
			id := p.send(time.Second + ms(i))
			p.ack(time.Second+ms(5), id, 0, int64(i))
			ids = append(ids, id)
		}
		m.add(1990*time.Millisecond, journal.Entry{Kind: journal.Polled, Partition: 0, Count: 3})
		for i, id := range ids {
			m.add(2060*time.Millisecond, journal.Entry{Kind: journal.Processed, Partition: 0, Offset: int64(i), ID: id})
		}
		for at := time.Duration(0); at < 11*time.Second; at += ms(300) {
			hw := int64(0)
			if at > 2*time.Second {
				hw = next
			}
			s.heard(at, 0, 1, hw)
			s.heard(at+ms(1), 0, 3, 9) // not the leader
			s.heard(at, 1, 2, 0)
		}
		p.end()
		m.end()
		s.log(0, ids...)
		if lag := s.told().seen("lag.records{group=g}").Distribution; lag.Max() != want {
			t.Errorf("the lag was up to %d, want %d", lag.Max(), want)
		}
	}
}

// TestLagOfTruncatedRecords: what waited at offset 0 was another record than the one
// that stands there in the end.
func TestLagOfTruncatedRecords(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.o.Watermarks = nil
	p, m := s.producer(0), s.member(1, 0)
	lost := p.send(time.Second)
	p.ack(time.Second+ms(2), lost, 0, 0)
	kept := p.send(4 * time.Second)
	p.ack(4*time.Second+ms(2), kept, 0, 0)
	for at := time.Duration(0); at < 11*time.Second; at += ms(50) {
		hw := int64(0)
		if at > time.Second && at < 3*time.Second || at > 4*time.Second {
			hw = 1
		}
		s.heard(at, 0, 1, hw)
		s.heard(at, 1, 2, 0)
	}
	p.end()
	m.end()
	s.log(0, kept)
	got := s.told()
	got.ledger(map[string]float64{"generated": 2, "acked": 2, "lost.acked": 1, "truncated": 1, "in_flight_at_end": 1})
	line := got.Series[5]
	if line.Name != "lag.time{group=g}" || line.Values[5] != 1.5 || line.Values[7] != 0 || line.Values[10] != 1 {
		t.Errorf("series %s: %v", line.Name, line.Values)
	}
	if len(got.Warnings) != 0 {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

// TestLagOfOneMoment: a member that reads what it is given at once is behind by what
// is on its way to it, and not by less because the high watermark is asked for more
// rarely than the member reads.
func TestLagOfOneMoment(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.o.Watermarks = nil
	p, m := s.producer(0), s.member(1, 0)
	var ids []journal.ID
	for i := range 800 { // one each 10 ms, acknowledged and visible 2 ms later, read after 8 ms
		at := time.Second + ms(10*i)
		id := p.send(at)
		p.ack(at+ms(2), id, 0, int64(i))
		m.read(at+ms(7), 0, int64(i), 1, id)
		ids = append(ids, id)
	}
	for at := time.Duration(0); at < 11*time.Second; at += ms(39) { // at every phase of the 10 ms
		visible := int64(0)
		if at >= time.Second+ms(2) {
			visible = min(800, int64((at-time.Second-ms(2))/ms(10))+1)
		}
		s.heard(at, 0, 1, visible)
		s.heard(at, 1, 2, 0)
	}
	p.end()
	m.end()
	s.log(0, ids...)
	lag := s.told().seen("lag.records{group=g}").Distribution
	// Visible for 6 of each 10 ms before it is read: 0.6 records while the load lasts,
	// which is 8 of the 11 s. One look in 39 ms gives 205 of them: ± 3 standard errors.
	if got, want, off := lag.Mean(), 0.6*8/11, 3*0.49/math.Sqrt(205)*8/11; math.Abs(got-want) > off {
		t.Errorf("the mean lag is %.3f records, want %.3f ± %.3f", got, want, off)
	}
}
