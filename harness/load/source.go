package load

import (
	"strconv"
	"time"

	"kafkasim/models/workload"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// An offer is a record that the scenario brings into being.
type offer struct {
	sequence uint64
	at       time.Duration // since the scenario's time 0
	key      []byte        // nil: none
	size     int           // serialized
}

// A source is the offers of one producer instance. It draws from the streams
// that the simulator draws from, in the same order: with the same seed both see the
// same records.
type source struct {
	duration time.Duration
	arrivals workload.Arrivals
	keys     *workload.Keys
	keyDraws rng.Stream
	sizes    workload.Sizes
	draws    rng.Stream
	next     uint64
}

// newSource returns the offers of an instance; keys may be shared, and are nil
// for records without one.
func newSource(spec *scenarios.Spec, producer, instance int, seed uint64, curve *workload.Curve, keys *workload.Keys) *source {
	p := &spec.Producers[producer]
	name := producerEntity(spec, producer, instance)
	return &source{
		duration: spec.Duration,
		arrivals: workload.NewArrivals(curve, p.Arrivals, instance, p.Instances, rng.New(seed, name, "arrivals")),
		keys:     keys, keyDraws: rng.New(seed, name, "keys"),
		sizes: workload.NewSizes(p.RecordSize), draws: rng.New(seed, name, "sizes"),
	}
}

// sources are those of all instances of a producer.
func sources(spec *scenarios.Spec, producer int, seed uint64) []*source {
	p := &spec.Producers[producer]
	curve := workload.NewCurve(p.Rate, spec.Duration)
	var keys *workload.Keys
	if p.Keys.Count > 0 {
		keys = workload.NewKeys(p.Keys)
	}
	all := make([]*source, p.Instances)
	for i := range all {
		all[i] = newSource(spec, producer, i, seed, curve, keys)
	}
	return all
}

// take is the next offer, if there is one more.
func (s *source) take() (offer, bool) {
	at := s.arrivals.Next()
	if at == sim.Never || time.Duration(at) >= s.duration {
		return offer{}, false
	}
	o := offer{sequence: s.next, at: time.Duration(at)}
	s.next++
	if s.keys != nil {
		o.key = strconv.AppendInt(nil, int64(s.keys.Next(&s.keyDraws)), 10)
	}
	o.size = int(s.sizes.Next(&s.draws))
	return o, true
}

// Offered is when the scenario brings each record of a producer into being, since
// its time 0: for each instance, ascending, and the index is the record's sequence.
// What a client process has not been there to take is in it too.
func Offered(spec *scenarios.Spec, producer int, seed uint64) [][]time.Duration {
	all := make([][]time.Duration, 0, spec.Producers[producer].Instances)
	for _, s := range sources(spec, producer, seed) {
		var at []time.Duration
		for o, more := s.take(); more; o, more = s.take() {
			at = append(at, o.at)
		}
		all = append(all, at)
	}
	return all
}
