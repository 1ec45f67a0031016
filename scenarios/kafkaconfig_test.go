package scenarios

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// config makes settings of "name: value" lines, one file line each from line 1.
func config(lines ...string) []Setting {
	settings := make([]Setting, len(lines))
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		settings[i] = Setting{Name: name, Value: value, Line: i + 1, Column: 3, ValueLine: i + 1, ValueColumn: 5 + len(name)}
	}
	return settings
}

// only checks that there is one problem and that it reads like this.
func only(t *testing.T, problems []Problem, want string) {
	t.Helper()
	switch {
	case want == "" && len(problems) > 0:
		t.Errorf("unexpected problem: %s", problems[0].Message)
	case want != "" && len(problems) != 1:
		t.Errorf("%d problems %v, want one: %s", len(problems), problems, want)
	case want != "" && problems[0].Message != want:
		t.Errorf("problem: %s\nwant:    %s", problems[0].Message, want)
	}
}

// Kafka's defaults of the modelled settings, printed from the definitions of
// 4.3.1 (null where another setting decides).
func kafkaDefaults(place settingPlace) []string {
	switch place {
	case brokerPlace:
		return nameValue(`num.replica.fetchers 1 replica.fetch.wait.max.ms 500 replica.fetch.min.bytes 1
replica.fetch.max.bytes 1048576 replica.fetch.response.max.bytes 10485760 replica.fetch.backoff.ms 1000
replica.lag.time.max.ms 30000 replica.socket.timeout.ms 30000 replica.high.watermark.checkpoint.interval.ms 5000
broker.heartbeat.interval.ms 2000 broker.session.timeout.ms 9000 auto.leader.rebalance.enable true
leader.imbalance.check.interval.seconds 300 unclean.leader.election.interval.ms 300000
controlled.shutdown.enable true controller.quorum.election.timeout.ms 1000 controller.quorum.fetch.timeout.ms 2000
controller.quorum.append.linger.ms 25 num.network.threads 3 num.io.threads 8 num.recovery.threads.per.data.dir 2
offsets.topic.num.partitions 50 offsets.topic.replication.factor 3 offsets.commit.timeout.ms 5000
group.initial.rebalance.delay.ms 3000 group.min.session.timeout.ms 6000 group.max.session.timeout.ms 1800000
log.retention.check.interval.ms 300000 min.insync.replicas 1 unclean.leader.election.enable false
log.retention.hours 168 log.retention.bytes -1 log.segment.bytes 1073741824 log.roll.hours 168
log.flush.interval.messages 9223372036854775807
log.retention.ms null log.retention.minutes null log.roll.ms null`)
	case topicPlace:
		return nameValue(`min.insync.replicas 1 unclean.leader.election.enable false retention.ms 604800000 retention.bytes -1
segment.bytes 1073741824 segment.ms 604800000 flush.messages 9223372036854775807`)
	case producerPlace:
		return nameValue(`acks all enable.idempotence true linger.ms 5 batch.size 16384 buffer.memory 33554432 max.block.ms 60000
delivery.timeout.ms 120000 request.timeout.ms 30000 retries 2147483647 retry.backoff.ms 100 retry.backoff.max.ms 1000
reconnect.backoff.ms 50 reconnect.backoff.max.ms 1000 max.in.flight.requests.per.connection 5 max.request.size 1048576
metadata.max.age.ms 300000 partitioner.adaptive.partitioning.enable true partitioner.availability.timeout.ms 0
compression.type none`)
	case consumerPlace:
		return nameValue(`session.timeout.ms 45000 heartbeat.interval.ms 3000 max.poll.interval.ms 300000 max.poll.records 500
auto.commit.interval.ms 5000 fetch.min.bytes 1 fetch.max.wait.ms 500 fetch.max.bytes 52428800
max.partition.fetch.bytes 1048576 auto.offset.reset latest
partition.assignment.strategy org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor
group.instance.id null request.timeout.ms 30000 retry.backoff.ms 100 retry.backoff.max.ms 1000`)
	}
	return nil
}

// nameValue turns words into "name: value" lines.
func nameValue(words string) []string {
	fields := strings.Fields(words)
	lines := make([]string, len(fields)/2)
	for i := range lines {
		lines[i] = fields[2*i] + ": " + fields[2*i+1]
	}
	return lines
}

