package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kafkasim/models"
	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// verifyOptions are the flags of `kafkasim verify`.
type verifyOptions struct {
	set          []string
	suite        string // "short", "all", or "" for those that are named
	seed         uint64
	repetitions  int
	replications int
	image        string
	hardware     string
	measured     string // directory that --keep wrote, or ""
	pooled       bool
	json         string // file, "-" for stdout, or ""
	page         pageFlag
	plots        string // directory, or ""
	keep         string // directory, or ""
	quiet        bool
	parallel     int
}

// What a verification does unless told otherwise. With 400 replications two
// repetitions beyond all of them have a P of 2.5e-5, small enough to fail among
// hundreds of rows. 40 draws of a profile are enough for an interval of 95 % even
// where its error is all that there is.
const (
	verifyRepetitions  = 5
	verifyReplications = 400
	profileDraws       = 40
)

func (s *session) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify FILE|NAME...|--suite SUITE",
		Short: "Predict scenarios, run them on real Kafka, and say how well they were predicted",
		Long: "Calibrate this machine, predict scenarios, run them on real Kafka in containers, and hold\n" +
			"what was measured against the prediction, metric by metric and all together.\n\n" +
			"Exit codes: 0 the predictions hold; 98 too little was measured to say; 99 a prediction missed;\n" +
			"104 a scenario is invalid or cannot be measured. A right model ends with 99 at most once in 20 times.\n\n" +
			"With --measured nothing runs: predictions are held against what was measured before. --set changes\n" +
			"the predictions only, which answers whether another setting would explain what was measured.",
		Example: "  kafkasim verify leader-crash-acks-1\n" +
			"  kafkasim verify mine.yaml other.yaml --repetitions 2 --hardware profile.yaml --json verification.json --plots plots\n" +
			"  kafkasim verify leader-kill-acks-all --measured kept --set cluster.config.broker.session.timeout.ms=6000",
		Args: arguments(0, math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seed") {
				o.set = append(o.set, "seed="+strconv.FormatUint(o.seed, 10))
			}
			names, err := o.names(args)
			if err != nil {
				return err
			}
			for _, name := range []string{"repetitions", "image"} {
				if o.measured != "" && cmd.Flags().Changed(name) {
					return usage(fmt.Errorf("--%s is for measuring, and --measured %s says that it was done before", name, o.measured))
				}
			}
			return s.verifyScenarios(cmd.Context(), names, &o)
		},
	}
	setFlag(cmd, &o.set)
	flags := cmd.Flags()
	flags.StringVar(&o.suite, "suite", "", "verify a suite instead of named scenarios: `short|all`, a few that stand for all of them, or all")
	flags.IntVar(&o.repetitions, "repetitions", verifyRepetitions, "how often real Kafka runs each scenario, a `NUMBER`")
	flags.IntVar(&o.replications, "replications", verifyReplications, "how many replications predict each scenario, a `NUMBER`")
	flags.Uint64Var(&o.seed, "seed", 0, "the seed, a `NUMBER`, instead of the scenario's")
	flags.StringVar(&o.image, "image", "", "the `IMAGE` to run Kafka from, instead of kafkasim/kafka or apache/kafka")
	flags.StringVar(&o.hardware, "hardware", "", "the calibrated profile of this machine, a `FILE`, instead of calibrating it now")
	flags.StringVar(&o.measured, "measured", "", "what was measured before, a `DIR` that --keep wrote, instead of measuring now")
	flags.BoolVar(&o.pooled, "pooled", false, "judge by everything together alone: single rows and scenarios that miss are told, and fail nothing")
	flags.StringVar(&o.json, "json", "", "write the verification as JSON to `FILE`, or to stdout if that is -")
	o.page.add(cmd)
	flags.StringVar(&o.plots, "plots", "", "draw predicted and measured over each other into `DIR`, as SVG and PNG")
	flags.StringVar(&o.keep, "keep", "", "keep the predicted and the measured results and the raw artefacts in `DIR`")
	flags.BoolVar(&o.quiet, "quiet", false, "no progress and no words, only errors, on stderr")
	flags.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "run a `NUMBER` of replications at a time; the result does not depend on it")
	return cmd
}

// names are the scenarios that are to be verified.
func (o *verifyOptions) names(args []string) ([]string, error) {
	switch {
	case o.suite != "" && len(args) > 0:
		return nil, usage(fmt.Errorf("--suite %s says which scenarios; give it or names", o.suite))
	case o.suite == "short":
		return scenarios.ShortSuite(), nil
	case o.suite == "all":
		var names []string
		for _, e := range scenarios.Embedded() {
			if e.Folder == "verify" {
				names = append(names, e.Name)
			}
		}
		return names, nil
	case o.suite != "":
		return nil, usage(fmt.Errorf("--suite %s: there are short and all", o.suite))
	case len(args) == 0:
		return nil, usage(errors.New("something is missing; the usage is: kafkasim verify FILE|NAME...|--suite SUITE [flags]"))
	}
	return args, nil
}

// check refuses flags that make no sense, before anything is read.
func (o *verifyOptions) check() error {
	switch method := compare.Levels(); {
	case o.repetitions < 1:
		return usage(fmt.Errorf("--repetitions %d: at least 1 is needed, and %d for a verdict", o.repetitions, method.LeastRepetitions))
	case o.replications < method.LeastSamples:
		return usage(fmt.Errorf("--replications %d: a prediction interval of 95 %% needs at least %d", o.replications, method.LeastSamples))
	case o.parallel < 1:
		return usage(fmt.Errorf("--parallel %d: at least 1 is needed", o.parallel))
	}
	return o.page.check(1, o.json)
}

