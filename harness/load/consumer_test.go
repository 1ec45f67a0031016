package load

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/journal"
)

// group is a consumer group that processes a record in that time.
func group(more, processing string) string {
	return `consumers:
  - {group: readers, topics: [events], members: 2, client: franz-go, processing: {` + processing + "}, " + more + "}\n"
}

// put writes n records of ours to the topic.
func put(t *testing.T, c *kfake.Cluster, n int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range n {
		cl.Produce(ctx, &kgo.Record{Topic: "events", Value: EncodeValue(journal.ID{Instance: 9, Sequence: uint64(i)}, int64(i), 100)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := cl.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// A spot is an offset of a partition.
type spot struct {
	partition int32
	offset    int64
}

// processed counts how often the record at each spot was processed.
func processed(files ...journal.File) map[spot]int {
	times := map[spot]int{}
	for _, f := range files {
		for _, e := range f.Entries {
			if e.Kind == journal.Processed {
				times[spot{e.Partition, e.Offset}]++
			}
		}
	}
	return times
}

// owns follows what a member owns through its journal.
func owns(f journal.File) map[int32]bool {
	owned := map[int32]bool{}
	for _, e := range f.Entries {
		switch e.Kind { //nolint:exhaustive // the others do not matter here
		case journal.Assigned:
			owned[e.Partition] = true
		case journal.Revoked, journal.Lost:
			delete(owned, e.Partition)
		}
	}
	return owned
}

// TestMembersShareTheTopic lets a second member join and the first one leave:
// every record is processed, each partition has one owner, positions are committed
// before partitions go.
func TestMembersShareTheTopic(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{
		"protocol: eager, config: {", "protocol: eager, config: {partition.assignment.strategy: sticky, ", "protocol: cooperative, config: {",
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			put(t, c, 600)
			spec := parse(t, group(protocol+"heartbeat.interval.ms: 100, session.timeout.ms: 6000}", "time: 0.1 ms"))
			first := newPlan(t, spec, c, journal.RoleConsumer)
			one := start(t, first)
			until(t, first.Journal, "the first member has it all", atLeast(600, journal.Processed))
			second := newPlan(t, spec, c, journal.RoleConsumer)
			second.Member = 2
			two := start(t, second)
			until(t, second.Journal, "the second member owns its half", func(entries []journal.Entry) bool {
				return len(owns(journal.File{Entries: entries})) == 3
			})
			put(t, c, 600)
			until(t, second.Journal, "the second member works", atLeast(100, journal.Processed))
			f1 := one.leave()
			until(t, second.Journal, "the second member owns it all", func(entries []journal.Entry) bool {
				return len(owns(journal.File{Entries: entries})) == 6
			})
			put(t, c, 600)
			until(t, second.Journal, "the rest is read", func(entries []journal.Entry) bool {
				return len(processed(f1, journal.File{Entries: entries})) == 1800
			})
			f2 := two.leave()
			again := 0
			for _, n := range processed(f1, f2) {
				again += n - 1
			}
			if again > 0 {
				t.Logf("%d records were processed again", again)
			}
			for _, f := range []journal.File{f1, f2} {
				if left := owns(f); len(left) > 0 || f.Entries[len(f.Entries)-1].Kind != journal.Ended {
					t.Errorf("member %d left with %v, its last entry is %v", f.Header.Member, left, f.Entries[len(f.Entries)-1])
				}
			}
			at := committed(t, c)
			total := int64(0)
			for _, offset := range at {
				total += offset
			}
			if total != 1800 {
				t.Errorf("the group has committed %v, %d records, want 1800", at, total)
			}
		})
	}
}

// TestConsumerProtocol has the broker assign the partitions.
func TestConsumerProtocol(t *testing.T) {
	t.Parallel()
	c := fake(t)
	put(t, c, 60)
	p := newPlan(t, parse(t, group("protocol: consumer", "time: 0.1 ms")), c, journal.RoleConsumer)
	r := start(t, p)
	until(t, p.Journal, "all is read", atLeast(60, journal.Processed))
	if f := r.leave(); count(f.Entries, journal.Assigned) != 6 || count(f.Entries, journal.Committed) != 6 {
		t.Errorf("%d partitions were assigned and %d committed, want 6", count(f.Entries, journal.Assigned), count(f.Entries, journal.Committed))
	}
}

// committed is what the group has committed by partition.
func committed(t *testing.T, c *kfake.Cluster) map[int32]int64 {
	t.Helper()
	at := map[int32]int64{}
	info := c.GroupInfo("readers")
	if info == nil {
		t.Fatal("there is no group readers")
	}
	for p, commit := range info.Commits["events"] {
		at[p] = commit.Offset
	}
	return at
}

// TestWhoCommitsWhen looks at a member in the middle of a poll of 20 records of
// 50 ms, after polls before it.
func TestWhoCommitsWhen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		commit string
		check  func(handed, done, committed int64) bool
		want   string
	}{
		{"after_each_poll", func(handed, done, committed int64) bool { return committed == done/20*20 }, "the polls before"},
		{"before_processing", func(handed, _, committed int64) bool { return committed == handed }, "the poll in hand too"},
		{"after_processing", func(handed, done, committed int64) bool { return committed <= done/20*20 }, "no more than the polls before"},
	} {
		t.Run(test.commit, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			put(t, c, 600)
			spec := parse(t, group("commit: "+test.commit+", config: {max.poll.records: 20, auto.commit.interval.ms: 200}", "time: 20 ms"))
			p := newPlan(t, spec, c, journal.RoleConsumer)
			r := start(t, p)
			f := until(t, p.Journal, "the middle of the third poll", func(entries []journal.Entry) bool {
				n := count(entries, journal.Processed)
				return n >= 50 && n%20 == 10 && count(entries, journal.Committed) > 0
			})
			var handed, done, last int64
			for _, e := range f.Entries {
				switch e.Kind { //nolint:exhaustive // the others do not matter here
				case journal.Polled:
					handed += int64(e.Count)
				case journal.Processed:
					done++
				case journal.Committed:
					last++
				}
			}
			sum := int64(0)
			for _, offset := range committed(t, c) {
				sum += offset
			}
			if !test.check(handed, done, sum) {
				t.Errorf("%d records handed out, %d processed, %d committed; want %s", handed, done, sum, test.want)
			}
			r.leave()
			f = read(t, p.Journal)
			sum = 0
			for _, offset := range committed(t, c) {
				sum += offset
			}
			if n := count(f.Entries, journal.Processed); int64(n) != sum {
				t.Errorf("%d records are processed and %d committed once the member has left", n, sum)
			}
		})
	}
}

