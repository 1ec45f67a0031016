package workload

import (
	"fmt"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// Arrivals is when the records of one of n equal instances come, one after the
// other. It is a value: a copy is a fork. Each instance has the n-th part of
// the curve.
//
// Poisson arrivals are exact for any curve: the integrals at successive arrivals
// differ by exponential draws (Çinlar, Introduction to Stochastic Processes,
// 1975, ch. 4: time change of a Poisson process). Even ones come where the integral
// passes equally spaced values, interleaved with those of the other instances.
type Arrivals struct {
	curve     *Curve
	kind      scenarios.Arrivals
	instances float64
	phase     float64  // even: of the first record, in records of the instance
	count     float64  // even: records so far
	at        position // the last arrival
	last      sim.Time
	stream    rng.Stream
}

// NewArrivals returns the arrivals of one of the instances of a producer,
// 0 ≤ instance < instances. The stream is used by Poisson arrivals only.
func NewArrivals(c *Curve, kind scenarios.Arrivals, instance, instances int, stream rng.Stream) Arrivals {
	if instance < 0 || instance >= instances {
		panic(fmt.Sprintf("workload: instance %d of %d", instance, instances))
	}
	if kind != scenarios.Poisson && kind != scenarios.Even {
		panic(fmt.Sprintf("workload: unknown arrivals %d", kind))
	}
	return Arrivals{
		curve: c, kind: kind, instances: float64(instances),
		phase: (float64(instance) + 0.5) / float64(instances), stream: stream,
	}
}

// Next is the instant of the next record, never before the one before, or
// sim.Never when the curve has ended.
func (a *Arrivals) Next() sim.Time {
	var n float64
	if a.kind == scenarios.Even {
		n = (a.count + a.phase) * a.instances
		a.count++
	} else {
		n = a.at.integral + float64(a.stream.Exp()*a.instances)
	}
	t, at := a.curve.inverseFrom(a.at, n)
	a.at = at
	a.last = max(a.last, t)
	return a.last
}
