package sim

import (
	"math"
	"testing"
	"time"

	"kafkasim/sim/rng"
)

const (
	arrival Kind = iota + 1
	departure
)

// mm1 is the queue with Poisson arrivals, exponential service and one server,
// first come first served. The mean service time is a millisecond.
type mm1 struct {
	arrivals, services rng.Stream
	gap                time.Duration // mean time between arrivals
	waiting            []Time        // arrivals of those in the system, a ring
	first, number      int
	area               float64 // ∫ number dt, in ns
	changed            Time
}

const mm1Service = time.Millisecond

func newMM1(seed uint64, load float64) *mm1 {
	return &mm1{
		arrivals: rng.New(seed, "queue", "arrivals"),
		services: rng.New(seed, "queue", "services"),
		gap:      time.Duration(float64(mm1Service) / load),
		waiting:  make([]Time, 1024),
	}
}

func (m *mm1) start(q eventSet) { q.Schedule(Time(m.arrivals.ExpDuration(m.gap)), arrival, 0, 0) }

// nextSojourn runs until a customer leaves and returns its time in the system.
// Entity tells the kinds apart where an event set does not carry them.
func (m *mm1) nextSojourn(q eventSet) time.Duration {
	for {
		e, _ := q.Next()
		m.area += float64(m.number) * float64(e.At-m.changed)
		m.changed = e.At
		if e.Entity == 0 {
			m.arrive(q, e.At)
			continue
		}
		in := m.waiting[m.first]
		m.first = (m.first + 1) % len(m.waiting)
		m.number--
		if m.number > 0 {
			q.Schedule(e.At.Add(m.services.ExpDuration(mm1Service)), departure, 1, 0)
		}
		return e.At.Sub(in)
	}
}

func (m *mm1) arrive(q eventSet, now Time) {
	if m.number == len(m.waiting) {
		grown := make([]Time, 2*len(m.waiting))
		n := copy(grown, m.waiting[m.first:])
		copy(grown[n:], m.waiting[:m.first])
		m.waiting, m.first = grown, 0
	}
	m.waiting[(m.first+m.number)%len(m.waiting)] = now
	m.number++
	if m.number == 1 {
		q.Schedule(now.Add(m.services.ExpDuration(mm1Service)), departure, 1, 0)
	}
	q.Schedule(now.Add(m.arrivals.ExpDuration(m.gap)), arrival, 0, 0)
}

// TestMM1 holds engine and streams to the closed form of M/M/1 at load 0.9:
// mean sojourn 1/(µ−λ) = 10 service times and 9 customers in the system.
//
// The error is estimated from 50 batch means. A batch of 100,000 customers is
// far longer than the queue's memory (some 360 customers), so the means are
// nearly independent; their own error is checked against the known one.
func TestMM1(t *testing.T) {
	const batches, size = 50, 100_000
	var e Engine
	m := newMM1(1, 0.9)
	m.start(&e)
	for range size / 10 { // from empty to steady state
		m.nextSojourn(&e)
	}
	from := e.Now()
	m.area = 0
	sum, squares := 0.0, 0.0
	for range batches {
		batch := time.Duration(0)
		for range size {
			batch += m.nextSojourn(&e)
		}
		mean := float64(batch) / size / float64(mm1Service)
		sum += mean
		squares += mean * mean
	}
	mean := sum / batches
	deviation := math.Sqrt((squares/batches - mean*mean) / (batches - 1))
	if math.Abs(mean-10) > 4*deviation {
		t.Errorf("mean sojourn = %.3f ± %.3f service times, closed form 10", mean, deviation)
	}
	// Asymptotic variance of the mean wait: ρ(2+5ρ−4ρ²+ρ³)/(1−ρ)⁴ service
	// times squared a customer (Whitt, Planning queueing simulations,
	// Management Science 35 (1989)). An estimate from 50 batches has a relative
	// error of 1/√98 ≈ 10 %, four of which are allowed.
	const load = 0.9
	variance := load * (2 + 5*load - 4*load*load + load*load*load) / math.Pow(1-load, 4)
	if want := math.Sqrt(variance / (batches * size)); math.Abs(deviation/want-1) > 0.4 {
		t.Errorf("standard error = %.4f service times, theory %.4f", deviation, want)
	}
	number := m.area / float64(e.Now()-from)
	if math.Abs(number-9) > 4*0.9*deviation*1.2 { // L = λW; 1.2 for the noise of λ itself
		t.Errorf("mean number in the system = %.3f, closed form 9", number)
	}
}
