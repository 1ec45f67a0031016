package batch

import (
	"testing"
	"time"

	"kafkasim/models/kafka"
)

// TestFetchOfAnotherEpoch: a leader learns nothing from a follower that fetches in
// another leader epoch than its own (Partition.checkCurrentLeaderEpoch; TLA+,
// KIP-320: the high watermark follows from fetches of the same epoch only).
func TestFetchOfAnotherEpoch(t *testing.T) {
	w := warm(t, steady, 5*time.Second)
	lead, _ := w.highWatermark(0)
	index := (int(lead.index) + 1) % len(lead.leader.Followers)
	id := int32(w.plan.partitions[0].replica + index)
	follower := &w.replicas[id]
	before := lead.leader.Followers[index]
	for epoch, code := range map[kafka.LeaderEpoch]uint8{lead.epoch - 1: fetchFencedEpoch, lead.epoch + 1: fetchUnknownEpoch} {
		p := part{
			partition: 0, replica: id, from: before.LogEnd + 5, position: follower.log.endPosition(),
			epoch: epoch, lastEpoch: follower.log.lastEpoch(),
		}
		if at := w.takeFetchPart(w.engine.Now(), &w.fetchers[follower.fetcher], &p); !at || p.code != code {
			t.Errorf("epoch %d: code %d, at once %v; want code %d at once", epoch, p.code, at, code)
		}
		if lead.leader.Followers[index] != before {
			t.Errorf("epoch %d: the leader took %+v over", epoch, lead.leader.Followers[index])
		}
	}
}
