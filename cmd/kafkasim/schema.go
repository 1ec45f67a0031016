package main

import (
	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

func (s *session) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the scenario language, for editors",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := s.stdout.Write(scenarios.Schema())
			return err
		},
	}
}
