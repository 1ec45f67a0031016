package fault

import (
	"context"
	"fmt"
	"time"

	"kafkasim/scenarios"
)

// clients does a fault to client processes.
func (e *Executor) clients(i int, f *scenarios.Fault) (healer, error) {
	var hit []Process
	var first time.Time
	for _, name := range e.clientsOf(&f.Target) {
		p, err := e.site.Client(name)
		if err != nil {
			return nil, err
		}
		if !p.Running() {
			continue
		}
		at, err := breakClient(p, f)
		if err != nil {
			return nil, err
		}
		if first.IsZero() {
			first = at
		}
		hit = append(hit, p)
	}
	if len(hit) == 0 {
		e.skip(i, "its target is down already")
		return nil, nil //nolint:nilnil // a fault that hits nothing has nothing to heal
	}
	e.happened(i, first, nil)
	return func(context.Context) (last time.Time, err error) {
		for _, p := range hit {
			if last, err = healClient(p, f.Kind); err != nil {
				return last, err
			}
		}
		return last, nil
	}, nil
}

// clientsOf are the client processes that a target names; the instances of a
// producer are one process.
func (e *Executor) clientsOf(t *scenarios.Target) (names []Client) {
	switch t.Kind { //nolint:exhaustive // the others name servers
	case scenarios.TargetMember:
		return []Client{{Index: t.Group, Member: t.Node}}
	case scenarios.TargetProducer:
		return []Client{{Producer: true, Index: t.Producer}}
	default:
		for g := range e.spec.Groups {
			for m := range e.spec.Groups[g].Members {
				names = append(names, Client{Index: g, Member: m + 1})
			}
		}
		return names
	}
}

func breakClient(p Process, f *scenarios.Fault) (time.Time, error) {
	switch f.Kind { //nolint:exhaustive // begin sends no other kind here
	case scenarios.ConsumerCrash, scenarios.ProducerCrash:
		return p.Kill()
	case scenarios.ConsumerPause:
		return p.Pause()
	case scenarios.ConsumerStop:
		return p.Leave()
	case scenarios.SlowDownstream:
		return p.Slow(f.Factor)
	default:
		return time.Time{}, fmt.Errorf("%s is no fault of a client", f.Kind)
	}
}

func healClient(p Process, kind scenarios.FaultKind) (time.Time, error) {
	switch kind { //nolint:exhaustive // as above
	case scenarios.ConsumerPause:
		return p.Resume()
	case scenarios.SlowDownstream:
		return p.Slow(1)
	default:
		return p.Start()
	}
}
