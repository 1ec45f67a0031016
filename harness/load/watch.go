package load

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/scenarios"
)

const (
	// overdue is after how long without an answer a wrapper takes a broker or a
	// partition for unavailable: the model's (models/kafka/partitioner.go).
	overdue = int64(500 * time.Millisecond)
	// metadataPause is how long after an answer kgo has surely stored it.
	metadataPause = 5 * time.Millisecond
	// anyAge makes kgo hand out the metadata that it has, however old.
	anyAge = 10000 * time.Hour
)

// A watch is what can be seen of a kgo client from outside, by its hooks: which
// brokers answer, which partitions get on, and what the last metadata said.
type watch struct {
	topic  string
	client *kgo.Client
	silent bool  // acks=0: no request is answered
	idle   int64 // ns that a partition with records may not get on

	mutex      sync.Mutex // guards what follows
	partitions []watchedPartition
	brokers    map[int32]*watchedBroker
	asking     bool // our own look at the metadata is under way
}

type watchedPartition struct {
	inSync  bool
	waiting int   // records that have not ended
	bytes   int64 // of them
	since   int64 // Unix ns: when it last got on, or began to wait
}

type watchedBroker struct {
	lost  bool    // its connection broke or was refused, and there is no new one
	sent  []int64 // Unix ns: when each produce request without an answer was written
	early int     // answers that were told of before their requests
}

// forget begins anew: nothing is under way.
func (b *watchedBroker) forget() { b.sent, b.early = b.sent[:0], 0 }

func newWatch(topic string, partitions int, c *scenarios.ProducerConfig) *watch {
	w := &watch{
		topic: topic, silent: c.Acks == scenarios.AcksNone, idle: overdue + int64(c.Linger),
		partitions: make([]watchedPartition, partitions), brokers: map[int32]*watchedBroker{},
	}
	for p := range w.partitions {
		w.partitions[p].inSync = true
	}
	return w
}

// see is what is known of a partition: whether kgo has a leader for it, whether a
// record would be answered soon, whether all replicas are in sync, and the bytes
// that wait. The mutex is held.
func (w *watch) see(at int64, p int) (usable, available, inSync bool, bytes int64) {
	leader, _, err := w.client.PartitionLeader(w.topic, int32(p))
	usable = leader >= 0 && err == nil
	if !usable || p >= len(w.partitions) {
		return usable, usable, true, 0
	}
	q := &w.partitions[p]
	available = q.waiting == 0 || at-q.since <= w.idle // else it is being retried
	if b := w.brokers[leader]; b != nil {
		available = available && !b.lost && (len(b.sent) == 0 || at-b.sent[0] <= overdue)
	}
	return usable, available, q.inSync, q.bytes
}

func (w *watch) broker(id int32) *watchedBroker {
	b := w.brokers[id]
	if b == nil {
		b = &watchedBroker{}
		w.brokers[id] = b
	}
	return b
}

// OnNewClient is a hook.
func (w *watch) OnNewClient(client *kgo.Client) { w.client = client }

// OnBrokerConnect is a hook.
func (w *watch) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	b := w.broker(meta.NodeID)
	b.lost = err != nil
	b.forget()
}

// OnBrokerWrite is a hook.
func (w *watch) OnBrokerWrite(meta kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if key != int16(kmsg.Produce) || err != nil || w.silent {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	b := w.broker(meta.NodeID)
	if b.early > 0 {
		b.early--
		return
	}
	b.sent = append(b.sent, now())
}

// OnBrokerE2E is a hook: a request is over, well or badly. Answers come in the
// order of the requests.
func (w *watch) OnBrokerE2E(meta kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch key {
	case int16(kmsg.Produce):
		b := w.broker(meta.NodeID)
		switch {
		case e2e.Err() != nil: // with one request its connection's others have failed
			b.lost = true
			b.forget()
		case len(b.sent) > 0:
			b.sent = b.sent[1:]
		default:
			b.early++
		}
	case int16(kmsg.Metadata):
		if e2e.Err() == nil && !w.asking {
			w.asking = true
			time.AfterFunc(metadataPause, w.look)
		}
	}
}

// OnProduceRecordPartitioned is a hook.
func (w *watch) OnProduceRecordPartitioned(r *kgo.Record, _ int32) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if q := w.partition(r); q != nil {
		if q.waiting == 0 {
			q.since = now()
		}
		q.waiting++
		q.bytes += int64(len(r.Value))
	}
}

// OnProduceRecordUnbuffered is a hook.
func (w *watch) OnProduceRecordUnbuffered(r *kgo.Record, _ error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if q := w.partition(r); q != nil && q.waiting > 0 {
		q.since = now()
		q.waiting--
		q.bytes -= int64(len(r.Value))
	}
}

// partition is that of a record which has one.
func (w *watch) partition(r *kgo.Record) *watchedPartition {
	if r.Partition < 0 || int(r.Partition) >= len(w.partitions) {
		return nil
	}
	return &w.partitions[r.Partition]
}

// look takes over what the client's last metadata said of the ISR. It asks
// nobody, unless kgo itself finds its cache useless.
func (w *watch) look() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = new(w.topic)
	request.Topics = append(request.Topics, topic)
	answer, err := w.client.RequestCachedMetadata(ctx, request, anyAge)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.asking = false
	if err != nil {
		return
	}
	for _, t := range answer.Topics {
		for i := range t.Partitions {
			if p := &t.Partitions[i]; int(p.Partition) < len(w.partitions) {
				w.partitions[p.Partition].inSync = len(p.ISR) >= len(p.Replicas)
			}
		}
	}
}
