package account

import (
	"errors"
	"fmt"
	"slices"

	"kafkasim/harness/journal"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// A fate is how a record ended for its producer.
type fate uint8

const (
	open    fate = iota // with the application or in the client
	acked               // reported a success; acks=0: handed to the network
	failed              // reported failed
	dropped             // the client's buffer was full
	crashed             // the producer died first, or was not there
)

// nowhere is an offset or a partition that is not known.
const nowhere = -1

// A record is one record of the scenario.
type record struct {
	intended  instant
	waiting   instant // in the client since then
	settled   instant // acknowledged, failed or crashed then
	delivered instant // the last group that reads it has processed it then, if all have
	offset    int64   // where its leader appended it, or a group read it; nowhere
	producer  uint16
	topic     uint16
	partition int32 // nowhere: not known
	fate      fate
	sent      bool   // some life of its producer has handed it over
	handed    bool   // it has done so before the run ended
	copies    uint8  // in the final log, at most 255
	done      uint32 // groups that processed it, by the bit of the group
}

// A producerBook is what is known of a producer.
type producerBook struct {
	instances [][]record // by instance and sequence
	sum       tally.Records
	latency   stats.Sketch
	late      stats.Sketch // how long the load generator took for itself
}

// A lifeBook is what a life of a producer process has told of one instance.
type lifeBook struct {
	any         bool
	first, next uint64 // sequences handed over: [first, next)
	ended       bool
	rest        uint64 // the first that it had and did not hand over, as its last words have it
}

// record finds a record by its id; nil when the scenario has none of that name.
func (a *accounting) record(id journal.ID) *record {
	if int(id.Producer) >= len(a.producers) {
		return nil
	}
	p := &a.producers[id.Producer]
	if int(id.Instance) >= len(p.instances) || id.Sequence >= uint64(len(p.instances[id.Instance])) {
		return nil
	}
	return &p.instances[id.Instance][id.Sequence]
}

// readProducers reads what became of every record as its producer knows it.
func (a *accounting) readProducers() error {
	if len(a.o.Offered) != len(a.spec.Producers) {
		return fmt.Errorf("what the scenario offers to its %d producers is missing", len(a.spec.Producers))
	}
	a.producers = make([]producerBook, len(a.spec.Producers))
	for p := range a.spec.Producers {
		if err := a.readProducer(p); err != nil {
			return fmt.Errorf("producer %s: %w", a.spec.Producers[p].Name, err)
		}
	}
	return nil
}

func (a *accounting) readProducer(p int) error {
	book := &a.producers[p]
	for _, times := range a.o.Offered[p] {
		list := make([]record, len(times))
		for k, at := range times {
			list[k] = record{
				intended: at, settled: a.end, offset: nowhere, partition: nowhere,
				producer: uint16(p), topic: uint16(a.spec.Producers[p].Topic),
			}
		}
		book.instances = append(book.instances, list)
	}
	files := a.lives(journal.RoleProducer, p, 0)
	if len(files) == 0 {
		return errors.New("it has left no journal")
	}
	for k, file := range files {
		lives := make([]lifeBook, len(book.instances))
		leaving, err := a.readHandovers(p, file, lives)
		if err != nil {
			return err
		}
		if k == 0 && slices.ContainsFunc(lives, func(l lifeBook) bool { return l.first > 0 }) {
			a.disturbed("producer %s was not there when the load began", a.spec.Producers[p].Name)
		}
		if err := a.readOutcomes(p, file); err != nil {
			return err
		}
		a.endLife(p, file, lives, leaving, k == len(files)-1)
	}
	a.countProducer(p)
	return nil
}

// readHandovers notes the records of a life that were handed to the client, and its
// last words.
func (a *accounting) readHandovers(p int, file *journal.File, lives []lifeBook) (leaving bool, err error) {
	for k := range file.Entries {
		e := &file.Entries[k]
		if e.Kind == journal.Leaving {
			leaving = true
		}
		if e.Kind != journal.Sent && e.Kind != journal.Ended {
			continue
		}
		if int(e.ID.Producer) != p || int(e.ID.Instance) >= len(lives) {
			return false, fmt.Errorf("its journal tells of producer %d, instance %d", e.ID.Producer, e.ID.Instance)
		}
		l := &lives[e.ID.Instance]
		if e.Kind == journal.Ended {
			l.ended, l.rest, leaving = true, e.ID.Sequence, true
			continue
		}
		if err := a.handOver(e, l); err != nil {
			return false, fmt.Errorf("instance %d: %w", e.ID.Instance, err)
		}
	}
	return leaving, nil
}

// handOver notes one record that was handed to the client.
func (a *accounting) handOver(e *journal.Entry, l *lifeBook) error {
	r := a.record(e.ID)
	switch {
	case r == nil:
		return fmt.Errorf("it sent record %d, which the scenario has not", e.ID.Sequence)
	case a.nanos(e.Intended) != r.intended:
		return fmt.Errorf("record %d was due at %s by its journal and at %s by the scenario", e.ID.Sequence, a.nanos(e.Intended), r.intended)
	case r.sent:
		return fmt.Errorf("it sent record %d twice", e.ID.Sequence)
	case l.any && e.ID.Sequence != l.next:
		return fmt.Errorf("it sent record %d after record %d", e.ID.Sequence, l.next-1)
	}
	if !l.any {
		l.any, l.first = true, e.ID.Sequence
	}
	l.next = e.ID.Sequence + 1
	r.waiting = a.nanos(e.At)
	r.sent, r.handed = true, r.waiting <= a.end
	if r.handed {
		a.producers[e.ID.Producer].late.Add(max(0, e.Late), 1)
	}
	return nil
}

// readOutcomes notes what the client reported of its records.
func (a *accounting) readOutcomes(p int, file *journal.File) error {
	for k := range file.Entries {
		e := &file.Entries[k]
		if e.Kind != journal.Acked && e.Kind != journal.Failed && e.Kind != journal.Admitted {
			continue
		}
		r := a.record(e.ID)
		if r == nil || int(e.ID.Producer) != p || !r.sent {
			return fmt.Errorf("record %d of instance %d was %s and never sent", e.ID.Sequence, e.ID.Instance, e.Kind)
		}
		at := a.nanos(e.At)
		if e.Kind == journal.Admitted {
			r.waiting = at
			continue
		}
		if e.Partition >= 0 {
			r.partition = e.Partition
		}
		if at > a.end {
			continue // it was under way when the run ended
		}
		if r.fate != open {
			return fmt.Errorf("record %d of instance %d ended twice", e.ID.Sequence, e.ID.Instance)
		}
		switch {
		case e.Kind == journal.Acked:
			r.fate, r.settled, r.offset = acked, at, e.Offset
		case e.Code == journal.CodeCanceled || e.Code == journal.CodeClosed:
			// The client did not give it up: it was told to leave.
		case e.Code == journal.CodeBufferFull:
			r.fate, r.settled = dropped, at
		default:
			r.fate, r.settled = failed, at
		}
	}
	return nil
}

// endLife ends what a life has left open if it was killed, and after the last one
// what nobody handed over: it came while no process was there, or else it waits
// outside the client.
func (a *accounting) endLife(p int, file *journal.File, lives []lifeBook, leaving, last bool) {
	death := a.end
	if !leaving {
		death = a.death(p, file)
	}
	for i, list := range a.producers[p].instances {
		l := &lives[i]
		for k := l.first; k < l.next && !leaving; k++ {
			if r := &list[k]; r.fate == open {
				r.fate, r.settled = crashed, death
			}
		}
		if !last {
			continue
		}
		rest := uint64(len(list))
		switch {
		case l.ended:
			rest = min(l.rest, rest)
		case leaving:
			rest = l.next
		}
		for k := range list[:rest] {
			if r := &list[k]; !r.sent {
				r.fate = crashed
			}
		}
	}
}

// death is when a producer process without last words died.
func (a *accounting) death(p int, file *journal.File) instant {
	last := a.lastEntry(file)
	at, expected := a.killed(scenarios.ProducerCrash, last, func(t *scenarios.Target) bool { return t.Producer == p })
	if !expected {
		a.disturbed("producer %s died unasked at %s", a.spec.Producers[p].Name, last)
		return last
	}
	return at
}

// lastEntry is the time of a journal's last entry, the scenario's time 0 if it has
// none.
func (a *accounting) lastEntry(file *journal.File) instant {
	if n := len(file.Entries); n > 0 {
		return a.nanos(file.Entries[n-1].At)
	}
	return 0
}

// countProducer counts what needs no look at any log: what was generated and
// acknowledged, and how long that took, of records made after the warm-up.
func (a *accounting) countProducer(p int) {
	book := &a.producers[p]
	for _, list := range book.instances {
		book.sum.Generated += int64(len(list))
		for k := range list {
			r := &list[k]
			if r.fate != acked {
				continue
			}
			book.sum.Acked++
			if r.intended >= a.warm {
				book.latency.Add(max(0, int64(r.settled-r.intended)), 1)
			}
		}
	}
}

// each calls visit with every record of every producer.
func (a *accounting) each(visit func(p int, r *record)) {
	for p := range a.producers {
		for _, list := range a.producers[p].instances {
			for k := range list {
				visit(p, &list[k])
			}
		}
	}
}

// recordTimes are when all records came into being, and when those were that are
// acknowledged and delivered; all ascending.
func (a *accounting) recordTimes() (intended, settled, delivered []instant) {
	a.each(func(_ int, r *record) {
		intended = append(intended, r.intended)
		if r.fate == acked {
			settled = append(settled, r.settled)
		}
		if mask := a.topics[r.topic].mask; mask != 0 && r.done&mask == mask {
			delivered = append(delivered, r.delivered)
		}
	})
	slices.Sort(intended)
	slices.Sort(settled)
	slices.Sort(delivered)
	return intended, settled, delivered
}
