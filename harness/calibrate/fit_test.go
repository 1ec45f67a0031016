package calibrate

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// container is the profile that fits begin with here, on two cores.
func container(t *testing.T) scenarios.Hardware {
	t.Helper()
	source, found := scenarios.HardwareSource("container")
	h, _, problems := scenarios.ParseHardware("container.yaml", source)
	if !found || len(problems) > 0 {
		t.Fatal(problems)
	}
	h.Cores = 2
	return *h
}

// another is a machine that is not like container.
func another(t *testing.T) scenarios.Hardware {
	t.Helper()
	h := container(t)
	h.CPUPerRequest, h.CPUPerMB = 250*time.Microsecond, 25*time.Millisecond
	h.Wakeup = scenarios.Latency{Median: 90 * time.Microsecond, P99: 900 * time.Microsecond}
	h.RTTSameRack = scenarios.Latency{Median: 60 * time.Microsecond, P99: 150 * time.Microsecond}
	h.RTTCrossRack = h.RTTSameRack
	h.ClientDelay = scenarios.Latency{Median: 90 * time.Microsecond, P99: 400 * time.Microsecond}
	h.ReplicaDelay = scenarios.Latency{Median: 400 * time.Microsecond, P99: 3 * time.Millisecond}
	h.ClientCPU = 180 * time.Microsecond
	return h
}

// short is the scenario of a calibration with every level of load a fifth as long.
func short(t *testing.T) *scenarios.Spec {
	t.Helper()
	const share = 5
	spec := *Healthy()
	spec.Duration /= share
	spec.Warmup /= share
	spec.Producers = slices.Clone(spec.Producers)
	for i := range spec.Producers {
		curve := &spec.Producers[i].Rate
		curve.Points = slices.Clone(curve.Points)
		for k := range curve.Points {
			curve.Points[k].At /= share
		}
	}
	return &spec
}

