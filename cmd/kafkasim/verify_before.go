package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// measuredBefore reads what a verification kept of its measurements. The scenarios
// must be the very ones that were measured, but for what --set changes in the
// predictions. Predictions need the profile of the machine of that time: the one
// that was named, or that of the calibration which was kept as well.
func (s *session) measuredBefore(names []string, specs []*scenarios.Spec, o *verifyOptions) (map[string]*result.Set, error) {
	if err := once(specs); err != nil {
		return nil, err
	}
	if o.hardware == "" {
		kept := filepath.Join(o.measured, "calibration", "profile.yaml")
		if _, err := readFile(kept); errors.Is(err, fs.ErrNotExist) {
			return nil, usage(fmt.Errorf("--measured %s: there is no %s; name the profile of the machine that it was measured on with --hardware", o.measured, kept))
		}
		o.hardware = kept
	}
	plain, err := s.readScenarios(names, nil)
	if err != nil {
		return nil, err
	}
	sets := map[string]*result.Set{}
	for i, spec := range specs {
		if _, err := models.ChoosePlane(spec, "auto"); err != nil {
			return nil, &codedError{exitInvalid, fmt.Errorf("%s: %w", spec.Name, err)}
		}
		path := filepath.Join(o.measured, fileName(spec.Name), "measured.json")
		text, err := readPacked(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read what was measured: %w", err)
		}
		set, err := result.Read(bytes.NewReader(text))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		case set.Origin != result.Measured:
			return nil, fmt.Errorf("%s is a %s result, and not a measured one", path, set.Origin)
		case set.SpecSHA256 != plain[i].SHA256:
			return nil, fmt.Errorf("%s was measured with another version of %s (spec %.12s, now %.12s)", path, spec.Name, set.SpecSHA256, plain[i].SHA256)
		}
		spec.SHA256 = plain[i].SHA256 // it is the prediction of what was measured
		sets[spec.Name] = set
	}
	return sets, nil
}

// readPacked reads a file, or the one beside it that gzip made of it.
func readPacked(path string) ([]byte, error) {
	text, err := readFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	packed, none := readFile(path + ".gz")
	if none != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s.gz: %w", path, err)
	}
	if text, err = limited(r); err != nil {
		return nil, fmt.Errorf("%s.gz: %w", path, err)
	}
	return text, nil
}

// assumed says what was predicted with, if that is not what was measured with.
func (v *verification) assumed() []string {
	if v.before == nil || len(v.options.set) == 0 {
		return nil
	}
	return []string{"predicted with " + strings.Join(v.options.set, " and ") + ", and measured without"}
}