// TestCommitsThatFailAreNoted refuses commits.
func TestCommitsThatFailAreNoted(t *testing.T) {
	t.Parallel()
	c := fake(t)
	put(t, c, 10)
	refuse(c)
	spec := parse(t, group("commit: after_each_poll", "time: 0.1 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	start(t, p)
	f := until(t, p.Journal, "a commit fails", atLeast(1, journal.CommitFailed))
	for _, e := range f.Entries {
		if e.Kind == journal.Committed || e.Kind == journal.CommitFailed && e.Code != refusal().Code {
			t.Errorf("%+v, want the code %d", e, refusal().Code)
		}
	}
}

// TestWorkTakesItsTime drives the clock of a member through a poll: ends of
// records as the law has them, on one thread and on three.
func TestWorkTakesItsTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		processing string
		records    int
		least      time.Duration
	}{
		{"time: 0.05 ms", 2000, 100 * time.Millisecond},
		{"time: 2 ms", 50, 100 * time.Millisecond},
		{"time: 6 ms, threads: 3", 50, 102 * time.Millisecond}, // 17 rounds
	} {
		t.Run(test.processing, func(t *testing.T) {
			t.Parallel()
			spec := parse(t, group("commit: after_each_poll", test.processing))
			m, ends := poll(t, spec, test.records)
			took := time.Duration(ends[len(ends)-1] - ends[0])
			if len(ends)-1 != test.records || took < test.least {
				t.Errorf("%d records took %v, want %d in no less than %v", len(ends)-1, took, test.records, test.least)
			}
			for i := 1; i < len(ends); i++ {
				if ends[i] < ends[i-1] {
					t.Fatalf("record %d ended %d ns before the one before it", i, ends[i-1]-ends[i])
				}
			}
			m.slow.Store(0x4008000000000000) // 3
			began := now()
			m.process(t.Context(), began, batch(10))
			if law := m.group.Processing; time.Duration(now()-began)+credit < 10*3*law.Time/time.Duration(law.Threads)-law.Time {
				t.Errorf("slowed by 3, 10 records of %v took %v", law.Time, time.Duration(now()-began))
			}
		})
	}
}

