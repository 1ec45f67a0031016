package kafka

import "math/bits"

// A partitionSet is a set of partitions that is walked in their order.
type partitionSet []uint64

func newPartitionSet(partitions int) partitionSet {
	return make(partitionSet, (partitions+63)/64)
}

// set puts p in the set or takes it out.
func (s partitionSet) set(p PartitionID, in bool) {
	word, bit := p>>6, uint64(1)<<uint(p&63)
	if in {
		s[word] |= bit
	} else {
		s[word] &^= bit
	}
}

// next is the first member at or after p. It is false when there is none.
func (s partitionSet) next(p PartitionID) (PartitionID, bool) {
	for word := int(p >> 6); word < len(s); word++ {
		rest := s[word]
		if word == int(p>>6) {
			rest &= ^uint64(0) << uint(p&63)
		}
		if rest != 0 {
			return PartitionID(word<<6 + bits.TrailingZeros64(rest)), true
		}
	}
	return 0, false
}
