package batch

import (
	"fmt"
	"strings"
	"time"

	"kafkasim/sim/rng"
)

// A swarmWriter writes a random scenario of the whole language that the plane
// runs, as a file: what fails can be saved and run again. Everything follows from
// the seed. Rates are low, so that a simulated hour is cheap; what the rates are
// never decides whether an invariant holds.
type swarmWriter struct {
	rng.Stream
	text strings.Builder

	duration            time.Duration
	brokers             int
	controllers         int
	racks               int
	topics, rf          []int // partitions and replication factor of each topic
	producers           int
	groups, memberCount []int
}

// swarmScenario is the scenario of a seed.
func swarmScenario(seed uint64) (text string, duration time.Duration) {
	s := &swarmWriter{Stream: rng.New(seed, "swarm", "scenario")}
	// Short ones are more frequent: most bugs need a few faults and not an hour.
	s.duration = time.Duration(60+s.IntN(240)) * time.Second
	if s.chance(0.2) {
		s.duration = time.Duration(300+s.IntN(300)) * time.Second
	}
	s.line("scenario: swarm-%d", seed)
	s.line("duration: %s", swarmTime(s.duration))
	s.line("drain: %s", swarmTime(s.between(5*time.Second, 90*time.Second)))
	s.line("warmup: %s", swarmTime(s.between(0, 10*time.Second)))
	s.line("replications: 1")
	s.line("seed: %d", s.Uint64()>>12)
	s.cluster()
	s.line("topics:")
	for i := range 1 + s.IntN(3) {
		s.topic(i)
	}
	s.line("producers:")
	s.producers = 1 + s.IntN(3)
	for i := range s.producers {
		s.producer(i)
	}
	if n := s.IntN(4); n > 0 {
		s.line("consumers:")
		for i := range n {
			s.group(i)
		}
	}
	if n := s.IntN(10); n > 0 {
		s.line("faults:")
		for range n {
			s.fault()
		}
	}
	return s.text.String(), s.duration
}

func (s *swarmWriter) line(format string, args ...any) {
	fmt.Fprintf(&s.text, format+"\n", args...)
}

func (s *swarmWriter) chance(p float64) bool { return s.Float64() < p }

// pick is one of some words.
func (s *swarmWriter) pick(words ...string) string { return words[s.IntN(len(words))] }

// between is a duration in whole milliseconds, evenly spread.
func (s *swarmWriter) between(low, high time.Duration) time.Duration {
	return s.UniformDuration(low, high).Truncate(time.Millisecond)
}

