package kafka

import (
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// A steadyProducer is a client in steady state: each request is answered 2 ms
// after it was sent, and nothing fails.
type steadyProducer struct {
	p       *Producer
	now     sim.Time
	wake    sim.Time
	effects []ProducerEffect
	sent    []steadyRequest // a ring: first in, first out
	head    int
	results []BatchResult
	size    unit.Bytes
	batches int
	view    []PartitionView
}

type steadyRequest struct {
	id    ProduceRequestID
	count int32
	due   sim.Time
}

func newSteadyProducer(client scenarios.Client, size unit.Bytes) *steadyProducer {
	o := ProducerOptions{
		Client: client, Partitioner: scenarios.DefaultPartitioner, Config: javaConfig(),
		Partitions: 12, Brokers: 3, ID: 1, Stream: rng.New(1, "steady", "choices"),
	}
	if client == scenarios.FranzGo {
		o.Config = kgoConfig()
		o.Config.BufferRecords = 100_000
	}
	s := &steadyProducer{
		p: NewProducer(o), wake: sim.Never, size: size, results: make([]BatchResult, 12),
		sent: make([]steadyRequest, 0, 1024), effects: make([]ProducerEffect, 0, 1024),
	}
	for part := range 12 {
		s.view = append(s.view, PartitionView{Leader: BrokerID(1 + part%3), InSync: true})
		s.results[part].Leader = NoBroker
	}
	s.take(s.p.Start(0, s.effects[:0]))
	for range 20000 {
		s.record()
	}
	return s
}

func (s *steadyProducer) take(effects []ProducerEffect) {
	metadata, connect := false, NoBroker
	for i := range effects {
		switch e := &effects[i]; e.Kind {
		case WakeAt:
			s.wake = e.At
		case SendProduce:
			s.sent = append(s.sent, steadyRequest{e.Request, e.Count, s.now.Add(2 * time.Millisecond)})
			s.batches += int(e.Count)
		case RequestMetadata:
			metadata = true
		case ConnectTo:
			connect = e.Broker
		case BatchDone, RecordAdmitted, RecordDropped, DisconnectFrom:
		}
	}
	s.effects = effects[:0]
	if metadata {
		s.take(s.p.OnMetadata(s.now, s.view, s.effects))
	}
	if connect != NoBroker {
		s.take(s.p.OnConnected(s.now, connect, s.effects))
	}
}

// record sends one record 10 µs after the one before: 100,000 a second.
func (s *steadyProducer) record() {
	s.now += sim.Time(10 * time.Microsecond)
	for s.wake <= s.now {
		s.wake = sim.Never
		s.take(s.p.OnWake(s.now, s.effects))
	}
	for s.head < len(s.sent) && s.sent[s.head].due <= s.now {
		r := s.sent[s.head]
		s.head++
		if s.head == len(s.sent) {
			s.sent, s.head = s.sent[:0], 0
		} else if s.head == 512 {
			s.sent, s.head = s.sent[:copy(s.sent, s.sent[s.head:])], 0
		}
		s.take(s.p.OnProduceResponse(s.now, r.id, s.results[:r.count], s.effects))
	}
	_, _, _, out := s.p.Record(s.now, ProducerRecord{ID: 1, Partition: AnyPartition, Size: s.size}, s.effects)
	s.take(out)
}

func TestProducerAllocatesNothing(t *testing.T) {
	for _, client := range []scenarios.Client{scenarios.Java, scenarios.FranzGo} {
		s := newSteadyProducer(client, 1000)
		if n := testing.AllocsPerRun(20000, s.record); n != 0 {
			t.Errorf("client %d: %v allocations a record", client, n)
		}
		if s.batches < 100 {
			t.Errorf("client %d sent only %d batches", client, s.batches)
		}
	}
}

func BenchmarkProducer(b *testing.B) {
	for _, c := range []struct {
		name   string
		client scenarios.Client
		size   unit.Bytes
	}{
		{"java-100B", scenarios.Java, 100},
		{"java-1kB", scenarios.Java, 1000},
		{"java-4kB", scenarios.Java, 4000},
		{"kgo-1kB", scenarios.FranzGo, 1000},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newSteadyProducer(c.client, c.size)
			s.batches = 0
			b.ReportAllocs()
			for b.Loop() {
				s.record()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, s.batches)), "ns/batch")
		})
	}
}
