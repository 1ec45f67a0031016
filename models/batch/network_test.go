package batch

import (
	"testing"

	"kafkasim/sim"
)

// TestConnectionsKeepTheirOrder: on a slow network small messages pass large ones of
// other connections, but the requests of one connection are done in the order in which
// they were sent; a broker that took the second first would answer that, and the first
// would wait for ever for its turn.
func TestConnectionsKeepTheirOrder(t *testing.T) {
	s := act{
		cluster:  `kafka: "4.3", brokers: 3, controllers: 1, hardware: {profile: container, network: 20 MB/s}`,
		topics:   "  - {name: events, partitions: 6, replication_factor: 3, config: {min.insync.replicas: 2}}\n",
		duration: "20 s",
		producers: "  - {name: p, topic: events, instances: 3, rate: 900/s, record_size: {mean: 4 KiB, p99: 40 KiB}, client: franz-go,\n" +
			"     config: {acks: all, linger.ms: 0}}\n",
	}.set(t)
	last := map[int32]int64{}
	done, behind := 0, 0
	o := s.observe(0, func(w *world, e *sim.Event) {
		if e.Kind != evWork || w.messages[e.Arg].kind != msgProduce {
			return
		}
		m := &w.messages[e.Arg]
		done++
		if m.number < last[m.conn] {
			t.Fatalf("request %d of connection %d is done after request %d", m.number, m.conn, last[m.conn])
		}
		last[m.conn] = m.number
		if w.connections[m.conn].queue.head != noMessage {
			behind++
		}
	}, func(*world, *sim.Event) {})
	// Otherwise there is no order to keep.
	within(t, "requests that had another one behind them", float64(behind)/float64(done), 0.01, 1)
	within(t, "records in flight at the end", o.value("records.in_flight_at_end"), 0, 0)
}
