package kafka

import (
	"fmt"
	"slices"
)

// PlaceReplicas assigns the replicas of a new topic as Kafka does while every
// broker is unfenced (metadata/.../placement/StripedReplicaPlacer.java). racks
// holds the rack of broker 1, 2, ...; brokers without one share the rack "". The
// replicas of a partition are taken from the racks in turn, each partition begins
// one rack and one broker further on, and after as many partitions as there are
// brokers racks and brokers are shuffled. That spreads replicas evenly, but leaders
// only where the number of racks and the brokers of a rack have no common divisor:
// of three racks of three, three brokers lead the first nine partitions.
//
// draw(n) returns a uniform whole number in [0, n). It is asked for the offset in
// each rack, racks in the order of their names, for the offset among racks, and
// then for the shuffles. (Kafka walks its racks in the order of a hash map.)
// It panics if there are more replicas than brokers or none of either.
func PlaceReplicas(racks []string, partitions, replicationFactor int, draw func(n int) int) [][]BrokerID {
	if replicationFactor < 1 || replicationFactor > len(racks) {
		panic(fmt.Sprintf("kafka: replication factor %d on %d brokers", replicationFactor, len(racks)))
	}
	placer := newRackList(racks, draw)
	placement := make([][]BrokerID, partitions)
	for p := range placement {
		placement[p] = placer.place(replicationFactor, draw)
	}
	return placement
}

// rack is the brokers of one rack, taken in turn.
type rack struct {
	name    string
	brokers []BrokerID
	index   int // brokers taken for the present partition
	offset  int // of the first broker taken
	epoch   int // the partition that index and offset belong to
}

// next is the next broker of the rack for the partition of this epoch, or
// NoBroker when all have been taken.
func (r *rack) next(epoch int) BrokerID {
	if r.epoch != epoch {
		r.epoch, r.index = epoch, 0
		r.offset = (r.offset + 1) % len(r.brokers)
	}
	if r.index >= len(r.brokers) {
		return NoBroker
	}
	broker := r.brokers[(r.index+r.offset)%len(r.brokers)]
	r.index++
	return broker
}

// rackList is the racks, taken in turn.
type rackList struct {
	racks   []*rack
	brokers int
	offset  int // rack of the next partition's first replica
	epoch   int // partitions placed since the last shuffle
}

func newRackList(racks []string, draw func(n int) int) *rackList {
	names := slices.Clone(racks)
	slices.Sort(names)
	list := &rackList{brokers: len(racks)}
	for _, name := range slices.Compact(names) {
		r := &rack{name: name}
		for i := range racks {
			if racks[i] == name {
				r.brokers = append(r.brokers, BrokerID(i+1))
			}
		}
		r.offset = draw(len(r.brokers))
		list.racks = append(list.racks, r)
	}
	list.offset = draw(len(list.racks))
	return list
}

// place takes the replicas of one partition.
func (l *rackList) place(replicationFactor int, draw func(n int) int) []BrokerID {
	if l.epoch == l.brokers && l.brokers > 1 {
		l.shuffle(draw)
		l.epoch = 0
	}
	if l.offset == len(l.racks) {
		l.offset = 0
	}
	first := l.offset
	leader := l.racks[first].next(l.epoch)
	for leader == NoBroker { // after a shuffle, a rack may have had its turn in this epoch's number
		first = (first + 1) % len(l.racks)
		leader = l.racks[first].next(l.epoch)
	}
	replicas := append(make([]BrokerID, 0, replicationFactor), leader)
	at := l.offset
	for len(replicas) < replicationFactor {
		broker := NoBroker
		for broker == NoBroker {
			if at == first {
				first = -1 // the leader's rack has had its turn
			} else {
				broker = l.racks[at].next(l.epoch)
			}
			at = (at + 1) % len(l.racks)
		}
		replicas = append(replicas, broker)
	}
	l.epoch++
	l.offset++
	return replicas
}

// shuffle puts the racks, and the brokers in each, into another order.
func (l *rackList) shuffle(draw func(n int) int) {
	shuffleList(l.racks, draw)
	byName := slices.Clone(l.racks)
	slices.SortFunc(byName, func(a, b *rack) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	for _, r := range byName {
		shuffleList(r.brokers, draw)
	}
}

// shuffleList is the shuffle of Fisher and Yates, from the end.
func shuffleList[T any](list []T, draw func(n int) int) {
	for i := len(list); i > 1; i-- {
		j := draw(i)
		list[i-1], list[j] = list[j], list[i-1]
	}
}
