package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kafkasim/scenarios"
	"kafkasim/sim"
	"kafkasim/sim/rng"
	"kafkasim/sim/unit"
)

// TestProducerScripts runs testdata/producer and testdata/partitioner. Each file is a story of one
// client; `go test -run TestProducerScripts -args -rewrite` records what it
// does now. Commands (every one but new takes at=TIME, and lets what is due
// until then happen first):
//
//	new client=java|kgo [partitions=2] [brokers=2] [partitioner=..] [SETTING=VALUE ..]
//	    a client that has started, has metadata (partition p led by broker
//	    1 + p mod brokers) and an open connection to each broker; with cold, none of that
//	records n=1 [partition=P] [size=BYTES]   an application sends
//	answer request=N [ERROR ..]              a broker answers, an error (or ok) a batch;
//	                                         not_leader:B names broker B as leader
//	lose broker=B                            the connection is reset
//	open broker=B | refuse broker=B | hang broker=B   how connecting ends
//	metadata [leaders=(B,..)] [lagging=(P,..)]  an answer; leader 0 is none; a changed
//	                                         leader has a new epoch
//	metadata-fails
//	wait                                     only time passes
//	crash | restart
//	buffer                                   what is in the buffer
func TestProducerScripts(t *testing.T) {
	for _, dir := range []string{"producer", "partitioner"} {
		datadriven.Walk(t, "testdata/"+dir, func(t *testing.T, path string) {
			t.Helper()
			var s *producerScript
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				t.Helper()
				if d.Cmd == "new" {
					s = newProducerScript(t, d)
				} else {
					s.run(t, d)
				}
				return s.flush()
			})
		})
	}
}

// A producerScript is a client under a script, and what it did since the last
// command.
type producerScript struct {
	p     *Producer
	now   sim.Time
	wake  sim.Time
	view  []PartitionView
	ids   int32
	text  strings.Builder
	quiet bool
}

func newProducerScript(t *testing.T, d *datadriven.TestData) *producerScript {
	t.Helper()
	o := ProducerOptions{
		Client: scenarios.Java, Partitioner: scenarios.DefaultPartitioner, Config: javaConfig(),
		Partitions: 2, Brokers: 2, ID: 100, Stream: rng.New(1, "script", "choices"),
	}
	if d.HasArg("client") {
		var client string
		d.ScanArgs(t, "client", &client)
		if client == "kgo" {
			o.Client, o.Config = scenarios.FranzGo, kgoConfig()
		}
	}
	cold := false
	for _, a := range d.CmdArgs {
		value := ""
		if len(a.Vals) > 0 {
			value = a.Vals[0]
		}
		switch a.Key {
		case "client":
		case "cold":
			cold = true
		case "partitions":
			o.Partitions = number(t, value)
		case "brokers":
			o.Brokers = number(t, value)
		case "partitioner":
			o.Partitioner = map[string]scenarios.Partitioner{
				"default": scenarios.DefaultPartitioner, "avoid_unavailable": scenarios.AvoidUnavailable,
				"avoid_under_replicated": scenarios.AvoidUnderReplicated,
			}[value]
		default:
			setProducer(t, &o.Config, a.Key, value)
		}
	}
	s := &producerScript{p: NewProducer(o), wake: sim.Never, view: make([]PartitionView, o.Partitions)}
	for part := range s.view {
		s.view[part] = PartitionView{Leader: BrokerID(1 + part%o.Brokers), InSync: true}
	}
	s.quiet = !cold
	s.show(s.p.Start(0, nil))
	if !cold {
		s.show(s.p.OnMetadata(0, s.view, nil))
		for b := 1; b <= o.Brokers; b++ {
			s.p.brokers[b].state = connectionOpen
		}
	}
	s.quiet = false
	return s
}

// setProducer gives a setting that the scripts use a value.
func setProducer(t *testing.T, c *scenarios.ProducerConfig, key, value string) {
	t.Helper()
	switch key {
	case "acks":
		c.Acks = map[string]scenarios.Acks{"0": scenarios.AcksNone, "1": scenarios.AcksLeader, "all": scenarios.AcksAll}[value]
		c.Idempotence = c.Idempotence && c.Acks == scenarios.AcksAll
	case "idempotence":
		c.Idempotence = value == "on"
	case "linger":
		c.Linger = duration(t, value)
	case "batch":
		c.BatchSize = unit.Bytes(number(t, value))
	case "memory":
		c.BufferMemory = int64(number(t, value))
	case "max_records":
		c.BufferRecords = int64(number(t, value))
	case "max_block":
		c.MaxBlock = duration(t, value)
	case "delivery_timeout":
		c.DeliveryTimeout = duration(t, value)
	case "request_timeout":
		c.RequestTimeout = duration(t, value)
	case "retries":
		c.Retries = int64(number(t, value))
	case "in_flight":
		c.MaxInFlight = number(t, value)
	case "max_request":
		c.MaxRequestSize = unit.Bytes(number(t, value))
	case "compression":
		c.CompressionRatio = float64(number(t, value)) / 100 // per cent of the raw size
	case "min_age":
		c.MetadataMinAge = duration(t, value)
	case "max_age":
		c.MetadataMaxAge = duration(t, value)
	case "availability_timeout":
		c.AvailabilityTimeout = duration(t, value)
	default:
		t.Fatalf("unknown setting %q", key)
	}
}

