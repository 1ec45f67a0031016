package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// targetForms is how targets are written, for messages.
func targetForms() string {
	return "broker 2, controller 101, leader of TOPIC-P, follower of TOPIC-P, active controller, " +
		"member 1 of GROUP, producer NAME, rack NAME, cluster NAME, clients, random or each"
}

// String is the first words of the target as a file writes it.
func (k TargetKind) String() string {
	switch k {
	case NoTarget:
		return "no target"
	case TargetBroker:
		return "broker N"
	case TargetController:
		return "controller N"
	case TargetLeaderOf:
		return "leader of TOPIC-P"
	case TargetFollowerOf:
		return "follower of TOPIC-P"
	case TargetActiveController:
		return "active controller"
	case TargetMember:
		return "member N of GROUP"
	case TargetProducer:
		return "producer NAME"
	case TargetRack:
		return "rack NAME"
	case TargetCluster:
		return "cluster NAME"
	case TargetRandomBroker:
		return "random"
	case TargetEach:
		return "each"
	case TargetClients:
		return "clients"
	}
	return "unknown target"
}

// written is a target's text taken apart, before its names are looked up.
type written struct {
	kind   TargetKind
	number int    // broker, controller, member, partition
	name   string // topic, group, producer, rack, cluster
}

// splitTarget takes a target's text apart. The error continues a sentence that
// began with the text.
func splitTarget(text string) (written, error) {
	words := strings.Fields(text)
	switch {
	case slices.Equal(words, []string{"active", "controller"}):
		return written{kind: TargetActiveController}, nil
	case slices.Equal(words, []string{"random"}):
		return written{kind: TargetRandomBroker}, nil
	case slices.Equal(words, []string{"each"}):
		return written{kind: TargetEach}, nil
	case slices.Equal(words, []string{"clients"}):
		return written{kind: TargetClients}, nil
	case len(words) >= 3 && words[1] == "of" && (words[0] == "leader" || words[0] == "follower"):
		return splitReplica(words[0], strings.Join(words[2:], " "))
	case len(words) >= 4 && words[0] == "member" && words[2] == "of":
		number, err := strconv.Atoi(words[1])
		if err != nil || number < 1 {
			return written{}, fmt.Errorf("names no member; members count from 1, as in member 1 of GROUP")
		}
		return written{kind: TargetMember, number: number, name: strings.Join(words[3:], " ")}, nil
	case len(words) >= 2:
		return splitNamed(words[0], strings.Join(words[1:], " "))
	}
	return written{}, fmt.Errorf("is not a target; write one of %s", targetForms())
}

func splitNamed(what, name string) (written, error) {
	number, err := strconv.Atoi(name)
	switch what {
	case "broker":
		if err != nil {
			return written{}, fmt.Errorf("names no broker; brokers are numbered from 1, as in broker 2")
		}
		return written{kind: TargetBroker, number: number}, nil
	case "controller":
		if err != nil {
			return written{}, fmt.Errorf("names no controller; dedicated controllers are numbered from 101, as in controller 101")
		}
		return written{kind: TargetController, number: number}, nil
	case "producer":
		return written{kind: TargetProducer, name: name}, nil
	case "rack":
		return written{kind: TargetRack, name: name}, nil
	case "cluster":
		return written{kind: TargetCluster, name: name}, nil
	}
	return written{}, fmt.Errorf("is not a target; write one of %s", targetForms())
}

// splitReplica cuts TOPIC-P at its last hyphen, as topics may have hyphens too.
func splitReplica(role, partition string) (written, error) {
	kind := TargetLeaderOf
	if role == "follower" {
		kind = TargetFollowerOf
	}
	i := strings.LastIndexByte(partition, '-')
	if i < 1 {
		return written{}, fmt.Errorf("names no partition; write the topic, a hyphen and the partition, as in %s of events-0", role)
	}
	number, err := strconv.Atoi(partition[i+1:])
	if err != nil || number < 0 {
		return written{}, fmt.Errorf("names no partition; write the topic, a hyphen and the partition, as in %s of events-0", role)
	}
	return written{kind: kind, number: number, name: partition[:i]}, nil
}

