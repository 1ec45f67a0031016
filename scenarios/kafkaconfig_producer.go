package scenarios

import (
	"math"
	"time"

	"kafkasim/sim/unit"
)

// defaultProducerConfig is ProducerConfig.java of 4.0 to 4.3 (alike), or the
// defaults of franz-go.
func defaultProducerConfig(client Client) ProducerConfig {
	if client == FranzGo {
		return defaultFranzGoProducer()
	}
	return ProducerConfig{
		Acks:                AcksAll,
		Idempotence:         true,
		Linger:              5 * time.Millisecond,
		BatchSize:           16 * unit.KiB,
		BufferMemory:        int64(32 * unit.MiB),
		BufferRecords:       Unbounded,
		MaxBlock:            time.Minute,
		DeliveryTimeout:     2 * time.Minute,
		RequestTimeout:      30 * time.Second,
		RequestOverhead:     0,
		Retries:             math.MaxInt32,
		RetryBackoff:        100 * time.Millisecond,
		RetryBackoffMax:     time.Second,
		ReconnectBackoff:    50 * time.Millisecond,
		ReconnectBackoffMax: time.Second,
		MaxInFlight:         5,
		MaxRequestSize:      unit.MiB,
		MetadataMaxAge:      5 * time.Minute,
		MetadataMinAge:      100 * time.Millisecond, // a refresh waits for the retry back-off (Metadata.java)
		AdaptivePartitioner: true,
		AvailabilityTimeout: Forever,
		CompressionRatio:    1,
	}
}

// decodeProducerConfig reads a producer's config and, for franz-go, its
// client_options.
func decodeProducerConfig(client Client, settings, options []Setting) (ProducerConfig, []Problem) {
	config := defaultProducerConfig(client)
	rules := producerRules(&config)
	if client == FranzGo {
		rules = franzGoRules(rules, franzGoProducerRefusal, franzGoProducerRanges())
	}
	problems := applySettings(producerPlace, settings, rules)
	problems = append(problems, applyOptions(client, options, franzGoProducerOptions(&config))...)
	if len(problems) > 0 {
		return config, problems
	}
	if client == FranzGo {
		return config, settleFranzGoProducer(&config, settings, options)
	}
	return config, settleJavaProducer(&config, settings)
}

// producerRules take their ranges from ProducerConfig.java of 4.3.
func producerRules(c *ProducerConfig) []settingRule {
	return []settingRule{
		enumRule("acks", []string{"0", "1", "all", "-1"}, func(i int) {
			c.Acks = []Acks{AcksNone, AcksLeader, AcksAll, AcksAll}[i]
		}),
		boolRule("enable.idempotence", &c.Idempotence),
		millisRule("linger.ms", fromLong(0), &c.Linger),
		// 0 switches batching off: KafkaProducer uses a batch of one byte, which every record exceeds.
		wholeRule("batch.size", fromInt(0), func(v int64) { c.BatchSize = unit.Bytes(max(1, v)) }),
		wholeRule("buffer.memory", fromLong(0), func(v int64) { c.BufferMemory = v }),
		millisRule("max.block.ms", fromLong(0), &c.MaxBlock),
		millisRule("delivery.timeout.ms", fromInt(0), &c.DeliveryTimeout),
		millisRule("request.timeout.ms", fromInt(0), &c.RequestTimeout),
		wholeRule("retries", fromInt(0), func(v int64) { c.Retries = v }),
		millisRule("retry.backoff.ms", fromLong(0), &c.RetryBackoff),
		millisRule("retry.backoff.max.ms", fromLong(0), &c.RetryBackoffMax),
		millisRule("reconnect.backoff.ms", fromLong(0), &c.ReconnectBackoff),
		millisRule("reconnect.backoff.max.ms", fromLong(0), &c.ReconnectBackoffMax),
		countRule("max.in.flight.requests.per.connection", &c.MaxInFlight),
		bytesRule("max.request.size", fromInt(0), &c.MaxRequestSize),
		millisRule("metadata.max.age.ms", fromLong(0), &c.MetadataMaxAge),
		boolRule("partitioner.adaptive.partitioning.enable", &c.AdaptivePartitioner),
		wholeRule("partitioner.availability.timeout.ms", fromLong(0), func(v int64) {
			c.AvailabilityTimeout = Forever // 0 is off (BuiltInPartitioner)
			if v > 0 {
				c.AvailabilityTimeout = periods(v, time.Millisecond)
			}
		}),
		enumRule("compression.type", compressionTypes(), func(i int) {
			c.CompressionRatio = compressionRatio(compressionTypes()[i])
		}),
	}
}

