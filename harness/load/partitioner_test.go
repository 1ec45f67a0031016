package load

import (
	"context"
	"errors"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/journal"
)

func avoider(kind, more string) string {
	return `producers:
  - {name: playback, topic: events, rate: 1000/s, record_size: 1 KiB, client: franz-go, partitioner: ` + kind + ", config: {acks: 1, linger.ms: 5}" + more + "}\n"
}

// where counts the records sent from a moment on, by the broker that led the
// partition of each one that was acknowledged, and those that were not.
func where(c *kfake.Cluster, entries []journal.Entry, from int64) (by map[int32]int, open int) {
	by = map[int32]int{}
	late := map[journal.ID]bool{}
	for _, e := range entries {
		switch {
		case e.Kind == journal.Sent && e.At >= from:
			late[e.ID] = true
		case e.Kind == journal.Acked && late[e.ID]:
			by[c.LeaderFor("events", e.Partition)]++
			delete(late, e.ID)
		}
	}
	return by, len(late)
}

// TestAvoidUnavailableGoesElsewhere makes a broker say nothing, or refuse: after
// the wrapper has noticed, the others get every record.
func TestAvoidUnavailableGoesElsewhere(t *testing.T) {
	t.Parallel()
	for _, trouble := range []string{"silent", "refuses", "gone"} {
		t.Run(trouble, func(t *testing.T) {
			t.Parallel()
			var lines mute
			c := fake(t, kfake.ListenFn(lines.listen))
			p := newPlan(t, parse(t, avoider("avoid_unavailable", ", client_options: {metadata_min_age: 50 ms}")), c, journal.RoleProducer)
			r := start(t, p)
			until(t, p.Journal, "the producer works", atLeast(300, journal.Acked))
			switch trouble {
			case "silent":
				lines.on(1)
			case "refuses":
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Nodes: []int32{1}, Err: kerr.NotEnoughReplicas, Count: -1})
			case "gone":
				c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
					c.KeepControl()
					if c.CurrentNode() == 1 {
						return nil, kerr.NetworkException, true // closes the connection
					}
					return nil, nil, false
				})
			}
			noticed := now() + 2*overdue
			sleepUntil(p.at(p.Spec.Duration)+int64(200*time.Millisecond), nil)
			f := read(t, p.Journal)
			by, open := where(c, f.Entries, noticed)
			// Each of the broker's two partitions may be tried once, with 64 KiB at most.
			if len(by) != 2 || by[1] > 0 || open > 2*64 {
				t.Errorf("once it was noticed, the brokers got %v and %d records are open; want none for broker 1", by, open)
			}
			_, everOpen := where(c, f.Entries, 0)
			if everOpen == 0 {
				t.Error("nothing waits for broker 1, so there was no trouble")
			}
			if err := r.commands.Close(); err != nil {
				t.Error(err)
			}
			if err := <-r.done; !errors.Is(err, errOrphan) {
				t.Errorf("the process ended with %v", err)
			}
		})
	}
}

// A mute keeps the connections of a broker from hearing anything.
type mute struct {
	mutex     sync.Mutex
	listeners int
	broker    atomic.Int32 // that hears nothing, plus 1
}

func (m *mute) on(broker int32) { m.broker.Store(broker + 1) }

// listen is called for each broker in turn.
func (m *mute) listen(network, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), network, address)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.listeners++
	return &muteListener{l, m, int32(m.listeners)}, err
}

type muteListener struct {
	net.Listener
	mute   *mute
	number int32
}

func (l *muteListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &muteConn{c, l}, err
}

type muteConn struct {
	net.Conn
	listener *muteListener
}

func (c *muteConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for err == nil && c.listener.mute.broker.Load() == c.listener.number {
		n, err = c.Conn.Read(b)
	}
	return n, err
}

// TestProbesAreNoRecords sees that connecting writes nothing.
func TestProbesAreNoRecords(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"default", "avoid_under_replicated"} {
		c := fake(t)
		p := newPlan(t, parse(t, avoider(kind, "")), c, journal.RoleProducer)
		p.Zero = time.Now().Add(time.Hour)
		r := start(t, p)
		until(t, p.Journal, "the producer is ready", atLeast(1, journal.Ready))
		f := r.leave()
		if n := len(inLog(t, c)); n > 0 || len(f.Entries) != 3 {
			t.Errorf("%s: %d records are in the log, and the journal says %+v", kind, n, f.Entries)
		}
	}
}

// backlog offers partitions to a partitioner as kgo does.
type backlog struct {
	records []int64
	next    int
}

