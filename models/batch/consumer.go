package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// Positions that a leader resolves at the first fetch, as ListOffsets does.
const (
	positionEarliest kafka.Offset = -2
	positionLatest   kafka.Offset = -1
	positionUnknown  kafka.Offset = -3 // its committed offset is being asked for
)

// consumers is all that belongs to consumer groups.
type consumers struct {
	groups      []groupState
	members     []memberState
	commits     []commitContent
	commitParts []part // scratch
	calls       []groupCall
	freeing     []int32 // free entries of calls
	effects     []kafka.GroupEffect
	pool        [][]kafka.MemberEffect
}

// A groupState is one group: its coordinator's state and what the ledger knows.
type groupState struct {
	machine     *kafka.Group
	coordinator int32 // broker that serves it, or -1
	loads       int64 // generation of a load under way
	partition   kafka.PartitionID
	waiting     []msgID // requests that the coordinator holds
	committed   []kafka.Offset
	processed   []kafka.Offset // by the present owner
	owner       []int32        // member that consumes, or -1
	stoppedAt   []sim.Time     // since when nobody consumes; Never: somebody does
	order       []int32        // latest record delivered, by flat partition and producer instance
	counted     int            // rebalances before the load began
}

// A commitContent is what one OffsetCommit record says.
type commitContent struct {
	group   int32
	offsets []flatOffset
	version int32 // of a group record; -1: offsets
}

// A flatOffset is an offset of a group's flat partition.
type flatOffset struct {
	flat   int32
	offset kafka.Offset
}

// A groupCall is a group request or response under way.
type groupCall struct {
	request  kafka.GroupRequest
	response kafka.GroupResponse
}

// A memberState is one group member: its client and its application.
type memberState struct {
	group   int
	number  int
	node    int32
	machine *kafka.Member
	config  *scenarios.Group
	down    bool
	stop    stopStage
	goodbye int64 // sequence of the LeaveGroup under way; 0: none
	returns bool  // it is closing, and starts again when it is gone

	owned    []ownedPartition
	slot     []int32 // by flat partition: index in owned, or -1
	leader   []int32 // by flat partition: broker as it knows, or -1
	epoch    []kafka.LeaderEpoch
	sources  []source
	buffered []chunk
	head     int // first chunk that has records

	polling    bool // waits in poll for records
	processing bool
	handing    bool  // poll is returning records
	polls      int64 // generation of the poll in hand
	polled     []polledRecord
	pollStart  sim.Time
	slow       float64 // processing takes so many times longer
	stream     rng.Stream
	backoffs   rng.Stream
	commitAt   sim.Time // next automatic commit
	committing int64    // ticket of the commit that the application waits for; 0: none
	revoking   int64    // ticket of the commit that a revocation waits for
	auto       autoCommit
	calls      int64 // group requests sent
	answered   int64 // sequence of the last one answered

	coordinator    int32 // broker, or -1
	coordinatorInc int32
	finding        int64 // number of the look-up under way; 0: none
	findTries      int64
	wakeAt         sim.Time

	metadataAt   sim.Time // last answer
	metadataWant bool
	asking       bool
}

// An ownedPartition is a partition that a member may consume.
type ownedPartition struct {
	flat      int32
	partition kafka.PartitionID
	fetch     kafka.Offset // next to fetch
	taken     kafka.Offset // next to hand out
	done      kafka.Offset // next to process
	sent      kafka.Offset // last committed
	lastEpoch kafka.LeaderEpoch
	position  int64 // hint for the leader's log
	buffered  int32 // chunks of it that wait
	asked     int32 // broker whose answer counts; -1: nobody is asked
	stopped   bool  // hands out nothing more: a revocation is under way
	life      int64
}

// A source is what a member keeps for one broker it fetches from.
type source struct {
	inFlight bool
	parked   msgID // its request that waits at the broker
	timer    bool
	session  int64
	sentAt   sim.Time
	retryAt  sim.Time
	failures int32 // in a row
	watchdog bool
	holds    bool // kgo: a fetch of it is buffered
}

// A chunk is fetched data of one partition that waits to be handed out.
type chunk struct {
	message msgID
	part    int32
	entry   int32
	record  int32 // next record; -1: take the entry's first
	index   int32 // of it in its batch
	flat    int32
	life    int64
}

// A polledRecord is one record in the application's hands.
type polledRecord struct {
	record int32
	flat   int32
	offset kafka.Offset
	batch  batchID
	done   time.Duration // since the work on the poll began
}

