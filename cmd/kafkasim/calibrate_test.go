package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kafkasim/harness/calibrate"
	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// imagined stands for the simulator: every latency is a sum of the machine's
// figures, another one at each operating point.
func imagined(_ context.Context, spec *scenarios.Spec, _ models.Options) (*result.Set, error) {
	return latencies(spec, spec.Clusters[0].Brokers[0].Hardware, result.Simulated)
}

func latencies(spec *scenarios.Spec, h *scenarios.Hardware, origin result.Origin) (*result.Set, error) {
	b := result.NewBuilder(result.Header{Origin: origin, Scenario: spec.Name, SpecSHA256: spec.SHA256, Seed: spec.Seed, Version: version})
	var names []string
	for i := range spec.Producers {
		names = append(names, "produce.latency{producer="+spec.Producers[i].Name+"}", "delivery.latency{topic="+spec.Topics[i].Name+"}")
	}
	for r := range spec.Replications {
		run := resulttest.NewRun()
		for i, name := range names {
			stream := rng.New(rng.Derive(spec.Seed, uint64(r)), name, "imagined")
			values := make([]int64, 300)
			for k := range values {
				woken := float64(h.Wakeup.Median) * math.Pow(float64(h.Wakeup.P99)/float64(h.Wakeup.Median), stream.Norm()/rng.Z99)
				values[k] = int64(float64(1+i%3)*float64(h.CPUPerRequest) + 0.05*float64(i%4)*float64(h.CPUPerMB) + woken)
			}
			run.Distribution(name, values...)
		}
		if err := b.Add(run.Replication(r)); err != nil {
			return nil, err
		}
	}
	return b.Set(), nil
}

// slowMachine is measured where a test says so: three times container's processor
// time a request.
func slowMachine(_ context.Context, spec *scenarios.Spec, o kafkaOptions) (calibrate.Measurement, error) {
	h := *spec.Clusters[0].Brokers[0].Hardware
	h.CPUPerRequest *= 3
	own := *spec
	own.Replications, own.Seed = o.repetitions, o.seed+100
	set, err := latencies(&own, &h, result.Measured)
	return calibrate.Measurement{Spec: spec, Set: set}, err
}

func calibration(healthy healthMeasurer, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	p := program{simulate: imagined, healthy: healthy, getenv: func(string) string { return "" }}
	code := p.run(context.Background(), append([]string{"calibrate"}, args...), strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestCalibrateWritesWhatItFound(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	got := calibration(slowMachine, "--out", in("p.yaml"), "--plot", in("f.svg"), "--json", in("m.json"), "--quiet")
	if got.code != exitDone || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	for _, want := range []string{"\ncpu_per_request       120 µs   3", "produce.latency{producer=light-all}", "warning: rtt is not identified"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, got.stdout)
		}
	}
	p, err := profile(in("p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// Within 10 % of three times 120 µs.
	if off := float64(p.Hardware.CPUPerRequest)/360e3 - 1; math.Abs(off) > 0.1 {
		t.Errorf("cpu_per_request %v", p.Hardware.CPUPerRequest)
	}
	if p.Provenance.Kafka != "4.3.1" || p.Provenance.Program != version || p.Provenance.Runs[0].Repetitions != 1 || p.Hardware.Cores != calibrate.ThisMachine().Cores {
		t.Errorf("provenance %+v", p.Provenance)
	}
	if svg := content(t, in("f.svg")); !strings.Contains(svg, "<svg") || !strings.Contains(svg, "produce.latency p99") {
		t.Errorf("the plot is %.200s", svg)
	}
	// What was measured leads to the same profile again.
	again := calibration(nil, "--from", in("m.json"), "--out", "-", "--quiet")
	if again.code != exitDone {
		t.Fatalf("from what was measured: exit code %d\n%s", again.code, again.stderr)
	}
	q, err := calibrate.Read("p.yaml", []byte(again.stdout))
	if err != nil || q.Hardware.CPUPerRequest != p.Hardware.CPUPerRequest || !slices.Equal(q.Parameters, p.Parameters) {
		t.Errorf("from what was measured: %+v, %v\nwas %+v", q, err, p)
	}
}

func TestCalibrateRefusesWhatMakesNoSense(t *testing.T) {
	dir := t.TempDir()
	set, err := imagined(t.Context(), calibrate.Healthy(), models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var simulated bytes.Buffer
	if err := set.WriteJSON(&simulated); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "simulated.json")
	if err := os.WriteFile(file, simulated.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "p.yaml")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--repetitions", "0"}, exitUsage, "--repetitions 0: at least 1 is needed"},
		{[]string{"--parallel", "0"}, exitUsage, "--parallel 0: at least 1 is needed"},
		{[]string{"--plot", "f.pdf"}, exitUsage, "--plot f.pdf: the name must end in .svg or .png"},
		{[]string{"--from", file, "--json", "m.json"}, exitUsage, "give one of them"},
		{[]string{"--base", "nothing"}, exitUsage, "there is no file and no profile nothing"},
		{[]string{"--base", file}, exitInvalid, "a setting has a single value"},
		{[]string{"--from", file}, exitBroken, "is a simulated result of calibration and not what a calibration measured"},
		{[]string{"more"}, exitUsage, `"more" is too much`},
	} {
		got := calibration(slowMachine, append(c.args, "--out", out)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%v: exit code %d, stderr %q, want %d and %q", c.args, got.code, got.stderr, c.code, c.want)
		}
	}
	failing := func(context.Context, *scenarios.Spec, kafkaOptions) (calibrate.Measurement, error) {
		return calibrate.Measurement{}, errors.New("no container engine answers")
	}
	if got := calibration(failing, "--out", out); got.code != exitBroken || !strings.Contains(got.stderr, "no container engine answers") {
		t.Errorf("without an engine: exit code %d, %q", got.code, got.stderr)
	}
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("the folder holds %v beside what was there", left)
	}
}

// A verification predicts with draws of what was calibrated, or of the profile
// that it was told to take.
func TestMachinesOfVerifications(t *testing.T) {
	dir := t.TempDir()
	s := &session{
		program: program{simulate: imagined, healthy: slowMachine},
		files:   &files{},
	}
	var said []string
	o := calibrateOptions{draws: 12, seed: 3, parallel: 2, keep: dir, progress: func(stage string) { said = append(said, stage) }}
	here, err := s.machineFor(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(here.draws) != 12 || here.draws[0] == here.draws[1] || here.provenance.Source != "measured here" || len(here.provenance.Provenance) < 5 || len(said) < 2 {
		t.Errorf("%d draws, %+v, said %q", len(here.draws), here.provenance, said)
	}
	o.hardware = filepath.Join(dir, "profile.yaml")
	kept, err := s.machineFor(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range kept.draws {
		kept.draws[i].Name = here.draws[i].Name
		if kept.draws[i] != here.draws[i] {
			t.Fatalf("draw %d of the profile that was kept: %+v, calibrated %+v", i, kept.draws[i], here.draws[i])
		}
	}
	o.hardware = "m7g.xlarge"
	if shipped, err := s.machineFor(t.Context(), o); err != nil || len(shipped.draws) != 1 || shipped.draws[0].Name != "m7g.xlarge" {
		t.Errorf("a shipped profile: %+v, %v", shipped, err)
	}
}