// target resolves the text of a target. The fault's own cluster is -1 where it
// names none. The error continues a sentence that began with the text.
func (s *resolver) target(text string, cluster int) (Target, error) {
	w, err := splitTarget(text)
	if err != nil {
		return Target{}, err
	}
	t := Target{Kind: w.kind, Cluster: max(0, cluster)}
	switch w.kind {
	case TargetLeaderOf, TargetFollowerOf:
		return s.replicaTarget(t, w, cluster)
	case TargetMember:
		return s.memberTarget(t, w)
	case TargetProducer:
		return s.producerTarget(t, w)
	case TargetCluster:
		return s.clusterTarget(t, w)
	case NoTarget, TargetClients:
		return t, nil
	case TargetBroker, TargetController, TargetActiveController, TargetRack, TargetRandomBroker, TargetEach:
	}
	if cluster < 0 && len(s.spec.Clusters) > 1 {
		return t, fmt.Errorf("leaves open which cluster it is in; add cluster: NAME to the fault")
	}
	return s.nodeTarget(t, w)
}

// nodeTarget looks up what is numbered or named within one cluster.
func (s *resolver) nodeTarget(t Target, w written) (Target, error) {
	c := &s.spec.Clusters[t.Cluster]
	if len(c.Brokers) == 0 {
		return t, errFollows // what the cluster says of them could not be read
	}
	switch w.kind { //nolint:exhaustive // the others name nothing in a cluster
	case TargetBroker:
		if w.number < 1 || w.number > len(c.Brokers) {
			return t, fmt.Errorf("does not exist; %s", brokerRange(len(c.Brokers)))
		}
		t.Node = w.number
	case TargetController:
		first, last := 101, 100+c.Controllers
		if c.Controllers == 0 {
			first, last = 1, len(c.Brokers)
		}
		if w.number < first || w.number > last {
			if first == last {
				return t, fmt.Errorf("does not exist; the only controller is %d", first)
			}
			return t, fmt.Errorf("does not exist; controllers are %d to %d", first, last)
		}
		t.Node = w.number
	case TargetRack:
		if !slices.ContainsFunc(c.Brokers, func(b Broker) bool { return b.Rack == w.name }) || w.name == "" {
			racks := firstNames(c.Brokers, func(b *Broker) string { return b.Rack })
			slices.Sort(racks)
			racks = slices.DeleteFunc(slices.Compact(racks), func(rack string) bool { return rack == "" })
			return t, fmt.Errorf("does not exist; %s", s.near(w.name, racks, "racks"))
		}
		t.Rack = w.name
	}
	return t, nil
}

// brokerRange says which brokers there are.
func brokerRange(n int) string {
	if n == 1 {
		return "the only broker is 1"
	}
	return "brokers are 1 to " + spellWhole(int64(n))
}

func (s *resolver) replicaTarget(t Target, w written, cluster int) (Target, error) {
	topic, err := s.topic(w.name, cluster)
	if err != nil {
		return t, fmt.Errorf("names a topic that %w", err)
	}
	partitions := s.spec.Topics[topic].Partitions
	if partitions > 0 && w.number >= partitions {
		return t, fmt.Errorf("does not exist; the partitions of %s are 0 to %d", w.name, partitions-1)
	}
	t.Topic, t.Partition, t.Cluster = topic, w.number, s.spec.Topics[topic].Cluster
	return t, nil
}

func (s *resolver) memberTarget(t Target, w written) (Target, error) {
	i, ok := s.groupsNamed[w.name]
	if !ok && s.noNames[w.name] {
		return t, errFollows
	}
	if !ok {
		return t, fmt.Errorf("names a group that does not exist; %s", s.near(w.name, firstNames(s.spec.Groups, groupName), "groups"))
	}
	g := &s.spec.Groups[i]
	most := g.Members
	if g.Autoscaler != nil {
		most = g.Autoscaler.Max
	}
	if most > 0 && w.number > most {
		return t, fmt.Errorf("does not exist; the members of %s are 1 to %d", w.name, most)
	}
	t.Group, t.Node, t.Cluster = i, w.number, g.Cluster
	return t, nil
}

func (s *resolver) producerTarget(t Target, w written) (Target, error) {
	i, ok := s.producersNamed[w.name]
	if !ok && s.noNames[w.name] {
		return t, errFollows
	}
	if !ok {
		return t, fmt.Errorf("does not exist; %s", s.near(w.name, firstNames(s.spec.Producers, producerName), "producers"))
	}
	t.Producer = i
	if topic := s.spec.Producers[i].Topic; topic < len(s.spec.Topics) {
		t.Cluster = s.spec.Topics[topic].Cluster
	}
	return t, nil
}

func (s *resolver) clusterTarget(t Target, w written) (Target, error) {
	i := slices.Index(s.clusterNames(), w.name)
	if i < 0 {
		return t, fmt.Errorf("does not exist; %s", didYouMean(w.name, s.clusterNames(), "clusters"))
	}
	t.Cluster = i
	return t, nil
}
