package analytic

import (
	"time"

	"kafkasim/models/kafka"
	"kafkasim/scenarios"
)

// leaderlessTime bounds leaderless.time: the time in which a partition has no leader
// whose process runs, summed over partitions.
//
// Brokers that die leave what they led without a leader until the controller fences
// them (detection). A frozen or isolated leader is registered, and runs, until
// another one is in the same record; one that stops in order hands over before it
// ends. Where no replica is left, or upsets may meet, a partition may wait to the end
// of the run.
//
// Source: kafka.md A.8, A.10.
func (s *scene) leaderlessTime() Bound {
	var terms []Term
	if len(s.upsets) > 0 {
		for t := range s.spec.Topics {
			terms = append(terms, s.leaderless(t)...)
		}
	}
	return sum("leaderless.time", "s", "every partition has a leader whose process runs at all times", terms)
}

// leaderless is leaderlessTime of one topic.
func (s *scene) leaderless(topic int) []Term {
	t := &s.spec.Topics[topic]
	whole := func(at time.Duration, partitions int, why string) []Term {
		return []Term{{
			Name: "no leader to the end", Of: t.Name, Formula: "partitions × the time from the first fault to the end of the run; " + why,
			Inputs: []Input{{"partitions", float64(partitions), ""}, seconds("from", at), seconds("end of the run", s.end)},
			Result: float64(partitions) * max(0, s.end-at).Seconds(),
		}}
	}
	u := s.one
	if u == nil {
		return whole(s.first, t.Partitions, s.vague)
	}
	count, _ := s.touched(u, topic)
	if s.replicas(u, topic) == t.ReplicationFactor {
		if u.kind == isolated || count == 0 { // its process runs and others hear nobody else
			count, _ = s.ledBy(u, topic)
			if !u.control || count == 0 {
				return nil
			}
		}
		return whole(u.at, count, "no replica is left to lead")
	}
	if u.kind != dies {
		return nil
	}
	if count, _ = s.ledBy(u, topic); count == 0 {
		return nil
	}
	d, in := s.detection(u)
	return []Term{{
		Name: "until another leads", Of: t.Name, Formula: "partitions that the brokers lead × (session + check + commit and what is before them)",
		Inputs: append([]Input{{"partitions", float64(count), ""}}, in...), Result: float64(count) * d.Seconds(),
	}}
}

// writeStall bounds produce.stall: the longest time without an acknowledgement on a
// partition while a record waits for one. A stall is a chain of waits, each with its
// own limit, and the bound is the longest chain of any producer:
//
//   - the controller finds out (detection), or the lag rule strikes a follower out,
//   - or the fault ends first, where whoever is waited for goes on by itself,
//   - the client finds out: a silent peer costs it a request's timeout, and trying
//     to connect and to ask it, as much again; then metadata, back-offs, and with
//     acks=all a follower that asked too early (kafka.md A.2, J.3),
//   - what is healthy: a linger and a write.
//
// Where writes cannot go on before the broker is back, or upsets may meet, the end
// of the run is the limit.
func (s *scene) writeStall() Bound {
	var worst []Term
	longest := -1.0
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		for _, chain := range s.stalls(p) {
			if t := total(chain); t > longest {
				longest, worst = t, chain
			}
		}
	}
	return sum("produce.stall", "s", "nothing is written", worst)
}

// wait is one link of a chain.
func wait(p *scenarios.Producer, name, formula string, in ...Input) Term {
	t := Term{Name: name, Of: p.Name, Formula: formula, Inputs: in}
	for i := range in {
		t.Result += in[i].Value
	}
	return t
}

