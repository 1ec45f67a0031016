package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	docker "github.com/moby/moby/client"

	"kafkasim/harness/engine"
	"kafkasim/harness/image/imagetest"
	"kafkasim/harness/load"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// TestMain lets the test's own program be a client process.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "client-process" {
		if err := load.Main(context.Background(), os.Args[2], os.Stdin, os.Stdout, os.Stderr); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // this is a main
		}
		return
	}
	os.Exit(m.Run()) //nolint:forbidigo // this is a main
}

// realKafka is what a measurement needs. Without an engine the test is skipped, or
// fails where KAFKASIM_REQUIRE_KAFKA=1 says that there must be one.
func realKafka(t *testing.T) Options {
	t.Helper()
	e, found := imagetest.RealKafka(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Engine: e, Image: found, Repetitions: 1, Seed: 1, Command: []string{self, "client-process"}, Version: "test",
		Grid: result.Grid{Step: time.Second, Count: 40}, Log: words{t}, Keep: t.TempDir(),
	}
}

// words sends what is said to a test's log.
type words struct{ t *testing.T }

func (w words) Write(text []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(text)))
	return len(text), nil
}

// story has every kind of client and a leader that dies under both kinds of
// acknowledgement, on brokers whose session is short.
const story = `scenario: story
duration: 16 s
drain: 40 s
warmup: 1 s
cluster: {kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500, offsets.topic.num.partitions: 3}}
topics:
  - {name: safe, partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}, assignment: [[1, 2, 3], [2, 3, 1]]}
  - {name: fast, partitions: 1, replication_factor: 3, assignment: [[1, 3, 2]]}
producers:
  - {name: careful, topic: safe, instances: 2, rate: 200/s, record_size: 500 B, client: franz-go, config: {acks: all}, client_options: {metadata_min_age: 250 ms}}
  - {name: hasty, topic: fast, rate: 100/s, record_size: {mean: 400 B, p99: 2 KiB}, client: franz-go, keys: {count: 100, skew: 0.9}, config: {acks: 1}, client_options: {metadata_min_age: 250 ms}}
consumers:
  - {group: readers, topics: [safe, fast], members: 2, protocol: cooperative, client: franz-go, processing: {time: 0.1 ms}, config: {session.timeout.ms: 6000, fetch.max.wait.ms: 500}, client_options: {metadata_min_age: 250 ms}}
faults:
  - {at: 4 s, kind: broker_crash, target: leader of safe-0, duration: 6 s}
  - {at: 8 s, kind: consumer_crash, target: member 2 of readers}
`

func parse(t *testing.T, text string) *scenarios.Spec {
	t.Helper()
	spec, problems := scenarios.Parse("story.yaml", []byte(text), nil)
	for _, p := range problems {
		t.Fatal(p)
	}
	return spec
}

// only is the one value of a count or gauge.
func only(t *testing.T, set *result.Set, name string) float64 {
	t.Helper()
	m, found := set.Metric(name)
	if !found || len(m.Column("value")) != 1 {
		t.Fatalf("%s was not observed once: %v", name, m)
	}
	return m.Column("value")[0]
}

// TestRealStory runs a scenario on real Kafka and looks for what must have come of
// it, whatever the machine.
func TestRealStory(t *testing.T) {
	o := realKafka(t)
	set, err := Measure(t.Context(), parse(t, story), o)
	if err != nil {
		t.Fatal(err)
	}
	if set.Origin != result.Measured || set.Replications != 1 {
		t.Errorf("origin %s, %d repetitions", set.Origin, set.Replications)
	}
	for name, want := range map[string]float64{
		"records.lost.acked{producer=careful}": 0, // acks=all
		"records.lost.expired":                 0, // no delivery timeout
		"records.phantom":                      0,
		"records.in_flight_at_end":             0, // the drain is long enough
		"elections.unclean":                    0,
		"fencings":                             1,
	} {
		if got := only(t, set, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	// 300/s for 16 s of Poisson arrivals: 4,800 ± 6 standard deviations.
	if n := only(t, set, "records.generated"); n < 4380 || n > 5220 {
		t.Errorf("%v records were generated, want about 4,800", n)
	}
	// The leader is fenced 3 s after its last heartbeat, which was at most 0.5 s old;
	// the check runs every 375 ms. A loaded machine may take a second longer.
	if m, _ := set.Metric("leader.failover"); len(m.Quantiles) == 0 || m.Quantiles[0].Value < 2.4 || m.Mean > 5 {
		t.Errorf("leader.failover %+v, want 2.5 to 3.4 s", m.Quantiles)
	}
	if got := only(t, set, "elections.clean"); got < 2 {
		t.Errorf("%v clean elections, want one for each partition that the dead broker led", got)
	}
	if got := only(t, set, "rebalances"); got < 1 {
		t.Errorf("%v rebalances, want the one after the session of the dead member", got)
	}
	if got := only(t, set, "rebalance.pause"); got < 2.5 || got > 16 {
		t.Errorf("the pause was %v s, want about the session of 6 s", got)
	}
	kept, err := os.ReadDir(o.Keep + "/story/repetition-1")
	if err != nil || len(kept) < 6 {
		t.Errorf("kept %v, %v; want journals, four nodes' logs and a metadata log", kept, err)
	}
	nothingLeft(t, o.Engine)
}

// TestRealInterrupt ends a measurement under load: what is done so far is
// returned, marked partial, and nothing stays behind.
func TestRealInterrupt(t *testing.T) {
	o := realKafka(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.Log = trigger{words{t}, ": load", cancel}
	set, err := Measure(ctx, parse(t, story), o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if set == nil || !set.Partial || set.Replications != 0 {
		t.Errorf("interrupted before the first repetition was done: %+v", set)
	}
	nothingLeft(t, o.Engine)
}

// A trigger acts when a word is said.
type trigger struct {
	words

	word string
	act  func()
}

func (w trigger) Write(text []byte) (int, error) {
	if strings.Contains(string(text), w.word) {
		w.act()
	}
	return w.words.Write(text)
}

// nothingLeft fails the test if a container of ours is still there.
func nothingLeft(t *testing.T, e *engine.Engine) {
	t.Helper()
	list, err := e.Docker().ContainerList(context.WithoutCancel(t.Context()), docker.ContainerListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Items {
		if slices.ContainsFunc(c.Names, func(n string) bool { return strings.HasPrefix(n, "/kafkasim-") }) {
			t.Errorf("left behind: %v", c.Names)
		}
	}
}
