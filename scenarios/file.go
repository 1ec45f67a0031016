package scenarios

import (
	"time"

	"kafkasim/sim/unit"
)

// Limits of counts, each far above what anybody simulates and far below what
// would overflow or exhaust a machine before the run begins.
const (
	maxReplications = 10_000_000
	maxClusters     = 100
	maxBrokers      = 10_000 // of all clusters together
	maxControllers  = 15
	maxPartitions   = 1_000_000 // of one topic, and of all topics together
	maxReplicas     = 32        // kafka.MaxReplicas: replica sets are 32-bit masks
	maxTopics       = 100_000
	maxClients      = 100_000 // instances of a producer, members of a group
	maxThreads      = 10_000
	maxKeys         = 1_000_000_000
	maxEntries      = 100_000 // of producers, consumers, faults and objectives
	maxRecord       = unit.GiB
)

// fileScenario is a file as written: no defaults, no references followed.
type fileScenario struct {
	name, description     value[string]
	duration, drain, warm value[time.Duration]
	replications          value[int]
	seed                  value[uint64]
	precision             value[filePrecision]
	cluster               value[fileCluster]
	clusters              value[[]named[fileCluster]]
	topics                value[[]value[fileTopic]]
	producers             value[[]value[fileProducer]]
	consumers             value[[]value[fileConsumer]]
	faults                value[[]value[fileFault]]
	objectives            value[[]value[string]]
}

func scenarioShape(f *fileScenario) shape {
	return shape{"the scenario", []field{
		{"scenario", "the scenario's name", true, nameForm(&f.name)},
		{"description", "what happens in it, in a sentence or two", false, textForm(&f.description)},
		{"duration", "how long there is load, as in 2 min", true, durationForm(&f.duration, 1)},
		{"drain", "how long to wait after it for what is still under way; 60 s", false, durationForm(&f.drain, 0)},
		{"warmup", "what latency, lag and stall figures leave out at the start; 0 s", false, durationForm(&f.warm, 0)},
		{"replications", "how many times to run it with other random numbers; 20", false, wholeForm(&f.replications, 1, maxReplications)},
		{"seed", "what all random numbers follow from; 1", false, seedForm(&f.seed)},
		{"precision", "replicate until this is known well enough", false, mapForm(&f.precision, precisionShape)},
		{"cluster", "the Kafka cluster", false, mapForm(&f.cluster, clusterShape)},
		{"clusters", "several Kafka clusters by name, instead of cluster", false, namedForm(&f.clusters, maxClusters, clusterShape)},
		{"topics", "the topics, as in [{name: events, partitions: 12, replication_factor: 3}]", true, listForm(&f.topics, maxTopics, func(t *value[fileTopic]) form {
			return mapForm(t, topicShape)
		})},
		{"producers", "who writes", false, listForm(&f.producers, maxEntries, func(p *value[fileProducer]) form {
			return mapForm(p, producerShape)
		})},
		{"consumers", "the consumer groups", false, listForm(&f.consumers, maxEntries, func(c *value[fileConsumer]) form {
			return mapForm(c, consumerShape)
		})},
		{"faults", "what breaks, and when", false, listForm(&f.faults, maxEntries, func(x *value[fileFault]) form {
			return mapForm(x, faultShape)
		})},
		{"objectives", "what must hold, as in durability.acked.nines >= 5", false, listForm(&f.objectives, maxEntries, textForm)},
	}}
}

type filePrecision struct {
	metric        value[string]
	relativeError value[float64]
	maxTime       value[time.Duration]
}

func precisionShape(f *filePrecision) shape {
	return shape{"precision", []field{
		{"metric", "whose interval is to become narrow", true, textForm(&f.metric)},
		{"relative_error", "half the width of the interval over the estimate, as in 10 %", true, ratioForm(&f.relativeError, 0.0001, 1)},
		{"max_time", "when to stop at the latest, by the clock on the wall; 60 s", false, durationForm(&f.maxTime, time.Millisecond)},
	}}
}