// memberOf is the member of a node.
func (w *world) memberOf(node int32) int32 { return node - int32(w.plan.memberAt) }

// drive gives a member an input and acts on what follows.
func (w *world) drive(now sim.Time, i int32, input func(m *kafka.Member, out []kafka.MemberEffect) []kafka.MemberEffect) {
	var out []kafka.MemberEffect
	if n := len(w.consumers.pool); n > 0 {
		out = w.consumers.pool[n-1][:0]
		w.consumers.pool = w.consumers.pool[:n-1]
	}
	out = input(w.consumers.members[i].machine, out)
	for k := range out {
		w.memberEffect(now, i, &out[k])
	}
	w.consumers.pool = append(w.consumers.pool, out)
	w.leftGroup(now, i)
}

// memberEffect carries out one effect of a member's machine.
func (w *world) memberEffect(now sim.Time, i int32, e *kafka.MemberEffect) {
	m := &w.consumers.members[i]
	switch e.Kind {
	case kafka.SendToCoordinator:
		if e.Request.Kind == kafka.LeaveGroup && m.stop == leaving && m.coordinator >= 0 {
			m.goodbye = int64(e.Request.Sequence)
		}
		w.sendGroup(now, i, &e.Request)
	case kafka.FindCoordinator:
		w.findCoordinator(now, i)
	case kafka.CommitBeforeRevoke:
		w.commitBeforeRevoke(now, i, e.Partitions, e.Stop)
	case kafka.RevokePartitions, kafka.LosePartitions:
		for _, flat := range e.Partitions {
			w.giveUp(now, i, flat)
		}
	case kafka.AssignPartitions:
		w.takeOn(now, i, e.Partitions)
	case kafka.WakeMember:
		m.wakeAt = e.At
		w.engine.Schedule(max(now, e.At), evMemberWake, m.node, int64(e.At))
	case kafka.MemberFailed:
		w.warn("a member of group " + m.config.Name + " left for good: " + e.Error.String())
	}
}

// takeOn begins to consume partitions: their committed offsets are asked for.
func (w *world) takeOn(now sim.Time, i int32, flats []int32) {
	m := &w.consumers.members[i]
	g := &w.consumers.groups[m.group]
	for _, flat := range flats {
		w.tickets++
		m.slot[flat] = int32(len(m.owned))
		m.owned = append(m.owned, ownedPartition{
			flat: flat, partition: w.plan.groups[m.group].partitions[flat].partition,
			fetch: positionUnknown, taken: positionUnknown, done: positionUnknown, sent: -1,
			lastEpoch: kafka.NoEpoch, life: w.tickets, asked: -1,
		})
		g.owner[flat] = i
		w.tellOwner(now, i, w.plan.groups[m.group].partitions[flat].partition, true)
	}
	w.fetchOffsets(now, i)
}

// giveUp stops consuming a partition; what is in the application's hands stays
// there.
func (w *world) giveUp(now sim.Time, i, flat int32) {
	m := &w.consumers.members[i]
	at := m.slot[flat]
	if at < 0 {
		return
	}
	w.dropChunks(i, flat)
	w.tellOwner(now, i, m.owned[at].partition, false)
	last := len(m.owned) - 1
	m.owned[at] = m.owned[last]
	m.slot[m.owned[at].flat] = at
	m.owned = m.owned[:last]
	m.slot[flat] = -1
	g := &w.consumers.groups[m.group]
	if g.owner[flat] == i {
		g.owner[flat] = -1
		w.stopConsuming(now, m.group, flat)
	}
}

// stopConsuming notes that nobody consumes a partition from now on.
func (w *world) stopConsuming(now sim.Time, group int, flat int32) {
	g := &w.consumers.groups[group]
	if g.stoppedAt[flat] == sim.Never {
		g.stoppedAt[flat] = now
	}
}

// dropChunks forgets fetched data of a partition.
func (w *world) dropChunks(i, flat int32) {
	m := &w.consumers.members[i]
	kept := m.buffered[:m.head]
	for _, c := range m.buffered[m.head:] {
		if c.flat == flat {
			w.freeChunk(c)
			continue
		}
		kept = append(kept, c)
	}
	m.buffered = kept
}

