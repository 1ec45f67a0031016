package kafka

import (
	"math"
	"testing"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// partitioned is a producer with four partitions, all led, that have had
// batches and have the given queues (in batches) and buffered records.
func partitioned(t *testing.T, client scenarios.Client, queues []int32) *Producer {
	t.Helper()
	o := ProducerOptions{
		Client: client, Partitioner: scenarios.DefaultPartitioner, Config: javaConfig(),
		Partitions: len(queues), Brokers: 1, ID: 1, Stream: rng.New(3, "partitioner", "choices"),
	}
	if client == scenarios.FranzGo {
		o.Config = kgoConfig()
	}
	p := NewProducer(o)
	view := make([]PartitionView, len(queues))
	for part := range view {
		view[part] = PartitionView{Leader: 1}
	}
	p.Start(0, nil)
	p.OnMetadata(0, view, nil)
	for part, n := range queues {
		p.partitions[part].queued = n
		p.partitions[part].buffered = int64(n)
		p.partitions[part].seen = true
		p.seen++
	}
	return p
}

// checkShares draws partitions and compares how often each one came.
func checkShares(t *testing.T, pick func() int32, shares []float64) {
	t.Helper()
	const draws = 200_000
	seen := make([]float64, len(shares))
	for range draws {
		seen[pick()]++
	}
	for part, share := range shares {
		// Four standard deviations of a binomial count.
		if math.Abs(seen[part]-share*draws) > 4*math.Sqrt(draws*share*(1-share)) {
			t.Errorf("partition %d was picked %v times of %d, want a share of %.3f", part, seen[part], draws, share)
		}
	}
}

// The example is that of BuiltInPartitioner.updatePartitionLoadStats: queues of
// 0, 3 and 1 give weights of 4, 1 and 3.
func TestJavaPicksByQueueLength(t *testing.T) {
	t.Parallel()
	p := partitioned(t, scenarios.Java, []int32{0, 3, 1})
	checkShares(t, func() int32 { return p.pickJava(0) }, []float64{4. / 8, 1. / 8, 3. / 8})

	p.setLeader(0, NoBroker) // then 1 and 3 of queues 3 and 1
	checkShares(t, func() int32 { return p.pickJava(0) }, []float64{0, 1. / 4, 3. / 4})

	p = partitioned(t, scenarios.Java, []int32{0, 3, 1})
	p.seen = 2 // one has had no batch yet
	checkShares(t, func() int32 { return p.pickJava(0) }, []float64{1. / 3, 1. / 3, 1. / 3})

	p.config.AdaptivePartitioner, p.seen = false, 3
	checkShares(t, func() int32 { return p.pickJava(0) }, []float64{1. / 3, 1. / 3, 1. / 3})
}

func TestKgoPicksByInverseBacklog(t *testing.T) {
	t.Parallel()
	p := partitioned(t, scenarios.FranzGo, []int32{0, 3, 1}) // weights 1, 1/4, 1/2
	checkShares(t, func() int32 { return p.pickKgo(0) }, []float64{4. / 7, 1. / 7, 2. / 7})
	p.partitions[0].loadError = true
	checkShares(t, func() int32 { return p.pickKgo(0) }, []float64{0, 1. / 3, 2. / 3})
}

func TestIndexSet(t *testing.T) {
	t.Parallel()
	s, all := make(indexSet, 3), make(indexSet, 3)
	for i := range int32(192) {
		all.add(i)
	}
	members := []int32{0, 5, 63, 64, 130, 191}
	for _, i := range members {
		s.add(i)
	}
	i := int32(-1)
	for _, want := range members {
		if i = s.next(all, i+1); i != want || !s.has(i) {
			t.Errorf("next member is %d, want %d", i, want)
		}
	}
	if got := s.next(all, 192); got != -1 {
		t.Errorf("behind the last member comes %d", got)
	}
	for k, i := range members {
		want := members[(k+len(members)-1)%len(members)]
		if got := s.previous(i); got != want {
			t.Errorf("before %d comes %d, want %d", i, got, want)
		}
	}
	s.remove(64)
	if got := s.previous(130); got != 63 || s.has(64) {
		t.Errorf("before 130 comes %d once 64 is gone, want 63", got)
	}
	s.clear()
	if s.previous(5) != -1 || s.meets(all) {
		t.Error("an empty set has members")
	}
}
