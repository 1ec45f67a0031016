package describe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// own are the names of the topics that are not Kafka's own.
func (l *look) own() (names []string) {
	for i := range l.cluster.Topics {
		if t := &l.cluster.Topics[i]; !t.Internal && len(t.Partitions) > 0 {
			names = append(names, t.Name)
		}
	}
	return names
}

// quorum asks who the controllers are.
func (l *look) quorum(ctx context.Context) error {
	asked := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	asked.Topics = append(asked.Topics, topic)
	told, err := asked.RequestWith(ctx, l.client)
	if err == nil {
		err = kerr.ErrorForCode(told.ErrorCode)
	}
	if err != nil {
		return l.refused(ctx, "the controllers", err)
	}
	voters := []int32{}
	for _, t := range told.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return l.refused(ctx, "the controllers", err)
			}
			for _, v := range p.CurrentVoters {
				voters = append(voters, v.ReplicaID)
			}
		}
	}
	if len(voters) == 0 {
		return l.refused(ctx, "the controllers", errors.New("the quorum has no voters"))
	}
	slices.Sort(voters)
	l.cluster.Voters = voters
	return nil
}

// brokerSettings asks each broker for its settings.
func (l *look) brokerSettings(ctx context.Context) error {
	for i := range l.cluster.Brokers {
		b := &l.cluster.Brokers[i]
		told, err := l.admin.DescribeBrokerConfigs(ctx, b.ID)
		if err == nil && len(told) > 0 {
			err = told[0].Err
		}
		if err != nil {
			if err := l.refused(ctx, fmt.Sprintf("the settings of broker %d", b.ID), err); err != nil {
				return err
			}
			continue
		}
		for _, r := range told {
			b.Settings = append(b.Settings, chosen(r.Configs,
				kmsg.ConfigSourceDynamicBrokerConfig, kmsg.ConfigSourceDynamicDefaultBrokerConfig, kmsg.ConfigSourceStaticBrokerConfig)...)
		}
	}
	return nil
}

// topicSettings asks for what topics have of their own.
func (l *look) topicSettings(ctx context.Context) error {
	names := l.own()
	if len(names) == 0 {
		return nil
	}
	told, err := l.admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return l.refused(ctx, "the topics' settings", err)
	}
	for i := range l.cluster.Topics {
		t := &l.cluster.Topics[i]
		r, err := told.On(t.Name, nil)
		if err != nil {
			continue // an internal one, or it is gone since
		}
		if r.Err != nil {
			l.untold("the settings of topic "+t.Name, r.Err)
			continue
		}
		t.Settings = chosen(r.Configs, kmsg.ConfigSourceDynamicTopicConfig)
	}
	return nil
}

// chosen are the settings that somebody chose, in one of these ways.
func chosen(all []kadm.Config, ways ...kmsg.ConfigSource) (settings []Setting) {
	for _, c := range all {
		if slices.Contains(ways, c.Source) {
			settings = append(settings, Setting{Name: c.Key, Value: c.MaybeValue(), Secret: c.Sensitive || c.Value == nil})
		}
	}
	return settings
}

// logEnds asks where the logs begin and end.
func (l *look) logEnds(ctx context.Context) error {
	names := l.own()
	if len(names) == 0 {
		return nil
	}
	starts, err := l.admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return l.refused(ctx, "where logs begin", err)
	}
	ends, err := l.admin.ListEndOffsets(ctx, names...)
	if err != nil {
		return l.refused(ctx, "where logs end", err)
	}
	for i := range l.cluster.Topics {
		t := &l.cluster.Topics[i]
		for p := range t.Partitions {
			t.Partitions[p].Start = offset(starts, t.Name, p)
			t.Partitions[p].End = offset(ends, t.Name, p)
		}
	}
	return nil
}

// offset is an offset that was told, or Untold.
func offset(told kadm.ListedOffsets, topic string, partition int) int64 {
	if o, found := told.Lookup(topic, int32(partition)); found && o.Err == nil && o.Offset >= 0 {
		return o.Offset
	}
	return Untold
}

