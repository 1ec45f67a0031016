package host

import (
	"time"

	"kafkasim/sim"
)

// dirty is how much of the stream is in memory only.
func (s *stream) dirty() float64 { return s.appended - s.synced - s.ahead }

// settle ends with everything on the platter, or gone.
func (s *stream) settle() {
	s.synced, s.due, s.ahead = s.appended, s.appended, 0
}

// write moves share of what is due to the platter: from the oldest on, passing
// over what an fsync put there before, which is taken to be spread evenly.
func (s *stream) write(share float64) {
	bytes, passed := s.unwritten(), s.due-s.synced
	if share < 1 {
		bytes, passed = share*bytes, share*passed
		s.synced += passed
	} else {
		s.synced = s.due
	}
	s.ahead = max(0, s.ahead-(passed-bytes))
	s.written += bytes
	if s.synced >= s.appended {
		s.settle()
	}
}

// unwritten is how many bytes that are due are not on the platter.
func (s *stream) unwritten() float64 {
	span := s.appended - s.synced
	if span <= 0 {
		return 0
	}
	return (s.due - s.synced) * s.dirty() / span
}

func (d *Disk) dirty() float64 {
	sum := 0.0
	for i := range d.stream[:d.streams] {
		sum += d.stream[i].dirty()
	}
	return sum
}

func (d *Disk) unwritten() float64 {
	sum := 0.0
	for i := range d.stream[:d.streams] {
		sum += d.stream[i].unwritten()
	}
	return sum
}

// stretch is how much longer the disk works for a read or an fsync because half
// of it goes to the pages that are being written.
func (d *Disk) stretch() float64 {
	if d.unwritten() > 0 {
		return 2
	}
	return 1
}

// speed is the write rate of the moment in bytes/s, before any slowdown.
func (d *Disk) speed() float64 {
	if d.bucket.level > 0 {
		return d.bucket.Peak
	}
	return d.bucket.Base
}

// timeFor is how many seconds background writing of bytes takes if nothing is
// asked meanwhile: half of the disk while reads and fsyncs are under way.
func (d *Disk) timeFor(bytes float64) float64 {
	return d.bucket.Time(min(2*bytes, bytes+d.foreground/2)) * d.slowdown
}

// writeBackground makes what is dirty beyond the background threshold due, of
// each stream in proportion to what is not due yet.
func (d *Disk) writeBackground(dirty float64) {
	excess := dirty - backgroundShare*d.memory
	if excess <= 0 {
		return
	}
	unwritten := d.unwritten()
	if unwritten >= excess {
		return
	}
	share := (excess - unwritten) / (dirty - unwritten)
	for i := range d.stream[:d.streams] {
		s := &d.stream[i]
		s.due += share * (s.appended - s.due)
	}
}

// wake is the flusher: what was dirty 30 s ago becomes due.
func (d *Disk) wake() {
	for i := range d.stream[:d.streams] {
		s := &d.stream[i]
		s.due = max(s.due, s.wakes[0])
		copy(s.wakes[:], s.wakes[1:])
		s.wakes[expiryWakes-1] = s.appended
	}
	d.nextWake = d.nextWake.Add(flusherPeriod)
}

// advance lets the flow run until now and returns now. The flow does not run
// back: where later has been asked before, it returns that later instant.
func (d *Disk) advance(now sim.Time) sim.Time {
	now = max(now, d.now)
	for d.nextWake <= now {
		if d.idle() {
			// Nothing happens at a wake of an idle disk, but that the past is forgotten.
			late := now.Sub(d.nextWake) % flusherPeriod
			d.rest(now)
			d.nextWake = now.Add(flusherPeriod - late)
			return now
		}
		d.run(d.nextWake)
		d.wake()
	}
	d.run(now)
	return now
}

// idle reports whether everything is on the platter and nothing is asked.
func (d *Disk) idle() bool { return d.foreground == 0 && d.dirty() == 0 }

// rest lets an idle disk save credit until the instant until.
func (d *Disk) rest(until sim.Time) {
	for i := range d.stream[:d.streams] {
		s := &d.stream[i]
		for w := range s.wakes {
			s.wakes[w] = s.appended
		}
	}
	d.bucket.Pass(until.Sub(d.now).Seconds(), 0)
	d.now = until
}

// run lets the disk work until the instant until, at which nothing new becomes
// due: first reads and fsyncs with half of the background writing, then the rest
// of that, then nothing.
func (d *Disk) run(until sim.Time) {
	for d.now < until {
		left := until.Sub(d.now).Seconds() / d.slowdown // of the disk's own seconds
		background := d.unwritten()
		if d.foreground == 0 && background == 0 {
			d.bucket.Pass(left*d.slowdown, 0)
			d.now = until
			return
		}
		work := min(d.bucket.Amount(left), d.nextChange(background))
		took := min(left, d.bucket.Time(work))
		d.bucket.Pass(took, work)
		d.spend(work, background)
		if took >= left {
			d.busy += until.Sub(d.now)
			d.now = until
			return
		}
		span := min(ceilNanos(took*d.slowdown), until.Sub(d.now))
		d.busy += span
		d.now = d.now.Add(max(span, time.Nanosecond))
	}
}

// nextChange is how much the disk works until reads and fsyncs are done, or, if
// there are none, until nothing due is left.
func (d *Disk) nextChange(background float64) float64 {
	if d.foreground == 0 {
		return background
	}
	if background == 0 {
		return d.foreground
	}
	return min(d.foreground, 2*background)
}

// rounding is what sums of bytes may be off by: a thousandth of a byte.
const rounding = 1e-3

// spend shares work between reads and fsyncs, whose cost already holds the half
// that goes to background writing, and that half.
func (d *Disk) spend(work, background float64) {
	written := work
	if d.foreground > 0 {
		d.foreground -= work
		if d.foreground < rounding {
			d.foreground = 0
		}
		written = work / 2
	}
	if background == 0 {
		return
	}
	share := written / background
	if background-written < rounding {
		share = 1
	}
	for i := range d.stream[:d.streams] {
		d.stream[i].write(share)
	}
}