func rulesOf(place settingPlace) []settingRule {
	switch place {
	case brokerPlace:
		return append(brokerRules(&BrokerConfig{}), topicDefaultRules(nil, &TopicConfig{})...)
	case topicPlace:
		return topicRules(&TopicConfig{})
	case producerPlace:
		return producerRules(&ProducerConfig{})
	case consumerPlace:
		return consumerRules(Eager, &ConsumerConfig{})
	}
	return nil
}

// TestDefaultsAreKafkas: writing every default out changes nothing, and every
// modelled setting is one that Kafka knows in that place.
func TestDefaultsAreKafkas(t *testing.T) {
	for _, place := range []settingPlace{brokerPlace, topicPlace, producerPlace, consumerPlace} {
		defaults := config(kafkaDefaults(place)...)
		for _, rule := range rulesOf(place) {
			if !place.knows(rule.name) {
				t.Errorf("%s is not among Kafka's %s settings", rule.name, place)
			}
			if !given(defaults, rule.name) {
				t.Errorf("no default of the %s setting %s to compare with", place, rule.name)
			}
		}
		written := slices.DeleteFunc(defaults, func(s Setting) bool { return s.Value == "null" })
		var got, want any
		var problems []Problem
		switch place {
		case brokerPlace:
			got, problems = decodeBrokerConfig(written)
			want = defaultBrokerConfig()
			if topics := topicDefaults(written); topics != defaultTopicConfig() {
				t.Errorf("topic defaults written out: %+v, want %+v", topics, defaultTopicConfig())
			}
		case topicPlace:
			got, problems = decodeTopicConfig(TopicConfig{}, written)
			want = defaultTopicConfig()
		case producerPlace:
			got, problems = decodeProducerConfig(Java, written, nil)
			want = defaultProducerConfig(Java)
		case consumerPlace:
			got, problems = decodeConsumerConfig(Java, Eager, written, nil)
			want = defaultConsumerConfig(Java, Eager)
		}
		only(t, problems, "")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s defaults written out: %+v\nwant %+v", place, got, want)
		}
	}
}

// TestEveryFieldHasADefault: a field that no default fills is one that nobody
// decoded. The zero ones are Kafka's.
func TestEveryFieldHasADefault(t *testing.T) {
	zero := map[string]bool{
		"BrokerConfig.OffsetsUncleanElection": true, "TopicConfig.UncleanElection": true, "ProducerConfig.RequestOverhead": true,
		"ConsumerConfig.ResetEarliest": true, "ConsumerConfig.ResetNone": true, "ConsumerConfig.StaticMembership": true,
	}
	for _, config := range []any{
		defaultBrokerConfig(), defaultTopicConfig(), defaultProducerConfig(Java), defaultProducerConfig(FranzGo),
		defaultConsumerConfig(Java, Eager), defaultConsumerConfig(FranzGo, Cooperative),
	} {
		v := reflect.ValueOf(config)
		for i := range v.NumField() {
			if name := v.Type().Name() + "." + v.Type().Field(i).Name; v.Field(i).IsZero() && !zero[name] {
				t.Errorf("%s has no default", name)
			}
		}
	}
}

