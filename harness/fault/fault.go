// Package fault breaks a real cluster and its clients as a scenario says, heals
// what shall heal, and says when each of it really happened.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"kafkasim/scenarios"
)

// A Party is a node of the cluster, or all clients.
type Party struct {
	Node    int // broker 1.., dedicated controller 101..
	Clients bool
}

// A Site is what faults happen to. Every action returns the moment at which it had
// taken effect.
type Site interface {
	// Brokers are the ids of the cluster's brokers, ascending.
	Brokers() []int
	// Controllers are the ids of its controllers: its brokers' in combined mode.
	Controllers() []int
	// Leader is the broker that leads a partition, 0 when nobody does, and the
	// partition's replicas in assignment order.
	Leader(ctx context.Context, topic, partition int) (leader int, replicas []int, err error)
	// ActiveController is the controllers' leader, 0 when there is none.
	ActiveController(ctx context.Context) (int, error)

	Kill(ctx context.Context, node int) (time.Time, error)
	Terminate(ctx context.Context, node int) (time.Time, error)
	Exited(ctx context.Context, node int) (time.Time, error)
	Start(ctx context.Context, node int) (time.Time, error)
	Pause(ctx context.Context, node int) (time.Time, error)
	Resume(ctx context.Context, node int) (time.Time, error)
	LoseData(ctx context.Context, node int) error
	// Serving reports whether a broker is registered and not fenced.
	Serving(ctx context.Context, node int) (bool, error)

	Cut(ctx context.Context, a, b []Party) (Trouble, error)
	Degrade(ctx context.Context, a, b []Party, delay, jitter time.Duration, loss float64) (Trouble, error)
	SetTopic(ctx context.Context, topic int, values []scenarios.ConfigChangeValue) (time.Time, error)

	Client(c Client) (Process, error)
}

// A Client names a client process: a group's member, or a producer's instances.
type Client struct {
	Producer bool
	Index    int // in Spec.Producers or Spec.Groups
	Member   int // 1..
}

// A Process is a client process.
type Process interface {
	Running() bool
	Kill() (time.Time, error)
	Pause() (time.Time, error)
	Resume() (time.Time, error)
	Leave() (time.Time, error)
	Start() (time.Time, error)
	Slow(factor float64) (time.Time, error)
}

// A Trouble is a network fault that stands.
type Trouble interface {
	Since() time.Time
	Heal(ctx context.Context) (time.Time, error)
}

// An Applied is what became of one fault of a scenario.
type Applied struct {
	Index   int         // in Spec.Faults
	At      time.Time   // of the effect; zero when skipped or not yet due
	Healed  time.Time   // zero when it stands
	Brokers []int       // that it hit
	Asked   []time.Time // of a rolling restart: when each of Brokers was asked to stop, as far as it got
	Skipped string      // why it did not happen
}

// Refused returns why a scenario's faults cannot be done to containers, one
// sentence a fault, or nil.
func Refused(spec *scenarios.Spec) []string {
	var words []string
	for i := range spec.Faults {
		f := &spec.Faults[i]
		why := ""
		switch f.Kind { //nolint:exhaustive // the others can be done
		case scenarios.MachineLoss, scenarios.RackLoss:
			why = "the page cache of a container outlives it, so the unsynced bytes that a lost machine takes along stay here"
		case scenarios.SlowDisk:
			why = "all containers write to one disk through one page cache, so no broker's disk alone can be slowed down"
		default:
		}
		if f.Process != nil {
			why = "random faults are not measured; give it a time (at: ...)"
		}
		if why != "" {
			words = append(words, fmt.Sprintf("fault %d (line %d): %s", i+1, f.Line, why))
		}
	}
	return words
}

// An Executor does a scenario's faults to a site.
type Executor struct {
	spec *scenarios.Spec
	site Site
	zero time.Time
	pick func(n int) int // a draw of 0..n-1
	log  io.Writer

	mutex    sync.Mutex
	applied  []Applied
	nodes    map[int]condition
	troubles []Trouble
	failed   []error
}

// A condition is what the executor has done to a node.
type condition uint8

const (
	standing condition = iota
	stopping
	down
	paused
)

// New returns an executor for a scenario whose time 0 is zero. pick draws for
// targets that are random; log gets a line for each fault.
func New(spec *scenarios.Spec, site Site, zero time.Time, pick func(n int) int, log io.Writer) *Executor {
	e := &Executor{spec: spec, site: site, zero: zero, pick: pick, log: log, nodes: map[int]condition{}}
	for i := range spec.Faults {
		e.applied = append(e.applied, Applied{Index: i})
	}
	return e
}

