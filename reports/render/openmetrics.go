package render

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// OpenMetrics writes a result's time lines and final figures as OpenMetrics text
// (version 1.0.0), as `promtool tsdb create-blocks-from openmetrics` reads it.
// Simulated time 0 is epoch, and times are in seconds since 1970.
//
// Values are means over replications: of gauges at every point of the grid; of
// counters added up along it, ending at the mean count of the ledger. Beside a
// gauge stand the extremes over replications, with _min and _max, where there are
// several. What has one value a run stands at the end of the grid; such a counter
// begins with a 0. Names are Kafka's, as Prometheus's JMX exporter writes them,
// where Kafka has the same thing, else kafkasim_… (exposedAs lists them). The only
// errors are those of w.
func OpenMetrics(w io.Writer, set *result.Set, epoch time.Time) error {
	e := exposition{set: set, epoch: epoch, families: map[string]*family{}}
	e.info()
	for i := range set.Series {
		e.series(&set.Series[i])
	}
	for i := range set.Metrics {
		e.metric(&set.Metrics[i])
	}
	if _, err := io.WriteString(w, e.text()); err != nil {
		return fmt.Errorf("writing OpenMetrics: %w", err)
	}
	return nil
}

// An exposition is the text under construction.
type exposition struct {
	set      *result.Set
	epoch    time.Time
	families map[string]*family // by name
}

// A family is the samples of one name.
type family struct {
	name, kind, unit, help string
	lines                  []sampleLine
}

// A sampleLine is one series of a family: its points in the order of time.
type sampleLine struct {
	suffix string // of the name
	labels string // without braces
	points []point
}

type point struct {
	at    time.Duration
	value float64
}

// end is when the run ends: the last point of the grid.
func (e *exposition) end() time.Duration {
	g := e.set.Grid
	return g.Start + time.Duration(max(g.Count-1, 0))*g.Step
}

// info says what was run, at its beginning.
func (e *exposition) info() {
	s := e.set
	labels := strings.Join([]string{
		label("scenario", s.Scenario), label("origin", string(s.Origin)), label("plane", s.Plane), label("seed", strconv.FormatUint(s.Seed, 10)),
		label("replications", strconv.Itoa(s.Replications)), label("spec_sha256", s.SpecSHA256), label("version", s.Version),
	}, ",")
	e.add(exposed{family: "kafkasim_run", kind: "info", help: "What was run; all values are means over its replications."},
		sampleLine{"_info", labels, []point{{s.Grid.Start, 1}}})
}

// add appends a line to its family.
func (e *exposition) add(x exposed, line sampleLine) {
	if len(line.points) == 0 {
		return
	}
	f := e.families[x.family]
	if f == nil {
		f = &family{name: x.family, kind: x.kind, unit: x.unit, help: x.help}
		e.families[x.family] = f
	}
	f.lines = append(f.lines, line)
}

// series adds a time line. One of a count is its rate, in events a second.
func (e *exposition) series(s *result.SeriesSummary) {
	base, labels := result.SplitName(s.Name)
	x := exposedAs(base, labels, true)
	labels = e.labels(x, labels)
	if x.kind == "counter" {
		e.add(x, sampleLine{"_total", labels, e.addedUp(s)})
		return
	}
	e.add(x, sampleLine{"", labels, e.points(s.Mean)})
	if e.set.Replications < 2 {
		return
	}
	for _, extreme := range []struct {
		suffix, words string
		values        []float64
	}{{"_min", "the least of all replications", s.Min}, {"_max", "the greatest of all replications", s.Max}} {
		beside := x
		beside.family = extremeName(x, extreme.suffix)
		beside.help = strings.TrimSuffix(x.help, ".") + ": " + extreme.words + "."
		e.add(beside, sampleLine{"", labels, e.points(extreme.values)})
	}
}

// extremeName puts a suffix behind a family's name, before its unit, which comes last.
func extremeName(x exposed, suffix string) string {
	if x.unit == "" {
		return x.family + suffix
	}
	return strings.TrimSuffix(x.family, "_"+x.unit) + suffix + "_" + x.unit
}

