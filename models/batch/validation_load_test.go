package batch

import (
	"fmt"
	"testing"
	"time"

	"kafkasim/models/host"
)

// loaded is the default machine, three brokers in containers, at a rate.
const loaded = `
scenario: loaded
duration: 4 s
warmup: 1 s
drain: 60 s
cluster: {brokers: 3, racks: 3, hardware: container}
topics:
  - {name: events, partitions: 12, replication_factor: 3, config: {min.insync.replicas: 2}}
producers:
  - {name: p, topic: events, instances: 4, rate: %d/s, record_size: 1 KiB, client: %s, config: {acks: all, linger.ms: 5}}
consumers:
  - {group: g, topics: [events], members: 3, protocol: cooperative, client: %[2]s, processing: {time: 0.005 ms},
     config: {partition.assignment.strategy: cooperative-sticky}}
`

// TestHealthyLatency: a lightly loaded cluster in containers answers within a few
// milliseconds, most of which is the linger time of 5 ms. Real brokers in
// containers, once warm, gave a median of about 5 ms (4.3.1).
func TestHealthyLatency(t *testing.T) {
	for _, client := range []string{"java", "franz-go"} {
		r := replicate(t, fmt.Sprintf(loaded, 2000, client))
		for _, name := range []string{"produce.latency", "delivery.latency"} {
			d := observation(t, &r, name).Distribution
			median, tail := millis(d, 0.5), millis(d, 0.999)
			t.Logf("%s %s: median %.2f ms, p99.9 %.2f ms", client, name, median, tail)
			// At least the round trip of 0.08 ms and the append; at most twice the
			// linger time in the tail.
			if median < 2 || median > 8 || tail > 10 {
				t.Errorf("%s %s: median %.2f ms, p99.9 %.2f ms; want 2 to 8 and at most 10", client, name, median, tail)
			}
		}
	}
}

// TestSaturation: with more and more load latency rises, until the processors are
// busy and throughput stays where it is. Nothing else gives way: nobody leaves the
// ISR, and every record arrives in the end.
func TestSaturation(t *testing.T) {
	type point struct{ latency, throughput, cpu float64 }
	run := func(rate int) point {
		w := warm(t, fmt.Sprintf(loaded, rate, "java"), 2*time.Second)
		acked, before := w.observed.acked, w.machines.host.Usage(w.engine.Now(), 0)
		w.advance(4 * time.Second)
		p := point{throughput: float64(w.observed.acked-acked) / 2}
		p.cpu = w.machines.host.Usage(w.engine.Now(), 0).Utilization(host.CPU, before)
		for !w.done && w.step() {
			continue
		}
		w.finish()
		if w.failure != nil {
			t.Fatal(w.failure)
		}
		p.latency = w.observed.latency[0].Quantile(0.5) / float64(time.Millisecond)
		if shrinks := w.observed.topics[0].shrinks; shrinks > 0 {
			t.Errorf("%d/s: %d shrinks of an ISR", rate, shrinks)
		}
		if got, want := w.observed.delivery[0].Count(), w.observed.latency[0].Count(); got != want {
			t.Errorf("%d/s: %d records processed, %d acknowledged", rate, got, want)
		}
		t.Logf("%6d/s offered: %6.0f/s acknowledged, median latency %7.1f ms, processors %.0f %%", rate, p.throughput, p.latency, 100*p.cpu)
		return p
	}
	rates := []int{10_000, 40_000, 80_000, 160_000}
	points := make([]point, len(rates))
	for i, rate := range rates {
		points[i] = run(rate)
	}
	for i := 1; i < len(points); i++ {
		if points[i].latency <= points[i-1].latency {
			t.Errorf("median latency %.1f ms at %d/s, %.1f ms at %d/s", points[i].latency, rates[i], points[i-1].latency, rates[i-1])
		}
	}
	if low := points[0]; low.throughput < 9_800 || low.throughput > 10_200 || low.cpu > 0.5 {
		t.Errorf("at 10,000/s: %.0f/s acknowledged with processors at %.0f %%", low.throughput, 100*low.cpu)
	}
	// Twice the load on a saturated cluster changes little: 15 % is room for batches
	// that are fuller, which cost less a record.
	if a, b := points[2], points[3]; b.throughput < a.throughput*0.85 || b.throughput > a.throughput*1.15 {
		t.Errorf("%.0f/s acknowledged at 80,000/s and %.0f/s at 160,000/s", a.throughput, b.throughput)
	}
	if points[3].cpu < 0.95 {
		t.Errorf("processors at %.0f %% where the cluster does not keep up", 100*points[3].cpu)
	}
}
