package trace

import (
	"fmt"
	"time"

	"kafkasim/reports/result/story"
)

// cluster draws the lives of the servers: what keeps each from its work, and what the
// controllers think of it.
func (t *tracer) cluster() {
	for node := range t.ProducerNode(0) {
		t.life(node)
	}
	for i := range t.Fencings {
		f := &t.Fencings[i]
		t.instant(t.process(f.Broker), lifeThread, f.At, "found silent", "fencing", arg{name: "last heartbeat", text: fmt.Sprintf("%.6f s", f.Beat.Seconds())})
	}
	for i := range t.Brokers {
		b := &t.Brokers[i]
		name := ""
		switch b.What {
		case story.Registered:
			name = "registered"
		case story.Fenced:
			name = "fenced"
		case story.Unfenced:
			name = "unfenced"
		case story.InShutdown:
			name = "controlled shutdown"
		}
		t.instant(t.process(b.Broker), lifeThread, b.At, name, "fencing")
	}
	for i := range t.Cuts {
		c := &t.Cuts[i]
		name := map[story.CutKind]string{story.Truncated: "truncated", story.Unsynced: "unsynced bytes lost", story.Wiped: "disks lost"}[c.Why]
		t.instant(t.process(c.Broker), partition(c.Partition), c.At, name, "log", arg{name: "from offset", value: c.From}, arg{name: "records", value: c.To - c.From})
	}
	for i := range t.Removals {
		r := &t.Removals[i]
		t.instant(t.process(r.Broker), partition(r.Partition), r.At, "deleted by retention", "log", arg{name: "from offset", value: r.From}, arg{name: "records", value: r.To - r.From})
	}
	for i := range t.Roles {
		r := &t.Roles[i]
		name := "follows"
		if r.Leads {
			name = "leads"
		}
		t.instant(t.process(r.Broker), partition(r.Partition), r.At, name, "log", arg{name: "leader epoch", value: int64(r.Epoch)}, arg{name: "log end", value: r.End})
	}
}

// lifeName is what a process is from a change of its life on; "" is at work.
func lifeName(what story.LifeKind) string {
	switch what {
	case story.Died:
		return "down (killed)"
	case story.MachineDied:
		return "down (machine lost)"
	case story.Stopping:
		return "stopping"
	case story.Exited:
		return "down (stopped)"
	case story.Started:
		return "starting"
	case story.Froze:
		return "frozen"
	case story.Serves, story.Resumed:
	}
	return ""
}

// life draws, on its own thread, when a process was not at work, and why.
func (t *tracer) life(node int32) {
	pid, since, is := t.process(node), time.Duration(0), ""
	until := func(at time.Duration) {
		if is != "" {
			t.span(pid, lifeThread, since, at, is, "life")
		}
	}
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.Node != node {
			continue
		}
		until(l.At)
		since, is = l.At, lifeName(l.What)
		if l.What == story.Started && node >= t.BrokerCount {
			is = "" // a controller is there at once
		}
	}
	until(t.End)
}

// metadata draws each partition's leader and ISR on a thread of its own, and who is the
// active controller.
func (t *tracer) metadata() {
	pid := t.pids.metadata
	changes := make([][]*story.Registration, len(t.Partitions))
	for i := range t.Elections {
		e := &t.Elections[i]
		changes[e.Partition] = append(changes[e.Partition], e)
	}
	for p := range t.Partitions {
		state, since := t.Partitions[p].Start, time.Duration(0)
		for _, e := range changes[p] {
			t.span(pid, partition(int32(p)), since, e.At, t.stateName(int32(p), &state), "metadata")
			t.changed(int32(p), e)
			state, since = e.After, e.At
		}
		t.span(pid, partition(int32(p)), since, t.End, t.stateName(int32(p), &state), "metadata")
	}
	for i := range t.Controllers {
		c := &t.Controllers[i]
		to, name := t.End, "no active controller"
		if i+1 < len(t.Controllers) {
			to = t.Controllers[i+1].At
		}
		if c.Node != story.Nobody {
			name = t.NodeName(c.Node) + " is active"
		}
		t.span(pid, lifeThread, c.At, to, name, "metadata")
	}
}

// stateName is what the controller says of a partition.
func (t *tracer) stateName(p int32, s *story.State) string {
	leader := "no leader"
	if s.Leader != story.Nobody {
		leader = fmt.Sprintf("leader %d", s.Leader+1)
	}
	name := leader + ", ISR " + t.Partitions[p].Brokers(s.ISR)
	if s.ELR != 0 {
		name += ", ELR " + t.Partitions[p].Brokers(s.ELR)
	}
	return name
}

// changed marks an election, or a change of the ISR.
func (t *tracer) changed(p int32, e *story.Registration) {
	mark := func(name, category string) {
		t.instant(t.pids.metadata, partition(p), e.At, name, category, arg{name: "leader epoch", value: int64(e.After.Epoch)}, arg{name: "ISR", text: t.Partitions[p].Brokers(e.After.ISR)})
	}
	switch e.Kind {
	case story.Clean:
		mark(fmt.Sprintf("clean election of broker %d", e.After.Leader+1), "election")
	case story.Preferred:
		mark(fmt.Sprintf("preferred election of broker %d", e.After.Leader+1), "election")
	case story.Unclean:
		mark(fmt.Sprintf("unclean election of broker %d", e.After.Leader+1), "election")
	case story.LastKnownLeader:
		mark(fmt.Sprintf("election of the last known leader, broker %d", e.After.Leader+1), "election")
	case story.NoElection:
	}
	if out := e.Before.ISR &^ e.After.ISR; out != 0 {
		mark("ISR loses "+t.Partitions[p].Brokers(out), "isr")
	}
	if in := e.After.ISR &^ e.Before.ISR; in != 0 {
		mark("ISR gets "+t.Partitions[p].Brokers(in), "isr")
	}
}

// faults draws each of the scenario's faults on a thread of its own.
func (t *tracer) faults() {
	for index := range t.Spec.Faults {
		t.fault(int32(index))
	}
}

// fault draws one: where it hits, and from its first hit to the end of its last.
func (t *tracer) fault(index int32) {
	since, open := time.Duration(0), 0
	name, pid, tid := t.Spec.Faults[index].Kind.String(), t.pids.faults, index+1
	for i := range t.Faults {
		f := &t.Faults[i]
		switch {
		case f.Index != index:
		case f.Begin:
			if open == 0 {
				since = f.At
			}
			open++
			where := "links"
			if f.Node != story.Nobody {
				where = t.NodeName(f.Node)
			}
			t.instant(pid, tid, f.At, name, "fault", arg{name: "at", text: where})
		default:
			open--
			if open == 0 {
				t.span(pid, tid, since, f.At, name, "fault")
			}
		}
	}
	if open > 0 {
		t.span(pid, tid, since, t.End, name, "fault")
	}
}
