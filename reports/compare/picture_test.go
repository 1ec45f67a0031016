package compare_test

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// TestPictureHoldsBothSides: what a report draws of two draws of a profile and a
// measurement is all in the verification, and survives its file.
func TestPictureHoldsBothSides(t *testing.T) {
	t.Parallel()
	header := resulttest.Header()
	header.Grid = result.Grid{Step: time.Second, Count: 3}
	header.About = result.About{
		Description: "A leader dies.", Text: "scenario: x\n", Overrides: []string{"seed=7"}, Duration: 3 * time.Second, Warmup: time.Second,
		Faults: []result.Fault{
			{At: time.Second, Until: 2 * time.Second, Words: "broker crash: broker 1"},
			{At: 2 * time.Second, Until: result.NotHealed, Words: "disk loss: broker 2"},
		},
	}
	nan := math.NaN()
	of := func(origin result.Origin, latency int64, n int, lag ...float64) *result.Set {
		h := header
		h.Origin = origin
		var runs []*resulttest.Run
		for range n {
			runs = append(runs, resulttest.NewRun().Count("delivered", 10).Count("acked", 10).
				Distribution("produce.latency", latency).Distribution("produce.latency{topic=t}", latency).
				Series("lag.records", lag...).Series("leaderless", nan, nan, nan))
		}
		return resulttest.Set(t, h, runs...)
	}
	in := compare.Input{
		// Their mean is by replications: (1 + 3·5)/4. Nobody has a value at the end.
		Predicted: []*result.Set{of(result.Simulated, 1e6, 1, 1, nan, nan), of(result.Simulated, 3e6, 3, 5, 1./3, nan)},
		Measured:  of(result.Measured, 2e6, 2, 4, 2, 1),
	}
	v, err := compare.Compare([]compare.Input{in})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := v.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	read, err := compare.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	p := read.Scenarios[0].Picture
	if len(p.Lines) != 1 || p.Lines[0].Name != "lag.records" {
		t.Fatalf("time lines: %+v", p.Lines)
	}
	line := &p.Lines[0]
	for name, c := range map[string]struct{ got, want []compare.Number }{
		"predicted":       {line.Predicted.Mean, []compare.Number{4, 0.33333, compare.Number(nan)}},
		"predicted range": {line.Predicted.Low, []compare.Number{1, 0.33333, compare.Number(nan)}},
		"measured":        {line.Measured.High, []compare.Number{4, 2, 1}},
	} {
		same := func(a, b compare.Number) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) }
		if !slices.EqualFunc(c.got, c.want, same) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if len(p.Pooled) != 1 || p.Pooled[0].Metric != "produce.latency" {
		t.Fatalf("pooled: %+v", p.Pooled)
	}
	pooled := &p.Pooled[0]
	if last := len(pooled.P) - 1; pooled.P[last] != 1 || pooled.Low[last] != 0.001 || pooled.High[last] != 0.003 || pooled.Predicted[last] != 0.002 || pooled.Measured[last] != 0.002 {
		t.Errorf("pooled: %+v", pooled)
	}
	about := p.About()
	if about.Duration != 3*time.Second || about.Warmup != time.Second || !slices.Equal(about.Faults, header.About.Faults) || about.Text != header.About.Text {
		t.Errorf("about: %+v", about)
	}
}
