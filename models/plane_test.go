package models

import (
	"strings"
	"testing"

	"kafkasim/scenarios"
)

// day is design section 10's day: far beyond the batch plane.
const day = `
scenario: day
duration: 24 h
cluster: {brokers: 12}
topics:
  - {name: t, partitions: 240, replication_factor: 3}
producers:
  - {name: p, topic: t, instances: 50, rate: 200k/s, record_size: 500 B, client: java, config: {acks: 1}}
`

func TestADayAtFullRateIsRefusedUntilThereIsAFlowPlane(t *testing.T) {
	spec, problems := scenarios.Parse("day.yaml", []byte(day), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := ChoosePlane(spec, "auto"); err == nil || !strings.Contains(err.Error(), "not yet supported: the flow plane") {
		t.Errorf("a day at 200,000 records/s: %v", err)
	}
	if plane, err := ChoosePlane(spec, "batch"); plane != "batch" || err != nil {
		t.Errorf("who insists on the batch plane gets %q, %v", plane, err)
	}
	if _, err := ChoosePlane(spec, "fluid"); err == nil || !strings.Contains(err.Error(), "auto, batch and flow") {
		t.Errorf("a plane that is none: %v", err)
	}
}

func TestTheDefaultScenarioIsForTheBatchPlane(t *testing.T) {
	e, found := scenarios.ByName(scenarios.Default)
	if !found {
		t.Fatal("no default scenario")
	}
	spec, problems := scenarios.Parse(e.Name, e.Source, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if plane, err := ChoosePlane(spec, "auto"); plane != "batch" || err != nil {
		t.Errorf("got %q, %v", plane, err)
	}
}
