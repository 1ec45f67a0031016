package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

func (s *session) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Print an embedded scenario with its comments",
		Example: "  kafkasim show leader-crash-acks-1 > mine.yaml",
		Args:    arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			embedded, found := scenarios.ByName(args[0])
			if !found {
				return usage(fmt.Errorf("there is no embedded scenario %s; `kafkasim list` shows those that there are", args[0]))
			}
			_, err := s.stdout.Write(embedded.Source)
			return err
		},
	}
}
