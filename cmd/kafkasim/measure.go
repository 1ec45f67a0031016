package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kafkasim/harness/calibrate"
	"kafkasim/harness/cluster"
	"kafkasim/harness/engine"
	"kafkasim/harness/image"
	"kafkasim/harness/measure"
	"kafkasim/models"
	"kafkasim/reports/check"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A measurer runs a scenario on real Kafka, as measureKafka does.
type measurer func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error)

// kafkaOptions are what every command takes that runs real Kafka.
type kafkaOptions struct {
	image       string // "" for the usual one
	repetitions int
	seed        uint64
	keep        string    // directory for raw observations, or ""
	log         io.Writer // a line for each step
}

// clientCommand is the hidden subcommand that is one client of a measured run.
const clientCommand = "client-process"

// measureKafka runs a scenario on real Kafka in containers.
func measureKafka(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
	options, err := o.toMeasure(ctx, spec)
	if err != nil {
		return nil, err
	}
	return measure.Measure(ctx, spec, options)
}

// restPatience is how long a calibration waits for the machine to be at rest.
const restPatience = time.Minute

// measureHealthy runs a healthy scenario for a calibration.
func measureHealthy(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (calibrate.Measurement, error) {
	options, err := o.toMeasure(ctx, spec)
	if err != nil {
		return calibrate.Measurement{}, err
	}
	busy := calibrate.AwaitRest(ctx, restPatience)
	set, starts, err := measure.Healthy(ctx, spec, options)
	return calibrate.Measurement{Spec: spec, Set: set, Direct: calibrate.Direct{Follows: starts}, Busy: busy}, err
}

// toMeasure finds the engine and the image for a scenario, or says why it cannot be
// measured here.
func (o *kafkaOptions) toMeasure(ctx context.Context, spec *scenarios.Spec) (measure.Options, error) {
	if err := measure.Check(spec); err != nil {
		return measure.Options{}, &codedError{exitInvalid, err}
	}
	grid, err := models.Grid(spec)
	if err != nil {
		return measure.Options{}, err
	}
	e, err := engine.Connect(ctx)
	if err != nil {
		return measure.Options{}, err
	}
	from, err := image.Resolve(ctx, e, o.image, cluster.DefaultKafka(spec.Clusters[0].Version))
	if err != nil {
		return measure.Options{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return measure.Options{}, fmt.Errorf("find this program, which its client processes run: %w", err)
	}
	return measure.Options{
		Engine: e, Image: from, Repetitions: o.repetitions, Seed: o.seed, Version: version,
		Command: []string{self, clientCommand}, Keep: o.keep, Grid: grid, Log: o.log,
	}, nil
}

// measureOptions are the flags of `kafkasim measure`.
type measureOptions struct {
	set         []string
	seed        uint64
	repetitions int
	image       string
	json        string
	page        pageFlag
	keep        string
	quiet       bool
}

func (s *session) measureCommand() *cobra.Command {
	var o measureOptions
	cmd := &cobra.Command{
		Use:   "measure FILE|NAME",
		Short: "Run a scenario on real Kafka in containers and account for every record",
		Long: "Run a scenario on real Kafka: a cluster in containers on this machine, franz-go clients, the\n" +
			"scenario's faults. Every record is accounted for by its own id; the result has the same metrics\n" +
			"as that of `kafkasim run`.\n\n" +
			"It needs a Docker engine, and Kafka's image or one built by `make kafka-image`. Nothing is left\n" +
			"behind. A repetition takes the scenario's duration and about a minute more.",
		Example: "  kafkasim measure leader-kill-acks-all --repetitions 3 --json measured.json",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seed") {
				o.set = append(o.set, "seed="+strconv.FormatUint(o.seed, 10))
			}
			return s.measureScenario(cmd.Context(), args[0], o)
		},
	}
	setFlag(cmd, &o.set)
	flags := cmd.Flags()
	flags.Uint64Var(&o.seed, "seed", 0, "the seed of arrivals and keys, a `NUMBER`, instead of the scenario's")
	flags.IntVar(&o.repetitions, "repetitions", 3, "how often it is run, a `NUMBER`")
	flags.StringVar(&o.image, "image", "", "the `IMAGE` to run Kafka from, instead of kafkasim/kafka or apache/kafka")
	flags.StringVar(&o.json, "json", "", "write the result as JSON to `FILE`, or to stdout if that is -")
	o.page.add(cmd)
	flags.StringVar(&o.keep, "keep", "", "keep journals, metadata logs and the nodes' logs in `DIRECTORY`")
	flags.BoolVar(&o.quiet, "quiet", false, "no progress and no words, only errors, on stderr")
	return cmd
}

// measureScenario measures one and reports it as `run` does.
func (s *session) measureScenario(ctx context.Context, name string, o measureOptions) error {
	if o.repetitions < 1 {
		return usage(fmt.Errorf("--repetitions %d: at least 1 is needed", o.repetitions))
	}
	specs, err := s.readScenarios([]string{name}, o.set)
	if err != nil {
		return err
	}
	spec := specs[0]
	var file *file
	if o.json != "" && o.json != "-" {
		if file, err = s.files.create(o.json); err != nil {
			return err
		}
	}
	if err := errors.Join(o.page.check(1, o.json), o.page.claim(s)); err != nil {
		return err
	}
	kafka := kafkaOptions{image: o.image, repetitions: o.repetitions, seed: spec.Seed, keep: o.keep, log: s.stderr}
	if o.quiet {
		kafka.log = io.Discard
	}
	set, runError := s.measure(ctx, spec, kafka)
	interrupted := ctx.Err() != nil && errors.Is(runError, ctx.Err())
	if set == nil || set.Replications == 0 {
		if interrupted {
			return &codedError{exitInterrupted, fmt.Errorf("%s: interrupted before the first repetition was done", spec.Name)}
		}
		return runError
	}
	check.Judge(set, spec)
	err = errors.Join(s.report(set, o.json, file), o.page.write(s, o.quiet, htmlOf(set)))
	switch {
	case err != nil:
		return errors.Join(runError, err)
	case interrupted:
		return &codedError{exitInterrupted, fmt.Errorf("%s: interrupted; the result is of %d of %d repetitions", spec.Name, set.Replications, o.repetitions)}
	case runError != nil:
		return runError
	}
	return ended(check.ExitCode(set.Objectives))
}
