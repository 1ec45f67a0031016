package kafka

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

func testConfig(elr bool) ControllerConfig {
	return ControllerConfig{SessionTimeout: 9 * time.Second, ELR: elr, Version: scenarios.V43}
}

// BrokerHeartbeatManagerTest.testCalculateNextBrokerState. Brokers 1 to 6 stand
// for Kafka's 0 to 5: 1 and 5 are fenced, the active ones have reported 98 (2) and
// 100 (3 and 4), 6 shuts down since offset 99.
func TestNextControlStateAsInKafka(t *testing.T) {
	c := NewController(testConfig(false), 6, []PartitionInfo{{Replicas: []BrokerID{3}, MinInsyncReplicas: 1}})
	for i, metadata := range []int64{100, 98, 100, 100, 100, 99} {
		c.brokers[i].MetadataOffset = metadata
		c.brokers[i].registerOffset = 100
	}
	c.brokers[0].Fenced, c.brokers[4].Fenced = true, true
	c.brokers[5].shutdownOffset = 99
	for _, step := range []struct {
		broker  BrokerID
		leads   int32
		request HeartbeatRequest
		want    controlState
	}{
		{1, 0, HeartbeatRequest{WantShutdown: true}, stateShutdownNow},
		{1, 0, HeartbeatRequest{MetadataOffset: 100}, stateUnfenced},
		{1, 0, HeartbeatRequest{MetadataOffset: 50}, stateFenced},
		{1, 0, HeartbeatRequest{WantFence: true, MetadataOffset: 100}, stateFenced},
		{2, 1, HeartbeatRequest{WantShutdown: true}, stateControlledShutdown},
		{2, 0, HeartbeatRequest{WantShutdown: true}, stateShutdownNow},
		{2, 1, HeartbeatRequest{WantShutdown: true, WantFence: true}, stateShutdownNow},
		{2, 1, HeartbeatRequest{WantFence: true}, stateFenced},
		{2, 0, HeartbeatRequest{}, stateUnfenced},
		{6, 1, HeartbeatRequest{WantShutdown: true}, stateControlledShutdown},
		{6, 0, HeartbeatRequest{WantShutdown: true}, stateControlledShutdown},
	} {
		broker := c.broker(step.broker)
		broker.leads = step.leads
		if got := c.nextControlState(broker.controlState(), broker, step.request); got != step.want {
			t.Errorf("broker %d leading %d, %+v: state %d, want %d", step.broker, step.leads, step.request, got, step.want)
		}
	}
	c.brokers[1].Fenced = true // the slowest: the lowest active offset is 100 now
	leaving := c.broker(6)
	for leads, want := range []controlState{stateShutdownNow, stateControlledShutdown} {
		leaving.leads = int32(leads)
		if got := c.nextControlState(leaving.controlState(), leaving, HeartbeatRequest{WantShutdown: true}); got != want {
			t.Errorf("leading %d: state %d, want %d", leads, got, want)
		}
	}
}

// A broker dies at any moment between two of its heartbeats, at any moment between
// two checks: it is fenced 7.0 to 10.1 s later, 9 − U(0, 2) + U(0, 1.125) s.
func TestFencingWindow(t *testing.T) {
	const steps = 40
	heartbeat, check := 2*time.Second, StaleCheckPeriod(9*time.Second)
	if check != 1125*time.Millisecond {
		t.Fatalf("the check runs every %s", check)
	}
	shortest, longest, sum := time.Hour, time.Duration(0), time.Duration(0)
	for i := range steps {
		for j := range steps {
			age := heartbeat * time.Duration(i) / steps // of the last heartbeat at the death
			died := sim.Time(0).Add(age)
			c := NewController(testConfig(false), 2, []PartitionInfo{{Replicas: []BrokerID{1, 2}, MinInsyncReplicas: 1}})
			at := sim.Time(0).Add(check * time.Duration(j) / steps)
			for {
				c.Heartbeat(at, HeartbeatRequest{Broker: 2, Epoch: 2}, nil)
				if fenced, _ := c.FenceStale(at, nil); fenced != NoBroker {
					break
				}
				at = at.Add(check)
			}
			took := at.Sub(died)
			shortest, longest, sum = min(shortest, took), max(longest, took), sum+took
		}
	}
	if shortest < 7*time.Second || longest > 10125*time.Millisecond {
		t.Errorf("fenced %s to %s after the death", shortest, longest)
	}
	// The phases are sampled on a grid, half a step of which is 39 ms in all.
	if mean := sum / (steps * steps); mean < 8520*time.Millisecond || mean > 8605*time.Millisecond {
		t.Errorf("fenced %s after the death in the mean, expected 8.56 s", mean)
	}
}

