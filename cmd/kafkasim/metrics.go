package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

// metric is one of the catalogue in `kafkasim metrics --json`.
type metric struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit"`
	Kind    string   `json:"kind"`
	Labels  []string `json:"labels"`
	Meaning string   `json:"meaning"`
}

func (s *session) metricsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "List what a result holds and an objective can judge",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			all := catalogue()
			if asJSON {
				return s.printJSON(all)
			}
			_, err := s.stdout.Write(metricsText(all, s.width()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func catalogue() []metric {
	var all []metric
	for _, m := range scenarios.Metrics() {
		all = append(all, metric{m.Name, m.Unit, m.Kind.String(), m.Labels, m.Meaning})
	}
	return all
}

// metricsText sets the catalogue out as columns, the meaning last.
func metricsText(all []metric, width int) []byte {
	name, unit, kind := len("METRIC"), len("UNIT"), len("KIND")
	for _, m := range all {
		name, unit, kind = max(name, len(m.Name)), max(unit, len(m.Unit)), max(kind, len(m.Kind))
	}
	var out bytes.Buffer
	row := func(m metric) {
		hang(&out, fmt.Sprintf("%-*s  %-*s  %-*s  ", name, m.Name, unit, m.Unit, kind, m.Kind), m.Meaning, width)
	}
	row(metric{Name: "METRIC", Unit: "UNIT", Kind: "KIND", Meaning: "MEANING"})
	for _, m := range all {
		row(m)
	}
	out.WriteByte('\n')
	hang(&out, "", "Without a label a metric is the total or the worst of all; with one, as in lag.records{group=readers}, "+
		"it is that of a cluster, topic, producer, group or broker. With --json the labels of each are listed.", width)
	return out.Bytes()
}
