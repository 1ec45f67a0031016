package kafka

import "fmt"

// AlterRequest is a leader's request for another ISR of one partition.
type AlterRequest struct {
	Broker         BrokerID
	BrokerEpoch    BrokerEpoch
	Partition      PartitionID
	LeaderEpoch    LeaderEpoch
	PartitionEpoch PartitionEpoch
	NewISR         ReplicaSet
	// MemberEpochs are the broker epochs of the members of NewISR, by replica
	// index, as the leader knows them; NoBrokerEpoch, or a nil slice, asks for no
	// check.
	MemberEpochs []BrokerEpoch
	Recovering   bool // the leader has not yet finished an unclean election
}

// AlterError is why a request for another ISR was refused, in Kafka's words.
type AlterError uint8

// Outcomes of AlterPartition. A leader waits for newer metadata after the
// stale-epoch ones, returns to the committed ISR after AlterIneligibleReplica and
// tries the others again (core/.../cluster/Partition.scala, handleAlterPartitionError).
const (
	AlterOK                      AlterError = iota + 1
	AlterStaleBrokerEpoch                   // STALE_BROKER_EPOCH, for the whole request
	AlterUnknownTopicOrPartition            // UNKNOWN_TOPIC_OR_PARTITION
	AlterNotController                      // NOT_CONTROLLER: the leader knows more than this controller
	AlterFencedLeaderEpoch                  // FENCED_LEADER_EPOCH: an older leader epoch
	AlterInvalidRequest                     // INVALID_REQUEST: not the leader, or an impossible ISR
	AlterInvalidUpdateVersion               // INVALID_UPDATE_VERSION: an older partition epoch
	AlterIneligibleReplica                  // INELIGIBLE_REPLICA: a member is fenced, shutting down or another incarnation
	AlterNewLeaderElected                   // NEW_LEADER_ELECTED: it was done, and the leader is another one now
)

// String is Kafka's name of the error.
func (e AlterError) String() string {
	switch e {
	case AlterOK:
		return "NONE"
	case AlterStaleBrokerEpoch:
		return "STALE_BROKER_EPOCH"
	case AlterUnknownTopicOrPartition:
		return "UNKNOWN_TOPIC_OR_PARTITION"
	case AlterNotController:
		return "NOT_CONTROLLER"
	case AlterFencedLeaderEpoch:
		return "FENCED_LEADER_EPOCH"
	case AlterInvalidRequest:
		return "INVALID_REQUEST"
	case AlterInvalidUpdateVersion:
		return "INVALID_UPDATE_VERSION"
	case AlterIneligibleReplica:
		return "INELIGIBLE_REPLICA"
	case AlterNewLeaderElected:
		return "NEW_LEADER_ELECTED"
	default:
		return fmt.Sprintf("AlterError(%d)", uint8(e))
	}
}

// AlterResult answers AlterPartition.
type AlterResult struct {
	Error AlterError
	State PartitionState // after the request, valid with AlterOK
}

// AlterPartition gives a partition the ISR that its leader asks for, if
// everything the leader assumes is so (ReplicationControlManager.alterPartition).
// A request that changes nothing is granted without a record. Below min ISR the
// rules of the ELR apply to whoever leaves.
func (c *Controller) AlterPartition(request AlterRequest, out []Change) (AlterResult, []Change) {
	if err := c.validateAlter(&request); err != AlterOK {
		return AlterResult{Error: err}, out
	}
	p := request.Partition
	mode := electOnline
	if c.settings[p].uncleanElection {
		mode = electUnclean
	}
	change := c.proposal(p, mode, nobody())
	change.targetISR = request.NewISR
	change.recovering = request.Recovering
	leader := c.partitions[p].Leader
	out = c.update(p, &change, out)
	if c.partitions[p].Leader != leader {
		return AlterResult{Error: AlterNewLeaderElected}, out
	}
	return AlterResult{Error: AlterOK, State: c.partitions[p]}, out
}

// validateAlter is checkBrokerEpoch and validateAlterPartitionData, in Kafka's
// order of tests.
func (c *Controller) validateAlter(request *AlterRequest) AlterError {
	if request.Broker < 1 || int(request.Broker) > len(c.brokers) ||
		c.broker(request.Broker).Epoch != request.BrokerEpoch {
		return AlterStaleBrokerEpoch
	}
	if request.Partition < 0 || int(request.Partition) >= len(c.partitions) {
		return AlterUnknownTopicOrPartition
	}
	state := &c.partitions[request.Partition]
	replicas := c.assignments[request.Partition]
	isr := request.NewISR
	switch {
	case request.LeaderEpoch > state.LeaderEpoch || request.PartitionEpoch > state.PartitionEpoch:
		return AlterNotController
	case request.LeaderEpoch < state.LeaderEpoch:
		return AlterFencedLeaderEpoch
	case state.Leader == NoReplica || replicas[state.Leader] != request.Broker:
		return AlterInvalidRequest
	case request.PartitionEpoch < state.PartitionEpoch:
		return AlterInvalidUpdateVersion
	case isr&^AllReplicas(len(replicas)) != 0 || !isr.Has(state.Leader):
		return AlterInvalidRequest
	case request.Recovering && (isr.Len() > 1 || !state.Recovering):
		return AlterInvalidRequest
	case !c.eligibleForISR(request):
		return AlterIneligibleReplica
	default:
		return AlterOK
	}
}

