package batch

import (
	"math"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// seriesPoints is about how many grid points the load of a scenario has.
const seriesPoints = 120

// A seriesGrid is the common grid of a scenario's time lines, from the start of
// the load to the end of the longest possible drain.
type seriesGrid struct {
	step  time.Duration
	count int
}

func newSeriesGrid(spec *scenarios.Spec) seriesGrid {
	// In whole sampling steps, rounded up.
	step := max((spec.Duration/seriesPoints + tickStep - 1).Truncate(tickStep), tickStep)
	return seriesGrid{step: step, count: int((spec.Duration+spec.Drain)/step) + 1}
}

// series are a replication's time lines. The value at a point is that of the
// step before it: rates over the step, the rest at its end.
type series struct {
	grid   *seriesGrid
	at     tally.Lines
	next   int
	lines  []result.Series
	before moved     // at the last point
	loads  []traffic // by broker that has lines, at the last point
}

// moved counts records until now.
type moved struct{ generated, acked, delivered int64 }

// traffic counts the bytes that a broker has received, sent and written until now.
type traffic struct{ in, out, written int64 }

func newSeries(grid *seriesGrid, w *world) series {
	s := series{grid: grid, at: tally.NewLines(w.plan.spec)}
	for _, name := range s.at.Names {
		values := make([]float64, grid.count)
		for i := range values {
			values[i] = math.NaN()
		}
		s.lines = append(s.lines, result.Series{Name: name, Values: values})
	}
	s.loads = make([]traffic, s.at.Brokers())
	return s
}

// sampleSeries takes the time lines' next point when it is due.
func (w *world) sampleSeries(now sim.Time) {
	s := &w.observed.series
	if s.next >= s.grid.count || now < sim.Time(prologue).Add(time.Duration(s.next)*s.grid.step) {
		return
	}
	w.sampleRates()
	w.samplePartitions()
	for g := range w.consumers.groups {
		lag, age := w.lagNow(now, g)
		s.lines[s.at.Group(g, tally.LineLagRecords)].Values[s.next] = float64(lag)
		s.lines[s.at.Group(g, tally.LineLagTime)].Values[s.next] = age.Seconds()
	}
	s.next++
}

// sampleRates takes what was moved since the last point. Before the first one lies
// the prologue, which is not a step: its bytes have no rate.
func (w *world) sampleRates() {
	s := &w.observed.series
	seconds := s.grid.step.Seconds()
	rate := func(line int, before, now int64) {
		s.lines[line].Values[s.next] = float64(now-before) / seconds
	}
	n := w.recordsSoFar()
	rate(tally.LineGenerated, s.before.generated, n.generated)
	rate(tally.LineAcked, s.before.acked, n.acked)
	rate(s.at.Delivered(), s.before.delivered, n.delivered)
	s.before = n
	for b := range s.loads {
		br := &w.brokers[b]
		if s.next > 0 {
			rate(s.at.Broker(b, tally.LineIn), s.loads[b].in, br.bytesIn)
			rate(s.at.Broker(b, tally.LineOut), s.loads[b].out, br.bytesOut)
			// A machine that is lost takes back what it had not synced.
			rate(s.at.Broker(b, tally.LineWritten), min(s.loads[b].written, br.disk), br.disk)
		}
		s.loads[b] = traffic{br.bytesIn, br.bytesOut, br.disk}
	}
}

// samplePartitions counts partitions by how they are. A broker leads those that it
// is registered for and whose process runs; the others have no leader.
func (w *world) samplePartitions() {
	s := &w.observed.series
	at := s.next
	leaderless, under, underMin := 0, 0, 0
	for b := range s.loads {
		s.lines[s.at.Broker(b, tally.LineLeaders)].Values[at] = 0
	}
	for t := range w.plan.topics {
		topic := &w.plan.topics[t]
		for p := topic.first; p < topic.first+kafka.PartitionID(topic.count) && !topic.internal; p++ {
			v := &w.observed.partitions[p]
			if v.underReplicated {
				under++
			}
			if v.underMinISR {
				underMin++
			}
			if v.leaderless {
				leaderless++
				continue
			}
			if b := int(w.assigned[p][w.control.image[p].Leader]) - 1; b < len(s.loads) {
				s.lines[s.at.Broker(b, tally.LineLeaders)].Values[at]++
			}
		}
	}
	s.lines[tally.LineLeaderless].Values[at] = float64(leaderless)
	s.lines[tally.LineUnderReplicated].Values[at] = float64(under)
	s.lines[s.at.UnderMinISR()].Values[at] = float64(underMin)
}

// recordsSoFar counts what was generated, acknowledged and delivered until now.
func (w *world) recordsSoFar() moved {
	n := moved{acked: w.observed.acked, delivered: w.observed.delivered}
	for i := range w.observed.producers {
		n.generated += w.observed.producers[i].generated
	}
	return n
}
