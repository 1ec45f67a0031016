package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"kafkasim/harness/journal"
)

// A command is a line that a parent writes to a client process.
type command struct {
	Leave bool    `json:"leave,omitempty"`
	Slow  float64 `json:"slow,omitempty"` // factor of the processing time; 0: unchanged
}

// readyWord is the line that a client process writes when it can work.
const readyWord = "ready"

// errOrphan ends a process whose parent is gone.
var errOrphan = errors.New("load: whoever gave the commands is gone")

// A runner is a client process from inside.
type runner struct {
	plan    Plan
	journal *journal.Writer
	ready   func()
	words   io.Writer // for what goes wrong and does not end the process

	leave     chan struct{} // closed when the process shall end in good order
	leaveOnce sync.Once
	slow      atomic.Uint64 // bits of the factor of the processing time
}

// Run is a client process: it works until it is told to leave, and returns when
// it has left, or when ctx or commands end before, and then without saying goodbye
// to anybody. With nil commands only ctx ends it.
func Run(ctx context.Context, p Plan, commands io.Reader) error {
	return run(ctx, p, commands, io.Discard, func() {})
}

// Main is Run for a process of its own: the plan is in a file, a line on out says
// that the clients can work, and words takes what they complain about.
func Main(ctx context.Context, file string, commands io.Reader, out, words io.Writer) error {
	p, err := readPlan(file)
	if err != nil {
		return err
	}
	debug.SetGCPercent(leanGC)
	return run(ctx, p, commands, words, func() { _, _ = fmt.Fprintln(out, readyWord) }) // nobody listening shows when commands end
}

// leanGC trades a few megabytes for fewer collections: a client process has a
// small heap, and shares two cores with a cluster.
const leanGC = 400

func run(ctx context.Context, p Plan, commands io.Reader, words io.Writer, ready func()) error {
	if err := p.check(); err != nil {
		return err
	}
	r := &runner{plan: p, ready: ready, words: words, leave: make(chan struct{})}
	r.slow.Store(math.Float64bits(1))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if commands != nil {
		go func() { cancel(r.obey(commands)) }()
	}
	var err error
	if p.Role == journal.RoleProducer {
		err = r.produce(ctx)
	} else {
		err = r.consume(ctx)
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	if r.journal != nil {
		err = errors.Join(err, r.journal.Close())
	}
	return err
}

// obey carries out commands until they end. After leave it waits for the end of
// the input, so that a parent's death still ends the process.
func (r *runner) obey(commands io.Reader) error {
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("load: command %q: %w", lines.Text(), err)
		}
		if c.Slow > 0 {
			r.slow.Store(math.Float64bits(c.Slow))
		}
		if c.Leave {
			r.leaveOnce.Do(func() { close(r.leave) })
		}
	}
	return errOrphan
}

// slowness is the factor of the processing time.
func (r *runner) slowness() float64 { return math.Float64frombits(r.slow.Load()) }

// leaving reports whether the process was told to end.
func (r *runner) leaving() bool {
	select {
	case <-r.leave:
		return true
	default:
		return false
	}
}

// begin opens the journal.
func (r *runner) begin(notes map[string]string) (err error) {
	r.journal, err = journal.Create(r.plan.Journal, r.plan.header(notes))
	return err
}

// note writes an entry of now.
func (r *runner) note(e journal.Entry) {
	e.At = now()
	r.journal.Append(e)
}

// quit is closed when the process shall leave or ctx has ended.
func (r *runner) quit(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-r.leave:
		case <-ctx.Done():
		}
	}()
	return done
}
