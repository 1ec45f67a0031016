package batch

import "testing"

// TestFormerLeaderDecidesNothing: kafka.md H.13. Broker 1 is cut off from the others
// and not from its clients: it goes on as a leader with what producer "one" sends at
// acks=1, while "all" writes to its successor, slower. When that one dies and the run
// ends, nobody leads, the longest log is the zombie's, and what "all" has had
// acknowledged is on the successor's disk and not lost.
func TestFormerLeaderDecidesNothing(t *testing.T) {
	s := act{
		topics:   "  - {name: events, partitions: 1, replication_factor: 3, assignment: [[1, 2, 3]], config: {min.insync.replicas: 1}}\n",
		duration: "45 s", drain: "5 s",
		cluster: containers + ", features: {eligible_leader_replicas: false}",
		producers: "  - {name: one, topic: events, rate: 200/s, record_size: 100 B, client: java, config: {acks: 1}}\n" +
			"  - {name: all, topic: events, rate: 10/s, record_size: 100 B, client: java, config: {acks: all, request.timeout.ms: 3000, delivery.timeout.ms: 60000}}\n",
		faults: "  - {at: 1 s, kind: broker_stop, target: broker 3}\n" +
			"  - {at: 5 s, kind: partition, between: [[broker 1], [broker 2, broker 3, controller 101]]}\n" +
			"  - {at: 40 s, kind: broker_crash, target: broker 2}\n",
	}.set(t)
	for i := range 5 {
		o := s.run(i)
		w := &s.runner.world
		zombie, successor := &replicaAt(w, 0, 1).log, &replicaAt(w, 0, 2).log
		if zombie.end <= successor.end || zombie.newest() >= successor.newest() {
			t.Fatalf("the former leader's log ends at %d in epoch %d, its successor's at %d in epoch %d",
				zombie.end, zombie.newest(), successor.end, successor.newest())
		}
		within(t, "records acknowledged with acks=all", o.value("records.acked{producer=all}"), 200, 450)
		if lost := o.value("records.lost.acked{producer=all}"); lost != 0 {
			t.Errorf("%g records acknowledged with acks=all are lost", lost)
		}
	}
}
