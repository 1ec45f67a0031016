package host

import (
	"math"
	"slices"
	"testing"
	"time"

	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// A queue is a station driven through the engine: Poisson arrivals, one Pool.
type queue struct {
	servers       int
	load          float64 // arrivals in a mean service time, over all servers
	deterministic bool    // service times are constant; else exponential
	loss          bool    // arrivals that find every server busy leave
	arrivals      int
	seed          uint64
}

// seen is what happened, by batches of equal numbers of arrivals.
type seen struct {
	wait, sojourn []float64 // batch means, in mean service times
	waited, lost  []float64 // share of the arrivals of a batch
	inSystem      []float64 // time average of the number in the system
}

const (
	service = time.Millisecond
	batches = 30
)

// run lets the queue start empty and leaves the first batch out.
func (q queue) run() seen {
	engine := sim.NewEngine(4)
	pool := NewPool(q.servers)
	arrivals, services := rng.New(q.seed, "queue", "arrivals"), rng.New(q.seed, "queue", "services")
	gap := time.Duration(float64(service) / q.load)
	perBatch := q.arrivals / batches
	var s seen
	var wait, sojourn, waited, lost float64
	begun := sim.Time(0)
	engine.Schedule(0, 1, 0, 0)
	for n := 1; n <= perBatch*(batches+1); n++ {
		event, _ := engine.Next()
		now := event.At
		work := service
		if !q.deterministic {
			work = services.ExpDuration(service)
		}
		if q.loss && pool.Available(now) > now {
			lost++
		} else {
			start, end := pool.Serve(now, work)
			wait += start.Sub(now).Seconds() / service.Seconds()
			sojourn += end.Sub(now).Seconds() / service.Seconds()
			if start > now {
				waited++
			}
		}
		if n%perBatch == 0 {
			if n > perBatch {
				k := float64(perBatch)
				s.wait, s.sojourn = append(s.wait, wait/k), append(s.sojourn, sojourn/k)
				s.waited, s.lost = append(s.waited, waited/k), append(s.lost, lost/k)
				// Little's law turns the arrivals' time in the system into the mean number
				// there: over a batch they differ by what its ends cut off, which is in the
				// spread between batches.
				s.inSystem = append(s.inSystem, sojourn*service.Seconds()/now.Sub(begun).Seconds())
			}
			wait, sojourn, waited, lost, begun = 0, 0, 0, 0, now
		}
		engine.After(arrivals.ExpDuration(gap), 1, 0, 0)
	}
	return s
}

// agrees checks the mean of batch means against a closed form within four
// standard errors, and that these are small enough for the check to mean much.
func agrees(t *testing.T, what string, batchMeans []float64, want, precision float64) {
	t.Helper()
	n := float64(len(batchMeans))
	mean, square := 0.0, 0.0
	for _, x := range batchMeans {
		mean += x / n
	}
	for _, x := range batchMeans {
		square += (x - mean) * (x - mean) / (n - 1)
	}
	standardError := math.Sqrt(square / n)
	if math.Abs(mean-want) > 4*standardError {
		t.Errorf("%s = %.5g, closed form %.10g: off by %.1f standard errors", what, mean, want, math.Abs(mean-want)/standardError)
	}
	if 4*standardError > precision*want {
		t.Errorf("%s: four standard errors are %.2g of the value, wanted at most %.2g", what, 4*standardError/want, precision)
	}
}

// TestQueues holds the pool to the closed forms of T8: Kleinrock, Queueing
// Systems, volume 1 (1975), chapters 3 and 5 (M/M/1, M/M/m, M/M/m/m, M/G/1).
func TestQueues(t *testing.T) {
	t.Run("M/M/1 at 0.9", func(t *testing.T) {
		s := queue{servers: 1, load: 0.9, arrivals: 3_000_000, seed: 1}.run()
		agrees(t, "mean number in the system", s.inSystem, 9, 0.1)
		agrees(t, "mean sojourn in service times", s.sojourn, 10, 0.1)
	})
	t.Run("M/D/1 at 0.9", func(t *testing.T) {
		s := queue{servers: 1, load: 0.9, deterministic: true, arrivals: 3_000_000, seed: 1}.run()
		// Little's law: Lq = arrival rate × mean wait.
		for i := range s.wait {
			s.wait[i] *= 0.9
		}
		agrees(t, "mean number waiting", s.wait, 4.05, 0.1)
	})
	t.Run("Erlang C, 10 servers, 8 erlangs", func(t *testing.T) {
		s := queue{servers: 10, load: 8, arrivals: 3_000_000, seed: 1}.run()
		agrees(t, "share that waits", s.waited, 0.4091801508, 0.03)
		// Mean wait of those arrivals: C / (m - load) service times.
		agrees(t, "mean wait", s.wait, 0.4091801508/2, 0.05)
	})
	t.Run("Erlang B, 10 servers, 5 erlangs", func(t *testing.T) {
		s := queue{servers: 10, load: 5, loss: true, arrivals: 3_000_000, seed: 1}.run()
		agrees(t, "share that is lost", s.lost, 0.01838457034, 0.05)
	})
}

// TestPoolIsFirstComeFirstServed compares the pool with a queue worked through
// by hand: a plain list of servers, searched for the one that is free first.
func TestPoolIsFirstComeFirstServed(t *testing.T) {
	random := rng.New(1, "pool", "twin")
	for servers := 1; servers <= 20; servers++ {
		pool := NewPool(servers)
		naive := make([]sim.Time, servers)
		now, given := sim.Time(0), time.Duration(0)
		for range 2000 {
			now = now.Add(random.ExpDuration(time.Millisecond))
			work := random.ExpDuration(time.Duration(servers) * time.Millisecond)
			given += work
			free := slices.Index(naive, slices.Min(naive))
			wantStart := max(now, naive[free])
			naive[free] = wantStart.Add(work)
			start, end := pool.Serve(now, work)
			if start != wantStart || end != naive[free] {
				t.Fatalf("%d servers, work at %d: %d to %d, by hand %d to %d", servers, now, start, end, wantStart, naive[free])
			}
		}
		if done := slices.Max(naive); pool.Busy(done) != given {
			t.Errorf("%d servers: busy for %v in the end, given %v", servers, pool.Busy(done), given)
		}
	}
}

func TestPoolBusyGrowsWithTime(t *testing.T) {
	pool := NewPool(2)
	pool.Serve(0, 10)
	pool.Serve(0, 30)
	pool.Serve(5, 10) // begins at 10
	for _, c := range []struct {
		at   sim.Time
		want time.Duration
	}{{5, 10}, {10, 20}, {15, 30}, {25, 45}, {30, 50}, {100, 50}} {
		if got := pool.Busy(c.at); got != c.want {
			t.Errorf("busy until %d = %d, want %d", c.at, got, c.want)
		}
	}
	if got := pool.Backlog(15); got != 20 {
		t.Errorf("backlog at 15 = %d, want 20", got)
	}
	pool.Stop(15)
	if start, _ := pool.Serve(15, 1); start != 15 || pool.Busy(16) != 31 {
		t.Errorf("after a stop at 15 work begins at %d and busy until 16 is %d, want 15 and 31", start, pool.Busy(16))
	}
}

func TestThreadsAndProcessors(t *testing.T) {
	// Two threads on four processors: the third request waits for a thread, though
	// a processor is idle; another thread pool may use it meanwhile.
	threads, others, processors := NewPool(2), NewPool(4), NewPool(4)
	for i, want := range []sim.Time{0, 0, 10, 10} {
		if start, _ := ServeBoth(&threads, &processors, 0, 10); start != want {
			t.Errorf("request %d begins at %d, want %d", i, start, want)
		}
	}
	// Four requests hold the four processors: two until 10, two reserved until 20.
	if start, _ := ServeBoth(&others, &processors, 5, 10); start != 10 {
		t.Errorf("a request of another pool begins at %d, want 10", start)
	}
}

func TestPoolPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"no servers":       func() { NewPool(0) },
		"too many servers": func() { NewPool(MaxServers + 1) },
		"negative work":    func() { p := NewPool(1); p.Serve(0, -1) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
