package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/cluster"
	"kafkasim/harness/fault"
	"kafkasim/scenarios"
)

// renewPatience is how long a cluster may take to become as good as new.
const renewPatience = 30 * time.Second

// A life is one cluster from its start to its end. Repetitions of a scenario
// follow each other in it: what Kafka remembers from one to the next is taken away
// between them (renew), and their faults meet heartbeats and checks at phases of
// their own.
type life struct {
	*admin
	cluster *cluster.Cluster
}

// begin starts a cluster.
func begin(ctx context.Context, spec *scenarios.Spec, o *Options) (*life, error) {
	c, err := cluster.Start(ctx, spec, 0, cluster.Options{Engine: o.Engine, Image: o.Image, Log: o.Log})
	if err != nil {
		return nil, err
	}
	a, err := newAdmin(spec, c.Bootstrap())
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &life{admin: a, cluster: c}, nil
}

// end takes the cluster away.
func (l *life) end() error {
	l.close()
	return l.cluster.Close()
}

// renew makes the cluster as good as new for another repetition: every process
// runs, the scenario's topics and groups are gone, and the offsets topic is led
// where it was at first.
func (l *life) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewPatience)
	defer cancel()
	if err := l.cluster.AwaitReady(ctx, renewPatience); err != nil {
		return err
	}
	for g := range l.spec.Groups {
		if err := l.removeGroup(ctx, l.spec.Groups[g].Name); err != nil {
			return err
		}
	}
	gone, err := l.kadm.DeleteTopics(ctx, l.topicNames()...)
	for _, one := range gone {
		err = errors.Join(err, one.Err)
	}
	if err != nil {
		return fmt.Errorf("delete the topics of the repetition before: %w", err)
	}
	return l.electPreferred(ctx)
}

// removeGroup deletes a group once its members' sessions are over.
func (a *admin) removeGroup(ctx context.Context, name string) error {
	for {
		answer, err := a.kadm.DeleteGroup(ctx, name)
		if err = errors.Join(err, answer.Err); err == nil || errors.Is(err, kerr.GroupIDNotFound) {
			return nil
		}
		if !fault.SleepUntil(ctx, time.Now().Add(settleInterval)) {
			return fmt.Errorf("delete group %s: %w", name, err)
		}
	}
}

// electPreferred gives every partition its preferred leader back, and waits until
// each has it.
func (a *admin) electPreferred(ctx context.Context) error {
	for {
		request := kmsg.NewPtrElectLeadersRequest()
		request.ElectionType = 0 // preferred
		request.TimeoutMillis = int32(adminTimeout.Milliseconds())
		if _, err := request.RequestWith(ctx, a.client); err != nil {
			return fmt.Errorf("elect preferred leaders: %w", err)
		}
		details, err := a.kadm.ListTopicsWithInternal(ctx)
		if err == nil && preferred(details) {
			return nil
		}
		if !fault.SleepUntil(ctx, time.Now().Add(settleInterval)) {
			return errors.New("some partitions did not get their preferred leaders back")
		}
	}
}

// preferred reports whether every partition is led by its first replica and in
// sync.
func preferred(details kadm.TopicDetails) bool {
	for _, t := range details.Sorted() {
		for _, p := range t.Partitions.Sorted() {
			if len(p.Replicas) == 0 || p.Leader != p.Replicas[0] || len(p.ISR) < len(p.Replicas) {
				return false
			}
		}
	}
	return true
}
