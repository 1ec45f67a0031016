package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// producerOf is the specification of a record's producer.
func (t *teller) producerOf(id int32) *scenarios.Producer {
	return &t.Spec.Producers[t.Producers[t.Records[id].Producer].Spec]
}

// mostAttempts is how many attempts to send a batch are told one by one.
const mostAttempts = 3

// attempts tells how a batch was sent, and answered, until an instant, and says how
// often it was.
func (t *teller) attempts(batch int32, until time.Duration) int {
	var sends []story.Send
	for i := range t.Sends {
		if s := &t.Sends[i]; s.Batch == batch && s.At <= until {
			sends = append(sends, *s)
		}
	}
	b := &t.Batches[batch]
	for i, s := range sends {
		if i >= mostAttempts && i < len(sends)-1 {
			continue
		}
		what := fmt.Sprintf("sent to broker %d, in a batch of %s for %s", s.Broker+1, many(b.Count, "record"), t.Partitions[b.Partition].Name)
		if i > 0 {
			what = fmt.Sprintf("sent again, to broker %d", s.Broker+1)
		}
		if i == len(sends)-1 && i > mostAttempts {
			what += fmt.Sprintf(", the attempt number %d", i+1)
		}
		t.step(s.At, "%s", what)
		if i < mostAttempts || i == len(sends)-1 {
			next := until
			if i+1 < len(sends) {
				next = sends[i+1].At
			}
			t.failure(&s, next)
		}
	}
	return len(sends)
}

// failure tells why an attempt did not succeed: the answer, or the loss of the
// connection, that came before the next one.
func (t *teller) failure(s *story.Send, next time.Duration) {
	for i := range t.Answers {
		a := &t.Answers[i]
		if a.Batch == s.Batch && a.Broker == s.Broker && a.At > s.At && a.At <= next {
			if a.Error != "" {
				t.step(a.At, "broker %d answers %s", a.Broker+1, a.Error)
			}
			return
		}
	}
	for i := range t.Disconnects {
		d := &t.Disconnects[i]
		if d.Producer != s.Producer || d.Broker != s.Broker || d.At <= s.At || d.At > next {
			continue
		}
		if d.Silent {
			c := &t.Spec.Producers[t.Producers[s.Producer].Spec].Config
			t.step(d.At, "broker %d has not answered for %s, the client's request timeout: it closes the connection", d.Broker+1, span(c.RequestTimeout+c.RequestOverhead))
		} else {
			t.step(d.At, "the connection to broker %d is closed from its side, without an answer", d.Broker+1)
		}
		return
	}
}

// ended is when and how a batch ended for its producer.
func (t *teller) ended(batch int32) (story.BatchEnd, bool) {
	for i := range t.BatchEnds {
		if t.BatchEnds[i].Batch == batch {
			return t.BatchEnds[i], true
		}
	}
	return story.BatchEnd{}, false
}

// appends are a batch's appends by leaders.
func (t *teller) appends(batch int32) []story.Append {
	var out []story.Append
	for i := range t.Appends {
		if t.Appends[i].Batch == batch {
			out = append(out, t.Appends[i])
		}
	}
	return out
}

// appended tells of a batch's appends. Index is the record's place in it.
func (t *teller) appended(appends []story.Append, index int32) {
	for i, a := range appends {
		again := ""
		if i > 0 {
			again = " a second time"
		}
		t.step(a.At, "appended%s to %s at offset %s by its leader, broker %d (leader epoch %d)", again, t.Partitions[a.Partition].Name,
			count(a.Base+int64(index)), a.Broker+1, a.Epoch)
	}
}

// acknowledged tells of a batch's acknowledgement, if there was one.
func (t *teller) acknowledged(batch int32, acks scenarios.Acks) {
	end, known := t.ended(batch)
	if !known || end.Why != story.Acked {
		return
	}
	switch acks {
	case scenarios.AcksNone:
		t.step(end.At, "counted as sent, for with acks=0 nobody is asked for an answer")
	case scenarios.AcksLeader:
		t.step(end.At, "acknowledged to the producer: acks=1 asks for no more than the leader's own log")
	case scenarios.AcksAll:
		t.step(end.At, "acknowledged to the producer: all of the ISR had it (acks=all)")
	}
}