func compressionTypes() []string { return []string{"none", "gzip", "snappy", "lz4", "zstd"} }

// compressionRatio is compressed over raw size for batches of JSON: the middle
// of what is seen in practice, lz4 and snappy 0.5–0.7, zstd 0.3–0.5; gzip is
// taken to do as well as zstd. Records that compress otherwise need another
// record_size.
func compressionRatio(compressionType string) float64 {
	switch compressionType {
	case "snappy", "lz4":
		return 0.6
	case "gzip", "zstd":
		return 0.4
	default:
		return 1
	}
}

// settleJavaProducer finds the conflicts that the Java producer finds when it is
// built, and makes the adjustments that it makes then.
func settleJavaProducer(c *ProducerConfig, settings []Setting) []Problem {
	problems := settleIdempotence(c, settings)

	// KafkaProducer.configureDeliveryTimeout: a default that is too short grows.
	linger := min(c.Linger, periods(math.MaxInt32, time.Millisecond))
	if least := linger + c.RequestTimeout; c.DeliveryTimeout < least {
		if given(settings, "delivery.timeout.ms") {
			problems = append(problems, conflict(settings, []string{"delivery.timeout.ms"},
				"delivery.timeout.ms (%v) must be at least linger.ms (%v) + request.timeout.ms (%v)",
				c.DeliveryTimeout, c.Linger, c.RequestTimeout))
		}
		c.DeliveryTimeout = least
	}

	// BufferPool gives a batch at least batch.size bytes and refuses more than it has.
	if c.BufferMemory < int64(c.BatchSize) {
		problems = append(problems, conflict(settings, []string{"buffer.memory", "batch.size"},
			"buffer.memory (%d) must be at least batch.size (%d), or the producer could send nothing",
			c.BufferMemory, c.BatchSize))
	}

	// CommonClientConfigs.postProcessReconnectBackoffConfigs, and ExponentialBackoff
	// with a maximum below its start, which stays at the maximum.
	if given(settings, "reconnect.backoff.ms") && !given(settings, "reconnect.backoff.max.ms") {
		c.ReconnectBackoffMax = c.ReconnectBackoff
	}
	c.ReconnectBackoff = min(c.ReconnectBackoff, c.ReconnectBackoffMax)
	c.RetryBackoff = min(c.RetryBackoff, c.RetryBackoffMax)
	c.MetadataMinAge = c.RetryBackoff
	return problems
}

// settleIdempotence is ProducerConfig.postProcessAndValidateIdempotenceConfigs:
// what is wrong if idempotence was asked for switches it off silently if it was
// only the default; more than five requests in flight are refused either way.
func settleIdempotence(c *ProducerConfig, settings []Setting) []Problem {
	if !c.Idempotence {
		return nil
	}
	asked := given(settings, "enable.idempotence")
	var problems []Problem
	if asked && c.Retries == 0 {
		problems = append(problems, conflict(settings, []string{"retries"},
			"retries must not be 0 when enable.idempotence is true"))
	}
	if asked && c.Acks != AcksAll {
		problems = append(problems, conflict(settings, []string{"acks"},
			"acks must be all when enable.idempotence is true"))
	}
	if c.MaxInFlight > 5 {
		problems = append(problems, conflict(settings, []string{"max.in.flight.requests.per.connection"},
			"max.in.flight.requests.per.connection must be at most 5 with an idempotent producer; "+
				"lower it, or set enable.idempotence to false"))
	}
	c.Idempotence = c.Retries > 0 && c.Acks == AcksAll
	return problems
}
