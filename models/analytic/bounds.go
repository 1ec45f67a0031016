package analytic

import "kafkasim/scenarios"

// Of bounds what a scenario can cost, from the scenario alone: nothing is simulated.
// Every bound is the sum of its terms and holds in every replication, under the
// assumptions that the report names.
func Of(spec *scenarios.Spec) Report {
	s := look(spec)
	stall := s.writeStall()
	loss := s.acknowledgedLoss(&stall)
	return Report{
		Scenario: spec.Name, SHA256: spec.SHA256, Assumptions: assumptions(),
		Bounds: []Bound{
			loss, s.bufferLoss(&stall), s.crashLoss(), s.skippedLoss(),
			s.producedTwice(&stall, &loss), s.consumedTwice(),
			stall, s.leaderlessTime(),
		},
		Volumes: s.volumes(), Drains: s.drains(&stall),
	}
}
