package batch

import (
	"fmt"
	"math"
	"slices"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// faultState is what the faults of a run need to remember.
type faultState struct {
	active  []activeFault // by index in the spec
	rolling []rollingState
}

// An activeFault is a fault that has begun: what it hit.
type activeFault struct {
	begun bool
	nodes []int32
	links []int
}

// A rollingState is where a rolling restart stands.
type rollingState struct {
	next    int
	current int32 // broker being restarted, or -1
	down    bool  // its process is gone and its down time runs

	finished bool
}

// noteUnfinished warns of rolling restarts that the end of the run has cut short.
func (w *world) noteUnfinished() {
	for i := range w.faults.rolling {
		f := &w.plan.spec.Faults[i]
		a, s := &w.faults.active[i], &w.faults.rolling[i]
		if f.Kind == scenarios.RollingRestart && a.begun && !s.finished {
			done := s.next
			if s.current >= 0 {
				done--
			}
			w.warn(fmt.Sprintf("rolling_restart (line %d) was not finished when the run ended: %d of %d brokers were through", f.Line, done, len(a.nodes)))
		}
	}
}

// scheduleFaults plans every fault of the scenario.
func (w *world) scheduleFaults() {
	for i := range w.plan.spec.Faults {
		w.engine.Schedule(sim.Time(prologue).Add(w.plan.spec.Faults[i].At), evFault, int32(i), 0)
	}
}

// onFault begins a fault: its target is resolved now.
func (w *world) onFault(now sim.Time, i int32) {
	f := &w.plan.spec.Faults[i]
	a := &w.faults.active[i]
	a.begun = true
	if f.Kind == scenarios.NetworkPartition || f.Kind == scenarios.NetworkDelay || f.Kind == scenarios.NetworkLoss {
		w.beginLinkFault(now, i, f, a)
	} else {
		nodes, why := w.resolve(now, &f.Target, f.Kind)
		if why != "" {
			w.warn(fmt.Sprintf("fault %d (line %d) at %s was skipped: %s", i+1, f.Line, f.At, why))
			return
		}
		a.nodes = nodes
		if f.Kind == scenarios.RollingRestart {
			w.tellFault(now, i, story.Nobody, true)
			w.engine.Schedule(now, evRolling, i, 0)
		} else {
			for _, n := range nodes {
				w.tellFault(now, i, n, true)
				w.hit(now, f, n)
			}
		}
	}
	if f.Duration != scenarios.Forever && f.Kind != scenarios.RollingRestart && f.Kind != scenarios.ConfigChange {
		w.engine.Schedule(now.Add(f.Duration), evHeal, i, 0)
	}
}

// hit does one fault to one node.
func (w *world) hit(now sim.Time, f *scenarios.Fault, n int32) {
	switch f.Kind {
	case scenarios.BrokerCrash, scenarios.MachineLoss, scenarios.RackLoss:
		w.crashServer(now, n, f.Kind != scenarios.BrokerCrash)
	case scenarios.DiskLoss:
		w.noteFault(now, n)
		w.crashBroker(now, n, false)
		w.wipe(n)
	case scenarios.BrokerStop:
		w.noteFault(now, n)
		w.stopBroker(now, n)
	case scenarios.BrokerPause:
		w.noteFault(now, n)
		w.freeze(now, n)
		w.tellLife(now, n, story.Froze)
		w.noteBroker(now, n)
		w.voterDown(now, n, kafka.VoterSilent)
	case scenarios.SlowDisk:
		w.machines.host.Slow(now, int(n), f.Factor)
	case scenarios.ControllerCrash:
		w.crashServer(now, n, false)
	case scenarios.ConsumerCrash:
		w.crashMember(now, w.memberOf(n))
	case scenarios.ConsumerStop:
		w.stopMember(now, w.memberOf(n))
	case scenarios.ConsumerPause:
		w.pauseMember(now, w.memberOf(n))
	case scenarios.ProducerCrash:
		w.crashProducer(now, n-int32(w.plan.producerAt))
	case scenarios.SlowDownstream:
		w.consumers.members[w.memberOf(n)].slow = f.Factor
	case scenarios.ConfigChange:
		w.changeConfig(now, f)
	case scenarios.RollingRestart, scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss:
	}
}

// onHeal ends a fault.
func (w *world) onHeal(now sim.Time, i int32) {
	f := &w.plan.spec.Faults[i]
	a := &w.faults.active[i]
	if len(a.links) > 0 {
		w.tellFault(now, i, story.Nobody, false)
		w.healLinks(now, f, a)
		return
	}
	for _, n := range a.nodes {
		w.tellFault(now, i, n, false)
		switch f.Kind {
		case scenarios.BrokerCrash, scenarios.MachineLoss, scenarios.RackLoss, scenarios.DiskLoss, scenarios.BrokerStop, scenarios.ControllerCrash:
			w.restartServer(now, n)
		case scenarios.BrokerPause:
			w.resumeBroker(now, n)
		case scenarios.SlowDisk:
			w.machines.host.Slow(now, int(n), 1)
		case scenarios.ConsumerCrash:
			w.startMember(now, w.memberOf(n))
		case scenarios.ConsumerStop:
			w.bringMemberBack(now, w.memberOf(n))
		case scenarios.ConsumerPause:
			w.thaw(now, n)
			w.tellLife(now, n, story.Resumed)
		case scenarios.ProducerCrash:
			w.restartProducer(now, n-int32(w.plan.producerAt))
		case scenarios.SlowDownstream:
			w.consumers.members[w.memberOf(n)].slow = 1
		case scenarios.ConfigChange, scenarios.RollingRestart, scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss:
		}
	}
}

// bringBack starts a broker again; one that is still stopping comes back when its
// process has ended.
func (w *world) bringBack(now sim.Time, b int32) {
	switch {
	case !w.processes[b].up && now < w.brokers[b].gone:
		w.engine.Schedule(w.brokers[b].gone, evReturn, b, 0)
	case !w.processes[b].up:
		w.startBroker(now, b)
		w.voterUp(now, b)
	case w.brokers[b].life == lifeStopping:
		w.brokers[b].returns = true
	}
}

// resumeBroker lets a frozen broker go on.
func (w *world) resumeBroker(now sim.Time, b int32) {
	if !w.processes[b].paused {
		return
	}
	silent := now.Sub(w.processes[b].pausedAt)
	w.thaw(now, b)
	w.tellLife(now, b, story.Resumed)
	w.voterUp(now, b)
	w.noteHealed(now, b)
	w.noteBroker(now, b)
	if w.brokers[b].stuckMeta {
		at := now
		if silent > w.plan.cluster.Config.QuorumFetchTimeout {
			// Its open fetch has timed out meanwhile: the connection is closed and
			// set up again.
			at = at.Add(w.netStreams[b].UniformDuration(quorumReconnect*8/10, quorumReconnect*12/10))
			for range 4 {
				at = at.Add(w.delayBetween(b, int32(w.plan.voters[0]), b))
			}
		}
		w.scheduleCatchUp(at, b)
	}
	k := int32(w.plan.cluster.Config.ReplicaFetchers)
	for f := b * int32(w.plan.brokers) * k; f < (b+1)*int32(w.plan.brokers)*k; f++ {
		w.tryFetch(now, f)
	}
}

// quorumReconnect is the back-off before a broker reconnects to the quorum
// (KafkaRaftManager.buildNetworkClient, reconnectBackoffMs).
const quorumReconnect = 50 * time.Millisecond

// scheduleCatchUp brings a broker that missed metadata up to date: what its open
// fetch had brought is applied first, then a fetch brings the rest and another
// round its commit.
func (w *world) scheduleCatchUp(at sim.Time, b int32) {
	if w.control.active < 0 {
		w.brokers[b].stuckSince = at
		return // activate will look at it again
	}
	delay := 2 * w.machines.applyTime(int(b), &w.machines.apply[b])
	for range 4 {
		delay += w.delayBetween(w.control.active, b, b)
	}
	w.engine.Schedule(at.Add(delay), evMetaCatchUp, b, int64(w.processes[b].inc))
}

// onMetaCatchUp applies what a broker missed, unless it is cut off again.
func (w *world) onMetaCatchUp(now sim.Time, b int32) {
	br := &w.brokers[b]
	if !br.ready || !br.stuckMeta {
		return
	}
	if w.control.active < 0 || !w.reachable(b, w.control.active) {
		return
	}
	w.catchUp(now, b)
}

// crashServer kills a broker or a dedicated controller, or takes its machine away.
// A controller loses nothing with it: it syncs its log before it answers.
func (w *world) crashServer(now sim.Time, n int32, machine bool) {
	if int(n) < w.plan.brokers {
		w.noteFault(now, n)
		w.crashBroker(now, n, machine)
		return
	}
	w.die(now, n, machine)
	w.tellLife(now, n, story.Died)
	w.voterDown(now, n, kafka.VoterCrashed)
}

// restartServer starts it again.
func (w *world) restartServer(now sim.Time, n int32) {
	if int(n) < w.plan.brokers {
		w.bringBack(now, n)
		return
	}
	if !w.processes[n].up {
		w.start(n)
		w.tellLife(now, n, story.Started)
		w.voterUp(now, n)
	}
}

// changeConfig gives a topic other settings.
func (w *world) changeConfig(now sim.Time, f *scenarios.Fault) {
	config := &w.topicConfig[f.Topic]
	for _, c := range f.Change {
		if err := scenarios.ApplyTopicSetting(config, c.Name, c.Value); err != nil {
			w.warn(fmt.Sprintf("config_change at %s: %v", f.At, err))
			return
		}
	}
	t := &w.plan.topics[f.Topic]
	w.changes = w.control.machine.SetTopicConfig(
		kafka.PartitionRange{First: t.first, End: t.first + kafka.PartitionID(t.count)},
		kafka.TopicConfig{MinInsyncReplicas: config.MinInsyncReplicas, UncleanElection: config.UncleanElection}, w.changes[:0])
	w.writeControl(now, noMessage)
	// Brokers learn of it with their metadata, and of a cleared ELR with it: never
	// before both are committed.
	w.control.configs = append(w.control.configs, pendingConfig{int32(f.Topic), config.MinInsyncReplicas, len(w.control.log)})
	w.configsCommitted(now)
}

// configsCommitted brings committed settings to the brokers. Without an active
// controller nothing is committed: whoever changes a setting asks until there is one.
func (w *world) configsCommitted(now sim.Time) {
	c := &w.control
	for len(c.configs) > 0 && c.active >= 0 && c.configs[0].needs <= c.committed {
		w.engine.Schedule(now.Add(w.plan.cluster.Config.QuorumAppendLinger), evConfigApply, c.configs[0].topic, int64(c.configs[0].minISR))
		c.configs = c.configs[1:]
	}
}

// onConfigApply lets leaders take over a topic's changed settings.
func (w *world) onConfigApply(now sim.Time, topic, minISR int) {
	w.minISR[topic] = minISR
	t := &w.plan.topics[topic]
	for p := t.first; p < t.first+kafka.PartitionID(t.count); p++ {
		for i := range t.rf {
			r := int32(w.plan.partitions[p].replica + i)
			if rep := &w.replicas[r]; rep.role == roleLeader {
				rep.leader.MinISR = w.effectiveMinISR(p)
				w.moveHW(now, r)
			}
		}
		w.reassess(now, p)
	}
}

// wipe destroys a broker's logs.
func (w *world) wipe(b int32) {
	br := &w.brokers[b]
	br.wiped, br.clean = true, false
	w.lossy[b], w.anyLossy = true, true
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		if rep.log.end > rep.log.start {
			w.noteLostCopy(r)
			w.noteCopySpan(rep.partition, 0, w.engine.Now())
		}
		end := rep.log.end
		rep.log.reset(0, 0)
		w.tellCut(r, end, story.Wiped)
		rep.hw, rep.checkpoint = 0, 0
	}
}

