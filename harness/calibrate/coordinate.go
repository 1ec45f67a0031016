package calibrate

import (
	"math"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A coordinate is one direction in which profiles differ, on a scale without
// bounds: the logarithm of a time, or of the spread of a law, which is the
// standard deviation of the logarithms of its values.
type coordinate struct {
	name string
	// prior is how far off the profile that one begins with may be: one standard
	// deviation, on the coordinate's scale. It rules where the data say nothing.
	prior float64
	get   func(h *scenarios.Hardware) float64
	set   func(h *scenarios.Hardware, x float64)
}

// How far a figure of the profile that one begins with may be off, in factors: one
// standard deviation. The shipped figures are judgements with ranges of 2 to 3 to
// both sides, which are taken for 90 % of what is possible or less; the round trip
// between containers is known best.
const (
	looseFactor = 3
	closeFactor = 1.6
)

// fittedCoordinates are those that healthy latencies speak of, all of which a fit
// may change.
func fittedCoordinates() []coordinate {
	wakeup := func(h *scenarios.Hardware) *scenarios.Latency { return &h.Wakeup }
	client := func(h *scenarios.Hardware) *scenarios.Latency { return &h.ClientDelay }
	replica := func(h *scenarios.Hardware) *scenarios.Latency { return &h.ReplicaDelay }
	loose, narrow := math.Log(looseFactor), math.Log(closeFactor)
	return []coordinate{
		spanCoordinate("cpu_per_request", loose, func(h *scenarios.Hardware) *time.Duration { return &h.CPUPerRequest }),
		spanCoordinate("cpu_per_mb", loose, func(h *scenarios.Hardware) *time.Duration { return &h.CPUPerMB }),
		medianCoordinate("wakeup", loose, wakeup),
		spreadCoordinate("wakeup_spread", narrow, wakeup),
		medianCoordinate("client_delay", loose, client),
		spreadCoordinate("client_delay_spread", narrow, client),
		spanCoordinate("client_cpu", loose, func(h *scenarios.Hardware) *time.Duration { return &h.ClientCPU }),
		medianCoordinate("replica_delay", loose, replica),
		spreadCoordinate("replica_delay_spread", narrow, replica),
		medianCoordinate("rtt", narrow, rtt, crossRack),
		spreadCoordinate("rtt_spread", narrow, rtt, crossRack),
	}
}

// directCoordinates are those that can be read off a healthy cluster.
func directCoordinates() []coordinate {
	load := func(h *scenarios.Hardware) *scenarios.Latency { return &h.CleanLoad }
	apply := func(h *scenarios.Hardware) *scenarios.Latency { return &h.MetadataApply }
	fsync := func(h *scenarios.Hardware) *scenarios.Latency { return &h.Fsync }
	loose, narrow := math.Log(looseFactor), math.Log(closeFactor)
	return []coordinate{
		medianCoordinate("clean_load", loose, load),
		spreadCoordinate("clean_load_spread", narrow, load),
		{
			name: "cpu_idle", prior: loose,
			get: func(h *scenarios.Hardware) float64 { return math.Log(max(h.CPUIdle, leastIdle)) },
			set: func(h *scenarios.Hardware, x float64) { h.CPUIdle = min(math.Exp(x), mostIdle*float64(h.Cores)) },
		},
		medianCoordinate("metadata_apply", loose, apply),
		spreadCoordinate("metadata_apply_spread", narrow, apply),
		medianCoordinate("fsync", loose, fsync),
		spreadCoordinate("fsync_spread", narrow, fsync),
	}
}

// coordinateNamed finds a coordinate.
func coordinateNamed(name string) (coordinate, bool) {
	for _, c := range append(fittedCoordinates(), directCoordinates()...) {
		if c.name == name {
			return c, true
		}
	}
	return coordinate{}, false
}

// rtt is the round trip between two brokers; all racks are one machine.
func rtt(h *scenarios.Hardware) *scenarios.Latency       { return &h.RTTSameRack }
func crossRack(h *scenarios.Hardware) *scenarios.Latency { return &h.RTTCrossRack }

func spanCoordinate(name string, prior float64, field func(*scenarios.Hardware) *time.Duration) coordinate {
	return coordinate{
		name: name, prior: prior,
		get: func(h *scenarios.Hardware) float64 { return logSpan(*field(h)) },
		set: func(h *scenarios.Hardware, x float64) { *field(h) = span(x) },
	}
}

// medianCoordinate moves a law as a whole: its spread stays. It reads the first of
// the fields and moves them all.
func medianCoordinate(name string, prior float64, fields ...func(*scenarios.Hardware) *scenarios.Latency) coordinate {
	return coordinate{
		name: name, prior: prior,
		get: func(h *scenarios.Hardware) float64 { return logSpan(fields[0](h).Median) },
		set: func(h *scenarios.Hardware, x float64) {
			law := lawOf(x, spread(*fields[0](h)))
			for _, f := range fields {
				*f(h) = law
			}
		},
	}
}

// spreadCoordinate changes a law's spread: its median stays.
func spreadCoordinate(name string, prior float64, fields ...func(*scenarios.Hardware) *scenarios.Latency) coordinate {
	return coordinate{
		name: name, prior: prior,
		get: func(h *scenarios.Hardware) float64 { return math.Log(spread(*fields[0](h))) },
		set: func(h *scenarios.Hardware, x float64) {
			law := lawOf(logSpan(fields[0](h).Median), math.Exp(x))
			for _, f := range fields {
				*f(h) = law
			}
		},
	}
}

// Ends of what a figure of a profile may become.
const (
	shortest    = time.Microsecond
	longest     = time.Minute // as the language has it for a machine's times
	leastIdle   = 1e-4        // processors
	mostIdle    = 0.3         // of the processors, so that three brokers on them can still work
	leastSpread = 0.01
	mostSpread  = 3.0
)

// spread is the standard deviation of the logarithms of a lognormal law.
func spread(l scenarios.Latency) float64 {
	if l.P99 <= l.Median {
		return leastSpread
	}
	return max(leastSpread, math.Log(float64(l.P99)/float64(l.Median))/rng.Z99)
}

// lawOf is the law with this logarithm of its median, in ns, and this spread.
func lawOf(logMedian, spread float64) scenarios.Latency {
	spread = min(max(spread, leastSpread), mostSpread)
	median := span(logMedian)
	return scenarios.Latency{Median: median, P99: span(math.Log(float64(median)) + float64(rng.Z99*spread))}
}

func logSpan(d time.Duration) float64 { return math.Log(float64(max(d, shortest))) }

// span is the time whose nanoseconds have this logarithm, to the nanosecond.
func span(x float64) time.Duration {
	return time.Duration(math.Round(math.Exp(min(max(x, logSpan(shortest)), logSpan(longest)))))
}

// place is where a profile stands in some coordinates.
func place(h *scenarios.Hardware, coordinates []coordinate) []float64 {
	x := make([]float64, len(coordinates))
	for i, c := range coordinates {
		x[i] = c.get(h)
	}
	return x
}

// at is the profile h moved to a place. A coordinate of a median must come before
// that of its spread, as in the lists above.
func at(h scenarios.Hardware, coordinates []coordinate, x []float64) scenarios.Hardware {
	for i, c := range coordinates {
		c.set(&h, x[i])
	}
	return h
}
