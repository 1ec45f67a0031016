package models

import (
	"context"
	"fmt"

	"kafkasim/models/batch"
	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// Follow runs replication number (from 0) of spec once more, by itself, and writes
// down what happens in it. Its result is the same as in Simulate.
func Follow(ctx context.Context, spec *scenarios.Spec, options Options, number int) (*story.Story, result.Replication, error) {
	if len(spec.Unsupported) > 0 {
		return nil, result.Replication{}, fmt.Errorf("scenario %s: %s", spec.Name, spec.Unsupported[0].Message)
	}
	if _, err := ChoosePlane(spec, options.Plane); err != nil {
		return nil, result.Replication{}, err
	}
	plane, err := batch.New(spec)
	if err != nil {
		return nil, result.Replication{}, err
	}
	replication, told, err := plane.NewRunner().Follow(ctx, number)
	return told, replication, err
}
