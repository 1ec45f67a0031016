package batch

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// Linux's TCP: the first retransmission comes after 200 ms plus the round trip,
// each later one after twice the wait; a SYN is repeated after 1, 2, 4, … s
// (net/ipv4/tcp_timer.c, TCP_RTO_MIN and TCP_TIMEOUT_INIT).
const (
	tcpRetransmit    = 200 * time.Millisecond
	tcpSYNRetransmit = time.Second
)

// Kafka's socket buffers: what a receiver lets a sender have on the way
// (socket.receive.buffer.bytes of a broker and its socket.send.buffer.bytes,
// replica.socket.receive.buffer.bytes, and receive.buffer.bytes of a Java
// consumer; kgo leaves its own to the kernel, which lets them grow).
const (
	brokerWindow   = 100 << 10
	replicaWindow  = 64 << 10
	consumerWindow = 64 << 10
)

// latencySteps is the number of equally likely delays that stand for a
// lognormal: quantiles (i + ½)/latencySteps. The largest lies at z = 3.66, which
// keeps the tail to 1.2e-4.
const (
	latencyBits  = 12
	latencySteps = 1 << latencyBits
)

// A latencyTable is a lognormal delay as equally likely values, in ns.
type latencyTable [latencySteps]int32

func newLatencyTable(law scenarios.Latency, share float64) *latencyTable {
	sigma := 0.0
	if law.P99 > law.Median {
		sigma = math.Log(float64(law.P99)/float64(law.Median)) / rng.Z99
	}
	t := new(latencyTable)
	for i := range t {
		z := distuv.UnitNormal.Quantile((float64(i) + 0.5) / latencySteps)
		t[i] = int32(min(math.MaxInt32, share*float64(law.Median)*math.Exp(sigma*z)))
	}
	return t
}

// class is the row of a node in the matrices of cuts and link faults: a server
// has its own, all clients share one.
func (w *world) class(node int32) int { return min(int(node), w.plan.servers) }

// link is the index of a directed pair of classes.
func (w *world) link(from, to int32) int {
	return w.class(from)*(w.plan.servers+1) + w.class(to)
}

// A linkFault is what is wrong between two classes of nodes.
type linkFault struct {
	cuts   int32 // faults that cut it
	loss   float64
	delay  time.Duration
	jitter time.Duration
}

// send puts a message on the network: it leaves the process at ready, the
// machine when its NIC has sent it, and arrives half a round trip later.
func (w *world) send(id msgID, ready sim.Time) {
	m := &w.messages[id]
	if w.client(m.from) {
		ready = w.machines.Client(int(m.to), ready).Add(w.clientDelay(m.to, m.stream))
	}
	m.sentAt, m.leftAt = ready, ready
	if int(m.from) < w.plan.brokers && !m.aside() {
		m.leftAt = w.machines.NetworkOut(int(m.from), ready, m.bytes)
		w.brokers[m.from].bytesOut += m.bytes
	}
	arrive := m.leftAt.Add(w.latency(m))
	if w.client(m.to) {
		arrive = arrive.Add(w.clientDelay(m.from, m.stream))
	}
	if m.bytes > replicaWindow {
		arrive = arrive.Add(w.windowWait(m, w.window(m)))
	}
	if w.linkFaults > 0 {
		f := &w.links[w.link(m.from, m.to)]
		if f.cuts > 0 {
			m.stuck = true
			w.stuck = append(w.stuck, id)
			return
		}
		arrive = arrive.Add(w.linkDelay(f, m.stream))
	}
	if m.conn >= 0 {
		last := &w.lastArrival[m.conn]
		arrive = max(arrive, *last)
		*last = arrive
	}
	w.engine.Schedule(arrive, evArrive, m.to, int64(id))
}

// client says whether a node is a client. Clients talk to brokers only.
func (w *world) client(node int32) bool { return int(node) >= w.plan.servers }

// clientDelay draws how long a client that talks to broker b takes to send a request,
// or to hand on its answer.
func (w *world) clientDelay(b, stream int32) time.Duration {
	return w.drawn(w.shared.clients[b], stream)
}

// latency draws the one-way delay of a message.
func (w *world) latency(m *message) time.Duration {
	return w.delayBetween(m.from, m.to, m.stream)
}

// delayBetween draws a one-way delay between two nodes: half the round trip of
// their racks.
func (w *world) delayBetween(from, to, stream int32) time.Duration {
	return w.delayDrawn(from, to, w.netStreams[stream].Uint64())
}

// delayDrawn is the delay that a random word stands for.
func (w *world) delayDrawn(from, to int32, word uint64) time.Duration {
	table := w.shared.rtts[w.link(from, to)].cross
	if w.rack[from] == w.rack[to] {
		table = w.shared.rtts[w.link(from, to)].same
	}
	return time.Duration(table[word>>(64-latencyBits)])
}

