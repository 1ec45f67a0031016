package analytic

import (
	"math"
	"time"

	"kafkasim/scenarios"
)

// troubled is when a producer's writes may wait: from the first fault until the
// longest stall after it is over, or the end of the run.
func (s *scene) troubled(stall *Bound) window {
	if s.first == scenarios.Forever {
		return window{}
	}
	if s.one == nil || !stall.Known {
		return window{s.first, s.end}
	}
	length := seconds2(stall.Value)
	to := s.one.at + length
	if s.one.away != scenarios.Forever && s.one.kind != dies {
		to = s.one.healed() + length // its return may stall writes again
	}
	return window{s.one.at, min(to, s.end)}
}

func seconds2(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// bufferLoss bounds records.lost.buffer: records that found the client's buffer full
// for longer than max.block.ms. While nothing is broken the buffer holds what is
// under way, if it is large enough for that. During a stall it fills, and a record is
// dropped when it has waited max.block.ms, so that what is made within the last
// max.block.ms of a stall is not; nor is anything if all of it has room. franz-go waits without limit, and drops nothing.
//
// Source: kafka.md B.1 (RecordAccumulator.append, BufferPool.allocate), B.3.
func (s *scene) bufferLoss(stall *Bound) Bound {
	var terms []Term
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		if p.Config.MaxBlock == scenarios.Forever {
			continue
		}
		f := newFlow(s.spec, p)
		if s.tight(p, &f) {
			terms = append(terms, Term{
				Name: "a buffer too small for healthy writes", Of: p.Name, Formula: "all records",
				Inputs: []Input{{"buffer.memory", float64(p.Config.BufferMemory), "bytes"}, {"peak rate", f.peak(0, s.spec.Duration), "1/s"}},
				Result: f.between(0, s.spec.Duration),
			})
			continue
		}
		terms = append(terms, s.startsEmpty(p, &f)...)
		w := s.troubled(stall)
		until := w.to + patience - p.Config.MaxBlock // a second to drain
		n := f.between(w.from, until)
		if w.to <= w.from || n == 0 || s.holds(p, f.between(w.from-s.fresh(p), w.to+patience)) {
			continue
		}
		terms = append(terms, Term{
			Name: "a full buffer", Of: p.Name, Formula: "records made during the stall, less the last max.block.ms of it",
			Inputs: []Input{
				{"peak rate", f.peak(w.from, until), "1/s"},
				seconds("stall", w.to-w.from), seconds("draining", patience),
				seconds("max.block.ms", p.Config.MaxBlock),
			},
			Result: n,
		})
	}
	return sum("records.lost.buffer", "records", "no buffer can be full for longer than its client waits", terms)
}

// holds says whether a buffer has room for so many records of each client. A batch
// takes batch.size, and is at least half full when the next one of its partition
// begins; each partition has one that is not, and one in each request in flight to any
// of its leaders, which keep their memory while they wait to be sent again, however
// small they are (RecordAccumulator.append, ProducerBatch's buffer of batch.size).
func (s *scene) holds(p *scenarios.Producer, n float64) bool {
	size := float64(p.RecordSize.P99)
	if !p.RecordSize.Fixed {
		size *= 3
	}
	topic := &s.spec.Topics[p.Topic]
	open := topic.Partitions * (2 + p.Config.MaxInFlight*topic.ReplicationFactor)
	need := 2*n*size + float64(open)*max(size, float64(p.Config.BatchSize))
	return p.Config.BufferMemory == scenarios.Unbounded || need <= float64(p.Config.BufferMemory)
}

