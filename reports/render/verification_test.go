package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"kafkasim/reports/compare"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
	"kafkasim/sim/rng"
)

// runs are n runs of a leader's crash with a session timeout in seconds, as far as
// a verification needs them.
func runs(seed uint64, n int, session float64) []*resulttest.Run {
	var all []*resulttest.Run
	for i := range n {
		s := rng.New(rng.Derive(seed, uint64(i)), "render", "verification")
		away := session - 2*s.Float64() + 1.125*s.Float64()
		median := 0.005 * math.Exp(0.05*s.Norm())
		var latencies []int64
		for range 200 {
			latencies = append(latencies, int64(1e9*median*math.Exp(0.4*s.Norm())))
		}
		latencies = append(latencies, int64(1e9*(away+0.2*s.Exp())))
		generated := float64(40000 + s.IntN(800) - 400)
		all = append(all, resulttest.NewRun().
			Count("acked", generated).Count("delivered", generated).
			Value("elections.clean", 4).
			Value("produce.stall", away+0.3*s.Exp()).
			Value("leaderless.time", 4*away).
			Value("lag.drain", 2+s.Float64()).
			Value("rebalance.pause", math.NaN()).
			Distribution("produce.latency", latencies...).
			Distribution("leader.failover", int64(1e9*away), int64(1e9*away)+4e6).
			Distribution("network.in", int64(1e6+1000*s.Norm())))
	}
	return all
}

// verified is a verification of a scenario that is predicted well and one that is
// not: its brokers are fenced after 9 s and not after 6 s.
func verified(t *testing.T) *compare.Verification {
	t.Helper()
	var inputs []compare.Input
	for i, name := range []string{"leader-kill-acks-all", "leader-kill-acks-1"} {
		predicted, measured := resulttest.Header(), resulttest.Header()
		predicted.Scenario, measured.Scenario = name, name
		measured.Origin, measured.Plane = result.Measured, "kafka"
		seed, session := uint64(10*i), 9-3*float64(i)
		in := compare.Input{Measured: resulttest.Set(t, measured, runs(seed+9, 3, 9)...)}
		for d := range uint64(4) {
			in.Predicted = append(in.Predicted, resulttest.Set(t, predicted, runs(seed+d, 50, session)...))
		}
		if i == 0 {
			in.Disturbed = []compare.Disturbance{{Repetition: 2, Reason: "the load generator was 412 ms late"}}
			in.Measured.Warnings = []string{"latencies had not settled after a warm-up of 30 s (in 1 of 3 replications)"}
		}
		inputs = append(inputs, in)
	}
	v, err := compare.Compare(inputs)
	if err != nil {
		t.Fatal(err)
	}
	v.Version = "0.1.0"
	v.Calibration = &compare.Calibration{Profile: "container", Source: "measured here", Draws: 4}
	v.Environment = &compare.Environment{Kafka: []string{"4.3.1"}, Image: "kafkasim/kafka:4.3.1"}
	return v
}

func verification(t *testing.T, v *compare.Verification, options render.TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Verification(&b, v, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerificationGoldens(t *testing.T) {
	t.Parallel()
	v := verified(t)
	for _, width := range []int{40, 80, 120} {
		golden(t, fmt.Sprintf("verification-%d.txt", width), verification(t, v, render.TerminalOptions{Width: width}))
	}
	golden(t, "verification-colour-100.txt", verification(t, v, render.TerminalOptions{Width: 100, Colour: true}))
}

func TestVerificationsKeepTheWidth(t *testing.T) {
	t.Parallel()
	long := verified(t)
	long.Scenarios[0].Name = strings.Repeat("a-very-long-name", 20)
	long.Scenarios[0].Rows[0].Metric = "records.generated{topic=" + strings.Repeat("g", 249) + "}"
	long.Scenarios[0].Disturbed[0].Reason = strings.Repeat("x", 500)
	long.Calibration.Source = strings.Repeat("/a/long/path", 30)
	long.Partial = true
	for _, v := range []*compare.Verification{long, {Verdict: compare.NoData, Words: []string{"Nothing."}}} {
		for width := 40; width <= 200; width++ {
			for i, line := range strings.Split(verification(t, v, render.TerminalOptions{Width: width}), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Fatalf("width %d, line %d has %d columns: %s", width, i+1, n, line)
				}
			}
		}
	}
}

func TestVerificationIsDrawnAgainFromItsFile(t *testing.T) {
	t.Parallel()
	v := verified(t)
	var file bytes.Buffer
	if err := v.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	again, err := compare.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	options := render.TerminalOptions{Width: 100}
	if got, want := verification(t, again, options), verification(t, v, options); got != want {
		t.Errorf("the table of the file is another:\n%s", got)
	}
}

func TestVerificationsCannotWriteToTheTerminal(t *testing.T) {
	t.Parallel()
	v := verified(t)
	s := &v.Scenarios[0]
	s.Name, s.Words, s.Notes = "a\x1b[2Jb", []string{"bell\a"}, []string{"and\r return"}
	s.Disturbed[0].Reason, s.Warnings[0] = "\x1b[1A", "\x1b]0;x\a"
	v.Words = []string{"\x1b[0m"}
	if got := verification(t, v, render.TerminalOptions{}); strings.ContainsAny(got, "\x1b\a\r") {
		t.Errorf("control characters came through: %q", got)
	}
	if err := render.Verification(fullDisk{}, v, render.TerminalOptions{}); !errors.Is(err, errFull) {
		t.Errorf("error = %v, want %v", err, errFull)
	}
}
