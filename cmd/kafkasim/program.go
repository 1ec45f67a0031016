package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A simulator runs every replication of a scenario, as models.Simulate does.
type simulator func(context.Context, *scenarios.Spec, models.Options) (*result.Set, error)

// A program is kafkasim and what it depends on.
type program struct {
	simulate   simulator
	measure    measurer                    // real Kafka
	measurable func(*scenarios.Spec) error // nil, or why real Kafka cannot run it here
	calibrate  calibrator                  // this machine
	healthy    healthMeasurer              // a healthy cluster, for a calibration
	getenv     func(string) string
}

// A session is one execution of the program: what a subcommand may touch.
type session struct {
	program
	stdin  io.Reader
	stdout *checkedWriter // the result
	stderr *checkedWriter // progress and words
	files  *files         // being written
}

// run carries out args and returns the exit code. The first interrupt ends ctx
// for the subcommand, which then reports what it has; a second one ends all at
// once, leaving no half-written file.
func (p program) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// A closed pipe is an error to report and not a signal to die of.
	signal.Ignore(syscall.SIGPIPE)
	ctx, again, stop := interruptible(ctx)
	defer stop()

	s := &session{
		program: p, stdin: stdin, files: &files{},
		stdout: &checkedWriter{to: stdout}, stderr: &checkedWriter{to: stderr},
	}
	done := make(chan int, 1)
	go func() { done <- s.execute(ctx, args) }()
	select {
	case code := <-done:
		s.files.discard()
		return code
	case <-again:
		s.files.discard()
		return exitInterrupted
	}
}

// execute runs the subcommand that args name and turns its error into words on
// stderr and an exit code.
func (s *session) execute(ctx context.Context, args []string) (code int) {
	defer func() {
		if broken := recover(); broken != nil {
			s.say("kafkasim: a bug in kafkasim: %v\n%s", broken, debug.Stack())
			code = exitBroken
		}
	}()
	root := s.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if lost := s.stdout.failure(); lost != nil {
		s.say("kafkasim: cannot write the output: %v", lost)
		return exitBroken
	}
	if err == nil {
		return exitDone
	}
	if text := err.Error(); text != "" {
		s.say("kafkasim: %s", text)
	}
	return exitCode(err)
}

// say writes a line of words to stderr. Where stderr is gone there is nobody to
// tell.
func (s *session) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.stderr, format+"\n", args...)
}

// rootCommand is kafkasim without a subcommand.
func (s *session) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "kafkasim",
		Short: "Predict what a Kafka cluster loses, how long it stalls and how far its consumers lag",
		Long: "Kafkasim predicts what an Apache Kafka cluster loses, how long it stalls and how far\n" +
			"its consumers lag, from a scenario file.\n\n" +
			"Exit codes: 0 done, and no objective failed; 1 something broke; 2 wrong usage;\n" +
			"98 an objective or a prediction is inconclusive or has no data; 99 one failed, or\n" +
			"compare found something worse; 104 the scenario is invalid; 130 interrupted.",
		SilenceErrors:              true,
		SilenceUsage:               true,
		DisableFlagsInUseLine:      true,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
		SuggestionsMinimumDistance: 2, // letters
		Args:                       knownSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(s.stdin)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		s.runCommand(), s.boundsCommand(), s.measureCommand(), s.verifyCommand(), s.calibrateCommand(), s.validateCommand(), s.listCommand(), s.showCommand(),
		s.reportCommand(), s.initCommand(), s.schemaCommand(), s.metricsCommand(), s.versionCommand(), s.clientProcessCommand(),
		s.compareCommand(),
	)
	return root
}

// knownSubcommand refuses what is no subcommand and names the nearest ones.
func knownSubcommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := root.SuggestionsFor(args[0])
	if len(near) > 0 {
		return usage(fmt.Errorf("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or ")))
	}
	var all []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			all = append(all, c.Name())
		}
	}
	return usage(fmt.Errorf("there is no command %q; there are %s", args[0], strings.Join(all, ", ")))
}

// arguments checks that a subcommand has between least and most arguments; its
// use line says what they are.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage(fmt.Errorf("something is missing; the usage is: %s", cmd.UseLine()))
		case len(args) > most:
			return usage(fmt.Errorf("%q is too much; the usage is: %s", args[most], cmd.UseLine()))
		}
		return nil
	}
}