// verifyScenarios reads all of them, then calibrates, predicts and measures one
// after the other. Nothing runs while one of them is invalid or cannot be
// measured.
func (s *session) verifyScenarios(ctx context.Context, names []string, o *verifyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	specs, err := s.readScenarios(names, o.set)
	if err != nil {
		return err
	}
	v := &verification{session: s, options: o}
	if o.measured != "" {
		v.before, err = s.measuredBefore(names, specs, o)
	} else {
		err = s.verifiable(specs)
	}
	if err != nil {
		return err
	}
	out, err := s.verifyOutput(o)
	if err != nil {
		return err
	}
	v.machine, err = s.calibrated(ctx, calibrateOptions{
		hardware: o.hardware, draws: profileDraws, seed: specs[0].Seed, parallel: o.parallel, image: o.image,
		keep: below(o.keep, "calibration"), progress: func(stage string) { o.say(s, "calibration: %s", stage) },
	})
	if err != nil {
		return broken(ctx, fmt.Errorf("calibration: %w", err))
	}
	for _, spec := range specs {
		if err = v.add(ctx, spec); err != nil {
			break
		}
	}
	if len(v.inputs) == 0 {
		return broken(ctx, err)
	}
	code, reportError := v.report(out, len(specs))
	if err != nil || reportError != nil {
		return broken(ctx, errors.Join(err, reportError))
	}
	return ended(code)
}

// broken is err, or an interrupt if that is what it comes from.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return &codedError{exitInterrupted, fmt.Errorf("interrupted; %w", err)}
	}
	return err
}

// below is a path in a directory, "" if there is no directory.
func below(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

func (o *verifyOptions) say(s *session, format string, args ...any) {
	if !o.quiet {
		s.say(format, args...)
	}
}

// once returns an error if a scenario comes twice.
func once(specs []*scenarios.Spec) error {
	for i, spec := range specs {
		if slices.ContainsFunc(specs[:i], func(other *scenarios.Spec) bool { return other.Name == spec.Name }) {
			return usage(fmt.Errorf("the scenario %s is named twice", spec.Name))
		}
	}
	return nil
}

// verifiable returns an error if a scenario cannot be predicted or measured, or
// comes twice.
func (s *session) verifiable(specs []*scenarios.Spec) error {
	if err := once(specs); err != nil {
		return err
	}
	var problems []error
	for _, spec := range specs {
		_, err := models.ChoosePlane(spec, "auto")
		if err == nil {
			err = s.measurable(spec)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", spec.Name, err))
		}
	}
	if len(problems) > 0 {
		return &codedError{exitInvalid, errors.Join(problems...)}
	}
	return nil
}

// A verification is what has been predicted and measured so far.
type verification struct {
	*session
	options *verifyOptions
	machine *calibrated
	before  map[string]*result.Set // what was measured before, by scenario; nil to measure now
	specs   []*scenarios.Spec      // of inputs
	inputs  []compare.Input
}

// add predicts and measures one scenario. What an interrupt left of it is added
// as well.
func (v *verification) add(ctx context.Context, spec *scenarios.Spec) error {
	predicted, err := v.predict(ctx, spec)
	if err != nil {
		return err
	}
	measured, err := v.measurement(ctx, spec)
	if measured == nil || measured.Replications == 0 {
		if err == nil {
			err = errors.New("nothing was measured")
		}
		return fmt.Errorf("%s: %w", spec.Name, err)
	}
	in := compare.Input{Predicted: predicted, Measured: measured}
	for _, w := range measured.Warnings {
		if n, reason, found := result.Disturbed(w); found {
			in.Disturbed = append(in.Disturbed, compare.Disturbance{Repetition: n, Reason: reason})
		}
	}
	v.specs, v.inputs = append(v.specs, spec), append(v.inputs, in)
	if err != nil {
		return fmt.Errorf("%s: %w", spec.Name, err)
	}
	return nil
}

// measurement runs a scenario on real Kafka, or is what did so before.
func (v *verification) measurement(ctx context.Context, spec *scenarios.Spec) (*result.Set, error) {
	if v.before != nil {
		return v.before[spec.Name], nil
	}
	kafka := kafkaOptions{
		image: v.options.image, repetitions: v.options.repetitions, keep: below(v.options.keep, fileName(spec.Name)), log: v.stderr,
		seed: rng.Derive(spec.Seed, math.MaxUint64), // independent of every replication
	}
	if v.options.quiet {
		kafka.log = io.Discard
	}
	return v.measure(ctx, spec, kafka)
}

// predict simulates a scenario on every draw of the profile, each draw with as
// many replications and with draws of its own.
func (v *verification) predict(ctx context.Context, spec *scenarios.Spec) ([]*result.Set, error) {
	draws := v.machine.draws
	each := (v.options.replications + len(draws) - 1) / len(draws)
	p := silence()
	if !v.options.quiet {
		p = v.lines(spec.Name, each*len(draws))
	}
	defer p.end()
	var sets []*result.Set
	for i := range draws {
		drawn := spec.WithHardware(&draws[i])
		drawn.SHA256 = spec.SHA256 // it is the same scenario, on a machine that is not known exactly
		drawn.Replications, drawn.Seed = each, rng.Derive(spec.Seed, uint64(i))
		drawn.Precision = nil
		set, err := v.simulate(ctx, drawn, models.Options{
			Plane: "auto", Workers: v.options.parallel, Version: version,
			Progress: func(done, _ int) { p.update(i*each+done, each*len(draws)) },
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Name, err)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// directory creates a directory and those above it.
func directory(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}
