package host

import (
	"fmt"
	"time"

	"kafkasim/sim"
)

// MaxServers is the most servers that a Pool can have.
const MaxServers = 128

// A Pool is a number of equal servers with one queue, first come first served:
// processors, or the threads that may run on them. It is exact for requests in
// the order of time. It is flat: a copy is a fork.
type Pool struct {
	free    [MaxServers]sim.Time // when each server has done what it was given: a binary min-heap
	servers int
	busy    time.Duration // given to servers in all, part of it in the future
}

// NewPool returns an idle pool. It panics unless servers is 1 to MaxServers.
func NewPool(servers int) Pool {
	if servers < 1 || servers > MaxServers {
		panic(fmt.Sprintf("host: a pool of %d servers; it must have 1 to %d", servers, MaxServers))
	}
	return Pool{servers: servers}
}

// Servers is the number of servers.
func (p *Pool) Servers() int { return p.servers }

// Available is when work given at now would begin: now itself while a server is
// idle.
func (p *Pool) Available(now sim.Time) sim.Time { return max(now, p.free[0]) }

// Serve gives work that arrives at now to the server that is free first, and
// returns when that begins and ends it. It panics if work is negative.
func (p *Pool) Serve(now sim.Time, work time.Duration) (start, end sim.Time) {
	start = p.Available(now)
	end = start.Add(work)
	p.take(start, end, work)
	return start, end
}

// ServeBoth gives work that needs a server of each pool at the same time, such
// as a thread and a processor: it begins when both have one. A server that waits
// for the other counts as busy.
func ServeBoth(p, q *Pool, now sim.Time, work time.Duration) (start, end sim.Time) {
	start = max(p.Available(now), q.Available(now))
	end = start.Add(work)
	p.take(p.Available(now), end, work)
	q.take(q.Available(now), end, work)
	return start, end
}

// take makes the server that is free first busy from from to until.
func (p *Pool) take(from, until sim.Time, work time.Duration) {
	if work < 0 {
		panic(fmt.Sprintf("host: work of %v", work))
	}
	p.busy += until.Sub(from)
	hole := 0
	for {
		child := 2*hole + 1
		if child >= p.servers {
			break
		}
		if child+1 < p.servers && p.free[child+1] < p.free[child] {
			child++
		}
		if p.free[child] >= until {
			break
		}
		p.free[hole] = p.free[child]
		hole = child
	}
	p.free[hole] = until
}

// Busy is the time that servers have been busy until now, summed over servers:
// the utilization between two instants is the growth of Busy over the time
// between them, over Servers.
func (p *Pool) Busy(now sim.Time) time.Duration {
	busy := p.busy
	for _, free := range p.free[:p.servers] {
		if free > now {
			busy -= free.Sub(now)
		}
	}
	return busy
}

// Backlog is how much given work is not done at now, summed over servers.
func (p *Pool) Backlog(now sim.Time) time.Duration { return p.busy - p.Busy(now) }

// Stop drops what is under way and queued at now, as when the machine goes.
func (p *Pool) Stop(now sim.Time) {
	p.busy = p.Busy(now)
	for i := range p.servers {
		p.free[i] = min(p.free[i], now)
	}
}
