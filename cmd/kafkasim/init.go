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
	return &cobra.Command{
		Use:     "init [FILE]",
		Short:   "Write a commented scenario to start from",
		Long:    "Write a commented scenario to start from, to stdout or to a file that does not exist yet.",
		Example: "  kafkasim init mine.yaml && kafkasim run mine.yaml",
		Args:    arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := s.stdout.Write(scenarios.Starter())
				return err
			}
			return s.initFile(args[0])
		},
	}
}

// initFile writes the starter to a new file.
func (s *session) initFile(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return usage(fmt.Errorf("%s exists already, and is left as it is", path))
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot write: %w", err)
	}
	f, err := s.files.create(path)
	if err != nil {
		return err
	}
	if err := f.commit(scenarios.Starter()); err != nil {
		return err
	}
	s.say("%s is written; `kafkasim run %s` runs it", path, path)
	return nil
}
