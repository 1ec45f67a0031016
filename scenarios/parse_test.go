package scenarios

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// example is design section 7's scenario, with what it leaves out filled in.
func example(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// mustParse parses a good scenario.
func mustParse(t *testing.T, source string, set ...string) *Spec {
	t.Helper()
	spec, problems := Parse("test.yaml", []byte(source), overrides(t, set...))
	if len(problems) > 0 {
		t.Fatalf("Parse finds problems:\n%s", RenderProblems([]byte(source), problems))
	}
	return spec
}

func overrides(t *testing.T, set ...string) []Override {
	t.Helper()
	var all []Override
	for _, text := range set {
		o, err := ParseOverride(text)
		if err != nil {
			t.Fatalf("ParseOverride(%q): %v", text, err)
		}
		all = append(all, o)
	}
	return all
}

// refused returns the problems of a scenario that Parse must refuse.
func refused(t *testing.T, source string, set ...string) string {
	t.Helper()
	spec, problems := Parse("test.yaml", []byte(source), overrides(t, set...))
	if spec != nil || len(problems) == 0 {
		t.Fatal("Parse accepts it")
	}
	return RenderProblems([]byte(source), problems)
}

func TestExampleMeansWhatItSays(t *testing.T) {
	t.Parallel()
	s := mustParse(t, example(t))
	if s.Name != "leader-crash-acks-1" || s.Duration != 2*time.Minute || s.Drain != time.Minute || s.Warmup != 10*time.Second || s.Replications != 200 || s.Seed != 1 {
		t.Errorf("head: %+v", s)
	}
	c := s.Clusters[0]
	if c.Version != V43 || len(c.Brokers) != 3 || c.Controllers != 1 || !c.ELR || c.Config.ReplicaFetchers != 1 {
		t.Errorf("cluster: %+v", c)
	}
	if c.Brokers[2].ID != 3 || c.Brokers[2].Rack != "3" || c.Brokers[2].Hardware == nil {
		t.Errorf("third broker: %+v", c.Brokers[2])
	}
	topic := s.Topics[0]
	if topic.Partitions != 12 || topic.ReplicationFactor != 3 || topic.Config.MinInsyncReplicas != 2 || topic.Assignment != nil {
		t.Errorf("topic: %+v", topic)
	}
	p := s.Producers[0]
	if p.Rate.Shape != ConstantRate || p.Rate.Peak != 2000 || p.Instances != 4 || p.RecordSize.Mean != 1024 || !p.RecordSize.Fixed || p.Config.Acks != AcksLeader || p.Config.Linger != 5*time.Millisecond {
		t.Errorf("producer: %+v", p)
	}
	g := s.Groups[0]
	if g.Protocol != Cooperative || g.Client != FranzGo || g.Members != 6 || g.Processing.Time != 500*time.Microsecond || g.Processing.Distribution != ExponentialTime || g.Config.SessionTimeout != 10*time.Second {
		t.Errorf("group: %+v", g)
	}
	if a := g.Autoscaler; a == nil || a.Target != 1500 || a.Parameters["scale_in_cooldown"] != 300 || a.Parameters["low_at"] != 0.9 {
		t.Errorf("autoscaler: %+v", g.Autoscaler)
	}
	f := s.Faults[0]
	if f.At != 30*time.Second || f.Kind != BrokerCrash || f.Target.Kind != TargetLeaderOf || f.Target.Partition != 0 || f.Duration != 20*time.Second || f.Process != nil {
		t.Errorf("first fault: %+v", f)
	}
	if r := s.Faults[1].Process; r == nil || r.MTBF != 4000*time.Hour || r.Each != "broker" || r.Duration.Distribution != ExponentialTime || r.Duration.Mean != 10*time.Minute {
		t.Errorf("random fault: %+v", s.Faults[1])
	}
	if len(s.Objectives) != 4 || s.Objectives[3].Aggregate != AggregateProbability || s.Objectives[3].Value != 1e-6 {
		t.Errorf("objectives: %+v", s.Objectives)
	}
	var missing []string
	for _, p := range s.Unsupported {
		if !strings.HasPrefix(p.Message, "not yet supported: ") || p.Line == 0 {
			t.Errorf("unsupported: %+v", p)
		}
		missing = append(missing, p.Message)
	}
	if len(missing) != 2 {
		t.Errorf("unsupported: %q, want the autoscaler and the random fault", missing)
	}
}

const small = `scenario: small
duration: 1 min
cluster: {brokers: 3, racks: [east, west, north]}
topics:
  - {name: my-events, partitions: 4, replication_factor: 3}
  - {name: my.log, partitions: 1, replication_factor: 1}
producers:
  - {name: app, topic: my-events, rate: 10/s, record_size: 1 KiB}
consumers:
  - {group: readers, topics: [my.log, my-events], members: 2, processing: {time: 1 ms}}
`

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := mustParse(t, small)
	if s.Drain != time.Minute || s.Warmup != 0 || s.Replications != 20 || s.Seed != 1 {
		t.Errorf("head: %+v", s)
	}
	p := s.Producers[0]
	if p.Client != Java || p.Instances != 1 || p.Arrivals != Poisson || p.Partitioner != DefaultPartitioner || p.Keys.Count != 0 || p.Config.Acks != AcksAll || p.Rate.Weekend != 1 {
		t.Errorf("producer: %+v", p)
	}
	g := s.Groups[0]
	if g.Client != Java || g.Protocol != Eager || g.Commit != CommitAfterProcessing || g.Processing.Threads != 1 || g.Processing.Distribution != FixedTime {
		t.Errorf("group: %+v", g)
	}
	if len(g.Topics) != 2 || g.Topics[0] != 0 || g.Topics[1] != 1 {
		t.Errorf("topics are %v, want ascending indices", g.Topics)
	}
	if mustParse(t, small, "cluster.kafka=4.0").Clusters[0].ELR {
		t.Error("ELR is on in 4.0; it is the default from 4.1")
	}
	if len(s.Unsupported) > 0 {
		t.Errorf("unsupported: %v", s.Unsupported)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault string
		want  Target
	}{
		"broker":            {"broker_crash, target: broker 2", Target{Kind: TargetBroker, Node: 2}},
		"hyphens":           {"broker_crash, target: leader of my-events-3", Target{Kind: TargetLeaderOf, Partition: 3}},
		"dots":              {"broker_crash, target: follower of my.log-0", Target{Kind: TargetFollowerOf, Topic: 1}},
		"random":            {"broker_stop, target: random", Target{Kind: TargetRandomBroker}},
		"each":              {"broker_pause, target: each", Target{Kind: TargetEach}},
		"controller":        {"controller_crash, target: controller 101", Target{Kind: TargetController, Node: 101}},
		"active controller": {"controller_crash, target: active controller", Target{Kind: TargetActiveController}},
		"rack":              {"rack_loss, target: rack west", Target{Kind: TargetRack, Rack: "west"}},
		"member":            {"consumer_crash, target: member 2 of readers", Target{Kind: TargetMember, Node: 2}},
		"producer":          {"producer_crash, target: producer app", Target{Kind: TargetProducer}},
		"clients":           {"slow_downstream, factor: 3, target: clients", Target{Kind: TargetClients}},
		"no target":         {"rolling_restart", Target{Kind: TargetEach}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustParse(t, small+"faults: [{at: 1 s, kind: "+c.fault+"}]\n")
			if got := s.Faults[0].Target; got != c.want {
				t.Errorf("target %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestFaultForms(t *testing.T) {
	t.Parallel()
	s := mustParse(t, small+`faults:
  - {at: 1 s, kind: partition, between: [[broker 1], [broker 2, controller 101, clients]], duration: 5 s}
  - {at: 1 s, kind: network_delay, between: [[broker 1], [broker 2]], delay: 50 ms, jitter: 5 ms}
  - {at: 1 s, kind: network_loss, target: broker 1, loss: 5 %}
  - {at: 1 s, kind: config_change, target: topic my.log, config: {min.insync.replicas: 1}}
  - {at: 1 s, kind: config_change, topic: my-events, config: {retention.ms: 1000}}
  - {at: 1 s, kind: rolling_restart, pause: 10 s}
  - {at: 1 s, kind: broker_crash, target: broker 1}
`)
	f := s.Faults
	if len(f[0].Between[0]) != 1 || len(f[0].Between[1]) != 3 || f[0].Between[1][2].Kind != TargetClients || f[0].Target.Kind != NoTarget {
		t.Errorf("partition: %+v", f[0])
	}
	if f[1].Delay != 50*time.Millisecond || f[1].Jitter != 5*time.Millisecond || f[2].Loss != 0.05 {
		t.Errorf("network: %+v %+v", f[1], f[2])
	}
	if f[3].Topic != 1 || f[3].Change[0] != (ConfigChangeValue{"min.insync.replicas", "1"}) || f[4].Topic != 0 || f[0].Topic != -1 {
		t.Errorf("config_change: %+v %+v", f[3], f[4])
	}
	if f[5].Pause != 10*time.Second || f[5].Duration != 0 || f[6].Duration != Forever {
		t.Errorf("durations: %+v %+v", f[5], f[6])
	}
}

func TestRateShapes(t *testing.T) {
	t.Parallel()
	rate := func(text string) string { return strings.Replace(small, "rate: 10/s", "rate: "+text, 1) }
	c := mustParse(t, rate("{shape: diurnal, peak: 1M/s, peak_to_trough: 5, weekend: 80 %, bursts: [{at: 3 h, factor: 3, rise: 1 min, hold: 10 min, decay: 5 min}]}")).Producers[0].Rate
	if c.Shape != DiurnalRate || c.Peak != 1e6 || c.Trough != 2e5 || c.Period != day || c.Weekend != 0.8 || len(c.Bursts) != 1 || c.Bursts[0].Decay != 5*time.Minute {
		t.Errorf("diurnal: %+v", c)
	}
	c = mustParse(t, rate("{shape: steps, steps: [{at: 0 s, rate: 1/s}, {at: 5 s, rate: 2/s}]}")).Producers[0].Rate
	if c.Shape != StepRate || len(c.Points) != 2 || c.Points[1] != (RatePoint{5 * time.Second, 2}) {
		t.Errorf("steps: %+v", c)
	}
	traced := rate("{shape: trace, file: day.csv}")
	if s := mustParse(t, traced); len(s.Unsupported) != 1 || !strings.Contains(s.Unsupported[0].Message, "file") {
		t.Errorf("a trace that cannot be read: %v", s.Unsupported)
	}
	read := func(name string) ([]byte, error) {
		if name != "day.csv" {
			return nil, errors.New("no such file")
		}
		return []byte("time,rate\n# a comment\n0,100\n1 min, 2k/s\n"), nil
	}
	s, problems := ParseFiles("test.yaml", []byte(traced), nil, read)
	if len(problems) > 0 || len(s.Unsupported) > 0 || len(s.Producers[0].Rate.Points) != 2 || s.Producers[0].Rate.Points[1] != (RatePoint{time.Minute, 2000}) {
		t.Errorf("a trace: %v %+v", problems, s)
	}
	_, problems = ParseFiles("test.yaml", []byte(rate("{shape: trace, file: night.csv}")), nil, read)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "no such file") {
		t.Errorf("a trace that is not there: %v", problems)
	}
}

func TestBrokenTraces(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                    "no points",
		"time,rate\n":                         "no points",
		"5,1\n":                               "line 1: the first point is at 5 s",
		"0,1\n1,2\n1,3\n":                     "line 3: the time 1 s is not after",
		"0,1,2\n":                             "3 columns",
		"0,fast\n":                            "the rate \"fast\" is not a rate",
		"0,1\nsoon,1\n":                       "the time \"soon\" is not a duration",
		"0,1\n5 m,1\n":                        "min for minutes",
		"0,-1\n":                              "the rate",
		"0,99999999999999\n":                  "highest rate",
		"0,1\n1e400,1\n":                      "the time",
		"\xff\xfe0,1\n":                       "no points",
		"0,1\n,\n":                            "the time",
		strings.Repeat("x", maxTraceSource+1): "a trace has at most",
	} {
		if points, err := parseTrace([]byte(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseTrace(%.20q) = %v, %v; want an error with %q", source, points, err, want)
		}
	}
}

func TestProblemsPointAtTheirCharacter(t *testing.T) {
	t.Parallel()
	source := "scenario: größe-ok\ndescription: ä ö ü\nduration: 1 min\ncluster: {brokers: 3, controllerz: 1}\r\ntopics:\n  - {name: é, partitions: x, replication_factor: 1}\n"
	text := refused(t, source)
	for _, want := range []string{
		"test.yaml:4:23: unknown key \"controllerz\"",
		"    4 | cluster: {brokers: 3, controllerz: 1}\n      |                       ^\n",
		"test.yaml:6:27: partitions: \"x\" is not a number",
		"    6 |   - {name: é, partitions: x, replication_factor: 1}\n      |                           ^\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestManyProblemsAreCut(t *testing.T) {
	t.Parallel()
	source := small + "faults:\n" + strings.Repeat("  - {at: 1 s, kind: broker_crush}\n", 5_000)
	text := refused(t, source)
	if !strings.Contains(text, "4900 more problems are not listed") || strings.Count(text, "broker_crush\" is not known") != maxProblems {
		t.Errorf("the list ends with %s", text[len(text)-200:])
	}
}

func TestHashFollowsMeaning(t *testing.T) {
	t.Parallel()
	base := mustParse(t, small).SHA256
	if len(base) != 64 {
		t.Fatalf("hash %q", base)
	}
	same := map[string]string{
		"comments":      "# hello\n" + small,
		"description":   strings.Replace(small, "duration:", "description: words\nduration:", 1),
		"unit":          strings.Replace(small, "1 min", "60 s", 1),
		"default":       strings.Replace(small, "brokers: 3,", "brokers: 3, controllers: 1, kafka: \"4.3\",", 1),
		"a broker list": strings.Replace(small, "brokers: 3,", "brokers: [{}, {}, {hardware: container}],", 1),
		"kafka default": strings.Replace(small, "rate: 10/s,", "rate: 10/s, config: {acks: all},", 1),
		"topic order":   strings.Replace(small, "[my.log, my-events]", "[my-events, my.log]", 1),
		"layout":        strings.Replace(small, "cluster: {brokers: 3, racks: [east, west, north]}", "cluster:\n  racks:\n    - east\n    - west\n    - north\n  brokers: 3", 1),
	}
	for name, source := range same {
		if got := mustParse(t, source).SHA256; got != base {
			t.Errorf("%s changes the hash", name)
		}
	}
	for _, set := range []string{
		"duration=61 s", "seed=2", "replications=3", "cluster.racks=[a, b, c]", "topics.my-events.partitions=5",
		"producers.app.config.acks=1", "cluster.hardware=m7g.xlarge", "consumers.readers.processing.time=2 ms",
	} {
		if mustParse(t, small, set).SHA256 == base {
			t.Errorf("--set %s leaves the hash as it is", set)
		}
	}
	withFault := small + "faults:\n  - {at: 1 s, kind: broker_crash, target: broker 1}\nobjectives:\n  - max(lag.time)<5 min\n"
	moved := strings.ReplaceAll(small+"\n\nfaults:\n\n  - {at: 1000 ms, kind: broker_crash, target:   broker   1}\nobjectives: [max( lag.time ) < 300 s]\n", "\n\n", "\n\n\n")
	if mustParse(t, withFault).SHA256 != mustParse(t, moved).SHA256 {
		t.Error("where a fault stands, or how an objective is laid out, changes the hash")
	}
}
