package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// randomBus draws a group: client, protocol, timeouts, topics, 1 to 6 members,
// messages of 0.1 to 20 ms.
func randomBus(t *testing.T, r *rand.Rand) *groupBus {
	t.Helper()
	cfg := kafka.MemberConfig{
		Client: scenarios.Java, Protocol: scenarios.Eager, Assignor: scenarios.RangeAssignor,
		SessionTimeout: 45 * time.Second, HeartbeatInterval: 3 * time.Second,
		MaxPollInterval: 5 * time.Minute, RebalanceTimeout: 5 * time.Minute, RequestTimeout: 30 * time.Second,
		RetryBackoff: 100 * time.Millisecond, RetryBackoffMax: time.Second, Static: r.IntN(4) == 0,
	}
	if r.IntN(2) == 0 {
		cfg.Client, cfg.MaxPollInterval, cfg.RebalanceTimeout = scenarios.FranzGo, scenarios.Forever, time.Minute
	}
	if r.IntN(2) == 0 {
		cfg.Assignor = scenarios.StickyAssignor
		if r.IntN(3) > 0 {
			cfg.Protocol = scenarios.Cooperative
		}
	}
	for range 1 + r.IntN(3) {
		cfg.Topics = append(cfg.Topics, kafka.TopicPartitions(1+r.IntN(8)))
	}
	members := make([]kafka.MemberConfig, 1+r.IntN(6))
	for i := range members {
		members[i] = cfg
		members[i].Member = kafka.MemberID(i)
	}
	group := kafka.GroupConfig{InitialRebalanceDelay: time.Duration(r.IntN(2)) * 3 * time.Second}
	return newGroupBus(t, group, members, func() time.Duration {
		return 100*time.Microsecond + time.Duration(r.Int64N(int64(20*time.Millisecond)))
	})
}

// churn does something to the group: what a consumer that obeys revocation may
// live through. Work stays below the session, so that nobody is expelled while
// it keeps partitions; a member that is cut off is then somebody who crashed.
func churn(b *groupBus, r *rand.Rand) {
	i := r.IntN(len(b.members))
	running := b.members[i].State() != kafka.MemberDown && b.members[i].State() != kafka.MemberLeft
	switch action := r.IntN(20); {
	case action < 6 && !running:
		b.start(i)
	case action < 8 && running:
		b.crash(i)
	case action < 10 && running:
		b.close(i)
	case action < 15 && running:
		b.work(i, time.Duration(r.Int64N(int64(30*time.Second))))
	case action < 17 && running:
		b.memberDid(i, b.members[i].OnDisconnect(b.now, nil))
	case action < 18:
		b.failCoordinator(time.Duration(r.Int64N(int64(5 * time.Second))))
	case action < 19:
		b.storeError = kafka.CoordinatorNotAvailable
		b.after(2*time.Second, func() { b.storeError = kafka.NoGroupError })
	}
}

// TestGroupConverges: under random churn no two members consume a partition at
// once, and when it stops every partition is soon owned by exactly one member, in
// one generation, as the plan says.
func TestGroupConverges(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			b := randomBus(t, r)
			for b.now < sim.Time(10*time.Minute) {
				b.run(b.now.Add(time.Duration(r.Int64N(int64(12 * time.Second)))))
				churn(b, r)
			}
			// The longest wait is a session, a rebalance that waits for work, and one
			// more for what is withheld; twice that leaves room for a failed record.
			b.run(b.now.Add(6 * time.Minute))
			if b.members[0].State() == kafka.MemberDown || b.members[0].State() == kafka.MemberLeft {
				b.start(0)
				b.run(b.now.Add(6 * time.Minute))
			}
			if len(b.overlaps) > 0 {
				t.Errorf("%s\n%s", b.overlaps[0], b.said())
			}
			checkConverged(t, b)
		})
	}
}

func checkConverged(t *testing.T, b *groupBus) {
	t.Helper()
	if b.group.State() != kafka.GroupStable {
		t.Fatalf("the group is %v\n%s%s", b.group.State(), b.said(), show(b))
	}
	for p, holders := range b.holders {
		if len(holders) != 1 {
			t.Fatalf("partition %d is consumed by %v\n%s%s", p, holders, b.said(), show(b))
		}
	}
	for i, m := range b.members {
		if m.State() == kafka.MemberDown || m.State() == kafka.MemberLeft {
			continue
		}
		if m.State() != kafka.MemberStable || m.Generation() != b.group.Generation() {
			t.Fatalf("member %d is %v in generation %d, the group in %d", i, m.State(), m.Generation(), b.group.Generation())
		}
		if planned := b.group.Plan().AppendOwned(nil, m.Key()); !slices.Equal(planned, m.Owned()) {
			t.Fatalf("member %d has %v, planned is %v", i, m.Owned(), planned)
		}
	}
}

