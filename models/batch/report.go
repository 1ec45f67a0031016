package batch

import (
	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
)

const acksNone = scenarios.AcksNone

// observations lists what a finished replication saw, always in the same order.
func (w *world) observations() []result.Observation {
	s := w.sheet()
	w.checkBounds(s)
	for _, words := range s.Undrained() {
		w.warn(words)
	}
	return s.Observations()
}

// sheet is what the replication has counted.
func (w *world) sheet() *tally.Sheet {
	s := &tally.Sheet{
		Spec: w.plan.spec, Bounded: true, Fencings: w.observed.fencings,
		// Writes are offered until the load ends, and only then missed.
		Load: min(w.engine.Now(), w.loadEnd).Sub(0) - prologue,
	}
	w.producerSheet(s)
	w.topicSheet(s)
	w.groupSheet(s)
	w.brokerSheet(s)
	return s
}

// producerSheet fills in every record's end.
func (w *world) producerSheet(s *tally.Sheet) {
	bounds := w.lossBound()
	for p, c := range w.settle() {
		o := &w.observed.producers[p]
		s.Producers = append(s.Producers, tally.Producer{
			Records: tally.Records{
				Generated: o.generated, Acked: c.acked, Delivered: c.delivered,
				LostAcked: c.lostAcked, LostBuffer: o.buffer, LostExpired: c.expired, LostUnconfirmed: c.unconfirmed,
				LostClientCrash: c.clientCrash, LostRetention: c.retention, LostSkipped: c.skippedOne,
				InFlight: c.inFlight, Truncated: c.truncated, Phantom: c.phantom, DuplicatedWrite: c.written,
			},
			Bound: bounds[p], Latency: &w.observed.latency[p],
		})
	}
}

// checkBounds makes sure that no more acknowledged records are lost than the
// faults of the replication can cost: of all producers, of each topic's, of each.
func (w *world) checkBounds(s *tally.Sheet) {
	check := func(pick func(p int) bool) {
		var bound, lost int64
		for p := range s.Producers {
			if pick(p) {
				bound += s.Producers[p].Bound
				lost += s.Producers[p].LostAcked
			}
		}
		if lost > bound {
			w.violate("%d acknowledged records are lost, and the faults of the replication can cost %d at most", lost, bound)
		}
	}
	check(func(int) bool { return true })
	for t := range s.Spec.Topics {
		check(func(p int) bool { return s.Spec.Producers[p].Topic == t })
	}
	for p := range s.Producers {
		check(func(q int) bool { return q == p })
	}
}

// topicSheet fills in the topics of the scenario; internal ones come after them.
func (w *world) topicSheet(s *tally.Sheet) {
	o := &w.observed
	for t := range w.plan.spec.Topics {
		c := &o.topics[t]
		sum := tally.Topic{Clean: c.clean, Unclean: c.unclean, Shrinks: c.shrinks, Expands: c.expands, Failover: &o.failover[t]}
		topic := &w.plan.topics[t]
		for p := range topic.count {
			x := &o.partitions[int(topic.first)+p]
			sum.Stall = max(sum.Stall, x.stall)
			sum.Leaderless += x.leaderlessTime
			sum.UnderReplicated += x.underReplicatedTime
			sum.UnderMinISR += x.underMinTime
			sum.Unavailable += x.unavailableTime
		}
		s.Topics = append(s.Topics, sum)
	}
}

// groupSheet fills in the groups.
func (w *world) groupSheet(s *tally.Sheet) {
	o := &w.observed
	for g := range w.plan.spec.Groups {
		c := &o.groups[g]
		sum := tally.Group{
			Rebalances: c.rebalances, Pause: c.pause, Paused: c.paused, Peak: o.lagPeak[g],
			LagRecords: &o.lagRecords[g], LagTime: &o.lagTime[g], LagCommitted: &o.committed[g],
			Members: &o.members[g], MemberTime: o.memberTime[g],
		}
		for t := range w.plan.spec.Topics {
			i := w.readIndex(g, t)
			sum.Reads = append(sum.Reads, tally.Read{
				Duplicated: o.reads[i].duplicated, Disordered: o.reads[i].disordered, Delivery: &o.delivery[i],
			})
		}
		s.Groups = append(s.Groups, sum)
	}
}

// brokerSheet fills in the brokers' loads.
func (w *world) brokerSheet(s *tally.Sheet) {
	o := &w.observed
	busiest, each := w.machines.busiest(w.engine.Now())
	s.Busiest = tally.Share{Value: busiest, Known: true}
	for k, name := range resourceNames() {
		s.Resources = append(s.Resources, tally.Resource{Name: name, Use: tally.Share{Value: each[k], Known: true}})
	}
	for b := range w.brokers {
		s.Brokers = append(s.Brokers, tally.Broker{
			In: &o.in[b], Out: &o.out[b], Written: &o.written[b],
			Busiest: tally.Share{Value: w.machines.utilization(b, w.engine.Now()), Known: true},
		})
	}
}
