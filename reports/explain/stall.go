package explain

import (
	"fmt"
	"time"

	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// stalled tells of the longest time in which a partition acknowledged nothing although
// a record waited.
func (t *teller) stalled() bool {
	p := int32(-1)
	longest := time.Duration(0)
	for i := range t.Stalls {
		if d := t.Stalls[i].To - t.Stalls[i].From; d > longest && !t.Partitions[i].Internal {
			p, longest = int32(i), d
		}
	}
	if p < 0 || longest < WorthTelling {
		return false
	}
	s := t.Stalls[p]
	name := t.Partitions[p].Name
	t.told.Title = fmt.Sprintf("%s acknowledged nothing for %s (from %s to %s) although records waited: the longest stall of this replication.",
		name, span(longest), seconds(s.From), seconds(s.To))
	id, waited := t.waited(p, s)
	t.stallBegins(p, s)
	producer := t.anyProducer(p)
	if id >= 0 {
		producer = t.producerOf(id)
		r := &t.Records[id]
		which := "the oldest of the " + many(waited, "record") + " that wait at the end"
		if waited == 1 {
			which = "the one record that waits at the end"
		}
		t.step(r.At, "%s is generated: %s", which, t.recordName(id))
		t.attempts(r.Batch, s.To)
		t.appended(t.appendsUntil(r.Batch, s.To), r.Index)
	}
	t.cluster(p, s.From-t.lookBack(p, s.From), s.To, -1)
	t.stallEnds(p, s)
	t.told.Class = t.blame(p, producer, s.From, s.To)
	return true
}

// appendsUntil are a batch's appends until an instant.
func (t *teller) appendsUntil(batch int32, until time.Duration) []story.Append {
	all := t.appends(batch)
	for i := range all {
		if all[i].At > until {
			return all[:i]
		}
	}
	return all
}

// anyProducer is a producer of a partition's topic.
func (t *teller) anyProducer(p int32) *scenarios.Producer {
	for i := range t.Spec.Producers {
		if int32(t.Spec.Producers[i].Topic) == t.Partitions[p].Topic {
			return &t.Spec.Producers[i]
		}
	}
	return &t.Spec.Producers[0]
}

// waited is the oldest record that waited in a stall, and how many there were when it
// ended.
func (t *teller) waited(p int32, s story.Stall) (oldest int32, n int) {
	ended := map[int32]time.Duration{}
	for i := range t.BatchEnds {
		ended[t.BatchEnds[i].Batch] = t.BatchEnds[i].At
	}
	oldest = -1
	for i := range t.Records {
		r := &t.Records[i]
		if r.At >= s.To {
			break
		}
		if r.Batch < 0 || t.Batches[r.Batch].Partition != p {
			continue
		}
		if end, did := ended[r.Batch]; did && end < s.To {
			continue
		}
		if oldest < 0 {
			oldest = int32(i)
		}
		n++
	}
	return oldest, n
}

// stallBegins tells what came before the silence.
func (t *teller) stallBegins(p int32, s story.Stall) {
	for i := range t.BatchEnds {
		if e := &t.BatchEnds[i]; e.At == s.From && e.Why == story.Acked && t.Batches[e.Batch].Partition == p {
			t.step(s.From, "the last acknowledgement of %s before the stall", t.Partitions[p].Name)
			return
		}
	}
	if s.From == t.Spec.Warmup {
		t.step(s.From, "the warm-up ends, and the stall begins to count")
		return
	}
	t.step(s.From, "a record waits for %s, and nothing is acknowledged from here on", t.Partitions[p].Name)
}

// stallEnds tells what ended it.
func (t *teller) stallEnds(p int32, s story.Stall) {
	failed := false
	for i := range t.BatchEnds {
		e := &t.BatchEnds[i]
		if e.At != s.To || t.Batches[e.Batch].Partition != p {
			continue
		}
		if e.Why == story.Acked {
			t.step(s.To, "%s is acknowledged again, and the stall is over", t.Partitions[p].Name)
			return
		}
		failed = true
	}
	if failed {
		t.step(s.To, "the last record that waited is given up: nobody waits any more")
		return
	}
	t.step(s.To, "the replication ends, and nothing was acknowledged until then")
}