// An election task stops after 1000 elections and asks to be run again.
func TestElectionTasksAreBounded(t *testing.T) {
	partitions := make([]PartitionInfo, 1500)
	for i := range partitions {
		partitions[i] = PartitionInfo{Replicas: []BrokerID{1, 2}, MinInsyncReplicas: 1, UncleanElection: i%2 == 0}
	}
	c := NewController(testConfig(false), 2, partitions)
	c.Heartbeat(0, HeartbeatRequest{Broker: 1, Epoch: 1, WantFence: true}, nil)
	_, out := c.Heartbeat(0, HeartbeatRequest{Broker: 1, Epoch: 1, MetadataOffset: c.MetadataOffset()}, nil)
	if len(out) != 1 {
		t.Fatalf("unfencing changed %d things", len(out))
	}
	for p := range partitions {
		state := c.Partition(PartitionID(p))
		c.AlterPartition(AlterRequest{
			Broker: 2, BrokerEpoch: 2, Partition: PartitionID(p),
			LeaderEpoch: state.LeaderEpoch, PartitionEpoch: state.PartitionEpoch, NewISR: 0b11,
		}, nil)
	}
	for run, want := range []struct {
		elections int
		again     bool
	}{{1000, true}, {500, false}, {0, false}} {
		again, out := c.ElectPreferred(nil)
		if len(out) != want.elections || again != want.again {
			t.Errorf("run %d: %d elections, again %t", run, len(out), again)
		}
	}
	// Broker 2 leaves the ISRs, then 1 dies: half of the topics elect 2 at once,
	// the other half only when they are allowed to.
	for p := range partitions {
		state := c.Partition(PartitionID(p))
		c.AlterPartition(AlterRequest{
			Broker: 1, BrokerEpoch: 1, Partition: PartitionID(p),
			LeaderEpoch: state.LeaderEpoch, PartitionEpoch: state.PartitionEpoch, NewISR: 0b01,
		}, nil)
	}
	c.Heartbeat(0, HeartbeatRequest{Broker: 1, Epoch: 1, WantFence: true}, nil)
	if again, out := c.ElectUnclean(nil); len(out) != 0 || again {
		t.Errorf("%d unclean elections that no topic allows", len(out))
	}
	c.SetTopicConfig(PartitionRange{0, 1500}, TopicConfig{1, true}, nil)
	if again, out := c.ElectUnclean(nil); len(out) != 750 || again {
		t.Errorf("%d unclean elections, again %t", len(out), again)
	}
}

// swarm drives a controller with random inputs and checks after each what must
// always hold.
type swarm struct {
	t       *testing.T
	random  *rand.Rand
	c       *Controller
	elr     bool
	now     sim.Time
	leaders []map[LeaderEpoch]ReplicaIndex // who led a partition in an epoch
	shadow  []PartitionState               // as the changes say
	fenced  []bool                         // as the changes say
}

func (s *swarm) step() {
	s.t.Helper()
	s.now = s.now.Add(time.Duration(s.random.IntN(3000)) * time.Millisecond)
	b := BrokerID(1 + s.random.IntN(len(s.c.brokers)))
	before := s.c.MetadataOffset()
	var out []Change
	records := true
	switch s.random.IntN(12) {
	case 0, 1, 2, 3:
		epoch := s.c.Broker(b).Epoch
		if s.random.IntN(20) == 0 {
			epoch--
		}
		_, out = s.c.Heartbeat(s.now, HeartbeatRequest{
			Broker: b, Epoch: epoch, MetadataOffset: s.c.MetadataOffset() - int64(s.random.IntN(4)),
			WantFence: s.random.IntN(8) == 0,
			// A broker that has begun to shut down never changes its mind.
			WantShutdown: s.c.Broker(b).InControlledShutdown || s.random.IntN(8) == 0,
		}, nil)
	case 4:
		_, out = s.c.FenceStale(s.now, nil)
	case 5:
		_, out = s.c.Register(s.now, RegisterRequest{
			Broker: b, Clean: s.random.IntN(2) == 0, PreviousEpoch: s.c.Broker(b).Epoch, EmptyDirectory: s.random.IntN(4) == 0,
		}, nil)
	case 6, 7, 8:
		out = s.alter()
	case 9:
		_, out = s.c.ElectPreferred(nil)
	case 10:
		if s.random.IntN(2) == 0 {
			_, out = s.c.ElectUnclean(nil)
		} else {
			_, out = s.c.AssignDirectory(b, s.c.Broker(b).Epoch, nil)
		}
	case 11:
		if s.random.IntN(4) == 0 {
			s.c.Activate(s.now)
		} else if s.random.IntN(4) == 0 {
			records = false // one ClearElrRecord stands for all its changes
			first := PartitionID(s.random.IntN(len(s.shadow)))
			out = s.c.SetTopicConfig(PartitionRange{first, first + 1}, TopicConfig{1 + s.random.IntN(4), s.random.IntN(2) == 0}, nil)
		}
	}
	if records && s.c.MetadataOffset() != before+int64(len(out)) {
		s.t.Fatalf("%d changes moved the metadata offset by %d", len(out), s.c.MetadataOffset()-before)
	}
	s.replay(out)
	s.check()
}

