package host

import (
	"fmt"
	"math"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// MaxStreams is the most brokers that can share a Disk.
const MaxStreams = 64

// Shares of the available memory at which Linux begins to write dirty pages back
// in the background, slows writers down, and stops them: vm.dirty_background_ratio,
// the midpoint, and vm.dirty_ratio (Documentation/admin-guide/sysctl/vm.rst and
// mm/page-writeback.c of Linux).
const (
	backgroundShare = 0.10
	throttleShare   = 0.15
	limitShare      = 0.20
)

// Linux writes pages back that have been dirty for 30 s (vm.dirty_expire_centisecs)
// and looks for them every 5 s (vm.dirty_writeback_centisecs).
const (
	expiry        = 30 * time.Second
	flusherPeriod = 5 * time.Second
	// expiryWakes is how many wakes of the flusher a page sees before it is due.
	expiryWakes = int(expiry / flusherPeriod)
)

// maxPause is the longest that Linux pauses a writer at a time (MAX_PAUSE in
// mm/page-writeback.c).
const maxPause = 200 * time.Millisecond

// A Disk is a volume behind a write-back page cache. Appends go to memory and
// become dirty; dirty bytes flow to the platter in the order in which each
// stream (the log of one broker) appended them, when there are too many or when
// they are old. The flow is advanced in closed form when something is asked, and
// no event is needed. Something asked at an instant before another that was asked
// about is answered as of that later instant. It is flat: a copy is a fork.
//
// What the flow leaves out: the kernel writes file by file and not in the order
// of appends, so that of two bytes a few seconds apart the later one may be the
// safer one. Streams that share a disk have what is due written in
// proportion.
type Disk struct {
	bucket     Bucket  // bytes written; a byte read costs readCost of them
	readCost   float64 // write rate over read rate
	slowdown   float64 // ≥ 1: everything takes that many times as long
	seek       float64 // s, before each read
	memory     float64 // bytes available for the page cache, all streams
	streams    int
	stream     [MaxStreams]stream
	now        sim.Time
	nextWake   sim.Time // of the flusher
	foreground float64  // written-byte equivalents that reads and fsyncs still need
	throttled  sim.Time // when the last paused writer goes on
	busy       time.Duration
}

// A stream is the log of one broker: positions in the order of its appends.
// synced ≤ due ≤ appended, and ahead ≤ appended − synced.
type stream struct {
	appended float64
	due      float64 // what is below is being written
	synced   float64 // what is below is on the platter
	ahead    float64 // bytes between synced and appended that an fsync has put on the platter
	cached   float64 // bytes of page cache
	lost     float64 // position below which nothing is cached, since the machine was lost
	written  float64 // bytes put on the platter in all
	// wakes holds appended at the last wakes of the flusher, the oldest first:
	// what was appended by wakes[0] is 30 s old at the next wake.
	wakes [expiryWakes]float64
}

// NewDisk returns an idle, empty disk under brokers that all have the machine h
// (1 unless they share it), whose flusher wakes at phase and then every 5 s. It
// panics if h was not validated, or on more than MaxStreams brokers.
func NewDisk(h *scenarios.Hardware, brokers int, phase time.Duration) Disk {
	if brokers < 1 || brokers > MaxStreams {
		panic(fmt.Sprintf("host: a disk under %d brokers; it must be under 1 to %d", brokers, MaxStreams))
	}
	if phase < 0 || phase >= flusherPeriod {
		panic(fmt.Sprintf("host: flusher phase %v; it must be 0 to %v", phase, flusherPeriod))
	}
	d := Disk{
		bucket:   NewBucket(float64(h.DiskWrite), float64(h.DiskBurst), float64(h.DiskBurst-h.DiskWrite)*h.DiskCredit.Seconds()),
		readCost: float64(h.DiskWrite) / float64(h.DiskRead),
		slowdown: 1,
		seek:     h.DiskSeek.Seconds(),
		memory:   float64(h.PageCache) * float64(brokers),
		streams:  brokers,
		nextWake: sim.Time(phase),
	}
	for i := range d.stream[:brokers] {
		d.stream[i].cached = float64(h.PageCache)
	}
	return d
}

// Append adds b bytes to the log of broker s at now and returns when the writer
// goes on: at once while few bytes are dirty, after a pause beyond the midpoint,
// and when the disk has made room at the limit. The bytes count as appended at
// now.
func (d *Disk) Append(now sim.Time, s int, b unit.Bytes) (done sim.Time) {
	now = d.advance(now)
	d.stream[s].appended += float64(b)
	dirty := d.dirty()
	d.writeBackground(dirty)
	done = now
	if dirty > throttleShare*d.memory {
		done = d.pause(now, dirty, float64(b))
	}
	return done
}

// pause is when a writer of b bytes goes on while dirty bytes are over the
// midpoint. Linux lets all writers together write as fast as the disk at the
// middle between midpoint and limit, twice that at the midpoint and nothing at
// the limit, and makes each wait its share (balance_dirty_pages). Beyond the
// limit writers wait until the disk has made room.
func (d *Disk) pause(now sim.Time, dirty, b float64) sim.Time {
	limit := limitShare * d.memory
	room := 2 * (limit - dirty) / (limit - throttleShare*d.memory)
	share := time.Duration(math.MaxInt64)
	if rate := room * d.speed() / d.slowdown; rate > 0 {
		share = ceilNanos(min(b/rate, maxPause.Seconds()))
	}
	if share <= maxPause {
		d.throttled = max(d.throttled, now).Add(share)
	}
	if dirty > limit {
		d.throttled = max(d.throttled, now.Add(ceilNanos(d.timeFor(dirty-limit))))
	}
	return d.throttled
}

// Fsync forces b dirty bytes of broker s to the platter at now, those of one
// file, and returns when they are there. latency is the device's own answer
// time, drawn by the caller. While it is under way SyncedUpTo counts its bytes
// already: a caller that keeps its own flushed position learns of it at done.
func (d *Disk) Fsync(now sim.Time, s int, b unit.Bytes, latency time.Duration) (done sim.Time) {
	now = d.advance(now)
	st := &d.stream[s]
	amount := min(float64(b), st.dirty())
	st.ahead += amount
	st.written += amount
	if st.dirty() < rounding {
		st.settle()
	}
	d.foreground += d.stretch() * (amount + latency.Seconds()*d.bucket.Base/d.slowdown)
	return now.Add(ceilNanos(d.bucket.Time(d.foreground) * d.slowdown))
}

// Read reads b bytes at now and returns when they are in memory: at once if they
// are cached, else in turn after other reads and fsyncs, at half speed while
// dirty pages are being written.
func (d *Disk) Read(now sim.Time, b unit.Bytes, cached bool) (done sim.Time) {
	if cached {
		return now
	}
	now = d.advance(now)
	d.foreground += d.stretch() * (float64(b)*d.readCost + float64(d.seek*d.bucket.Base)/d.slowdown)
	return now.Add(ceilNanos(d.bucket.Time(d.foreground) * d.slowdown))
}

// Cached reports whether position of broker s (bytes in the order of its
// appends) is in the page cache: among the last bytes appended that fit, and
// appended since the machine was last lost.
func (d *Disk) Cached(s int, position unit.Bytes) bool {
	st := &d.stream[s]
	return float64(position) >= max(st.lost, st.appended-st.cached)
}

// SyncedUpTo is the position up to which the bytes of broker s, in the order in
// which it appended them, are on the platter at now: what survives if the
// machine is lost. Beyond it only files that were fsynced survive, which the
// caller knows.
func (d *Disk) SyncedUpTo(now sim.Time, s int) unit.Bytes {
	d.advance(now)
	return unit.Bytes(d.stream[s].synced)
}

// Appended is how many bytes broker s has appended in all.
func (d *Disk) Appended(s int) unit.Bytes { return unit.Bytes(d.stream[s].appended) }

// Dirty is how many appended bytes of broker s are not on the platter at now.
func (d *Disk) Dirty(now sim.Time, s int) unit.Bytes {
	d.advance(now)
	return unit.Bytes(math.Ceil(d.stream[s].dirty()))
}

// Lose drops the page cache of broker s at now, as when its machine loses power:
// what was not on the platter is gone, and nothing is cached. It returns the
// position up to which its bytes survive. Positions go on from Appended.
func (d *Disk) Lose(now sim.Time, s int) (survives unit.Bytes) {
	survives = d.SyncedUpTo(now, s)
	st := &d.stream[s]
	st.settle()
	st.lost = st.appended
	return survives
}

// Slow makes the disk factor times slower from now on than its profile says; 1
// is its own speed. It panics if factor is below 1.
func (d *Disk) Slow(now sim.Time, factor float64) {
	if !(factor >= 1) {
		panic(fmt.Sprintf("host: a disk %g times slower; the factor must be at least 1", factor))
	}
	d.advance(now)
	d.slowdown = factor
}

// Busy is how long the disk has been working until now.
func (d *Disk) Busy(now sim.Time) time.Duration {
	d.advance(now)
	return d.busy
}

// Written is how many bytes of broker s have gone to the platter by now.
func (d *Disk) Written(now sim.Time, s int) unit.Bytes {
	d.advance(now)
	return unit.Bytes(d.stream[s].written)
}
