package calibrate

import (
	"math"
	"time"

	"kafkasim/models/batch"
	"kafkasim/scenarios"
)

// Direct is what can be read off a healthy cluster without a model. Each list may
// be empty: then the figure stays what it is in the profile that one begins with.
type Direct struct {
	// Follows is, for each start of a broker's process with clean logs while the rest
	// of the machine was at rest, the time until it follows the leaders of its
	// partitions: batch.FollowShare of clean_load.
	Follows []time.Duration `json:"follows,omitempty"`
	// MetadataApply is, for changes of the metadata and for each broker, the time
	// from the commit of the change to the broker's acting on it.
	MetadataApply []time.Duration `json:"metadata_apply,omitempty"`
	// Fsync are fdatasyncs of some KiB on the brokers' disk.
	Fsync []time.Duration `json:"fsync,omitempty"`
	// Idle are the processors that a broker keeps busy while nobody asks it for
	// anything, one reading a broker or a stretch of time.
	Idle []float64 `json:"cpu_idle,omitempty"`
	// RTT are round trips between two nodes of the cluster that need no thread of a
	// process at the far end, such as the set-up of a TCP connection.
	RTT []time.Duration `json:"rtt,omitempty"`
}

// merge adds what another look at the same machine saw.
func (d *Direct) merge(o Direct) {
	d.Follows = append(d.Follows, o.Follows...)
	d.MetadataApply = append(d.MetadataApply, o.MetadataApply...)
	d.Fsync = append(d.Fsync, o.Fsync...)
	d.RTT = append(d.RTT, o.RTT...)
	d.Idle = append(d.Idle, o.Idle...)
}

// enoughDirect is the least number of readings that say anything of a spread.
const enoughDirect = 3

// apply puts what was read into a profile and returns the figures that it changed.
//
// The uncertainty of a law is that of the moments of a normal sample: sd/√n of the
// mean, 1/√(2(n−1)) of the logarithm of the standard deviation.
func (d *Direct) apply(h *scenarios.Hardware) []Parameter {
	var found []Parameter
	note := func(name string, before, sd float64, readings int) {
		c, _ := coordinateNamed(name)
		found = append(found, Parameter{
			Name: name, Before: math.Exp(before), After: math.Exp(c.get(h)), Deviation: sd, Source: ReadOff, Readings: readings, Identified: true,
		})
	}
	if mean, sd, known := logMoments(d.Idle); known {
		c, _ := coordinateNamed("cpu_idle")
		before := c.get(h)
		c.set(h, mean)
		note(c.name, before, sd/math.Sqrt(float64(len(d.Idle))), len(d.Idle))
	}
	for _, law := range []struct {
		name     string
		readings []time.Duration
	}{{"clean_load", d.cleanLoad()}, {"metadata_apply", d.MetadataApply}, {"fsync", d.Fsync}, {"rtt", d.RTT}} {
		mean, sd, known := logMoments(nanoseconds(law.readings))
		if !known {
			continue
		}
		n := float64(len(law.readings))
		median, _ := coordinateNamed(law.name)
		spread, _ := coordinateNamed(law.name + "_spread")
		before, beforeSpread := median.get(h), spread.get(h)
		median.set(h, mean)
		spread.set(h, math.Log(max(sd, leastSpread)))
		note(median.name, before, sd/math.Sqrt(n), len(law.readings))
		note(spread.name, beforeSpread, 1/math.Sqrt(2*(n-1)), len(law.readings))
	}
	return found
}

// cleanLoad are the whole starts.
func (d *Direct) cleanLoad() []time.Duration {
	var whole []time.Duration
	for _, t := range d.Follows {
		whole = append(whole, time.Duration(float64(t)/batch.FollowShare))
	}
	return whole
}

// logMoments are the mean and the standard deviation of the logarithms of some
// readings; not known of fewer than enoughDirect, or of one that is not positive.
func logMoments(readings []float64) (mean, sd float64, known bool) {
	x := make([]float64, len(readings))
	for i, v := range readings {
		if !(v > 0) {
			return 0, 0, false
		}
		x[i] = math.Log(v)
	}
	if len(x) < enoughDirect {
		return 0, 0, false
	}
	mean, sd = momentsOf(x)
	return mean, sd, true
}

func nanoseconds(times []time.Duration) []float64 {
	x := make([]float64, len(times))
	for i, t := range times {
		x[i] = float64(max(t, shortest))
	}
	return x
}
