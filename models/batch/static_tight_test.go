package batch

import (
	"testing"
	"time"

	"kafkasim/models/analytic"
)

// A tightCase is a scenario that seeks the worst case of one term on purpose.
type tightCase struct {
	term   string
	metric string
	what   string
	act    act
	tries  int // replications
}

// run is the most that any replication reached of a term: what was observed, less
// all that other terms may have added, or had added where that is measured.
func (c *tightCase) run(t *testing.T) float64 {
	t.Helper()
	spec := parse(t, c.act.text())
	report := analytic.Of(spec)
	s := c.act.set(t)
	bound := findBound(t, &report, c.metric)
	var term *analytic.Term
	for i := range bound.Terms {
		if bound.Terms[i].Name == c.term {
			term = &bound.Terms[i]
		}
	}
	if term == nil || !bound.Known {
		t.Fatalf("%s has no term %q: %+v", c.metric, c.term, bound)
	}
	most, raw := 0.0, 0.0
	for i := range c.tries {
		o := s.run(i)
		if err := beyondBounds(&report, o.rep); err != nil {
			t.Fatalf("replication %d: %v", i, err)
		}
		seen := o.find(c.metric)
		if !seen.Observed {
			continue
		}
		raw = max(raw, seen.Value)
		others := bound.Value - term.Result
		if c.term == "until the client knows" {
			// What came before it is measured: until another leader was registered.
			if failover, some := o.most("leader.failover"); some {
				others = time.Duration(failover).Seconds()
			}
		}
		most = max(most, (seen.Value-others)/term.Result)
	}
	t.Logf("%-48s %-28s at most %.4g of a bound of %.4g, in which the term is %.4g: %.0f %% of the term at least", c.term+": "+c.what, c.metric, raw, bound.Value, term.Result, 100*most)
	return most
}

// findBound is the bound of a metric, drains included.
func findBound(t *testing.T, r *analytic.Report, metric string) *analytic.Bound {
	t.Helper()
	if metric == "lag.drain" {
		return &r.Drains[0]
	}
	return r.Find(metric)
}

// TestTight: for every term of the bounds a scenario exists in which some replication
// reaches at least half of it, even if every other term had given all that it may.
func TestTight(t *testing.T) {
	for _, c := range tightCases() {
		t.Run(c.term+"/"+c.what, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.tries > 10 {
				c.tries = 10
			}
			reached := c.run(t)
			if reached < 0.5 && !testing.Short() {
				t.Errorf("%s: %.0f %% of the term", c.term, 100*reached)
			}
		})
	}
}

// quick is a cluster whose controllers find out soon: a session of 3 s, a lag rule of
// 2 s, and nobody moves leaders back.
func quick(more string) string {
	return `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 3000, replica.lag.time.max.ms: 2000, auto.leader.rebalance.enable: false` + more + `}`
}

// slow is the same with Kafka's session, and a lag rule of a minute.
const slow = `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {replica.lag.time.max.ms: 60000, auto.leader.rebalance.enable: false}`

// of is one producer of a topic called events.
func of(rate, client, config string) string {
	return "  - {name: p, topic: events, rate: " + rate + ", arrivals: even, record_size: 100 B, client: " + client + ", config: {" + config + "}}\n"
}

const (
	single = "  - {name: events, partitions: 1, replication_factor: 1, assignment: [[1]]}\n"
	twin   = "  - {name: events, partitions: 1, replication_factor: 2, assignment: [[1, 2]]}\n"
	dirty  = "  - {name: events, partitions: 1, replication_factor: 2, assignment: [[1, 2]], config: {unclean.leader.election.enable: true}}\n"
)

// reader is a group that commits as said.
func reader(members, commit, processing, config string) string {
	return "  - {group: g, topics: [events], members: " + members + ", protocol: eager, client: franz-go, commit: " + commit +
		", processing: " + processing + ", config: {auto.offset.reset: earliest, session.timeout.ms: 6000, " + config + "}}\n"
}

func tightCases() []tightCase {
	cases := append(tightLosses(), tightClients()...)
	return append(cases, tightTimes()...)
}

