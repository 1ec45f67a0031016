package account_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/journal"
)

func TestARecordThatIsReadIsDelivered(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	p, m := s.producer(0), s.member(1, 0)
	a := p.send(ms(100))
	p.ack(ms(105), a, 0, 0)
	m.read(ms(110), 0, 0, 1, a)
	p.end()
	m.end()
	s.log(0, a)
	got := s.told()
	got.ledger(map[string]float64{"generated": 1, "acked": 1, "delivered": 1})
	if d := got.seen("produce.latency").Distribution; d.Count() != 1 || d.Max() != int64(ms(5)) {
		t.Errorf("produce.latency: %d of up to %d ns", d.Count(), d.Max())
	}
	if d := got.seen("delivery.latency{group=g}").Distribution; d.Max() != int64(ms(11)) {
		t.Errorf("delivery.latency up to %d ns", d.Max())
	}
	got.want(map[string]float64{"loss.bound.acked": math.NaN(), "lag.drain": math.NaN(), "rebalances": 0})
	if len(got.Warnings) > 0 {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

func TestAcknowledgedRecordsThatTheLogLost(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	p, m := s.producer(0), s.member(1, 0)
	lost, read, kept := p.send(ms(100)), p.send(ms(200)), p.send(ms(300))
	p.ack(ms(105), lost, 0, 1)
	p.ack(ms(205), read, 0, 2)
	p.ack(ms(305), kept, 0, 1)
	m.read(ms(210), 0, 2, 1, read) // before it was cut
	m.read(ms(310), 0, 1, 1, kept)
	p.end()
	m.end()
	s.o.LogStart[account.Partition{}] = 1
	s.log(0, kept)
	got := s.told()
	got.ledger(map[string]float64{"generated": 3, "acked": 3, "delivered": 2, "lost.acked": 1, "truncated": 2})
	got.want(map[string]float64{"records.lost.acked{producer=p}": 1, "records.lost.acked{topic=events}": 1})
}

func TestWhatTheProducerGaveUp(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	p := s.producer(0)
	gone, phantom, full, open := p.send(ms(100)), p.send(ms(200)), p.send(ms(300)), p.send(ms(400))
	p.fail(ms(900), gone, 0, journal.CodeTimedOut)
	p.fail(ms(900), phantom, 0, journal.CodeTimedOut)
	p.fail(ms(900), full, -1, journal.CodeBufferFull)
	p.end()
	p.fail(13*time.Second, open, 1, journal.CodeClosed)
	s.log(0, phantom)
	got := s.told()
	got.ledger(map[string]float64{
		"generated": 4, "lost.expired": 1, "lost.buffer": 1, "phantom": 1, "in_flight_at_end": 2,
	})
	// The open one waits from 400 ms to the end of the run.
	got.want(map[string]float64{"produce.stall{topic=events}": 10.6})
}

func TestAcksNone(t *testing.T) {
	t.Parallel()
	s := tell(t, "0", "[]")
	p := s.producer(0)
	a, b := p.send(ms(100)), p.send(ms(200))
	p.ack(ms(100), a, 0, -1)
	p.ack(ms(200), b, 0, -1)
	p.end()
	s.log(0, b)
	s.told().ledger(map[string]float64{"generated": 2, "acked": 2, "lost.unconfirmed": 1, "in_flight_at_end": 1})
}

func TestAProducerThatIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[{at: 2 s, kind: producer_crash, target: producer p, duration: 3 s}]")
	s.o.Faults = []account.Applied{{At: zero().Add(2 * time.Second), Healed: zero().Add(5 * time.Second)}}
	p := s.producer(0)
	inMemory, written := p.send(ms(1998)), p.send(ms(1999))
	s.o.Offered[0][0] = append(s.o.Offered[0][0], ms(3000), ms(4000)) // nobody is there
	p = s.producer(1)
	after := p.send(ms(6000))
	p.ack(ms(6004), after, 0, 1)
	s.o.Offered[0][0] = append(s.o.Offered[0][0], ms(9000)) // waits outside
	p.add(12*time.Second, journal.Entry{Kind: journal.Leaving})
	p.add(12*time.Second, journal.Entry{Kind: journal.Ended, ID: journal.ID{Sequence: 5}, Count: 1})
	s.log(0, written, after)
	got := s.told()
	got.ledger(map[string]float64{"generated": 6, "acked": 1, "lost.client_crash": 3, "in_flight_at_end": 3})
	if inMemory.Sequence != 0 || len(got.Warnings) > 0 {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

func TestAProducerThatDiesUnasked(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.producer(0).send(ms(500))
	s.o.Offered[0][0] = append(s.o.Offered[0][0], ms(9000))
	got := s.told()
	got.ledger(map[string]float64{"generated": 2, "lost.client_crash": 2})
	if len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], "repetition 1 was disturbed: producer p died unasked at 500ms") {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	p, m := s.producer(0), s.member(1, 0)
	read, unread, kept := p.send(ms(100)), p.send(ms(200)), p.send(ms(300))
	for i, id := range []journal.ID{read, unread, kept} {
		p.ack(ms(400+i), id, 0, int64(i))
	}
	m.read(ms(500), 0, 0, 1, read)
	p.end()
	m.end()
	s.o.LogStart[account.Partition{}] = 2
	s.log(0, kept)
	s.told().ledger(map[string]float64{
		"generated": 3, "acked": 3, "delivered": 1, "lost.retention": 1, "in_flight_at_end": 1,
	})
}

func TestCommittedBeforeProcessingAndKilled(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[{at: 2 s, kind: consumer_crash, target: member 1 of g}]")
	s.o.Faults = []account.Applied{{At: zero().Add(2 * time.Second)}}
	p, m, heir := s.producer(0), s.member(1, 0), s.member(2, 1)
	ids := make([]journal.ID, 0, 6)
	for i := range 6 {
		id := p.send(ms(100 + i))
		p.ack(ms(110+i), id, 0, int64(i))
		ids = append(ids, id)
	}
	m.add(ms(1990), journal.Entry{Kind: journal.Committed, Partition: 0, Offset: 4, Generation: 1})
	m.read(ms(1990), 0, 0, 2, ids[:4]...)
	heir.add(ms(7000), journal.Entry{Kind: journal.Assigned, Partition: 0, Generation: 3}) // in 2 there was nobody
	heir.read(ms(7010), 0, 4, 1, ids[4:]...)
	p.end()
	heir.end()
	s.log(0, ids...)
	got := s.told()
	got.ledger(map[string]float64{"generated": 6, "acked": 6, "delivered": 3, "lost.skipped": 2, "in_flight_at_end": 1})
	got.want(map[string]float64{"rebalances": 1, "rebalance.pause{group=g}": 5.01})
	// 41 samples of two members, then one, at 50 ms each.
	if d := got.seen("consumers.members{group=g}").Distribution; d.Max() != 2 || d.Min() != 1 || d.Count() != 221*uint64(ms(50)) {
		t.Errorf("members from %d to %d, weight %d", d.Min(), d.Max(), d.Count())
	}
}

func TestDuplicatesAndDisorder(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	p, m, other := s.producer(0), s.member(1, 0), s.member(2, 1)
	a, b, c := p.send(ms(100)), p.send(ms(101)), p.send(ms(102))
	for i, id := range []journal.ID{a, b, c} {
		p.ack(ms(110+i), id, 0, 0)
	}
	m.read(ms(200), 0, 0, 4, b, a, b, c) // b was written again, and a behind it
	m.add(ms(300), journal.Entry{Kind: journal.Revoked, Partition: 0, Generation: 1})
	other.add(ms(400), journal.Entry{Kind: journal.Assigned, Partition: 0, Generation: 2})
	other.read(ms(500), 0, 3, 1, c)
	for _, l := range []life{p, m, other} {
		l.end()
	}
	s.log(0, b, a, b, c)
	s.told().ledger(map[string]float64{
		"generated": 3, "acked": 3, "delivered": 3, "duplicated.produced": 1, "duplicated.consumed": 2, "out_of_order": 1,
	})
}

func TestWhatHappensAfterTheEndDoesNotCount(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	p, m := s.producer(0), s.member(1, 0)
	a, b := p.send(ms(9990)), p.send(ms(9991))
	p.ack(ms(9995), a, 0, 0)
	p.ack(11*time.Second+ms(1), b, 0, 1)
	m.read(11*time.Second+ms(1), 0, 0, 2, a, b)
	m.add(12*time.Second, journal.Entry{Kind: journal.Revoked, Partition: 0, Generation: 9})
	p.end()
	m.end()
	s.log(0, a, b)
	got := s.told()
	got.ledger(map[string]float64{"generated": 2, "acked": 1, "in_flight_at_end": 2})
	got.want(map[string]float64{"rebalances": 0})
}

// TestTheRunIsOverWhenAllIsRead: at the next tick, as a simulated one, and not when
// somebody has found it out.
func TestTheRunIsOverWhenAllIsRead(t *testing.T) {
	t.Parallel()
	s := tell(t, "all", "[]")
	s.o.LogEnd = map[account.Partition]int64{}
	p, m := s.producer(0), s.member(1, 0)
	a := p.send(ms(9990))
	p.ack(ms(10_020), a, 0, 0)
	m.read(ms(10_110), 0, 0, 1, a)
	m.add(ms(10_300), journal.Entry{Kind: journal.Revoked, Partition: 0, Generation: 1})
	m.add(ms(10_400), journal.Entry{Kind: journal.Assigned, Partition: 0, Generation: 2})
	p.end()
	m.end()
	s.log(0, a)
	got := s.told()
	got.ledger(map[string]float64{"generated": 1, "acked": 1, "delivered": 1})
	got.want(map[string]float64{"consumers.time": 2 * (10.15 + 0.05), "rebalances": 0})
	if line := got.Series[2]; math.IsNaN(line.Values[20]) || !math.IsNaN(line.Values[21]) {
		t.Errorf("series %s: %v", line.Name, line.Values)
	}
}

func TestContradictionsAreErrors(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(s *story){
		"a record that nobody has sent": func(s *story) { s.log(0, journal.ID{Sequence: 7}) },
		"two records at offset 0": func(s *story) {
			p := s.producer(0)
			a := p.send(ms(1))
			p.end()
			s.log(0, a)
			s.log(0, a)
		},
		"ended twice": func(s *story) {
			p := s.producer(0)
			a := p.send(ms(1))
			p.ack(ms(2), a, 0, 0)
			p.ack(ms(3), a, 0, 0)
		},
		"sent record 2 after record 0": func(s *story) {
			p := s.producer(0)
			p.send(ms(1))
			s.o.Offered[0][0] = append(s.o.Offered[0][0], ms(2))
			p.send(ms(3))
		},
		"never sent":            func(s *story) { s.producer(0).ack(ms(3), journal.ID{}, 0, 0) },
		"which the scenario":    func(s *story) { s.producer(0).send(ms(1)); s.o.Offered[0][0] = nil },
		"due at 1ms":            func(s *story) { s.producer(0).send(ms(1)); s.o.Offered[0][0][0] = ms(2) },
		"no journal":            func(s *story) { s.o.Spec.Groups[0].Members = 3; s.member(1); s.member(2); s.member(4) },
		"without having polled": func(s *story) { s.member(1, 0).add(ms(5), journal.Entry{Kind: journal.Processed}) },
		"is missing":            func(s *story) { s.quiet(); s.o.Offered = nil },
		"before its time 0":     func(s *story) { s.o.End = zero() },
		"fault 3 is none":       func(s *story) { s.o.Faults = []account.Applied{{Index: 3}} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := tell(t, "all", "[]")
			change(s)
			s.quiet()
			if _, err := account.Account(s.o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want an error with %q, got %v", want, err)
			}
		})
	}
}
