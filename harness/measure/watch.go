package measure

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/account"
	"kafkasim/harness/cluster"
	"kafkasim/scenarios"
)

const (
	// watchInterval is how often each broker is asked for its high watermarks.
	watchInterval = 40 * time.Millisecond
	// watchTimeout is how long an answer is waited for.
	watchTimeout = 300 * time.Millisecond
	// usageInterval is how often the nodes' counters are read.
	usageInterval = time.Second
	// clockInterval is how often the two clocks are compared.
	clockInterval = 250 * time.Millisecond
)

// A watcher looks at a running cluster: high watermarks, what the nodes have
// moved and used, and whether the wall clock runs evenly.
type watcher struct {
	spec    *scenarios.Spec
	cluster *cluster.Cluster

	mutex      sync.Mutex
	watermarks []account.Watermark
	newest     map[account.Partition]account.Watermark
	usage      []account.UsageSample
	clocks     []account.ClockSample
	running    sync.WaitGroup
	stop       context.CancelFunc
}

// watch begins to look until end is called.
func watch(ctx context.Context, spec *scenarios.Spec, c *cluster.Cluster) (*watcher, error) {
	ctx, stop := context.WithCancel(ctx)
	w := &watcher{spec: spec, cluster: c, stop: stop, newest: map[account.Partition]account.Watermark{}}
	for i, address := range c.Bootstrap() {
		client, err := kgo.NewClient(
			kgo.SeedBrokers(address), kgo.ClientID("kafkasim-watch"),
			kgo.RequestTimeoutOverhead(time.Second), kgo.DialTimeout(watchTimeout),
			kgo.RetryBackoffFn(func(int) time.Duration { return watchInterval }), kgo.RequestRetries(0),
		)
		if err != nil {
			stop()
			return nil, err
		}
		w.running.Go(func() {
			defer client.Close()
			w.watchBroker(ctx, client, spec.Clusters[0].Brokers[i].ID)
		})
	}
	w.running.Go(func() { w.watchUsage(ctx) })
	w.running.Go(func() { w.watchClock(ctx) })
	return w, nil
}

// end stops looking.
func (w *watcher) end() {
	w.stop()
	w.running.Wait()
}

// watchBroker asks one broker for the high watermarks of every partition that it
// leads. A consumer's ListOffsets of the latest offset is the high watermark.
func (w *watcher) watchBroker(ctx context.Context, client *kgo.Client, id int) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	names := map[string]uint16{}
	for t := range w.spec.Topics {
		names[w.spec.Topics[t].Name] = uint16(t)
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = w.spec.Topics[t].Name
		for p := range w.spec.Topics[t].Partitions {
			partition := kmsg.NewListOffsetsRequestTopicPartition()
			partition.Partition, partition.Timestamp, partition.CurrentLeaderEpoch = int32(p), -1, -1
			topic.Partitions = append(topic.Partitions, partition)
		}
		request.Topics = append(request.Topics, topic)
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		asking, cancel := context.WithTimeout(ctx, watchTimeout)
		answer, err := client.SeedBrokers()[0].Request(asking, request)
		cancel()
		if err != nil {
			continue // down, frozen or cut off: there is no high watermark to see
		}
		// The broker looked somewhere in between.
		w.take(answer.(*kmsg.ListOffsetsResponse), names, id, asked.Add(time.Since(asked)/2))
	}
}

// take notes the high watermarks of an answer.
func (w *watcher) take(answer *kmsg.ListOffsetsResponse, names map[string]uint16, id int, now time.Time) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode == 0 {
				one := account.Watermark{
					At: now, Partition: account.Partition{Topic: names[t.Topic], Partition: p.Partition}, HW: p.Offset, Leader: id,
				}
				w.watermarks = append(w.watermarks, one)
				w.newest[one.Partition] = one
			}
		}
	}
}

// latest is a partition's newest high watermark, and whether it is fresh enough to
// say that a leader serves.
func (w *watcher) latest(at account.Partition) (hw int64, fresh bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	one := w.newest[at]
	return one.HW, time.Since(one.At) < freshness
}

// watchUsage reads every node's counters once a second.
func (w *watcher) watchUsage(ctx context.Context) {
	ticker := time.NewTicker(usageInterval)
	defer ticker.Stop()
	for {
		for _, n := range w.cluster.Nodes() {
			u, err := n.Usage(ctx)
			if err != nil {
				continue // its process is down: it moves nothing
			}
			w.mutex.Lock()
			w.usage = append(w.usage, account.UsageSample{
				At: time.Now(), Node: n.ID(), CPU: u.CPU, DiskWritten: u.DiskWritten,
				ClientIn: u.ClientIn, ClientOut: u.ClientOut, InternalIn: u.InternalIn, InternalOut: u.InternalOut,
			})
			w.mutex.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// watchClock compares the wall clock, which all entries bear, to the monotonic
// one.
func (w *watcher) watchClock(ctx context.Context) {
	begin := time.Now()
	ticker := time.NewTicker(clockInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		w.mutex.Lock()
		w.clocks = append(w.clocks, account.ClockSample{Wall: now.Round(0), Monotonic: now.Sub(begin)})
		w.mutex.Unlock()
	}
}
