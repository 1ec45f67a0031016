// Package history reads what a Kafka cluster has written down about itself: the
// metadata log of its controllers, in which every election, every change of an
// ISR and every fencing stands with its time, and the logs that its brokers print.
package history

import (
	"slices"
	"time"
)

// NoLeader is the leader of a partition that has none.
const NoLeader int32 = -1

// Kind is what a Change tells.
type Kind uint8

// Kinds of changes. Which fields a Change has besides At, Offset and Kind stands
// beside each.
const (
	TopicCreated        Kind = iota + 1 // Topic, TopicID
	TopicRemoved                        // Topic, TopicID
	PartitionRegistered                 // Topic, TopicID, Partition, Registration
	PartitionChanged                    // the same, and Before
	BrokerRegistered                    // Broker, BrokerEpoch, Fenced
	BrokerUnregistered                  // Broker, BrokerEpoch
	BrokerFenced                        // Broker, BrokerEpoch, Stopping: it was in controlled shutdown
	BrokerUnfenced                      // Broker, BrokerEpoch
	BrokerStopping                      // Broker, BrokerEpoch: it is in controlled shutdown
	ControllerElected                   // Broker: the node that leads the controllers now
	FeatureSet                          // Feature, Level
)

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case TopicCreated:
		return "topic created"
	case TopicRemoved:
		return "topic removed"
	case PartitionRegistered:
		return "partition registered"
	case PartitionChanged:
		return "partition changed"
	case BrokerRegistered:
		return "broker registered"
	case BrokerUnregistered:
		return "broker unregistered"
	case BrokerFenced:
		return "broker fenced"
	case BrokerUnfenced:
		return "broker unfenced"
	case BrokerStopping:
		return "broker stopping"
	case ControllerElected:
		return "controller elected"
	case FeatureSet:
		return "feature set"
	}
	return "unknown"
}

// A TopicID is a topic's unique id.
type TopicID [16]byte

// A Registration is what the controllers know of a partition. Replicas are broker
// ids; none of the lists is to be changed.
type Registration struct {
	Leader         int32 // NoLeader: none
	LeaderEpoch    int32
	PartitionEpoch int32
	Replicas       []int32 // in order of preference
	ISR            []int32
	ELR            []int32 // eligible leader replicas (KIP-966)
	LastKnownELR   []int32
	Removing       []int32
	Adding         []int32
	Recovering     bool // from an unclean election
}

// A Change is one record of the metadata log.
type Change struct {
	// At is when the active controller took the record up, in milliseconds: the
	// timestamp of its batch, never before that of the change before. It is written
	// and known to others an append linger later (BatchAccumulator.startNewBatch,
	// maybeResetLinger: controller.quorum.append.linger.ms, 25 ms).
	At     time.Time
	Offset int64 // in the metadata log
	Kind   Kind

	Topic     string
	TopicID   TopicID
	Partition int32
	Registration
	Before Registration

	Broker      int32
	BrokerEpoch int64
	Fenced      bool
	Stopping    bool

	Feature string
	Level   int16
}

// Election reports whether the change gave its partition another leader, and
// whether that was unclean: a leader from outside the ISR and the ELR
// (PartitionRegistration.electionWasClean). A leader that stays, with a new epoch
// or not, was not elected.
func (c *Change) Election() (elected, unclean bool) {
	if c.Kind != PartitionChanged || c.Leader == NoLeader || c.Leader == c.Before.Leader {
		return false, false
	}
	return true, !slices.Contains(c.Before.ISR, c.Leader) && !slices.Contains(c.Before.ELR, c.Leader)
}

// Shrinks reports whether a replica left the ISR, Expands whether one joined it.
func (c *Change) Shrinks() bool { return c.Kind == PartitionChanged && misses(c.ISR, c.Before.ISR) }

// Expands reports whether a replica joined the ISR.
func (c *Change) Expands() bool { return c.Kind == PartitionChanged && misses(c.Before.ISR, c.ISR) }

// misses reports whether some member of others is not in list.
func misses(list, others []int32) bool {
	for _, b := range others {
		if !slices.Contains(list, b) {
			return true
		}
	}
	return false
}

// A History is what a metadata log tells.
type History struct {
	Changes []Change // in the order of the log, which is that of their times
}

// Partition is what was registered of a partition at an instant, changes at the
// instant included; false when there was no such partition.
func (h *History) Partition(at time.Time, topic string, partition int32) (Registration, bool) {
	var state Registration
	known := false
	for i := range h.Changes {
		c := &h.Changes[i]
		if c.At.After(at) {
			break
		}
		if c.Topic != topic {
			continue
		}
		switch {
		case c.Kind == TopicRemoved:
			known = false
		case (c.Kind == PartitionRegistered || c.Kind == PartitionChanged) && c.Partition == partition:
			state, known = c.Registration, true
		}
	}
	return state, known
}

// A BrokerState is what the controllers know of a broker.
type BrokerState struct {
	Epoch    int64
	Fenced   bool
	Stopping bool // in controlled shutdown
}

// Broker is what was registered of a broker at an instant, changes at the instant
// included; false when it was not registered.
func (h *History) Broker(at time.Time, id int32) (BrokerState, bool) {
	var state BrokerState
	known := false
	for i := range h.Changes {
		c := &h.Changes[i]
		if c.At.After(at) {
			break
		}
		if c.Broker != id {
			continue
		}
		switch c.Kind { //nolint:exhaustive // the others tell nothing of a broker
		case BrokerRegistered:
			state, known = BrokerState{Epoch: c.BrokerEpoch, Fenced: c.Fenced, Stopping: c.Stopping}, true
		case BrokerUnregistered:
			known = false
		case BrokerFenced:
			state.Fenced = true
		case BrokerUnfenced:
			state.Fenced = false
		case BrokerStopping:
			state.Stopping = true
		}
	}
	return state, known
}

// ActiveController is the node that led the controllers at an instant; false
// before the first election. One that has died meanwhile is still named until
// another is elected.
func (h *History) ActiveController(at time.Time) (int32, bool) {
	node, known := int32(0), false
	for i := range h.Changes {
		if h.Changes[i].At.After(at) {
			break
		}
		if h.Changes[i].Kind == ControllerElected {
			node, known = h.Changes[i].Broker, true
		}
	}
	return node, known
}

// A Span is a stretch of time in which a partition's registration was the same.
type Span struct {
	From, To time.Time // To is the next span's From, or the end that was asked for
	Registration
}

// Spans is the course of a partition's registration from the first change on to
// end, without the time in which there was no such partition.
func (h *History) Spans(topic string, partition int32, end time.Time) (spans []Span) {
	open := false
	for i := range h.Changes {
		c := &h.Changes[i]
		if c.At.After(end) {
			break
		}
		if c.Topic != topic || c.Kind != TopicRemoved && c.Partition != partition {
			continue
		}
		switch c.Kind { //nolint:exhaustive // the others do not change a registration
		case PartitionRegistered, PartitionChanged, TopicRemoved:
			if open {
				spans[len(spans)-1].To = c.At
			}
			if open = c.Kind != TopicRemoved; open {
				spans = append(spans, Span{From: c.At, To: end, Registration: c.Registration})
			}
		}
	}
	return spans
}
