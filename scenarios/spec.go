// Package scenarios is the scenario language: what a file may say, what it
// means, and every mistake that can be found in it before anything runs.
//
// Parse turns YAML into a Spec. A Spec is complete (every default filled in),
// resolved (names are indices), validated, and never changes once parsed.
package scenarios

import (
	"math"
	"time"

	"kafkasim/sim/unit"
)

// Forever is the length of something that never ends: a fault without a
// duration, a timeout that does not exist. Zero never means unlimited.
const Forever = time.Duration(math.MaxInt64)

// Unbounded is a size or a count without a limit.
const Unbounded = math.MaxInt64

// A Spec is one scenario, complete and valid.
type Spec struct {
	Name         string
	Description  string
	Source       string     // file it came from, or the name of an embedded one
	Text         string     `json:"-"` // as its author wrote it; what it means is the hash's
	Overrides    []Override `json:"-"` // of values in Text, in their order
	SHA256       string     // of the canonical form: equal meaning, equal hash
	Duration     time.Duration
	Drain        time.Duration
	Warmup       time.Duration
	Replications int
	Seed         uint64
	Precision    *Precision // nil when the file asks for none

	Clusters   []Cluster // at least one; the first is "" when written as cluster:
	Topics     []Topic
	Producers  []Producer
	Groups     []Group
	Faults     []Fault
	Objectives []Objective

	// Unsupported lists, for the models at hand, what the file needs and nobody
	// built yet: "not yet supported: ...". A run refuses a Spec that has any.
	Unsupported []Problem
}

// Precision asks for replications until the interval of Metric is that narrow.
type Precision struct {
	Metric        string
	RelativeError float64 // half width of the 95 % interval over the estimate
	MaxTime       time.Duration
}

// A Cluster is one Kafka cluster.
type Cluster struct {
	Name        string
	Version     Version
	Brokers     []Broker // ids 1..n in order
	Controllers int      // dedicated controllers (ids from 101); 0 = combined mode
	ELR         bool     // feature eligible.leader.replicas.version = 1
	Config      BrokerConfig
	Settings    []Setting `json:",omitempty"` // Config as written, for real brokers; not part of the hash
}

// Version is a Kafka release line.
type Version uint8

// The release lines whose behaviour differs in the model (kafka.md 0.1).
const (
	V40 Version = iota + 1
	V41
	V42
	V43
)

// A Broker is a Kafka broker and the machine it runs on.
type Broker struct {
	ID       int // 1..n
	Rack     string
	Hardware *Hardware
}

// BrokerConfig is what the model uses of a broker's settings, with Kafka's
// defaults filled in. Kafka's own name stands beside each field.
type BrokerConfig struct {
	ReplicaFetchers          int           // num.replica.fetchers
	ReplicaFetchWaitMax      time.Duration // replica.fetch.wait.max.ms
	ReplicaFetchMinBytes     unit.Bytes    // replica.fetch.min.bytes
	ReplicaFetchMaxBytes     unit.Bytes    // replica.fetch.max.bytes (a partition)
	ReplicaFetchResponseMax  unit.Bytes    // replica.fetch.response.max.bytes
	ReplicaFetchBackoff      time.Duration // replica.fetch.backoff.ms
	ReplicaLagTimeMax        time.Duration // replica.lag.time.max.ms
	ReplicaSocketTimeout     time.Duration // replica.socket.timeout.ms
	HWCheckpointInterval     time.Duration // replica.high.watermark.checkpoint.interval.ms
	HeartbeatInterval        time.Duration // broker.heartbeat.interval.ms
	SessionTimeout           time.Duration // broker.session.timeout.ms
	AutoLeaderRebalance      bool          // auto.leader.rebalance.enable
	LeaderImbalanceInterval  time.Duration // leader.imbalance.check.interval.seconds
	UncleanElectionInterval  time.Duration // unclean.leader.election.interval.ms
	ControlledShutdown       bool          // controlled.shutdown.enable
	QuorumElectionTimeout    time.Duration // controller.quorum.election.timeout.ms
	QuorumFetchTimeout       time.Duration // controller.quorum.fetch.timeout.ms
	QuorumAppendLinger       time.Duration // controller.quorum.append.linger.ms
	NetworkThreads           int           // num.network.threads
	IOThreads                int           // num.io.threads
	RecoveryThreads          int           // num.recovery.threads.per.data.dir
	OffsetsPartitions        int           // offsets.topic.num.partitions
	OffsetsReplicationFactor int           // offsets.topic.replication.factor (capped by the number of brokers)
	OffsetsCommitTimeout     time.Duration // offsets.commit.timeout.ms
	GroupInitialRebalance    time.Duration // group.initial.rebalance.delay.ms
	GroupMinSessionTimeout   time.Duration // group.min.session.timeout.ms
	GroupMaxSessionTimeout   time.Duration // group.max.session.timeout.ms
	OffsetsMinInsyncReplicas int           // the cluster's min.insync.replicas, which __consumer_offsets takes
	OffsetsUncleanElection   bool          // the cluster's unclean.leader.election.enable
	RetentionCheckInterval   time.Duration // log.retention.check.interval.ms
}

