package tally

import (
	"fmt"

	"kafkasim/scenarios"
)

// Lines that every replication has, before those of the groups, which Lines places.
const (
	LineGenerated = iota // records/s, over the step
	LineAcked
	LineLeaderless // partitions
	LineUnderReplicated
	lineGroups
)

// Lines of a group.
const (
	LineLagRecords = iota
	LineLagTime
	linesOfGroup
)

// Lines of a broker.
const (
	LineLeaders = iota // partitions that it leads
	LineIn             // bytes/s, over the step
	LineOut
	LineWritten
	linesOfBroker
)

// MostBrokerLines is how many brokers have lines of their own: more cannot be told
// apart in a picture.
const MostBrokerLines = 24

// Lines says where a replication's time lines stand, simulated or measured.
type Lines struct {
	Names    []string
	groups   int
	brokers  int // that have lines
	brokerAt int
}

// NewLines names the lines of a scenario.
func NewLines(spec *scenarios.Spec) Lines {
	l := Lines{
		Names:  []string{"records.generated", "records.acked", "leaderless", "under_replicated"},
		groups: len(spec.Groups),
	}
	for g := range spec.Groups {
		label := Label("group", spec.Groups[g].Name)
		l.Names = append(l.Names, "lag.records"+label, "lag.time"+label)
	}
	l.Names = append(l.Names, "records.delivered", "under_min_isr")
	l.brokerAt = len(l.Names)
	if n := len(spec.Clusters[0].Brokers); n <= MostBrokerLines {
		l.brokers = n
	}
	for b := range l.brokers {
		label := Label("broker", fmt.Sprint(b+1))
		l.Names = append(l.Names, "leaders"+label, "network.in"+label, "network.out"+label, "disk.write"+label)
	}
	return l
}

// Group is where a group's line stands.
func (l *Lines) Group(g, line int) int { return lineGroups + linesOfGroup*g + line }

// Delivered is where the rate of delivered records stands: those that the last of
// the groups that read them has processed.
func (l *Lines) Delivered() int { return lineGroups + linesOfGroup*l.groups }

// UnderMinISR is where the number of partitions below min.insync.replicas stands.
func (l *Lines) UnderMinISR() int { return l.Delivered() + 1 }

// Brokers is how many brokers have lines: all, or none where they are too many.
func (l *Lines) Brokers() int { return l.brokers }

// Broker is where a line of broker b, from 0, stands.
func (l *Lines) Broker(b, line int) int { return l.brokerAt + linesOfBroker*b + line }
