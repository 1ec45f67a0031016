package main

import (
	"github.com/spf13/cobra"

	"kafkasim/harness/load"
)

// clientProcessCommand is what `measure` starts for each of its client processes;
// it is of no use to anybody else.
func (s *session) clientProcessCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "client-process FILE",
		Short:  "Be one client of a measured run, as the plan in FILE says",
		Hidden: true,
		Args:   arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return load.Main(cmd.Context(), args[0], s.stdin, s.stdout, s.stderr)
		},
	}
}