// startsEmpty is what a client drops that starts again and has no metadata yet: it
// makes records wait for that as for memory.
func (s *scene) startsEmpty(p *scenarios.Producer, f *flow) (terms []Term) {
	for i := range s.spec.Faults {
		u := &s.spec.Faults[i]
		hit := u.Target.Kind != scenarios.TargetProducer || &s.spec.Producers[u.Target.Producer] == p
		if u.Kind != scenarios.ProducerCrash || u.Duration == scenarios.Forever || !hit {
			continue
		}
		back := u.At + u.Duration
		if s.first < back+patience {
			terms = append(terms, Term{
				Name: "a client without metadata", Of: p.Name,
				Formula: "records made after its return: what happened to the cluster before may keep metadata from it",
				Inputs: []Input{
					{"peak rate", f.peak(back, s.spec.Duration), "1/s"}, seconds("its return", back), seconds("end of the load", s.spec.Duration),
				},
				Result: f.between(back, s.spec.Duration),
			})
			continue
		}
		if p.Config.MaxBlock >= patience {
			continue
		}
		if n := f.between(back, back+patience-p.Config.MaxBlock); n > 0 {
			terms = append(terms, Term{
				Name: "a client without metadata", Of: p.Name, Formula: "records made within a second of its return, less max.block.ms",
				Inputs: []Input{{"peak rate", f.peak(back, back+patience), "1/s"}, seconds("an answer", patience), seconds("max.block.ms", p.Config.MaxBlock)},
				Result: n,
			})
		}
	}
	return terms
}

// tight says whether a buffer may be full without any fault: it does not hold a
// batch for every partition beside all that is made while a write is under way.
func (s *scene) tight(p *scenarios.Producer, f *flow) bool {
	rate := f.peak(0, s.spec.Duration) / float64(p.Instances)
	under := f.between(0, time.Millisecond) // the fewest that may come at once
	size := float64(p.RecordSize.P99)
	if !p.RecordSize.Fixed {
		size *= 3
	}
	way := mostOf(rate*(p.Config.Linger+patience).Seconds()) + under
	batches := float64(s.spec.Topics[p.Topic].Partitions) * max(float64(p.Config.BatchSize), size)
	if way > float64(p.Config.BufferRecords) {
		return true
	}
	return p.Config.BufferMemory != scenarios.Unbounded && way*max(size, 1)+batches > float64(p.Config.BufferMemory)
}

// crashLoss bounds records.lost.client_crash: what a producer that died had in its
// buffer, or was asked to send while it was away. While the cluster takes its
// records the buffer holds those of the last moments; once a fault of servers has
// come before, everything since then may still be in it.
//
// This is the content of the asynchronous publish buffer: the application was told
// that those records were sent when send() returned, and nobody acknowledged them.
//
// Source: kafka.md B.1.
func (s *scene) crashLoss() Bound {
	var terms []Term
	for i := range s.spec.Faults {
		u := &s.spec.Faults[i]
		if u.Kind != scenarios.ProducerCrash {
			continue
		}
		for j := range s.spec.Producers {
			if u.Target.Kind == scenarios.TargetProducer && u.Target.Producer != j {
				continue
			}
			p := &s.spec.Producers[j]
			f := newFlow(s.spec, p)
			from, name, formula := u.At-s.fresh(p), "the content of the publish buffer", "records made within linger + write before the crash"
			in := s.freshInputs(p)
			if s.first < u.At {
				from, formula = s.first-s.fresh(p), "records made from linger + write before the first fault until the crash"
				in = append(in, seconds("first fault", s.first), seconds("crash", u.At))
			}
			in = append([]Input{{"peak rate", f.peak(from, u.At), "1/s"}}, in...)
			terms = append(terms, Term{Name: name, Of: p.Name, Formula: formula, Inputs: in, Result: f.between(from, u.At)})
			back := s.end
			if u.Duration != scenarios.Forever {
				back = u.At + u.Duration
			}
			terms = append(terms, Term{
				Name: "a client that is away", Of: p.Name, Formula: "records made until it is back",
				Inputs: []Input{{"peak rate", f.peak(u.At, back), "1/s"}, seconds("away", min(back, s.spec.Duration)-u.At)},
				Result: f.between(u.At, back),
			})
		}
	}
	return sum("records.lost.client_crash", "records", "no producer dies", terms)
}

