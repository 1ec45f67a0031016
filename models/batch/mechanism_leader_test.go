package batch

import (
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// TestLaggingFirstReplicaDecides: kafka.md J.1 and H.6. Broker 2 stands first in
// the assignment after the leader and is frozen for 2.9 s when the leader dies;
// broker 3 has everything. Broker 2 is in the ISR and unfenced, so it is elected,
// and all that was acknowledged since it froze is lost: rate × 2.9 s, to 1 % for
// what was on the way at both ends (a few ms of 2.9 s).
func TestLaggingFirstReplicaDecides(t *testing.T) {
	const rate, lag = 1000.0, 2.9
	a := act{
		duration:  "6 s",
		producers: "  - {name: p, topic: events, rate: 1000/s, arrivals: even, record_size: 100 B, client: java, config: {acks: 1}}\n",
		faults: "  - {at: 4900 ms, kind: broker_crash, target: broker 1}\n" +
			"  - {at: 2 s, kind: broker_pause, target: broker 2, duration: 3 s}\n",
	}
	for _, lost := range crashes(t, a, 10, 0, false) {
		within(t, "acknowledged records lost", lost, 0.99*rate*lag, 1.01*rate*lag)
	}
}

// stopped plays an act and returns how long after the fault the process of broker
// 1 was gone.
func stopped(s *stage, n int, fault time.Duration) (outcome, time.Duration) {
	gone := time.Duration(0)
	o := s.watch(n, func(w *world, e *sim.Event) {
		if gone == 0 && e.At >= at(fault) && !w.processes[0].up {
			gone = since(e.At) - fault
		}
	})
	return o, gone
}

// TestControlledShutdownLosesMoreThanAKill: kafka.md J.2. Every broker applies the
// record of the move at its own time; when the new leader stops fetching before
// the old one stops accepting, what comes in between at acks=1 is cut. The window
// is the skew of two draws of the metadata's application, tens of milliseconds. In
// the mean of 60 replications a stop must lose more than a kill, and no more than
// rate × 300 ms (the sum of both 99.99 % application times). The exit is granted
// at the broker's own third heartbeat, 2.08 s after the signal, if the others have
// beaten meanwhile, or else 2 s later; the process needs 50 ms more.
func TestControlledShutdownLosesMoreThanAKill(t *testing.T) {
	const rate, n = 2000.0, 60
	a := act{
		duration:  "8 s",
		producers: "  - {name: p, topic: events, instances: 2, rate: {shape: steps, steps: [{at: 0 s, rate: 2000/s}, {at: 2500 ms, rate: 10/s}]}, record_size: 100 B, client: java, config: {acks: 1, linger.ms: 2}}\n",
		faults:    "  - {at: 2 s, kind: broker_crash, target: broker 1}\n",
	}
	killed := crashes(t, a, n, 0, false)
	a.faults = "  - {at: 2 s, kind: broker_stop, target: broker 1}\n"
	s := a.set(t)
	var ordered []float64
	prompt := 0
	for i := range n {
		o, gone := stopped(s, i, 2*time.Second)
		lost := o.value("records.lost.acked")
		ordered = append(ordered, lost)
		within(t, "records lost by a controlled shutdown", lost, 0, rate*0.3)
		within(t, "seconds from the signal to the exit", gone.Seconds(), 0.05, 4.5)
		if gone > 2*time.Second && gone < 2300*time.Millisecond {
			prompt++
		}
	}
	if average(ordered) <= average(killed) {
		t.Errorf("a controlled shutdown loses %.1f records in the mean, a kill %.1f", average(ordered), average(killed))
	}
	within(t, "share of stops with a loss", share(ordered), 0.25, 1)
	within(t, "share of exits about 2.15 s after the signal", float64(prompt)/n, 0.75, 1)
}

// TestSecondOfBackoffAfterAnElection: kafka.md J.3 and A.2. When the other follower
// applies the record of an election before the new leader has, its fetch finds
// UNKNOWN_LEADER_EPOCH and its partition sleeps 1 s, and so does every commit at
// acks=all. Both application times are drawn from one law, so that it happens in
// about half of the failovers of a lone partition: 0.5 less the cases in which the
// request's own way (0.2 ms) makes up for the difference; 120 failovers, ± 0.15 is
// 3.3 standard errors.
func TestSecondOfBackoffAfterAnElection(t *testing.T) {
	s := act{
		duration:  "16 s",
		producers: "  - {name: p, topic: events, rate: 200/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		faults:    "  - {at: 2 s, kind: broker_crash, target: broker 1}\n",
	}.set(t)
	const n = 120
	slept := 0.0
	for i := range n {
		var ledAt, appended, committed sim.Time
		asleep := false
		o := s.watch(i, func(w *world, e *sim.Event) {
			r := replicaAt(w, 0, 2)
			switch {
			case e.At < at(2*time.Second) || committed > 0:
			case ledAt == 0:
				if r.role == roleLeader {
					ledAt = e.At
				}
			case appended == 0 && r.log.end > r.leader.EpochStart:
				appended = e.At
			case appended > 0 && r.leader.HW > r.leader.EpochStart:
				committed = e.At
			}
			if other := replicaAt(w, 0, 3); other.delayed && other.epoch == 1 {
				asleep = true
			}
		})
		if lost := o.value("records.lost.acked"); lost != 0 {
			t.Fatalf("%g records acknowledged with acks=all are lost", lost)
		}
		wait := committed.Sub(max(ledAt, appended)).Seconds()
		if asleep {
			slept++
			// What is left of the second when the first record comes.
			within(t, "wait of the first commit with a sleeping follower", committed.Sub(ledAt).Seconds(), 0.8, 2.1)
		} else {
			within(t, "wait of the first commit", wait, 0, 0.55)
		}
	}
	within(t, "share of failovers with a second of back-off", slept/n, 0.35, 0.65)
}

// TestTruncationAfterABackoffBacksOffAgain: a follower that asked the new leader too
// early sleeps 1 s; where its next fetch finds that it has more than that leader, it
// truncates, and its new state takes over the delay of the old one, from now on
// (AbstractFetcherThread, updateFetchOffsetAndMaybeMarkTruncationComplete;
// PartitionFetchState). One that truncates without having slept goes on at once. The
// new leader stands in another rack, 20 ms away, so that it has less than the follower.
func TestTruncationAfterABackoffBacksOffAgain(t *testing.T) {
	s := act{
		duration: "12 s",
		cluster: `kafka: "4.3", brokers: [{rack: near}, {rack: far}, {rack: near}], controllers: 1,
  hardware: {profile: container, rtt_cross_rack: 40 ms, rtt_cross_rack_p99: 50 ms, metadata_apply: 50 ms, metadata_apply_p99: 200 ms}`,
		producers: "  - {name: p, topic: events, rate: 500/s, record_size: 100 B, client: java, config: {acks: '1', linger.ms: 0}}\n",
		faults:    "  - {at: 2 s, kind: broker_crash, target: broker 1}\n",
	}.set(t)
	again, atOnce := 0, 0
	for i := range 60 {
		var truncated, fetches sim.Time
		asleep, slept := false, false
		end := kafka.Offset(0)
		s.watch(i, func(w *world, e *sim.Event) {
			r := replicaAt(w, 0, 3)
			switch {
			case e.At < at(2*time.Second) || r.role != roleFollower || r.epoch == 0:
			case r.log.end < end && truncated == 0:
				truncated, slept = e.At, asleep
			case truncated > 0 && fetches == 0 && !r.held() && !r.ask:
				fetches = e.At // it is named in a request
			}
			asleep = asleep || r.delayed && r.epoch == 1
			end = r.log.end
		})
		if truncated == 0 || fetches == 0 {
			continue
		}
		if wait := fetches.Sub(truncated).Seconds(); slept {
			again++
			within(t, "from a truncation after a back-off to the next fetch", wait, 1, 1.01)
		} else {
			atOnce++
			within(t, "from a truncation to the next fetch", wait, 0, 0.01)
		}
	}
	if again < 3 || atOnce < 3 {
		t.Errorf("%d truncations after a back-off and %d without: too few to show anything", again, atOnce)
	}
}

// pause is the paused leader of J.4: 15 s, longer than its session.
const pause = "  - {at: 3 s, kind: broker_pause, target: broker 1, duration: 15 s}\n"

// TestPausedLeaderLosesItsPause: kafka.md J.4. The client of a silent leader hears
// no error and waits; on resume the request under way and the whole backlog go to
// the zombie, which acknowledges them at acks=1 until it hears of its successor
// 0.1 to 0.7 s later. All of it is cut: rate × (pause + 0 … 0.7 s) for a topic with
// one partition. The backlog is 21 batches, which take some 10 ms.
func TestPausedLeaderLosesItsPause(t *testing.T) {
	const rate, paused = 200.0, 15.0
	s := act{
		duration:  "22 s",
		producers: "  - {name: p, topic: events, rate: 200/s, arrivals: even, record_size: 100 B, client: java, config: {acks: 1}}\n",
		faults:    pause,
	}.set(t)
	for i := range 15 {
		o := s.run(i)
		within(t, "seconds of acknowledged records lost", o.value("records.lost.acked")/rate, paused-0.05, paused+0.7)
	}
}

// spread is a topic of six partitions, two of them led by each broker.
const spread = `  - {name: events, partitions: 6, replication_factor: 3, assignment: [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3], [2, 3, 1], [3, 1, 2]], config: {min.insync.replicas: 2}}
`

// TestPartitionerMovesAwayFromASilentLeader: kafka.md J.4, second half: records
// without a key go by the length of the partitions' queues, so that only some
// hundreds to thousands of the 7,500 that a third of the load makes in 15 s pile up
// before a silent leader. "Far less" is taken as less than half, in the mean of ten. For
// Java a pick adds a batch of about 52 records to one of its two partitions, whose
// weights are 1 for the longer queue and 1 + d for the one that is shorter by d, against
// 4(q + 1) of the others: dq/dn = (2 + d)/2/(4q) or q = √(n(2 + d)/4), 21 of the 450
// picks for d about 2, and five more are in flight: 0.36 of a third. Keyed records cannot go
// elsewhere: kgo, whose batches go up to 1 MB, hands the zombie the whole pause.
func TestPartitionerMovesAwayFromASilentLeader(t *testing.T) {
	const third = 1500.0 / 3 * 15
	for _, c := range []struct {
		client, keys string
		low, high    float64 // of third
	}{
		{"java, config: {acks: 1}", "none", 0, 0.5},
		{"franz-go, client_options: {produce_request_timeout: 30 s}, config: {acks: 1, enable.idempotence: false}", "none", 0, 0.5},
		{"franz-go, client_options: {produce_request_timeout: 30 s}, config: {acks: 1, enable.idempotence: false}", "{count: 1000}", 0.9, 1.15},
	} {
		s := act{
			topics:    spread,
			duration:  "22 s",
			producers: "  - {name: p, topic: events, rate: 1500/s, record_size: 300 B, keys: " + c.keys + ", client: " + c.client + "}\n",
			faults:    pause,
		}.set(t)
		var lost []float64
		for i := range 10 {
			lost = append(lost, s.run(i).value("records.lost.acked")/third)
		}
		within(t, c.client+" with keys "+c.keys+": lost, of a third of the load", average(lost), c.low, c.high)
	}
}

// TestPausedLeaderAtAcksAll: kafka.md J.4. acks=all loses nothing, and its stall
// is the pause of 15 s and not the 8.6 s of a crash: the client waits for the
// silent broker. After the resume the client needs a metadata round and a retry
// (100 ms of back-off), and the new leader's first commit may sleep a second.
func TestPausedLeaderAtAcksAll(t *testing.T) {
	s := act{
		duration:  "22 s",
		producers: "  - {name: p, topic: events, rate: 200/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		faults:    pause,
	}.set(t)
	for i := range 15 {
		o := s.run(i)
		if lost := o.value("records.lost.acked"); lost != 0 {
			t.Errorf("%g records acknowledged with acks=all are lost", lost)
		}
		within(t, "stall", o.value("produce.stall"), 14.9, 16.5)
	}
}

// TestRestartedExLeaderTruncates: kafka.md H.5, A.7. A former leader that comes back
// drops what nobody else had taken over, though it is on its disk.
func TestRestartedExLeaderTruncates(t *testing.T) {
	s := act{
		duration:  "25 s",
		producers: "  - {name: p, topic: events, instances: 4, rate: 2000/s, record_size: 100 B, client: java, config: {acks: 1, linger.ms: 0}}\n",
		faults:    "  - {at: 2 s, kind: broker_crash, target: broker 1, duration: 13 s}\n",
	}.set(t)
	cut := 0
	for i := range 5 {
		var atCrash, elected kafka.Offset
		o := s.watch(i, func(w *world, e *sim.Event) {
			switch {
			case e.Kind == evFault:
				atCrash = replicaAt(w, 0, 1).log.end
			case elected == 0 && leads(w, 0) == 2:
				elected = replicaAt(w, 0, 2).log.end
			}
		})
		w := &s.runner.world
		old, now := &replicaAt(w, 0, 1).log, &replicaAt(w, 0, 2).log
		if end := min(old.end, now.end); end < elected+1000 {
			t.Fatalf("the logs end at %d and %d; the new leader began at %d", old.end, now.end, elected)
		}
		for k := range min(len(old.entries), len(now.entries)) {
			if old.entries[k].batch != now.entries[k].batch {
				t.Fatalf("the logs differ at position %d", k)
			}
		}
		if elected < atCrash {
			cut++
		}
		if lost := o.value("records.lost.acked"); lost > float64(atCrash-elected) {
			t.Errorf("%g acknowledged records are lost, but only %d were on the old leader alone", lost, atCrash-elected)
		}
	}
	if cut == 0 {
		t.Error("no replication had anything to truncate")
	}
}

// TestShortPauseIsALatencySpike: kafka.md I.6. A leader that is frozen for less than
// its session stays the leader: a stall as long as the pause, and nothing else. The
// pause of 5 s comes at any phase of its heartbeats, 7 s at most since the last one.
func TestShortPauseIsALatencySpike(t *testing.T) {
	for _, acks := range []string{"all", "1"} {
		s := act{
			duration:  "12 s",
			producers: "  - {name: p, topic: events, rate: 200/s, record_size: 100 B, client: java, config: {acks: " + acks + "}}\n",
			faults:    "  - {at: 3 s, kind: broker_pause, target: broker 1, duration: 5 s}\n",
		}.set(t)
		for i := range 10 {
			o := s.run(i)
			within(t, "stall", o.value("produce.stall"), 4.95, 5.3)
			for _, none := range []string{"fencings", "elections.clean", "records.lost.acked", "records.duplicated.produced"} {
				if v := o.value(none); v != 0 {
					t.Errorf("acks=%s: %s is %g", acks, none, v)
				}
			}
		}
	}
}
