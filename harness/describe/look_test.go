package describe

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
)

// fake is a cluster of three brokers in this process, with two topics, the first of
// which has 30 records.
func fake(t *testing.T) (address string, client *kgo.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(4, "events", "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err = kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	write(t, client, 30)
	return cluster.ListenAddrs()[0], client
}

func write(t *testing.T, client *kgo.Client, n int) {
	t.Helper()
	for i := range n {
		if err := client.ProduceSync(t.Context(), kgo.StringRecord(fmt.Sprint("record ", i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLook describes a cluster, with a group that reads, and writes it as a scenario
// that is valid but for its rates.
func TestLook(t *testing.T) {
	address, client := fake(t)
	admin := kadm.NewClient(client)
	value := "2"
	if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "min.insync.replicas", Value: &value}}, "events"); err != nil {
		t.Fatal(err)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumerGroup("billing & co"), kgo.ConsumeTopics("events"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for read := 0; read < 30; {
		read += reader.PollFetches(t.Context()).NumRecords()
	}
	if err := reader.CommitUncommittedOffsets(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, client, 5)

	c, err := Look(t.Context(), address, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Brokers) != 3 || len(c.own()) != 2 || len(c.Groups) != 1 || c.Software == "" || c.ELR == Untold {
		t.Fatalf("found %+v", c)
	}
	g := &c.Groups[0]
	if g.Name != "billing & co" || len(g.Members) != 1 || len(g.Topics) != 1 || g.Assignor != "cooperative-sticky" {
		t.Errorf("the group is %+v", g)
	}
	behind := int64(0)
	for _, l := range g.Lag {
		behind += l.Records
	}
	if behind != 5 {
		t.Errorf("the group is %d records behind, want 5", behind)
	}
	text, err := c.Scenario()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"group: billing___co", "members: 1", "client: franz-go", "protocol: cooperative", "5 records behind", "{min.insync.replicas: 2}", blank} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, problems := scenarios.Parse("found", text, nil); len(problems) != 2 || !strings.Contains(problems[0].Message, "is not a rate") {
		t.Errorf("two rates are blank, and the problems are %+v", problems)
	}
}

// own are the names of a cluster's topics that are not Kafka's own.
func (c *Cluster) own() []*Topic { return (&writer{c: c}).own() }

// TestTwoLooks: with a second look the rates are those of what was written between,
// and the file is valid as it is.
func TestTwoLooks(t *testing.T) {
	address, client := fake(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			client.ProduceSync(ctx, kgo.StringRecord("another"))
			time.Sleep(time.Millisecond)
		}
	}()
	c, err := Look(t.Context(), address, 300*time.Millisecond)
	stop()
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Scenario()
	if err != nil {
		t.Fatal(err)
	}
	spec, problems := scenarios.Parse("found", text, nil)
	if len(problems) > 0 {
		t.Fatalf("%+v in\n%s", problems, text)
	}
	if len(spec.Producers) != 1 || spec.Producers[0].Name != "events" || spec.Producers[0].Rate.Peak <= 0 {
		t.Errorf("the producers are %+v", spec.Producers)
	}
	if !strings.Contains(string(text), "# Nobody wrote to audit.log") {
		t.Errorf("nothing is said about the other topic in\n%s", text)
	}
}

// serve lets answer talk to whoever connects, and returns the address.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return listener.Addr().String()
}

// TestNobodyThere: each way to find no cluster is one sentence.
func TestNobodyThere(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	web := serve(t, func(conn net.Conn) { _, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })
	picky := serve(t, func(conn net.Conn) { _ = conn.Close() }) // as a broker that wants TLS
	silent := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for _, c := range []struct{ name, address, want string }{
		{"nobody listens", closed, "no broker answers at " + closed + ": the connection is refused"},
		{"no such host", "no-such-host.invalid:9092", "no broker answers at no-such-host.invalid:9092: there is no host of this name"},
		{"a web server", web, "does not speak Kafka's protocol"},
		{"closes at once", picky, "or wants TLS or a password"},
		{"silence", silent, "did not answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			_, err := Look(ctx, c.address, 0)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
		})
	}
}

// TestLookIsInterrupted: an interrupt is passed on as what it is.
func TestLookIsInterrupted(t *testing.T) {
	address, _ := fake(t)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, stop)
	if _, err := Look(ctx, address, time.Hour); !strings.Contains(fmt.Sprint(err), context.Canceled.Error()) {
		t.Errorf("the error is %v", err)
	}
}
