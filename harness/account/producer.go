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
	offset    int64   // where its leader appended it, or a group read it; nowhere
	producer  uint16
	topic     uint16
	partition int32 // nowhere: not known
	fate      fate
	handed    bool   // to the client, before the run ended
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
	from        uint64 // of what came since the life before: [from, first)
	first, next uint64 // sequences handed over: [first, next)
	ended       bool
	total       uint64 // of the scenario, as its last words have it
}

// record finds a record by its id; nil when nobody has sent it.
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
	a.producers = make([]producerBook, len(a.spec.Producers))
	for p := range a.spec.Producers {
		if err := a.readProducer(p); err != nil {
			return fmt.Errorf("producer %s: %w", a.spec.Producers[p].Name, err)
		}
	}
	return nil
}

func (a *accounting) readProducer(p int) error {
	files := a.lives(journal.RoleProducer, p, 0)
	if len(files) == 0 {
		return errors.New("it has left no journal")
	}
	book := &a.producers[p]
	book.instances = make([][]record, a.spec.Producers[p].Instances)
	for k, file := range files {
		lives := make([]lifeBook, len(book.instances))
		leaving, err := a.readHandovers(p, file, lives)
		if err != nil {
			return err
		}
		for i := range lives {
			a.missed(p, i, &lives[i], k)
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
	book := &a.producers[p]
	for k := range file.Entries {
		e := &file.Entries[k]
		switch e.Kind { //nolint:exhaustive // readOutcomes has the rest
		case journal.Leaving:
			leaving = true
			continue
		case journal.Sent, journal.Ended:
		default:
			continue
		}
		if int(e.ID.Producer) != p || int(e.ID.Instance) >= len(lives) {
			return false, fmt.Errorf("its journal tells of producer %d, instance %d", e.ID.Producer, e.ID.Instance)
		}
		l := &lives[e.ID.Instance]
		if e.Kind == journal.Ended {
			l.ended, l.total = true, e.ID.Sequence+uint64(max(0, e.Count))
			continue
		}
		if l.any && e.ID.Sequence != l.next {
			return false, fmt.Errorf("instance %d sent record %d after record %d", e.ID.Instance, e.ID.Sequence, l.next-1)
		}
		list := &book.instances[e.ID.Instance]
		if !l.any {
			*l = lifeBook{any: true, from: uint64(len(*list)), first: e.ID.Sequence}
		}
		if e.ID.Sequence < uint64(len(*list)) {
			return false, fmt.Errorf("instance %d sent record %d twice", e.ID.Instance, e.ID.Sequence)
		}
		l.next = e.ID.Sequence + 1
		for uint64(len(*list)) < l.next {
			*list = append(*list, a.unsent(p, crashed))
		}
		at := a.nanos(e.At)
		r := &(*list)[e.ID.Sequence]
		r.intended, r.waiting, r.settled = a.nanos(e.Intended), at, a.end
		r.handed, r.fate = at <= a.end, open
		if r.handed {
			book.late.Add(max(0, e.Late), 1)
		}
	}
	return leaving, nil
}

// unsent is a record of which nobody has told.
func (a *accounting) unsent(p int, f fate) record {
	return record{fate: f, offset: nowhere, partition: nowhere, producer: uint16(p), topic: uint16(a.spec.Producers[p].Topic), settled: a.end}
}

// missed gives the records that came while no process of the instance was there
// their times.
func (a *accounting) missed(p, instance int, l *lifeBook, life int) {
	if l.from == l.first {
		return
	}
	if life == 0 {
		a.disturbed("producer %s began %d records late", a.spec.Producers[p].Name, l.first)
	}
	list := a.producers[p].instances[instance]
	spread(list[:l.first], int(l.from), list[l.first].intended)
}

// spread divides the time up to an instant evenly among the records from one on.
func spread(list []record, from int, until instant) {
	begin := instant(0)
	if from > 0 {
		begin = list[from-1].intended
	}
	n := instant(len(list) - from + 1)
	for i := range list[from:] {
		list[from+i].intended = begin + (until-begin)*instant(i+1)/n
	}
}

// readOutcomes notes what the client reported of its records.
func (a *accounting) readOutcomes(p int, file *journal.File) error {
	for k := range file.Entries {
		e := &file.Entries[k]
		if e.Kind != journal.Acked && e.Kind != journal.Failed && e.Kind != journal.Admitted {
			continue
		}
		r := a.record(e.ID)
		if r == nil || int(e.ID.Producer) != p || r.fate == crashed {
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
			continue
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

// endLife ends what a life has left open, if it was killed, and with the last one
// what the scenario had and nobody handed over.
func (a *accounting) endLife(p int, file *journal.File, lives []lifeBook, leaving, last bool) {
	for i := range lives {
		leaving = leaving || lives[i].ended
	}
	rest := open // it waits outside
	if !leaving {
		rest = crashed
		a.crash(p, lives, a.death(p, file))
	}
	if !last {
		return
	}
	name := a.spec.Producers[p].Name
	for i := range lives {
		total := lives[i].total
		switch {
		case a.o.Offered != nil:
			total = a.o.Offered[p][i]
		case !lives[i].ended:
			a.words = append(a.words, fmt.Sprintf("instance %d of producer %s has left no last words: what it would have been offered "+
				"after its last record is not known, and not counted", i+1, name))
		}
		list := &a.producers[p].instances[i]
		from := len(*list)
		for uint64(len(*list)) < total {
			*list = append(*list, a.unsent(p, rest))
		}
		spread(*list, from, a.load)
	}
}

// crash ends the open records of a life that was killed.
func (a *accounting) crash(p int, lives []lifeBook, death instant) {
	for i := range lives {
		list := a.producers[p].instances[i][lives[i].first:lives[i].next]
		for k := range list {
			if r := &list[k]; r.fate == open {
				r.fate, r.settled = crashed, death
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

// recordTimes are when all records came into being, and when the acknowledged ones
// were; both ascending.
func (a *accounting) recordTimes() (intended, settled []instant) {
	a.each(func(_ int, r *record) {
		intended = append(intended, r.intended)
		if r.fate == acked {
			settled = append(settled, r.settled)
		}
	})
	slices.Sort(intended)
	slices.Sort(settled)
	return intended, settled
}
