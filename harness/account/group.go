package account

import (
	"fmt"
	"slices"

	"kafkasim/harness/journal"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
	"kafkasim/sim/stats"
)

// nobody owns a partition.
const nobody = -1

// A groupBook is what is known of a group.
type groupBook struct {
	index      int
	partitions []Partition
	flat       map[Partition]int // index in partitions; read by key only
	members    []memberBook      // one a life of a process
	events     []event           // ascending
	happened   int               // how many of them have
	shares     []share           // by flat index
	began      int32             // the highest generation before time 0
	later      map[int32]bool    // those that came since; only counted
	order      map[source]uint64 // latest record delivered; read by key only
	bit        uint32

	lagRecords, lagTime, lagCommitted stats.Sketch
	memberCount                       stats.Sketch
	memberTime, pause                 instant
	paused                            bool
	peak                              tally.Peak
	reads                             []readBook // by topic
	committed                         map[Partition]int64
}

// A source is where the order of records is defined: an instance's records in a
// partition.
type source struct {
	flat               int
	producer, instance uint16
}

// A readBook is what a group read of a topic.
type readBook struct {
	duplicated, disordered int64
	delivery               stats.Sketch
}

// A share is a partition as its group has it.
type share struct {
	owner     int   // a life, or nobody
	fresh     bool  // its owner has shown no position yet
	processed int64 // the position: what a member has done of it
	committed int64 // nowhere: nothing
	stopped   bool  // nobody consumes it since then
	since     instant
	seen      sight // at the last look
}

// A memberBook is one life of a member's process.
type memberBook struct {
	from, to instant // it ran
}

// An eventKind is what happens to a group.
type eventKind uint8

const (
	happens eventKind = iota + 1 // a journal's entry
	pollEnds
	dies
	freezes
)

// An event is something that happens to a group.
type event struct {
	at   instant
	kind eventKind
	life int // index in members
	// entry is what the member's journal has; of a poll's end nil.
	entry *journal.Entry
	poll  *poll
}

// A poll is what a member was handed at once.
type poll struct {
	ranges []handed
	done   []*journal.Entry // processed
}

// handed are records of one partition that a poll handed out.
type handed struct {
	at          Partition
	first, next int64
}

// readGroups reads what every group did.
func (a *accounting) readGroups() error {
	a.groups = make([]groupBook, len(a.spec.Groups))
	for g := range a.groups {
		spec := &a.spec.Groups[g]
		b := &a.groups[g]
		*b = groupBook{
			index: g, flat: map[Partition]int{}, order: map[source]uint64{}, later: map[int32]bool{}, bit: 1 << g,
			reads: make([]readBook, len(a.spec.Topics)), committed: a.o.Committed[g],
		}
		for _, t := range spec.Topics {
			for p := range a.spec.Topics[t].Partitions {
				at := Partition{uint16(t), int32(p)}
				b.flat[at] = len(b.partitions)
				b.partitions = append(b.partitions, at)
				b.shares = append(b.shares, share{owner: nobody, committed: nowhere})
			}
		}
		for m := 1; m <= spec.Members; m++ {
			files := a.lives(journal.RoleConsumer, g, m)
			if len(files) == 0 {
				return fmt.Errorf("member %d of group %s has left no journal", m, spec.Name)
			}
			for _, file := range files {
				if err := a.readMember(b, m, file); err != nil {
					return fmt.Errorf("member %d of group %s: %w", m, spec.Name, err)
				}
			}
		}
		a.readPauses(b)
		slices.SortStableFunc(b.events, func(x, y event) int { return compare(x.at, y.at) })
	}
	a.eachPartition(func(_ Partition, b *partitionBook) { b.learnFromReads() })
	return nil
}

// A memberReader turns the journal of one life of a member into events.
type memberReader struct {
	*accounting
	book    *groupBook
	life    int
	current *poll
}

