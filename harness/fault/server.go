package fault

import (
	"context"
	"errors"
	"slices"
	"time"

	"kafkasim/scenarios"
)

// lookInterval is how often a rolling restart looks whether it can go on.
const lookInterval = 100 * time.Millisecond

// servers breaks brokers or controllers.
func (e *Executor) servers(ctx context.Context, i int, f *scenarios.Fault) (healer, error) {
	nodes, why, err := e.resolve(ctx, &f.Target)
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(n int) bool { return e.condition(n) != standing })
	if why == "" && len(nodes) == 0 {
		why = "its target is down already"
	}
	if why != "" {
		e.skip(i, why)
		return nil, nil //nolint:nilnil // a fault that hits nothing has nothing to heal
	}
	var first time.Time
	for _, n := range nodes {
		at, err := e.hit(ctx, f.Kind, n)
		if err != nil {
			return nil, err
		}
		if first.IsZero() {
			first = at
		}
	}
	e.happened(i, first, nodes)
	return func(ctx context.Context) (time.Time, error) { return e.repair(ctx, f.Kind, nodes) }, nil
}

// hit does a fault to one server.
func (e *Executor) hit(ctx context.Context, kind scenarios.FaultKind, node int) (at time.Time, err error) {
	switch kind { //nolint:exhaustive // begin sends no other kind here
	case scenarios.BrokerPause:
		e.set(node, paused)
		return e.site.Pause(ctx, node)
	case scenarios.BrokerStop:
		e.set(node, stopping)
		return e.site.Terminate(ctx, node)
	default:
	}
	e.set(node, down)
	if at, err = e.site.Kill(ctx, node); err == nil && kind == scenarios.DiskLoss {
		err = e.site.LoseData(ctx, node)
	}
	return at, err
}

// repair brings servers back. One that is still stopping comes back when it has
// stopped.
func (e *Executor) repair(ctx context.Context, kind scenarios.FaultKind, nodes []int) (last time.Time, err error) {
	for _, n := range nodes {
		switch {
		case kind == scenarios.BrokerPause:
			last, err = e.site.Resume(ctx, n)
		default:
			if e.condition(n) == stopping {
				if _, err = e.site.Exited(ctx, n); err != nil {
					return last, err
				}
			}
			last, err = e.site.Start(ctx, n)
		}
		if err != nil {
			return last, err
		}
		e.set(n, standing)
	}
	return last, nil
}

// rolling restarts brokers one after the other: stop one, start it when its time
// away is over, wait until it serves, pause, go on.
func (e *Executor) rolling(ctx context.Context, i int, f *scenarios.Fault) error {
	nodes, why, err := e.resolve(ctx, &f.Target)
	if err != nil {
		return err
	}
	if why != "" {
		e.skip(i, why)
		return nil
	}
	for k, n := range nodes {
		if !e.await(ctx, func() (bool, error) { return e.condition(n) == standing, nil }) {
			return nil
		}
		at, err := e.hit(ctx, scenarios.BrokerStop, n)
		if err != nil {
			return err
		}
		if k == 0 {
			e.happened(i, at, nodes)
		}
		e.note(i, func(a *Applied) { a.Asked = append(a.Asked, at) })
		gone, err := e.site.Exited(ctx, n)
		if err != nil {
			return err
		}
		e.set(n, down)
		if f.Duration != scenarios.Forever && !SleepUntil(ctx, gone.Add(f.Duration)) {
			return nil
		}
		if at, err = e.site.Start(ctx, n); err != nil {
			return err
		}
		e.set(n, standing)
		if !e.await(ctx, func() (bool, error) { return e.site.Serving(ctx, n) }) || !SleepUntil(ctx, time.Now().Add(f.Pause)) {
			return nil
		}
		e.note(i, func(a *Applied) { a.Healed = at })
	}
	return nil
}

// await waits until a condition holds; false when ctx ended first. What cannot be
// asked now is asked again.
func (e *Executor) await(ctx context.Context, holds func() (bool, error)) bool {
	for {
		if yes, err := holds(); err == nil && yes {
			return true
		}
		if !SleepUntil(ctx, time.Now().Add(lookInterval)) {
			return false
		}
	}
}

