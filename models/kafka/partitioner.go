package kafka

import (
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// kgoStickyBytes is how much kgo writes to a partition before it picks again
// (config.go defaultCfg: UniformBytesPartitioner(64<<10, true, true, nil)).
const kgoStickyBytes = 64 * unit.KiB

// A stickyPartition is where records without a key go now.
type stickyPartition struct {
	partition int32 // AnyPartition before the first choice
	produced  unit.Bytes
}

// stickyJava is the partition of the next record without a key
// (BuiltInPartitioner.peekCurrentPartitionInfo).
func (p *Producer) stickyJava(now sim.Time) int32 {
	if p.sticky.partition == AnyPartition || p.mustLeave(now, p.sticky.partition) {
		p.sticky = stickyPartition{partition: p.pickJava(now)}
	}
	return p.sticky.partition
}

// advanceSticky counts bytes written to the sticky partition and reports
// whether it was given up for another choice: after batch.size bytes if its last batch is
// complete, at twice that anyway (BuiltInPartitioner.updatePartitionInfo).
func (p *Producer) advanceSticky(now sim.Time, appended unit.Bytes, complete bool) bool {
	p.sticky.produced += appended
	size := p.config.BatchSize
	if p.sticky.produced >= size && complete || p.sticky.produced >= 2*size {
		p.sticky = stickyPartition{partition: p.pickJava(now)}
		return true
	}
	return false
}

// pickJava chooses the next partition: uniformly until each has had a batch,
// then in proportion to the longest queue + 1 − its own queue, in batches
// (BuiltInPartitioner.nextPartition, updatePartitionLoadStats). Kafka takes the
// queues as its sender thread saw them last, here they are those of the moment.
func (p *Producer) pickJava(now sim.Time) int32 {
	best := p.bestRank(now)
	adaptive := p.config.AdaptivePartitioner && p.seen == len(p.partitions) && p.seen > 1
	count, longest, queued := p.census(now, best, adaptive)
	if count == 0 { // all are slow
		adaptive = false
		count, longest, queued = p.census(now, best, adaptive)
	}
	total := count
	if adaptive {
		total = count*(longest+1) - queued
	}
	drawn := p.rng.IntN(total)
	for part := range p.partitions {
		if p.rank(now, int32(part)) != best || adaptive && p.slow(now, int32(part)) {
			continue
		}
		weight := 1
		if adaptive {
			weight = longest + 1 - int(p.partitions[part].queued)
		}
		if drawn -= weight; drawn < 0 {
			return int32(part)
		}
	}
	panic("kafka: no partition was picked")
}

// census counts the partitions of a rank, without the slow ones if adaptive,
// and finds their longest queue and the sum of all, in batches.
func (p *Producer) census(now sim.Time, rank int, adaptive bool) (count, longest, queued int) {
	for part := range p.partitions {
		if p.rank(now, int32(part)) != rank || adaptive && p.slow(now, int32(part)) {
			continue
		}
		count++
		longest = max(longest, int(p.partitions[part].queued))
		queued += int(p.partitions[part].queued)
	}
	return count, longest, queued
}

// slow reports whether partitioner.availability.timeout.ms leaves a partition
// out: when its broker last had something ready to be sent, it had taken nothing for
// longer (RecordAccumulator.partitionReady, updateNodeLatencyStats). Idle time
// before counts, as in Kafka.
func (p *Producer) slow(now sim.Time, part int32) bool {
	leader := p.partitions[part].leader
	if p.config.AvailabilityTimeout == scenarios.Forever || leader == NoBroker {
		return false
	}
	b := &p.brokers[leader]
	last := b.readyAt
	if !p.dirty.has(int32(leader)) && p.ready.meets(p.ledBy(leader)) {
		last = now // it was tried and takes nothing
	}
	return last.Sub(b.drainedAt) > p.config.AvailabilityTimeout
}

// stickyKgo is the partition of a record without a key of that size: another
// one after each 64 KiB, with a weight of 1/(buffered records + 1)
// (partitioner.go PartitionByBackup). kgo remembers an index among the writable
// partitions, so that one that comes or goes moves it elsewhere; here it stays,
// unless its own partition goes.
func (p *Producer) stickyKgo(now sim.Time, size unit.Bytes) int32 {
	s := &p.sticky
	s.produced += size
	if s.produced >= kgoStickyBytes {
		*s = stickyPartition{partition: AnyPartition, produced: size}
	}
	if s.partition == AnyPartition || p.mustLeave(now, s.partition) {
		s.partition = p.pickKgo(now)
	}
	return s.partition
}

func (p *Producer) pickKgo(now sim.Time) int32 {
	best := p.bestRank(now)
	total := 0.0
	for part := range p.partitions {
		if p.rank(now, int32(part)) == best {
			total += 1 / float64(p.partitions[part].buffered+1)
		}
	}
	drawn := p.rng.Float64() * total
	last := AnyPartition
	for part := range p.partitions {
		if p.rank(now, int32(part)) != best {
			continue
		}
		last = int32(part)
		if drawn -= 1 / float64(p.partitions[part].buffered+1); drawn <= 0 {
			break
		}
	}
	return last
}

// usable reports whether the client takes a partition for writable.
func (p *Producer) usable(part int32) bool {
	q := &p.partitions[part]
	return q.leader != NoBroker && !q.loadError
}

// overdue is after how long without an answer the wrappers take a broker for
// unavailable. No client has such a setting; it is above any healthy answer of
// the hardware profiles and below the shortest failover (7 s).
const overdue = 500 * time.Millisecond

// shortQueue is how many batches avoid_under_replicated lets wait at a partition
// before another in-sync one is better: the one being filled.
const shortQueue = 1

// available reports whether a record sent to a partition now would be answered
// soon, as far as the client can tell: it has a leader, nothing of it is being
// retried, and its leader's connection neither fails nor waits for an overdue
// answer.
func (p *Producer) available(now sim.Time, part int32) bool {
	q := &p.partitions[part]
	if !p.usable(part) || q.failing {
		return false
	}
	if head := q.queue.head; head != NoBatch && p.batches[head].attempts > 0 {
		return false
	}
	return !p.brokers[q.leader].failing() && p.SilentFor(now, q.leader) <= overdue
}

// rank orders partitions by how well the partitioner likes them; 0 is best, and
// a record goes to one of the best.
func (p *Producer) rank(now sim.Time, part int32) int {
	leaderless := 0
	if !p.usable(part) {
		leaderless = 1
	}
	switch p.partitioner {
	case scenarios.DefaultPartitioner:
		return leaderless
	case scenarios.AvoidUnavailable:
		if p.available(now, part) {
			return 0
		}
		return 1 + leaderless
	case scenarios.AvoidUnderReplicated:
		q := &p.partitions[part]
		switch {
		case !p.available(now, part):
			return 3 + leaderless
		case !q.inSync:
			return 2
		case q.queued > shortQueue:
			return 1
		}
		return 0
	}
	panic("kafka: unknown partitioner")
}

func (p *Producer) bestRank(now sim.Time) int {
	best := p.rank(now, 0)
	for part := 1; part < len(p.partitions) && best > 0; part++ {
		best = min(best, p.rank(now, int32(part)))
	}
	return best
}

// mustLeave reports whether the sticky partition is left before its bytes are
// full: a wrapper leaves for a better one, kgo for one with a leader, Java stays.
func (p *Producer) mustLeave(now sim.Time, part int32) bool {
	if p.client == scenarios.Java && p.partitioner == scenarios.DefaultPartitioner {
		return false
	}
	rank := p.rank(now, part)
	return rank > 0 && p.bestRank(now) < rank
}
