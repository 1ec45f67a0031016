package scenarios

import (
	"strconv"
)

func (s *resolver) clusters() {
	f := s.file
	switch {
	case f.cluster.given() && f.clusters.given():
		s.problem(f.clusters.node.at, "cluster and clusters are both there; keep one")
	case !f.cluster.given() && !f.clusters.given():
		if s.root.get("cluster") == nil && s.root.get("clusters") == nil {
			s.problem(s.root.at, "cluster is missing in the scenario; add one, as in cluster: {brokers: 3}")
		}
	case f.clusters.known && len(f.clusters.is) == 0:
		s.problem(f.clusters.node.at, "clusters has no entry; add one, as in clusters: {primary: {brokers: 3}}")
	}
	if f.cluster.given() {
		s.spec.Clusters = append(s.spec.Clusters, s.cluster("", &f.cluster))
	}
	for i := range f.clusters.is {
		c := &f.clusters.is[i]
		s.spec.Clusters = append(s.spec.Clusters, s.cluster(c.name, &c.of))
	}
	brokers := 0
	for i := range s.spec.Clusters {
		brokers += len(s.spec.Clusters[i].Brokers)
	}
	if brokers > maxBrokers {
		s.problem(s.root.at, "the clusters have %s brokers together; at most %s are possible", spellWhole(int64(brokers)), spellWhole(maxBrokers))
	}
	if len(s.spec.Clusters) == 0 { // a problem is reported: an empty one, so that the rest can be checked
		s.spec.Clusters = []Cluster{{}}
	}
}

func (s *resolver) cluster(name string, v *value[fileCluster]) Cluster {
	f := &v.is
	c := Cluster{Name: name, Version: f.kafka.or(V43), Controllers: f.controllers.or(1)}
	// EligibleLeaderReplicasVersion.java: level 1 is the default from 4.1-IV0 on.
	c.ELR = f.features.is.elr.or(c.Version >= V41)
	if !s.tooMany() {
		var problems []Problem
		c.Settings = f.config.is
		c.Config, problems = decodeBrokerConfig(f.config.is)
		s.adopt(f.config.node, problems)
	}
	machine := s.hardware(&f.hardware, nil)
	c.Brokers = make([]Broker, max(f.brokers.is, len(f.brokerList.is)))
	if f.brokerList.known && len(f.brokerList.is) == 0 {
		s.problem(f.brokerList.node.at, "brokers has no entry; a cluster has at least one broker")
	}
	racks := s.racks(f, len(c.Brokers))
	for i := range c.Brokers {
		b := Broker{ID: i + 1, Hardware: machine}
		if len(racks) > 0 {
			b.Rack = racks[i%len(racks)]
		}
		if i < len(f.brokerList.is) {
			own := &f.brokerList.is[i].is
			b.Rack = own.rack.or(b.Rack)
			b.Hardware = s.hardware(&own.hardware, machine)
		}
		c.Brokers[i] = b
	}
	return c
}

// racks are the names of a cluster's racks: 1, 2, 3 where only their number is
// given.
func (s *resolver) racks(f *fileCluster, brokers int) []string {
	var names []string
	for i := range f.racks.is {
		names = append(names, strconv.Itoa(i+1))
	}
	var given []*value[string]
	for i := range f.rackNames.is {
		given = append(given, &f.rackNames.is[i])
		names = append(names, f.rackNames.is[i].is)
	}
	s.uniqueNames("rack", given)
	at := f.racks.node
	if f.rackNames.given() {
		at = f.rackNames.node
	}
	if brokers > 0 && len(names) > brokers {
		s.problem(at.at, "racks: %d racks for %s; each rack needs at least one", len(names), count(brokers, "broker"))
	}
	return names
}

// hardware finds a machine: otherwise, or the default profile if that is nil,
// where the file names none.
func (s *resolver) hardware(f *fileHardware, otherwise *Hardware) *Hardware {
	const standard = "container"
	switch {
	case f.name.known:
		return s.profile(f.name.is, f.name.node.at)
	case f.inline.known:
		base := otherwise
		if base == nil {
			base = s.profile(standard, place{})
		}
		for _, setting := range f.inline.is {
			if setting.Name == "profile" {
				base = s.profile(setting.Value, s.valuePlace(setting))
			}
		}
		machine, problems := decodeInlineHardware(base, f.inline.is)
		s.adopt(f.inline.node, problems)
		return machine
	case otherwise != nil:
		return otherwise
	}
	return s.profile(standard, place{})
}

func (s *resolver) profile(name string, at place) *Hardware {
	if machine, ok := s.profiles[name]; ok {
		return machine
	}
	machine, ok := hardwareByName(name)
	if !ok {
		s.problem(at, "hardware: there is no profile %s; %s", shown(name), s.near(name, hardwareNames(), "profiles"))
		return nil
	}
	s.profiles[name] = machine
	return machine
}

// valuePlace is where a setting's value was written.
func (s *resolver) valuePlace(setting Setting) place {
	at := place{line: setting.ValueLine, column: setting.ValueColumn}
	if at.line < 0 {
		at.override = s.overrides[-at.line-1].Path
	}
	return at
}

