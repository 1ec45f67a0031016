package models_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"kafkasim/models"
	"kafkasim/models/workload"
	"kafkasim/reports/check"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// embedded parses an embedded scenario, with overrides as of --set.
func embedded(t *testing.T, name string, sets ...string) *scenarios.Spec {
	t.Helper()
	e, ok := scenarios.ByName(name)
	if !ok {
		t.Fatalf("no scenario %s is embedded", name)
	}
	return parsed(t, e.Name, e.Source, sets...)
}

// parsed parses a scenario, with overrides as of --set.
func parsed(t *testing.T, name string, source []byte, sets ...string) *scenarios.Spec {
	t.Helper()
	overrides := make([]scenarios.Override, 0, len(sets))
	for _, text := range sets {
		o, err := scenarios.ParseOverride(text)
		if err != nil {
			t.Fatal(err)
		}
		overrides = append(overrides, o)
	}
	spec, problems := scenarios.Parse(name, source, overrides)
	for _, p := range problems {
		t.Errorf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return spec
}

// simulate runs a scenario; the ledger of each replication is checked on the way.
func simulate(t *testing.T, spec *scenarios.Spec, workers int) *result.Set {
	t.Helper()
	set, err := models.Simulate(context.Background(), spec, models.Options{Workers: workers, Version: "test"})
	if err != nil {
		t.Fatalf("%s: %v", spec.Name, err)
	}
	return set
}

// affordable is a scenario with so few replications that it simulates no more than
// 200,000 records, but at least eight: a bound that holds for all is tried by any of
// them.
func affordable(t *testing.T, e scenarios.EmbeddedScenario, spec *scenarios.Spec) *scenarios.Spec {
	t.Helper()
	records := 0.0
	for i := range spec.Producers {
		records += workload.NewCurve(spec.Producers[i].Rate, spec.Duration).Integral(sim.Time(spec.Duration))
	}
	n := min(spec.Replications, max(8, int(200_000/records)))
	return parsed(t, e.Name, e.Source, fmt.Sprintf("replications=%d", n))
}

// TestShippedScenarios: every scenario within the program runs as it is shipped,
// and each of its objectives, whose bounds its file derives, is met.
func TestShippedScenarios(t *testing.T) {
	for _, e := range scenarios.Embedded() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			spec := parsed(t, e.Name, e.Source)
			if e.Folder == "verify" {
				spec = affordable(t, e, spec)
			}
			if spec.Name != e.Name {
				t.Errorf("scenario: %s in the file %s/%s.yaml", spec.Name, e.Folder, e.Name)
			}
			if len(spec.Objectives) == 0 {
				t.Error("it has no objectives")
			}
			set := simulate(t, spec, runtime.GOMAXPROCS(0))
			for _, o := range check.Judge(set, spec) {
				if o.Verdict != result.Pass {
					t.Errorf("%s: %s: %s", o.Verdict, o.Expression, o.Words)
				}
			}
			for _, w := range set.Warnings {
				t.Errorf("warning: %s", w)
			}
		})
	}
}