func tightLosses() []tightCase {
	const lost = "records.lost.acked"
	return []tightCase{
		{"unreplicated tail", lost, "a follower cut off, the leader killed before it is struck out", act{
			cluster: slow, topics: twin, duration: "100 s", drain: "20 s", producers: of("100/s", "java", "acks: 1"),
			faults: "  - {at: 5 s, kind: partition, between: [[broker 1], [broker 2]], duration: 200 s}\n  - {at: 88 s, kind: broker_crash, target: broker 1}\n",
		}, 20},
		{"zombie leader", lost, "frozen for 100 s", act{
			cluster: quick(""), topics: events, duration: "150 s", drain: "20 s",
			producers: of("20/s", "java", "acks: 1, request.timeout.ms: 200000, delivery.timeout.ms: 300000"),
			faults:    "  - {at: 20 s, kind: broker_pause, target: broker 1, duration: 100 s}\n",
		}, 3},
		{"zombie leader", lost, "cut off from all but its clients for 100 s", act{
			cluster: quick(""), topics: events, duration: "150 s", drain: "20 s", producers: of("20/s", "java", "acks: 1"),
			faults: "  - {at: 20 s, kind: partition, between: [[broker 1], [broker 2, broker 3, controller 101]], duration: 100 s}\n",
		}, 3},
		{"handing over", lost, "stopped in order, as the load grows; it reads of its successor 0.3 s late", act{
			cluster: `kafka: "4.3", brokers: [{hardware: {profile: container, clean_load: 100 ms, clean_load_p99: 110 ms, metadata_apply: 300 ms, metadata_apply_p99: 310 ms}}, {}, {}], controllers: 1,
  hardware: container, config: {broker.session.timeout.ms: 3000, replica.lag.time.max.ms: 2000, auto.leader.rebalance.enable: false}`,
			topics: events, duration: "15.3 s", drain: "10 s", producers: of("{shape: steps, steps: [{at: 0 s, rate: 2/s}, {at: 15 s, rate: 2000/s}]}", "java", "acks: 1, linger.ms: 0"),
			faults: "  - {at: 15 s, kind: broker_stop, target: broker 1}\n",
		}, 20},
		{"planned moves of leaders", lost, "a returned leader that falls behind leads again", act{
			cluster: `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 3000, replica.lag.time.max.ms: 100000, leader.imbalance.check.interval.seconds: 140}`,
			topics:  twin, duration: "125 s", drain: "20 s", producers: of("20/s", "java", "acks: 1"),
			faults: "  - {at: 1 s, kind: broker_crash, target: broker 1, duration: 2 s}\n  - {at: 20 s, kind: partition, between: [[broker 1], [broker 2]], duration: 200 s}\n",
		}, 40},
		{"bytes lost with a machine or disk", lost, "a machine is lost with what it had not synced", act{
			cluster: quick(""), topics: single, duration: "70 s", drain: "10 s", producers: of("100/s", "java", "acks: 1"),
			faults: "  - {at: 60 s, kind: machine_loss, target: broker 1, duration: 5 s}\n",
		}, 20},
		{"bytes lost with a machine or disk", lost, "a disk is lost, acks=all", act{
			cluster: quick(""), topics: single, duration: "70 s", drain: "10 s", producers: of("100/s", "java", "acks: all"),
			faults: "  - {at: 60 s, kind: disk_loss, target: broker 1, duration: 5 s}\n",
		}, 2},
		{"sequences used again", lost, "a client that gives up while too few replicas are in sync what was written in the leader's last moment", act{
			cluster: `kafka: "4.3", brokers: [{rack: near}, {rack: far}], controllers: 1, hardware: {profile: container, rtt_cross_rack: 200 ms, rtt_cross_rack_p99: 205 ms},
  config: {broker.session.timeout.ms: 3000, auto.leader.rebalance.enable: false}`,
			topics:   "  - {name: events, partitions: 1, replication_factor: 2, assignment: [[1, 2]], config: {min.insync.replicas: 2}}\n",
			duration: "40 s", drain: "10 s",
			producers: "  - {name: p, topic: events, rate: {shape: steps, steps: [{at: 0 s, rate: 0/s}, {at: 5 s, rate: 400/s}, {at: 5.1 s, rate: 0/s}, {at: 35 s, rate: 400/s}, {at: 35.1 s, rate: 0/s}]},\n" +
				"     arrivals: even, record_size: 100 B, client: franz-go, config: {acks: all, linger.ms: 200}, client_options: {record_delivery_timeout: 1 s}}\n",
			faults: "  - {at: 5.4 s, kind: broker_crash, target: broker 1, duration: 10 s}\n",
		}, 20},
		{"everything since the first fault", lost, "an isolated leader takes all there is", act{
			cluster: quick(""), topics: events, duration: "60 s", drain: "10 s", producers: of("100/s", "java", "acks: 1"),
			faults: "  - {at: 1 s, kind: partition, between: [[broker 1], [broker 2, broker 3, controller 101]]}\n  - {at: 2 s, kind: network_delay, target: broker 3, delay: 900 ms}\n",
		}, 2},
		{"everything since the first fault", lost, "an unclean election at the end, acks=all", act{
			cluster: `kafka: "4.0", brokers: 3, controllers: 1, hardware: container, features: {eligible_leader_replicas: false}, config: {broker.session.timeout.ms: 3000, replica.lag.time.max.ms: 2000, auto.leader.rebalance.enable: false}`,
			topics:  dirty, duration: "60 s", drain: "20 s", producers: of("100/s", "java", "acks: all"),
			faults: "  - {at: 1 s, kind: partition, between: [[broker 1], [broker 2]]}\n  - {at: 59 s, kind: broker_crash, target: broker 1}\n",
		}, 2},
	}
}

