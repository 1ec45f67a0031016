package host

import (
	"math"
	"time"

	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// A Link is one direction of a network interface: messages leave one after the
// other, at burst speed while credit lasts. It is exact for messages in the
// order of time. It is flat: a copy is a fork.
type Link struct {
	bucket Bucket
	free   sim.Time // when the last message is through
	busy   time.Duration
	bytes  unit.Bytes
}

// NewLink returns an idle link with full credit: base sustained, burst for
// credit long from a full bucket.
func NewLink(base, burst unit.ByteRate, credit time.Duration) Link {
	return Link{bucket: NewBucket(float64(base), float64(burst), float64(burst-base)*credit.Seconds())}
}

// Send puts a message of b bytes on the link at now and returns when its last
// byte has left. The delay to the other end is the caller's to add.
func (l *Link) Send(now sim.Time, b unit.Bytes) (departure sim.Time) {
	return l.carry(max(now, l.free), b)
}

// Receive takes a message of b bytes off the network whose last byte would
// arrive at now if the link were idle, and returns when it has arrived. A message
// that travelled as fast as this link is not delayed a second time; messages
// from several senders at once are.
func (l *Link) Receive(now sim.Time, b unit.Bytes) (arrival sim.Time) {
	// It began to arrive, at the soonest, a transmission time ago.
	began := now - sim.Time(ceilNanos(l.bucket.Time(float64(b))))
	return max(now, l.carry(max(began, l.free), b))
}

// carry transmits b from start on, which is not before the link is free.
func (l *Link) carry(start sim.Time, b unit.Bytes) sim.Time {
	l.bucket.Pass(start.Sub(l.free).Seconds(), 0)
	took := l.bucket.Time(float64(b))
	l.bucket.Pass(took, float64(b))
	span := ceilNanos(took)
	l.free = start.Add(span)
	l.busy += span
	l.bytes += b
	return l.free
}

// Bytes is what was given to the link in all.
func (l *Link) Bytes() unit.Bytes { return l.bytes }

// Busy is how long the link has been transmitting until now.
func (l *Link) Busy(now sim.Time) time.Duration {
	return l.busy - max(0, l.free.Sub(now))
}

// Backlog is how long the link needs for what is queued at now.
func (l *Link) Backlog(now sim.Time) time.Duration { return max(0, l.free.Sub(now)) }

// Stop drops what is queued at now, as when the machine goes.
func (l *Link) Stop(now sim.Time) {
	l.busy = l.Busy(now)
	l.free = min(l.free, now)
}

// ceilNanos rounds seconds up to a whole nanosecond, so that nothing that takes
// time takes none.
func ceilNanos(seconds float64) time.Duration {
	return time.Duration(math.Ceil(seconds * float64(time.Second)))
}
