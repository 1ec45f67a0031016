package describe

import (
	"fmt"
	"slices"
	"strings"

	"kafkasim/scenarios"
)

// brokerSettings writes the cluster's config: what most brokers have, and remarks
// about the others.
func (w *writer) brokerSettings() {
	var lines []string
	left := 0
	for _, name := range w.settingNames() {
		if local(name) {
			left++
			continue
		}
		lines = append(lines, w.brokerSetting(name)...)
	}
	lines = append(lines, w.offsetsTopic()...)
	if slices.ContainsFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "#") }) {
		w.line("  config:")
	} else {
		w.line("  config: {}")
	}
	for _, l := range lines {
		w.line("    %s", l)
	}
	if left > 0 {
		w.line("  # Left out: %d settings of addresses, directories, roles and security.", left)
	}
}

// settingNames are the names that any broker has a value for, ascending.
func (w *writer) settingNames() []string {
	var names []string
	for i := range w.c.Brokers {
		for _, s := range w.c.Brokers[i].Settings {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// brokerSetting is the lines for one setting of the brokers.
func (w *writer) brokerSetting(name string) []string {
	values := make([]string, len(w.c.Brokers)) // "" for Kafka's default
	counts := map[string]int{}
	for i := range w.c.Brokers {
		b := &w.c.Brokers[i]
		if k := slices.IndexFunc(b.Settings, func(s Setting) bool { return s.Name == name }); k >= 0 {
			if b.Settings[k].Secret {
				return nil
			}
			values[i] = oneLine(b.Settings[k].Value)
		}
		counts[values[i]]++
	}
	usual := values[0]
	for _, v := range values {
		if counts[v] > counts[usual] {
			usual = v
		}
	}
	line := "# " + name + " is Kafka's default"
	if usual != "" {
		line = settingLine(name, usual, scenarios.TakesBrokerSetting(name, usual))
	}
	var others []string
	for i, v := range values {
		switch {
		case v == usual:
		case v == "":
			others = append(others, fmt.Sprintf("broker %d has Kafka's default", w.broker(w.c.Brokers[i].ID)))
		default:
			others = append(others, fmt.Sprintf("broker %d has %s", w.broker(w.c.Brokers[i].ID), v))
		}
	}
	if len(others) > 0 {
		line += "  # " + strings.Join(others, ", ")
	}
	return []string{line}
}

// settingLine is one setting, or a remark about it if the language does not take it.
func settingLine(name, value string, refused error) string {
	if refused != nil {
		return fmt.Sprintf("# not modelled: %s = %s", name, value)
	}
	return name + ": " + value
}

// offsetsTopic is what __consumer_offsets has instead of what its settings say by
// default.
func (w *writer) offsetsTopic() []string {
	i := slices.IndexFunc(w.c.Topics, func(t Topic) bool { return t.Name == "__consumer_offsets" })
	if i < 0 || len(w.c.Topics[i].Partitions) == 0 {
		return nil
	}
	const remark = "  # as __consumer_offsets has it"
	partitions := w.c.Topics[i].Partitions
	var lines []string
	names := w.settingNames()
	if n := len(partitions); n != 50 && !slices.Contains(names, "offsets.topic.num.partitions") {
		lines = append(lines, fmt.Sprintf("offsets.topic.num.partitions: %d%s", n, remark))
	}
	if n := len(partitions[0].Replicas); n != min(3, len(w.ids)) && !slices.Contains(names, "offsets.topic.replication.factor") {
		lines = append(lines, fmt.Sprintf("offsets.topic.replication.factor: %d%s", n, remark))
	}
	return lines
}

// local reports whether a broker's setting says where it is, what it is, or whom it
// trusts: it belongs to a broker, not to the behaviour of a cluster, and some is
// nobody's business.
func local(name string) bool {
	for _, begin := range []string{
		"listener", "advertised.", "inter.broker.listener", "controller.listener", "controller.quorum.voters",
		"controller.quorum.bootstrap", "early.start.listeners", "node.id", "broker.id", "broker.rack", "process.roles", "log.dir",
		"metadata.log.dir", "ssl.", "sasl.", "security.", "password.", "principal.", "authorizer.", "super.users", "zookeeper.",
		"delegation.token", "connection.failed.authentication", "confluent.", "metric.reporters", "config.providers",
	} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return strings.Contains(name, ".ssl.") || strings.Contains(name, ".sasl.") || strings.Contains(name, "password") || strings.Contains(name, "secret")
}
