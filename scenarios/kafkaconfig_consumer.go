package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// defaultConsumerConfig is ConsumerConfig.java of 4.0 to 4.3 (alike), or the
// defaults of franz-go. In the consumer protocol the broker sets the session
// timeout and the heartbeat interval (group.consumer.session.timeout.ms and
// group.consumer.heartbeat.interval.ms, GroupCoordinatorConfig.java).
func defaultConsumerConfig(client Client, protocol Protocol) ConsumerConfig {
	config := ConsumerConfig{
		SessionTimeout:     45 * time.Second,
		HeartbeatInterval:  3 * time.Second,
		MaxPollInterval:    5 * time.Minute,
		RebalanceTimeout:   5 * time.Minute,
		MaxPollRecords:     500,
		AutoCommitInterval: 5 * time.Second,
		FetchMinBytes:      1,
		FetchMaxWait:       500 * time.Millisecond,
		FetchMaxBytes:      50 * unit.MiB,
		PartitionFetchMax:  unit.MiB,
		RequestTimeout:     30 * time.Second,
		RetryBackoff:       100 * time.Millisecond,
		RetryBackoffMax:    time.Second,
		MetadataMinAge:     100 * time.Millisecond, // a refresh waits for the retry back-off (Metadata.java)
	}
	if client == FranzGo {
		config = defaultFranzGoConsumer()
	}
	config.Assignor = RangeAssignor
	switch protocol {
	case Cooperative:
		config.Assignor = StickyAssignor
	case ConsumerProtocol:
		// The server's uniform assignor balances totals and keeps what members own.
		config.Assignor = StickyAssignor
		config.HeartbeatInterval = 5 * time.Second
	case Eager:
	}
	return config
}

// decodeConsumerConfig reads a group's config and, for franz-go, its
// client_options. The bounds that a cluster sets to session timeouts are for
// checkSessionTimeout.
func decodeConsumerConfig(client Client, protocol Protocol, settings, options []Setting) (ConsumerConfig, []Problem) {
	config := defaultConsumerConfig(client, protocol)
	rules := consumerRules(protocol, &config)
	if client == FranzGo {
		rules = franzGoRules(rules, franzGoConsumerRefusal, franzGoConsumerRanges())
	}
	problems := applySettings(consumerPlace, settings, rules)
	problems = append(problems, applyOptions(client, options, franzGoConsumerOptions(&config))...)
	if len(problems) > 0 {
		return config, problems
	}
	if protocol == ConsumerProtocol {
		problems = brokerSetTimeouts(settings)
	}
	if client == FranzGo {
		return config, append(problems, settleFranzGoConsumer(&config, settings, options)...)
	}
	return config, append(problems, settleJavaConsumer(&config, protocol, settings)...)
}

// consumerRules take their ranges from ConsumerConfig.java of 4.3; the session
// timeout and heartbeat interval have none there.
func consumerRules(protocol Protocol, c *ConsumerConfig) []settingRule {
	return []settingRule{
		millisRule("session.timeout.ms", fromInt(1), &c.SessionTimeout),
		millisRule("heartbeat.interval.ms", fromInt(1), &c.HeartbeatInterval),
		millisRule("max.poll.interval.ms", fromInt(1), &c.MaxPollInterval),
		wholeRule("max.poll.records", fromInt(1), func(v int64) { c.MaxPollRecords = v }),
		millisRule("auto.commit.interval.ms", fromInt(0), &c.AutoCommitInterval),
		bytesRule("fetch.min.bytes", fromInt(0), &c.FetchMinBytes),
		millisRule("fetch.max.wait.ms", fromInt(0), &c.FetchMaxWait),
		bytesRule("fetch.max.bytes", fromInt(0), &c.FetchMaxBytes),
		bytesRule("max.partition.fetch.bytes", fromInt(0), &c.PartitionFetchMax),
		{"auto.offset.reset", func(text string) error { return setOffsetReset(c, text) }},
		{"partition.assignment.strategy", func(text string) error {
			return setAssignor(&c.Assignor, protocol, text)
		}},
		{"group.instance.id", func(text string) error {
			if text == "" {
				return errors.New("it must not be empty; leave it out for dynamic members")
			}
			c.StaticMembership = true
			return nil
		}},
		millisRule("request.timeout.ms", fromInt(0), &c.RequestTimeout),
		millisRule("retry.backoff.ms", fromLong(0), &c.RetryBackoff),
		millisRule("retry.backoff.max.ms", fromLong(0), &c.RetryBackoffMax),
	}
}

