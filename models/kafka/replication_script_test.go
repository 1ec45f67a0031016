package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/sim"
)

// The scripts under testdata/replication are stories of one partition's leader.
// Broker 1 leads, brokers 2, 3, … follow, and the script is their network and the
// controller: it says who fetches from which offset, what the controller answers
// and which metadata comes. Time stands still unless a command says at=DURATION.
//
//	lead      replicas=3 min=2 isr=(1,2) end=10 hw=5 epoch=7 partition-epoch=1 [again]
//	append    count=5
//	fetch     from=2 offset=10 [broker-epoch=-1]
//	eligible  broker=(2,3): unfenced, not shutting down; after lead all are
//	check     the lag rule's raster of 15 s
//	propose, granted, refused, metadata  isr=(1,2) partition-epoch=2
//	min       value=3: another min.insync.replicas
func TestReplicationScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/replication", func(t *testing.T, path string) {
		t.Helper()
		var story leaderStory
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			return story.run(t, d)
		})
	})
}

// lagTimeMax is replica.lag.time.max.ms of the scripts: Kafka's default.
const lagTimeMax = 30 * time.Second

// registeredEpoch is every follower's broker epoch in the metadata.
const registeredEpoch BrokerEpoch = 100

// leaderStory is a leader with its log's end, and what its broker knows.
type leaderStory struct {
	leader   Leader
	end      Offset
	now      sim.Time
	alive    ReplicaSet // unfenced and not shutting down
	proposal Proposal
	events   strings.Builder
}

func (s *leaderStory) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	if d.HasArg("at") {
		s.now = sim.Time(0).Add(DurationArg(t, d, "at", 0))
	}
	s.events.Reset()
	switch d.Cmd {
	case "lead":
		s.lead(t, d)
	case "append":
		s.end += Offset(NumberArg(t, d, "count", 1))
		s.moveHW()
	case "fetch":
		s.fetch(t, d)
	case "eligible":
		s.alive = replicasArg(t, d, "broker")
	case "min":
		s.leader.MinISR = NumberArg(t, d, "value", 1)
		s.moveHW()
	case "check":
		if out := s.leader.OutOfSync(s.now, s.end, lagTimeMax); out != 0 {
			fmt.Fprintf(&s.events, "out of sync: %s\n", brokersOf(out))
			s.propose(s.leader.ISR.Committed &^ out)
		}
	default:
		s.answer(t, d)
	}
	return s.events.String() + s.state()
}

// answer runs what comes from the controller.
func (s *leaderStory) answer(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	isr := replicasArg(t, d, "isr")
	epoch := PartitionEpoch(NumberArg(t, d, "partition-epoch", int(s.leader.ISR.PartitionEpoch)))
	mattered := true
	switch d.Cmd {
	case "propose":
		s.propose(isr)
		return
	case "granted":
		mattered = s.leader.Granted(s.proposal, isr, epoch)
	case "refused":
		mattered = s.leader.Rejected(s.proposal)
	case "metadata":
		mattered = s.leader.Committed(isr, epoch)
	default:
		d.Fatalf(t, "unknown command %q", d.Cmd)
	}
	if !mattered {
		s.events.WriteString("ignored\n")
	}
	s.moveHW()
}

func (s *leaderStory) lead(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	n := NumberArg(t, d, "replicas", len(s.leader.Followers))
	if n != len(s.leader.Followers) {
		*s = leaderStory{now: s.now, leader: Leader{Followers: make([]Follower, n)}, alive: AllReplicas(n)}
	}
	s.leader.MinISR = NumberArg(t, d, "min", max(1, s.leader.MinISR))
	s.leader.HW = Offset(NumberArg(t, d, "hw", int(s.leader.HW)))
	s.end = Offset(NumberArg(t, d, "end", int(s.end)))
	s.leader.Become(s.now, 0, PartitionState{
		ISR: replicasArg(t, d, "isr"), LeaderEpoch: LeaderEpoch(NumberArg(t, d, "epoch", int(s.leader.Epoch)+1)),
		PartitionEpoch: PartitionEpoch(NumberArg(t, d, "partition-epoch", int(s.leader.ISR.PartitionEpoch)+1)),
	}, s.end, !d.HasArg("again"))
	s.moveHW()
}

// fetch is Partition.updateFollowerFetchState: the follower's state, the ISR, the
// high watermark, in this order.
func (s *leaderStory) fetch(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	i := ReplicaIndex(NumberArg(t, d, "from", 0) - 1)
	f := &s.leader.Followers[i]
	f.OnFetch(s.now, Offset(NumberArg(t, d, "offset", 0)), s.end, BrokerEpoch(NumberArg(t, d, "broker-epoch", int(registeredEpoch))))
	if s.leader.CanExpand(i) && s.eligible().Has(i) {
		s.propose(s.leader.ISR.Committed.With(i))
	}
	s.moveHW()
}

// eligible is Partition.isReplicaIsrEligible of every follower.
func (s *leaderStory) eligible() ReplicaSet {
	var set ReplicaSet
	for i := range s.leader.Followers {
		epoch := s.leader.Followers[i].BrokerEpoch
		if s.alive.Has(ReplicaIndex(i)) && (epoch == NoBrokerEpoch || epoch == registeredEpoch) {
			set = set.With(ReplicaIndex(i))
		}
	}
	return set
}

func (s *leaderStory) propose(isr ReplicaSet) {
	s.leader.Propose(isr)
	s.proposal, _ = s.leader.Proposal()
	fmt.Fprintf(&s.events, "asks for isr %s, partition epoch %d\n", brokersOf(isr), s.proposal.PartitionEpoch)
}

func (s *leaderStory) moveHW() {
	s.leader.HW = s.leader.HighWatermark(s.now, s.end, s.eligible(), lagTimeMax)
}

func (s *leaderStory) state() string {
	l := &s.leader
	text := fmt.Sprintf("hw %d, end %d, isr %s", l.HW, s.end, brokersOf(l.ISR.Committed))
	if l.ISR.InFlight {
		text += fmt.Sprintf(", maximal %s", brokersOf(l.ISR.Maximal()))
	}
	for i := range l.Followers {
		if i == 0 {
			continue
		}
		f := &l.Followers[i]
		text += fmt.Sprintf("\n  broker %d: ", i+1)
		if f.LogEnd == UnknownOffset {
			text += "end unknown"
		} else {
			text += fmt.Sprintf("end %d", f.LogEnd)
		}
		if f.LastCaughtUp == longAgo {
			text += ", never caught up"
		} else {
			text += fmt.Sprintf(", caught up at %s", f.LastCaughtUp.Sub(0))
		}
	}
	return text + "\n"
}

// replicasArg is a set of brokers such as isr=(1,3), as replicas.
func replicasArg(t *testing.T, d *datadriven.TestData, key string) ReplicaSet {
	t.Helper()
	var set ReplicaSet
	for _, b := range brokersArg(t, d, key) {
		set = set.With(ReplicaIndex(b - 1))
	}
	return set
}

func brokersOf(set ReplicaSet) string {
	var names []string
	for i := range MaxReplicas {
		if set.Has(ReplicaIndex(i)) {
			names = append(names, fmt.Sprint(i+1))
		}
	}
	return "{" + strings.Join(names, " ") + "}"
}
