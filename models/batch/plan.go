package batch

import (
	"fmt"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A plan is what all replications of a scenario share: the cast and its
// numbering. It is read only.
//
// Nodes are numbered brokers first (0..), then dedicated controllers, then
// producer instances, then group members. In combined mode the controllers are
// the brokers themselves.
type plan struct {
	spec        *scenarios.Spec
	cluster     *scenarios.Cluster
	brokers     int
	servers     int   // brokers and dedicated controllers
	voters      []int // node of each controller
	combined    bool
	topics      []topicPlan // the scenario's, then __consumer_offsets if a group needs it
	partitions  []partitionPlan
	producers   []producerPlan // one an instance
	members     []memberPlan   // one a group member
	groups      []groupPlan
	offsets     int // index of __consumer_offsets in topics, or -1
	replicas    int
	producerAt  int // node of the first producer instance
	memberAt    int // node of the first member
	nodes       int
	brokerRacks []string
}

// A topicPlan is a topic and where its partitions stand.
type topicPlan struct {
	name      string
	internal  bool
	first     kafka.PartitionID
	count     int
	rf        int
	config    scenarios.TopicConfig
	groupBits uint32 // groups that read it: bit of groupPlan.bit
	// minISRChanges is whether a fault of the scenario changes min.insync.replicas.
	minISRChanges bool
	assigned      [][]int
	// lives maps the partitions of __consumer_offsets to those that some group
	// uses; only they are simulated.
	lives []int
}

// A partitionPlan is one partition of one topic.
type partitionPlan struct {
	topic   int
	number  int // in its topic
	replica int // id of its first replica
}

// A producerPlan is one producer instance.
type producerPlan struct {
	producer int // index in the spec
	instance int
	rack     string
}

// A memberPlan is one group member.
type memberPlan struct {
	group  int
	member int // 0.. in its group
	rack   string
}

// A groupPlan is one consumer group.
type groupPlan struct {
	first      int // member
	count      int
	bit        uint            // of its mark in a record, unique among the groups of each topic
	partitions []partitionOf   // the group's flat list
	offsets    int             // index of its partition in topicPlan.lives
	topicBase  map[int]int32   // topic → first flat index; read by key only
	flat       map[int32]int32 // partition → flat index; read by key only
}

// A partitionOf is an entry of a group's flat list of partitions.
type partitionOf struct {
	topic     int
	partition kafka.PartitionID
}

// maxGroupsPerTopic is how many marks fit into a record.
const maxGroupsPerTopic = 32

// newPlan numbers the cast of spec.
func newPlan(spec *scenarios.Spec) (*plan, error) {
	c := &spec.Clusters[0]
	p := &plan{spec: spec, cluster: c, brokers: len(c.Brokers), offsets: -1}
	p.combined = c.Controllers == 0
	p.servers = p.brokers + c.Controllers
	if p.combined {
		// A combined cluster has an odd quorum of at most three of its brokers.
		n := min(3, p.brokers)
		if n == 2 {
			n = 1
		}
		for i := range n {
			p.voters = append(p.voters, i)
		}
	}
	for i := range c.Controllers {
		p.voters = append(p.voters, p.brokers+i)
	}
	for i := range c.Brokers {
		p.brokerRacks = append(p.brokerRacks, c.Brokers[i].Rack)
	}
	for i := range spec.Topics {
		t := &spec.Topics[i]
		p.addTopic(topicPlan{name: t.Name, count: t.Partitions, rf: t.ReplicationFactor, config: t.Config, assigned: t.Assignment})
	}
	for i := range spec.Faults {
		for _, c := range spec.Faults[i].Change {
			if c.Name == "min.insync.replicas" {
				p.topics[spec.Faults[i].Topic].minISRChanges = true
			}
		}
	}
	if err := p.addClients(); err != nil {
		return nil, err
	}
	return p, nil
}

// addTopic numbers a topic's partitions and replicas.
func (p *plan) addTopic(t topicPlan) {
	t.first = kafka.PartitionID(len(p.partitions))
	for i := range t.count {
		p.partitions = append(p.partitions, partitionPlan{topic: len(p.topics), number: i, replica: p.replicas})
		p.replicas += t.rf
	}
	p.topics = append(p.topics, t)
}

// addClients numbers producer instances, groups and members, and adds the
// partitions of __consumer_offsets that the groups use. Clients are spread over
// the racks in turn.
func (p *plan) addClients() error {
	for i := range p.spec.Producers {
		for n := range p.spec.Producers[i].Instances {
			p.producers = append(p.producers, producerPlan{producer: i, instance: n, rack: p.brokerRacks[n%p.brokers]})
		}
	}
	config := &p.cluster.Config
	var lives []int
	for i := range p.spec.Groups {
		g := &p.spec.Groups[i]
		gp := groupPlan{first: len(p.members), count: g.Members, topicBase: map[int]int32{}, flat: map[int32]int32{}}
		for n := range g.Members {
			p.members = append(p.members, memberPlan{group: i, member: n, rack: p.brokerRacks[n%p.brokers]})
		}
		if err := p.subscribe(g, &gp); err != nil {
			return err
		}
		number := offsetsPartition(g.Name, config.OffsetsPartitions)
		gp.offsets = -1
		for at, n := range lives {
			if n == number {
				gp.offsets = at
			}
		}
		if gp.offsets < 0 {
			gp.offsets = len(lives)
			lives = append(lives, number)
		}
		p.groups = append(p.groups, gp)
	}
	if len(lives) > 0 {
		p.offsets = len(p.topics)
		p.addTopic(topicPlan{
			name: "__consumer_offsets", internal: true, count: len(lives), rf: min(config.OffsetsReplicationFactor, p.brokers), lives: lives,
			config: scenarios.TopicConfig{
				MinInsyncReplicas: config.OffsetsMinInsyncReplicas, UncleanElection: config.OffsetsUncleanElection,
				RetentionTime: scenarios.Forever, RetentionBytes: scenarios.Unbounded, SegmentBytes: 100 << 20,
				SegmentTime: scenarios.Forever, FlushMessages: scenarios.Unbounded,
			},
		})
	}
	p.producerAt = p.servers
	p.memberAt = p.producerAt + len(p.producers)
	p.nodes = p.memberAt + len(p.members)
	return nil
}

// subscribe gives a group its flat list of partitions and its mark.
func (p *plan) subscribe(g *scenarios.Group, gp *groupPlan) error {
	var taken uint32
	for _, t := range g.Topics {
		taken |= p.topics[t].groupBits
	}
	for gp.bit < maxGroupsPerTopic && taken&(1<<gp.bit) != 0 {
		gp.bit++
	}
	if gp.bit == maxGroupsPerTopic {
		return fmt.Errorf("not yet supported: more than %d groups that share a topic (group %s)", maxGroupsPerTopic, g.Name)
	}
	for _, t := range g.Topics {
		topic := &p.topics[t]
		topic.groupBits |= 1 << gp.bit
		gp.topicBase[t] = int32(len(gp.partitions))
		for i := range topic.count {
			id := topic.first + kafka.PartitionID(i)
			gp.flat[int32(id)] = int32(len(gp.partitions))
			gp.partitions = append(gp.partitions, partitionOf{t, id})
		}
	}
	return nil
}

// offsetsPartition is the partition of __consumer_offsets of a group:
// abs(hashCode of its name) mod partitions (GroupCoordinatorService.partitionFor).
func offsetsPartition(group string, partitions int) int {
	return int(javaHash(group)&0x7fffffff) % partitions
}

// assignments draws the replica placement of one replication: Kafka's own where
// the scenario gives none. The draws of a topic depend on its name only. Broker
// indices count from 0.
func (p *plan) assignments(seed uint64) [][]kafka.BrokerID {
	out := make([][]kafka.BrokerID, 0, len(p.partitions))
	for i := range p.topics {
		t := &p.topics[i]
		if t.assigned != nil {
			for _, replicas := range t.assigned {
				ids := make([]kafka.BrokerID, len(replicas))
				for j, b := range replicas {
					ids[j] = kafka.BrokerID(b)
				}
				out = append(out, ids)
			}
			continue
		}
		stream := rng.New(seed, "topic/"+t.name, "placement")
		count := t.count
		if t.lives != nil {
			count = p.cluster.Config.OffsetsPartitions
		}
		placed := kafka.PlaceReplicas(p.brokerRacks, count, t.rf, stream.IntN)
		if t.lives == nil {
			out = append(out, placed...)
			continue
		}
		for _, n := range t.lives {
			out = append(out, placed[n])
		}
	}
	return out
}
