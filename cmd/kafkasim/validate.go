package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

// validity is what `kafkasim validate --json` says of one file.
type validity struct {
	File     string        `json:"file"`
	Valid    bool          `json:"valid"`
	Problems []jsonProblem `json:"problems"`
}

type jsonProblem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

func (s *session) validateCommand() *cobra.Command {
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate FILE|NAME...",
		Short: "Say what is wrong with scenarios, or that nothing is",
		Long:  "Say everything that is wrong with scenarios, each problem with its line, or that they are valid.\nThe exit code is 104 if one is not.",
		Args:  arguments(1, math.MaxInt),
		RunE: func(_ *cobra.Command, args []string) error {
			return s.validate(args, set, asJSON)
		},
	}
	setFlag(cmd, &set)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// validate judges every file, whatever is wrong with those before it.
func (s *session) validate(names, set []string, asJSON bool) error {
	changes, err := overrides(set)
	if err != nil {
		return err
	}
	code := exitDone
	all := make([]validity, 0, len(names))
	for _, name := range names {
		t, err := s.text(name)
		if err != nil {
			return err
		}
		_, problems := t.parse(changes)
		v := validity{File: name, Valid: len(problems) == 0, Problems: []jsonProblem{}}
		for _, p := range problems {
			v.Problems = append(v.Problems, jsonProblem{p.Line, p.Column, p.Message})
		}
		all = append(all, v)
		if !v.Valid {
			code = exitInvalid
		}
		if asJSON {
			continue
		}
		words := name + ": valid\n"
		if !v.Valid {
			words = scenarios.RenderProblems(t.source, problems)
		}
		if _, err := io.WriteString(s.stdout, words); err != nil {
			return err
		}
	}
	if asJSON {
		if err := s.printJSON(all); err != nil {
			return err
		}
	}
	return ended(code)
}

// printJSON writes v to stdout, indented.
func (s *session) printJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = s.stdout.Write(append(text, '\n'))
	return err
}
