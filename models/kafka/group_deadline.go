package kafka

import "kafkasim/sim"

// A groupDeadline is an instant that is moved far more often than it is
// reached. At most one wake-up is asked for at a time, and only an earlier
// deadline asks for another: a heartbeat moves a session's end without a word to
// the environment.
type groupDeadline struct {
	due   sim.Time // Never: nothing is awaited
	armed sim.Time // the wake-up that counts; Never: none
}

func noDeadline() groupDeadline { return groupDeadline{due: sim.Never, armed: sim.Never} }

// set moves the deadline and reports whether a wake-up at that time must be
// asked for.
func (d *groupDeadline) set(at sim.Time) bool {
	d.due = at
	if d.armed <= at {
		return false
	}
	d.armed = at
	return true
}

// cancel forgets the deadline; its wake-up will find nothing to do.
func (d *groupDeadline) cancel() { d.due = sim.Never }

// fire takes the wake-up that was asked for at time at. It reports whether the
// deadline is reached, and if not, when to be woken again (Never: not at all).
func (d *groupDeadline) fire(now, at sim.Time) (reached bool, again sim.Time) {
	if at != d.armed {
		return false, sim.Never
	}
	d.armed = sim.Never
	if d.due > now {
		d.armed = d.due
		return false, d.due
	}
	d.due = sim.Never
	return true, sim.Never
}
