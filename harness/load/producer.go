package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

const (
	// flushLimit is how long a producer that leaves waits for what its client
	// still has.
	flushLimit = 5 * time.Second
	// closeLimit is how long the end of a client may take that nobody waits for.
	closeLimit = time.Second
	// prepareBackoff is how long after a failed question to the cluster the next
	// one is asked.
	prepareBackoff = 100 * time.Millisecond
	// grain is the least time that a generator sleeps: records that are due within
	// it go together, so that a high rate does not wake the process for each.
	grain = 100 * time.Microsecond
)

// An instance is one producer instance: a client and the records that the
// scenario gives it.
type instance struct {
	*runner
	spec    *scenarios.Producer
	number  int
	client  *kgo.Client
	offers  *source
	noise   float64 // share of a value that does not compress
	probe   *kgo.Record
	skipped uint64 // records that came into being before this life
	handed  uint64 // records handed to the client
	blocked blocking
	open    sync.WaitGroup // records handed over that have no outcome yet
}

// produce is a producer process: all instances of a producer.
func (r *runner) produce(ctx context.Context) error {
	since := now()
	spec := &r.plan.Spec.Producers[r.plan.Index]
	instances := make([]*instance, spec.Instances)
	offers := sources(r.plan.Spec, r.plan.Index, r.plan.Seed)
	for i := range instances {
		instances[i] = &instance{
			runner: r, spec: spec, number: i, offers: offers[i], probe: &kgo.Record{},
			noise: noiseFor(compression(spec)),
		}
		s, err := instances[i].settings()
		if err == nil && i == 0 {
			err = r.begin(s.notes)
		}
		if err == nil {
			instances[i].client, err = kgo.NewClient(s.options...)
		}
		if err != nil {
			return fmt.Errorf("load: producer %s: %w", spec.Name, err)
		}
	}
	defer closeSoon(instances)
	go r.prepare(ctx, instances)

	var generating sync.WaitGroup
	quit := r.quit(ctx)
	for _, in := range instances {
		generating.Go(func() { in.generate(since, quit) })
	}
	select {
	case <-r.leave:
	case <-ctx.Done():
		return nil
	}
	r.note(journal.Entry{Kind: journal.Leaving})
	flush(ctx, instances)
	for _, in := range instances {
		in.client.Close() // a call that still blocks returns
	}
	generating.Wait()
	for _, in := range instances {
		in.open.Wait() // a closed client has failed what it had
		in.end()
	}
	return nil
}

// prepare connects every instance to the cluster, and then says that the process
// is ready: the load has not begun yet in a first life. Records of a later one do
// not wait for it; their client holds them meanwhile.
func (r *runner) prepare(ctx context.Context, instances []*instance) {
	for _, in := range instances {
		for in.connect(ctx) != nil {
			select {
			case <-time.After(prepareBackoff):
			case <-ctx.Done():
				return
			}
		}
	}
	r.note(journal.Entry{Kind: journal.Ready})
	r.ready()
}

// connect makes the client learn what a running one knows: its topic, its
// producer id, and an open connection to each broker.
func (in *instance) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	if err := in.client.Ping(ctx); err != nil {
		return err
	}
	if in.spec.Config.Idempotence {
		if _, _, err := in.client.ProducerID(ctx); err != nil {
			return err
		}
	}
	// The partitioner refuses the probe, once the topic is known.
	done := make(chan error, 1)
	in.client.Produce(ctx, in.probe, func(_ *kgo.Record, err error) { done <- err })
	if err := <-done; ctx.Err() != nil {
		return err
	}
	return in.client.EnsureProduceConnectionIsOpen(ctx)
}

// generate hands each record to the client when it comes into being.
func (in *instance) generate(since int64, quit <-chan struct{}) {
	for o, more := in.offers.take(); more; o, more = in.offers.take() {
		due := in.plan.at(o.at)
		if in.plan.Life > 0 && due < since {
			in.skipped++
			continue
		}
		id := journal.ID{Producer: uint16(in.plan.Index), Instance: uint16(in.number), Sequence: o.sequence}
		value := encodeValue(id, due, valueSize(o.size, len(o.key)), in.noise)
		if t := now(); due > t && !sleepUntil(max(due, t+int64(grain)), quit) || in.leaving() || in.journal.Err() != nil {
			in.rest(o)
			return
		}
		in.send(id, due, &kgo.Record{Topic: in.topic(), Key: o.key, Value: value, Partition: -1})
		in.handed++
	}
}

// send hands a record over; it returns when the client has taken it.
func (in *instance) send(id journal.ID, due int64, record *kgo.Record) {
	e := journal.Entry{Kind: journal.Sent, ID: id, Topic: uint16(in.spec.Topic), Intended: due}
	full := in.full(record)
	called := now()
	e.At, e.Late = called, called-due-in.blocked.since(due)
	in.journal.Append(e)
	in.open.Add(1)
	in.client.Produce(context.Background(), record, func(record *kgo.Record, err error) {
		defer in.open.Done()
		in.settled(id, due, record, err)
	})
	if full {
		e.Kind, e.At, e.Late = journal.Admitted, now(), 0
		in.blocked.add(called, e.At)
		in.journal.Append(e)
	}
}

// full reports whether the client's buffer has no room for a record, so that the
// call will block.
func (in *instance) full(record *kgo.Record) bool {
	c := &in.spec.Config
	if in.client.BufferedProduceRecords() >= c.BufferRecords {
		return true
	}
	return c.BufferMemory != scenarios.Unbounded &&
		in.client.BufferedProduceBytes()+int64(len(record.Key)+len(record.Value)) > c.BufferMemory
}

// settled notes what has become of a record.
func (in *instance) settled(id journal.ID, due int64, record *kgo.Record, err error) {
	e := journal.Entry{
		Kind: journal.Acked, At: now(), ID: id, Topic: uint16(in.spec.Topic), Partition: record.Partition,
		Offset: record.Offset, Intended: due,
	}
	switch {
	case err != nil:
		e.Kind, e.Code, e.Offset = journal.Failed, codeOf(err), 0
	case in.spec.Config.Acks == scenarios.AcksNone:
		e.Offset = -1
	}
	in.journal.Append(e)
}

func (in *instance) topic() string { return in.plan.Spec.Topics[in.spec.Topic].Name }

// rest counts what the scenario still has from o on and the client was not given.
func (in *instance) rest(o offer) {
	for more := true; more; o, more = in.offers.take() {
		if in.plan.at(o.at) > now() {
			return // not in being yet, so it never will be
		}
	}
}

// end writes the instance's last entry.
func (in *instance) end() {
	first := in.skipped + in.handed
	in.note(journal.Entry{
		Kind: journal.Ended, Topic: uint16(in.spec.Topic), Count: int32(in.offers.next - first),
		ID: journal.ID{Producer: uint16(in.plan.Index), Instance: uint16(in.number), Sequence: first},
	})
}

// flush waits for what the clients have, not for longer than flushLimit.
func flush(ctx context.Context, instances []*instance) {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	var flushing sync.WaitGroup
	for _, in := range instances {
		flushing.Go(func() { _ = in.client.Flush(ctx) }) // what is left is failed by the client's end
	}
	flushing.Wait()
}

// closeSoon ends the clients of a process that ends, without waiting long.
func closeSoon(instances []*instance) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, in := range instances {
			if in.client != nil {
				in.client.Close()
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(closeLimit):
	}
}
