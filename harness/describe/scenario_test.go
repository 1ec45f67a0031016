package describe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// spread is a topic of n partitions, each on rf of the brokers in turn.
func spread(name string, n, rf int, ids ...int32) Topic {
	t := Topic{Name: name}
	for p := range n {
		part := Partition{Start: 0, End: 1000, Later: Untold, Bytes: 300_000}
		for r := range rf {
			part.Replicas = append(part.Replicas, ids[(p+r)%len(ids)])
		}
		t.Partitions = append(t.Partitions, part)
	}
	return t
}

// plain is a cluster that tells everything and has nothing out of the ordinary.
func plain() *Cluster {
	c := &Cluster{
		Address: "kafka.example:9092", Seen: time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC), ID: "abc",
		Software: "v4.3", Metadata: 30, ELR: 1,
		Brokers: []Broker{{ID: 1}, {ID: 2}, {ID: 3}}, Voters: []int32{101},
		Topics: []Topic{spread("events", 3, 3, 1, 2, 3)},
		Groups: []Group{{
			Name: "billing", Assignor: "range", State: "Stable", Members: []Member{{Client: "app-1"}, {Client: "app-2"}},
			Topics: []string{"events"}, Lag: []Lag{{"events", 0, 0}, {"events", 1, 12}, {"events", 2, 3}},
		}},
		Between: 10 * time.Second,
	}
	for p := range c.Topics[0].Partitions {
		c.Topics[0].Partitions[p].Later = 1000 + int64(p+1)*5000
	}
	return c
}

// odd is a cluster with everything that the language says otherwise, or cannot say.
func odd() *Cluster {
	moving := spread("moving", 4, 2, 7, 12, 1001)
	moving.Partitions[2].Replicas = []int32{7, 12, 1001}
	settings := func(fetchers string) []Setting {
		return []Setting{
			{Name: "num.replica.fetchers", Value: fetchers},
			{Name: "min.insync.replicas", Value: "2"},
			{Name: "log.cleaner.threads", Value: "3"},
			{Name: "listeners", Value: "PLAINTEXT://:9092"},
			{Name: "sasl.jaas.config", Secret: true},
			{Name: "some.password", Value: "do not tell"},
		}
	}
	compact := spread("1.of-many", 12, 3, 1001, 12, 7)
	compact.Settings = []Setting{
		{Name: "retention.ms", Value: "-1"}, {Name: "cleanup.policy", Value: "compact"}, {Name: "min.insync.replicas", Value: "1"},
	}
	offsets := spread("__consumer_offsets", 5, 1, 7, 12)
	offsets.Internal = true
	return &Cluster{
		Address: "10.0.0.1:9092", Seen: time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC),
		Software: "at least v4.4", Metadata: 31, ELR: Untold,
		Brokers: []Broker{
			{ID: 7, Rack: "zone a", Settings: settings("4")}, {ID: 12, Settings: settings("4")}, {ID: 1001, Rack: "b", Settings: settings("8")},
		},
		Topics: []Topic{offsets, compact, moving, {Name: "gone", Partitions: nil}, spread("on-a-dead-one", 1, 1, 2000)},
		Groups: []Group{
			{Name: "a b", Assignor: "roundrobin", State: "PreparingRebalance", Members: []Member{{Client: "kgo", Static: true}}, Topics: []string{"1.of-many"}},
			{Name: "a_b", Next: true, Assignor: "uniform", State: "Stable", Members: []Member{{}}, Topics: []string{"1.of-many", "moving"}},
			{Name: "left\nlong ago", State: "Empty", Topics: []string{"moving"}, Lag: []Lag{{"moving", 0, 77}}},
			{Name: "elsewhere", State: "Stable", Assignor: "range", Members: []Member{{}}, Topics: []string{"of-another"}},
		},
		Untold: []string{"the controllers: CLUSTER_AUTHORIZATION_FAILED: no\nway"},
	}
}

