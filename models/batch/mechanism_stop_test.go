package batch

import (
	"fmt"
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// closes plays a group of three members of which the first closes at 5 s.
func closes(t *testing.T, protocol, client, config, commit, back string) *stage {
	t.Helper()
	return act{
		topics:    three,
		duration:  "30 s",
		producers: "  - {name: p, topic: events, rate: 600/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: "  - {group: g, topics: [events], members: 3, protocol: " + protocol + ", commit: " + commit +
			", processing: {time: 0.5 ms}, client: " + client + ", config: {" + config + "}}\n",
		faults: "  - {at: 5 s, kind: consumer_stop, target: member 1 of g" + back + "}\n",
	}.set(t)
}

// TestStopRebalancesAtOnce: a member that is closed says so (LeaveGroup), and the
// coordinator begins to rebalance then, 45 s before a session would have ended. Its
// partitions wait for the next heartbeat of the others (3 s at most, in phase) and the
// join. It has committed what it processed, so its heirs read nothing twice and skip
// nothing, however it commits otherwise. (The others of an eager group give up what
// they have too, and kgo's does so while the application works: what they have in hand
// is read twice, kafka.md C.3. Java's gives up between two polls.)
func TestStopRebalancesAtOnce(t *testing.T) {
	for _, c := range []struct {
		protocol, client, commit string
		inHand                   float64
	}{
		{"eager", "java", "after_processing", 0},
		{"cooperative", "java", "before_processing", 0},
		{"eager", "franz-go", "after_each_poll", 20},
		{"cooperative", "franz-go", "after_each_poll", 0},
		{"cooperative", "franz-go", "after_processing", 0},
		{"cooperative", "franz-go", "before_processing", 0},
	} {
		s := closes(t, c.protocol, c.client, "session.timeout.ms: 45000", c.commit, "")
		for i := range 5 {
			var gone, left sim.Time
			o := s.watch(i, func(w *world, e *sim.Event) {
				if gone == 0 && e.At > at(5*time.Second) && w.consumers.groups[0].machine.State() != kafka.GroupStable {
					gone = e.At
				}
				if left == 0 && e.At > at(5*time.Second) && w.consumers.members[0].down {
					left = e.At
				}
			})
			name := fmt.Sprintf("%s %s %s: ", c.protocol, c.client, c.commit)
			// The poll in hand has some records of 0.5 ms, then a commit and a round trip.
			within(t, name+"seconds until the coordinator rebalances", since(gone).Seconds(), 5, 5.1)
			within(t, name+"seconds until the process ends", since(left).Seconds(), 5, 5.1)
			within(t, name+"rebalance.pause", o.value("rebalance.pause"), 0, 4)
			within(t, name+"rebalances", o.value("rebalances"), 1, 2)
			within(t, name+"records read twice", o.value("records.duplicated.consumed"), 0, c.inHand)
			if n := o.value("records.lost.skipped") + o.value("records.in_flight_at_end"); n != 0 {
				t.Errorf("%sreplication %d: %g records are not processed", name, i, n)
			}
		}
	}
}

// TestStopOfStaticMember: a member with a group.instance.id does not leave the group
// when it is closed (KIP-345). Away for less than its session it finds its place and
// nobody rebalances; its partitions wait for it.
func TestStopOfStaticMember(t *testing.T) {
	for _, client := range []string{"java", "franz-go"} {
		s := closes(t, "cooperative", client, "session.timeout.ms: 45000, group.instance.id: fixed", "after_processing", ", duration: 15 s")
		o := s.run(0)
		if n := o.value("rebalances"); n != 0 {
			t.Errorf("%s: %g rebalances", client, n)
		}
		within(t, client+": rebalance.pause", o.value("rebalance.pause"), 15, 16)
		if n := o.value("records.duplicated.consumed"); n != 0 {
			t.Errorf("%s: %g records are read twice", client, n)
		}
	}
}

// TestStopInTheMiddle: a member that is told to stop while its application is at work
// finishes what it has polled first, and one whose coordinator is dead gives up its
// good-bye; if the fault is over by then it starts again all the same.
func TestStopInTheMiddle(t *testing.T) {
	s := act{
		topics:    three,
		duration:  "60 s",
		producers: "  - {name: p, topic: events, rate: 300/s, keys: {count: 100}, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: "  - {group: g, topics: [events], members: 1, protocol: cooperative, processing: {time: 3 ms}, client: franz-go, config: {max.poll.records: 1000}}\n",
		faults: `  - {at: 5 s, kind: slow_downstream, target: member 1 of g, factor: 10, duration: 3 s}
  - {at: 8 s, kind: consumer_stop, target: member 1 of g, duration: 100 ms}
`,
	}.set(t)
	for i := range 5 {
		ended, began := sim.Time(0), sim.Time(0)
		o := s.watch(i, func(w *world, e *sim.Event) {
			m := &w.consumers.members[0]
			switch {
			case e.At < at(8*time.Second):
			case ended == 0 && m.down:
				ended = e.At
			case ended > 0 && began == 0 && !m.down:
				began = e.At
			}
		})
		if since(ended) < 8100*time.Millisecond {
			t.Errorf("replication %d: it ended at %v, with hundreds of records in hand", i, since(ended))
		}
		if began != ended {
			t.Errorf("replication %d: it ended at %v and began at %v", i, since(ended), since(began))
		}
		if n := o.value("records.duplicated.consumed") + o.value("records.lost.skipped") + o.value("records.in_flight_at_end"); n != 0 {
			t.Errorf("replication %d: %g records were read twice, skipped, or not at all", i, n)
		}
	}
}

// TestStopTwice: what is closing already cannot be stopped again.
func TestStopTwice(t *testing.T) {
	s := act{
		topics:    three,
		duration:  "20 s",
		producers: "  - {name: p, topic: events, rate: 300/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: members("2", "cooperative", "java", ""),
		faults: `  - {at: 5 s, kind: consumer_stop, target: member 1 of g}
  - {at: 6 s, kind: consumer_stop, target: member 1 of g, duration: 1 s}
`,
	}.set(t)
	o := s.run(0)
	if len(o.rep.Warnings) != 1 {
		t.Errorf("warnings: %q", o.rep.Warnings)
	}
}

// TestGenerationIsStoredAtOnce: a generation's record wakes the followers of the
// offsets topic as any other append does (kafka.md A.2), without traffic too: it is
// committed after some round trips and not when their fetches time out, which would
// also give all groups' heartbeats the phase of those.
func TestGenerationIsStoredAtOnce(t *testing.T) {
	s := act{
		topics:    three,
		duration:  "5 s",
		producers: "  - {name: p, topic: events, rate: 1/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		consumers: members("2", "eager", "franz-go", ""),
	}.set(t)
	for i := range 5 {
		var complete, stable sim.Time
		s.watch(i, func(w *world, e *sim.Event) {
			switch w.consumers.groups[0].machine.State() { //nolint:exhaustive // the others come before
			case kafka.GroupCompletingRebalance:
				complete = e.At
			case kafka.GroupStable:
				if stable == 0 {
					stable = e.At
				}
			}
		})
		within(t, "seconds from the assignment to the stable group", stable.Sub(complete).Seconds(), 0, 0.02)
	}
}
