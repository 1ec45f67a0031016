package sim

import "math/bits"

// An eventHeap holds pending events in a 4-ary min-heap of 16-byte keys, with what
// the events carry in a slab beside it, so that the four children that a
// descent compares share one cache line. Against 32-byte items in the heap
// itself it measured equal or faster, most at a million pending events.
//
// Entries 0 to 2 of keys are never used: with the root at 3 the children of j
// are 4j−8 to 4j−5, and groups of four start at multiples of four.
//
// Removing the earliest event leaves a hole at the root. Mostly what happened
// schedules something else soon, which then sinks from the root instead of
// rising from the bottom, and the last event stays where it is.
type eventHeap struct {
	keys  []key
	slab  []payload
	free  int32  // 1 + the first free slot of slab, 0 if there is none; the next one is in its arg
	order uint64 // of the next event to be pushed
	hole  bool   // at the root: the event there has been popped
}

const root = 3

// A key orders events by time, and by order of pushing where times are equal:
// rank is that order above the slot of the event's payload in the slab.
type key struct {
	at   uint64 // times are never negative
	rank uint64
}

// Limits of an eventHeap: 2²⁴ pending events, 2⁴⁰ in a run (days of computing).
const (
	slotBits   = 24
	maxPending = 1 << slotBits
	maxOrder   = 1 << (64 - slotBits)
)

// A payload is an event without its time; in a free slot arg is the link.
type payload struct {
	arg    int64
	entity int32
	kind   Kind
}

func newHeap(capacity int) eventHeap {
	return eventHeap{keys: make([]key, root, root+capacity), slab: make([]payload, 0, capacity)}
}

// before is 1 if a fires before b, else 0: a comparison of 128-bit numbers by
// the borrow of their difference. It has no branch, which a processor would
// guess wrong half of the time.
func before(a, b key) uint64 {
	_, borrow := bits.Sub64(a.rank, b.rank, 0)
	_, borrow = bits.Sub64(a.at, b.at, borrow)
	return borrow
}

func (h *eventHeap) len() int {
	n := max(len(h.keys)-root, 0)
	if h.hole {
		n--
	}
	return n
}

// settle closes the hole at the root, if there is one, by the last event, and
// reports whether the heap has events. Only then may keys[root] be read.
func (h *eventHeap) settle() bool {
	if h.hole {
		h.hole = false
		last := len(h.keys) - 1
		x := h.keys[last]
		h.keys = h.keys[:last]
		if last > root {
			sink(h.keys, x)
		}
	}
	return len(h.keys) > root
}

// first is the earliest event of a settled heap that is not empty.
func (h *eventHeap) first() Event {
	k := h.keys[root]
	p := &h.slab[k.slot()]
	return Event{At: Time(k.at), Kind: p.kind, Entity: p.entity, Arg: p.arg}
}

func (k key) slot() uint64 { return k.rank & (maxPending - 1) }

// push adds an event.
func (h *eventHeap) push(at Time, p payload) {
	slot := h.free - 1
	if slot >= 0 {
		h.free = int32(h.slab[slot].arg)
		h.slab[slot] = p
	} else {
		slot = h.extend(p)
	}
	if h.order >= maxOrder {
		panic("sim: more than 2^40 events scheduled in one run")
	}
	x := key{uint64(at), h.order<<slotBits | uint64(slot)}
	h.order++
	if h.hole {
		h.hole = false
		sink(h.keys, x)
		return
	}
	h.keys = append(h.keys, x)
	rise(h.keys, x)
}

// extend puts p into a new slot.
func (h *eventHeap) extend(p payload) int32 {
	if len(h.slab) == maxPending {
		panic("sim: more than 2^24 events pending")
	}
	if len(h.keys) < root {
		h.keys = append(h.keys, make([]key, root)...)
	}
	h.slab = append(h.slab, p)
	return int32(len(h.slab) - 1)
}

// rise moves the hole at the end of keys up until x may fill it, and fills it.
func rise(keys []key, x key) {
	hole := len(keys) - 1
	for hole > root {
		parent := hole/4 + 2
		if before(x, keys[parent]) == 0 {
			break
		}
		keys[hole] = keys[parent]
		hole = parent
	}
	keys[hole] = x
}

// pop removes the earliest event of a settled heap that is not empty.
func (h *eventHeap) pop() Event {
	event := h.first()
	slot := h.keys[root].slot()
	h.slab[slot].arg = int64(h.free)
	h.free = int32(slot) + 1
	h.hole = true
	return event
}

// sink moves the hole at the root down along the earliest children until x may
// fill it, and fills it.
func sink(keys []key, x key) {
	hole := root
	for {
		first := 4*hole - 8
		if first+4 > len(keys) {
			break
		}
		c := (*[4]key)(keys[first:])
		left := before(c[1], c[0])
		right := 2 + before(c[3], c[2])
		best := left ^ (left^right)&-before(c[right&3], c[left&3])
		if before(x, c[best&3]) != 0 {
			keys[hole] = x
			return
		}
		keys[hole] = c[best&3]
		hole = first + int(best)
	}
	// Only the last parent has fewer than four children.
	best, earliest := hole, x
	for i := 4*hole - 8; i < len(keys); i++ {
		if before(keys[i], earliest) != 0 {
			best, earliest = i, keys[i]
		}
	}
	keys[hole] = earliest
	keys[best] = x
}

// reset empties the heap and keeps its memory.
func (h *eventHeap) reset() {
	*h = eventHeap{keys: h.keys[:min(root, len(h.keys))], slab: h.slab[:0]}
}

// copyTo makes dst a copy that shares no memory, in dst's memory where it fits.
func (h *eventHeap) copyTo(dst *eventHeap) {
	keys, slab := append(dst.keys[:0], h.keys...), append(dst.slab[:0], h.slab...)
	*dst = *h
	dst.keys, dst.slab = keys, slab
}
