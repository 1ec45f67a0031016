package load

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"kafkasim/harness/journal"
)

// child starts a client process of its own: this binary, as TestMain says.
func child(t *testing.T, p Plan) *Process {
	t.Helper()
	t.Setenv(childVariable, "yes")
	proc, err := Start(t.Context(), []string{os.Args[0]}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = proc.Kill() })
	return proc
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestKilledProcessLosesNothingOfItsJournal kills a member and a producer in the
// middle of their work: what is read is whole and goes on to the last moment, and
// no record is in the log that was not noted as sent.
func TestKilledProcessLosesNothingOfItsJournal(t *testing.T) {
	c := fake(t)
	spec := parse(t, `producers:
  - {name: playback, topic: events, instances: 2, rate: 2000/s, record_size: 100 B, client: franz-go, config: {acks: 1}}
`+group("config: {auto.commit.interval.ms: 200}", "time: 0.1 ms"))
	produce := newPlan(t, spec, c, journal.RoleProducer)
	consume := newPlan(t, spec, c, journal.RoleConsumer)
	producer, consumer := child(t, produce), child(t, consume)
	for _, p := range []*Process{producer, consumer} {
		if err := p.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, consume.Journal, "the member works", atLeast(500, journal.Processed))
	for _, p := range []*Process{producer, consumer} {
		if _, err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(within(t)); err != nil {
			t.Errorf("a process that was killed on purpose: %v", err)
		}
		if _, err := p.Pause(); err == nil {
			t.Error("a process that has ended was frozen")
		}
	}
	sent := map[journal.ID]bool{}
	for _, e := range read(t, produce.Journal).Entries {
		switch e.Kind { //nolint:exhaustive // the others do not matter here
		case journal.Sent:
			sent[e.ID] = true
		case journal.Ended, journal.Leaving:
			t.Errorf("%+v of a process that was killed", e)
		}
	}
	for id := range inLog(t, c) {
		if !sent[id] {
			t.Errorf("%+v is in the log and was not sent", id)
		}
	}
	next := map[int32]int64{}
	for _, e := range read(t, consume.Journal).Entries {
		if e.Kind == journal.Processed {
			if e.Offset != next[e.Partition] {
				t.Errorf("%+v, want the offset %d", e, next[e.Partition])
			}
			next[e.Partition] = e.Offset + 1
		}
	}
	for _, p := range []Plan{produce, consume} {
		if _, err := os.Stat(p.Journal + ".plan"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the plan is left over: %v", err)
		}
	}
}

// TestFrozenProcessGoesOn freezes a member, and sees that it does nothing.
func TestFrozenProcessGoesOn(t *testing.T) {
	c := fake(t)
	put(t, c, 600)
	spec := parse(t, group("config: {max.poll.records: 10}", "time: 10 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	proc := child(t, p)
	until(t, p.Journal, "the member works", atLeast(20, journal.Processed))
	if _, err := proc.Pause(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // for the signal to arrive
	before := count(read(t, p.Journal).Entries, journal.Processed)
	time.Sleep(300 * time.Millisecond)
	if after := count(read(t, p.Journal).Entries, journal.Processed); after != before {
		t.Errorf("%d records were processed by a frozen process", after-before)
	}
	if _, err := proc.Resume(); err != nil {
		t.Fatal(err)
	}
	until(t, p.Journal, "the member goes on", atLeast(before+50, journal.Processed))
	if err := proc.Slow(0.01); err != nil {
		t.Fatal(err)
	}
	until(t, p.Journal, "all is done", atLeast(600, journal.Processed))
	if err := proc.Slow(0); err == nil {
		t.Error("processing takes no time at all")
	}
	if err := proc.Leave(); err != nil {
		t.Fatal(err)
	}
	if err := proc.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := proc.Leave(); err == nil {
		t.Error("a process that has left was told to leave")
	}
	f := read(t, p.Journal)
	if f.Entries[len(f.Entries)-1].Kind != journal.Ended || f.Header.PID != proc.PID() {
		t.Errorf("process %d: the journal of %d ends with %+v", proc.PID(), f.Header.PID, f.Entries[len(f.Entries)-1])
	}
}

// TestChildrenDieWithTheirParent closes a child's input, as the end of its parent
// does.
func TestChildrenDieWithTheirParent(t *testing.T) {
	c := fake(t)
	spec := parse(t, group("commit: after_each_poll", "time: 1 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	proc := child(t, p)
	if err := proc.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := proc.commands.Close(); err != nil {
		t.Fatal(err)
	}
	if err := proc.Wait(within(t)); err == nil || !strings.Contains(err.Error(), errOrphan.Error()) {
		t.Errorf("the child ended with %v, want its own words", err)
	}
	if err := syscall.Kill(proc.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the child is still there: %v", err)
	}
}

func TestProcessesEndWithTheirContext(t *testing.T) {
	c := fake(t)
	spec := parse(t, group("commit: after_each_poll", "time: 1 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	t.Setenv(childVariable, "yes")
	ctx, cancel := context.WithCancel(t.Context())
	proc, err := Start(ctx, []string{os.Args[0]}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := proc.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := proc.Wait(within(t)); err == nil {
		t.Error("a process that was ended by its context has left in good order")
	}
}

func TestProcessesThatCannotStart(t *testing.T) {
	c := fake(t)
	spec := parse(t, group("commit: after_each_poll", "time: 1 ms"))
	p := newPlan(t, spec, c, journal.RoleConsumer)
	t.Setenv(childVariable, "yes")
	if _, err := Start(t.Context(), nil, p); err == nil {
		t.Error("a process without a command was started")
	}
	if _, err := Start(t.Context(), []string{"/no/such/program"}, p); err == nil {
		t.Error("a process of no program was started")
	}
	if _, err := os.Stat(p.Journal + ".plan"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plan is left over: %v", err)
	}
	if err := os.WriteFile(p.Journal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	proc, err := Start(t.Context(), []string{os.Args[0]}, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{proc.Ready(within(t)), proc.Wait(within(t))} {
		if err == nil || !strings.Contains(err.Error(), "file exists") {
			t.Errorf("a process over another one's journal: %v, want its own words", err)
		}
	}
	silent, err := Start(t.Context(), []string{"sh", "-c", "exec sleep 30"}, newPlan(t, spec, c, journal.RoleConsumer))
	if err == nil {
		short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := silent.Ready(short); err == nil {
			t.Error("a silent process is ready")
		}
		if err := silent.Wait(short); err == nil {
			t.Error("a silent process has ended")
		}
		_, err = silent.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommandsThatCannotBeRead ends the process with words.
func TestCommandsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := fake(t)
	r := start(t, newPlan(t, parse(t, group("commit: after_each_poll", "time: 1 ms")), c, journal.RoleConsumer))
	r.say("stop it")
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "stop it") {
		t.Errorf("the process ended with %v", err)
	}
}
