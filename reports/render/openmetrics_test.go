package render_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// A reading is what the strict reader below found: values by series, as in
// name{label="value"}, at their times in seconds.
type reading struct {
	types  map[string]string
	values map[string][][2]float64 // time, value
}

// readOpenMetrics is a reader of OpenMetrics text 1.0.0 that forgives nothing: it
// was written from the specification's rules and not from the writer.
func readOpenMetrics(t *testing.T, text string) reading {
	t.Helper()
	r := reading{map[string]string{}, map[string][][2]float64{}}
	body, ended := strings.CutSuffix(text, "# EOF\n")
	if !ended || strings.Contains(body, "# EOF") {
		t.Fatal("the text does not end with its only # EOF")
	}
	family, unit, help, last := "", false, false, ""
	names := regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	for i, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("line %d, %q: %s", i+1, line, fmt.Sprintf(format, args...))
		}
		if rest, is := strings.CutPrefix(line, "# "); is {
			parts := strings.SplitN(rest, " ", 3)
			if len(parts) != 3 || !names.MatchString(parts[1]) {
				fail("this is no metadata")
			}
			switch parts[0] {
			case "TYPE":
				if r.types[parts[1]] != "" {
					fail("the family was here before")
				}
				if !slices.Contains([]string{"gauge", "counter", "summary", "info"}, parts[2]) {
					fail("no such type")
				}
				family, unit, help, last = parts[1], false, false, ""
				r.types[family] = parts[2]
			case "UNIT":
				if parts[1] != family || unit || last != "" || !strings.HasSuffix(family, "_"+parts[2]) {
					fail("a unit of another family, or not its suffix, or too late")
				}
				unit = true
			case "HELP":
				if parts[1] != family || help || last != "" || parts[2] == "" || strings.Contains(strings.NewReplacer(`\\`, "", `\"`, "", `\n`, "").Replace(parts[2]), `\`) {
					fail("help of another family, or twice, or too late, or badly escaped")
				}
				help = true
			default:
				fail("no such metadata")
			}
			continue
		}
		series, value, at := sampleOf(line, fail)
		name, _, _ := strings.Cut(series, "{")
		suffix := map[string]string{"counter": "_total", "info": "_info"}[r.types[family]]
		if name != family+suffix {
			fail("a sample of %s in the family %s", name, family)
		}
		if r.types[family] == "summary" != strings.Contains(series, `quantile="`) {
			fail("a quantile outside a summary, or a summary without one")
		}
		before := r.values[series]
		switch {
		case len(before) > 0 && last != series:
			fail("the series was left and is back")
		case len(before) > 0 && before[len(before)-1][0] >= at:
			fail("time does not go on")
		case suffix == "_total" && (value < 0 || math.IsInf(value, 0) || len(before) > 0 && before[len(before)-1][1] > value):
			fail("a counter that falls, or is no number from 0")
		case math.IsNaN(value):
			fail("not a number")
		}
		r.values[series], last = append(before, [2]float64{at, value}), series
	}
	for name, kind := range r.types {
		for _, suffix := range []string{"_total", "_created", "_info", "_count", "_sum", "_bucket"} {
			if base, is := strings.CutSuffix(name, suffix); is && r.types[base] != "" {
				t.Errorf("the family %s (%s) collides with samples of %s", name, kind, base)
			}
		}
	}
	return r
}

// sampleOf reads name{label="value",…} value time.
func sampleOf(line string, fail func(string, ...any)) (series string, value, at float64) {
	open := strings.IndexByte(line, '{')
	if open < 0 {
		fail("no labels")
	}
	seen := map[string]bool{}
	i := open + 1
	for line[i] != '}' {
		if len(seen) > 0 {
			if line[i] != ',' {
				fail("no comma between labels")
			}
			i++
		}
		equals := strings.Index(line[i:], `="`)
		if equals < 0 || !regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`).MatchString(line[i:i+equals]) || seen[line[i:i+equals]] {
			fail("a bad or repeated label at %d", i)
		}
		seen[line[i:i+equals]] = true
		for i += equals + 2; line[i] != '"'; i++ {
			if line[i] == '\\' {
				if i++; !strings.ContainsRune(`\"n`, rune(line[i])) {
					fail("a bad escape at %d", i)
				}
			}
		}
		i++
	}
	fields := strings.Split(line[i+1:], " ")
	if len(fields) != 3 || fields[0] != "" {
		fail("not a value and a time behind the labels")
	}
	value, err1 := strconv.ParseFloat(fields[1], 64)
	at, err2 := strconv.ParseFloat(fields[2], 64)
	if err1 != nil || err2 != nil || strings.ContainsAny(fields[2], "eE") {
		fail("the value or the time is no number")
	}
	return line[:i+1], value, at
}

