package kafka

import (
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// javaConfig is the Java client's defaults.
func javaConfig() scenarios.ProducerConfig {
	return scenarios.ProducerConfig{
		Acks: scenarios.AcksAll, Idempotence: true, Linger: 5 * time.Millisecond, BatchSize: 16 * unit.KiB,
		BufferMemory: int64(32 * unit.MiB), BufferRecords: scenarios.Unbounded, MaxBlock: time.Minute,
		DeliveryTimeout: 2 * time.Minute, RequestTimeout: 30 * time.Second, Retries: scenarios.Unbounded,
		RetryBackoff: 100 * time.Millisecond, RetryBackoffMax: time.Second,
		ReconnectBackoff: 50 * time.Millisecond, ReconnectBackoffMax: time.Second,
		MaxInFlight: 5, MaxRequestSize: unit.MiB, MetadataMaxAge: 5 * time.Minute,
		AdaptivePartitioner: true, AvailabilityTimeout: scenarios.Forever, CompressionRatio: 1,
	}
}

// kgoConfig is franz-go's defaults, without compression.
func kgoConfig() scenarios.ProducerConfig {
	return scenarios.ProducerConfig{
		Acks: scenarios.AcksAll, Idempotence: true, Linger: 10 * time.Millisecond, BatchSize: 1000012,
		BufferMemory: scenarios.Unbounded, BufferRecords: 10000, MaxBlock: scenarios.Forever,
		DeliveryTimeout: scenarios.Forever, RequestTimeout: 10 * time.Second, RequestOverhead: 10 * time.Second,
		Retries: scenarios.Unbounded, RetryBackoff: 250 * time.Millisecond, RetryBackoffMax: 5 * time.Second,
		MaxInFlight: 5, MaxRequestSize: 100 * unit.MiB, MetadataMaxAge: 5 * time.Minute, MetadataMinAge: 5 * time.Second,
		AvailabilityTimeout: scenarios.Forever, CompressionRatio: 1,
	}
}

// A world is a producer among brokers that do what a random stream says. It
// keeps for every record where it is, and for every partition what its leaders
// have appended.
type world struct {
	t       *testing.T
	p       *Producer
	rng     rng.Stream
	now     sim.Time
	events  []worldEvent
	order   int
	effects []ProducerEffect

	trouble float64 // probability that a request meets trouble
	calm    bool    // nothing breaks any more

	view    []PartitionView
	logs    [][]int32
	dedup   []map[int64]*ProducerState
	links   []worldLink
	state   []recordState
	outcome []ProducerOutcome
	next    []int32
	wake    sim.Time
	maximum unit.Bytes // of memory
	most    int        // of records buffered
}

type recordState uint8

const (
	recordUnsent recordState = iota
	recordWaiting
	recordInBatch
	recordOver
)

type worldLink struct {
	generation int // of the connection
	busyUntil  sim.Time
}

type worldEvent struct {
	at    sim.Time
	order int
	do    func()
}

type sentBatch struct {
	id       BatchID
	part     int32
	producer int64
	epoch    int16
	sequence int32
	records  []int32
}

func newWorld(t *testing.T, o ProducerOptions, seed uint64) *world {
	t.Helper()
	o.Stream = rng.New(seed, "producer", "choices")
	w := &world{
		t: t, p: NewProducer(o), rng: rng.New(seed, "world", "trouble"),
		view: make([]PartitionView, o.Partitions), logs: make([][]int32, o.Partitions),
		dedup: make([]map[int64]*ProducerState, o.Partitions), links: make([]worldLink, o.Brokers+1),
		wake: sim.Never,
	}
	for i := range w.view {
		w.view[i] = PartitionView{Leader: BrokerID(1 + i%o.Brokers), InSync: true}
		w.dedup[i] = map[int64]*ProducerState{}
	}
	w.take(w.p.Start(0, nil))
	return w
}

func (w *world) after(d time.Duration, do func()) {
	w.order++
	w.events = append(w.events, worldEvent{w.now.Add(d), w.order, do})
}

// run lets events happen until the instant end.
func (w *world) run(end sim.Time) {
	for {
		best := -1
		for i, e := range w.events {
			if best < 0 || e.at < w.events[best].at || e.at == w.events[best].at && e.order < w.events[best].order {
				best = i
			}
		}
		if w.wake <= end && (best < 0 || w.wake < w.events[best].at) {
			w.now, w.wake = w.wake, sim.Never
			w.take(w.p.OnWake(w.now, w.effects[:0]))
			continue
		}
		if best < 0 || w.events[best].at > end {
			w.now = end
			return
		}
		e := w.events[best]
		w.events = append(w.events[:best], w.events[best+1:]...)
		w.now = e.at
		e.do()
	}
}

func (w *world) record(part int32, size unit.Bytes) int32 {
	id := int32(len(w.state))
	w.state = append(w.state, recordUnsent)
	w.outcome = append(w.outcome, 0)
	w.next = append(w.next, NoRecord)
	placed, batch, previous, out := w.p.Record(w.now, ProducerRecord{ID: id, Partition: part, Size: size}, w.effects[:0])
	switch placed {
	case RecordAppended:
		w.chain(id, batch, previous)
	case RecordWaits:
		w.state[id] = recordWaiting
	case RecordRefused:
	}
	w.take(out)
	return id
}

func (w *world) chain(id int32, batch BatchID, previous int32) {
	w.state[id] = recordInBatch
	if previous != NoRecord {
		w.next[previous] = id
	}
	if b := w.p.Batch(batch); b.Count == 0 || b.Partition < 0 {
		w.t.Fatalf("record %d went into batch %d: %+v", id, batch, *b)
	}
}

func (w *world) finish(id int32, from recordState, outcome ProducerOutcome) {
	if w.state[id] != from {
		w.t.Fatalf("%v: record %d ends as %d but is in state %d, not %d", w.now, id, outcome, w.state[id], from)
	}
	w.state[id] = recordOver
	w.outcome[id] = outcome
}

func (w *world) chance(p float64) bool { return !w.calm && w.rng.Float64() < p }

func (w *world) take(effects []ProducerEffect) {
	for i := range effects {
		e := effects[i]
		switch e.Kind {
		case WakeAt:
			w.wake = e.At
		case RequestMetadata:
			w.metadata()
		case ConnectTo:
			w.connect(e.Broker)
		case DisconnectFrom:
			w.links[e.Broker].generation++
		case RecordAdmitted:
			if w.state[e.Record] != recordWaiting {
				w.t.Fatalf("record %d admitted in state %d", e.Record, w.state[e.Record])
			}
			w.chain(e.Record, e.Batch, e.Previous)
		case RecordDropped:
			if w.state[e.Record] == recordUnsent {
				w.state[e.Record] = recordWaiting // refused at once
			}
			w.finish(e.Record, recordWaiting, e.Outcome)
		case BatchDone:
			for _, id := range w.records(e.Batch) {
				w.finish(id, recordInBatch, e.Outcome)
			}
		case SendProduce:
			w.send(e)
		}
	}
	records, memory := w.p.Buffered()
	w.maximum, w.most = max(w.maximum, memory), max(w.most, records)
	w.effects = effects
}

func (w *world) records(id BatchID) []int32 {
	b := w.p.Batch(id)
	var ids []int32
	for r := b.First; ; r = w.next[r] {
		ids = append(ids, r)
		if r == b.Last {
			break
		}
	}
	if len(ids) != int(b.Count) {
		w.t.Fatalf("batch %d has %d records in its chain, not %d", id, len(ids), b.Count)
	}
	return ids
}

func (w *world) metadata() {
	failed := w.chance(w.trouble)
	w.after(2*time.Millisecond, func() {
		if failed {
			w.take(w.p.OnMetadataFailed(w.now, w.effects[:0]))
		} else {
			w.take(w.p.OnMetadata(w.now, w.view, w.effects[:0]))
		}
	})
}

func (w *world) connect(b BrokerID) {
	why := ConnectFailure(0)
	delay := time.Millisecond
	if w.chance(w.trouble) {
		why = ConnectionRefused
		if w.chance(0.3) {
			why, delay = ConnectionTimedOut, 10*time.Second
		}
	}
	w.after(delay, func() {
		if why != 0 {
			w.take(w.p.OnConnectFailed(w.now, b, why, w.effects[:0]))
			return
		}
		w.links[b].generation++
		w.links[b].busyUntil = w.now
		w.take(w.p.OnConnected(w.now, b, w.effects[:0]))
	})
}

// send takes a request as a connection does: requests are worked off one at a
// time. Bytes that were sent before a connection broke may still arrive.
func (w *world) send(e ProducerEffect) {
	var batches []sentBatch
	for id := e.Batch; id != NoBatch; id = w.p.Batch(id).Next {
		b := w.p.Batch(id)
		w.p.Retain(id)
		batches = append(batches, sentBatch{id, b.Partition, b.ProducerID, b.Epoch, b.Sequence, w.records(id)})
	}
	if len(batches) != int(e.Count) {
		w.t.Fatalf("a request of %d batches has %d", e.Count, len(batches))
	}
	link := &w.links[e.Broker]
	generation := link.generation
	link.busyUntil = max(link.busyUntil, w.now).Add(time.Duration(1+w.rng.IntN(20)) * time.Millisecond)
	silent, reset := w.chance(w.trouble/4), w.chance(w.trouble/2)
	w.after(link.busyUntil.Sub(w.now), func() {
		open := w.links[e.Broker].generation == generation
		var results []BatchResult
		for _, b := range batches {
			result := BatchResult{Error: ProduceNetworkError}
			if open || w.chance(0.5) {
				result = w.append(e.Broker, b)
			}
			results = append(results, result)
		}
		for _, b := range batches {
			w.p.Release(b.id)
		}
		switch {
		case !open || w.p.config.Acks == scenarios.AcksNone:
		case reset:
			w.links[e.Broker].generation++
			w.take(w.p.OnDisconnected(w.now, e.Broker, w.effects[:0]))
		case silent:
			w.links[e.Broker].generation++ // nothing is answered on it any more
		default:
			w.take(w.p.OnProduceResponse(w.now, e.Request, results, w.effects[:0]))
		}
	})
}

// append is a leader that takes a batch.
func (w *world) append(broker BrokerID, b sentBatch) BatchResult {
	v := w.view[b.part]
	switch {
	case v.Leader != broker && w.chance(0.5):
		return BatchResult{Error: ProduceNotLeader, Offset: -1, Leader: v.Leader, Epoch: v.Epoch}
	case v.Leader != broker:
		return BatchResult{Error: ProduceNotLeader, Offset: -1, Leader: NoBroker}
	case w.chance(w.trouble / 2):
		return BatchResult{Error: ProduceNotEnoughReplicas, Offset: -1, Leader: NoBroker}
	}
	invalid := w.chance(w.trouble / 20)
	base := Offset(len(w.logs[b.part]))
	if b.sequence >= 0 {
		known := w.dedup[b.part][b.producer]
		if known == nil {
			known = &ProducerState{}
			w.dedup[b.part][b.producer] = known
		}
		last := addSequence(b.sequence, int32(len(b.records))-1)
		switch verdict, offset := known.Check(b.epoch, b.sequence, last); verdict {
		case DedupDuplicate:
			return BatchResult{Offset: offset, Leader: NoBroker}
		case DedupOutOfOrder:
			return BatchResult{Error: ProduceOutOfOrderSequence, Offset: -1, Leader: NoBroker}
		case DedupFenced:
			return BatchResult{Error: ProduceInvalidProducerEpoch, Offset: -1, Leader: NoBroker}
		case DedupAppend:
			if !invalid {
				known.Append(b.epoch, b.sequence, last, base)
			}
		}
	}
	if invalid {
		return BatchResult{Error: ProduceInvalidRecord, Offset: -1, Leader: NoBroker}
	}
	w.logs[b.part] = append(w.logs[b.part], b.records...)
	if w.chance(w.trouble / 2) {
		return BatchResult{Error: ProduceTimedOut, Offset: -1, Leader: NoBroker}
	}
	return BatchResult{Offset: base, Leader: NoBroker}
}

// moveLeader gives a random partition another leader, or none for a while.
func (w *world) moveLeader() {
	part := w.rng.IntN(len(w.view))
	v := &w.view[part]
	v.Epoch++
	v.Leader = BrokerID(1 + w.rng.IntN(len(w.links)-1))
	v.InSync = w.rng.Float64() < 0.5
	if w.chance(0.3) {
		v.Leader = NoBroker
		w.after(2*time.Second, func() {
			v.Epoch++
			v.Leader = BrokerID(1 + w.rng.IntN(len(w.links)-1))
		})
	}
}
