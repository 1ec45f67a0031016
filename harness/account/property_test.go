package account_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kafkasim/harness/account"
	"kafkasim/harness/journal"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

const random = `
scenario: random
duration: 10 s
drain: 5 s
warmup: 1 s
cluster: {kafka: "4.3", brokers: 3, controllers: 1, hardware: container}
topics:
  - {name: a, partitions: 2, replication_factor: 3}
  - {name: b, partitions: 1, replication_factor: 3}
producers:
  - {name: p, topic: a, instances: 2, rate: 10/s, record_size: 100 B, client: franz-go, config: {acks: 1}}
  - {name: q, topic: b, rate: 10/s, record_size: 100 B, client: franz-go, config: {acks: 0}}
  - {name: r, topic: a, rate: 10/s, record_size: 100 B, client: franz-go, config: {acks: all}}
consumers:
  - {group: g, topics: [a], members: 2, protocol: eager, processing: {time: 1 ms}, client: franz-go}
  - {group: h, topics: [a, b], members: 1, protocol: eager, processing: {time: 1 ms}, client: franz-go}
faults:
  - {at: 3 s, kind: producer_crash, target: producer p, duration: 2 s}
  - {at: 5 s, kind: consumer_crash, target: member 1 of g}
`

// A draw makes a random run.
type draw struct {
	*story
	rng *rand.Rand
}

func (d *draw) chance(percent int) bool { return d.rng.IntN(100) < percent }

// TestEveryRecordHasOneEnd: whatever journals and logs say, if they do not
// contradict themselves then records are conserved, in all and for each producer
// and topic, and the order of the journals does not matter.
func TestEveryRecordHasOneEnd(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		d := &draw{tellOf(t, random), rand.New(rand.NewPCG(seed, 1))}
		d.producers()
		d.logs()
		d.groups()
		r, err := account.Account(d.o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := result.Conserved(r); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		d.check(seed, telling{t, r})
		slices.Reverse(d.o.Journals)
		again, err := account.Account(d.o)
		if err != nil {
			t.Fatalf("seed %d, journals reversed: %v", seed, err)
		}
		if diff := cmp.Diff(r.Series, again.Series, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("seed %d, journals reversed:\n%s", seed, diff)
		}
		for i, o := range r.Observations {
			if p := again.Observations[i]; o.Name != p.Name || o.Value != p.Value || o.Numerator != p.Numerator || !o.Distribution.Equal(p.Distribution) {
				t.Fatalf("seed %d, journals reversed: %+v, before %+v", seed, p, o)
			}
		}
	}
}

// check compares the sums of the parts with the whole, and the counts with what
// they cannot exceed.
func (d *draw) check(seed uint64, got telling) {
	d.Helper()
	value := func(name string) float64 { return got.seen(name).Value }
	for _, name := range append(result.LostNames(), "records.generated", "records.delivered", "records.in_flight_at_end", "records.acked", "records.truncated", "records.phantom", "records.duplicated.produced") {
		byTopic := value(name+"{topic=a}") + value(name+"{topic=b}")
		byProducer := value(name+"{producer=p}") + value(name+"{producer=q}") + value(name+"{producer=r}")
		if whole := value(name); byTopic != whole || byProducer != whole {
			d.Fatalf("seed %d: %s is %v, by topic %v, by producer %v", seed, name, whole, byTopic, byProducer)
		}
	}
	generated := 0
	for _, p := range d.o.Offered {
		for _, list := range p {
			generated += len(list)
		}
	}
	copies, logged := 0, map[journal.ID]bool{}
	for _, log := range d.o.Logs {
		for _, r := range log {
			copies++
			logged[r.ID] = true
		}
	}
	if value("records.generated") != float64(generated) || value("records.duplicated.produced") != float64(copies-len(logged)) {
		d.Fatalf("seed %d: generated %v of %d, duplicated %v of %d", seed, value("records.generated"), generated,
			value("records.duplicated.produced"), copies-len(logged))
	}
	if value("records.lost.acked") > value("records.truncated") || value("records.lost.unconfirmed{producer=p}") > 0 {
		d.Fatalf("seed %d: lost %v of %v truncated", seed, value("records.lost.acked"), value("records.truncated"))
	}
}

// producers lets every producer live once or twice; of each record something
// becomes.
func (d *draw) producers() {
	d.o.Faults = []account.Applied{
		{Index: 0, At: zero().Add(3 * time.Second), Healed: zero().Add(5 * time.Second)},
		{Index: 1, At: zero().Add(5 * time.Second)},
	}
	for p := range d.o.Spec.Producers {
		lives := 1
		if p == 0 {
			lives = 1 + d.rng.IntN(2)
		}
		for i := range d.o.Offered[p] {
			n := d.rng.IntN(40)
			for k := range n {
				d.o.Offered[p][i] = append(d.o.Offered[p][i], 10*time.Second*time.Duration(k)/time.Duration(n))
			}
		}
		for number := range lives {
			l := d.life(journal.RoleProducer, p, 0, number)
			killed := p == 0 && number == 0
			from, to := time.Duration(0), 12*time.Second
			if killed {
				to = 3 * time.Second
			}
			if number == 1 {
				from = 5 * time.Second
			}
			d.hand(l, p, from, to, killed)
		}
	}
}

