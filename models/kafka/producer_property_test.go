package kafka

import (
	"fmt"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// randomProducer is a random client with limits small enough to be met.
func randomProducer(s *rng.Stream) ProducerOptions {
	o := ProducerOptions{Client: scenarios.Java, Config: javaConfig(), ID: 7}
	c := &o.Config
	if s.Bernoulli(0.5) {
		o.Client = scenarios.FranzGo
		o.Config = kgoConfig()
		c.BufferRecords = int64(20 + s.IntN(200))
		c.MetadataMinAge = time.Duration(s.IntN(1000)) * time.Millisecond
		if s.Bernoulli(0.3) {
			c.DeliveryTimeout = 5 * time.Second
		}
	} else {
		c.BufferMemory = int64(64*unit.KiB) + int64(s.IntN(256))*1024
		c.BatchSize = unit.Bytes(512 << s.IntN(6))
		c.DeliveryTimeout = time.Duration(2+s.IntN(20)) * time.Second
		c.MaxBlock = time.Duration(s.IntN(3)) * time.Second
	}
	o.Partitioner = []scenarios.Partitioner{
		scenarios.DefaultPartitioner, scenarios.AvoidUnavailable, scenarios.AvoidUnderReplicated,
	}[s.IntN(3)]
	c.RequestTimeout = time.Duration(500+s.IntN(3000)) * time.Millisecond
	c.Linger = time.Duration(s.IntN(3)) * 5 * time.Millisecond
	c.Idempotence = s.Bernoulli(0.6)
	if !c.Idempotence {
		c.Acks = []scenarios.Acks{scenarios.AcksNone, scenarios.AcksLeader, scenarios.AcksAll}[s.IntN(3)]
		c.MaxInFlight = 1 + s.IntN(5)
	}
	if s.Bernoulli(0.2) {
		c.Retries = int64(s.IntN(5))
	}
	o.Partitions = 1 + s.IntN(6)
	o.Brokers = 1 + s.IntN(4)
	return o
}

// TestRandomTrouble runs random producers among brokers that refuse, forget,
// answer wrongly or not at all, and checks what must hold whatever happens.
// A failing seed is replayed with -run 'TestRandomTrouble/SEED$'.
func TestRandomTrouble(t *testing.T) {
	t.Parallel()
	seeds := 400
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			troubled(t, uint64(seed))
		})
	}
}

func troubled(t *testing.T, seed uint64) {
	t.Helper()
	s := rng.New(seed, "property", "options")
	o := randomProducer(&s)
	w := newWorld(t, o, seed)
	w.trouble = []float64{0, 0.02, 0.1, 0.3}[s.IntN(4)]
	keyed := s.Bernoulli(0.4)
	gap := time.Duration(1+s.IntN(20)) * time.Millisecond
	const records = 1500
	crashAt := -1
	if s.Bernoulli(0.2) {
		crashAt = s.IntN(records)
	}
	for i := range records {
		w.run(w.now.Add(s.ExpDuration(gap)))
		part := AnyPartition
		if keyed {
			part = int32(s.IntN(o.Partitions))
		}
		w.record(part, unit.Bytes(100+s.IntN(800)))
		if w.trouble > 0 && s.Bernoulli(0.01) {
			w.moveLeader()
		}
		if i == crashAt {
			w.crash()
		}
	}
	w.calm = true
	w.run(w.now.Add(5 * time.Minute))
	w.checkEnds(o)
	if o.Config.Idempotence && crashAt < 0 && w.trouble > 0 {
		w.checkOrder()
	}
	if int64(w.maximum) > o.Config.BufferMemory || int64(w.most) > o.Config.BufferRecords {
		t.Errorf("%d bytes and %d records were buffered, more than %d and %d", w.maximum, w.most, o.Config.BufferMemory, o.Config.BufferRecords)
	}
}