// link cuts or degrades what is between two sides.
func (e *Executor) link(ctx context.Context, i int, f *scenarios.Fault) (healer, error) {
	sides, why, err := e.sides(ctx, f)
	if err != nil {
		return nil, err
	}
	if why != "" {
		e.skip(i, why)
		return nil, nil //nolint:nilnil // a fault that hits nothing has nothing to heal
	}
	var t Trouble
	if f.Kind == scenarios.NetworkPartition || f.Kind == scenarios.NetworkLoss && f.Loss >= 1 {
		t, err = e.site.Cut(ctx, sides[0], sides[1])
	} else {
		t, err = e.site.Degrade(ctx, sides[0], sides[1], f.Delay, f.Jitter, f.Loss)
	}
	if err != nil {
		return nil, err
	}
	e.mutex.Lock()
	e.troubles = append(e.troubles, t)
	e.mutex.Unlock()
	e.happened(i, t.Since(), nodesOf(sides[0], e.site.Brokers()))
	return func(ctx context.Context) (time.Time, error) {
		e.mutex.Lock()
		e.troubles = slices.DeleteFunc(e.troubles, func(o Trouble) bool { return o == t })
		e.mutex.Unlock()
		return t.Heal(ctx)
	}, nil
}

// nodesOf are the brokers among parties.
func nodesOf(parties []Party, brokers []int) (nodes []int) {
	for _, p := range parties {
		if !p.Clients && slices.Contains(brokers, p.Node) {
			nodes = append(nodes, p.Node)
		}
	}
	return nodes
}

// sides are the parties on both sides of a network fault; a single target stands
// against everybody else.
func (e *Executor) sides(ctx context.Context, f *scenarios.Fault) (sides [2][]Party, why string, err error) {
	if len(f.Between[0]) == 0 {
		nodes, why, err := e.resolve(ctx, &f.Target)
		for _, n := range nodes {
			sides[0] = append(sides[0], Party{Node: n})
		}
		for _, n := range e.everybody() {
			if !slices.Contains(nodes, n) {
				sides[1] = append(sides[1], Party{Node: n})
			}
		}
		sides[1] = append(sides[1], Party{Clients: true})
		return sides, why, err
	}
	for s := range sides {
		if sides[s], why, err = e.parties(ctx, f.Between[s]); why != "" || err != nil {
			return sides, why, err
		}
	}
	return sides, "", nil
}

// parties are those that a list of targets names.
func (e *Executor) parties(ctx context.Context, targets []scenarios.Target) (list []Party, why string, err error) {
	for k := range targets {
		if targets[k].Kind == scenarios.TargetClients {
			list = append(list, Party{Clients: true})
			continue
		}
		nodes, why, err := e.resolve(ctx, &targets[k])
		if why != "" || err != nil {
			return nil, why, err
		}
		for _, n := range nodes {
			list = append(list, Party{Node: n})
		}
	}
	return list, "", nil
}

// everybody are all nodes, each once.
func (e *Executor) everybody() []int {
	all := append(slices.Clone(e.site.Brokers()), e.site.Controllers()...)
	slices.Sort(all)
	return slices.Compact(all)
}

// resolve finds the nodes that a target names now, or says why there is none.
func (e *Executor) resolve(ctx context.Context, t *scenarios.Target) (nodes []int, why string, err error) {
	switch t.Kind {
	case scenarios.TargetBroker, scenarios.TargetController:
		return []int{t.Node}, "", nil
	case scenarios.TargetActiveController:
		n, err := e.site.ActiveController(ctx)
		if err == nil && n == 0 {
			why = "no controller is active"
		}
		return []int{n}, why, err
	case scenarios.TargetLeaderOf, scenarios.TargetFollowerOf:
		return e.replica(ctx, t)
	case scenarios.TargetRandomBroker:
		up := slices.DeleteFunc(slices.Clone(e.site.Brokers()), func(n int) bool { return e.condition(n) != standing })
		if len(up) == 0 {
			return nil, "no broker is up", nil
		}
		return []int{up[e.pick(len(up))]}, "", nil
	case scenarios.TargetEach, scenarios.TargetCluster:
		return slices.Clone(e.site.Brokers()), "", nil
	case scenarios.TargetRack:
		for _, b := range e.spec.Clusters[0].Brokers {
			if b.Rack == t.Rack {
				nodes = append(nodes, b.ID)
			}
		}
		return nodes, "", nil
	case scenarios.NoTarget, scenarios.TargetMember, scenarios.TargetProducer, scenarios.TargetClients:
	}
	return nil, "", errors.New("its target names no broker and no controller")
}

// replica finds the broker that leads a partition, or the first live one that
// follows.
func (e *Executor) replica(ctx context.Context, t *scenarios.Target) (nodes []int, why string, err error) {
	leader, replicas, err := e.site.Leader(ctx, t.Topic, t.Partition)
	if err != nil {
		return nil, "", err
	}
	if t.Kind == scenarios.TargetLeaderOf {
		if leader == 0 {
			return nil, "the partition has no leader", nil
		}
		return []int{leader}, "", nil
	}
	for _, n := range replicas {
		if n != leader && e.condition(n) == standing {
			return []int{n}, "", nil
		}
	}
	return nil, "the partition has no live follower", nil
}