func TestSettingsThatTheModelHasNoUseFor(t *testing.T) {
	for _, c := range []struct {
		place   settingPlace
		setting string
		want    string
	}{
		{brokerPlace, "log.cleaner.threads: 2", "log.cleaner.threads is a Kafka setting that is not modelled; remove it"},
		{brokerPlace, "num.replica.fetcher: 2", `unknown setting "num.replica.fetcher"; the nearest known is num.replica.fetchers`},
		{brokerPlace, "linger.ms: 2", "linger.ms is a producer setting; it belongs in a producer's config"},
		{brokerPlace, "retention.ms: 2", "retention.ms does not belong here; it is a topic setting, and the cluster's default for it is log.retention.ms"},
		{brokerPlace, "leader.imbalance.per.broker.percentage: 10", `unknown setting "leader.imbalance.per.broker.percentage"; Kafka 4.3 has no broker setting of this name, remove it`},
		{brokerPlace, "log.flush.interval.ms: 1000", "log.flush.interval.ms is a Kafka setting that is not modelled; remove it"},
		{brokerPlace, "log.flush.scheduler.interval.ms: 1000", "log.flush.scheduler.interval.ms is a Kafka setting that is not modelled; remove it"},
		{brokerPlace, "log.flush.offset.checkpoint.interval.ms: 1000", "log.flush.offset.checkpoint.interval.ms is a Kafka setting that is not modelled; remove it"},
		{brokerPlace, "producer.id.expiration.ms: 1000", "producer.id.expiration.ms is a Kafka setting that is not modelled; remove it"},
		{brokerPlace, "group.consumer.assignment.interval.ms: 5", "group.consumer.assignment.interval.ms is a Kafka setting that is not modelled; remove it"},
		{topicPlace, "flush.ms: 1000", "flush.ms is a Kafka setting that is not modelled; remove it"},
		{consumerPlace, "metadata.max.age.ms: 1000", "metadata.max.age.ms is a Kafka setting that is not modelled; remove it"},
		{topicPlace, "cleanup.policy: compact", "cleanup.policy is a Kafka setting that is not modelled; remove it"},
		{topicPlace, "linger.ms: 5", "linger.ms is a producer setting; it belongs in a producer's config"},
		{topicPlace, "session.timeout.ms: 5", "session.timeout.ms is a consumer setting; it belongs in a consumer's config"},
		{topicPlace, "num.io.threads: 5", "num.io.threads is a broker setting; it belongs in the cluster's config"},
		{topicPlace, "log.retention.hours: 5", "log.retention.hours does not belong here; it is a broker setting, and a topic's own is retention.ms"},
		{topicPlace, "min.insync.replica: 2", `unknown setting "min.insync.replica"; the nearest known is min.insync.replicas`},
		{producerPlace, "key.serializer: X", "key.serializer is a Kafka setting that is not modelled; remove it"},
		{producerPlace, "ack: all", `unknown setting "ack"; the nearest known is acks`},
		{producerPlace, "min.insync.replicas: 2", "min.insync.replicas is a broker setting; it belongs in the cluster's config"},
		{producerPlace, "partitioner.class: X", "partitioner.class does not belong here; write partitioner: default, avoid_under_replicated or avoid_unavailable beside config:"},
		{consumerPlace, "isolation.level: read_committed", "isolation.level is a Kafka setting that is not modelled; remove it"},
		{consumerPlace, "enable.auto.commit: false", "enable.auto.commit does not belong here; write commit: after_processing, after_each_poll or before_processing beside config:"},
		{consumerPlace, "group.protocol: consumer", "group.protocol does not belong here; write protocol: eager, cooperative or consumer beside config:"},
		{consumerPlace, "acks: all", "acks is a producer setting; it belongs in a producer's config"},
	} {
		problems := applySettings(c.place, config(c.setting), rulesOf(c.place))
		only(t, problems, c.want)
		if len(problems) == 1 && (problems[0].Line != 1 || problems[0].Column != 3) {
			t.Errorf("%s: at %d:%d, want its name at 1:3", c.setting, problems[0].Line, problems[0].Column)
		}
	}
	only(t, applySettings(producerPlace, config("linger.ms: 5", "acks: 1", "linger.ms: 6"), rulesOf(producerPlace)),
		"linger.ms is given twice, first in line 1; keep one")
}

