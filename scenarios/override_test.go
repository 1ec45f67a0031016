package scenarios

import (
	"strings"
	"testing"
	"time"
)

func TestOverridesReplaceAndAdd(t *testing.T) {
	t.Parallel()
	source := small + "faults:\n  - {at: 1 s, kind: broker_crash, target: broker 1}\n"
	cases := map[string]func(s *Spec) bool{
		"replications=3":                             func(s *Spec) bool { return s.Replications == 3 },
		"seed=18446744073709551615":                  func(s *Spec) bool { return s.Seed == 1<<64-1 },
		"description=a: text, with # signs":          func(s *Spec) bool { return s.Description == "a: text, with # signs" },
		"cluster.brokers=5":                          func(s *Spec) bool { return len(s.Clusters[0].Brokers) == 5 },
		"cluster.racks=[a, b]":                       func(s *Spec) bool { return s.Clusters[0].Brokers[1].Rack == "b" },
		"cluster.config.num.replica.fetchers=4":      func(s *Spec) bool { return s.Clusters[0].Config.ReplicaFetchers == 4 },
		"cluster.hardware={profile: m7g.xlarge}":     func(s *Spec) bool { return s.Clusters[0].Brokers[0].Hardware.Name == "m7g.xlarge" },
		"cluster.hardware.cores=2":                   func(s *Spec) bool { return s.Clusters[0].Brokers[0].Hardware.Cores == 2 },
		"producers.app.config.acks=1":                func(s *Spec) bool { return s.Producers[0].Config.Acks == AcksLeader },
		"producers.app.rate=500/s":                   func(s *Spec) bool { return s.Producers[0].Rate.Peak == 500 },
		"producers.0.instances=2":                    func(s *Spec) bool { return s.Producers[0].Instances == 2 },
		"topics.my.log.partitions=7":                 func(s *Spec) bool { return s.Topics[1].Partitions == 7 },
		"topics.my-events.config.retention.ms=1":     func(s *Spec) bool { return s.Topics[0].Config.RetentionTime == time.Millisecond },
		"consumers.readers.processing.time=9 ms":     func(s *Spec) bool { return s.Groups[0].Processing.Time == 9*time.Millisecond },
		"consumers.readers.commit=before_processing": func(s *Spec) bool { return s.Groups[0].Commit == CommitBeforeProcessing },
		"faults.0.at=10 s":                           func(s *Spec) bool { return s.Faults[0].At == 10*time.Second },
		"faults=[]":                                  func(s *Spec) bool { return len(s.Faults) == 0 },
		"objectives=[max(lag.time) < 5 min]":         func(s *Spec) bool { return len(s.Objectives) == 1 },
	}
	for set, holds := range cases {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			if !holds(mustParse(t, source, set)) {
				t.Error("the value is not what the override says")
			}
		})
	}
}

func TestLaterOverridesBuildOnEarlierOnes(t *testing.T) {
	t.Parallel()
	s := mustParse(t, small, "producers.app.config={acks: 1}", "producers.app.config.linger.ms=7", "replications=3", "replications=4")
	if c := s.Producers[0].Config; c.Acks != AcksLeader || c.Linger != 7*time.Millisecond || s.Replications != 4 {
		t.Errorf("config %+v, replications %d", c, s.Replications)
	}
}

func TestBrokenOverridesNameTheirPath(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"replication=3":                        "--set replication: unknown key \"replication\" in the scenario; did you mean replications?",
		"producers.ap.config.acks=1":           "--set producers.ap.config.acks: producers has no entry \"ap\"; did you mean app?",
		"producers.app.cofnig.acks=1":          "--set producers.app.cofnig.acks: unknown key \"cofnig\" in a producer; did you mean config?",
		"producers.app.config.ack=1":           "--set producers.app.config.ack: unknown setting \"ack\"; the nearest known is acks",
		"producers.app.config.acks=2":          "--set producers.app.config.acks: acks: ",
		"producers.3.rate=1/s":                 "--set producers.3.rate: producers has no entry 3; its entries are app",
		"faults.0.at=1 s":                      "--set faults.0.at: faults is a map; it must be a list",
		"topics.my.lgo.partitions=1":           "--set topics.my.lgo.partitions: topics has no entry \"my\"",
		"cluster.brokers.1.rack=a":             "--set cluster.brokers.1.rack: cluster.brokers is 3, which has nothing below it; set cluster.brokers itself",
		"duration=soon":                        "--set duration: duration: \"soon\" is not a duration",
		"duration=\"1 min":                     "--set duration: duration: \"\\\"1 min\" is not a duration",
		"cluster.racks=[a, b":                  "--set cluster.racks: this is not YAML",
		"cluster.racks=[a, [&x b]]":            "--set cluster.racks: anchors and aliases",
		"cluster..brokers=3":                   "--set cluster..brokers: the path has an empty part",
		"consumers.readers.topics=[my.log, x]": "--set consumers.readers.topics: topics: x does not exist; topics: my-events, my.log",
		"cluster.hardware.croes=2":             "--set cluster.hardware.croes: unknown key \"croes\"",
		"cluster.hardware.profile=m7":          "--set cluster.hardware.profile: hardware: there is no profile \"m7\"; profiles: container, ",
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			if got := refused(t, small, set); !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		})
	}
}

func TestOverridesWithoutPathOrValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "replications", "=3", "replications=", " = "} {
		if o, err := ParseOverride(text); err == nil {
			t.Errorf("ParseOverride(%q) = %+v", text, o)
		}
	}
	if o, err := ParseOverride(" a.b = c=d "); err != nil || o != (Override{"a.b", "c=d"}) {
		t.Errorf("ParseOverride = %+v, %v", o, err)
	}
}
