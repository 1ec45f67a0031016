package load

import (
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// settings are what the models assume of a franz-go member, each set on purpose.
func (m *member) settings() *settings {
	c := &m.group.Config
	s := &settings{}
	name := m.plan.entity(0)
	s.common(&m.plan, strings.ReplaceAll(name, "/", "-"))
	s.kafkaNames(m.group.Settings)
	group := m.plan.GroupID
	if group == "" {
		group = m.group.Name
	}
	topics := make([]string, 0, len(m.group.Topics))
	for _, t := range m.group.Topics {
		topics = append(topics, m.plan.Spec.Topics[t].Name)
	}
	s.set("ConsumerGroup", group, kgo.ConsumerGroup(group))
	s.set("ConsumeTopics", strings.Join(topics, ","), kgo.ConsumeTopics(topics...))
	m.balancer(s)
	if m.group.Protocol != scenarios.ConsumerProtocol {
		s.set("SessionTimeout", c.SessionTimeout, kgo.SessionTimeout(c.SessionTimeout))
		s.set("HeartbeatInterval", c.HeartbeatInterval, kgo.HeartbeatInterval(c.HeartbeatInterval))
	}
	s.set("RebalanceTimeout", c.RebalanceTimeout, kgo.RebalanceTimeout(c.RebalanceTimeout))
	if c.StaticMembership {
		instance := written(m.group.Settings, "group.instance.id") + "-" + strconv.Itoa(m.plan.Member)
		s.set("InstanceID", instance, kgo.InstanceID(instance))
	}
	s.set("FetchMinBytes", int64(c.FetchMinBytes), kgo.FetchMinBytes(int32(c.FetchMinBytes)))
	s.set("FetchMaxWait", c.FetchMaxWait, kgo.FetchMaxWait(c.FetchMaxWait))
	s.set("FetchMaxBytes", int64(c.FetchMaxBytes), kgo.FetchMaxBytes(int32(c.FetchMaxBytes)))
	s.set("FetchMaxPartitionBytes", int64(c.PartitionFetchMax), kgo.FetchMaxPartitionBytes(int32(c.PartitionFetchMax)))
	s.set("RequestTimeoutOverhead", c.RequestTimeout, kgo.RequestTimeoutOverhead(c.RequestTimeout))
	s.set("MetadataMinAge", c.MetadataMinAge, kgo.MetadataMinAge(c.MetadataMinAge))
	s.backoff(c.RetryBackoff, c.RetryBackoffMax, rng.New(m.plan.Seed, name, "back-off"))
	m.reset(s)
	m.commits(s)
	s.options = append(s.options,
		kgo.OnPartitionsAssigned(m.onAssigned), kgo.OnPartitionsRevoked(m.onRevoked), kgo.OnPartitionsLost(m.onLost))
	return s
}

// balancer chooses the protocol and the assignor.
func (m *member) balancer(s *settings) {
	switch m.group.Protocol {
	case scenarios.Eager:
		if m.group.Config.Assignor == scenarios.RangeAssignor {
			s.set("Balancers", "range", kgo.Balancers(kgo.RangeBalancer()))
			return
		}
		s.set("Balancers", "sticky", kgo.Balancers(kgo.StickyBalancer()))
	case scenarios.Cooperative:
		s.set("Balancers", "cooperative-sticky", kgo.Balancers(kgo.CooperativeStickyBalancer()))
	case scenarios.ConsumerProtocol:
		s.set("ServerSideBalancer", "uniform", kgo.ServerSideBalancer())
	}
}

// reset is auto.offset.reset: where a group without a commit begins, and where a
// member goes on whose position is no longer in the log.
func (m *member) reset(s *settings) {
	c := &m.group.Config
	switch {
	case c.ResetNone:
		s.set("ConsumeResetOffset", "none", kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	case c.ResetEarliest:
		s.set("ConsumeResetOffset", "earliest", kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	default:
		s.set("ConsumeResetOffset", "latest", kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	}
}

// commits chooses who commits. After processing it is kgo's own timer, which
// commits what was polled before the poll in hand: nothing of it counts as
// processed before the next poll begins.
func (m *member) commits(s *settings) {
	if m.group.Commit != scenarios.CommitAfterProcessing {
		s.set("DisableAutoCommit", true, kgo.DisableAutoCommit())
		return
	}
	interval := m.group.Config.AutoCommitInterval
	s.set("AutoCommitInterval", interval, kgo.AutoCommitInterval(interval))
	s.options = append(s.options, kgo.AutoCommitCallback(m.committed))
}
