package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// leastSegment is the smallest segment.bytes since 4.0 (KIP-1030).
const leastSegment = int64(unit.MiB)

// defaultTopicConfig is Kafka's own (LogConfig, ServerLogConfigs).
func defaultTopicConfig() TopicConfig {
	return TopicConfig{
		MinInsyncReplicas: 1,
		UncleanElection:   false,
		RetentionTime:     7 * 24 * time.Hour,
		RetentionBytes:    Unbounded,
		SegmentBytes:      unit.GiB,
		SegmentTime:       7 * 24 * time.Hour,
		FlushMessages:     Unbounded,
	}
}

// topicDefaults is what a topic that says nothing has: the cluster's values in
// settings, else Kafka's. Settings that decodeBrokerConfig finds fault with are
// left out.
func topicDefaults(settings []Setting) TopicConfig {
	config := defaultTopicConfig()
	rules := topicDefaultRules(settings, &config)
	for i, s := range settings {
		if given(settings[:i], s.Name) {
			continue
		}
		if rule, ok := ruleNamed(rules, s.Name); ok {
			_ = rule.set(strings.TrimSpace(s.Value)) // reported by decodeBrokerConfig
		}
	}
	return config
}

// decodeTopicConfig reads a topic's config on top of its cluster's defaults.
func decodeTopicConfig(defaults TopicConfig, settings []Setting) (TopicConfig, []Problem) {
	config := defaults
	problems := applySettings(topicPlace, settings, topicRules(&config))
	return config, problems
}

// ApplyTopicSetting changes one setting of a topic, given as Kafka writes it,
// while a cluster runs. It returns an error, and changes nothing, if the model
// does not use the setting or Kafka would refuse the value.
func ApplyTopicSetting(config *TopicConfig, name, value string) error {
	rules := topicRules(config)
	rule, ok := ruleNamed(rules, name)
	if !ok {
		return fmt.Errorf("scenarios: %s", unusedSetting(topicPlace, name, rules))
	}
	if err := rule.set(strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("scenarios: %s: %w", name, err)
	}
	return nil
}

// topicRules are the topic settings of LogConfig that the model uses.
func topicRules(c *TopicConfig) []settingRule {
	return []settingRule{
		countRule("min.insync.replicas", &c.MinInsyncReplicas),
		boolRule("unclean.leader.election.enable", &c.UncleanElection),
		wholeRule("retention.ms", fromLong(-1), func(v int64) { c.RetentionTime = retention(v, time.Millisecond) }),
		retentionBytesRule("retention.bytes", c),
		bytesRule("segment.bytes", fromInt(leastSegment), &c.SegmentBytes),
		millisRule("segment.ms", fromLong(1), &c.SegmentTime),
		wholeRule("flush.messages", fromLong(1), func(v int64) { c.FlushMessages = v }),
	}
}

// topicDefaultRules are the same settings under the names that a broker takes.
// Of settings with several units Kafka uses the finest one that is given
// (KafkaConfig.logRetentionTimeMillis, logRollTimeMillis):
// the others are checked and otherwise without effect.
func topicDefaultRules(settings []Setting, c *TopicConfig) []settingRule {
	retain := func(name string, r wholeRange, unit time.Duration, overridden bool) settingRule {
		return settingRule{name, func(text string) error {
			v, err := parseWhole(text, r)
			if err != nil {
				return err
			}
			if v == 0 {
				return errors.New("0 is out of range; it must be at least 1, or -1 for no limit")
			}
			if !overridden {
				c.RetentionTime = retention(v, unit)
			}
			return nil
		}}
	}
	lasting := func(name string, r wholeRange, unit time.Duration, field *time.Duration, overridden bool) settingRule {
		return wholeRule(name, r, func(v int64) {
			if !overridden {
				*field = periods(v, unit)
			}
		})
	}
	inMillis, inMinutes := given(settings, "log.retention.ms"), given(settings, "log.retention.minutes")
	return []settingRule{
		countRule("min.insync.replicas", &c.MinInsyncReplicas),
		boolRule("unclean.leader.election.enable", &c.UncleanElection),
		retain("log.retention.ms", fromLong(-1), time.Millisecond, false),
		retain("log.retention.minutes", fromInt(-1), time.Minute, inMillis),
		retain("log.retention.hours", fromInt(-1), time.Hour, inMillis || inMinutes),
		retentionBytesRule("log.retention.bytes", c),
		bytesRule("log.segment.bytes", fromInt(leastSegment), &c.SegmentBytes),
		lasting("log.roll.ms", fromLong(1), time.Millisecond, &c.SegmentTime, false),
		lasting("log.roll.hours", fromInt(1), time.Hour, &c.SegmentTime, given(settings, "log.roll.ms")),
		wholeRule("log.flush.interval.messages", fromLong(1), func(v int64) { c.FlushMessages = v }),
	}
}

// retention is v periods of length unit, or Forever for -1.
func retention(v int64, unit time.Duration) time.Duration {
	if v < 0 {
		return Forever
	}
	return periods(v, unit)
}

func retentionBytesRule(name string, c *TopicConfig) settingRule {
	return wholeRule(name, fromLong(-1), func(v int64) {
		c.RetentionBytes = v
		if v < 0 {
			c.RetentionBytes = Unbounded
		}
	})
}

// brokerSynonym is the broker setting that gives a topic setting its default,
// "" where there is none (ServerTopicConfigSynonyms).
func brokerSynonym(topicSetting string) string {
	for _, pair := range topicSynonyms() {
		if pair.topic == topicSetting {
			return pair.broker
		}
	}
	return ""
}

// topicSynonym is the topic setting whose default a broker setting gives.
func topicSynonym(brokerSetting string) string {
	for _, pair := range topicSynonyms() {
		if pair.broker == brokerSetting {
			return pair.topic
		}
	}
	return ""
}

type synonym struct{ topic, broker string }

// topicSynonyms pairs the modelled topic settings with their broker settings,
// the one that wins first.
func topicSynonyms() []synonym {
	return []synonym{
		{"retention.ms", "log.retention.ms"},
		{"retention.ms", "log.retention.minutes"},
		{"retention.ms", "log.retention.hours"},
		{"retention.bytes", "log.retention.bytes"},
		{"segment.bytes", "log.segment.bytes"},
		{"segment.ms", "log.roll.ms"},
		{"segment.ms", "log.roll.hours"},
		{"flush.messages", "log.flush.interval.messages"},
	}
}
