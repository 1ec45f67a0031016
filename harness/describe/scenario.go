package describe

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"kafkasim/scenarios"
)

// blank is what stands where a rate is to be filled in; no scenario is valid with it, and what is said then is that it is no rate.
const blank = "rate: fill-in"

// Scenario writes the cluster down as a scenario file. It can be run at once if there
// were two looks at the log ends; else its rates are blanks. It returns an error if
// the language cannot say what was found.
func (c *Cluster) Scenario() ([]byte, error) {
	w := &writer{c: c}
	w.number()
	w.head()
	w.cluster()
	w.topics()
	w.producers()
	w.consumers()
	w.rest()
	filled := bytes.ReplaceAll(w.out.Bytes(), []byte(blank), []byte("rate: 1/s"))
	if _, problems := scenarios.Parse("found", filled, nil); len(problems) > 0 {
		p := problems[0]
		return nil, fmt.Errorf("what was found at %s cannot be written as a scenario: %s", c.Address, p.Message)
	}
	return w.out.Bytes(), nil
}

// A writer writes one scenario.
type writer struct {
	c     *Cluster
	out   bytes.Buffer
	ids   []int32 // of every broker that is there or has a replica, ascending
	names map[string]bool
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// number finds the brokers: one that is away is not in the metadata, but its
// replicas are.
func (w *writer) number() {
	for i := range w.c.Brokers {
		w.ids = append(w.ids, w.c.Brokers[i].ID)
	}
	for i := range w.c.Topics {
		for _, p := range w.c.Topics[i].Partitions {
			w.ids = append(w.ids, p.Replicas...)
		}
	}
	slices.Sort(w.ids)
	w.ids = slices.Compact(w.ids)
}

// broker is the number in the scenario of a broker, from 1.
func (w *writer) broker(id int32) int {
	i, _ := slices.BinarySearch(w.ids, id)
	return i + 1
}

func (w *writer) head() {
	c := w.c
	called := ""
	if c.ID != "" {
		called = ", id " + oneLine(c.ID) + ","
	}
	w.line("# The Kafka cluster at %s%s as it was on %s.", c.Address, called, c.Seen.UTC().Format("2006-01-02 at 15:04 UTC"))
	w.line("# No cluster tells everything: check what is marked as a guess, and fill in what is")
	w.line("# marked to be filled in; then `kafkasim run` predicts what it would do.")
	for _, text := range c.Untold {
		w.line("# Not told: %s.", oneLine(text))
	}
	w.line("scenario: found")
	w.line("description: The cluster at %s.", c.Address)
	w.line("duration: 60 s          # how long the producers write")
	w.line("drain: 30 s             # how long to wait afterwards for what is under way")
	w.line("warmup: 10 s            # left out of latency, lag and stall figures")
	w.line("replications: 20        # the same again with other random numbers")
	w.line("seed: 1")
}

func (w *writer) cluster() {
	c := w.c
	w.line("\ncluster:")
	version, why := versionOf(c.Software, c.Metadata)
	w.line("  kafka: %q  # %s", version, why)
	w.brokers()
	w.controllers()
	w.line("  hardware: container  # a guess: a profile, or a map such as {profile: m5.large-gp3, cores: 4}")
	switch {
	case c.ELR == Untold:
		w.line("  # features: {eligible_leader_replicas: true}  # not told; on in clusters that began with 4.1 or later")
	default:
		w.line("  features: {eligible_leader_replicas: %t}", c.ELR > 0)
	}
	w.brokerSettings()
}

func (w *writer) brokers() {
	racks := map[int32]string{}
	for i := range w.c.Brokers {
		racks[w.c.Brokers[i].ID] = w.c.Brokers[i].Rack
	}
	if !w.fromOne() {
		w.line("  # Brokers are numbered from 1 here, in the order of their ids: %s.", numbers(w.ids))
	}
	for _, id := range w.ids {
		if _, here := racks[id]; !here {
			w.line("  # Broker %d (id %d) has replicas and was not there.", w.broker(id), id)
		}
	}
	if !slices.ContainsFunc(w.c.Brokers, func(b Broker) bool { return b.Rack != "" }) {
		w.line("  brokers: %d", len(w.ids))
		return
	}
	w.line("  brokers:")
	for _, id := range w.ids {
		if rack := racks[id]; rack == "" {
			w.line("    - {}  # without a rack")
		} else {
			w.line("    - {rack: %s}", w.name("rack", rack))
		}
	}
}

// fromOne reports whether the brokers' ids are what the scenario calls them.
func (w *writer) fromOne() bool {
	for i, id := range w.ids {
		if int(id) != i+1 {
			return false
		}
	}
	return true
}

func (w *writer) controllers() {
	voters := w.c.Voters
	if voters == nil {
		w.line("  controllers: 1  # a guess: dedicated ones, or 0 if brokers are the controllers")
		return
	}
	combined := 0
	for _, id := range voters {
		if slices.Contains(w.ids, id) {
			combined++
		}
	}
	switch {
	case combined == 0:
		w.line("  controllers: %d  # dedicated ones: %s", len(voters), numbers(voters))
	case combined == len(w.ids) && combined == len(voters):
		w.line("  controllers: 0  # the brokers are the controllers")
	case combined == len(voters):
		w.line("  controllers: 0  # brokers with ids %s are the controllers; a scenario can only say that all are", numbers(voters))
	default:
		w.line("  controllers: %d  # a guess: the controllers are %s, some of them brokers, which a scenario cannot say", len(voters)-combined, numbers(voters))
	}
}

// numbers spells ids.
func numbers(ids []int32) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = fmt.Sprint(id)
	}
	return strings.Join(words, ", ")
}

// oneLine keeps a text from ending a comment, and out of it what no file may have.
func oneLine(text string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(printable), " ")
}

// name is a name as the language takes it: what Kafka allows for topics. Where that
// is another one, it is said in a comment above, and no two become the same.
func (w *writer) name(what, name string) string {
	legal := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	legal = legal[:min(len(legal), 200)]
	if legal == "" || legal == "." || legal == ".." {
		legal = "_" + legal
	}
	if what == "group" { // racks are shared, and topics are legal
		if w.names == nil {
			w.names = map[string]bool{}
		}
		for first, n := legal, 2; w.names[legal]; n++ {
			legal = fmt.Sprintf("%s-%d", first, n)
		}
		w.names[legal] = true
	}
	return quoted(legal)
}

// quoted puts a word in quotes that YAML would take for something else, or might.
func quoted(word string) string {
	begins := word[0] >= 'a' && word[0] <= 'z' || word[0] >= 'A' && word[0] <= 'Z' || word[0] == '_'
	switch strings.ToLower(word) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		begins = false
	}
	if begins {
		return word
	}
	return `"` + word + `"`
}

func (w *writer) rest() {
	target := "random"
	if topics := w.own(); len(topics) > 0 {
		target = "leader of " + topics[0].Name + "-0"
	}
	w.line("\n# What breaks, and what must hold:")
	w.line("# faults:")
	w.line("#   - {at: 20 s, kind: broker_crash, target: %s, duration: 20 s}", target)
	w.line("# objectives:")
	w.line("#   - records.lost.acked == 0")
	w.line("#   - max(produce.stall) < 30 s")
}

// own is the topics that are not Kafka's own.
func (w *writer) own() []*Topic {
	var own []*Topic
	for i := range w.c.Topics {
		if t := &w.c.Topics[i]; !t.Internal && len(t.Partitions) > 0 {
			own = append(own, t)
		}
	}
	return own
}
