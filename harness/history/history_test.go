package history_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/history"
)

func id(n byte) history.TopicID { return history.TopicID{n} }

// aFailover is the log of a cluster whose broker 1, leader of events-0, dies.
func aFailover() *metadataLog {
	l := &metadataLog{}
	l.batch(0, 1<<5, (&message{}).int16(0).int16(2).data, (&message{}).int16(0).int32(101).ids().ids().tags())
	l.add(1, record(12, 0).text("metadata.version").int16(30).tags(), record(20, 0).tags())
	for b := int32(1); b <= 3; b++ {
		l.add(10*int64(b), registerBroker(4, b, int64(100+b), true))
		l.add(10*int64(b)+1, record(17, 3).int32(b).int64(int64(100+b)).tags(tag(0, small(-1))))
	}
	l.add(100, topicRecord("events", id(1)), partitionRecord(id(1), 0, 1, 1, 2, 3), partitionRecord(id(1), 1, 2, 2, 3, 1))
	l.add(9000,
		partitionChange(id(1), 0, tag(0, list(2, 3)), tag(1, number(2))),
		partitionChange(id(1), 1, tag(0, list(2, 3))),
		record(17, 3).int32(1).int64(101).tags(tag(0, small(1))))
	return l
}

func TestAFailoverIsRead(t *testing.T) {
	t.Parallel()
	h := decode(t, aFailover().data)
	kinds := make([]history.Kind, 0, len(h.Changes))
	for i := range h.Changes {
		kinds = append(kinds, h.Changes[i].Kind)
	}
	want := []history.Kind{
		history.ControllerElected, history.FeatureSet,
		history.BrokerRegistered, history.BrokerUnfenced, history.BrokerRegistered, history.BrokerUnfenced,
		history.BrokerRegistered, history.BrokerUnfenced,
		history.TopicCreated, history.PartitionRegistered, history.PartitionRegistered,
		history.PartitionChanged, history.PartitionChanged, history.BrokerFenced,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Fatal(diff)
	}
	change := h.Changes[11]
	if elected, unclean := change.Election(); !elected || unclean {
		t.Errorf("the change to leader 2 is an election %v, unclean %v", elected, unclean)
	}
	wanted := history.Registration{
		Leader: 2, LeaderEpoch: 1, PartitionEpoch: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{2, 3}, Removing: []int32{}, Adding: []int32{},
	}
	if diff := cmp.Diff(wanted, change.Registration); diff != "" {
		t.Errorf("events-0 after its failover:\n%s", diff)
	}
	if !change.At.Equal(ms(9000)) || change.Topic != "events" || !change.Shrinks() || change.Expands() || change.Before.Leader != 1 {
		t.Errorf("%+v", change)
	}
	other := h.Changes[12]
	if elected, _ := other.Election(); elected || other.LeaderEpoch != 0 || other.PartitionEpoch != 1 {
		t.Errorf("a follower that left an ISR: %+v", other)
	}
	if h.Changes[1].Feature != "metadata.version" || h.Changes[1].Level != 30 {
		t.Errorf("%+v", h.Changes[1])
	}
	if fenced := h.Changes[13]; fenced.Stopping || fenced.Broker != 1 || fenced.BrokerEpoch != 101 {
		t.Errorf("%+v", fenced)
	}
}

func TestStatesAtAnInstant(t *testing.T) {
	t.Parallel()
	h := decode(t, aFailover().data)
	if _, known := h.Partition(ms(99), "events", 0); known {
		t.Error("events-0 is known before it was made")
	}
	for at, leader := range map[int64]int32{100: 1, 8999: 1, 9000: 2, 20000: 2} {
		if s, known := h.Partition(ms(at), "events", 0); !known || s.Leader != leader {
			t.Errorf("at %d ms events-0 has leader %d, want %d", at, s.Leader, leader)
		}
	}
	for at, fenced := range map[int64]bool{10: true, 11: false, 9000: true} {
		if b, known := h.Broker(ms(at), 1); !known || b.Fenced != fenced || b.Epoch != 101 {
			t.Errorf("at %d ms broker 1 is %+v", at, b)
		}
	}
	if _, known := h.ActiveController(ms(-1)); known {
		t.Error("a controller was active before the log began")
	}
	if node, _ := h.ActiveController(ms(50)); node != 101 {
		t.Errorf("active controller %d", node)
	}
	spans := h.Spans("events", 0, ms(10_000))
	if len(spans) != 2 || spans[0].To.Sub(spans[0].From) != 8900*time.Millisecond || spans[1].Leader != 2 || !spans[1].To.Equal(ms(10_000)) {
		t.Errorf("spans of events-0: %+v", spans)
	}
}

func TestMergeOfPartitionChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields []tagged
		want   func(r *history.Registration)
	}{
		"no leader left": {
			[]tagged{tag(0, list()), tag(1, number(-1)), tag(6, list(2, 3)), tag(7, list(1))},
			func(r *history.Registration) {
				r.Leader, r.LeaderEpoch, r.ISR, r.ELR, r.LastKnownELR = -1, 1, []int32{}, []int32{2, 3}, []int32{1}
			},
		},
		"the leader stays by number": {
			[]tagged{tag(1, number(-2)), tag(0, list(1))},
			func(r *history.Registration) { r.ISR = []int32{1} },
		},
		"the leader stays in a new epoch": {
			[]tagged{tag(1, number(1))},
			func(r *history.Registration) { r.LeaderEpoch = 1 },
		},
		"an unclean election": {
			[]tagged{tag(0, list(3)), tag(1, number(3)), tag(5, small(1))},
			func(r *history.Registration) {
				r.ISR, r.Leader, r.LeaderEpoch, r.Recovering = []int32{3}, 3, 1, true
			},
		},
		"recovered, and nothing else": {
			[]tagged{tag(5, small(0))},
			func(*history.Registration) {},
		},
		"a null ISR": {
			[]tagged{tag(0, (&message{}).unsigned(0))},
			func(*history.Registration) {},
		},
		"another assignment, directories and a field of the future": {
			[]tagged{
				tag(2, list(4, 1)), tag(3, list(2)), tag(4, list(4)), tag(8, (&message{}).unsigned(2).uuid(id(3))),
				tag(99, (&message{}).text("what the future brings")),
			},
			func(r *history.Registration) {
				r.Replicas, r.Removing, r.Adding = []int32{4, 1}, []int32{2}, []int32{4}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &metadataLog{}
			l.add(0, topicRecord("events", id(1)), partitionRecord(id(1), 0, 1, 1, 2, 3))
			l.add(5, partitionChange(id(1), 0, c.fields...))
			h := decode(t, l.data)
			want := history.Registration{
				Leader: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}, Removing: []int32{}, Adding: []int32{}, PartitionEpoch: 1,
			}
			c.want(&want)
			if diff := cmp.Diff(want, h.Changes[2].Registration); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestElections(t *testing.T) {
	t.Parallel()
	before := history.Registration{Leader: 1, ISR: []int32{1, 2}, ELR: []int32{3}}
	for _, c := range []struct {
		leader, was      int32
		elected, unclean bool
	}{
		{leader: 2, was: 1, elected: true},
		{leader: 3, was: -1, elected: true},
		{leader: 4, was: -1, elected: true, unclean: true},
		{leader: 1, was: 1},
		{leader: -1, was: 1},
	} {
		b := before
		b.Leader = c.was
		change := history.Change{Kind: history.PartitionChanged, Registration: history.Registration{Leader: c.leader}, Before: b}
		if elected, unclean := change.Election(); elected != c.elected || unclean != c.unclean {
			t.Errorf("from %d to %d: elected %v, unclean %v", c.was, c.leader, elected, unclean)
		}
	}
}

func TestOlderVersions(t *testing.T) {
	t.Parallel()
	for version := uint64(0); version <= 4; version++ {
		l := &metadataLog{}
		l.add(0, registerBroker(version, 5, 77, true))
		l.add(1, record(8, 0).int32(5).int64(77).tags()) // UnfenceBrokerRecord
		l.add(2, record(7, 0).int32(5).int64(77).tags()) // FenceBrokerRecord
		h := decode(t, l.data)
		if len(h.Changes) != 3 || h.Changes[0].BrokerEpoch != 77 || !h.Changes[0].Fenced ||
			h.Changes[1].Kind != history.BrokerUnfenced || h.Changes[2].Kind != history.BrokerFenced {
			t.Errorf("registration of version %d: %+v", version, h.Changes)
		}
	}
	// PartitionRecord before there were directories and an ELR.
	l := &metadataLog{}
	l.add(0, topicRecord("old", id(2)),
		record(3, 0).int32(0).uuid(id(2)).ids(1, 2).ids(1).ids().ids().int32(1).int32(4).int32(9).tags(tag(0, small(1))))
	old := decode(t, l.data)
	if s, _ := old.Partition(ms(0), "old", 0); s.LeaderEpoch != 4 || s.PartitionEpoch != 9 || !s.Recovering {
		t.Errorf("%+v", s)
	}
}

func TestAControlledShutdown(t *testing.T) {
	t.Parallel()
	l := aFailover()
	l.add(9100, record(17, 3).int32(2).int64(102).tags(tag(1, small(1))))
	l.add(9200, record(17, 3).int32(2).int64(102).tags(tag(1, small(1)))) // the next heartbeat changes nothing
	l.add(9300, record(17, 3).int32(2).int64(102).tags(tag(0, small(1))))
	l.add(9400, record(1, 0).int32(3).int64(103).tags()) // UnregisterBrokerRecord
	h := decode(t, l.data)
	last := h.Changes[len(h.Changes)-3:]
	if last[0].Kind != history.BrokerStopping || last[1].Kind != history.BrokerFenced || !last[1].Stopping || last[2].Kind != history.BrokerUnregistered {
		t.Errorf("%+v", last)
	}
	if b, _ := h.Broker(ms(9150), 2); !b.Stopping || b.Fenced {
		t.Errorf("broker 2 while it stops: %+v", b)
	}
	if _, known := h.Broker(ms(9400), 3); known {
		t.Error("broker 3 is still registered")
	}
}

func TestTopicsThatGoAndELRsThatAreCleared(t *testing.T) {
	t.Parallel()
	l := &metadataLog{}
	l.add(0, topicRecord("a", id(1)), partitionRecord(id(1), 0, 1, 1, 2), topicRecord("b", id(2)), partitionRecord(id(2), 0, 1, 1, 2))
	for _, topic := range []byte{1, 2} {
		l.add(1, partitionChange(id(topic), 0, tag(6, list(2)), tag(0, list(1))))
	}
	l.add(2, record(28, 0).text("b").tags())
	l.add(3, record(9, 0).uuid(id(2)).tags())
	h := decode(t, l.data)
	if s, _ := h.Partition(ms(2), "a", 0); !slices.Equal(s.ELR, []int32{2}) {
		t.Errorf("the ELR of a is %v", s.ELR)
	}
	if s, _ := h.Partition(ms(2), "b", 0); len(s.ELR) > 0 || s.PartitionEpoch != 2 {
		t.Errorf("b after its ELR was cleared: %+v", s)
	}
	if _, known := h.Partition(ms(3), "b", 0); known {
		t.Error("topic b is still there")
	}
	if spans := h.Spans("b", 0, ms(10)); !spans[len(spans)-1].To.Equal(ms(3)) {
		t.Errorf("%+v", spans)
	}
	l.add(4, record(28, 0).text("").tags())
	h = decode(t, l.data)
	if s, _ := h.Partition(ms(4), "a", 0); len(s.ELR) > 0 {
		t.Errorf("the ELR of a is %v after all were cleared", s.ELR)
	}
}

func TestATornTailIsLeftOut(t *testing.T) {
	t.Parallel()
	whole := aFailover().data
	all := len(decode(t, whole).Changes)
	for cut := 1; cut < len(whole); cut++ {
		h, err := history.Decode(whole[:len(whole)-cut])
		if err != nil {
			t.Fatalf("%d bytes short: %v", cut, err)
		}
		if n := len(h.Changes); n >= all {
			t.Fatalf("%d bytes short: %d changes of %d", cut, n, all)
		}
	}
	padded := append(slices.Clone(whole), make([]byte, 200)...)
	if n := len(decode(t, padded).Changes); n != all {
		t.Errorf("with space behind it the log has %d changes, want %d", n, all)
	}
}

func TestDamageIsSaid(t *testing.T) {
	t.Parallel()
	change := &metadataLog{}
	change.add(0, partitionChange(id(1), 0, tag(1, number(2))))
	fence := &metadataLog{}
	fence.add(0, record(17, 3).int32(1).int64(1).tags(tag(0, small(1))))
	short := &metadataLog{}
	short.add(0, record(2, 0).text("x").data)
	frame := &metadataLog{}
	frame.add(0, []byte{2, 2, 0})
	squeezed := &metadataLog{}
	squeezed.batch(0, 1, nil, topicRecord("x", id(1)))
	flipped := aFailover().data
	flipped[len(flipped)-1] ^= 1
	magic := aFailover().data
	magic[16] = 1
	tiny := aFailover().data
	binary.BigEndian.PutUint32(tiny[8:], 3)
	for want, log := range map[string][]byte{
		"not introduced: 01":             change.data,
		"broker that the log has not":    fence.data,
		"type 2 and version 0 cannot be": short.data,
		"envelope version 2":             frame.data,
		"compression 1":                  squeezed.data,
		"checksum":                       flipped,
		"record format 1":                magic,
		"a length of 3":                  tiny,
	} {
		if _, err := history.Decode(log); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestTimesNeverFall(t *testing.T) {
	t.Parallel()
	l := &metadataLog{}
	l.add(50, topicRecord("a", id(1)))
	l.add(20, topicRecord("b", id(2))) // another controller's clock
	if h := decode(t, l.data); h.Changes[1].At.Before(h.Changes[0].At) {
		t.Errorf("%v after %v", h.Changes[1].At, h.Changes[0].At)
	}
}

// FuzzDecode reads records of any content behind a log that introduces what they may
// speak of, in a batch whose checksum is right.
func FuzzDecode(f *testing.F) {
	f.Add(partitionChange(id(1), 0, tag(0, list(2, 3)), tag(1, number(2))), true)
	f.Add(registerBroker(4, 1, 5, true), true)
	f.Add(topicRecord("x", id(2)), false)
	f.Fuzz(func(t *testing.T, content []byte, whole bool) {
		log := aFailover()
		if whole {
			log.add(9500, content)
		} else {
			log.data = append(log.data, content...)
		}
		if h, err := history.Decode(log.data); err != nil && len(h.Changes) > 0 {
			t.Error("an error and changes")
		}
	})
}
