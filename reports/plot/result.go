package plot

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
)

// timeHeight is the height of a time line's figure with its title, in points.
const timeHeight = 240

// ResultTimes draws a Set over time: records, lag, partitions, leaders, and the load
// of brokers, each with the marks of what broke.
func ResultTimes(set *result.Set) []*Figure {
	d := resultTimes{set: set}
	d.add("time-records", "Records a second: produced, acknowledged, delivered", "records/s",
		d.line("records.generated", "produced", several()[1]),
		d.line("records.acked", "acknowledged", blue()),
		d.line("records.delivered", "delivered", several()[2], 4, 2))
	d.byLabel("lag.records", "group", "time-lag-records", "Lag of consumer groups, in records", "records")
	d.byLabel("lag.time", "group", "time-lag-time", "Lag of consumer groups: age of the oldest unprocessed record", "s")
	d.add("time-partitions", "Partitions without leader, under-replicated, under min ISR", "partitions",
		d.line("under_replicated", "under-replicated", several()[4]),
		d.line("under_min_isr", "under min ISR", blue(), 4, 2),
		d.line("leaderless", "without leader", orange()))
	d.byLabel("leaders", "broker", "time-leaders", "Leaders: partitions that each broker leads", "partitions")
	d.byLabel("network.in", "broker", "time-network-in", "Network in, by broker", "bytes/s")
	d.byLabel("network.out", "broker", "time-network-out", "Network out, by broker", "bytes/s")
	d.byLabel("disk.write", "broker", "time-disk-write", "Written to disk, by broker", "bytes/s")
	return d.figures
}

// resultTimes are the figures in the making.
type resultTimes struct {
	set     *result.Set
	figures []*Figure
}

// line is a series of the Set; without it, a line of nothing.
func (d *resultTimes) line(name, label string, colour color.NRGBA, dashes ...float64) chartLine {
	l := chartLine{label: label, colour: colour}
	for _, n := range dashes {
		l.dashes = append(l.dashes, points(n))
	}
	for i := range d.set.Series {
		if d.set.Series[i].Name == name {
			l.timeLine = seriesLine(d.set, &d.set.Series[i])
		}
	}
	return l
}

func (d *resultTimes) add(name, title, unit string, lines ...chartLine) {
	about := &d.set.About
	ch := &chart{unit: unit, lines: lines, faults: about.Faults, warmup: about.Warmup, load: about.Duration}
	if f := ch.figure(name, title, subtitleOf(d.set), figureWidth, timeHeight); f != nil {
		d.figures = append(d.figures, f)
	}
}

// byLabel draws the series of a name with one label, a line each; a single one with
// its range.
func (d *resultTimes) byLabel(base, key, name, title, unit string) {
	var lines []chartLine
	colours := several()
	for i := range d.set.Series {
		b, labels := result.SplitName(d.set.Series[i].Name)
		value, found := strings.CutPrefix(strings.TrimSuffix(labels, "}"), strings.TrimSuffix(tally.Label(key, ""), "}"))
		if b != base || !found {
			continue
		}
		label := value
		if key == "broker" {
			label = "broker " + value
		}
		n := len(lines)
		l := d.line(d.set.Series[i].Name, label, colours[n%len(colours)])
		l.colour.A = 0xff
		if n >= len(colours) {
			l.dashes = append(l.dashes, points(float64(1+n/len(colours))), 2)
		}
		lines = append(lines, l)
	}
	if len(lines) == 1 && d.set.Replications > 1 {
		lines[0].band, lines[0].over = sky(), runOf(d.set)+"s"
	}
	d.add(name, title, unit, lines...)
}

// subtitleOf says what a figure is of.
func subtitleOf(set *result.Set) string {
	return fmt.Sprintf("%s; mean of %s, %s", set.Scenario, counted(set.Replications, runOf(set)), set.Origin)
}

// runOf is what a run of a Set is called.
func runOf(set *result.Set) string {
	if set.Origin == result.Measured {
		return "repetition"
	}
	return "replication"
}

// ResultDistributions draws how everything observed of a Set is spread: its
// distributions pooled, and what has one value a replication over replications.
func ResultDistributions(set *result.Set) []*Figure {
	var figures []*Figure
	for _, name := range []string{
		"records.lost.acked", "produce.latency", "delivery.latency", "leader.failover", "lag.records", "lag.time",
		"produce.stall", "lag.drain", "rebalance.pause", "leaderless.time",
	} {
		m, found := set.Metric(name)
		if !found {
			continue
		}
		d := distributionOf(set, m)
		if d == nil {
			continue
		}
		d.addLines(set, m)
		figures = append(figures, d.figure(set, m))
	}
	return figures
}

// distributionOf is what a metric's picture shows; nil where there is nothing to see.
func distributionOf(set *result.Set, m *result.Metric) *distribution {
	if m.Kind == result.Distribution {
		if m.Histogram == nil || len(m.Histogram.Shares) < 2 {
			return nil
		}
		return &distribution{unit: m.Unit, edges: m.Histogram.Edges, shares: m.Histogram.Shares, quantiles: m.Quantiles}
	}
	values := result.Observed(m.Column("value"))
	bound := boundOf(set, m)
	if len(values) < 2 || m.Mean == 0 && !(bound > 0) || m.Mean == 0 && set.Replications < 2 {
		return nil
	}
	d := overReplications(values, m)
	if len(d.shares) < 2 && !(bound > 0) {
		return nil
	}
	return d
}

// boundOf is the most that a metric can be by the closed form, in the worst
// replication; NaN where there is none.
func boundOf(set *result.Set, m *result.Metric) float64 {
	if m.Name != "records.lost.acked" {
		return math.NaN()
	}
	b, found := set.Metric("loss.bound.acked")
	if !found {
		return math.NaN()
	}
	most := math.NaN()
	for _, v := range result.Observed(b.Column("value")) {
		if !(v <= most) {
			most = v
		}
	}
	return most
}
