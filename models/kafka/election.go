package kafka

// electionMode is what an election may do to keep a partition online
// (PartitionChangeBuilder.Election).
type electionMode uint8

const (
	electOnline    electionMode = iota // an eligible replica, keep the leader if it is one
	electPreferred                     // as online, but the first of the assignment before the present leader
	electUnclean                       // as online, then any live replica
)

// A partitionChange is one proposed change of a partition, with what the
// controller knows at that moment. Its apply is Kafka's
// metadata/.../controller/PartitionChangeBuilder.build without reassignment.
type partitionChange struct {
	acceptable      ReplicaSet // may lead: unfenced, not shutting down, log directory online
	targetISR       ReplicaSet // the ISR asked for
	uncleanShutdown ReplicaSet // registered without proof of a clean shutdown: no longer eligible
	recovering      bool       // the leader recovery state asked for
	minISR          int        // effective min ISR, at least 1
	mode            electionMode
	elr             bool // feature eligible.leader.replicas.version = 1
	deadLastKnown   bool // Kafka 4.0: the last known leader is not asked whether it lives
}

// apply returns the state after the change and how its leader was chosen if
// that is another one. Any difference raises the partition epoch by one, a new
// leader or the loss of one raises the leader epoch by one. An ISR shrink alone
// leaves the leader epoch as it is: metadata.version is at least 3.6 in every
// fresh 4.x cluster (triggerLeaderEpochBumpForIsrShrinkIfNeeded).
func (change *partitionChange) apply(old PartitionState) (PartitionState, ElectionKind) {
	next := old
	isr, elr := change.targetISR, change.eligible(old)
	leader, kind := change.elect(old, isr, elr)
	if leader == old.Leader {
		kind = NoElection
	}
	unclean := kind == UncleanElection || kind == LastKnownLeaderElection
	if leader != old.Leader {
		if elr.Has(leader) {
			isr = ReplicaSet(0).With(leader)
			elr = elr.Without(leader)
		}
		next.Leader = leader
		next.LeaderEpoch++
	}
	if unclean {
		isr = ReplicaSet(0).With(leader)
		next.Recovering = true
	}
	if unclean || !change.elr {
		elr = 0
	}
	next.ELR = elr
	if isr != 0 || change.elr { // without the feature the last member stays
		next.ISR = isr
	}
	next.LastKnownLeader = change.lastKnownLeader(old, leader)
	if change.recovering != old.Recovering {
		next.Recovering = change.recovering
	}
	if next == old {
		return old, NoElection
	}
	next.PartitionEpoch++
	return next, kind
}

// eligible is the ELR that goes with the asked ISR, before the election: none
// while the ISR holds min ISR members, else whoever was in ISR or ELR, left the
// ISR and did not shut down uncleanly (maybePopulateTargetElr). That is safe
// because the high watermark stands still below min ISR.
func (change *partitionChange) eligible(old PartitionState) ReplicaSet {
	switch {
	case !change.elr:
		return old.ELR
	case change.targetISR.Len() >= change.minISR:
		return 0
	default:
		return (old.ELR | old.ISR) &^ change.targetISR &^ change.uncleanShutdown
	}
}

// elect chooses the leader: the preferred replica if that is asked, the present
// leader, the first of the ISR in assignment order (of the ELR where the ISR is
// empty), the last known leader, then with electUnclean the first live replica
// (electLeader). It never looks at log ends.
func (change *partitionChange) elect(old PartitionState, isr, elr ReplicaSet) (ReplicaIndex, ElectionKind) {
	candidates := isr
	if isr == 0 {
		candidates = elr
	}
	candidates &= change.acceptable
	const preferred ReplicaIndex = 0
	switch {
	case change.mode == electPreferred && candidates.Has(preferred):
		return preferred, PreferredElection
	case candidates.Has(old.Leader):
		return old.Leader, NoElection
	case candidates != 0:
		return candidates.First(), CleanElection
	case change.canElectLastKnownLeader(old, isr, elr):
		return old.LastKnownLeader, LastKnownLeaderElection
	case change.mode == electUnclean && change.acceptable != 0:
		return change.acceptable.First(), UncleanElection
	default:
		return NoReplica, NoElection
	}
}

// canElectLastKnownLeader allows the "balanced recovery" of the ELR feature:
// with ISR and ELR both empty the last known leader is elected, uncleanly and
// whatever unclean.leader.election.enable says. Kafka 4.0 tests whether it lives
// but does not act on the answer (KAFKA-19522, fixed in 4.1).
func (change *partitionChange) canElectLastKnownLeader(old PartitionState, isr, elr ReplicaSet) bool {
	return change.elr && isr == 0 && elr == 0 && old.LastKnownLeader != NoReplica &&
		(change.deadLastKnown || change.acceptable.Has(old.LastKnownLeader))
}

// lastKnownLeader is stored when a partition first becomes leaderless and
// forgotten when it has a leader again (maybeUpdateLastKnownLeader).
func (change *partitionChange) lastKnownLeader(old PartitionState, leader ReplicaIndex) ReplicaIndex {
	switch {
	case !change.elr || leader == old.Leader:
		return old.LastKnownLeader
	case leader != NoReplica:
		return NoReplica
	case old.LastKnownLeader == NoReplica:
		return old.Leader
	default:
		return old.LastKnownLeader
	}
}
