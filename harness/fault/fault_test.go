package fault_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kafkasim/harness/fault"
	"kafkasim/scenarios"
)

// A fakeSite is three brokers and a controller that write down what is done to
// them, and when.
type fakeSite struct {
	zero   time.Time
	mutex  sync.Mutex
	story  []string
	leader int
	client fakeProcess
}

func (s *fakeSite) did(format string, args ...any) (time.Time, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	s.story = append(s.story, fmt.Sprintf("%s ", now.Sub(s.zero))+fmt.Sprintf(format, args...))
	return now, nil
}

func (s *fakeSite) Brokers() []int     { return []int{1, 2, 3} }
func (s *fakeSite) Controllers() []int { return []int{101} }

func (s *fakeSite) Leader(context.Context, int, int) (int, []int, error) {
	return s.leader, []int{1, 2, 3}, nil
}
func (s *fakeSite) ActiveController(context.Context) (int, error) { return 101, nil }
func (s *fakeSite) Kill(_ context.Context, n int) (time.Time, error) {
	return s.did("kill %d", n)
}

func (s *fakeSite) Terminate(_ context.Context, n int) (time.Time, error) {
	return s.did("terminate %d", n)
}

// Exited takes the two seconds of a controlled shutdown.
func (s *fakeSite) Exited(_ context.Context, n int) (time.Time, error) {
	time.Sleep(2 * time.Second)
	return s.did("%d has ended", n)
}

func (s *fakeSite) Start(_ context.Context, n int) (time.Time, error) {
	return s.did("start %d", n)
}

func (s *fakeSite) Pause(_ context.Context, n int) (time.Time, error) {
	return s.did("pause %d", n)
}

func (s *fakeSite) Resume(_ context.Context, n int) (time.Time, error) {
	return s.did("resume %d", n)
}

func (s *fakeSite) LoseData(_ context.Context, n int) error {
	_, err := s.did("destroy the data of %d", n)
	return err
}
func (s *fakeSite) Serving(context.Context, int) (bool, error) { return true, nil }

func (s *fakeSite) Cut(_ context.Context, a, b []fault.Party) (fault.Trouble, error) {
	at, err := s.did("cut %v from %v", a, b)
	return &fakeTrouble{s, at}, err
}

func (s *fakeSite) Degrade(_ context.Context, a, b []fault.Party, delay, _ time.Duration, loss float64) (fault.Trouble, error) {
	at, err := s.did("degrade %v to %v by %s and %v", a, b, delay, loss)
	return &fakeTrouble{s, at}, err
}

func (s *fakeSite) SetTopic(_ context.Context, topic int, values []scenarios.ConfigChangeValue) (time.Time, error) {
	return s.did("set %v of topic %d", values, topic)
}

func (s *fakeSite) Client(c fault.Client) (fault.Process, error) {
	s.client.site, s.client.name = s, c
	return &s.client, nil
}

type fakeTrouble struct {
	site *fakeSite
	at   time.Time
}

func (t *fakeTrouble) Since() time.Time                        { return t.at }
func (t *fakeTrouble) Heal(context.Context) (time.Time, error) { return t.site.did("heal the network") }

type fakeProcess struct {
	site *fakeSite
	name fault.Client
	dead bool
}

func (p *fakeProcess) Running() bool { return !p.dead }

func (p *fakeProcess) Kill() (time.Time, error) {
	p.dead = true
	return p.site.did("kill client %+v", p.name)
}
func (p *fakeProcess) Pause() (time.Time, error)  { return p.site.did("pause client %+v", p.name) }
func (p *fakeProcess) Resume() (time.Time, error) { return p.site.did("resume client %+v", p.name) }

func (p *fakeProcess) Leave() (time.Time, error) {
	p.dead = true
	return p.site.did("stop client %+v", p.name)
}

func (p *fakeProcess) Start() (time.Time, error) {
	p.dead = false
	return p.site.did("start client %+v", p.name)
}

func (p *fakeProcess) Slow(f float64) (time.Time, error) {
	return p.site.did("slow client %+v by %v", p.name, f)
}

// parse makes a scenario with these faults.
func parse(t *testing.T, faults string) *scenarios.Spec {
	t.Helper()
	spec, problems := scenarios.Parse("test.yaml", []byte(`scenario: test
duration: 60 s
cluster: {kafka: "4.3", brokers: 3, controllers: 1, hardware: container}
topics:
  - {name: events, partitions: 1, replication_factor: 3}
producers:
  - {name: app, topic: events, rate: 10/s, record_size: 1 KiB, client: franz-go}
consumers:
  - {group: readers, topics: [events], members: 2, client: franz-go, protocol: eager, processing: {time: 1 ms}}
faults:
`+faults), nil)
	for _, p := range problems {
		t.Fatal(p)
	}
	return spec
}

// do runs faults for two minutes, then undoes what stands, and returns the story.
func do(t *testing.T, site *fakeSite, faults string) (story []string, applied []fault.Applied) {
	t.Helper()
	spec := parse(t, faults)
	synctest.Test(t, func(t *testing.T) {
		site.zero = time.Now()
		e := fault.New(spec, site, site.zero, func(n int) int { return n - 1 }, &strings.Builder{})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if err := e.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if err := e.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		applied = e.Applied()
	})
	return site.story, applied
}

