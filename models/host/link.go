package host

import (
	"math"
	"time"

	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// window is how much of a message is under way at a time: what a socket's buffer
// holds. Kafka's are 64 to 100 KiB (replica.socket.receive.buffer.bytes,
// socket.send.buffer.bytes).
const window = 64 * unit.KiB

// bulks is how many messages larger than a window a Link tells apart.
const bulks = 16

// A Link is one direction of a network interface, at burst speed while credit
// lasts. Messages larger than a window leave one after the other. One that fits
// into a window does not wait for all of them: the link serves connections in
// turn, so that a window of each is in front of it at most. It is exact for
// messages of one size, in the order of time. It is flat: a copy is a fork.
type Link struct {
	bucket Bucket
	free   sim.Time        // when everything is through
	small  sim.Time        // when the last message that fits into a window is through
	bulk   [bulks]sim.Time // when the latest larger ones are
	next   uint8           // of bulk
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
	if b <= window {
		return l.interleave(now, b)
	}
	return l.carry(now, b)
}

// Receive takes a message of b bytes off the network whose last byte would
// arrive at now if the link were idle, and returns when it has arrived. A message
// that travelled as fast as this link is not delayed a second time; messages
// from several senders at once are.
func (l *Link) Receive(now sim.Time, b unit.Bytes) (arrival sim.Time) {
	// It began to arrive, at the soonest, a transmission time ago.
	began := now - sim.Time(ceilNanos(l.bucket.Time(float64(b))))
	return max(now, l.Send(began, b))
}

// carry transmits b once all that came before is through.
func (l *Link) carry(now sim.Time, b unit.Bytes) sim.Time {
	l.free = max(now, l.free).Add(l.spend(now, b))
	l.bulk[l.next%bulks] = l.free
	l.next++
	return l.free
}

// interleave transmits b, which fits into a window, after others like it and a
// window of each larger message that is under way.
func (l *Link) interleave(now sim.Time, b unit.Bytes) sim.Time {
	start := now
	if l.free > now {
		ahead := 0
		for _, end := range l.bulk {
			if end > now {
				ahead++
			}
		}
		turn := now
		if ahead > 0 {
			turn = now.Add(ceilNanos(l.bucket.Time(float64(ahead * int(window)))))
		}
		start = min(l.free, max(turn, l.small))
	}
	took := l.spend(now, b)
	l.free = max(now, l.free).Add(took)
	l.small = start.Add(took)
	return l.small
}

// spend takes b bytes' time out of the credit, and returns it.
func (l *Link) spend(now sim.Time, b unit.Bytes) time.Duration {
	l.bucket.Pass(max(0, now.Sub(l.free)).Seconds(), 0)
	took := l.bucket.Time(float64(b))
	l.bucket.Pass(took, float64(b))
	span := ceilNanos(took)
	l.busy += span
	l.bytes += b
	return span
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
	l.free, l.small = min(l.free, now), min(l.small, now)
	l.bulk = [bulks]sim.Time{}
}

// ceilNanos rounds seconds up to a whole nanosecond, so that nothing that takes
// time takes none.
func ceilNanos(seconds float64) time.Duration {
	return time.Duration(math.Ceil(seconds * float64(time.Second)))
}
