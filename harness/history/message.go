package history

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Keys of the metadata records that are read, and the newest version of each that
// Kafka 4.3 writes (metadata/src/main/resources/common/metadata/*.json; 4.0 to 4.2
// write the same or older ones). Other records are skipped.
const (
	keyRegisterBroker     = 0
	keyUnregisterBroker   = 1
	keyTopic              = 2
	keyPartition          = 3
	keyPartitionChange    = 5
	keyFenceBroker        = 7
	keyUnfenceBroker      = 8
	keyRemoveTopic        = 9
	keyFeatureLevel       = 12
	keyRegistrationChange = 17
	keyClearELR           = 28
)

// frameVersion is that of the envelope of every metadata record
// (AbstractApiMessageSerde.DEFAULT_FRAME_VERSION).
const frameVersion = 1

// noLeaderChange is a PartitionChangeRecord's leader when it stays
// (LeaderConstants.NO_LEADER_CHANGE).
const noLeaderChange int32 = -2

// message reads one metadata record. c has its time and offset.
func (d *decoder) message(value []byte, c Change) error {
	r := &reader{data: value}
	frame, key, version := r.unsigned(), r.unsigned(), r.unsigned()
	if r.failed {
		return errors.New("it has no envelope")
	}
	if frame != frameVersion {
		return fmt.Errorf("envelope version %d, not %d", frame, frameVersion)
	}
	var err error
	switch key {
	case keyTopic:
		c.Kind, c.Topic, c.TopicID = TopicCreated, r.text(), r.uuid()
		d.topics[c.TopicID] = &topic{name: c.Topic, partitions: map[int32]*Registration{}}
		d.add(c)
	case keyRemoveTopic:
		err = d.removeTopic(r, c)
	case keyPartition:
		err = d.partition(r, version, c)
	case keyPartitionChange:
		err = d.partitionChange(r, c)
	case keyFeatureLevel:
		c.Kind, c.Feature, c.Level = FeatureSet, r.text(), r.int16()
		d.add(c)
	case keyRegisterBroker:
		d.registerBroker(r, version, c)
	case keyClearELR:
		d.clearELR(r.text(), c)
	default:
		err = d.brokerChange(key, r, c)
	}
	if err == nil && r.failed {
		err = fmt.Errorf("a record of type %d and version %d cannot be read", key, version)
	}
	return err
}

func (d *decoder) removeTopic(r *reader, c Change) error {
	c.Kind, c.TopicID = TopicRemoved, r.uuid()
	t, known := d.topics[c.TopicID]
	if !known {
		return fmt.Errorf("it removes a topic that the log has not introduced: %x", c.TopicID)
	}
	c.Topic = t.name
	delete(d.topics, c.TopicID)
	d.add(c)
	return nil
}

// partition reads a PartitionRecord.
func (d *decoder) partition(r *reader, version uint64, c Change) error {
	const recoveringTag, elrTag, lastKnownTag = 0, 1, 2
	c.Kind, c.Partition, c.TopicID = PartitionRegistered, r.int32(), r.uuid()
	s := &Registration{Replicas: r.ids(), ISR: r.ids(), Removing: r.ids(), Adding: r.ids(), Leader: r.int32()}
	s.LeaderEpoch, s.PartitionEpoch = r.int32(), r.int32()
	if version >= 1 {
		for range max(0, r.length()) {
			r.uuid() // the log directory of each replica
		}
	}
	r.tagged(func(tag uint64, field *reader) {
		switch tag {
		case recoveringTag:
			s.Recovering = field.int8() == 1
		case elrTag:
			s.ELR = field.ids()
		case lastKnownTag:
			s.LastKnownELR = field.ids()
		}
	})
	t, known := d.topics[c.TopicID]
	if !known {
		return fmt.Errorf("it registers a partition of a topic that the log has not introduced: %x", c.TopicID)
	}
	t.partitions[c.Partition] = s
	c.Topic, c.Registration = t.name, *s
	d.add(c)
	return nil
}

// partitionChange reads a PartitionChangeRecord and merges it into what was
// registered (PartitionRegistration.merge): a field that is there replaces the old
// value, a leader that is there, be it the same, begins a leader epoch, and every
// change a partition epoch.
func (d *decoder) partitionChange(r *reader, c Change) error {
	c.Kind, c.Partition, c.TopicID = PartitionChanged, r.int32(), r.uuid()
	t, known := d.topics[c.TopicID]
	if !known {
		return fmt.Errorf("it changes a partition of a topic that the log has not introduced: %x", c.TopicID)
	}
	s, known := t.partitions[c.Partition]
	if !known {
		return fmt.Errorf("it changes a partition that the log has not introduced: %s-%d", t.name, c.Partition)
	}
	before := *s
	r.tagged(func(tag uint64, field *reader) { mergeField(s, tag, field) })
	s.PartitionEpoch++
	c.Topic, c.Before, c.Registration = t.name, before, *s
	d.add(c)
	return nil
}