// TopicConfig is what the model uses of a topic's settings; a topic that says
// nothing has its cluster's value, else Kafka's default.
type TopicConfig struct {
	MinInsyncReplicas int           // min.insync.replicas
	UncleanElection   bool          // unclean.leader.election.enable
	RetentionTime     time.Duration // retention.ms; Forever for -1
	RetentionBytes    int64         // retention.bytes; Unbounded for -1
	SegmentBytes      unit.Bytes    // segment.bytes
	SegmentTime       time.Duration // segment.ms
	FlushMessages     int64         // flush.messages; Unbounded by default
}

// A Topic is one topic of one cluster.
type Topic struct {
	Name              string
	Cluster           int // index in Spec.Clusters
	Partitions        int
	ReplicationFactor int
	Assignment        [][]int // broker ids by partition, first preferred; nil = Kafka's own placement
	Config            TopicConfig
	Settings          []Setting `json:",omitempty"` // Config as written, for real brokers; not part of the hash
}

// Client is whose defaults and habits a client has.
type Client uint8

// The clients that the model knows (kafka.md B.3).
const (
	Java Client = iota + 1
	FranzGo
)

// Arrivals is how records are spread over time.
type Arrivals uint8

// Poisson arrivals have exponential gaps; Even ones are equally spaced in the
// integral of the rate.
const (
	Poisson Arrivals = iota + 1
	Even
)

// Partitioner chooses the partition of a record without a key.
type Partitioner uint8

// The client's own partitioner, and the two wrappers of the Netflix talk.
const (
	DefaultPartitioner Partitioner = iota + 1
	AvoidUnderReplicated
	AvoidUnavailable
)

// Acks is what a producer waits for.
type Acks uint8

// Acknowledgement levels; the zero value is none of them.
const (
	AcksNone Acks = iota + 1
	AcksLeader
	AcksAll
)

// A Producer is a group of equal producer instances that share a rate.
type Producer struct {
	Name        string
	Topic       int // index in Spec.Topics
	Instances   int
	Rate        Curve // of the whole group
	RecordSize  RecordSize
	Arrivals    Arrivals
	Keys        Keys
	Client      Client
	Partitioner Partitioner
	Config      ProducerConfig
	Settings    []Setting `json:",omitempty"` // Config as written, for real clients; not part of the hash
}

// RecordSize is the serialized size of a record: fixed, or lognormal with this
// mean and 99th percentile.
type RecordSize struct {
	Mean  unit.Bytes
	P99   unit.Bytes // equals Mean when Fixed
	Fixed bool
}

// Keys says how records are keyed: Count distinct keys with Zipf exponent Skew.
// Count 0 means records without a key.
type Keys struct {
	Count int
	Skew  float64
}

