package analytic

import (
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim/unit"
)

// carried is the share of a resource in use up to which a cluster counts as carrying
// its load: queues are short below it, whatever the order of arrivals.
const carried = 0.3

// overload says why a cluster may not carry its load even while nothing is broken, or
// nothing. Then waits have no bound but the end of the run. It looks at what a
// scenario can get wrong by far: networks and disks too slow for the bytes, a sync for
// every few records, followers that may fetch next to nothing at a time.
func (s *scene) overload() string {
	rate, bytes := 0.0, 0.0
	syncs := 0.0
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		t := &s.spec.Topics[p.Topic]
		f := newFlow(s.spec, p)
		peak := f.peak(0, s.spec.Duration)
		rate += peak
		bytes += peak * float64(p.RecordSize.Mean) * float64(t.ReplicationFactor)
		if t.Config.FlushMessages != scenarios.Unbounded {
			syncs += peak / float64(t.Config.FlushMessages) * float64(t.ReplicationFactor)
		}
	}
	brokers := unit.ByteRate(len(s.cluster.Brokers))
	for i := range s.cluster.Brokers {
		h := s.cluster.Brokers[i].Hardware
		sync := time.Duration(0)
		if syncs > 0 {
			sync = h.Fsync.P99
		}
		cycle := h.RTTCrossRack.P99 + fetchWork + sync
		switch {
		case unit.ByteRate(bytes)/brokers > 0.7*min(h.NetworkBase, h.DiskWrite):
			return "the cluster may not carry its load: its disks or its network are too slow for so many bytes"
		case syncs*sync.Seconds() > carried:
			return "the cluster may not carry its load: flush.messages asks for more syncs than a disk does"
		case min(s.config.ReplicaFetchMaxBytes, s.config.ReplicaFetchResponseMax) < smallFetch && rate*cycle.Seconds() > carried:
			return "the cluster may not carry its load: a follower's fetch brings too little"
		}
	}
	return ""
}

// fetchWork is what brokers do for one fetch, and smallFetch is a limit of fetches
// below which a round may bring one batch only.
const (
	fetchWork  = 2 * time.Millisecond
	smallFetch = 64 << 10
)
