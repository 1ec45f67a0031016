package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// A side is one of the two that are compared: a result, or a scenario to run.
type side struct {
	contrast.Input
	text text            // of a scenario
	spec *scenarios.Spec // to be run; nil for a result that was read
}

// readSides reads both sides, and makes those that are scenarios fit to be compared:
// of one seed, and of equally many replications.
func (s *session) readSides(names []string, o *compareOptions) ([]side, error) {
	sides := make([]side, len(names))
	for i, name := range names {
		var err error
		if sides[i], err = s.readSide(name); err != nil {
			return nil, err
		}
	}
	own := [][]string{o.setA, o.setB}
	if err := refuseChanges(sides, own, o); err != nil {
		return nil, err
	}
	for i := range sides {
		if sides[i].Set == nil {
			sides[i].Changes = slices.Concat(o.set, own[i])
		}
	}
	if _, err := s.parseSides(sides); err != nil {
		return nil, err
	}
	o.fit(sides)
	specs, err := s.parseSides(sides)
	if err != nil {
		return nil, err
	}
	for i := range sides { // how both are run is not what tells them apart
		if sides[i].spec != nil {
			sides[i].Changes = slices.Concat(o.set, own[i])
		}
	}
	return sides, planes(specs, o.plane)
}

// readSide finds out what a name stands for: a result where the text is a JSON
// object with metrics, else a scenario.
func (s *session) readSide(name string) (side, error) {
	whole, err := s.wholeText(name)
	if errors.Is(err, fs.ErrNotExist) {
		t, err := s.text(name)
		return side{text: t, Input: contrast.Input{Source: name}}, err
	}
	if err != nil {
		return side{}, fmt.Errorf("cannot read %s: %w", name, err)
	}
	in := contrast.Input{Source: name}
	if begin := bytes.TrimLeft(whole, " \t\r\n"); !bytes.HasPrefix(begin, []byte("{")) || !bytes.Contains(begin, []byte(`"metrics"`)) {
		t := text{name, whole, filesBeside(name)}
		if name == "-" {
			t = text{name: "stdin", source: whole}
		}
		return side{text: t, Input: in}, nil
	}
	if in.Set, err = result.Read(bytes.NewReader(whole)); err != nil {
		return side{}, usage(fmt.Errorf("%s: %w", name, err))
	}
	return side{Input: in}, nil
}

// wholeText is everything in a file, or on stdin for "-": a result may be larger
// than any scenario.
func (s *session) wholeText(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.stdin)
	}
	return os.ReadFile(name)
}

// refuseChanges refuses flags that have nothing to change: a result is what it is.
func refuseChanges(sides []side, own [][]string, o *compareOptions) error {
	results := 0
	for i, letter := range []string{"a", "b"} {
		if sides[i].Set == nil {
			continue
		}
		results++
		if len(own[i]) > 0 {
			return usage(fmt.Errorf("--set-%s: %s is a result, which nothing can change; give its scenario", letter, sides[i].Source))
		}
	}
	if results == len(sides) && (len(o.set) > 0 || o.seed != nil || o.replications > 0) {
		return usage(errors.New("--set, --seed and --replications are for scenarios; A and B are results, which nothing can change"))
	}
	return nil
}

// parseSides parses the sides that are scenarios, with their changes, or prints all
// the problems of both and ends the program.
func (s *session) parseSides(sides []side) ([]*scenarios.Spec, error) {
	var specs []*scenarios.Spec
	var words strings.Builder
	for i := range sides {
		side := &sides[i]
		if side.Set != nil {
			continue
		}
		changes, err := overrides(side.Changes)
		if err != nil {
			return nil, err
		}
		spec, problems := side.text.parse(changes)
		words.WriteString(scenarios.RenderProblems(side.text.source, problems))
		side.spec = spec
		specs = append(specs, spec)
	}
	if words.Len() > 0 {
		s.say("%s", strings.TrimRight(words.String(), "\n"))
		return nil, ended(exitInvalid)
	}
	return specs, nil
}

// leastReplications is how many replications of scenarios are compared unless
// something says otherwise: twins that differ all to one side have a P of 2⁻¹¹, which
// is seen at 5 % among a hundred rows.
const leastReplications = 12

// fit adds to the changes of the sides that are scenarios what makes the two
// comparable: a result's seed and number of replications, else A's seed and the
// greater number, at least leastReplications, unless the flags say otherwise.
func (o *compareOptions) fit(sides []side) {
	var seed *uint64
	replications, fixed := 0, false
	for i := range sides {
		own, n, is := sides[i].drawn()
		if !is {
			continue
		}
		read := sides[i].Set != nil // and cannot be changed any more
		if seed == nil || read {
			seed = &own
		}
		if read {
			replications, fixed = n, true
		} else if !fixed {
			replications = max(replications, n)
		}
	}
	if o.seed != nil {
		seed = o.seed
	}
	switch {
	case o.replications > 0:
		replications = o.replications
	case !fixed:
		replications = max(replications, leastReplications)
	}
	for i := range sides {
		if side := &sides[i]; side.Set == nil {
			// What the user says of one side alone comes last, and counts.
			side.Changes = slices.Concat([]string{
				"seed=" + strconv.FormatUint(*seed, 10), "replications=" + strconv.Itoa(replications),
			}, side.Changes)
		}
	}
}

// drawn is the seed of a side and how many replications it has; false where it was
// measured, which has no seed to share.
func (in *side) drawn() (seed uint64, replications int, is bool) {
	if in.Set == nil {
		return in.spec.Seed, in.spec.Replications, true
	}
	return in.Set.Seed, in.Set.Replications, in.Set.Origin == result.Simulated
}
