package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/models"
	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
	"kafkasim/sim/stats"
)

// made is a Set of a law of the test's own, that of a leader's crash: the failover
// takes session − U(0, 2) + U(0, 1.125) seconds (kafka.md J.13), producers wait
// for it.
func made(spec *scenarios.Spec, origin result.Origin, session float64) (*result.Set, error) {
	b := result.NewBuilder(result.Header{
		Version: version, Origin: origin, Plane: "law", Scenario: spec.Name, SpecSHA256: spec.SHA256, Seed: spec.Seed,
		Grid: result.Grid{Step: time.Second, Count: 21},
	})
	for i := range spec.Replications {
		s := rng.New(rng.Derive(spec.Seed, uint64(i)), spec.Name, "law")
		away := session - 2*s.Float64() + 1.125*s.Float64()
		generated := 2000 + math.Round(45*s.Norm())
		var failover, latency stats.Sketch
		failover.Add(int64(1e9*away), 1)
		wait := away + 0.1*s.Exp()
		usual := 0.005 * math.Exp(0.1*s.Norm())
		for k := range 1000 {
			latency.Add(int64(1e9*max(usual*math.Exp(0.3*s.Norm()), wait-float64(k)/50)), 1)
		}
		r := result.Replication{Index: i}
		for _, name := range result.LedgerNames() {
			o := result.Observation{Name: name, Observed: true}
			if slices.Contains(result.LedgerNames()[:3], name) {
				o.Value = generated
			}
			r.Observations = append(r.Observations, o)
		}
		r.Observations = append(r.Observations,
			result.Observation{Name: "produce.latency", Observed: true, Distribution: &latency},
			result.Observation{Name: "produce.stall", Observed: true, Value: away + 0.05*s.Exp()},
			result.Observation{Name: "leaderless.time", Observed: true, Value: 2 * away},
			result.Observation{Name: "elections.clean", Observed: true, Value: 1},
			result.Observation{Name: "leader.failover", Observed: true, Distribution: &failover},
			result.Observation{Name: "rebalance.pause"},
		)
		acked := result.Series{Name: "records.acked"}
		for t := range 21 {
			rate := 100.
			if t >= 3 && float64(t) < 3+away {
				rate = 0
			}
			acked.Values = append(acked.Values, rate)
		}
		r.Series = append(r.Series, acked)
		if err := b.Add(r); err != nil {
			return nil, err
		}
	}
	return b.Set(), nil
}

// model predicts by the law for a session timeout in seconds.
func model(session float64) simulator {
	return func(_ context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error) {
		o.Progress(spec.Replications, spec.Replications)
		return made(spec, result.Simulated, session)
	}
}

// fakeKafka measures by the law: with draws of its own, it does what a right model
// predicts.
func fakeKafka(_ context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
	own := *spec
	own.Replications, own.Seed = o.repetitions, o.seed
	return made(&own, result.Measured, 9)
}

// fakeCalibration takes the shipped profile as this machine's.
func fakeCalibration(_ context.Context, o calibrateOptions) (*calibrated, error) {
	source, found := scenarios.HardwareSource("container")
	machine, _, problems := scenarios.ParseHardware("container", source)
	if !found || len(problems) > 0 {
		return nil, errors.New("no profile")
	}
	o.progress("looked at")
	return &calibrated{
		draws:      []scenarios.Hardware{*machine},
		provenance: compare.Calibration{Profile: "container", Source: "shipped"},
	}, nil
}

// franzOnly refuses what the harness refuses first.
func franzOnly(spec *scenarios.Spec) error {
	for i := range spec.Producers {
		if spec.Producers[i].Client == scenarios.Java {
			return errors.New("this scenario cannot be measured: producer " + spec.Producers[i].Name + " is a Java client, and real Kafka is loaded by franz-go")
		}
	}
	return nil
}

// fakeProgram is the program with a model and a Kafka of the test's own. MODEL=hasty
// makes the model wrong: brokers are fenced after 6 s and not after 9 s.
func fakeProgram() program {
	p := program{
		simulate: model(9), measure: fakeKafka, measurable: franzOnly, calibrate: fakeCalibration, getenv: os.Getenv,
	}
	if os.Getenv("MODEL") == "hasty" {
		p.simulate = model(6)
	}
	return p
}

