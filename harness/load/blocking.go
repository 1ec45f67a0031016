package load

// A span is a time in which a client's call blocked, in Unix nanoseconds.
type span struct{ from, to int64 }

// blocking is when the calls of an instance blocked.
type blocking struct {
	spans []span // that may still matter, ascending
	total int64  // of spans, ns
}

// add says that a call has blocked; spans do not overlap and ascend.
func (b *blocking) add(from, to int64) {
	b.spans = append(b.spans, span{from, to})
	b.total += to - from
}

// since is how long calls have blocked after a moment. Moments never fall from
// one call to the next: what lies before is forgotten.
func (b *blocking) since(at int64) int64 {
	for len(b.spans) > 0 && b.spans[0].to <= at {
		b.total -= b.spans[0].to - b.spans[0].from
		b.spans = b.spans[1:]
	}
	if len(b.spans) > 0 && b.spans[0].from < at {
		return b.total - (at - b.spans[0].from)
	}
	return b.total
}
