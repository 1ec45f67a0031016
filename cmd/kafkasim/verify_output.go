package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"kafkasim/harness/cluster"
	"kafkasim/reports/compare"
	"kafkasim/reports/plot"
	"kafkasim/reports/render"
)

// verifyOutput is where a verification is written. Its places are claimed before
// anything runs, because nobody wants to hear of a full or forbidden directory
// after half an hour.
type verifyOutput struct {
	json *file // nil without, and for stdout
}

func (s *session) verifyOutput(o *verifyOptions) (*verifyOutput, error) {
	for _, dir := range []string{o.plots, o.keep} {
		if dir == "" {
			continue
		}
		if err := directory(dir); err != nil {
			return nil, err
		}
	}
	out := &verifyOutput{}
	if o.json != "" && o.json != "-" {
		f, err := s.files.create(o.json)
		if err != nil {
			return nil, err
		}
		out.json = f
	}
	return out, o.page.claim(s)
}

// report compares what there is and writes it everywhere it was asked for. What
// cannot be written in one place is still written in the others.
func (v *verification) report(out *verifyOutput, scenarioCount int) (code int, err error) {
	compared, err := compare.Compare(v.inputs)
	if err != nil {
		return exitBroken, err
	}
	if v.options.pooled {
		compared.JudgePooled()
	}
	compared.Version = version
	for i := range compared.Scenarios {
		compared.Partial = compared.Partial || compared.Scenarios[i].Partial
	}
	compared.Partial = compared.Partial || len(v.inputs) < scenarioCount
	compared.Warnings = append(compared.Warnings, v.assumed()...)
	provenance := v.machine.provenance
	provenance.Draws = len(v.machine.draws)
	compared.Calibration = &provenance
	compared.Environment = &compare.Environment{Image: v.options.image}
	for _, spec := range v.specs {
		if release := cluster.DefaultKafka(spec.Clusters[0].Version); !slices.Contains(compared.Environment.Kafka, release) {
			compared.Environment.Kafka = append(compared.Environment.Kafka, release)
		}
	}

	page := func(w io.Writer) error { return render.VerificationHTML(w, compared) }
	unwritten := errors.Join(v.keep(compared), v.draw(compared), v.options.page.write(v.session, v.options.quiet, page))
	var table, asJSON bytes.Buffer
	if err := compared.WriteJSON(&asJSON); err != nil {
		return exitBroken, err
	}
	if v.options.json == "-" {
		_, err := v.stdout.Write(asJSON.Bytes())
		return compared.ExitCode(), errors.Join(unwritten, err)
	}
	if out.json != nil {
		unwritten = errors.Join(unwritten, out.json.commit(asJSON.Bytes()))
	}
	if err := render.Verification(&table, compared, render.TerminalOptions{Width: v.width(), Colour: v.coloured()}); err != nil {
		return exitBroken, err
	}
	_, err = v.stdout.Write(table.Bytes())
	return compared.ExitCode(), errors.Join(unwritten, err)
}

// keep writes the Sets that were compared, and what came of it.
func (v *verification) keep(compared *compare.Verification) error {
	if v.options.keep == "" {
		return nil
	}
	for i := range v.inputs {
		in := &v.inputs[i]
		dir := filepath.Join(v.options.keep, fileName(in.Measured.Scenario))
		if err := directory(dir); err != nil {
			return err
		}
		if err := v.write(filepath.Join(dir, "measured.json"), in.Measured.WriteJSON); err != nil {
			return err
		}
		for d, set := range in.Predicted {
			if err := v.write(filepath.Join(dir, fmt.Sprintf("predicted-%02d.json", d+1)), set.WriteJSON); err != nil {
				return err
			}
		}
	}
	return v.write(filepath.Join(v.options.keep, "verification.json"), compared.WriteJSON)
}

// draw writes the plots.
func (v *verification) draw(compared *compare.Verification) error {
	if v.options.plots == "" {
		return nil
	}
	for i := range v.inputs {
		dir := filepath.Join(v.options.plots, fileName(v.inputs[i].Measured.Scenario))
		if err := directory(dir); err != nil {
			return err
		}
		if err := v.writeFigures(dir, plot.Scenario(&compared.Scenarios[i]), svg|png); err != nil {
			return err
		}
	}
	return nil
}
