package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// TestGroupRequests plays testdata/group/requests: one coordinator, whose
// clients are the script. Every command takes at=... (the time, which stays until
// the next) and prints the effects. Commands:
//
//	new [delay=3s]
//	begin-load, load, unload, crash
//	join m=0 [id=1] [static] [owned=(0,1)] [generation=1] [session=45s]
//	    [rebalance=60s] [cooperative]
//	sync m=0 id=1 generation=1 [static] [plan=3]   with a plan that gives it 3 partitions
//	heartbeat, leave, commit m=0 id=1 generation=1 [static]
//	stored version=1 [error=...]
//	timer kind=session|join|sync [m=0 id=1] armed=3s   the wake-up for armed
//	state
//
// The sequence of a request is its number in the script.
func TestGroupRequests(t *testing.T) {
	datadriven.Walk(t, "testdata/group/requests", func(t *testing.T, path string) {
		t.Helper()
		var s requestScript
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			if d.Cmd == "new" {
				s = requestScript{g: kafka.NewGroup(kafka.GroupConfig{InitialRebalanceDelay: kafka.DurationArg(t, d, "delay", 3*time.Second)})}
				return ""
			}
			s.now = sim.Time(kafka.DurationArg(t, d, "at", time.Duration(s.now)))
			return s.play(t, d)
		})
	})
}

type requestScript struct {
	g     *kafka.Group
	now   sim.Time
	count uint32
}

func (s *requestScript) play(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "begin-load":
		s.g.BeginLoad()
		return ""
	case "crash":
		s.g.Crash()
		return ""
	case "load":
		return tellGroup(s.g.Load(s.now, nil))
	case "unload":
		return tellGroup(s.g.Unload(nil))
	case "state":
		return fmt.Sprintf("%v, generation %d, %d members, leader %v\n", s.g.State(), s.g.Generation(), s.g.Members(), s.g.Leader())
	case "stored":
		version := int32(kafka.NumbersArg(t, d, "version")[0])
		return tellGroup(s.g.OnStored(s.now, version, groupErrorNamed(t, kafka.WordArg(d, "error", "NONE")), nil))
	case "timer":
		timer := kafka.GroupTimer{Key: s.key(t, d), At: sim.Time(kafka.DurationArg(t, d, "armed", 0))}
		timer.Kind = map[string]kafka.GroupTimerKind{"session": kafka.SessionTimer, "join": kafka.JoinTimer, "sync": kafka.SyncTimer}[kafka.WordArg(d, "kind", "")]
		return tellGroup(s.g.OnTimer(s.now, timer, nil))
	case "commit":
		err, effects := s.g.OnCommit(s.now, s.request(t, d, kafka.OffsetCommit), nil)
		return err.String() + "\n" + tellGroup(effects)
	}
	kind := map[string]kafka.GroupRequestKind{
		"join": kafka.JoinGroup, "sync": kafka.SyncGroup, "heartbeat": kafka.GroupHeartbeat, "leave": kafka.LeaveGroup,
	}[d.Cmd]
	if kind == 0 {
		t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
	}
	return tellGroup(s.g.OnRequest(s.now, s.request(t, d, kind), nil))
}

func (s *requestScript) key(t *testing.T, d *datadriven.TestData) kafka.MemberKey {
	t.Helper()
	return kafka.MemberKey{
		Member:      kafka.MemberID(kafka.NumberArg(t, d, "m", 0)),
		Incarnation: kafka.Incarnation(kafka.NumberArg(t, d, "id", 0)),
	}
}

func (s *requestScript) request(t *testing.T, d *datadriven.TestData, kind kafka.GroupRequestKind) kafka.GroupRequest {
	t.Helper()
	s.count++
	r := kafka.GroupRequest{
		Kind: kind, Static: d.HasArg("static"), Key: s.key(t, d), Sequence: s.count,
		Generation: kafka.Generation(kafka.NumberArg(t, d, "generation", -1)),
	}
	if kind == kafka.JoinGroup {
		r.Subscription = &kafka.Subscription{
			Protocol: scenarios.Eager, SessionTimeout: kafka.DurationArg(t, d, "session", 45*time.Second),
			RebalanceTimeout: kafka.DurationArg(t, d, "rebalance", time.Minute), Generation: r.Generation,
		}
		if d.HasArg("cooperative") {
			r.Subscription.Protocol = scenarios.Cooperative
		}
		if d.HasArg("owned") {
			for _, p := range kafka.NumbersArg(t, d, "owned") {
				r.Subscription.Owned = append(r.Subscription.Owned, int32(p))
			}
		}
	}
	if kind == kafka.SyncGroup && d.HasArg("plan") {
		r.Plan = &kafka.Plan{Members: []kafka.MemberKey{r.Key}}
		for range kafka.NumberArg(t, d, "plan", 1) {
			r.Plan.Owners = append(r.Plan.Owners, 0)
		}
	}
	return r
}

func tellGroup(effects []kafka.GroupEffect) string {
	var text strings.Builder
	for _, e := range effects {
		switch e.Kind {
		case kafka.GroupWake:
			name := map[kafka.GroupTimerKind]string{kafka.SessionTimer: "session", kafka.JoinTimer: "join", kafka.SyncTimer: "sync"}[e.Timer.Kind]
			fmt.Fprintf(&text, "wake at %v: %s of %v\n", e.Timer.At, name, e.Timer.Key)
		case kafka.GroupStore:
			fmt.Fprintf(&text, "store version %d of %d members\n", e.Version, e.Members)
		case kafka.GroupRespond:
			tellResponse(&text, e.Response)
		}
	}
	if text.Len() == 0 {
		return "nothing\n"
	}
	return text.String()
}

func tellResponse(text *strings.Builder, r kafka.GroupResponse) {
	fmt.Fprintf(text, "answer request %d, %v of %v: %v", r.Sequence, r.Kind, r.Key, r.Error)
	if r.Kind == kafka.JoinGroup && r.Error == kafka.NoGroupError {
		fmt.Fprintf(text, ", generation %d, leader %v", r.Generation, r.Leader)
	}
	if r.Roster != nil {
		text.WriteString(", roster")
		for _, m := range r.Roster.Members {
			fmt.Fprintf(text, " %v", m.Key)
		}
	}
	if r.SkipAssignment {
		text.WriteString(", skip the assignment")
	}
	if r.Plan != nil {
		fmt.Fprintf(text, ", %v", r.Plan.AppendOwned(nil, r.Key))
	}
	text.WriteString("\n")
}