// mergeField takes one tagged field of a PartitionChangeRecord over. The log
// directories, tag 8, are not of interest.
func mergeField(s *Registration, tag uint64, field *reader) {
	switch tag {
	case 0:
		replace(&s.ISR, field)
	case 1:
		if leader := field.int32(); leader != noLeaderChange {
			s.Leader = leader
			s.LeaderEpoch++
		}
	case 2:
		replace(&s.Replicas, field)
	case 3:
		replace(&s.Removing, field)
	case 4:
		replace(&s.Adding, field)
	case 5:
		if state := field.int8(); state >= 0 {
			s.Recovering = state == 1
		}
	case 6:
		replace(&s.ELR, field)
	case 7:
		replace(&s.LastKnownELR, field)
	}
}

// replace takes a list over, unless it is null, which means no change.
func replace(list *[]int32, field *reader) {
	if ids := field.ids(); ids != nil {
		*list = ids
	}
}

// clearELR empties the ELRs of a topic, or of all with the name "", as a change of
// min.insync.replicas does (TopicDelta.maybeClearElr).
func (d *decoder) clearELR(name string, c Change) {
	c.Kind = PartitionChanged
	byID := func(a, b TopicID) int { return bytes.Compare(a[:], b[:]) }
	for _, id := range slices.SortedFunc(maps.Keys(d.topics), byID) {
		t := d.topics[id]
		if name != "" && name != t.name {
			continue
		}
		for _, p := range slices.Sorted(maps.Keys(t.partitions)) {
			s := t.partitions[p]
			if len(s.ELR) == 0 && len(s.LastKnownELR) == 0 {
				continue
			}
			c.Topic, c.TopicID, c.Partition, c.Before = t.name, id, p, *s
			s.ELR, s.LastKnownELR = nil, nil
			s.PartitionEpoch++
			c.Registration = *s
			d.add(c)
		}
	}
}

// registerBroker reads a RegisterBrokerRecord.
func (d *decoder) registerBroker(r *reader, version uint64, c Change) {
	c.Kind, c.Broker = BrokerRegistered, r.int32()
	if version >= 2 {
		r.int8() // whether it comes from ZooKeeper
	}
	r.uuid() // of this life of the process
	c.BrokerEpoch = r.int64()
	skip := func(uint64, *reader) {}
	for range max(0, r.length()) { // endpoints
		r.text()  // name
		r.text()  // host
		r.int16() // port
		r.int16() // security protocol
		r.tagged(skip)
	}
	for range max(0, r.length()) { // features
		r.text()
		r.int16()
		r.int16()
		r.tagged(skip)
	}
	r.text() // rack
	c.Fenced = r.int8() != 0
	if version >= 1 {
		c.Stopping = r.int8() != 0
	}
	d.brokers[c.Broker] = &BrokerState{Epoch: c.BrokerEpoch, Fenced: c.Fenced, Stopping: c.Stopping}
	d.add(c)
}

// brokerChange reads what changes a broker's registration, and skips what the
// package does not know.
func (d *decoder) brokerChange(key uint64, r *reader, c Change) error {
	const fencedTag, stoppingTag = 0, 1
	fenced, stopping := int8(0), int8(0)
	switch key {
	case keyUnregisterBroker, keyFenceBroker, keyUnfenceBroker, keyRegistrationChange:
		c.Broker, c.BrokerEpoch = r.int32(), r.int64()
	default:
		return nil
	}
	b, known := d.brokers[c.Broker]
	if !known {
		return fmt.Errorf("it changes a broker that the log has not introduced: %d", c.Broker)
	}
	switch key {
	case keyUnregisterBroker:
		delete(d.brokers, c.Broker)
		c.Kind = BrokerUnregistered
		d.add(c)
		return nil
	case keyFenceBroker:
		fenced = 1
	case keyUnfenceBroker:
		fenced = -1
	case keyRegistrationChange:
		r.tagged(func(tag uint64, field *reader) {
			switch tag {
			case fencedTag:
				fenced = field.int8()
			case stoppingTag:
				stopping = field.int8()
			}
		})
	}
	if stopping == 1 && !b.Stopping {
		b.Stopping = true
		stop := c
		stop.Kind = BrokerStopping
		d.add(stop)
	}
	// 1: fenced, -1: unfenced (BrokerRegistrationFencingChange).
	switch {
	case fenced == 1 && !b.Fenced:
		b.Fenced = true
		c.Kind, c.Stopping = BrokerFenced, b.Stopping
		d.add(c)
	case fenced == -1 && b.Fenced:
		b.Fenced = false
		c.Kind = BrokerUnfenced
		d.add(c)
	}
	return nil
}
