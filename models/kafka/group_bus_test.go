package kafka_test

import (
	"container/heap"
	"fmt"
	"strings"
	"testing"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// A groupBus joins one Group and its Members by messages that take time. It is
// the test's own event loop: closures, in order of time and then of scheduling.
type groupBus struct {
	t       *testing.T
	now     sim.Time
	count   int
	events  busEvents
	group   *kafka.Group
	members []*kafka.Member
	apps    []application

	delay      func() time.Duration // of a message, one way
	storeDelay time.Duration        // until a record of the group is committed
	storeError kafka.GroupError     // what becomes of the next records
	up         bool                 // a coordinator serves
	epoch      int                  // of coordinators

	arrivals [][2]sim.Time // last delivery from and to each member: connections keep order
	holders  [][]int       // by partition: the members that consume it
	overlaps []string      // what two members consumed at once
	state    kafka.GroupState
	log      []string

	answered map[uint64]bool    // requests, by instance and sequence
	heard    []kafka.GroupError // by each member's last heartbeat
}

// An application is the code around a consumer.
type application struct {
	life int // of its process
	busy sim.Time
	cut  bool // off from the coordinator
}

type busEvent struct {
	at    sim.Time
	order int
	do    func()
}

type busEvents []busEvent

func (e busEvents) Len() int { return len(e) }
func (e busEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e busEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *busEvents) Push(x any)   { *e = append(*e, x.(busEvent)) }
func (e *busEvents) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newGroupBus(t *testing.T, group kafka.GroupConfig, members []kafka.MemberConfig, delay func() time.Duration) *groupBus {
	t.Helper()
	partitions := 0
	for _, topic := range members[0].Topics {
		partitions += int(topic)
	}
	b := &groupBus{
		t: t, group: kafka.NewGroup(group), delay: delay, storeDelay: 2 * time.Millisecond,
		apps: make([]application, len(members)), arrivals: make([][2]sim.Time, len(members)),
		holders: make([][]int, partitions), up: true,
		answered: map[uint64]bool{}, heard: make([]kafka.GroupError, len(members)),
	}
	for _, cfg := range members {
		b.members = append(b.members, kafka.NewMember(cfg))
	}
	effects := b.group.Load(0, nil)
	b.state = b.group.State()
	b.groupDid(effects)
	return b
}

func (b *groupBus) after(d time.Duration, do func()) {
	b.count++
	heap.Push(&b.events, busEvent{at: b.now.Add(d), order: b.count, do: do})
}

func (b *groupBus) at(at sim.Time, do func()) { b.after(at.Sub(b.now), do) }

// run lets time pass.
func (b *groupBus) run(until sim.Time) {
	for len(b.events) > 0 && b.events[0].at <= until {
		event := heap.Pop(&b.events).(busEvent)
		b.now = event.at
		event.do()
	}
	b.now = until
}

func (b *groupBus) say(format string, args ...any) {
	at := fmt.Sprintf("%.3f", b.now.Seconds())
	b.log = append(b.log, fmt.Sprintf("%9s  %s", at, fmt.Sprintf(format, args...)))
}

// said returns what happened since the last call.
func (b *groupBus) said() string {
	text := strings.Join(b.log, "\n")
	b.log = nil
	if text == "" {
		return "nothing\n"
	}
	return text + "\n"
}

// carry delivers a message on the connection of member i, in order.
func (b *groupBus) carry(i, direction int, do func()) {
	at := max(b.now.Add(b.delay()), b.arrivals[i][direction])
	b.arrivals[i][direction] = at
	b.at(at, do)
}

// start runs the process of member i; its application sits in poll.
func (b *groupBus) start(i int) {
	b.apps[i].life++
	b.memberDid(i, b.members[i].Start(b.now, nil))
	b.memberDid(i, b.members[i].OnPoll(b.now, nil))
}

// work has the application of member i process records for d.
func (b *groupBus) work(i int, d time.Duration) {
	life := b.apps[i].life
	b.apps[i].busy = b.now.Add(d)
	b.memberDid(i, b.members[i].OnProcessing(b.now, nil))
	b.after(d, func() {
		if b.apps[i].life == life && b.apps[i].busy == b.now {
			b.memberDid(i, b.members[i].OnPoll(b.now, nil))
		}
	})
}

// crash kills the process of member i; what it consumed is free.
func (b *groupBus) crash(i int) {
	b.apps[i].life++
	b.members[i].Crash()
	for p := range b.holders {
		b.drop(p, i)
	}
}

func (b *groupBus) close(i int) { b.memberDid(i, b.members[i].OnClose(b.now, nil)) }

// cut separates member i from its coordinator for d. Nothing tells its client
// but requests without an answer.
func (b *groupBus) cut(i int, d time.Duration) {
	b.apps[i].cut = true
	b.after(d, func() { b.apps[i].cut = false })
}

// failCoordinator kills the coordinator; a new one has loaded the group after d.
func (b *groupBus) failCoordinator(d time.Duration) {
	if !b.up {
		return
	}
	b.epoch++
	b.up = false
	b.group.Crash()
	b.noteState()
	for i := range b.members {
		b.memberDid(i, b.members[i].OnDisconnect(b.now, nil))
	}
	b.after(d, func() {
		b.up = true
		b.groupDid(b.group.Load(b.now, nil))
	})
}

func (b *groupBus) memberDid(i int, effects []kafka.MemberEffect) {
	life, m := b.apps[i].life, b.members[i]
	for _, e := range effects {
		switch e.Kind {
		case kafka.SendToCoordinator:
			b.send(i, e.Request)
		case kafka.FindCoordinator:
			b.find(i, life)
		case kafka.CommitBeforeRevoke:
			b.say("m%d commits %v", i, e.Partitions)
			b.commit(i, life)
		case kafka.RevokePartitions, kafka.LosePartitions:
			b.say("m%d %ss %v", i, e.Kind, e.Partitions)
			for _, p := range e.Partitions {
				b.drop(int(p), i)
			}
		case kafka.AssignPartitions:
			b.say("m%d is assigned %v", i, e.Partitions)
			for _, p := range e.Partitions {
				b.hold(int(p), i)
			}
		case kafka.WakeMember:
			b.at(e.At, func() {
				if b.apps[i].life == life {
					b.memberDid(i, m.OnWake(b.now, nil))
				}
			})
		case kafka.MemberFailed:
			b.say("m%d fails: %v", i, e.Error)
		}
	}
}

// send carries a request to the coordinator; one that nobody answers ends in a
// broken connection.
func (b *groupBus) send(i int, r kafka.GroupRequest) {
	if r.Kind != kafka.GroupHeartbeat {
		b.say("%v sends %v", r.Key, r.Kind)
	}
	life, epoch := b.apps[i].life, b.epoch
	name := requestName(i, r.Sequence)
	b.after(b.members[i].RequestTimeout(r.Kind), func() {
		if !b.answered[name] {
			b.disconnect(i, life)
		}
		delete(b.answered, name)
	})
	b.carry(i, 0, func() {
		if b.apps[i].cut || epoch != b.epoch {
			return
		}
		if !b.up {
			b.disconnect(i, life)
			return
		}
		b.groupDid(b.group.OnRequest(b.now, r, nil))
	})
}

func (b *groupBus) disconnect(i, life int) {
	if b.apps[i].life == life {
		b.memberDid(i, b.members[i].OnDisconnect(b.now, nil))
	}
}

func (b *groupBus) find(i, life int) {
	b.after(b.delay(), func() {
		switch {
		case b.apps[i].life != life:
		case !b.up || b.apps[i].cut:
			b.after(100*time.Millisecond, func() { b.find(i, life) })
		default:
			b.memberDid(i, b.members[i].OnCoordinator(b.now, nil))
		}
	})
}

// commit sends an offset commit and reports the revocation as done when it is
// answered.
func (b *groupBus) commit(i, life int) {
	m := b.members[i]
	done := func() {
		if b.apps[i].life == life {
			b.memberDid(i, m.OnRevoked(b.now, nil))
		}
	}
	request, refused := m.CommitRequest()
	if refused != kafka.NoGroupError || !b.up || b.apps[i].cut {
		b.after(b.delay(), done)
		return
	}
	epoch := b.epoch
	b.carry(i, 0, func() {
		if epoch != b.epoch {
			done()
			return
		}
		err, effects := b.group.OnCommit(b.now, request, nil)
		b.groupDid(effects)
		b.carry(i, 1, func() {
			if b.apps[i].life == life {
				b.memberDid(i, m.OnCommitResponse(b.now, request, err, nil))
				done()
			}
		})
	})
}

func (b *groupBus) groupDid(effects []kafka.GroupEffect) {
	b.noteState()
	epoch := b.epoch
	for _, e := range effects {
		switch e.Kind {
		case kafka.GroupRespond:
			r := e.Response
			i := int(r.Key.Member)
			b.noteError(i, r)
			b.carry(i, 1, func() {
				if !b.apps[i].cut {
					b.answered[requestName(i, r.Sequence)] = true
					b.memberDid(i, b.members[i].OnResponse(b.now, r, nil))
				}
			})
		case kafka.GroupStore:
			err := b.storeError
			b.after(b.storeDelay, func() {
				if epoch == b.epoch {
					b.groupDid(b.group.OnStored(b.now, e.Version, err, nil))
				}
			})
		case kafka.GroupWake:
			b.at(e.Timer.At, func() {
				if b.up {
					b.groupDid(b.group.OnTimer(b.now, e.Timer, nil))
				}
			})
		}
	}
}

func requestName(i int, sequence uint32) uint64 { return uint64(i)<<32 | uint64(sequence) }

// noteError prints an error that a member is told, of heartbeats only the first.
func (b *groupBus) noteError(i int, r kafka.GroupResponse) {
	again := r.Kind == kafka.GroupHeartbeat && r.Error == b.heard[i]
	if r.Kind == kafka.GroupHeartbeat {
		b.heard[i] = r.Error
	}
	if r.Error != kafka.NoGroupError && !again {
		b.say("%v hears %v from %v", r.Key, r.Error, r.Kind)
	}
}

func (b *groupBus) noteState() {
	if state := b.group.State(); state != b.state {
		b.state = state
		b.say("group: %v, generation %d", state, b.group.Generation())
	}
}

func (b *groupBus) hold(p, i int) {
	b.holders[p] = append(b.holders[p], i)
	if len(b.holders[p]) > 1 {
		b.overlaps = append(b.overlaps, fmt.Sprintf("%v: partition %d is consumed by %v", b.now, p, b.holders[p]))
	}
}

func (b *groupBus) drop(p, i int) {
	kept := b.holders[p][:0]
	for _, holder := range b.holders[p] {
		if holder != i {
			kept = append(kept, holder)
		}
	}
	b.holders[p] = kept
}
