package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// keptWords is how much of what a client process writes to stderr is kept.
const keptWords = 4 << 10 // bytes

// A Process is a client process. Its methods may be called from several
// goroutines at a time.
type Process struct {
	name  string
	child *exec.Cmd
	words *tail
	ready chan struct{} // closed when it can work
	ended chan struct{} // closed when it has ended
	err   error         // why it ended; set before ended is closed

	mutex    sync.Mutex // guards what follows
	commands io.WriteCloser
	killed   bool
}

// Start begins a client process: command with the name of a file that has the
// plan, as in {"kafkasim", "client-process"}. It is killed when ctx ends, and dies
// when this process does.
func Start(ctx context.Context, commandLine []string, p Plan) (*Process, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if len(commandLine) == 0 {
		return nil, errors.New("load: no command to start client processes with")
	}
	file := p.Journal + ".plan"
	if err := p.write(file); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, commandLine[0], append(commandLine[1:len(commandLine):len(commandLine)], file)...)
	// A group of its own: an interrupt at the terminal is for the parent alone.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	proc := &Process{
		name: fmt.Sprintf("%s %d.%d", p.Role, p.Index, p.Member), child: c, words: &tail{},
		ready: make(chan struct{}), ended: make(chan struct{}),
	}
	c.Stderr = proc.words
	out, err := c.StdoutPipe()
	if err == nil {
		proc.commands, err = c.StdinPipe()
	}
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load: start %s: %w", proc.name, err), os.Remove(file))
	}
	go proc.attend(out, file)
	return proc, nil
}

// attend follows the child to its end.
func (p *Process) attend(out io.Reader, file string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == readyWord {
			close(p.ready)
			break
		}
	}
	_, _ = io.Copy(io.Discard, out) // until the child has ended
	err := p.child.Wait()
	_ = os.Remove(file) // it may be gone with its folder
	p.mutex.Lock()
	if p.killed {
		err = nil
	}
	_ = p.commands.Close() // closed by Wait as a rule
	p.mutex.Unlock()
	if err != nil {
		p.err = fmt.Errorf("load: %s ended: %w%s", p.name, err, p.words.quote())
	}
	close(p.ended)
}

// Ready waits until the clients are connected.
func (p *Process) Ready(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	default:
	}
	select {
	case <-p.ready:
		return nil
	case <-p.ended:
		if p.err != nil {
			return p.err
		}
		return fmt.Errorf("load: %s ended before it was ready%s", p.name, p.words.quote())
	case <-ctx.Done():
		return fmt.Errorf("load: %s is not ready: %w%s", p.name, ctx.Err(), p.words.quote())
	}
}

// Wait waits until the process has ended, and says why if it was neither killed
// by Kill nor left in good order.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return p.err
	default:
	}
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("load: %s has not ended: %w", p.name, ctx.Err())
	}
}

// Kill ends the process at once (SIGKILL), frozen or not, and says when.
func (p *Process) Kill() (time.Time, error) {
	p.mutex.Lock()
	p.killed = true
	p.mutex.Unlock()
	return p.signal(syscall.SIGKILL)
}

// Pause freezes the process (SIGSTOP); its connections stay open.
func (p *Process) Pause() (time.Time, error) { return p.signal(syscall.SIGSTOP) }

// Resume lets a frozen process go on (SIGCONT).
func (p *Process) Resume() (time.Time, error) { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) (time.Time, error) {
	err := p.child.Process.Signal(s)
	at := time.Now()
	if err != nil {
		return at, fmt.Errorf("load: %s: %w%s", p.name, err, p.words.quote())
	}
	return at, nil
}

// Leave asks the process to end in good order: a producer takes nothing more and
// flushes, a member finishes what it has polled, commits and leaves its group. It
// does not wait.
func (p *Process) Leave() error { return p.command(command{Leave: true}) }

// Slow makes the processing of every record that is begun from now on take
// factor times as long as the scenario has it.
func (p *Process) Slow(factor float64) error {
	if factor <= 0 {
		return fmt.Errorf("load: processing cannot take %g times as long", factor)
	}
	return p.command(command{Slow: factor})
}

func (p *Process) command(c command) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("load: command: %w", err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if _, err := p.commands.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("load: %s: %w%s", p.name, err, p.words.quote())
	}
	return nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.child.Process.Pid }

// A tail keeps the last bytes written to it.
type tail struct {
	mutex sync.Mutex
	kept  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - keptWords; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// quote is what was kept, for the end of a message.
func (t *tail) quote() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if text := strings.TrimSpace(string(t.kept)); text != "" {
		return "; it said: " + text
	}
	return ""
}
