package load

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

const (
	// shortWork is the least time that an application sleeps over its records: what
	// is done within it is noted together. It bounds how late a record's end is noted,
	// not how long the work takes.
	shortWork = 250 * time.Microsecond
	// backlogged is the most that a poll takes that finds records waiting.
	backlogged = time.Millisecond
	// credit is the most of an overslept poll that the next one makes up for: beyond
	// it the machine was busy, as an application's would be.
	credit = 2 * time.Millisecond
)

// A polled record is one in the application's hands.
type polled struct {
	topic  uint16
	record *kgo.Record
}

// work is an application's work on records.
type work struct {
	law    scenarios.Processing
	stream rng.Stream
	over   time.Duration // how much longer than it should have the last poll's work took
	ends   []int64       // of the threads
}

func newWork(p *Plan, g *scenarios.Group) work {
	purpose := "processing"
	if p.Life > 0 {
		purpose += ", life " + strconv.Itoa(p.Life)
	}
	return work{law: g.Processing, stream: rng.New(p.Seed, p.entity(0), purpose)}
}

// draw is the time that one record takes.
func (w *work) draw(slowness float64) time.Duration {
	d := time.Duration(0)
	switch w.law.Distribution {
	case scenarios.FixedTime:
		d = w.law.Time
	case scenarios.ExponentialTime:
		d = w.stream.ExpDuration(w.law.Time)
	case scenarios.LognormalTime:
		d = w.lognormal()
	}
	return time.Duration(float64(d) * slowness)
}

// lognormal has the law's mean and 99th percentile: with sigma = z − √(z² − 2
// ln(p99/mean)) and mu = ln mean − sigma²/2, z = 2.326, as in the simulator.
func (w *work) lognormal() time.Duration {
	root := rng.Z99*rng.Z99 - 2*math.Log(float64(w.law.P99)/float64(w.law.Time))
	sigma := rng.Z99 - math.Sqrt(max(0, root))
	return time.Duration(float64(w.law.Time) * math.Exp(sigma*w.stream.Norm()-sigma*sigma/2))
}

// A task is a record under work.
type task struct {
	polled
	end int64 // Unix ns
}

// process works records off: each, in order, goes to the thread that is free
// first, and is noted when its time is over. Only the end of ctx interrupts it: a
// member that is told to leave finishes what it has.
func (m *member) process(ctx context.Context, began int64, records []polled) {
	w := &m.work
	if len(records) == 0 {
		w.over = 0
		return
	}
	start := began - int64(w.over)
	threads := max(1, w.law.Threads)
	w.ends = w.ends[:0]
	for range threads {
		w.ends = append(w.ends, start)
	}
	running := make([]task, 0, threads)
	last := start
	for next := 0; next < len(records) || len(running) > 0; {
		for next < len(records) && len(running) < threads {
			free := earliest(w.ends)
			w.ends[free] += int64(w.draw(m.slowness()))
			running = append(running, task{records[next], w.ends[free]})
			next++
		}
		first := 0
		for k := range running {
			if running[k].end < running[first].end {
				first = k
			}
		}
		t := running[first]
		running[first] = running[len(running)-1]
		running = running[:len(running)-1]
		last = t.end
		// What is left over at the end is slept exactly, so that rates are right.
		final := next == len(records) && len(running) == 0
		if wake := now(); t.end > wake && (final || t.end-wake > int64(shortWork)) && !sleepUntil(t.end, ctx.Done()) {
			return
		}
		m.finish(t.polled, t.end)
	}
	w.over = min(credit, max(0, time.Duration(now()-last)))
}

// earliest is the thread that is free first, the lowest of equals.
func earliest(ends []int64) int {
	first := 0
	for k := range ends {
		if ends[k] < ends[first] {
			first = k
		}
	}
	return first
}

// finish notes a record whose work is over: at its end, or now if that has passed.
func (m *member) finish(p polled, end int64) {
	e := journal.Entry{
		Kind: journal.Processed, At: max(end, now()), Topic: p.topic, Partition: p.record.Partition, Offset: p.record.Offset,
	}
	var err error
	if e.ID, e.Intended, err = DecodeValue(p.record.Value); err != nil {
		e.Code = journal.CodeForeignRecord
	}
	m.journal.Append(e)
}
