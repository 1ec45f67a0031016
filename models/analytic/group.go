package analytic

import (
	"math"
	"time"

	"kafkasim/scenarios"
)

// rebalancesOf is how many times a group shares its partitions anew for one fault of
// a member, at most: when it is gone and when it is back, each of which takes two
// rounds in the cooperative protocol (KIP-429: one to give up, one to assign).
func rebalancesOf(g *scenarios.Group, f *scenarios.Fault) float64 {
	n := 2.0
	if f.Duration == scenarios.Forever {
		n = 1
	}
	if g.Protocol == scenarios.Cooperative {
		n *= 2
	}
	return n
}

// memberFaults are the faults of a group's members, in order of time, and why
// nothing is known of what they cost, where that is so.
func (s *scene) memberFaults(g int) (faults []*scenarios.Fault, none string) {
	group := &s.spec.Groups[g]
	for i := range s.spec.Faults {
		f := &s.spec.Faults[i]
		switch f.Kind { //nolint:exhaustive // the others are of servers and producers
		case scenarios.ConsumerCrash, scenarios.ConsumerPause, scenarios.ConsumerStop:
			if f.Target.Kind == scenarios.TargetMember && f.Target.Group == g {
				faults = append(faults, f)
			}
		case scenarios.SlowDownstream:
			hits := f.Target.Kind != scenarios.TargetMember || f.Target.Group == g
			if hits && s.mayMissPoll(group, f.Factor) {
				none = "slow_downstream: a poll may take longer than max.poll.interval.ms, again and again"
			}
		}
	}
	for i := 1; i < len(faults); i++ {
		for j := i; j > 0 && faults[j].At < faults[j-1].At; j-- {
			faults[j], faults[j-1] = faults[j-1], faults[j]
		}
	}
	switch {
	case none != "":
	case s.first != scenarios.Forever:
		none = "a fault of servers may take the group's coordinator away, and nobody's commits count until it is back"
	case s.mayMissPoll(group, 1):
		none = "a poll may take longer than max.poll.interval.ms, again and again"
	}
	return faults, none
}

// mayMissPoll says whether the work on one poll may take longer than a member may be
// away from poll: half of max.poll.interval.ms on average is taken for too much.
// kgo has no such limit.
func (s *scene) mayMissPoll(g *scenarios.Group, slow float64) bool {
	if g.Config.MaxPollInterval == scenarios.Forever {
		return false
	}
	poll := min(float64(g.Config.MaxPollRecords), s.made(g, 0, s.end))
	return poll*slow*g.Processing.Time.Seconds() > g.Config.MaxPollInterval.Seconds()/2
}

// made is the most records that come between two instants in the topics of a group.
func (s *scene) made(g *scenarios.Group, from, to time.Duration) float64 {
	total := 0.0
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		for _, t := range g.Topics {
			if t == p.Topic {
				f := newFlow(s.spec, p)
				total += f.between(from, to)
			}
		}
	}
	return total
}

// linger is the longest linger of those who write what a group reads.
func (s *scene) linger(g *scenarios.Group) time.Duration {
	longest := time.Duration(0)
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		for _, t := range g.Topics {
			if t == p.Topic {
				longest = max(longest, p.Config.Linger)
			}
		}
	}
	return longest
}

// consumedTwice bounds records.duplicated.consumed, by group and fault of a member:
//
//   - who takes over begins at the last commit: with automatic commits all that the
//     member had processed within auto.commit.interval.ms before the fault, and a poll
//     on each side; with a commit after each poll, one poll;
//   - each time that partitions change hands, a poll in the hands of every member:
//     consumers × records a poll.
//
// What was processed in an interval is what came in it, as long as the group kept up
// until then; after an earlier fault it may be all that was made before.
//
// Source: kafka.md C.1, B.3 (ConsumerCoordinator.maybeAutoCommitOffsetsAsync; kgo
// consumer_group.go), KIP-429.
func (s *scene) consumedTwice() Bound {
	var terms []Term
	for i := range s.spec.Groups {
		g := &s.spec.Groups[i]
		faults, none := s.memberFaults(i)
		if none != "" {
			terms = append(terms, Term{Name: "read again", Of: g.Name, Formula: "none is computed", Inputs: []Input{}, None: none})
			continue
		}
		for k, f := range faults {
			terms = append(terms, s.readAgain(g, f, faults[:k])...)
		}
	}
	return sum("records.duplicated.consumed", "records", "every member keeps its partitions, or gives them up when it has committed", terms)
}

// readAgain is what one fault of a member makes its group process again.
func (s *scene) readAgain(g *scenarios.Group, f *scenarios.Fault, before []*scenarios.Fault) []Term {
	var terms []Term
	if f.Kind != scenarios.ConsumerStop {
		terms = append(terms, s.uncommitted(g, f, before))
	}
	poll, in := s.pollSize(g, f, before)
	moves := rebalancesOf(g, f)
	others := float64(g.Members)
	if f.Kind == scenarios.ConsumerPause {
		others++ // it goes on with the poll that it held
	} else {
		others--
	}
	if f.Duration != scenarios.Forever && g.Members > 1 {
		others = max(others, float64(g.Members))
	}
	if n := others * moves * poll; n > 0 && g.Client == scenarios.FranzGo || f.Kind == scenarios.ConsumerPause {
		terms = append(terms, Term{
			Name: "polls in hand when partitions move", Of: g.Name, Formula: "consumers × records a poll × rebalances",
			Inputs: append([]Input{{"consumers", others, ""}}, append(in, Input{"rebalances", moves, ""})...), Result: n,
		})
	}
	return terms
}

