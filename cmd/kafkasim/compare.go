package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"kafkasim/models"
	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/render"
	"kafkasim/scenarios"
)

// compareOptions are the flags of `kafkasim compare`.
type compareOptions struct {
	set, setA, setB []string
	seed            *uint64 // nil for that of A
	replications    int     // 0 for the greater number of the two, at least leastReplications
	plane           string
	json            string // file, "-" for stdout, or ""
	markdown        string // likewise
	metrics         []string
	alpha           float64
	gate            string // percent, "" without
	quiet           bool
	parallel        int
}

func (s *session) compareCommand() *cobra.Command {
	var o compareOptions
	var seed uint64
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Hold one result against another: what differs, by how much, how sure that is",
		Long: "Hold B against A. Each is a result that `kafkasim run --json` wrote, or a scenario, file or\n" +
			"name, which is run first. Both are run with one seed and equally many replications, so that\n" +
			"replication r of both meets the same random numbers and is held against its twin.\n\n" +
			"Exit codes: 0 done; with --fail-on-regression 99 if something got worse, and 98 if there is\n" +
			"too little data to say; 104 a scenario is invalid.",
		Example: "  kafkasim compare leader-crash-acks-1 leader-crash-acks-all\n" +
			"  kafkasim compare mine.yaml mine.yaml --set-b producers.playback.config.acks=all\n" +
			"  kafkasim compare baseline.json mine.yaml --fail-on-regression=5 --metric 'records.lost.*' --metric produce.stall",
		Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seed") {
				o.seed = &seed
			}
			if cmd.Flags().Changed("replications") && o.replications < 1 {
				return usage(fmt.Errorf("--replications %d: at least 1 is needed", o.replications))
			}
			return s.compareResults(cmd.Context(), args, &o)
		},
	}
	setFlag(cmd, &o.set)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.setA, "set-a", nil, "as --set, of A alone, `PATH=VALUE`; repeatable")
	flags.StringArrayVar(&o.setB, "set-b", nil, "as --set, of B alone, `PATH=VALUE`; repeatable")
	flags.Uint64Var(&seed, "seed", 0, "the seed of both, a `NUMBER`, instead of A's")
	flags.IntVar(&o.replications, "replications", 0, "how many replications of both, a `NUMBER`, instead of the greater one of theirs and at least 12")
	flags.StringVar(&o.plane, "plane", "auto", "how records are moved: `auto|batch|flow`")
	flags.StringArrayVar(&o.metrics, "metric", nil, "compare only metrics whose name with labels, or rows whose title, fits `GLOB`, in which * stands for anything; repeatable")
	flags.Float64Var(&o.alpha, "alpha", 0.05, "the level of the tests, a `NUMBER`: how often a difference may be seen where there is none")
	flags.StringVar(&o.gate, "fail-on-regression", "", "end with 99 if a metric that has a better side is worse in B, by more than `PERCENT` where that is given")
	flags.Lookup("fail-on-regression").NoOptDefVal = "0"
	flags.StringVar(&o.json, "json", "", "write the comparison as JSON to `FILE`, or to stdout if that is -")
	flags.StringVar(&o.markdown, "markdown", "", "write the comparison as Markdown to `FILE`, or to stdout if that is -")
	flags.BoolVar(&o.quiet, "quiet", false, "no progress and no words, only errors, on stderr")
	flags.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "run a `NUMBER` of replications at a time; the result does not depend on it")
	return cmd
}

// check refuses flags that make no sense, and returns the percent of the gate.
func (o *compareOptions) check(names []string) (percent float64, err error) {
	if err := (&runOptions{plane: o.plane, parallel: o.parallel}).check(1); err != nil {
		return 0, err
	}
	switch {
	case names[0] == "-" && names[1] == "-":
		return 0, usage(errors.New("only one of A and B can be read from stdin"))
	case o.json == "-" && o.markdown == "-":
		return 0, usage(errors.New("--json - and --markdown - cannot both have stdout"))
	case !(o.alpha > 0 && o.alpha < 1):
		return 0, usage(fmt.Errorf("--alpha %v: a level lies between 0 and 1", o.alpha))
	case o.gate == "":
		return 0, nil
	}
	percent, err = strconv.ParseFloat(o.gate, 64)
	if err != nil || !(percent >= 0) {
		return 0, usage(fmt.Errorf("--fail-on-regression=%s: write a number of percent, 0 or more", o.gate))
	}
	return percent, nil
}

// compareResults reads both sides, runs those that are scenarios, compares, and
// writes the comparison everywhere it was asked for.
func (s *session) compareResults(ctx context.Context, names []string, o *compareOptions) error {
	percent, err := o.check(names)
	if err != nil {
		return err
	}
	sides, err := s.readSides(names, o)
	if err != nil {
		return err
	}
	out := map[string]*file{}
	for _, path := range []string{o.json, o.markdown} {
		if path == "" || path == "-" {
			continue
		}
		if out[path], err = s.files.create(path); err != nil {
			return err
		}
	}
	for i := range sides {
		if err := s.runSide(ctx, &sides[i], o); err != nil {
			return err
		}
	}
	c, err := contrast.Compare(sides[0].Input, sides[1].Input, contrast.Options{
		Version: version, Alpha: o.alpha, Metrics: o.metrics, Gate: o.gate != "", Percent: percent,
	})
	if errors.Is(err, contrast.ErrNoMetric) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if err := s.reportComparison(c, o, out); err != nil {
		return err
	}
	return ended(c.ExitCode())
}

// runSide runs a side that is a scenario.
func (s *session) runSide(ctx context.Context, side *side, o *compareOptions) error {
	if side.spec == nil {
		return nil
	}
	p := s.watch(side.spec, o.quiet)
	set, err := s.simulate(ctx, side.spec, models.Options{Plane: o.plane, Workers: o.parallel, Version: version, Progress: p.update})
	p.end()
	if err != nil {
		return broken(ctx, fmt.Errorf("%s: %w", side.spec.Name, err))
	}
	side.Set = set
	return nil
}

// reportComparison writes the table to stdout, or what was asked for there, and the
// files. What cannot be written in one place is still written in the others.
func (s *session) reportComparison(c *contrast.Comparison, o *compareOptions, out map[string]*file) error {
	var unwritten error
	table := true
	for _, form := range []struct {
		to    string
		write func(io.Writer, *contrast.Comparison) error
	}{
		{o.json, func(w io.Writer, c *contrast.Comparison) error { return c.WriteJSON(w) }},
		{o.markdown, render.ContrastMarkdown},
	} {
		if form.to == "" {
			continue
		}
		var text bytes.Buffer
		if err := form.write(&text, c); err != nil {
			return err
		}
		if f := out[form.to]; f != nil {
			unwritten = errors.Join(unwritten, f.commit(text.Bytes()))
			continue
		}
		table = false
		_, err := s.stdout.Write(text.Bytes())
		unwritten = errors.Join(unwritten, err)
	}
	if !table {
		return unwritten
	}
	var text bytes.Buffer
	if err := render.Contrast(&text, c, render.TerminalOptions{Width: s.width(), Colour: s.coloured()}); err != nil {
		return err
	}
	_, err := s.stdout.Write(text.Bytes())
	return errors.Join(unwritten, err)
}

// planes returns an error if a side cannot be run on the plane.
func planes(specs []*scenarios.Spec, plane string) error {
	for _, spec := range specs {
		if _, err := models.ChoosePlane(spec, plane); err != nil {
			return &codedError{exitInvalid, err}
		}
	}
	return nil
}
