package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// twin is the deliberately naive engine: a slice kept sorted by insertion
// behind all events that are not later.
type twin struct {
	now     Time
	pending []Event
}

func (w *twin) schedule(e Event) {
	at := len(w.pending)
	for at > 0 && w.pending[at-1].At > e.At {
		at--
	}
	w.pending = slices.Insert(w.pending, at, e)
}

func (w *twin) next() (Event, bool) {
	if len(w.pending) == 0 {
		return Event{}, false
	}
	e := w.pending[0]
	w.pending = slices.Delete(w.pending, 0, 1)
	w.now = e.At
	return e, true
}

// TestEngineEqualsTwin drives both with the same random operations, growing
// and shrinking between no and some hundred events, with many equal times.
func TestEngineEqualsTwin(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var e Engine
		var w twin
		spread := 1 + r.IntN(1000) // small: nearly all times are equal
		for step := range 4000 {
			grow := 0.5 + 0.25*float64(1-2*(step/500%2))
			switch p := r.Float64(); {
			case p < grow:
				d := time.Duration(r.IntN(spread))
				x := Event{At: w.now.Add(d), Kind: Kind(r.Uint32()), Entity: int32(r.Uint32()), Arg: int64(r.Uint64())}
				e.After(d, x.Kind, x.Entity, x.Arg)
				w.schedule(x)
			case p < 0.99:
				got, ok := e.Next()
				want, wantOK := w.next()
				if got != want || ok != wantOK {
					t.Fatalf("seed %d, step %d: Next = %v, %v; the twin says %v, %v", seed, step, got, ok, want, wantOK)
				}
			default:
				to := w.now + Time(r.IntN(spread))
				if len(w.pending) > 0 {
					to = min(to, w.pending[0].At)
				}
				e.AdvanceTo(to)
				w.now = to
			}
			if e.Len() != len(w.pending) || e.Now() != w.now {
				t.Fatalf("seed %d, step %d: %d pending at %v; the twin has %d at %v", seed, step, e.Len(), e.Now(), len(w.pending), w.now)
			}
			due, ok := e.PeekTime()
			if ok != (len(w.pending) > 0) || ok && due != w.pending[0].At || !ok && due != Never {
				t.Fatalf("seed %d, step %d: PeekTime = %v, %v", seed, step, due, ok)
			}
		}
	}
}

func TestEqualTimesFireInOrderOfScheduling(t *testing.T) {
	e := NewEngine(4)
	const n = 1000
	for i := range n {
		e.Schedule(5, 1, int32(i), 0)
	}
	for i := range n {
		if got, _ := e.Next(); got.Entity != int32(i) {
			t.Fatalf("event %d fired as number %d", got.Entity, i)
		}
		if i < n/2 { // what is scheduled for now comes after what was there
			e.Schedule(5, 1, int32(n+i), 0)
		}
	}
	for i := range n / 2 {
		if got, _ := e.Next(); got.Entity != int32(n+i) {
			t.Fatalf("event %d fired as number %d", got.Entity, n+i)
		}
	}
}

// churn fires n events, each of which schedules another one.
func churn(e *Engine, n int) {
	for range n {
		x, _ := e.Next()
		e.After(time.Duration(uint64(x.Arg)>>50), x.Kind+1, x.Entity, x.Arg*6364136223846793005+1442695040888963407)
	}
}

func started(n int) Engine {
	e := NewEngine(n)
	for i := range n {
		e.Schedule(Time(i%7), 1, int32(i), int64(i)*0x9E3779B9)
	}
	return e
}

func TestForkContinuesAlike(t *testing.T) {
	e := started(100)
	churn(&e, 999)
	e.Next()            // a fork may come between an event and what it schedules
	dst := started(300) // its memory is reused, its content must not shine through
	churn(&dst, 50)
	e.CopyTo(&dst)
	var fresh Engine
	e.CopyTo(&fresh)
	churn(&e, 1000)
	if dst.Fired() != 1000 || fresh.Fired() != 1000 {
		t.Fatalf("running the original moved its forks: %d and %d events", dst.Fired(), fresh.Fired())
	}
	churn(&dst, 1000)
	churn(&fresh, 1000)
	for _, fork := range []*Engine{&dst, &fresh} {
		if fork.Fingerprint() != e.Fingerprint() || fork.Now() != e.Now() || fork.Fired() != e.Fired() || fork.Len() != e.Len() {
			t.Errorf("fork: %x at %v after %d; original: %x at %v after %d",
				fork.Fingerprint(), fork.Now(), fork.Fired(), e.Fingerprint(), e.Now(), e.Fired())
		}
	}
	churn(&dst, 1)
	if dst.Fingerprint() == e.Fingerprint() {
		t.Error("a further event left the fingerprint unchanged")
	}
	e.CopyTo(&e)
	churn(&e, 1)
	if dst.Fingerprint() != e.Fingerprint() {
		t.Error("a copy to itself changed the engine")
	}
}

