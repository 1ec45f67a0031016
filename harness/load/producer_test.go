package load

import (
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/journal"
	"kafkasim/models/workload"
)

// offered is what the scenario has of a producer.
func offered(p *Plan) map[journal.ID]int64 {
	all := map[journal.ID]int64{}
	for i, instance := range Offered(p.Spec, p.Index, p.Seed) {
		for k, at := range instance {
			all[journal.ID{Producer: uint16(p.Index), Instance: uint16(i), Sequence: uint64(k)}] = p.at(at)
		}
	}
	return all
}

// TestEveryRecordIsSentAckedAndInTheLog runs a producer through a whole scenario:
// what is offered, sent, acknowledged and in the log is the same.
func TestEveryRecordIsSentAckedAndInTheLog(t *testing.T) {
	t.Parallel()
	for _, acks := range []string{"0", "1", "all"} {
		t.Run("acks="+acks, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			spec := parse(t, "producers:\n  - {name: playback, topic: events, instances: 2, rate: 1000/s, record_size: 1 KiB, client: franz-go, config: {acks: "+acks+"}}\n")
			p := newPlan(t, spec, c, journal.RoleProducer)
			want := offered(&p)
			r := start(t, p)
			until(t, p.Journal, "every record is acknowledged", atLeast(len(want), journal.Acked))
			f := r.leave()
			if got := f.Header.Notes["RequiredAcks"]; got != acks {
				t.Errorf("acks=%s, and the journal says %q", acks, got)
			}
			log := inLog(t, c)
			sent := map[journal.ID]bool{}
			acked := map[journal.ID]bool{}
			for _, e := range f.Entries {
				switch e.Kind { //nolint:exhaustive // the others do not matter here
				case journal.Sent:
					if e.Intended != want[e.ID] || e.At < e.Intended || sent[e.ID] || e.At-e.Intended != e.Late {
						t.Errorf("sent %+v; it is meant for %d, once, and nothing blocked", e, want[e.ID])
					}
					sent[e.ID] = true
				case journal.Acked:
					at := log[e.ID]
					if acked[e.ID] || !sent[e.ID] || len(at) != 1 || at[0].Partition != e.Partition || acks != "0" && at[0].Offset != e.Offset || acks == "0" && e.Offset != -1 {
						t.Errorf("acked %+v, in the log at %+v", e, at)
					}
					acked[e.ID] = true
				case journal.Failed, journal.Admitted:
					t.Errorf("%+v in a healthy run", e)
				}
			}
			if len(sent) != len(want) || len(acked) != len(want) || len(log) != len(want) {
				t.Errorf("%d offered, %d sent, %d acknowledged, %d in the log", len(want), len(sent), len(acked), len(log))
			}
			if n := count(f.Entries, journal.Ended); n != 2 {
				t.Errorf("%d instances ended, want 2", n)
			}
		})
	}
}

// TestSizesAreTheScenarios compares what a record takes in a batch with its
// record_size: to a byte, for an offset or a time in the batch may take two.
func TestSizesAreTheScenarios(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "7", "12345"} {
		for _, size := range []int{64, 100, 512, 1024, 9000, 100_000} {
			record := kmsg.NewRecord()
			if key != "" {
				record.Key = []byte(key)
			}
			record.Value = EncodeValue(journal.ID{Sequence: 3}, 5, valueSize(size, len(key)))
			record.Length = int32(size)
			if got := len(record.AppendTo(nil)); got > size || got < size-2 {
				t.Errorf("a record of %d bytes with the key %q takes %d", size, key, got)
			}
		}
	}
}

func TestKeysGoWhereTheModelSaysTheyGo(t *testing.T) {
	t.Parallel()
	c := fake(t)
	spec := parse(t, `producers:
  - {name: playback, topic: events, rate: 1000/s, record_size: 100 B, keys: {count: 50, skew: 1}, client: franz-go, config: {acks: 1}}
`)
	p := newPlan(t, spec, c, journal.RoleProducer)
	want := offered(&p)
	r := start(t, p)
	until(t, p.Journal, "every record is acknowledged", atLeast(len(want), journal.Acked))
	r.leave()
	source := sources(spec, 0, p.Seed)[0]
	log := inLog(t, c)
	for o, more := source.take(); more; o, more = source.take() {
		at := log[journal.ID{Sequence: o.sequence}]
		key, err := strconv.Atoi(string(o.key))
		if err != nil || len(at) != 1 || string(at[0].Key) != string(o.key) || at[0].Partition != workload.PartitionOfKey(int32(key), 6) {
			t.Fatalf("record %d with key %q is in the log as %+v", o.sequence, o.key, at)
		}
	}
}