func tightClients() []tightCase {
	return []tightCase{
		{"a buffer too small for healthy writes", "records.lost.buffer", "one batch of memory, no patience", act{
			topics: single, duration: "20 s", drain: "5 s",
			producers: of("2000/s", "java", "acks: all, linger.ms: 400, batch.size: 2000, buffer.memory: 2000, max.block.ms: 0, max.in.flight.requests.per.connection: 1, enable.idempotence: false"),
			faults:    "  - {at: 1 s, kind: broker_pause, target: broker 1, duration: 18 s}\n",
		}, 2},
		{"a full buffer", "records.lost.buffer", "the only replica is gone for good", act{
			topics: single, duration: "60 s", drain: "5 s",
			producers: of("100/s", "java", "acks: all, linger.ms: 0, batch.size: 1000, buffer.memory: 40000, max.block.ms: 0"),
			faults:    "  - {at: 5 s, kind: broker_crash, target: broker 1}\n",
		}, 2},
		{"the content of the publish buffer", "records.lost.client_crash", "a producer dies that could not send for 45 s", act{
			topics: single, duration: "55 s", drain: "5 s", producers: of("100/s", "franz-go", "acks: all"),
			faults: "  - {at: 5 s, kind: broker_crash, target: broker 1}\n  - {at: 50 s, kind: producer_crash, target: producer p}\n",
		}, 2},
		{"a client that is away", "records.lost.client_crash", "a producer is away for 30 s", act{
			duration: "40 s", drain: "5 s", producers: of("100/s", "franz-go", "acks: all"),
			faults: "  - {at: 5 s, kind: producer_crash, target: producer p, duration: 30 s}\n",
		}, 2},
		{"a client without metadata", "records.lost.buffer", "a client that starts when no broker is there", act{
			duration: "40 s", drain: "5 s", producers: of("100/s", "java", "acks: 1, max.block.ms: 100"),
			faults: "  - {at: 5 s, kind: producer_crash, target: producer p, duration: 10 s}\n  - {at: 10 s, kind: broker_crash, target: each}\n",
		}, 5},
		{"a poll committed and not processed", "records.lost.skipped", "killed at the start of a long poll", act{
			duration: "30 s", drain: "30 s", producers: of("300/s", "java", "acks: all"),
			consumers: reader("1", "before_processing", "{time: 4 ms}", "max.poll.records: 200"),
			faults:    "  - {at: 15 s, kind: consumer_crash, target: member 1 of g, duration: 10 s}\n",
		}, 10},
		{"an interval not committed", "records.duplicated.consumed", "killed just before a commit", act{
			duration: "50 s", drain: "30 s", producers: of("300/s", "java", "acks: all"),
			consumers: reader("1", "after_processing", "{time: 0.1 ms}", "auto.commit.interval.ms: 10000"),
			faults:    "  - {at: 25 s, kind: consumer_crash, target: member 1 of g, duration: 10 s}\n",
		}, 10},
		{"a poll not committed", "records.duplicated.consumed", "killed at the end of a long poll", act{
			duration: "30 s", drain: "30 s", producers: of("300/s", "java", "acks: all"),
			consumers: reader("1", "after_each_poll", "{time: 4 ms}", "max.poll.records: 200"),
			faults:    "  - {at: 15 s, kind: consumer_crash, target: member 1 of g, duration: 10 s}\n",
		}, 10},
		{"polls in hand when partitions move", "records.duplicated.consumed", "a member frozen with its poll, others with theirs", act{
			topics:   "  - {name: events, partitions: 4, replication_factor: 3, assignment: [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 3, 2]]}\n",
			duration: "40 s", drain: "60 s", producers: of("600/s", "java", "acks: all"),
			consumers: reader("2", "after_each_poll", "{time: 4 ms}", "max.poll.records: 400"),
			faults:    "  - {at: 15 s, kind: consumer_pause, target: member 1 of g, duration: 12 s}\n",
		}, 40},
		{"answers that are lost or late", "records.duplicated.produced", "five full requests in a frozen broker", act{
			topics: single, duration: "20 s", drain: "10 s",
			producers: of("500/s", "java", "acks: 1, linger.ms: 20, batch.size: 1100, request.timeout.ms: 1000, delivery.timeout.ms: 30000"),
			cluster:   slow,
			faults:    "  - {at: 10 s, kind: broker_pause, target: broker 1, duration: 5 s}\n",
		}, 10},
	}
}

