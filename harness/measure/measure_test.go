package measure

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/journal"
)

func TestScenariosThatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	if err := Check(parse(t, story)); err != nil {
		t.Errorf("a scenario that can be measured: %v", err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"record_size: 500 B, client: franz-go", "record_size: 500 B, client: java", "producer careful has client: java"},
		{"kind: broker_crash", "kind: machine_loss", "page cache"},
	} {
		text := strings.Replace(story, c.from, c.to, 1)
		text = strings.Replace(text, ", config: {acks: all}, client_options: {metadata_min_age: 250 ms}", "", 1)
		var refusal *Refusal
		if err := Check(parse(t, text)); !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something of %q", c.to, err, c.want)
		}
	}
}

func TestLatenciesHaveSettled(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		windows []time.Duration
		want    bool
	}{
		{nil, false},
		{[]time.Duration{10 * ms, 10 * ms}, false},
		{[]time.Duration{900 * ms, 400 * ms, 100 * ms, 20 * ms}, false},
		{[]time.Duration{900 * ms, 20 * ms, 16 * ms, 18 * ms}, true},
		{[]time.Duration{20 * ms, 0, 18 * ms}, false}, // a window in which nothing was acknowledged
	} {
		if got := settledDown(c.windows); got != c.want {
			t.Errorf("%v have settled: %v", c.windows, got)
		}
	}
}

// TestProgress follows journals as they are written: what a producer holds, and
// how far groups are.
func TestProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clients := []*client{
		{lives: []string{dir + "/producer"}}, {lives: []string{dir + "/consumer-0", dir + "/consumer-1"}},
	}
	clients[0].plan.Role, clients[1].plan.Role = journal.RoleProducer, journal.RoleConsumer
	write := func(path, role string, entries ...journal.Entry) {
		w, err := journal.Create(path, journal.Header{Role: role})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			w.Append(e)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(dir+"/producer", journal.RoleProducer,
		journal.Entry{Kind: journal.Sent}, journal.Entry{Kind: journal.Sent}, journal.Entry{Kind: journal.Sent},
		journal.Entry{Kind: journal.Acked}, journal.Entry{Kind: journal.Failed})
	write(dir+"/consumer-0", journal.RoleConsumer, journal.Entry{Kind: journal.Processed, Partition: 2, Offset: 40})
	write(dir+"/consumer-1", journal.RoleConsumer,
		journal.Entry{Kind: journal.Processed, Partition: 2, Offset: 31}, journal.Entry{Kind: journal.Processed, Topic: 1, Offset: 5})
	p := newProgress()
	if err := p.look(clients); err != nil {
		t.Fatal(err)
	}
	if got := p.tails[dir+"/producer"].open; got != 1 {
		t.Errorf("the producer holds %d records, want 1", got)
	}
	var at []int64
	for _, partition := range []account.Partition{{Partition: 2}, {Topic: 1}, {Topic: 1, Partition: 1}} {
		at = append(at, p.position[groupPartition{0, partition}])
	}
	if !slices.Equal(at, []int64{41, 6, 0}) {
		t.Errorf("the group is at %v, want [41 6 0]: what a restarted member reads again does not take it back", at)
	}
}