// windowWait is how much longer than its first bytes a message takes because its
// receiver's socket buffer holds only window bytes: for each further one the
// sender waits for a round trip, as far as sending the last one took less. A
// broker is at one end at least.
func (w *world) windowWait(m *message, window int64) time.Duration {
	rounds := (m.bytes - 1) / window
	if rounds <= 0 {
		return 0
	}
	b := m.to
	if int(b) >= w.plan.brokers {
		b = m.from
	}
	rtt := 2 * w.latency(m)
	if w.linkFaults > 0 {
		rtt += w.links[w.link(m.from, m.to)].delay + w.links[w.link(m.to, m.from)].delay
	}
	wait := rtt - w.machines.host.Hardware(int(b)).NetworkBurst.TimeFor(unit.Bytes(window))
	return time.Duration(rounds) * max(0, wait)
}

// window is the size of the receiver's socket buffer where somebody reads it all
// the time; a broker that does not, at a connection that it has muted, is
// handle's to know.
func (w *world) window(m *message) int64 {
	if m.kind == msgFetchReply {
		return replicaWindow
	}
	if m.kind != msgConsumeReply {
		return math.MaxInt64
	}
	if w.consumers.members[w.memberOf(m.to)].config.Client == scenarios.FranzGo {
		return brokerWindow
	}
	return consumerWindow
}

// linkDelay is what a faulty link adds: its delay, and the retransmissions of
// what it lost (each loses again with the same probability).
func (w *world) linkDelay(f *linkFault, stream int32) time.Duration {
	s := &w.netStreams[stream]
	d := f.delay
	if f.jitter > 0 {
		d += s.UniformDuration(-f.jitter, f.jitter)
	}
	for wait := tcpRetransmit; f.loss > 0 && wait < time.Minute && s.Float64() < f.loss; wait *= 2 {
		d += wait
	}
	return max(d, 0)
}

// afterHeal is when a message that was first sent at sent, and lost for as long
// as the cut lasted, gets through: at the first retransmission after the heal.
func afterHeal(sent, heal sim.Time, first time.Duration) sim.Time {
	at := sent
	for wait := first; at < heal; wait = min(2*wait, 120*time.Second) {
		at = at.Add(wait)
	}
	return at
}

// releaseStuck sends on what waited for a cut that is gone.
func (w *world) releaseStuck(now sim.Time) {
	kept := w.stuck[:0]
	for _, id := range w.stuck {
		m := &w.messages[id]
		if w.links[w.link(m.from, m.to)].cuts > 0 {
			kept = append(kept, id)
			continue
		}
		m.stuck = false
		first := tcpRetransmit
		if m.kind == msgConnect || (m.kind == msgControl && m.open == newConnection) || (m.kind == msgFetch && !w.fetchers[m.ref].established) {
			first = tcpSYNRetransmit
		}
		arrive := afterHeal(m.leftAt, now, first).Add(w.latency(m))
		if m.conn >= 0 {
			arrive = max(arrive, w.lastArrival[m.conn])
			w.lastArrival[m.conn] = arrive
		}
		w.engine.Schedule(arrive, evArrive, m.to, int64(id))
	}
	w.stuck = kept
}

// reachable says whether nothing cuts the way between two nodes.
func (w *world) reachable(a, b int32) bool {
	return w.linkFaults == 0 || (w.links[w.link(a, b)].cuts == 0 && w.links[w.link(b, a)].cuts == 0)
}

// lostOnTheWay says whether a message never left its sender: the process died
// before it was handed to the kernel, or the machine before the NIC sent it.
func (w *world) lostOnTheWay(m *message) bool {
	p := &w.processes[m.from]
	if m.fromInc > p.diedInc {
		return false
	}
	if m.fromInc < p.diedInc {
		return true // an older life: its machine has been gone for long
	}
	if p.diedMachine {
		return m.leftAt >= p.diedAt
	}
	return m.sentAt >= p.diedAt
}

// held says whether a message was to leave a process that froze first; it then
// leaves when the process goes on.
func (w *world) held(m *message) bool {
	p := &w.processes[m.from]
	return p.paused && m.sentAt > p.pausedAt && m.fromInc == p.inc
}

// aside says whether a message takes nothing from what clients and replication
// share: neither a NIC's time nor a CPU's. Those between a broker and the
// controllers are few and small, and have threads of their own at both ends; those
// of an idle fetcher are what an idle topic would cost the others.
func (m *message) aside() bool {
	return m.kind == msgControl || m.kind == msgControlReply || m.idle
}

