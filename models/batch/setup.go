package batch

import (
	"time"

	"kafkasim/models/host"
	"kafkasim/models/kafka"
	"kafkasim/models/workload"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/stats"
)

// shared is what the replications of a scenario have in common and only read.
type shared struct {
	plan       *plan
	rtts       []rttTables     // by directed pair of classes of nodes
	wakes      []*latencyTable // by broker
	clients    []*latencyTable // clients' own delays, by broker that they talk to
	fetchers   []*latencyTable // replica fetchers' own delays, by broker
	curves     []*workload.Curve
	keys       []*workload.Keys // by producer; nil: none
	keyTargets [][]int32        // partition of each key
	grid       seriesGrid
}

// newShared prepares a scenario.
func newShared(spec *scenarios.Spec) (*shared, error) {
	p, err := newPlan(spec)
	if err != nil {
		return nil, err
	}
	s := &shared{
		plan: p,
		rtts: newRTTs(p),
		grid: newSeriesGrid(spec),
	}
	s.wakes = latencyTables(p, func(h *scenarios.Hardware) scenarios.Latency { return h.Wakeup })
	s.clients = latencyTables(p, func(h *scenarios.Hardware) scenarios.Latency { return h.ClientDelay })
	s.fetchers = latencyTables(p, func(h *scenarios.Hardware) scenarios.Latency { return h.ReplicaDelay })
	for i := range spec.Producers {
		pr := &spec.Producers[i]
		s.curves = append(s.curves, workload.NewCurve(pr.Rate, spec.Duration))
		var keys *workload.Keys
		var targets []int32
		if pr.Keys.Count > 0 {
			keys = workload.NewKeys(pr.Keys)
			for k := range pr.Keys.Count {
				targets = append(targets, workload.PartitionOfKey(int32(k), spec.Topics[pr.Topic].Partitions))
			}
		}
		s.keys = append(s.keys, keys)
		s.keyTargets = append(s.keyTargets, targets)
	}
	return s, nil
}

// latencyTables are a delay of every broker's machine, by broker; equal machines
// share one.
func latencyTables(p *plan, of func(*scenarios.Hardware) scenarios.Latency) []*latencyTable {
	tables := make([]*latencyTable, p.brokers)
	for b := range tables {
		law := of(p.cluster.Brokers[b].Hardware)
		if b > 0 && law == of(p.cluster.Brokers[b-1].Hardware) {
			tables[b] = tables[b-1]
			continue
		}
		tables[b] = newLatencyTable(law, 1)
	}
	return tables
}

// rttTables are the one-way delays between two machines, in one rack or in two.
type rttTables struct{ same, cross *latencyTable }

// newRTTs makes the delays between all classes of nodes: the slower of both
// machines' profiles. Controllers stand on machines like the first broker's; what
// clients run on is not known and takes the broker's word.
func newRTTs(p *plan) []rttTables {
	machine := func(class int) *scenarios.Hardware {
		if class < p.brokers {
			return p.cluster.Brokers[class].Hardware
		}
		return nil
	}
	type laws struct{ same, cross scenarios.Latency }
	known := map[laws]rttTables{}
	classes := p.servers + 1
	out := make([]rttTables, 0, classes*classes)
	for a := range classes {
		for b := range classes {
			x, y := machine(a), machine(b)
			switch {
			case x == nil && y == nil:
				x = p.cluster.Brokers[0].Hardware
				y = x
			case x == nil:
				x = y
			case y == nil:
				y = x
			}
			l := laws{host.RTT(x, y, true), host.RTT(x, y, false)}
			t, made := known[l]
			if !made {
				t = rttTables{newLatencyTable(l.same, 0.5), newLatencyTable(l.cross, 0.5)}
				known[l] = t
			}
			out = append(out, t)
		}
	}
	return out
}

