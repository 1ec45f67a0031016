// Package explain tells in words why a replication lost a record, had one twice or
// stood still: what happened, with the simulated times, which of Kafka's rules made
// it so, and what would have prevented it at which price. It reads what was written
// down (reports/result/story) and decides nothing: which records ended how is the
// ledger's word.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
)

// Metrics that can be explained beside the losses of the ledger.
const (
	DuplicatedProduced = "records.duplicated.produced"
	DuplicatedConsumed = "records.duplicated.consumed"
	Stall              = "produce.stall"
)

// WorthTelling is how long a partition must have acknowledged nothing to be told of:
// below it are a batch's ordinary wait and its way.
const WorthTelling = time.Second

// Losses are the metrics of the ledger's losses, the worst first.
func Losses() []string {
	ends := story.Losses()
	names := make([]string, 0, len(ends))
	for _, e := range ends {
		names = append(names, e.Metric())
	}
	return names
}

// Duplicates are the metrics of records that are there twice.
func Duplicates() []string { return []string{DuplicatedProduced, DuplicatedConsumed} }

// Subjects are all metrics that Tell knows.
func Subjects() []string { return append(append(Losses(), Duplicates()...), Stall) }

// A Telling is the story of one record, or of one stall.
type Telling struct {
	Metric      string
	Replication int
	Title       string // what happened, a sentence
	Class       string // which of the ways in which it can happen, a word or two
	Steps       []Step // in order of time
	Rules       []Rule
	Cures       []Cure
}

// A Step is one thing that happened. At counts from the scenario's time 0.
type Step struct {
	At    time.Duration
	Words string

	own bool // of what is told of, and not of the cluster around it
}

// A Rule is what made it so, and where Kafka says it.
type Rule struct{ Words, Source string }

// A Cure is a setting that would have prevented it, and what it costs.
type Cure struct{ Setting, Price string }

// Tell tells of the first record of s that metric counts, or of its longest stall;
// false when there is none.
func Tell(s *story.Story, metric string) (Telling, bool) {
	t := &teller{Story: s, told: Telling{Metric: metric, Replication: s.Replication}}
	found := false
	switch metric {
	case DuplicatedProduced:
		found = t.writtenTwice()
	case DuplicatedConsumed:
		found = t.processedTwice()
	case Stall:
		found = t.stalled()
	default:
		for _, e := range story.Losses() {
			if e.Metric() == metric {
				found = t.lost(e)
			}
		}
	}
	if found && s.Limited {
		t.rule("The replication was too long to be followed whole: what is told here may lack its end.", "this program")
	}
	t.order()
	return t.told, found
}

// A teller is the telling of one story.
type teller struct {
	*story.Story
	told Telling
}

// step adds what happened to what is told of.
func (t *teller) step(at time.Duration, format string, args ...any) {
	t.told.Steps = append(t.told.Steps, Step{at, fmt.Sprintf(format, args...), true})
}

// around adds what happened in the cluster around it.
func (t *teller) around(at time.Duration, format string, args ...any) {
	t.told.Steps = append(t.told.Steps, Step{at, fmt.Sprintf(format, args...), false})
}

func (t *teller) rule(words, source string) {
	t.told.Rules = append(t.told.Rules, Rule{words, source})
}

func (t *teller) cure(setting, price string) {
	t.told.Cures = append(t.told.Cures, Cure{setting, price})
}

// mostAround is how many steps of the cluster are told; of more than that the middle
// is left out.
const mostAround = 24

// order puts the steps into the order of their times, and leaves out the middle of a
// long tale of the cluster.
func (t *teller) order() {
	steps := t.told.Steps
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	others := 0
	for i := range steps {
		if !steps[i].own {
			others++
		}
	}
	if others <= mostAround {
		return
	}
	kept := make([]Step, 0, len(steps))
	seen, left := 0, others-mostAround
	for _, s := range steps {
		if s.own {
			kept = append(kept, s)
			continue
		}
		seen++
		switch {
		case seen <= mostAround/2 || seen > others-mostAround/2:
			kept = append(kept, s)
		case seen == mostAround/2+1:
			kept = append(kept, Step{At: s.At, Words: fmt.Sprintf("… and %d more changes in the cluster, which are left out here", left)})
		}
	}
	t.told.Steps = kept
}

// first is the first record with an end, and how many there are; -1 for none.
func (t *teller) first(end story.End) (id int32, count int) {
	id = -1
	for i := range t.Records {
		if t.Records[i].End != end {
			continue
		}
		if id < 0 {
			id = int32(i)
		}
		count++
	}
	return id, count
}

// recordName names a record as its producer would: by its number there, from 1.
func (t *teller) recordName(id int32) string {
	number := 0
	for i := range t.Records[:id+1] {
		if t.Records[i].Producer == t.Records[id].Producer {
			number++
		}
	}
	return fmt.Sprintf("record %s of %s", count(number), t.ProducerName(t.Records[id].Producer))
}

// count writes a whole number.
func count[N int | int32 | int64](n N) string { return result.Number(float64(n)) }

// many writes so many things.
func many[N int | int32 | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

// span writes a duration.
func span(d time.Duration) string { return result.Quantity(d.Seconds(), "s") }

// clock writes an instant of the scenario: in seconds, to the microsecond.
func clock(at time.Duration) string { return fmt.Sprintf("%.6f s", at.Seconds()) }

// seconds writes an instant within a sentence, to the millisecond.
func seconds(at time.Duration) string { return fmt.Sprintf("%.3f s", at.Seconds()) }
