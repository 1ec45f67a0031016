package scenarios

import (
	"errors"
	"fmt"
	"math"
	"time"

	"kafkasim/sim/unit"
)

// The defaults, limits and rules of franz-go are those of pkg/kgo/config.go
// (defaultCfg, validate) just after v1.21.6, commit adb3a18abe.

// franzGoBackoffMax is the cap of kgo's default back-off, which its sinks, its
// metadata loop and its connections share.
const franzGoBackoffMax = 5 * time.Second

// franzGoOverhead is kgo's RequestTimeoutOverhead: how long it waits for an
// answer beyond the time that the request itself grants the broker.
const franzGoOverhead = 10 * time.Second

func defaultFranzGoProducer() ProducerConfig {
	return ProducerConfig{
		Acks:                AcksAll,
		Idempotence:         true,
		Linger:              10 * time.Millisecond,
		BatchSize:           1000012,
		BufferMemory:        Unbounded,
		BufferRecords:       10000,
		MaxBlock:            Forever,
		DeliveryTimeout:     Forever,
		RequestTimeout:      10 * time.Second,
		RequestOverhead:     franzGoOverhead,
		Retries:             Unbounded,
		RetryBackoff:        250 * time.Millisecond,
		RetryBackoffMax:     franzGoBackoffMax,
		ReconnectBackoff:    250 * time.Millisecond,
		ReconnectBackoffMax: franzGoBackoffMax,
		MaxInFlight:         5, // fixed while idempotent, brokers from 1.0 on
		MaxRequestSize:      100 * unit.MiB,
		MetadataMaxAge:      franzGoMetadataAge,
		MetadataMinAge:      5 * time.Second,
		AdaptivePartitioner: true,
		AvailabilityTimeout: Forever,
		CompressionRatio:    compressionRatio("snappy"),
	}
}

func defaultFranzGoConsumer() ConsumerConfig {
	return ConsumerConfig{
		SessionTimeout:     45 * time.Second,
		HeartbeatInterval:  3 * time.Second,
		MaxPollInterval:    Forever,
		RebalanceTimeout:   time.Minute,
		MaxPollRecords:     Unbounded,
		AutoCommitInterval: 5 * time.Second,
		FetchMinBytes:      1,
		FetchMaxWait:       5 * time.Second,
		FetchMaxBytes:      50 * unit.MiB,
		PartitionFetchMax:  unit.MiB,
		ResetEarliest:      true,
		RequestTimeout:     franzGoOverhead,
		RetryBackoff:       250 * time.Millisecond,
		RetryBackoffMax:    franzGoBackoffMax,
		MetadataMinAge:     5 * time.Second,
	}
}

// franzGoRules are the rules of Kafka's settings for a franz-go client: refused
// where refusal has words, with kgo's narrower range where it has one.
func franzGoRules(rules []settingRule, refusal func(name string) string, ranges []franzGoRange) []settingRule {
	for i, rule := range rules {
		if words := refusal(rule.name); words != "" {
			rules[i].set = func(string) error { return errors.New(words) }
			continue
		}
		for _, r := range ranges {
			if r.name == rule.name {
				rules[i].set = func(text string) error {
					if _, err := parseWhole(text, r.wholeRange); err != nil {
						return fmt.Errorf("%w in franz-go", err)
					}
					return rule.set(text)
				}
			}
		}
	}
	return rules
}

// A franzGoRange is what kgo takes of a Kafka setting for which Kafka takes more.
type franzGoRange struct {
	name string
	wholeRange
}

// hourMillis is kgo's limit of a producer's metadata age in milliseconds.
const hourMillis = int64(time.Hour / time.Millisecond)

// franzGoMetadataAge is kgo's default MetadataMaxAge, which a consumer has here.
const franzGoMetadataAge = 5 * time.Minute

func franzGoProducerRanges() []franzGoRange {
	return []franzGoRange{
		{"linger.ms", wholeRange{0, int64(time.Minute / time.Millisecond)}},
		{"batch.size", wholeRange{512, 1 << 30}},
		{"metadata.max.age.ms", wholeRange{10, hourMillis}},
	}
}