// run carries one command out.
func (s *producerScript) run(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	if d.HasArg("at") {
		s.advance(sim.Time(DurationArg(t, d, "at", 0)))
	}
	broker := 0
	d.MaybeScanArgs(t, "broker", &broker)
	b := BrokerID(broker)
	switch d.Cmd {
	case "wait":
	case "records":
		s.records(t, d)
	case "answer":
		s.answer(t, d)
	case "lose":
		s.show(s.p.OnDisconnected(s.now, b, nil))
	case "open":
		s.show(s.p.OnConnected(s.now, b, nil))
	case "refuse":
		s.show(s.p.OnConnectFailed(s.now, b, ConnectionRefused, nil))
	case "hang":
		s.show(s.p.OnConnectFailed(s.now, b, ConnectionTimedOut, nil))
	case "metadata":
		s.metadata(t, d)
	case "metadata-fails":
		s.show(s.p.OnMetadataFailed(s.now, nil))
	case "crash":
		s.show(s.p.Crash(s.now, nil))
	case "restart":
		s.show(s.p.Restart(s.now, s.p.id+1, nil))
	case "buffer":
		records, memory := s.p.Buffered()
		fmt.Fprintf(&s.text, "%d records in batches, %d bytes taken, %d waiting\n", records, memory, s.p.Waiting())
	default:
		t.Fatalf("unknown command %q", d.Cmd)
	}
}

func (s *producerScript) advance(to sim.Time) {
	for s.wake <= to {
		s.now, s.wake = s.wake, sim.Never
		s.show(s.p.OnWake(s.now, nil))
	}
	s.now = to
}

func (s *producerScript) records(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	n, part, size := 1, int(AnyPartition), 1000
	d.MaybeScanArgs(t, "n", &n)
	d.MaybeScanArgs(t, "partition", &part)
	d.MaybeScanArgs(t, "size", &size)
	type run struct {
		what        string
		first, last int32
		effects     []ProducerEffect
	}
	var runs []run
	for range n {
		placed, batch, _, effects := s.p.Record(s.now, ProducerRecord{ID: s.ids, Partition: int32(part), Size: unit.Bytes(size)}, nil)
		what := "refused"
		switch placed {
		case RecordAppended:
			what = fmt.Sprintf("in batch %d of partition %d", batch, s.p.Batch(batch).Partition)
		case RecordWaits:
			what = "waiting"
		case RecordRefused:
		}
		if last := len(runs) - 1; last >= 0 && runs[last].what == what && len(visible(runs[last].effects)) == 0 {
			runs[last].last = s.ids
			runs[last].effects = append(runs[last].effects, effects...)
		} else {
			runs = append(runs, run{what, s.ids, s.ids, effects})
		}
		s.ids++
	}
	for _, r := range runs {
		name := fmt.Sprintf("record %d", r.first)
		if r.last > r.first {
			name = fmt.Sprintf("records %d-%d", r.first, r.last)
		}
		s.line("%s %s", name, r.what)
		s.show(r.effects)
	}
}

// visible leaves wake-ups out: the script lets time pass by them.
func visible(effects []ProducerEffect) []ProducerEffect {
	var out []ProducerEffect
	for _, e := range effects {
		if e.Kind != WakeAt {
			out = append(out, e)
		}
	}
	return out
}

func (s *producerScript) answer(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	serial := 0
	d.ScanArgs(t, "request", &serial)
	id := NoProduceRequest
	for i := range s.p.requests {
		if r := &s.p.requests[i]; r.live && int64(r.id)>>32 == int64(serial) {
			id = r.id
		}
	}
	if id == NoProduceRequest {
		s.line("no request %d is in flight", serial)
		return
	}
	results := make([]BatchResult, s.p.requests[s.p.lookUp(id)].count)
	for i := range results {
		results[i].Leader = NoBroker
		results[i].Offset = 10
	}
	i := 0
	for _, a := range d.CmdArgs {
		if a.Key == "request" || a.Key == "at" {
			continue
		}
		name, leader, hinted := strings.Cut(a.Key, ":")
		code := ProduceOK
		for _, c := range errorNames() {
			if c.name == name {
				code = c.code
			}
		}
		if code == ProduceOK && name != "ok" {
			t.Fatalf("unknown error %q", name)
		}
		results[i] = BatchResult{Error: code, Offset: -1, Leader: NoBroker}
		if hinted {
			results[i].Leader = BrokerID(number(t, leader))
			results[i].Epoch = s.p.partitions[s.p.Batch(s.batchOf(id, i)).Partition].epoch + 1
		}
		i++
	}
	s.show(s.p.OnProduceResponse(s.now, id, results, nil))
}

