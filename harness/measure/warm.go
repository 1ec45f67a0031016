package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
)

const (
	warmTopic = "kafkasim-warm-up"
	warmGroup = "kafkasim-warm-up"
	// warmRate is the load of the warm-up in records a second. It is above that of
	// most scenarios, because what a JIT compiler waits for is calls.
	warmRate = 1000
	warmSize = 512 // bytes a record
	// warmWindow is the length of the spans whose latencies are compared.
	warmWindow = time.Second
	// warmLeast and warmMost bound the warm-up. A broker that was restarted in the
	// repetition before has as cold a JVM as a new one.
	warmLeast = 6 * time.Second
	warmMost  = 30 * time.Second
	// warmSpread is how far the windows' 95th percentiles may differ, as a share of
	// the least of them, for latencies to have settled.
	warmSpread = 0.5
	// warmWindows is how many windows have to agree.
	warmWindows = 3
)

// A warmth is how a warm-up ended.
type warmth struct {
	After   time.Duration
	Settled bool
	P95     []time.Duration // of each window
}

// kerrFor is Kafka's error of a code, nil for none.
func kerrFor(code int16) error { return kerr.ErrorForCode(code) }

// warmUp runs a load of its own, with a group that reads it, until the latencies
// of acknowledgements have settled: the brokers' code is compiled and the offsets
// topic exists. Its topic is gone afterwards.
func (a *admin) warmUp(ctx context.Context, seeds []string) (warmth, error) {
	brokers := len(a.spec.Clusters[0].Brokers)
	replicas := min(3, brokers)
	made, err := a.kadm.CreateTopic(ctx, int32(2*brokers), int16(replicas), map[string]*string{
		"min.insync.replicas": new("1"),
	}, warmTopic)
	if err = errors.Join(err, made.Err); err != nil {
		return warmth{}, fmt.Errorf("create the warm-up's topic: %w", err)
	}
	var all []*kgo.Client
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	for _, acks := range []kgo.Acks{kgo.AllISRAcks(), kgo.LeaderAck()} {
		c, err := kgo.NewClient(
			kgo.SeedBrokers(seeds...), kgo.ClientID("kafkasim-warm-up"), kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite(),
			kgo.ProducerLinger(0), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()),
		)
		if err != nil {
			return warmth{}, err
		}
		all = append(all, c)
	}
	reader, err := kgo.NewClient(
		kgo.SeedBrokers(seeds...), kgo.ClientID("kafkasim-warm-up"), kgo.ConsumerGroup(warmGroup), kgo.ConsumeTopics(warmTopic),
		kgo.FetchMaxWait(500*time.Millisecond), kgo.AutoCommitInterval(time.Second),
	)
	if err != nil {
		return warmth{}, err
	}
	all = append(all, reader)
	w := runWarmUp(ctx, all[:2], reader)
	reader.LeaveGroup()
	if ctx.Err() != nil {
		return w, ctx.Err()
	}
	gone, err := a.kadm.DeleteTopic(ctx, warmTopic)
	if err = errors.Join(err, gone.Err); err != nil {
		return w, fmt.Errorf("delete the warm-up's topic: %w", err)
	}
	if deleted, err := a.kadm.DeleteGroup(ctx, warmGroup); err == nil && deleted.Err != nil {
		err = deleted.Err
		if !errors.Is(err, kerr.GroupIDNotFound) {
			return w, fmt.Errorf("delete the warm-up's group: %w", err)
		}
	}
	return w, nil
}

// latencies are those of one window.
type latencies struct {
	mutex sync.Mutex
	list  []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.list = append(l.list, d)
}

// p95 takes the window's 95th percentile and empties it; 0 without a record.
func (l *latencies) p95() time.Duration {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.list) == 0 {
		return 0
	}
	slices.Sort(l.list)
	v := l.list[len(l.list)*95/100]
	l.list = l.list[:0]
	return v
}

// runWarmUp produces at an even rate over both producers and reads all of it.
func runWarmUp(ctx context.Context, producers []*kgo.Client, reader *kgo.Client) warmth {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		for ctx.Err() == nil {
			reader.PollFetches(ctx)
		}
	})
	seen := &latencies{}
	begin := time.Now()
	ticker := time.NewTicker(time.Second / warmRate * 2)
	defer ticker.Stop()
	var w warmth
	next := begin.Add(warmWindow)
	for {
		select {
		case <-ctx.Done():
			return w
		case <-ticker.C:
		}
		for _, p := range producers {
			at := time.Now()
			p.Produce(ctx, &kgo.Record{Topic: warmTopic, Value: make([]byte, warmSize)}, func(_ *kgo.Record, err error) {
				if err == nil {
					seen.add(time.Since(at))
				}
			})
		}
		if now := time.Now(); now.After(next) {
			next = next.Add(warmWindow)
			w.P95 = append(w.P95, seen.p95())
			w.After, w.Settled = now.Sub(begin), settledDown(w.P95)
			if w.After >= warmMost || w.After >= warmLeast && w.Settled {
				return w
			}
		}
	}
}

// settledDown reports whether the last windows are alike.
func settledDown(p95 []time.Duration) bool {
	if len(p95) < warmWindows {
		return false
	}
	last := p95[len(p95)-warmWindows:]
	low, high := slices.Min(last), slices.Max(last)
	return low > 0 && float64(high-low) <= warmSpread*float64(low)
}

// clientsOf refuses clients that the harness has not: it is written with franz-go.
func clientsOf(spec *scenarios.Spec) []string {
	var words []string
	for i := range spec.Producers {
		if spec.Producers[i].Client != scenarios.FranzGo {
			words = append(words, fmt.Sprintf("producer %s has client: java; real clusters are measured with franz-go, so say client: franz-go", spec.Producers[i].Name))
		}
	}
	for i := range spec.Groups {
		if spec.Groups[i].Client != scenarios.FranzGo {
			words = append(words, fmt.Sprintf("group %s has client: java; real clusters are measured with franz-go, so say client: franz-go", spec.Groups[i].Name))
		}
	}
	return words
}
