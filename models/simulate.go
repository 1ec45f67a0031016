// Package models runs scenarios: it picks the data plane, runs replications in
// parallel and merges what they saw in replication order.
package models

import (
	"context"
	"fmt"
	"sync"

	"kafkasim/models/batch"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// Options are the choices of a run that are not part of the scenario.
type Options struct {
	Plane    string                // "auto", "batch" or "flow"
	Workers  int                   // replications at a time, at least 1
	Version  string                // of this program, for the result
	Progress func(done, total int) // called after each replication, from one goroutine at a time; may be nil
}

// Simulate runs every replication of spec. The result does not depend on Workers.
// When ctx ends early it returns what is done so far, in replication order and
// marked partial, together with ctx's error.
func Simulate(ctx context.Context, spec *scenarios.Spec, options Options) (*result.Set, error) {
	if len(spec.Unsupported) > 0 {
		return nil, fmt.Errorf("scenario %s: %s", spec.Name, spec.Unsupported[0].Message)
	}
	name, err := ChoosePlane(spec, options.Plane)
	if err != nil {
		return nil, err
	}
	plane, err := batch.New(spec)
	if err != nil {
		return nil, err
	}
	builder := result.NewBuilder(result.Header{
		Version: options.Version, Origin: result.Simulated, Plane: name, Scenario: spec.Name,
		SpecSHA256: spec.SHA256, Seed: spec.Seed, Grid: plane.Grid(), About: result.AboutSpec(spec),
	})
	err = replicate(ctx, plane, spec.Replications, options, builder)
	set := builder.Set()
	set.Partial = set.Replications < spec.Replications
	return set, err
}

// An outcome is what came of one replication.
type outcome struct {
	number      int
	replication result.Replication
	err         error
}

// replicate runs replications 0..total-1 on the workers and adds them to the
// builder in order. A replication waits for its turn to be added, so that at most
// a few per worker are held. The first failure, in replication order, ends the
// run.
func replicate(ctx context.Context, plane *batch.Plane, total int, options Options, builder *result.Builder) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := max(1, min(options.Workers, total))
	numbers := make(chan int)
	outcomes := make(chan outcome)
	ahead := make(chan struct{}, 4*workers) // replications begun and not yet added
	go func() {
		defer close(numbers)
		for i := range total {
			select {
			case ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case numbers <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			runner := plane.NewRunner()
			for i := range numbers {
				r, err := runner.Run(ctx, i)
				outcomes <- outcome{i, r, err}
			}
		})
	}
	go func() {
		running.Wait()
		close(outcomes)
	}()
	return collect(ctx, stop, outcomes, ahead, total, options.Progress, builder)
}

// collect adds outcomes in replication order.
func collect(ctx context.Context, stop context.CancelFunc, outcomes <-chan outcome, ahead <-chan struct{}, total int,
	progress func(done, total int), builder *result.Builder,
) error {
	held := map[int]outcome{}
	next := 0
	var failed error
	for o := range outcomes {
		held[o.number] = o
		for {
			o, there := held[next]
			if !there || failed != nil {
				break
			}
			delete(held, next)
			next++
			<-ahead
			if o.err == nil {
				o.err = builder.Add(o.replication)
			}
			if o.err != nil {
				failed = o.err
				stop()
				break
			}
			if progress != nil {
				progress(next, total)
			}
		}
	}
	if failed == nil && next < total {
		failed = ctx.Err()
	}
	return failed
}