// reset makes w the start of replication number, reusing its memory.
func (w *world) reset(s *shared, number int) {
	p := s.plan
	spec := p.spec
	old := *w
	*w = world{plan: p, shared: s, number: number, seed: rng.Derive(spec.Seed, uint64(number)), engine: old.engine}
	w.engine.Reset()
	w.records, w.batches, w.messages = old.records[:0], old.batches[:0], old.messages[:0]
	w.freeMessage = noMessage
	w.loadEnd = sim.Time(prologue).Add(spec.Duration)
	w.voterCut = make([]bool, len(p.voters))
	w.quorumStream = rng.New(w.seed, "controllers", "quorum")
	w.faultStream = rng.New(w.seed, "faults", "random targets")
	w.topicCounts = make([]int, len(p.topics))
	w.assigned = p.assignments(w.seed)
	w.machines = newMachines(p.cluster.Brokers, &p.cluster.Config, w.seed)
	w.resetNetwork()
	w.resetControl()
	w.resetBrokers()
	w.resetObserved()
	w.resetProducers()
	w.resetConsumers()
	w.resetWatches()
	w.lossy, w.quorumLostAt = make([]bool, p.brokers), sim.Never
	w.everUnclean = make([]bool, len(p.partitions))
	w.written = make([]bool, len(p.partitions))
	w.begin()
}

// resetNetwork numbers processes, racks and connections.
func (w *world) resetNetwork() {
	p := w.plan
	w.processes = make([]process, p.nodes)
	for i := range w.processes {
		w.processes[i] = process{up: true, hostUp: true, inc: 1, diedInc: -1}
	}
	for i := range p.members {
		w.processes[p.memberAt+i].up = false
	}
	w.rack = make([]int32, p.nodes)
	racks := map[string]int32{}
	rackID := func(name string) int32 {
		id, known := racks[name]
		if !known {
			id = int32(len(racks))
			racks[name] = id
		}
		return id
	}
	for i := range p.brokers {
		w.rack[i] = rackID(p.brokerRacks[i])
	}
	for i := p.brokers; i < p.servers; i++ {
		w.rack[i] = rackID(p.brokerRacks[(i-p.brokers)%p.brokers])
	}
	for i := range p.producers {
		w.rack[p.producerAt+i] = rackID(p.producers[i].rack)
	}
	for i := range p.members {
		w.rack[p.memberAt+i] = rackID(p.members[i].rack)
	}
	w.links = make([]linkFault, (p.servers+1)*(p.servers+1))
	w.connections = make([]connection, len(p.producers)*p.brokers)
	for i := range w.connections {
		w.connections[i].queue = emptyQueue()
	}
	w.lastArrival = make([]sim.Time, 2*len(w.connections))
	w.metadataAsked = make([]int64, p.nodes)
	w.nextBroker = make([]int32, p.nodes)
	for i := range w.nextBroker {
		w.nextBroker[i] = int32(i % p.brokers)
	}
	w.resetStreams()
}

// resetStreams names the random streams of the network: one a node, then one a
// fetcher and another for as long as none of its partitions has held a record, then
// one a broker's AlterPartition channel.
func (w *world) resetStreams() {
	p := w.plan
	w.netStreams = w.netStreams[:0]
	for i := range p.servers {
		w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("server", i+1), "network"))
	}
	for i := range p.producers {
		pr := &p.producers[i]
		w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("producer/"+p.spec.Producers[pr.producer].Name, pr.instance), "network"))
	}
	for i := range p.members {
		m := &p.members[i]
		w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("member/"+p.spec.Groups[m.group].Name, m.member), "network"))
	}
	w.fetcherAt = int32(len(w.netStreams))
	n := p.brokers * p.brokers * p.cluster.Config.ReplicaFetchers
	for i := range n {
		w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("fetcher", i), "network"))
	}
	w.idleAt = int32(len(w.netStreams))
	for i := range n {
		w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("fetcher", i), "network without records"))
	}
	w.alterAt = int32(len(w.netStreams))
	for i := range p.brokers {
		for t := range p.topics {
			w.netStreams = append(w.netStreams, rng.New(w.seed, nameOf("broker", i+1), "alter partition of "+p.topics[t].name))
		}
	}
}

