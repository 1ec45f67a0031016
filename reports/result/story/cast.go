package story

import (
	"fmt"
	"strings"
	"time"
)

// A Cast is who takes part, and how it is numbered. Nodes are numbered brokers first
// (from 0), then dedicated controllers, then producer instances, then group members;
// events name producers and members by their own number, from 0.
type Cast struct {
	BrokerCount     int32
	ControllerCount int32 // dedicated ones
	Partitions      []Partition
	Producers       []Producer // instances
	Members         []Member
}

// A Partition is one partition.
type Partition struct {
	Name     string // topic-number
	Topic    int32  // index in Spec.Topics; beyond it: __consumer_offsets
	Internal bool
	Replicas []int32 // brokers (from 0) in the order of the assignment
	Start    State   // before anything happened
}

// A Producer is one instance of a producer.
type Producer struct {
	Spec     int32 // index in Spec.Producers
	Instance int32 // from 0
}

// A Member is one member of a group.
type Member struct {
	Group  int32 // index in Spec.Groups
	Number int32 // from 0
}

// ProducerNode is the node of a producer instance.
func (c *Cast) ProducerNode(i int32) int32 { return c.BrokerCount + c.ControllerCount + i }

// MemberNode is the node of a member.
func (c *Cast) MemberNode(i int32) int32 { return c.ProducerNode(int32(len(c.Producers))) + i }

// ProducerName names a producer instance.
func (s *Story) ProducerName(i int32) string {
	p := &s.Producers[i]
	spec := &s.Spec.Producers[p.Spec]
	if spec.Instances == 1 {
		return "producer " + spec.Name
	}
	return fmt.Sprintf("producer %s (instance %d)", spec.Name, p.Instance+1)
}

// MemberName names a member of a group.
func (s *Story) MemberName(i int32) string {
	m := &s.Members[i]
	return fmt.Sprintf("member %d of %s", m.Number+1, s.Spec.Groups[m.Group].Name)
}

// NodeName names a node.
func (s *Story) NodeName(n int32) string {
	switch {
	case n < 0:
		return "nobody"
	case n < s.BrokerCount:
		return fmt.Sprintf("broker %d", n+1)
	case n < s.ProducerNode(0):
		return fmt.Sprintf("controller %d", 101+n-s.BrokerCount)
	case n < s.MemberNode(0):
		return s.ProducerName(n - s.ProducerNode(0))
	default:
		return s.MemberName(n - s.MemberNode(0))
	}
}

// Brokers names the brokers of a partition that are in a set: "1, 2".
func (p *Partition) Brokers(set uint32) string {
	var names []string
	for i, b := range p.Replicas {
		if set&(1<<uint(i)) != 0 {
			names = append(names, fmt.Sprint(b+1))
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Has reports whether broker b is in a set of the partition's replicas.
func (p *Partition) Has(set uint32, b int32) bool {
	for i, r := range p.Replicas {
		if r == b {
			return set&(1<<uint(i)) != 0
		}
	}
	return false
}

// StateAt is what the controller said of a partition at an instant.
func (s *Story) StateAt(p int32, at time.Duration) State {
	state := s.Partitions[p].Start
	for i := range s.Elections {
		e := &s.Elections[i]
		if e.At > at {
			break
		}
		if e.Partition == p {
			state = e.After
		}
	}
	return state
}
