package kafka

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

// The scripts under testdata are stories of a cluster and its controller. Time
// stands still unless a command says at=DURATION; a heartbeat reports that its
// broker has applied all metadata unless it says offset=N.
func TestControllerScripts(t *testing.T) {
	for _, dir := range []string{"controller", "election", "elr"} {
		datadriven.Walk(t, "testdata/"+dir, func(t *testing.T, path string) {
			t.Helper()
			var story controllerStory
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				t.Helper()
				return story.run(t, d)
			})
		})
	}
}

// controllerStory is the state of one script.
type controllerStory struct {
	controller *Controller
	now        sim.Time
}

func (s *controllerStory) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	if d.HasArg("at") {
		s.now = sim.Time(0).Add(DurationArg(t, d, "at", 0))
	}
	switch d.Cmd {
	case "cluster":
		s.create(t, d)
		return s.partitions()
	case "brokers":
		return s.brokers()
	case "partitions":
		return s.partitions()
	case "check":
		return s.check()
	case "heartbeat":
		return s.heartbeat(t, d)
	case "register":
		return s.register(t, d)
	case "alter":
		return s.alter(t, d)
	default:
		return s.operator(t, d)
	}
}

// operator runs the commands that are neither a broker's nor a look.
func (s *controllerStory) operator(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var out []Change
	before := s.controller.MetadataOffset()
	switch d.Cmd {
	case "activate":
		s.controller.Activate(s.now)
		return "ok\n"
	case "preferred":
		_, out = s.controller.ElectPreferred(nil)
	case "unclean":
		_, out = s.controller.ElectUnclean(nil)
	case "assign-directory":
		b := BrokerID(NumberArg(t, d, "broker", 0))
		var ok bool
		if ok, out = s.controller.AssignDirectory(b, s.controller.Broker(b).Epoch, nil); !ok {
			return "STALE_BROKER_EPOCH\n"
		}
	case "config":
		settings := TopicConfig{NumberArg(t, d, "min", 1), d.HasArg("unclean")}
		out = s.controller.SetTopicConfig(PartitionRange{0, PartitionID(len(s.controller.partitions))}, settings, nil)
		return fmt.Sprintf("records: %d\n", s.controller.MetadataOffset()-before) + s.render(out)
	default:
		d.Fatalf(t, "unknown command %q", d.Cmd)
	}
	return s.render(out)
}

// create builds the cluster: one partition a line, its replicas in order, with
// "min=2" and "unclean" as wanted.
func (s *controllerStory) create(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	config := ControllerConfig{SessionTimeout: 9 * time.Second, ELR: d.HasArg("elr"), Version: scenarios.V43}
	if d.HasArg("v40") {
		config.Version = scenarios.V40
	}
	var partitions []PartitionInfo
	for line := range strings.Lines(d.Input) {
		info := PartitionInfo{MinInsyncReplicas: 1}
		for word := range strings.FieldsSeq(line) {
			switch {
			case word == "unclean":
				info.UncleanElection = true
			case strings.HasPrefix(word, "min="):
				info.MinInsyncReplicas, _ = strconv.Atoi(word[4:])
			default:
				id, err := strconv.Atoi(word)
				if err != nil {
					d.Fatalf(t, "replica %q", word)
				}
				info.Replicas = append(info.Replicas, BrokerID(id))
			}
		}
		partitions = append(partitions, info)
	}
	s.controller, s.now = NewController(config, NumberArg(t, d, "brokers", 3), partitions), 0
}

// heartbeat sends one heartbeat of each broker named.
func (s *controllerStory) heartbeat(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var text strings.Builder
	for _, b := range brokersArg(t, d, "broker") {
		request := HeartbeatRequest{
			Broker:         b,
			Epoch:          BrokerEpoch(NumberArg(t, d, "epoch", int(s.controller.Broker(b).Epoch))),
			MetadataOffset: int64(NumberArg(t, d, "offset", int(s.controller.MetadataOffset()))),
			WantFence:      d.HasArg("fence"),
			WantShutdown:   d.HasArg("shutdown"),
		}
		result, out := s.controller.Heartbeat(s.now, request, nil)
		fmt.Fprintf(&text, "broker %d:%s\n%s", b, flags(
			"stale epoch", result.StaleEpoch, "fenced", result.Fenced, "caught up", result.CaughtUp,
			"in controlled shutdown", result.InControlledShutdown, "may exit", result.ShouldShutdown), s.render(out))
	}
	return text.String()
}

func (s *controllerStory) register(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	b := BrokerID(NumberArg(t, d, "broker", 0))
	request := RegisterRequest{
		Broker:         b,
		Clean:          d.HasArg("clean"),
		PreviousEpoch:  BrokerEpoch(NumberArg(t, d, "previous", int(s.controller.Broker(b).Epoch))),
		EmptyDirectory: d.HasArg("empty-directory"),
	}
	result, out := s.controller.Register(s.now, request, nil)
	if result.Refused {
		return "DUPLICATE_BROKER_REGISTRATION\n"
	}
	return s.render(out)
}

