package host

import (
	"fmt"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// Machines are the machines under the brokers of one cluster. Brokers count from
// 0 here, in the order of the cluster. Brokers of equal machines whose profile
// shares the processors, the network or the disk (containers on one machine)
// share those.
type Machines struct {
	brokers []machine
	pools   []Pool // of processors and of threads
	links   []Link
	disks   []Disk
	clients []time.Duration // processor time that clients took, by pool
}

// A machine says which resources a broker uses.
type machine struct {
	hardware                 scenarios.Hardware
	cpu, networkers, workers int // in pools
	in, out                  int // in links
	disk, stream             int // in disks, and in that disk
	ownCPU, ownNetwork       bool
	stretch                  float64 // of work, because something always uses the processors
	idle                     float64 // share of the processors that is always in use
	bytesIn, bytesOut        unit.Bytes
}

// NewMachines builds the machines of brokers, idle and with full credits. Until
// SetThreads says otherwise a broker has as many threads as processors.
func NewMachines(brokers []scenarios.Broker) Machines {
	var m Machines
	for i := range brokers {
		m.add(brokers, i)
	}
	return m
}

func (m *Machines) add(brokers []scenarios.Broker, b int) {
	h := brokers[b].Hardware
	first, sharers, place := b, 0, 0 // of the brokers with an equal machine
	for i := range brokers {
		if *brokers[i].Hardware != *h {
			continue
		}
		first = min(first, i)
		sharers++
		if i < b {
			place++
		}
	}
	next := machine{hardware: *h, ownCPU: !h.CPUShared, ownNetwork: !h.NetworkShared}
	switch {
	case h.CPUShared && first < b:
		next.cpu = m.brokers[first].cpu
	default:
		next.cpu = m.addPool(h.Cores)
	}
	next.networkers = m.addPool(h.Cores)
	next.workers = m.addPool(h.Cores)
	switch {
	case h.NetworkShared && first < b:
		next.in, next.out = m.brokers[first].in, m.brokers[first].out
	default:
		link := NewLink(h.NetworkBase, h.NetworkBurst, h.NetworkCredit)
		m.links = append(m.links, link, link)
		next.in, next.out = len(m.links)-2, len(m.links)-1
	}
	switch {
	case h.DiskShared && first < b:
		next.disk, next.stream = m.brokers[first].disk, place
	case h.DiskShared:
		m.disks = append(m.disks, NewDisk(h, sharers, 0))
		next.disk = len(m.disks) - 1
	default:
		m.disks = append(m.disks, NewDisk(h, 1, 0))
		next.disk = len(m.disks) - 1
	}
	cores, idle := float64(h.Cores), h.CPUIdle
	if h.CPUShared {
		idle *= float64(sharers)
	}
	if idle >= cores {
		panic(fmt.Sprintf("host: %g of %g processors always in use", idle, cores))
	}
	next.idle = idle / cores
	next.stretch = cores / (cores - idle)
	m.brokers = append(m.brokers, next)
}

func (m *Machines) addPool(servers int) int {
	m.pools = append(m.pools, NewPool(servers))
	m.clients = append(m.clients, 0)
	return len(m.pools) - 1
}

// SetThreads gives every broker num.network.threads and num.io.threads, before
// anything ran. More threads than processors help nobody: what a thread does
// needs a processor.
func (m *Machines) SetThreads(network, io int) {
	for i := range m.brokers {
		b := &m.brokers[i]
		m.pools[b.networkers] = NewPool(min(network, b.hardware.Cores))
		m.pools[b.workers] = NewPool(min(io, b.hardware.Cores))
	}
}

// SetFlusher sets when the kernel of broker b first looks for old dirty pages,
// before anything was appended: 0 to 5 s, best drawn uniformly. Brokers that
// share a disk share a kernel.
func (m *Machines) SetFlusher(b int, phase time.Duration) {
	if phase < 0 || phase >= flusherPeriod {
		panic(fmt.Sprintf("host: flusher phase %v; it must be 0 to %v", phase, flusherPeriod))
	}
	m.disks[m.brokers[b].disk].nextWake = sim.Time(phase)
}

// CopyTo makes dst an independent copy of m, reusing dst's memory.
func (m *Machines) CopyTo(dst *Machines) {
	dst.brokers = append(dst.brokers[:0], m.brokers...)
	dst.pools = append(dst.pools[:0], m.pools...)
	dst.clients = append(dst.clients[:0], m.clients...)
	dst.links = append(dst.links[:0], m.links...)
	dst.disks = append(dst.disks[:0], m.disks...)
}

// Hardware is the profile of broker b; it must not be changed.
func (m *Machines) Hardware(b int) *scenarios.Hardware { return &m.brokers[b].hardware }

// RequestCost is the processor time of broker b for a request that moves bytes,
// in or out: the profile's CPUPerRequest and CPUPerMB, longer by what the
// broker's own background work takes of the processors.
func (m *Machines) RequestCost(b int, bytes unit.Bytes) time.Duration {
	x := &m.brokers[b]
	perByte := float64(x.hardware.CPUPerMB) / float64(unit.MB)
	return time.Duration(x.stretch * (float64(x.hardware.CPUPerRequest) + float64(perByte*float64(bytes))))
}

// ServeNetwork runs work on a network thread and a processor of broker b.
func (m *Machines) ServeNetwork(now sim.Time, b int, work time.Duration) (start, end sim.Time) {
	x := &m.brokers[b]
	return ServeBoth(&m.pools[x.networkers], &m.pools[x.cpu], now, work)
}

// ServeIO runs work on an I/O thread (request handler) and a processor of broker b.
func (m *Machines) ServeIO(now sim.Time, b int, work time.Duration) (start, end sim.Time) {
	x := &m.brokers[b]
	return ServeBoth(&m.pools[x.workers], &m.pools[x.cpu], now, work)
}

// ServeBackground runs work of another thread of broker b on a processor: a
// replica fetcher, log recovery.
func (m *Machines) ServeBackground(now sim.Time, b int, work time.Duration) (start, end sim.Time) {
	return m.pools[m.brokers[b].cpu].Serve(now, work)
}

// Idle is how long the processors of broker b have been idle until now, summed over
// them.
func (m *Machines) Idle(now sim.Time, b int) time.Duration {
	cpu := &m.pools[m.brokers[b].cpu]
	return time.Duration(cpu.Servers())*time.Duration(now) - cpu.Busy(now)
}

// SameProcessors says whether two brokers run on the same processors.
func (m *Machines) SameProcessors(a, b int) bool { return m.brokers[a].cpu == m.brokers[b].cpu }

// ServeClient runs work of a client on the processors of broker b, which it shares;
// it does not count as the broker's use.
func (m *Machines) ServeClient(now sim.Time, b int, work time.Duration) (start, end sim.Time) {
	pool := m.brokers[b].cpu
	m.clients[pool] += work
	return m.pools[pool].Serve(now, work)
}

// Send puts bytes on broker b's network at now and returns when the last has
// left.
func (m *Machines) Send(now sim.Time, b int, bytes unit.Bytes) (departure sim.Time) {
	x := &m.brokers[b]
	x.bytesOut += bytes
	return m.links[x.out].Send(now, bytes)
}

// Receive takes bytes off broker b's network, the last of which comes at now,
// and returns when it has all of them (Link.Receive).
func (m *Machines) Receive(now sim.Time, b int, bytes unit.Bytes) (arrival sim.Time) {
	x := &m.brokers[b]
	x.bytesIn += bytes
	return m.links[x.in].Receive(now, bytes)
}

// Append adds bytes to broker b's log (Disk.Append).
func (m *Machines) Append(now sim.Time, b int, bytes unit.Bytes) (done sim.Time) {
	x := &m.brokers[b]
	return m.disks[x.disk].Append(now, x.stream, bytes)
}

// Fsync forces bytes of one of broker b's files to its disk; z is a standard
// normal draw for the device's answer time (Disk.Fsync).
func (m *Machines) Fsync(now sim.Time, b int, bytes unit.Bytes, z float64) (done sim.Time) {
	x := &m.brokers[b]
	return m.disks[x.disk].Fsync(now, x.stream, bytes, Delay(x.hardware.Fsync, z))
}

// Sync forces everything of broker b to its disk, as a clean shutdown does; z is
// a standard normal draw for the device's answer time.
func (m *Machines) Sync(now sim.Time, b int, z float64) (done sim.Time) {
	x := &m.brokers[b]
	return m.Fsync(now, b, m.disks[x.disk].Dirty(now, x.stream), z)
}

// Wakeup is how long a waiting thread of broker b takes to begin work that is
// ready; z is a standard normal draw.
func (m *Machines) Wakeup(b int, z float64) time.Duration {
	return Delay(m.brokers[b].hardware.Wakeup, z)
}

// Read reads bytes of broker b's log at position, counted as Appended counts,
// from the page cache or the disk.
func (m *Machines) Read(now sim.Time, b int, position, bytes unit.Bytes) (done sim.Time) {
	x := &m.brokers[b]
	d := &m.disks[x.disk]
	return d.Read(now, bytes, d.Cached(x.stream, position))
}

// Appended is how many bytes broker b has appended in all: the position of its
// next byte.
func (m *Machines) Appended(b int) unit.Bytes {
	x := &m.brokers[b]
	return m.disks[x.disk].Appended(x.stream)
}

// SyncedUpTo is up to which position broker b's bytes would survive the loss of
// its machine at now (Disk.SyncedUpTo).
func (m *Machines) SyncedUpTo(now sim.Time, b int) unit.Bytes {
	x := &m.brokers[b]
	return m.disks[x.disk].SyncedUpTo(now, x.stream)
}

// Slow makes broker b's disk factor times slower than its profile, from now on;
// 1 heals it. Brokers that share the disk suffer too.
func (m *Machines) Slow(now sim.Time, b int, factor float64) {
	m.disks[m.brokers[b].disk].Slow(now, factor)
}

// Crash ends the process of broker b at now: what its threads were doing or had
// queued is dropped. The page cache stays, and the kernel sends what it has.
func (m *Machines) Crash(now sim.Time, b int) {
	x := &m.brokers[b]
	m.pools[x.networkers].Stop(now)
	m.pools[x.workers].Stop(now)
	if x.ownCPU {
		m.pools[x.cpu].Stop(now)
	}
}

// Lose takes broker b's machine away at now: its process, what its network had
// queued, and what of its page cache was not on the platter. It returns the
// position up to which its bytes survive.
func (m *Machines) Lose(now sim.Time, b int) (survives unit.Bytes) {
	m.Crash(now, b)
	x := &m.brokers[b]
	if x.ownNetwork {
		m.links[x.in].Stop(now)
		m.links[x.out].Stop(now)
	}
	return m.disks[x.disk].Lose(now, x.stream)
}
