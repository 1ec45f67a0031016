// Package describe finds out what a running Kafka cluster is made of and writes it
// down as a scenario.
//
// Look asks a cluster, over the network; what it has learnt is a Cluster, a plain
// value. Cluster.Scenario writes that as a commented scenario file and is pure, so
// that what is written can be tested without any cluster.
package describe

import "time"

// A Cluster is what was found out about a running cluster.
type Cluster struct {
	Address string    // as it was asked for
	Seen    time.Time // when
	ID      string    // cluster id, "" if it has none

	// Software is the release that the brokers seem to run, as in "v4.3" or "at least
	// v4.4", guessed from the requests that they answer; "" if there was no guess.
	Software string
	// Metadata is the finalized level of metadata.version, 0 if it was not told.
	Metadata int16
	// ELR is the finalized level of eligible.leader.replicas.version: 0 is off, and
	// Untold if it was not told.
	ELR int16

	Brokers []Broker // by id
	Voters  []int32  // of the controllers' quorum; nil if it was not told
	Topics  []Topic  // by name
	Groups  []Group  // by name

	Between time.Duration // from the first look at the log ends to the second; 0: there was one only
	Untold  []string      // what could not be found out, and why, in words
}

// Untold is a number that the cluster did not tell.
const Untold = -1

// A Broker is one broker, with the settings that are not Kafka's defaults.
type Broker struct {
	ID       int32
	Rack     string // "" if it has none
	Settings []Setting
}

// A Setting is a setting under Kafka's name.
type Setting struct {
	Name, Value string
	Secret      bool // its value is not told
}

// A Topic is one topic, with the settings that it has of its own.
type Topic struct {
	Name       string
	Internal   bool
	Partitions []Partition
	Settings   []Setting
}

// A Partition is one partition of a topic. Offsets and bytes are Untold where the
// cluster did not tell them.
type Partition struct {
	Replicas   []int32 // in assignment order
	Start, End int64   // of its log
	Later      int64   // end of its log at the second look; Untold without one
	Bytes      int64   // size of its leader's log
}

// A Group is a consumer group.
type Group struct {
	Name     string
	Next     bool   // it has the consumer protocol (KIP-848)
	Assignor string // of the classic protocol, as in "range"
	State    string
	Members  []Member
	Topics   []string // that it reads, as its members or its commits say, by name
	Lag      []Lag    // by topic and partition
}

// A Member is one member of a group.
type Member struct {
	Client string // client.id
	Static bool
}

// A Lag is how far a group's committed offset is behind the end of a log.
type Lag struct {
	Topic     string
	Partition int32
	Records   int64
}
