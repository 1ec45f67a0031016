package analytic

import (
	"slices"
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
)

// patience is the one figure in the bounds that is neither a setting nor proven: a
// step that nothing holds up takes a second at most. Steps are a write to a healthy
// cluster after its linger, a read of what is committed, the commit of a metadata
// record and its way to every broker. Each term that rests on it names it.
const patience = time.Second

// Figures of clients and brokers that no setting gives.
const (
	connectSetup = 12 * time.Second // socket.connection.setup.timeout.ms, 10 s and 20 % (kafka.md J.9)
	jitter       = 1.2              // of back-offs: ±20 %
	sleepingSYN  = 5 * time.Second  // longest wait between attempts to connect: tries at 0, 1, 3, 7 s, given up at 8 to 12 s (kafka.md J.5)
)

// assumptions are what every bound rests on, for the reader.
func assumptions() []string {
	return []string{
		"Until its first fault the cluster is healthy and carries its load: every replica is in sync, no broker misses its session, a write is acknowledged within 1 s after its linger, a group is at most 1 s behind.",
		"A step that nothing holds up takes 1 s at most: the commit of a metadata record and its way to every broker, a request that is answered.",
		"Random arrivals exceed a count with probability 1e-9 at most.",
	}
}

// upsetKind is how a fault takes a broker from those who depend on it.
type upsetKind uint8

const (
	dies     upsetKind = iota + 1 // its process or its machine is gone
	stops                         // in order: its leaders move first
	freezes                       // it goes on as if nothing had been
	isolated                      // it runs, and others do not hear it
	vague                         // what it does to whom has no bound here
)

// An upset is a fault that can change who leads a partition, or keep a broker from
// answering.
type upset struct {
	fault   *scenarios.Fault
	kind    upsetKind
	at      time.Duration
	away    time.Duration // Forever: it never heals
	brokers []int         // from 0; nil: not known before it happens
	count   int           // how many, at most
	silent  bool          // no peer is told: a lost host, a frozen one, a cut
	lossy   bool          // takes bytes from logs
	wipes   bool          // all of them

	control, peers, clients bool // isolated: whom it does not hear
}

// healed is when the fault is over.
func (u *upset) healed() time.Duration {
	if u.away == scenarios.Forever {
		return scenarios.Forever
	}
	return u.at + u.away
}

// A scene is what the bounds of a scenario start from.
type scene struct {
	spec    *scenarios.Spec
	cluster *scenarios.Cluster
	config  *scenarios.BrokerConfig
	end     time.Duration // of the run, drain included

	upsets []upset
	// one is the only upset, if it is one whose effects have an end that can be
	// computed: nothing else is at work beside it.
	one *upset
	// lone is the only upset that can change who leads, where beside it only links
	// between brokers are cut, so that followers fall behind; for loss with acks=1.
	lone   *upset
	cuts   int           // how many such cuts there are
	pairs  bool          // each of them is between two brokers
	first  time.Duration // of the first fault that is not one of clients alone; Forever: none
	vague  string        // why times are not bounded, where some fault makes them so
	slow   bool          // a slow disk or slow network is about
	minISR []bool        // by topic: a config_change changes its min ISR
	dirty  []bool        // by topic: unclean elections are allowed, at some time
}

// look takes a scenario in.
func look(spec *scenarios.Spec) *scene {
	s := &scene{
		spec: spec, cluster: &spec.Clusters[0], config: &spec.Clusters[0].Config, end: spec.Duration + spec.Drain,
		first: scenarios.Forever, minISR: make([]bool, len(spec.Topics)), dirty: make([]bool, len(spec.Topics)),
	}
	for t := range spec.Topics {
		s.dirty[t] = spec.Topics[t].Config.UncleanElection
	}
	for i := range spec.Faults {
		s.take(&spec.Faults[i])
	}
	if why := s.overload(); why != "" {
		s.vague, s.first = why, 0
	}
	s.findLone()
	if len(s.upsets) > 1 && s.vague == "" {
		s.vague = "several faults of servers may meet"
	}
	if len(s.upsets) == 1 && s.vague == "" {
		if u := &s.upsets[0]; u.kind != vague && s.majorityLeft(u) {
			s.one = u
		} else {
			s.vague = u.fault.Kind.String() + ": what it does has no end that is known beforehand"
		}
	}
	return s
}

