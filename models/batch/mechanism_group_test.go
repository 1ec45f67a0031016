package batch

import (
	"testing"
	"time"

	"kafkasim/models/host"
	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// members reads the topic of three partitions.
func members(n, protocol, client, config string) string {
	return "  - {group: g, topics: [events], members: " + n + ", protocol: " + protocol +
		", processing: {time: 0.1 ms}, client: " + client + ", config: {" + config + "}}\n"
}

// TestBeatsInPhase: kafka.md J.8. The members of a group get their assignment
// together and start their heartbeat timers then; when one joins, all the others
// hear of it within milliseconds of each other and revoke together, so that an eager
// stop is a few hundred ms (round trips and the joiner's own start) and not up to
// the 3 s of a heartbeat interval. Member 1 leaves by its session's end and joins
// again under load.
func TestBeatsInPhase(t *testing.T) {
	s := act{
		topics:    three,
		duration:  "45 s",
		producers: "  - {name: p, topic: events, rate: 300/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: members("3", "eager", "java", "session.timeout.ms: 6000, heartbeat.interval.ms: 2000, partition.assignment.strategy: range"),
		faults:    "  - {at: 3 s, kind: consumer_crash, target: member 1 of g, duration: 20 s}\n",
	}.set(t)
	for i := range 10 {
		var apart, stop time.Duration
		var first sim.Time
		o := s.watch(i, func(w *world, e *sim.Event) {
			if e.At < at(22*time.Second) {
				return
			}
			g := &w.consumers.groups[0]
			for flat := range g.stoppedAt {
				since := g.stoppedAt[flat]
				if since == sim.Never || since < at(22*time.Second) {
					continue
				}
				if first == 0 {
					first = since
				}
				if since.Sub(first) < 3*time.Second {
					apart = max(apart, since.Sub(first))
				}
				stop = max(stop, e.At.Sub(since))
			}
		})
		if o.value("rebalances") < 2 {
			t.Errorf("%g rebalances", o.value("rebalances"))
		}
		if first == 0 {
			t.Fatal("nobody stopped for the join")
		}
		within(t, "seconds between the first and the last revocation", apart.Seconds(), 0, 0.1)
		within(t, "seconds that partitions stand still for a join", stop.Seconds(), 0.002, 0.7)
	}
}

// TestSessionEndsAfterTheLastActivity: kafka.md J.8. A dead member is found a session
// after its last activity, and an offset commit is one: with a commit each second and
// a heartbeat each 3 s that is usually a commit.
func TestSessionEndsAfterTheLastActivity(t *testing.T) {
	s := act{
		topics:    three,
		duration:  "25 s",
		producers: "  - {name: p, topic: events, rate: 300/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: members("2", "cooperative", "franz-go", "session.timeout.ms: 10000, heartbeat.interval.ms: 3000, auto.commit.interval.ms: 1000"),
		faults:    "  - {at: 5 s, kind: consumer_crash, target: member 1 of g}\n",
	}.set(t)
	commits := 0
	for i := range 10 {
		var last, expired sim.Time
		byCommit := false
		s.observe(i, func(w *world, e *sim.Event) {
			if e.Kind != evProcess || expired > 0 {
				return
			}
			m := &w.messages[e.Arg]
			if (m.kind == msgGroup || m.kind == msgCommit) && w.memberOf(m.from) == 0 {
				last, byCommit = e.At, m.kind == msgCommit
			}
		}, func(w *world, e *sim.Event) {
			if expired == 0 && e.At > at(5*time.Second) && w.consumers.groups[0].machine.State() != kafka.GroupStable {
				expired = e.At
			}
		})
		if byCommit {
			commits++
		}
		within(t, "seconds from the last activity to the end of the session", expired.Sub(last).Seconds(), 9.999, 10.1)
	}
	if commits < 3 {
		t.Errorf("in %d of 10 replications only the last activity was a commit", commits)
	}
}

// TestStuckConsumer: kafka.md H.22, B.3, C.1. A consumer whose application is stuck in
// one poll goes on to send heartbeats. Java leaves the group by itself when
// max.poll.interval.ms is over, and its partitions move; kgo has no such limit, and
// nobody ever takes them. Stuck is a downstream that makes a record take 100 s from
// 5 s on; it stops every member, so that what counts is who leaves.
func TestStuckConsumer(t *testing.T) {
	for _, c := range []struct {
		client, config string
		leaves         bool
	}{
		{"java", "max.poll.interval.ms: 10000, session.timeout.ms: 6000, heartbeat.interval.ms: 2000", true},
		{"franz-go", "session.timeout.ms: 6000, heartbeat.interval.ms: 2000", false},
	} {
		s := act{
			topics:    three,
			duration:  "60 s",
			drain:     "1 s",
			producers: "  - {name: p, topic: events, rate: 300/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
			consumers: members("2", "cooperative", c.client, c.config),
			faults:    "  - {at: 5 s, kind: slow_downstream, target: member 1 of g, factor: 1000000}\n",
		}.set(t)
		var left sim.Time
		s.watch(0, func(w *world, e *sim.Event) {
			if left == 0 && e.At > at(5*time.Second) && w.consumers.groups[0].machine.State() != kafka.GroupStable {
				left = e.At
			}
		})
		if c.leaves {
			within(t, c.client+": seconds until a member leaves", since(left).Seconds(), 14.9, 16.5)
		} else if left != 0 {
			t.Errorf("%s: the group rebalanced at %v", c.client, since(left))
		}
	}
}

// TestGenerationGivenOutTwice: a generation is stored with its assignment only. Member
// 1 is in a poll of 25 s when the answer to its JoinGroup comes, generation 2; then its
// coordinator freezes, and the next one, which has read generation 1, gives generation
// 2 to member 2 alone when member 1's session is over. Member 1 reads the old answer
// and goes by that number with what it has kept, until its member id is refused: two
// consume one partition, but they are not of one generation.
func TestGenerationGivenOutTwice(t *testing.T) {
	s := act{
		cluster: containers + ", config: {broker.session.timeout.ms: 2000, broker.heartbeat.interval.ms: 500}",
		topics: `  - {name: events, partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
`,
		duration:  "90 s",
		drain:     "1 s",
		producers: "  - {name: p, topic: events, rate: 400/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: "  - {group: g, topics: [events], members: 2, protocol: cooperative, processing: {time: 50 ms, distribution: fixed}, client: java, " +
			"config: {session.timeout.ms: 6000, heartbeat.interval.ms: 2000}}\n",
		faults: "  - {at: 1 s, kind: consumer_crash, target: member 2 of g}\n",
	}.set(t)
	twice := 0
	for i := range 10 {
		first, both := int32(-1), false // the coordinator that gives it out first; two members have had it
		var given sim.Time
		s.watch(i, func(w *world, e *sim.Event) {
			g := &w.consumers.groups[0]
			one, two := &w.consumers.members[0], &w.consumers.members[1]
			switch state := g.machine.State(); {
			case first < 0 && state == kafka.GroupCompletingRebalance && g.machine.Generation() == 2:
				first, given = g.coordinator, e.At
			case first >= 0 && g.coordinator == first && !w.processes[first].paused && e.At > given.Add(100*time.Millisecond):
				w.hit(e.At, &scenarios.Fault{Kind: scenarios.BrokerPause}, first)
			case state == kafka.GroupStable && two.down && first >= 0 && g.coordinator != first:
				w.resumeBroker(e.At, first)
				w.startMember(e.At, 1)
			case state == kafka.GroupStable && one.machine.Generation() == 2 && two.machine.Generation() == 2 && one.slot[0] >= 0 && two.slot[0] >= 0:
				both = true
				if g.machine.Has(one.machine.Key()) {
					t.Fatal("member 1 belongs to a generation that it has not joined")
				}
			}
		})
		if both {
			twice++
		}
	}
	if twice < 5 { // the others' polls end before the session
		t.Errorf("in %d of 10 replications only is generation 2 given out twice", twice)
	}
}

// TestFluidLag: kafka.md J.15. A consumer of fixed rate µ under a load of λ > µ for t
// lags by (λ − µ)·t at most, and needs peak/(µ − λ') under the load λ' that follows
// to come back. µ is one record's processing and the client's own work for it, a poll
// of ten at a time. Both
// hold within 2 %, and 50 ms of sampling for the times; λ is even.
func TestFluidLag(t *testing.T) {
	const high, low, burst = 400.0, 50.0, 20.0
	cost := host.CostOf(scenarios.FranzGo)
	service := 5*time.Millisecond + cost.Consume + cost.Fetch/10
	mu := 1 / service.Seconds()
	s := act{
		duration:  "60 s",
		producers: "  - {name: p, topic: events, rate: {shape: steps, steps: [{at: 0 s, rate: 50/s}, {at: 5 s, rate: 400/s}, {at: 25 s, rate: 50/s}]}, arrivals: even, record_size: 100 B, client: java, config: {acks: 1}}\n",
		consumers: "  - {group: g, topics: [events], members: 1, protocol: cooperative, processing: {time: 5 ms, distribution: fixed}, client: franz-go, config: {max.poll.records: 10}}\n",
	}.set(t)
	peak, drained := int64(0), time.Duration(0)
	o := s.watch(0, func(w *world, e *sim.Event) {
		if e.Kind != evTick {
			return
		}
		lag, _ := w.lagNow(e.At, 0)
		if peak = max(peak, lag); lag > 20 {
			drained = since(e.At)
		}
	})
	want := (high - mu) * burst
	within(t, "peak of the lag", float64(peak), 0.98*want, 1.02*want)
	took := drained - 25*time.Second
	within(t, "seconds to drain", took.Seconds(), 0.98*want/(mu-low)-0.2, 1.02*want/(mu-low)+0.2)
	if lost := o.value("records.lost.acked"); lost != 0 {
		t.Errorf("%g records are lost", lost)
	}
}
