package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/models/kafka"
	"kafkasim/sim"
)

// TestMemberScripts plays the stories of testdata/member: one member, whose
// environment is the script. Every command takes at=... (the time, which stays
// until the next) and prints the effects. Commands:
//
//	new ...        as in the group scripts
//	start, poll, work, coordinator, disconnect, revoked, close, wake
//	answer kind=join|sync|heartbeat [error=...] [id=1] [generation=1] [leader]
//	    [plan=(0,1,...)] [late]   the answer to the last such request, or with
//	    late to the one before; plan: the partitions of the member, sync only
//	commit error=...   an offset commit is sent, and answered so
//	state
func TestMemberScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/member", func(t *testing.T, path string) {
		t.Helper()
		var s memberScript
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			if d.Cmd == "new" {
				s = memberScript{m: scriptBus(t, d).members[0], sent: map[kafka.GroupRequestKind][]kafka.GroupRequest{}}
				return ""
			}
			s.now = sim.Time(kafka.DurationArg(t, d, "at", time.Duration(s.now)))
			if d.Cmd == "state" {
				return fmt.Sprintf("%v %v, generation %d, %v\n", s.m.Key(), s.m.State(), s.m.Generation(), s.m.Owned())
			}
			return s.tell(s.play(t, d))
		})
	})
}

type memberScript struct {
	m    *kafka.Member
	now  sim.Time
	sent map[kafka.GroupRequestKind][]kafka.GroupRequest
}

func (s *memberScript) play(t *testing.T, d *datadriven.TestData) []kafka.MemberEffect {
	t.Helper()
	switch d.Cmd {
	case "start":
		return s.m.Start(s.now, nil)
	case "poll":
		return s.m.OnPoll(s.now, nil)
	case "work":
		return s.m.OnProcessing(s.now, nil)
	case "coordinator":
		return s.m.OnCoordinator(s.now, nil)
	case "disconnect":
		return s.m.OnDisconnect(s.now, nil)
	case "revoked":
		return s.m.OnRevoked(s.now, nil)
	case "close":
		return s.m.OnClose(s.now, nil)
	case "wake":
		return s.m.OnWake(s.now, nil)
	case "answer":
		return s.m.OnResponse(s.now, s.answer(t, d), nil)
	case "commit":
		request, refused := s.m.CommitRequest()
		if refused != kafka.NoGroupError {
			return []kafka.MemberEffect{{Kind: kafka.MemberFailed, Error: refused}}
		}
		return s.m.OnCommitResponse(s.now, request, groupErrorNamed(t, kafka.WordArg(d, "error", "NONE")), nil)
	default:
		t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
		return nil
	}
}

func (s *memberScript) answer(t *testing.T, d *datadriven.TestData) kafka.GroupResponse {
	t.Helper()
	kind := map[string]kafka.GroupRequestKind{
		"join": kafka.JoinGroup, "sync": kafka.SyncGroup, "heartbeat": kafka.GroupHeartbeat,
	}[kafka.WordArg(d, "kind", "")]
	requests := s.sent[kind]
	request := requests[len(requests)-1]
	if d.HasArg("late") {
		request = requests[len(requests)-2]
	}
	response := kafka.GroupResponse{
		Kind: kind, Sequence: request.Sequence, Error: groupErrorNamed(t, kafka.WordArg(d, "error", "NONE")),
		Key: request.Key, Generation: kafka.Generation(kafka.NumberArg(t, d, "generation", 1)), Leader: kafka.NoMember(),
	}
	if id := kafka.NumberArg(t, d, "id", 0); id > 0 {
		response.Key.Incarnation = kafka.Incarnation(id)
	}
	if d.HasArg("leader") {
		response.Leader = response.Key
		response.Roster = &kafka.Roster{Members: []kafka.MemberSubscription{{Key: response.Key}}}
	}
	if d.HasArg("plan") {
		plan := &kafka.Plan{Members: []kafka.MemberKey{response.Key}}
		for range 6 {
			plan.Owners = append(plan.Owners, kafka.NoOwner)
		}
		for _, p := range kafka.NumbersArg(t, d, "plan") {
			plan.Owners[p] = 0
		}
		response.Plan = plan
	}
	return response
}

func (s *memberScript) tell(effects []kafka.MemberEffect) string {
	var text strings.Builder
	for _, e := range effects {
		switch e.Kind {
		case kafka.SendToCoordinator:
			s.sent[e.Request.Kind] = append(s.sent[e.Request.Kind], e.Request)
			fmt.Fprintf(&text, "send %v as %v", e.Request.Kind, e.Request.Key)
			if e.Request.Subscription != nil {
				fmt.Fprintf(&text, ", owns %v of generation %d", e.Request.Subscription.Owned, e.Request.Subscription.Generation)
			}
			if e.Request.Plan != nil {
				fmt.Fprintf(&text, ", plan %v", e.Request.Plan.Owners)
			}
		case kafka.CommitBeforeRevoke:
			fmt.Fprintf(&text, "commit %v", e.Partitions)
			if e.Stop {
				text.WriteString(" and stop")
			}
		case kafka.WakeMember:
			fmt.Fprintf(&text, "wake at %v", e.At)
		case kafka.MemberFailed:
			fmt.Fprintf(&text, "tell the application: %v", e.Error)
		case kafka.RevokePartitions, kafka.LosePartitions, kafka.AssignPartitions:
			fmt.Fprintf(&text, "%v %v", e.Kind, e.Partitions)
		case kafka.FindCoordinator:
			text.WriteString(e.Kind.String())
		}
		text.WriteString("\n")
	}
	if text.Len() == 0 {
		return "nothing\n"
	}
	return text.String()
}
