package batch

import (
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// pair is a topic of one partition with two replicas, both of which make its min ISR.
const pair = `  - {name: events, partitions: 1, replication_factor: 2, assignment: [[1, 2]], config: {min.insync.replicas: 2}}
`

// TestLossBoundBelowMinISR: below min ISR the winner of a clean election may lack
// much more than the lag rule tolerates, and loss.bound.acked must say so. At acks=1
// the leader goes on without its follower from 20 s on and dies at 60 s. With the ELR
// its follower, out of the ISR since 22 to 23 s, is elected from there. Without it the
// follower copies one batch each 0.6 s, which never brings it to the log's end, but
// again and again to the high watermark that stands for it, and so into the ISR
// (KAFKA-19996); where it is in it at 60 s, it is elected. The rule of the lag, the
// session, the check and the heartbeat alone allows a loss of 3 + 3 + 0.375 + 2 = 8.4 s.
func TestLossBoundBelowMinISR(t *testing.T) {
	const rate, slack = 100.0, 8.375
	for _, c := range []struct {
		what, elr, fault string
		elected          float64 // at least, of ten
	}{
		{"elected from the ELR", "true", "kind: partition, between: [[broker 1], [broker 2]]", 10},
		{"elected from an ISR joined at a standing high watermark", "false", "kind: network_delay, between: [[broker 1], [broker 2]], delay: 300 ms", 1},
	} {
		s := act{
			cluster: `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, features: {eligible_leader_replicas: ` + c.elr + `},
  config: {replica.lag.time.max.ms: 2000, broker.session.timeout.ms: 3000, replica.fetch.max.bytes: 1}`,
			topics:    pair,
			duration:  "70 s",
			producers: "  - {name: p, topic: events, rate: 100/s, arrivals: even, record_size: 100 B, client: java, config: {acks: 1, linger.ms: 0}}\n",
			faults:    "  - {at: 20 s, " + c.fault + "}\n  - {at: 60 s, kind: broker_crash, target: broker 1}\n",
		}.set(t)
		elected := 0.0
		for i := range 10 {
			end := kafka.Offset(0)
			o := s.watch(i, func(w *world, e *sim.Event) {
				if e.At < at(60*time.Second) {
					end = replicaAt(w, 0, 2).log.end
				}
			})
			lost, bound := o.value("records.lost.acked"), o.value("loss.bound.acked")
			if leads(&s.runner.world, 0) != 2 {
				within(t, c.what+": lost without a successor", lost, 0, 0)
				continue
			}
			elected++
			// What was sent in the first 60 s and not copied: to a tenth of a second.
			within(t, c.what+": lost, less what was not copied", lost-(60*rate-float64(end)), -10, 10)
			within(t, c.what+": seconds of records lost", lost/rate, 2*slack, 60)
			// The ISR falls below min ISR 2 s after the fault at the earliest, and the
			// window begins slack before that.
			within(t, c.what+": bound", bound, lost, (60-22+slack)*rate+10)
		}
		within(t, c.what+": elections won", elected, c.elected, 10)
	}
}

// TestLossBoundWhileTheISRIsAsked: while a leader waits for the controller's answer to
// an ISR without its lagging follower, that one may be elected, and nobody looks for
// others. The leader is cut off from its follower at 20 s and asks for another ISR 2 to
// 3 s later, of a controller that hardly gets its packets: some heartbeats come through
// and its session goes on, while what it asked is sent again and again at doubling
// intervals. When the session ends after all, the follower, a member of the ISR still,
// is elected without what was sent since 20 s, however long ago that is; the rule of the
// lag, the session, the check and the heartbeat alone allows 3 + 9 + 1.125 + 0.5 = 13.6 s.
func TestLossBoundWhileTheISRIsAsked(t *testing.T) {
	const rate, slack = 100.0, 13.625
	s := act{
		cluster: `kafka: "4.3", brokers: 2, controllers: 1, hardware: container, features: {eligible_leader_replicas: false},
  config: {replica.lag.time.max.ms: 2000, broker.session.timeout.ms: 9000, broker.heartbeat.interval.ms: 500}`,
		topics:    "  - {name: events, partitions: 1, replication_factor: 2, assignment: [[1, 2]], config: {min.insync.replicas: 1}}\n",
		duration:  "90 s",
		producers: "  - {name: p, topic: events, rate: 100/s, arrivals: even, record_size: 100 B, client: java, config: {acks: 1, linger.ms: 0}}\n",
		faults: "  - {at: 20 s, kind: partition, between: [[broker 1], [broker 2]]}\n" +
			"  - {at: 21 s, kind: network_loss, between: [[broker 1], [controller 101]], loss: 85 %}\n",
	}.set(t)
	beyond := 0
	for i := range 60 {
		elected := sim.Never
		o := s.watch(i, func(w *world, e *sim.Event) {
			if elected == sim.Never && leads(w, 0) == 2 {
				elected = e.At
			}
		})
		lost := o.value("records.lost.acked")
		within(t, "bound", o.value("loss.bound.acked"), lost, 90*rate)
		// A second's worth of records is older than that rule allows.
		if elected != sim.Never && lost > 0 && since(elected).Seconds()-slack > 21 {
			beyond++
		}
	}
	within(t, "elections of what the lag rule does not allow", float64(beyond), 1, 60)
}