// loseUnsynced cuts a lost machine's logs to what was on its disk.
func (w *world) loseUnsynced(now sim.Time, b int32) {
	survives := w.machines.lossPosition(int(b), now)
	w.lossy[b], w.anyLossy = true, true
	for _, r := range w.hosts[b] {
		rep := &w.replicas[r]
		n, first := len(rep.log.entries), now
		for n > 0 && rep.log.entries[n-1].disk > survives {
			n--
			first = min(first, w.batches[rep.log.entries[n].batch].at)
		}
		if n < len(rep.log.entries) {
			w.noteLostCopy(r)
			w.noteCopySpan(rep.partition, first, now)
			w.truncate(r, rep.log.entries[n].base, 0)
		}
		rep.checkpoint = min(rep.checkpoint, rep.log.end)
	}
	w.brokers[b].disk = survives
}

// syncLogs is the flush of a clean shutdown.
func (w *world) syncLogs(now sim.Time, b int32) {
	w.machines.Sync(int(b), now)
}

// beginLinkFault cuts or degrades the links between two sets of nodes.
func (w *world) beginLinkFault(now sim.Time, i int32, f *scenarios.Fault, a *activeFault) {
	sides, why := w.sides(now, f)
	if why != "" {
		w.warn(fmt.Sprintf("fault %d (line %d) at %s was skipped: %s", i+1, f.Line, f.At, why))
		return
	}
	n := w.plan.servers + 1
	for _, x := range sides[0] {
		for _, y := range sides[1] {
			if x != y {
				a.links = append(a.links, x*n+y, y*n+x)
			}
		}
	}
	w.tellLinkFault(now, i, sides, true)
	for _, l := range a.links {
		w.changeLink(l, f, 1)
	}
	w.linkFaults++
	if cuts(f) {
		w.afterCut(now)
	}
}