// TestGroupIsDeterministic: the same seed tells the same story.
func TestGroupIsDeterministic(t *testing.T) {
	story := func() string {
		r := rand.New(rand.NewPCG(5, 1))
		b := randomBus(t, r)
		for range 60 {
			b.run(b.now.Add(5 * time.Second))
			churn(b, r)
		}
		return b.said()
	}
	if first, second := story(), story(); first != second {
		t.Errorf("two runs differ:\n%s\n---\n%s", first, second)
	}
}

// TestGroupCopies: a copy stays what it is while the original goes on.
func TestGroupCopies(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := randomBus(t, r)
		step := func() {
			b.run(b.now.Add(time.Duration(r.Int64N(int64(4 * time.Second)))))
			churn(b, r)
		}
		for range 20 {
			step()
		}
		var group, groupAgain kafka.Group
		var member, memberAgain kafka.Member
		b.group.CopyTo(&group)
		b.group.CopyTo(&groupAgain)
		b.members[0].CopyTo(&member)
		b.members[0].CopyTo(&memberAgain)
		for range 40 {
			step()
		}
		if !reflect.DeepEqual(&group, &groupAgain) || !reflect.DeepEqual(&member, &memberAgain) {
			t.Fatalf("seed %d: a copy changed with its original", seed)
		}
		b.group.CopyTo(&group)
		if !reflect.DeepEqual(b.group.Plan(), group.Plan()) || group.Members() != b.group.Members() {
			t.Fatalf("seed %d: a copy over an older one differs from its original", seed)
		}
	}
}

// TestHeartbeatsAllocateNothing: the steady state of a group, both sides.
func TestHeartbeatsAllocateNothing(t *testing.T) {
	b := newGroupBus(t, kafka.GroupConfig{}, []kafka.MemberConfig{{
		Client: scenarios.Java, Protocol: scenarios.Eager, Assignor: scenarios.RangeAssignor,
		Topics: []kafka.TopicPartitions{6}, SessionTimeout: 45 * time.Second, HeartbeatInterval: 3 * time.Second,
		MaxPollInterval: 5 * time.Minute, RebalanceTimeout: 5 * time.Minute, RequestTimeout: 30 * time.Second,
		RetryBackoff: 100 * time.Millisecond, RetryBackoffMax: time.Second,
	}}, func() time.Duration { return time.Millisecond })
	b.start(0)
	b.run(sim.Time(10 * time.Second))
	if len(b.members[0].Owned()) != 6 {
		t.Fatalf("the member has %v", b.members[0].Owned())
	}
	now := b.now
	memberEffects, groupEffects := make([]kafka.MemberEffect, 0, 8), make([]kafka.GroupEffect, 0, 8)
	beats := 0
	allocations := testing.AllocsPerRun(1000, func() {
		now = now.Add(3 * time.Second)
		memberEffects = b.members[0].OnWake(now, memberEffects[:0])
		for _, e := range memberEffects {
			if e.Kind != kafka.SendToCoordinator {
				continue
			}
			beats++
			groupEffects = b.group.OnRequest(now, e.Request, groupEffects[:0])
			for _, answer := range groupEffects {
				if answer.Kind == kafka.GroupRespond {
					memberEffects = b.members[0].OnResponse(now, answer.Response, memberEffects[:0])
				}
			}
		}
	})
	if allocations != 0 || beats < 1000 {
		t.Errorf("%v allocations a heartbeat, %d heartbeats", allocations, beats)
	}
}

// TestMemberNames: states, errors and requests print as Kafka names them.
func TestMemberNames(t *testing.T) {
	var text strings.Builder
	for k := kafka.JoinGroup; k <= kafka.OffsetCommit; k++ {
		fmt.Fprintf(&text, "%v ", k)
	}
	for s := kafka.GroupEmpty; s <= kafka.GroupDead; s++ {
		fmt.Fprintf(&text, "%v ", s)
	}
	const want = "JoinGroup SyncGroup Heartbeat LeaveGroup OffsetCommit Empty PreparingRebalance CompletingRebalance Stable Dead "
	if text.String() != want {
		t.Errorf("got %s, want %s", text.String(), want)
	}
}
