package explain

import (
	"fmt"
	"slices"
	"time"

	"kafkasim/scenarios"
)

// percentiles are the median and the 99th percentile of at least 20 delays.
func percentiles(delays []time.Duration) (median, p99 time.Duration, known bool) {
	const enough = 20
	if len(delays) < enough {
		return 0, 0, false
	}
	slices.Sort(delays)
	return delays[len(delays)/2], delays[len(delays)*99/100], true
}

// fencingTime is how long after the loss of a broker the controller takes it for
// dead: a session, less what had passed since the last heartbeat, and the wait for the
// check, which comes eight times a session.
func (t *teller) fencingTime() string {
	c := t.config()
	low, high := c.SessionTimeout-c.HeartbeatInterval, c.SessionTimeout+c.SessionTimeout/8
	return fmt.Sprintf("%s to %s", span(max(0, low)), span(high))
}

// ruleAcks is what an acknowledgement at acks=1 is worth.
func (t *teller) ruleAcks(acks scenarios.Acks) {
	if acks != scenarios.AcksLeader {
		return
	}
	t.rule("With acks=1 the leader answers as soon as the batch is in its own log, that is in its page cache; no follower needs to have it.",
		"core/.../cluster/Partition.scala, appendRecordsToLeader; server/.../purgatory/DelayedProduce.java")
}

// ruleElection is who is elected.
func (t *teller) ruleElection() {
	t.rule("The controller elects the first broker of the assignment that is in the ISR (or, if that is empty, in the ELR), unfenced and not shutting down. "+
		"It never asks whose log is the longest, and a member of the ISR may be replica.lag.time.max.ms behind ("+span(t.config().ReplicaLagTimeMax)+").",
		"metadata/.../controller/PartitionChangeBuilder.java, electAnyLeader; core/.../cluster/Partition.scala, getOutOfSyncReplicas")
}

// ruleTruncation is what becomes of what the new leader does not have.
func (t *teller) ruleTruncation() {
	t.rule("A follower cuts its own log to where the leader's differs, whatever had been acknowledged: what the elected leader lacks is gone, on the old leader's disk too.",
		"core/.../server/AbstractFetcherThread.scala, getOffsetTruncationState; KIP-101, KIP-279")
}

// ruleFencing is how a broker's loss is noticed.
func (t *teller) ruleFencing() {
	t.rule("Nobody but the controller notices that a broker is gone, and only by its silence: it is fenced when no heartbeat has come for "+
		"broker.session.timeout.ms, which is looked at eight times a session; that is "+t.fencingTime()+" after the loss.",
		"metadata/.../controller/QuorumController.java, maybeFenceStaleBroker; server/.../BrokerLifecycleManager.java")
}

// ruleAllISR is whom acks=all waits for.
func (t *teller) ruleAllISR() {
	t.rule("acks=all waits for every member of the ISR, and not for min.insync.replicas of them: one that is silent holds every commit up until it is fenced, "+
		"or has been behind for replica.lag.time.max.ms.",
		"core/.../cluster/Partition.scala, maybeIncrementLeaderHW and maybeShrinkIsr")
}

// cureAcksAll is acks=all, and what it costs here.
func (t *teller) cureAcksAll(p int32) {
	setting := "acks=all with min.insync.replicas of 2 or more: then a record is acknowledged when all of the ISR have it"
	topic := t.Partitions[p].Topic
	if int(topic) < len(t.Spec.Topics) && t.Spec.Topics[topic].ReplicationFactor < 3 {
		setting += "; with a replication_factor of 3, so that one broker may be away"
	}
	price := "each acknowledgement waits until the slowest of the ISR has fetched the batch"
	if median, p99, known := t.copyDelay(); known {
		price += fmt.Sprintf(" (here %s more in the median, %s at the 99th percentile, before anything broke)", span(median), span(p99))
	}
	price += "; while a member of the ISR is silent nothing is acknowledged, for " + t.fencingTime()
	t.cure(setting, price)
}

// cureAcks is what keeps a record that a leader has acknowledged.
func (t *teller) cureAcks(p int32, acks scenarios.Acks) {
	if acks == scenarios.AcksAll {
		t.survive(p, acks)
		return
	}
	t.cureAcksAll(p)
}

// cureSession is a shorter session of the brokers.
func (t *teller) cureSession() {
	now := t.config().SessionTimeout
	t.cure(fmt.Sprintf("a shorter broker.session.timeout.ms than %s: a dead broker is found sooner by as much", span(now)),
		"a pause of a broker (garbage collection, a slow disk, a busy machine) of that length costs it its leaders, and each time an election and its clients' refresh")
}

// batchSetting is a producer's setting of how long a record may wait.
func patience(d time.Duration) string {
	if d == scenarios.Forever {
		return "no limit"
	}
	return span(d)
}