func franzGoConsumerRanges() []franzGoRange {
	return []franzGoRange{
		{"session.timeout.ms", fromInt(100)},
		{"auto.commit.interval.ms", fromInt(100)},
		{"fetch.max.wait.ms", fromInt(10)},
	}
}

// franzGoProducerRefusal says what to write instead of settings that kgo has
// nothing equal for; "" for the settings that it has too.
func franzGoProducerRefusal(name string) string {
	switch name {
	case "buffer.memory":
		return "franz-go bounds its buffer by records first; use client_options: {max_buffered_records: ..., max_buffered_bytes: ...}"
	case "max.block.ms":
		return "franz-go blocks without limit when its buffer is full; remove it, or use client_options: {record_delivery_timeout: ...}"
	case "delivery.timeout.ms":
		return "franz-go's own is client_options: {record_delivery_timeout: ...}"
	case "request.timeout.ms":
		return "franz-go's own is client_options: {produce_request_timeout: ...}"
	case "retry.backoff.ms", "retry.backoff.max.ms", "reconnect.backoff.ms", "reconnect.backoff.max.ms":
		return "franz-go has one back-off for all; use client_options: {retry_backoff: ...}"
	case "max.request.size":
		return "franz-go bounds batches (batch.size) and writes of 100 MiB; remove it"
	case "partitioner.availability.timeout.ms":
		return "franz-go's partitioner has no such rule; remove it"
	}
	return ""
}

// franzGoConsumerRefusal is the same for consumers.
func franzGoConsumerRefusal(name string) string {
	switch name {
	case "max.poll.interval.ms":
		return "franz-go has no poll interval: its heartbeats go on however long processing takes; remove it"
	case "request.timeout.ms":
		return "franz-go waits 10 s beyond what a request grants the broker; remove it"
	case "retry.backoff.ms", "retry.backoff.max.ms":
		return "franz-go has one back-off for all; use client_options: {retry_backoff: ...}"
	}
	return ""
}

// applyOptions stores client_options through their rules.
func applyOptions(client Client, options []Setting, rules []settingRule) []Problem {
	var problems []Problem
	for i, s := range options {
		if client != FranzGo {
			problems = append(problems, nameProblem(s,
				"client_options are settings of franz-go, and the client is java; use config: with Kafka's names"))
			return problems
		}
		if first, again := settingNamed(options[:i], s.Name); again {
			problems = append(problems, twice(first, s))
			continue
		}
		rule, ok := ruleNamed(rules, s.Name)
		if !ok {
			problems = append(problems, nameProblem(s, "%s", unknownOption(s.Name, rules)))
			continue
		}
		if err := rule.set(s.Value); err != nil {
			problems = append(problems, valueProblem(s, "%s: %v", s.Name, err))
		}
	}
	return problems
}

func unknownOption(name string, rules []settingRule) string {
	var ignored ProducerConfig
	if _, ok := ruleNamed(franzGoProducerOptions(&ignored), name); ok {
		return name + " is an option of producers, not of consumers; remove it"
	}
	if producerPlace.knows(name) || consumerPlace.knows(name) {
		return name + " is a Kafka setting; it belongs in config:"
	}
	names := make([]string, len(rules))
	for i, rule := range rules {
		names[i] = rule.name
	}
	return unknownOf(fmt.Sprintf("option %q", name), name, names)
}

// franzGoProducerOptions are kgo's own settings of a producer. retry_backoff is
// the first back-off of kgo's default law: it doubles with each failure in a
// row up to 5 s, give or take 20 %.
func franzGoProducerOptions(c *ProducerConfig) []settingRule {
	return []settingRule{
		durationOption("metadata_min_age", 10*time.Millisecond, &c.MetadataMinAge),
		durationOption("produce_request_timeout", 100*time.Millisecond, &c.RequestTimeout),
		durationOption("record_delivery_timeout", time.Second, &c.DeliveryTimeout),
		durationOption("retry_backoff", time.Millisecond, &c.RetryBackoff),
		wholeRule("max_buffered_records", fromLong(1), func(v int64) { c.BufferRecords = v }),
		{"max_buffered_bytes", func(text string) error {
			v, err := parseSize(text)
			if err == nil && v < 1 {
				err = errors.New("it must be at least 1 B; leave it out for no limit")
			}
			if err == nil {
				c.BufferMemory = int64(v)
			}
			return err
		}},
	}
}

