package account_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/history"
	"kafkasim/harness/journal"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// plain is a small scenario: one producer, one topic, one group of two members.
const plain = `
scenario: story
duration: 10 s
drain: 10 s
warmup: 0 s
cluster: {kafka: "4.3", brokers: 3, controllers: 1, hardware: container}
topics:
  - {name: events, partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: events, rate: 10/s, record_size: 100 B, client: franz-go, config: {acks: ACKS}}
consumers:
  - {group: g, topics: [events], members: 2, protocol: eager, processing: {time: 1 ms}, client: franz-go}
faults: FAULTS
`

// zero is the stories' time 0.
func zero() time.Time { return time.Unix(1_800_000_000, 0) }

// A story is a run in the making: what its clients wrote down and its cluster went
// through.
type story struct {
	*testing.T
	o *account.Observed
}

// tell begins a story of the plain scenario. All of it is led by broker 1 and 2
// and in sync, the group's members own a partition each, nothing is sent, and the
// run is over 1 s after its load.
func tell(t *testing.T, acks, faults string) *story {
	t.Helper()
	return tellOf(t, strings.NewReplacer("ACKS", acks, "FAULTS", faults).Replace(plain))
}

func tellOf(t *testing.T, source string) *story {
	t.Helper()
	spec, problems := scenarios.Parse("story.yaml", []byte(source), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := &story{T: t, o: &account.Observed{
		Spec: spec, Grid: result.Grid{Step: 500 * time.Millisecond, Count: 40},
		Zero: zero(), LoadEnd: zero().Add(spec.Duration), End: zero().Add(spec.Duration + time.Second),
		Logs: map[account.Partition][]account.LogRecord{}, LogStart: map[account.Partition]int64{},
		LogEnd: map[account.Partition]int64{}, Committed: map[int]map[account.Partition]int64{},
	}}
	// Something that nobody reads keeps the run going to its end.
	s.o.LogEnd[account.Partition{Partition: 1}] = 1
	for p := range spec.Producers {
		s.o.Offered = append(s.o.Offered, make([][]time.Duration, spec.Producers[p].Instances))
	}
	for topic := range spec.Topics {
		for p := range spec.Topics[topic].Partitions {
			s.register(-5*time.Second, topic, p, history.Registration{
				Leader: int32(p%3) + 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3},
			})
		}
	}
	for at := -time.Second; at < spec.Duration+spec.Drain; at += 40 * time.Millisecond {
		s.o.Clocks = append(s.o.Clocks, account.ClockSample{Wall: zero().Add(at), Monotonic: at + time.Hour})
		for p := range spec.Topics[0].Partitions {
			s.heard(at, p, p%3+1, 0)
		}
	}
	return s
}

// register tells that a registration of a partition was written at an instant:
// the controller took it up an append linger before.
func (s *story) register(at time.Duration, topic, partition int, r history.Registration) {
	h := &s.o.History
	c := history.Change{
		At: zero().Add(at - 25*time.Millisecond), Kind: history.PartitionRegistered, Topic: s.o.Spec.Topics[topic].Name,
		Partition: int32(partition), Registration: r,
	}
	if before, known := h.Partition(c.At, c.Topic, c.Partition); known {
		c.Kind, c.Before = history.PartitionChanged, before
	}
	h.Changes = append(h.Changes, c)
}

// heard tells that a broker has named a high watermark.
func (s *story) heard(at time.Duration, partition, leader int, hw int64) {
	s.o.Watermarks = append(s.o.Watermarks, account.Watermark{
		At: zero().Add(at), Partition: account.Partition{Partition: int32(partition)}, HW: hw, Leader: leader,
	})
}

// A life is the journal of one life of a client process.
type life struct {
	s     *story
	index int
}

func (s *story) life(role string, index, member, number int) life {
	s.o.Journals = append(s.o.Journals, journal.File{Header: journal.Header{Role: role, Index: index, Member: member, Life: number}})
	return life{s, len(s.o.Journals) - 1}
}

// producer begins a life of the producer.
func (s *story) producer(number int) life { return s.life(journal.RoleProducer, 0, 0, number) }

// member begins the first life of a member, which owns partitions since before
// time 0.
func (s *story) member(number int, owned ...int32) life {
	l := s.life(journal.RoleConsumer, 0, number, 0)
	l.add(-8*time.Second, journal.Entry{Kind: journal.Ready})
	for _, p := range owned {
		l.add(-3*time.Second, journal.Entry{Kind: journal.Assigned, Partition: p, Generation: 1})
	}
	return l
}

func (l life) add(at time.Duration, e journal.Entry) {
	e.At = zero().Add(at).UnixNano()
	file := &l.s.o.Journals[l.index]
	file.Entries = append(file.Entries, e)
}

