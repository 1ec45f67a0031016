// Package batch is the batch-exact data plane: every producer batch, produce
// request, follower fetch, consumer fetch, poll, commit and heartbeat is an event
// of one cluster whose control plane is models/kafka and whose machines are
// models/host.
//
// A world is one replication. It runs in one goroutine, keeps its state in flat
// slices behind integer ids, and is reused for the next replication.
package batch

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/models/workload"
	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
)

// batchID is the index of a batch in the world's list; batches are never
// forgotten, since the ledger asks for each at the end.
type batchID int32

// noBatch is no batch.
const noBatch batchID = -1

// A record is one record of an application.
type record struct {
	at   sim.Time // intended send time
	next int32    // next record of its batch; -1: the last
	done uint32   // groups that processed it, by groupPlan.bit
}

// A batchFate is how a batch ended for its producer.
type batchFate uint8

const (
	fateOpen    batchFate = iota // in the client: buffered or in flight
	fateAcked                    // reported a success; acks=0: handed to the network
	fateFailed                   // reported failed
	fateCrashed                  // the producer died first
	fateCommit                   // not a producer's: a group's commit or group metadata
)

// prologue is simulated before the scenario's time 0: brokers beat, controllers
// check, clients connect and groups form, without load. It is long enough for a
// group's start at any phase, its initial rebalance delay and a cooperative
// follow-up.
const prologue = 10 * time.Second

// A batchState is one batch: its records and its fate.
type batchState struct {
	first, last int32
	count       int32
	bytes       int32
	producer    int32 // instance; of a commit: the group
	partition   kafka.PartitionID
	commit      int32 // index of the commit's content, or -1
	fate        batchFate
	appended    uint8    // times that a leader appended it, at most 255
	found       uint8    // times that it stands in the final log
	retired     bool     // removed by retention
	at          sim.Time // of its first append
	again       sim.Time // of its latest append
	sequence    int32
	epoch       int16
	pid         int64
}

// A role is what a broker thinks that it is for a partition.
type role uint8

const (
	roleNone role = iota
	roleFollower
	roleLeader
)

// A replica is one replica of one partition on its broker.
type replica struct {
	log        replicaLog
	hw         kafka.Offset
	checkpoint kafka.Offset // HW as last checkpointed
	partition  kafka.PartitionID
	broker     int32
	epoch      kafka.LeaderEpoch
	index      kafka.ReplicaIndex
	role       role

	// As a follower.
	source  int32 // broker that it fetches from, or -1
	fetcher int32 // its fetcher, or -1
	slot    int32 // position in the fetcher's list
	news    bool  // in the fetcher's list of replicas with something to send
	ask     bool  // in the fetcher's list of replicas whose next fetch must name them
	delayed bool  // backs off after an error of its own
	failed  bool  // backs off after its fetcher's, until that one's retryAt
	backed  bool  // has backed off and fetched nothing since: a truncation makes it back off again
	named   bool  // the leader has taken a fetch that named it, in the present session
	delays  int32 // generation of the back-off

	// As a leader.
	leader   kafka.Leader
	readHint int64         // where the last look at an offset ended
	waits    []produceWait // acks=all requests, in order of their offsets
	waiting  int           // first of waits that still waits
	parked   []int32       // consumer sources whose fetch waits for data here
	alter    bool          // in the broker's list of ISR proposals
}

// A produceWait is one partition of an acks=all request that waits for its
// commit.
type produceWait struct {
	until   kafka.Offset // the HW that answers it
	message msgID
	part    int32
}

// A fetcher is a replica fetcher thread of a follower for one leader's broker,
// and that leader's view of its fetch session. It is there for the partitions that
// have ever held a record. One without any takes nothing of what others share, and
// starts anew when it gets a partition: Kafka's would let that one wait for the end
// of the fetch that is parked at the leader, replica.fetch.wait.max.ms, and so an
// idle topic would shift the others' numbers.
type fetcher struct {
	follower, leader int32
	replicas         []int32
	used             int32   // of them, those of partitions that have held a record
	asks             []int32 // replicas to name in the next request
	news             []int32 // at the leader: replicas with data or another HW to send
	scratch          []int32
	parked           msgID    // request that waits at the leader
	parkedUntil      sim.Time // when it is answered without data
	timer            bool     // an evFetcherTimeout is pending
	inFlight         bool
	socketTimer      bool // an evFetcherSocket is pending
	sentAt           sim.Time
	patience         time.Duration // with that request
	session          int32         // grows with each request: stale answers and timers are known by it
	lastFetch        sim.Time      // when the leader last processed a request of this session
	established      bool          // the leader has processed one
	busy             sim.Time      // appends what it got until then
	begin            bool          // got or lost partitions and goes on when the instant is over
	outOfISR         int32         // replicas that may have to be proposed for the ISR
	held, heldUsed   int32         // replicas that back off; those of them that count in used
	again            []int32
	retryAt          sim.Time // whole-request back-off
	answered         int32    // the last session that the leader answered
	answerSent       sim.Time // when that answer left its process
}