// fetcherStream draws the delays of a fetcher's requests.
func (w *world) fetcherStream(f int32) int32 {
	if w.fetchers[f].used == 0 {
		return w.idleAt + f
	}
	return w.fetcherAt + f
}

// alterStream draws the delays of a broker's AlterPartition requests for a topic.
func (w *world) alterStream(b int32, topic int) int32 {
	return w.alterAt + b*int32(len(w.plan.topics)) + int32(topic)
}

// connectionBroker is the broker of a client connection.
func (w *world) connectionBroker(c int32) int32 { return c % int32(w.plan.brokers) }

// resetControl makes the controllers and the metadata as after the creation of
// all topics.
func (w *world) resetControl() {
	p := w.plan
	infos := make([]kafka.PartitionInfo, 0, len(p.partitions))
	for i := range p.partitions {
		t := &p.topics[p.partitions[i].topic]
		infos = append(infos, kafka.PartitionInfo{
			Replicas: w.assigned[i], MinInsyncReplicas: t.config.MinInsyncReplicas, UncleanElection: t.config.UncleanElection,
		})
	}
	for i := range p.topics {
		w.topicConfig = append(w.topicConfig, p.topics[i].config)
		w.minISR = append(w.minISR, p.topics[i].config.MinInsyncReplicas)
	}
	c := &w.control
	c.machine = kafka.NewController(kafka.ControllerConfig{
		SessionTimeout: p.cluster.Config.SessionTimeout, ELR: p.cluster.ELR, Version: p.cluster.Version,
	}, p.brokers, infos)
	voters := make([]kafka.BrokerID, len(p.voters))
	for i, v := range p.voters {
		voters[i] = kafka.BrokerID(v)
	}
	quorum := kafka.DefaultQuorumConfig()
	quorum.FetchTimeout = p.cluster.Config.QuorumFetchTimeout
	quorum.ElectionTimeout = p.cluster.Config.QuorumElectionTimeout
	c.quorum = kafka.NewQuorum(quorum, voters)
	c.active = int32(p.voters[0])
	c.commitDelay = w.drawCommitDelay()
	h := p.cluster.Brokers[0].Hardware
	c.work = 2*h.CPUPerRequest + 2*h.Wakeup.Median
	c.offset = c.machine.MetadataOffset()
	for i := range p.partitions {
		c.image = append(c.image, c.machine.Partition(kafka.PartitionID(i)))
	}
	for b := range p.brokers {
		c.peers = append(c.peers, peerView{epoch: c.machine.Broker(kafka.BrokerID(b + 1)).Epoch})
	}
}

// resetBrokers makes every broker a running one that has applied the metadata.
func (w *world) resetBrokers() {
	p := w.plan
	w.brokers = make([]broker, p.brokers)
	w.hosts = make([][]int32, p.brokers)
	w.replicas = make([]replica, p.replicas)
	w.state = make([]kafka.PartitionState, p.brokers*len(p.partitions))
	w.peers = make([]peerView, p.brokers*p.brokers)
	k := p.cluster.Config.ReplicaFetchers
	w.fetchers = make([]fetcher, p.brokers*p.brokers*k)
	for i := range w.fetchers {
		w.fetchers[i] = fetcher{
			follower: int32(i / k / p.brokers), leader: int32(i / k % p.brokers), parked: noMessage,
		}
	}
	w.fetcherID = make([]int32, len(p.partitions))
	for i := range p.partitions {
		t := &p.topics[p.partitions[i].topic]
		number := p.partitions[i].number
		if t.lives != nil {
			number = t.lives[number]
		}
		w.fetcherID[i] = fetcherNumber(t.name, number, k)
		for n, id := range w.assigned[i] {
			r := p.partitions[i].replica + n
			w.replicas[r] = replica{
				partition: kafka.PartitionID(i), broker: int32(id) - 1, index: kafka.ReplicaIndex(n),
				epoch: -1, source: -1, fetcher: -1,
				leader: kafka.Leader{Followers: make([]kafka.Follower, len(w.assigned[i]))},
			}
			w.hosts[id-1] = append(w.hosts[id-1], int32(r))
		}
	}
	if idempotent(p.spec) {
		w.dedup = make([]producerMemory, p.replicas*len(p.producers))
		for i := range w.dedup {
			w.dedup[i].pid = -1
		}
	}
	for b := range w.brokers {
		w.brokers[b] = broker{
			applyAt: make([]sim.Time, len(p.topics)+1), alters: make([]alterQueue, len(p.topics)),
			life: lifeRunning, epoch: w.control.peers[b].epoch, ready: true, settled: true, applied: w.control.offset, beatSince: sim.Never,
		}
		for channel := range w.brokers[b].controllers {
			w.brokers[b].controllers[channel] = w.control.active
		}
	}
}

