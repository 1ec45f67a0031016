package batch

import (
	"testing"
	"time"

	"kafkasim/sim"
)

// combined is a cluster whose brokers are its controllers; broker 1 is the active
// one, and it leads the partition too.
const combined = `kafka: "4.3", brokers: 3, controllers: 0, hardware: container`

// away plays an act whose fault at 3 s takes the active controller, and returns how
// long brokers 2 and 3 were away: until the next one took a heartbeat of theirs.
func away(s *stage, n int) (outcome, [2]float64) {
	var back [2]float64
	o := s.observe(n, func(w *world, e *sim.Event) {
		if e.Kind != evArrive || e.At < at(3*time.Second) {
			return
		}
		m := &w.messages[e.Arg]
		if m.kind != msgControl || m.sub != controlHeartbeat || m.to != w.control.active || m.from < 1 || m.from > 2 {
			return
		}
		if i := m.from - 1; back[i] == 0 {
			back[i] = (since(e.At) - 3*time.Second).Seconds()
		}
	}, func(*world, *sim.Event) {})
	return o, back
}

// TestLostControllerHost: kafka.md J.9. A heartbeat to a host that is gone is given up
// after the heartbeat channel's retry timeout, which is a heartbeat interval; the next
// one comes an interval later and goes to whoever the broker's raft client named when
// the first failed. With x, uniform in 0 to 2 s, until the first: a broker is back after
// x + 4 s if x + 2 s was late enough to hear of the successor (active after about 2.3
// s), and after x + 8 s if not: 4 to 10 s, and none is fenced by it (9 s after the
// activation and a check). After the end of a process the connections are refused,
// repeated within the same 2 s, and find the successor as soon as there is one.
// The partition that the lost node led has a leader after the controllers' failover
// (1.55 to 2.2 s, or 1 to 2 s more if two stand for election at once) and 9 s: the
// eighth check after the activation comes a moment after the session's end, so that no
// other check is waited for (H.8 and I.14 allow for one).
func TestLostControllerHost(t *testing.T) {
	const n = 40
	means := map[string]float64{}
	for _, kind := range []string{"machine_loss", "broker_crash"} {
		s := act{
			cluster: combined, duration: "18 s", drain: "5 s",
			producers: "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: all}}\n",
			faults:    "  - {at: 3 s, kind: " + kind + ", target: broker 1}\n",
		}.set(t)
		var all []float64
		for i := range n {
			o, back := away(s, i)
			for _, b := range back {
				if kind == "machine_loss" {
					// A beat under way at the loss had begun some ms before it.
					within(t, kind+": seconds away", b, 3.9, 10.2)
				} else {
					within(t, kind+": seconds away", b, 1, 6.2)
				}
				all = append(all, b)
			}
			if fenced := o.value("fencings"); fenced != 1 {
				t.Errorf("%s: %g brokers were fenced, want the lost one", kind, fenced)
			}
			failover, _ := o.most("leader.failover")
			within(t, kind+": seconds until the next leader", time.Duration(failover).Seconds(), 10.5, 13.3)
			if lost := o.value("records.lost.acked"); lost != 0 {
				t.Errorf("%s: %g records acknowledged with acks=all are lost", kind, lost)
			}
		}
		means[kind] = average(all)
	}
	// x + 4 s and x + 8 s by halves at least are 6 to 8 s in the mean, against the
	// later of x and the failover of about 2.3 s.
	within(t, "mean time away after a machine's loss", means["machine_loss"], 4.7, 8)
	within(t, "mean time away after the end of a process", means["broker_crash"], 1.8, 3.2)
}

