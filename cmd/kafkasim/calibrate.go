package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"kafkasim/harness/calibrate"
	"kafkasim/harness/cluster"
	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A healthMeasurer measures a healthy cluster for a calibration.
type healthMeasurer func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (calibrate.Measurement, error)

// calibrateFlags are the flags of `kafkasim calibrate`.
type calibrateFlags struct {
	out, plot, json string // files, "-" for stdout, or ""
	from            string // file of a measured result, or ""
	base            string
	repetitions     int
	seed            uint64
	image, keep     string
	quiet           bool
	parallel        int
}

// calibrationRepetitions are enough for figures of some per cent: within one, each
// level of load lasts ten seconds.
const calibrationRepetitions = 1

func (s *session) calibrateCommand() *cobra.Command {
	var o calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Find this machine's hardware profile by measuring a healthy Kafka cluster on it",
		Long: "Measure a healthy Kafka cluster in containers on this machine at several levels of load, and\n" +
			"find the hardware profile with which the simulator has the same latencies. Nothing of a run in\n" +
			"which anything broke enters a profile. The profile's file says how sure each figure is, and how\n" +
			"near the simulator comes to each measured one; `kafkasim verify --hardware FILE` reads it, and so\n" +
			"does a scenario that has its figures inline.\n\n" +
			"It takes about three minutes, waits for the machine to be at rest, and wants it for itself.",
		Example: "  kafkasim calibrate --out profile.yaml --plot fitted.svg",
		Args:    arguments(0, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.calibrateMachine(cmd.Context(), &o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.out, "out", "", "write the profile to `FILE`, or to stdout instead of the table if that is -")
	flags.StringVar(&o.plot, "plot", "", "draw fitted against measured latencies into `FILE`, an SVG or a PNG by its name")
	flags.StringVar(&o.json, "json", "", "write what was measured as JSON to `FILE`")
	flags.StringVar(&o.from, "from", "", "fit to the result in `FILE`, which --json wrote on this machine, instead of measuring")
	flags.StringVar(&o.base, "base", "container", "the profile that the fit begins with, a `NAME` or a file: what is not found stays as in it")
	flags.IntVar(&o.repetitions, "repetitions", calibrationRepetitions, "how often the cluster is measured, a `NUMBER`, each time a new one")
	flags.Uint64Var(&o.seed, "seed", 1, "the seed of the load and of the simulations, a `NUMBER`")
	flags.StringVar(&o.image, "image", "", "the `IMAGE` to run Kafka from, instead of kafkasim/kafka or apache/kafka")
	flags.StringVar(&o.keep, "keep", "", "keep the raw artefacts of the measurement in `DIR`")
	flags.BoolVar(&o.quiet, "quiet", false, "no progress and no words, only errors, on stderr")
	flags.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "run a `NUMBER` of simulations at a time; the profile does not depend on it")
	return cmd
}

// check refuses flags that make no sense, before anything runs.
func (o *calibrateFlags) check() error {
	switch {
	case o.repetitions < 1:
		return usage(fmt.Errorf("--repetitions %d: at least 1 is needed", o.repetitions))
	case o.parallel < 1:
		return usage(fmt.Errorf("--parallel %d: at least 1 is needed", o.parallel))
	case o.plot != "" && !strings.HasSuffix(o.plot, ".svg") && !strings.HasSuffix(o.plot, ".png"):
		return usage(fmt.Errorf("--plot %s: the name must end in .svg or .png", o.plot))
	case o.from != "" && o.json != "":
		return usage(errors.New("--json writes what is measured, and --from measures nothing; give one of them"))
	}
	return nil
}

// calibrateMachine measures, fits and writes.
func (s *session) calibrateMachine(ctx context.Context, o *calibrateFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	base, err := profile(o.base)
	if err != nil {
		return err
	}
	places := map[string]*file{}
	for _, path := range []string{o.out, o.plot, o.json} {
		if path == "" || path == "-" {
			continue
		}
		if places[path], err = s.files.create(path); err != nil {
			return err
		}
	}
	options := fitOptions(base.Hardware, s.simulate, o.seed, o.parallel, o.image)
	m, err := s.healthyRun(ctx, o)
	if err != nil {
		return broken(ctx, err)
	}
	if !o.quiet {
		options.Progress = func(n int) {
			if n%10 < 2 {
				s.say("calibration: %d simulations so far", n)
			}
		}
	}
	p, err := calibrate.Fit(ctx, []calibrate.Measurement{m}, options)
	if err != nil {
		return broken(ctx, fmt.Errorf("calibration: %w", err))
	}
	return s.writeProfile(p, &m, o, places)
}

