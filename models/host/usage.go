package host

import (
	"time"

	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// A Resource is what a broker can run out of.
type Resource uint8

// Resources of a broker.
const (
	CPU Resource = iota
	NetworkIn
	NetworkOut
	DiskTime
	resources
)

// String names the resource as reports do.
func (r Resource) String() string {
	switch r {
	case CPU:
		return "cpu"
	case NetworkIn:
		return "network in"
	case NetworkOut:
		return "network out"
	case DiskTime:
		return "disk"
	case resources:
	}
	return "unknown"
}

// Usage is what a broker's machine has done from the start until At. Busy is the
// time that each resource worked, over its servers where it has several, and
// counts work of other brokers that share it, but not of clients. The bytes are the broker's own.
type Usage struct {
	At      sim.Time
	Busy    [resources]time.Duration
	In, Out unit.Bytes // over the network
	Written unit.Bytes // to the platter
}

// Usage is that of broker b until now.
func (m *Machines) Usage(now sim.Time, b int) Usage {
	x := &m.brokers[b]
	cpu := &m.pools[x.cpu]
	busy := float64(max(0, cpu.Busy(now)-m.clients[x.cpu])) / float64(cpu.Servers())
	// Work was stretched by what is always in use, which counts by itself.
	busy = float64(busy*(1-x.idle)) + float64(x.idle*float64(now))
	disk := &m.disks[x.disk]
	usage := Usage{At: now, In: x.bytesIn, Out: x.bytesOut, Written: disk.Written(now, x.stream)}
	usage.Busy[CPU] = time.Duration(busy)
	usage.Busy[NetworkIn] = m.links[x.in].Busy(now)
	usage.Busy[NetworkOut] = m.links[x.out].Busy(now)
	usage.Busy[DiskTime] = disk.Busy(now)
	return usage
}

// Utilization is the share of the time since earlier that the resource was busy,
// 0 to 1; 0 if no time has passed.
func (u Usage) Utilization(r Resource, earlier Usage) float64 {
	if u.At <= earlier.At {
		return 0
	}
	return float64(u.Busy[r]-earlier.Busy[r]) / float64(u.At.Sub(earlier.At))
}

// Busiest is the resource that was busy most of the time since earlier, the
// first of equals, and that share.
func (u Usage) Busiest(earlier Usage) (Resource, float64) {
	best, most := CPU, u.Utilization(CPU, earlier)
	for r := CPU + 1; r < resources; r++ {
		if share := u.Utilization(r, earlier); share > most {
			best, most = r, share
		}
	}
	return best, most
}
