package sim

import (
	"fmt"
	"time"
)

// Kind says what an event means. The model that schedules an event defines its
// kinds and switches over them; the engine only carries and hashes them.
type Kind uint16

// An Event is something that happens at an instant to one entity of the model.
type Event struct {
	At     Time
	Kind   Kind
	Entity int32 // index of whom it happens to; part of the fingerprint
	Arg    int64 // whatever the model needs; not part of the fingerprint
}

// An Engine holds the clock and the pending events of one run. Events fire in
// order of time, and in the order in which they were scheduled where times are
// equal. Scheduling in the past is a bug of the model and panics.
//
// The zero value is an engine at time 0 without events. An Engine is flat: use
// CopyTo to fork a run (plain assignment would share memory). There is no
// cancel: let a stale event fire and drop it by a generation number in Arg.
// An Engine is not for concurrent use.
type Engine struct {
	queue       eventHeap
	now         Time
	fired       uint64
	fingerprint uint64
}

// NewEngine returns an engine at time 0 with room for capacity pending events;
// it grows beyond that when needed.
func NewEngine(capacity int) Engine {
	return Engine{queue: newHeap(capacity)}
}

// Now is the instant of the event that fired last, or that AdvanceTo set.
func (e *Engine) Now() Time { return e.now }

// Len is the number of pending events.
func (e *Engine) Len() int { return e.queue.len() }

// Fired is the number of events that have fired.
func (e *Engine) Fired() uint64 { return e.fired }

// Fingerprint is a rolling hash over (time, kind, entity) of every event that
// has fired, in order. Two runs with equal fingerprints took the same path;
// it is no defence against somebody who wants a collision.
func (e *Engine) Fingerprint() uint64 { return e.fingerprint }

// Schedule adds an event at the instant at. It panics if at lies before Now or
// is Never, beyond 2²⁴ pending events, and beyond 2⁴⁰ scheduled in a run.
func (e *Engine) Schedule(at Time, kind Kind, entity int32, arg int64) {
	if at < e.now || at == Never {
		e.refuse(at, kind, entity)
	}
	e.queue.push(at, payload{arg: arg, entity: entity, kind: kind})
}

// After adds an event d after Now. It panics if d is negative, or if the
// instant is beyond the end of time.
func (e *Engine) After(d time.Duration, kind Kind, entity int32, arg int64) {
	e.Schedule(e.now.Add(d), kind, entity, arg)
}

func (e *Engine) refuse(at Time, kind Kind, entity int32) {
	if at == Never {
		panic(fmt.Sprintf("sim: event of kind %d for entity %d scheduled at Never; it is %v", kind, entity, e.now))
	}
	panic(fmt.Sprintf("sim: event of kind %d for entity %d scheduled in the past: at %v (%d ns), and it is %v (%d ns)",
		kind, entity, at, int64(at), e.now, int64(e.now)))
}

// Next removes the earliest event, moves the clock to it and returns it. It
// returns false, and changes nothing, if no event is pending.
func (e *Engine) Next() (Event, bool) {
	if !e.queue.settle() {
		return Event{}, false
	}
	event := e.queue.pop()
	e.now = event.At
	e.fired++
	e.fingerprint = fold(e.fingerprint, event)
	return event, true
}

// PeekTime is the instant of the earliest pending event; Never and false if
// there is none.
func (e *Engine) PeekTime() (Time, bool) {
	if !e.queue.settle() {
		return Never, false
	}
	return Time(e.queue.keys[root].at), true
}

// AdvanceTo moves the clock to t without an event. It panics if t lies before
// Now or is Never, or if an event is due earlier than t.
func (e *Engine) AdvanceTo(t Time) {
	if t < e.now || t == Never {
		panic(fmt.Sprintf("sim: cannot advance to %v (%d ns); it is %v (%d ns)", t, int64(t), e.now, int64(e.now)))
	}
	if due, ok := e.PeekTime(); ok && due < t {
		panic(fmt.Sprintf("sim: cannot advance to %v (%d ns): an event of kind %d is due at %v (%d ns)",
			t, int64(t), e.queue.first().Kind, due, int64(due)))
	}
	e.now = t
}

// Reset makes e an engine at time 0 without events, and keeps its memory.
func (e *Engine) Reset() {
	e.queue.reset()
	*e = Engine{queue: e.queue}
}

// CopyTo makes dst an independent copy of e, reusing dst's memory: the same
// clock, pending events, order among equals, counter and fingerprint.
func (e *Engine) CopyTo(dst *Engine) {
	if dst == e {
		return
	}
	e.queue.copyTo(&dst.queue)
	dst.now, dst.fired, dst.fingerprint = e.now, e.fired, e.fingerprint
}

// fold mixes an event into the fingerprint h. Each step is a bijection of h
// (sum, xor, product with an odd number, xor of a right shift), so no event
// can make the hash forget the path before it. The sum lets even an event of
// zeros change a hash of zero. The constants are those of Philox4x64: odd,
// with about half of their bits set.
func fold(h uint64, event Event) uint64 {
	h = (h + 0x9E3779B97F4A7C15 ^ uint64(event.At)) * 0xD2E7470EE14C6C93
	h ^= h >> 32
	h = (h ^ (uint64(event.Kind)<<32 | uint64(uint32(event.Entity)))) * 0xCA5A826395121157
	return h ^ h>>29
}