// freeChunk returns a reply's memory when its last chunk is consumed.
func (w *world) freeChunk(c chunk) {
	msg := &w.messages[c.message]
	msg.open--
	if msg.open == 0 {
		w.free(c.message)
	}
}

// tryConsume sends fetches for every owned partition that has a position, a
// leader and nothing buffered or asked of that leader: one request a broker. A
// partition that moved while its old leader is silent is asked of the new one.
// Java does so only inside poll (ConsumerNetworkClient,
// AbstractFetch.prepareFetchRequests); a kgo source fetches on its own as soon as
// its last fetch has been taken (pkg/kgo/source.go).
func (w *world) tryConsume(now sim.Time, i int32) {
	m := &w.consumers.members[i]
	java := m.config.Client == scenarios.Java
	if m.down || m.stop == leaving || (java && m.processing && !m.handing) {
		return
	}
	lacking := false
	for b := range m.sources {
		m.sources[b].holds = false
	}
	for k := range m.owned {
		if o := &m.owned[k]; o.buffered > 0 && m.leader[o.flat] >= 0 && !java {
			m.sources[m.leader[o.flat]].holds = true
		}
	}
	for k := range m.owned {
		o := &m.owned[k]
		b := m.leader[o.flat]
		if !o.hungry() || b == o.asked && b >= 0 {
			continue
		}
		if b < 0 {
			lacking = true
			continue
		}
		if s := &m.sources[b]; !s.inFlight && !s.holds && s.retryAt <= now {
			w.sendConsume(now, i, b)
			m = &w.consumers.members[i]
		}
	}
	if lacking {
		w.wantMetadata(now, i)
	}
}

// hungry says whether a partition is to be fetched at all.
func (o *ownedPartition) hungry() bool {
	return o.buffered == 0 && o.fetch != positionUnknown && !o.stopped
}

// sendConsume sends one fetch to a broker for all partitions that are ready.
func (w *world) sendConsume(now sim.Time, i, b int32) {
	m := &w.consumers.members[i]
	s := &m.sources[b]
	id := w.newMessage(msgConsume, m.node, b)
	msg := &w.messages[id]
	for k := range m.owned {
		o := &m.owned[k]
		if !o.hungry() || o.asked == b || m.leader[o.flat] != b {
			continue
		}
		o.asked = b
		msg.parts = append(msg.parts, part{
			partition: o.partition, replica: o.flat, from: o.fetch, position: o.position,
			epoch: m.epoch[o.flat], lastEpoch: o.lastEpoch, pid: o.life,
		})
	}
	w.tickets++
	s.inFlight, s.session, s.sentAt = true, w.tickets, now
	msg.number = s.session
	msg.ref = b
	msg.bytes = 100 + 40*int64(len(msg.parts))
	if !s.watchdog {
		s.watchdog = true
		w.engine.Schedule(now.Add(w.fetchPatience(m)), evRequestTimeout, m.node, int64(b))
	}
	w.send(id, now)
}

// fetchPatience is how long a client waits for the answer to a fetch.
func (w *world) fetchPatience(m *memberState) time.Duration {
	return m.config.Config.RequestTimeout + m.config.Config.FetchMaxWait
}

// onFetchSilent gives up a fetch that has been silent for too long.
func (w *world) onFetchSilent(now sim.Time, i, b int32) {
	m := &w.consumers.members[i]
	s := &m.sources[b]
	s.watchdog = false
	if !s.inFlight || m.down {
		return
	}
	if due := s.sentAt.Add(w.fetchPatience(m)); due > now {
		s.watchdog = true
		w.engine.Schedule(due, evRequestTimeout, m.node, int64(b))
		return
	}
	w.sourceFailed(now, i, b)
}

// sourceFailed is the loss of a fetch: the partitions are free to be fetched
// again after the back-off, from whoever leads them then.
func (w *world) sourceFailed(now sim.Time, i, b int32) {
	m := &w.consumers.members[i]
	s := &m.sources[b]
	if !s.inFlight {
		return
	}
	s.inFlight = false
	s.session = 0
	for k := range m.owned {
		if m.owned[k].asked == b {
			m.owned[k].asked = -1
		}
	}
	c := &m.config.Config
	s.retryAt = now.Add(kafka.BackOff(&m.backoffs, m.config.Client, c.RetryBackoff, c.RetryBackoffMax, s.failures))
	s.failures++
	w.engine.Schedule(s.retryAt, evSourceRetry, m.node, int64(b))
	w.wantMetadata(now, i)
}