// setOffsetReset reads auto.offset.reset (AutoOffsetResetStrategy.java).
func setOffsetReset(c *ConsumerConfig, text string) error {
	switch strings.ToLower(text) {
	case "earliest":
		c.ResetEarliest, c.ResetNone = true, false
	case "latest":
		c.ResetEarliest, c.ResetNone = false, false
	case "none":
		c.ResetEarliest, c.ResetNone = false, true
	default:
		if strings.HasPrefix(strings.ToLower(text), "by_duration:") {
			return errors.New("by_duration is not modelled; write earliest, latest or none")
		}
		return fmt.Errorf("%q is not a value of it; it must be one of earliest, latest, none", text)
	}
	return nil
}

// setAssignor reads partition.assignment.strategy: class names, with or without
// their package, or the names that the protocol gives them. Several are Kafka's
// way from one to the other: members use the eager protocol until only
// cooperative assignors are left, and prefer the first.
func setAssignor(field *Assignor, protocol Protocol, text string) error {
	if protocol == ConsumerProtocol {
		return nil // brokerSetTimeouts says that it does not belong here
	}
	eager, chosen := false, Assignor(0)
	for word := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		word = strings.TrimSpace(word)
		var assignor Assignor
		switch strings.TrimPrefix(word, "org.apache.kafka.clients.consumer.") {
		case "RangeAssignor", "range":
			assignor, eager = RangeAssignor, true
		case "StickyAssignor", "sticky":
			assignor, eager = StickyAssignor, true
		case "CooperativeStickyAssignor", "cooperative-sticky":
			assignor = StickyAssignor
		case "RoundRobinAssignor", "roundrobin":
			return fmt.Errorf("the assignor %s is not modelled; use range, sticky or cooperative-sticky", word)
		default:
			return fmt.Errorf("%q is not an assignor; use range, sticky or cooperative-sticky", word)
		}
		if chosen == 0 {
			chosen = assignor
		}
	}
	switch {
	case eager && protocol == Cooperative:
		return fmt.Errorf("%s makes the group eager, and its protocol is cooperative; "+
			"write cooperative-sticky alone, or protocol: eager", text)
	case !eager && protocol == Eager:
		return fmt.Errorf("%s makes the group cooperative, and its protocol is eager; "+
			"write range or sticky, or protocol: cooperative", text)
	}
	*field = chosen
	return nil
}

// brokerSetTimeouts are the settings that a client refuses in the consumer
// protocol (ConsumerConfig.CONSUMER_PROTOCOL_UNSUPPORTED_CONFIGS).
func brokerSetTimeouts(settings []Setting) []Problem {
	var problems []Problem
	for _, s := range settings {
		switch s.Name {
		case "session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy":
			problems = append(problems, nameProblem(s,
				"%s cannot be set in the consumer protocol, where the broker decides it; remove it", s.Name))
		}
	}
	return problems
}

// settleJavaConsumer finds the conflicts that a Java consumer finds when it is
// built, and makes its adjustments.
func settleJavaConsumer(c *ConsumerConfig, protocol Protocol, settings []Setting) []Problem {
	c.RebalanceTimeout = c.MaxPollInterval // sent in JoinGroup (GroupRebalanceConfig.java)
	c.RetryBackoff = min(c.RetryBackoff, c.RetryBackoffMax)
	c.MetadataMinAge = c.RetryBackoff
	if protocol != ConsumerProtocol && c.HeartbeatInterval >= c.SessionTimeout {
		return []Problem{conflict(settings, []string{"heartbeat.interval.ms", "session.timeout.ms"},
			"heartbeat.interval.ms (%v) must be less than session.timeout.ms (%v)", // Heartbeat.java
			c.HeartbeatInterval, c.SessionTimeout)}
	}
	return nil
}

// checkSessionTimeout finds a session timeout that the group's cluster would
// answer with INVALID_SESSION_TIMEOUT (GroupMetadataManager.classicGroupJoin):
// one outside group.min.session.timeout.ms … group.max.session.timeout.ms.
func checkSessionTimeout(broker BrokerConfig, protocol Protocol, config ConsumerConfig, settings []Setting) []Problem {
	least, most := broker.GroupMinSessionTimeout, broker.GroupMaxSessionTimeout
	s, ok := settingNamed(settings, "session.timeout.ms")
	if protocol == ConsumerProtocol || config.SessionTimeout >= least && config.SessionTimeout <= most {
		return nil
	}
	const bounds = "session.timeout.ms (%v) is outside the cluster's group.min.session.timeout.ms (%v) … " +
		"group.max.session.timeout.ms (%v)"
	if !ok { // the default, with bounds that leave it out: no setting of the group to point to
		return []Problem{{Message: fmt.Sprintf(bounds, config.SessionTimeout, least, most)}}
	}
	return []Problem{valueProblem(s, bounds, config.SessionTimeout, least, most)}
}