// fetcherNumber is which of a broker pair's fetchers reads a partition
// (AbstractFetcherManager.getFetcherId: abs(31·hash(topic) + partition) mod n).
func fetcherNumber(topic string, partition, n int) int32 {
	h := 31*javaHash(topic) + int32(partition)
	return (h & 0x7fffffff) % int32(n)
}

// javaHash is String.hashCode.
func javaHash(s string) int32 {
	var h int32
	for _, r := range s {
		h = 31*h + r
	}
	return h
}

// resetProducers makes the producer instances.
func (w *world) resetProducers() {
	p := w.plan
	w.producer = make([]producerState, len(p.producers))
	for i := range p.producers {
		pp := &p.producers[i]
		spec := &p.spec.Producers[pp.producer]
		name := nameOf("producer/"+spec.Name, pp.instance)
		topic := &p.topics[spec.Topic]
		s := &w.producer[i]
		*s = producerState{
			config: &spec.Config, topic: spec.Topic, first: topic.first,
			keys: w.shared.keys[pp.producer], partitionOf: w.shared.keyTargets[pp.producer],
			sizes:      workload.NewSizes(spec.RecordSize),
			sizeStream: rng.New(w.seed, name, "sizes"),
			keyStream:  rng.New(w.seed, name, "keys"),
			timers:     rng.New(w.seed, name, "timers"),
			arrivals: workload.NewArrivals(w.shared.curves[pp.producer], spec.Arrivals, pp.instance, spec.Instances,
				rng.New(w.seed, name, "arrivals")),
			machine: kafka.NewProducer(kafka.ProducerOptions{
				Client: spec.Client, Partitioner: spec.Partitioner, Config: spec.Config,
				Partitions: topic.count, Brokers: p.brokers, ID: int64(i), Stream: rng.New(w.seed, name, "client"),
			}),
			wakeAt: sim.Never, wakeEvents: [2]sim.Time{sim.Never, sim.Never},
			connected: make([]int32, p.brokers), connecting: make([]int32, p.brokers),
		}
		for b := range s.connected {
			s.connected[b] = notConnected
		}
	}
}

// resetConsumers makes the groups and their members.
func (w *world) resetConsumers() {
	p := w.plan
	c := &w.consumers
	for g := range p.groups {
		gp := &p.groups[g]
		n := len(gp.partitions)
		state := groupState{
			machine:     kafka.NewGroup(kafka.GroupConfig{InitialRebalanceDelay: p.cluster.Config.GroupInitialRebalance}),
			coordinator: -1,
			partition:   p.topics[p.offsets].first + kafka.PartitionID(gp.offsets),
			committed:   make([]kafka.Offset, n), processed: make([]kafka.Offset, n),
			owner: make([]int32, n), stoppedAt: make([]sim.Time, n), order: make([]int32, n*len(p.producers)),
		}
		for k := range n {
			state.committed[k], state.owner[k], state.stoppedAt[k] = -1, -1, sim.Never
		}
		for k := range state.order {
			state.order[k] = -1
		}
		c.groups = append(c.groups, state)
	}
	for i := range p.members {
		w.addMember(i)
	}
}

