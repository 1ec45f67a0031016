package batch

import (
	"context"
	"runtime/debug"

	"kafkasim/models/kafka"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A Plane runs replications of one scenario. It is read only and may be shared.
type Plane struct{ shared *shared }

// New prepares a scenario. It returns an error, in words for the user, if the
// scenario needs what the batch plane does not have.
func New(spec *scenarios.Spec) (*Plane, error) {
	s, err := newShared(spec)
	if err != nil {
		return nil, err
	}
	return &Plane{s}, nil
}

// Grid is the time grid of the replications' series.
func (p *Plane) Grid() result.Grid {
	return result.Grid{Step: p.shared.grid.step, Count: p.shared.grid.count}
}

// A Runner runs replications one after the other and reuses its memory. Use one
// a goroutine.
type Runner struct {
	plane *Plane
	world world
}

// NewRunner returns a runner of p's scenario.
func (p *Plane) NewRunner() *Runner { return &Runner{plane: p} }

// checkEvery is how many events pass between two looks at the context.
const checkEvery = 1 << 14

// Run runs replication number (from 0) to its end. It returns ctx's error if that
// ends first, and a *Violation if the model broke one of its invariants or
// panicked.
func (r *Runner) Run(ctx context.Context, number int) (out result.Replication, err error) {
	return r.run(ctx, number, nil)
}

// run is Run with somebody who writes down what happens, or nil.
func (r *Runner) run(ctx context.Context, number int, rec *recorder) (out result.Replication, err error) {
	w := &r.world
	defer func() {
		if p := recover(); p != nil {
			w.failure = nil
			w.violate("panic: %v\n%s", p, debug.Stack())
			out, err = result.Replication{}, w.failure
			*r = Runner{plane: r.plane} // what is left of the world is not to be used
		}
	}()
	w.reset(r.plane.shared, number)
	if rec != nil {
		rec.begin(w)
		w.recorder = rec
	}
	for !w.done {
		for range checkEvery {
			if w.done || !w.step() {
				break
			}
		}
		if err := ctx.Err(); err != nil {
			return result.Replication{}, err
		}
	}
	w.finish()
	if w.failure != nil {
		return result.Replication{}, w.failure
	}
	out = result.Replication{
		Index: number, Fingerprint: w.engine.Fingerprint(), Observations: w.observations(),
		Series: w.observed.series.lines, Warnings: w.observed.warnings,
	}
	if err := result.Conserved(out); err != nil {
		w.violate("%v", err)
		return result.Replication{}, w.failure
	}
	if w.failure != nil { // found while the ledger was closed
		return result.Replication{}, w.failure
	}
	return out, nil
}

// Events is how many events the last replication had.
func (r *Runner) Events() uint64 { return r.world.engine.Fired() }

// step lets the next event happen; false when there is none.
func (w *world) step() bool {
	e, some := w.engine.Next()
	if !some {
		w.done = true
		return false
	}
	w.recent.add(&e)
	w.dispatch(&e)
	return true
}

// finish closes what is open at the end of a run.
func (w *world) finish() {
	now := w.engine.Now()
	w.noteUnfinished()
	for p := range w.observed.partitions {
		v := &w.observed.partitions[p]
		if v.waiting > 0 {
			w.closeGap(now, v)
		}
		w.reassess(now, kafka.PartitionID(p))
	}
	for i := range w.consumers.members {
		if m := &w.consumers.members[i]; m.processing && !m.down {
			w.deliver(now, int32(i))
		}
	}
	w.checkWorld()
	if w.failure == nil {
		w.checkEnd()
	}
}
