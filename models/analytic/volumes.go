// Package analytic is the closed forms that bound or check the simulation: pure
// functions of a few numbers.
package analytic

import (
	"fmt"
	"math"

	"kafkasim/sim/unit"
)

// A Load is a steady write load on a cluster whose leaders and followers are
// spread evenly. Each of its groups reads everything at the rate at which it is
// written. Rates are of record batches as the producers write them; requests,
// responses and the broker's own topics come on top.
type Load struct {
	Brokers           int           // ≥ 1
	ReplicationFactor int           // 1 to Brokers
	Groups            int           // ≥ 0
	Produced          unit.ByteRate // of all producers together
}

// check panics on a load that no cluster can have.
func (l Load) check() {
	if l.Brokers < 1 || l.ReplicationFactor < 1 || l.ReplicationFactor > l.Brokers || l.Groups < 0 {
		panic(fmt.Sprintf("analytic: a load of %d brokers, replication factor %d, %d groups", l.Brokers, l.ReplicationFactor, l.Groups))
	}
}

// times is so many copies of what is produced, divided among the brokers.
func (l Load) times(copies int) unit.ByteRate {
	l.check()
	return l.Produced * unit.ByteRate(copies) / unit.ByteRate(l.Brokers)
}

// NetworkIn is what a broker receives from producers and leaders: RF·B/n.
//
// Source of the volumes: AWS, "Best practices for right-sizing your Apache Kafka
// clusters to optimize performance and cost" (2022), equation 1; each record is written RF
// times and sent to RF − 1 followers and every group.
func (l Load) NetworkIn() unit.ByteRate { return l.times(l.ReplicationFactor) }

// NetworkOut is what a broker sends to followers and groups: (RF − 1 + G)·B/n.
func (l Load) NetworkOut() unit.ByteRate { return l.times(l.ReplicationFactor - 1 + l.Groups) }

// GroupsOut is the part of NetworkOut that goes to groups: G·B/n.
func (l Load) GroupsOut() unit.ByteRate { return l.times(l.Groups) }

// DiskWrite is what a broker appends to its logs: RF·B/n.
func (l Load) DiskWrite() unit.ByteRate { return l.times(l.ReplicationFactor) }

// Limits are what one broker sustains; +Inf where something is no limit.
type Limits struct {
	Storage        unit.ByteRate // throughput of its volumes
	StorageNetwork unit.ByteRate // between the machine and its volumes, as of EBS
	Network        unit.ByteRate // to everybody else, each direction
}

// Sustained is the write load up to which a cluster of such brokers keeps within
// their limits, from l's counts alone:
//
//	min(storage·n/RF, storage network·n/RF, network·n/(G + RF − 1))
//
// It counts what a broker sends and not what it receives, which without a group
// is more: then no more than Limits.Network·n/RF fits either.
//
// Source: AWS, as NetworkIn.
func (x Limits) Sustained(l Load) unit.ByteRate {
	l.check()
	n := unit.ByteRate(l.Brokers)
	most := min(x.Storage, x.StorageNetwork) * n / unit.ByteRate(l.ReplicationFactor)
	if sent := l.Groups + l.ReplicationFactor - 1; sent > 0 {
		most = min(most, x.Network*n/unit.ByteRate(sent))
	}
	return most
}

// Unlimited is the rate of what is no limit.
func Unlimited() unit.ByteRate { return unit.ByteRate(math.Inf(1)) }

// A Tier is one cluster of a hierarchy: records are produced into a first one, and
// routers copy a share of them into others, each of which has groups of its own.
type Tier struct {
	Load          // Produced counts at a tier that is fed by nobody
	From  int     // the tier that feeds it, an earlier one; -1: producers
	Share float64 // of that tier's records, 0 to 1
}

// A Volume is what one broker of a tier moves.
type Volume struct{ In, Out, Disk unit.ByteRate }

// Hierarchy is the volumes of clusters that feed each other, by tier: whoever feeds
// another one sends it its share beside its own groups and followers,
//
//	out = (groups + RF − 1 + Σ shares of those that it feeds) × bytes in.
//
// It panics if a tier is fed by one that does not come before it.
//
// Source: Netflix, "Evolution of the Netflix Data Pipeline" (2016): fronting
// clusters, routers, consumer clusters.
func Hierarchy(tiers []Tier) []Volume {
	produced := make([]unit.ByteRate, len(tiers))
	volumes := make([]Volume, len(tiers))
	for i, t := range tiers {
		if t.From >= i || t.Share < 0 || t.Share > 1 {
			panic(fmt.Sprintf("analytic: tier %d of a hierarchy is fed a share of %g by tier %d", i, t.Share, t.From))
		}
		produced[i] = t.Produced
		if t.From >= 0 {
			produced[i] = produced[t.From] * unit.ByteRate(t.Share)
			volumes[t.From].Out += produced[i] / unit.ByteRate(tiers[t.From].Brokers)
		}
		l := t.Load
		l.Produced = produced[i]
		volumes[i] = Volume{l.NetworkIn(), l.NetworkOut(), l.DiskWrite()}
	}
	return volumes
}
