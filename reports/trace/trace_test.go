package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kafkasim/models"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// A traced is an event as a viewer reads it.
type traced struct {
	Phase    string         `json:"ph"`
	At       *float64       `json:"ts"`
	Length   float64        `json:"dur"`
	PID      int            `json:"pid"`
	TID      int            `json:"tid"`
	ID       int64          `json:"id"`
	Name     string         `json:"name"`
	Category string         `json:"cat"`
	Binding  string         `json:"bp"`
	Args     map[string]any `json:"args"`
}

// follow tells the first replication of an embedded scenario.
func follow(t *testing.T, name string, sets ...string) *story.Story {
	t.Helper()
	e, found := scenarios.ByName(name)
	if !found {
		t.Fatalf("no scenario %s", name)
	}
	overrides := make([]scenarios.Override, 0, len(sets))
	for _, set := range sets {
		o, err := scenarios.ParseOverride(set)
		if err != nil {
			t.Fatal(err)
		}
		overrides = append(overrides, o)
	}
	spec, problems := scenarios.Parse(e.Name, e.Source, overrides)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	told, _, err := models.Follow(t.Context(), spec, models.Options{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// load is the trace of a story as a viewer reads it.
func load(t *testing.T, s *story.Story) []traced {
	t.Helper()
	var text bytes.Buffer
	n, err := Write(&text, s)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TraceEvents []traced `json:"traceEvents"`
	}
	if err := json.Unmarshal(text.Bytes(), &file); err != nil {
		t.Fatalf("no JSON: %v", err)
	}
	events := 0
	for i := range file.TraceEvents {
		if file.TraceEvents[i].Phase != "M" {
			events++
		}
	}
	if events != n || n == 0 {
		t.Errorf("Write told of %d events, and there are %d", n, events)
	}
	t.Logf("%s: %d events, %d bytes", s.Spec.Name, n, text.Len())
	return file.TraceEvents
}

// TestATraceLoads: what a viewer needs holds in the traces of scenarios with every kind
// of fault and client: processes and threads have names, times never fall, slices of a
// thread do not overlap, each flow has one start and one end later on, both of them in
// slices, and asynchronous spans end.
func TestATraceLoads(t *testing.T) {
	for _, name := range []string{
		"leader-crash-acks-1", "leader-pause-15s", "unclean-election-elr-on", "consumer-crash-eager", "rolling-restart",
		"publish-buffer-full", "combined-leader-kill", "member-leaves-cooperative",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := load(t, follow(t, name))
			checkNames(t, events)
			checkSlices(t, events)
			checkPairs(t, events, "s", "f")
			checkPairs(t, events, "b", "e")
		})
	}
}

type thread struct{ pid, tid int }

// checkNames: every process and thread with an event has a name, given once and before.
func checkNames(t *testing.T, events []traced) {
	t.Helper()
	processes, threads := map[int]string{}, map[thread]string{}
	last := 0.0
	for i := range events {
		e := &events[i]
		if e.Phase == "M" {
			name, _ := e.Args["name"].(string)
			switch e.Name {
			case "process_name":
				processes[e.PID] = name
			case "thread_name":
				threads[thread{e.PID, e.TID}] = name
			}
			continue
		}
		if processes[e.PID] == "" || threads[thread{e.PID, e.TID}] == "" {
			t.Fatalf("event %d (%s) is of process %d and thread %d, which have no name", i, e.Name, e.PID, e.TID)
		}
		if e.At == nil || *e.At < last || e.Name == "" || e.Category == "" {
			t.Fatalf("event %d is %+v, after one at %f", i, e, last)
		}
		last = *e.At
	}
	all := make([]string, 0, len(processes))
	for _, name := range processes {
		all = append(all, name)
	}
	for _, want := range []string{"broker 1", "metadata", "faults"} {
		if !strings.Contains(strings.Join(all, ","), want) {
			t.Errorf("no process is called %s: %q", want, all)
		}
	}
}