// addMember makes one group member, not yet started.
func (w *world) addMember(i int) {
	p := w.plan
	mp := &p.members[i]
	spec := &p.spec.Groups[mp.group]
	gp := &p.groups[mp.group]
	topics := make([]kafka.TopicPartitions, 0, len(spec.Topics))
	for _, t := range spec.Topics {
		topics = append(topics, kafka.TopicPartitions(p.topics[t].count))
	}
	config := &spec.Config
	n := len(gp.partitions)
	m := memberState{
		group: mp.group, number: mp.member, node: int32(p.memberAt + i), config: spec, down: true, coordinator: -1, slow: 1,
		slot: make([]int32, n), leader: make([]int32, n), epoch: make([]kafka.LeaderEpoch, n),
		sources:  make([]source, p.brokers),
		stream:   rng.New(w.seed, nameOf("member/"+spec.Name, mp.member), "processing"),
		backoffs: rng.New(w.seed, nameOf("member/"+spec.Name, mp.member), "back-off"),
		machine: kafka.NewMember(kafka.MemberConfig{
			Member: kafka.MemberID(mp.member), Client: spec.Client, Protocol: spec.Protocol, Assignor: config.Assignor,
			Static: config.StaticMembership, Topics: topics, SessionTimeout: config.SessionTimeout,
			HeartbeatInterval: config.HeartbeatInterval, MaxPollInterval: config.MaxPollInterval,
			RebalanceTimeout: config.RebalanceTimeout, RequestTimeout: config.RequestTimeout,
			RetryBackoff: config.RetryBackoff, RetryBackoffMax: config.RetryBackoffMax,
		}),
	}
	for k := range m.slot {
		m.slot[k] = -1
	}
	for b := range m.sources {
		m.sources[b].parked = noMessage
	}
	w.consumers.members = append(w.consumers.members, m)
}

// resetObserved clears what is observed.
func (w *world) resetObserved() {
	p := w.plan
	groups := len(p.groups)
	w.observed = observed{
		warmupEnds: sim.Time(prologue).Add(p.spec.Warmup),
		producers:  make([]producerCounts, len(p.spec.Producers)),
		latency:    make([]stats.Sketch, len(p.spec.Producers)),
		failover:   make([]stats.Sketch, len(p.topics)),
		delivery:   make([]stats.Sketch, groups*len(p.topics)), reads: make([]readCounts, groups*len(p.topics)),
		lagRecords: make([]stats.Sketch, groups),
		lagTime:    make([]stats.Sketch, groups), committed: make([]stats.Sketch, groups),
		members: make([]stats.Sketch, groups), memberTime: make([]time.Duration, groups), lagPeak: make([]lagPeak, groups),
		in: make([]stats.Sketch, p.brokers), out: make([]stats.Sketch, p.brokers), written: make([]stats.Sketch, p.brokers),
		partitions: make([]partitionWatch, len(p.partitions)), topics: make([]topicCounts, len(p.topics)),
		groups: make([]groupCounts, groups),
	}
	w.observed.series = newSeries(&w.shared.grid, w)
	w.faults = faultState{
		active:  make([]activeFault, len(p.spec.Faults)),
		rolling: make([]rollingState, len(p.spec.Faults)),
	}
	for i := range w.faults.rolling {
		w.faults.rolling[i].current = -1
	}
}

// resetWatches begins the measures of availability.
func (w *world) resetWatches() {
	w.resetChecks()
	for i := range w.observed.partitions {
		v := &w.observed.partitions[i]
		v.faultAt = sim.Never
		v.freeze = freeze{sim.Never, sim.Never}
		v.asked, v.broken = sim.Never, sim.Never
		v.unclean, v.copies = nothingLost(), nothingLost()
		v.since = sim.Time(prologue)
		v.confirmed = noBatch
	}
	for i := range w.plan.spec.Producers {
		pr := &w.plan.spec.Producers[i]
		if pr.Config.Acks == scenarios.AcksAll {
			t := &w.plan.topics[pr.Topic]
			for p := range t.count {
				w.observed.partitions[int(t.first)+p].all = true
			}
		}
	}
}

