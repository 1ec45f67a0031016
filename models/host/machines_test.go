package host

import (
	"math"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// laptop is three containers that share everything.
func laptop() []scenarios.Broker {
	h := testDisk()
	h.Cores, h.CPUShared, h.NetworkShared, h.DiskShared = 2, true, true, true
	brokers := make([]scenarios.Broker, 3)
	for i := range brokers {
		brokers[i] = scenarios.Broker{ID: i + 1, Hardware: h}
	}
	return brokers
}

func TestContainersShareTheirMachine(t *testing.T) {
	m := NewMachines(laptop())
	m.SetThreads(3, 8)
	for b, want := range []sim.Time{10, 10, 20} { // two processors
		if _, end := m.ServeIO(0, b, 10); end != want {
			t.Errorf("broker %d: work ends at %d, want %d", b, end, want)
		}
	}
	for b := range 3 { // one link of 1 byte a nanosecond
		if got, want := m.Send(0, b, 100), sim.Time(100*(b+1)); got != want {
			t.Errorf("broker %d: sent at %d, want %d", b, got, want)
		}
	}
	m.Append(0, 0, 500*unit.MB) // 200 MB too many for three page caches of 1 GB
	if got := m.SyncedUpTo(second, 0); got < 100*unit.MB-1 || got > 100*unit.MB {
		t.Errorf("broker 0: synced %d", got)
	}
	if got := m.Usage(second, 2).Busy[DiskTime]; got != time.Second {
		t.Errorf("the disk under broker 2 was busy for %v, want the second that broker 0 needed", got)
	}
	m.Append(second, 1, unit.MB)
	if got := m.Lose(second, 1); got != 0 {
		t.Errorf("broker 1: %d bytes survive, want none", got)
	}
	if got := m.Appended(0); got != 500*unit.MB {
		t.Errorf("broker 0 has appended %d: the loss of another broker's machine changed it", got)
	}
}

func TestMachinesOfTheirOwn(t *testing.T) {
	brokers := laptop()
	for i := range brokers {
		brokers[i].Hardware = testDisk()
	}
	m := NewMachines(brokers)
	for b := range 3 {
		if _, end := m.ServeIO(0, b, 10); end != 10 {
			t.Errorf("broker %d: work ends at %d, want 10", b, end)
		}
		if got := m.Send(0, b, 100); got != 100 {
			t.Errorf("broker %d: sent at %d, want 100", b, got)
		}
	}
	m.Crash(5, 1)
	if _, end := m.ServeIO(5, 1, 10); end != 15 {
		t.Errorf("after a crash at 5 work ends at %d, want 15", end)
	}
}

func TestRequestCost(t *testing.T) {
	h := testDisk()
	h.Cores, h.CPUPerMB, h.CPUPerRequest = 2, 6*time.Millisecond, 60*time.Microsecond
	m := NewMachines([]scenarios.Broker{{Hardware: h}})
	if got, want := m.RequestCost(0, 500*unit.KB), 3060*time.Microsecond; (got - want).Abs() > 1 {
		t.Errorf("cost of a request of 500 KB: %v, want %v", got, want)
	}
	h.CPUIdle = 0.5 // a quarter of the processors: work takes 4/3 as long
	m = NewMachines([]scenarios.Broker{{Hardware: h}})
	if got, want := m.RequestCost(0, 500*unit.KB), 4080*time.Microsecond; (got - want).Abs() > 1 {
		t.Errorf("cost beside background work: %v, want %v", got, want)
	}
	shared := laptop()
	shared[0].Hardware.CPUIdle = 0.5 // of each of three: three quarters of two processors
	if got := NewMachines(shared).brokers[2].idle; math.Abs(got-0.75) > 1e-12 {
		t.Errorf("%g of shared processors are always in use, want 0.75", got)
	}
	// Saturated, the machine is busy all the time; idle, a quarter of it.
	idle := m.Usage(second, 0)
	if got := idle.Utilization(CPU, Usage{}); math.Abs(got-0.25) > 1e-9 {
		t.Errorf("utilization of an idle machine: %g, want 0.25", got)
	}
	m.ServeIO(second, 0, time.Second)
	m.ServeIO(second, 0, time.Second)
	r, share := m.Usage(2*second, 0).Busiest(idle)
	if r != CPU || math.Abs(share-1) > 1e-9 {
		t.Errorf("busiest resource: %v at %g, want the cpu at 1", r, share)
	}
}

func TestUsageCountsBytes(t *testing.T) {
	m := NewMachines(laptop())
	m.Send(0, 1, 1000)
	m.Receive(0, 1, 500)
	m.Append(0, 1, 200*unit.MB)
	u := m.Usage(100*second, 1)
	if u.In != 500 || u.Out != 1000 || u.Written != 200*unit.MB {
		t.Errorf("in %d, out %d, written %d", u.In, u.Out, u.Written)
	}
	if other := m.Usage(100*second, 0); other.In != 0 || other.Out != 0 || other.Written != 0 {
		t.Errorf("another broker: %+v", other)
	}
}

func TestCopyForks(t *testing.T) {
	var fork Machines
	m := NewMachines(laptop())
	m.Append(0, 0, unit.MB)
	m.CopyTo(&fork)
	m.Append(1, 0, unit.MB)
	m.ServeIO(1, 0, time.Second)
	if fork.Appended(0) != unit.MB || fork.Usage(2*second, 0).Busy[CPU] != 0 {
		t.Error("what happens to the original shows in the fork")
	}
	fork.Append(3*second, 0, 5)
	if m.Appended(0) != 2*unit.MB {
		t.Error("what happens to the fork shows in the original")
	}
}

func TestNoAllocations(t *testing.T) {
	m := NewMachines(laptop())
	var fork Machines
	m.CopyTo(&fork)
	now := sim.Time(0)
	if got := testing.AllocsPerRun(1000, func() {
		now += sim.Time(time.Millisecond)
		work := m.RequestCost(1, unit.MB)
		m.ServeNetwork(now, 1, work)
		m.ServeIO(now, 1, work)
		m.ServeBackground(now, 2, work)
		m.Send(now, 1, unit.MB)
		m.Receive(now, 2, unit.MB)
		m.Append(now, 1, unit.MB)
		m.Fsync(now, 1, unit.MB, 0.5)
		m.Read(now, 1, 0, unit.MB)
		m.SyncedUpTo(now, 2)
		m.Usage(now, 1)
		m.CopyTo(&fork)
	}); got != 0 {
		t.Errorf("%g allocations a request, want none", got)
	}
}

// TestExposureToPowerLoss: what an i3en.2xlarge loses with its machine at
// 100 MB/s is what it appended since the flusher looked, 30 to 35 s.
func TestExposureToPowerLoss(t *testing.T) {
	h := testDisk()
	h.DiskWrite, h.DiskBurst, h.PageCache = 667e6, 667e6, 49*unit.GiB
	for phase := time.Duration(0); phase < flusherPeriod; phase += 500 * time.Millisecond {
		d := NewDisk(h, 1, phase)
		now := sim.Time(0)
		for now < 97*second {
			now += sim.Time(5 * time.Millisecond)
			d.Append(now, 0, unit.MB/2)
		}
		exposed := float64(d.Appended(0)-d.SyncedUpTo(now, 0)) / 100e6
		// The wake writes five seconds' worth, 500 MB, in 0.75 s.
		if exposed < 30 || exposed > 35.75 {
			t.Errorf("phase %v: %.4g s of appends would be lost, want 30 to 35.75", phase, exposed)
		}
	}
}

func TestCleanShutdownSyncsEverything(t *testing.T) {
	m := NewMachines(laptop())
	m.Append(second, 2, 50*unit.MB)
	done := m.Sync(2*second, 2, 0)
	if want := 2*second + second/2; done != want {
		t.Errorf("50 MB are on the platter at %d, want %d", done, want)
	}
	if got := m.Lose(done, 2); got != 50*unit.MB {
		t.Errorf("%d bytes survive, want all", got)
	}
}

// BenchmarkRequest is a produce request of 100 kB at a broker under load: the
// cost of the host model in an event of the batch plane.
func BenchmarkRequest(b *testing.B) {
	m := NewMachines(laptop())
	now := sim.Time(0)
	b.ReportAllocs()
	for b.Loop() {
		now += sim.Time(2 * time.Millisecond)
		cost := m.RequestCost(1, 100*unit.KB)
		m.Receive(now, 1, 100*unit.KB)
		m.ServeIO(now, 1, cost)
		m.Append(now, 1, 100*unit.KB)
		m.ServeNetwork(now, 1, cost)
		m.Send(now, 1, 1000)
	}
}
