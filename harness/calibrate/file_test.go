package calibrate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafkasim/scenarios"
)

func TestProfilesComeBackFromTheirFiles(t *testing.T) {
	t.Parallel()
	m := measureBy(t, imagined, Healthy(), another(t))
	p := fitTo(t, options(t, imagined, 2), m)
	p.Hardware.Name = "mine"
	text := written(t, p)
	got, err := Read("dir/mine.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("it comes back otherwise: %s", diff)
	}
	if !slices.Equal(p.Draws(5, 1), got.Draws(5, 1)) {
		t.Error("its draws are others")
	}
	h, _, problems := scenarios.ParseHardware("mine.yaml", []byte(text))
	if len(problems) > 0 || *h != p.Hardware {
		t.Errorf("the language reads it as %+v, %v", h, problems)
	}
	for _, want := range []string{
		"# A machine as kafkasim 0.1.0 calibrated it on 2026-01-31, from healthy runs only.\n",
		"# 2 cores, linux/amd64\n",
		"\ncpu_per_request: 0.2", "# fitted, within a factor of 1.", ", not identified\n", "\nclean_load: 3 s\n", "\ncalibration: |\n  {\"parameters\": [\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %q:\n%.1500s", want, text)
		}
	}
}

func TestShippedProfilesAreCertain(t *testing.T) {
	t.Parallel()
	source, _ := scenarios.HardwareSource("m7g.xlarge")
	p, err := Read("m7g.xlarge", source)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range p.Draws(3, 1) {
		if d != p.Hardware {
			t.Errorf("a draw is %+v", d)
		}
	}
}

func TestBrokenProfiles(t *testing.T) {
	t.Parallel()
	good := written(t, fitTo(t, options(t, imagined, 2), measureBy(t, imagined, Healthy(), another(t))))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the file has no %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	begin := strings.Index(good, "\ncpu_per_mb: ") + 1
	figure := good[begin : begin+strings.IndexByte(good[begin:], '\n')]
	for _, c := range []struct{ source, want string }{
		{replace(figure, "cpu_per_mb: 1 ms"), "p.yaml: the calibration: cpu_per_mb is 1 ms in the figures and "},
		{replace(`{"name":"wakeup"`, `{"name":"wakeups"`), "p.yaml: the calibration: there is no parameter wakeups; calibrate again, or remove it"},
		{replace(`"covariance": [`, `"covariance": [[1],`), "p.yaml: the calibration: 11 parameters have 12 rows of covariance"},
		{replace(`{"parameters"`, `"parameters"`), "p.yaml: the calibration is not as kafkasim writes it: "},
		{"cores: many\nprofile: container\nspeed: fast\n", `p.yaml:1:8: cores: "many" is not a whole number; Kafka takes plain numbers without units here (and 1 more)`},
	} {
		if p, err := Read("p.yaml", []byte(c.source)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, %v, want %s", p, err, c.want)
		}
	}
}

func TestWordsOfACalibration(t *testing.T) {
	t.Parallel()
	p := &Profile{
		Parameters: []Parameter{
			{Name: "cpu_per_request", Before: 120e3, After: 250e3, Deviation: 0.05, Source: Fitted, Identified: true},
			{Name: "rtt_spread", Before: 0.3, After: 0.31, Deviation: 0.4, Source: Fitted},
			{Name: "clean_load", Before: 2e9, After: 3.5e9, Deviation: 0.2, Source: ReadOff, Readings: 4, Identified: true},
		},
		Points: []Point{
			{Scenario: "s", Metric: "produce.latency{producer=a}", Statistic: "p50", Measured: 1e-3, Fitted: 1.1e-3},
			{Scenario: "s", Metric: "produce.latency{producer=a}", Statistic: "p99", Measured: 4e-3, Fitted: 3e-3},
			{Scenario: "s", Metric: "delivery.latency{topic=b}", Statistic: "mean", Measured: 200e-6, Fitted: 200e-6},
		},
		Warnings: []string{"something"},
	}
	var b strings.Builder
	if err := p.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `parameter        before   after    95 % interval
cpu_per_request  120 µs  250 µs  227 µs … 276 µs          fitted
rtt_spread          0.3    0.31    0.142 … 0.679  not identified
clean_load          2 s   3.5 s  2.36 s … 5.18 s    read 4 times

measured, simulated more      p50           mean        p90     p99
produce.latency{producer=a}  1 ms  +10 %       –          –    4 ms  -25 %
delivery.latency{topic=b}       –         200 µs  +0 %    –       –

warning: something
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