// swarmTime writes a duration in the scenario language.
func swarmTime(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// A swarmConfig is a config map under way: each setting stands in it with a
// probability.
type swarmConfig struct {
	s       *swarmWriter
	entries []string
}

// maybe adds a setting with probability p and one of the values.
func (c *swarmConfig) maybe(p float64, name string, values ...string) {
	if c.s.chance(p) {
		c.set(name, c.s.pick(values...))
	}
}

func (c *swarmConfig) set(name, value string) {
	c.entries = append(c.entries, name+": "+value)
}

// millis adds a setting in milliseconds with probability p.
func (c *swarmConfig) millis(p float64, name string, low, high time.Duration) {
	if c.s.chance(p) {
		c.set(name, fmt.Sprint(c.s.between(low, high).Milliseconds()))
	}
}

func (c *swarmConfig) String() string { return "{" + strings.Join(c.entries, ", ") + "}" }

// cluster writes the brokers and what they are set to.
func (s *swarmWriter) cluster() {
	s.brokers = 1 + s.IntN(6)
	if s.brokers < 3 && s.chance(0.7) {
		s.brokers = 3 // two brokers or one have little to replicate
	}
	s.controllers = s.IntN(4)
	s.racks = 1 + s.IntN(min(3, s.brokers))
	s.line("cluster:")
	s.line("  kafka: %q", s.pick("4.0", "4.1", "4.2", "4.3"))
	s.line("  brokers: %d", s.brokers)
	s.line("  controllers: %d", s.controllers)
	s.line("  racks: %d", s.racks)
	s.line("  hardware: %s", s.pick("container", "m5.large-gp2", "i3en.2xlarge", "d2.xlarge-2016"))
	if s.chance(0.5) {
		s.line("  features: {eligible_leader_replicas: %s}", s.pick("true", "false"))
	}
	c := &swarmConfig{s: s}
	c.maybe(0.3, "num.replica.fetchers", "1", "2", "3")
	c.maybe(0.2, "replica.fetch.max.bytes", "1", "2000", "100000")
	c.maybe(0.2, "replica.fetch.response.max.bytes", "1", "5000", "200000")
	c.millis(0.2, "replica.fetch.wait.max.ms", 10*time.Millisecond, time.Second)
	c.millis(0.2, "replica.fetch.backoff.ms", 50*time.Millisecond, 2*time.Second)
	c.millis(0.5, "replica.lag.time.max.ms", 2*time.Second, 30*time.Second)
	c.millis(0.3, "broker.session.timeout.ms", 3*time.Second, 12*time.Second)
	c.millis(0.2, "replica.high.watermark.checkpoint.interval.ms", 100*time.Millisecond, 10*time.Second)
	c.maybe(0.3, "leader.imbalance.check.interval.seconds", "5", "20", "60")
	c.maybe(0.2, "auto.leader.rebalance.enable", "true", "false")
	c.millis(0.3, "unclean.leader.election.interval.ms", time.Second, time.Minute)
	c.maybe(0.2, "controlled.shutdown.enable", "true", "false")
	c.maybe(0.5, "offsets.topic.replication.factor", "1", "2", "3")
	c.maybe(0.3, "offsets.topic.num.partitions", "1", "2", "10")
	c.maybe(0.3, "min.insync.replicas", "1", "2")
	c.maybe(0.2, "unclean.leader.election.enable", "true", "false")
	c.millis(0.3, "group.initial.rebalance.delay.ms", 0, 3*time.Second)
	c.millis(0.5, "log.retention.check.interval.ms", time.Second, time.Minute)
	s.line("  config: %s", c)
}

// topic writes topic number i.
func (s *swarmWriter) topic(i int) {
	partitions, rf := 1+s.IntN(8), 1+s.IntN(min(3, s.brokers))
	if s.brokers >= 3 && s.chance(0.5) {
		rf = 3
	}
	s.topics, s.rf = append(s.topics, partitions), append(s.rf, rf)
	c := &swarmConfig{s: s}
	c.maybe(0.7, "min.insync.replicas", "1", "2", "2", "3")
	c.maybe(0.5, "unclean.leader.election.enable", "true", "false")
	c.maybe(0.3, "retention.ms", "1000", "10000", "60000")
	c.maybe(0.2, "retention.bytes", "1", "100000", "1000000")
	c.maybe(0.3, "segment.ms", "500", "5000", "30000")
	c.maybe(0.2, "flush.messages", "1", "7", "1000")
	s.line("  - {name: t%d, partitions: %d, replication_factor: %d, config: %s}", i, partitions, rf, c)
}

// producer writes producer number i: a Java or a franz-go client.
func (s *swarmWriter) producer(i int) {
	java := s.chance(0.6)
	s.line("  - name: p%d", i)
	s.line("    topic: t%d", s.IntN(len(s.topics)))
	s.line("    instances: %d", 1+s.IntN(3))
	s.rate()
	s.line("    record_size: %s", s.pick("100 B", "1 KiB", "20 KiB", "{mean: 500 B, p99: 4 KiB}", "{mean: 2 KiB, p99: 20 KiB}"))
	s.line("    arrivals: %s", s.pick("poisson", "even"))
	if s.chance(0.3) {
		s.line("    keys: {count: %d, skew: %s}", 1+s.IntN(100), s.pick("0", "0.9", "1.5"))
	} else {
		s.line("    partitioner: %s", s.pick("default", "avoid_under_replicated", "avoid_unavailable"))
	}
	acks := s.pick("0", "1", "all", "all")
	c := &swarmConfig{s: s}
	c.set("acks", acks)
	c.maybe(0.3, "linger.ms", "0", "1", "50", "500")
	c.maybe(0.2, "compression.type", "none", "lz4", "zstd")
	if acks == "all" && s.chance(0.3) {
		c.set("enable.idempotence", "false")
	}
	options := &swarmConfig{s: s}
	if java {
		s.javaProducer(c)
	} else {
		c.maybe(0.3, "batch.size", "30000", "100000")
		options.maybe(0.3, "max_buffered_records", "1", "10", "200")
		options.maybe(0.2, "max_buffered_bytes", "30 KB", "100 KB")
		options.maybe(0.3, "metadata_min_age", "50 ms", "1 s")
		options.maybe(0.3, "record_delivery_timeout", "1 s", "3 s", "15 s")
		options.maybe(0.3, "produce_request_timeout", "200 ms", "2 s", "30 s")
		options.maybe(0.3, "retry_backoff", "10 ms", "1 s")
		s.line("    client: franz-go")
		s.line("    client_options: %s", options)
	}
	s.line("    config: %s", c)
}

// javaProducer adds what only the Java client has.
func (s *swarmWriter) javaProducer(c *swarmConfig) {
	s.line("    client: java")
	c.maybe(0.3, "batch.size", "0", "1000", "100000")
	c.maybe(0.3, "buffer.memory", "100000", "500000")
	c.maybe(0.3, "max.block.ms", "0", "100", "5000")
	c.maybe(0.3, "max.in.flight.requests.per.connection", "1", "2", "5")
	c.maybe(0.2, "partitioner.availability.timeout.ms", "0", "500")
	c.maybe(0.2, "partitioner.adaptive.partitioning.enable", "true", "false")
	c.maybe(0.2, "retries", "1", "3")
	c.maybe(0.2, "metadata.max.age.ms", "1000", "20000")
	c.millis(0.2, "retry.backoff.ms", time.Millisecond, time.Second)
	if s.chance(0.4) { // delivery.timeout.ms ≥ linger.ms + request.timeout.ms
		request := s.between(200*time.Millisecond, 20*time.Second)
		delivery := request + 500*time.Millisecond + s.between(0, 5*time.Second)
		c.set("request.timeout.ms", fmt.Sprint(request.Milliseconds()))
		c.set("delivery.timeout.ms", fmt.Sprint(delivery.Milliseconds()))
	}
}

// rate writes a producer's rate: most are constant.
func (s *swarmWriter) rate() {
	switch n := 20 + s.IntN(100); {
	case s.chance(0.7):
		s.line("    rate: %d/s", n)
	case s.chance(0.5):
		s.line("    rate: {shape: steps, steps: [{at: 0 s, rate: %d/s}, {at: 20 s, rate: %d/s}, {at: 40 s, rate: 10/s}]}", n, 3*n)
	default:
		s.line("    rate: {shape: diurnal, peak: %d/s, peak_to_trough: 5, period: 1 min}", n)
	}
}

// group writes consumer group number i.
func (s *swarmWriter) group(i int) {
	read := []int{s.IntN(len(s.topics))}
	for t := range s.topics {
		if t != read[0] && s.chance(0.3) {
			read = append(read, t)
		}
	}
	names := make([]string, len(read))
	for k, t := range read {
		names[k] = fmt.Sprintf("t%d", t)
	}
	members := 1 + s.IntN(4)
	s.groups, s.memberCount = append(s.groups, i), append(s.memberCount, members)
	java := s.chance(0.6)
	s.line("  - group: g%d", i)
	s.line("    topics: [%s]", strings.Join(names, ", "))
	s.line("    members: %d", members)
	protocol := s.pick("eager", "cooperative")
	s.line("    protocol: %s", protocol)
	s.line("    processing: %s", s.pick("{time: 0 s}", "{time: 0.2 ms}", "{time: 2 ms, distribution: exponential}",
		"{time: 5 ms, distribution: lognormal, p99: 30 ms, threads: 4}", "{time: 50 ms, threads: 2}"))
	s.line("    commit: %s", s.pick("after_processing", "after_each_poll", "before_processing"))
	c := &swarmConfig{s: s}
	c.millis(0.6, "session.timeout.ms", 6*time.Second, 20*time.Second)
	c.millis(0.4, "heartbeat.interval.ms", 200*time.Millisecond, 3*time.Second)
	c.maybe(0.4, "max.poll.records", "1", "10", "100")
	c.millis(0.3, "auto.commit.interval.ms", 200*time.Millisecond, 5*time.Second)
	c.maybe(0.2, "fetch.min.bytes", "1", "10000", "1000000")
	c.maybe(0.2, "fetch.max.bytes", "1", "10000")
	c.maybe(0.2, "max.partition.fetch.bytes", "1", "3000")
	c.millis(0.3, "fetch.max.wait.ms", 10*time.Millisecond, 2*time.Second)
	c.maybe(0.6, "auto.offset.reset", "earliest", "latest", "none")
	if s.chance(0.3) {
		c.set("group.instance.id", fmt.Sprintf("g%d", i))
	}
	if protocol == "eager" {
		c.maybe(0.4, "partition.assignment.strategy", "range", "sticky")
	}
	if java {
		s.line("    client: java")
		c.millis(0.3, "max.poll.interval.ms", time.Second, time.Minute)
		c.millis(0.2, "request.timeout.ms", time.Second, 30*time.Second)
	} else {
		s.line("    client: franz-go")
		options := &swarmConfig{s: s}
		options.maybe(0.3, "metadata_min_age", "50 ms", "1 s")
		options.maybe(0.3, "retry_backoff", "10 ms", "1 s")
		s.line("    client_options: %s", options)
	}
	s.line("    config: %s", c)
}