// cuts says whether nothing at all gets through.
func cuts(f *scenarios.Fault) bool {
	return f.Kind == scenarios.NetworkPartition || (f.Kind == scenarios.NetworkLoss && f.Loss >= 1)
}

// changeLink adds (sign 1) or takes away (-1) a fault of one directed link.
func (w *world) changeLink(l int, f *scenarios.Fault, sign int) {
	link := &w.links[l]
	if cuts(f) {
		link.cuts += int32(sign)
		return
	}
	switch f.Kind { //nolint:exhaustive // only the kinds that a link can have come here
	case scenarios.NetworkDelay:
		link.delay += time.Duration(sign) * f.Delay
		link.jitter += time.Duration(sign) * f.Jitter
	case scenarios.NetworkLoss:
		// Independent losses multiply what gets through.
		through := (1 - link.loss) * math.Pow(1-f.Loss, float64(sign))
		link.loss = min(1, max(0, 1-through))
		if sign < 0 && link.loss < 1e-12 {
			link.loss = 0
		}
	default:
	}
}

// sides are the classes of nodes on both sides of a link fault; a single target
// stands against everybody else.
func (w *world) sides(now sim.Time, f *scenarios.Fault) (sides [2][]int, why string) {
	if len(f.Between[0]) == 0 {
		nodes, why := w.resolve(now, &f.Target, f.Kind)
		if why != "" {
			return sides, why
		}
		for _, n := range nodes {
			sides[0] = append(sides[0], w.class(n))
		}
		for c := range w.plan.servers + 1 {
			if !slices.Contains(sides[0], c) {
				sides[1] = append(sides[1], c)
			}
		}
		return sides, ""
	}
	for s := range sides {
		for k := range f.Between[s] {
			classes, why := w.classes(now, &f.Between[s][k], f.Kind)
			if why != "" {
				return sides, why
			}
			sides[s] = append(sides[s], classes...)
		}
	}
	return sides, ""
}

