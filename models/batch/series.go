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
	next   int
	lines  []result.Series
	before [2]int64 // generated and acknowledged at the last point
}

// Lines of a replication, before those of the groups.
const (
	lineGenerated = iota
	lineAcked
	lineLeaderless
	lineUnderReplicated
	lineGroups
)

func newSeries(grid *seriesGrid, w *world) series {
	names := []string{"records.generated", "records.acked", "leaderless", "under_replicated"}
	for g := range w.plan.spec.Groups {
		l := tally.Label("group", w.plan.spec.Groups[g].Name)
		names = append(names, "lag.records"+l, "lag.time"+l)
	}
	s := series{grid: grid}
	for _, name := range names {
		values := make([]float64, grid.count)
		for i := range values {
			values[i] = math.NaN()
		}
		s.lines = append(s.lines, result.Series{Name: name, Values: values})
	}
	return s
}

// sampleSeries takes the time lines' next point when it is due.
func (w *world) sampleSeries(now sim.Time) {
	s := &w.observed.series
	if s.next >= s.grid.count || now < sim.Time(prologue).Add(time.Duration(s.next)*s.grid.step) {
		return
	}
	generated, acked := w.recordsSoFar()
	seconds := s.grid.step.Seconds()
	leaderless, under := 0, 0
	for t := range w.plan.topics {
		topic := &w.plan.topics[t]
		for p := topic.first; p < topic.first+kafka.PartitionID(topic.count) && !topic.internal; p++ {
			v := &w.observed.partitions[p]
			if v.leaderless {
				leaderless++
			}
			if v.underReplicated {
				under++
			}
		}
	}
	at := s.next
	s.lines[lineGenerated].Values[at] = float64(generated-s.before[0]) / seconds
	s.lines[lineAcked].Values[at] = float64(acked-s.before[1]) / seconds
	s.lines[lineLeaderless].Values[at] = float64(leaderless)
	s.lines[lineUnderReplicated].Values[at] = float64(under)
	s.before = [2]int64{generated, acked}
	for g := range w.consumers.groups {
		lag, age := w.lagNow(now, g)
		s.lines[lineGroups+2*g].Values[at] = float64(lag)
		s.lines[lineGroups+2*g+1].Values[at] = age.Seconds()
	}
	s.next++
}

// recordsSoFar counts what was generated and acknowledged until now.
func (w *world) recordsSoFar() (generated, acked int64) {
	for i := range w.observed.producers {
		generated += w.observed.producers[i].generated
	}
	return generated, w.observed.acked
}