func TestValuesAreKafkas(t *testing.T) {
	for _, c := range []struct {
		place   settingPlace
		setting string
		want    string // "" is a good value
	}{
		{producerPlace, "linger.ms: 5 ms", `linger.ms: "5 ms" is not a whole number; Kafka takes plain numbers without units here`},
		{producerPlace, "linger.ms: 0.5", `linger.ms: "0.5" is not a whole number; Kafka takes plain numbers without units here`},
		{producerPlace, "linger.ms: 1_000", `linger.ms: "1_000" has its digits in groups; write 1000`},
		{producerPlace, "linger.ms: ", `linger.ms: "" is not a whole number; Kafka takes plain numbers without units here`},
		{producerPlace, "linger.ms: -1", "linger.ms: -1 is out of range; it must be at least 0"},
		{producerPlace, "linger.ms: 9223372036854775807", ""},
		{producerPlace, "linger.ms: 9223372036854775808", "linger.ms: 9223372036854775808 is out of range; it must be at least 0"},
		{producerPlace, "batch.size: 2147483648", "batch.size: 2147483648 is out of range; it must be from 0 to 2147483647"},
		{producerPlace, "batch.size: 0", ""},
		{producerPlace, "max.in.flight.requests.per.connection: 0", "max.in.flight.requests.per.connection: 0 is out of range; it must be from 1 to 2147483647"},
		{producerPlace, "acks: 2", `acks: "2" is not a value of it; it must be one of 0, 1, all, -1`},
		{producerPlace, "enable.idempotence: yes", `enable.idempotence: "yes" is not a boolean; write true or false`},
		{producerPlace, "enable.idempotence: TRUE", ""},
		{producerPlace, "compression.type: brotli", `compression.type: "brotli" is not a value of it; it must be one of none, gzip, snappy, lz4, zstd`},
		{brokerPlace, "num.replica.fetchers: 0", "num.replica.fetchers: 0 is out of range; it must be from 1 to 2147483647"},
		{brokerPlace, "offsets.topic.replication.factor: 32768", "offsets.topic.replication.factor: 32768 is out of range; it must be from 1 to 32767"},
		{brokerPlace, "log.segment.bytes: 1048575", "log.segment.bytes: 1048575 is out of range; it must be from 1048576 to 2147483647"},
		{brokerPlace, "log.retention.ms: 0", "log.retention.ms: 0 is out of range; it must be at least 1, or -1 for no limit"},
		{brokerPlace, "log.retention.hours: -1", ""},
		{topicPlace, "retention.ms: -2", "retention.ms: -2 is out of range; it must be at least -1"},
		{topicPlace, "retention.ms: 0", ""},
		{topicPlace, "min.insync.replicas: 0", "min.insync.replicas: 0 is out of range; it must be from 1 to 2147483647"},
		{topicPlace, "unclean.leader.election.enable: 1", `unclean.leader.election.enable: "1" is not a boolean; write true or false`},
		{consumerPlace, "max.poll.records: 0", "max.poll.records: 0 is out of range; it must be from 1 to 2147483647"},
		{consumerPlace, "auto.offset.reset: by_duration:P7D", "auto.offset.reset: by_duration is not modelled; write earliest, latest or none"},
		{consumerPlace, "auto.offset.reset: first", `auto.offset.reset: "first" is not a value of it; it must be one of earliest, latest, none`},
		{consumerPlace, "group.instance.id: ", "group.instance.id: it must not be empty; leave it out for dynamic members"},
	} {
		problems := applySettings(c.place, config(c.setting), rulesOf(c.place))
		only(t, problems, c.want)
		if name, _, _ := strings.Cut(c.setting, ":"); len(problems) == 1 && problems[0].Column != 5+len(name) {
			t.Errorf("%s: at column %d, want its value", c.setting, problems[0].Column)
		}
	}
}

func TestMeaningOfValues(t *testing.T) {
	broker, problems := decodeBrokerConfig(config("min.insync.replicas: 2", "unclean.leader.election.enable: true"))
	only(t, problems, "")
	if broker.OffsetsMinInsyncReplicas != 2 || !broker.OffsetsUncleanElection {
		t.Error("__consumer_offsets does not take the cluster's min.insync.replicas and unclean election")
	}
	topic, problems := decodeTopicConfig(defaultTopicConfig(), config("retention.ms: -1", "retention.bytes: -1", "flush.messages: 1"))
	only(t, problems, "")
	if topic.RetentionTime != Forever || topic.RetentionBytes != Unbounded || topic.FlushMessages != 1 {
		t.Errorf("topic: %+v", topic)
	}
	producer, problems := decodeProducerConfig(Java, config("batch.size: 0", "partitioner.availability.timeout.ms: 100",
		"linger.ms: 9223372036854775807", "delivery.timeout.ms: 2147483647", "request.timeout.ms: 0"), nil)
	only(t, problems, "")
	if producer.BatchSize != 1 || producer.AvailabilityTimeout != 100*time.Millisecond || producer.Linger != Forever {
		t.Errorf("producer: %+v", producer)
	}
	for _, c := range []struct {
		value string
		want  Acks
	}{{"0", AcksNone}, {"1", AcksLeader}, {"all", AcksAll}, {"-1", AcksAll}} {
		got, _ := decodeProducerConfig(Java, config("acks: "+c.value), nil)
		if got.Acks != c.want || got.Idempotence != (c.want == AcksAll) {
			t.Errorf("acks %s: %v with idempotence %v", c.value, got.Acks, got.Idempotence)
		}
	}
}