// logSizes asks how large the logs are: the largest replica's size is taken for its
// leader's.
func (l *look) logSizes(ctx context.Context) error {
	told, err := l.admin.DescribeAllLogDirs(ctx, nil)
	if err != nil {
		return l.refused(ctx, "the sizes of the logs", err)
	}
	for i := range l.cluster.Topics {
		t := &l.cluster.Topics[i]
		for _, dirs := range told { // the largest of all does not depend on the order
			for p := range t.Partitions {
				if d, found := dirs.LookupPartition(t.Name, int32(p)); found {
					t.Partitions[p].Bytes = max(t.Partitions[p].Bytes, d.Size)
				}
			}
		}
	}
	return nil
}

// groups asks for the groups of the classic protocol.
func (l *look) groups(ctx context.Context) error {
	listed, err := l.admin.ListGroups(ctx)
	if err != nil {
		return l.refused(ctx, "the consumer groups", err)
	}
	var names []string
	for _, g := range listed.Sorted() {
		if g.ProtocolType == "consumer" || g.ProtocolType == "" {
			l.cluster.Groups = append(l.cluster.Groups, Group{Name: g.Group, State: g.State})
			names = append(names, g.Group)
		}
	}
	if len(names) == 0 {
		return nil
	}
	told, err := l.admin.DescribeGroups(ctx, names...)
	if err != nil {
		return l.refused(ctx, "the members of the consumer groups", err)
	}
	for i := range l.cluster.Groups {
		g := &l.cluster.Groups[i]
		d, found := told[g.Name]
		if !found || d.Err != nil {
			continue // nextGroups asks once more
		}
		g.State, g.Assignor = d.State, d.Protocol
		for _, m := range d.Members {
			g.Members = append(g.Members, Member{Client: m.ClientID, Static: m.InstanceID != nil})
		}
		one := kadm.DescribedGroups{g.Name: d}
		g.Topics = append(append([]string{}, one.JoinTopics()...), one.AssignedPartitions().Topics()...)
	}
	return nil
}

// nextGroups asks for the groups of the consumer protocol, which the classic request
// calls dead or does not know.
func (l *look) nextGroups(ctx context.Context) error {
	for i := range l.cluster.Groups {
		g := &l.cluster.Groups[i]
		if len(g.Members) > 0 || g.State == "Empty" {
			continue
		}
		told, err := l.admin.DescribeConsumerGroups(ctx, g.Name)
		if err != nil {
			if ctx.Err() != nil {
				return stopped(ctx, l.cluster.Address)
			}
			continue // its brokers do not know the protocol
		}
		d, found := told[g.Name]
		if !found || d.Err != nil {
			continue
		}
		g.Next, g.State, g.Assignor = true, d.State, d.AssignorName
		for _, m := range d.Members {
			g.Members = append(g.Members, Member{Client: m.ClientID, Static: m.InstanceID != nil})
			g.Topics = append(g.Topics, m.SubscribedTopics...)
			g.Topics = append(g.Topics, m.Assignment.Topics()...)
		}
	}
	return nil
}

// lag asks what the groups have committed.
func (l *look) lag(ctx context.Context) error {
	for i := range l.cluster.Groups {
		g := &l.cluster.Groups[i]
		commits, err := l.admin.FetchOffsets(ctx, g.Name)
		if err != nil {
			if err := l.refused(ctx, "what group "+g.Name+" has committed", err); err != nil {
				return err
			}
			continue
		}
		for _, o := range commits.Sorted() {
			end := l.end(o.Topic, o.Partition)
			if o.Err != nil || o.At < 0 || end < 0 {
				continue
			}
			g.Topics = append(g.Topics, o.Topic)
			g.Lag = append(g.Lag, Lag{Topic: o.Topic, Partition: o.Partition, Records: max(0, end-o.At)})
		}
		slices.Sort(g.Topics)
		g.Topics = slices.Compact(g.Topics)
	}
	return nil
}

// end is where a log ended at the first look, or Untold.
func (l *look) end(topic string, partition int32) int64 {
	for i := range l.cluster.Topics {
		if t := &l.cluster.Topics[i]; t.Name == topic && int(partition) < len(t.Partitions) {
			return t.Partitions[partition].End
		}
	}
	return Untold
}