// classes are the classes of the nodes that a target names.
func (w *world) classes(now sim.Time, t *scenarios.Target, kind scenarios.FaultKind) (classes []int, why string) {
	if t.Kind == scenarios.TargetClients {
		return []int{w.plan.servers}, ""
	}
	nodes, why := w.resolve(now, t, kind)
	for _, n := range nodes {
		classes = append(classes, w.class(n))
	}
	return classes, why
}

// healLinks ends a link fault.
func (w *world) healLinks(now sim.Time, f *scenarios.Fault, a *activeFault) {
	for _, l := range a.links {
		w.changeLink(l, f, -1)
	}
	a.links = a.links[:0]
	if cuts(f) {
		w.releaseStuck(now)
		w.afterCut(now)
		for b := range w.brokers {
			w.reconnectMetadata(now, int32(b))
		}
	}
	w.linkFaults--
}

// reconnectMetadata finds the moment at which a broker that was cut off from the
// active controller hears from it again. Its open fetch was given up after the
// quorum's fetch timeout; since then it has been trying to connect: a SYN that is
// not answered is repeated after 1, 3 and 7 s, and the attempt given up after 10 s
// ± 20 % (kafka.md J.5).
func (w *world) reconnectMetadata(now sim.Time, b int32) {
	br := &w.brokers[b]
	if !br.stuckMeta || w.control.active < 0 || !w.reachable(b, w.control.active) || w.processes[b].paused || !w.processes[b].up {
		return
	}
	w.noteHealed(now, b)
	at := br.stuckSince.Add(w.plan.cluster.Config.QuorumFetchTimeout)
	s := &w.netStreams[b]
	for at < now {
		attempt := s.UniformDuration(connectSetup*8/10, connectSetup*12/10)
		for _, wait := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second} {
			if try := at.Add(wait); try >= now && wait < attempt {
				w.scheduleCatchUp(try, b)
				return
			}
		}
		at = at.Add(attempt)
	}
	w.scheduleCatchUp(at, b)
}

