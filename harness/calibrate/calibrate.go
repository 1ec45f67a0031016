// Package calibrate finds out what a machine's figures are: it measures a healthy
// Kafka cluster on it at several levels of load, and looks for the hardware
// profile with which the simulator says the same. Nothing of a run in which
// anything broke ever enters a profile.
package calibrate

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the scenario that is measured
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

//go:embed healthy.yaml
var healthySource []byte

// Healthy is the scenario that a calibration measures: several levels of load one
// after the other on one cluster, without a fault.
func Healthy() *scenarios.Spec {
	spec, problems := scenarios.Parse("calibration", healthySource, nil)
	if len(problems) > 0 {
		panic("calibrate: the embedded scenario: " + problems[0].Error())
	}
	return spec
}

// A Measurement is what was seen of one healthy scenario on a real cluster.
type Measurement struct {
	Spec   *scenarios.Spec
	Set    *result.Set // of at least one repetition
	Direct Direct
	Busy   float64 // what AwaitRest returned before it, 0 to 1
}

// A Measure runs a healthy scenario on a real cluster, so many times.
type Measure func(ctx context.Context, spec *scenarios.Spec, repetitions int) (Measurement, error)

// Options are the choices of a calibration.
type Options struct {
	Base       scenarios.Hardware // what is known before; its figures that are not found stay
	Simulate   Simulate
	Seed       uint64
	Workers    int        // simulations at a time, at least 1; the profile does not depend on it
	Provenance Provenance // what the caller knows of it; the rest is filled in
	// Progress is called from one goroutine at a time with how many simulations are
	// done; may be nil.
	Progress func(simulations int)
}

// Calibrate measures the healthy scenario and fits a profile to it.
func Calibrate(ctx context.Context, measure Measure, repetitions int, o Options) (*Profile, error) {
	m, err := measure(ctx, Healthy(), repetitions)
	if err != nil {
		return nil, fmt.Errorf("measure a healthy cluster: %w", err)
	}
	return Fit(ctx, []Measurement{m}, o)
}

// Fit finds the profile that measurements of healthy scenarios speak for. The
// same measurements, options and version give the same profile.
func Fit(ctx context.Context, measurements []Measurement, o Options) (*Profile, error) {
	if len(measurements) == 0 {
		return nil, errors.New("there is nothing to fit a profile to")
	}
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	p := &Profile{Hardware: o.Base, Provenance: o.Provenance}
	p.Provenance.Base, p.Provenance.Seed = o.Base.Name, o.Seed
	if p.Provenance.Date == "" {
		p.Provenance.Date = today()
	}
	var direct Direct
	for _, m := range measurements {
		if err := healthy(m.Spec, m.Set); err != nil {
			return nil, err
		}
		direct.merge(m.Direct)
		p.Provenance.Machine.Busy = max(p.Provenance.Machine.Busy, m.Busy)
		p.Provenance.Runs = append(p.Provenance.Runs, runOf(m))
	}
	read := direct.apply(&p.Hardware)
	s := &search{
		simulate: o.Simulate, workers: o.Workers, seed: o.Seed, base: p.Hardware, progress: o.Progress,
		coordinates: slices.DeleteFunc(fittedCoordinates(), func(c coordinate) bool {
			return slices.ContainsFunc(read, func(p Parameter) bool { return p.Name == c.name })
		}),
	}
	s.centre = place(&s.base, s.coordinates)
	for _, m := range measurements {
		s.specs = append(s.specs, m.Spec.WithHardware(&s.base))
		s.measured = append(s.measured, logs(m.Spec, m.Set)...)
	}
	before, chance, err := s.weigh(ctx, measurements)
	if err != nil {
		return nil, err
	}
	found, slopes, err := s.run(ctx)
	if err != nil {
		return nil, err
	}
	covariance, err := s.covariance(found.simulated, slopes)
	if err != nil {
		return nil, err
	}
	p.Hardware = at(p.Hardware, s.coordinates, found.x)
	p.Hardware.Name += ", calibrated"
	p.take(s, found.x, covariance, read)
	// Other random numbers than the search had: what was fitted to their accidents
	// shows here.
	final, err := s.predict(ctx, found.x, finalReplications, s.seed+1)
	if err != nil {
		return nil, err
	}
	p.Provenance.Simulations = s.done
	p.points(s, before, s.all(final), chance)
	p.warnOfMeasurement()
	p.warn()
	return p, nil
}

// runOf describes a measurement.
func runOf(m Measurement) Run {
	r := Run{Scenario: m.Spec.Name, SpecSHA256: m.Spec.SHA256, Repetitions: m.Set.Replications, Warnings: m.Set.Warnings}
	var text bytes.Buffer
	if err := m.Set.WriteJSON(&text); err == nil {
		sum := sha256.Sum256(text.Bytes())
		r.SHA256 = hex.EncodeToString(sum[:])
	}
	return r
}

