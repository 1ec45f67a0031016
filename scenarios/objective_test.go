package scenarios

import (
	"strings"
	"testing"
)

func TestObjectives(t *testing.T) {
	t.Parallel()
	cases := map[string]Objective{
		"durability.acked.nines >= 5":    {Metric: "durability.acked.nines", Op: OpGreaterEqual, Value: 5},
		"records.lost.acked == 0":        {Metric: "records.lost.acked", Op: OpEqual},
		"records.lost.acked<10 records":  {Metric: "records.lost.acked", Op: OpLess, Value: 10},
		"elections.unclean != 1":         {Metric: "elections.unclean", Op: OpNotEqual, Value: 1},
		"produce.availability > 99.9 %":  {Metric: "produce.availability", Op: OpGreater, Value: 0.9990000000000001},
		"produce.stall <= 20 s":          {Metric: "produce.stall", Op: OpLessEqual, Value: 20},
		"p99(produce.latency) < 50 ms":   {Metric: "produce.latency", Aggregate: AggregateQuantile, Quantile: 0.99, Op: OpLess, Value: 0.05},
		"p99.9(produce.latency) < 1 s":   {Metric: "produce.latency", Aggregate: AggregateQuantile, Quantile: 0.9990000000000001, Op: OpLess, Value: 1},
		"median( lag.records ) < 1000":   {Metric: "lag.records", Aggregate: AggregateMedian, Op: OpLess, Value: 1000},
		"max(lag.time{group=g}) < 5 min": {Metric: "lag.time{group=g}", Aggregate: AggregateMax, Op: OpLess, Value: 300},
		"mean(network.in { broker = 2 , cluster=main }) < 40 MB/s": {
			Metric: "network.in{cluster=main,broker=2}", Aggregate: AggregateMean, Op: OpLess, Value: 40e6,
		},
		"consumers.time <= 2 h":              {Metric: "consumers.time", Op: OpLessEqual, Value: 7200},
		"min(leader.failover) > 0":           {Metric: "leader.failover", Aggregate: AggregateMin, Op: OpGreater},
		"P(records.lost.acked > 0) <= 1e-6":  {Metric: "records.lost.acked", Aggregate: AggregateProbability, InnerOp: OpGreater, Op: OpLessEqual, Value: 1e-6},
		"P(produce.stall>=20 s)<5 %":         {Metric: "produce.stall", Aggregate: AggregateProbability, InnerOp: OpGreaterEqual, InnerValue: 20, Op: OpLess, Value: 0.05},
		"records.generated{topic=t} > 1e6":   {Metric: "records.generated{topic=t}", Op: OpGreater, Value: 1e6},
		"records.acked{producer=p} >= 10000": {Metric: "records.acked{producer=p}", Op: OpGreaterEqual, Value: 1e4},
	}
	s := objectiveResolver(t)
	for text, want := range cases {
		want.Expression = text
		if got, err := s.objective(text); err != nil || got != want {
			t.Errorf("%s\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

// objectiveResolver knows a cluster, a topic, a producer and a group.
func objectiveResolver(t *testing.T) *resolver {
	t.Helper()
	spec := &Spec{
		Clusters:  []Cluster{{Name: "main", Brokers: make([]Broker, 3)}},
		Topics:    []Topic{{Name: "t"}},
		Producers: []Producer{{Name: "p"}},
		Groups:    []Group{{Name: "g"}},
	}
	return &resolver{
		reader: &reader{}, spec: spec, file: &fileScenario{},
		topicsNamed: map[string][]int{"t": {0}}, producersNamed: map[string]int{"p": 0}, groupsNamed: map[string]int{"g": 0},
	}
}

func TestObjectivesThatCannotBeJudged(t *testing.T) {
	t.Parallel()
	s := objectiveResolver(t)
	for text, want := range map[string]string{
		"":                                     "no comparison",
		"lag.tme < 5 s":                        "did you mean lag.time?",
		"lag.time < 5 s":                       "needs an aggregate",
		"P(lag.time > 5 s) < 0.1":              "no one value a replication",
		"max(lag.time) < 5":                    "no unit",
		"max(lag.records) < 5 s":               "is not a number",
		"durability.acked.nines >= 5 %":        "is not a number",
		"produce.stall < -5 s":                 "is never negative",
		"sum(records.acked) > 5":               "there is no aggregate",
		"p0(lag.time) < 5 s":                   "there is no aggregate",
		"pp(lag.time) < 5 s":                   "there is no aggregate",
		"max(lag.time) or 5 < 5 s":             "stands between",
		"max lag.time) < 5 s":                  "there is no metric",
		"max(lag.time < 5 s":                   "not closed",
		"max(lag.time{group=}) < 5 s":          "is not a label",
		"max(lag.time{group=g,group=g}) < 5 s": "is there twice",
		"max(lag.time{group=h}) < 5 s":         "there is no group",
		"max(network.in{broker=4}) < 5 MB/s":   "there is no broker 4",
		"max(lag.time{group=g) < 5 s":          "not closed",
		"P(records.acked > 0) > 2":             "not a probability",
		"P(records.acked > 0)":                 "compared with a probability",
		"< 5":                                  "there is no metric",
	} {
		if got, err := s.objective(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %+v, %v\nwant an error with %q", text, got, err, want)
		}
	}
}

func TestMetricCatalogue(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, m := range Metrics() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if m.Kind.String() == "unknown" || m.Meaning == "" || len(m.Labels) == 0 {
			t.Errorf("%s is incomplete: %+v", m.Name, m)
		}
		if _, err := m.parseValue("0"); err != nil {
			t.Errorf("%s cannot be compared with 0: %v", m.Name, err)
		}
	}
	// Design section 6, name by name.
	for name := range strings.FieldsSeq(`records.generated records.acked records.delivered records.lost.acked records.lost.buffer
		records.lost.expired records.lost.unconfirmed records.lost.client_crash records.lost.retention records.lost.skipped
		records.in_flight_at_end records.truncated records.phantom records.duplicated.produced records.duplicated.consumed
		records.out_of_order durability.acked durability.acked.nines durability.end_to_end durability.end_to_end.nines
		loss.probability loss.bound.acked produce.latency delivery.latency produce.stall produce.availability leaderless.time
		under_replicated.time under_min_isr.time elections.clean elections.unclean isr.shrinks isr.expands fencings
		leader.failover lag.records lag.time lag.committed lag.drain rebalances rebalance.pause consumers.members
		consumers.time network.in network.out disk.write broker.utilization`) {
		if !seen[name] {
			t.Errorf("%s is not in the catalogue", name)
		}
		delete(seen, name)
	}
	if len(seen) > 0 {
		t.Errorf("the catalogue has more than the design: %v", seen)
	}
}

// The defaults in the tables of autoscalers are written as a file would have
// them, so each must be readable.
func TestAutoscalerDefaultsAreReadable(t *testing.T) {
	t.Parallel()
	for _, kind := range autoscalerNames() {
		for _, p := range autoscalerParameters(kind) {
			if p.standard == "" {
				continue
			}
			if _, err := p.parse(p.standard, "lag"); err != nil {
				t.Errorf("%s: %s: %q %v", kind, p.name, p.standard, err)
			}
		}
	}
}