// afterCut lets the controllers' quorum and the measures of availability follow a
// change of the cuts.
func (w *world) afterCut(now sim.Time) {
	for k, v := range w.plan.voters {
		reach := 0
		for _, other := range w.plan.voters {
			if v == other || w.reachable(int32(v), int32(other)) {
				reach++
			}
		}
		cut := reach <= len(w.plan.voters)/2
		if cut == w.voterCut[k] || !w.processes[v].up {
			continue
		}
		w.voterCut[k] = cut
		if cut {
			w.voterDown(now, int32(v), kafka.VoterSilent)
		} else {
			w.voterUp(now, int32(v))
		}
	}
	for b := range w.brokers {
		if w.control.active >= 0 && !w.reachable(int32(b), w.control.active) && w.processes[b].up {
			if br := &w.brokers[b]; !br.stuckMeta {
				br.stuckMeta, br.stuckSince = true, now
			}
			w.noteFault(now, int32(b))
		}
		w.noteBroker(now, int32(b))
	}
}

// onRolling is the next step of a rolling restart: stop a broker, bring it back
// when its down time is over, wait until it serves, pause, go on.
func (w *world) onRolling(now sim.Time, i int32) {
	const look = 100 * time.Millisecond
	f := &w.plan.spec.Faults[i]
	s := &w.faults.rolling[i]
	a := &w.faults.active[i]
	wait := look
	switch {
	case s.current < 0:
		if s.next == len(a.nodes) {
			s.finished = true
			return
		}
		if b := a.nodes[s.next]; w.processes[b].paused || w.brokers[b].life != lifeRunning {
			break // something else broke it: whoever restarts brokers one by one waits
		}
		s.current = a.nodes[s.next]
		s.next++
		w.noteFault(now, s.current)
		w.stopBroker(now, s.current)
	case !s.down && !w.processes[s.current].up && now >= w.brokers[s.current].gone:
		s.down = true
		wait = 0
		if f.Duration != scenarios.Forever {
			wait = f.Duration
		}
	case s.down && !w.processes[s.current].up:
		w.bringBack(now, s.current)
	case s.down && w.brokers[s.current].life == lifeRunning:
		s.current, s.down = -1, false
		wait = f.Pause
	}
	w.engine.Schedule(now.Add(wait), evRolling, i, 0)
}
