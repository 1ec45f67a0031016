// Package trace writes what happened in one replication as a Chrome trace, the JSON
// that Perfetto (ui.perfetto.dev) and chrome://tracing load: brokers are processes and
// their partitions threads; the metadata, the scenario's faults, each producer and each
// group are processes of their own; produce, fetch and replicate are flows from one to
// the other.
//
// The format is "Trace Event Format" (Google, 2016), its JSON object form. Times are
// microseconds since the scenario's time 0, with the nanoseconds as decimals; what came
// before is left out, except for how things stood.
package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
)

// Most is how many events a trace may have: some 300 MB, which a browser still loads.
const Most = 2_000_000

// A TooLargeError says that a trace would have more events than it may.
type TooLargeError struct{ Events, Most int }

// Error says what would be a smaller one.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the trace would have %s events, and more than %s no browser loads; make the run smaller, as in --set duration=20s, or lower its rates",
		result.Number(float64(e.Events)), result.Number(float64(e.Most)))
}

// An event is one event of the trace.
type event struct {
	at       time.Duration
	length   time.Duration // of a slice
	phase    byte          // 'X' slice, 'i' instant, 's' and 'f' ends of a flow, 'b' and 'e' ends of an asynchronous span
	pid, tid int32
	id       int64 // of a flow or an asynchronous span
	name     string
	category string
	args     []arg
}

// An arg is a value shown with an event.
type arg struct {
	name  string
	text  string // a word, if it is not empty
	value int64
}

// slice is the length at which an event that takes no time of its own is drawn: flows
// begin and end in slices.
const slice = time.Microsecond

// A tracer makes the events of a story.
type tracer struct {
	*story.Story
	events []event
	pids   pids
	flows  int64
}

// pids are the first process ids of each kind.
type pids struct{ broker, controller, metadata, faults, producer, group int32 }

// Write writes the trace of a story and says how many events it has. It writes nothing
// and returns a *TooLargeError where there are more than Most.
func Write(to io.Writer, s *story.Story) (events int, err error) { return write(to, s, Most) }

// write is Write with a limit.
func write(to io.Writer, s *story.Story, most int) (events int, err error) {
	t := &tracer{Story: s}
	t.number()
	t.cluster()
	t.metadata()
	t.faults()
	t.producers()
	t.replication()
	t.groups()
	if n := len(t.events); n > most {
		return n, &TooLargeError{n, most}
	}
	t.tidy()
	return len(t.events), t.write(to)
}

// number gives each process its id; 0 is left out, for some viewers hide it.
func (t *tracer) number() {
	next := int32(1)
	take := func(n int) int32 {
		first := next
		next += int32(n)
		return first
	}
	t.pids.broker = take(int(t.BrokerCount))
	t.pids.controller = take(int(t.ControllerCount))
	t.pids.metadata = take(1)
	t.pids.faults = take(1)
	t.pids.producer = take(len(t.Producers))
	t.pids.group = take(len(t.Spec.Groups))
}

// Threads of a process beside those of the partitions, which are numbered from
// firstPartition.
const (
	lifeThread     = 1
	firstPartition = 2
)

// partition is the thread of a partition.
func partition(p int32) int32 { return firstPartition + p }

// process is the process of a server.
func (t *tracer) process(node int32) int32 { return t.pids.broker + node }

func (t *tracer) add(e event) {
	if e.at < 0 {
		if e.phase != 'X' || e.at+e.length <= 0 {
			return
		}
		e.length += e.at
		e.at = 0
	}
	t.events = append(t.events, e)
}

// span adds what lasts from one instant to another.
func (t *tracer) span(pid, tid int32, from, to time.Duration, name, category string, args ...arg) {
	t.add(event{at: from, length: to - from, phase: 'X', pid: pid, tid: tid, name: name, category: category, args: args})
}

// instant adds what has no length.
func (t *tracer) instant(pid, tid int32, at time.Duration, name, category string, args ...arg) {
	t.add(event{at: at, phase: 'i', pid: pid, tid: tid, name: name, category: category, args: args})
}

// A place is a slice that a flow can begin or end in.
type place struct {
	at       time.Duration
	pid, tid int32
}

// flow adds an arrow between two slices.
func (t *tracer) flow(from, to place, name string) {
	if from.at < 0 {
		return
	}
	t.flows++
	t.add(event{at: from.at, phase: 's', pid: from.pid, tid: from.tid, id: t.flows, name: name, category: name})
	t.add(event{at: to.at, phase: 'f', pid: to.pid, tid: to.tid, id: t.flows, name: name, category: name})
}

// tidy puts the events in order of time. Slices of one thread follow each other: one
// that is drawn longer than it is ends where the next one begins.
func (t *tracer) tidy() {
	slices.SortStableFunc(t.events, func(a, b event) int {
		return cmp.Compare(a.at, b.at)
	})
	type thread struct{ pid, tid int32 }
	last := map[thread]int{}
	for i := range t.events {
		e := &t.events[i]
		if e.phase != 'X' {
			continue
		}
		key := thread{e.pid, e.tid}
		if k, some := last[key]; some {
			if before := &t.events[k]; before.at+before.length > e.at {
				before.length = e.at - before.at
			}
		}
		last[key] = i
	}
}