func (s *controllerStory) alter(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	b, p := BrokerID(NumberArg(t, d, "broker", 0)), PartitionID(NumberArg(t, d, "partition", 0))
	request := AlterRequest{Broker: b, Partition: p, Recovering: d.HasArg("recovering")}
	request.BrokerEpoch = BrokerEpoch(NumberArg(t, d, "broker-epoch", int(s.controller.Broker(b).Epoch)))
	if int(p) < len(s.controller.partitions) {
		state := s.controller.Partition(p)
		request.LeaderEpoch = LeaderEpoch(NumberArg(t, d, "leader-epoch", int(state.LeaderEpoch)))
		request.PartitionEpoch = PartitionEpoch(NumberArg(t, d, "partition-epoch", int(state.PartitionEpoch)))
		request.MemberEpochs = make([]BrokerEpoch, len(s.controller.Assignment(p)))
		for i, member := range s.controller.Assignment(p) {
			request.MemberEpochs[i] = NoBrokerEpoch
			for _, b := range brokersArg(t, d, "isr") {
				if b == member {
					request.NewISR = request.NewISR.With(ReplicaIndex(i))
				}
			}
			if d.HasArg("member-epochs") {
				request.MemberEpochs[i] = BrokerEpoch(NumberArg(t, d, "member-epochs", 0))
			}
		}
		if d.HasArg("stranger") {
			request.NewISR = request.NewISR.With(ReplicaIndex(len(s.controller.Assignment(p))))
		}
	}
	result, out := s.controller.AlterPartition(request, nil)
	return result.Error.String() + "\n" + s.render(out)
}

// check runs passes of FenceStale until one fences nobody.
func (s *controllerStory) check() string {
	var text strings.Builder
	for {
		b, out := s.controller.FenceStale(s.now, nil)
		if b == NoBroker {
			return text.String() + "none stale\n"
		}
		text.WriteString(s.render(out))
	}
}

func (s *controllerStory) render(out []Change) string {
	var text strings.Builder
	for _, change := range out {
		switch change.Kind {
		case PartitionChanged:
			fmt.Fprintf(&text, "partition %d: %s%s\n", change.Partition, s.state(change.Partition, change.State), electionName(change.Election))
		case BrokerRegistered:
			fmt.Fprintf(&text, "broker %d: registered, epoch %d\n", change.Broker, change.Epoch)
		case BrokerFenced:
			fmt.Fprintf(&text, "broker %d: fenced\n", change.Broker)
		case BrokerUnfenced:
			fmt.Fprintf(&text, "broker %d: unfenced\n", change.Broker)
		case BrokerInControlledShutdown:
			fmt.Fprintf(&text, "broker %d: in controlled shutdown\n", change.Broker)
		}
	}
	return text.String()
}

// state prints a partition with brokers instead of replica indexes.
func (s *controllerStory) state(p PartitionID, state PartitionState) string {
	assignment := s.controller.Assignment(p)
	name := func(i ReplicaIndex) string {
		if i == NoReplica {
			return "none"
		}
		return strconv.Itoa(int(assignment[i]))
	}
	set := func(replicas ReplicaSet) string {
		var members []string
		for i := range assignment {
			if replicas.Has(ReplicaIndex(i)) {
				members = append(members, name(ReplicaIndex(i)))
			}
		}
		return "{" + strings.Join(members, " ") + "}"
	}
	text := fmt.Sprintf("leader %s, isr %s, epochs %d %d", name(state.Leader), set(state.ISR), state.LeaderEpoch, state.PartitionEpoch)
	if state.ELR != 0 {
		text += ", elr " + set(state.ELR)
	}
	if state.LastKnownLeader != NoReplica {
		text += ", last known " + name(state.LastKnownLeader)
	}
	if state.Recovering {
		text += ", recovering"
	}
	return text
}

func (s *controllerStory) partitions() string {
	var text strings.Builder
	for p := range s.controller.partitions {
		fmt.Fprintf(&text, "partition %d: %s\n", p, s.state(PartitionID(p), s.controller.Partition(PartitionID(p))))
	}
	return text.String()
}

func (s *controllerStory) brokers() string {
	var text strings.Builder
	for i := range s.controller.brokers {
		broker := s.controller.Broker(BrokerID(i + 1))
		contact := "no session"
		if broker.ContactKnown {
			contact = "last contact " + broker.LastContact.Sub(0).String()
		}
		fmt.Fprintf(&text, "broker %d: epoch %d, %s,%s metadata %d\n", i+1, broker.Epoch, contact,
			flags("fenced,", broker.Fenced, "in controlled shutdown,", broker.InControlledShutdown), broker.MetadataOffset)
	}
	return text.String()
}

// flags names the true ones of pairs of a name and a bool.
func flags(pairs ...any) string {
	text := ""
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(bool) {
			text += " " + pairs[i].(string)
		}
	}
	return text
}

func electionName(kind ElectionKind) string {
	switch kind {
	case CleanElection:
		return " (clean election)"
	case PreferredElection:
		return " (preferred election)"
	case UncleanElection:
		return " (unclean election)"
	case LastKnownLeaderElection:
		return " (election of the last known leader)"
	case NoElection:
	}
	return ""
}
