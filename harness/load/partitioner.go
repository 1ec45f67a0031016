package load

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// stickyBytes is how much kgo writes to a partition before it picks again: its
// default partitioner's (config.go defaultCfg).
const stickyBytes = 64 * unit.KiB

// partition chooses the partitioner.
func (in *instance) partition(s *settings, name string) {
	own := kgo.UniformBytesPartitioner(int(stickyBytes), true, true, nil)
	if in.spec.Partitioner == scenarios.DefaultPartitioner {
		s.set("RecordPartitioner", "UniformBytesPartitioner(64 KiB, adaptive, keys)", kgo.RecordPartitioner(&probed{own, in.probe}))
		return
	}
	w := newWatch(in.topic(), in.plan.Spec.Topics[in.spec.Topic].Partitions, &in.spec.Config)
	avoid := &avoiding{watch: w, underReplicated: in.spec.Partitioner == scenarios.AvoidUnderReplicated, batchSize: int64(in.spec.Config.BatchSize), stream: rng.New(in.plan.Seed, name, "client")}
	words := "avoid_unavailable"
	if avoid.underReplicated {
		words = "avoid_under_replicated"
	}
	s.set("RecordPartitioner", words, kgo.RecordPartitioner(&probed{avoid, in.probe}))
	s.options = append(s.options, kgo.WithHooks(w))
}

// probed is a partitioner that refuses one record: see instance.connect.
type probed struct {
	kgo.Partitioner
	probe *kgo.Record
}

// ForTopic is kgo's.
func (p *probed) ForTopic(topic string) kgo.TopicPartitioner {
	return &probedTopic{p.Partitioner.ForTopic(topic).(kgo.TopicBackupPartitioner), p.probe}
}

type probedTopic struct {
	kgo.TopicBackupPartitioner
	probe *kgo.Record
}

// PartitionByBackup is kgo's, but for the probe, for which no partition is good.
func (p *probedTopic) PartitionByBackup(r *kgo.Record, n int, backup kgo.TopicBackupIter) int {
	if r == p.probe {
		return -1
	}
	return p.TopicBackupPartitioner.PartitionByBackup(r, n, backup)
}

// avoiding is kgo's default partitioner for records without a key within the
// partitions that it likes best, as the model has it (models/kafka/partitioner.go):
// avoid_unavailable keeps to partitions that would answer soon, as far as the
// client can tell; avoid_under_replicated moreover to those whose replicas are all
// in sync and that have no batch waiting.
type avoiding struct {
	watch           *watch
	underReplicated bool
	batchSize       int64
	stream          rng.Stream
}

// ForTopic is for the one topic of an instance.
func (a *avoiding) ForTopic(string) kgo.TopicPartitioner {
	return &avoidingTopic{avoiding: a, onto: -1}
}

type avoidingTopic struct {
	*avoiding
	onto     int // partition, or -1
	produced unit.Bytes
	buffered []int64 // by partition: records
	ranks    []int   // by partition: 0 is best
}

// RequiresConsistency makes kgo count all partitions and not only the writable
// ones, so that an index is a partition; which are writable the ranks know.
func (*avoidingTopic) RequiresConsistency(*kgo.Record) bool { return true }

// Partition is never called: PartitionByBackup is.
func (*avoidingTopic) Partition(*kgo.Record, int) int { panic("load: partition without a backup") }

// PartitionByBackup sticks to a partition for 64 KiB, unless there is a better
// one, and then picks among the best with a weight of 1/(buffered records + 1).
func (t *avoidingTopic) PartitionByBackup(r *kgo.Record, n int, backup kgo.TopicBackupIter) int {
	size := unit.Bytes(len(r.Value) + recordOverhead(len(r.Value), 0))
	t.produced += size
	if t.produced >= stickyBytes {
		t.onto, t.produced = -1, size
	}
	best := t.rank(n)
	if t.onto >= 0 && t.onto < n && t.ranks[t.onto] <= best {
		return t.onto
	}
	if cap(t.buffered) < n {
		t.buffered = make([]int64, n)
	}
	t.buffered = t.buffered[:n]
	for backup.Rem() > 0 {
		p, records := backup.Next()
		t.buffered[p] = records
	}
	total := 0.0
	for p, records := range t.buffered {
		if t.ranks[p] == best {
			total += 1 / float64(records+1)
		}
	}
	drawn := t.stream.Float64() * total
	for p, records := range t.buffered {
		if t.ranks[p] != best {
			continue
		}
		t.onto = p
		if drawn -= 1 / float64(records+1); drawn <= 0 {
			break
		}
	}
	return t.onto
}

// rank orders n partitions and returns the best rank.
func (t *avoidingTopic) rank(n int) int {
	if len(t.ranks) < n {
		t.ranks = make([]int, n)
	}
	t.ranks = t.ranks[:n]
	t.watch.mutex.Lock()
	defer t.watch.mutex.Unlock()
	at := now()
	best := worstRank
	for p := range t.ranks {
		t.ranks[p] = t.rankOf(at, p)
		best = min(best, t.ranks[p])
	}
	return best
}

// worstRank is that of a partition without a leader.
const worstRank = 4

// rankOf is the model's rank.
func (t *avoidingTopic) rankOf(at int64, p int) int {
	usable, available, inSync, bytes := t.watch.see(at, p)
	switch {
	case !usable:
		return worstRank
	case !available:
		return worstRank - 1
	case !t.underReplicated:
		return 0
	case !inSync:
		return 2
	case bytes > t.batchSize: // a whole batch waits, and one is being filled
		return 1
	}
	return 0
}