// TestScenarioText: what is written, to be read as a whole (GOLDEN=update writes it
// anew), and valid: at once after two looks, with its rates filled in after one.
func TestScenarioText(t *testing.T) {
	empty := &Cluster{Address: "localhost:9092", Seen: time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC), Software: "v4.0", Metadata: 25, Brokers: []Broker{{ID: 0}}, Voters: []int32{0}}
	for _, c := range []struct {
		name    string
		cluster *Cluster
		blanks  int
	}{{"plain", plain(), 0}, {"odd", odd(), 3}, {"empty", empty, 0}} {
		t.Run(c.name, func(t *testing.T) {
			text, err := c.cluster.Scenario()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".yaml", string(text))
			_, problems := scenarios.Parse("found", text, nil)
			if len(problems) != c.blanks {
				t.Errorf("%d rates are blank, and the problems are %+v", c.blanks, problems)
			}
			for _, p := range problems {
				if !strings.Contains(p.Message, "is not a rate; write a rate such as 2000/s") {
					t.Errorf("%s", p.Message)
				}
			}
			if strings.Contains(string(text), "do not tell") {
				t.Error("it tells a password")
			}
		})
	}
}

// golden compares text with a file, or writes it with GOLDEN=update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is written; GOLDEN=update go test ./harness/describe writes it anew:\n%s", path, got)
	}
}

// TestControllersInWords: the quorum is dedicated, all brokers, or what a scenario can
// only come near to.
func TestControllersInWords(t *testing.T) {
	for _, c := range []struct {
		voters []int32
		want   string
	}{
		{nil, "controllers: 1  # a guess"},
		{[]int32{101, 102, 103}, "controllers: 3  # dedicated ones: 101, 102, 103"},
		{[]int32{1, 2, 3}, "controllers: 0  # the brokers are the controllers"},
		{[]int32{1}, "controllers: 0  # brokers with ids 1 are the controllers; a scenario can only say that all are"},
		{[]int32{1, 101, 102}, "controllers: 2  # a guess"},
	} {
		cluster := plain()
		cluster.Voters = c.voters
		text, err := cluster.Scenario()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), c.want) {
			t.Errorf("%v: no %q in\n%s", c.voters, c.want, text)
		}
	}
}

// TestVersionInWords: the release is that of the software, else of the metadata, else
// a guess, and what is not modelled becomes its neighbour.
func TestVersionInWords(t *testing.T) {
	for _, c := range []struct {
		software string
		metadata int16
		want     string
	}{
		{"v4.1", 27, "4.1: by the requests that the brokers answer; metadata.version is 27, of 4.1"},
		{"v4.3", 21, "4.3: by the requests that the brokers answer; metadata.version is 21, of 3.x"},
		{"between v4.1 and v4.2", 0, "4.1: by the requests that the brokers answer, between v4.1 and v4.2"},
		{"v3.9", 21, "4.0: the cluster runs 3.9, which is not modelled: the nearest that is; metadata.version is 21, of 3.x"},
		{"at least v4.4", 0, "4.3: the cluster runs 4.4, which is not modelled: the nearest that is"},
		{"unknown custom version", 29, "4.2: by its metadata.version; metadata.version is 29, of 4.2"},
		{"", 0, "4.3: a guess: the brokers do not tell"},
	} {
		version, why := versionOf(c.software, c.metadata)
		if got := version + ": " + why; got != c.want {
			t.Errorf("%q with metadata.version %d is %s, want %s", c.software, c.metadata, got, c.want)
		}
	}
}

// TestAnyNamesAreValid: whatever racks and groups are called, and whatever their
// settings say, the file is valid.
func TestAnyNamesAreValid(t *testing.T) {
	s := rng.New(1, "describe", "names")
	letters := []rune("aZ0._-: #\"'\n\t{}[],&*!|>%@`~ä\x00日?\\null")
	word := func() string {
		var b strings.Builder
		for range s.IntN(9) {
			b.WriteRune(letters[s.IntN(len(letters))])
		}
		return b.String()
	}
	for i := range 300 {
		c := plain()
		c.ID, c.Software, c.Untold = word(), word(), []string{word()}
		for b := range c.Brokers {
			c.Brokers[b].Rack = word()
			c.Brokers[b].Settings = []Setting{{Name: "num.io.threads", Value: word()}, {Name: "x" + oneLine(word()), Value: word()}}
		}
		c.Topics[0].Settings = []Setting{{Name: "retention.ms", Value: word()}, {Name: "y", Value: word()}}
		for g := range 3 {
			c.Groups = append(c.Groups, Group{Name: word(), Assignor: word(), State: word(), Members: make([]Member, s.IntN(2)), Topics: []string{"events"}})
			_ = g
		}
		if _, err := c.Scenario(); err != nil {
			t.Fatalf("case %d: %v\n%s", i, err, fmt.Sprintf("%+v", c))
		}
	}
}