// readMember reads one life of a member.
func (a *accounting) readMember(b *groupBook, member int, file *journal.File) error {
	r := memberReader{accounting: a, book: b, life: len(b.members)}
	m := memberBook{from: a.end, to: a.end}
	leaving := false
	for k := range file.Entries {
		e := &file.Entries[k]
		at := a.nanos(e.At)
		if k == 0 {
			m.from = at
		}
		leaving = leaving || e.Kind == journal.Leaving || e.Kind == journal.Ended
		if at > a.end {
			continue
		}
		if e.Kind == journal.Ended {
			m.to = at
		}
		if err := r.entry(e); err != nil {
			return err
		}
		r.add(event{at: at, kind: happens, entry: e})
	}
	r.finish()
	if !leaving {
		m.to = a.memberDeath(b.index, member, file)
	}
	if m.to < a.end {
		r.add(event{at: m.to, kind: dies})
	}
	b.members = append(b.members, m)
	return nil
}

func (r *memberReader) add(e event) {
	e.life = r.life
	r.book.events = append(r.book.events, e)
}

// entry follows the polls.
func (r *memberReader) entry(e *journal.Entry) error {
	switch e.Kind { //nolint:exhaustive // the others are no part of a poll
	case journal.Polled:
		if r.current != nil && r.current.over(e) {
			r.finish()
		}
		if r.current == nil {
			r.current = &poll{}
		}
		next := e.Offset + int64(e.Count)
		r.current.ranges = append(r.current.ranges, handed{partitionOf(e), e.Offset, next})
		if at := r.nanos(e.At); at >= 0 && r.known(partitionOf(e)) {
			b := r.partition(partitionOf(e))
			b.reads = append(b.reads, mark{at: at, hw: next, read: true})
		}
	case journal.Processed:
		if r.current == nil {
			return fmt.Errorf("it processed offset %d of partition %d without having polled it", e.Offset, e.Partition)
		}
		r.current.done = append(r.current.done, e)
	}
	return nil
}

// finish ends the poll in hand at the last record of it that was processed.
func (r *memberReader) finish() {
	if r.current != nil && len(r.current.done) > 0 {
		last := r.current.done[len(r.current.done)-1]
		r.add(event{at: r.nanos(last.At), kind: pollEnds, poll: r.current})
	}
	r.current = nil
}

// over reports whether a poll has ended when another entry of a poll comes.
func (p *poll) over(e *journal.Entry) bool {
	return len(p.done) > 0 || slices.ContainsFunc(p.ranges, func(r handed) bool { return r.at == partitionOf(e) })
}

func partitionOf(e *journal.Entry) Partition { return Partition{e.Topic, e.Partition} }

// memberDeath is when a member's process without last words died.
func (a *accounting) memberDeath(group, member int, file *journal.File) instant {
	last := a.lastEntry(file)
	at, expected := a.killed(scenarios.ConsumerCrash, last, func(t *scenarios.Target) bool {
		return t.Kind == scenarios.TargetMember && t.Group == group && t.Node == member
	})
	if !expected {
		a.disturbed("member %d of group %s died unasked at %s", member, a.spec.Groups[group].Name, last)
		return last
	}
	return min(at, a.end)
}

// readPauses adds the moments at which members were frozen.
func (a *accounting) readPauses(b *groupBook) {
	for i := range a.o.Faults {
		f := &a.o.Faults[i]
		s := &a.spec.Faults[f.Index]
		if s.Kind != scenarios.ConsumerPause || f.At.IsZero() || s.Target.Group != b.index {
			continue
		}
		at, first := a.at(f.At), 0
		for m := 1; m <= a.spec.Groups[b.index].Members; m++ {
			lives := len(a.lives(journal.RoleConsumer, b.index, m))
			for life := first; life < first+lives; life++ {
				if m == s.Target.Node && b.members[life].runs(at) {
					b.events = append(b.events, event{at: at, kind: freezes, life: life})
				}
			}
			first += lives
		}
	}
}

// runs reports whether a member's process runs at an instant, frozen or not.
func (m *memberBook) runs(at instant) bool { return m.from <= at && at <= m.to }

// sum is the group's part of the sheet.
func (b *groupBook) sum() tally.Group {
	s := tally.Group{
		Rebalances: int64(len(b.later)), Pause: b.pause, Paused: b.paused, Peak: b.peak,
		LagRecords: &b.lagRecords, LagTime: &b.lagTime, LagCommitted: &b.lagCommitted,
		Members: &b.memberCount, MemberTime: b.memberTime,
	}
	for t := range b.reads {
		r := &b.reads[t]
		s.Reads = append(s.Reads, tally.Read{Duplicated: r.duplicated, Disordered: r.disordered, Delivery: &r.delivery})
	}
	return s
}
