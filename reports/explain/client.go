package explain

import (
	"fmt"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// dropOf is a record's drop.
func (t *teller) dropOf(id int32) (story.Drop, bool) {
	for i := range t.Drops {
		if t.Drops[i].Record == id {
			return t.Drops[i], true
		}
	}
	return story.Drop{}, false
}

// oldest is the batch of a producer instance that had been unanswered for longest at an
// instant: the oldest record of a batch that ended later.
func (t *teller) oldest(producer int32, at time.Duration) (record int32, found bool) {
	ended := map[int32]time.Duration{}
	for i := range t.BatchEnds {
		ended[t.BatchEnds[i].Batch] = t.BatchEnds[i].At
	}
	for i := range t.Records {
		r := &t.Records[i]
		if r.At > at {
			break
		}
		if r.Producer != producer || r.Batch < 0 {
			continue
		}
		if end, did := ended[r.Batch]; !did || end >= at {
			return int32(i), true
		}
	}
	return -1, false
}

// lostBuffer tells of a record that found no room in the client.
func (t *teller) lostBuffer(id int32) {
	drop, known := t.dropOf(id)
	if !known {
		return
	}
	producer := t.producerOf(id)
	c := &producer.Config
	wait := drop.At - t.Records[id].At
	held := fmt.Sprintf("the client holds %s (%s)", many(drop.Held, "record"), result.Quantity(float64(drop.Bytes), "bytes"))
	switch {
	case drop.Why == story.NoMetadata:
		t.step(drop.At, "dropped: no broker has told the client who leads within max.block.ms (%s)", patience(c.MaxBlock))
	case wait > 0:
		t.step(drop.At, "dropped: there was no room for %s (max.block.ms): %s", span(wait), held)
	default:
		t.step(drop.At, "dropped at once, for nobody waits for room: %s", held)
	}
	t.ruleBuffer(producer)
	t.told.Class = t.waitingBefore(id, drop.At, "and fills the buffer")
	t.cureBuffer(id, drop.At)
}

// waitingBefore tells of the oldest record that a producer still had at an instant, and
// of what kept it; it returns the class.
func (t *teller) waitingBefore(id int32, at time.Duration, effect string) string {
	oldest, found := t.oldest(t.Records[id].Producer, at)
	if !found {
		return "nothing waits"
	}
	r := &t.Records[oldest]
	p := t.Batches[r.Batch].Partition
	if oldest != id {
		t.step(r.At, "the oldest record that the client still has is generated, for %s: it waits for an answer %s", t.Partitions[p].Name, effect)
	}
	t.cluster(p, r.At-t.lookBack(p, r.At), at, -1)
	t.attempts(r.Batch, at)
	return t.blame(p, t.producerOf(id), r.At, at)
}

// ruleBuffer is what a full buffer means.
func (t *teller) ruleBuffer(producer *scenarios.Producer) {
	if producer.Client == scenarios.FranzGo {
		t.rule("franz-go buffers max_buffered_records ("+limit(producer.Config.BufferRecords)+"); what finds no room waits, or fails where the application does not wait.",
			"pkg/kgo/config.go, pkg/kgo/producer.go of franz-go")
		return
	}
	t.rule(fmt.Sprintf("A Java client buffers buffer.memory (%s); what finds no room blocks send() for max.block.ms (%s) at most, and then is refused: it never existed for Kafka.",
		bytes(producer.Config.BufferMemory), patience(producer.Config.MaxBlock)), "clients/.../producer/ProducerConfig.java, KafkaProducer.java")
}

func limit(n int64) string {
	if n == scenarios.Unbounded {
		return "no limit"
	}
	return count(n)
}

func bytes(n int64) string {
	if n == scenarios.Unbounded {
		return "no limit"
	}
	return result.Quantity(float64(n), "bytes")
}

// cureBuffer is a buffer that would have held all of it.
func (t *teller) cureBuffer(id int32, at time.Duration) {
	producer := t.producerOf(id)
	oldest, found := t.oldest(t.Records[id].Producer, at)
	n, size := t.dropped(t.Records[id].Producer), float64(producer.RecordSize.Mean)
	name := "buffer.memory"
	if producer.Client == scenarios.FranzGo {
		name = "max_buffered_records"
	}
	t.cure(fmt.Sprintf("a larger %s: this instance dropped %s, about %s", name, many(n, "record"), result.Quantity(float64(n)*size, "bytes")),
		"that much memory in each instance; and all of it is lost if the process dies")
	if found && producer.Config.MaxBlock != scenarios.Forever {
		t.cure(fmt.Sprintf("a longer max.block.ms than %s: the oldest record had waited for %s", patience(producer.Config.MaxBlock), span(at-t.Records[oldest].At)),
			"the application stands still for as long")
	}
}

// dropped is how many records of a producer instance found no room.
func (t *teller) dropped(producer int32) int {
	n := 0
	for i := range t.Drops {
		if d := &t.Drops[i]; d.Producer == producer && t.Records[d.Record].End == story.LostBuffer {
			n++
		}
	}
	return n
}

// lostExpired tells of a record that its producer gave up.
func (t *teller) lostExpired(id int32) {
	r := &t.Records[id]
	producer := t.producerOf(id)
	if drop, known := t.dropOf(id); known {
		t.told.Class = "too large"
		t.step(drop.At, "refused: it is larger than max.request.size (%s), or than the whole buffer", bytes(int64(producer.Config.MaxRequestSize)))
		t.rule("A record that exceeds max.request.size, or the buffer, fails at once.", "clients/.../producer/KafkaProducer.java, ensureValidRecordSize")
		t.cure("a larger max.request.size (and message.max.bytes on the brokers)", "larger requests, which hold up those behind them")
		return
	}
	end, _ := t.ended(r.Batch)
	p := t.Batches[r.Batch].Partition
	if t.attempts(r.Batch, end.At) == 0 {
		t.step(r.At, "it waits in the client, and is never sent: there is no broker that the client could send it to, or others are before it")
	}
	t.appended(t.appends(r.Batch), r.Index)
	t.cluster(p, r.At-t.lookBack(p, r.At), end.At, -1)
	c := &producer.Config
	setting := "delivery.timeout.ms"
	if producer.Client == scenarios.FranzGo {
		setting = "record_delivery_timeout"
	}
	switch end.Why { //nolint:exhaustive // the ends that are failures of a batch
	case story.Expired:
		t.step(end.At, "given up, %s after it was generated: %s is %s", span(end.At-r.At), setting, patience(c.DeliveryTimeout))
		if producer.Client == scenarios.FranzGo {
			t.rule("franz-go gives a record up when "+setting+" has passed since it was produced and no request with it is under way: it looks when a request ends, and when it is about to send.",
				"pkg/kgo/sink.go of franz-go")
		} else {
			t.rule("A client gives a batch up when "+setting+" has passed since it was begun, queued or in flight; one in flight may be written all the same.",
				"clients/.../producer/internals/RecordAccumulator.java, Sender.java (failExpiredBatches)")
		}
		t.told.Class = t.blame(p, producer, r.At, end.At)
		t.cure(fmt.Sprintf("a longer %s than %s", setting, patience(c.DeliveryTimeout)),
			"a record's failure is known later, and the client's buffer must hold all that comes meanwhile, or drops it")
	case story.RetriesExhausted:
		t.step(end.At, "given up: retries (%s) are used up", limit(c.Retries))
		t.rule("A client sends a batch again so often as retries says.", "clients/.../producer/internals/Sender.java, canRetry")
		t.told.Class = t.blame(p, producer, r.At, end.At)
		t.cure("retries as by default (2147483647), and delivery.timeout.ms as the limit", "as for a longer delivery.timeout.ms")
	default:
		t.told.Class = "refused"
		t.step(end.At, "given up: the error is one after which the client does not try again")
		t.rule("An error that is not retriable ends a batch at once.", "clients/.../common/errors (RetriableException and the others)")
		t.cure("none of Kafka's: the application has to send it again", "a record may then be written twice")
	}
	if appends := t.appends(r.Batch); len(appends) > 0 {
		t.step(end.At, "a leader had it in its log; that log did not survive")
		t.tellCuts(r.Batch, p)
	}
}

// tellCuts tells which logs lost a batch.
func (t *teller) tellCuts(batch, p int32) {
	for _, h := range t.holdings(batch) {
		if !h.has {
			t.step(h.at, "broker %d's log of %s loses it", h.broker+1, t.Partitions[p].Name)
		}
	}
}

// lostWithClient tells of a record in the memory of a producer that died.
func (t *teller) lostWithClient(id int32) {
	r := &t.Records[id]
	producer := t.producerOf(id)
	node := t.ProducerNode(r.Producer)
	died := r.At
	down := false
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.Node != node {
			continue
		}
		if l.At <= r.At {
			down = l.What == story.Died
			if down {
				died = l.At
			}
			continue
		}
		if l.What == story.Died && !down {
			died = l.At
			break
		}
	}
	for i := range t.Lives {
		if l := &t.Lives[i]; l.Node == node && l.At == died && l.What == story.Died {
			t.around(l.At, "%s", t.lifeWords(l))
		}
	}
	switch {
	case down:
		t.told.Class = "no process"
		t.step(r.At, "there is no process to take it: %s had died", t.ProducerName(r.Producer))
	case r.Batch < 0:
		t.told.Class = "waiting for room"
		t.step(died, "the record waited for room in the buffer")
	default:
		p := t.Batches[r.Batch].Partition
		t.attempts(r.Batch, died)
		t.told.Class = "unsent"
		t.step(died, "its batch, for %s, was still in the client: not acknowledged", t.Partitions[p].Name)
		t.appended(t.appends(r.Batch), r.Index)
		if len(t.appends(r.Batch)) > 0 {
			t.told.Class = "unanswered"
			t.tellCuts(r.Batch, p)
		}
		if died-r.At > time.Second {
			t.cluster(p, r.At-t.lookBack(p, r.At), died, -1)
		}
	}
	t.rule("A client keeps a record in its memory until it is acknowledged; what send() has returned for is not delivered yet. With the process its buffer is gone.",
		"clients/.../producer/internals/RecordAccumulator.java; KafkaProducer.send")
	t.cure("none of Kafka's alone: the application keeps a record (an outbox, a log, the request of its own caller) until it is acknowledged",
		"a write and a sync before each record is sent, and records written twice after a restart")
	t.cure(fmt.Sprintf("a shorter linger.ms than %s: less is under way when the process dies", span(producer.Config.Linger)), "smaller batches, and more requests")
}
