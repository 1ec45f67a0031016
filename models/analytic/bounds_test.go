package analytic

import (
	"math"
	"strings"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim/unit"
)

// TestMostOf: a Poisson count exceeds what is said of it with probability 1e-9 at
// most, by the sum of its law; and what is said is no more than a quarter, or ten,
// above the least number of which that is true.
func TestMostOf(t *testing.T) {
	for _, mean := range []float64{0.01, 1, 10, 200, 3000} {
		n := mostOf(mean)
		beyond := func(n float64) float64 { // P(N > n)
			sum := 0.0
			for k := n + 1; k < n+20*math.Sqrt(mean)+100; k++ {
				logFactorial, _ := math.Lgamma(k + 1)
				sum += math.Exp(float64(k*math.Log(mean)) - mean - logFactorial)
			}
			return sum
		}
		if p := beyond(n); p > doubt {
			t.Errorf("a count of mean %g exceeds %g with probability %g", mean, n, p)
		}
		if p := beyond(min(n/1.25, n-10)); n > 10 && p < doubt {
			t.Errorf("a count of mean %g: %g is far more than is needed", mean, n)
		}
	}
	if mostOf(0) != 0 {
		t.Error("nothing comes where nothing is expected")
	}
}

// TestDrain: 600 records, 100/s more come and 300/s go: 3 s. A group that does no more
// than comes never ends.
func TestDrain(t *testing.T) {
	if d, ends := Drain(600, 100, 300); d != 3*time.Second || !ends {
		t.Errorf("drained in %v, %v", d, ends)
	}
	if d, ends := Drain(600, 300, 300); ends {
		t.Errorf("drained in %v though as much comes as goes", d)
	}
	if d, ends := Drain(0, 300, 300); d != 0 || !ends {
		t.Errorf("no backlog drained in %v, %v", d, ends)
	}
}

// TestHierarchy: a fronting cluster with one group of its own is copied whole into one
// cluster and by a fifth into another.
func TestHierarchy(t *testing.T) {
	got := Hierarchy([]Tier{
		{Load: Load{Brokers: 10, ReplicationFactor: 2, Groups: 1, Produced: 1000 * mb}, From: -1},
		{Load: Load{Brokers: 5, ReplicationFactor: 3, Groups: 4}, From: 0, Share: 1},
		{Load: Load{Brokers: 2, ReplicationFactor: 2, Groups: 1}, From: 0, Share: 0.2},
	})
	want := []Volume{
		{In: 200 * mb, Out: (1 + 1 + 1 + 0.2) * 100 * mb, Disk: 200 * mb},
		{In: 600 * mb, Out: 6 * 200 * mb, Disk: 600 * mb},
		{In: 200 * mb, Out: 2 * 100 * mb, Disk: 200 * mb},
	}
	near := func(a, b unit.ByteRate) bool { return math.Abs(float64(a/b)-1) < 1e-12 } // rounding
	for i := range want {
		if !near(got[i].In, want[i].In) || !near(got[i].Out, want[i].Out) || !near(got[i].Disk, want[i].Disk) {
			t.Errorf("tier %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// TestEverythingIsSaid: of every shipped scenario each bound has a value or the reason
// why it has none, each term its formula and its numbers, and 0 the reason for it.
func TestEverythingIsSaid(t *testing.T) {
	for _, e := range scenarios.Embedded() {
		spec, problems := scenarios.Parse(e.Name, e.Source, nil)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", e.Name, problems)
		}
		r := Of(spec)
		for _, bounds := range [][]Bound{r.Bounds, r.Volumes, r.Drains} {
			for i := range bounds {
				b := &bounds[i]
				switch {
				case b.Known == (b.None != ""), math.IsNaN(b.Value), math.IsInf(b.Value, 0), b.Value < 0:
					t.Errorf("%s: %s is %+v", e.Name, b.Metric, b)
				case b.Known && len(b.Terms) == 0 && (b.Value != 0 || b.Why == ""):
					t.Errorf("%s: %s is %g, and nothing says why", e.Name, b.Metric, b.Value)
				}
				for k := range b.Terms {
					if term := &b.Terms[k]; term.Name == "" || term.Formula == "" || term.None == "" && len(term.Inputs) == 0 || term.Inputs == nil {
						t.Errorf("%s: %s has the term %+v", e.Name, b.Metric, term)
					}
				}
			}
		}
	}
}

// TestKeysNarrowABound: with keys the share of a leader's partitions is known, and
// without them a client may send all records there.
func TestKeysNarrowABound(t *testing.T) {
	const text = `
scenario: keys
duration: 60 s
cluster: {brokers: 3, config: {auto.leader.rebalance.enable: false}}
topics: [{name: events, partitions: 3, replication_factor: 3, assignment: [[1, 2, 3], [2, 3, 1], [3, 1, 2]]}]
producers: [{name: p, topic: events, rate: 3000/s, record_size: 100 B, KEYS config: {acks: 1}}]
faults: [{at: 50 s, kind: broker_crash, target: broker 1}]
`
	loss := func(keys string) float64 {
		spec, problems := scenarios.Parse("keys.yaml", []byte(strings.Replace(text, "KEYS ", keys, 1)), nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		r := Of(spec)
		return r.Find("records.lost.acked").Value
	}
	// 10,000 equal keys on three partitions: a third, to some percent.
	if all, third := loss(""), loss("keys: {count: 10000, skew: 0}, "); math.Abs(third/all-1.0/3) > 0.02 {
		t.Errorf("%g of %g records may be lost of one partition of three", third, all)
	}
}