func TestStories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, faults string
		want         []string
	}{
		{
			"a crashed leader comes back after its time", `  - {at: 10 s, kind: broker_crash, target: leader of events-0, duration: 20 s}`,
			[]string{"10s kill 2", "30s start 2"},
		},
		{
			"one that stays away is started at the end, so that its log can be read", `  - {at: 10 s, kind: broker_crash, target: broker 1}`,
			[]string{"10s kill 1", "10s start 1"},
		},
		{
			"a broker that is asked to stop is started when it has", `  - {at: 10 s, kind: broker_stop, target: broker 3, duration: 1 s}`,
			[]string{"10s terminate 3", "13s 3 has ended", "13s start 3"},
		},
		{
			"the follower that lives", "  - {at: 1 s, kind: broker_crash, target: broker 1}\n  - {at: 5 s, kind: broker_pause, target: follower of events-0, duration: 15 s}",
			[]string{"1s kill 1", "5s pause 3", "20s resume 3", "20s start 1"},
		},
		{
			"what is down is not hit again", "  - {at: 1 s, kind: broker_crash, target: broker 1, duration: 20 s}\n  - {at: 5 s, kind: broker_pause, target: broker 1, duration: 15 s}",
			[]string{"1s kill 1", "21s start 1"},
		},
		{
			"a disk is lost with its broker", `  - {at: 1 s, kind: disk_loss, target: broker 1, duration: 20 s}`,
			[]string{"1s kill 1", "1s destroy the data of 1", "21s start 1"},
		},
		{
			"a zombie: cut from controller and peers", `  - {at: 3 s, kind: partition, between: [[leader of events-0], [broker 1, broker 3, controller 101]], duration: 20 s}`,
			[]string{"3s cut [{2 false}] from [{1 false} {3 false} {101 false}]", "23s heal the network"},
		},
		{
			"a host alone against all others", `  - {at: 3 s, kind: network_loss, target: broker 1, loss: 10 %, duration: 2 s}`,
			[]string{"3s degrade [{1 false}] to [{2 false} {3 false} {101 false} {0 true}] by 0s and 0.1", "5s heal the network"},
		},
		{
			"a network fault that never ends is healed before the logs are read", `  - {at: 3 s, kind: partition, between: [[broker 1], [clients]]}`,
			[]string{"3s cut [{1 false}] from [{0 true}]", "3s heal the network"},
		},
		{
			"a member dies and comes back", `  - {at: 3 s, kind: consumer_crash, target: member 2 of readers, duration: 9 s}`,
			[]string{"3s kill client {Producer:false Index:0 Member:2}", "12s start client {Producer:false Index:0 Member:2}"},
		},
		{
			"a controller dies", `  - {at: 3 s, kind: controller_crash, target: active controller, duration: 9 s}`,
			[]string{"3s kill 101", "12s start 101"},
		},
		{
			"brokers are restarted one by one", `  - {at: 1 s, kind: rolling_restart, target: each, duration: 1 s, pause: 5 s}`,
			[]string{
				"1s terminate 1", "3s 1 has ended", "4s start 1", "9s terminate 2", "11s 2 has ended", "12s start 2",
				"17s terminate 3", "19s 3 has ended", "20s start 3",
			},
		},
		{
			"a setting changes", `  - {at: 1 s, kind: config_change, topic: events, config: {min.insync.replicas: 2}}`,
			[]string{"1s set [{min.insync.replicas 2}] of topic 0"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			story, _ := do(t, &fakeSite{leader: 2}, c.faults)
			if !slices.Equal(story, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(story, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestMomentsAreTheTrueOnes(t *testing.T) {
	t.Parallel()
	site := &fakeSite{leader: 2}
	_, applied := do(t, site, "  - {at: 10 s, kind: broker_stop, target: leader of events-0, duration: 1 s}\n  - {at: 11 s, kind: broker_stop, target: broker 2}")
	first, second := applied[0], applied[1]
	if got := first.At.Sub(site.zero); got != 10*time.Second || !slices.Equal(first.Brokers, []int{2}) {
		t.Errorf("the stop took effect at %s on %v", got, first.Brokers)
	}
	if got := first.Healed.Sub(site.zero); got != 13*time.Second {
		t.Errorf("the broker was back at %s, want 13s: a second away and two to stop", got)
	}
	if second.Skipped != "its target is down already" || !second.At.IsZero() {
		t.Errorf("the second stop: %+v", second)
	}
	site = &fakeSite{leader: 2}
	_, applied = do(t, site, "  - {at: 1 s, kind: rolling_restart, target: each, duration: 1 s, pause: 5 s}")
	var asked []time.Duration
	for _, at := range applied[0].Asked {
		asked = append(asked, at.Sub(site.zero))
	}
	if !slices.Equal(asked, []time.Duration{time.Second, 9 * time.Second, 17 * time.Second}) {
		t.Errorf("the brokers of a rolling restart were asked to stop at %v", asked)
	}
}

func TestALeaderlessPartitionIsSkipped(t *testing.T) {
	t.Parallel()
	story, applied := do(t, &fakeSite{}, `  - {at: 10 s, kind: broker_crash, target: leader of events-0}`)
	if len(story) != 0 || applied[0].Skipped != "the partition has no leader" {
		t.Errorf("%v %+v", story, applied)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	spec := parse(t, "  - {at: 1 s, kind: machine_loss, target: broker 1}\n  - {at: 1 s, kind: slow_disk, target: broker 2, factor: 3}\n  - {at: 1 s, kind: broker_crash, target: broker 3}")
	words := fault.Refused(spec)
	if len(words) != 2 || !strings.Contains(words[0], "page cache") || !strings.Contains(words[1], "one disk") {
		t.Errorf("%q", words)
	}
}
