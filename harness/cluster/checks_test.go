package cluster

import (
	"bytes"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (s *site) checkMembers() {
	s.Helper()
	var ids []int
	for _, n := range s.c.Nodes() {
		ids = append(ids, n.ID())
		if n.Broker() != (n.ID() < firstController) || n.Controller() == n.Broker() || !n.Running() {
			s.Errorf("%s: broker %v, controller %v, running %v", n, n.Broker(), n.Controller(), n.Running())
		}
	}
	if !slices.Equal(ids, []int{1, 2, 3, 101}) {
		s.Errorf("nodes %v", ids)
	}
	kafka, err := kgo.NewClient(kgo.SeedBrokers(s.c.Bootstrap()...))
	if err != nil {
		s.Fatal(err)
	}
	defer kafka.Close()
	metadata, err := kmsg.NewPtrMetadataRequest().RequestWith(s.Context(), kafka)
	if err != nil {
		s.Fatal(err)
	}
	for _, b := range metadata.Brokers {
		want := s.node(int(b.NodeID)).Address()
		if got := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))); got != want {
			s.Errorf("broker %d advertises %s, want %s", b.NodeID, got, want)
		}
		if b.Rack == nil || *b.Rack != strconv.Itoa(int(b.NodeID)) {
			s.Errorf("broker %d is in the rack %v", b.NodeID, b.Rack)
		}
	}
	for _, n := range []*Node{s.node(1), s.node(101)} {
		if text := s.log(n); !strings.Contains(text, "broker.session.timeout.ms = 3000") {
			s.Errorf("the setting of the scenario has not reached %s", n)
		}
	}
}

// checkFeature asks which level of eligible leader replicas is in force.
func (s *site) checkFeature(want int16) {
	s.Helper()
	kafka, err := kgo.NewClient(kgo.SeedBrokers(s.c.Bootstrap()...))
	if err != nil {
		s.Fatal(err)
	}
	defer kafka.Close()
	ask := kmsg.NewPtrApiVersionsRequest()
	ask.Version = 3
	ask.ClientSoftwareName, ask.ClientSoftwareVersion = "kafkasim", "1"
	versions, err := ask.RequestWith(s.Context(), kafka)
	if err != nil {
		s.Fatal(err)
	}
	var got int16
	for _, f := range versions.FinalizedFeatures {
		if f.Name == "eligible.leader.replicas.version" {
			got = f.MaxVersionLevel
		}
	}
	if got != want {
		s.Errorf("eligible.leader.replicas.version is %d, want %d", got, want)
	}
}

