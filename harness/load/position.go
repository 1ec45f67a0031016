package load

import (
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A place is a partition by its topic's name.
type place struct {
	topic     string
	partition int32
}

// A position is how far a member is with a partition that it owns. Offsets are
// those of the next record; -1 where there is none.
type position struct {
	handed    kgo.EpochOffset // to the application
	processed kgo.EpochOffset // moves at the end of a poll
	committed int64
}

// positions are those of the partitions that a member owns. What the application
// still has of a partition that was taken away moves none.
type positions struct {
	mutex *sync.Mutex
	owned map[place]*position
}

func newPositions() positions {
	return positions{mutex: &sync.Mutex{}, owned: map[place]*position{}}
}

// assign begins partitions anew.
func (p *positions) assign(partitions map[string][]int32) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	none := kgo.EpochOffset{Epoch: -1, Offset: -1}
	eachPartition(partitions, func(topic string, partition int32) {
		p.owned[place{topic, partition}] = &position{handed: none, processed: none, committed: -1}
	})
}

// drop forgets partitions.
func (p *positions) drop(partitions map[string][]int32) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	eachPartition(partitions, func(topic string, partition int32) { delete(p.owned, place{topic, partition}) })
}

// taken moves the handed positions behind what was polled, and returns those that
// moved.
func (p *positions) taken(fetches kgo.Fetches) []*position {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var moved []*position
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		at := p.owned[place{f.Topic, f.Partition}]
		if at == nil || len(f.Records) == 0 {
			return
		}
		last := f.Records[len(f.Records)-1]
		at.handed = kgo.EpochOffset{Epoch: last.LeaderEpoch, Offset: last.Offset + 1}
		moved = append(moved, at)
	})
	return moved
}

// done says that all that was handed out of these is processed.
func (p *positions) done(moved []*position) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, at := range moved {
		at.processed = at.handed
	}
}

// uncommitted are the positions that a commit should have: the processed ones, or
// with early those handed out.
func (p *positions) uncommitted(early bool) map[string]map[int32]kgo.EpochOffset {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	all := map[string]map[int32]kgo.EpochOffset{}
	for at, o := range p.owned {
		to := o.processed
		if early {
			to = o.handed
		}
		if to.Offset < 0 || to.Offset == o.committed {
			continue
		}
		if all[at.topic] == nil {
			all[at.topic] = map[int32]kgo.EpochOffset{}
		}
		all[at.topic][at.partition] = to
	}
	return all
}

// confirm notes a position that the group has taken.
func (p *positions) confirm(topic string, partition int32, offset int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if at := p.owned[place{topic, partition}]; at != nil {
		at.committed = offset
	}
}

// eachPartition visits partitions in a fixed order.
func eachPartition(partitions map[string][]int32, visit func(topic string, partition int32)) {
	for _, topic := range slices.Sorted(maps.Keys(partitions)) {
		for _, partition := range slices.Sorted(slices.Values(partitions[topic])) {
			visit(topic, partition)
		}
	}
}
