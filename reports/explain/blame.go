package explain

import (
	"fmt"
	"math/bits"
	"time"

	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// blame finds why a partition took no writes of a producer between two instants,
// names the class, and adds the rule and what would have prevented it. What happened is
// told by cluster; here it is only weighed: what lasted longest counts.
func (t *teller) blame(p int32, producer *scenarios.Producer, from, to time.Duration) string {
	all := producer.Config.Acks == scenarios.AcksAll
	w := t.weigh(p, from, to)
	if !all {
		w.follower, w.refused = 0, 0
	}
	var class string
	rejoined := all && t.rejoined(p, from, to)
	switch most := max(w.leaderless, w.refused, w.froze, w.crashed, w.stopped, w.follower, w.cut); {
	case most == 0 && rejoined:
		class = t.blameRejoined()
	case most == 0 && w.moved:
		class = "election"
		t.blameMove(all)
	case most == 0 && w.slow:
		class = t.blameSlow()
	case most == 0:
		class = t.blameLoad(producer)
	case most == w.crashed:
		class = t.blameDeadLeader(producer)
	case most == w.froze:
		class = t.blameSilentLeader(producer)
	case most == w.leaderless:
		class = t.blameLeaderless(p)
	case most == w.refused:
		class = t.blameMinISR(p)
	case most == w.cut:
		class = t.blameNetwork(producer)
	case most == w.follower:
		class = t.blameFollower()
	default:
		class = t.blameStoppedLeader(producer)
	}
	if w.controller > 0 && class != "load" && class != "slow" {
		t.rule("While no controller is active (here for "+span(w.controller)+" of that time) nobody is fenced, elected, unfenced or taken out of an ISR.",
			"raft/.../KafkaRaftClient.java; metadata/.../controller/QuorumController.java")
		t.cure("three or five controllers on machines of their own", "those machines; a majority of them must be alive")
	}
	return class
}

// A weight is what was the matter with a partition, and for how long.
type weight struct {
	leaderless, refused, froze, crashed, stopped, follower, cut, controller time.Duration
	moved, slow                                                             bool
}

// weigh looks at a partition's leader, followers and links.
func (t *teller) weigh(p int32, from, to time.Duration) weight {
	var w weight
	state, at := t.StateAt(p, from), from
	consider := func(until time.Duration) {
		if state.Leader == story.Nobody {
			w.leaderless += until - at
		} else {
			t.weighBrokers(p, &state, at, until, &w)
			if bits.OnesCount32(state.ISR) < t.minISR(p) {
				w.refused += until - at
			}
		}
		at = until
	}
	for i := range t.Elections {
		if e := &t.Elections[i]; e.Partition == p && e.At > from && e.At <= to {
			consider(e.At)
			w.moved = w.moved || e.After.Epoch != e.Before.Epoch
			state = e.After
		}
	}
	consider(to)
	w.slow = t.slowed(p, from, to)
	for i := range t.Controllers {
		if c := &t.Controllers[i]; c.Node == story.Nobody {
			end := t.End
			if i+1 < len(t.Controllers) {
				end = t.Controllers[i+1].At
			}
			w.controller += max(0, min(end, to)-max(c.At, from))
		}
	}
	return w
}

// slowed says whether a disk of the partition's brokers, or the network, was slow.
func (t *teller) slowed(p int32, from, to time.Duration) bool {
	for i := range t.Faults {
		f := &t.Faults[i]
		if !f.Begin || f.At > to || t.healed(i, from) {
			continue
		}
		switch t.Spec.Faults[f.Index].Kind { //nolint:exhaustive // the others are seen by what becomes of a process
		case scenarios.NetworkDelay, scenarios.NetworkLoss:
			return true
		case scenarios.SlowDisk:
			if t.concerns(p, f.Node) {
				return true
			}
		}
	}
	return false
}

// minISR is the effective min ISR of a partition.
func (t *teller) minISR(p int32) int {
	replicas := len(t.Partitions[p].Replicas)
	if topic := t.Partitions[p].Topic; int(topic) < len(t.Spec.Topics) {
		return min(replicas, t.Spec.Topics[topic].Config.MinInsyncReplicas)
	}
	return min(replicas, t.config().OffsetsMinInsyncReplicas)
}

// weighBrokers looks at the brokers of a partition while it had one registration.
func (t *teller) weighBrokers(p int32, state *story.State, from, to time.Duration, w *weight) {
	for _, b := range t.Partitions[p].Replicas {
		switch {
		case b == state.Leader:
			t.absences(b, from, to, func(what story.LifeKind, d time.Duration) {
				switch {
				case what == story.Froze:
					w.froze += d
				case (what == story.Stopping || what == story.Exited) && t.config().ControlledShutdown:
					w.stopped += d
				default:
					w.crashed += d
				}
			})
			w.cut += t.parted(b, story.Clients, from, to)
		case t.Partitions[p].Has(state.ISR, b):
			away := time.Duration(0)
			t.absences(b, from, to, func(_ story.LifeKind, d time.Duration) { away += d })
			w.follower = max(w.follower, away, t.parted(state.Leader, b, from, to))
		}
	}
}

// parted is for how long the network was cut between two classes of nodes.
func (t *teller) parted(a, b int32, from, to time.Duration) time.Duration {
	sum := time.Duration(0)
	for i := range t.Faults {
		f := &t.Faults[i]
		kind := t.Spec.Faults[f.Index].Kind
		if !f.Begin || kind != scenarios.NetworkPartition && (kind != scenarios.NetworkLoss || t.Spec.Faults[f.Index].Loss < 1) || !f.Parts(a, b) {
			continue
		}
		end := t.End
		for k := i + 1; k < len(t.Faults); k++ {
			if o := &t.Faults[k]; o.Index == f.Index && !o.Begin {
				end = o.At
				break
			}
		}
		sum = max(sum, min(end, to)-max(f.At, from))
	}
	return sum
}

// absences visits the spans between two instants in which a broker was not at work.
func (t *teller) absences(broker int32, from, to time.Duration, visit func(what story.LifeKind, d time.Duration)) {
	away, is := t.awayAt(broker, from)
	since := from
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.Node != broker || l.At <= from || l.At >= to {
			continue
		}
		switch l.What {
		case story.Stopping, story.Exited, story.Died, story.MachineDied, story.Froze:
			if is && l.At > since {
				visit(away.What, l.At-since)
			}
			away, is, since = *l, true, l.At
		case story.Serves, story.Resumed:
			if is {
				visit(away.What, l.At-since)
			}
			is = false
		case story.Started:
		}
	}
	if is && to > since {
		visit(away.What, to-since)
	}
}