// onArrive takes a message from the wire at its receiver's kernel.
func (w *world) onArrive(now sim.Time, id msgID) {
	m := &w.messages[id]
	if w.lostOnTheWay(m) {
		w.dropped(now, id)
		return
	}
	if w.held(m) {
		p := &w.processes[m.from]
		p.deferred = append(p.deferred, sim.Event{Kind: evArrive, Entity: m.to, Arg: int64(id)})
		return
	}
	if w.linkFaults > 0 && w.links[w.link(m.from, m.to)].cuts > 0 && m.leftAt < now {
		// Cut while it was under way.
		m.stuck = true
		w.stuck = append(w.stuck, id)
		return
	}
	to := &w.processes[m.to]
	if !to.up || m.toInc != to.inc || w.closed(m) {
		if to.hostUp {
			w.refuse(now, id)
		} else {
			w.dropped(now, id)
		}
		return
	}
	if int(m.to) < w.plan.brokers && !m.aside() {
		b := int(m.to)
		in := w.machines.NetworkIn(b, now, m.bytes)
		w.brokers[b].bytesIn += m.bytes
		if m.conn >= 0 {
			// Small messages pass large ones of other connections, and none of their own.
			c := &w.connections[m.conn]
			in = max(in, c.received)
			c.received = in
		}
		m.arrived = in
		if in > now {
			w.engine.Schedule(in, evReceive, m.to, int64(id))
			return
		}
		w.receive(now, id)
		return
	}
	if w.client(m.to) {
		now = w.machines.Client(int(m.from), now)
		if m.conn >= 0 {
			w.lastArrival[m.conn] = max(w.lastArrival[m.conn], now)
		}
	}
	m.arrived = now
	if to.paused {
		to.deferred = append(to.deferred, sim.Event{Kind: evProcess, Entity: m.to, Arg: int64(id)})
		return
	}
	if now > w.engine.Now() {
		w.engine.Schedule(now, evProcess, m.to, int64(id))
		return
	}
	w.process(now, id)
}

// closed says whether a message is a request to a broker that has not opened its
// port yet: it does so when it is about to be unfenced (BrokerServer.startup,
// SocketServer.enableRequestProcessing). Until then it may take itself for the
// leader that it was in its last life, and must not act as one.
func (w *world) closed(m *message) bool {
	if int(m.to) >= w.plan.brokers || w.serving(m.to) {
		return false
	}
	switch m.kind { //nolint:exhaustive // the others are answers, or for the controller that is in the same process
	case msgProduce, msgFetch, msgConsume, msgMetadata, msgConnect, msgGroup, msgCommit, msgOffsets:
		return true
	default:
		return false
	}
}

// refuse answers a message to a process that is not there on a host that is: a
// reset reaches the sender half a round trip later.
func (w *world) refuse(now sim.Time, id msgID) {
	m := &w.messages[id]
	arrive := now.Add(w.delayBetween(m.to, m.from, m.stream))
	if m.conn >= 0 && int(m.conn) < len(w.connections) {
		// Behind the last answer of the dead process that is on the way to the client.
		arrive = max(arrive, w.lastArrival[int(m.conn)+len(w.connections)])
	}
	w.engine.Schedule(arrive, evReset, m.from, int64(id))
}

// A process is a server or a client as the network sees it.
type process struct {
	up          bool
	hostUp      bool
	paused      bool
	diedMachine bool
	inc         int32 // incarnation; grows with each start
	diedInc     int32 // the incarnation that died last; -1: none
	diedAt      sim.Time
	pausedAt    sim.Time
	deferred    []sim.Event // what happened to it while it was frozen
}

func (w *world) incarnation(node int32) int32 { return w.processes[node].inc }

// die ends a process; with machine, its host vanishes too.
func (w *world) die(now sim.Time, node int32, machine bool) {
	p := &w.processes[node]
	if p.paused {
		w.frozen--
	}
	p.up, p.paused = false, false
	p.diedInc, p.diedAt, p.diedMachine = p.inc, now, machine
	if machine {
		p.hostUp = false
	}
	for _, e := range p.deferred {
		switch e.Kind {
		case evArrive, evProcess, evReceive, evRead, evWork, evRespond:
			w.dropped(now, msgID(e.Arg))
		case evReset:
			w.freeAny(msgID(e.Arg))
		}
	}
	p.deferred = p.deferred[:0]
}

// start begins a new incarnation.
func (w *world) start(node int32) {
	p := &w.processes[node]
	p.inc++
	p.up, p.hostUp, p.paused = true, true, false
}

// freeze stops a process without closing its sockets.
func (w *world) freeze(now sim.Time, node int32) {
	p := &w.processes[node]
	if !p.paused {
		w.frozen++
	}
	p.paused, p.pausedAt = true, now
}

// thaw lets a process go on: everything that happened to it meanwhile happens
// now, in order.
func (w *world) thaw(now sim.Time, node int32) {
	p := &w.processes[node]
	if p.paused {
		w.frozen--
	}
	p.paused = false
	for _, e := range p.deferred {
		w.engine.Schedule(now, e.Kind, e.Entity, e.Arg)
	}
	p.deferred = p.deferred[:0]
}