// uncommitted is the interval's worth of records that a member had processed and not
// committed.
func (s *scene) uncommitted(g *scenarios.Group, f *scenarios.Fault, before []*scenarios.Fault) Term {
	poll, in := s.pollSize(g, f, before)
	t := Term{Name: "a poll not committed", Of: g.Name, Formula: "records a poll", Inputs: in, Result: poll}
	if g.Commit == scenarios.CommitAfterEachPoll {
		return t // the next poll waits for the commit
	}
	interval := g.Config.AutoCommitInterval
	if g.Commit == scenarios.CommitBeforeProcessing {
		interval = 0 // commits are under way
	}
	from := f.At - interval - s.linger(g) - 2*patience
	t.Name = "an interval not committed"
	t.Formula = "records made within auto.commit.interval.ms + linger + write + read before the fault, and a poll"
	t.Inputs = []Input{seconds("auto.commit.interval.ms", interval), seconds("linger.ms", s.linger(g)), seconds("a healthy write and read", 2*patience)}
	if len(before) > 0 {
		from = before[0].At - interval - s.linger(g) - 2*patience
		t.Formula = "records made since that before the group's first fault, and a poll"
		t.Inputs = append(t.Inputs, seconds("first fault", before[0].At), seconds("this one", f.At))
	}
	n := s.made(g, from, f.At)
	t.Inputs = append(append(t.Inputs, records("made", n)), in...)
	t.Result = n
	if s.workOn(g, poll) > patience { // else the poll is among those made within the second
		t.Result += poll
	}
	return t
}

// workOn is the mean time that a member works on so many records.
func (s *scene) workOn(g *scenarios.Group, n float64) time.Duration {
	return time.Duration(n * float64(g.Processing.Time) / float64(max(1, g.Processing.Threads)))
}

// pollSize is the most records that one poll hands out around a fault: max.poll.records,
// or what may be there to be read at all.
func (s *scene) pollSize(g *scenarios.Group, f *scenarios.Fault, before []*scenarios.Fault) (float64, []Input) {
	from := f.At - s.linger(g) - 2*patience
	if len(before) > 0 {
		from = before[0].At - s.linger(g) - 2*patience
	}
	n := s.made(g, from, s.end)
	if limit := float64(g.Config.MaxPollRecords); g.Config.MaxPollRecords != scenarios.Unbounded && limit < n {
		return limit, []Input{records("max.poll.records", limit)}
	}
	return n, []Input{records("a poll: all that may be there", n)}
}

// skippedLoss bounds records.lost.skipped: a group that commits before it processes
// loses the poll in the hands of a member that dies. The others lose none, while the
// group's offsets are kept and no position is reset beyond what was read.
//
// Source: kafka.md C.1, H.24.
func (s *scene) skippedLoss() Bound {
	var terms []Term
	for i := range s.spec.Groups {
		g := &s.spec.Groups[i]
		none := ""
		switch {
		case s.first != scenarios.Forever && !s.keepsCommitted(g):
			none = "a fault of servers may take positions or records away from under the group"
		case !g.Config.ResetEarliest && s.expires(g):
			none = "retention may overtake the group, and auto.offset.reset then passes over what is there"
		}
		if none != "" {
			terms = append(terms, Term{Name: "passed over", Of: g.Name, Formula: "none is computed", Inputs: []Input{}, None: none})
			continue
		}
		terms = append(terms, s.passedOver(i)...)
	}
	return sum("records.lost.skipped", "records", "no group commits what a member that dies has not processed", terms)
}

// keepsCommitted says whether what groups have read stays where it was: a member of
// the last ISR leads, and has it all, and a position that is lost begins anew.
func (s *scene) keepsCommitted(g *scenarios.Group) bool {
	if !g.Config.ResetEarliest || (s.one == nil && (len(s.upsets) > 0 || s.vague != "")) {
		return false
	}
	for _, t := range g.Topics {
		if s.one != nil && (s.one.lossy || s.replicas(s.one, t) == s.spec.Topics[t].ReplicationFactor) {
			return false
		}
	}
	return true
}

// expires says whether retention may delete anything of a group's topics in a run.
func (s *scene) expires(g *scenarios.Group) bool {
	for _, t := range g.Topics {
		c := &s.spec.Topics[t].Config
		if c.RetentionBytes != scenarios.Unbounded || c.RetentionTime < s.end {
			return true
		}
	}
	return false
}

// passedOver is skippedLoss of one group.
func (s *scene) passedOver(group int) []Term {
	g := &s.spec.Groups[group]
	var terms []Term
	faults, _ := s.memberFaults(group)
	for k, f := range faults {
		if g.Commit != scenarios.CommitBeforeProcessing || f.Kind != scenarios.ConsumerCrash {
			continue
		}
		poll, in := s.pollSize(g, f, faults[:k])
		if math.IsInf(poll, 1) {
			continue
		}
		terms = append(terms, Term{Name: "a poll committed and not processed", Of: g.Name, Formula: "records a poll", Inputs: in, Result: poll})
	}
	return terms
}