// rejoined says whether a broker of the partition, not in its ISR, was unfenced shortly
// before or in a span.
func (t *teller) rejoined(p int32, from, to time.Duration) bool {
	for i := range t.Brokers {
		b := &t.Brokers[i]
		if b.What == story.Unfenced && b.At > from-t.config().ReplicaLagTimeMax && b.At < to && b.Broker < t.BrokerCount &&
			t.Partitions[p].Has(^uint32(0), b.Broker) && !t.Partitions[p].Has(t.StateAt(p, b.At).ISR, b.Broker) {
			return true
		}
	}
	return false
}

func (t *teller) blameRejoined() string {
	t.rule("A broker that is back without a restart, unfenced and not yet fetching, still counts as caught up for replica.lag.time.max.ms ("+span(t.config().ReplicaLagTimeMax)+
		"), and may join the ISR: so the high watermark waits for it, though it is not in the ISR.",
		"core/.../cluster/Partition.scala, maybeIncrementLeaderHW and isReplicaIsrEligible")
	t.cure(fmt.Sprintf("a shorter replica.lag.time.max.ms than %s", span(t.config().ReplicaLagTimeMax)),
		"a slow follower leaves the ISR sooner, and comes back: ISR changes, and fewer copies meanwhile")
	return "rejoined broker"
}

func (t *teller) blameLeaderless(p int32) string {
	t.rule("Only a living member of the ISR (or of the ELR) may lead. Without one a partition has no leader, and nobody can write to it or read from it.",
		"metadata/.../controller/PartitionChangeBuilder.java, electAnyLeader; KIP-966")
	t.cure("more replicas that do not fail together (replication_factor, racks)", "each further one is the inbound traffic once more, on the network and on a disk")
	if topic := t.Partitions[p].Topic; int(topic) < len(t.Spec.Topics) && !t.Spec.Topics[topic].Config.UncleanElection {
		t.cure("unclean.leader.election.enable=true: any live replica may lead then", "what it lacks is lost, acknowledged or not")
	}
	return "no leader"
}

func (t *teller) blameMinISR(p int32) string {
	least := t.minISR(p)
	t.rule("With fewer than min.insync.replicas members in the ISR a write at acks=all is refused (NOT_ENOUGH_REPLICAS), and no high watermark moves, whatever the acks: "+
		"a request that waits already waits on, until its timeout.",
		"core/.../cluster/Partition.scala, appendRecordsToLeader and maybeIncrementLeaderHW; KAFKA-15583")
	t.cure(fmt.Sprintf("one replica more (replication_factor), with min.insync.replicas as it is (%d)", least), "the inbound traffic once more, on the network and on a disk")
	if least > 1 {
		t.cure(fmt.Sprintf("min.insync.replicas=%d", least-1), "an acknowledged record may then be on so few brokers, and is lost with them")
	}
	return "too small an ISR"
}

func (t *teller) blameSilentLeader(producer *scenarios.Producer) string {
	c := &producer.Config
	t.rule("A frozen broker keeps its connections: the client has no error and does not look for another leader. It waits until the broker goes on, or its own request timeout is over.",
		"clients/.../NetworkClient.java, handleTimedOutRequests; pkg/kgo/config.go of franz-go")
	t.ruleFencing()
	t.cure(fmt.Sprintf("a shorter request timeout of the client than %s (request.timeout.ms; produce_request_timeout of franz-go)", span(c.RequestTimeout+c.RequestOverhead)),
		"a slow answer is taken for a lost one: the batch is sent again, which without idempotence may write it twice")
	t.cureSession()
	return "silent leader"
}