func tightTimes() []tightCase {
	const stall, leaderless = "produce.stall", "leaderless.time"
	const patient = "request.timeout.ms: 60000, delivery.timeout.ms: 120000, retry.backoff.max.ms: 100, retry.backoff.ms: 50"
	return []tightCase{
		{"a healthy write", stall, "a linger of 10 s", act{
			duration: "40 s", producers: of("1/s", "java", "acks: all, linger.ms: 10000"),
		}, 2},
		{"to the end of the run", stall, "the only replica comes back late", act{
			cluster: quick(""), topics: single, duration: "60 s", drain: "30 s", producers: of("20/s", "java", "acks: all"),
			faults: "  - {at: 5 s, kind: broker_crash, target: broker 1, duration: 60 s}\n",
		}, 2},
		{"until it is found out", stall, "a follower dies, acks=all", act{
			duration: "40 s", producers: of("50/s", "java", "acks: all, "+patient),
			faults: "  - {at: 15 s, kind: broker_crash, target: broker 2}\n",
		}, 20},
		{"until the client knows", stall, "old metadata is fetched just before the election", act{
			cluster:  `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 6000, auto.leader.rebalance.enable: false}`,
			duration: "50 s", producers: of("50/s", "franz-go", "acks: 1"),
			faults: "  - {at: 15 s, kind: broker_crash, target: broker 1}\n",
		}, 60},
		{"a silent peer", stall, "a lost host, and a request timeout of a minute", act{
			cluster: quick(""), duration: "100 s", producers: of("50/s", "java", "acks: all, "+patient),
			faults: "  - {at: 15 s, kind: machine_loss, target: broker 1}\n",
		}, 5},
		{"until it goes on", stall, "a pause that ends within the session", act{
			cluster:  `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 60000}`,
			duration: "100 s", producers: of("50/s", "java", "acks: all, "+patient),
			faults: "  - {at: 15 s, kind: broker_pause, target: broker 1, duration: 40 s}\n",
		}, 2},
		{"until clients hear it again", stall, "clients cut off from a leader for a minute", act{
			cluster: slow, duration: "100 s", producers: of("50/s", "java", "acks: 1, request.timeout.ms: 5000, delivery.timeout.ms: 120000"),
			faults: "  - {at: 15 s, kind: partition, between: [[broker 1], [clients]], duration: 60 s}\n",
		}, 2},
		{"until the lag rule strikes it out", stall, "a follower cut off from its leader", act{
			duration: "100 s", producers: of("50/s", "java", "acks: all, "+patient),
			faults: "  - {at: 15 s, kind: partition, between: [[broker 2], [broker 1, broker 3]], duration: 60 s}\n",
		}, 10},
		{"until followers hear it again", stall, "a follower cut off from everybody for less than its session, just longer than TCP's doubling", act{
			cluster: `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 60000, replica.lag.time.max.ms: 70000,
    replica.socket.timeout.ms: 200000}`,
			duration: "140 s", producers: of("20/s", "java", "acks: all, request.timeout.ms: 2000, delivery.timeout.ms: 200000, retry.backoff.ms: 50, retry.backoff.max.ms: 50"),
			faults: "  - {at: 15 s, kind: partition, between: [[broker 2], [broker 1, broker 3, controller 101]], duration: 51.3 s}\n",
		}, 20},
		{"the return of a broker that did not restart", stall, "a follower cut off from everybody comes back just after TCP has tried", act{
			cluster: `kafka: "4.3", brokers: 3, controllers: 1, hardware: container, config: {broker.session.timeout.ms: 3000, replica.lag.time.max.ms: 51200,
    replica.socket.timeout.ms: 120000, replica.fetch.backoff.ms: 10}`,
			duration: "100 s", producers: of("50/s", "java", "acks: all, request.timeout.ms: 2000, delivery.timeout.ms: 120000, retry.backoff.ms: 50, retry.backoff.max.ms: 50"),
			faults: "  - {at: 15 s, kind: partition, between: [[broker 2], [broker 1, broker 3, controller 101]], duration: 25.6 s}\n",
		}, 20},
		{"no leader to the end", leaderless, "the only replica is gone for good", act{
			topics: single, duration: "60 s", drain: "10 s", producers: of("20/s", "java", "acks: all"),
			faults: "  - {at: 5 s, kind: broker_crash, target: broker 1}\n",
		}, 2},
		{"until another leads", leaderless, "a leader dies", act{
			duration: "40 s", producers: of("50/s", "java", "acks: all"),
			faults: "  - {at: 15 s, kind: broker_crash, target: broker 1}\n",
		}, 20},
		{"draining the longest stop", "lag.drain", "a group of one is away", act{
			duration: "60 s", drain: "30 s", producers: of("300/s", "java", "acks: all"),
			consumers: reader("1", "after_processing", "{time: 2 ms}", "max.poll.records: 100"),
			faults:    "  - {at: 20 s, kind: consumer_crash, target: member 1 of g, duration: 8 s}\n",
		}, 5},
	}
}