// ProducerConfig is what the model uses of a producer's settings, with the
// client's defaults filled in.
type ProducerConfig struct {
	Acks                Acks          // acks
	Idempotence         bool          // enable.idempotence (kgo: not DisableIdempotentWrite)
	Linger              time.Duration // linger.ms
	BatchSize           unit.Bytes    // batch.size (kgo: ProducerBatchMaxBytes)
	BufferMemory        int64         // buffer.memory in bytes; kgo max_buffered_bytes; may be Unbounded
	BufferRecords       int64         // kgo max_buffered_records; Unbounded for Java
	MaxBlock            time.Duration // max.block.ms; Forever for kgo
	DeliveryTimeout     time.Duration // delivery.timeout.ms; kgo record_delivery_timeout; may be Forever
	RequestTimeout      time.Duration // request.timeout.ms; kgo produce_request_timeout (sent in the request)
	RequestOverhead     time.Duration // what the client waits beyond RequestTimeout for a silent peer: 0 for Java, 10 s for kgo
	Retries             int64         // retries; may be Unbounded
	RetryBackoff        time.Duration // retry.backoff.ms; kgo retry_backoff
	RetryBackoffMax     time.Duration // retry.backoff.max.ms; kgo 5 s
	ReconnectBackoff    time.Duration // reconnect.backoff.ms
	ReconnectBackoffMax time.Duration // reconnect.backoff.max.ms
	MaxInFlight         int           // max.in.flight.requests.per.connection
	MaxRequestSize      unit.Bytes    // max.request.size
	MetadataMaxAge      time.Duration // metadata.max.age.ms
	MetadataMinAge      time.Duration // kgo metadata_min_age; for Java the retry back-off rules
	AdaptivePartitioner bool          // partitioner.adaptive.partitioning.enable
	AvailabilityTimeout time.Duration // partitioner.availability.timeout.ms; Forever when off (Kafka's 0)
	CompressionRatio    float64       // compressed over raw size; 1 when compression.type is none
}

// Protocol is a consumer group's rebalance protocol.
type Protocol uint8

// Rebalance protocols.
const (
	Eager Protocol = iota + 1
	Cooperative
	ConsumerProtocol // KIP-848
)

// CommitMode is when a group commits offsets.
type CommitMode uint8

// Commit modes (design section 7).
const (
	CommitAfterProcessing  CommitMode = iota + 1 // the client's automatic commit of processed positions
	CommitAfterEachPoll                          // a commit after every processed poll
	CommitBeforeProcessing                       // the position is committed when records are handed out
)

// Assignor is a classic group's partition assignor.
type Assignor uint8

// Assignors of the classic protocol.
const (
	RangeAssignor Assignor = iota + 1
	StickyAssignor
)

// Distribution is the law of a random duration.
type Distribution uint8

// Distributions of the processing time.
const (
	FixedTime Distribution = iota + 1
	ExponentialTime
	LognormalTime
)

// A Group is a consumer group.
type Group struct {
	Name       string
	Cluster    int
	Topics     []int // indices in Spec.Topics, ascending, each once
	Members    int   // at the start, and always without an autoscaler
	Protocol   Protocol
	Processing Processing
	Commit     CommitMode
	Client     Client
	Config     ConsumerConfig
	Settings   []Setting   `json:",omitempty"` // Config as written, for real clients; not part of the hash
	Autoscaler *Autoscaler // nil: Members is fixed
}

// Processing is the work on one record.
type Processing struct {
	Time         time.Duration // mean
	Distribution Distribution
	P99          time.Duration // lognormal only; 0 otherwise
	Threads      int
}

// ConsumerConfig is what the model uses of a consumer's settings, with the
// client's defaults filled in.
type ConsumerConfig struct {
	SessionTimeout     time.Duration // session.timeout.ms
	HeartbeatInterval  time.Duration // heartbeat.interval.ms
	MaxPollInterval    time.Duration // max.poll.interval.ms; Forever for kgo
	RebalanceTimeout   time.Duration // sent in JoinGroup: Java max.poll.interval.ms, kgo 60 s
	MaxPollRecords     int64         // max.poll.records; Unbounded for kgo unless set
	AutoCommitInterval time.Duration // auto.commit.interval.ms
	FetchMinBytes      unit.Bytes    // fetch.min.bytes
	FetchMaxWait       time.Duration // fetch.max.wait.ms
	FetchMaxBytes      unit.Bytes    // fetch.max.bytes
	PartitionFetchMax  unit.Bytes    // max.partition.fetch.bytes
	ResetEarliest      bool          // auto.offset.reset: earliest or latest
	ResetNone          bool          // auto.offset.reset: none
	Assignor           Assignor      // partition.assignment.strategy
	StaticMembership   bool          // group.instance.id given (one a member)
	RequestTimeout     time.Duration // request.timeout.ms
	RetryBackoff       time.Duration // retry.backoff.ms
	RetryBackoffMax    time.Duration // retry.backoff.max.ms
	MetadataMinAge     time.Duration // kgo metadata_min_age
}

