package kafka

import (
	"fmt"
	"math"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// ProducerOptions is what a Producer is made of.
type ProducerOptions struct {
	Client      scenarios.Client
	Partitioner scenarios.Partitioner
	Config      scenarios.ProducerConfig
	Partitions  int   // of the topic, at least 1
	Brokers     int   // ids 1..Brokers
	ID          int64 // producer id, for idempotence
	// Stream gives the draws for back-off jitter and the choice of partitions;
	// the producer owns it.
	Stream rng.Stream
}

// A Producer is one client instance that writes to one topic: its buffer, its
// partitioner, its requests in flight, its retries and what it knows of the
// cluster. It has the habits of the Java client or of franz-go (kgo), as
// scenarios.Client says.
//
// It is a pure machine: each input has the time, and appends what follows to
// out and returns it. The caller's duties:
//   - Start comes first; times of inputs never fall.
//   - Effects are carried out in their order before the next input.
//   - WakeAt: keep one wake-up a producer, the one asked for last. A wake-up
//     that comes although a later WakeAt replaced it does no harm.
//   - SendProduce: an answer comes by OnProduceResponse, in the order of the
//     requests of a connection, unless acks=0; the end of the connection comes by
//     OnDisconnected. After DisconnectFrom neither comes. With acks=0 BatchDone
//     follows at once.
//   - A batch's record ids are First, those that the caller chains, and Last:
//     when a record is placed behind record q, next[q] = it; do that for what
//     Record returns before its effects. BatchDone ends all of them. A batch's slot is used again from the next input on; whoever needs
//     it longer (a request on the wire, whose batches may have ended) retains it.
//   - RequestMetadata: OnMetadata or OnMetadataFailed follows.
//   - ConnectTo: OnConnected or OnConnectFailed follows (the latter also when
//     the set-up timeout passes).
//
// What is left out: the round trip of InitProducerId (the id is there from the
// start, as an epoch bump needs none), transactions, splitting a batch that the
// broker finds too large (no max.message.bytes is modelled), closing idle
// connections, throttling.
//
// A Producer is flat: CopyTo forks it.
//
// Sources: clients/.../producer/internals/{RecordAccumulator, Sender,
// BuiltInPartitioner, TransactionManager}.java, NetworkClient.java,
// Metadata.java; franz-go pkg/kgo/{sink, producer, metadata, partitioner}.go.
type Producer struct {
	config      scenarios.ProducerConfig
	client      scenarios.Client
	partitioner scenarios.Partitioner
	rng         rng.Stream
	dead        bool

	partitions []producerPartition
	brokers    []producerBroker // by id; 0 is unused
	active     indexSet         // partitions with a queue
	ready      indexSet         // partitions with a queue that may be sent now
	backingOff indexSet         // partitions whose first batch may wait for a back-off
	leaderless indexSet
	every      indexSet // all partitions
	led        indexSet // of broker b: words b*words ..
	dirty      indexSet // brokers that may have something new to send
	anyDirty   bool
	words      int

	batches   []ProducerBatch
	freeBatch BatchID
	limbo     []BatchID
	born      batchList
	lingering batchList

	requests    []producerRequest
	freeRequest int32
	serial      int64

	waiting   recordQueue
	exhausted bool // a record waits for memory
	freed     bool // memory came back since records were last admitted
	records   int64
	memory    unit.Bytes

	metadata producerMetadata
	sticky   stickyPartition
	seen     int // partitions that have had a batch

	id         int64
	epoch      int16
	bump       bool // Java: before the next send
	unresolved int  // partitions with an unresolved sequence

	wake sim.Time // pending
}

// A producerPartition is what a producer knows of one partition and has for it.
type producerPartition struct {
	leader    BrokerID
	epoch     LeaderEpoch // newest seen
	inSync    bool        // every replica is in the ISR
	loadError bool        // kgo: the last metadata had no leader; the old one is kept
	failing   bool        // kgo: nothing is sent until metadata comes
	muted     bool        // Java, one request in flight: a batch is under way
	proven    bool        // kgo okOnSink: the last answer of this leader was a success
	rewrite   bool        // Java: sequences are rewritten at the next epoch bump
	restart   bool        // kgo needSeqReset: the next first batch begins at sequence 0
	seen      bool        // has had a batch

	queue    batchList // to be sent, in order
	queued   int32
	inFlight int32    // requests in flight with a batch of it
	flightOn BrokerID // kgo inflightOnSink: where they are
	buffered int64    // records that have not ended
	// flight is, for kgo, what was sent and not answered; for an idempotent Java
	// producer what has a sequence and has not ended, whether in flight or queued
	// again. In the order of the sequences.
	flight batchList

	next            int32 // sequence of the next batch to be sent
	firstUnanswered int32 // kgo batch0Seq: sequence of the oldest batch
	lastAcked       int32 // sequence, -1 for none
	sequenceEpoch   int16 // producer epoch of the sequences
	unresolved      int32 // Java: sequence after the last expired batch; -1 for none
}

// NewProducer returns a producer that knows no metadata and no connection. It
// panics on options that a valid Spec cannot have.
func NewProducer(o ProducerOptions) *Producer {
	if o.Partitions < 1 || o.Brokers < 1 {
		panic(fmt.Sprintf("kafka: a producer needs partitions and brokers, got %d and %d", o.Partitions, o.Brokers))
	}
	if o.Config.MaxInFlight < 1 || o.Config.BatchSize < 1 || o.Config.Acks == 0 || o.Client == 0 || o.Partitioner == 0 {
		panic(fmt.Sprintf("kafka: incomplete producer options %+v", o))
	}
	words := wordsFor(o.Partitions)
	p := &Producer{
		config: o.Config, client: o.Client, partitioner: o.Partitioner, rng: o.Stream,
		partitions: make([]producerPartition, o.Partitions),
		brokers:    make([]producerBroker, o.Brokers+1),
		active:     make(indexSet, words),
		ready:      make(indexSet, words),
		backingOff: make(indexSet, words),
		leaderless: make(indexSet, words),
		every:      make(indexSet, words),
		led:        make(indexSet, words*(o.Brokers+1)),
		dirty:      make(indexSet, wordsFor(o.Brokers+1)),
		words:      words,
		freeBatch:  NoBatch,
	}
	for i := range p.partitions {
		p.every.add(int32(i))
	}
	p.reset(o.ID)
	return p
}

// reset is a new life: nothing is known, nothing is buffered.
func (p *Producer) reset(id int64) {
	p.dead = false
	p.id, p.epoch, p.bump, p.unresolved = id, 0, false, 0
	for i := range p.partitions {
		p.partitions[i] = producerPartition{
			leader: NoBroker, epoch: -1, queue: emptyBatchList(), flight: emptyBatchList(), flightOn: NoBroker,
			lastAcked: -1, sequenceEpoch: NoProducerEpoch, unresolved: -1,
		}
	}
	for b := range p.brokers {
		p.brokers[b] = producerBroker{requestHead: noRequest, requestTail: noRequest, waitUntil: sim.Never, limit: p.config.MaxInFlight}
		if p.client == scenarios.FranzGo && p.config.Idempotence {
			p.brokers[b].limit = 1
		}
	}
	p.active.clear()
	p.ready.clear()
	p.backingOff.clear()
	p.led.clear()
	p.dirty.clear()
	copy(p.leaderless, p.every)
	p.anyDirty = false
	p.born, p.lingering = emptyBatchList(), emptyBatchList()
	p.requests, p.freeRequest = p.requests[:0], noRequest
	p.waiting.clear()
	p.exhausted, p.freed, p.records, p.memory = false, false, 0, 0
	p.metadata = producerMetadata{}
	p.sticky = stickyPartition{partition: AnyPartition}
	p.seen = 0
	p.wake = sim.Never
}

// CopyTo makes dst a fork of p that shares no memory with it, reusing what dst
// has.
func (p *Producer) CopyTo(dst *Producer) {
	old := *dst
	*dst = *p
	dst.partitions = append(old.partitions[:0], p.partitions...)
	dst.brokers = append(old.brokers[:0], p.brokers...)
	dst.active = append(old.active[:0], p.active...)
	dst.ready = append(old.ready[:0], p.ready...)
	dst.backingOff = append(old.backingOff[:0], p.backingOff...)
	dst.leaderless = append(old.leaderless[:0], p.leaderless...)
	dst.every = append(old.every[:0], p.every...)
	dst.led = append(old.led[:0], p.led...)
	dst.dirty = append(old.dirty[:0], p.dirty...)
	dst.batches = append(old.batches[:0], p.batches...)
	dst.limbo = append(old.limbo[:0], p.limbo...)
	dst.requests = append(old.requests[:0], p.requests...)
	dst.waiting.items = append(old.waiting.items[:0], p.waiting.items...)
}

// Start begins the client's life: it asks for metadata.
func (p *Producer) Start(now sim.Time, out []ProducerEffect) []ProducerEffect {
	p.metadata.wanted = true
	return p.settle(now, out)
}

// Crash is the death of the client's process: every record that has not ended
// is lost, with effects for each batch and each waiting record. The caller
// closes its connections. Until Restart the producer refuses records and
// ignores everything else.
func (p *Producer) Crash(now sim.Time, out []ProducerEffect) []ProducerEffect {
	if p.dead {
		return out
	}
	p.sweep()
	for i := range p.requests {
		if p.requests[i].live {
			for b := p.requests[i].first; b != NoBatch; b = p.batches[b].Next {
				p.batches[b].flags &^= batchInFlight
				p.retire(b)
			}
		}
	}
	for b := p.born.head; b != NoBatch; {
		next := p.batches[b].links[bornLinks].next
		out = p.end(b, OutcomeCrashed, ProduceOK, -1, out)
		b = next
	}
	for p.waiting.length > 0 {
		out = append(out, ProducerEffect{Kind: RecordDropped, Record: p.waiting.front().record.ID, Outcome: OutcomeCrashed})
		p.waiting.pop()
	}
	p.reset(p.id)
	p.dead = true
	return out
}

// Restart begins a new life after Crash, with a producer id never used before.
func (p *Producer) Restart(now sim.Time, id int64, out []ProducerEffect) []ProducerEffect {
	p.sweep()
	p.reset(id)
	return p.Start(now, out)
}

// settle does what the input just taken allows: sequences are resolved,
// waiting records admitted, requests sent, metadata asked for, the next wake-up
// found.
func (p *Producer) settle(now sim.Time, out []ProducerEffect) []ProducerEffect {
	for {
		p.freed = false
		p.settleSequences(now)
		out = p.admit(now, out)
		out = p.sendAll(now, out)
		if !p.freed || p.waiting.length == 0 {
			break
		}
	}
	out = p.refreshMetadata(now, out)
	return p.arm(p.deadline(now), out)
}

// OnWake is the wake-up that WakeAt asked for.
func (p *Producer) OnWake(now sim.Time, out []ProducerEffect) []ProducerEffect {
	if p.dead {
		return out
	}
	p.sweep()
	if now >= p.wake {
		p.wake = sim.Never
	}
	out = p.dropOverdue(now, out)
	out = p.timeOutRequests(now, out)
	out = p.expireBatches(now, out)
	p.endLingers(now)
	for part := p.backingOff.next(p.every, 0); part >= 0; part = p.backingOff.next(p.every, part+1) {
		p.refresh(now, part)
	}
	for b := range p.brokers {
		if p.brokers[b].waitUntil <= now {
			p.brokers[b].waitUntil = sim.Never
			p.touch(BrokerID(b))
		}
	}
	return p.settle(now, out)
}

// arm asks for a wake-up at the instant at, unless an earlier one is pending.
func (p *Producer) arm(at sim.Time, out []ProducerEffect) []ProducerEffect {
	if at >= p.wake {
		return out
	}
	p.wake = at
	return append(out, ProducerEffect{Kind: WakeAt, At: at})
}

// deadline is the next instant at which something happens by itself.
func (p *Producer) deadline(now sim.Time) sim.Time {
	at := sim.Never
	if b := p.lingering.head; b != NoBatch {
		at = min(at, p.batches[b].lingerFrom.Add(p.config.Linger))
	}
	if b := p.born.head; b != NoBatch && p.client == scenarios.Java {
		at = min(at, p.batches[b].Created.Add(p.config.DeliveryTimeout))
	}
	if p.waiting.length > 0 {
		at = min(at, p.waiting.front().deadline)
	}
	for part := p.backingOff.next(p.every, 0); part >= 0; part = p.backingOff.next(p.every, part+1) {
		at = min(at, p.batches[p.partitions[part].queue.head].retryAt)
	}
	for b := range p.brokers {
		broker := &p.brokers[b]
		at = min(at, broker.waitUntil)
		if broker.requestHead != noRequest {
			at = min(at, p.requests[broker.requestHead].deadline)
		}
	}
	return min(at, p.metadataDue(now))
}

// jitter is the producer's next back-off; Java draws again at each look, here it is
// drawn once.
func (p *Producer) jitter(base, most time.Duration, attempts int32) time.Duration {
	return BackOff(&p.rng, p.client, base, most, attempts)
}

// BackOff is 2^attempts times base with ±20 %, at most most: the back-off of both
// clients (ExponentialBackoff.java; kgo config.go defaultCfg). Java cuts before
// and after the jitter, kgo after it.
func BackOff(s *rng.Stream, client scenarios.Client, base, most time.Duration, attempts int32) time.Duration {
	if base >= most {
		return most
	}
	d := math.Ldexp(float64(base), int(max(attempts, 0)))
	if client == scenarios.Java {
		d = min(d, float64(most))
	}
	return time.Duration(min(d*(0.8+0.4*s.Float64()), float64(most)))
}

// Buffered is the number of records in batches that have not ended, and the
// buffer memory in use.
func (p *Producer) Buffered() (records int, memory unit.Bytes) { return int(p.records), p.memory }

// Waiting is the number of records that wait outside the buffer.
func (p *Producer) Waiting() int { return p.waiting.length }

// SilentFor is how long the oldest request in flight to a broker has been
// without an answer; 0 without one.
func (p *Producer) SilentFor(now sim.Time, b BrokerID) time.Duration {
	head := p.brokers[b].requestHead
	if head == noRequest {
		return 0
	}
	return now.Sub(p.requests[head].sent)
}