// checkSlices: slices of a thread do not overlap, and each end of a flow is in one. A
// nanosecond is left for the decimals of a float.
func checkSlices(t *testing.T, events []traced) {
	t.Helper()
	const ns = 0.0011
	end := map[thread]float64{}
	for i := range events {
		e := &events[i]
		key := thread{e.PID, e.TID}
		if e.Phase == "X" {
			if *e.At < end[key]-ns || e.Length < 0 {
				t.Fatalf("slice %s at %f begins before the last one of its thread ends, at %f", e.Name, *e.At, end[key])
			}
			end[key] = *e.At + e.Length
		}
	}
	begins := map[thread][]*traced{}
	for i := range events {
		if e := &events[i]; e.Phase == "X" {
			begins[thread{e.PID, e.TID}] = append(begins[thread{e.PID, e.TID}], e)
		}
	}
	next := map[thread]int{}
	for i := range events {
		e := &events[i]
		if e.Phase != "s" && e.Phase != "f" {
			continue
		}
		key := thread{e.PID, e.TID}
		list, n := begins[key], next[key]
		for n+1 < len(list) && *list[n+1].At <= *e.At {
			n++
		}
		next[key] = n
		if len(list) == 0 || *list[n].At > *e.At || *list[n].At+list[n].Length < *e.At-ns {
			t.Fatalf("the end of flow %d at %f is in no slice", e.ID, *e.At)
		}
	}
}

// checkPairs: each id has one event of the first phase and one of the second, later.
func checkPairs(t *testing.T, events []traced, first, second string) {
	t.Helper()
	type pair struct{ begins, ends int }
	type key struct {
		category string
		id       int64
	}
	pairs := map[key]pair{}
	for i := range events {
		e := &events[i]
		k := key{e.Category, e.ID}
		p := pairs[k]
		switch e.Phase {
		case first:
			p.begins++
		case second:
			if p.begins == 0 {
				t.Fatalf("%s %d ends at %f and has not begun", e.Category, e.ID, *e.At)
			}
			p.ends++
		default:
			continue
		}
		pairs[k] = p
	}
	if len(pairs) == 0 {
		t.Errorf("there are no pairs of %s and %s", first, second)
	}
	for k, p := range pairs {
		if p.begins != 1 || p.ends != 1 {
			t.Errorf("%s %d begins %d times and ends %d times", k.category, k.id, p.begins, p.ends)
		}
	}
}

// TestATraceShowsWhatHappened: a leader's crash is there with all that follows from it,
// once each, and as many records go through flows as the story has appends.
func TestATraceShowsWhatHappened(t *testing.T) {
	s := follow(t, "leader-crash-acks-1")
	seen := map[string]int{}
	for _, e := range load(t, s) {
		seen[e.Phase+" "+e.Name]++
	}
	for _, c := range []struct {
		event string
		want  int
	}{
		{"X broker_crash", 1},
		{"i broker_crash", 1},
		{"X down (killed)", 1},
		{"X starting", 1},
		{"i found silent", 1},
		{"i fenced", 1},
		{"i unfenced", 1},
		{"s produce", produced(s)},
		{"X append", afterStart(s)},
	} {
		if seen[c.event] != c.want {
			t.Errorf("%d events %q, want %d", seen[c.event], c.event, c.want)
		}
	}
	elections := 0
	for event, n := range seen {
		if strings.HasPrefix(event, "i clean election") || strings.HasPrefix(event, "i preferred election") {
			elections += n
		}
	}
	want := 0
	for i := range s.Elections {
		if e := &s.Elections[i]; e.Kind != story.NoElection {
			want++
		}
	}
	if elections != want || want < 4 {
		t.Errorf("%d elections, want the story's %d, and 4 or more", elections, want)
	}
}

// produced is how many of a story's appends are of records, each by a request.
func produced(s *story.Story) int {
	n := 0
	for i := range s.Appends {
		if s.Batches[s.Appends[i].Batch].First >= 0 {
			n++
		}
	}
	return n
}

// afterStart is how many appends the scenario's time has seen.
func afterStart(s *story.Story) int {
	n := 0
	for i := range s.Appends {
		if s.Appends[i].At+slice > 0 {
			n++
		}
	}
	return n
}

func TestTooLargeATraceIsRefusedInWords(t *testing.T) {
	s := follow(t, "leader-crash-acks-1", "duration=16 s", "warmup=1 s", "drain=5 s")
	var text bytes.Buffer
	n, err := write(&text, s, 1000)
	var large *TooLargeError
	if !errors.As(err, &large) || large.Events != n || n <= 1000 || text.Len() > 0 {
		t.Fatalf("%d events, %d bytes, %v", n, text.Len(), err)
	}
	if words := err.Error(); !strings.Contains(words, "1,000") || !strings.Contains(words, "--set duration") {
		t.Errorf("it says %q", words)
	}
}