// fakeMain is kafkasim-fake in the scripts.
func fakeMain() {
	os.Exit(fakeProgram().run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) //nolint:forbidigo // it is the main of a command
}

// small is a scenario with a leader's crash.
const small = `scenario: small
duration: 20 s
drain: 15 s
warmup: 1 s
cluster: {brokers: 3}
topics: [{name: events, partitions: 2, replication_factor: 3}]
producers: [{name: playback, topic: events, rate: 100/s, record_size: 1 KiB, client: franz-go, config: {acks: all}}]
faults: [{at: 3 s, kind: broker_crash, target: leader of events-0, duration: 12 s}]
`

// verify runs `verify` on the small scenario in a folder of the test's own.
func verify(t *testing.T, p program, args ...string) (outcome, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "small.yaml")
	if err := os.WriteFile(path, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$DIR", dir)
	}
	p.getenv = func(string) string { return "" }
	var stdout, stderr bytes.Buffer
	code := p.run(context.Background(), append([]string{"verify", path}, args...), strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}, dir
}

// readVerification reads the JSON of one.
func readVerification(t *testing.T, text string) *compare.Verification {
	t.Helper()
	v, err := compare.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyWritesWhatItIsAskedFor(t *testing.T) {
	got, dir := verify(t, fakeProgram(), "--replications", "100", "--repetitions", "2", "--quiet",
		"--json", "$DIR/v.json", "--plots", "$DIR/plots", "--keep", "$DIR/keep")
	if got.code != exitDone || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q, stdout:\n%s", got.code, got.stderr, got.stdout)
	}
	v := readVerification(t, content(t, filepath.Join(dir, "v.json")))
	if v.Verdict != compare.Pass || v.Version != version || v.Calibration.Profile != "container" || v.Calibration.Draws != 1 ||
		!slices.Equal(v.Environment.Kafka, []string{"4.3.1"}) || v.Partial {
		t.Errorf("the JSON says %s, %+v, %+v", v.Verdict, v.Calibration, v.Environment)
	}
	if s := v.Scenarios[0]; s.Replications != 100 || s.Repetitions != 2 || s.Draws != 1 {
		t.Errorf("%d replications of %d draws, %d repetitions", s.Replications, s.Draws, s.Repetitions)
	}
	for _, path := range []string{
		"plots/small/overview.svg", "plots/small/overview.png", "plots/small/leader.failover.svg", "plots/small/time-records.acked.png",
		"keep/verification.json", "keep/small/measured.json", "keep/small/predicted-01.json",
	} {
		if content(t, filepath.Join(dir, filepath.FromSlash(path))) == "" {
			t.Errorf("%s is empty", path)
		}
	}
	measured, err := os.Open(filepath.Join(dir, "keep/small/measured.json"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := result.Read(measured)
	if err != nil || set.Replications != 2 || set.Origin != result.Measured {
		t.Errorf("what was measured comes back as %v, %v", set, err)
	}
	if err := measured.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyAgainstWhatWasMeasuredBefore: what --keep wrote is verified again without
// a cluster, with the same verdict; and --set then changes the prediction only.
func TestVerifyAgainstWhatWasMeasuredBefore(t *testing.T) {
	p := fakeProgram()
	sized := []string{"--replications", "100", "--quiet"}
	first, dir := verify(t, p, append(sized, "--repetitions", "3", "--keep", "$DIR/keep", "--json", "-")...)
	if first.code != exitDone {
		t.Fatalf("exit code %d, stderr %q", first.code, first.stderr)
	}
	p.measure = func(context.Context, *scenarios.Spec, kafkaOptions) (*result.Set, error) {
		t.Error("it was measured again")
		return nil, io.EOF
	}
	before := append(sized, "--measured", filepath.Join(dir, "keep"), "--json", "-")
	if got, _ := verify(t, p, before...); got.code != exitUsage || !strings.Contains(got.stderr, "name the profile of the machine that it was measured on with --hardware") {
		t.Errorf("without a profile: exit code %d, stderr %q", got.code, got.stderr)
	}
	before = append(before, "--hardware", "container")
	if got, _ := verify(t, p, before...); got.code != exitDone || got.stdout != first.stdout {
		t.Errorf("exit code %d, stderr %q; it says\n%.400s\nwhere the first said\n%.400s", got.code, got.stderr, got.stdout, first.stdout)
	}
	if got, _ := verify(t, p, append(before, "--repetitions", "2")...); got.code != exitUsage || !strings.Contains(got.stderr, "--repetitions is for measuring") {
		t.Errorf("with --repetitions: exit code %d, stderr %q", got.code, got.stderr)
	}

	session := 0.0
	p.simulate = func(ctx context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error) {
		session = spec.Clusters[0].Config.SessionTimeout.Seconds()
		return model(session)(ctx, spec, o)
	}
	got, _ := verify(t, p, append(before, "--set", "cluster.config.broker.session.timeout.ms=6000")...)
	v := readVerification(t, got.stdout)
	if got.code != exitFailed || session != 6 || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "timeout.ms=6000, and measured without") {
		t.Errorf("exit code %d with a session of %g s, warnings %q, stderr %q", got.code, session, v.Warnings, got.stderr)
	}

	other := filepath.Join(dir, "keep", "small", "measured.json")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, content(t, other))
	if err := errors.Join(err, z.Close(), os.WriteFile(other+".gz", packed.Bytes(), 0o600), os.Rename(other, other+".plain")); err != nil {
		t.Fatal(err)
	}
	if got, _ := verify(t, p, before...); got.code == exitBroken {
		t.Errorf("of a packed file: exit code %d, stderr %q", got.code, got.stderr)
	}
	if err := os.Rename(other+".plain", other); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte(strings.Replace(content(t, other), `"spec_sha256": "`, `"spec_sha256": "f`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := verify(t, p, before...); got.code != exitBroken || !strings.Contains(got.stderr, "was measured with another version of small") {
		t.Errorf("of another version: exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestVerifyPredictsOnEveryDraw(t *testing.T) {
	p := fakeProgram()
	var seeds []uint64
	var cores []int
	p.simulate = func(ctx context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error) {
		seeds = append(seeds, spec.Seed)
		cores = append(cores, spec.Clusters[0].Brokers[2].Hardware.Cores)
		if spec.Replications != 34 {
			t.Errorf("%d replications, want 100 over 3 draws", spec.Replications)
		}
		return model(9)(ctx, spec, o)
	}
	p.calibrate = func(ctx context.Context, o calibrateOptions) (*calibrated, error) {
		if o.hardware != "profile.yaml" || o.draws != profileDraws {
			t.Errorf("calibration of %q with %d draws", o.hardware, o.draws)
		}
		c, err := fakeCalibration(ctx, o)
		for i := range 2 {
			another := c.draws[0]
			another.Cores += i + 1
			c.draws = append(c.draws, another)
		}
		return c, err
	}
	got, _ := verify(t, p, "--replications", "100", "--repetitions", "2", "--hardware", "profile.yaml", "--json", "-")
	v := readVerification(t, got.stdout)
	if s := v.Scenarios[0]; s.Draws != 3 || s.Replications != 102 || v.Calibration.Draws != 3 {
		t.Errorf("%d replications of %d draws", s.Replications, s.Draws)
	}
	slices.Sort(seeds)
	if len(slices.Compact(seeds)) != 3 || cores[1] != cores[0]+1 || cores[2] != cores[0]+2 {
		t.Errorf("seeds %v, cores %v", seeds, cores)
	}
}

func TestVerifyNamesDisturbedRepetitions(t *testing.T) {
	p := fakeProgram()
	p.measure = func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
		set, err := fakeKafka(ctx, spec, o)
		set.Warnings = append(set.Warnings, result.DisturbedWarning(2, "the load generator was late")+" (in 1 of 3 replications)")
		return set, err
	}
	got, _ := verify(t, p, "--replications", "60", "--repetitions", "3")
	if !strings.Contains(got.stdout, "repetition 2 was disturbed, and counts all the same: the load generator was late\n") {
		t.Errorf("the table does not say so:\n%s", got.stdout)
	}
	if !strings.Contains(got.stdout, "Without the disturbed repetitions") {
		t.Errorf("the table does not say what is without it:\n%s", got.stdout)
	}
}

func TestVerifyReportsWhatAnInterruptLeft(t *testing.T) {
	p := fakeProgram()
	p.measure = func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
		o.repetitions = 2
		set, err := fakeKafka(ctx, spec, o)
		if err != nil {
			return nil, err
		}
		interrupt(t)
		<-ctx.Done()
		set.Partial = true
		return set, ctx.Err()
	}
	got, dir := verify(t, p, "--replications", "60", "--repetitions", "5", "--json", "$DIR/v.json")
	if got.code != exitInterrupted || !strings.Contains(got.stderr, "interrupted") {
		t.Errorf("exit code %d, stderr:\n%s", got.code, got.stderr)
	}
	if !strings.Contains(got.stdout, "partial") || !strings.Contains(got.stdout, "measured: 2 repetitions") {
		t.Errorf("the table does not show what is done:\n%s", got.stdout)
	}
	if v := readVerification(t, content(t, filepath.Join(dir, "v.json"))); !v.Partial || !v.Scenarios[0].Partial {
		t.Error("the JSON does not say that it is partial")
	}
}

func TestVerifyInterruptedBeforeAnythingIsMeasured(t *testing.T) {
	p := fakeProgram()
	p.measure = func(ctx context.Context, _ *scenarios.Spec, _ kafkaOptions) (*result.Set, error) {
		interrupt(t)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	got, dir := verify(t, p, "--replications", "60", "--json", "$DIR/v.json")
	if got.code != exitInterrupted || got.stdout != "" {
		t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
	}
	if left := names(t, dir); !slices.Equal(left, []string{"small.yaml"}) {
		t.Errorf("the folder holds %v", left)
	}
}

// TestVerifyKeepsWhatWasDoneBeforeItBroke: hours of measuring are not lost with
// the scenario that breaks.
func TestVerifyKeepsWhatWasDoneBeforeItBroke(t *testing.T) {
	p := fakeProgram()
	n := 0
	p.measure = func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
		if n++; n == 2 {
			return nil, errors.New("a broker does not start")
		}
		return fakeKafka(ctx, spec, o)
	}
	dir := t.TempDir()
	other := filepath.Join(dir, "other.yaml")
	if err := os.WriteFile(other, []byte(strings.Replace(small, "scenario: small", "scenario: other", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _ := verify(t, p, other, "--replications", "60", "--repetitions", "2", "--json", "-", "--quiet")
	if got.code != exitBroken || !strings.Contains(got.stderr, "other: a broker does not start") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	var v struct {
		Partial   bool
		Scenarios []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || !v.Partial || len(v.Scenarios) != 1 || v.Scenarios[0].Name != "small" {
		t.Errorf("what was done is lost: %+v, %v", v, err)
	}
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	p := fakeProgram()
	p.measure = func(context.Context, *scenarios.Spec, kafkaOptions) (*result.Set, error) {
		t.Error("something was measured")
		return nil, io.EOF
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a Java client", []string{"--set", "producers.playback.client=java"}, exitInvalid, "playback is a Java client"},
		{"too few replications", []string{"--replications", "38"}, exitUsage, "a prediction interval of 95 % needs at least 39"},
		{"no repetitions", []string{"--repetitions", "0"}, exitUsage, "at least 1 is needed, and 2 for a verdict"},
		{"a scenario twice", []string{"$DIR/small.yaml"}, exitUsage, "small is named twice"},
		{"a folder that cannot be", []string{"--plots", "$DIR/small.yaml/plots"}, exitBroken, "cannot write"},
		{"an invalid scenario", []string{"--set", "duration=0 s"}, exitInvalid, "duration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, _ := verify(t, p, c.args...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
				t.Errorf("exit code %d, want %d; stderr %q, stdout %q", got.code, c.code, got.stderr, got.stdout)
			}
		})
	}
}

func TestVerifyWithoutAnEngineSaysSo(t *testing.T) {
	t.Parallel()
	p := fakeProgram()
	p.calibrate = func(context.Context, calibrateOptions) (*calibrated, error) {
		return nil, errors.New("no container engine answers")
	}
	got, _ := verify(t, p, "--quiet")
	if got.code != exitBroken || got.stderr != "kafkasim: calibration: no container engine answers\n" {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}
