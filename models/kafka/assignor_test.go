package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"kafkasim/models/kafka"
)

// TestAssignorScripts: range, sticky and cooperative take topics=(partitions,
// ...) and a line for each member: its name, and after it what it has, as in
// "m0 gen=3 0 1 2".
func TestAssignorScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/assignor", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			var topics []kafka.TopicPartitions
			for _, n := range kafka.NumbersArg(t, d, "topics") {
				topics = append(topics, kafka.TopicPartitions(n))
			}
			members := subscriptions(t, d.Input)
			switch d.Cmd {
			case "range":
				return owned(members, kafka.AssignRange(members, topics))
			case "sticky":
				return owned(members, kafka.AssignSticky(members, topics, false))
			case "cooperative":
				return owned(members, kafka.AssignSticky(members, topics, true))
			default:
				t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
				return ""
			}
		})
	})
}

func subscriptions(t *testing.T, input string) []kafka.MemberSubscription {
	t.Helper()
	var members []kafka.MemberSubscription
	for line := range strings.Lines(input) {
		m := kafka.MemberSubscription{Key: kafka.MemberKey{Member: kafka.MemberID(len(members)), Incarnation: 1}, Generation: kafka.NoGeneration}
		for _, field := range strings.Fields(line)[1:] {
			var n int32
			if _, err := fmt.Sscanf(field, "gen=%d", &n); err == nil {
				m.Generation = kafka.Generation(n)
				continue
			}
			if _, err := fmt.Sscanf(field, "%d", &n); err != nil {
				t.Fatalf("%q: %v", field, err)
			}
			m.Owned = append(m.Owned, n)
		}
		members = append(members, m)
	}
	return members
}

func owned(members []kafka.MemberSubscription, owners []kafka.Owner) string {
	var text strings.Builder
	for i := range members {
		fmt.Fprintf(&text, "m%d:", i)
		for p, owner := range owners {
			if owner == kafka.Owner(i) {
				fmt.Fprintf(&text, " %d", p)
			}
		}
		text.WriteString("\n")
	}
	for p, owner := range owners {
		if owner == kafka.NoOwner {
			fmt.Fprintf(&text, "nobody: %d\n", p)
		}
	}
	return text.String()
}

// TestRangeShares: of each topic the first P mod C members have ceil(P/C)
// partitions in a row, the others floor(P/C) (kafka.md C.4).
func TestRangeShares(t *testing.T) {
	for partitions := 1; partitions <= 12; partitions++ {
		for count := 1; count <= 7; count++ {
			topics := []kafka.TopicPartitions{3, kafka.TopicPartitions(partitions)}
			owners := kafka.AssignRange(make([]kafka.MemberSubscription, count), topics)
			if !slices.IsSorted(owners[3:]) {
				t.Fatalf("%d partitions, %d members: runs are not in order: %v", partitions, count, owners)
			}
			for m := range count {
				share := partitions / count
				if m < partitions%count {
					share++
				}
				if got := tally(owners[3:])[kafka.Owner(m)]; got != share {
					t.Errorf("%d partitions, %d members: member %d has %d, want %d", partitions, count, m, got, share)
				}
			}
		}
	}
}

func tally(owners []kafka.Owner) map[kafka.Owner]int {
	counts := map[kafka.Owner]int{}
	for _, owner := range owners {
		counts[owner]++
	}
	return counts
}

// history draws members that own disjoint parts of n partitions.
func history(r *rand.Rand, n int) []kafka.MemberSubscription {
	members := make([]kafka.MemberSubscription, 1+r.IntN(5))
	for i := range members {
		members[i].Key = kafka.MemberKey{Member: kafka.MemberID(i), Incarnation: 1}
		members[i].Generation = 7
	}
	for p := range n {
		if m := r.IntN(len(members) + 2); m < len(members) {
			members[m].Owned = append(members[m].Owned, int32(p))
		}
	}
	return members
}

// mostKept is a naive twin: the largest number of partitions that can stay where
// they are in any balanced assignment, by trying all of them.
func mostKept(members []kafka.MemberSubscription, partitions int) int {
	owner := make([]int, partitions)
	for p := range owner {
		owner[p] = -1
	}
	for i, m := range members {
		for _, p := range m.Owned {
			owner[p] = i
		}
	}
	counts := make([]int, len(members))
	best := -1
	var try func(p, kept int)
	try = func(p, kept int) {
		if p == partitions {
			if slices.Max(counts)-slices.Min(counts) <= 1 {
				best = max(best, kept)
			}
			return
		}
		for m := range members {
			if counts[m] > partitions/len(members) {
				continue
			}
			counts[m]++
			same := 0
			if owner[p] == m {
				same = 1
			}
			try(p+1, kept+same)
			counts[m]--
		}
	}
	try(0, 0)
	return best
}

func TestStickyMovesTheLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		partitions := 1 + r.IntN(7)
		members := history(r, partitions)
		owners := kafka.AssignSticky(members, []kafka.TopicPartitions{kafka.TopicPartitions(partitions)}, false)
		kept := 0
		for i, m := range members {
			for _, p := range m.Owned {
				if owners[p] == kafka.Owner(i) {
					kept++
				}
			}
		}
		if want := mostKept(members, partitions); kept != want {
			t.Fatalf("%v: %v keeps %d partitions, %d could stay", members, owners, kept, want)
		}
	}
}

// TestStickyProperties: every partition has one owner, totals differ by at most
// one; the cooperative form withholds exactly what changes hands, and the round
// after that hands it out without another move.
func TestStickyProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		topics := make([]kafka.TopicPartitions, 1+r.IntN(4))
		partitions := 0
		for i := range topics {
			topics[i] = kafka.TopicPartitions(1 + r.IntN(9))
			partitions += int(topics[i])
		}
		members := history(r, partitions)
		owners := kafka.AssignSticky(members, topics, false)
		checkBalanced(t, members, owners)

		first := kafka.AssignSticky(members, topics, true)
		for p := range first {
			before := ownerOf(members, int32(p))
			moves := before != kafka.NoOwner && before != owners[p]
			if moves != (first[p] == kafka.NoOwner) || !moves && first[p] != owners[p] {
				t.Fatalf("partition %d of %v: had %d, gets %d, first round %d", p, members, before, owners[p], first[p])
			}
		}
		next := slices.Clone(members)
		for i := range next {
			next[i].Owned = nil
			for p, owner := range first {
				if owner == kafka.Owner(i) {
					next[i].Owned = append(next[i].Owned, int32(p))
				}
			}
		}
		second := kafka.AssignSticky(next, topics, true)
		checkBalanced(t, members, second)
		for p, owner := range first {
			if owner != kafka.NoOwner && second[p] != owner {
				t.Fatalf("partition %d moved in the second round", p)
			}
		}
	}
}

func checkBalanced(t *testing.T, members []kafka.MemberSubscription, owners []kafka.Owner) {
	t.Helper()
	counts := tally(owners)
	least, most := len(owners), 0
	for i := range members {
		least, most = min(least, counts[kafka.Owner(i)]), max(most, counts[kafka.Owner(i)])
	}
	if counts[kafka.NoOwner] > 0 || most-least > 1 {
		t.Fatalf("%v is assigned %v: from %d to %d, %d to nobody", members, owners, least, most, counts[kafka.NoOwner])
	}
}

func ownerOf(members []kafka.MemberSubscription, p int32) kafka.Owner {
	for i, m := range members {
		if slices.Contains(m.Owned, p) {
			return kafka.Owner(i)
		}
	}
	return kafka.NoOwner
}
