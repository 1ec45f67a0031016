package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// Activate makes a controller the active one at now (ClusterControlManager.activate).
// Every unfenced broker gets a full session from now. What the predecessor knew
// of heartbeats is gone: a fenced broker has no session, so that it may register
// at once (in 4.0 it gets one too), reported offsets are unknown, and a
// controlled shutdown under way starts anew. It writes nothing.
func (c *Controller) Activate(now sim.Time) {
	for i := range c.brokers {
		broker := &c.brokers[i]
		broker.MetadataOffset = -1
		broker.shutdownOffset = -1
		broker.ContactKnown = !broker.Fenced || c.config.Version == scenarios.V40
		broker.LastContact = now
	}
}

// RegisterRequest asks for the registration of a new incarnation of a broker.
type RegisterRequest struct {
	Broker BrokerID
	// Clean says that the broker found the proof of a clean shutdown, and
	// PreviousEpoch is the epoch that it read there (.kafka_cleanshutdown).
	// Both must hold: the epoch has to be the one that the controller stores.
	Clean         bool
	PreviousEpoch BrokerEpoch
	// EmptyDirectory says that the log directory is a new one with its own id:
	// the disk was replaced. The broker leads nothing that it led or followed
	// before until AssignDirectory has told where its replicas now are.
	EmptyDirectory bool
}

// RegisterResult answers a registration.
type RegisterResult struct {
	Epoch   BrokerEpoch // of the new incarnation; 0 if refused
	Refused bool        // DUPLICATE_BROKER_REGISTRATION: try again after 2 s
}

// Register starts a new incarnation of a broker, fenced
// (ClusterControlManager.registerBroker). It is refused while the session of the
// old epoch runs, after a clean shutdown too and whether the broker is fenced or
// not (KAFKA-17793). The old incarnation leaves all ISRs, which moves its leaders
// if it was not fenced before; with ELR one without proof of a clean shutdown
// also leaves the ELRs (ReplicationControlManager.handleBrokerShutdown).
//
// Kafka amends a registration that the same process sends twice, because the
// first answer was lost, and keeps its epoch; here that is one more incarnation.
func (c *Controller) Register(now sim.Time, request RegisterRequest, out []Change) (RegisterResult, []Change) {
	b, broker := request.Broker, c.broker(request.Broker)
	if broker.ContactKnown && !c.expired(broker.LastContact, now) {
		return RegisterResult{Refused: true}, out
	}
	epoch := BrokerEpoch(c.offset + 1) // QuorumController.registerBroker: nextWriteOffset
	except := nobody()
	if clean := request.Clean && request.PreviousEpoch == broker.Epoch; c.config.ELR && !clean {
		except.unclean = b
		out = c.leaveISRs(b, except, out)
		out = c.leaveELRs(b, except, out)
	} else {
		except.remove = b
		out = c.leaveISRs(b, except, out)
	}
	broker.BrokerState = BrokerState{Epoch: epoch, Fenced: true}
	broker.shutdownOffset = -1
	broker.emptyDirectory = broker.emptyDirectory || request.EmptyDirectory
	out = c.brokerRecorded(BrokerRegistered, b, out)
	broker.registerOffset = c.offset
	return RegisterResult{Epoch: epoch}, out
}

// AssignDirectory tells the controller that the replicas of a broker that
// registered with an empty directory now live there
// (ReplicationControlManager.handleAssignReplicasToDirs). A broker sends it when it
// has applied the metadata log for the first time, which it awaits before it asks
// to be unfenced (core/.../server/BrokerServer.scala). The change itself elects
// nobody whom it makes eligible: that waits for the next thing that touches the
// partition. It is false if the epoch is not the broker's.
func (c *Controller) AssignDirectory(b BrokerID, epoch BrokerEpoch, out []Change) (bool, []Change) {
	broker := c.broker(b)
	if broker.Epoch != epoch {
		return false, out
	}
	if !broker.emptyDirectory {
		return true, out
	}
	for _, replica := range c.hosted[b-1] {
		p := replica.partition
		change := c.proposal(p, electOnline, nobody())
		next, kind := change.apply(c.partitions[p])
		if next == c.partitions[p] {
			next.PartitionEpoch++ // the directory itself is a change
		}
		c.replace(p, next)
		out = c.record(Change{Kind: PartitionChanged, Election: kind, Partition: p, State: next}, out)
	}
	broker.emptyDirectory = false
	return true, out
}

// HeartbeatRequest is what a broker sends every 2 s
// (broker.heartbeat.interval.ms).
type HeartbeatRequest struct {
	Broker         BrokerID
	Epoch          BrokerEpoch
	MetadataOffset int64 // last record that it has applied
	WantFence      bool  // not ready to serve yet
	WantShutdown   bool
}

// HeartbeatResult answers a heartbeat.
type HeartbeatResult struct {
	Fenced               bool
	CaughtUp             bool // it has applied its own registration
	InControlledShutdown bool
	ShouldShutdown       bool // it may exit
	StaleEpoch           bool // STALE_BROKER_EPOCH: not the present incarnation; all else is unset
}

// controlState is Kafka's BrokerControlState.
type controlState uint8

const (
	stateFenced controlState = iota + 1
	stateUnfenced
	stateControlledShutdown
	stateShutdownNow
)

