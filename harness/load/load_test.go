package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

// childVariable makes the test binary a client process: see TestMain.
const childVariable = "LOAD_TEST_PLAN"

// TestMain lets tests start this binary as a client process.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := Main(context.Background(), os.Args[len(os.Args)-1], os.Stdin, os.Stdout, os.Stderr); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // the main of a test
		}
		os.Exit(0) //nolint:forbidigo // the main of a test
	}
	os.Exit(m.Run()) //nolint:forbidigo // the main of a test
}

// parse reads a scenario of one topic, events, and clients as given.
func parse(t *testing.T, clients string) *scenarios.Spec {
	t.Helper()
	text := `scenario: load
duration: 2 s
cluster: {brokers: 3}
topics: [{name: events, partitions: 6, replication_factor: 3}]
` + clients
	spec, problems := scenarios.Parse("load.yaml", []byte(text), nil)
	for _, p := range problems {
		t.Error(p)
	}
	if t.Failed() {
		t.FailNow()
	}
	return spec
}

// fake is a cluster of the brokers 0 to 2 that lead two partitions each of the
// topic events.
func fake(t *testing.T, more ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(more, kfake.NumBrokers(3), kfake.SeedTopics(6, "events"), kfake.GroupMinSessionTimeout(time.Second),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for p := range int32(6) {
		if err := c.MoveTopicPartition("events", p, p%3); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func newPlan(t *testing.T, spec *scenarios.Spec, c *kfake.Cluster, role string) Plan {
	t.Helper()
	return Plan{
		Spec: spec, Role: role, Member: 1, Seeds: c.ListenAddrs(), Zero: time.Now().Add(300 * time.Millisecond), Seed: 7,
		Journal: filepath.Join(t.TempDir(), "journal"),
	}
}

// A running client process of this one.
type running struct {
	t        *testing.T
	plan     Plan
	commands *io.PipeWriter
	done     chan error
}

func start(t *testing.T, p Plan) *running {
	t.Helper()
	in, out := io.Pipe()
	r := &running{t: t, plan: p, commands: out, done: make(chan error, 1)}
	go func() { r.done <- Run(context.Background(), p, in) }()
	t.Cleanup(func() { _ = out.Close() })
	return r
}

func (r *running) say(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.commands, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
}

// leave ends the process in good order and returns its journal.
func (r *running) leave() journal.File {
	r.t.Helper()
	r.say(`{"leave":true}`)
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		r.t.Fatal("the process did not leave")
	}
	return read(r.t, r.plan.Journal)
}

func read(t *testing.T, path string) journal.File {
	t.Helper()
	f, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// until waits for a journal that pleases, and returns it.
func until(t *testing.T, path, what string, pleases func([]journal.Entry) bool) journal.File {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		f, err := journal.Read(path)
		if errors.Is(err, os.ErrNotExist) || err != nil && strings.Contains(err.Error(), "journal: ") && time.Until(end) > 29*time.Second {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if pleases(f.Entries) {
			return f
		}
	}
	t.Fatalf("%s: it did not happen", what)
	return journal.File{}
}

func count(entries []journal.Entry, kind journal.Kind) int {
	n := 0
	for i := range entries {
		if entries[i].Kind == kind {
			n++
		}
	}
	return n
}

func atLeast(n int, kind journal.Kind) func([]journal.Entry) bool {
	return func(entries []journal.Entry) bool { return count(entries, kind) >= n }
}

// inLog reads the whole log back: how often each record is in it, and at which
// offsets.
func inLog(t *testing.T, c *kfake.Cluster) map[journal.ID][]kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, "events")
	if err != nil {
		t.Fatal(err)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	all := map[journal.ID][]kgo.Record{}
	for left > 0 {
		fetches := cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			left--
			id, _, err := DecodeValue(r.Value)
			if err != nil {
				t.Error(err)
			}
			all[id] = append(all[id], *r)
		})
	}
	return all
}

// refusal is what refuse answers commits with.
func refusal() *kerr.Error { return kerr.GroupAuthorizationFailed }

func refuse(c *kfake.Cluster) {
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: refusal(), Count: -1})
}

// poll lets a member's application work off that many records at once, and
// returns when it began and when each record was done.
func poll(t *testing.T, spec *scenarios.Spec, records int) (*member, []int64) {
	t.Helper()
	p := Plan{Spec: spec, Role: journal.RoleConsumer, Member: 1, Journal: filepath.Join(t.TempDir(), "journal")}
	r := &runner{plan: p}
	r.slow.Store(0x3ff0000000000000) // 1
	if err := r.begin(nil); err != nil {
		t.Fatal(err)
	}
	m := &member{runner: r, group: &spec.Groups[0], work: newWork(&p, &spec.Groups[0])}
	ends := []int64{now()}
	m.process(t.Context(), ends[0], batch(records))
	for _, e := range read(t, p.Journal).Entries {
		ends = append(ends, e.At)
	}
	return m, ends
}