// lines is a set with time lines: rates, gauges, labels that need escaping, and
// replications of which one is over before the other.
func lines(t *testing.T) *result.Set {
	t.Helper()
	nan := math.NaN()
	run := func(factor float64, tail float64) *resulttest.Run {
		return resulttest.NewRun().Count("acked", 10*factor).Count("delivered", 9*factor).Count("lost.acked", factor).
			Series("records.generated", 0, 4*factor, 6*factor, tail).
			Series("records.acked", 0, 3*factor, 5*factor, 2*factor+tail).
			Series("leaderless", 0, factor, 0, nan).
			Series("under_min_isr", 0, 1, 0, nan).
			Series(`lag.records{group=a "quoted" \ group}`, 0, 7*factor, nan, 1).
			Series("lag.time{group=g}", 0, 0.5, 0.25, 0).
			Series("leaders{broker=1}", 4, 3, 4, 4).
			Series("network.in{broker=1}", nan, 1e6, 2e6, 0).
			Series("brand.new{topic=t}", 1, 2, 3, 4).
			Distribution("produce.latency", 1e6, 5e6, 9e6).
			Distribution("lag.records", 3, 4).
			Value("isr.shrinks", 3).Value("isr.shrinks{topic=events}", 3).
			Value("produce.stall", 0.5*factor).
			Ratio("produce.availability", 9, 10).
			Value("lag.drain", nan)
	}
	h := resulttest.Header()
	h.Scenario = "lines"
	h.Grid = result.Grid{Step: time.Second, Count: 4}
	return resulttest.Set(t, h, run(1, 0), run(3, nan))
}

func exposed(t *testing.T, set *result.Set, epoch time.Time) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.OpenMetrics(&b, set, epoch); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	zero := float64(epoch.Unix())
	text := exposed(t, lines(t), epoch)
	golden(t, "lines.openmetrics", text)
	got := readOpenMetrics(t, text)
	for series, want := range map[string][][2]float64{
		// Rates of 4 and 12 a second, of 6 and 18: the count of both together ends at
		// the ledger's mean of 10 and 30, generated = delivered + lost.
		`kafkasim_records_generated_total{scenario="lines"}`: {{0, 0}, {1, 8}, {2, 20}, {3, 20}},
		// The tail of the first replication alone, 2 a second, is not that of both.
		`kafka_server_brokertopicmetrics_messagesin_total{scenario="lines"}`:                  {{0, 0}, {1, 6}, {2, 16}, {3, 20}},
		`kafkasim_records_lost_acked_total{scenario="lines"}`:                                 {{0, 0}, {3, 2}},
		`kafka_controller_kafkacontroller_offlinepartitionscount{scenario="lines"}`:           {{0, 0}, {1, 2}, {2, 0}},
		`kafka_controller_kafkacontroller_offlinepartitionscount_max{scenario="lines"}`:       {{0, 0}, {1, 3}, {2, 0}},
		`kafka_server_replicamanager_underminisrpartitioncount{scenario="lines"}`:             {{0, 0}, {1, 1}, {2, 0}},
		`kafka_consumergroup_lag_min{scenario="lines",consumergroup="a \"quoted\" \\ group"}`: {{0, 0}, {1, 7}, {3, 1}},
		`kafka_consumergroup_lag{scenario="lines",consumergroup="a \"quoted\" \\ group"}`:     {{0, 0}, {1, 14}, {3, 1}},
		`kafkasim_lag_seconds{scenario="lines",group="g"}`:                                    {{0, 0}, {1, 0.5}, {2, 0.25}, {3, 0}},
		`kafka_server_replicamanager_leadercount{scenario="lines",broker="1"}`:                {{0, 4}, {1, 3}, {2, 4}, {3, 4}},
		`kafkasim_network_in_bytes_per_second{scenario="lines",broker="1"}`:                   {{1, 1e6}, {2, 2e6}, {3, 0}},
		`kafkasim_brand_new{scenario="lines",topic="t"}`:                                      {{0, 1}, {1, 2}, {2, 3}, {3, 4}},
		`kafka_server_replicamanager_isrshrinks_total{scenario="lines",topic="events"}`:       {{0, 0}, {3, 3}},
		`kafkasim_result_produce_stall_seconds{scenario="lines"}`:                             {{3, 1}},
		`kafkasim_result_produce_availability_ratio{scenario="lines"}`:                        {{3, 0.9}},
		`kafkasim_result_lag_records{scenario="lines",quantile="1"}`:                          {{3, 4}},
		`kafkasim_result_durability_acked_ratio{scenario="lines"}`:                            {{3, 0.9}},
	} {
		values := got.values[series]
		if len(values) != len(want) {
			t.Errorf("%s: %v, want %v", series, values, want)
			continue
		}
		for i := range want {
			if at := values[i][0] - zero; math.Abs(at-want[i][0]) > 1e-6 || math.Abs(values[i][1]-want[i][1]) > 1e-9 {
				t.Errorf("%s: %v at %v s, want %v", series, values[i][1], at, want[i])
			}
		}
	}
	if len(got.values[`kafkasim_result_lag_drain_seconds{scenario="lines"}`]) > 0 {
		t.Error("what nobody observed has a value")
	}
}

// TestOpenMetricsOfOneAndOfNone: with one replication there are no extremes, and the
// nines of a run that lost nothing are said to be a bound.
func TestOpenMetricsOfOneAndOfNone(t *testing.T) {
	t.Parallel()
	got := readOpenMetrics(t, exposed(t, calm(t), time.Unix(0, 0)))
	if len(got.values[`kafkasim_result_durability_acked_nines_at_least{scenario="healthy-baseline"}`]) != 1 {
		t.Error("the bound on the nines is missing")
	}
	one := lines(t)
	one.Replications = 1
	for name := range readOpenMetrics(t, exposed(t, one, time.Unix(0, 0))).types {
		if strings.HasSuffix(name, "_max") || strings.HasSuffix(name, "_min") {
			t.Errorf("one replication has %s", name)
		}
	}
	readOpenMetrics(t, exposed(t, &result.Set{Header: result.Header{Scenario: "\x00\xff\"\n\\"}}, time.Unix(1, 0)))
	readOpenMetrics(t, exposed(t, crash(t), time.Date(2199, 12, 31, 23, 59, 59, 999e6, time.UTC)))
}
