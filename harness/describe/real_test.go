package describe

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/cluster"
	"kafkasim/harness/image/imagetest"
	"kafkasim/scenarios"
)

// described is a cluster as its file says it; the test reads it back from the
// cluster.
const described = `
scenario: described
duration: 1 s
cluster:
  kafka: "4.3"
  brokers: 3
  controllers: 1
  racks: [a, b, c]
  features: {eligible_leader_replicas: true}
  config: {num.replica.fetchers: 2}
topics: [{name: events, partitions: 3, replication_factor: 3}]
`

// realCluster is that cluster in containers. Without an engine and an image the test
// is skipped, or fails where KAFKASIM_REQUIRE_KAFKA=1 says that they must be there.
func realCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	e, found := imagetest.RealKafka(t)
	release, err := cluster.Exclusive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	spec, problems := scenarios.Parse("described", []byte(described), nil)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	c, err := cluster.Start(t.Context(), spec, 0, cluster.Options{Engine: e, Image: found, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestRealCluster: what Kafka itself says of a cluster is written as the scenario that
// the cluster was made from.
func TestRealCluster(t *testing.T) {
	kafka := realCluster(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka.Bootstrap()...), kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("events"), kgo.DefaultProduceTopic("events"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	least := "2"
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopic(t.Context(), 3, 3, map[string]*string{"min.insync.replicas": &least}, "events"); err != nil {
		t.Fatal(err)
	}
	write(t, client, 20)
	for read := 0; read < 20; {
		read += client.PollFetches(t.Context()).NumRecords()
	}
	if err := client.CommitUncommittedOffsets(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 200 {
			client.Produce(t.Context(), kgo.StringRecord("later"), nil)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	c, err := Look(t.Context(), kafka.Bootstrap()[2], time.Second)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Scenario()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("written:\n%s", text)
	for _, want := range []string{
		`kafka: "4.3"  # by the requests that the brokers answer; metadata.version is 30, of 4.3`,
		"    - {rack: a}\n    - {rack: b}\n    - {rack: c}\n", "controllers: 1  # dedicated ones: 101",
		"features: {eligible_leader_replicas: true}", "    num.replica.fetchers: 2\n", "{min.insync.replicas: 2}",
		"  - group: readers\n    topics: [events]\n    members: 1\n    protocol: cooperative\n", "client: franz-go",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q", want)
		}
	}
	spec, problems := scenarios.Parse("found", text, nil)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	if len(spec.Topics) != 1 || spec.Topics[0].Partitions != 3 || len(spec.Topics[0].Assignment) != 3 || len(spec.Producers) != 1 {
		t.Errorf("topics %+v, producers %+v", spec.Topics, spec.Producers)
	}
	if rate := float64(spec.Producers[0].Rate.Peak); rate < 20 || rate > 120 { // 100/s, from a busy machine
		t.Errorf("the rate is %g/s", rate)
	}
}
