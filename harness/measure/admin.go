package measure

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/scenarios"
)

// adminTimeout is how long one question to the cluster may take, with repeats.
const adminTimeout = 5 * time.Second

// An admin asks a cluster about itself and creates what a scenario needs.
type admin struct {
	spec   *scenarios.Spec
	client *kgo.Client
	kadm   *kadm.Client
}

func newAdmin(spec *scenarios.Spec, seeds []string) (*admin, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(seeds...), kgo.ClientID("kafkasim-admin"),
		kgo.DialTimeout(time.Second), kgo.RequestTimeoutOverhead(2*time.Second), kgo.RetryTimeout(adminTimeout),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
		kgo.MetadataMinAge(50*time.Millisecond),
	)
	if err != nil {
		return nil, err
	}
	return &admin{spec: spec, client: client, kadm: kadm.NewClient(client)}, nil
}

func (a *admin) close() { a.client.Close() }

// createTopics makes the scenario's topics, with its placement where it names one
// and Kafka's own elsewhere, and waits until each partition is led and in sync.
func (a *admin) createTopics(ctx context.Context) error {
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(adminTimeout.Milliseconds())
	for i := range a.spec.Topics {
		request.Topics = append(request.Topics, topicRequest(&a.spec.Topics[i]))
	}
	answer, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for _, t := range answer.Topics {
		if err := kerrOf(t.ErrorCode, t.ErrorMessage); err != nil {
			return fmt.Errorf("create topic %s: %w", t.Topic, err)
		}
	}
	return a.inSync(ctx, 30*time.Second)
}

// topicRequest is how Kafka is asked for a topic.
func topicRequest(t *scenarios.Topic) kmsg.CreateTopicsRequestTopic {
	r := kmsg.NewCreateTopicsRequestTopic()
	r.Topic = t.Name
	r.NumPartitions, r.ReplicationFactor = int32(t.Partitions), int16(t.ReplicationFactor)
	if t.Assignment != nil {
		r.NumPartitions, r.ReplicationFactor = -1, -1
		for p, replicas := range t.Assignment {
			one := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			one.Partition = int32(p)
			for _, b := range replicas {
				one.Replicas = append(one.Replicas, int32(b))
			}
			r.ReplicaAssignment = append(r.ReplicaAssignment, one)
		}
	}
	for _, s := range t.Settings {
		one := kmsg.NewCreateTopicsRequestTopicConfig()
		one.Name, one.Value = s.Name, new(s.Value)
		r.Configs = append(r.Configs, one)
	}
	return r
}

// inSync waits until every partition of the scenario has a leader and all its
// replicas in the ISR.
func (a *admin) inSync(ctx context.Context, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	last := errors.New("nothing was heard from the cluster")
	for {
		details, err := a.kadm.ListTopics(ctx, a.topicNames()...)
		if err == nil {
			if last = a.lagging(details); last == nil {
				return nil
			}
		} else if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("partitions were not in sync after %s: %w", most, last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// lagging says which partition is not in sync.
func (a *admin) lagging(details kadm.TopicDetails) error {
	for i := range a.spec.Topics {
		t := &a.spec.Topics[i]
		d := details[t.Name]
		if d.Err != nil || len(d.Partitions) < t.Partitions {
			return fmt.Errorf("topic %s: %d of %d partitions are known", t.Name, len(d.Partitions), t.Partitions)
		}
		for _, p := range d.Partitions.Sorted() {
			if p.Leader < 0 || len(p.ISR) < len(p.Replicas) {
				return fmt.Errorf("%s-%d has the leader %d and the ISR %v of %v", t.Name, p.Partition, p.Leader, p.ISR, p.Replicas)
			}
		}
	}
	return nil
}

func (a *admin) topicNames() (names []string) {
	for i := range a.spec.Topics {
		names = append(names, a.spec.Topics[i].Name)
	}
	return names
}

// leader is who leads a partition now, 0 for nobody, and its replicas.
func (a *admin) leader(ctx context.Context, topic, partition int) (int, []int, error) {
	name := a.spec.Topics[topic].Name
	details, err := a.kadm.ListTopics(ctx, name)
	if err != nil {
		return 0, nil, fmt.Errorf("ask for the leader of %s-%d: %w", name, partition, err)
	}
	p, known := details[name].Partitions[int32(partition)]
	if !known {
		return 0, nil, fmt.Errorf("the cluster does not know %s-%d", name, partition)
	}
	replicas := make([]int, len(p.Replicas))
	for i, b := range p.Replicas {
		replicas[i] = int(b)
	}
	return max(0, int(p.Leader)), replicas, nil
}

// activeController is the leader of the metadata quorum, 0 when there is none.
func (a *admin) activeController(ctx context.Context) (int, error) {
	request := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return 0, fmt.Errorf("ask for the active controller: %w", err)
	}
	if err := kerrOf(answer.ErrorCode, answer.ErrorMessage); err != nil {
		return 0, fmt.Errorf("ask for the active controller: %w", err)
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			return max(0, int(p.LeaderID)), nil
		}
	}
	return 0, nil
}

// serving reports whether a broker is registered and unfenced. The question goes
// out each time: kgo and kadm answer one for the brokers from what they last heard.
func (a *admin) serving(ctx context.Context, node int) (bool, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{}
	answer, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return false, err
	}
	for _, b := range answer.Brokers {
		if int(b.NodeID) == node {
			return true, nil
		}
	}
	return false, nil
}

// setTopic gives a topic other settings.
func (a *admin) setTopic(ctx context.Context, topic int, values []scenarios.ConfigChangeValue) (time.Time, error) {
	name := a.spec.Topics[topic].Name
	var changes []kadm.AlterConfig
	for _, v := range values {
		changes = append(changes, kadm.AlterConfig{Name: v.Name, Value: new(v.Value)})
	}
	answers, err := a.kadm.AlterTopicConfigs(ctx, changes, name)
	for _, one := range answers {
		err = errors.Join(err, one.Err)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("change the settings of topic %s: %w", name, err)
	}
	return time.Now(), nil
}

// kerrOf is the error of an answer, with the broker's own words.
func kerrOf(code int16, message *string) error {
	err := kerrFor(code)
	if err != nil && message != nil && strings.TrimSpace(*message) != "" {
		return fmt.Errorf("%w: %s", err, *message)
	}
	return err
}