// send hands the next record of the scenario over when it comes into being.
func (l life) send(at time.Duration) journal.ID {
	list := &l.s.o.Offered[0][0]
	*list = append(*list, at)
	id := journal.ID{Sequence: uint64(len(*list) - 1)}
	l.add(at, journal.Entry{Kind: journal.Sent, ID: id, Intended: zero().Add(at).UnixNano()})
	return id
}

func (l life) ack(at time.Duration, id journal.ID, partition int32, offset int64) {
	l.add(at, journal.Entry{Kind: journal.Acked, ID: id, Partition: partition, Offset: offset})
}

func (l life) fail(at time.Duration, id journal.ID, partition int32, code int16) {
	l.add(at, journal.Entry{Kind: journal.Failed, ID: id, Partition: partition, Code: code})
}

// read polls records that follow each other from an offset on, and processes each
// in a millisecond, the first done of them at least.
func (l life) read(at time.Duration, partition int32, offset int64, done int, ids ...journal.ID) {
	l.add(at, journal.Entry{Kind: journal.Polled, Partition: partition, Offset: offset, Count: int32(len(ids))})
	for i, id := range ids[:done] {
		l.add(at+time.Duration(i+1)*time.Millisecond, journal.Entry{
			Kind: journal.Processed, Partition: partition, Offset: offset + int64(i), ID: id,
		})
	}
}

// end lets a life end in good order after the run, with all that the producer had
// handed over.
func (l life) end() {
	at := l.s.o.End.Sub(zero()) + time.Second
	l.add(at, journal.Entry{Kind: journal.Leaving})
	if h := l.s.o.Journals[l.index].Header; h.Role == journal.RoleProducer {
		for i, list := range l.s.o.Offered[h.Index] {
			id := journal.ID{Producer: uint16(h.Index), Instance: uint16(i), Sequence: uint64(len(list))}
			l.add(at, journal.Entry{Kind: journal.Ended, ID: id})
		}
		return
	}
	l.add(at, journal.Entry{Kind: journal.Ended})
}

// log tells what a partition's log is in the end.
func (s *story) log(partition int32, ids ...journal.ID) {
	at := account.Partition{Partition: partition}
	for i, id := range ids {
		s.o.Logs[at] = append(s.o.Logs[at], account.LogRecord{Offset: s.o.LogStart[at] + int64(i), ID: id})
	}
	s.o.LogEnd[at] = s.o.LogStart[at] + int64(len(ids))
}

// quiet adds what is missing: a producer and members who do nothing.
func (s *story) quiet() {
	roles := map[string]int{}
	for _, f := range s.o.Journals {
		roles[f.Header.Role]++
	}
	if roles[journal.RoleProducer] == 0 {
		s.producer(0).end()
	}
	for m := roles[journal.RoleConsumer]; len(s.o.Spec.Groups) > 0 && m < s.o.Spec.Groups[0].Members; m++ {
		s.member(m+1, int32(m)).end()
	}
}

// told is the account with what is missing added.
func (s *story) told() telling {
	s.Helper()
	s.quiet()
	return s.account()
}

// A telling is what the account says of a story.
type telling struct {
	*testing.T
	result.Replication
}

func (s *story) account() telling {
	s.Helper()
	r, err := account.Account(s.o)
	if err != nil {
		s.Fatal(err)
	}
	return telling{s.T, r}
}

// seen is an observation by name.
func (t telling) seen(name string) result.Observation {
	t.Helper()
	for _, o := range t.Observations {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("there is no %s", name)
	return result.Observation{}
}

// want compares values; NaN is a value that was not observed.
// line is a series.
func (t telling) line(name string) []float64 {
	t.Helper()
	for _, s := range t.Series {
		if s.Name == name {
			return s.Values
		}
	}
	t.Fatalf("there is no series %s", name)
	return nil
}

func (t telling) want(values map[string]float64) {
	t.Helper()
	for name, want := range values {
		o := t.seen(name)
		if math.IsNaN(want) {
			if o.Observed {
				t.Errorf("%s = %v, want nothing", name, o.Value)
			}
			continue
		}
		if !o.Observed || math.Abs(o.Value-want) > 1e-9 {
			t.Errorf("%s = %v (observed %v), want %v", name, o.Value, o.Observed, want)
		}
	}
}

// ledger compares the records' ends; those that are not named must be 0.
func (t telling) ledger(want map[string]float64) {
	t.Helper()
	for _, o := range t.Observations {
		short, found := strings.CutPrefix(o.Name, "records.")
		if !found || strings.Contains(short, "{") {
			continue
		}
		if o.Value != want[short] {
			t.Errorf("%s = %v, want %v", o.Name, o.Value, want[short])
		}
	}
}

// ms is a number of milliseconds.
func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