// TestTopicDefaults: of several units of a time the finest given one wins, in any
// order (KafkaConfig.scala).
func TestTopicDefaults(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		settings []Setting
		want     func(*TopicConfig)
	}{
		{nil, func(*TopicConfig) {}},
		{config("log.retention.hours: 24"), func(c *TopicConfig) { c.RetentionTime = day }},
		{config("log.retention.minutes: 3", "log.retention.hours: 24"), func(c *TopicConfig) { c.RetentionTime = 3 * time.Minute }},
		{config("log.retention.hours: 24", "log.retention.ms: 5"), func(c *TopicConfig) { c.RetentionTime = 5 * time.Millisecond }},
		{config("log.retention.ms: -1", "log.retention.minutes: 3"), func(c *TopicConfig) { c.RetentionTime = Forever }},
		{config("log.roll.ms: 7", "log.roll.hours: 1"), func(c *TopicConfig) { c.SegmentTime = 7 * time.Millisecond }},
		{config("log.flush.interval.messages: 1", "min.insync.replicas: 2"), func(c *TopicConfig) { c.FlushMessages, c.MinInsyncReplicas = 1, 2 }},
		{config("log.segment.bytes: 2097152", "log.retention.bytes: 10"), func(c *TopicConfig) { c.SegmentBytes, c.RetentionBytes = 2*unit.MiB, 10 }},
		{config("min.insync.replicas: x", "log.segment.bytes: 1"), func(*TopicConfig) {}},
	} {
		want := defaultTopicConfig()
		c.want(&want)
		if got := topicDefaults(c.settings); got != want {
			t.Errorf("%v: %+v\nwant %+v", c.settings, got, want)
		}
	}
}

func TestConflictsOfABroker(t *testing.T) {
	for _, c := range []struct {
		settings []Setting
		want     string
	}{
		{config("replica.socket.timeout.ms: 400"), "replica.socket.timeout.ms (400ms) must be at least replica.fetch.wait.max.ms (500ms)"},
		{config("replica.lag.time.max.ms: 400"), "replica.lag.time.max.ms (400ms) must be at least replica.fetch.wait.max.ms (500ms)"},
		{config("replica.lag.time.max.ms: 400", "replica.fetch.wait.max.ms: 300"), ""},
		{config("group.min.session.timeout.ms: 2000000"), "group.max.session.timeout.ms (30m0s) must be at least group.min.session.timeout.ms (33m20s)"},
	} {
		_, problems := decodeBrokerConfig(c.settings)
		only(t, problems, c.want)
	}
}

func TestConflictsOfAJavaProducer(t *testing.T) {
	for _, c := range []struct {
		settings []Setting
		want     string
	}{
		{config("acks: 1"), ""},
		{config("acks: 1", "enable.idempotence: true"), "acks must be all when enable.idempotence is true"},
		{config("retries: 0"), ""},
		{config("retries: 0", "enable.idempotence: true"), "retries must not be 0 when enable.idempotence is true"},
		{config("max.in.flight.requests.per.connection: 6"), "max.in.flight.requests.per.connection must be at most 5 with an idempotent producer; lower it, or set enable.idempotence to false"},
		// ProducerConfig.java looks at the requests in flight before idempotence goes off.
		{config("max.in.flight.requests.per.connection: 6", "acks: 1"), "max.in.flight.requests.per.connection must be at most 5 with an idempotent producer; lower it, or set enable.idempotence to false"},
		{config("max.in.flight.requests.per.connection: 6", "enable.idempotence: false"), ""},
		{config("delivery.timeout.ms: 30004"), "delivery.timeout.ms (30.004s) must be at least linger.ms (5ms) + request.timeout.ms (30s)"},
		{config("delivery.timeout.ms: 30005"), ""},
		{config("request.timeout.ms: 200000"), ""},
		{config("buffer.memory: 16000"), "buffer.memory (16000) must be at least batch.size (16384), or the producer could send nothing"},
	} {
		_, problems := decodeProducerConfig(Java, c.settings, nil)
		only(t, problems, c.want)
	}
	c, _ := decodeProducerConfig(Java, config("request.timeout.ms: 200000"), nil)
	if want := 200*time.Second + 5*time.Millisecond; c.DeliveryTimeout != want {
		t.Errorf("a default delivery timeout below linger + request timeout: %v, want %v", c.DeliveryTimeout, want)
	}
	c, _ = decodeProducerConfig(Java, config("reconnect.backoff.ms: 2000", "retry.backoff.ms: 5000"), nil)
	if c.ReconnectBackoffMax != 2*time.Second || c.RetryBackoff != time.Second || c.MetadataMinAge != time.Second {
		t.Errorf("back-offs: %+v", c)
	}
	_, problems := decodeProducerConfig(Java, nil, config("retry_backoff: 1 s", "metadata_min_age: 1 s"))
	only(t, problems, "client_options are settings of franz-go, and the client is java; use config: with Kafka's names")
}