// stalls are the chains that may hold a producer up, one after the other.
func (s *scene) stalls(p *scenarios.Producer) [][]Term {
	healthy := wait(p, "a healthy write", "linger + write", seconds("linger.ms", p.Config.Linger), seconds("a healthy write", patience))
	if s.first == scenarios.Forever {
		return [][]Term{{healthy}}
	}
	u := s.one
	if u == nil && (len(s.upsets) > 0 || s.vague != "") {
		return [][]Term{{s.toTheEnd(p, s.first, s.vague), healthy}}
	}
	if u == nil {
		return [][]Term{{healthy}}
	}
	left := s.spec.Topics[p.Topic].ReplicationFactor - s.replicas(u, p.Topic)
	need := 1
	if p.Config.Acks == scenarios.AcksAll {
		need = max(1, min(s.spec.Topics[p.Topic].Config.MinInsyncReplicas, s.spec.Topics[p.Topic].ReplicationFactor))
	}
	count, _ := s.touched(u, p.Topic)
	switch {
	case count == 0 && u.brokers != nil:
		return [][]Term{{healthy}}
	case left < need:
		return [][]Term{{s.toTheEnd(p, u.at, "too few replicas are left"), healthy}}
	case u.kind == isolated && !u.control:
		return [][]Term{append(s.withoutControl(p, u), healthy)}
	}
	chains := [][]Term{append(s.replaced(p, u), healthy)}
	if p.Config.Acks == scenarios.AcksAll && (u.kind == freezes || u.kind == isolated) {
		chains = append(chains, []Term{s.secondStall(p, u), s.learns(p, false), healthy})
		if t, some := s.heardAgain(p, u); some {
			chains = append(chains, []Term{t, s.learns(p, false), healthy})
		}
	}
	return chains
}

// toTheEnd is a stall that only the end of the run limits.
func (s *scene) toTheEnd(p *scenarios.Producer, at time.Duration, why string) Term {
	t := wait(p, "to the end of the run", "from the first fault to the end of the run; "+why, seconds("first fault to the end", max(0, s.end-at)))
	return t
}

// replaced is a stall that another leader, or an ISR without the broker, ends; or,
// of a pause, the end of the pause.
func (s *scene) replaced(p *scenarios.Producer, u *upset) []Term {
	d, in := s.detection(u)
	formula := "session + check + commit and what is before them"
	if u.kind == stops {
		d, in = s.signalTime()+patience, []Input{seconds("signal to heartbeat", s.signalTime()), seconds("commit and its way", patience)}
		formula = "signal + commit"
	}
	chain := []Term{wait(p, "until it is found out", formula, in...)}
	if u.silent {
		chain = append(chain, s.silence(p, u, d))
	}
	chain = append(chain, s.learns(p, false))
	if u.kind != freezes || u.away == scenarios.Forever {
		return chain
	}
	// It may also be over before, and then everybody goes on; or not be noticed.
	wakes := 2 * patience
	over := []Term{
		wait(p, "until it goes on", "pause + what has piled up", seconds("pause", u.away), seconds("what has piled up", wakes)),
		s.learns(p, true),
	}
	if s.dethrones(u) && total(chain) < total(over) {
		return chain
	}
	return over
}

// total is the sum of terms.
func total(terms []Term) float64 {
	t := 0.0
	for i := range terms {
		t += terms[i].Result
	}
	return t
}

// silence is what a peer costs a client that says nothing and closes nothing, beyond
// the time after which there is somebody else: the rest of the request's timeout, or an
// attempt to connect that began just before. One that looks alive may be asked for
// metadata too.
func (s *scene) silence(p *scenarios.Producer, u *upset, found time.Duration) Term {
	request := p.Config.RequestTimeout + p.Config.RequestOverhead
	rest := max(0, request-found)
	in := []Input{seconds("request timeout, less what finding out takes", rest)}
	if u.kind == dies {
		if rest >= connectSetup {
			return wait(p, "a silent peer", "the rest of a request's timeout", in...)
		}
		return wait(p, "a silent peer", "an attempt to connect", seconds("connection set-up", connectSetup))
	}
	in = append(in, seconds("connection set-up", connectSetup), seconds("metadata", min(connectSetup, p.Config.RequestTimeout)))
	return wait(p, "a silent peer", "the rest of a request's timeout + an attempt to connect + metadata asked of it", in...)
}