// hand hands over the records that come into being while a life lasts.
func (d *draw) hand(l life, p int, from, to time.Duration, killed bool) {
	var entries []journal.Entry
	at := func(t time.Duration) int64 { return zero().Add(t).UnixNano() }
	for i, list := range d.o.Offered[p] {
		next := uint64(0)
		for k, due := range list {
			id := journal.ID{Producer: uint16(p), Instance: uint16(i), Sequence: uint64(k)}
			if due < from {
				next++
				continue
			}
			if due >= to || due > 9*time.Second && d.chance(20) {
				break
			}
			next++
			topic := uint16(d.o.Spec.Producers[p].Topic)
			e := journal.Entry{Kind: journal.Sent, At: at(due + ms(1)), ID: id, Intended: at(due), Topic: topic}
			entries = append(entries, e)
			e.Partition, e.Offset = int32(d.rng.IntN(d.o.Spec.Topics[topic].Partitions)), int64(d.rng.IntN(60))
			answered := due + ms(2+d.rng.IntN(400))
			if answered >= to || d.chance(15) {
				continue
			}
			e.At, e.Kind = at(answered), journal.Acked
			if d.o.Spec.Producers[p].Config.Acks == scenarios.AcksNone {
				e.Offset = -1
			}
			if d.chance(20) {
				codes := []int16{journal.CodeTimedOut, journal.CodeBufferFull, journal.CodeClosed, 7}
				e.Kind, e.Code, e.Offset = journal.Failed, codes[d.rng.IntN(len(codes))], 0
			}
			entries = append(entries, e)
		}
		if !killed {
			entries = append(entries, journal.Entry{
				Kind: journal.Ended, At: at(13 * time.Second), Count: int32(uint64(len(list)) - next),
				ID: journal.ID{Producer: uint16(p), Instance: uint16(i), Sequence: next},
			})
		}
	}
	slices.SortStableFunc(entries, func(x, y journal.Entry) int { return int(x.At - y.At) })
	d.o.Journals[l.index].Entries = entries
}

// logs puts some of the records that were sent into the final logs, once or more
// often.
func (d *draw) logs() {
	for at := range d.o.Spec.Topics {
		for p := range d.o.Spec.Topics[at].Partitions {
			key := account.Partition{Topic: uint16(at), Partition: int32(p)}
			d.o.LogStart[key] = int64(d.rng.IntN(10))
			offset := d.o.LogStart[key]
			for _, file := range d.o.Journals {
				for _, e := range file.Entries {
					if e.Kind != journal.Sent || int(e.Topic) != at || !d.chance(40) {
						continue
					}
					for range 1 + d.rng.IntN(10)/9 {
						d.o.Logs[key] = append(d.o.Logs[key], account.LogRecord{Offset: offset, ID: e.ID})
						offset++
					}
				}
			}
			d.o.LogEnd[key] = offset
		}
	}
}

// groups lets members take partitions, read of them what they like, commit, and
// one of them die.
func (d *draw) groups() {
	for g := range d.o.Spec.Groups {
		d.o.Committed[g] = map[account.Partition]int64{}
		for m := range d.o.Spec.Groups[g].Members {
			l := d.life(journal.RoleConsumer, g, m+1, 0)
			l.add(-5*time.Second, journal.Entry{Kind: journal.Ready})
			until := 11 * time.Second
			if g == 0 && m == 0 {
				until = 5 * time.Second
			}
			for now := -4 * time.Second; now < until; now += ms(20 + d.rng.IntN(500)) {
				topic := d.o.Spec.Groups[g].Topics[d.rng.IntN(len(d.o.Spec.Groups[g].Topics))]
				key := account.Partition{Topic: uint16(topic), Partition: int32(d.rng.IntN(d.o.Spec.Topics[topic].Partitions))}
				d.act(l, now, key)
				if d.chance(5) {
					d.o.Committed[g][key] = int64(d.rng.IntN(40))
				}
			}
			if until > 10*time.Second {
				l.add(13*time.Second, journal.Entry{Kind: journal.Ended})
			}
		}
	}
}

// act lets a member do something to a partition.
func (d *draw) act(l life, now time.Duration, key account.Partition) {
	e := journal.Entry{Topic: key.Topic, Partition: key.Partition, Generation: int32(1 + (now+5*time.Second)/time.Second)}
	log := d.o.Logs[key]
	switch n := d.rng.IntN(10); {
	case n < 2:
		e.Kind = journal.Assigned
		l.add(now, e)
	case n < 3:
		e.Kind = []journal.Kind{journal.Revoked, journal.Lost}[d.rng.IntN(2)]
		l.add(now, e)
	case n < 5:
		e.Kind, e.Offset = journal.Committed, int64(d.rng.IntN(50))
		l.add(now, e)
	case n < 6:
		e.Kind, e.Offset = journal.Reset, int64(d.rng.IntN(50))
		l.add(now, e)
	case len(log) > 0:
		from := d.rng.IntN(len(log))
		handed := log[from:min(len(log), from+1+d.rng.IntN(10))]
		e.Kind, e.Offset, e.Count = journal.Polled, handed[0].Offset, int32(len(handed))
		l.add(now, e)
		e.Kind, e.Count = journal.Processed, 0
		for i, r := range handed[:d.rng.IntN(len(handed)+1)] {
			e.Offset, e.ID = r.Offset, r.ID
			l.add(now+time.Duration(i)*time.Millisecond, e)
		}
	}
}