func (t *teller) blameDeadLeader(producer *scenarios.Producer) string {
	t.ruleFencing()
	t.refreshRule(producer)
	t.cureSession()
	t.cureRefresh(producer)
	return "dead leader"
}

func (t *teller) blameStoppedLeader(producer *scenarios.Producer) string {
	t.rule("A broker that is asked to stop asks the controller to move its leaders first; clients learn of the new ones by an error and a refresh of their metadata.",
		"metadata/.../controller/BrokerHeartbeatManager.java, calculateNextBrokerState")
	t.refreshRule(producer)
	t.cure("brokers that are stopped one at a time, each when every ISR is whole again, with controlled.shutdown.enable=true", "maintenance takes longer")
	t.cureRefresh(producer)
	return "stopped leader"
}

// refreshRule is how a client hears of a new leader.
func (t *teller) refreshRule(producer *scenarios.Producer) {
	if producer.Client == scenarios.FranzGo {
		t.rule("franz-go asks for new metadata when a produce request fails, but not more often than every metadata_min_age ("+span(producer.Config.MetadataMinAge)+").",
			"pkg/kgo/metadata.go of franz-go")
		return
	}
	t.rule("A Java client asks for new metadata when a request fails, with a back-off of retry.backoff.ms ("+span(producer.Config.RetryBackoff)+") and more.",
		"clients/.../producer/internals/Sender.java")
}

func (t *teller) cureRefresh(producer *scenarios.Producer) {
	if producer.Client == scenarios.FranzGo && producer.Config.MetadataMinAge > 250*time.Millisecond {
		t.cure("client_options.metadata_min_age of 100 to 250 ms instead of "+span(producer.Config.MetadataMinAge),
			"more metadata requests while something is broken; each is small")
	}
	if producer.Client == scenarios.Java {
		t.cure(fmt.Sprintf("a shorter retry.backoff.max.ms than %s", span(producer.Config.RetryBackoffMax)), "more requests to brokers that cannot answer yet")
	}
}

func (t *teller) blameFollower() string {
	t.ruleAllISR()
	t.ruleFencing()
	t.cureSession()
	t.cure(fmt.Sprintf("a shorter replica.lag.time.max.ms than %s, for a follower that beats and cannot fetch", span(t.config().ReplicaLagTimeMax)),
		"a slow follower leaves the ISR sooner too, and comes back: ISR changes, and fewer copies meanwhile")
	t.cure("acks=1: nobody waits for a follower", "what a leader has acknowledged and not replicated when it dies is lost")
	return "silent follower"
}

func (t *teller) blameNetwork(producer *scenarios.Producer) string {
	t.rule("Packets that are dropped are no error: a client waits for its own timeout, and then for the next attempt to connect that gets through.",
		"clients/.../NetworkClient.java; the kernel's TCP retransmissions")
	t.cure(fmt.Sprintf("a shorter request timeout of the client than %s", span(producer.Config.RequestTimeout+producer.Config.RequestOverhead)),
		"a slow answer is taken for a lost one, and the batch is sent again")
	t.cure("partitioner: avoid_unavailable, for records without a key: they go to partitions that answer", "an uneven spread, and no order across partitions")
	return "network"
}

func (t *teller) blameMove(all bool) {
	if all {
		t.rule("A follower that asks a new leader before that one has heard of its election gets UNKNOWN_LEADER_EPOCH, and leaves the partition alone for replica.fetch.backoff.ms ("+
			span(t.config().ReplicaFetchBackoff)+"); acks=all waits for it.", "core/.../server/AbstractFetcherThread.scala, delayPartitions")
		t.cure("a shorter replica.fetch.backoff.ms", "more requests of followers to leaders that cannot answer")
		return
	}
	t.rule("An election costs each client an error and a refresh of its metadata.", "clients/.../producer/internals/Sender.java")
	t.cure("fewer elections: auto.leader.rebalance.enable=false, or a longer leader.imbalance.check.interval.seconds", "leaders stay where failures have put them, and some brokers carry more")
}

func (t *teller) blameSlow() string {
	t.rule("Nothing was dead: a slow disk or network made each request late, and a connection's requests are processed one at a time.",
		"core/.../network/SocketServer.scala (a channel is muted while its request is processed)")
	t.cure("more connections, or larger batches (linger.ms, batch.size)", "more memory in the clients, and a longer wait of each record for its batch")
	return "slow"
}

func (t *teller) blameLoad(producer *scenarios.Producer) string {
	t.rule("No process, disk or link was broken: the partition got no batch, or its batches waited in the client, behind others or for its back-off.",
		"clients/.../producer/internals/RecordAccumulator.java")
	t.cure(fmt.Sprintf("a shorter linger.ms than %s, or a faster cluster", span(producer.Config.Linger)), "smaller batches, and more requests")
	return "load"
}
