package kafka

import (
	"fmt"
	"slices"

	"kafkasim/scenarios"
)

// Partition assignors of the classic protocol. They run at the group's leader,
// which is a client. Duties of the caller:
//
//  1. Number the group's partitions from 0: the topics in name order, which is
//     the order in which Kafka deals them out, and each topic's partitions in
//     turn. All members subscribe to all topics of the group.
//  2. Give the members in the order of a Roster.
//  3. Under the cooperative protocol send the result of AssignSticky as it is:
//     a partition that must change hands is NoOwner until its owner, which finds
//     it missing from its assignment, has let go and the group rebalances again.
//
// Racks are not modelled: kafka.md has no rack-aware consumer.

// An Owner is a position in the list of members that an assignor was given.
type Owner int32

// NoOwner is the owner of a partition that nobody is assigned.
const NoOwner Owner = -1

// TopicPartitions is the number of partitions of one topic, 1 or more.
type TopicPartitions int32

// A MemberSubscription is a member as the leader sees it.
type MemberSubscription struct {
	Key        MemberKey
	Static     bool
	Owned      []int32    // partitions that it claims, ascending
	Generation Generation // the generation in which it got them
}

// compareMembers orders members as the assignors do: by instance id, members
// without one behind, by member id (AbstractPartitionAssignor.MemberInfo).
func compareMembers(a, b MemberSubscription) int {
	if a.Static != b.Static {
		if a.Static {
			return -1
		}
		return 1
	}
	return a.Key.compare(b.Key)
}

// Assign computes the plan of a generation from its roster. It panics on an
// assignor that does not exist.
func Assign(assignor scenarios.Assignor, protocol scenarios.Protocol, roster *Roster, topics []TopicPartitions) *Plan {
	plan := &Plan{Members: make([]MemberKey, len(roster.Members))}
	for i, m := range roster.Members {
		plan.Members[i] = m.Key
	}
	switch assignor {
	case scenarios.RangeAssignor:
		plan.Owners = AssignRange(roster.Members, topics)
	case scenarios.StickyAssignor:
		plan.Owners = AssignSticky(roster.Members, topics, protocol == scenarios.Cooperative)
	default:
		panic(fmt.Sprintf("kafka: no partition assignor %d", assignor))
	}
	return plan
}

// AssignRange gives each topic's partitions to the members in consecutive runs:
// of P partitions each of C members gets P/C, and the first P mod C one more,
// the same members for every topic (clients/.../RangeAssignor.java
// assignRanges). The result is by partition.
func AssignRange(members []MemberSubscription, topics []TopicPartitions) []Owner {
	owners := unassigned(topics)
	if len(members) == 0 {
		return owners
	}
	first := 0
	for _, topic := range topics {
		quota, extra := int(topic)/len(members), int(topic)%len(members)
		next := first
		for m := range members {
			run := quota
			if m < extra {
				run++
			}
			for range run {
				owners[next] = Owner(m)
				next++
			}
		}
		first = next
	}
	return owners
}

// unassigned is a table of all partitions of topics without an owner.
func unassigned(topics []TopicPartitions) []Owner {
	total := 0
	for _, topic := range topics {
		if topic < 1 {
			panic(fmt.Sprintf("kafka: a topic of %d partitions", topic))
		}
		total += int(topic)
	}
	return slices.Repeat([]Owner{NoOwner}, total)
}