func batch(n int) []polled {
	all := make([]polled, n)
	for i := range all {
		all[i].record = &kgo.Record{Offset: int64(i), Value: EncodeValue(journal.ID{Sequence: uint64(i)}, 0, 0)}
	}
	return all
}

// TestDrawsHaveTheLawsMean compares the mean of 20,000 draws: its standard error
// is the law's standard deviation over √20,000; five are allowed.
func TestDrawsHaveTheLawsMean(t *testing.T) {
	t.Parallel()
	for processing, deviation := range map[string]float64{
		"time: 1 ms": 0, "time: 1 ms, distribution: exponential": 1, "time: 1 ms, distribution: lognormal, p99: 5 ms": 1.2,
	} {
		spec := parse(t, group("commit: after_each_poll", processing))
		w := newWork(&Plan{Spec: spec, Role: journal.RoleConsumer, Member: 1, Seed: 3}, &spec.Groups[0])
		const n = 20_000
		sum := 0.0
		for range n {
			sum += w.draw(2).Seconds() * 1000
		}
		if mean := sum / n; mean < 2-2*5*deviation/141.4-1e-9 || mean > 2+2*5*deviation/141.4+1e-9 {
			t.Errorf("%s: twice as slow, the mean is %.4f ms, want 2", processing, mean)
		}
	}
}

// TestStaticMembersAreNamed gives each member an instance id of its own.
func TestStaticMembersAreNamed(t *testing.T) {
	t.Parallel()
	c := fake(t)
	spec := parse(t, group("config: {group.instance.id: reader}", "time: 0.1 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	p.Member = 2
	r := start(t, p)
	until(t, p.Journal, "the member owns the topic", atLeast(6, journal.Assigned))
	info := c.GroupInfo("readers")
	if len(info.Members) != 1 || info.Members[0].InstanceID == nil || *info.Members[0].InstanceID != "reader-2" {
		t.Errorf("the group's members are %+v, want one named reader-2", info.Members)
	}
	r.leave()
	if info := c.GroupInfo("readers"); len(info.Members) != 1 {
		t.Errorf("%d members are left after a static one has ended, want its place to be kept", len(info.Members))
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	t.Parallel()
	spec := parse(t, group("commit: after_each_poll", "time: 1 ms"))
	java := parse(t, "producers: [{name: p, topic: events, rate: 1/s, record_size: 1 KiB}]\n")
	for _, p := range []Plan{
		{},
		{Spec: spec, Role: journal.RoleConsumer, Member: 1},
		{Spec: spec, Role: journal.RoleConsumer, Seeds: []string{"x"}},
		{Spec: spec, Role: journal.RoleProducer, Seeds: []string{"x"}},
		{Spec: spec, Role: "controller", Seeds: []string{"x"}},
		{Spec: java, Role: journal.RoleProducer, Seeds: []string{"x"}},
		{Spec: spec, Role: journal.RoleConsumer, Member: 1, Seeds: []string{"x"}, Journal: filepath.Join(t.TempDir(), "no", "such", "folder")},
	} {
		if err := Run(t.Context(), p, nil); err == nil {
			t.Errorf("plan %+v was carried out", fmt.Sprint(p))
		}
	}
}
