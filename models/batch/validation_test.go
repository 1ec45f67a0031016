package batch

import (
	"context"
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// replicate runs the first replication of a scenario.
func replicate(t *testing.T, text string) result.Replication {
	t.Helper()
	plane, err := New(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	runner := plane.NewRunner()
	out, err := runner.Run(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events", runner.Events())
	return out
}

// observed is one observation of a replication.
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

func ms(d *stats.Sketch, q float64) float64 {
	return float64(d.Quantile(q)) / float64(time.Millisecond)
}

const confluent2020 = `
scenario: confluent-2020
duration: 3 s
warmup: 1 s
drain: 5 s
replications: 1
cluster:
  kafka: "4.0"
  brokers: 3
  controllers: 1
  racks: 1
  hardware: i3en.2xlarge
  config: {num.replica.fetchers: 8, num.network.threads: 8}
topics:
  - {name: t, partitions: 100, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: t, instances: 4, rate: 200000/s, record_size: 1 KiB, arrivals: even, client: java,
     config: {acks: all, linger.ms: 1, batch.size: 131072, enable.idempotence: false}}
consumers:
  - {group: g, topics: [t], members: 4, protocol: eager, client: java, commit: after_processing,
     processing: {time: 0.001 ms},
     config: {max.partition.fetch.bytes: 10485760, auto.offset.reset: earliest}}
`

func TestConfluent2020(t *testing.T) {
	r := replicate(t, confluent2020)
	for _, name := range []string{"produce.latency", "delivery.latency"} {
		d := observation(t, &r, name).Distribution
		for _, q := range []float64{.01, .05, .1, .25, .5, .75, .9, .95, .99, .999} {
			t.Logf("%s p%g %.3f", name, q*100, ms(d, q))
		}
	}
	for _, name := range []string{"broker.utilization{resource=cpu}", "broker.utilization{resource=network}", "broker.utilization{resource=disk}"} {
		t.Logf("%s %.3f", name, observation(t, &r, name).Value)
	}
	t.Log(r.Warnings)
}