// healthyRun measures, or reads what was measured.
func (s *session) healthyRun(ctx context.Context, o *calibrateFlags) (calibrate.Measurement, error) {
	spec := calibrate.Healthy()
	if o.from == "" {
		log := io.Writer(s.stderr)
		if o.quiet {
			log = io.Discard
		}
		return s.healthy(ctx, spec, kafkaOptions{image: o.image, repetitions: o.repetitions, seed: o.seed, keep: o.keep, log: log})
	}
	text, err := readFile(o.from)
	if err != nil {
		return calibrate.Measurement{}, fmt.Errorf("cannot read what was measured: %w", err)
	}
	set, err := result.Read(bytes.NewReader(text))
	if err != nil {
		return calibrate.Measurement{}, fmt.Errorf("%s: %w", o.from, err)
	}
	if set.Scenario != spec.Name || set.Origin != result.Measured {
		return calibrate.Measurement{}, fmt.Errorf("%s is a %s result of %s and not what a calibration measured", o.from, set.Origin, set.Scenario)
	}
	return calibrate.Measurement{Spec: spec, Set: set}, nil
}

// fitOptions are those of a fit for the machine that this runs on, which begins
// with a profile but for the number of cores.
func fitOptions(base scenarios.Hardware, simulate simulator, seed uint64, parallel int, image string) calibrate.Options {
	machine := calibrate.ThisMachine()
	base.Cores = machine.Cores
	return calibrate.Options{
		Base: base, Simulate: calibrate.Simulate(simulate), Seed: seed, Workers: parallel,
		Provenance: calibrate.Provenance{
			Program: version, Machine: machine, Image: image, Kafka: cluster.DefaultKafka(calibrate.Healthy().Clusters[0].Version),
		},
	}
}

// writeProfile writes everything that was asked for. What cannot be written in one
// place is still written in the others.
func (s *session) writeProfile(p *calibrate.Profile, m *calibrate.Measurement, o *calibrateFlags, places map[string]*file) error {
	var profile, words bytes.Buffer
	if err := errors.Join(p.Write(&profile), p.WriteText(&words)); err != nil {
		return err
	}
	var unwritten []error
	if f := places[o.out]; f != nil {
		unwritten = append(unwritten, f.commit(profile.Bytes()))
	}
	if f := places[o.json]; f != nil {
		var asJSON bytes.Buffer
		unwritten = append(unwritten, m.Set.WriteJSON(&asJSON), f.commit(asJSON.Bytes()))
	}
	if f := places[o.plot]; f != nil {
		var picture bytes.Buffer
		figure := p.Figure()
		draw := figure.WriteSVG
		if strings.HasSuffix(o.plot, ".png") {
			draw = figure.WritePNG
		}
		unwritten = append(unwritten, draw(&picture), f.commit(picture.Bytes()))
	}
	shown := words.Bytes()
	if o.out == "-" {
		shown = profile.Bytes()
		if !o.quiet {
			s.say("%s", strings.TrimRight(words.String(), "\n"))
		}
	}
	_, err := s.stdout.Write(shown)
	return errors.Join(append(unwritten, err)...)
}

// profile finds a hardware profile: a file, or one that comes with the program.
func profile(name string) (*calibrate.Profile, error) {
	source, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		shipped, found := scenarios.HardwareSource(name)
		if !found {
			return nil, usage(fmt.Errorf("there is no file and no profile %s", name))
		}
		source, err = shipped, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the profile: %w", err)
	}
	p, err := calibrate.Read(name, source)
	if err != nil {
		return nil, &codedError{exitInvalid, err}
	}
	return p, nil
}

// machineFor is what a verification predicts with: the profile that it names, or
// this machine's, calibrated now.
func (s *session) machineFor(ctx context.Context, o calibrateOptions) (*calibrated, error) {
	if o.hardware != "" {
		p, err := profile(o.hardware)
		if err != nil {
			return nil, err
		}
		return drawn(p, o, o.hardware), nil
	}
	base, err := profile("container")
	if err != nil {
		return nil, err
	}
	options := fitOptions(base.Hardware, s.simulate, o.seed, o.parallel, o.image)
	o.progress("measuring a healthy cluster")
	m, err := s.healthy(ctx, calibrate.Healthy(), kafkaOptions{
		image: o.image, repetitions: calibrationRepetitions, seed: o.seed, keep: o.keep, log: io.Discard,
	})
	if err != nil {
		return nil, err
	}
	o.progress("fitting a profile to it")
	p, err := calibrate.Fit(ctx, []calibrate.Measurement{m}, options)
	if err != nil {
		return nil, err
	}
	for _, warning := range p.Warnings {
		o.progress("warning: " + warning)
	}
	return drawn(p, o, "measured here"), s.keepProfile(p, o.keep)
}

// keepProfile writes a profile into a directory, if there is one.
func (s *session) keepProfile(p *calibrate.Profile, dir string) error {
	if dir == "" {
		return nil
	}
	if err := directory(dir); err != nil {
		return err
	}
	return s.write(filepath.Join(dir, "profile.yaml"), p.Write)
}

// drawn is a profile as a verification takes it.
func drawn(p *calibrate.Profile, o calibrateOptions, source string) *calibrated {
	draws := o.draws
	if len(p.Parameters) == 0 {
		draws = 1 // it is taken as exact
	}
	return &calibrated{
		draws:      p.Draws(draws, o.seed),
		provenance: compare.Calibration{Profile: p.Hardware.Name, Source: source, Provenance: p.Lines()},
	}
}