// A holding is a broker getting the record into its log, or losing it.
type holding struct {
	at     time.Duration
	broker int32
	has    bool
	offset int64
	why    story.CutKind // of a loss; 0: by retention
}

// A custody follows which logs hold a batch.
type custody struct {
	*teller
	partition int32
	at        [][]int64 // by broker: offsets of its first record
	out       []holding
}

// holdings are the brokers that held a batch, and how they lost it, in order of time.
func (t *teller) holdings(batch int32) []holding {
	c := &custody{teller: t, partition: t.Batches[batch].Partition, at: make([][]int64, t.BrokerCount)}
	var turns []turn
	for i := range t.Cuts {
		if cut := &t.Cuts[i]; cut.Partition == c.partition {
			turns = append(turns, turn{cut.At, func() { c.lose(cut.At, cut.Broker, cut.From, cut.To, cut.Why) }})
		}
	}
	for i := range t.Appends {
		if a := &t.Appends[i]; a.Batch == batch {
			turns = append(turns, turn{a.At, func() { c.gain(a.At, a.Broker, a.Base) }})
		}
	}
	for i := range t.Copies {
		if k := &t.Copies[i]; k.Partition == c.partition {
			turns = append(turns, turn{k.At, func() { c.copied(k) }})
		}
	}
	for i := range t.Removals {
		if r := &t.Removals[i]; r.Partition == c.partition {
			turns = append(turns, turn{r.At, func() { c.lose(r.At, r.Broker, r.From, r.To, 0) }})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	for _, x := range turns {
		x.take()
	}
	return c.out
}

// A turn is something that changes who holds a batch.
type turn struct {
	at   time.Duration
	take func()
}

func (c *custody) gain(at time.Duration, broker int32, offset int64) {
	if slices.Contains(c.at[broker], offset) {
		return
	}
	c.at[broker] = append(c.at[broker], offset)
	c.out = append(c.out, holding{at: at, broker: broker, has: true, offset: offset})
}

func (c *custody) copied(k *story.Copy) {
	if k.Leader < 0 {
		return
	}
	for _, offset := range c.at[k.Leader] {
		if offset >= k.Base && offset < k.End {
			c.gain(k.At, k.Broker, offset)
		}
	}
}

func (c *custody) lose(at time.Duration, broker int32, from, to int64, why story.CutKind) {
	kept := c.at[broker][:0]
	for _, offset := range c.at[broker] {
		if offset >= from && offset < to {
			c.out = append(c.out, holding{at, broker, false, offset, why})
			continue
		}
		kept = append(kept, offset)
	}
	c.at[broker] = kept
}

// heldBy says whether a broker held the batch at an instant.
func heldBy(all []holding, broker int32, at time.Duration) bool {
	n := 0
	for _, h := range all {
		if h.at > at {
			break
		}
		if h.broker != broker {
			continue
		}
		if h.has {
			n++
		} else {
			n--
		}
	}
	return n > 0
}

// copyDelay is how long after their append batches were committed (the high watermark
// passed them): the median and the 99th percentile of those before the first fault; false
// where too few were.
func (t *teller) copyDelay() (median, p99 time.Duration, known bool) {
	until := t.End
	if len(t.Faults) > 0 {
		until = t.Faults[0].At
	}
	marks := make([][]story.Mark, len(t.Partitions))
	for _, m := range t.Marks {
		if m.At <= until {
			marks[m.Partition] = append(marks[m.Partition], m)
		}
	}
	next := make([]int, len(t.Partitions))
	var delays []time.Duration
	for i := range t.Appends {
		a := &t.Appends[i]
		if a.At > until {
			break
		}
		if t.Partitions[a.Partition].Internal {
			continue
		}
		end := a.Base + int64(t.Batches[a.Batch].Count)
		list := marks[a.Partition]
		n := next[a.Partition]
		for n < len(list) && (list[n].Offset < end || list[n].At < a.At) {
			n++
		}
		next[a.Partition] = n
		if n < len(list) {
			delays = append(delays, list[n].At-a.At)
		}
	}
	return percentiles(delays)
}