// producedTwice bounds records.duplicated.produced.
//
// An idempotent producer's batch is written once as long as none of its batches runs
// out of time, which bumps its epoch, and no leader forgets what it has
// (kafka.md A.6, B.1: five batches a producer and partition are remembered). Without
// idempotence a request whose answer is lost or late is sent again, and its batches
// stand in the log twice: all that a connection may have in flight, once for the
// fault, and with acks=all once more for each request timeout within the stall.
func (s *scene) producedTwice(stall, loss *Bound) Bound {
	var terms []Term
	for i := range s.spec.Producers {
		p := &s.spec.Producers[i]
		if t, some := s.writtenTwice(p, stall, loss); some {
			terms = append(terms, t)
		}
	}
	return sum("records.duplicated.produced", "records", "every producer is idempotent and forgets nothing, or gets each answer in time", terms)
}

// writtenTwice is producedTwice of one producer.
func (s *scene) writtenTwice(p *scenarios.Producer, stall, loss *Bound) (Term, bool) {
	c := &p.Config
	t := Term{Name: "answers that are lost or late", Of: p.Name, Formula: "none is computed", Inputs: []Input{}}
	switch {
	case c.Acks == scenarios.AcksNone:
		return t, false // nobody waits for an answer, and nothing is sent again
	case c.Idempotence && (s.mayExpire(p, stall) || !loss.Known || loss.Value > 0):
		t.None = "records may run out of time or be lost, and then brokers and client disagree on sequence numbers"
		return t, true
	case c.Idempotence:
		return t, false
	case s.first == scenarios.Forever && c.RequestTimeout+c.RequestOverhead > 2*patience:
		return t, false
	case s.one == nil || !stall.Known:
		t.None = "requests may time out again and again: " + s.reason("the request timeout is shorter than a healthy write may take")
		return t, true
	}
	return s.sentAgain(p, stall)
}

// reason is why nothing sharper is known.
func (s *scene) reason(otherwise string) string {
	if s.vague != "" {
		return s.vague
	}
	return otherwise
}

// sentAgain is what stands in a log twice for one upset: the smaller of what all
// connections may have in flight, and of what is made while answers may be late.
func (s *scene) sentAgain(p *scenarios.Producer, stall *Bound) (Term, bool) {
	c := &p.Config
	u := s.one
	topic := &s.spec.Topics[p.Topic]
	brokers := float64(u.count)
	rounds := 1.0
	if c.Acks == scenarios.AcksAll {
		brokers = float64(len(s.cluster.Brokers)) // any leader may wait for a follower on them
		rounds += math.Floor(stall.Value / c.RequestTimeout.Seconds())
	}
	f := newFlow(s.spec, p)
	to, until := min(s.troubled(stall).to, s.end), "until the stall is over"
	switch {
	case u.kind == dies && rounds == 1: // what is sent later finds nobody, or is answered late
		to, until = u.at, "until the fault"
	case u.kind == stops && rounds == 1:
		to, until = u.at+s.signalTime()+patience, "until the broker has handed over"
	}
	made := f.between(u.at-s.fresh(p), to)
	t := Term{
		Name: "answers that are lost or late", Of: p.Name, Formula: "records made from linger + write before the fault " + until + ", times the rounds of timeouts",
		Inputs: []Input{records("made while answers may be late", made), {"rounds", rounds, ""}}, Result: made * rounds,
	}
	if !p.RecordSize.Fixed || p.RecordSize.Mean == 0 {
		return t, t.Result > 0
	}
	content := min(float64(c.MaxRequestSize), float64(topic.Partitions)*float64(c.BatchSize))
	each := max(1, math.Floor(content/(float64(p.RecordSize.Mean)*c.CompressionRatio)))
	if flight := float64(p.Instances) * brokers * float64(c.MaxInFlight) * each * rounds; flight < t.Result {
		t.Formula, t.Result = "clients × brokers × requests in flight × records a request × rounds of timeouts", flight
		t.Inputs = []Input{
			{"clients", float64(p.Instances), ""},
			{"brokers", brokers, ""},
			{"max.in.flight.requests", float64(c.MaxInFlight), ""},
			records("a request", each),
			{"rounds", rounds, ""},
		}
	}
	return t, t.Result > 0
}