type fileCluster struct {
	kafka       value[Version]
	brokers     value[int]
	brokerList  value[[]value[fileBroker]]
	controllers value[int]
	racks       value[int]
	rackNames   value[[]value[string]]
	hardware    fileHardware
	features    value[fileFeatures]
	config      value[[]Setting]
}

func clusterShape(f *fileCluster) shape {
	return shape{"a cluster", []field{
		{"kafka", "whose behaviour it has, as in \"4.3\"; 4.3", false, versionForm(&f.kafka)},
		{"brokers", "how many brokers, or a list with rack and hardware of each", true, eitherForm{
			scalar: wholeForm(&f.brokers, 1, maxBrokers),
			list: listForm(&f.brokerList, maxBrokers, func(b *value[fileBroker]) form {
				return mapForm(b, brokerShape)
			}),
		}.form()},
		{"controllers", "dedicated controllers, or 0 for brokers that are controllers too; 1", false, wholeForm(&f.controllers, 0, maxControllers)},
		{"racks", "how many racks, or their names; brokers are spread over them in turn", false, eitherForm{
			scalar: wholeForm(&f.racks, 1, maxBrokers),
			list:   listForm(&f.rackNames, maxBrokers, nameForm),
		}.form()},
		{"hardware", "the machine that each broker runs on: a profile's name, or a map; container", false, hardwareForm(&f.hardware)},
		{"features", "Kafka's feature flags", false, mapForm(&f.features, featureShape)},
		{"config", "broker settings under Kafka's names, as in {num.replica.fetchers: 1}", false, settingsForm(&f.config)},
	}}
}

func versionForm(dst *value[Version]) form {
	f := wordForm(dst, word[Version]{"4.0", V40}, word[Version]{"4.1", V41}, word[Version]{"4.2", V42}, word[Version]{"4.3", V43})
	f.schema = func() *schema {
		return &schema{OneOf: []*schema{
			{Type: "string", Enum: []string{"4.0", "4.1", "4.2", "4.3"}},
			{Type: "number", Minimum: float(4.0), Maximum: float(4.3)},
		}}
	}
	return f
}

type fileBroker struct {
	rack     value[string]
	hardware fileHardware
}

func brokerShape(f *fileBroker) shape {
	return shape{"a broker", []field{
		{"rack", "the rack that it stands in", false, nameForm(&f.rack)},
		{"hardware", "the machine that it runs on; the cluster's", false, hardwareForm(&f.hardware)},
	}}
}

// fileHardware is a profile's name or an inline map.
type fileHardware struct {
	name   value[string]
	inline value[[]Setting]
}

func hardwareForm(f *fileHardware) form {
	return eitherForm{scalar: textForm(&f.name), object: settingsForm(&f.inline)}.form()
}

type fileFeatures struct{ elr value[bool] }

func featureShape(f *fileFeatures) shape {
	return shape{"features", []field{
		{"eligible_leader_replicas", "KIP-966: on by default from 4.1", false, flagForm(&f.elr)},
	}}
}

type fileTopic struct {
	name, cluster     value[string]
	partitions        value[int]
	replicationFactor value[int]
	assignment        value[[]value[[]value[int]]]
	config            value[[]Setting]
}

func topicShape(f *fileTopic) shape {
	return shape{"a topic", []field{
		{"name", "what producers, consumers and faults call it", true, nameForm(&f.name)},
		{"cluster", "which of clusters it is in", false, nameForm(&f.cluster)},
		{"partitions", "how many partitions it has", false, wholeForm(&f.partitions, 1, maxPartitions)},
		{"replication_factor", "on how many brokers each partition is", false, wholeForm(&f.replicationFactor, 1, maxReplicas)},
		{
			"assignment", "the brokers of each partition, preferred leader first, as in [[1, 2, 3], [2, 3, 1]]; Kafka's own", false,
			listForm(&f.assignment, maxPartitions, func(p *value[[]value[int]]) form {
				return listForm(p, maxReplicas, func(b *value[int]) form { return wholeForm(b, 1, maxBrokers) })
			}),
		},
		{"config", "topic settings under Kafka's names, as in {min.insync.replicas: 2}", false, settingsForm(&f.config)},
	}}
}