// learns is from another leader's election until a client's write to it is answered;
// of the same one's return if again.
func (s *scene) learns(p *scenarios.Producer, again bool) Term {
	c := &p.Config
	stretch := func(d time.Duration) time.Duration { return time.Duration(jitter * float64(d)) }
	// Both run at the same time: what is sent again waits for newer metadata.
	in := []Input{seconds("the longer of metadata age and back-off", max(c.MetadataMinAge, stretch(c.RetryBackoffMax)))}
	if again {
		in = append(in, seconds("reconnect back-off", stretch(c.ReconnectBackoffMax)))
	}
	if c.Acks == scenarios.AcksAll {
		in = append(in, seconds("replica.fetch.backoff.ms, and again after a truncation", 2*s.config.ReplicaFetchBackoff))
	}
	return wait(p, "until the client knows", "metadata or back-off + a follower that asked too early", in...)
}

// longestRTO is TCP_RTO_MAX of Linux: waits between retransmissions double up to it,
// so that the next one may come as long after a cut as the cut has lasted.
const longestRTO = 120 * time.Second

// withoutControl is a broker that peers or clients do not hear and the controllers
// do. Its followers fall behind and are struck out by the lag rule; its clients wait
// until they hear it again.
func (s *scene) withoutControl(p *scenarios.Producer, u *upset) []Term {
	var chain []Term
	if u.clients {
		if u.away == scenarios.Forever {
			return []Term{s.toTheEnd(p, u.at, "clients do not reach a leader that stays one")}
		}
		chain = append(chain, wait(p, "until clients hear it again", "cut + TCP's next try", seconds("cut", u.away),
			seconds("TCP's next try", min(u.away, longestRTO))), s.silence(p, u, u.away), s.learns(p, true))
	}
	if u.peers && p.Config.Acks == scenarios.AcksAll {
		chain = append(chain, s.struckOut(p), s.learns(p, false))
	}
	return chain
}

// heardAgain is the wait for a follower that is cut off for less than its session, or
// for one that cannot fetch from such a leader: it stays in the ISR until the lag rule
// strikes it out, and fetches when TCP tries again.
func (s *scene) heardAgain(p *scenarios.Producer, u *upset) (Term, bool) {
	c := s.config
	if u.kind != isolated || !u.peers || u.away >= c.SessionTimeout+kafka.StaleCheckPeriod(c.SessionTimeout) {
		return Term{}, false
	}
	next := min(u.away, longestRTO)
	if u.away+next >= c.ReplicaLagTimeMax*3/2+patience {
		return s.struckOut(p), true
	}
	return wait(p, "until followers hear it again", "cut + TCP's next try", seconds("cut", u.away), seconds("TCP's next try", next)), true
}

// struckOut is the wait for the lag rule: a follower that does not fetch leaves the ISR.
func (s *scene) struckOut(p *scenarios.Producer) Term {
	return wait(p, "until the lag rule strikes it out", "1.5 × replica.lag.time.max.ms + commit",
		seconds("1.5 × replica.lag.time.max.ms", s.config.ReplicaLagTimeMax*3/2), seconds("commit and its way", patience))
}

// secondStall is the wait for a broker that comes back without a restart: from its
// return until it fetches again it counts as caught up and may join the ISR, so that
// the high watermark waits for it; until replica.lag.time.max.ms have passed since it
// was caught up. Of these it was away, and a session less a heartbeat went by before it
// was fenced; a connection that was cut may be silent for as long again (TCP doubles its
// waits).
//
// Source: kafka.md J.6 (Partition.maybeIncrementLeaderHW, isReplicaIsrEligible).
func (s *scene) secondStall(p *scenarios.Producer, u *upset) Term {
	c := s.config
	behind := max(u.away, c.SessionTimeout-c.HeartbeatInterval)
	t := wait(p, "the return of a broker that did not restart", "replica.lag.time.max.ms − the longer of the time away and session − heartbeat",
		seconds("replica.lag.time.max.ms", c.ReplicaLagTimeMax), seconds("less the longer of the time away and session − heartbeat", -behind))
	t.Result = max(0, t.Result)
	return t
}
