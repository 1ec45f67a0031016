package batch

import (
	"strconv"
	"time"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

const acksNone = scenarios.AcksNone

// A sheet gathers the observations of a replication.
type sheet struct{ list []result.Observation }

func (s *sheet) value(name, label string, v float64) {
	s.list = append(s.list, result.Observation{Name: name + label, Observed: true, Value: v})
}

func (s *sheet) maybe(name, label string, v float64, seen bool) {
	s.list = append(s.list, result.Observation{Name: name + label, Observed: seen, Value: v})
}

func (s *sheet) ratio(name, label string, numerator, denominator float64) {
	s.list = append(s.list, result.Observation{
		Name: name + label, Observed: denominator > 0, Numerator: numerator, Denominator: denominator,
	})
}

func (s *sheet) distribution(name, label string, d *stats.Sketch) {
	o := result.Observation{Name: name + label}
	if d.Count() > 0 {
		o.Observed, o.Distribution = true, d
	}
	s.list = append(s.list, o)
}

// pooled merges sketches into a new one.
func pooled(list []stats.Sketch, pick func(i int) bool) *stats.Sketch {
	sum := new(stats.Sketch)
	for i := range list {
		if pick(i) {
			sum.Merge(&list[i])
		}
	}
	return sum
}

func every(int) bool { return true }

func label(key, value string) string { return "{" + key + "=" + value + "}" }

// observations lists what a finished replication saw, always in the same order.
func (w *world) observations() []result.Observation {
	s := &sheet{}
	counts := w.settle()
	bounds := w.lossBound()
	w.boundSheet(s, counts, bounds)
	w.ledgerSheet(s, counts)
	w.timeSheet(s)
	w.groupSheet(s)
	w.brokerSheet(s)
	return s.list
}

// ledgerSheet lists the records by total, topic and producer.
func (w *world) ledgerSheet(s *sheet, counts []fateCount) {
	spec := w.plan.spec
	total := w.sum(counts, func(int) bool { return true })
	w.ledgerRows(s, "", total)
	w.groupRows(s, "", func(int) bool { return true })
	for t := range spec.Topics {
		w.ledgerRows(s, label("topic", spec.Topics[t].Name), w.sum(counts, func(p int) bool { return spec.Producers[p].Topic == t }))
	}
	for p := range spec.Producers {
		w.ledgerRows(s, label("producer", spec.Producers[p].Name), w.sum(counts, func(q int) bool { return q == p }))
	}
}

// boundSheet lists the worst case of acknowledged loss, which no replication may
// exceed.
func (w *world) boundSheet(s *sheet, counts []fateCount, bounds []int64) {
	spec := w.plan.spec
	sum := func(pick func(p int) bool) float64 {
		var bound, lost int64
		for p := range bounds {
			if pick(p) {
				bound += bounds[p]
				lost += counts[p].lostAcked
			}
		}
		if lost > bound {
			w.violate("%d acknowledged records are lost, and the faults of the replication can cost %d at most", lost, bound)
		}
		return float64(bound)
	}
	s.value("loss.bound.acked", "", sum(func(int) bool { return true }))
	for t := range spec.Topics {
		s.value("loss.bound.acked", label("topic", spec.Topics[t].Name), sum(func(p int) bool { return spec.Producers[p].Topic == t }))
	}
	for p := range spec.Producers {
		s.value("loss.bound.acked", label("producer", spec.Producers[p].Name), sum(func(q int) bool { return q == p }))
	}
}

// producerTotal is the ledger of some producers.
type producerTotal struct {
	fateCount
	producerCounts
}

// sum adds up the producers that pick names.
func (w *world) sum(counts []fateCount, pick func(p int) bool) producerTotal {
	var t producerTotal
	for p := range counts {
		if !pick(p) {
			continue
		}
		c, o := &counts[p], &w.observed.producers[p]
		t.acked += c.acked
		t.delivered += c.delivered
		t.inFlight += c.inFlight
		t.truncated += c.truncated
		t.phantom += c.phantom
		t.written += c.written
		t.lostAcked += c.lostAcked
		t.expired += c.expired
		t.unconfirmed += c.unconfirmed
		t.clientCrash += c.clientCrash
		t.retention += c.retention
		t.skippedOne += c.skippedOne
		t.generated += o.generated
		t.buffer += o.buffer
	}
	return t
}

func (w *world) ledgerRows(s *sheet, l string, t producerTotal) {
	rows := []struct {
		name string
		n    int64
	}{
		{"records.generated", t.generated},
		{"records.acked", t.acked},
		{"records.delivered", t.delivered},
		{"records.lost.acked", t.lostAcked},
		{"records.lost.buffer", t.buffer},
		{"records.lost.expired", t.expired},
		{"records.lost.unconfirmed", t.unconfirmed},
		{"records.lost.client_crash", t.clientCrash},
		{"records.lost.retention", t.retention},
		{"records.lost.skipped", t.skippedOne},
		{"records.in_flight_at_end", t.inFlight},
		{"records.truncated", t.truncated},
		{"records.phantom", t.phantom},
		{"records.duplicated.produced", t.written},
	}
	for _, r := range rows {
		s.value(r.name, l, float64(r.n))
	}
}

// groupRows lists the counts that groups make.
func (w *world) groupRows(s *sheet, l string, pick func(g int) bool) {
	var rebalances int64
	pause, paused := time.Duration(0), false
	for g := range w.observed.groups {
		if pick(g) {
			o := &w.observed.groups[g]
			rebalances += o.rebalances
			pause = max(pause, o.pause)
			paused = paused || o.paused
		}
	}
	s.value("rebalances", l, float64(rebalances))
	s.maybe("rebalance.pause", l, pause.Seconds(), paused)
}

// readRows lists what groups read of topics.
func (w *world) readRows(s *sheet, l string, pick func(group, topic int) bool) {
	o := &w.observed
	var c readCounts
	for g := range w.plan.groups {
		for t := range w.plan.topics {
			if r := &o.reads[w.readIndex(g, t)]; pick(g, t) {
				c.duplicated += r.duplicated
				c.disordered += r.disordered
			}
		}
	}
	n := len(w.plan.topics)
	s.value("records.duplicated.consumed", l, float64(c.duplicated))
	s.value("records.out_of_order", l, float64(c.disordered))
	s.distribution("delivery.latency", l, pooled(o.delivery, func(i int) bool { return pick(i/n, i%n) }))
}

// timeSheet lists latencies, stalls and the control plane.
func (w *world) timeSheet(s *sheet) {
	spec := w.plan.spec
	o := &w.observed
	s.distribution("produce.latency", "", pooled(o.latency, every))
	w.readRows(s, "", func(int, int) bool { return true })
	s.value("fencings", "", float64(o.fencings))
	scenario := len(spec.Topics) // internal topics come after them
	w.topicRows(s, "", func(t int) bool { return t < scenario })
	for t := range spec.Topics {
		name := label("topic", spec.Topics[t].Name)
		w.topicRows(s, name, func(u int) bool { return u == t })
		w.readRows(s, name, func(_, u int) bool { return u == t })
		s.distribution("produce.latency", name, pooled(o.latency, func(p int) bool { return spec.Producers[p].Topic == t }))
	}
	for p := range spec.Producers {
		s.distribution("produce.latency", label("producer", spec.Producers[p].Name), &o.latency[p])
	}
}

// topicRows lists what is known of some topics' partitions.
func (w *world) topicRows(s *sheet, l string, pick func(t int) bool) {
	o := &w.observed
	var c topicCounts
	var v partitionWatch
	// Writes are offered until the load ends, and only then missed.
	length, partitions := min(w.engine.Now(), w.loadEnd).Sub(0)-prologue, 0
	for t := range w.plan.topics {
		if !pick(t) {
			continue
		}
		topic := &w.plan.topics[t]
		c.clean += o.topics[t].clean
		c.unclean += o.topics[t].unclean
		c.shrinks += o.topics[t].shrinks
		c.expands += o.topics[t].expands
		for p := range topic.count {
			x := &o.partitions[int(topic.first)+p]
			v.stall = max(v.stall, x.stall)
			v.leaderlessTime += x.leaderlessTime
			v.underReplicatedTime += x.underReplicatedTime
			v.underMinTime += x.underMinTime
			v.unavailableTime += x.unavailableTime
			partitions++
		}
	}
	s.value("produce.stall", l, v.stall.Seconds())
	whole := float64(length) * float64(partitions)
	s.ratio("produce.availability", l, whole-float64(v.unavailableTime), whole)
	s.value("leaderless.time", l, v.leaderlessTime.Seconds())
	s.value("under_replicated.time", l, v.underReplicatedTime.Seconds())
	s.value("under_min_isr.time", l, v.underMinTime.Seconds())
	s.value("elections.clean", l, float64(c.clean))
	s.value("elections.unclean", l, float64(c.unclean))
	s.value("isr.shrinks", l, float64(c.shrinks))
	s.value("isr.expands", l, float64(c.expands))
	s.distribution("leader.failover", l, pooled(o.failover, pick))
}

// groupSheet lists the groups.
func (w *world) groupSheet(s *sheet) {
	o := &w.observed
	groups := w.plan.spec.Groups
	s.distribution("lag.records", "", worst(o.lagRecords))
	s.distribution("lag.time", "", worst(o.lagTime))
	s.distribution("lag.committed", "", worst(o.committed))
	drain, drained, held := 0.0, false, false
	used := time.Duration(0)
	for g := range groups {
		if d, ok := o.lagPeak[g].drain(); ok {
			drain, drained = max(drain, d.Seconds()), true
		} else if o.lagPeak[g].peak > 0 {
			held = true // the worst of all groups is not known
			w.warn("group " + groups[g].Name + " had not drained its lag when the run ended, so lag.drain has no value there")
		}
		used += o.memberTime[g]
	}
	s.maybe("lag.drain", "", drain, drained && !held)
	s.distribution("consumers.members", "", pooled(o.members, every))
	s.value("consumers.time", "", used.Seconds())
	for g := range groups {
		l := label("group", groups[g].Name)
		w.groupRows(s, l, func(h int) bool { return h == g })
		w.readRows(s, l, func(h, _ int) bool { return h == g })
		s.distribution("lag.records", l, &o.lagRecords[g])
		s.distribution("lag.time", l, &o.lagTime[g])
		s.distribution("lag.committed", l, &o.committed[g])
		d, ok := o.lagPeak[g].drain()
		s.maybe("lag.drain", l, d.Seconds(), ok)
		s.distribution("consumers.members", l, &o.members[g])
		s.value("consumers.time", l, o.memberTime[g].Seconds())
	}
}

// worst is the group with the largest maximum.
func worst(list []stats.Sketch) *stats.Sketch {
	if len(list) == 0 {
		return new(stats.Sketch)
	}
	w := &list[0]
	for i := range list {
		if list[i].Count() > 0 && (w.Count() == 0 || list[i].Max() > w.Max()) {
			w = &list[i]
		}
	}
	return w
}

// drain is the time from the peak back to the steady level.
func (p *lagPeak) drain() (time.Duration, bool) {
	if p.drained == 0 || p.peak == 0 {
		return 0, false
	}
	return p.drained.Sub(p.peakAt), true
}

// brokerSheet lists the brokers' loads.
func (w *world) brokerSheet(s *sheet) {
	o := &w.observed
	s.distribution("network.in", "", pooled(o.in, every))
	s.distribution("network.out", "", pooled(o.out, every))
	s.distribution("disk.write", "", pooled(o.written, every))
	busiest, which := w.machines.busiest(w.engine.Now())
	s.value("broker.utilization", "", busiest)
	for k, name := range resourceNames() {
		s.value("broker.utilization", label("resource", name), which[k])
	}
	for b := range w.brokers {
		l := label("broker", strconv.Itoa(b+1))
		s.value("broker.utilization", l, w.machines.utilization(b, w.engine.Now()))
		s.distribution("network.in", l, &o.in[b])
		s.distribution("network.out", l, &o.out[b])
		s.distribution("disk.write", l, &o.written[b])
	}
}
