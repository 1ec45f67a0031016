package kafka

import "testing"

// These cases are Kafka's own (metadata/src/test/.../PartitionChangeBuilderTest.java,
// named in each), with replica indexes for broker ids. Cases with reassignments
// are left out, as are those that switch the last known leader off, which no
// cluster can.
func TestPartitionChangeAsInKafka(t *testing.T) {
	// FOO has replicas 2 1 3, leader 1, and broker 3 is dead.
	foo := PartitionState{Leader: 1, LastKnownLeader: NoReplica, ISR: 0b111, LeaderEpoch: 100, PartitionEpoch: 200}
	fooChange := partitionChange{acceptable: 0b011, targetISR: 0b111, minISR: 2}
	// BAZ has replicas 2 1 3, ISR 1 3, leader 3, and all live.
	baz := PartitionState{Leader: 2, LastKnownLeader: NoReplica, ISR: 0b110, LeaderEpoch: 100, PartitionEpoch: 200}
	bazChange := partitionChange{acceptable: 0b111, targetISR: 0b110, minISR: 2}
	offline := PartitionState{Leader: NoReplica, LastKnownLeader: NoReplica, ISR: 0b100, LeaderEpoch: 100, PartitionEpoch: 200}
	offlineELR := PartitionState{Leader: NoReplica, LastKnownLeader: 0, ELR: 0b100, LeaderEpoch: 100, PartitionEpoch: 200}
	four := PartitionState{Leader: 0, LastKnownLeader: NoReplica, ISR: 0b1111, LeaderEpoch: 100, PartitionEpoch: 200}
	lastKnown := PartitionState{Leader: NoReplica, LastKnownLeader: 0, LeaderEpoch: 100, PartitionEpoch: 200}

	type expected struct {
		state PartitionState
		kind  ElectionKind
	}
	after := func(s PartitionState, change func(*PartitionState)) PartitionState {
		s.PartitionEpoch++
		change(&s)
		return s
	}
	led := func(by ReplicaIndex, isr ReplicaSet) func(*PartitionState) {
		return func(s *PartitionState) { s.Leader, s.ISR, s.LeaderEpoch = by, isr, s.LeaderEpoch+1 }
	}
	with := func(change partitionChange, edit func(*partitionChange)) partitionChange {
		edit(&change)
		return change
	}
	for name, c := range map[string]struct {
		old    PartitionState
		change partitionChange
		want   expected
	}{
		"testElectLeader, preferred": {
			foo, with(fooChange, func(c *partitionChange) { c.mode = electPreferred }),
			expected{after(foo, led(0, 0b111)), PreferredElection},
		},
		"testNoChange":          {foo, fooChange, expected{foo, NoElection}},
		"testNoChange, unclean": {foo, with(fooChange, func(c *partitionChange) { c.mode = electUnclean }), expected{foo, NoElection}},
		"testElectLeader, preferred one not in the ISR": {
			baz, with(bazChange, func(c *partitionChange) { c.mode = electPreferred }), expected{baz, NoElection},
		},
		"testElectLeader, ISR left to a dead replica": {
			foo, with(fooChange, func(c *partitionChange) { c.targetISR = 0b100 }),
			expected{after(foo, led(NoReplica, 0b100)), NoElection},
		},
		"testIsrChangeDoesntBumpLeaderEpoch": {
			foo, with(fooChange, func(c *partitionChange) { c.targetISR = 0b011 }),
			expected{after(foo, func(s *PartitionState) { s.ISR = 0b011 }), NoElection},
		},
		"testIsrChangeAndLeaderChange": {
			foo, with(fooChange, func(c *partitionChange) { c.targetISR = 0b101 }),
			expected{after(foo, led(0, 0b101)), CleanElection},
		},
		"testUncleanLeaderElection": {
			foo, with(fooChange, func(c *partitionChange) { c.targetISR, c.mode = 0b100, electUnclean }),
			expected{after(after(foo, led(0, 0b001)), func(s *PartitionState) {
				s.Recovering, s.PartitionEpoch = true, s.PartitionEpoch-1
			}), UncleanElection},
		},
		"testUncleanLeaderElection, offline": {
			offline,
			partitionChange{acceptable: 0b010, targetISR: 0b100, minISR: 2, mode: electUnclean},
			expected{PartitionState{
				Leader: 1, LastKnownLeader: NoReplica, ISR: 0b010, Recovering: true, LeaderEpoch: 101, PartitionEpoch: 201,
			}, UncleanElection},
		},
		"testUncleanLeaderElection, offline with ELR": {
			offlineELR,
			partitionChange{acceptable: 0b010, minISR: 2, mode: electUnclean, elr: true},
			expected{PartitionState{
				Leader: 1, LastKnownLeader: NoReplica, ISR: 0b010, Recovering: true, LeaderEpoch: 101, PartitionEpoch: 201,
			}, UncleanElection},
		},
		"testEligibleLeaderReplicas_IsrShrinkBelowMinISR": {
			four,
			partitionChange{acceptable: 0b1011, targetISR: 0b0011, minISR: 3, mode: electPreferred, elr: true},
			expected{after(four, func(s *PartitionState) { s.ISR, s.ELR = 0b0011, 0b1100 }), NoElection},
		},
		"testEligibleLeaderReplicas_IsrExpandAboveMinISR": {
			after(four, func(s *PartitionState) { s.ISR, s.ELR = 0b0011, 0b0100 }),
			partitionChange{acceptable: 0b1011, targetISR: 0b0111, minISR: 3, mode: electPreferred, elr: true},
			expected{after(four, func(s *PartitionState) { s.ISR, s.PartitionEpoch = 0b0111, 202 }), NoElection},
		},
		"testEligibleLeaderReplicas_lastKnownElrShouldBePopulatedWhenNoLeader": {
			PartitionState{Leader: 0, LastKnownLeader: NoReplica, ISR: 0b001, ELR: 0b010, LeaderEpoch: 100, PartitionEpoch: 200},
			partitionChange{targetISR: 0b001, minISR: 3, mode: electPreferred, elr: true},
			expected{PartitionState{
				Leader: NoReplica, LastKnownLeader: 0, ISR: 0b001, ELR: 0b010, LeaderEpoch: 101, PartitionEpoch: 201,
			}, NoElection},
		},
		"testEligibleLeaderReplicas_ElrCanBeElected": {
			PartitionState{Leader: 0, LastKnownLeader: NoReplica, ISR: 0b0001, ELR: 0b0100, LeaderEpoch: 100, PartitionEpoch: 200},
			partitionChange{acceptable: 0b1110, minISR: 3, mode: electPreferred, elr: true},
			expected{PartitionState{
				Leader: 2, LastKnownLeader: NoReplica, ISR: 0b0100, ELR: 0b0001, LeaderEpoch: 101, PartitionEpoch: 201,
			}, CleanElection},
		},
		"testEligibleLeaderReplicas_IsrCanShrinkToZero": {
			four,
			partitionChange{minISR: 3, mode: electPreferred, elr: true},
			expected{PartitionState{
				Leader: NoReplica, LastKnownLeader: 0, ELR: 0b1111, LeaderEpoch: 101, PartitionEpoch: 201,
			}, NoElection},
		},
		"testEligibleLeaderReplicas_IsrCanShrinkToZero, then an unclean shutdown": {
			PartitionState{Leader: NoReplica, LastKnownLeader: 0, ELR: 0b1111, LeaderEpoch: 101, PartitionEpoch: 201},
			partitionChange{uncleanShutdown: 0b0010, minISR: 3, mode: electPreferred, elr: true},
			expected{PartitionState{
				Leader: NoReplica, LastKnownLeader: 0, ELR: 0b1101, LeaderEpoch: 101, PartitionEpoch: 202,
			}, NoElection},
		},
		"testEligibleLeaderReplicas_ElectLastKnownLeader": {
			lastKnown,
			partitionChange{acceptable: 0b1111, minISR: 3, mode: electPreferred, elr: true},
			expected{PartitionState{
				Leader: 0, LastKnownLeader: NoReplica, ISR: 0b0001, Recovering: true, LeaderEpoch: 101, PartitionEpoch: 201,
			}, LastKnownLeaderElection},
		},
		"testEligibleLeaderReplicas_ElectLastKnownLeaderShouldFail": {
			after(lastKnown, func(s *PartitionState) { s.ELR = 0b0100 }),
			partitionChange{acceptable: 0b1011, minISR: 3, mode: electPreferred, elr: true},
			expected{after(lastKnown, func(s *PartitionState) { s.ELR = 0b0100 }), NoElection},
		},
		"testEligibleLeaderReplicas_NotEligibleLastKnownLeader, unclean": {
			lastKnown, partitionChange{minISR: 3, mode: electUnclean, elr: true}, expected{lastKnown, NoElection},
		},
		"the same in 4.0": {
			lastKnown,
			partitionChange{minISR: 3, mode: electUnclean, elr: true, deadLastKnown: true},
			expected{PartitionState{
				Leader: 0, LastKnownLeader: NoReplica, ISR: 0b0001, Recovering: true, LeaderEpoch: 101, PartitionEpoch: 201,
			}, LastKnownLeaderElection},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, kind := c.change.apply(c.old)
			if state != c.want.state || kind != c.want.kind {
				t.Errorf("got %+v (election %d), want %+v (election %d)", state, kind, c.want.state, c.want.kind)
			}
		})
	}
}

// testChangeInLeadershipDoesNotChangeRecoveryState: a leader that has not
// recovered goes and comes back, and still has not.
func TestElectionKeepsRecovering(t *testing.T) {
	state := PartitionState{Leader: 0, LastKnownLeader: NoReplica, ISR: 0b001, Recovering: true, LeaderEpoch: 100, PartitionEpoch: 200}
	gone := partitionChange{minISR: 2, recovering: true}
	state, _ = gone.apply(state)
	if state.Leader != NoReplica || state.ISR != 0b001 || !state.Recovering {
		t.Errorf("after the leader has gone: %+v", state)
	}
	back := partitionChange{acceptable: 0b111, targetISR: 0b001, minISR: 2, recovering: true}
	state, kind := back.apply(state)
	if state.Leader != 0 || state.ISR != 0b001 || !state.Recovering || kind != CleanElection {
		t.Errorf("after it is back: %+v, election %d", state, kind)
	}
}