// weigh simulates the profile that the fit begins with, to see how much a run
// scatters, and from that how much each figure weighs. It returns the figures of
// that profile, and the standard error of each measured one.
func (s *search) weigh(ctx context.Context, measurements []Measurement) (before, chance []float64, err error) {
	sets, err := s.predict(ctx, s.centre, scatterReplications, s.seed+2)
	if err != nil {
		return nil, nil, err
	}
	for i, m := range measurements {
		repetitions := float64(m.Set.Replications)
		for _, f := range figures(m.Spec) {
			sd := f.scatter(sets[i])
			// Few repetitions know little of their own scatter, and may be alike by luck.
			if own := f.scatter(m.Set); m.Set.Replications >= 3 && !(own < sd) {
				sd = own
			}
			if math.IsNaN(sd) {
				sd = 1 // nothing is known of it: it hardly counts
			}
			chance = append(chance, sd/math.Sqrt(repetitions))
			s.sigma = append(s.sigma, math.Sqrt(sd*sd/repetitions+sd*sd/searchReplications+f.slack*f.slack))
			s.weights = append(s.weights, f.weight)
		}
	}
	seen := 0
	for _, v := range s.measured {
		if !math.IsNaN(v) {
			seen++
		}
	}
	if seen < len(s.coordinates) {
		return nil, nil, fmt.Errorf("the measurement has %d figures to fit to where %d are needed", seen, len(s.coordinates))
	}
	return s.all(sets), chance, nil
}

// knownShare is the part of a parameter's variance that the measurements have to
// take away for it to be called identified.
const knownShare = 0.75

// take notes the parameters, those of the fit first.
func (p *Profile) take(s *search, x []float64, covariance *mat.SymDense, read []Parameter) {
	fitted := len(s.coordinates)
	p.Covariance = make([][]float64, fitted+len(read))
	for i := range p.Covariance {
		p.Covariance[i] = make([]float64, fitted+len(read))
	}
	for i, c := range s.coordinates {
		variance := covariance.At(i, i)
		p.Parameters = append(p.Parameters, Parameter{
			Name: c.name, Before: math.Exp(s.centre[i]), After: math.Exp(x[i]), Deviation: math.Sqrt(variance), Source: Fitted,
			Identified: 1-variance/(c.prior*c.prior) >= knownShare,
		})
		for k := range s.coordinates {
			p.Covariance[i][k] = covariance.At(i, k)
		}
	}
	for i := range read {
		p.Parameters = append(p.Parameters, read[i])
		p.Covariance[fitted+i][fitted+i] = read[i].Deviation * read[i].Deviation
	}
}

// points notes every figure that was compared.
func (p *Profile) points(s *search, before, fitted, chance []float64) {
	i := 0
	for _, spec := range s.specs {
		for _, f := range figures(spec) {
			if !math.IsNaN(s.measured[i]) && !math.IsNaN(fitted[i]) {
				p.Points = append(p.Points, Point{
					Scenario: spec.Name, Metric: f.metric, Statistic: f.statistic,
					Measured: math.Exp(s.measured[i]), Before: math.Exp(before[i]), Fitted: math.Exp(fitted[i]), Error: chance[i],
				})
			}
			i++
		}
	}
}

// poor is a residual that makes a fit one to be warned of.
const poor = 0.25

// bound is a correlation from which two parameters are known only together.
const bound = 0.9

// warnOfMeasurement says what was wrong while the cluster was measured.
func (p *Profile) warnOfMeasurement() {
	if busy := p.Provenance.Machine.Busy; busy > 1-atRest {
		p.Warnings = append(p.Warnings, fmt.Sprintf("something else had %.0f %% of the machine's processors when the measurement began: "+
			"the profile is that of a busy machine", 100*busy))
	}
	for _, r := range p.Provenance.Runs {
		var disturbances []string
		for _, w := range r.Warnings {
			if _, what, found := strings.Cut(w, "disturbed: "); found {
				disturbances = append(disturbances, what)
			} else {
				p.Warnings = append(p.Warnings, w)
			}
		}
		if n := len(disturbances); n > 0 {
			p.Warnings = append(p.Warnings, fmt.Sprintf("the measurement of %s was disturbed, %s%s; leave the machine to it and calibrate again",
				r.Scenario, disturbances[0], more(n-1)))
		}
	}
}

// warn says in plain words what a reader should not miss.
func (p *Profile) warn() {
	off, worst := 0, 0
	for i := range p.Points {
		if math.Abs(p.Points[i].Residual()) > poor {
			off++
		}
		if math.Abs(p.Points[i].Residual()) > math.Abs(p.Points[worst].Residual()) {
			worst = i
		}
	}
	if off > 0 {
		w := &p.Points[worst]
		p.Warnings = append(p.Warnings, fmt.Sprintf("the fit is poor: %d of %d figures are more than %.0f %% off, most of all the %s of %s, "+
			"measured %s and simulated %s", off, len(p.Points), 100*poor, w.Statistic, w.Metric, w.text(w.Measured), w.text(w.Fitted)))
	}
	for i := range p.Parameters {
		a := &p.Parameters[i]
		if !a.Identified {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s is not identified by the measurements: it is mostly what %s has it to be", a.Name, p.Provenance.Base))
		}
		for k := range i {
			b := &p.Parameters[k]
			if r := p.Covariance[i][k] / (a.Deviation * b.Deviation); math.Abs(r) > bound {
				p.Warnings = append(p.Warnings, fmt.Sprintf("%s and %s are known only together (correlation %.2f)", b.Name, a.Name, r))
			}
		}
	}
}
