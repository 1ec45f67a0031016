package models_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// written is the JSON of a run of a scenario.
func written(t *testing.T, spec *scenarios.Spec, workers int) string {
	t.Helper()
	var text bytes.Buffer
	if err := simulate(t, spec, workers).WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestSameBytes: the same specification and seed give the same result, to the
// byte, however the replications are spread over cores and however often.
func TestSameBytes(t *testing.T) {
	for _, name := range []string{"leader-crash-acks-1", "unclean-election-elr-off", "consumer-crash-cooperative"} {
		spec := embedded(t, name, "replications=5", "drain=20 s")
		want := written(t, spec, 1)
		same := func(how, got string) {
			if got != want {
				t.Errorf("%s: %s gives another result: %s", name, how, firstDifference(want, got))
			}
		}
		same("a second run", written(t, spec, 1))
		same("another parse", written(t, embedded(t, name, "replications=5", "drain=20 s"), 1))
		for _, cores := range []int{1, 2} {
			before := runtime.GOMAXPROCS(cores)
			got := written(t, spec, 2)
			runtime.GOMAXPROCS(before)
			same("two workers", got)
		}
		if other := written(t, embedded(t, name, "replications=5", "drain=20 s", "seed=2"), 2); other == want {
			t.Errorf("%s: another seed gives the same result", name)
		}
	}
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	window := func(s string) string { return s[max(0, at-80):min(len(s), at+80)] }
	return window(a) + "\nagainst " + window(b)
}

// TestIdleTopicChangesNothing: a topic without load costs the others nothing, so
// every number of theirs stays the same in every replication of every scenario within
// the program, however many partitions it has and wherever the file names it. The
// numbers of a whole cluster may change: the topic is part of it.
func TestIdleTopicChangesNothing(t *testing.T) {
	for _, e := range scenarios.Embedded() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			source := string(e.Source)
			sets, sizes := []string{"replications=2"}, []int{1, 3, 12}
			if e.Folder == "verify" { // there are many of them
				sets, sizes = []string{"replications=1"}, []int{3}
			}
			without := embedded(t, e.Name, sets...)
			want := simulate(t, without, 1)
			for _, partitions := range sizes {
				idle := fmt.Sprintf("  - {name: idle, partitions: %d, replication_factor: 3}\n", partitions)
				for where, text := range map[string]string{
					"first": strings.Replace(source, "topics:\n", "topics:\n"+idle, 1),
					"last":  strings.Replace(source, "\nproducers:\n", idle+"\nproducers:\n", 1),
				} {
					spec := parsed(t, e.Name, []byte(text), sets...)
					if len(spec.Topics) != len(without.Topics)+1 {
						t.Fatalf("%d topics, want one more than %d", len(spec.Topics), len(without.Topics))
					}
					what := fmt.Sprintf("%d idle partitions %s", partitions, where)
					if n := compareLabelled(t, what, want, simulate(t, spec, 1)); n < 30 {
						t.Errorf("%s: %d metrics with a topic's, producer's or group's label to compare, want 30 and more", what, n)
					}
				}
			}
		})
	}
}

// compareLabelled compares the samples of every metric of one topic, producer or
// group of want with got's, and returns how many there were.
func compareLabelled(t *testing.T, what string, want, got *result.Set) int {
	t.Helper()
	n := 0
	for i := range want.Metrics {
		m := &want.Metrics[i]
		if !strings.Contains(m.Name, "{topic=") && !strings.Contains(m.Name, "{producer=") && !strings.Contains(m.Name, "{group=") {
			continue
		}
		other, ok := got.Metric(m.Name)
		if !ok {
			t.Errorf("%s: no %s", what, m.Name)
			continue
		}
		n++
		for _, c := range m.Samples {
			values := other.Column(c.Name)
			for r, v := range c.Values {
				if same := v == values[r] || math.IsNaN(v) && math.IsNaN(values[r]); !same {
					t.Errorf("%s: %s %s of replication %d is %v, was %v", what, m.Name, c.Name, r, values[r], v)
				}
			}
		}
	}
	return n
}
