package batch

import (
	"testing"
	"time"

	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// TestBootHasItsPhases: a start asks for registration at two thirds of its time and
// follows at 0.91 of it, each start draws its own, and a profile without a spread
// gives all the same.
func TestBootHasItsPhases(t *testing.T) {
	const load = "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: 1}}\n"
	s := act{duration: "2 s", producers: load}.set(t)
	s.run(0)
	m := &s.runner.world.machines
	h := m.host.Hardware(0)
	var above float64
	const n = 2000
	for range n {
		b := m.Boot(0, 0, 0, 2)
		within(t, "registration, of the start", float64(b.registers)/float64(b.settled), 0.66, 0.67)
		within(t, "following, of the start", float64(b.follows)/float64(b.settled), 0.9, 0.92)
		if b.settled > h.CleanLoad.Median {
			above++
		}
	}
	within(t, "share of starts above the median", above/n, 0.5-0.034, 0.5+0.034) // three standard errors
	s = act{
		cluster:  `kafka: "4.3", brokers: 3, controllers: 1, hardware: {profile: container, clean_load: 2 s, clean_load_p99: 2 s}`,
		duration: "2 s", producers: load,
	}.set(t)
	s.run(0)
	m = &s.runner.world.machines
	for range 3 {
		if b := m.Boot(1, 0, 0, 2); b.settled != 2*time.Second {
			t.Errorf("a start without a spread takes %v", b.settled)
		}
	}
	// 60 logs of a 600th of the start and 500 MB at 250 MB/s a thread.
	logs, bytes := m.Boot(1, 60, 0, 2), m.Boot(1, 60, 500*int64(unit.MB), 2)
	within(t, "seconds of recovery of 60 empty logs", (logs.settled - 2*time.Second).Seconds(), 0.099, 0.101)
	within(t, "seconds of recovery of 500 MB more", (bytes.settled - logs.settled).Seconds(), 0.999, 1.001)
	within(t, "seconds until the registration of an unclean start", logs.registers.Seconds(), 1.333, 1.334)
}

// TestUncleanStartChecksAllItsLogs: after SIGKILL a broker loads all its logs slowly,
// those of __consumer_offsets that no group uses too, and after a stop in order none.
func TestUncleanStartChecksAllItsLogs(t *testing.T) {
	start := func(fault, consumers string) float64 {
		s := act{
			cluster:   `kafka: "4.3", brokers: 3, controllers: 1, hardware: {profile: container, clean_load: 2 s, clean_load_p99: 2 s}`,
			duration:  "30 s",
			producers: "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: 1}}\n",
			consumers: consumers,
			faults:    "  - {at: 3 s, kind: " + fault + ", target: broker 1, duration: 20 s}\n",
		}.set(t)
		began, settled := sim.Time(0), sim.Time(0)
		s.watch(0, func(w *world, e *sim.Event) {
			if br := &w.brokers[0]; e.At > at(20*time.Second) {
				if began == 0 && br.life == lifeStarting {
					began = e.At
				}
				if settled == 0 && began > 0 && br.settled {
					settled = e.At
				}
			}
		})
		return settled.Sub(began).Seconds()
	}
	group := "  - {group: g, topics: [events], members: 1, protocol: eager, processing: {time: 0.5 ms}, client: java}\n"
	within(t, "seconds of a clean start", start("broker_stop", group), 1.999, 2.01)
	within(t, "seconds of an unclean start", start("broker_crash", ""), 2.001, 2.01)
	// 50 partitions and one, with two threads; RF 3 of 3 brokers.
	within(t, "seconds of an unclean start with a group", start("broker_crash", group), 2.084, 2.1)
}

// TestSignalTakesItsTime: the record of a controlled shutdown is made 10 ms to a second
// after SIGTERM, four standard deviations of its law's logarithm to both sides and no
// longer of one wake-up; leader.failover ends with its commit, an append linger later.
func TestSignalTakesItsTime(t *testing.T) {
	s := act{
		duration:  "5 s",
		producers: "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: 1}}\n",
		faults:    "  - {at: 2 s, kind: broker_stop, target: broker 1}\n",
	}.set(t)
	var above float64
	const n = 60
	for i := range n {
		o := s.run(i)
		failover, failed := o.most("leader.failover")
		if !failed {
			t.Fatal("the leader did not move")
		}
		took := time.Duration(failover) - 25*time.Millisecond // controller.quorum.append.linger.ms
		within(t, "seconds from SIGTERM to the record", took.Seconds(), 0.003, 2)
		if took > signalLaw(s.runner.world.machines.host.Hardware(0).CleanLoad.Median).Median {
			above++
		}
	}
	within(t, "share above the median", above/n, 0.5-0.2, 0.5+0.2) // three standard errors
}

// TestProcessEndsAfterItsSockets: a broker that is to come back at once comes back when
// its process has ended, 0.1 to 5 s after it has closed its sockets.
func TestProcessEndsAfterItsSockets(t *testing.T) {
	s := act{
		duration:  "20 s",
		producers: "  - {name: p, topic: events, rate: 20/s, record_size: 100 B, client: java, config: {acks: 1}}\n",
		faults:    "  - {at: 2 s, kind: broker_stop, target: broker 1, duration: 10 ms}\n",
	}.set(t)
	for i := range 20 {
		var closed, began sim.Time
		s.watch(i, func(w *world, e *sim.Event) {
			switch up := w.processes[0].up; {
			case closed == 0 && e.At > at(2*time.Second) && !up:
				closed = e.At
			case closed > 0 && began == 0 && up:
				began = e.At
			}
		})
		within(t, "seconds from the sockets to the next process", began.Sub(closed).Seconds(), 0.05, 9)
	}
}
