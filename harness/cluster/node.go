package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// A Node is a broker, a controller, or both. Its methods may be called from
// several goroutines.
type Node struct {
	cluster *Cluster
	member  *member
	pod     string // id of the sidecar
	kafka   string // id of Kafka's container

	mu      sync.Mutex
	process *os.Process // Kafka's, where it is one of this machine's that may be signalled; else nil
	pid     int         // of that process, 0 otherwise
	podPID  int         // of the sidecar's process, where it is one of this machine's; else 0
	killed  bool        // and perhaps not yet gone
	lost    bool        // the host is away
	usage   meter
}

// ID is the node's id in Kafka.
func (n *Node) ID() int { return n.member.id }

// Broker reports whether the node is a broker.
func (n *Node) Broker() bool { return n.member.broker }

// Controller reports whether the node is a voter of the controller quorum.
func (n *Node) Controller() bool { return n.member.controller }

// Address is where clients on this machine reach the broker.
func (n *Node) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.member.port)) }

// String names the node as the scenario language does.
func (n *Node) String() string { return strings.Replace(n.member.name(), "-", " ", 1) }

// Running reports whether Kafka's process is there, frozen or not.
func (n *Node) Running() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	state, err := n.state(ctx)
	return err == nil && state.Running
}

// Start starts Kafka's process, on the data that is there and at the same
// address, and says when it began. It does not wait for Kafka.
func (n *Node) Start(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lost {
		return time.Time{}, fmt.Errorf("%s cannot be started: its host is away", n)
	}
	return n.startLocked(ctx)
}

func (n *Node) startLocked(ctx context.Context) (time.Time, error) {
	if n.killed {
		if _, err := n.Exited(ctx); err != nil {
			return time.Time{}, err
		}
	}
	state, err := n.state(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if state.Running {
		return time.Time{}, fmt.Errorf("%s cannot be started: it runs", n)
	}
	asked, cancel := lasting(ctx)
	defer cancel()
	if _, err := n.docker().ContainerStart(asked, n.kafka, client.ContainerStartOptions{}); err != nil {
		return time.Time{}, fmt.Errorf("%s cannot be started: %w", n, engine.Explain(err))
	}
	if state, err = n.state(ctx); err != nil {
		return time.Time{}, err
	}
	n.killed = false
	n.usage.ended()
	n.process, n.pid = processOf(state.Pid, n.kafka)
	began, err := time.Parse(time.RFC3339Nano, state.StartedAt)
	if err != nil {
		return time.Time{}, fmt.Errorf("the engine does not say when %s was started: %w", n, err)
	}
	return began, nil
}

// Kill ends Kafka's process at once (SIGKILL). Its address stays and refuses
// connections; what the process had written is in the page cache and stays too.
// A frozen process dies all the same.
func (n *Node) Kill(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, err := n.signal(ctx, syscall.SIGKILL)
	if err != nil {
		return time.Time{}, err
	}
	n.killed = true
	return at, nil
}

// Terminate asks Kafka's process to end (SIGTERM), which makes a broker shut down
// in a controlled way, and says when it was asked.
func (n *Node) Terminate(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.signal(ctx, syscall.SIGTERM)
}

// Exited waits until Kafka's process has ended, and says when it did.
func (n *Node) Exited(ctx context.Context) (time.Time, error) {
	wait := n.docker().ContainerWait(ctx, n.kafka, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case err := <-wait.Error:
		return time.Time{}, fmt.Errorf("no word of the end of %s: %w", n, engine.Explain(err))
	case <-wait.Result:
	}
	state, err := n.state(ctx)
	if err != nil {
		return time.Time{}, err
	}
	ended, err := time.Parse(time.RFC3339Nano, state.FinishedAt)
	if err != nil {
		return time.Time{}, fmt.Errorf("the engine does not say when %s ended: %w", n, err)
	}
	return ended, nil
}

// Pause freezes all threads of Kafka's process, as a long pause of the garbage
// collector or of the hypervisor does: connections stay, nothing answers. It is a
// SIGSTOP, which is exact to a fraction of a millisecond; the engine's own pause
// takes tens of them.
func (n *Node) Pause(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.signal(ctx, syscall.SIGSTOP)
}

// Resume lets a frozen process go on.
func (n *Node) Resume(ctx context.Context) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.signal(ctx, syscall.SIGCONT)
}

// LoseData destroys everything in the node's data directory. The process must
// have ended. When it starts again it begins with an empty disk, as after the
// loss of one.
func (n *Node) LoseData(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	state, err := n.state(ctx)
	if err != nil {
		return err
	}
	if state.Running {
		return fmt.Errorf("%s runs: its data can only be destroyed while it does not", n)
	}
	if _, err := n.cluster.engine.Exec(ctx, n.pod, "sh", "-c", "rm -rf "+stateDirectory+"/*"); err != nil {
		return fmt.Errorf("the data of %s cannot be destroyed: %w", n, err)
	}
	return nil
}

// signal sends a signal to Kafka's process: directly where that is possible,
// which takes microseconds, else by the engine, which takes tens of milliseconds.
// The instant is just before it is sent, or when the engine said that it was.
func (n *Node) signal(ctx context.Context, s syscall.Signal) (time.Time, error) {
	if n.process != nil {
		at := time.Now()
		err := n.process.Signal(s)
		switch {
		case err == nil:
			return at, nil
		case errors.Is(err, os.ErrProcessDone), errors.Is(err, syscall.ESRCH):
			return time.Time{}, fmt.Errorf("%s does not run", n)
		}
	}
	asked, cancel := lasting(ctx)
	defer cancel()
	if _, err := n.docker().ContainerKill(asked, n.kafka, client.ContainerKillOptions{Signal: strconv.Itoa(int(s))}); err != nil {
		return time.Time{}, fmt.Errorf("%s cannot be sent a signal: %w", n, engine.Explain(err))
	}
	return time.Now(), nil
}

// state asks the engine how Kafka's container is.
func (n *Node) state(ctx context.Context) (*container.State, error) {
	answer, err := n.docker().ContainerInspect(ctx, n.kafka, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("the engine does not say how %s is: %w", n, engine.Explain(err))
	}
	if answer.Container.State == nil {
		return nil, fmt.Errorf("the engine does not say how %s is", n)
	}
	return answer.Container.State, nil
}

func (n *Node) docker() *client.Client { return n.cluster.engine.Docker() }

// processOf is the process with that id if it is one of this machine's, in that
// container, and may be signalled; else nil. The engine may run elsewhere (a
// virtual machine, another host) and this process may not be root.
func processOf(pid int, container string) (*os.Process, int) {
	if pid <= 0 {
		return nil, 0
	}
	process, err := os.FindProcess(pid) // holds on to this very process where the system can (pidfd)
	if err != nil {
		return nil, 0
	}
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || !strings.Contains(string(groups), container) || process.Signal(syscall.Signal(0)) != nil {
		_ = process.Release()
		return nil, 0
	}
	return process, pid
}