func TestFranzGoProducer(t *testing.T) {
	for _, c := range []struct {
		settings, options []Setting
		want              string
	}{
		{config("acks: 1", "linger.ms: 1", "batch.size: 65536", "compression.type: none", "metadata.max.age.ms: 1000"), config("metadata_min_age: 100 ms"), ""},
		{config("acks: 1", "enable.idempotence: true"), nil, "acks must be all when enable.idempotence is true"},
		{config("buffer.memory: 1"), nil, "buffer.memory: franz-go bounds its buffer by records first; use client_options: {max_buffered_records: ..., max_buffered_bytes: ...}"},
		{config("max.block.ms: 1"), nil, "max.block.ms: franz-go blocks without limit when its buffer is full; remove it, or use client_options: {record_delivery_timeout: ...}"},
		{config("delivery.timeout.ms: 1"), nil, "delivery.timeout.ms: franz-go's own is client_options: {record_delivery_timeout: ...}"},
		{config("request.timeout.ms: 1"), nil, "request.timeout.ms: franz-go's own is client_options: {produce_request_timeout: ...}"},
		{config("retry.backoff.ms: 1"), nil, "retry.backoff.ms: franz-go has one back-off for all; use client_options: {retry_backoff: ...}"},
		{config("batch.size: 511"), nil, "batch.size: 511 is out of range; it must be from 512 to 1073741824 in franz-go"},
		{config("linger.ms: 60001"), nil, "linger.ms: 60001 is out of range; it must be from 0 to 60000 in franz-go"},
		{config("max.in.flight.requests.per.connection: 2"), nil, "max.in.flight.requests.per.connection is always 5 in an idempotent franz-go producer; remove it, or set enable.idempotence to false"},
		{config("max.in.flight.requests.per.connection: 2", "acks: 1"), nil, ""},
		{nil, config("metadata_min_age: 9 ms"), "metadata_min_age: 9ms is out of range; it must be from 10ms to 596h31m23.647s"},
		{nil, config("metadata_min_age: 10 min"), "metadata.max.age.ms (5m0s) must be at least metadata_min_age (10m0s)"},
		{nil, config("max_buffered_records: 0"), "max_buffered_records: 0 is out of range; it must be at least 1"},
		{nil, config("max_buffered_byte: 1 MiB"), `unknown option "max_buffered_byte"; the nearest known is max_buffered_bytes`},
		{nil, config("linger.ms: 1"), "linger.ms is a Kafka setting; it belongs in config:"},
		{nil, config("retry_backoff: 1 s", "retry_backoff: 2 s"), "retry_backoff is given twice, first in line 1; keep one"},
	} {
		_, problems := decodeProducerConfig(FranzGo, c.settings, c.options)
		only(t, problems, c.want)
	}
	c, problems := decodeProducerConfig(FranzGo, config("acks: 0"), config("produce_request_timeout: 30 s",
		"record_delivery_timeout: 2 min", "retry_backoff: 10 s", "max_buffered_records: 7", "max_buffered_bytes: 1 MiB"))
	only(t, problems, "")
	want := defaultFranzGoProducer()
	want.Acks, want.Idempotence, want.MaxInFlight = AcksNone, false, 1
	want.RequestTimeout, want.DeliveryTimeout, want.BufferRecords, want.BufferMemory = 30*time.Second, 2*time.Minute, 7, int64(unit.MiB)
	want.RetryBackoff, want.RetryBackoffMax, want.ReconnectBackoff, want.ReconnectBackoffMax = 10*time.Second, 10*time.Second, 10*time.Second, 10*time.Second
	if c != want {
		t.Errorf("options: %+v\nwant %+v", c, want)
	}
}

