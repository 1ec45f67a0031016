package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// scheduleRetention plans a broker's next look at old segments
// (log.retention.check.interval.ms), if any topic has a limit.
func (w *world) scheduleRetention(now sim.Time, b int32) {
	for t := range w.topicConfig {
		if c := &w.topicConfig[t]; c.RetentionTime != scenarios.Forever || c.RetentionBytes != scenarios.Unbounded {
			at := now
			if w.engine.Now() == now {
				at = now.Add(w.plan.cluster.Config.RetentionCheckInterval)
			}
			w.engine.Schedule(at, evRetention, b, int64(w.processes[b].inc))
			return
		}
	}
}

// onRetention deletes the segments of a broker's logs that are too old or too
// much (LogManager.cleanupLogs, UnifiedLog.deleteOldSegments). Followers do so by
// themselves, and by their leader's log start.
func (w *world) onRetention(now sim.Time, b int32) {
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		topic := w.plan.partitions[rep.partition].topic
		if !w.plan.topics[topic].internal {
			w.retain(now, rep, &w.topicConfig[topic])
		}
	}
	w.scheduleRetention(now, b)
}

// retain removes whole segments from the front of a log; never the active one,
// and nothing at or above the high watermark.
func (w *world) retain(now sim.Time, rep *replica, config *scenarios.TopicConfig) {
	for {
		n, bytes, newest := w.firstSegment(rep, config)
		if n == 0 {
			return
		}
		old := config.RetentionTime != scenarios.Forever && now.Sub(newest) > config.RetentionTime
		large := config.RetentionBytes != scenarios.Unbounded && rep.log.bytes-bytes >= config.RetentionBytes
		if !old && !large {
			return
		}
		w.retire(rep, n, bytes)
	}
}

// retire deletes the first n batches of a log. A follower may do so before its
// leader, and lead soon after.
func (w *world) retire(rep *replica, n int, bytes int64) {
	for _, e := range rep.log.entries[:n] {
		w.batches[e.batch].retired = true
	}
	start := rep.log.start
	rep.log.removeFront(n, bytes)
	w.tellRemoval(rep, start)
}

// raiseStart lets a follower's log begin where its leader's does
// (ReplicaFetcherThread.processPartitionData, maybeIncrementLogStartOffset).
func (w *world) raiseStart(rep *replica, start kafka.Offset) {
	n, bytes := 0, int64(0)
	for n < len(rep.log.entries) && rep.log.next(rep.log.first+int64(n)) <= start {
		bytes += int64(w.batches[rep.log.entries[n].batch].bytes)
		n++
	}
	w.retire(rep, n, bytes)
}

// firstSegment measures the oldest segment of a log: its batches, its bytes and
// its newest record; no batches if it is the active one or not yet committed. A
// segment ends when the next batch would exceed segment.bytes, or when its first
// batch is segment.ms old.
func (w *world) firstSegment(rep *replica, config *scenarios.TopicConfig) (n int, bytes int64, newest sim.Time) {
	var began sim.Time
	for i, e := range rep.log.entries {
		b := &w.batches[e.batch]
		if e.base >= rep.hw {
			return 0, 0, 0
		}
		made := sim.Time(0)
		if b.last >= 0 {
			made = w.records[b.last].at
		}
		if i == 0 {
			began = made
		}
		full := bytes+int64(b.bytes) > int64(config.SegmentBytes)
		aged := config.SegmentTime != scenarios.Forever && made.Sub(began) > config.SegmentTime
		if i > 0 && (full || aged) {
			return i, bytes, newest
		}
		bytes += int64(b.bytes)
		newest = max(newest, made)
	}
	return 0, 0, 0
}