// TestDedicatedControllerCrash: kafka.md I.13. The death of the active dedicated
// controller has no effect on the data plane: acks=all goes on, nobody is fenced, no
// leader moves. 0.5 s is the linger and the longest wait of a parked request.
func TestDedicatedControllerCrash(t *testing.T) {
	s := act{
		cluster:   `kafka: "4.3", brokers: 3, controllers: 3, hardware: container`,
		duration:  "20 s",
		producers: "  - {name: p, topic: events, rate: 100/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		faults:    "  - {at: 3 s, kind: controller_crash, target: active controller}\n",
	}.set(t)
	for i := range 20 {
		o := s.run(i)
		within(t, "stall", o.value("produce.stall"), 0, 0.5)
		for _, none := range []string{"fencings", "elections.clean", "isr.shrinks", "records.lost.acked"} {
			if v := o.value(none); v != 0 {
				t.Errorf("%s is %g", none, v)
			}
		}
	}
}

// TestControllerFailoverDelaysFencing: kafka.md A.8. A newly active controller gives
// every unfenced broker a full session: a leader that dies with the active dedicated
// controller is replaced 9 s and up to 1.125 s after the controllers' failover, and not
// 7 s after its own death.
func TestControllerFailoverDelaysFencing(t *testing.T) {
	s := act{
		cluster:   `kafka: "4.3", brokers: 3, controllers: 3, hardware: container`,
		duration:  "18 s",
		drain:     "5 s",
		producers: "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: all}}\n",
		faults: "  - {at: 3 s, kind: controller_crash, target: active controller}\n" +
			"  - {at: 3 s, kind: broker_crash, target: broker 1}\n",
	}.set(t)
	for i := range 20 {
		failover, failed := s.run(i).most("leader.failover")
		if !failed {
			t.Fatal("no leader was elected")
		}
		within(t, "seconds until the next leader", time.Duration(failover).Seconds(), 10.4, 13.6)
	}
}

// TestMinISRChangesWithTheMetadata: a leader goes by the min ISR that is committed,
// whatever else has been asked for (Partition.effectiveMinIsr; with the ELR a changed
// one also clears the ELR, ConfigurationControlManager.createClearElrRecordsAsNeeded,
// and not before it may the leader commit alone). Two followers die, and the ISR is
// broker 1; then the only controller dies, and two settings of the topic are changed,
// the second of which would let broker 1 commit: nothing may come of either before
// the controller is back.
func TestMinISRChangesWithTheMetadata(t *testing.T) {
	s := act{
		cluster:   containers + ", features: {eligible_leader_replicas: true}",
		duration:  "60 s",
		producers: "  - {name: p, topic: events, rate: 100/s, record_size: 100 B, client: java, config: {acks: 1}}\n",
		faults: "  - {at: 3 s, kind: broker_crash, target: broker 2}\n" +
			"  - {at: 3 s, kind: broker_crash, target: broker 3}\n" +
			"  - {at: 20 s, kind: controller_crash, target: controller 101, duration: 20 s}\n" +
			"  - {at: 30 s, kind: config_change, topic: events, config: {retention.ms: 3600000}}\n" +
			"  - {at: 30 s, kind: config_change, topic: events, config: {min.insync.replicas: 1}}\n",
	}.set(t)
	s.watch(0, func(w *world, e *sim.Event) {
		lead, state := replicaAt(w, 0, 1), &w.control.image[0]
		switch {
		case e.At > at(15*time.Second) && e.At < at(40*time.Second):
			if state.ISR.Len() != 1 || state.ELR.Len() != 1 || lead.leader.MinISR != 2 {
				t.Fatalf("%s: ISR %b, ELR %b, the leader's min ISR %d; want one, one, 2", since(e.At), state.ISR, state.ELR, lead.leader.MinISR)
			}
		case e.At > at(50*time.Second) && (state.ELR != 0 || lead.leader.MinISR != 1 || lead.hw != lead.log.end):
			t.Fatalf("%s: ELR %b, the leader's min ISR %d, high watermark %d of %d; want none, 1, all", since(e.At), state.ELR, lead.leader.MinISR,
				lead.hw, lead.log.end)
		}
	})
}