// Autoscaler is parsed and validated now and run by a later model.
type Autoscaler struct {
	Kind        string
	Min, Max    int
	Interval    time.Duration
	Metric      string
	MetricDelay time.Duration
	Startup     time.Duration
	Target      float64            // for one member, in base units (1/s, s, records, ratio)
	Parameters  map[string]float64 // the other numeric parameters by name, base units (s for times)
	Flags       map[string]bool    // the boolean parameters by name
	Words       map[string]string  // the enumerated parameters by name
}

// Shape is the form of a rate over time.
type Shape uint8

// Shapes of a rate.
const (
	ConstantRate Shape = iota + 1
	DiurnalRate        // smooth between trough and peak
	StepRate           // piecewise constant
	TraceRate          // linear between points
)

// A Curve is a rate over simulated time.
type Curve struct {
	Shape  Shape
	Peak   unit.Rate // constant: the rate; diurnal: the highest
	Trough unit.Rate // diurnal: the lowest (Peak / peak_to_trough)
	Period time.Duration
	Phase  time.Duration // highest at Period/2 + Phase
	// Weekend multiplies the rate on days 6 and 7 of each week of 7 periods; 1 when absent.
	Weekend float64
	Points  []RatePoint // steps and traces, ascending
	Bursts  []Burst
}

// A RatePoint is the rate from At on (steps), or at At (traces).
type RatePoint struct {
	At   time.Duration
	Rate unit.Rate
}

// A Burst multiplies the curve: linear from 1 to Factor during Rise, Factor
// during Hold, linear back during Decay.
type Burst struct {
	At, Rise, Hold, Decay time.Duration
	Factor                float64
}

// FaultKind is what breaks.
type FaultKind uint8

// Fault kinds (design section 7).
const (
	BrokerCrash FaultKind = iota + 1 // process dies, page cache stays
	BrokerStop                       // SIGTERM, controlled shutdown
	BrokerPause                      // frozen process
	MachineLoss                      // unsynced bytes gone, address vanishes
	DiskLoss                         // every log directory destroyed, broker stops, returns empty
	NetworkPartition
	NetworkDelay
	NetworkLoss
	SlowDisk
	RackLoss
	ControllerCrash
	ConsumerCrash
	ConsumerPause
	ProducerCrash
	SlowDownstream
	ConfigChange
	RollingRestart
	ConsumerStop // the application closes its client: commits, leaves the group
)

// A Fault is something that breaks at a time, or by a random process.
type Fault struct {
	At       time.Duration
	Kind     FaultKind
	Target   Target
	Duration time.Duration // Forever: never heals; RollingRestart: how long each broker stays away, 0 by default
	Line     int           // in the file, for messages

	Between [2][]Target   // NetworkPartition: the two sides; NetworkDelay and NetworkLoss may name them too
	Delay   time.Duration // NetworkDelay: added to each message, one way
	Jitter  time.Duration // NetworkDelay: uniform in ±Jitter around Delay; 0 = none
	Loss    float64       // NetworkLoss: 0..1 of packets
	Factor  float64       // SlowDisk, SlowDownstream: times slower (≥ 1)
	Pause   time.Duration // RollingRestart: between a broker's return and the next one's stop
	Topic   int           // ConfigChange: the topic, or -1
	Change  []ConfigChangeValue

	Process *FaultProcess // random; nil = once, at At
}

// ConfigChangeValue is one setting that a config_change gives a topic.
type ConfigChangeValue struct {
	Name  string // Kafka's name; only settings in TopicConfig
	Value string
}

// FaultProcess is a random fault: exponential times between failures of each
// unit, and a random time away.
type FaultProcess struct {
	MTBF     time.Duration
	Each     string // broker, disk, machine, rack, controller, client
	Duration RandomDuration
}

