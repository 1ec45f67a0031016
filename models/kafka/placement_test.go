package kafka

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// scripted answers draws from a list; beyond it, and where a draw is not below
// n, it fails the test.
func scripted(t *testing.T, draws ...int) func(int) int {
	t.Helper()
	return func(n int) int {
		t.Helper()
		if len(draws) == 0 || draws[0] >= n {
			t.Fatalf("draws %v where one below %d is needed", draws, n)
		}
		draw := draws[0]
		draws = draws[1:]
		return draw
	}
}

func TestPlaceReplicas(t *testing.T) {
	// Fisher and Yates from the end, turning 1 2 3 4 into 3 4 2 1.
	shuffle := []int{0, 1, 0}
	for name, c := range map[string]struct {
		racks             []string
		replicationFactor int
		draws             []int
		want              [][]BrokerID
	}{
		// The comment of StripedReplicaPlacer, all offsets 0: A0 B0 C0, B1 C1 A1, C2 A2 B2.
		"three racks of three": {
			[]string{"a", "a", "a", "b", "b", "b", "c", "c", "c"},
			3,
			[]int{0, 0, 0, 0},
			[][]BrokerID{{1, 4, 7}, {5, 8, 2}, {9, 3, 6}},
		},
		// StripedReplicaPlacerTest.testSuccessfulPlacement, with its draws found
		// backwards: offset 2, then the shuffle to brokers 3 4 2 1.
		"no racks": {
			[]string{"", "", "", ""},
			3,
			append([]int{2, 0}, shuffle...),
			[][]BrokerID{{3, 4, 1}, {4, 1, 2}, {1, 2, 3}, {2, 3, 4}, {2, 1, 3}},
		},
		// After StripedReplicaPlacerTest.testRackListWithMultipleRacks, all unfenced:
		// more replicas than racks begin again with the leader's rack.
		"more replicas than racks": {
			[]string{"1", "1", "2", "3", "3"},
			4,
			[]int{1, 0, 1, 0},
			[][]BrokerID{{2, 3, 5, 1}, {3, 4, 1, 5}},
		},
		"racks are taken by name": {
			[]string{"c", "a", "b"},
			1,
			[]int{0, 0, 0, 1},
			[][]BrokerID{{3}, {1}, {2}},
		},
		// The shuffle leaves rack a first, whose only broker was taken in epoch 0
		// before; epochs count from 0 again, so the next rack leads.
		"a rack that has had its turn": {
			[]string{"a", "b", "c"},
			1,
			[]int{0, 0, 0, 0, 2, 1},
			[][]BrokerID{{1}, {2}, {3}, {2}, {2}},
		},
		"a single broker": {
			[]string{"a"},
			1,
			[]int{0, 0},
			[][]BrokerID{{1}, {1}, {1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := PlaceReplicas(c.racks, len(c.want), c.replicationFactor, scripted(t, c.draws...))
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// With as many partitions as brokers, and equal racks, every broker holds as many
// replicas as any other, whatever the draws; and the replicas of a partition are in
// different racks.
func TestPlacementSpreadsReplicas(t *testing.T) {
	racks := []string{"a", "b", "c", "a", "b", "c", "a", "b", "c"}
	draw := anyDraws()
	for range 100 {
		holds := make([]int, len(racks)+1)
		for _, replicas := range PlaceReplicas(racks, len(racks), 3, draw) {
			var used []string
			for _, b := range replicas {
				holds[b]++
				used = append(used, racks[b-1])
			}
			slices.Sort(used)
			if fmt.Sprint(used) != "[a b c]" {
				t.Fatalf("replicas %v are in racks %v", replicas, used)
			}
		}
		for b, n := range holds[1:] {
			if n != 3 {
				t.Fatalf("broker %d holds %d replicas", b+1, n)
			}
		}
	}
}

// Leaders are spread evenly over the racks, and over brokers without racks, but not
// over the brokers of racks: a rack moves on by one broker each partition and has
// the leader each third one, so that with three racks of three it is the same
// broker again and again until the next shuffle.
func TestPlacementSpreadsLeaders(t *testing.T) {
	for name, c := range map[string]struct {
		racks   []string
		leaders int
	}{
		"no racks":                   {make([]string, 9), 9},
		"a rack each":                {[]string{"a", "b", "c", "d", "e"}, 5},
		"three racks of three":       {[]string{"a", "b", "c", "a", "b", "c", "a", "b", "c"}, 3},
		"three racks of two brokers": {[]string{"a", "b", "c", "a", "b", "c"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			leads := make([]int, len(c.racks)+1)
			for _, replicas := range PlaceReplicas(c.racks, len(c.racks), 3, anyDraws()) {
				leads[replicas[0]]++
			}
			leaders := 0
			for _, n := range leads {
				if n > 0 {
					leaders++
				}
			}
			if leaders != c.leaders {
				t.Errorf("%d brokers lead, want %d: %v", leaders, c.leaders, leads[1:])
			}
		})
	}
}

// anyDraws is a small generator of its own, where the draws may be any.
func anyDraws() func(int) int {
	seed := uint32(1)
	return func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
}

func TestPlaceReplicasRefusesTooManyReplicas(t *testing.T) {
	defer func() {
		if got := recover(); got != "kafka: replication factor 3 on 2 brokers" {
			t.Errorf("panic %v", got)
		}
	}()
	PlaceReplicas([]string{"", ""}, 1, 3, scripted(t))
}
