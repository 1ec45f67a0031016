package batch

import (
	"math"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// A boot is the work of one start of a broker's process: after how long it gets where,
// on processors that nobody else uses.
type boot struct {
	registers time.Duration // first asks the controller for registration
	follows   time.Duration // has loaded its logs and begins to fetch
	settled   time.Duration // asks to be unfenced
}

// FollowShare and registerShare are the phases of a start with clean logs, as shares of
// clean_load. A process that has
// just begun runs code that was never run before, so that all of them are slow or fast
// together. BrokerServer.startup registers by its lifecycle manager before the first
// metadata is published; that publication loads the logs and then starts the fetchers
// (BrokerMetadataPublisher.initializeManagers, ReplicaManager.applyDelta), and when it
// is over the broker asks to be unfenced. Read from the logs of brokers of 4.3.1 that
// were stopped in order and started again, with 59 to 68 logs: the first registration
// went out at 0.63 and 0.64 of the time until "Waiting for the broker to be unfenced",
// 0.58 to 0.81 in four more on a busier machine; "Started fetchers" came at 0.90 and
// 0.92, and in six starts after SIGKILL at 0.89 to 0.94.
const (
	registerShare = 2.0 / 3
	FollowShare   = 0.91 // until it begins to fetch
)

// recoverShare is what one thread needs more for a log that was not closed in order,
// beside reading it again, as a share of the whole start: it throws its last segment's
// three indexes away, builds them anew and resizes their files twice
// (LogLoader.recoverSegment, LogSegment.recover, resizeIndexes). It is the difference
// between "Loaded 59 logs in 156ms" and "68 logs in 162ms" after a stop in order and 190
// to 278 ms for 58 to 68 logs after SIGKILL, with two threads, in starts of 0.9 to 1.1 s
// from the first log line and about 1.5 s in all (4.3.1 in containers, logs of 2 MB at most on a tmpfs). On a disk on which all brokers
// were syncing it was 612 to 1,493 ms, in starts of 2.7 to 6 s.
const recoverShare = 1.0 / 600

// bootThreads is how many processors a starting process keeps busy: its own threads, the
// compiler's and the collector's. A judgement from two readings of different days: 2 s of
// processor time for a start, and a start of 1 s on two idle cores (4.3.1).
const bootThreads = 2

// bootSlice is after how long it is looked at again how much of the processors a start
// has had.
const bootSlice = 10 * time.Millisecond

// bootFloor is the least share of its pace that a start keeps however busy the
// processors are, since the kernel shares them fairly: 2.4 s beside a backlog where 0.9 s
// was usual is the slowest seen (4.3.1).
const bootFloor = 0.25

// Boot draws a start of broker b's process. Without clean logs (logs > 0) it checks
// bytes of so many logs again.
func (m *machines) Boot(b, logs int, bytes int64, threads int) boot {
	h := m.host.Hardware(b)
	settled := m.life[b].LognormalDuration(h.CleanLoad.Median, h.CleanLoad.P99)
	recovery := time.Duration(0)
	if logs > 0 {
		rate := h.RecoveryRate * unit.ByteRate(max(1, threads))
		recovery = time.Duration(recoverShare*float64(logs)*float64(settled))/time.Duration(max(1, threads)) + rate.TimeFor(unit.Bytes(bytes))
	}
	return boot{
		registers: time.Duration(registerShare * float64(settled)),
		follows:   time.Duration(FollowShare*float64(settled)) + recovery,
		settled:   settled + recovery,
	}
}

// onBoot is a starting broker at the next look at its work, and what it has got to by
// now. Requests are served before it, as the kernel lets threads that sleep and wake
// often run before those that compute; what they leave of the processors is the start's,
// or that of all that are under way on these: the same broker was ready 0.9 to 1.1 s
// after its first log line beside 1,000 records/s, 2.4 to 2.5 s beside 2,000/s with a
// backlog, and 0.8 to 2 s where four nodes started at once (4.3.1, two cores for all).
func (w *world) onBoot(now sim.Time, b int32, inc int64) {
	br := &w.brokers[b]
	idle := w.machines.host.Idle(now, int(b))
	pace := 1.0
	if now > br.bootFrom {
		threads, starts := min(bootThreads, w.machines.host.Hardware(int(b)).Cores), 0
		for other := range w.brokers {
			if w.brokers[other].life == lifeStarting && w.machines.host.SameProcessors(int(b), other) {
				starts++
			}
		}
		pace = float64(idle-br.bootIdle) / float64(int64(threads*max(1, starts))*int64(now.Sub(br.bootFrom)))
		pace = min(max(pace, bootFloor), 1)
		took := min(now.Sub(br.bootFrom), bootSlice) // a frozen process does nothing
		br.booted += time.Duration(math.Ceil(pace * float64(took)))
	}
	br.bootFrom, br.bootIdle = now, idle
	next := bootSlice
	for i, at := range []time.Duration{br.boot.registers, br.boot.follows, br.boot.settled} {
		switch {
		case br.bootMarks > i:
		case at <= br.booted:
			br.bootMarks = i + 1
			w.engine.Schedule(now, [3]sim.Kind{evRegister, evReady, evSettled}[i], b, inc)
		default:
			next = min(next, time.Duration(math.Ceil(float64(at-br.booted)/pace)))
		}
	}
	if br.bootMarks < 3 {
		w.engine.Schedule(now.Add(next), evBoot, b, inc)
	}
}

// closeTime is from the grant of a controlled shutdown until the sockets are closed:
// the answer's way to the broker and the stop of its network threads (SocketServer,
// "Stopped socket server request processors" 75 ms after the controller's grant, 47 ms
// after the broker heard of it). kafka.md A.10 gives 0.05 s for the least of a stop.
const closeTime = 50 * time.Millisecond

// signalLaw is from SIGTERM until the controller has the heartbeat that asks for the
// shutdown: the JVM's signal dispatcher starts a thread, that one the shutdown hook,
// that one calls BrokerServer.shutdown, which puts an event into the lifecycle
// manager's queue, whose thread sends the heartbeat at once, and the controller answers
// (LoggingSignalHandler, KafkaRaftServer.shutdown,
// BrokerLifecycleManager.BeginControlledShutdownEvent). None of these threads has ever
// run its code before, so that each hand-over costs 1 to 50 ms and not a wake-up: how
// much is a share of the time that a start takes, which runs such code only. Of stops of
// 4.3.1 on two busy cores, from the signal to the time that the record in the metadata
// log bears, five took 63, 39, 163, 53 and about 175 ms where a clean start took 3 to 5
// s: median 65 ms, logarithms' deviation 0.7; the steps of the first two were
// 2+12+17+8+8+15 and 2+8+9+6+3+11 ms. Two took about 10 and 27 ms where a start took 1 s.
func signalLaw(start time.Duration) scenarios.Latency {
	return scenarios.Latency{Median: start / 50, P99: 6 * start / 50}
}

// exitLaw is from the closing of the sockets to the end of the process: coordinators,
// threads, logs and the raft client are closed one after the other
// (BrokerServer.shutdown), as a share of a start for the same reason. Six stops of 4.3.1
// needed 0.33, 0.38, 0.6, 0.74, 1.5 and 1.6 s until "shut down completed" where a start
// took 3 to 5 s, and four 0.08, 0.15, 0.23 and 0.29 s where it took 1 s.
func exitLaw(start time.Duration) scenarios.Latency {
	return scenarios.Latency{Median: start / 5, P99: 4 * start / 5}
}

// Signal draws how long a stop of broker b takes to reach the controller.
func (m *machines) Signal(b int) time.Duration {
	law := signalLaw(m.host.Hardware(b).CleanLoad.Median)
	return m.life[b].LognormalDuration(law.Median, law.P99)
}

// Exit draws how long the process of broker b lasts when it has closed its sockets.
func (m *machines) Exit(b int) time.Duration {
	law := exitLaw(m.host.Hardware(b).CleanLoad.Median)
	return m.life[b].LognormalDuration(law.Median, law.P99)
}

// boot draws the start of a broker's process. The recovery after an unclean exit reads
// and checks again every segment from that of the recovery point on, whole; that point
// moves when a segment rolls or a process stops in order, so that it is in the last
// segment (LogLoader.recoverLog, kafka.md A.11). Empty directories have nothing to check. Nor,
// here, have partitions of the scenario without a record, which Kafka opens too: an idle
// topic is to change nothing.
func (w *world) boot(b int32) boot {
	logs, bytes := 0, int64(0)
	if br := &w.brokers[b]; !br.clean && !br.wiped {
		for _, r := range w.hosts[b] {
			rep := &w.replicas[r]
			config := &w.topicConfig[w.plan.partitions[rep.partition].topic]
			bytes += rep.log.bytes % max(1, int64(config.SegmentBytes))
			if rep.log.end > rep.log.start {
				logs++
			}
		}
		logs += w.idleLogs()
	}
	return w.machines.Boot(int(b), logs, bytes, w.plan.cluster.Config.RecoveryThreads)
}

// idleLogs is how many partitions of __consumer_offsets that no group uses a broker
// has: they are not simulated, but loaded.
func (w *world) idleLogs() int {
	if w.plan.offsets < 0 {
		return 0
	}
	t := &w.plan.topics[w.plan.offsets]
	return (w.plan.cluster.Config.OffsetsPartitions - t.count) * t.rf / w.plan.brokers
}

// onStopping lets a broker ask for its controlled shutdown
// (BrokerLifecycleManager.BeginControlledShutdownEvent).
func (w *world) onStopping(now sim.Time, b int32) {
	w.brokers[b].shutdown = true
	w.beatNow(now, b)
}

// onReturn starts a broker whose last process has ended, unless it lives already.
func (w *world) onReturn(now sim.Time, b int32) {
	if !w.processes[b].up {
		w.bringBack(now, b)
	}
}

// onSettled ends a broker's start (BrokerLifecycleManager.setReadyToUnfence).
func (w *world) onSettled(now sim.Time, b int32) {
	br := &w.brokers[b]
	br.settled = true
	if br.caughtUp {
		w.beatNow(now, b)
	}
}