// crash ends the client's life. Late answers to it still come, and must not matter.
func (w *world) crash() {
	for b := range w.links {
		w.links[b].generation++
	}
	w.take(w.p.Crash(w.now, w.effects[:0]))
	w.wake = sim.Never
	w.take(w.p.Restart(w.now, w.p.id+1, w.effects[:0]))
}

// checkEnds checks that every record has ended once and nothing is left.
func (w *world) checkEnds(o ProducerOptions) {
	w.t.Helper()
	in := make(map[int32]int)
	for _, log := range w.logs {
		for _, id := range log {
			in[id]++
		}
	}
	counts := [16]int{}
	for id := range w.state {
		if w.state[id] != recordOver {
			w.t.Fatalf("record %d has not ended: state %d; %d wait, producer %+v", id, w.state[id], w.p.Waiting(), o)
		}
		counts[w.outcome[id]]++
		if w.outcome[id] == OutcomeAcked && !mayMislead(o) && in[int32(id)] == 0 {
			w.t.Errorf("record %d was acknowledged and is in no log", id)
		}
	}
	records, memory := w.p.Buffered()
	if records != 0 || memory != 0 || w.p.Waiting() != 0 {
		w.t.Errorf("at the end %d records and %d bytes are buffered, %d wait", records, memory, w.p.Waiting())
	}
	used := 0
	for i := range w.p.batches {
		if s := w.p.batches[i].state; s != batchFree && s != batchRetired {
			used++
		}
	}
	if used != 0 {
		w.t.Errorf("%d batches are still in use", used)
	}
	for b := range w.p.brokers {
		if n := w.p.brokers[b].inFlight; n != 0 {
			w.t.Errorf("broker %d has %d requests in flight", b, n)
		}
	}
}

// mayMislead reports whether an acknowledged record may be in no log although
// no log loses anything: nobody answers with acks=0; and an idempotent kgo that
// gives records up uses their sequences again. A batch that was written when its
// connection broke, was then answered NOT_ENOUGH_REPLICAS, and was then given up
// (canFailFromLoadErrs) leaves its sequence on the broker, where the next batch
// of as many records is taken for a duplicate.
func mayMislead(o ProducerOptions) bool {
	c := o.Config
	return c.Acks == scenarios.AcksNone ||
		o.Client == scenarios.FranzGo && c.Idempotence && (c.DeliveryTimeout != scenarios.Forever || c.Retries != scenarios.Unbounded)
}

// checkOrder checks, for an idempotent producer, that what is in a log once is
// in the order of sending, and that duplicates only come from records whose
// delivery was given up or from a new epoch.
func (w *world) checkOrder() {
	w.t.Helper()
	if w.p.epoch > 0 {
		return // an epoch bump gives the guarantee up
	}
	for part, log := range w.logs {
		for i := 1; i < len(log); i++ {
			if log[i] <= log[i-1] {
				w.t.Errorf("partition %d: record %d stands behind %d", part, log[i], log[i-1])
				return
			}
		}
	}
}

// TestForkDoesTheSame copies a producer in the middle of its life: both go on
// with equal effects, and what one does leaves the other alone.
func TestForkDoesTheSame(t *testing.T) {
	t.Parallel()
	for _, client := range []scenarios.Client{scenarios.Java, scenarios.FranzGo} {
		s := newSteadyProducer(client, 1000)
		fork := *s
		fork.p = &Producer{}
		s.p.CopyTo(fork.p)
		fork.sent = append([]steadyRequest{}, s.sent...)
		fork.effects = nil
		for range 5000 {
			s.record()
		}
		for range 5000 {
			fork.record()
		}
		a, am := s.p.Buffered()
		b, bm := fork.p.Buffered()
		if a != b || am != bm || s.batches != fork.batches || s.p.serial != fork.p.serial || s.p.rng != fork.p.rng || s.wake != fork.wake {
			t.Errorf("client %d: %d records, %d batches, wake-up %v; its fork: %d, %d, %v", client, a, s.batches, s.wake, b, fork.batches, fork.wake)
		}
	}
}