func TestConsumers(t *testing.T) {
	for _, c := range []struct {
		client            Client
		protocol          Protocol
		settings, options []Setting
		want              string
	}{
		{Java, Eager, config("session.timeout.ms: 10000"), nil, ""},
		{Java, Eager, config("session.timeout.ms: 3000"), nil, "heartbeat.interval.ms (3s) must be less than session.timeout.ms (3s)"},
		{FranzGo, Cooperative, config("session.timeout.ms: 3000"), nil, ""},
		{FranzGo, Cooperative, config("heartbeat.interval.ms: 50000"), nil, "heartbeat.interval.ms (50s) must be at most session.timeout.ms (45s)"},
		{Java, ConsumerProtocol, config("session.timeout.ms: 10000"), nil, "session.timeout.ms cannot be set in the consumer protocol, where the broker decides it; remove it"},
		{Java, ConsumerProtocol, config("partition.assignment.strategy: x"), nil, "partition.assignment.strategy cannot be set in the consumer protocol, where the broker decides it; remove it"},
		{FranzGo, Eager, config("max.poll.interval.ms: 1"), nil, "max.poll.interval.ms: franz-go has no poll interval: its heartbeats go on however long processing takes; remove it"},
		{FranzGo, Eager, config("fetch.max.wait.ms: 9"), nil, "fetch.max.wait.ms: 9 is out of range; it must be from 10 to 2147483647 in franz-go"},
		{FranzGo, Eager, nil, config("max_buffered_records: 5"), "max_buffered_records is an option of producers, not of consumers; remove it"},
		{FranzGo, Eager, nil, config("metadata_min_age: 10 min"), "metadata.max.age.ms (5m0s) must be at least metadata_min_age (10m0s)"},
		{Java, Eager, config("partition.assignment.strategy: cooperative-sticky"), nil, "partition.assignment.strategy: cooperative-sticky makes the group cooperative, and its protocol is eager; write range or sticky, or protocol: cooperative"},
		{Java, Cooperative, config("partition.assignment.strategy: range, cooperative-sticky"), nil, "partition.assignment.strategy: range, cooperative-sticky makes the group eager, and its protocol is cooperative; write cooperative-sticky alone, or protocol: eager"},
		{Java, Eager, config("partition.assignment.strategy: roundrobin"), nil, "partition.assignment.strategy: the assignor roundrobin is not modelled; use range, sticky or cooperative-sticky"},
		{Java, Eager, config("partition.assignment.strategy: com.acme.Mine"), nil, `partition.assignment.strategy: "com.acme.Mine" is not an assignor; use range, sticky or cooperative-sticky`},
	} {
		_, problems := decodeConsumerConfig(c.client, c.protocol, c.settings, c.options)
		only(t, problems, c.want)
	}
	c, problems := decodeConsumerConfig(Java, Eager, config("max.poll.interval.ms: 60000", "auto.offset.reset: none",
		"group.instance.id: a", "partition.assignment.strategy: org.apache.kafka.clients.consumer.StickyAssignor"), nil)
	only(t, problems, "")
	if c.RebalanceTimeout != time.Minute || !c.ResetNone || c.ResetEarliest || !c.StaticMembership || c.Assignor != StickyAssignor {
		t.Errorf("java: %+v", c)
	}
	c, problems = decodeConsumerConfig(FranzGo, Cooperative, config("auto.offset.reset: latest", "max.poll.records: 9", "fetch.max.bytes: 1000"),
		config("metadata_min_age: 100 ms", "retry_backoff: 100 ms"))
	only(t, problems, "")
	if c.ResetEarliest || c.MaxPollRecords != 9 || c.PartitionFetchMax != 1000 || c.MetadataMinAge != 100*time.Millisecond ||
		c.RetryBackoff != 100*time.Millisecond || c.RetryBackoffMax != 5*time.Second || c.RebalanceTimeout != time.Minute {
		t.Errorf("franz-go: %+v", c)
	}
	if got := defaultConsumerConfig(Java, ConsumerProtocol); got.HeartbeatInterval != 5*time.Second || got.SessionTimeout != 45*time.Second {
		t.Errorf("consumer protocol: %+v", got)
	}
}

