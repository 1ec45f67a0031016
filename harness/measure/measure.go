// Package measure runs a scenario on real Kafka in containers and observes what
// the simulator predicts: the same metrics, the same ledger, from every record's
// own id.
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"kafkasim/harness/cluster"
	"kafkasim/harness/engine"
	"kafkasim/harness/fault"
	"kafkasim/harness/image"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// Options are the choices of a measurement that are not part of the scenario.
type Options struct {
	Engine      *engine.Engine
	Image       image.Image
	Repetitions int      // at least 1
	Seed        uint64   // of arrivals, keys and processing times
	Command     []string // that runs a client process when a plan's file is added
	Version     string   // of this program, for the result
	Keep        string   // directory for what was observed raw; "" keeps nothing
	Grid        result.Grid
	Log         io.Writer // a line for each step; may be nil
}

// plane is what a measured Set names as its data plane.
const plane = "kafka"

// A Refusal is a scenario that cannot be run on real Kafka here. It is no fault of
// the scenario.
type Refusal struct{ Words []string }

// Error lists why.
func (r *Refusal) Error() string {
	return "this scenario cannot be measured: " + strings.Join(r.Words, "; ")
}

// Check returns a Refusal when a scenario cannot be measured.
func Check(spec *scenarios.Spec) error {
	words := clientsOf(spec)
	words = append(words, fault.Refused(spec)...)
	if n := len(spec.Clusters); n != 1 {
		words = append(words, fmt.Sprintf("it has %d clusters; one is measured at a time", n))
	}
	for i := range spec.Unsupported {
		words = append(words, spec.Unsupported[i].Message)
	}
	if len(words) > 0 {
		return &Refusal{words}
	}
	return nil
}

// Measure runs every repetition of spec, one after the other in the life of one
// cluster. When ctx ends early it returns what is done so far, marked partial,
// together with ctx's error.
func Measure(ctx context.Context, spec *scenarios.Spec, o Options) (*result.Set, error) {
	return measure(ctx, spec, o, func(context.Context, *life) error { return nil })
}

// measure is Measure, with something more to do to the cluster when all repetitions
// are done.
func measure(ctx context.Context, spec *scenarios.Spec, o Options, then func(context.Context, *life) error) (*result.Set, error) {
	if err := Check(spec); err != nil {
		return nil, err
	}
	if o.Repetitions < 1 {
		return nil, errors.New("at least 1 repetition is needed")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	release, err := cluster.Exclusive(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	builder := result.NewBuilder(result.Header{
		Version: o.Version, Origin: result.Measured, Plane: plane, Scenario: spec.Name,
		SpecSHA256: spec.SHA256, Seed: o.Seed, Grid: o.Grid, About: result.AboutSpec(spec),
	})
	m := &measurement{spec: spec, options: &o}
	for i := range o.Repetitions {
		seen, runError := m.repetition(ctx, i)
		if runError == nil {
			runError = builder.Add(seen)
		}
		if runError != nil {
			err = fmt.Errorf("repetition %d of %s: %w", i+1, spec.Name, runError)
			break
		}
	}
	if err == nil && m.life != nil {
		err = then(ctx, m.life)
	}
	err = errors.Join(err, m.end())
	set := builder.Set()
	set.Partial = set.Replications < o.Repetitions
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return set, err
}

// A measurement is a scenario's repetitions.
type measurement struct {
	spec    *scenarios.Spec
	options *Options
	life    *life // nil before a cluster is there
}

// repetition runs one, on the cluster of the one before if that can be made as
// good as new, else on another.
func (m *measurement) repetition(ctx context.Context, i int) (result.Replication, error) {
	r := &repetition{spec: m.spec, options: m.options, index: i, began: time.Now()}
	r.stage = func(what string) {
		_, _ = fmt.Fprintf(m.options.Log, "%s: repetition %d of %d, %.0f s: %s\n", m.spec.Name, i+1, m.options.Repetitions, time.Since(r.began).Seconds(), what)
	}
	if m.life != nil {
		if err := m.life.renew(ctx); err != nil {
			r.stage("the cluster is not as good as new, so another one is started: " + err.Error())
			if err := m.end(); err != nil {
				return result.Replication{}, err
			}
		}
	}
	if m.life == nil {
		r.stage("starting the cluster")
		l, err := begin(ctx, m.spec, m.options)
		if err != nil {
			return result.Replication{}, err
		}
		m.life = l
	}
	return r.run(ctx, m.life)
}

// end takes the cluster away.
func (m *measurement) end() error {
	if m.life == nil {
		return nil
	}
	l := m.life
	m.life = nil
	return l.end()
}
