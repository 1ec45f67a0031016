package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"kafkasim/models"
	"kafkasim/reports/check"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// runOptions are the flags of `kafkasim run`.
type runOptions struct {
	set          []string
	seed         uint64
	replications int
	plane        string
	json         string // file, "-" for stdout, or ""
	page         pageFlag
	metrics      metricsFlag
	quiet        bool
	parallel     int
	follow       followOptions
}

func (s *session) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run FILE|NAME...",
		Short: "Run scenarios, print what they lose, how long they stall and how sure that is",
		Long: "Run scenarios, files or names of embedded ones (see `kafkasim list`), and print the result.\n\n" +
			"The result goes to stdout, progress and words go to stderr. With --json - stdout is the JSON alone.",
		Example: "  kafkasim run leader-crash-acks-1\n" +
			"  kafkasim run mine.yaml --set producers.playback.config.acks=all --json result.json",
		Args: arguments(1, math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seed") {
				o.set = append(o.set, "seed="+strconv.FormatUint(o.seed, 10))
			}
			if cmd.Flags().Changed("replications") {
				if o.replications < 1 {
					return usage(fmt.Errorf("--replications %d: at least 1 is needed", o.replications))
				}
				o.set = append(o.set, "replications="+strconv.Itoa(o.replications))
			}
			return s.runScenarios(cmd.Context(), args, o)
		},
	}
	setFlag(cmd, &o.set)
	flags := cmd.Flags()
	flags.Uint64Var(&o.seed, "seed", 0, "the seed, a `NUMBER`, instead of the scenario's")
	flags.IntVar(&o.replications, "replications", 0, "how many replications, a `NUMBER`, instead of the scenario's")
	flags.StringVar(&o.plane, "plane", "auto", "how records are moved: `auto|batch|flow`")
	flags.StringVar(&o.json, "json", "", "write the result as JSON to `FILE`, or to stdout if that is -")
	o.page.add(cmd)
	o.metrics.add(cmd)
	flags.BoolVar(&o.quiet, "quiet", false, "no progress and no words, only errors, on stderr")
	flags.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "run a `NUMBER` of replications at a time; the result does not depend on it")
	o.follow.flags(cmd)
	return cmd
}

// check refuses flags that make no sense, before anything is read.
func (o *runOptions) check(scenarioCount int) error {
	switch o.plane {
	case "auto", "batch", "flow":
	default:
		return usage(fmt.Errorf("--plane %s: there are auto, batch and flow", o.plane))
	}
	if o.parallel < 1 {
		return usage(fmt.Errorf("--parallel %d: at least 1 is needed", o.parallel))
	}
	if o.json != "" && scenarioCount > 1 {
		return usage(errors.New("--json holds the result of one scenario; run them one at a time"))
	}
	return errors.Join(o.metrics.check(scenarioCount), o.page.check(scenarioCount, o.json))
}

// runScenarios reads all of them, then runs one after the other. Nothing runs
// and nothing is written while one of them is invalid.
func (s *session) runScenarios(ctx context.Context, names []string, o runOptions) error {
	if err := errors.Join(o.check(len(names)), o.follow.check(names, o.json)); err != nil {
		return err
	}
	specs, err := s.readScenarios(names, o.set)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		if _, err := models.ChoosePlane(spec, o.plane); err != nil {
			return &codedError{exitInvalid, err}
		}
		if n := o.follow.replication; n > spec.Replications {
			return usage(fmt.Errorf("--replication %d: %s has %d", n, spec.Name, spec.Replications))
		}
	}
	out, err := s.outputs(&o)
	if err = errors.Join(err, o.page.claim(s)); err != nil {
		return err
	}
	code := exitDone
	for i, spec := range specs {
		if i > 0 && o.json != "-" {
			if _, err := fmt.Fprintln(s.stdout); err != nil {
				return err
			}
		}
		judged, err := s.runScenario(ctx, spec, o, out)
		if err != nil {
			return err
		}
		code = max(code, judged) // done < inconclusive < failed
	}
	return ended(code)
}

// outputs are the files of a run; nil: none was asked for.
type outputs struct{ json, trace *file }

// outputs begins the files that a run is to write: now, because nobody wants to hear
// after a long run that it cannot be.
func (s *session) outputs(o *runOptions) (out outputs, err error) {
	if o.json != "" && o.json != "-" {
		if out.json, err = s.files.create(o.json); err != nil {
			return out, err
		}
	}
	if o.follow.trace != "" {
		if out.trace, err = s.files.create(o.follow.trace); err != nil {
			return out, err
		}
	}
	return out, o.metrics.claim(s)
}

// runScenario runs and reports one, and returns what its objectives make of the
// exit code. An interrupt is an error, after what has been done is reported.
func (s *session) runScenario(ctx context.Context, spec *scenarios.Spec, o runOptions, out outputs) (int, error) {
	p := s.watch(spec, o.quiet)
	set, runError := s.simulate(ctx, spec, models.Options{
		Plane: o.plane, Workers: o.parallel, Version: version, Progress: p.update,
	})
	p.end()
	interrupted := ctx.Err() != nil && errors.Is(runError, ctx.Err())
	if runError != nil && !interrupted {
		return exitBroken, runError
	}
	if set == nil || set.Replications == 0 {
		return exitInterrupted, &codedError{exitInterrupted, fmt.Errorf("%s: interrupted before the first replication was done", spec.Name)}
	}
	check.Judge(set, spec)
	if err := errors.Join(s.report(set, o.json, out.json), o.metrics.write(set), o.page.write(s, o.quiet, htmlOf(set))); err != nil {
		return exitBroken, err
	}
	if interrupted {
		return exitInterrupted, &codedError{exitInterrupted, fmt.Errorf("%s: interrupted; the result is of %s", spec.Name, replications(set.Replications, spec.Replications))}
	}
	if o.follow.wanted() {
		if err := s.follow(ctx, spec, set, o, out.trace); err != nil {
			return exitBroken, err
		}
	}
	return check.ExitCode(set.Objectives), nil
}

// watch is progress as stderr can show it.
func (s *session) watch(spec *scenarios.Spec, quiet bool) progress {
	if quiet {
		return silence()
	}
	if _, is := terminal(s.stderr.to); is {
		return bar(s.stderr.to, spec.Name, spec.Replications)
	}
	return s.lines(spec.Name, spec.Replications)
}

// report writes the result where it was asked for: the table to stdout, or the
// JSON there instead, or the JSON to its file beside the table. Where one of them
// cannot be written the other still is.
func (s *session) report(set *result.Set, jsonTo string, file *file) error {
	var table, asJSON bytes.Buffer
	if jsonTo != "" {
		if err := render.JSON(&asJSON, set); err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
	}
	if jsonTo == "-" {
		_, err := s.stdout.Write(asJSON.Bytes())
		return err
	}
	var unwritten error
	if file != nil {
		unwritten = file.commit(asJSON.Bytes())
	}
	if err := render.Terminal(&table, set, render.TerminalOptions{Width: s.width(), Colour: s.coloured()}); err != nil {
		return fmt.Errorf("draw the table: %w", err)
	}
	_, err := s.stdout.Write(table.Bytes())
	return errors.Join(unwritten, err)
}