// Run does every fault at its time and returns when all are done and healed, or
// when ctx ends; a fault that could not be done is an error.
func (e *Executor) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for i := range e.spec.Faults {
		running.Go(func() {
			if err := e.fault(ctx, i); err != nil && ctx.Err() == nil {
				f := &e.spec.Faults[i]
				e.mutex.Lock()
				e.failed = append(e.failed, fmt.Errorf("fault %d (line %d): %w", i+1, f.Line, err))
				e.mutex.Unlock()
			}
		})
	}
	running.Wait()
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return errors.Join(e.failed...)
}

// Applied returns what has become of each fault so far.
func (e *Executor) Applied() []Applied {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return append([]Applied(nil), e.applied...)
}

// Finish undoes what still stands, so that every log can be read: network faults
// heal, frozen processes go on, dead ones start. Run must have returned.
func (e *Executor) Finish(ctx context.Context) error {
	var failed []error
	for _, t := range e.troubles {
		if _, err := t.Heal(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	e.troubles = nil
	for _, node := range append(e.site.Controllers(), e.site.Brokers()...) {
		var err error
		switch e.nodes[node] {
		case paused:
			_, err = e.site.Resume(ctx, node)
		case stopping:
			if _, err = e.site.Exited(ctx, node); err == nil {
				_, err = e.site.Start(ctx, node)
			}
		case down:
			_, err = e.site.Start(ctx, node)
		case standing:
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("bring node %d back: %w", node, err))
		}
		e.nodes[node] = standing
	}
	return errors.Join(failed...)
}

// fault waits for one fault's time, does it and heals it.
func (e *Executor) fault(ctx context.Context, i int) error {
	f := &e.spec.Faults[i]
	if !SleepUntil(ctx, e.zero.Add(f.At)) {
		return nil
	}
	heal, err := e.begin(ctx, i, f)
	if err != nil || heal == nil || f.Duration == scenarios.Forever {
		return err
	}
	if !SleepUntil(ctx, e.Applied()[i].At.Add(f.Duration)) {
		return nil
	}
	at, err := heal(ctx)
	if err == nil {
		e.note(i, func(a *Applied) { a.Healed = at })
		e.say("healed %s after %s", f.Kind, at.Sub(e.Applied()[i].At).Round(time.Millisecond))
	}
	return err
}

// A healer ends a fault and says when it was over.
type healer func(ctx context.Context) (time.Time, error)

// begin does a fault now. What it returns heals it; nil when there is nothing to
// heal.
func (e *Executor) begin(ctx context.Context, i int, f *scenarios.Fault) (healer, error) {
	switch f.Kind {
	case scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss:
		return e.link(ctx, i, f)
	case scenarios.ConsumerCrash, scenarios.ConsumerPause, scenarios.ProducerCrash, scenarios.SlowDownstream, scenarios.ConsumerStop:
		return e.clients(i, f)
	case scenarios.ConfigChange:
		at, err := e.site.SetTopic(ctx, f.Topic, f.Change)
		e.happened(i, at, nil)
		return nil, err
	case scenarios.RollingRestart:
		return nil, e.rolling(ctx, i, f)
	case scenarios.BrokerCrash, scenarios.BrokerStop, scenarios.BrokerPause, scenarios.DiskLoss, scenarios.ControllerCrash:
		return e.servers(ctx, i, f)
	case scenarios.MachineLoss, scenarios.RackLoss, scenarios.SlowDisk:
	}
	return nil, fmt.Errorf("%s cannot be done to a container", f.Kind)
}

// happened notes that a fault took effect.
func (e *Executor) happened(i int, at time.Time, brokers []int) {
	e.note(i, func(a *Applied) { a.At, a.Brokers = at, brokers })
	e.say("%s of %v at %s", e.spec.Faults[i].Kind, brokers, at.Sub(e.zero).Round(time.Millisecond))
}

// skip notes that a fault had nothing to hit.
func (e *Executor) skip(i int, why string) {
	e.note(i, func(a *Applied) { a.Skipped = why })
	e.say("%s was skipped: %s", e.spec.Faults[i].Kind, why)
}

func (e *Executor) note(i int, change func(a *Applied)) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	change(&e.applied[i])
}

func (e *Executor) set(node int, c condition) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.nodes[node] = c
}

func (e *Executor) condition(node int) condition {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.nodes[node]
}

func (e *Executor) say(format string, args ...any) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	_, _ = fmt.Fprintf(e.log, "fault: "+format+"\n", args...)
}

// SleepUntil waits for a moment and reports whether it came before ctx ended.
func SleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