// points are the values of the grid that are there.
func (e *exposition) points(values []float64) []point {
	var out []point
	for i, v := range values {
		if !math.IsNaN(v) {
			out = append(out, point{e.set.Grid.Start + time.Duration(i)*e.set.Grid.Step, v})
		}
	}
	return out
}

// addedUp is a count over time from its mean rate. Where some replications are over
// the rate is that of the others, which would add up to more than the mean count: no
// point is above it, and the last one is at it.
func (e *exposition) addedUp(s *result.SeriesSummary) []point {
	out := e.points(s.Mean)
	total := math.Inf(1)
	if m, found := e.set.Metric(s.Name); found && m.Kind == result.Count {
		total = m.Mean
	}
	sum := 0.0
	for i := range out {
		sum += float64(out[i].value * e.set.Grid.Step.Seconds())
		out[i].value = min(sum, total)
	}
	if len(out) > 0 && !math.IsInf(total, 1) {
		if last := &out[len(out)-1]; last.at < e.end() {
			out = append(out, point{e.end(), total})
		} else {
			last.value = total
		}
	}
	return out
}

// metric adds what is known of the whole run.
func (e *exposition) metric(m *result.Metric) {
	base, labels := result.SplitName(m.Name)
	x := exposedAs(base, labels, false)
	if m.Bound {
		x.family += "_at_least"
		x.help = strings.TrimSuffix(x.help, ".") + ": a lower bound, as nothing was lost."
	}
	labels = e.labels(x, labels)
	switch {
	case math.IsNaN(m.Mean):
	case m.Kind == result.Distribution:
		for _, q := range m.Quantiles {
			at := label("quantile", strconv.FormatFloat(q.P, 'f', -1, 64))
			e.add(x, sampleLine{"", labels + "," + at, []point{{e.end(), q.Value}}})
		}
	case m.Kind == result.Count:
		if e.has(x.family, labels) {
			return // its time line ends there
		}
		points := []point{{e.end(), m.Mean}}
		if start := e.set.Grid.Start; start < e.end() {
			points = append([]point{{start, 0}}, points...)
		}
		e.add(x, sampleLine{"_total", labels, points})
	default:
		e.add(x, sampleLine{"", labels, []point{{e.end(), m.Mean}}})
	}
}

func (e *exposition) has(name, labels string) bool {
	f := e.families[name]
	return f != nil && slices.ContainsFunc(f.lines, func(l sampleLine) bool { return l.labels == labels })
}

// labels are those of a name, {group=g}, in the names of the family, after the
// scenario's.
func (e *exposition) labels(x exposed, labels string) string {
	out := label("scenario", e.set.Scenario)
	key, value, found := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(labels, "{"), "}"), "=")
	if !found {
		return out
	}
	if x.label != "" {
		key = x.label
	}
	return out + "," + label(key, value)
}

// label writes a label; values are escaped as the format wants them.
func label(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(value, "�")) + `"`
}

// text writes all families by name, each with what is known of it first.
func (e *exposition) text() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.families)) {
		f := e.families[name]
		fmt.Fprintf(&b, "# TYPE %s %s\n", f.name, f.kind)
		if f.unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", f.name, f.unit)
		}
		fmt.Fprintf(&b, "# HELP %s %s\n", f.name, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(f.help))
		for _, l := range f.lines {
			for _, p := range l.points {
				fmt.Fprintf(&b, "%s%s{%s} %s %s\n", f.name, l.suffix, l.labels, decimal(p.value), e.timestamp(p.at))
			}
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// decimal writes at most 15 significant digits: the last ones of a sum are noise.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 15, 64) }

// timestamp is a time of the run in seconds since 1970, to the millisecond that
// Prometheus keeps.
func (e *exposition) timestamp(at time.Duration) string {
	ms := e.epoch.Add(at).UnixMilli()
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// kindOf is the type of a family of the catalogue's metric.
func kindOf(m scenarios.Metric) string {
	switch m.Kind {
	case scenarios.Count:
		return "counter"
	case scenarios.DistributionKind:
		return "summary"
	case scenarios.Ratio, scenarios.Gauge:
	}
	return "gauge"
}
