package kafka

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// In the scripts of testdata/quorum every draw is its middle, except the age of the
// voters' last fetches (age=, of 500 ms), how much later each saw the answer
// (skews=(...), of 20 ms, in the order of the voters; 5 ms more from one to the next if
// they are not given), the timers of two candidates that share the votes (retries=(...))
// and the phase of a voter without leader (phase=).
func TestQuorumScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/quorum", func(t *testing.T, path string) {
		t.Helper()
		var q *Quorum
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			var now sim.Time
			if d.HasArg("at") {
				now = now.Add(DurationArg(t, d, "at", 0))
			}
			switch d.Cmd {
			case "quorum":
				q = NewQuorum(DefaultQuorumConfig(), brokersArg(t, d, "voters"))
				return activeLine(q)
			case "down":
				how := VoterCrashed
				if d.HasArg("silent") {
					how = VoterSilent
				}
				if d.HasArg("stopped") {
					how = VoterStopped
				}
				return effectLine(q.VoterDown(now, BrokerID(NumberArg(t, d, "voter", 0)), how, drawsArg(t, d)))
			case "up":
				return effectLine(q.VoterUp(now, BrokerID(NumberArg(t, d, "voter", 0)), drawsArg(t, d)))
			case "elected":
				id, ok := q.Elected(now)
				if !ok {
					return "out of date\n" + activeLine(q)
				}
				return fmt.Sprintf("%d\n", id) + activeLine(q)
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
				return ""
			}
		})
	})
}

func activeLine(q *Quorum) string {
	if id, ok := q.Active(); ok {
		return fmt.Sprintf("active: %d\n", id)
	}
	return "active: none\n"
}

func effectLine(effect QuorumEffect) string {
	switch effect.Change {
	case QuorumKept:
		return "as before\n"
	case QuorumElecting:
		return fmt.Sprintf("electing %d, active at %s\n", effect.Voter, effect.At.Sub(0))
	case QuorumLost:
		return "no quorum\n"
	case QuorumResumed:
		return fmt.Sprintf("%d goes on\n", effect.Voter)
	}
	return "?\n"
}

func drawsArg(t *testing.T, d *datadriven.TestData) *QuorumDraws {
	t.Helper()
	draws := &QuorumDraws{FetchAge: 0.5, Retry: [2]float64{0.5, 0.5}, Phase: 0.5, Work: 0.5}
	for i := range draws.Skew {
		draws.Skew[i] = 0.25 * float64(i)
	}
	number := func(text string) float64 {
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		return value
	}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "age":
			draws.FetchAge = number(arg.Vals[0])
		case "skews":
			for i, value := range arg.Vals {
				draws.Skew[i] = number(value)
			}
		case "retries":
			for i, value := range arg.Vals {
				draws.Retry[i] = number(value)
			}
		case "phase":
			draws.Phase = number(arg.Vals[0])
		case "work":
			draws.Work = number(arg.Vals[0])
		}
	}
	return draws
}

// The failover of three voters after a crash of the active one: 1.55 to 2.17 s where the
// timers are apart, and 1 to 2 s more where they are less than 4 of 20 ms apart, which
// is 1 − 0.8² of all: 2 s, less 0.25 s of age, 0.013 s of the later skew, 0.1 s of work
// and 0.36 × 1.33 s.
func TestQuorumFailoverOfThree(t *testing.T) {
	stream := rng.New(1, "quorum", "test")
	const n = 100_000
	split, sum := 0, time.Duration(0)
	for range n {
		q := NewQuorum(DefaultQuorumConfig(), []BrokerID{101, 102, 103})
		draws := &QuorumDraws{FetchAge: stream.Float64(), Work: stream.Float64(), Retry: [2]float64{stream.Float64(), stream.Float64()}}
		for i := range draws.Skew {
			draws.Skew[i] = stream.Float64()
		}
		effect := q.VoterDown(0, 101, VoterCrashed, draws)
		took := effect.At.Sub(0)
		apart := time.Duration(math.Abs(draws.Skew[1]-draws.Skew[2]) * float64(20*time.Millisecond))
		retry := time.Duration(0)
		if apart < 4*time.Millisecond {
			split++
			retry = time.Second
			later, earlier := BrokerID(102), BrokerID(103)
			if draws.Skew[1] < draws.Skew[2] {
				later, earlier = earlier, later
			}
			want := later
			if draws.Retry[1] < draws.Retry[0] {
				want = earlier
			}
			if effect.Voter != want {
				t.Fatalf("%d wins with timers %v, not %d", effect.Voter, draws.Retry, want)
			}
		}
		if low := 1550*time.Millisecond + retry; took < low || took > low+620*time.Millisecond+retry {
			t.Fatalf("active after %s with timers %s apart", took, apart)
		}
		sum += took
	}
	// Three standard errors: √(0.36 × 0.64 / n), and a deviation of 0.7 s.
	if share := float64(split) / n; math.Abs(share-0.36) > 0.005 {
		t.Errorf("%.3f of the elections are split", share)
	}
	if mean := (sum / n).Seconds(); math.Abs(mean-2.343) > 0.007 {
		t.Errorf("active after %.3f s in the mean", mean)
	}
}

func TestQuorumCopy(t *testing.T) {
	q := NewQuorum(DefaultQuorumConfig(), []BrokerID{1, 2, 3})
	var fork Quorum
	q.CopyTo(&fork)
	effect := fork.VoterDown(0, 1, VoterCrashed, &QuorumDraws{})
	if _, ok := fork.Elected(effect.At); !ok {
		t.Error("the fork elects nobody")
	}
	if id, ok := q.Active(); !ok || id != 1 {
		t.Errorf("the original is led by %d, %t", id, ok)
	}
}