// findLone looks for an upset beside which only followers fall behind.
func (s *scene) findLone() {
	s.pairs = true
	var alone *upset
	for i := range s.upsets {
		u := &s.upsets[i]
		switch {
		case u.kind == isolated && !u.control && !u.clients:
			s.cuts++
			s.pairs = s.pairs && len(u.fault.Between[0]) == 1 && len(u.fault.Between[1]) == 1
		case alone != nil || u.kind == vague || !s.majorityLeft(u):
			return
		default:
			alone = u
		}
	}
	if s.vague == "" && s.cuts > 0 {
		s.lone = alone
	}
}

// keepsMinISR says whether a topic's ISRs keep min ISR members while followers fall
// behind: below it the high watermark stands, and the lag rule says nothing.
func (s *scene) keepsMinISR(topic int) bool {
	t := &s.spec.Topics[topic]
	if s.minISR[topic] {
		return false
	}
	return t.Config.MinInsyncReplicas <= 1 || s.pairs && t.ReplicationFactor-s.cuts >= t.Config.MinInsyncReplicas
}

// take adds one fault.
func (s *scene) take(f *scenarios.Fault) {
	switch f.Kind {
	case scenarios.ConsumerCrash, scenarios.ConsumerPause, scenarios.ConsumerStop, scenarios.SlowDownstream, scenarios.ProducerCrash:
		return
	case scenarios.ConfigChange:
		s.takeChange(f)
		return
	case scenarios.SlowDisk:
		s.slow, s.vague = true, "a slow disk delays everything by amounts that are not bounded here"
	case scenarios.NetworkDelay, scenarios.NetworkLoss:
		s.slow, s.vague = true, "a slow or lossy network delays everything by amounts that are not bounded here"
		if !s.harmless(f) {
			s.upsets = append(s.upsets, upset{fault: f, kind: vague, at: f.At, away: f.Duration})
		}
	case scenarios.NetworkPartition:
		s.takeCut(f)
	case scenarios.RollingRestart:
		s.upsets = append(s.upsets, upset{fault: f, kind: vague, at: f.At, away: scenarios.Forever, count: len(s.cluster.Brokers)})
	case scenarios.BrokerCrash, scenarios.BrokerStop, scenarios.BrokerPause, scenarios.MachineLoss, scenarios.DiskLoss,
		scenarios.RackLoss, scenarios.ControllerCrash:
		s.takeServers(f)
	}
	s.first = min(s.first, f.At)
}

// takeChange is a topic whose settings change: what its rules will be is not known
// from its configuration then.
func (s *scene) takeChange(f *scenarios.Fault) {
	for _, c := range f.Change {
		switch c.Name {
		case "min.insync.replicas":
			s.minISR[f.Topic] = true
		case "unclean.leader.election.enable":
			s.dirty[f.Topic] = s.dirty[f.Topic] || c.Value == "true"
		}
	}
	s.first = min(s.first, f.At)
	if len(s.vague) == 0 {
		s.vague = "config_change: the rules of its topic are not the same before and after"
	}
}

// takeServers is a fault of brokers or controllers.
func (s *scene) takeServers(f *scenarios.Fault) {
	u := upset{fault: f, at: f.At, away: f.Duration, kind: dies}
	u.brokers, u.count = s.targets(&f.Target)
	switch f.Kind { //nolint:exhaustive // the others do not come here
	case scenarios.BrokerStop:
		u.kind = stops
		if !s.config.ControlledShutdown {
			u.kind = dies
		}
	case scenarios.BrokerPause:
		u.kind, u.silent = freezes, true
	case scenarios.MachineLoss, scenarios.RackLoss:
		u.silent, u.lossy = true, true
	case scenarios.DiskLoss:
		u.lossy, u.wipes = true, true
	}
	if u.count == 0 { // a dedicated controller
		u.kind = vague
		if f.Kind == scenarios.ControllerCrash && s.cluster.Controllers > 2 && s.config.SessionTimeout >= 2*s.config.HeartbeatInterval+patience {
			// Another one is active within a few seconds and gives every broker a whole
			// session, in which it has two heartbeats' time to find it. A refused
			// connection is tried again after 100 ms, so that no broker is fenced, and
			// without another upset nothing needs a controller meanwhile.
			s.first = min(s.first, f.At)
			if s.controllerOnly(f) {
				return
			}
		}
	}
	s.upsets = append(s.upsets, u)
}

// controllerOnly says whether a crash of a controller is the scenario's only fault
// of servers.
func (s *scene) controllerOnly(f *scenarios.Fault) bool {
	for i := range s.spec.Faults {
		switch g := &s.spec.Faults[i]; g.Kind {
		case scenarios.ConsumerCrash, scenarios.ConsumerPause, scenarios.ConsumerStop, scenarios.SlowDownstream, scenarios.ProducerCrash:
		case scenarios.BrokerCrash, scenarios.BrokerStop, scenarios.BrokerPause, scenarios.MachineLoss, scenarios.DiskLoss, scenarios.RackLoss,
			scenarios.ControllerCrash, scenarios.NetworkPartition, scenarios.NetworkDelay, scenarios.NetworkLoss, scenarios.SlowDisk,
			scenarios.RollingRestart, scenarios.ConfigChange:
			if g != f {
				return false
			}
		}
	}
	return true
}

