package describe

import (
	"fmt"
	"slices"
	"strings"
)

func (w *writer) consumers() {
	var lines []string
	some := false
	for i := range w.c.Groups {
		g := &w.c.Groups[i]
		topics := w.groupTopics(g)
		if len(g.Members) == 0 || len(topics) == 0 {
			lines = append(lines, w.absent(g, topics))
			continue
		}
		some = true
		lines = append(lines, w.group(g, topics)...)
	}
	if some {
		w.line("\nconsumers:")
	} else {
		w.line("\nconsumers: []")
	}
	for _, l := range lines {
		w.line("%s", l)
	}
}

// groupTopics are the topics of a group that the scenario has.
func (w *writer) groupTopics(g *Group) []string {
	own := w.own()
	var names []string
	for _, name := range g.Topics {
		if slices.ContainsFunc(own, func(t *Topic) bool { return t.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// absent says why a group is not in the scenario.
func (w *writer) absent(g *Group, topics []string) string {
	why := "has no members"
	if len(g.Members) > 0 {
		why = "reads no topic of these"
	}
	text := fmt.Sprintf("  # Group %q %s", oneLine(g.Name), why)
	if len(topics) > 0 {
		text += ", and has read " + strings.Join(topics, ", ")
	}
	if lag := lagWords(g); lag != "" {
		text += "; " + lag
	}
	return text + "."
}

// group is the lines of one group.
func (w *writer) group(g *Group, topics []string) []string {
	name := w.name("group", g.Name)
	var lines []string
	if strings.Trim(name, `"`) != g.Name {
		lines = append(lines, fmt.Sprintf("  # The group is called %q there.", oneLine(g.Name)))
	}
	for i, t := range topics {
		topics[i] = quoted(t)
	}
	protocol, remark := protocolOf(g)
	client := "client: java  # a guess: java or franz-go"
	if slices.ContainsFunc(g.Members, func(m Member) bool { return m.Client == "kgo" }) {
		client = "client: franz-go  # by its client id"
	}
	lines = append(
		lines,
		"  - group: "+name,
		"    topics: ["+strings.Join(topics, ", ")+"]",
		fmt.Sprintf("    members: %d", len(g.Members)),
		"    protocol: "+protocol+remark,
		"    processing: {time: 0.5 ms, distribution: exponential}  # a guess: the application's work on a record",
		"    "+client,
	)
	if !slices.ContainsFunc(g.Members, func(m Member) bool { return !m.Static }) {
		lines = append(lines, "    config: {group.instance.id: given}  # its members are static")
	}
	if g.State != "" && g.State != "Stable" {
		lines = append(lines, "    # It was not stable: "+oneLine(g.State)+".")
	}
	if lag := lagWords(g); lag != "" {
		lines = append(lines, "    # "+strings.ToUpper(lag[:1])+lag[1:]+".")
	}
	return lines
}

// protocolOf is a group's protocol as the language calls it, and a remark.
func protocolOf(g *Group) (protocol, remark string) {
	switch {
	case g.Next:
		return "consumer", "  # KIP-848"
	case strings.Contains(g.Assignor, "cooperative"):
		return "cooperative", ""
	case g.Assignor == "" || g.Assignor == "range":
		return "eager", ""
	default:
		return "eager", fmt.Sprintf("  # its assignor is %q", oneLine(g.Assignor))
	}
}

// lagWords says how far a group is behind; "" if it has no commits.
func lagWords(g *Group) string {
	if len(g.Lag) == 0 {
		return ""
	}
	total, most := int64(0), g.Lag[0]
	for _, l := range g.Lag {
		total += l.Records
		if l.Records > most.Records {
			most = l
		}
	}
	text := fmt.Sprintf("its commits are %d records behind", total)
	if total > 0 && len(g.Lag) > 1 {
		text += fmt.Sprintf(", %d of them in %s-%d", most.Records, most.Topic, most.Partition)
	}
	return text
}