func TestResetStartsAnew(t *testing.T) {
	e := started(100)
	churn(&e, 500)
	first := e.Fingerprint()
	e.Reset()
	if e.Len() != 0 || e.Now() != 0 || e.Fired() != 0 || e.Fingerprint() != 0 {
		t.Fatalf("after Reset: %d pending at %v, %d fired, fingerprint %x", e.Len(), e.Now(), e.Fired(), e.Fingerprint())
	}
	for i := range 100 {
		e.Schedule(Time(i%7), 1, int32(i), int64(i)*0x9E3779B9)
	}
	churn(&e, 500)
	if e.Fingerprint() != first {
		t.Errorf("the same run after Reset: fingerprint %x, want %x", e.Fingerprint(), first)
	}
	var zero Engine
	zero.Reset()
	if _, ok := zero.Next(); ok || zero.Len() != 0 {
		t.Error("a zero engine has events after Reset")
	}
}

// TestFingerprintSeesEveryPart changes one thing of one of three events.
func TestFingerprintSeesEveryPart(t *testing.T) {
	run := func(events ...Event) uint64 {
		var e Engine
		for _, x := range events {
			e.Schedule(x.At, x.Kind, x.Entity, x.Arg)
		}
		for range events {
			e.Next()
		}
		return e.Fingerprint()
	}
	a, b, c := Event{1, 1, 1, 0}, Event{2, 2, 2, 0}, Event{2, 3, 3, 0}
	want := run(a, b, c)
	if got := run(a, b, c); got != want {
		t.Fatalf("the same run has fingerprints %x and %x", want, got)
	}
	if got := run(a, b, Event{2, 3, 3, 9}); got != want {
		t.Errorf("Arg is part of the fingerprint")
	}
	for name, got := range map[string]uint64{
		"time":     run(Event{0, 1, 1, 0}, b, c),
		"kind":     run(a, Event{2, 4, 2, 0}, c),
		"entity":   run(a, b, Event{2, 3, -3, 0}),
		"order":    run(a, c, b),
		"number":   run(a, b),
		"nothing":  run(),
		"at start": run(Event{0, 0, 0, 0}, a, b, c),
	} {
		if got == want {
			t.Errorf("the fingerprint does not see a change of %s", name)
		}
	}
}

func TestPanics(t *testing.T) {
	at := func(now Time) *Engine {
		var e Engine
		e.AdvanceTo(now)
		return &e
	}
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"past", func() { at(10).Schedule(9, 7, 3, 0) }, "sim: event of kind 7 for entity 3 scheduled in the past: at 9ns (9 ns), and it is 10ns (10 ns)"},
		{"negative", func() { at(0).Schedule(-1, 7, 3, 0) }, "in the past: at -1ns"},
		{"negative delay", func() { at(10).After(-1, 7, 3, 0) }, "in the past: at 9ns"},
		{"never", func() { at(10).Schedule(Never, 7, 3, 0) }, "sim: event of kind 7 for entity 3 scheduled at Never"},
		{"beyond the end", func() { at(10).After(1<<63-1, 7, 3, 0) }, "scheduled at Never"},
		{"advance back", func() { at(10).AdvanceTo(9) }, "sim: cannot advance to 9ns (9 ns); it is 10ns"},
		{"advance to never", func() { at(10).AdvanceTo(Never) }, "sim: cannot advance to never"},
		{"advance over an event", func() {
			e := at(10)
			e.Schedule(11, 7, 3, 0)
			e.AdvanceTo(12)
		}, "an event of kind 7 is due at 11ns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); !strings.Contains(message, c.want) {
					t.Errorf("panic %q, want it to contain %q", message, c.want)
				}
			}()
			c.do()
		})
	}
}

// TestNoAllocations: an event costs no allocation once the queue has had its
// size, neither does a fork into memory that was used before.
func TestNoAllocations(t *testing.T) {
	e := started(1000)
	if n := testing.AllocsPerRun(10, func() { churn(&e, 10_000) }); n != 0 {
		t.Errorf("10,000 events cost %g allocations", n)
	}
	var fork Engine
	e.CopyTo(&fork)
	if n := testing.AllocsPerRun(10, func() { e.CopyTo(&fork) }); n != 0 {
		t.Errorf("a fork costs %g allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		fork.Reset()
		for i := range 1000 {
			fork.Schedule(Time(i), 1, 0, 0)
		}
	}); n != 0 {
		t.Errorf("a run after Reset costs %g allocations", n)
	}
}

func TestTime(t *testing.T) {
	if got := Time(5).Add(7 * time.Nanosecond); got != 12 {
		t.Errorf("5 + 7 = %d", got)
	}
	if got := (Never - 5).Add(4); got != Never-1 {
		t.Errorf("Never − 5 + 4 = %d", got)
	}
	for _, d := range []time.Duration{5, 6, 1<<63 - 1} {
		if got := (Never - 5).Add(d); got != Never {
			t.Errorf("Never − 5 + %d = %d, want Never", d, got)
		}
	}
	if got := Never.Add(-time.Hour); got != Never {
		t.Errorf("an hour before Never = %v, want Never", got)
	}
	if got := Time(12).Sub(20); got != -8 {
		t.Errorf("12 − 20 = %v", got)
	}
	if got := Time(1_500_000_000).Seconds(); got != 1.5 {
		t.Errorf("1.5e9 ns = %v s", got)
	}
	if got := Time(90_500_000_000).String() + " " + Never.String(); got != "1m30.5s never" {
		t.Errorf("String: %s", got)
	}
}
