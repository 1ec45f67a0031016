package batch

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/sim"
	"kafkasim/sim/stats"
)

// replicate runs the first replication of a scenario.
func replicate(t *testing.T, text string) result.Replication {
	t.Helper()
	plane, err := New(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := plane.NewRunner().Run(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// observation is one observation of a replication.
func observation(t *testing.T, r *result.Replication, name string) *result.Observation {
	t.Helper()
	for i := range r.Observations {
		if r.Observations[i].Name == name {
			return &r.Observations[i]
		}
	}
	t.Fatalf("no observation %s", name)
	return nil
}

// advance lets a world go on until a scenario time.
func (w *world) advance(until time.Duration) {
	for w.engine.Now() < sim.Time(prologue).Add(until) && w.step() {
	}
}

// millis is a quantile of a distribution of times, in ms.
func millis(d *stats.Sketch, q float64) float64 {
	return d.Quantile(q) / float64(time.Millisecond)
}

// near fails unless got lies within a share of want, and shows both.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	off := got/want - 1
	t.Logf("%s: %.4g, published %.4g (%+.0f %%)", what, got, want, 100*off)
	if math.Abs(off) > share {
		t.Errorf("%s: %.4g is more than %.0f %% off the published %.4g", what, got, 100*share, want)
	}
}

// published is how far a published figure may be off. The machines, their network
// and their kernels are known in outline only. One figure that nobody publishes was
// judged with Confluent's run in view: threadShare, what of the processor time for
// a byte lies on a request's own way. The other rows were met with it as it was.
const published = 0.25

// confluent2020 is the run behind Confluent's "Benchmarking Apache Kafka, Apache
// Pulsar, and RabbitMQ" (2020), by its own repository
// (confluentinc/openmessaging-benchmark: blog/workloads/…-4-producers-200k-rate,
// driver-kafka/deploy): Kafka 2.6 on three i3en.2xlarge in one zone with 8 fetchers
// and 8 network threads, 100 partitions, 4 producers without keys, 4 consumers in
// one group that does nothing with a record; linger.ms 1 as in OMB's
// kafka-latency.yaml. %s is batch.size.
const confluent2020 = `
scenario: confluent-2020
duration: 3 s
warmup: 1 s
drain: 5 s
cluster:
  brokers: 3
  racks: 1
  hardware: i3en.2xlarge
  config: {num.replica.fetchers: 8, num.network.threads: 8}
topics:
  - {name: t, partitions: 100, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: t, instances: 4, rate: 200000/s, record_size: 1 KiB, arrivals: even, client: java,
     config: {acks: all, linger.ms: 1, batch.size: %s, enable.idempotence: false}}
consumers:
  - {group: g, topics: [t], members: 4, protocol: eager, client: java, processing: {time: 0.001 ms},
     config: {max.partition.fetch.bytes: 10485760, auto.offset.reset: earliest}}
`

// TestConfluent2020 holds 200,000 records/s without fsync to that run's quantiles
// (blog/results/kafka/latency/default-sync-200k.json).
//
// Its producers went to another partition with each batch that the linger time
// closed (Kafka 2.6, KIP-480), today's stay until batch.size bytes are written
// (KIP-794). A batch of what one linger time brings makes today's client do the
// same: 50 records of 1 KiB. With OMB's own batch.size, which no batch reached,
// today's client sends two or three batches in a row over one connection, where
// they wait for each other; what the model gives for that is shown beside it.
func TestConfluent2020(t *testing.T) {
	r := replicate(t, fmt.Sprintf(confluent2020, "51200"))
	publish := observation(t, &r, "produce.latency").Distribution
	for _, row := range []struct{ quantile, want float64 }{{0.5, 2.146}, {0.75, 2.42}, {0.95, 3.479}, {0.99, 4.349}} {
		near(t, fmt.Sprintf("publish latency p%g, ms", 100*row.quantile), millis(publish, row.quantile), row.want, published)
	}
	near(t, "publish latency mean, ms", publish.Mean()/1e6, 2.309, published)
	// The collector of garbage is not modelled, and rules beyond p99.
	t.Logf("publish latency p99.9: %.3g ms, published 17.4", millis(publish, 0.999))

	// OMB measures from the record's timestamp, which Kafka cuts to whole
	// milliseconds: half a millisecond more on average.
	end := observation(t, &r, "delivery.latency").Distribution
	for _, row := range []struct{ quantile, want float64 }{{0.5, 3.004}, {0.95, 4.349}, {0.99, 5.434}} {
		near(t, fmt.Sprintf("end to end p%g, ms", 100*row.quantile), millis(end, row.quantile)+0.5, row.want, published)
	}

	today := replicate(t, fmt.Sprintf(confluent2020, "131072"))
	publish = observation(t, &today, "produce.latency").Distribution
	t.Logf("today's partitioner, batch.size 128 KiB: publish p50/p95/p99 %.3g/%.3g/%.3g ms",
		millis(publish, 0.5), millis(publish, 0.95), millis(publish, 0.99))
	if early, late := observation(t, &r, "produce.latency").Distribution, publish; late.Quantile(0.99) <= early.Quantile(0.99) {
		t.Error("batches in a row over one connection do not wait for each other")
	}
}

// privateCloud is the cluster of Kroxylicious's baseline (2026): Strimzi 3.9, three
// brokers of at most 2 vCPU on EPYC at 2 GHz, 0.87 ms between workers, replication
// factor 3, min ISR 2, OMB with linger 1 ms, batches of 128 KiB and records of
// 1 KB. The processor costs are the general ones (6 ms a MB, 60 µs a request) at
// 0.8 times the speed they are for; its network's 10 Gb/s and the spread of the
// round trip are judgements.
const privateCloud = `
cluster:
  brokers: 3
  racks: 1
  hardware: {profile: m5.large, cores: 2, speed: 0.8, network: 1250 MB/s, rtt_same_rack: 0.87 ms,
             cpu_per_mb: 7.5 ms, cpu_per_request: 0.075 ms}
`

// oneConnection is one producer of one partition; %s are its rate and its
// requests in flight.
const oneConnection = `
scenario: one-connection
duration: 6 s
warmup: 1 s
drain: 30 s
` + privateCloud + `
topics:
  - {name: t, partitions: 1, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: t, instances: 1, rate: %s/s, record_size: 1000 B, arrivals: even, client: java,
     config: {acks: all, linger.ms: 1, batch.size: 131072, max.in.flight.requests.per.connection: %s, enable.idempotence: false}}
consumers:
  - {group: g, topics: [t], members: 1, protocol: eager, client: java, processing: {time: 0.001 ms},
     config: {fetch.min.bytes: 100000, auto.offset.reset: earliest}}
`

// ceiling is how many records a second an overloaded connection gets
// acknowledged.
func ceiling(t *testing.T, inFlight string) float64 {
	t.Helper()
	w := warm(t, fmt.Sprintf(oneConnection, "40000", inFlight), 2*time.Second)
	before := w.observed.acked
	w.advance(6 * time.Second)
	if w.failure != nil {
		t.Fatal(w.failure)
	}
	return float64(w.observed.acked-before) / 4
}

// TestCeilingOfOneConnection: a broker works on one request of a connection at a
// time, so one producer of one partition is bound by bytes a request over the
// time of a request. Published: 19.4 k records/s.
func TestCeilingOfOneConnection(t *testing.T) {
	five := ceiling(t, "5")
	near(t, "records/s", five, 19_400, published)
	// More requests in flight only wait longer. 3 % is a few requests of the 600 or
	// so in 4 s.
	if ten := ceiling(t, "10"); math.Abs(ten/five-1) > 0.03 {
		t.Errorf("%.0f records/s with ten requests in flight, %.0f with five: a connection has more than one at a time", ten, five)
	}
	// With one in flight the next is not there yet when its predecessor is answered:
	// a round trip more each time.
	if one := ceiling(t, "1"); one > 0.95*five {
		t.Errorf("%.0f records/s with one request in flight, %.0f with five: it costs no round trip", one, five)
	}
	r := replicate(t, fmt.Sprintf(oneConnection, "10100", "5"))
	publish, end := observation(t, &r, "produce.latency").Distribution, observation(t, &r, "delivery.latency").Distribution
	t.Logf("at 10.1 k/s: publish mean %.3g ms, p99 %.3g (published 7.2, 12.6); end to end %.3g, %.3g (13.0, 21.0)",
		publish.Mean()/1e6, millis(publish, 0.99), end.Mean()/1e6, millis(end, 0.99))
}

// manyTopics is n topics of one partition, each with its producer and its
// consumer, which waits for 100 kB; 5,000 records/s in all.
func manyTopics(n int) string {
	var topics, producers, groups strings.Builder
	for i := range n {
		fmt.Fprintf(&topics, "  - {name: t%d, partitions: 1, replication_factor: 3, config: {min.insync.replicas: 2}}\n", i)
		fmt.Fprintf(&producers, "  - {name: p%d, topic: t%d, rate: %d/s, record_size: 1000 B, client: java,\n"+
			"     config: {acks: all, linger.ms: 1, batch.size: 131072}}\n", i, i, 5000/n)
		fmt.Fprintf(&groups, "  - {group: g%d, topics: [t%d], members: 1, protocol: eager, client: java, processing: {time: 0.001 ms},\n"+
			"     config: {fetch.min.bytes: 100000, auto.offset.reset: earliest}}\n", i, i)
	}
	return "scenario: many-topics\nduration: 15 s\nwarmup: 5 s\ndrain: 10 s\n" + privateCloud +
		"topics:\n" + topics.String() + "producers:\n" + producers.String() + "consumers:\n" + groups.String()
}

// TestWaitForFetchMinBytes: with ten topics a fetch waits until 100 kB are there,
// 195 ms; with a hundred fetch.max.wait.ms ends it after 500 ms first. Published
// means of the end-to-end latency: 96.9 and 256.7 ms, about half of either. (The
// source says 50,000 records/s where one version of its workload says 5,000; only
// the latter gives such waits.)
func TestWaitForFetchMinBytes(t *testing.T) {
	for _, row := range []struct {
		topics int
		mean   float64
		p99    float64
	}{{10, 96.9, 193}, {100, 256.7, 502}} {
		r := replicate(t, manyTopics(row.topics))
		end := observation(t, &r, "delivery.latency").Distribution
		near(t, fmt.Sprintf("%d topics, end to end mean, ms", row.topics), end.Mean()/1e6, row.mean, published)
		t.Logf("%d topics, end to end p99: %.4g ms, published %.4g", row.topics, millis(end, 0.99), row.p99)
	}
}
