package scenarios

import (
	"fmt"
	"strings"
)

// FaultWords says in words what a fault does, and to whom, as its file names it:
// "broker crash: leader of events-0".
func (s *Spec) FaultWords(f *Fault) string {
	kind := strings.ReplaceAll(f.Kind.String(), "_", " ")
	if whom := s.faultWhom(f); whom != "" {
		return kind + ": " + whom
	}
	return kind
}

// faultWhom is what a fault hits.
func (s *Spec) faultWhom(f *Fault) string {
	switch {
	case f.Process != nil:
		return "each " + f.Process.Each + ", at random"
	case len(f.Between[0]) > 0:
		return s.targetList(f.Between[0]) + " from " + s.targetList(f.Between[1])
	case f.Kind == ConfigChange && f.Topic >= 0 && f.Topic < len(s.Topics):
		var changes []string
		for _, c := range f.Change {
			changes = append(changes, c.Name+"="+c.Value)
		}
		return strings.Join(changes, ", ") + " of " + s.Topics[f.Topic].Name
	}
	return s.TargetWords(&f.Target)
}

func (s *Spec) targetList(targets []Target) string {
	words := make([]string, len(targets))
	for i := range targets {
		words[i] = s.TargetWords(&targets[i])
	}
	return strings.Join(words, ", ")
}

// TargetWords is a target as a file writes it; "" for none.
func (s *Spec) TargetWords(t *Target) string {
	switch t.Kind {
	case NoTarget:
		return ""
	case TargetBroker:
		return fmt.Sprintf("broker %d", t.Node)
	case TargetController:
		return fmt.Sprintf("controller %d", t.Node)
	case TargetLeaderOf:
		return fmt.Sprintf("leader of %s-%d", s.Topics[t.Topic].Name, t.Partition)
	case TargetFollowerOf:
		return fmt.Sprintf("follower of %s-%d", s.Topics[t.Topic].Name, t.Partition)
	case TargetMember:
		return fmt.Sprintf("member %d of %s", t.Node, s.Groups[t.Group].Name)
	case TargetProducer:
		return "producer " + s.Producers[t.Producer].Name
	case TargetRack:
		return "rack " + t.Rack
	case TargetCluster:
		return "cluster " + s.Clusters[t.Cluster].Name
	case TargetActiveController, TargetRandomBroker, TargetEach, TargetClients:
	}
	return t.Kind.String()
}
