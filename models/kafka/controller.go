package kafka

import (
	"fmt"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

// Periods of the active controller's own tasks. Each first runs one period
// after its activation (PeriodicTaskControlManager).
const (
	// ElectionTaskPeriod is the default of leader.imbalance.check.interval.seconds
	// and of unclean.leader.election.interval.ms (ReplicationConfigs).
	ElectionTaskPeriod = 300 * time.Second
	// TaskRepeatDelay is the pause before a task runs again when it left work
	// undone: a broker was fenced, or the limit of elections was reached
	// (PeriodicTask.DEFAULT_IMMEDIATE_PERIOD_NS).
	TaskRepeatDelay = 10 * time.Millisecond
	// maxElectionsPerTask bounds a run of an election task
	// (ReplicationControlManager.MAX_ELECTIONS_PER_IMBALANCE).
	maxElectionsPerTask = 1000
)

// StaleCheckPeriod is the raster on which the active controller calls
// FenceStale: an eighth of broker.session.timeout.ms, at least 1 ms
// (QuorumController.maybeFenceStaleBrokerPeriodNs). After a pass that fenced a
// broker the next one follows TaskRepeatDelay later.
func StaleCheckPeriod(session time.Duration) time.Duration {
	return max(time.Millisecond, session/8)
}

// ControllerConfig is what a controller is started with.
type ControllerConfig struct {
	SessionTimeout time.Duration     // broker.session.timeout.ms, more than 0
	ELR            bool              // feature eligible.leader.replicas.version = 1
	Version        scenarios.Version // release line whose rules apply
}

// PartitionInfo is a partition as it is created.
type PartitionInfo struct {
	Replicas          []BrokerID // assignment, preferred leader first, 1 to MaxReplicas
	MinInsyncReplicas int        // min.insync.replicas of its topic, at least 1
	UncleanElection   bool       // unclean.leader.election.enable of its topic
}

// BrokerState is the registration of a broker and what the active controller
// remembers of its heartbeats.
type BrokerState struct {
	Epoch                BrokerEpoch
	Fenced               bool
	InControlledShutdown bool     // stays until the broker registers again
	ContactKnown         bool     // this epoch has a session, perhaps an expired one
	LastContact          sim.Time // valid if ContactKnown
	MetadataOffset       int64    // as last reported; -1: not since the last change of the registration
}

// brokerRecord is a broker with the parts that nobody outside needs.
type brokerRecord struct {
	BrokerState
	registerOffset int64 // of its registration record
	shutdownOffset int64 // its exit waits until the active brokers have read this far; -1: not in controlled shutdown
	leads          int32 // partitions that it leads
	emptyDirectory bool  // its log directory is not the one that the assignments name
}

// active says that the broker may lead and be in an ISR
// (ClusterControlManager.isActive).
func (b *brokerRecord) active() bool { return !b.Fenced && !b.InControlledShutdown }

// replicaOf is one replica of a broker.
type replicaOf struct {
	partition PartitionID
	index     ReplicaIndex
}

// partitionSettings are the settings of a partition's topic.
type partitionSettings struct {
	minInsyncReplicas int
	uncleanElection   bool
}

// A Controller is the state of the metadata log together with the soft state of
// the active controller: one log, so a failover is a call of Activate and not
// another value. It follows ReplicationControlManager, ClusterControlManager
// and BrokerHeartbeatManager. It does nothing by itself: while no controller is
// active the caller calls nothing.
//
// Inputs append the records they write to a slice of the caller and return it.
// The records of one call are one atomic batch.
type Controller struct {
	config     ControllerConfig
	offset     int64 // of the last record
	brokers    []brokerRecord
	partitions []PartitionState
	settings   []partitionSettings
	leaderless partitionSet
	imbalanced partitionSet // not led by their preferred replica

	assignments [][]BrokerID  // by partition; never changes, shared by forks
	hosted      [][]replicaOf // by broker; never changes, shared by forks
}

// NewController returns the controller of a healthy cluster at time 0: brokers
// 1..n are registered and unfenced, each partition has all its replicas in sync
// and is led by the first, at leader epoch 0. It keeps the slices of replicas.
// It panics if an assignment names a broker twice or one that does not exist.
func NewController(config ControllerConfig, brokers int, partitions []PartitionInfo) *Controller {
	if config.SessionTimeout <= 0 {
		panic(fmt.Sprintf("kafka: session timeout %s", config.SessionTimeout))
	}
	c := &Controller{
		config:      config,
		offset:      int64(2*brokers + len(partitions)),
		brokers:     make([]brokerRecord, brokers),
		partitions:  make([]PartitionState, len(partitions)),
		settings:    make([]partitionSettings, len(partitions)),
		leaderless:  newPartitionSet(len(partitions)),
		imbalanced:  newPartitionSet(len(partitions)),
		assignments: make([][]BrokerID, len(partitions)),
		hosted:      make([][]replicaOf, brokers),
	}
	for i := range c.brokers {
		c.brokers[i] = brokerRecord{
			BrokerState:    BrokerState{Epoch: BrokerEpoch(i + 1), ContactKnown: true, MetadataOffset: c.offset},
			registerOffset: int64(i + 1),
			shutdownOffset: -1,
		}
	}
	for i := range partitions {
		c.create(PartitionID(i), &partitions[i])
	}
	return c
}

// create adds a partition as NewController promises it.
func (c *Controller) create(p PartitionID, info *PartitionInfo) {
	n := len(info.Replicas)
	if n == 0 || n > MaxReplicas || info.MinInsyncReplicas < 1 {
		panic(fmt.Sprintf("kafka: partition %d with %d replicas and min.insync.replicas %d", p, n, info.MinInsyncReplicas))
	}
	for i, b := range info.Replicas {
		if b < 1 || int(b) > len(c.brokers) {
			panic(fmt.Sprintf("kafka: partition %d on broker %d of %d", p, b, len(c.brokers)))
		}
		for _, other := range info.Replicas[:i] {
			if other == b {
				panic(fmt.Sprintf("kafka: partition %d twice on broker %d", p, b))
			}
		}
		c.hosted[b-1] = append(c.hosted[b-1], replicaOf{p, ReplicaIndex(i)})
	}
	c.assignments[p] = info.Replicas
	c.settings[p] = partitionSettings{info.MinInsyncReplicas, info.UncleanElection}
	c.partitions[p] = PartitionState{LastKnownLeader: NoReplica, ISR: AllReplicas(n)}
	c.broker(info.Replicas[0]).leads++
}

// CopyTo makes dst the same controller as c, independent of it. It reuses what
// dst holds; a zero Controller will do.
func (c *Controller) CopyTo(dst *Controller) {
	dst.config, dst.offset = c.config, c.offset
	dst.brokers = append(dst.brokers[:0], c.brokers...)
	dst.partitions = append(dst.partitions[:0], c.partitions...)
	dst.settings = append(dst.settings[:0], c.settings...)
	dst.leaderless = append(dst.leaderless[:0], c.leaderless...)
	dst.imbalanced = append(dst.imbalanced[:0], c.imbalanced...)
	dst.assignments, dst.hosted = c.assignments, c.hosted
}

// Partition returns the state of p.
func (c *Controller) Partition(p PartitionID) PartitionState { return c.partitions[p] }

// Broker returns the state of b.
func (c *Controller) Broker(b BrokerID) BrokerState { return c.broker(b).BrokerState }

// MetadataOffset is the offset of the last record in the metadata log. A broker
// that has applied every change so far reports it in its heartbeats.
func (c *Controller) MetadataOffset() int64 { return c.offset }

// Assignment returns the replicas of p, preferred leader first. It is not to be
// changed.
func (c *Controller) Assignment(p PartitionID) []BrokerID { return c.assignments[p] }

// EffectiveMinISR is min.insync.replicas of p's topic, at most its replication
// factor (getTopicEffectiveMinIsr; KAFKA-15583).
func (c *Controller) EffectiveMinISR(p PartitionID) int {
	return min(c.settings[p].minInsyncReplicas, len(c.assignments[p]))
}

// Leaderless says whether any partition has no leader.
func (c *Controller) Leaderless() bool {
	_, some := c.leaderless.next(0)
	return some
}

// broker returns the record of b.
func (c *Controller) broker(b BrokerID) *brokerRecord {
	if b < 1 || int(b) > len(c.brokers) {
		panic(fmt.Sprintf("kafka: broker %d of %d", b, len(c.brokers)))
	}
	return &c.brokers[b-1]
}

// record writes one record to the metadata log.
func (c *Controller) record(change Change, out []Change) []Change {
	c.offset++
	return append(out, change)
}

// brokerRecorded writes a record about a broker. The heartbeat manager forgets
// the offset that the broker reported when it replays one, because it has set
// the fencing state before (BrokerHeartbeatManager.register): the next heartbeat
// brings it back, and until then a controlled shutdown of another broker waits.
func (c *Controller) brokerRecorded(kind ChangeKind, b BrokerID, out []Change) []Change {
	broker := c.broker(b)
	broker.MetadataOffset = -1
	return c.record(Change{Kind: kind, Broker: b, Epoch: broker.Epoch}, out)
}

// update applies change to p, and writes a record if that makes a difference.
func (c *Controller) update(p PartitionID, change *partitionChange, out []Change) []Change {
	old := c.partitions[p]
	next, kind := change.apply(old)
	if next == old {
		return out
	}
	c.replace(p, next)
	return c.record(Change{Kind: PartitionChanged, Election: kind, Partition: p, State: next}, out)
}

// replace stores the new state of p and keeps the indexes right.
func (c *Controller) replace(p PartitionID, next PartitionState) {
	old := c.partitions[p]
	c.partitions[p] = next
	if old.Leader == next.Leader {
		return
	}
	if old.Leader != NoReplica {
		c.broker(c.assignments[p][old.Leader]).leads--
	}
	if next.Leader != NoReplica {
		c.broker(c.assignments[p][next.Leader]).leads++
	}
	c.leaderless.set(p, next.Leader == NoReplica)
	c.imbalanced.set(p, next.Leader != 0)
}

// exclusion names the brokers that a change of registrations under way puts in
// another light than their present records do. NoBroker stands for none.
type exclusion struct {
	remove  BrokerID // leaves ISR and leadership
	add     BrokerID // counts as unfenced
	unclean BrokerID // leaves ISR, ELR and leadership
}

// nobody is the exclusion of nobody.
func nobody() exclusion { return exclusion{NoBroker, NoBroker, NoBroker} }

// proposal is a change of p that asks for nothing yet.
func (c *Controller) proposal(p PartitionID, mode electionMode, except exclusion) partitionChange {
	state := &c.partitions[p]
	change := partitionChange{
		targetISR:     state.ISR,
		recovering:    state.Recovering,
		minISR:        c.EffectiveMinISR(p),
		mode:          mode,
		elr:           c.config.ELR,
		deadLastKnown: c.config.Version == scenarios.V40,
	}
	for i, b := range c.assignments[p] {
		replica, broker := ReplicaIndex(i), c.broker(b)
		switch {
		case b == except.remove:
			change.targetISR = change.targetISR.Without(replica)
		case b == except.unclean:
			change.targetISR = change.targetISR.Without(replica)
			change.uncleanShutdown = change.uncleanShutdown.With(replica)
		case broker.emptyDirectory:
		case b == except.add || broker.active():
			change.acceptable = change.acceptable.With(replica)
		}
	}
	return change
}

// adjust takes a broker out of p, or gives p the chance that a broker brings
// (generateLeaderAndIsrUpdates). The topic's unclean setting counts at once.
func (c *Controller) adjust(p PartitionID, except exclusion, out []Change) []Change {
	mode := electOnline
	if c.settings[p].uncleanElection {
		mode = electUnclean
	}
	change := c.proposal(p, mode, except)
	return c.update(p, &change, out)
}

// leaveISRs adjusts each partition that has b in its ISR.
func (c *Controller) leaveISRs(b BrokerID, except exclusion, out []Change) []Change {
	for _, replica := range c.hosted[b-1] {
		if c.partitions[replica.partition].ISR.Has(replica.index) {
			out = c.adjust(replica.partition, except, out)
		}
	}
	return out
}

// leaveELRs adjusts each partition that has b in its ELR.
func (c *Controller) leaveELRs(b BrokerID, except exclusion, out []Change) []Change {
	for _, replica := range c.hosted[b-1] {
		if c.partitions[replica.partition].ELR.Has(replica.index) {
			out = c.adjust(replica.partition, except, out)
		}
	}
	return out
}