// alter sends what a leader could send: a random ISR with itself in it.
func (s *swarm) alter() []Change {
	p := PartitionID(s.random.IntN(len(s.shadow)))
	state, replicas := s.c.Partition(p), s.c.Assignment(p)
	if state.Leader == NoReplica {
		return nil
	}
	leader := replicas[state.Leader]
	result, out := s.c.AlterPartition(AlterRequest{
		Broker: leader, BrokerEpoch: s.c.Broker(leader).Epoch, Partition: p,
		LeaderEpoch: state.LeaderEpoch, PartitionEpoch: state.PartitionEpoch,
		NewISR: (ReplicaSet(s.random.Uint32()) & AllReplicas(len(replicas))).With(state.Leader),
	}, nil)
	if result.Error == AlterOK && result.State != s.c.Partition(p) {
		s.t.Fatalf("granted %+v, but the partition is %+v", result.State, s.c.Partition(p))
	}
	return out
}

// replay applies the changes as a broker does, and checks each against what was.
func (s *swarm) replay(out []Change) {
	s.t.Helper()
	for _, change := range out {
		switch change.Kind {
		case PartitionChanged:
			old, next := s.shadow[change.Partition], change.State
			if next.PartitionEpoch != old.PartitionEpoch+1 {
				s.t.Fatalf("partition epoch %d after %d", next.PartitionEpoch, old.PartitionEpoch)
			}
			if bumped := next.LeaderEpoch == old.LeaderEpoch+1; bumped != (next.Leader != old.Leader) || !bumped && next.LeaderEpoch != old.LeaderEpoch {
				s.t.Fatalf("leader %d in epoch %d after %d in %d", next.Leader, next.LeaderEpoch, old.Leader, old.LeaderEpoch)
			}
			if elected := next.Leader != old.Leader && next.Leader != NoReplica; elected != (change.Election != NoElection) {
				s.t.Fatalf("election %d from %+v to %+v", change.Election, old, next)
			}
			unclean := change.Election == UncleanElection || change.Election == LastKnownLeaderElection
			if unclean == (old.ISR|old.ELR).Has(next.Leader) && change.Election != NoElection {
				s.t.Fatalf("election %d from %+v to %+v", change.Election, old, next)
			}
			s.shadow[change.Partition] = next
		case BrokerRegistered, BrokerFenced:
			s.fenced[change.Broker-1] = true
		case BrokerUnfenced:
			s.fenced[change.Broker-1] = false
		case BrokerInControlledShutdown:
		}
	}
}