// begin schedules the start of everything: rasters with random phases, brokers
// that take over their roles, clients, load and faults.
func (w *world) begin() {
	p := w.plan
	config := &p.cluster.Config
	copyPeers := w.control.peers
	for b := range p.brokers {
		copy(w.peers[b*p.brokers:(b+1)*p.brokers], copyPeers)
		id := int32(b)
		s := rng.New(w.seed, nameOf("broker", b+1), "phases")
		inc := int64(w.processes[b].inc)
		w.scheduleBeat(sim.Time(0).Add(s.UniformDuration(0, config.HeartbeatInterval)), id)
		w.engine.Schedule(sim.Time(0).Add(s.UniformDuration(0, config.ReplicaLagTimeMax/2)), evISRCheck, id, inc)
		w.engine.Schedule(sim.Time(0).Add(s.UniformDuration(0, config.HWCheckpointInterval)), evCheckpoint, id, inc)
		w.scheduleRetention(sim.Time(0).Add(s.UniformDuration(0, config.RetentionCheckInterval)), id)
	}
	for pass := range 2 { // leaders first: a follower's first fetch finds them
		for b := range p.brokers {
			for _, r := range w.hosts[b] {
				rep := &w.replicas[r]
				state := w.control.image[rep.partition]
				if leads := state.Leader == rep.index; leads == (pass == 0) {
					w.applyPartition(0, int32(b), rep.partition, &state)
				}
			}
			for part := range w.control.image {
				w.state[b*len(p.partitions)+part] = w.control.image[part]
			}
		}
	}
	s := &w.quorumStream
	stale := kafka.StaleCheckPeriod(config.SessionTimeout)
	w.engine.Schedule(sim.Time(0).Add(s.UniformDuration(0, stale)), evStaleCheck, w.control.active, 0)
	if config.AutoLeaderRebalance {
		w.engine.Schedule(sim.Time(0).Add(s.UniformDuration(0, config.LeaderImbalanceInterval)), evPreferred, w.control.active, 0)
	}
	w.engine.Schedule(sim.Time(0).Add(s.UniformDuration(0, config.UncleanElectionInterval)), evUnclean, w.control.active, 0)
	w.startClients()
	w.scheduleFaults()
	w.engine.Schedule(sim.Time(tickStep), evTick, 0, 0)
	w.engine.Schedule(w.loadEnd, evStop, 0, 0)
	w.engine.Schedule(w.loadEnd.Add(p.spec.Drain), evEnd, 0, 0)
}

// longestGroupPhase bounds the start of a group, so that it is stable when the
// prologue ends; it is the clients' default heartbeat interval.
const longestGroupPhase = 3 * time.Second

// startClients starts the members of a group together and the producers a second
// before their load. When a scenario begins its groups have long been there, so
// that a fault meets their heartbeats, which are in phase since the last
// rebalance (kafka.md J.8), at any point of the interval.
func (w *world) startClients() {
	for g := range w.plan.groups {
		gp := &w.plan.groups[g]
		spec := &w.plan.spec.Groups[g]
		phase := rng.New(w.seed, "group/"+spec.Name, "phase")
		begin := phase.UniformDuration(0, min(spec.Config.HeartbeatInterval, longestGroupPhase))
		for i := gp.first; i < gp.first+gp.count; i++ {
			node := w.consumers.members[i].node
			at := begin + w.netStreams[node].UniformDuration(0, 100*time.Millisecond)
			w.engine.Schedule(sim.Time(0).Add(at), evMemberStart, node, 0)
		}
	}
	for i := range w.producer {
		node := int32(w.plan.producerAt + i)
		at := prologue - time.Second + w.netStreams[node].UniformDuration(0, 100*time.Millisecond)
		w.engine.Schedule(sim.Time(0).Add(at), evProducerStart, int32(i), 0)
		w.nextRecord(int32(i))
	}
}