// targets are the brokers that a target names (nil: not known beforehand) and how
// many they are at most.
func (s *scene) targets(t *scenarios.Target) (brokers []int, count int) {
	n := len(s.cluster.Brokers)
	switch t.Kind {
	case scenarios.TargetBroker:
		return []int{t.Node - 1}, 1
	case scenarios.TargetController:
		if s.cluster.Controllers > 0 {
			return nil, 0
		}
		return []int{t.Node - 1}, 1
	case scenarios.TargetActiveController:
		if s.cluster.Controllers > 0 {
			return nil, 0
		}
		return nil, 1
	case scenarios.TargetRack:
		for b := range s.cluster.Brokers {
			if s.cluster.Brokers[b].Rack == t.Rack {
				brokers = append(brokers, b)
			}
		}
		return brokers, len(brokers)
	case scenarios.TargetLeaderOf:
		// The first to be hit is the preferred leader: nobody else has led before.
		if a := s.spec.Topics[t.Topic].Assignment; a != nil && len(s.upsets) == 0 {
			return []int{a[t.Partition][0] - 1}, 1
		}
		return nil, 1
	case scenarios.TargetFollowerOf, scenarios.TargetRandomBroker:
		return nil, 1
	case scenarios.TargetEach, scenarios.TargetCluster:
		for b := range n {
			brokers = append(brokers, b)
		}
		return brokers, n
	case scenarios.NoTarget, scenarios.TargetMember, scenarios.TargetProducer, scenarios.TargetClients:
	}
	return nil, 0
}

// takeCut is a cut between two sets of nodes. It is clear when one side is a single
// broker of a cluster with controllers of its own: everybody else still hears each
// other.
func (s *scene) takeCut(f *scenarios.Fault) {
	u := upset{fault: f, kind: vague, at: f.At, away: f.Duration, silent: true, count: len(s.cluster.Brokers)}
	for side := range f.Between {
		alone := f.Between[side]
		if len(alone) != 1 || s.cluster.Controllers == 0 {
			continue
		}
		brokers, count := s.targets(&alone[0])
		if count != 1 {
			continue
		}
		u.kind, u.brokers, u.count = isolated, brokers, 1
		var controllers []int
		for i := range f.Between[1-side] {
			switch t := &f.Between[1-side][i]; t.Kind { //nolint:exhaustive // every other target is a broker
			case scenarios.TargetController:
				controllers = append(controllers, t.Node)
			case scenarios.TargetActiveController:
				u.kind = vague // which one that is may change
			case scenarios.TargetClients:
				u.clients = true
			default:
				u.peers = true
			}
		}
		slices.Sort(controllers)
		switch n := len(slices.Compact(controllers)); n {
		case 0:
		case s.cluster.Controllers:
			u.control = true
		default:
			u.kind = vague // it hears some of them
		}
		break
	}
	s.upsets = append(s.upsets, u)
}

// harmless says whether a slow network leaves every session and every quorum alone:
// a round trip is far below all their timeouts.
func (s *scene) harmless(f *scenarios.Fault) bool {
	if f.Kind != scenarios.NetworkDelay {
		return false
	}
	total := time.Duration(0)
	for i := range s.spec.Faults {
		if g := &s.spec.Faults[i]; g.Kind == scenarios.NetworkDelay {
			total += g.Delay + g.Jitter
		}
	}
	least := min(s.config.HeartbeatInterval, s.config.SessionTimeout-s.config.HeartbeatInterval, s.config.QuorumFetchTimeout)
	return 2*total < least/4
}

// majorityLeft says whether the controllers keep a majority.
func (s *scene) majorityLeft(u *upset) bool {
	if s.cluster.Controllers > 0 {
		return true
	}
	voters := len(s.cluster.Brokers)
	return 2*(voters-u.count) > voters
}

