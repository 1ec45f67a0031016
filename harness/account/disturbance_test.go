package account_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/history"
	"kafkasim/harness/journal"
)

func TestDisturbances(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(s *story){
		"": func(*story) {},
		"repetition 1 was disturbed: the load generator of producer p was late by up to 250ms": func(s *story) {
			p := s.producer(0)
			s.o.Offered[0][0] = []time.Duration{ms(5)}
			p.add(ms(300), journal.Entry{Kind: journal.Sent, Intended: zero().Add(ms(5)).UnixNano(), Late: int64(ms(250))})
			p.end()
		},
		"repetition 1 was disturbed: producer p was not there": func(s *story) {
			p := s.producer(0)
			s.o.Offered[0][0] = []time.Duration{ms(5)}
			p.send(ms(10))
			p.end()
		},
		"repetition 1 was disturbed: member 1 of group g died unasked at -3s": func(s *story) { s.member(1, 0) },
		"repetition 1 was disturbed: the wall clock jumped by -30ms": func(s *story) {
			for i := range s.o.Clocks[100:] {
				s.o.Clocks[100+i].Wall = s.o.Clocks[100+i].Wall.Add(-ms(30))
			}
		},
		"repetition 1 was disturbed: the machine stood still for 1.24s": func(s *story) {
			s.o.Clocks = append(s.o.Clocks[:100], s.o.Clocks[130:]...)
		},
		"repetition 1 was disturbed: no high watermark of events-0 was heard for 1.24s from 2.96s on": func(s *story) { s.deafen(3*time.Second, ms(4200)) },
		"repetition 1 was disturbed: nobody asked for high watermarks":                                func(s *story) { s.o.Watermarks = nil },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := tell(t, "1", "[]")
			spoil(s)
			got := s.told()
			if want == "" && len(got.Warnings) > 0 || want != "" && (len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], want)) {
				t.Errorf("warnings %q, want %q", got.Warnings, want)
			}
		})
	}
}

// deafen takes the high watermarks of a stretch of time away.
func (s *story) deafen(from, to time.Duration) {
	kept := s.o.Watermarks[:0]
	for _, w := range s.o.Watermarks {
		if at := w.At.Sub(zero()); at < from || at >= to {
			kept = append(kept, w)
		}
	}
	s.o.Watermarks = kept
}

// TestASilentLeaderIsNoDisturbance: while it is down, and until its successor has
// named a high watermark, nobody can.
func TestASilentLeaderIsNoDisturbance(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[{at: 3 s, kind: broker_crash, target: broker 1}, {at: 3 s, kind: broker_crash, target: broker 2}]")
	s.fault(3*time.Second, 0, 1)
	s.fault(3*time.Second, 0, 2)
	for p := range 2 {
		s.register(5*time.Second, 0, p, history.Registration{Leader: 3, LeaderEpoch: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{3}})
	}
	s.deafen(3*time.Second, 20*time.Second)
	for at := 7 * time.Second; at < 11*time.Second; at += ms(40) {
		s.heard(at, 0, 3, 0)
		s.heard(at, 1, 3, 0)
	}
	if got := s.told(); len(got.Warnings) > 0 {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := tell(t, "1", "[]")
	s.o.Spec.Warmup = 2 * time.Second
	cores := int64(s.o.Spec.Clusters[0].Brokers[0].Hardware.Cores)
	sample := func(at time.Duration, node int, n int64) {
		s.o.Usage = append(s.o.Usage, account.UsageSample{
			At: zero().Add(at), Node: node, ClientIn: 1000 * n, InternalIn: 500 * n, ClientOut: 10 * n, InternalOut: n,
			DiskWritten: 7 * n, CPU: time.Duration(n*cores) * 100 * time.Millisecond,
		})
	}
	for n := int64(-1); n <= 11; n++ {
		sample(time.Duration(n)*time.Second, 1, n)
		if n < 4 || n > 8 { // down from 3 s to 9 s; its container's counters begin again
			k := n
			if n > 8 {
				k = n - 9
			}
			sample(time.Duration(n)*time.Second, 2, k)
		}
		sample(time.Duration(n)*time.Second, 101, 100*n)
	}
	got := s.told()
	in := got.seen("network.in{broker=1}").Distribution
	if in.Count() != 9 || in.Min() != 1500 || in.Max() != 1500 { // seconds 2 to 10
		t.Errorf("network.in of broker 1: %d of %d to %d", in.Count(), in.Min(), in.Max())
	}
	if out := got.seen("network.out{broker=1}").Distribution; out.Max() != 11 {
		t.Errorf("network.out up to %d", out.Max())
	}
	if disk := got.seen("disk.write").Distribution; disk.Max() != 7 || disk.Min() != 0 || disk.Count() != 18 {
		t.Errorf("disk.write: %d of %d to %d", disk.Count(), disk.Min(), disk.Max())
	}
	got.want(map[string]float64{
		"broker.utilization": 0.1, "broker.utilization{resource=cpu}": 0.1, "broker.utilization{broker=1}": 0.1,
		// 3 s of work, none while it is down, and 2 s more.
		"broker.utilization{broker=2}": 0.1 * 5 / 11,
	})
	// Over time: nothing at the first point, and nothing while a broker is away.
	one, two := got.line("network.in{broker=1}"), got.line("network.in{broker=2}")
	for at := range 23 {
		away := at == 0 || at > 6 && at <= 18
		if !math.IsNaN(one[at]) != (at > 0) || at > 0 && one[at] != 1500 || math.IsNaN(two[at]) != away {
			t.Errorf("at point %d broker 1 receives %v, broker 2 %v", at, one[at], two[at])
		}
	}
	if out := got.line("network.out{broker=1}"); out[4] != 11 {
		t.Errorf("network.out over time: %v", out)
	}
	if disk := got.line("disk.write{broker=1}"); disk[4] != 7 {
		t.Errorf("disk.write over time: %v", disk)
	}
	if o := got.seen("broker.utilization{broker=3}"); o.Observed {
		t.Errorf("broker 3: %v", o.Value)
	}
	if o := got.seen("broker.utilization{resource=disk}"); o.Observed {
		t.Errorf("disk: %v", o.Value)
	}
}
