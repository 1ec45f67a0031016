package calibrate

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

func tryFit(t *testing.T, file string, change func(h *scenarios.Hardware)) {
	f, err := os.Open(file)
	if err != nil {
		t.Skip()
	}
	set, err := result.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	base := container(t)
	change(&base)
	began := time.Now()
	p, err := Fit(t.Context(), []Measurement{{Spec: Healthy(), Set: set}}, Options{Base: base, Simulate: models.Simulate, Seed: 1, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	p.WriteText(&b)
	own := *Healthy().WithHardware(&p.Hardware)
	own.Replications = 2
	sim, _ := models.Simulate(t.Context(), &own, models.Options{Plane: "batch", Workers: 2})
	u, _ := sim.Metric("broker.utilization")
	sum := 0.0
	for _, q := range p.Points {
		r := q.Residual()
		sum += r * r
	}
	fmt.Printf("%s idle %g: util %.3f  rms %.3f  %v\n%s\n", file, base.CPUIdle, u.Mean, sum, time.Since(began), b.String())
}

func TestTry(t *testing.T) {
	for _, idle := range []float64{0.05, 0.1} {
		tryFit(t, os.Getenv("CAL"), func(h *scenarios.Hardware) { h.CPUIdle = idle })
	}
}
