package cluster

import (
	"net/netip"
	"strings"
	"testing"

	"kafkasim/harness/image"
	"kafkasim/scenarios"
)

// parse reads a scenario whose cluster is written on one line.
func parse(t *testing.T, cluster string) *scenarios.Spec {
	t.Helper()
	text := "scenario: test\nduration: 1 s\ncluster: " + cluster + "\ntopics: [{name: events, partitions: 1, replication_factor: 1}]\n"
	spec, problems := scenarios.Parse("test.yaml", []byte(text), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return spec
}

// laidOut is a cluster's layout with networks and ports as if they had been made.
func laidOut(t *testing.T, cluster string) *layout {
	t.Helper()
	l, err := layOut(&parse(t, cluster).Clusters[0])
	if err != nil {
		t.Fatal(err)
	}
	l.clients, l.inside = netip.MustParsePrefix("10.213.1.0/24"), netip.MustParsePrefix("10.213.2.0/24")
	for i := range l.members {
		l.members[i].port = 40_001 + i
	}
	return l
}

func TestPropertiesOfDedicatedNodes(t *testing.T) {
	t.Parallel()
	l := laidOut(t, `{brokers: 2, controllers: 1, racks: [north, south], config: {num.replica.fetchers: 4, broker.session.timeout.ms: 6000, offsets.topic.replication.factor: 3}}`)
	shared := `auto.create.topics.enable=false
offsets.topic.replication.factor=2
transaction.state.log.replication.factor=2
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=2
share.coordinator.state.topic.min.isr=2
broker.session.timeout.ms=6000
num.replica.fetchers=4
`
	want := []string{`process.roles=broker
node.id=1
controller.quorum.voters=101@10.213.2.101:9093
controller.listener.names=CONTROLLER
listeners=CLIENTS://0.0.0.0:9092,INTERNAL://10.213.2.11:9094
listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=/var/lib/kafkasim/data
advertised.listeners=CLIENTS://127.0.0.1:40001,INTERNAL://10.213.2.11:9094
inter.broker.listener.name=INTERNAL
broker.rack=north
` + shared, `process.roles=broker
node.id=2
controller.quorum.voters=101@10.213.2.101:9093
controller.listener.names=CONTROLLER
listeners=CLIENTS://0.0.0.0:9092,INTERNAL://10.213.2.12:9094
listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=/var/lib/kafkasim/data
advertised.listeners=CLIENTS://127.0.0.1:40002,INTERNAL://10.213.2.12:9094
inter.broker.listener.name=INTERNAL
broker.rack=south
` + shared, `process.roles=controller
node.id=101
controller.quorum.voters=101@10.213.2.101:9093
controller.listener.names=CONTROLLER
listeners=CONTROLLER://10.213.2.101:9093
listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=/var/lib/kafkasim/data
` + shared}
	for i := range l.members {
		if got := l.properties(&l.members[i]); got != want[i] {
			t.Errorf("properties of %s:\n%s\nwant:\n%s", l.members[i].name(), got, want[i])
		}
	}
}

func TestPropertiesOfCombinedNodes(t *testing.T) {
	t.Parallel()
	l := laidOut(t, `{brokers: 3, controllers: 0}`)
	if len(l.members) != 3 {
		t.Fatalf("%d nodes, want the 3 brokers", len(l.members))
	}
	got := l.properties(&l.members[2])
	for _, want := range []string{
		"process.roles=broker,controller\n",
		"controller.quorum.voters=1@10.213.2.11:9093,2@10.213.2.12:9093,3@10.213.2.13:9093\n",
		"listeners=CLIENTS://0.0.0.0:9092,INTERNAL://10.213.2.13:9094,CONTROLLER://10.213.2.13:9093\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "broker.rack") {
		t.Errorf("a broker without a rack has one:\n%s", got)
	}
}

func TestAddressesAreDistinct(t *testing.T) {
	t.Parallel()
	network := netip.MustParsePrefix("10.213.2.0/24")
	owner := map[netip.Addr]int{gateway(network): 0}
	for id := 1; id < firstController+maxControllers; id++ {
		if id > maxBrokers && id < firstController {
			continue
		}
		a := address(network, id)
		if other, taken := owner[a]; taken {
			t.Errorf("nodes %d and %d have the address %v", other, id, a)
		}
		if !network.Contains(a) {
			t.Errorf("node %d has the address %v outside of %v", id, a, network)
		}
		owner[a] = id
	}
}

func TestStartRefusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cluster, kafka, want string
	}{
		{`{brokers: 91}`, "4.3.1", "91 brokers and 1 controllers are too many for one machine; at most 90 and 100 are possible"},
		{`{brokers: 1, kafka: "4.1"}`, "4.3.1", "the scenario is of Kafka 4.1 and the image some/image:tag has 4.3.1; take an image of the same line"},
	} {
		_, err := Start(t.Context(), parse(t, c.cluster), 0, Options{Image: image.Image{Name: "some/image:tag", Kafka: c.kafka}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.cluster, err, c.want)
		}
	}
}

func TestDefaultKafkaIsOfTheLine(t *testing.T) {
	t.Parallel()
	for v := scenarios.V40; v <= scenarios.V43; v++ {
		if got := DefaultKafka(v); !strings.HasPrefix(got, release(v)+".") {
			t.Errorf("a scenario of Kafka %s is run with %s", release(v), got)
		}
	}
}
