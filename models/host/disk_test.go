package host

import (
	"math"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// testDisk is a small machine: 100 MB/s, 1 GB of page cache, so that background
// writing begins at 100 MB dirty, pauses at 150 MB and waits at 200 MB.
func testDisk() *scenarios.Hardware {
	return &scenarios.Hardware{
		Name: "test", Cores: 1, NetworkBase: 1e9, NetworkBurst: 1e9,
		DiskWrite: 100e6, DiskBurst: 100e6, DiskRead: 200e6, PageCache: unit.GB,
	}
}

const second = sim.Time(time.Second)

func TestAppendsReachThePlatterByAge(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	d.Append(1*second, 0, 50*unit.MB)
	d.Append(6*second, 0, 10*unit.MB)
	// The flusher wakes at 0, 5, 10, … s. At 35 s the first is older than 30 s (it
	// was dirty at the wake at 5 s) and is written in half a second; at 40 s the second.
	for _, c := range []struct {
		at   sim.Time
		want unit.Bytes
	}{
		{35*second - 1, 0},
		{35*second + second/4, 25 * unit.MB},
		{35*second + second/2, 50 * unit.MB},
		{40*second - 1, 50 * unit.MB},
		{40*second + second/10, 60 * unit.MB},
	} {
		if got := d.SyncedUpTo(c.at, 0); (got-c.want) > 1 || c.want-got > 1 {
			t.Errorf("synced at %v s: %d, want %d", c.at, got, c.want)
		}
	}
	if got, want := d.Busy(50*second), 600*time.Millisecond; (got - want).Abs() > 10 {
		t.Errorf("busy for %v, want %v", got, want)
	}
}

func TestBackgroundWritingBeginsAtTenPercent(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	if done := d.Append(1*second, 0, 140*unit.MB); done != 1*second {
		t.Errorf("an append below the midpoint pauses until %d", done)
	}
	// 40 MB too many: written in 0.4 s, then no more until they are old.
	for _, c := range []struct {
		at   sim.Time
		want unit.Bytes
	}{{1*second + second/5, 20 * unit.MB}, {2 * second, 40 * unit.MB}, {30 * second, 40 * unit.MB}, {37 * second, 140 * unit.MB}} {
		if got := d.SyncedUpTo(c.at, 0); (got-c.want) > 1 || c.want-got > 1 {
			t.Errorf("synced at %v s: %d, want %d", float64(c.at)/1e9, got, c.want)
		}
	}
}

// TestWritersAreHeldToTheDisk: writers that offer 250 MB/s to a disk of 100 MB/s
// stall once the dirty pages passed the midpoint, after 15 % of the memory ÷ (in −
// disk) less what the first 10 % take to fill, and then write as fast as the disk
// with dirty pages halfway between midpoint and limit.
func TestWritersAreHeldToTheDisk(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	const chunk = 1 * unit.MB
	now, stalled := sim.Time(0), sim.Time(0)
	var at20, at60 unit.Bytes
	for now < 60*second {
		done := d.Append(now, 0, chunk)
		if done > now && stalled == 0 {
			stalled = now
		}
		now = max(done, now+sim.Time(unit.ByteRate(250e6).TimeFor(chunk)))
		if dirty := d.Dirty(now, 0); dirty > 200*unit.MB+chunk {
			t.Fatalf("%d bytes dirty at %d, beyond the limit", dirty, now)
		}
		if now < 20*second {
			at20 = d.Appended(0)
		}
		at60 = d.Appended(0)
	}
	// 100 MB at 250 MB/s, then 50 MB at 150 MB/s: 0.4 + 0.333 s; a chunk takes 4 ms.
	if want := 733 * time.Millisecond; (stalled.Sub(0) - want).Abs() > 10*time.Millisecond {
		t.Errorf("first stall at %v, want %v", stalled.Sub(0), want)
	}
	if rate := float64(at60-at20) / 40; math.Abs(rate-100e6) > 1e6 {
		t.Errorf("writers go on at %.4g B/s, want the disk's 100e6 within 1 %%", rate)
	}
	if dirty := d.Dirty(now, 0); dirty < 170*unit.MB || dirty > 180*unit.MB {
		t.Errorf("%d bytes dirty, want about 175 MB", dirty)
	}
}

func TestBeyondTheLimitWritersWait(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	done := d.Append(0, 0, 300*unit.MB)
	if want := time.Second; (done.Sub(0) - want).Abs() > 10 {
		t.Errorf("an append of 100 MB too many goes on after %v, want %v", done.Sub(0), want)
	}
	// The next one waits for its own room too.
	done = d.Append(0, 0, 50*unit.MB)
	if want := 1500 * time.Millisecond; (done.Sub(0) - want).Abs() > 10 {
		t.Errorf("the next goes on after %v, want %v", done.Sub(0), want)
	}
}

func TestFsync(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	d.Append(0, 0, 10*unit.MB)
	done := d.Fsync(0, 0, 4*unit.MB, 5*time.Millisecond)
	if want := 45 * time.Millisecond; (done.Sub(0) - want).Abs() > 10 {
		t.Errorf("fsync of 4 MB takes %v, want %v", done.Sub(0), want)
	}
	// Another file, in turn; asked for more than is dirty, it writes what is.
	done = d.Fsync(0, 0, 100*unit.MB, 5*time.Millisecond)
	if want := 110 * time.Millisecond; (done.Sub(0) - want).Abs() > 10 {
		t.Errorf("the second ends after %v, want %v", done.Sub(0), want)
	}
	if got := d.SyncedUpTo(done, 0); got != 10*unit.MB {
		t.Errorf("synced %d, want all 10 MB", got)
	}
	if got := d.Written(100*second, 0); got != 10*unit.MB {
		t.Errorf("%d bytes written, want 10 MB: once each", got)
	}
}

func TestReadsCompeteWithWriting(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	d.Append(0, 0, 10*unit.MB)
	if !d.Cached(0, 0) || d.Read(0, unit.MB, true) != 0 {
		t.Error("a cached read takes time")
	}
	if done := d.Read(0, 2*unit.MB, false); done != sim.Time(10*time.Millisecond) {
		t.Errorf("2 MB at 200 MB/s end at %d", done)
	}
	d.Append(second, 0, 120*unit.MB) // 30 MB too many dirty: 0.3 s of writing
	if done := d.Read(second, 2*unit.MB, false); done != second+sim.Time(20*time.Millisecond) {
		t.Errorf("beside writing 2 MB end after %v, want twice 10 ms", done.Sub(second))
	}
	before, at := d.SyncedUpTo(second, 0), second+sim.Time(20*time.Millisecond)
	if got := d.SyncedUpTo(at, 0) - before; got < unit.MB-1 || got > unit.MB+1 {
		t.Errorf("%d bytes written beside the read, want half of 2 MB", got)
	}
	if got := d.SyncedUpTo(at+sim.Time(10*time.Millisecond), 0) - before; got < 2*unit.MB-1 || got > 2*unit.MB+1 {
		t.Errorf("%d bytes written 10 ms later, want 2 MB", got)
	}
}

func TestPageCacheKeepsTheEnd(t *testing.T) {
	h := testDisk()
	h.PageCache = 100 * unit.MB
	d := NewDisk(h, 2, 0)
	d.Append(0, 0, 150*unit.MB)
	if d.Cached(0, 49*unit.MB) || !d.Cached(0, 50*unit.MB) || !d.Cached(1, 0) {
		t.Error("the last 100 MB of each broker are cached, and nothing before")
	}
	d.Lose(0, 0)
	if d.Cached(0, 149*unit.MB) || !d.Cached(0, 150*unit.MB) {
		t.Error("after the loss of the machine nothing older is cached")
	}
}

func TestMachineLossKeepsWhatIsSynced(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	d.Append(1*second, 0, 20*unit.MB)
	d.Append(20*second, 0, 30*unit.MB)
	if got := d.Lose(36*second, 0); got != 20*unit.MB {
		t.Errorf("%d bytes survive, want 20 MB", got)
	}
	if d.Dirty(36*second, 0) != 0 || d.Written(100*second, 0) != 20*unit.MB {
		t.Error("lost bytes are still written")
	}
	d.Append(100*second, 0, unit.MB)
	if got := d.SyncedUpTo(140*second, 0); got != 51*unit.MB {
		t.Errorf("synced %d, want everything: positions go on", got)
	}
}

func TestBurstAndSlowDisk(t *testing.T) {
	h := testDisk()
	h.DiskBurst, h.DiskCredit = 300e6, time.Second
	d := NewDisk(h, 1, 0)
	d.Append(0, 0, 200*unit.MB)
	// 100 MB too many at 300 MB/s while credit for a second of burst lasts.
	if got := d.SyncedUpTo(sim.Time(100*time.Millisecond), 0); got < 30*unit.MB-1 || got > 30*unit.MB {
		t.Errorf("synced %d after 0.1 s of burst, want 30 MB", got)
	}
	d = NewDisk(testDisk(), 1, 0)
	d.Slow(0, 4)
	d.Append(0, 0, 200*unit.MB)
	if got := d.SyncedUpTo(second, 0); got < 25*unit.MB-1 || got > 25*unit.MB {
		t.Errorf("synced %d after 1 s at a quarter of the speed, want 25 MB", got)
	}
	d.Slow(second, 1)
	if got := d.SyncedUpTo(second+second/2, 0); got < 75*unit.MB-1 || got > 75*unit.MB {
		t.Errorf("synced %d half a second after healing, want 75 MB", got)
	}
}

// TestSharedDiskSplitsItsSpeed: two brokers on one disk are written in
// proportion to what each has.
func TestSharedDiskSplitsItsSpeed(t *testing.T) {
	d := NewDisk(testDisk(), 2, 0)
	d.Append(0, 0, 300*unit.MB)
	d.Append(0, 1, 100*unit.MB) // 400 MB dirty of 2 GB: 200 MB too many
	first, other := d.SyncedUpTo(second, 0), d.SyncedUpTo(second, 1)
	if total := first + other; total < 100*unit.MB-2 || total > 100*unit.MB {
		t.Errorf("%d bytes in a second, want 100 MB", total)
	}
	if first < 74*unit.MB || first > 84*unit.MB {
		t.Errorf("the broker with three quarters of the bytes has %d of 100 MB written", first)
	}
}

// TestDiskProperties: whatever is asked, bytes are conserved, the platter never
// runs ahead of the appends nor backwards, nothing outlasts 35 s in memory on a
// disk that keeps up, and asking more often changes nothing.
func TestDiskProperties(t *testing.T) {
	for seed := range uint64(40) {
		random := rng.New(seed, "disk", "properties")
		streams := 1 + random.IntN(3)
		h := testDisk()
		if random.Bernoulli(0.5) {
			h.DiskBurst, h.DiskCredit = 250e6, 2*time.Second
		}
		d := NewDisk(h, streams, random.UniformDuration(0, flusherPeriod))
		watched := d // a fork that is asked between all others
		now := sim.Time(0)
		appended := make([]unit.Bytes, streams)
		synced := make([]unit.Bytes, streams)
		fsyncs, doneBefore := false, sim.Time(0)
		for range 400 {
			now = now.Add(random.ExpDuration(time.Duration(1+random.IntN(300)) * time.Millisecond))
			for i := range streams {
				watched.SyncedUpTo(now, i)
			}
			s := random.IntN(streams)
			b := unit.Bytes(random.IntN(20_000_000))
			switch k := random.IntN(10); {
			case k < 7:
				done := d.Append(now, s, b)
				if other := watched.Append(now, s, b); done.Sub(other).Abs() > 1000 {
					t.Fatalf("seed %d: an append ends at %d, or at %d if the disk was asked before", seed, done, other)
				}
				appended[s] += b
				if done < now {
					t.Fatalf("seed %d: an append at %d ends at %d", seed, now, done)
				}
			case k < 9:
				done := d.Read(now, b, false)
				watched.Read(now, b, false)
				if done <= now || done < doneBefore {
					t.Fatalf("seed %d: a read at %d ends at %d, the one before at %d", seed, now, done, doneBefore)
				}
				doneBefore = done
			default:
				fsyncs = true
				doneBefore = d.Fsync(now, s, b, time.Millisecond)
				watched.Fsync(now, s, b, time.Millisecond)
			}
			for i := range streams {
				got := d.SyncedUpTo(now, i)
				dirty := d.Dirty(now, i)
				if got < synced[i] || got > appended[i] || d.Appended(i) != appended[i] {
					t.Fatalf("seed %d: synced %d after %d, appended %d (%d)", seed, got, synced[i], d.Appended(i), appended[i])
				}
				if sum := d.Written(now, i) + dirty; apart(sum, appended[i]) > 2 {
					t.Fatalf("seed %d: written + dirty = %d, appended %d", seed, sum, appended[i])
				}
				if !fsyncs && apart(got+dirty, appended[i]) > 2 {
					t.Fatalf("seed %d: synced %d + dirty %d, appended %d", seed, got, dirty, appended[i])
				}
				if other := watched.SyncedUpTo(now, i); apart(got, other) > 1000 {
					t.Fatalf("seed %d: synced %d, or %d if asked more often", seed, got, other)
				}
				synced[i] = got
			}
			if busy := d.Busy(now); busy > now.Sub(0) {
				t.Fatalf("seed %d: busy for %v of %v", seed, busy, now.Sub(0))
			}
		}
		for i := range streams {
			if got := d.SyncedUpTo(now+200*second, i); got != appended[i] {
				t.Fatalf("seed %d: %d of %d synced in the end", seed, got, appended[i])
			}
		}
	}
}

func apart(a, b unit.Bytes) unit.Bytes { return max(a-b, b-a) }

func TestLateRequestIsServedNow(t *testing.T) {
	d := NewDisk(testDisk(), 1, 0)
	d.Append(0, 0, 10*unit.MB)
	d.SyncedUpTo(second, 0)
	done := d.Fsync(second/2, 0, 10*unit.MB, 0)
	if want := second + second/10; done != want {
		t.Errorf("an fsync that is half a second late ends at %d, want %d", done, want)
	}
}