func (s *resolver) topics() {
	f := s.file
	if f.topics.known && len(f.topics.is) == 0 {
		s.problem(f.topics.node.at, "topics has no entry; add one, as in topics: [{name: events, partitions: 12, replication_factor: 3}]")
	}
	first := make(map[string]place)
	total := 0
	for i := range f.topics.is {
		v := &f.topics.is[i]
		t := s.topicOf(v)
		if v.is.name.known {
			key := strconv.Itoa(t.Cluster) + " " + t.Name
			if before, again := first[key]; again {
				s.problem(v.is.name.node.at, "the topic %s is there twice, first %s; give each its own name", t.Name, before.where())
			} else {
				first[key] = v.is.name.node.at
			}
		} else {
			s.noteNoName(&v.is.name)
		}
		before := total
		total += t.Partitions
		if total > maxPartitions && before <= maxPartitions {
			s.problem(v.node.at, "the topics up to this one have %s partitions; at most %s are possible", spellWhole(int64(total)), spellWhole(maxPartitions))
		}
		s.spec.Topics = append(s.spec.Topics, t)
	}
	s.topicsNamed = make(map[string][]int, len(s.spec.Topics))
	for i, t := range s.spec.Topics {
		s.topicsNamed[t.Name] = append(s.topicsNamed[t.Name], i)
	}
}

func (s *resolver) topicOf(v *value[fileTopic]) Topic {
	f := &v.is
	cluster, good := s.clusterOf(&f.cluster)
	if good && cluster < 0 && len(s.spec.Clusters) > 1 {
		s.problem(v.node.at, "cluster is missing in %s; with several clusters each topic names its own, as in cluster: %s", topicName(f), s.clusterNames()[0])
	}
	t := Topic{
		Name: f.name.is, Cluster: max(0, cluster),
		Partitions: f.partitions.is, ReplicationFactor: f.replicationFactor.is,
	}
	s.assignment(&t, v)
	if v.known && !f.assignment.given() {
		if !f.partitions.given() {
			s.problem(v.node.at, "partitions is missing in %s; add partitions: 12, say, or an assignment", topicName(f))
		}
		if !f.replicationFactor.given() {
			s.problem(v.node.at, "replication_factor is missing in %s; add replication_factor: 3, say, or an assignment", topicName(f))
		}
	}
	c := &s.spec.Clusters[t.Cluster]
	if f.replicationFactor.known && len(c.Brokers) > 0 && t.ReplicationFactor > len(c.Brokers) {
		s.problem(f.replicationFactor.node.at, "replication_factor: %d is more than the %s of the cluster", t.ReplicationFactor, count(len(c.Brokers), "broker"))
	}
	if !s.tooMany() {
		var problems []Problem
		t.Settings = f.config.is
		t.Config, problems = decodeTopicConfig(topicDefaults(s.clusterConfig(t.Cluster)), f.config.is)
		s.adopt(f.config.node, problems)
	}
	return t
}

func topicName(f *fileTopic) string {
	if f.name.known {
		return "the topic " + f.name.is
	}
	return "a topic"
}

// clusterConfig is the config: map of a cluster as written.
func (s *resolver) clusterConfig(cluster int) []Setting {
	if s.file.cluster.given() {
		return s.file.cluster.is.config.is
	}
	if cluster < len(s.file.clusters.is) {
		return s.file.clusters.is[cluster].of.is.config.is
	}
	return nil
}

// assignment checks an explicit placement and takes the number of partitions
// and replicas from it where they are not given.
func (s *resolver) assignment(t *Topic, v *value[fileTopic]) {
	f := &v.is
	if !f.assignment.known {
		return
	}
	at := f.assignment.node.at
	lists := f.assignment.is
	if len(lists) == 0 {
		s.problem(at, "assignment has no entry; write a list of brokers for each partition, as in [[1, 2, 3], [2, 3, 1]]")
		return
	}
	if f.partitions.known && f.partitions.is != len(lists) {
		s.problem(at, "assignment has %s for %s; write one list of brokers for each", count(len(lists), "list"), count(f.partitions.is, "partition"))
	}
	t.Partitions = len(lists)
	if !f.replicationFactor.given() {
		t.ReplicationFactor = len(lists[0].is)
	}
	brokers := len(s.spec.Clusters[t.Cluster].Brokers)
	for p := range lists {
		if lists[p].known {
			t.Assignment = append(t.Assignment, s.replicas(t, &lists[p], brokers))
		}
	}
}

// replicas checks the brokers of one partition.
func (s *resolver) replicas(t *Topic, v *value[[]value[int]], brokers int) []int {
	var ids []int
	seen := make(map[int]bool, len(v.is))
	for i := range v.is {
		id := &v.is[i]
		switch {
		case !id.known:
		case brokers > 0 && id.is > brokers:
			s.problem(id.node.at, "assignment: there is no broker %d; %s", id.is, brokerRange(brokers))
		case seen[id.is]:
			s.problem(id.node.at, "assignment: broker %d is there twice; a broker holds one replica of a partition", id.is)
		}
		seen[id.is] = true
		ids = append(ids, id.is)
	}
	if len(ids) != t.ReplicationFactor && t.ReplicationFactor > 0 || len(ids) == 0 {
		s.problem(v.node.at, "assignment: %s where every partition has %s; list as many brokers", count(len(ids), "replica"), count(max(1, t.ReplicationFactor), "replica"))
	}
	return ids
}
