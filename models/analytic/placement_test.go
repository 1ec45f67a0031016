package analytic

import (
	"fmt"
	"testing"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// TestLeadersOfABroker: no placement of Kafka's makes a broker lead more partitions
// than the bounds take, and some placement makes one lead as many.
func TestLeadersOfABroker(t *testing.T) {
	for _, c := range []struct{ brokers, racks, rf, partitions int }{
		{3, 3, 3, 12}, {3, 1, 3, 7}, {6, 3, 3, 8}, {6, 3, 2, 8}, {9, 3, 3, 9}, {4, 2, 2, 10}, {5, 2, 3, 6}, {6, 2, 3, 11},
	} {
		cluster := scenarios.Cluster{}
		racks := make([]string, c.brokers)
		for b := range racks {
			racks[b] = fmt.Sprint(b % c.racks)
			cluster.Brokers = append(cluster.Brokers, scenarios.Broker{ID: b + 1, Rack: racks[b]})
		}
		s := scene{cluster: &cluster}
		bound := s.leadsAtMost(&scenarios.Topic{Partitions: c.partitions, ReplicationFactor: c.rf})
		most := 0
		for seed := range uint64(2000) {
			stream := rng.New(seed, "topic", "placement")
			leads := make([]int, c.brokers+1)
			for _, replicas := range kafka.PlaceReplicas(racks, c.partitions, c.rf, stream.IntN) {
				leads[replicas[0]]++
				most = max(most, leads[replicas[0]])
			}
		}
		if most > bound || most*2 < bound && bound < c.partitions {
			t.Errorf("%+v: a broker leads %d of 2000 placements, bound %d", c, most, bound)
		}
	}
}
