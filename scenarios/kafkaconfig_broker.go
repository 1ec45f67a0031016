package scenarios

import (
	"time"

	"kafkasim/sim/unit"
)

// defaultBrokerConfig is Kafka's own: ReplicationConfigs, ServerLogConfigs,
// KRaftConfigs, QuorumConfig, GroupCoordinatorConfig, TransactionLogConfig and
// SocketServerConfigs of 4.0 to 4.3, which are alike.
func defaultBrokerConfig() BrokerConfig {
	return BrokerConfig{
		ReplicaFetchers:          1,
		ReplicaFetchWaitMax:      500 * time.Millisecond,
		ReplicaFetchMinBytes:     1,
		ReplicaFetchMaxBytes:     unit.MiB,
		ReplicaFetchResponseMax:  10 * unit.MiB,
		ReplicaFetchBackoff:      time.Second,
		ReplicaLagTimeMax:        30 * time.Second,
		ReplicaSocketTimeout:     30 * time.Second,
		HWCheckpointInterval:     5 * time.Second,
		HeartbeatInterval:        2 * time.Second,
		SessionTimeout:           9 * time.Second,
		AutoLeaderRebalance:      true,
		LeaderImbalanceInterval:  300 * time.Second,
		UncleanElectionInterval:  300 * time.Second,
		ControlledShutdown:       true,
		QuorumElectionTimeout:    time.Second,
		QuorumFetchTimeout:       2 * time.Second,
		QuorumAppendLinger:       25 * time.Millisecond,
		NetworkThreads:           3,
		IOThreads:                8,
		RecoveryThreads:          2,
		OffsetsPartitions:        50,
		OffsetsReplicationFactor: 3,
		OffsetsCommitTimeout:     5 * time.Second,
		GroupInitialRebalance:    3 * time.Second,
		GroupMinSessionTimeout:   6 * time.Second,
		GroupMaxSessionTimeout:   30 * time.Minute,
		OffsetsMinInsyncReplicas: 1,
		OffsetsUncleanElection:   false,
		RetentionCheckInterval:   5 * time.Minute,
	}
}

// decodeBrokerConfig reads the cluster's config: what a broker or a controller
// takes, and the defaults of its topics, which are checked here and used by
// topicDefaults. OffsetsReplicationFactor is as written: it is for the caller to
// cap it by the number of brokers.
func decodeBrokerConfig(settings []Setting) (BrokerConfig, []Problem) {
	config := defaultBrokerConfig()
	topics := defaultTopicConfig()
	rules := brokerRules(&config)
	rules = append(rules, topicDefaultRules(settings, &topics)...)
	problems := applySettings(brokerPlace, settings, rules)
	// __consumer_offsets takes the cluster's values (GroupCoordinatorConfig
	// gives it only its segment size, compression and cleanup policy).
	config.OffsetsMinInsyncReplicas = topics.MinInsyncReplicas
	config.OffsetsUncleanElection = topics.UncleanElection
	if len(problems) == 0 {
		problems = brokerConflicts(config, settings)
	}
	return config, problems
}

// brokerRules takes ranges from the definitions of 4.3. Where Kafka has none, or
// a bound with which its tasks would run without a pause, the least value is 1.
func brokerRules(c *BrokerConfig) []settingRule {
	return []settingRule{
		countRule("num.replica.fetchers", &c.ReplicaFetchers),
		millisRule("replica.fetch.wait.max.ms", fromInt(0), &c.ReplicaFetchWaitMax),
		bytesRule("replica.fetch.min.bytes", fromInt(0), &c.ReplicaFetchMinBytes),
		bytesRule("replica.fetch.max.bytes", fromInt(0), &c.ReplicaFetchMaxBytes),
		bytesRule("replica.fetch.response.max.bytes", fromInt(0), &c.ReplicaFetchResponseMax),
		millisRule("replica.fetch.backoff.ms", fromInt(0), &c.ReplicaFetchBackoff),
		millisRule("replica.lag.time.max.ms", fromLong(1), &c.ReplicaLagTimeMax),
		millisRule("replica.socket.timeout.ms", fromInt(1), &c.ReplicaSocketTimeout),
		millisRule("replica.high.watermark.checkpoint.interval.ms", fromLong(1), &c.HWCheckpointInterval),
		millisRule("broker.heartbeat.interval.ms", fromInt(1), &c.HeartbeatInterval),
		millisRule("broker.session.timeout.ms", fromInt(1), &c.SessionTimeout),
		boolRule("auto.leader.rebalance.enable", &c.AutoLeaderRebalance),
		wholeRule("leader.imbalance.check.interval.seconds", fromLong(1), func(v int64) {
			c.LeaderImbalanceInterval = periods(v, time.Second)
		}),
		millisRule("unclean.leader.election.interval.ms", fromLong(1), &c.UncleanElectionInterval),
		boolRule("controlled.shutdown.enable", &c.ControlledShutdown),
		millisRule("controller.quorum.election.timeout.ms", fromInt(1), &c.QuorumElectionTimeout),
		millisRule("controller.quorum.fetch.timeout.ms", fromInt(1), &c.QuorumFetchTimeout),
		millisRule("controller.quorum.append.linger.ms", fromInt(0), &c.QuorumAppendLinger),
		countRule("num.network.threads", &c.NetworkThreads),
		countRule("num.io.threads", &c.IOThreads),
		countRule("num.recovery.threads.per.data.dir", &c.RecoveryThreads),
		countRule("offsets.topic.num.partitions", &c.OffsetsPartitions),
		wholeRule("offsets.topic.replication.factor", wholeRange{1, 32767}, func(v int64) {
			c.OffsetsReplicationFactor = int(v)
		}),
		millisRule("offsets.commit.timeout.ms", fromInt(1), &c.OffsetsCommitTimeout),
		millisRule("group.initial.rebalance.delay.ms", fromInt(0), &c.GroupInitialRebalance),
		millisRule("group.min.session.timeout.ms", fromInt(1), &c.GroupMinSessionTimeout),
		millisRule("group.max.session.timeout.ms", fromInt(1), &c.GroupMaxSessionTimeout),
		millisRule("log.retention.check.interval.ms", fromLong(1), &c.RetentionCheckInterval),
	}
}

// brokerConflicts holds the requirements between settings of
// KafkaConfig.validateValues and GroupCoordinatorConfig.
func brokerConflicts(c BrokerConfig, settings []Setting) []Problem {
	var problems []Problem
	if c.ReplicaFetchWaitMax > c.ReplicaSocketTimeout {
		problems = append(problems, conflict(settings, []string{"replica.socket.timeout.ms", "replica.fetch.wait.max.ms"},
			"replica.socket.timeout.ms (%v) must be at least replica.fetch.wait.max.ms (%v)",
			c.ReplicaSocketTimeout, c.ReplicaFetchWaitMax))
	}
	if c.ReplicaFetchWaitMax > c.ReplicaLagTimeMax {
		problems = append(problems, conflict(settings, []string{"replica.lag.time.max.ms", "replica.fetch.wait.max.ms"},
			"replica.lag.time.max.ms (%v) must be at least replica.fetch.wait.max.ms (%v)",
			c.ReplicaLagTimeMax, c.ReplicaFetchWaitMax))
	}
	if c.GroupMinSessionTimeout > c.GroupMaxSessionTimeout {
		problems = append(problems, conflict(settings, []string{"group.max.session.timeout.ms", "group.min.session.timeout.ms"},
			"group.max.session.timeout.ms (%v) must be at least group.min.session.timeout.ms (%v)",
			c.GroupMaxSessionTimeout, c.GroupMinSessionTimeout))
	}
	return problems
}
