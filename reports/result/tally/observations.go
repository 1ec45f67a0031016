package tally

import (
	"strconv"
	"time"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// Label is a label as a metric's name has it.
func Label(key, value string) string { return "{" + key + "=" + value + "}" }

// A list gathers observations.
type list struct{ items []result.Observation }

func (l *list) value(name, label string, v float64) { l.maybe(name, label, v, true) }

func (l *list) count(name, label string, n int64) { l.maybe(name, label, float64(n), true) }

func (l *list) maybe(name, label string, v float64, seen bool) {
	l.items = append(l.items, result.Observation{Name: name + label, Observed: seen, Value: v})
}

func (l *list) share(name, label string, s Share) { l.maybe(name, label, s.Value, s.Known) }

func (l *list) ratio(name, label string, numerator, denominator float64) {
	l.items = append(l.items, result.Observation{
		Name: name + label, Observed: denominator > 0, Numerator: numerator, Denominator: denominator,
	})
}

func (l *list) distribution(name, label string, d *stats.Sketch) {
	o := result.Observation{Name: name + label}
	if d.Count() > 0 {
		o.Observed, o.Distribution = true, d
	}
	l.items = append(l.items, o)
}

// Observations lists what follows from the sheet, always in the same order for a
// Spec.
func (s *Sheet) Observations() []result.Observation {
	l := &list{}
	s.bounds(l)
	s.ledger(l)
	s.times(l)
	s.groups(l)
	s.brokers(l)
	return l.items
}

// Undrained is a sentence for each group whose lag had not drained.
func (s *Sheet) Undrained() (words []string) {
	for g := range s.Groups {
		if s.Groups[g].Peak.Held() {
			words = append(words, "group "+s.Spec.Groups[g].Name+" had not drained its lag when the run ended, so lag.drain has no value there")
		}
	}
	return words
}

// bounds lists the worst case of acknowledged loss.
func (s *Sheet) bounds(l *list) {
	row := func(label string, pick func(p int) bool) {
		bound := int64(0)
		for p := range s.Producers {
			if pick(p) {
				bound += s.Producers[p].Bound
			}
		}
		l.maybe("loss.bound.acked", label, float64(bound), s.Bounded)
	}
	s.byProducers(row)
}

// byProducers calls row for all producers, those of each topic, and each.
func (s *Sheet) byProducers(row func(label string, pick func(p int) bool)) {
	row("", all)
	for t := range s.Spec.Topics {
		row(Label("topic", s.Spec.Topics[t].Name), func(p int) bool { return s.Spec.Producers[p].Topic == t })
	}
	for p := range s.Spec.Producers {
		row(Label("producer", s.Spec.Producers[p].Name), func(q int) bool { return q == p })
	}
}

func all(int) bool { return true }

// ledger lists the records by total, topic and producer, and the rebalances of
// all groups.
func (s *Sheet) ledger(l *list) {
	s.byProducers(func(label string, pick func(p int) bool) {
		var sum Records
		for p := range s.Producers {
			if pick(p) {
				sum.add(&s.Producers[p].Records)
			}
		}
		l.records(label, &sum)
		if label == "" {
			s.rebalances(l, "", all)
		}
	})
}

func (l *list) records(label string, r *Records) {
	l.count("records.generated", label, r.Generated)
	l.count("records.acked", label, r.Acked)
	l.count("records.delivered", label, r.Delivered)
	l.count("records.lost.acked", label, r.LostAcked)
	l.count("records.lost.buffer", label, r.LostBuffer)
	l.count("records.lost.expired", label, r.LostExpired)
	l.count("records.lost.unconfirmed", label, r.LostUnconfirmed)
	l.count("records.lost.client_crash", label, r.LostClientCrash)
	l.count("records.lost.retention", label, r.LostRetention)
	l.count("records.lost.skipped", label, r.LostSkipped)
	l.count("records.in_flight_at_end", label, r.InFlight)
	l.count("records.truncated", label, r.Truncated)
	l.count("records.phantom", label, r.Phantom)
	l.count("records.duplicated.produced", label, r.DuplicatedWrite)
}

// rebalances lists those of some groups.
func (s *Sheet) rebalances(l *list, label string, pick func(g int) bool) {
	count, pause, paused := int64(0), time.Duration(0), false
	for g := range s.Groups {
		if pick(g) {
			count += s.Groups[g].Rebalances
			pause = max(pause, s.Groups[g].Pause)
			paused = paused || s.Groups[g].Paused
		}
	}
	l.count("rebalances", label, count)
	l.maybe("rebalance.pause", label, pause.Seconds(), paused)
}

// times lists latencies, stalls and the control plane.
func (s *Sheet) times(l *list) {
	spec := s.Spec
	l.distribution("produce.latency", "", s.latency(all))
	s.reads(l, "", func(int, int) bool { return true })
	l.count("fencings", "", s.Fencings)
	s.partitions(l, "", all)
	for t := range spec.Topics {
		label := Label("topic", spec.Topics[t].Name)
		s.partitions(l, label, func(u int) bool { return u == t })
		s.reads(l, label, func(_, u int) bool { return u == t })
		l.distribution("produce.latency", label, s.latency(func(p int) bool { return spec.Producers[p].Topic == t }))
	}
	for p := range spec.Producers {
		l.distribution("produce.latency", Label("producer", spec.Producers[p].Name), s.Producers[p].Latency)
	}
}

// latency pools the produce latencies of some producers.
func (s *Sheet) latency(pick func(p int) bool) *stats.Sketch {
	sum := new(stats.Sketch)
	for p := range s.Producers {
		if pick(p) {
			sum.Merge(s.Producers[p].Latency)
		}
	}
	return sum
}

// reads lists what groups read of topics.
func (s *Sheet) reads(l *list, label string, pick func(group, topic int) bool) {
	duplicated, disordered, delivery := int64(0), int64(0), new(stats.Sketch)
	for g := range s.Groups {
		for t := range s.Groups[g].Reads {
			if r := &s.Groups[g].Reads[t]; pick(g, t) {
				duplicated += r.Duplicated
				disordered += r.Disordered
				delivery.Merge(r.Delivery)
			}
		}
	}
	l.count("records.duplicated.consumed", label, duplicated)
	l.count("records.out_of_order", label, disordered)
	l.distribution("delivery.latency", label, delivery)
}

// partitions lists what is known of some topics' partitions.
func (s *Sheet) partitions(l *list, label string, pick func(t int) bool) {
	var sum Topic
	failover, count := new(stats.Sketch), 0
	for t := range s.Topics {
		if !pick(t) {
			continue
		}
		x := &s.Topics[t]
		sum.Clean += x.Clean
		sum.Unclean += x.Unclean
		sum.Shrinks += x.Shrinks
		sum.Expands += x.Expands
		sum.Stall = max(sum.Stall, x.Stall)
		sum.Leaderless += x.Leaderless
		sum.UnderReplicated += x.UnderReplicated
		sum.UnderMinISR += x.UnderMinISR
		sum.Unavailable += x.Unavailable
		failover.Merge(x.Failover)
		count += s.Spec.Topics[t].Partitions
	}
	l.value("produce.stall", label, sum.Stall.Seconds())
	whole := float64(s.Load) * float64(count)
	l.ratio("produce.availability", label, whole-float64(sum.Unavailable), whole)
	l.value("leaderless.time", label, sum.Leaderless.Seconds())
	l.value("under_replicated.time", label, sum.UnderReplicated.Seconds())
	l.value("under_min_isr.time", label, sum.UnderMinISR.Seconds())
	l.count("elections.clean", label, sum.Clean)
	l.count("elections.unclean", label, sum.Unclean)
	l.count("isr.shrinks", label, sum.Shrinks)
	l.count("isr.expands", label, sum.Expands)
	l.distribution("leader.failover", label, failover)
}

// groups lists the groups; what all of them have in common is the worst of them,
// their pool, or their sum.
func (s *Sheet) groups(l *list) {
	l.distribution("lag.records", "", s.worst(func(g *Group) *stats.Sketch { return g.LagRecords }))
	l.distribution("lag.time", "", s.worst(func(g *Group) *stats.Sketch { return g.LagTime }))
	l.distribution("lag.committed", "", s.worst(func(g *Group) *stats.Sketch { return g.LagCommitted }))
	drain, drained, held := time.Duration(0), false, false
	used, members := time.Duration(0), new(stats.Sketch)
	for i := range s.Groups {
		g := &s.Groups[i]
		if d, ok := g.Peak.Drain(); ok {
			drain, drained = max(drain, d), true
		}
		held = held || g.Peak.Held() // then the worst of all groups is not known
		used += g.MemberTime
		members.Merge(g.Members)
	}
	l.maybe("lag.drain", "", drain.Seconds(), drained && !held)
	l.distribution("consumers.members", "", members)
	l.value("consumers.time", "", used.Seconds())
	for i := range s.Groups {
		g := &s.Groups[i]
		label := Label("group", s.Spec.Groups[i].Name)
		s.rebalances(l, label, func(h int) bool { return h == i })
		s.reads(l, label, func(h, _ int) bool { return h == i })
		l.distribution("lag.records", label, g.LagRecords)
		l.distribution("lag.time", label, g.LagTime)
		l.distribution("lag.committed", label, g.LagCommitted)
		d, ok := g.Peak.Drain()
		l.maybe("lag.drain", label, d.Seconds(), ok)
		l.distribution("consumers.members", label, g.Members)
		l.value("consumers.time", label, g.MemberTime.Seconds())
	}
}

// worst is the sketch of the group with the largest maximum.
func (s *Sheet) worst(of func(g *Group) *stats.Sketch) *stats.Sketch {
	var worst *stats.Sketch
	for i := range s.Groups {
		if d := of(&s.Groups[i]); d.Count() > 0 && (worst.Count() == 0 || d.Max() > worst.Max()) {
			worst = d
		}
	}
	return worst
}

// brokers lists the brokers' loads.
func (s *Sheet) brokers(l *list) {
	pool := func(of func(b *Broker) *stats.Sketch) *stats.Sketch {
		sum := new(stats.Sketch)
		for i := range s.Brokers {
			sum.Merge(of(&s.Brokers[i]))
		}
		return sum
	}
	l.distribution("network.in", "", pool(func(b *Broker) *stats.Sketch { return b.In }))
	l.distribution("network.out", "", pool(func(b *Broker) *stats.Sketch { return b.Out }))
	l.distribution("disk.write", "", pool(func(b *Broker) *stats.Sketch { return b.Written }))
	l.share("broker.utilization", "", s.Busiest)
	for _, r := range s.Resources {
		l.share("broker.utilization", Label("resource", r.Name), r.Use)
	}
	for i := range s.Brokers {
		b := &s.Brokers[i]
		label := Label("broker", strconv.Itoa(i+1))
		l.share("broker.utilization", label, b.Busiest)
		l.distribution("network.in", label, b.In)
		l.distribution("network.out", label, b.Out)
		l.distribution("disk.write", label, b.Written)
	}
}
