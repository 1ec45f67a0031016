// Package tally is what one replication has counted, simulated or measured, and
// the one place that says which observations follow from it: their names, their
// labels, their order, and what an observation without a label pools.
package tally

import (
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// Records are a producer's records by what became of them (design: the ledger).
type Records struct {
	Generated, Acked, Delivered                   int64
	LostAcked, LostBuffer, LostExpired            int64
	LostUnconfirmed, LostClientCrash              int64
	LostRetention, LostSkipped                    int64
	InFlight, Truncated, Phantom, DuplicatedWrite int64
}

// add adds other records.
func (r *Records) add(o *Records) {
	r.Generated += o.Generated
	r.Acked += o.Acked
	r.Delivered += o.Delivered
	r.LostAcked += o.LostAcked
	r.LostBuffer += o.LostBuffer
	r.LostExpired += o.LostExpired
	r.LostUnconfirmed += o.LostUnconfirmed
	r.LostClientCrash += o.LostClientCrash
	r.LostRetention += o.LostRetention
	r.LostSkipped += o.LostSkipped
	r.InFlight += o.InFlight
	r.Truncated += o.Truncated
	r.Phantom += o.Phantom
	r.DuplicatedWrite += o.DuplicatedWrite
}

// A Producer is a producer's part, over its instances.
type Producer struct {
	Records
	Bound   int64         // the most acknowledged records that the faults can have cost
	Latency *stats.Sketch // produce.latency in ns
}

// A Topic is a topic's part, over its partitions.
type Topic struct {
	Clean, Unclean, Shrinks, Expands int64
	Stall                            time.Duration // of the worst partition
	// Partition-time, summed.
	Leaderless, UnderReplicated, UnderMinISR, Unavailable time.Duration

	Failover *stats.Sketch // leader.failover in ns
}

// A Read is what a group read of a topic.
type Read struct {
	Duplicated, Disordered int64
	Delivery               *stats.Sketch // delivery.latency in ns
}

// A Group is a group's part.
type Group struct {
	Rebalances int64
	Pause      time.Duration // the longest
	Paused     bool          // there was one
	Peak       Peak

	LagRecords, LagTime, LagCommitted *stats.Sketch // weighted by ns; records, ns, records
	Members                           *stats.Sketch // weighted by ns
	MemberTime                        time.Duration

	Reads []Read // by topic, as in Spec.Topics
}

// A Share is a part of a resource's time in use, if it is known.
type Share struct {
	Value float64
	Known bool
}

// A Broker is a broker's part.
type Broker struct {
	In, Out, Written *stats.Sketch // bytes/s
	Busiest          Share         // its busiest resource
}

// A Resource is a kind of resource, and its use on the broker that uses it most.
type Resource struct {
	Name string
	Use  Share
}

// A Sheet is what one replication has counted.
type Sheet struct {
	Spec      *scenarios.Spec
	Load      time.Duration // how long writes were offered
	Producers []Producer    // as in Spec.Producers
	Bounded   bool          // their bounds are known
	Topics    []Topic       // as in Spec.Topics
	Groups    []Group       // as in Spec.Groups
	Brokers   []Broker      // broker 1..
	Fencings  int64
	Busiest   Share // the busiest resource of the busiest broker
	Resources []Resource
}

// A Peak follows a group's lag for the time that it takes to drain.
type Peak struct {
	steady  int64 // the lag when the warm-up ends
	highest int64
	at      time.Duration
	drained time.Duration
	isBack  bool
}

// Follow notes a group's lag at an instant since the start of the run: its peak,
// and when it is back at its steady level, which is at most a tenth of the peak
// above where it was when the warm-up ended. Until then, warming is true.
func (p *Peak) Follow(at time.Duration, lag int64, warming bool) {
	if warming {
		p.steady = lag
	}
	if lag > p.highest {
		p.highest, p.at, p.isBack = lag, at, false
		return
	}
	if !p.isBack && p.highest > 0 && lag <= p.steady+(p.highest-p.steady)/10 {
		p.drained, p.isBack = at, true
	}
}

// Drain is the time from the peak back to the steady level; false if there was no
// peak, or it was not back.
func (p *Peak) Drain() (time.Duration, bool) {
	if !p.isBack {
		return 0, false
	}
	return p.drained - p.at, true
}

// Held reports whether there was a peak that has not drained.
func (p *Peak) Held() bool { return p.highest > 0 && !p.isBack }
