package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
)

// TestGroupScripts plays the stories of testdata/group/stories: a coordinator and its
// members over a network with a delay of 1 ms. Commands:
//
//	new client=java|kgo protocol=eager|cooperative [assignor=range|sticky]
//	    [partitions=(6)] [members=3] [session=45s] [heartbeat=3s]
//	    [max-poll=300s] [rebalance=...] [delay=3s] [static]
//	start m=(0,1)        the processes begin; their applications sit in poll
//	work m=0 for=20s     poll has returned records: the application is busy
//	crash m=0            the process dies
//	close m=0            the application closes the client
//	cut m=0 for=20s      no message passes between the member and its coordinator
//	fail-coordinator for=2s     it dies; another has loaded the group after 2s
//	store error=NONE|COORDINATOR_NOT_AVAILABLE   what becomes of the group's next records
//	commit as=(0,1) generation=1   an offset commit under a member id of old
//	run for=10s          lets time pass and prints what happened
//	show                 the group and its members
//
// All but run, commit and show print nothing.
func TestGroupScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/group/stories", func(t *testing.T, path string) {
		t.Helper()
		var b *groupBus
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			if d.Cmd == "new" {
				b = scriptBus(t, d)
				return ""
			}
			return playGroup(t, b, d)
		})
	})
}

// scriptBus builds the group of a script with the defaults of the client.
func scriptBus(t *testing.T, d *datadriven.TestData) *groupBus {
	t.Helper()
	cfg := kafka.MemberConfig{
		Client: scenarios.Java, Protocol: scenarios.Eager, Assignor: scenarios.RangeAssignor,
		SessionTimeout: 45 * time.Second, HeartbeatInterval: 3 * time.Second,
		MaxPollInterval: 5 * time.Minute, RebalanceTimeout: 5 * time.Minute, RequestTimeout: 30 * time.Second,
		RetryBackoff: 100 * time.Millisecond, RetryBackoffMax: time.Second,
	}
	if kafka.WordArg(d, "client", "java") == "kgo" {
		cfg.Client = scenarios.FranzGo
		cfg.MaxPollInterval, cfg.RebalanceTimeout, cfg.RequestTimeout = scenarios.Forever, time.Minute, 10*time.Second
		cfg.RetryBackoff, cfg.RetryBackoffMax = 250*time.Millisecond, 5*time.Second
	}
	if kafka.WordArg(d, "protocol", "eager") == "cooperative" {
		cfg.Protocol, cfg.Assignor = scenarios.Cooperative, scenarios.StickyAssignor
	}
	if kafka.WordArg(d, "assignor", "") == "sticky" {
		cfg.Assignor = scenarios.StickyAssignor
	}
	cfg.Static = d.HasArg("static")
	cfg.SessionTimeout = kafka.DurationArg(t, d, "session", cfg.SessionTimeout)
	cfg.HeartbeatInterval = kafka.DurationArg(t, d, "heartbeat", cfg.HeartbeatInterval)
	cfg.MaxPollInterval = kafka.DurationArg(t, d, "max-poll", cfg.MaxPollInterval)
	if cfg.Client == scenarios.Java {
		cfg.RebalanceTimeout = cfg.MaxPollInterval
	}
	cfg.RebalanceTimeout = kafka.DurationArg(t, d, "rebalance", cfg.RebalanceTimeout)
	for _, n := range kafka.NumbersArg(t, d, "partitions", 6) {
		cfg.Topics = append(cfg.Topics, kafka.TopicPartitions(n))
	}
	members := make([]kafka.MemberConfig, kafka.NumberArg(t, d, "members", 3))
	for i := range members {
		members[i] = cfg
		members[i].Member = kafka.MemberID(i)
	}
	group := kafka.GroupConfig{InitialRebalanceDelay: kafka.DurationArg(t, d, "delay", 3*time.Second)}
	return newGroupBus(t, group, members, func() time.Duration { return time.Millisecond })
}

func playGroup(t *testing.T, b *groupBus, d *datadriven.TestData) string {
	t.Helper()
	each := func(do func(i int)) string {
		for _, i := range kafka.NumbersArg(t, d, "m") {
			do(i)
		}
		return ""
	}
	length := kafka.DurationArg(t, d, "for", 0)
	switch d.Cmd {
	case "start":
		return each(b.start)
	case "work":
		return each(func(i int) { b.work(i, length) })
	case "crash":
		return each(b.crash)
	case "close":
		return each(b.close)
	case "cut":
		return each(func(i int) { b.cut(i, length) })
	case "fail-coordinator":
		b.failCoordinator(length)
		return ""
	case "store":
		b.storeError = groupErrorNamed(t, kafka.WordArg(d, "error", ""))
		return ""
	case "commit":
		return commitAs(t, b, d)
	case "run":
		b.run(b.now.Add(length))
		return b.said()
	case "show":
		return show(b)
	default:
		t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
		return ""
	}
}

// commitAs sends a commit whose sender is named by instance and incarnation.
func commitAs(t *testing.T, b *groupBus, d *datadriven.TestData) string {
	t.Helper()
	as := kafka.NumbersArg(t, d, "as")
	request := kafka.GroupRequest{
		Kind:       kafka.OffsetCommit,
		Static:     d.HasArg("static"),
		Key:        kafka.MemberKey{Member: kafka.MemberID(as[0]), Incarnation: kafka.Incarnation(as[1])},
		Generation: kafka.Generation(kafka.NumberArg(t, d, "generation", -1)),
	}
	err, effects := b.group.OnCommit(b.now, request, nil)
	b.groupDid(effects)
	return err.String() + "\n"
}

func show(b *groupBus) string {
	var text strings.Builder
	fmt.Fprintf(&text, "group: %v, generation %d, %d members, leader %v, %d rebalances\n",
		b.group.State(), b.group.Generation(), b.group.Members(), b.group.Leader(), b.group.Rebalances())
	for _, m := range b.members {
		fmt.Fprintf(&text, "%v: %v, generation %d, %v\n", m.Key(), m.State(), m.Generation(), m.Owned())
	}
	return text.String()
}

func groupErrorNamed(t *testing.T, name string) kafka.GroupError {
	t.Helper()
	for e := kafka.NoGroupError; e <= kafka.CoordinatorLoading; e++ {
		if e.String() == name {
			return e
		}
	}
	t.Fatalf("no group error %q", name)
	return 0
}
