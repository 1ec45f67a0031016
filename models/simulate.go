// Package models runs scenarios: it picks the data plane, runs replications in
// parallel and merges what they saw in replication order.
package models

import (
	"context"
	"errors"

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

// Simulate runs every replication of spec. When ctx ends early it returns what
// is done so far, marked partial, together with ctx's error.
func Simulate(ctx context.Context, spec *scenarios.Spec, options Options) (*result.Set, error) {
	return nil, errors.New("models: no plane is built yet")
}
