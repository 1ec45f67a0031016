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

// TestGP2Burst: a full bucket of 5.4 M I/O credits lasts 5.4e6/(3000 - 3·GiB) s
// at 3000 IOPS (Amazon EBS user guide, "I/O credits and burst performance").
func TestGP2Burst(t *testing.T) {
	for _, c := range []struct{ gib, want float64 }{{100, 2000}, {500, 3600}, {334, 5.4e6 / 1998}} {
		bucket := NewBucket(3*c.gib, 3000, 5.4e6)
		if got := bucket.Burst(); math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%g GiB: burst of %g s, want %g", c.gib, got, c.want)
		}
		// Worked off, the volume is at its baseline.
		operations := bucket.Amount(c.want)
		bucket.Pass(c.want, operations)
		if got, want := bucket.Time(3*c.gib), 1.0; bucket.Level() > 1e-3 || math.Abs(got-want) > 1e-6 {
			t.Errorf("%g GiB, after the burst: level %g, a second's baseline takes %g s", c.gib, bucket.Level(), got)
		}
		// And an idle volume is full again after capacity / baseline.
		bucket.Pass(5.4e6/(3*c.gib), 0)
		if math.Abs(bucket.Level()-5.4e6) > 1e-3 {
			t.Errorf("%g GiB: level %g after a rest, want 5.4e6", c.gib, bucket.Level())
		}
	}
}

func TestBucketTimeAndAmountAreInverse(t *testing.T) {
	random := rng.New(1, "bucket", "inverse")
	for range 1000 {
		base := 1 + 99*random.Float64()
		bucket := NewBucket(base, base*(1+random.Float64()), 1000*random.Float64())
		bucket.Pass(0, bucket.Level()*random.Float64())
		amount := 5000 * random.Float64()
		if got := bucket.Amount(bucket.Time(amount)); math.Abs(got-amount) > 1e-9*amount {
			t.Fatalf("%+v: %g takes a time that allows %g", bucket, amount, got)
		}
	}
}

// TestLinkAgainstTicks compares a link with a simulation in ticks of a
// microsecond that knows nothing of closed forms, for messages of one class.
func TestLinkAgainstTicks(t *testing.T) {
	t.Run("within a window", func(t *testing.T) { linkAgainstTicks(t, 1, window) })
	t.Run("larger", func(t *testing.T) { linkAgainstTicks(t, window+1, 300_000) })
}

func linkAgainstTicks(t *testing.T, least, most unit.Bytes) {
	t.Helper()
	const (
		base   = 100e6
		burst  = 400e6
		credit = 50 * time.Millisecond
		tick   = time.Microsecond
	)
	link := NewLink(base, burst, credit)
	random := rng.New(1, "link", "twin")
	level := (burst - base) * credit.Seconds()
	capacity, lowest := level, level
	queued := 0.0 // bytes in the tick simulation
	now, next := sim.Time(0), sim.Time(0)
	worst := time.Duration(0)
	var departures []sim.Time // by the closed form, of messages still queued
	var remaining []float64   // bytes in front of and in each of them
	for range 400_000 {
		for next <= now {
			size := least + unit.Bytes(random.IntN(int(most-least)+1))
			queued += float64(size)
			departures = append(departures, link.Send(now, size))
			remaining = append(remaining, queued)
			// Load of about three times base: credit runs out, and comes back in pauses.
			gap := random.ExpDuration(time.Duration(least+most) * time.Millisecond / 600_000)
			if random.Bernoulli(0.01 * float64(least+most) / 300_000) {
				gap = 100 * time.Millisecond
			}
			next = now.Add(gap)
		}
		rate := base
		if level > 0 {
			rate = burst
		}
		sent := min(queued, rate*tick.Seconds())
		level = min(capacity, max(0, level+base*tick.Seconds()-sent))
		lowest = min(lowest, level)
		queued -= sent
		now = now.Add(tick)
		for i := range remaining {
			remaining[i] -= sent
		}
		for len(remaining) > 0 && remaining[0] <= 1e-3 {
			worst = max(worst, departures[0].Sub(now).Abs())
			departures, remaining = departures[1:], remaining[1:]
		}
	}
	// The ticks are late by up to a tick for each time the queue runs empty, and
	// by up to a tick's bytes where credit runs out, until the queue is empty again.
	if limit := 8 * tick; worst > limit {
		t.Errorf("departures differ by up to %v, more than %v", worst, limit)
	}
	if lowest > capacity/2 {
		t.Error("little credit was used; the comparison shows nothing")
	}
}

// TestSmallMessagesTakeTurns: a message that fits into a window waits for a window
// of each larger one, and no larger one is sooner for it.
func TestSmallMessagesTakeTurns(t *testing.T) {
	const rate = 1e9 // 1 byte a nanosecond
	l := NewLink(rate, rate, 0)
	for i, want := range []sim.Time{1_000_000, 2_000_000, 3_000_000} {
		if got := l.Send(0, 1_000_000); got != want {
			t.Errorf("large message %d leaves at %d, want %d", i, got, want)
		}
	}
	turn := sim.Time(3 * window)
	if got := l.Send(0, 100); got != turn+100 {
		t.Errorf("a small message leaves at %d, want %d", got, turn+100)
	}
	// The next one comes while two large ones are under way, but is behind its like.
	if got := l.Send(1_000_000, 100); got != 1_000_000+2*sim.Time(window)+100 {
		t.Errorf("a second one leaves at %d", got)
	}
	if got := l.Send(1_000_000, 100); got != 1_000_000+2*sim.Time(window)+200 {
		t.Errorf("a third one leaves at %d", got)
	}
	if got := l.Send(2_990_000, 100); got != 2_990_000+10_000+300+100 {
		t.Errorf("at the end of the last large message a small one leaves at %d, after all that is queued", got)
	}
	if got := l.Send(3_000_000, 1_000_000); got != 4_000_400 {
		t.Errorf("the next large message leaves at %d, want 4000400: the link has 400 bytes more to send", got)
	}
	if l.Busy(5_000_000) != 4_000_400 {
		t.Errorf("busy for %d ns, want 4000400", l.Busy(5_000_000))
	}
}

