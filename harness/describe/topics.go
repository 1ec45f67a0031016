package describe

import (
	"fmt"
	"slices"
	"strings"

	"kafkasim/scenarios"
)

func (w *writer) topics() {
	w.line("\ntopics:")
	own := w.own()
	if len(own) == 0 {
		w.line("  # The cluster has no topics of anybody's; this one is an example.")
		w.line("  - {name: events, partitions: 6, replication_factor: %d}", min(3, max(1, len(w.ids))))
	}
	for _, t := range own {
		w.line("  - name: %s", quoted(t.Name))
		w.line("    partitions: %d", len(t.Partitions))
		w.placement(t)
		w.topicSettings(t)
	}
}

// placement writes where a topic's replicas are. While partitions are moved some have
// more replicas than the others; then Kafka's own placement has to do.
func (w *writer) placement(t *Topic) {
	rf := len(t.Partitions[0].Replicas)
	for _, p := range t.Partitions {
		rf = min(rf, len(p.Replicas))
	}
	w.line("    replication_factor: %d", max(1, rf))
	var rows []string
	for _, p := range t.Partitions {
		if len(p.Replicas) != rf || rf == 0 {
			w.line("    # Its partitions have from %d replicas up, as while they are moved: where they are is left out.", rf)
			return
		}
		row := make([]string, rf)
		for i, id := range p.Replicas {
			row[i] = fmt.Sprint(w.broker(id))
		}
		rows = append(rows, "["+strings.Join(row, ", ")+"]")
	}
	const width = 110
	text := "    assignment: ["
	for i, row := range rows {
		if i > 0 {
			row = ", " + row
		}
		if len(text)+len(row) > width {
			w.line("%s,", text)
			text, row = "      ", strings.TrimPrefix(row, ", ")
		}
		text += row
	}
	w.line("%s]", text)
}

func (w *writer) topicSettings(t *Topic) {
	var config, remarks []string
	settings := slices.Clone(t.Settings)
	slices.SortFunc(settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range settings {
		refused := scenarios.TakesTopicSetting(s.Name, s.Value)
		line := settingLine(s.Name, oneLine(s.Value), refused)
		switch {
		case s.Secret:
		case refused != nil:
			remarks = append(remarks, line)
		default:
			config = append(config, line)
		}
	}
	if len(config) > 0 {
		w.line("    config: {%s}", strings.Join(config, ", "))
	}
	for _, r := range remarks {
		w.line("    %s", r)
	}
}

// producers writes one producer for each topic that somebody writes to, or may.
func (w *writer) producers() {
	w.line("\n# Kafka knows who has written, not who writes: one producer stands for all of a topic's.")
	var lines []string
	for _, t := range w.own() {
		lines = append(lines, w.producer(t)...)
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  - ") }) {
		w.line("producers: []")
	} else {
		w.line("producers:")
	}
	for _, l := range lines {
		w.line("%s", l)
	}
}

func (w *writer) producer(t *Topic) []string {
	rate := blank + "       # records a second"
	if w.c.Between > 0 {
		n, known := written(t)
		switch {
		case !known:
			return []string{fmt.Sprintf("  # Nobody could say where the logs of %s end.", t.Name)}
		case n == 0:
			return []string{fmt.Sprintf("  # Nobody wrote to %s within %v.", t.Name, w.c.Between)}
		}
		rate = fmt.Sprintf("rate: %s         # %d records in %v", perSecond(float64(n)/w.c.Between.Seconds()), n, w.c.Between)
	}
	size := "record_size: 1 KiB  # a guess"
	if bytes, known := meanSize(t); known {
		size = fmt.Sprintf("record_size: %d B  # the mean in its logs: compressed, with the overhead of batches", bytes)
	}
	return []string{
		"  - name: " + quoted(t.Name),
		"    topic: " + quoted(t.Name),
		"    instances: 1        # a guess",
		"    " + rate,
		"    " + size,
		"    client: java        # a guess: java or franz-go",
		"    config: {acks: all} # a guess",
	}
}

// written is how many records were written to a topic between the two looks.
func written(t *Topic) (n int64, known bool) {
	for _, p := range t.Partitions {
		if p.End >= 0 && p.Later >= p.End {
			n += p.Later - p.End
			known = true
		}
	}
	return n, known
}

// meanSize is the mean size of the records in a topic's logs.
func meanSize(t *Topic) (bytes int64, known bool) {
	var records int64
	for _, p := range t.Partitions {
		if p.Bytes >= 0 && p.Start >= 0 && p.End > p.Start {
			bytes += p.Bytes
			records += p.End - p.Start
		}
	}
	if records == 0 || bytes < records {
		return 0, false
	}
	return bytes / records, true
}

// perSecond spells a rate with three digits or all that stand before the point.
func perSecond(rate float64) string {
	switch {
	case rate >= 100:
		return fmt.Sprintf("%.0f/s", rate)
	case rate >= 10:
		return fmt.Sprintf("%.1f/s", rate)
	case rate >= 1:
		return fmt.Sprintf("%.2f/s", rate)
	default:
		return fmt.Sprintf("%.4f/s", rate)
	}
}
