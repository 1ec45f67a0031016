package account

import (
	"math"
	"slices"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
)

// newSeries names the series that the batch model has, without values.
func (a *accounting) newSeries() (lines []result.Series) {
	a.lines = tally.NewLines(a.spec)
	for _, name := range a.lines.Names {
		values := make([]float64, a.o.Grid.Count)
		for i := range values {
			values[i] = math.NaN()
		}
		lines = append(lines, result.Series{Name: name, Values: values})
	}
	return lines
}

// sampleSeries takes the lines' next point, but for the rates.
func (a *accounting) sampleSeries(lines []result.Series, at int, now instant) {
	leaderless, under, underMin := 0, 0, 0
	for b := range a.lines.Brokers() {
		lines[a.lines.Broker(b, tally.LineLeaders)].Values[at] = 0
	}
	a.eachPartition(func(_ Partition, b *partitionBook) {
		s := b.at(now)
		if s.underReplicated {
			under++
		}
		if s.underMinISR {
			underMin++
		}
		if s.leaderless {
			leaderless++
		} else if leader := int(s.leader) - 1; leader < a.lines.Brokers() {
			lines[a.lines.Broker(leader, tally.LineLeaders)].Values[at]++
		}
	})
	lines[tally.LineLeaderless].Values[at] = float64(leaderless)
	lines[tally.LineUnderReplicated].Values[at] = float64(under)
	lines[a.lines.UnderMinISR()].Values[at] = float64(underMin)
	for g := range a.groups {
		lag, age := a.lag(&a.groups[g], now)
		lines[a.lines.Group(g, tally.LineLagRecords)].Values[at] = float64(lag)
		lines[a.lines.Group(g, tally.LineLagTime)].Values[at] = age.Seconds()
	}
}

// rates fills in the first points of what is a rate over the step before each: of
// records that came, were acknowledged and were delivered, and of the brokers' bytes.
func (a *accounting) rates(lines []result.Series, points int) {
	intended, settled, delivered := a.recordTimes()
	for _, l := range []struct {
		line  int
		times []instant
	}{{tally.LineGenerated, intended}, {tally.LineAcked, settled}, {a.lines.Delivered(), delivered}} {
		n, before := 0, 0
		for at := range points {
			now := a.gridAt(at)
			for n < len(l.times) && l.times[n] <= now {
				n++
			}
			lines[l.line].Values[at] = float64(n-before) / a.o.Grid.Step.Seconds()
			before = n
		}
	}
	for b := range a.lines.Brokers() {
		samples := a.samples(b + 1)
		for _, l := range []struct {
			line  int
			moved func(s *UsageSample) int64
		}{
			{tally.LineIn, func(s *UsageSample) int64 { return s.ClientIn + s.InternalIn }},
			{tally.LineOut, func(s *UsageSample) int64 { return s.ClientOut + s.InternalOut }},
			{tally.LineWritten, func(s *UsageSample) int64 { return s.DiskWritten }},
		} {
			a.byteRates(lines[a.lines.Broker(b, l.line)].Values[:points], samples, l.moved)
		}
	}
}

func (a *accounting) gridAt(at int) instant {
	return a.o.Grid.Start + instant(at)*a.o.Grid.Step
}

// byteRates gives each point the rate between the two samples around the middle of
// the step before it. Samples are about a second apart, so that what is shorter is
// seen as its mean; where they are farther apart, the broker was away and there is
// nothing. The model has no rate at the first point either.
func (a *accounting) byteRates(values []float64, samples []UsageSample, moved func(*UsageSample) int64) {
	const together = 2500 * time.Millisecond
	for at := range values {
		middle := a.gridAt(at) - a.o.Grid.Step/2
		next, _ := slices.BinarySearchFunc(samples, middle, func(s UsageSample, t instant) int { return compare(a.at(s.At), t) })
		if at == 0 || next == 0 || next == len(samples) {
			continue
		}
		x, y := &samples[next-1], &samples[next]
		if length := y.At.Sub(x.At); length > 0 && length <= together {
			values[at] = float64(grown(moved(x), moved(y))) / length.Seconds()
		}
	}
}