// measureBy takes a simulation of h for a measurement.
func measureBy(t *testing.T, simulate Simulate, spec *scenarios.Spec, h scenarios.Hardware) Measurement {
	t.Helper()
	own := *spec.WithHardware(&h)
	own.Replications, own.Seed = 1, 4711
	set, err := simulate(t.Context(), &own, models.Options{Plane: "batch", Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return Measurement{Spec: spec.WithHardware(&h), Set: set}
}

// A measured broker says what it used of its own, in shares of the cores that the
// scenario names; a simulated machine what all of them did, the idle time before
// the load included.
func TestProcessorsInUse(t *testing.T) {
	t.Parallel()
	h := container(t)
	spec := Healthy().WithHardware(&h) // 2 cores; 60 s after 10 s without load
	header := resulttest.Header()
	header.Origin = result.Measured
	run := resulttest.NewRun().Value("broker.utilization{broker=1}", 0.2).Value("broker.utilization{broker=2}", 0.25).
		Value("broker.utilization{broker=3}", 0.3).Value("broker.utilization{resource=cpu}", 0.3)
	if got := processors(spec, resulttest.Set(t, header, run)); math.Abs(got-1.5) > 1e-9 {
		t.Errorf("measured: %g, want 2·(0.2+0.25+0.3)", got)
	}
	header.Origin = result.Simulated
	run = resulttest.NewRun().Value("broker.utilization{broker=1}", 0.5).Value("broker.utilization{resource=cpu}", 0.5)
	if got := processors(spec, resulttest.Set(t, header, run)); math.Abs(got-(0.15+0.85*70/60)) > 1e-9 {
		t.Errorf("simulated: %g, want 0.15 + (2·0.5 − 0.15)·70/60", got)
	}
	run = resulttest.NewRun().Value("broker.utilization{resource=cpu}", 0.99)
	if got := processors(spec, resulttest.Set(t, header, run)); got != 2 {
		t.Errorf("a machine that needs longer than the load: %g of 2", got)
	}
	if got := processors(spec, resulttest.Set(t, header, resulttest.NewRun())); !math.IsNaN(got) {
		t.Errorf("nothing known: %g", got)
	}
}

// imagined stands for the simulator where its truth does not matter: every latency
// is a sum of the machine's figures, another one at each operating point.
func imagined(_ context.Context, spec *scenarios.Spec, _ models.Options) (*result.Set, error) {
	h := spec.Clusters[0].Brokers[0].Hardware
	b := result.NewBuilder(result.Header{Origin: result.Simulated, Scenario: spec.Name, SpecSHA256: spec.SHA256, Seed: spec.Seed})
	draw := func(l scenarios.Latency, z float64) float64 {
		return float64(l.Median) * math.Exp(float64(spread(l)*z))
	}
	for r := range spec.Replications {
		run := resulttest.NewRun()
		for i, name := range latencyMetrics(spec) {
			stream := rng.New(rng.Derive(spec.Seed, uint64(r)), name, "imagined")
			values := make([]int64, 400)
			for k := range values {
				values[k] = int64(float64(1+i%3)*float64(h.CPUPerRequest) + 0.05*float64(i%4)*float64(h.CPUPerMB) +
					draw(h.Wakeup, stream.Norm())*float64(1+i%2) + 0.1*draw(h.RTTSameRack, stream.Norm()) +
					draw(h.ClientDelay, stream.Norm())*float64(2*(i%5)) + draw(h.ReplicaDelay, stream.Norm())*float64(i%7)/2 +
					float64(h.ClientCPU)*float64(i/4))
			}
			run.Distribution(name, values...)
		}
		run.Value("broker.utilization{resource=cpu}", (3*h.CPUIdle+1000*h.CPUPerRequest.Seconds()+10*h.CPUPerMB.Seconds())/float64(h.Cores))
		if err := b.Add(run.Replication(r)); err != nil {
			return nil, err
		}
	}
	return b.Set(), nil
}

// latencyMetrics are the distributions that are compared.
func latencyMetrics(spec *scenarios.Spec) (names []string) {
	for _, f := range figures(spec) {
		if f.metric != processorsInUse && !slices.Contains(names, f.metric) {
			names = append(names, f.metric)
		}
	}
	return names
}

func options(t *testing.T, simulate Simulate, workers int) Options {
	t.Helper()
	return Options{
		Base: container(t), Simulate: simulate, Seed: 1, Workers: workers,
		Provenance: Provenance{Date: "2026-01-31", Program: "0.1.0", Machine: Machine{Cores: 2, System: "linux/amd64"}},
	}
}

func fitTo(t *testing.T, o Options, m ...Measurement) *Profile {
	t.Helper()
	p, err := Fit(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recovered checks that the truth is where a profile says: each parameter within
// four of its standard errors, which one of eleven leaves by chance once in 1,400
// times.
func recovered(t *testing.T, p *Profile, truth scenarios.Hardware) {
	t.Helper()
	for _, q := range p.Parameters {
		c, _ := coordinateNamed(q.Name)
		want := c.get(&truth)
		if off := (math.Log(q.After) - want) / q.Deviation; math.Abs(off) > 4 {
			t.Errorf("%s is %s where it was %s: %.1f standard errors off", q.Name, quantity(q.Name, q.After), quantity(q.Name, math.Exp(want)), off)
		}
	}
}

// The simulator's own latencies lead back to the machine that it simulated, from
// another one with a half or less of each figure.
func TestMachinesAreRecovered(t *testing.T) {
	t.Parallel()
	truth := another(t)
	p := fitTo(t, options(t, models.Simulate, 2), measureBy(t, models.Simulate, short(t), truth))
	recovered(t, p, truth)
	// A wake-up of a broker's thread and a client's delay are both in every latency:
	// they are known together better than each.
	for _, name := range []string{"cpu_per_request", "cpu_per_mb"} {
		q := p.Parameters[slices.IndexFunc(p.Parameters, func(q Parameter) bool { return q.Name == name })]
		c, _ := coordinateNamed(name)
		// A factor of 2 between the two machines, and one of 1.5 at 95 % after the fit.
		if !q.Identified || q.Factor() > 1.5 || math.Abs(math.Log(q.After)-c.get(&truth)) > math.Log(1.25) {
			t.Errorf("%s: %+v", name, q)
		}
	}
	if before := container(t); p.Hardware.CleanLoad != before.CleanLoad || p.Hardware.DiskWrite != before.DiskWrite || p.Hardware.Cores != 2 {
		t.Errorf("a figure that nothing was fitted to was changed: %+v", p.Hardware)
	}
	if len(p.Points) != 81 {
		t.Errorf("%d points of 10 producers and 10 topics with 4 figures each and the processors", len(p.Points))
	}
	for _, q := range p.Points {
		// Two seconds of 150 records a second have 300 of which three are beyond the
		// 99th percentile: chance alone is 10 to 20 % there.
		if limit := 0.1 + 4*q.Error; math.Abs(q.Residual()) > limit {
			t.Errorf("%s of %s: measured %.3g, fitted %.3g, more than %.2f off", q.Statistic, q.Metric, q.Measured, q.Fitted, limit)
		}
	}
}

func TestFitsAreDeterministicAndDrawsCarryTheirError(t *testing.T) {
	t.Parallel()
	truth := another(t)
	m := measureBy(t, imagined, Healthy(), truth)
	one, two := fitTo(t, options(t, imagined, 1), m), fitTo(t, options(t, imagined, 7), m)
	recovered(t, one, truth)
	if a, b := written(t, one), written(t, two); a != b {
		t.Error("the profile depends on the number of workers")
	}
	other := options(t, imagined, 1)
	other.Seed = 2
	if written(t, fitTo(t, other, m)) == written(t, one) {
		t.Error("another seed gave the same profile to the byte")
	}
	draws := one.Draws(4000, 5)
	if again := one.Draws(10, 5); !slices.Equal(again, draws[:10]) {
		t.Error("the same seed gave other draws")
	}
	if one.Draws(1, 6)[0] == draws[0] {
		t.Error("another seed gave the same draw")
	}
	for i, q := range one.Parameters {
		c, _ := coordinateNamed(q.Name)
		x := make([]float64, len(draws))
		for k := range draws {
			x[k] = c.get(&draws[k])
		}
		mean, sd := momentsOf(x)
		deviation := q.Deviation
		if ofLife(q.Name) {
			deviation = math.Hypot(deviation, math.Sqrt2*lifeSpread)
		}
		// Five standard errors of a mean and of a deviation of 4000; cutting the draws
		// at three standard errors takes 1.4 % of the deviation.
		if math.Abs(mean-math.Log(q.After)) > 5*deviation/math.Sqrt(4000) || math.Abs(sd/deviation-0.986) > 5/math.Sqrt(8000) {
			t.Errorf("%s: draws have the mean %.3f and the deviation %.3f, the fit and the lives %.3f and %.3f", q.Name, mean, sd, math.Log(q.After), deviation)
		}
		if got := math.Sqrt(one.Covariance[i][i]); math.Abs(got-q.Deviation) > 1e-9 {
			t.Errorf("%s: deviation %g, covariance says %g", q.Name, q.Deviation, got)
		}
	}
	for k := range draws {
		if problems := draws[k].Check(); len(problems) > 0 {
			t.Fatalf("draw %d is impossible: %v", k, problems)
		}
	}
}

// What hardly shows in any latency is said not to be identified, and stays near
// what it was thought to be, with that uncertainty.
func TestWhatLatenciesDoNotTellIsSaid(t *testing.T) {
	t.Parallel()
	truth := another(t)
	p := fitTo(t, options(t, imagined, 2), measureBy(t, imagined, Healthy(), truth))
	for _, q := range p.Parameters {
		dark := strings.HasPrefix(q.Name, "rtt")
		if q.Identified == dark {
			t.Errorf("%s: identified %v", q.Name, q.Identified)
		}
		if dark && (q.Factor() < 1.5 || !slices.ContainsFunc(p.Warnings, func(w string) bool {
			return strings.HasPrefix(w, q.Name+" is not identified by the measurements")
		})) {
			t.Errorf("%s: %+v, warnings %q", q.Name, q, p.Warnings)
		}
	}
}

func TestPoorFitsAreSaid(t *testing.T) {
	t.Parallel()
	m := measureBy(t, imagined, Healthy(), another(t))
	slow := func(ctx context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error) {
		set, err := imagined(ctx, spec, o)
		if err != nil {
			return nil, err
		}
		for i := range set.Metrics {
			if q := &set.Metrics[i]; q.Name == "produce.latency{producer=large-all}" {
				for k := range q.Quantiles {
					q.Quantiles[k].Value *= 4 // whatever the machine is
				}
				q.Mean *= 4
			}
		}
		return set, nil
	}
	p := fitTo(t, options(t, slow, 2), m)
	if len(p.Warnings) == 0 || !strings.HasPrefix(p.Warnings[0], "the fit is poor: ") || !strings.Contains(p.Warnings[0], " of 81 figures are more than 25 % off, most of all the ") ||
		!strings.Contains(p.Warnings[0], "of produce.latency{producer=large-all}, measured") {
		t.Errorf("warnings %q", p.Warnings)
	}
	recovered(t, p, another(t)) // one operating point that no machine has does not carry the others away
	certain := fitTo(t, options(t, imagined, 2), m)
	if p.Parameters[0].Deviation <= certain.Parameters[0].Deviation {
		t.Error("a poor fit is as certain as a good one")
	}
}

func TestDisturbancesAreSaid(t *testing.T) {
	t.Parallel()
	m := measureBy(t, imagined, Healthy(), another(t))
	m.Set.Warnings = []string{
		"repetition 1 was disturbed: the clock jumped", "repetition 1 was disturbed: a generator was late", "the JVM compiles in one tier",
	}
	m.Busy = 0.87
	o := options(t, imagined, 1)
	p := fitTo(t, o, m)
	want := []string{
		"something else had 87 % of the machine's processors when the measurement began: the profile is that of a busy machine",
		"the JVM compiles in one tier",
		"the measurement of calibration was disturbed, the clock jumped (and 1 more); leave the machine to it and calibrate again",
	}
	if len(p.Warnings) < 3 || !slices.Equal(p.Warnings[:3], want) {
		t.Errorf("warnings %q, want %q first", p.Warnings, want)
	}
}

func TestNothingIsFittedToFaults(t *testing.T) {
	t.Parallel()
	m := measureBy(t, imagined, Healthy(), another(t))
	faulty := *m.Spec
	faulty.Faults = []scenarios.Fault{{Kind: scenarios.BrokerCrash}}
	_, err := Fit(t.Context(), []Measurement{{Spec: &faulty, Set: m.Set}}, options(t, imagined, 1))
	if err == nil || !strings.Contains(err.Error(), "has faults; a profile is fitted to healthy runs only") {
		t.Errorf("a scenario with faults: %v", err)
	}
	broken := resulttest.Set(t, resulttest.Header(), resulttest.NewRun().Value("isr.shrinks", 2))
	_, err = Fit(t.Context(), []Measurement{{Spec: m.Spec, Set: broken}}, options(t, imagined, 1))
	if err == nil || !strings.Contains(err.Error(), "was not healthy while calibration was measured (isr.shrinks 2)") {
		t.Errorf("a run whose ISR shrank: %v", err)
	}
	empty := resulttest.Set(t, resulttest.Header(), resulttest.NewRun())
	_, err = Fit(t.Context(), []Measurement{{Spec: m.Spec, Set: empty}}, options(t, imagined, 1))
	if err == nil || !strings.Contains(err.Error(), "has 0 figures to fit to where 11 are needed") {
		t.Errorf("a run without latencies: %v", err)
	}
	if _, err := Fit(t.Context(), nil, options(t, imagined, 1)); err == nil {
		t.Error("a profile was fitted to nothing")
	}
}

func TestFiguresThatAreReadAreNotFitted(t *testing.T) {
	t.Parallel()
	truth := another(t)
	m := measureBy(t, imagined, Healthy(), truth)
	m.Direct = Direct{
		Follows:       []time.Duration{2730 * time.Millisecond, 3640 * time.Millisecond, 4550 * time.Millisecond}, // 0.91 of 3, 4 and 5 s
		MetadataApply: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 20 * time.Millisecond},
		Fsync:         []time.Duration{time.Millisecond}, // too few to say anything
		Idle:          []float64{0.12, 0.14, 0.14, 0.16},
		RTT:           []time.Duration{60 * time.Microsecond, 60 * time.Microsecond, 50 * time.Microsecond, 72 * time.Microsecond},
	}
	p := fitTo(t, options(t, imagined, 2), m)
	var read, fitted []string
	for _, q := range p.Parameters {
		if q.Source == ReadOff {
			read = append(read, q.Name)
		} else {
			fitted = append(fitted, q.Name)
		}
	}
	if want := []string{"cpu_idle", "clean_load", "clean_load_spread", "metadata_apply", "metadata_apply_spread", "rtt", "rtt_spread"}; !slices.Equal(read, want) {
		t.Errorf("read %q, want %q", read, want)
	}
	if want := []string{"cpu_per_request", "cpu_per_mb", "wakeup", "wakeup_spread", "client_delay", "client_delay_spread", "client_cpu", "replica_delay", "replica_delay_spread"}; !slices.Equal(fitted, want) {
		t.Errorf("fitted %q, want %q", fitted, want)
	}
	h := p.Hardware
	// Geometric means: (3·4·5)^(1/3) s, (10·20·40·20)^(1/4) ms.
	if off := h.CleanLoad.Median - 3914867641*time.Nanosecond; off.Abs() > time.Microsecond {
		t.Errorf("clean_load %v", h.CleanLoad)
	}
	// The logarithms' deviation is ln 2·√(2/3): the 99th percentile is 2.326 of them up.
	if off := h.MetadataApply.Median - 20*time.Millisecond; off.Abs() > time.Microsecond || h.MetadataApply.P99.Round(time.Millisecond) != 75*time.Millisecond {
		t.Errorf("metadata_apply %v", h.MetadataApply)
	}
	if math.Abs(h.CPUIdle-0.139) > 0.001 { // (0.12·0.14·0.14·0.16)^(1/4)
		t.Errorf("cpu_idle %v", h.CPUIdle)
	}
	if h.Fsync != container(t).Fsync || h.RTTSameRack != h.RTTCrossRack || h.RTTSameRack.Median.Round(time.Microsecond) != 60*time.Microsecond {
		t.Errorf("fsync %v, rtt %v and %v", h.Fsync, h.RTTSameRack, h.RTTCrossRack)
	}
	// The mean of the logarithms of 3, 4 and 5 is known to 0.256/√3.
	for _, q := range p.Parameters {
		if q.Name == "clean_load" && (math.Abs(q.Deviation-0.148) > 0.001 || q.Readings != 3 || !q.Identified) {
			t.Errorf("clean_load: %+v", q)
		}
	}
}

func TestCalibrateMeasuresTheHealthyScenario(t *testing.T) {
	t.Parallel()
	truth := another(t)
	p, err := Calibrate(t.Context(), func(_ context.Context, spec *scenarios.Spec, repetitions int) (Measurement, error) {
		if spec.SHA256 != Healthy().SHA256 || repetitions != 3 {
			t.Errorf("asked for %d of %s", repetitions, spec.Name)
		}
		m := measureBy(t, imagined, spec, truth)
		m.Spec = spec
		return m, nil
	}, 3, options(t, imagined, 2))
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Provenance.Runs; len(r) != 1 || r[0].SpecSHA256 != Healthy().SHA256 || len(r[0].SHA256) != 64 || r[0].Repetitions != 1 {
		t.Errorf("provenance %+v", r)
	}
	gone := errors.New("no engine")
	if _, err := Calibrate(t.Context(), func(context.Context, *scenarios.Spec, int) (Measurement, error) {
		return Measurement{}, gone
	}, 1, options(t, imagined, 1)); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

func written(t *testing.T, p *Profile) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