// A broker is a broker process and what it knows.
type broker struct {
	life      brokerLife
	epoch     kafka.BrokerEpoch // of its registration; NoBrokerEpoch before
	oldEpoch  kafka.BrokerEpoch // written at a clean shutdown
	clean     bool              // the last exit was a clean shutdown
	wiped     bool              // comes back with empty directories
	applied   int64             // metadata offset that it has applied
	applyAt   []sim.Time        // when the last scheduled metadata is applied: broker records, then by topic
	registers int32             // of its current life: attempts
	boot      boot              // of its current life: the work of its start
	booted    time.Duration     // how much of that is done
	bootMarks int               // and which of its marks are behind it
	bootFrom  sim.Time          // when that was looked at
	bootIdle  time.Duration     // how long its processors had been idle by then, in all
	ready     bool              // logs are loaded, and it follows
	settled   bool              // all of its start is done: it asks to be unfenced
	shutdown  bool              // wants to stop
	fenced    bool              // as it knows itself
	beat      int32             // number of the control request in flight on the heartbeat channel
	beatWait  bool
	beatAt    sim.Time // when the next heartbeat is due; Never: none is planned
	beatSoon  bool     // another one is due as soon as the present one is answered
	caughtUp  bool     // the controller has said so since it started
	beatSince sim.Time // when the request that is being tried was made; Never: none is
	// Of each channel to the controllers: the node that it takes for the active
	// one, or -1; and that its last request there has failed.
	controllers [channels]int32
	broken      [channels]bool
	returns     bool     // comes back as soon as it has stopped
	gone        sim.Time // when its last process has ended, after it closed its sockets
	disk        int64    // bytes appended in all

	alters []alterQueue // ISR proposals, by topic

	timeouts    []ticket // produce requests that wait, by arrival
	timeoutHead int
	timeoutSet  bool

	bytesIn, bytesOut                  int64
	secondIn, secondOut, secondWritten int64

	stuckSince sim.Time // metadata could not reach it since then
	stuckMeta  bool
}

// An alterQueue is what a broker asks of the controller for one topic. Kafka has
// one for all of a broker's partitions: a topic's ISR changes may wait there for a
// round trip of another's.
type alterQueue struct {
	proposals []int32 // leader replicas with an ISR to propose
	inFlight  bool
	planned   bool // an evAlterSend is pending
	number    int64
}

// A brokerLife is where a broker process stands.
type brokerLife uint8

const (
	lifeDown brokerLife = iota
	lifeStarting
	lifeRunning
	lifeStopping
)

// A producerState is one producer instance and its connections.
type producerState struct {
	machine     *kafka.Producer
	arrivals    workload.Arrivals
	sizes       workload.Sizes
	sizeStream  rng.Stream
	keys        *workload.Keys // nil: records without a key
	keyStream   rng.Stream
	timers      rng.Stream // how late the client's timers are
	partitionOf []int32    // of each key; shared
	config      *scenarios.ProducerConfig
	global      []batchID // by the machine's batch id
	wakeAt      sim.Time
	wakeEvents  [2]sim.Time // when the earliest near and far event for it comes; Never: none
	connected   []int32     // incarnation of the broker that each connection leads to; -1: none
	connecting  []int32     // generation of the attempt under way
	topic       int
	first       kafka.PartitionID
	down        bool
	lives       int64
}

// A connection is what a broker keeps of one client connection: it processes
// one request of it at a time (KafkaChannel mute).
type connection struct {
	busy       bool     // a request is being processed, or its response waits to be sent
	mutedUntil sim.Time // when its last response has left
	received   sim.Time // when its last request was there
	queue      messageQueue
}

// A world is the whole state of one replication.
type world struct {
	plan   *plan
	shared *shared
	seed   uint64
	number int // replication
	engine sim.Engine

	messages    []message
	freeMessage msgID
	processes   []process
	rack        []int32 // of each node
	netStreams  []rng.Stream
	links       []linkFault
	linkFaults  int
	stuck       []msgID
	lastArrival []sim.Time // by connection
	connections []connection

	machines machines
	brokers  []broker
	replicas []replica
	fetchers []fetcher
	state    []kafka.PartitionState // by broker and partition: what it knows
	peers    []peerView             // by broker and broker: what it knows
	assigned [][]kafka.BrokerID
	hosts    [][]int32 // replicas on each broker

	control  control
	records  []record
	batches  []batchState
	producer []producerState
	dedup    []producerMemory // by replica and producer instance, where idempotent

	consumers consumers
	faults    faultState
	observed  observed

	tickets                   int64
	touched                   []int32 // fetchers whose parked request has data now
	fetcherID                 []int32 // of each partition
	effects                   []kafka.ProducerEffect
	changes                   []kafka.Change
	results                   []kafka.BatchResult
	views                     []kafka.PartitionView
	stopping                  bool // load is over
	done                      bool
	failure                   error
	recent                    recentEvents
	frozen                    int // processes that are paused
	loadEnd                   sim.Time
	voterCut                  []bool
	quorumStream, faultStream rng.Stream
	quorumDraws               kafka.QuorumDraws
	topicCounts               []int
	topicConfig               []scenarios.TopicConfig
	minISR                    []int // min.insync.replicas by topic, as the brokers know it
	fetcherAt, idleAt         int32
	alterAt                   int32
	metadataAsked             []int64
	nextBroker                []int32
	oneTopic                  [1]int
	threads                   []time.Duration
	spare                     []int32
	epochs                    []kafka.BrokerEpoch
	timers                    []kafka.GroupTimer
	lossy                     []bool // brokers that have lost acknowledged bytes
	anyLossy                  bool
	quorumLostAt              sim.Time  // since when, for the first time, no controller was active; Never: always one was
	everUnclean               []bool    // by partition
	written                   []bool    // by partition: it has held a record at some time of the run
	recorder                  *recorder // nil: nothing is written down
}

// A peerView is what a broker knows of another one from the metadata.
type peerView struct {
	epoch    kafka.BrokerEpoch
	fenced   bool
	stopping bool // in controlled shutdown
}
