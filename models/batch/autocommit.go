package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// An autoCommit is kgo's automatic commit under way. There is one at a time: what the
// timer brings meanwhile waits for it (groupConsumer.commit, "waiting for prior commit
// to finish before issuing another"), with the positions of its own tick.
type autoCommit struct {
	request kafka.GroupRequest
	parts   []part   // positions of its tick; empty: none is under way
	since   sim.Time // when it was first sent
	tries   int
	ticket  int64 // of the request that is not answered; 0: it backs off
	timer   int64 // number of the back-off
	stale   bool  // its next try goes to a coordinator that was looked up before the back-off

	nextRequest kafka.GroupRequest
	next        []part // the one that waits; empty: none
}

// Limits of kgo's requests (franz-go, pkg/kgo/config.go: requestRetries,
// retryTimeout).
const (
	kgoRequestRetries = 20
	kgoRetryTimeout   = 30 * time.Second
)

// commitTick is kgo's commit timer.
func (w *world) commitTick(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	c := &m.auto
	request, err := m.machine.CommitRequest()
	if err != kafka.NoGroupError {
		return
	}
	if len(c.parts) > 0 {
		c.nextRequest, c.next = request, m.uncommitted(c.next[:0])
		return
	}
	c.request, c.parts = request, m.uncommitted(c.parts[:0])
	w.beginAutoCommit(now, i)
}

// uncommitted appends the positions that the group does not know.
func (m *memberState) uncommitted(parts []part) []part {
	for k := range m.owned {
		o := &m.owned[k]
		at := o.done
		if m.config.Commit == scenarios.CommitBeforeProcessing {
			at = o.taken
		}
		if at >= 0 && at != o.sent {
			parts = append(parts, part{replica: o.flat, from: at})
		}
	}
	return parts
}

func (w *world) beginAutoCommit(now sim.Time, i int32) {
	c := &w.consumers.members[i].auto
	if len(c.parts) == 0 {
		return
	}
	c.since, c.tries, c.stale = now, 0, false
	w.tryAutoCommit(now, i)
}

// tryAutoCommit sends an automatic commit to the coordinator. Where none is known it
// asks any broker. If that broker is dead, kgo asks another one at once and only then
// backs off, so that its next try goes to whoever the coordinator was before; and if
// that one is dead too, it gives the commit up (retryable.Request, shouldRetryNext;
// seen in kgo 1.22's log: commits that came 7.5 and 12.5 s after their tick where the
// coordinator had died and another was elected after 5).
func (w *world) tryAutoCommit(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	c := &m.auto
	c.tries++
	switch {
	case c.stale:
		c.stale = false
		w.autoCommitFailed(now, i)
	case m.coordinator >= 0:
		c.ticket = w.sendCommit(now, i, &c.request, c.parts, purposeNone)
		w.engine.Schedule(now.Add(m.machine.RequestTimeout(kafka.OffsetCommit)), evCommitSilent, m.node, c.ticket)
	case c.tries > 1 && !w.asksLive(i):
		if !w.asksLive(i) {
			w.endAutoCommit(now, i)
			return
		}
		c.stale = true
		w.autoCommitFailed(now, i)
	default:
		w.autoCommitFailed(now, i)
	}
}

// asksLive is a client asking any broker, and whether that one is there.
func (w *world) asksLive(i int32) bool {
	b := int32(w.consumers.members[i].backoffs.IntN(w.plan.brokers))
	return w.processes[b].up && w.serving(b)
}

// autoCommitFailed backs off after a try, or gives up.
func (w *world) autoCommitFailed(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	c, config := &m.auto, &m.config.Config
	c.ticket = 0
	wait := kafka.BackOff(&m.backoffs, m.config.Client, config.RetryBackoff, config.RetryBackoffMax, int32(c.tries-1))
	if c.tries > kgoRequestRetries || now.Add(wait).Sub(c.since) > kgoRetryTimeout {
		w.endAutoCommit(now, i)
		return
	}
	c.timer++
	w.engine.Schedule(now.Add(wait), evCommitRetry, m.node, c.timer)
}

// onCommitRetry ends a back-off.
func (w *world) onCommitRetry(now sim.Time, i int32, timer int64) {
	m := &w.consumers.members[i]
	if c := &m.auto; !m.down && c.timer == timer && c.ticket == 0 && len(c.parts) > 0 {
		w.tryAutoCommit(now, i)
	}
}

// autoCommitAnswered is an answer to an automatic commit, or the end of hope for one.
func (w *world) autoCommitAnswered(now sim.Time, i int32, err kafka.GroupError) {
	m := &w.consumers.members[i]
	c := &m.auto
	switch err { //nolint:exhaustive // the others end it
	case kafka.NotCoordinator, kafka.CoordinatorNotAvailable, kafka.CoordinatorLoading:
		w.autoCommitFailed(now, i)
		return
	case kafka.NoGroupError:
		for k := range c.parts {
			if at := m.slot[c.parts[k].replica]; at >= 0 {
				m.owned[at].sent = c.parts[k].from
			}
		}
	}
	w.endAutoCommit(now, i)
}

// endAutoCommit lets the commit go on that waits.
func (w *world) endAutoCommit(now sim.Time, i int32) {
	c := &w.consumers.members[i].auto
	c.ticket = 0
	c.timer++
	c.request, c.nextRequest = c.nextRequest, kafka.GroupRequest{}
	c.parts, c.next = c.next, c.parts[:0]
	w.beginAutoCommit(now, i)
}

// dropAutoCommit forgets automatic commits: a later one says all that they would.
func (m *memberState) dropAutoCommit() {
	c := &m.auto
	c.ticket = 0
	c.timer++
	c.parts, c.next = c.parts[:0], c.next[:0]
}
