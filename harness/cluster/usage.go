package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// Usage is what a node has used since the cluster started, over all lives of its
// process. What a process used between the last look and its end is missing.
type Usage struct {
	At time.Time
	// CPU is the time of all threads of Kafka's process, Java's own included.
	CPU time.Duration
	// Bytes through the pod's interfaces, with the headers of all layers and
	// what was sent again; clients, and brokers and controllers.
	ClientIn, ClientOut     int64
	InternalIn, InternalOut int64
	// DiskWritten is what the node's volume holds, in pages of 4 KiB: by how much it
	// grows is what was written, as long as nothing is deleted. Where it cannot be
	// looked at (the engine is on another machine, or this process is not root) it
	// is 0.
	DiskWritten int64
}

// meter adds up what ends with a process: CPU time.
type meter struct {
	cpu, lastCPU time.Duration
}

// ended keeps what the process that is gone was last seen with.
func (m *meter) ended() {
	m.cpu, m.lastCPU = m.cpu+m.lastCPU, 0
}

// seen adds a look at the process that is there.
func (m *meter) seen(u *Usage, cpu time.Duration) {
	m.lastCPU = max(cpu, m.lastCPU)
	u.CPU = m.cpu + m.lastCPU
}

// Usage looks at the node. Where its processes are this machine's own it reads
// files of /proc, else it asks the engine, which takes longer.
func (n *Node) Usage(ctx context.Context) (Usage, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.podPID == 0 {
		return n.usageByEngine(ctx)
	}
	u := Usage{At: time.Now()}
	if err := readInterfaces(n.podPID, &u); err != nil {
		return Usage{}, fmt.Errorf("what %s uses cannot be read: %w", n, err)
	}
	var volume syscall.Statfs_t
	if err := syscall.Statfs(fmt.Sprintf("/proc/%d/root%s", n.podPID, stateDirectory), &volume); err != nil {
		return Usage{}, fmt.Errorf("what the volume of %s holds cannot be read: %w", n, err)
	}
	u.DiskWritten = int64(volume.Blocks-volume.Bfree) * volume.Bsize
	cpu, err := n.readProcess()
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errProcessGone) {
		return Usage{}, fmt.Errorf("what %s uses cannot be read: %w", n, err)
	}
	n.usage.seen(&u, cpu)
	return u, nil
}

// errProcessGone is that of a process that has ended.
var errProcessGone = errors.New("the process has ended")

// readInterfaces reads /proc/PID/net/dev: after an interface's name come eight
// figures of what was received and eight of what was sent, bytes first.
func readInterfaces(pid int, u *Usage) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		name, figures, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields := strings.Fields(figures)
		const received, sent = 0, 8
		if len(fields) <= sent {
			continue
		}
		in, errIn := strconv.ParseInt(fields[received], 10, 64)
		out, errOut := strconv.ParseInt(fields[sent], 10, 64)
		if err := errors.Join(errIn, errOut); err != nil {
			continue // the headings
		}
		switch name {
		case clientInterface:
			u.ClientIn, u.ClientOut = in, out
		case insideInterface:
			u.InternalIn, u.InternalOut = in, out
		}
	}
	return nil
}

// readProcess reads the CPU time of a process from /proc/PID/stat: fields 14 and
// 15, in ticks of 10 ms on every Linux that Go runs on.
func (n *Node) readProcess() (cpu time.Duration, err error) {
	if n.process == nil || n.process.Signal(syscall.Signal(0)) != nil { // its id may be another's by now
		return 0, errProcessGone
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12 // counted after the name
	if len(fields) <= system {
		return 0, errProcessGone
	}
	ticks, errUser := strconv.ParseInt(fields[user], 10, 64)
	more, errSystem := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(ticks+more) * 10 * time.Millisecond, errors.Join(errUser, errSystem)
}

// engineStats is what is used of the engine's answer about a container.
type engineStats struct {
	CPU struct {
		Usage struct {
			Total int64 `json:"total_usage"` // ns
		} `json:"cpu_usage"`
	} `json:"cpu_stats"`
	Networks map[string]struct {
		Received int64 `json:"rx_bytes"`
		Sent     int64 `json:"tx_bytes"`
	} `json:"networks"`
}

// usageByEngine asks the engine about both containers of the pod.
func (n *Node) usageByEngine(ctx context.Context) (Usage, error) {
	u := Usage{At: time.Now()}
	var pod, kafka *engineStats
	var podErr, kafkaErr error
	var wait sync.WaitGroup // each answer may take half a second
	wait.Go(func() { pod, podErr = n.stats(ctx, n.pod) })
	wait.Go(func() { kafka, kafkaErr = n.stats(ctx, n.kafka) })
	wait.Wait()
	if err := errors.Join(podErr, kafkaErr); err != nil {
		return Usage{}, err
	}
	clients, inside := pod.Networks[clientInterface], pod.Networks[insideInterface]
	u.ClientIn, u.ClientOut = clients.Received, clients.Sent
	u.InternalIn, u.InternalOut = inside.Received, inside.Sent
	n.usage.seen(&u, time.Duration(kafka.CPU.Usage.Total))
	return u, nil
}

// stats asks the engine about one container; of one that has ended all is 0.
func (n *Node) stats(ctx context.Context, id string) (*engineStats, error) {
	answer, err := n.docker().ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return nil, fmt.Errorf("the engine does not say what %s uses: %w", n, engine.Explain(err))
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("the engine does not say what %s uses: %w", n, engine.Explain(err))
	}
	var stats engineStats
	if err := json.Unmarshal(text, &stats); err != nil {
		return nil, fmt.Errorf("the engine does not say what %s uses: %w", n, err)
	}
	return &stats, nil
}
