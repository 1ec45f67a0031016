package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

// maxSource is how much of a file is read, in bytes: the language refuses one
// that is larger than a part of it, so the rest would only cost memory.
const maxSource = 16 << 20

// A text is a scenario before it is parsed.
type text struct {
	name   string // what messages call it
	source []byte
	read   scenarios.ReadFile // files that it names; nil if it may name none
}

// text finds a scenario: a file, stdin for "-", or an embedded one by its name.
func (s *session) text(name string) (text, error) {
	if name == "-" {
		source, err := limited(s.stdin)
		return text{name: "stdin", source: source}, err
	}
	source, err := readFile(name)
	if err == nil {
		return text{name, source, filesBeside(name)}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return text{}, fmt.Errorf("cannot read the scenario: %w", err)
	}
	if embedded, found := scenarios.ByName(name); found {
		return text{name: name, source: embedded.Source}, nil
	}
	return text{}, usage(fmt.Errorf("there is no file and no embedded scenario %s; `kafkasim list` shows those that there are", name))
}

// parse parses the text and returns the Spec, or everything that keeps it from
// being run.
func (t text) parse(overrides []scenarios.Override) (*scenarios.Spec, []scenarios.Problem) {
	spec, problems := scenarios.ParseFiles(t.name, t.source, overrides, t.read)
	if len(problems) == 0 {
		problems = spec.Unsupported
	}
	return spec, problems
}

// filesBeside reads files by their names relative to where path stands.
func filesBeside(path string) scenarios.ReadFile {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readFile(name)
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return limited(f)
}

func limited(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxSource)) }

// overrides parses the values of --set.
func overrides(set []string) ([]scenarios.Override, error) {
	all := make([]scenarios.Override, 0, len(set))
	for _, assignment := range set {
		override, err := scenarios.ParseOverride(assignment)
		if err != nil {
			return nil, usage(fmt.Errorf("--set %s: %w", assignment, err))
		}
		all = append(all, override)
	}
	return all, nil
}

// setFlag is --set of a subcommand.
func setFlag(cmd *cobra.Command, set *[]string) {
	cmd.Flags().StringArrayVar(set, "set", nil, "give a key of the scenario another value, `PATH=VALUE`; repeatable")
}

// readScenarios parses every one of names with the overrides, or prints all the
// problems of all of them and ends the program.
func (s *session) readScenarios(names, set []string) ([]*scenarios.Spec, error) {
	changes, err := overrides(set)
	if err != nil {
		return nil, err
	}
	var specs []*scenarios.Spec
	var words strings.Builder
	for _, name := range names {
		t, err := s.text(name)
		if err != nil {
			return nil, err
		}
		spec, problems := t.parse(changes)
		words.WriteString(scenarios.RenderProblems(t.source, problems))
		specs = append(specs, spec)
	}
	if words.Len() > 0 {
		s.say("%s", strings.TrimRight(words.String(), "\n"))
		return nil, ended(exitInvalid)
	}
	return specs, nil
}