func (s *producerScript) batchOf(id ProduceRequestID, i int) BatchID {
	b := s.p.RequestBatches(id)
	for range i {
		b = s.p.Batch(b).Next
	}
	return b
}

func (s *producerScript) metadata(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	for part := range s.view {
		s.view[part].InSync = true
	}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "leaders":
			for part, text := range a.Vals {
				leader := BrokerID(number(t, text))
				if leader == 0 {
					leader = NoBroker
				}
				if leader != s.view[part].Leader {
					s.view[part].Leader = leader
					s.view[part].Epoch = max(s.view[part].Epoch, s.p.partitions[part].epoch) + 1
				}
			}
		case "lagging":
			for _, text := range a.Vals {
				s.view[number(t, text)].InSync = false
			}
		case "at":
		default:
			t.Fatalf("metadata knows no %q", a.Key)
		}
	}
	s.show(s.p.OnMetadata(s.now, s.view, nil))
}

type errorName struct {
	code ProduceError
	name string
}

func errorNames() []errorName {
	return []errorName{
		{ProduceOK, "ok"},
		{ProduceNotLeader, "not_leader"},
		{ProduceNotEnoughReplicas, "not_enough_replicas"},
		{ProduceNotEnoughReplicasAfterAppend, "not_enough_replicas_after_append"},
		{ProduceTimedOut, "timed_out"},
		{ProduceLeaderNotAvailable, "leader_not_available"},
		{ProduceOutOfOrderSequence, "out_of_order"},
		{ProduceDuplicateSequence, "duplicate"},
		{ProduceUnknownProducer, "unknown_producer"},
		{ProduceMessageTooLarge, "too_large"},
		{ProduceInvalidRecord, "invalid_record"},
		{ProduceNetworkError, "network"},
	}
}

// show prints effects.
func (s *producerScript) show(effects []ProducerEffect) {
	for _, e := range effects {
		switch e.Kind {
		case WakeAt:
			s.wake = e.At
		case SendProduce:
			s.line("request %d to broker %d:%s", int64(e.Request)>>32, e.Broker, s.contents(e.Batch))
		case RequestMetadata:
			s.line("asks for metadata")
		case BatchDone:
			s.line("batch %d %s%s", e.Batch, outcomeName(e.Outcome), s.because(e))
		case RecordAdmitted:
			s.line("record %d, which waited, in batch %d", e.Record, e.Batch)
		case RecordDropped:
			s.line("record %d lost: %s", e.Record, outcomeName(e.Outcome))
		case ConnectTo:
			s.line("connects to broker %d", e.Broker)
		case DisconnectFrom:
			s.line("disconnects from broker %d", e.Broker)
		}
	}
}

func (s *producerScript) because(e ProducerEffect) string {
	for _, c := range errorNames() {
		if c.code == e.Error && e.Error != ProduceOK {
			return " (" + c.name + ")"
		}
	}
	return ""
}

func (s *producerScript) contents(first BatchID) string {
	var text strings.Builder
	for id := first; id != NoBatch; id = s.p.Batch(id).Next {
		b := s.p.Batch(id)
		fmt.Fprintf(&text, " batch %d of partition %d, %d records", id, b.Partition, b.Count)
		if b.Sequence >= 0 {
			fmt.Fprintf(&text, " from %d/%d", b.Epoch, b.Sequence)
		}
		text.WriteString(";")
	}
	return strings.TrimSuffix(text.String(), ";")
}

func outcomeName(o ProducerOutcome) string {
	return map[ProducerOutcome]string{
		OutcomeAcked: "acknowledged", OutcomeExpired: "expired", OutcomeRetriesExhausted: "out of retries",
		OutcomeFatal: "failed", OutcomeBufferFull: "buffer full", OutcomeNoMetadata: "no metadata",
		OutcomeTooLarge: "too large", OutcomeCrashed: "crashed",
	}[o]
}

func (s *producerScript) line(format string, args ...any) {
	if !s.quiet {
		fmt.Fprintf(&s.text, "%9s  %s\n", time.Duration(s.now).Round(100*time.Microsecond), fmt.Sprintf(format, args...))
	}
}

func (s *producerScript) flush() string {
	text := s.text.String()
	s.text.Reset()
	if text == "" {
		return "nothing\n"
	}
	return text
}
