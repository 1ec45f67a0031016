package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/engine"
)

// lookAgain is the pause between two looks at a cluster that is not ready.
const lookAgain = 100 * time.Millisecond

// AwaitReady waits until all controllers have caught up with the metadata log,
// and every broker answers its clients and knows all brokers as registered and
// unfenced. It fails after patience, and at once when a process has ended.
func (c *Cluster) AwaitReady(ctx context.Context, patience time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	watch, stop := context.WithCancelCause(limited)
	defer stop(nil)
	var wait sync.WaitGroup
	for _, n := range c.nodes {
		wait.Go(func() {
			if err := n.watch(watch); err != nil {
				stop(err)
			}
		})
	}
	err := each(c.nodes, func(n *Node) error { return n.answers(watch) })
	died := context.Cause(watch)
	stop(nil)
	wait.Wait()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("the cluster was not ready within %v: %w", patience, err)
	}
	return died
}

// watch waits for the end of ctx, or for the end of Kafka's process, which is an
// error that shows its last lines.
func (n *Node) watch(ctx context.Context) error {
	if _, err := n.Exited(ctx); err != nil {
		return nil //nolint:nilerr // the wait is over because the cluster is ready, or is given up by another
	}
	lines, err := n.cluster.engine.Logs(ctx, n.kafka, 15)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s did not start; its last lines are\n%s", n, strings.TrimSpace(string(lines)))
}

// answers waits until the broker is ready; a dedicated controller is asked for by
// way of the brokers.
func (n *Node) answers(ctx context.Context) error {
	if !n.member.broker {
		return nil
	}
	var last error
	for {
		if last = n.look(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", n, last)
		case <-time.After(lookAgain):
		}
	}
}

// look asks a broker once what it knows of the others.
func (n *Node) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	kafka, err := kgo.NewClient(kgo.SeedBrokers(n.Address()), kgo.RequestRetries(0), kgo.DialTimeout(time.Second))
	if err != nil {
		return err
	}
	defer kafka.Close()
	broker := kafka.SeedBrokers()[0]
	ask := kmsg.NewPtrMetadataRequest()
	ask.Topics = []kmsg.MetadataRequestTopic{}
	answer, err := broker.RetriableRequest(ctx, ask)
	if err != nil {
		return engine.Explain(err)
	}
	metadata, ok := answer.(*kmsg.MetadataResponse)
	if want := len(n.cluster.layout.spec.Brokers); !ok || len(metadata.Brokers) != want {
		return fmt.Errorf("it knows %d of %d brokers", len(metadata.Brokers), want)
	}
	return quorumCaughtUp(ctx, broker)
}

// quorumCaughtUp asks for the voters of the metadata log: one that never fetched
// has no end of its log.
func quorumCaughtUp(ctx context.Context, broker *kgo.Broker) error {
	ask := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	ask.Topics = append(ask.Topics, topic)
	answer, err := broker.RetriableRequest(ctx, ask)
	if err != nil {
		return err
	}
	quorum, ok := answer.(*kmsg.DescribeQuorumResponse)
	if !ok || len(quorum.Topics) != 1 || len(quorum.Topics[0].Partitions) != 1 {
		return errors.New("it does not know the controllers")
	}
	for _, voter := range quorum.Topics[0].Partitions[0].CurrentVoters {
		if voter.LogEndOffset < 0 {
			return fmt.Errorf("controller %d has not caught up", voter.ReplicaID)
		}
	}
	return nil
}
