package describe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience is how long one broker may take to accept a connection or to answer.
const patience = 10 * time.Second

// Look asks the cluster that a broker at address (HOST:PORT) belongs to what it is made
// of. With between > 0 it looks at the ends of the logs again after that time. What only
// a part of the cluster refuses to tell is listed in Untold; an error means that there is
// nothing to describe, and says why in a sentence. Only clusters that take plain
// connections can be asked.
func Look(ctx context.Context, address string, between time.Duration) (*Cluster, error) {
	if err := answers(ctx, address); err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(address), kgo.ClientID("kafkasim"), kgo.DialTimeout(patience), kgo.RequestTimeoutOverhead(patience),
		kgo.RequestRetries(2), kgo.RetryTimeout(2*patience), kgo.DisableClientMetrics(),
	)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be asked: %w", address, err)
	}
	defer client.Close()
	l := &look{
		client: client, admin: kadm.NewClient(client), where: map[int32]string{},
		cluster: &Cluster{Address: address, Seen: time.Now(), ELR: Untold},
	}
	if err := l.first(ctx); err != nil {
		return nil, err
	}
	for _, ask := range []func(context.Context) error{
		l.quorum, l.brokerSettings, l.topicSettings, l.logEnds, l.logSizes, l.groups, l.nextGroups, l.lag,
	} {
		if err := ask(ctx); err != nil {
			return nil, err
		}
	}
	if between > 0 {
		if err := l.again(ctx, between); err != nil {
			return nil, err
		}
	}
	return l.cluster, nil
}

// answers finds out whether anybody listens at an address.
func answers(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		return conn.Close()
	}
	if ctx.Err() != nil {
		return stopped(ctx, address)
	}
	var unknown *net.DNSError
	var late net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no broker answers at %s: the connection is refused", address)
	case errors.As(err, &unknown):
		return fmt.Errorf("no broker answers at %s: there is no host of this name", address)
	case errors.As(err, &late) && late.Timeout():
		return fmt.Errorf("no broker answers at %s: no connection within %v", address, patience)
	}
	return fmt.Errorf("no broker answers at %s: %w", address, err)
}

// stopped says that the time is up, or passes an interrupt on.
func stopped(ctx context.Context, address string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the cluster at %s did not answer in time", address)
	}
	return ctx.Err()
}

// A look is a conversation with a cluster.
type look struct {
	client  *kgo.Client
	admin   *kadm.Client
	cluster *Cluster
	where   map[int32]string // the brokers' addresses
}