func franzGoConsumerOptions(c *ConsumerConfig) []settingRule {
	return []settingRule{
		durationOption("metadata_min_age", 10*time.Millisecond, &c.MetadataMinAge),
		durationOption("retry_backoff", time.Millisecond, &c.RetryBackoff),
	}
}

// longestOption is as long as a timeout in a request can be: an int32 of
// milliseconds, about 25 days.
const longestOption = time.Duration(math.MaxInt32) * time.Millisecond

func durationOption(name string, least time.Duration, field *time.Duration) settingRule {
	return settingRule{name, func(text string) error {
		v, err := parseSpan(text)
		if err != nil {
			return err
		}
		if v < least || v > longestOption {
			return fmt.Errorf("%v is out of range; it must be from %v to %v", v, least, longestOption)
		}
		*field = v
		return nil
	}}
}

// settleFranzGoProducer makes what follows in kgo from the settings, and finds
// the conflicts that kgo refuses.
func settleFranzGoProducer(c *ProducerConfig, settings, options []Setting) []Problem {
	var problems []Problem
	asked := given(settings, "enable.idempotence")
	if c.Acks != AcksAll && asked && c.Idempotence {
		problems = append(problems, conflict(settings, []string{"acks"},
			"acks must be all when enable.idempotence is true"))
	}
	// Other acks go with DisableIdempotentWrite, which a kgo program must ask for.
	c.Idempotence = c.Idempotence && c.Acks == AcksAll
	const inFlight = "max.in.flight.requests.per.connection"
	switch {
	case c.Idempotence && c.MaxInFlight != 5:
		problems = append(problems, conflict(settings, []string{inFlight},
			"%s is always 5 in an idempotent franz-go producer; remove it, or set enable.idempotence to false", inFlight))
	case !c.Idempotence && !given(settings, inFlight):
		c.MaxInFlight = 1
	}
	c.RetryBackoffMax = max(franzGoBackoffMax, c.RetryBackoff)
	c.ReconnectBackoff, c.ReconnectBackoffMax = c.RetryBackoff, c.RetryBackoffMax
	return append(problems, metadataConflict(c.MetadataMinAge, c.MetadataMaxAge, settings, options)...)
}

// settleFranzGoConsumer does the same for a consumer.
func settleFranzGoConsumer(c *ConsumerConfig, settings, options []Setting) []Problem {
	var problems []Problem
	if c.HeartbeatInterval > c.SessionTimeout {
		problems = append(problems, conflict(settings, []string{"heartbeat.interval.ms", "session.timeout.ms"},
			"heartbeat.interval.ms (%v) must be at most session.timeout.ms (%v)", c.HeartbeatInterval, c.SessionTimeout))
	}
	c.PartitionFetchMax = min(c.PartitionFetchMax, c.FetchMaxBytes)
	c.RetryBackoffMax = max(franzGoBackoffMax, c.RetryBackoff)
	return append(problems, metadataConflict(c.MetadataMinAge, franzGoMetadataAge, settings, options)...)
}

func metadataConflict(least, most time.Duration, settings, options []Setting) []Problem {
	if least <= most {
		return nil
	}
	const words = "metadata.max.age.ms (%v) must be at least metadata_min_age (%v)"
	if given(settings, "metadata.max.age.ms") {
		return []Problem{conflict(settings, []string{"metadata.max.age.ms"}, words, most, least)}
	}
	return []Problem{conflict(options, []string{"metadata_min_age"}, words, most, least)}
}