func (b *backlog) Next() (int, int64) {
	b.next--
	return b.next, b.records[b.next]
}

func (b *backlog) Rem() int { return b.next }

// A lab is a partitioner over three partitions of a fake cluster, led by the
// brokers 0, 1 and 2 in turn.
type lab struct {
	*avoidingTopic
	leaders []int32
}

func newLab(t *testing.T, kind string) *lab {
	t.Helper()
	c := fake(t)
	spec := parse(t, avoider(kind, ""))
	p := newPlan(t, spec, c, journal.RoleProducer)
	r := &runner{plan: p}
	in := &instance{runner: r, spec: &spec.Producers[0], probe: &kgo.Record{Topic: "events"}}
	s, err := in.settings()
	if err != nil {
		t.Fatal(err)
	}
	var l *lab
	s.options = append(s.options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if in.client, err = kgo.NewClient(s.options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.client.Close)
	if err := in.client.ProduceSync(t.Context(), &kgo.Record{Topic: "events", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	w := newWatch("events", 3, &spec.Producers[0].Config)
	w.OnNewClient(in.client)
	l = &lab{avoidingTopic: (&avoiding{watch: w, underReplicated: kind == "avoid_under_replicated", batchSize: 1000}).ForTopic("events").(*avoidingTopic)}
	for k := range 3 {
		l.leaders = append(l.leaders, c.LeaderFor("events", int32(k)))
	}
	return l
}

// share is how many of 3,000 choices fall on each partition; the sticky bytes are
// used up each time.
func (l *lab) share(buffered ...int64) [3]int {
	var got [3]int
	for range 3000 {
		l.produced = stickyBytes
		got[l.pick(buffered...)]++
	}
	return got
}

func (l *lab) pick(buffered ...int64) int {
	return l.PartitionByBackup(&kgo.Record{Value: make([]byte, 100)}, 3, &backlog{records: buffered, next: 3})
}

// near allows four standard deviations of a binomial count.
func near(got int, share float64) bool {
	return math.Abs(float64(got)-3000*share) <= 4*math.Sqrt(3000*share*(1-share))+1e-9
}

func TestRanksAreTheModels(t *testing.T) {
	t.Parallel()
	l := newLab(t, "avoid_under_replicated")
	if got := l.share(0, 1, 3); !near(got[0], 4.0/7) || !near(got[1], 2.0/7) || !near(got[2], 1.0/7) {
		t.Errorf("with 0, 1 and 3 records buffered the choices are %v, want weights of 1/(records+1)", got)
	}
	q := l.watch.partitions
	q[0].bytes = 1001 // a whole batch
	if got := l.share(0, 0, 0); got[0] > 0 || !near(got[1], 0.5) {
		t.Errorf("%v choices, want none for a partition where a batch waits", got)
	}
	q[1].inSync = false
	if got := l.share(0, 0, 0); got[2] != 3000 {
		t.Errorf("%v choices, want all for the partition in sync without a queue", got)
	}
	q[2].waiting, q[2].since = 1, now()-2*l.watch.idle // it is being retried
	if got := l.share(0, 0, 0); got[0] != 3000 {
		t.Errorf("%v choices, want all for the partition in sync", got)
	}
	l.watch.broker(l.leaders[0]).lost = true
	if got := l.share(0, 0, 0); got[1] != 3000 {
		t.Errorf("%v choices, want all for the available partition", got)
	}
	l.watch.broker(l.leaders[1]).sent = []int64{now() - 2*overdue}
	if got := l.share(0, 0, 0); !near(got[0], 1.0/3) || !near(got[1], 1.0/3) {
		t.Errorf("%v choices, want all alike where none is available", got)
	}
	l.watch.topic = "no such topic"
	q[0].bytes, q[1].inSync = 0, true
	if got := l.share(0, 0, 0); !near(got[0], 1.0/3) || !near(got[1], 1.0/3) {
		t.Errorf("%v choices, want all alike where none has a leader", got)
	}
}

func TestStickyPartitionIsLeftForABetterOne(t *testing.T) {
	t.Parallel()
	l := newLab(t, "avoid_unavailable")
	first := l.pick(0, 0, 0)
	for range 100 {
		if got := l.pick(9, 9, 9); got != first {
			t.Fatalf("partition %d after %d before 64 KiB were written", got, first)
		}
	}
	l.watch.broker(l.leaders[first]).lost = true
	if got := l.pick(0, 0, 0); got == first {
		t.Error("the partition of a lost broker was kept")
	}
}