// first asks for what there cannot be a description without: the versions that the
// broker speaks, the brokers, and the topics.
func (l *look) first(ctx context.Context) error {
	c := l.cluster
	asked := kmsg.NewPtrApiVersionsRequest()
	asked.ClientSoftwareName, asked.ClientSoftwareVersion = "kafkasim", "1"
	if _, err := l.client.SeedBrokers()[0].Request(ctx, asked); err != nil {
		return l.strange(ctx, err)
	}
	metadata, err := l.admin.Metadata(ctx)
	if err != nil {
		return l.strange(ctx, err)
	}
	c.ID = metadata.Cluster
	for _, b := range metadata.Brokers {
		broker := Broker{ID: b.NodeID}
		if b.Rack != nil {
			broker.Rack = *b.Rack
		}
		c.Brokers = append(c.Brokers, broker)
		l.where[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	slices.SortFunc(c.Brokers, func(a, b Broker) int { return int(a.ID) - int(b.ID) })
	for _, t := range metadata.Topics.Sorted() {
		topic := Topic{Name: t.Topic, Internal: t.IsInternal || strings.HasPrefix(t.Topic, "__")}
		for _, p := range t.Partitions.Sorted() {
			topic.Partitions = append(topic.Partitions, Partition{Replicas: p.Replicas, Start: Untold, End: Untold, Later: Untold, Bytes: Untold})
		}
		if t.Err != nil {
			l.untold("topic "+t.Topic, t.Err)
		}
		c.Topics = append(c.Topics, topic)
	}
	if len(c.Brokers) == 0 {
		return fmt.Errorf("%s names no brokers", c.Address)
	}
	return l.versions(ctx)
}

// strange is the error of a first request: what answers is no broker, or wants more
// than a plain connection.
func (l *look) strange(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return stopped(ctx, l.cluster.Address)
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("what listens at %s did not answer a request of Kafka's within %v: is it a broker?", l.cluster.Address, patience)
	}
	return fmt.Errorf("what answers at %s does not speak Kafka's protocol, or wants TLS or a password, which are not supported here (%w)", l.cluster.Address, err)
}

// versions asks each broker what it speaks.
func (l *look) versions(ctx context.Context) error {
	c := l.cluster
	all, err := l.admin.ApiVersions(ctx)
	if err != nil {
		return l.refused(ctx, "the brokers' versions", err)
	}
	for _, v := range all.Sorted() {
		if v.Err != nil {
			return l.unreachable(ctx, v.NodeID, v.Err)
		}
		if guess := v.VersionGuess(); c.Software == "" {
			c.Software = guess
		} else if c.Software != guess {
			c.Untold = append(c.Untold, fmt.Sprintf("one version for all: broker %d seems to run %s, others %s", v.NodeID, guess, c.Software))
		}
		raw := v.Raw()
		if raw == nil || raw.FinalizedFeaturesEpoch < 0 {
			continue
		}
		c.ELR = 0 // a feature at level 0 is not listed
		for _, f := range raw.FinalizedFeatures {
			switch f.Name {
			case "metadata.version":
				c.Metadata = f.MaxVersionLevel
			case "eligible.leader.replicas.version":
				c.ELR = max(c.ELR, f.MaxVersionLevel)
			}
		}
	}
	return nil
}

// unreachable is the error of a broker that the cluster names and that does not
// answer: its address is one for others.
func (l *look) unreachable(ctx context.Context, id int32, err error) error {
	if ctx.Err() != nil {
		return stopped(ctx, l.cluster.Address)
	}
	return fmt.Errorf("the cluster says that broker %d is at %s, where it does not answer from here: %w", id, l.where[id], err)
}

// refused notes what the cluster does not tell; it is an error only if the time is up.
func (l *look) refused(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return stopped(ctx, l.cluster.Address)
	}
	l.untold(what, err)
	return nil
}

func (l *look) untold(what string, err error) {
	if errors.Is(err, io.EOF) {
		err = errors.New("the connection was closed")
	}
	l.cluster.Untold = append(l.cluster.Untold, what+": "+err.Error())
}

// again looks at the ends of the logs a second time.
func (l *look) again(ctx context.Context, between time.Duration) error {
	began := time.Now()
	firstEnds := make([][]int64, len(l.cluster.Topics))
	ends, err := l.admin.ListEndOffsets(ctx, l.own()...)
	if err != nil {
		return l.refused(ctx, "the ends of the logs", err)
	}
	for i := range l.cluster.Topics {
		t := &l.cluster.Topics[i]
		firstEnds[i] = make([]int64, len(t.Partitions))
		for p := range t.Partitions {
			firstEnds[i][p] = offset(ends, t.Name, p)
		}
	}
	select {
	case <-ctx.Done():
		return stopped(ctx, l.cluster.Address)
	case <-time.After(between):
	}
	took := time.Since(began)
	if ends, err = l.admin.ListEndOffsets(ctx, l.own()...); err != nil {
		return l.refused(ctx, "the ends of the logs, the second time", err)
	}
	l.cluster.Between = took.Round(time.Millisecond)
	for i := range l.cluster.Topics {
		t := &l.cluster.Topics[i]
		for p := range t.Partitions {
			t.Partitions[p].End = firstEnds[i][p]
			t.Partitions[p].Later = offset(ends, t.Name, p)
		}
	}
	return nil
}
