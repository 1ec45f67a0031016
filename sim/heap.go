package sim

import "math/bits"

// An item is a pending event with its place in the order of scheduling.
type item struct {
	Event
	sequence uint64
}

// before is 1 if a fires before b, else 0: a comparison of the 128-bit numbers
// (time, sequence) by the borrow of their difference. It has no branch, which
// a processor would guess wrong half of the time. Times are never negative.
func before(a, b *item) uint64 {
	_, borrow := bits.Sub64(a.sequence, b.sequence, 0)
	_, borrow = bits.Sub64(uint64(a.At), uint64(b.At), borrow)
	return borrow
}

// A heap is a 4-ary min-heap of values: the children of i are 4i+1 to 4i+4.
type heap []item

func newHeap(capacity int) heap { return make(heap, 0, capacity) }

// push adds x: a hole at the end rises to where x belongs.
func (h *heap) push(x item) {
	*h = append(*h, x)
	q := *h
	q.rise(len(q)-1, &x)
}

// rise moves the hole at i up until x may fill it, and fills it.
func (h heap) rise(i int, x *item) {
	for i > 0 {
		parent := (i - 1) / 4
		if before(x, &h[parent]) == 0 {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = *x
}

// pop removes the earliest item of a heap that is not empty. The hole at the
// root sinks to a leaf along the earliest children, and the last item rises
// from there: it came from the bottom and mostly belongs there, so asking at
// each level whether it fits would be a comparison too many.
func (h *heap) pop() Event {
	q := *h
	top := q[0].Event
	last := len(q) - 1
	x := q[last]
	q = q[:last]
	*h = q
	if last == 0 {
		return top
	}
	hole := 0
	for {
		first := 4*hole + 1
		if first+3 >= last {
			break
		}
		c := q[first : first+4 : first+4]
		left := before(&c[1], &c[0])
		right := 2 + before(&c[3], &c[2])
		best := left
		if before(&c[right], &c[left]) != 0 {
			best = right
		}
		q[hole] = c[best]
		hole = first + int(best)
	}
	hole = q.sinkLast(hole)
	q.rise(hole, &x)
	return top
}

// sinkLast moves the hole one level down where it has one to three children,
// which only the last parent may have, and returns where the hole is then.
func (h heap) sinkLast(hole int) int {
	first := 4*hole + 1
	if first >= len(h) {
		return hole
	}
	best := first
	for i := first + 1; i < len(h); i++ {
		if before(&h[i], &h[best]) != 0 {
			best = i
		}
	}
	h[hole] = h[best]
	return best
}