// TestBlockedRecordsWaitOutside holds a broker's answers back until the client's
// buffer is full: the generator is not late then, the client blocks, and the
// journal tells the two apart.
func TestBlockedRecordsWaitOutside(t *testing.T) {
	t.Parallel()
	c := fake(t)
	spec := parse(t, `producers:
  - {name: playback, topic: events, rate: 500/s, record_size: 100 B, client: franz-go, config: {acks: 1}, client_options: {max_buffered_records: 20}}
`)
	p := newPlan(t, spec, c, journal.RoleProducer)
	want := offered(&p)
	held := make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { <-held })
		return nil, nil, false
	})
	r := start(t, p)
	until(t, p.Journal, "the buffer is full", atLeast(21, journal.Sent))
	time.Sleep(500 * time.Millisecond)
	if n := count(read(t, p.Journal).Entries, journal.Sent); n != 21 {
		t.Errorf("%d records were handed over while a buffer of 20 was full", n)
	}
	close(held)
	until(t, p.Journal, "every record is acknowledged", atLeast(len(want), journal.Acked))
	f := r.leave()
	admitted := map[journal.ID]int64{}
	for _, e := range f.Entries {
		if e.Kind == journal.Admitted {
			admitted[e.ID] = e.At
		}
	}
	waited, blocked := 0, &blocking{}
	for _, e := range f.Entries {
		switch e.Kind { //nolint:exhaustive // the others do not matter here
		case journal.Sent:
			if want := e.At - e.Intended - blocked.since(e.Intended); e.Late != want {
				t.Errorf("%+v: the generator is to blame for %d", e, want)
			}
			if e.At-e.Intended-e.Late > int64(100*time.Millisecond) {
				waited++
			}
			if admitted[e.ID] > 0 {
				blocked.add(e.At, admitted[e.ID])
			}
		}
	}
	if len(admitted) == 0 || waited < 100 {
		t.Errorf("%d calls blocked, and %d records waited outside for 100 ms; want one and about 250 at least", len(admitted), waited)
	}
}

// TestFailuresHaveCodes makes brokers refuse, or say nothing.
func TestFailuresHaveCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault kfake.Fault
		want  int16
	}{
		{"refused", kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1}, kerr.InvalidRecord.Code},
		{"no leader for too long", kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1}, journal.CodeTimedOut},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := fake(t)
			spec := parse(t, `producers:
  - {name: playback, topic: events, rate: 50/s, record_size: 100 B, client: franz-go, config: {acks: all}, client_options: {record_delivery_timeout: 1 s, metadata_min_age: 50 ms}}
`)
			p := newPlan(t, spec, c, journal.RoleProducer)
			want := offered(&p)
			c.Fault(test.fault)
			r := start(t, p)
			until(t, p.Journal, "every record has failed", atLeast(len(want), journal.Failed))
			for _, e := range r.leave().Entries {
				if e.Kind == journal.Acked || e.Kind == journal.Failed && (e.Code != test.want || e.Intended != want[e.ID]) {
					t.Fatalf("%+v, want the code %d (%s)", e, test.want, journal.CodeName(test.want))
				}
			}
		})
	}
}

// TestLeavingEndsWhatWaits leaves while brokers say nothing: what is in the
// client's buffer is failed as closed, what waits outside is counted.
func TestLeavingEndsWhatWaits(t *testing.T) {
	t.Parallel()
	c := fake(t)
	spec := parse(t, `producers:
  - {name: playback, topic: events, rate: 200/s, record_size: 100 B, client: franz-go, config: {acks: 1}, client_options: {max_buffered_records: 20}}
`)
	p := newPlan(t, spec, c, journal.RoleProducer)
	want := offered(&p)
	held := make(chan struct{})
	defer close(held)
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { <-held })
		return nil, nil, false
	})
	r := start(t, p)
	until(t, p.Journal, "the buffer is full", atLeast(21, journal.Sent))
	sleepUntil(p.at(spec.Duration), nil)
	f := r.leave()
	for _, e := range f.Entries {
		if e.Kind == journal.Failed && e.Code != journal.CodeClosed {
			t.Errorf("%+v (%s), want closed", e, journal.CodeName(e.Code))
		}
	}
	last := f.Entries[len(f.Entries)-1]
	if sent, failed := count(f.Entries, journal.Sent), count(f.Entries, journal.Failed); sent != 21 || failed != sent {
		t.Errorf("%d records were handed over and %d of them failed, want 21", sent, failed)
	}
	if last.Kind != journal.Ended || last.ID.Sequence != 21 || int(last.Count) != len(want)-21 {
		t.Errorf("the last entry is %+v; %d records were offered and 21 handed over", last, len(want))
	}
}

// TestLaterLifeGoesOnWhereTheScenarioIs begins a second life in the middle.
func TestLaterLifeGoesOnWhereTheScenarioIs(t *testing.T) {
	t.Parallel()
	c := fake(t)
	spec := parse(t, `producers:
  - {name: playback, topic: events, instances: 2, rate: 400/s, record_size: 100 B, client: franz-go, config: {acks: 1}}
`)
	p := newPlan(t, spec, c, journal.RoleProducer)
	p.Zero, p.Life = time.Now().Add(-time.Second), 1
	began := now()
	want := map[journal.ID]bool{}
	for id, at := range offered(&p) {
		if at > began+int64(500*time.Millisecond) { // surely in this life
			want[id] = true
		}
	}
	r := start(t, p)
	sleepUntil(p.at(spec.Duration)+int64(100*time.Millisecond), nil)
	f := r.leave()
	for _, e := range f.Entries {
		if e.Kind != journal.Sent {
			continue
		}
		if e.Intended < began {
			t.Errorf("%+v came into being before this life", e)
		}
		delete(want, e.ID)
	}
	if len(want) > 0 {
		t.Errorf("%d records were not sent", len(want))
	}
	for _, e := range f.Entries {
		if e.Kind == journal.Ended && e.Count != 0 {
			t.Errorf("%+v: records are left after the load", e)
		}
	}
}