func (s *site) checkUsage() {
	s.Helper()
	n := s.node(1)
	before := s.usage(n)
	for range 20 { // each look asks the broker twice
		if err := n.look(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
	after := s.usage(n)
	if after.ClientIn <= before.ClientIn || after.ClientOut <= before.ClientOut || after.CPU <= 0 || after.DiskWritten <= 0 ||
		after.InternalIn < before.InternalIn || after.InternalOut < before.InternalOut {
		s.Errorf("used %+v, and after 40 requests %+v", before, after)
	}
	pid := n.podPID
	n.podPID = 0 // as if the engine were on another machine
	asked := s.usage(n)
	n.podPID = pid
	last := s.usage(n)
	if asked.ClientIn < after.ClientIn || asked.ClientIn > last.ClientIn || asked.InternalOut < after.InternalOut || asked.InternalOut > last.InternalOut {
		s.Errorf("the engine says %+v, between %+v and %+v", asked, after, last)
	}
}

func (s *site) usage(n *Node) Usage {
	s.Helper()
	u, err := n.Usage(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return u
}

func (s *site) checkKillAndStart() {
	s.Helper()
	n, peer := s.node(3), s.node(1)
	used := s.usage(n)
	before := time.Now()
	at, err := n.Kill(s.Context())
	s.did("the kill", before, at, err)
	ended, err := n.Exited(s.Context())
	s.did("the end", at, ended, err)
	if n.Running() {
		s.Error("a killed broker runs")
	}
	if _, err := n.Kill(s.Context()); err == nil {
		s.Error("a dead process was killed")
	}
	s.wantReach(peer, n, internalPort, "refused")
	if !s.c.Proxied() {
		if err := s.dial(n); err == nil {
			s.Error("a killed broker's published port accepts a connection")
		}
	}
	if log, err := n.MetadataLog(s.Context()); err != nil || len(log) == 0 {
		s.Errorf("the metadata log of a dead process: %d bytes, %v", len(log), err)
	}
	before = time.Now()
	at, err = n.Start(s.Context())
	s.did("the start", before, at, err)
	if _, err := n.Start(s.Context()); err == nil {
		s.Error("a running broker was started")
	}
	s.ready()
	if now := s.usage(n); now.CPU <= used.CPU || now.DiskWritten < used.DiskWritten {
		s.Errorf("a process that started again has used %+v, the one before it %+v", now, used)
	}
	text := s.log(n)
	if formats, lives := strings.Count(text, "Formatting"), strings.Count(text, "Kafka Server started"); formats != 1 || lives != 2 {
		s.Errorf("formatted %d times in %d lives, want once in 2", formats, lives)
	}
}

func (s *site) checkPause() {
	s.Helper()
	n := s.node(2)
	before := time.Now()
	at, err := n.Pause(s.Context())
	s.did("the pause", before, at, err)
	if !n.Running() {
		s.Error("a frozen process does not run, it is said")
	}
	if err := s.dial(n); err != nil {
		s.Errorf("the kernel of a frozen process does not accept: %v", err)
	}
	if err := n.look(s.Context()); err == nil {
		s.Error("a frozen process answers")
	}
	at, err = n.Resume(s.Context())
	s.did("the resumption", at, at, err)
	s.ready()
	// Frozen again, and killed: it must not live to hear the signal's end.
	if _, err := n.Pause(s.Context()); err != nil {
		s.Fatal(err)
	}
	at, err = n.Kill(s.Context())
	s.did("the kill of a frozen process", at, at, err)
	if _, err := n.Start(s.Context()); err != nil { // at once: it waits for the end by itself
		s.Fatal(err)
	}
	s.ready()
}

func (s *site) checkCuts() {
	s.Helper()
	one, two, three := s.node(1), s.node(2), s.node(3)
	before := time.Now()
	cut, err := s.c.Cut(s.Context(), []Party{{Node: 1}}, []Party{{Node: 2}})
	if err != nil {
		s.Fatal(err)
	}
	s.did("the cut", before, cut.At, nil)
	s.wantReach(one, two, internalPort, "silence")
	s.wantReach(two, one, internalPort, "silence")
	s.wantReach(one, three, internalPort, "open")
	s.wantReach(three, two, internalPort, "open")
	if err := s.dial(one); err != nil {
		s.Errorf("clients are cut off from %s by a cut between brokers: %v", one, err)
	}
	clients, err := s.c.Cut(s.Context(), []Party{{Node: 1}}, []Party{{Clients: true}})
	if err != nil {
		s.Fatal(err)
	}
	if err := s.dial(one); !s.c.Proxied() && !silent(err) {
		s.Errorf("clients that are cut off from %s get %v, want silence", one, err)
	}
	for _, t := range []*Trouble{cut, clients} {
		before = time.Now()
		at, err := t.Heal(s.Context())
		s.did("the healing", before, at, err)
	}
	if _, err := cut.Heal(s.Context()); err != nil {
		s.Errorf("healing again: %v", err)
	}
	s.wantReach(one, two, internalPort, "open")
	if err := s.dial(one); err != nil {
		s.Errorf("after the healing: %v", err)
	}
	s.ready()
}

func (s *site) checkLoss() {
	s.Helper()
	if _, err := s.c.Degrade(s.Context(), []Party{{Node: 1}}, nil, 0, 0, 1.5); err == nil {
		s.Error("more than all packets were lost")
	}
	if _, err := s.c.Degrade(s.Context(), []Party{{Node: 1}}, nil, time.Millisecond, 0, 0); err == nil {
		s.Error("a delay was promised that nobody makes")
	}
	lossy, err := s.c.Degrade(s.Context(), []Party{{Node: 1}}, nil, 0, 0, 0.25)
	if err != nil {
		s.Fatal(err)
	}
	rules := s.rules(s.node(1))
	// In from two brokers and a controller, in from and out to clients.
	if got := strings.Count(rules, "--probability 0.25"); got != 5 {
		s.Errorf("%d rules lose packets, want 5:\n%s", got, rules)
	}
	if _, err := lossy.Heal(s.Context()); err != nil {
		s.Fatal(err)
	}
	for _, n := range s.c.Nodes() {
		if rules := s.rules(n); strings.Contains(rules, "-A") {
			s.Errorf("rules are left on %s:\n%s", n, rules)
		}
	}
}

func (s *site) rules(n *Node) string {
	s.Helper()
	out, err := s.c.engine.Exec(s.Context(), n.pod, "iptables", "-S")
	if err != nil {
		s.Fatal(err)
	}
	return string(out)
}

func (s *site) checkLostHost() {
	s.Helper()
	n, peer := s.node(2), s.node(1)
	before := time.Now()
	at, err := n.LoseHost(s.Context())
	s.did("the loss of the host", before, at, err)
	if _, err := n.Exited(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.wantReach(peer, n, internalPort, "silence")
	if err := s.dial(n); !s.c.Proxied() && !silent(err) {
		s.Errorf("clients of a lost host get %v, want silence", err)
	}
	if _, err := n.Start(s.Context()); err == nil {
		s.Error("a process started on a host that is away")
	}
	if _, err := n.LoseHost(s.Context()); err == nil {
		s.Error("a host was lost twice")
	}
	before = time.Now()
	at, err = n.ReturnHost(s.Context())
	s.did("the host's return", before, at, err)
	s.ready()
	s.wantReach(peer, n, internalPort, "open")
}

func (s *site) checkShutdownAndLostData() {
	s.Helper()
	n := s.node(3)
	if err := n.LoseData(s.Context()); err == nil {
		s.Error("the data of a running process was destroyed")
	}
	before := time.Now()
	at, err := n.Terminate(s.Context())
	s.did("the termination", before, at, err)
	ended, err := n.Exited(s.Context())
	s.did("the end", at, ended, err)
	if text := s.log(n); !strings.Contains(text, "Beginning controlled shutdown.") {
		s.Error("the broker did not shut down in a controlled way")
	}
	if err := n.LoseData(s.Context()); err != nil {
		s.Fatal(err)
	}
	if log, err := n.MetadataLog(s.Context()); err != nil || len(log) != 0 {
		s.Errorf("the metadata log of an empty disk: %d bytes, %v", len(log), err)
	}
	if _, err := n.Start(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.ready()
	if formats := strings.Count(s.log(n), "Formatting"); formats != 2 {
		s.Errorf("formatted %d times, want again after the loss of the disk", formats)
	}
}

// checkMetadataLog looks for what was just committed, and compares the copies.
func (s *site) checkMetadataLog() {
	s.Helper()
	const topic = "known-at-once"
	s.createTopic(topic)
	first, err := s.node(101).MetadataLog(s.Context())
	if err != nil || !bytes.Contains(first, []byte(topic)) {
		s.Fatalf("the controller's metadata log (%d bytes) has nothing of a topic that it has made: %v", len(first), err)
	}
	for _, n := range s.c.Nodes() {
		var got []byte
		for deadline := time.Now().Add(10 * time.Second); len(got) < len(first); time.Sleep(lookAgain) {
			if got, err = n.MetadataLog(s.Context()); err != nil || time.Now().After(deadline) {
				s.Fatalf("the metadata log of %s: %d of %d bytes, %v", n, len(got), len(first), err)
			}
		}
		if !bytes.HasPrefix(got, first) {
			s.Errorf("the metadata logs of %s and controller 101 differ", n)
		}
	}
}

func (s *site) createTopic(name string) {
	s.Helper()
	kafka, err := kgo.NewClient(kgo.SeedBrokers(s.c.Bootstrap()...))
	if err != nil {
		s.Fatal(err)
	}
	defer kafka.Close()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 3, 3
	ask := kmsg.NewPtrCreateTopicsRequest()
	ask.Topics = append(ask.Topics, topic)
	answer, err := ask.RequestWith(s.Context(), kafka)
	if err != nil {
		s.Fatal(err)
	}
	for _, made := range answer.Topics {
		if made.ErrorCode != 0 {
			s.Fatalf("the topic %s was refused with code %d", made.Topic, made.ErrorCode)
		}
	}
}

func (s *site) checkNothingLeft() {
	s.Helper()
	left, err := list(s.Context(), s.c.engine, runLabel+"="+s.c.run)
	if err != nil {
		s.Fatal(err)
	}
	if !left.empty() {
		s.Errorf("left behind: %+v", left)
	}
	if names := named(s.T, s.c); len(names) > 0 {
		s.Errorf("left behind without labels: %v", names)
	}
}
