package account

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"kafkasim/harness/journal"
	"kafkasim/reports/result"
	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
)

// tick is the step at which what changes with time is sampled: lag and members. It
// is the batch model's.
const tick = 50 * time.Millisecond

// An instant is a time since the scenario's time 0; before it, it is negative.
type instant = time.Duration

// An accounting is an account in the making.
type accounting struct {
	o    *Observed
	spec *scenarios.Spec
	end  instant // of the run
	load instant // its end
	warm instant // the end of the warm-up
	// settled is the first tick behind the load at which every record had met its
	// end; the end of the run if there was none.
	settled instant

	producers []producerBook
	topics    []topicBook
	groups    []groupBook
	world     surroundings
	lines     tally.Lines
	looks     []look   // ascending
	looked    int      // how many of them are past
	marks     []string // disturbances
	words     []string // other warnings
}

// Account makes the result of one repetition from what was observed of it: the
// observations and series that the batch model makes for the same Spec, under the
// same names, in the same order. What cannot be observed, such as a bound of the
// loss, says so. What spoiled the repetition from outside is told in warnings that
// result.Disturbed finds.
//
// Like a simulated run it is over at the first tick behind the load at which every
// record has met its end, which is a little before whoever watches finds that out,
// and at o.End at the latest.
//
// It returns an error when what was observed contradicts itself, so that records
// would have no end or more than one: a record that nobody sent, say, or a journal
// with a hole.
func Account(o *Observed) (result.Replication, error) {
	a := &accounting{o: o, spec: o.Spec}
	r, err := a.account()
	if err == nil && a.settled < a.end {
		shorter := *o
		shorter.End = o.Zero.Add(a.settled)
		r, err = (&accounting{o: &shorter, spec: o.Spec}).account()
	}
	if err != nil {
		return result.Replication{}, fmt.Errorf("account: %w", err)
	}
	return r, nil
}

// account goes through everything once.
func (a *accounting) account() (result.Replication, error) {
	a.end, a.load = a.at(a.o.End), min(a.at(a.o.LoadEnd), a.at(a.o.End))
	a.warm, a.settled = a.spec.Warmup, a.end
	if a.end <= 0 {
		return result.Replication{}, errors.New("the run was over before its time 0")
	}
	for _, step := range []func() error{
		a.readProducers, a.readSurroundings, a.readPartitions, a.readLogs, a.readGroups,
	} {
		if err := step(); err != nil {
			return result.Replication{}, err
		}
	}
	series := a.walk()
	if err := a.settle(); err != nil {
		return result.Replication{}, err
	}
	sheet := a.sheet()
	a.words = append(a.words, sheet.Undrained()...)
	a.judge()
	out := result.Replication{
		Index: a.o.Index, Observations: sheet.Observations(), Series: series,
		Warnings: slices.Concat(a.marks, a.words),
	}
	return out, result.Conserved(out)
}

// at is a time as an instant, by the wall clock, which journals and logs bear.
func (a *accounting) at(t time.Time) instant { return a.nanos(t.UnixNano()) }

// nanos is a journal's time as an instant.
func (a *accounting) nanos(unix int64) instant { return instant(unix - a.o.Zero.UnixNano()) }

// disturbed notes what spoiled the repetition.
func (a *accounting) disturbed(format string, args ...any) {
	a.marks = append(a.marks, result.DisturbedWarning(a.o.Index+1, fmt.Sprintf(format, args...)))
}

// partitionName is a partition as Kafka's logs write it.
func (a *accounting) partitionName(p Partition) string {
	return fmt.Sprintf("%s-%d", a.spec.Topics[p.Topic].Name, p.Partition)
}

// known reports whether the scenario has a partition.
func (a *accounting) known(p Partition) bool {
	return int(p.Topic) < len(a.spec.Topics) && p.Partition >= 0 && int(p.Partition) < a.spec.Topics[p.Topic].Partitions
}

// partition is what is known of a partition of the scenario.
func (a *accounting) partition(p Partition) *partitionBook {
	return &a.topics[p.Topic].partitions[p.Partition]
}

// eachPartition calls visit with every partition of the scenario.
func (a *accounting) eachPartition(visit func(at Partition, b *partitionBook)) {
	for t := range a.topics {
		for p := range a.topics[t].partitions {
			visit(Partition{uint16(t), int32(p)}, &a.topics[t].partitions[p])
		}
	}
}

// lives are the journals of a client process, by life.
func (a *accounting) lives(role string, index, member int) (files []*journal.File) {
	for i := range a.o.Journals {
		h := &a.o.Journals[i].Header
		if h.Role == role && h.Index == index && (member == 0 || h.Member == member) {
			files = append(files, &a.o.Journals[i])
		}
	}
	slices.SortStableFunc(files, func(x, y *journal.File) int { return x.Header.Life - y.Header.Life })
	return files
}

// killed finds when a fault of a kind ended a client process that has left no last
// words: the first such fault from its last entry on. hits says whom it hit.
func (a *accounting) killed(kind scenarios.FaultKind, last instant, hits func(t *scenarios.Target) bool) (instant, bool) {
	// An entry that was under way when the fault was noted bears a time just behind it.
	const slack = 100 * time.Millisecond
	first, found := instant(0), false
	for i := range a.o.Faults {
		f := &a.o.Faults[i]
		s := &a.spec.Faults[f.Index]
		if s.Kind != kind || f.At.IsZero() || !hits(&s.Target) {
			continue
		}
		if at := a.at(f.At); at >= last-slack && (!found || at < first) {
			first, found = at, true
		}
	}
	return first, found
}

// sheet is all that was counted.
func (a *accounting) sheet() *tally.Sheet {
	s := &tally.Sheet{Spec: a.spec, Load: a.load, Fencings: a.fencings()}
	for p := range a.producers {
		s.Producers = append(s.Producers, tally.Producer{Records: a.producers[p].sum, Latency: &a.producers[p].latency})
	}
	for t := range a.topics {
		s.Topics = append(s.Topics, a.topics[t].sum())
	}
	for g := range a.groups {
		s.Groups = append(s.Groups, a.groups[g].sum())
	}
	a.usage(s)
	return s
}