// replicas is how many of a topic's replicas an upset takes from one partition, at
// most.
func (s *scene) replicas(u *upset, topic int) int {
	t := &s.spec.Topics[topic]
	if u.brokers == nil || t.Assignment == nil {
		return min(u.count, t.ReplicationFactor)
	}
	most := 0
	for _, replicas := range t.Assignment {
		n := 0
		for _, id := range replicas {
			if slices.Contains(u.brokers, id-1) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// ledBy is how many of a topic's partitions the brokers of an upset lead at most
// when it comes, before anything else has gone wrong, and which (nil: not known).
//
// Without an assignment of its own Kafka begins each partition one broker further
// on, so that of every run of as many partitions as there are brokers each leads one,
// if the racks allow it (StripedReplicaPlacer); else one may lead all.
func (s *scene) ledBy(u *upset, topic int) (count int, which []int) {
	t := &s.spec.Topics[topic]
	if t.Assignment == nil {
		return min(t.Partitions, u.count*s.leadsAtMost(t)), nil
	}
	if u.brokers == nil {
		return s.leadMost(t, u.count), nil
	}
	which = []int{}
	for p, replicas := range t.Assignment {
		if slices.Contains(u.brokers, replicas[0]-1) {
			which = append(which, p)
		}
	}
	return len(which), which
}

// leadsAtMost is how many of a topic's partitions one broker leads at most by Kafka's
// own placement, where each partition takes a broker of every rack.
func (s *scene) leadsAtMost(t *scenarios.Topic) int {
	partitions := t.Partitions
	racks := map[string]int{}
	for i := range s.cluster.Brokers {
		racks[s.cluster.Brokers[i].Rack]++
	}
	n := len(s.cluster.Brokers)
	if t.ReplicationFactor < len(racks) {
		return partitions
	}
	each := n / len(racks)
	for i := range s.cluster.Brokers {
		if racks[s.cluster.Brokers[i].Rack] != each {
			return partitions
		}
	}
	for d := 2; d <= each; d++ {
		if each%d == 0 && len(racks)%d == 0 {
			return partitions // some brokers lead more than others
		}
	}
	return (partitions + n - 1) / n
}

// leadMost is how many partitions the n brokers lead that lead most.
func (s *scene) leadMost(t *scenarios.Topic, n int) int {
	leads := make([]int, len(s.cluster.Brokers))
	for _, replicas := range t.Assignment {
		leads[replicas[0]-1]++
	}
	slices.Sort(leads)
	total := 0
	for i := range min(n, len(leads)) {
		total += leads[len(leads)-1-i]
	}
	return total
}

// touched are the partitions that have a replica on the brokers of an upset.
func (s *scene) touched(u *upset, topic int) (count int, which []int) {
	t := &s.spec.Topics[topic]
	if t.Assignment == nil || u.brokers == nil {
		return t.Partitions, nil
	}
	which = []int{}
	for p, replicas := range t.Assignment {
		for _, id := range replicas {
			if slices.Contains(u.brokers, id-1) {
				which = append(which, p)
				break
			}
		}
	}
	return len(which), which
}

// share is the part of a producer's records that goes to so many partitions, these
// if they are known.
func (s *scene) share(p *scenarios.Producer, count int, which []int) float64 {
	shares := keyShares(p, s.spec.Topics[p.Topic].Partitions)
	switch {
	case count == 0:
		return 0
	case shares == nil:
		return 1
	case which == nil:
		return largest(shares, count)
	}
	total := 0.0
	for _, i := range which {
		total += shares[i]
	}
	return min(1, total)
}

// detection is from a broker's silence to the election in its partitions: a session
// after its last heartbeat the controller's next look fences it, one broker a look,
// and the record that does so is committed and reaches everybody. Where the active
// controller is gone too, its successor comes first and gives each broker a whole
// session.
//
// Source: kafka.md A.8 (ReplicationControlManager.maybeFenceOneStaleBroker,
// QuorumController.maybeFenceStaleBrokerPeriodNs), A.12.
func (s *scene) detection(u *upset) (time.Duration, []Input) {
	check := kafka.StaleCheckPeriod(s.config.SessionTimeout)
	d := s.config.SessionTimeout + check + patience
	in := []Input{
		seconds("broker.session.timeout.ms", s.config.SessionTimeout), seconds("check for silent brokers", check),
		seconds("commit and its way", patience),
	}
	if more := time.Duration(u.count-1) * kafka.TaskRepeatDelay; more > 0 {
		d += more
		in = append(in, seconds("looks for the others", more))
	}
	if s.cluster.Controllers == 0 {
		quorum := 3*s.config.QuorumFetchTimeout + 4*s.config.QuorumElectionTimeout
		d += quorum
		in = append(in, seconds("a successor of the controller", quorum))
	}
	return d, in
}

func seconds(name string, d time.Duration) Input { return Input{name, d.Seconds(), "s"} }

func records(name string, n float64) Input { return Input{name, n, "records"} }
