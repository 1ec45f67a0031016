package main

import (
	"context"

	"kafkasim/reports/compare"
	"kafkasim/scenarios"
)

// A calibrator finds the hardware profile of this machine, or reads one.
type calibrator func(context.Context, calibrateOptions) (*calibrated, error)

// calibrateOptions are the choices of a calibration for a verification.
type calibrateOptions struct {
	hardware string // file of a profile to read instead of measuring; "" measures
	draws    int    // of the profile: how many are wanted
	seed     uint64 // of the draws
	parallel int    // simulations at a time
	image    string // as in kafkaOptions
	keep     string
	progress func(stage string)
}

// A calibrated machine is a hardware profile with its error.
type calibrated struct {
	// draws are machines that are equally likely after what was measured; one is
	// enough where the profile is taken as exact.
	draws      []scenarios.Hardware
	provenance compare.Calibration // without the number of draws
}

// calibrated is what a verification predicts with.
func (s *session) calibrated(ctx context.Context, o calibrateOptions) (*calibrated, error) {
	if s.calibrate != nil {
		return s.calibrate(ctx, o)
	}
	return s.machineFor(ctx, o)
}
