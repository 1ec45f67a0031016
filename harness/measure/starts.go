package measure

import (
	"context"
	"fmt"
	"time"

	"kafkasim/harness/cluster"
	"kafkasim/harness/history"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// Healthy measures a scenario in which nothing breaks, as Measure does, and then how
// long a broker of that cluster takes to start: each in turn is stopped in order and
// started again, while nobody asks the cluster for anything. A start lasts here from
// that of its process until it follows the leaders of its partitions.
func Healthy(ctx context.Context, spec *scenarios.Spec, o Options) (*result.Set, []time.Duration, error) {
	var starts []time.Duration
	set, err := measure(ctx, spec, o, func(ctx context.Context, l *life) (err error) {
		starts, err = l.starts(ctx)
		return err
	})
	return set, starts, err
}

// startPatience is how long a broker may take to end, or to be back.
const startPatience = 60 * time.Second

// starts restarts every broker, and measures how long that takes.
func (l *life) starts(ctx context.Context) (took []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(len(l.cluster.Nodes()))*startPatience)
	defer cancel()
	for _, n := range l.cluster.Nodes() {
		if !n.Broker() {
			continue
		}
		t, err := l.restart(ctx, n)
		if err != nil {
			return nil, err
		}
		took = append(took, t)
		if err := l.electPreferred(ctx); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// restart restarts a broker, and returns how long it took until it followed.
func (l *life) restart(ctx context.Context, n *cluster.Node) (time.Duration, error) {
	if _, err := n.Terminate(ctx); err != nil {
		return 0, err
	}
	if _, err := n.Exited(ctx); err != nil {
		return 0, err
	}
	began, err := n.Start(ctx)
	if err != nil {
		return 0, err
	}
	if err := l.cluster.AwaitReady(ctx, startPatience); err != nil {
		return 0, err
	}
	log, err := n.Logs(ctx)
	if err != nil {
		return 0, err
	}
	for _, followed := range history.Followings(log) {
		if followed.After(began) {
			return followed.Sub(began), nil
		}
	}
	return 0, fmt.Errorf("%s has started and does not say when it followed", n)
}