func (s *swarm) check() {
	s.t.Helper()
	leads := make([]int32, len(s.c.brokers))
	for i := range s.shadow {
		p := PartitionID(i)
		state, replicas := s.c.Partition(p), s.c.Assignment(p)
		if state != s.shadow[i] {
			s.t.Fatalf("partition %d is %+v, its changes say %+v", p, state, s.shadow[i])
		}
		if (state.ISR|state.ELR)&^AllReplicas(len(replicas)) != 0 || state.ISR&state.ELR != 0 {
			s.t.Fatalf("ISR and ELR of %+v", state)
		}
		if !s.elr && (state.ELR != 0 || state.LastKnownLeader != NoReplica || state.ISR == 0) {
			s.t.Fatalf("without the ELR feature: %+v", state)
		}
		if s.c.leaderless[i>>6]>>(i&63)&1 != 0 != (state.Leader == NoReplica) ||
			s.c.imbalanced[i>>6]>>(i&63)&1 != 0 != (state.Leader != 0) {
			s.t.Fatalf("indexes of %+v", state)
		}
		if state.Leader == NoReplica {
			continue
		}
		leader := s.c.broker(replicas[state.Leader])
		leads[replicas[state.Leader]-1]++
		if !state.ISR.Has(state.Leader) || !leader.active() || state.LastKnownLeader != NoReplica {
			s.t.Fatalf("leader of %+v is %+v", state, *leader)
		}
		if before, known := s.leaders[i][state.LeaderEpoch]; known && before != state.Leader {
			s.t.Fatalf("%d and %d lead partition %d in epoch %d", before, state.Leader, p, state.LeaderEpoch)
		}
		s.leaders[i][state.LeaderEpoch] = state.Leader
		for r, b := range replicas {
			if state.ISR.Has(ReplicaIndex(r)) && !s.c.broker(b).active() {
				s.t.Fatalf("broker %d is in the ISR of %+v", b, state)
			}
		}
	}
	for i := range s.c.brokers {
		if leads[i] != s.c.brokers[i].leads || s.c.brokers[i].Fenced != s.fenced[i] {
			s.t.Fatalf("broker %d leads %d: %+v", i+1, leads[i], s.c.brokers[i])
		}
	}
}

// Whatever happens: at most one leader an epoch, the leader is alive and in the
// ISR, the ISR holds only live replicas while there is a leader, epochs move by
// one, ISR and ELR are disjoint, without the feature there is no ELR and no empty
// ISR, and the changes tell all.
func TestControllerInvariants(t *testing.T) {
	for seed := range uint64(60) {
		s := &swarm{t: t, random: rand.New(rand.NewPCG(seed, 1)), elr: seed%2 == 0}
		brokers := 3 + s.random.IntN(3)
		partitions := make([]PartitionInfo, 1+s.random.IntN(70))
		for i := range partitions {
			for _, b := range s.random.Perm(brokers)[:1+s.random.IntN(brokers)] {
				partitions[i].Replicas = append(partitions[i].Replicas, BrokerID(b+1))
			}
			partitions[i].MinInsyncReplicas = 1 + s.random.IntN(3)
			partitions[i].UncleanElection = s.random.IntN(3) == 0
			s.leaders = append(s.leaders, map[LeaderEpoch]ReplicaIndex{})
		}
		s.c = NewController(testConfig(s.elr), brokers, partitions)
		s.shadow = append(s.shadow, s.c.partitions...)
		s.fenced = make([]bool, brokers)
		for range 500 {
			s.step()
		}
	}
}

// A fork goes its own way and leaves the original as it was.
func TestControllerCopy(t *testing.T) {
	c := NewController(testConfig(true), 3, []PartitionInfo{
		{Replicas: []BrokerID{1, 2, 3}, MinInsyncReplicas: 2},
		{Replicas: []BrokerID{2, 3, 1}, MinInsyncReplicas: 2},
	})
	var before, fork Controller
	c.CopyTo(&before)
	c.CopyTo(&fork)
	if _, out := fork.FenceStale(sim.Time(0).Add(time.Minute), nil); len(out) == 0 {
		t.Fatal("the fork fenced nobody")
	}
	fork.SetTopicConfig(PartitionRange{0, 2}, TopicConfig{MinInsyncReplicas: 1}, nil)
	if !reflect.DeepEqual(c, &before) {
		t.Error("a change of the fork changed the original")
	}
	c.CopyTo(&fork)
	if !reflect.DeepEqual(c, &fork) {
		t.Error("the copy differs")
	}
}

// In steady state nothing is allocated but what the caller owns.
func TestControllerAllocations(t *testing.T) {
	c := NewController(testConfig(true), 3, []PartitionInfo{{Replicas: []BrokerID{1, 2, 3}, MinInsyncReplicas: 2}})
	out := make([]Change, 0, 16)
	now := sim.Time(0)
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Second)
		_, out = c.Heartbeat(now, HeartbeatRequest{Broker: 1, Epoch: 1, WantFence: true}, out[:0])
		_, out = c.Heartbeat(now, HeartbeatRequest{Broker: 1, Epoch: 1, MetadataOffset: c.MetadataOffset()}, out[:0])
		_, out = c.FenceStale(now, out[:0])
		_, out = c.ElectPreferred(out[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
