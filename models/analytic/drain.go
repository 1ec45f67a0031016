package analytic

import (
	"time"

	"kafkasim/scenarios"
)

// Drain is how long a backlog lasts that comes with in and is taken off with
// capacity, both in records a second: backlog / (capacity − in). It is false if the
// backlog never ends.
//
// Source: kafka.md J.15 (held within 2 % on real brokers).
func Drain(backlog, in, capacity float64) (time.Duration, bool) {
	if backlog <= 0 {
		return 0, true
	}
	if capacity <= in {
		return 0, false
	}
	return seconds2(backlog / (capacity - in)), true
}

// drains bounds lag.drain for each group: the longest stop of the group or of its
// topics, at the peak rate, and then taken off with all that the members can do on
// average. It is a figure of means: processing times that vary add to it.
func (s *scene) drains(stall *Bound) []Bound {
	var all []Bound
	for i := range s.spec.Groups {
		g := &s.spec.Groups[i]
		b := sum("lag.drain", "s", "", []Term{s.drain(i, g, stall)})
		all = append(all, b)
	}
	return all
}

func (s *scene) drain(i int, g *scenarios.Group, stall *Bound) Term {
	in := 0.0
	for k := range s.spec.Producers {
		p := &s.spec.Producers[k]
		for _, t := range g.Topics {
			if t == p.Topic {
				f := newFlow(s.spec, p)
				in += f.peak(0, s.spec.Duration)
			}
		}
	}
	stop, what := s.longestStop(i, stall)
	t := Term{
		Name: "draining the longest stop", Of: g.Name, Formula: "peak rate × stop ÷ (capacity − peak rate)",
		Inputs: []Input{{"peak rate", in, "1/s"}, seconds(what, stop)},
	}
	if g.Processing.Time == 0 {
		t.None = "no processing time is given, so that the members' capacity is not known"
		return t
	}
	capacity := float64(g.Members*max(1, g.Processing.Threads)) / g.Processing.Time.Seconds()
	t.Inputs = append(t.Inputs, Input{"capacity of the members", capacity, "1/s"})
	d, ends := Drain(in*stop.Seconds(), in, capacity)
	if !ends {
		t.None = "the members cannot do more than comes at the peak"
		return t
	}
	t.Result = d.Seconds()
	return t
}

// longestStop is the longest time for which a group may stand still: a member's
// session and the rebalance after it, a pause that is not noticed, or a stall of
// what it reads.
func (s *scene) longestStop(group int, stall *Bound) (time.Duration, string) {
	g := &s.spec.Groups[group]
	faults, _ := s.memberFaults(group)
	longest, what := time.Duration(0), "nothing stops"
	for _, f := range faults {
		stop, why := s.memberStop(g, f)
		if stop > longest {
			longest, what = stop, why
		}
	}
	if d := seconds2(stall.Value); s.first != scenarios.Forever && d > longest {
		longest, what = d, "longest write stall"
	}
	return longest, what
}

// memberStop is how long the partitions of a member may be without one: until its
// session is over and the others have heard of it; or, of a group of one, until it is
// back, has been waited for as a first member, and holds them again.
func (s *scene) memberStop(g *scenarios.Group, f *scenarios.Fault) (time.Duration, string) {
	c := &g.Config
	if f.Kind == scenarios.ConsumerPause && f.Duration < c.SessionTimeout {
		return f.Duration, "pause"
	}
	if g.Members == 1 {
		away := min(f.Duration, s.end-f.At)
		return max(away, c.SessionTimeout) + c.HeartbeatInterval + s.config.GroupInitialRebalance + patience,
			"away or session + heartbeat + first rebalance + 1 s"
	}
	return c.SessionTimeout + 2*c.HeartbeatInterval + patience, "session + 2 heartbeats + 1 s"
}
