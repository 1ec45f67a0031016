package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

func (s *session) initCommand() *cobra.Command {
	var from fromCluster
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented scenario to start from, or one of a cluster that runs",
		Long: "Write a commented scenario to start from, to stdout or to a file that does not exist yet.\n\n" +
			"With --from-cluster it is a scenario of the Kafka cluster that a broker belongs to: its\n" +
			"brokers, controllers, settings, topics, and groups. Rates are left to be filled in, or\n" +
			"taken from two looks at the ends of the logs with --look. Nothing is changed there.\n" +
			"TLS and passwords are not supported.",
		Example: "  kafkasim init mine.yaml && kafkasim run mine.yaml\n" +
			"  kafkasim init --from-cluster localhost:9092 --look 10s mine.yaml",
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := mustBeNew(args[0]); err != nil {
					return err
				}
			}
			text := scenarios.Starter()
			if from.asked(cmd) {
				var err error
				if text, err = s.describe(cmd.Context(), &from); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				_, err := s.stdout.Write(text)
				return err
			}
			return s.initFile(args[0], text)
		},
	}
	from.flags(cmd)
	return cmd
}

// mustBeNew refuses a path at which there is something.
func mustBeNew(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return usage(fmt.Errorf("%s exists already, and is left as it is", path))
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}

// initFile writes a scenario to a new file.
func (s *session) initFile(path string, text []byte) error {
	f, err := s.files.create(path)
	if err != nil {
		return err
	}
	if err := f.commit(text); err != nil {
		return err
	}
	if _, problems := scenarios.Parse(path, text, nil); len(problems) > 0 {
		s.say("%s is written; fill in what it marks, then `kafkasim run %s` runs it", path, path)
		return nil
	}
	s.say("%s is written; `kafkasim run %s` runs it", path, path)
	return nil
}
