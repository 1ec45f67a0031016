package batch

import (
	"time"

	"kafkasim/models/host"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// How a request's processor time is divided. Nobody publishes the division; these
// are judgements. Of the fixed part of a request a quarter is its network thread
// reading it, half an I/O thread doing it, and a quarter the network thread
// sending its response. Of the part for each byte a quarter is spent by those
// threads: two copies and a checksum at some GB/s each come to 1 to 1.5 ms a MB,
// where brokers are measured to spend 4 to 9 in all. For what is received a network
// thread and an I/O thread share it, for what is sent it is the network thread's.
// The rest is spent beside them while the request goes on: the kernel's protocol
// work, the collector of garbage, write-back.
const (
	readShare    = 4 // of the fixed part: reading
	respondShare = 4 // of the fixed part: responding
	threadShare  = 4 // of the part for bytes: the request's own threads
)

// smallMessage is what is handled in one go by the request's own threads: one
// network packet.
const smallMessage = 1448

// machines are the hosts of the brokers, in the terms of the data plane.
type machines struct {
	host  host.Machines
	apply []rng.Stream // metadata apply times, by broker
	fsync []rng.Stream
	life  []rng.Stream // starts and stops of processes, by broker
}

// NetworkIn takes bytes off a broker's NIC and returns when all are there.
func (m *machines) NetworkIn(b int, now sim.Time, bytes int64) sim.Time {
	return m.host.Receive(now, b, unit.Bytes(bytes))
}

// NetworkOut puts bytes on a broker's NIC and returns when the last has left.
func (m *machines) NetworkOut(b int, at sim.Time, bytes int64) sim.Time {
	return m.host.Send(at, b, unit.Bytes(bytes))
}

// cost divides the processor time of a message of bytes at broker b: its fixed
// part, its bytes' part on the request's own threads, and that beside them.
func (m *machines) cost(b int, bytes int64) (fixed, own, beside time.Duration) {
	fixed = m.host.RequestCost(b, 0)
	own = m.host.RequestCost(b, unit.Bytes(bytes)) - fixed
	if bytes > smallMessage {
		beside = own - own/threadShare
		own -= beside
	}
	return fixed, own, beside
}

// Read is a network thread reading a request that has arrived at a broker; it
// returns when that is done. If the thread was idle it begins only after its
// wake-up.
func (m *machines) Read(b int, at sim.Time, bytes int64, wake time.Duration) sim.Time {
	fixed, own, beside := m.cost(b, bytes)
	if beside > 0 {
		m.host.ServeBackground(at, b, beside)
	}
	start, end := m.host.ServeNetwork(at, b, fixed/readShare+own/2)
	return awake(at, start, end, wake)
}

// Work is an I/O thread doing a request that has been read; it returns when that is
// done.
func (m *machines) Work(b int, at sim.Time, bytes int64, wake time.Duration) sim.Time {
	fixed, own, _ := m.cost(b, bytes)
	start, end := m.host.ServeIO(at, b, fixed-fixed/readShare-fixed/respondShare+own-own/2)
	return awake(at, start, end, wake)
}

// Take is a thread of its own, such as a replica fetcher, taking a response that
// has arrived at a broker; it returns when that is done.
func (m *machines) Take(b int, at sim.Time, bytes int64, wake time.Duration) sim.Time {
	fixed, own, beside := m.cost(b, bytes)
	if beside > 0 {
		m.host.ServeBackground(at, b, beside)
	}
	start, end := m.host.ServeBackground(at, b, fixed+own)
	return awake(at, start, end, wake)
}

// Respond is a network thread sending a response; it returns when that has left
// the process.
func (m *machines) Respond(b int, at sim.Time, bytes int64, wake time.Duration) sim.Time {
	fixed, own, beside := m.cost(b, bytes)
	start, end := m.host.ServeNetwork(at, b, fixed/respondShare+own)
	if beside > 0 {
		m.host.ServeBackground(start, b, beside)
	}
	return awake(at, start, end, wake)
}

// awake is when work that could begin at at, and did from start to end, is done:
// a thread that found it in its queue went straight on, one that waited for it
// had to be woken first.
func awake(at, start, end sim.Time, wake time.Duration) sim.Time {
	if start == at {
		return end.Add(wake)
	}
	return end
}

// Append adds bytes to a broker's page cache and returns when it has taken them.
func (m *machines) Append(b int, at sim.Time, bytes int64) sim.Time {
	return m.host.Append(at, b, unit.Bytes(bytes))
}

// Fsync forces a log to the disk.
func (m *machines) Fsync(b int, at sim.Time, bytes int64) sim.Time {
	return m.host.Fsync(at, b, unit.Bytes(bytes), m.fsync[b].Norm())
}

// Sync forces everything of a broker to its disk.
func (m *machines) Sync(b int, at sim.Time) sim.Time {
	return m.host.Sync(at, b, m.fsync[b].Norm())
}

// clientShare divides the processor time of a client: half for sending a request,
// half for taking its answer.
const clientShare = 2

// Client is a client beside broker b sending a request or taking an answer: it returns
// when that is done.
func (m *machines) Client(b int, at sim.Time) sim.Time {
	work := m.host.Hardware(b).ClientCPU / clientShare
	if work == 0 {
		return at
	}
	_, end := m.host.ServeClient(at, b, work)
	return end
}

// applyTime draws how long a broker takes to apply metadata that has arrived.
func (m *machines) applyTime(b int, s *rng.Stream) time.Duration {
	law := m.host.Hardware(b).MetadataApply
	return s.LognormalDuration(law.Median, law.P99)
}

// resourceNames are the resources of broker.utilization.
func resourceNames() []string { return []string{"cpu", "network", "disk"} }

// resourceOf is the entry of resourceNames that a host's resource belongs to.
func resourceOf() []int {
	return []int{host.CPU: 0, host.NetworkIn: 1, host.NetworkOut: 1, host.DiskTime: 2}
}

// busiest is the utilization of the busiest resource of the busiest broker until
// now, and the highest of each resource.
func (m *machines) busiest(now sim.Time) (most float64, each [3]float64) {
	for b := range m.apply {
		u := m.host.Usage(now, b)
		for r, at := range resourceOf() {
			share := u.Utilization(host.Resource(r), host.Usage{})
			each[at] = max(each[at], share)
			most = max(most, share)
		}
	}
	return most, each
}

// utilization is that of a broker's busiest resource.
func (m *machines) utilization(b int, now sim.Time) float64 {
	_, share := m.host.Usage(now, b).Busiest(host.Usage{})
	return share
}

// lossPosition takes a machine away and returns up to which of its bytes survive.
func (m *machines) lossPosition(b int, now sim.Time) int64 { return int64(m.host.Lose(now, b)) }

// newMachines builds the hosts of one replication.
func newMachines(brokers []scenarios.Broker, config *scenarios.BrokerConfig, seed uint64) machines {
	m := machines{host: host.NewMachines(brokers)}
	m.host.SetThreads(config.NetworkThreads, config.IOThreads)
	for b := range brokers {
		phase := rng.New(seed, nameOf("broker", b+1), "flusher")
		m.host.SetFlusher(b, phase.UniformDuration(0, 5*time.Second))
		m.apply = append(m.apply, rng.New(seed, nameOf("broker", b+1), "metadata apply"))
		m.fsync = append(m.fsync, rng.New(seed, nameOf("broker", b+1), "fsync"))
		m.life = append(m.life, rng.New(seed, nameOf("broker", b+1), "life"))
	}
	return m
}