// Heartbeat takes a broker's heartbeat: it renews the session, and may unfence
// the broker, fence it, begin its controlled shutdown or grant its exit
// (ReplicationControlManager.processBrokerHeartbeat).
func (c *Controller) Heartbeat(now sim.Time, request HeartbeatRequest, out []Change) (HeartbeatResult, []Change) {
	b, broker := request.Broker, c.broker(request.Broker)
	if request.Epoch != broker.Epoch {
		return HeartbeatResult{StaleEpoch: true}, out
	}
	broker.LastContact, broker.ContactKnown = now, true
	caughtUp := request.MetadataOffset >= broker.registerOffset
	present := broker.controlState()
	next := c.nextControlState(present, broker, request)
	broker.MetadataOffset = request.MetadataOffset
	if next != present {
		switch next {
		case stateFenced, stateShutdownNow:
			out = c.fence(b, out)
		case stateUnfenced:
			out = c.unfence(b, out)
		case stateControlledShutdown:
			out = c.beginShutdown(b, out)
		}
	}
	return HeartbeatResult{
		Fenced:               next == stateFenced || next == stateShutdownNow,
		CaughtUp:             caughtUp,
		InControlledShutdown: next == stateControlledShutdown,
		ShouldShutdown:       next == stateShutdownNow,
	}, out
}

// controlState is where the broker stands in its life.
func (b *brokerRecord) controlState() controlState {
	switch {
	case b.shutdownOffset >= 0:
		return stateControlledShutdown
	case b.Fenced:
		return stateFenced
	default:
		return stateUnfenced
	}
}

// nextControlState is BrokerHeartbeatManager.calculateNextBrokerState.
func (c *Controller) nextControlState(present controlState, broker *brokerRecord, request HeartbeatRequest) controlState {
	leads := broker.leads > 0
	switch present {
	case stateFenced:
		switch {
		case request.WantShutdown:
			return stateShutdownNow
		case !request.WantFence && request.MetadataOffset >= broker.registerOffset:
			return stateUnfenced
		}
		return stateFenced
	case stateUnfenced:
		switch {
		case request.WantShutdown && (request.WantFence || !leads):
			return stateShutdownNow
		case request.WantFence:
			return stateFenced
		case request.WantShutdown:
			return stateControlledShutdown
		}
		return stateUnfenced
	case stateControlledShutdown:
		if leads || !c.readByAll(broker.shutdownOffset) {
			return stateControlledShutdown
		}
		return stateShutdownNow
	case stateShutdownNow: // no broker rests in it
	}
	return stateShutdownNow
}

// readByAll says whether every active broker has reported that it applied the
// metadata log up to offset; with no active broker there is nobody to wait for
// (BrokerHeartbeatManager.lowestActiveOffset).
func (c *Controller) readByAll(offset int64) bool {
	for i := range c.brokers {
		broker := &c.brokers[i]
		// Activate makes a broker that was in controlled shutdown active here,
		// though its registration still says otherwise: Kafka's active set is
		// the heartbeat manager's own.
		if !broker.Fenced && broker.shutdownOffset < 0 && broker.MetadataOffset < offset {
			return false
		}
	}
	return true
}

// fence takes b out of all ISRs, moves its leaders and fences it, in this order
// (handleBrokerFenced). Fencing a fenced broker writes nothing that changes
// anything, so it writes nothing here.
func (c *Controller) fence(b BrokerID, out []Change) []Change {
	broker := c.broker(b)
	broker.shutdownOffset = -1
	if broker.Fenced {
		return out
	}
	except := nobody()
	except.remove = b
	out = c.leaveISRs(b, except, out)
	broker.Fenced = true
	return c.brokerRecorded(BrokerFenced, b, out)
}

// unfence makes b eligible and gives each leaderless partition of the cluster a
// chance, no other (handleBrokerUnfenced).
func (c *Controller) unfence(b BrokerID, out []Change) []Change {
	broker := c.broker(b)
	out = c.brokerRecorded(BrokerUnfenced, b, out)
	broker.Fenced = false
	except := nobody()
	except.add = b
	for p, some := c.leaderless.next(0); some; p, some = c.leaderless.next(p + 1) {
		out = c.adjust(p, except, out)
	}
	return out
}

// beginShutdown takes b out of all ISRs and moves its leaders
// (handleBrokerInControlledShutdown). Its exit waits until the other brokers
// have applied the last record of this batch.
func (c *Controller) beginShutdown(b BrokerID, out []Change) []Change {
	broker := c.broker(b)
	if !broker.InControlledShutdown {
		out = c.brokerRecorded(BrokerInControlledShutdown, b, out)
		broker.InControlledShutdown = true
	}
	except := nobody()
	except.remove = b
	out = c.leaveISRs(b, except, out)
	broker.shutdownOffset = c.offset
	return out
}

// FenceStale fences one broker whose last contact is longer ago than the
// session timeout, the one with the lowest id, and names it; NoBroker says that
// none was fenced (maybeFenceOneStaleBroker). Call it every StaleCheckPeriod, and
// TaskRepeatDelay after a pass that fenced one. Kafka walks a hash map, and
// spends a further pass on an expired session of a fenced broker or of an epoch
// that is no more; here those are dropped on the way.
func (c *Controller) FenceStale(now sim.Time, out []Change) (BrokerID, []Change) {
	for i := range c.brokers {
		broker := &c.brokers[i]
		if !broker.ContactKnown || !c.expired(broker.LastContact, now) {
			continue
		}
		broker.ContactKnown = false
		if !broker.Fenced {
			return BrokerID(i + 1), c.fence(BrokerID(i+1), out)
		}
	}
	return NoBroker, out
}

// expired says whether a session last renewed at contact is over at now
// (BrokerHeartbeatTracker.isExpired).
func (c *Controller) expired(contact, now sim.Time) bool {
	return contact.Add(c.config.SessionTimeout) < now
}
