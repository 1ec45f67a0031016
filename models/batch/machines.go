package batch

import (
	"time"

	"kafkasim/models/host"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// responseShare is the part of a request's fixed processor time that is spent on
// its response: the way back through the response queue and the network thread.
// Nobody publishes the division; a quarter is a judgement.
const responseShare = 4

// machines are the hosts of the brokers, in the terms of the data plane.
type machines struct {
	host  host.Machines
	apply []rng.Stream // metadata apply times, by broker
	fsync []rng.Stream
}

// NetworkIn takes bytes off a broker's NIC and returns when all are there.
func (m *machines) NetworkIn(b int, now sim.Time, bytes int64) sim.Time {
	return m.host.Receive(now, b, unit.Bytes(bytes))
}

// NetworkOut puts bytes on a broker's NIC and returns when the last has left.
func (m *machines) NetworkOut(b int, at sim.Time, bytes int64) sim.Time {
	return m.host.Send(at, b, unit.Bytes(bytes))
}

// Handle is the processor time of taking a request or response: reading, parsing
// and doing it.
func (m *machines) Handle(b int, at sim.Time, bytes int64) sim.Time {
	fixed := m.host.RequestCost(b, 0)
	cost := m.host.RequestCost(b, unit.Bytes(bytes)) - fixed/responseShare
	_, end := m.host.ServeIO(at, b, cost)
	return end
}

// Respond is the processor time of sending a response.
func (m *machines) Respond(b int, at sim.Time, bytes int64) sim.Time {
	fixed := m.host.RequestCost(b, 0)
	cost := m.host.RequestCost(b, unit.Bytes(bytes)) - fixed + fixed/responseShare
	_, end := m.host.ServeNetwork(at, b, cost)
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

// Boot is the time from the start of a broker's process until its clean logs are
// loaded.
func (m *machines) Boot(b int) time.Duration { return m.host.Hardware(b).CleanLoad }

// Recovery is the time to check bytes of unclean log again.
func (m *machines) Recovery(b int, bytes int64, threads int) time.Duration {
	rate := m.host.Hardware(b).RecoveryRate * unit.ByteRate(max(1, threads))
	return rate.TimeFor(unit.Bytes(bytes))
}

// stopTime is from the grant of a controlled shutdown to the end of the process:
// closing sockets and flushing logs. kafka.md A.10 gives 0.05 s for the least.
const stopTime = 50 * time.Millisecond

// clientRequestTime is a client's own time to build and write a request: about
// what kgo needs for a fetch (host.CostOf).
const clientRequestTime = 20 * time.Microsecond

// applyTime draws how long a broker takes to apply metadata that has arrived.
func (m *machines) applyTime(b int) time.Duration {
	law := m.host.Hardware(b).MetadataApply
	return m.apply[b].LognormalDuration(law.Median, law.P99)
}

// resourceNames are the resources of broker.utilization.
func resourceNames() []string { return []string{"cpu", "network", "disk"} }

// busiest is the utilization of the busiest resource of the busiest broker until
// now, and the highest of each resource.
func (m *machines) busiest(now sim.Time) (most float64, each [3]float64) {
	for b := range m.apply {
		u := m.host.Usage(now, b)
		for r, at := range []int{host.CPU: 0, host.NetworkIn: 1, host.NetworkOut: 1, host.DiskTime: 2} {
			share := u.Utilization(host.Resource(r), host.Usage{})
			each[at] = max(each[at], share)
			most = max(most, share)
		}
	}
	return most, each
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
	}
	return m
}