func TestReceiveDoesNotDelayTwice(t *testing.T) {
	const rate = 1e9 // 1 byte a nanosecond
	a, b := NewLink(rate, rate, 0), NewLink(rate, rate, 0)
	sink := NewLink(rate, rate, 0)
	left := a.Send(0, 1000)
	if got := sink.Receive(left.Add(500), 1000); got != 1500 {
		t.Errorf("a message that travels alone arrives at %d, want 1500", got)
	}
	// Two senders at once share the receiver's link.
	first := sink.Receive(a.Send(10_000, 1000), 1000)
	second := sink.Receive(b.Send(10_000, 1000), 1000)
	if first != 11_000 || second != 12_000 {
		t.Errorf("two messages at once arrive at %d and %d, want 11000 and 12000", first, second)
	}
	if sink.Busy(20_000) != 3000 || sink.Bytes() != 3000 {
		t.Errorf("busy for %d ns with %d bytes, want 3000 and 3000", sink.Busy(20_000), sink.Bytes())
	}
}

// TestClusterVolumes: AWS MSK's rule (MSK developer guide, sizing): a broker of B
// sends (G + r - 1)/B of what the cluster takes in, so that 3 brokers with links
// of 93.75 MB/s, r = 3, take 140.6, 93.8 and 70.3 MB/s for 0, 1 and 2 groups.
// Redpanda's traffic table: of 500 MB/s with r = 3, 3, 5 and 7 nodes write 500,
// 300 and 215 MB/s each.
func TestClusterVolumes(t *testing.T) {
	for groups, want := range []float64{140.625, 93.75, 70.3125} {
		const brokers, factor, record = 3, 3, 100_000
		// One second of records at the highest rate: the leaders' links are exactly busy.
		links := [brokers]Link{}
		for i := range links {
			links[i] = NewLink(93.75e6, 93.75e6, 0)
		}
		records := int(want * 1e6 / record)
		for n := range records {
			leader := &links[n%brokers]
			for range groups + factor - 1 {
				leader.Send(0, record)
			}
		}
		for i := range links {
			// Up to one record more on one broker than on another, sent G + r - 1 times,
			// and a nanosecond of rounding for each message.
			slack := time.Duration(float64((groups+factor-1)*record)/93.75e6*1e9) + time.Microsecond
			if d := (links[i].Backlog(0) - time.Second).Abs(); d > slack {
				t.Errorf("%d groups: broker %d needs %v for a second at %g MB/s", groups, i, links[i].Backlog(0), want)
			}
		}
	}
	for _, c := range []struct {
		nodes   int
		written float64
	}{{3, 500}, {5, 300}, {7, 215}} {
		profile := &scenarios.Hardware{
			Name: "flash", Cores: 1, NetworkBase: 1e9, NetworkBurst: 1e9, DiskWrite: 1e9, DiskRead: 1e9, DiskBurst: 1e9,
			PageCache: unit.GiB,
		}
		brokers := make([]scenarios.Broker, c.nodes)
		for i := range brokers {
			brokers[i].Hardware = profile
		}
		machines := NewMachines(brokers)
		const record = 10_000
		for n := range int(500e6) / record {
			for replica := range 3 {
				machines.Append(0, (n+replica)%c.nodes, record)
			}
		}
		for i := range brokers {
			// The table's 215 is 214.3 rounded.
			if got := float64(machines.Appended(i)) / 1e6; math.Abs(got-c.written) > 0.75 {
				t.Errorf("%d nodes: %g MB/s appended on node %d, table %g", c.nodes, got, i, c.written)
			}
		}
	}
}

func TestDelayHasItsMedianAndTail(t *testing.T) {
	latency := scenarios.Latency{Median: time.Millisecond, P99: 3 * time.Millisecond}
	for _, c := range []struct {
		z    float64
		want time.Duration
	}{{0, time.Millisecond}, {z99, 3 * time.Millisecond}, {-z99, time.Millisecond / 3}, {1e6, time.Hour}} {
		if got := Delay(latency, c.z); (got - c.want).Abs() > 2 {
			t.Errorf("delay at z = %g: %v, want %v", c.z, got, c.want)
		}
	}
	if got := Delay(scenarios.Latency{}, 3); got != 0 {
		t.Errorf("delay without a latency: %v", got)
	}
	near := &scenarios.Hardware{RTTSameRack: scenarios.Latency{Median: 1, P99: 2}, RTTCrossRack: scenarios.Latency{Median: 10, P99: 20}}
	far := &scenarios.Hardware{RTTSameRack: scenarios.Latency{Median: 5, P99: 6}, RTTCrossRack: scenarios.Latency{Median: 7, P99: 9}}
	if got := RTT(near, far, true); got != far.RTTSameRack {
		t.Errorf("same rack: %v", got)
	}
	if got := RTT(near, far, false); got != near.RTTCrossRack {
		t.Errorf("across racks: %v", got)
	}
}