func TestSessionTimeoutsOfACluster(t *testing.T) {
	broker := defaultBrokerConfig()
	for _, c := range []struct {
		protocol Protocol
		session  time.Duration
		settings []Setting
		want     string
	}{
		{Eager, 6 * time.Second, config("session.timeout.ms: 6000"), ""},
		{Eager, 5 * time.Second, config("session.timeout.ms: 5000"), "session.timeout.ms (5s) is outside the cluster's group.min.session.timeout.ms (6s) … group.max.session.timeout.ms (30m0s)"},
		{Cooperative, 31 * time.Minute, nil, "session.timeout.ms (31m0s) is outside the cluster's group.min.session.timeout.ms (6s) … group.max.session.timeout.ms (30m0s)"},
		{ConsumerProtocol, 5 * time.Second, nil, ""},
	} {
		only(t, checkSessionTimeout(broker, c.protocol, ConsumerConfig{SessionTimeout: c.session}, c.settings), c.want)
	}
}

func TestApplyTopicSetting(t *testing.T) {
	c := defaultTopicConfig()
	if err := ApplyTopicSetting(&c, "min.insync.replicas", "2"); err != nil || c.MinInsyncReplicas != 2 {
		t.Errorf("min.insync.replicas: %v, %d", err, c.MinInsyncReplicas)
	}
	before := c
	for _, bad := range [][3]string{
		{"min.insync.replicas", "0", "scenarios: min.insync.replicas: 0 is out of range; it must be from 1 to 2147483647"},
		{"cleanup.policy", "compact", "scenarios: cleanup.policy is a Kafka setting that is not modelled; remove it"},
		{"acks", "1", "scenarios: acks is a producer setting; it belongs in a producer's config"},
	} {
		if err := ApplyTopicSetting(&c, bad[0], bad[1]); err == nil || err.Error() != bad[2] || c != before {
			t.Errorf("%s: %s: %v, want %s", bad[0], bad[1], err, bad[2])
		}
	}
}

// TestDecodingNeverPanics tries settings in combinations that nobody thought of.
func TestDecodingNeverPanics(t *testing.T) {
	random := rng.New(1, "kafkaconfig", "combinations")
	values := []string{"0", "1", "2", "100", "10000", "2147483647", "9223372036854775807", "-1", "true", "false", "all", "range", "none", ""}
	options := []string{"metadata_min_age", "produce_request_timeout", "record_delivery_timeout", "retry_backoff", "max_buffered_records", "max_buffered_bytes", "x"}
	spans := []string{"0", "1 s", "1 h", "20 ms", "1 MiB", "7", ""}
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	for range 4000 {
		place := settingPlace(1 + random.IntN(4))
		rules := rulesOf(place)
		var settings, extra []Setting
		for range random.IntN(6) {
			settings = append(settings, Setting{Name: rules[random.IntN(len(rules))].name, Value: pick(values)})
			extra = append(extra, Setting{Name: pick(options), Value: pick(spans)})
		}
		client, protocol := Client(1+random.IntN(2)), Protocol(1+random.IntN(3))
		decodeBrokerConfig(settings)
		topicDefaults(settings)
		decodeTopicConfig(defaultTopicConfig(), settings)
		decodeProducerConfig(client, settings, extra)
		decodeConsumerConfig(client, protocol, settings, extra)
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"acks", "ack", 1}, {"ab", "ba", 1}, {"akcs", "acks", 1}, {"ca", "abc", 3}, {"linger.ms", "ligner.sm", 2}} {
		if got, back := editDistance(c.a, c.b), editDistance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q to %q: %d, back %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
	long := strings.Repeat("x", math.MaxUint16)
	if got := editDistance(long, "x"); got != maxSettingName-1 {
		t.Errorf("long names are cut to %d bytes: distance %d", maxSettingName, got)
	}
}
