package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kafkasim/models/analytic"
	"kafkasim/reports/result"
)

func (s *session) boundsCommand() *cobra.Command {
	var set []string
	var jsonTo string
	cmd := &cobra.Command{
		Use:   "bounds FILE|NAME",
		Short: "Print the worst that a scenario can cost, term by term, without running it",
		Long: "Print proven upper bounds of what a scenario can lose, duplicate, stall and move, from the\n" +
			"scenario alone: each term with its formula and the numbers in it. Nothing is simulated;\n" +
			"no replication of `kafkasim run` goes beyond them. Where no bound is known the reason stands.\n\n" +
			"With --json - stdout is the JSON alone.",
		Example: "  kafkasim bounds leader-crash-acks-1\n" +
			"  kafkasim bounds mine.yaml --set producers.playback.config.acks=all",
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return s.bounds(args, set, jsonTo)
		},
	}
	setFlag(cmd, &set)
	cmd.Flags().StringVar(&jsonTo, "json", "", "write the bounds as JSON to `FILE`, or to stdout if that is -")
	return cmd
}

// bounds reads a scenario and writes its bounds: the table to stdout, or the JSON
// there instead, or the JSON to its file beside the table.
func (s *session) bounds(names, set []string, jsonTo string) error {
	specs, err := s.readScenarios(names, set)
	if err != nil {
		return err
	}
	report := analytic.Of(specs[0])
	if jsonTo == "-" {
		return s.printJSON(report)
	}
	var unwritten error
	if jsonTo != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		file, err := s.files.create(jsonTo)
		if err != nil {
			return err
		}
		unwritten = file.commit(append(text, '\n'))
	}
	_, err = s.stdout.Write(boundsText(&report, s.width()))
	return errors.Join(unwritten, err)
}

// boundsText sets the bounds out: each with its terms below it, and below each term
// the formula and the numbers in it.
func boundsText(r *analytic.Report, width int) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s: the worst that can happen\n", r.Scenario)
	section := func(title string, bounds []analytic.Bound) {
		if len(bounds) == 0 {
			return
		}
		fmt.Fprintf(&out, "\n%s\n", title)
		for i := range bounds {
			writeBound(&out, &bounds[i], width)
		}
	}
	section("IN ANY REPLICATION, AT MOST", r.Bounds)
	section("TO DRAIN A BACKLOG, ON AVERAGE AT MOST", r.Drains)
	section("MOVED BY A BROKER AT THE PEAK, ON AVERAGE", r.Volumes)
	out.WriteString("\nTHIS HOLDS AS LONG AS\n")
	for _, a := range r.Assumptions {
		hang(&out, "  - ", a, width)
	}
	return out.Bytes()
}

// writeBound writes one bound and its terms.
func writeBound(out *bytes.Buffer, b *analytic.Bound, width int) {
	head := fmt.Sprintf("%-28s ", b.Metric)
	switch {
	case !b.Known:
		hang(out, head, "no bound: "+b.None, width)
	case b.Why != "":
		hang(out, head, amount(b.Value, b.Unit)+": "+b.Why, width)
	default:
		hang(out, head, amount(b.Value, b.Unit), width)
	}
	for i := range b.Terms {
		if t := &b.Terms[i]; t.None == "" || t.None != b.None {
			writeTerm(out, t, b.Unit, width)
		}
	}
}

// writeTerm writes a term: what it is, what it comes to, and how.
func writeTerm(out *bytes.Buffer, t *analytic.Term, unit string, width int) {
	name := t.Name
	if t.Of != "" {
		name += ", " + t.Of
	}
	value := amount(t.Result, unit)
	if t.None != "" {
		value = "no bound: " + t.None
	}
	hang(out, "  "+name+": ", value, width)
	if len(t.Inputs) == 0 && t.None != "" {
		return
	}
	hang(out, "      = ", t.Formula, width)
	numbers := make([]string, 0, len(t.Inputs))
	for _, in := range t.Inputs {
		// Words of one number stay together where the line allows it.
		numbers = append(numbers, in.Name+" "+strings.ReplaceAll(amount(in.Value, in.Unit), " ", "\u00a0"))
	}
	if len(numbers) > 0 {
		hang(out, "        ", strings.Join(numbers, "; "), width)
	}
}

// amount writes a value with its unit.
func amount(value float64, unit string) string {
	switch unit {
	case "records":
		if value == 1 {
			return "1 record"
		}
		return result.Number(value) + " records"
	case "1/s":
		return result.Number(value) + "/s"
	}
	return result.Quantity(value, unit)
}