// eligibleForISR says whether each member of the asked ISR is unfenced, not
// shutting down, and the incarnation that the leader means
// (ineligibleReplicasForIsr).
func (c *Controller) eligibleForISR(request *AlterRequest) bool {
	for i, b := range c.assignments[request.Partition] {
		if !request.NewISR.Has(ReplicaIndex(i)) {
			continue
		}
		broker := c.broker(b)
		if !broker.active() {
			return false
		}
		if i < len(request.MemberEpochs) {
			if epoch := request.MemberEpochs[i]; epoch != NoBrokerEpoch && epoch != broker.Epoch {
				return false
			}
		}
	}
	return true
}

// ElectPreferred gives partitions that are not led by their preferred replica
// back to it where it is eligible, at most 1000 a call and without a threshold
// of imbalance (maybeBalancePartitionLeaders). It is the task of
// auto.leader.rebalance.enable, every ElectionTaskPeriod; true asks for the next
// run TaskRepeatDelay later.
func (c *Controller) ElectPreferred(out []Change) (bool, []Change) {
	before := len(out)
	for p, some := c.imbalanced.next(0); some; p, some = c.imbalanced.next(p + 1) {
		if len(out)-before >= maxElectionsPerTask {
			break
		}
		change := c.proposal(p, electPreferred, nobody())
		out = c.update(p, &change, out)
	}
	return len(out)-before >= maxElectionsPerTask, out
}

// ElectUnclean elects leaders for leaderless partitions whose topic allows an
// unclean election, at most 1000 a call (maybeElectUncleanLeaders). It is the
// task that notices the setting when it is switched on later, every
// ElectionTaskPeriod; true asks for the next run TaskRepeatDelay later.
func (c *Controller) ElectUnclean(out []Change) (bool, []Change) {
	before := len(out)
	for p, some := c.leaderless.next(0); some; p, some = c.leaderless.next(p + 1) {
		if len(out)-before >= maxElectionsPerTask {
			break
		}
		if c.settings[p].uncleanElection {
			change := c.proposal(p, electUnclean, nobody())
			out = c.update(p, &change, out)
		}
	}
	return len(out)-before >= maxElectionsPerTask, out
}

// A PartitionRange is a topic's partitions: First to before End.
type PartitionRange struct {
	First, End PartitionID
}

// TopicConfig are the settings of a topic that the controller acts on.
type TopicConfig struct {
	MinInsyncReplicas int  // min.insync.replicas, at least 1
	UncleanElection   bool // unclean.leader.election.enable
}

// SetTopicConfig gives the topic that has these partitions other settings. With
// ELR another min.insync.replicas clears ELR and last known leader of all its
// partitions (ConfigurationControlManager.createClearElrRecordsAsNeeded).
// Allowing unclean elections elects nobody by itself: the next thing that
// touches a partition does, or ElectUnclean.
func (c *Controller) SetTopicConfig(topic PartitionRange, config TopicConfig, out []Change) []Change {
	if topic.First < 0 || topic.First >= topic.End || int(topic.End) > len(c.partitions) || config.MinInsyncReplicas < 1 {
		panic(fmt.Sprintf("kafka: partitions %d to %d with min.insync.replicas %d", topic.First, topic.End, config.MinInsyncReplicas))
	}
	before := c.settings[topic.First]
	after := partitionSettings{config.MinInsyncReplicas, config.UncleanElection}
	if after.uncleanElection != before.uncleanElection {
		c.offset++ // ConfigRecord
	}
	cleared := after.minInsyncReplicas != before.minInsyncReplicas
	if cleared {
		c.offset++ // ConfigRecord
	}
	if cleared && c.config.ELR {
		c.offset++ // ClearElrRecord, one for the topic
	}
	for p := topic.First; p < topic.End; p++ {
		c.settings[p] = after
		state := &c.partitions[p]
		if cleared && c.config.ELR && (state.ELR != 0 || state.LastKnownLeader != NoReplica) {
			state.ELR, state.LastKnownLeader = 0, NoReplica
			state.PartitionEpoch++
			out = append(out, Change{Kind: PartitionChanged, Partition: p, State: *state})
		}
	}
	return out
}