// RandomDuration is a fixed, exponential or lognormal time.
type RandomDuration struct {
	Distribution Distribution
	Mean         time.Duration // fixed, exponential
	Median, P99  time.Duration // lognormal
}

// TargetKind is how a target is named.
type TargetKind uint8

// Target kinds.
const (
	NoTarget TargetKind = iota
	TargetBroker
	TargetController
	TargetLeaderOf
	TargetFollowerOf
	TargetActiveController
	TargetMember
	TargetProducer
	TargetRack
	TargetCluster
	TargetRandomBroker
	TargetEach // every broker
	TargetClients
)

// A Target names what a fault hits; it is resolved when the fault begins.
type Target struct {
	Kind      TargetKind
	Cluster   int
	Node      int // broker 1.., controller 101.., member 1..
	Topic     int
	Partition int
	Group     int
	Producer  int
	Rack      string
}

// Hardware is a machine profile: data, with a source for each figure in the
// profile's file. All rates are per machine.
type Hardware struct {
	Name          string
	Cores         int           // vCPU
	Speed         float64       // relative core speed, m5 = 1
	NetworkBase   unit.ByteRate // each direction, sustained
	NetworkBurst  unit.ByteRate // each direction, while burst credit lasts; equal to base without burst
	NetworkCredit time.Duration // full-burst time of a full bucket; 0 without burst
	RTTSameRack   Latency
	RTTCrossRack  Latency
	DiskWrite     unit.ByteRate
	DiskRead      unit.ByteRate
	DiskBurst     unit.ByteRate // write burst (gp2, EBS); equal to DiskWrite without burst
	DiskCredit    time.Duration
	DiskShared    bool    // one disk under all brokers (containers on one machine)
	NetworkShared bool    // one link under all brokers
	CPUShared     bool    // one set of cores under all brokers
	Fsync         Latency // one fdatasync
	DiskSeek      time.Duration
	CPUPerMB      time.Duration // vCPU time for 10^6 bytes moved, at this machine's own speed
	CPUPerRequest time.Duration // vCPU time a request
	CPUIdle       float64       // vCPU always in use, a broker
	Wakeup        Latency       // from work being ready until a thread that waits for it begins
	ClientDelay   Latency       // a client's own way from deciding on a request to its leaving, and from an answer's arrival to who asked
	ClientCPU     time.Duration // vCPU time of the brokers' machine that a client takes for a request and its answer; 0 where clients run elsewhere
	ReplicaDelay  Latency       // what a replica fetcher takes from an answer's arrival to its next fetch, beside processor time
	MetadataApply Latency       // from a metadata record's arrival at a broker until the broker acts on it
	PageCache     unit.Bytes    // a broker's
	RecoveryRate  unit.ByteRate // log recovery, bytes/s a thread
	CleanLoad     Latency       // start of the process until it is ready to be unfenced, clean logs; each start draws its own
	PricePerHour  float64       // USD
}

// Latency is a lognormal delay given by its median and 99th percentile.
type Latency struct {
	Median time.Duration
	P99    time.Duration
}

// Objective is a condition on the result, judged with confidence.
type Objective struct {
	Expression string // as written
	Aggregate  Aggregate
	Quantile   float64 // AggregateQuantile: 0..1
	Metric     string  // with its labels as written: lag.records{group=g}
	Op         Op
	Value      float64 // in base units: s, bytes, ratio, records
	// Probability: P(Metric InnerOp InnerValue) Op Value.
	InnerOp    Op
	InnerValue float64
}

// Aggregate is what of a metric an objective judges.
type Aggregate uint8

// Aggregates; the zero value is the plain metric.
const (
	AggregateNone Aggregate = iota
	AggregateMean
	AggregateMin
	AggregateMax
	AggregateMedian
	AggregateQuantile
	AggregateProbability
)

// Op is a comparison.
type Op uint8

// Comparisons.
const (
	OpLess Op = iota + 1
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpEqual
	OpNotEqual
)

// A Problem is one thing wrong with a file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Message      string // what is wrong; what would be right
}
