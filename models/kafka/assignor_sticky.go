package kafka

import "slices"

// AssignSticky balances the total number of partitions within one and moves as
// few as that allows. With cooperative set, a partition that moves from one
// member to another is withheld: its owner is NoOwner in this round. The result
// is by partition.
//
// Source: clients/.../consumer/internals/AbstractStickyAssignor.java,
// ConstrainedAssignmentBuilder, which is what runs when all members have the
// same topics; withholding: CooperativeStickyAssignor.java adjustAssignment. kgo
// reaches the same balance and stickiness by another algorithm
// (pkg/kgo/internal/sticky).
func AssignSticky(members []MemberSubscription, topics []TopicPartitions, cooperative bool) []Owner {
	s := stickyAssignment{members: members, owners: unassigned(topics)}
	if len(members) == 0 {
		return s.owners
	}
	total := len(s.owners)
	s.minQuota, s.overMin = total/len(members), total%len(members)
	s.maxQuota = s.minQuota
	if s.overMin > 0 {
		s.maxQuota++
	}
	s.counts = make([]int, len(members))
	s.claim()
	s.order(topics)
	s.keepOwned()
	s.deal(cooperative)
	return s.owners
}

type stickyAssignment struct {
	members []MemberSubscription
	owners  []Owner // the result
	claims  []Owner // who may keep what, by partition
	contest []bool  // claimed by several members of one generation: nobody keeps it
	revoked []Owner // who gives up what, by partition
	within  []int32 // index of a partition in its topic, for the order of kept ones
	counts  []int   // partitions a member has in the result

	minQuota, maxQuota int
	overMin, nowOver   int // members that may have, and have, maxQuota when that is more than minQuota

	under   []Owner // members below minQuota, in order
	exactly []Owner // members at minQuota that may get one more, in order
}

// claim settles which member had a partition: the one of the highest
// generation; of several in the same generation none (KAFKA-12984).
func (s *stickyAssignment) claim() {
	s.claims = slices.Repeat([]Owner{NoOwner}, len(s.owners))
	s.contest = make([]bool, len(s.owners))
	claimant := slices.Repeat([]Owner{NoOwner}, len(s.owners))
	for i, m := range s.members {
		for _, p := range m.Owned {
			other := claimant[p]
			switch {
			case other == NoOwner || m.Generation > s.members[other].Generation:
				s.claims[p], claimant[p] = Owner(i), Owner(i)
			case m.Generation == s.members[other].Generation:
				s.claims[p], claimant[p] = NoOwner, Owner(i)
				s.contest[p] = true
			}
		}
	}
	for p, contested := range s.contest {
		if contested {
			s.claims[p] = NoOwner
		}
	}
}

// order prepares the order in which a member with too many partitions keeps
// them: by partition, then by topic.
func (s *stickyAssignment) order(topics []TopicPartitions) {
	s.within = make([]int32, 0, len(s.owners))
	for _, topic := range topics {
		for p := range int32(topic) {
			s.within = append(s.within, p)
		}
	}
}

// keepOwned gives members what they had, up to their quota. Kafka walks a hash
// map here; the order of the members is one that it may draw.
func (s *stickyAssignment) keepOwned() {
	s.revoked = slices.Repeat([]Owner{NoOwner}, len(s.owners))
	kept := make([][]int32, len(s.members))
	for p, owner := range s.claims {
		if owner != NoOwner {
			kept[owner] = append(kept[owner], int32(p))
		}
	}
	for i := range s.members {
		member, owned := Owner(i), kept[i]
		slices.SortStableFunc(owned, func(a, b int32) int { return int(s.within[a] - s.within[b]) })
		quota := s.minQuota
		switch {
		case len(owned) < s.minQuota:
			quota = len(owned)
			s.under = append(s.under, member)
		case len(owned) >= s.maxQuota && s.nowOver < s.overMin:
			quota = s.maxQuota
			s.nowOver++
			if s.nowOver == s.overMin {
				s.exactly = s.exactly[:0]
			}
		case s.nowOver < s.overMin:
			s.exactly = append(s.exactly, member)
		}
		for _, p := range owned[:quota] {
			s.owners[p] = member
		}
		s.counts[i] = quota
		for _, p := range owned[quota:] {
			s.revoked[p] = member
		}
	}
}

// deal gives the free partitions, in order, to members below the lower quota in
// turn, then to those that may have one more.
func (s *stickyAssignment) deal(cooperative bool) {
	turn := 0
	for p := range s.owners {
		if s.owners[p] != NoOwner {
			continue
		}
		var member Owner
		if len(s.under) > 0 {
			turn %= len(s.under)
			member = s.under[turn]
		} else {
			member, s.exactly = s.exactly[0], s.exactly[1:]
		}
		s.counts[member]++
		if len(s.under) > 0 {
			if s.counts[member] == s.minQuota {
				s.under = slices.Delete(s.under, turn, turn+1)
				s.exactly = append(s.exactly, member)
			} else {
				turn++
			}
		}
		moves := s.revoked[p] != NoOwner && s.revoked[p] != member || s.contest[p]
		if cooperative && moves {
			continue
		}
		s.owners[p] = member
	}
}
