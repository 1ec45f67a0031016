package scenarios

import (
	"fmt"
	"strings"
)

// A settingPlace is a map of the file that takes Kafka's settings.
type settingPlace uint8

const (
	brokerPlace settingPlace = iota + 1
	topicPlace
	producerPlace
	consumerPlace
)

// String names the place as messages do.
func (p settingPlace) String() string {
	switch p {
	case brokerPlace:
		return "broker"
	case topicPlace:
		return "topic"
	case producerPlace:
		return "producer"
	case consumerPlace:
		return "consumer"
	}
	return "unknown"
}

// where says in which map of the file settings of this place stand.
func (p settingPlace) where() string {
	if p == brokerPlace {
		return "the cluster's config"
	}
	return "a " + p.String() + "'s config"
}

// names lists every setting that Kafka 4.3 defines for the place.
func (p settingPlace) names() string {
	switch p {
	case brokerPlace:
		return brokerSettingNames
	case topicPlace:
		return topicSettingNames
	case producerPlace:
		return producerSettingNames
	case consumerPlace:
		return consumerSettingNames
	}
	return ""
}

// knows reports whether Kafka defines the setting for the place.
func (p settingPlace) knows(name string) bool {
	for known := range strings.FieldsSeq(p.names()) {
		if known == name {
			return true
		}
	}
	return false
}

// A settingRule is a setting that the model uses: set parses its text and
// stores it, or says what is wrong with the text and what would be right.
type settingRule struct {
	name string
	set  func(text string) error
}

// applySettings stores each setting through its rule. Settings given twice,
// unknown, misplaced or not modelled, and values that Kafka would refuse, are
// problems; nothing of such a setting is stored.
func applySettings(place settingPlace, settings []Setting, rules []settingRule) []Problem {
	var problems []Problem
	for i, s := range settings {
		if first, again := settingNamed(settings[:i], s.Name); again {
			problems = append(problems, twice(first, s))
			continue
		}
		rule, ok := ruleNamed(rules, s.Name)
		if !ok {
			problems = append(problems, nameProblem(s, "%s", unusedSetting(place, s.Name, rules)))
			continue
		}
		if err := rule.set(strings.TrimSpace(s.Value)); err != nil {
			problems = append(problems, valueProblem(s, "%s: %v", s.Name, err))
		}
	}
	return problems
}

// twice is the problem of a second entry for a name.
func twice(first, second Setting) Problem {
	if first.Line > 0 {
		return nameProblem(second, "%s is given twice, first in line %d; keep one", second.Name, first.Line)
	}
	return nameProblem(second, "%s is given twice; keep one", second.Name)
}

// unusedSetting says why the model has no use for a name in this place.
func unusedSetting(place settingPlace, name string, rules []settingRule) string {
	if instead := replacedBy(place, name); instead != "" {
		return fmt.Sprintf("%s does not belong here; %s", name, instead)
	}
	if place.knows(name) {
		return fmt.Sprintf("%s is a Kafka setting that is not modelled; remove it", name)
	}
	for _, other := range []settingPlace{brokerPlace, topicPlace, producerPlace, consumerPlace} {
		if other.knows(name) {
			return fmt.Sprintf("%s is a %s setting; it belongs in %s", name, other, other.where())
		}
	}
	known := strings.Fields(place.names())
	for _, rule := range rules {
		known = append(known, rule.name)
	}
	if nearest := nearOf(strings.ReplaceAll(name, "isr", "insync.replicas"), known); nearest != "" {
		return fmt.Sprintf("unknown setting %q; the nearest known is %s", name, nearest)
	}
	if strings.HasPrefix(name, "zookeeper.") {
		return fmt.Sprintf("unknown setting %q; Kafka 4.x runs without ZooKeeper, remove it", name)
	}
	return fmt.Sprintf("unknown setting %q; Kafka 4.3 has no %s setting of this name, remove it", name, place)
}

// replacedBy says what to write instead of settings that Kafka takes in this
// place, but that have another name in it or a key of the scenario of their own.
func replacedBy(place settingPlace, name string) string {
	switch {
	case place == brokerPlace && !place.knows(name) && topicPlace.knows(name):
		if synonym := brokerSynonym(name); synonym != "" {
			return fmt.Sprintf("it is a topic setting, and the cluster's default for it is %s", synonym)
		}
	case place == topicPlace && !place.knows(name) && brokerPlace.knows(name):
		if own := topicSynonym(name); own != "" {
			return fmt.Sprintf("it is a broker setting, and a topic's own is %s", own)
		}
	case place == consumerPlace:
		switch name {
		case "group.id":
			return "write the group's name as group:"
		case "group.protocol":
			return "write protocol: eager, cooperative or consumer beside config:"
		case "enable.auto.commit":
			return "write commit: after_processing, after_each_poll or before_processing beside config:"
		}
	case place == topicPlace && name == "replication.factor":
		return "write replication_factor beside config:"
	case place == producerPlace && name == "partitioner.class":
		return "write partitioner: default, avoid_under_replicated or avoid_unavailable beside config:"
	}
	return ""
}

func ruleNamed(rules []settingRule, name string) (settingRule, bool) {
	for _, r := range rules {
		if r.name == name {
			return r, true
		}
	}
	return settingRule{}, false
}

// settingNamed finds the first setting of that name.
func settingNamed(settings []Setting, name string) (Setting, bool) {
	for _, s := range settings {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// given reports whether the file gives the setting.
func given(settings []Setting, name string) bool {
	_, ok := settingNamed(settings, name)
	return ok
}

// conflict is a problem between settings: it stands at the value of the first
// of names that the file gives. A conflict among defaults cannot be.
func conflict(settings []Setting, names []string, format string, args ...any) Problem {
	for _, name := range names {
		if s, ok := settingNamed(settings, name); ok {
			return valueProblem(s, format, args...)
		}
	}
	panic("scenarios: a conflict between settings of which none is given: " + strings.Join(names, ", "))
}

func nameProblem(s Setting, format string, args ...any) Problem {
	return Problem{Line: s.Line, Column: s.Column, Message: fmt.Sprintf(format, args...)}
}

func valueProblem(s Setting, format string, args ...any) Problem {
	return Problem{Line: s.ValueLine, Column: s.ValueColumn, Message: fmt.Sprintf(format, args...)}
}

// nearOf is the candidate that name is a slip of the pen away from (a third of the
// letters may be wrong, or one of two), or else the first that it is the beginning
// of, or that is its beginning; "" if none is near.
func nearOf(name string, candidates []string) string {
	nearest := nearestSetting(name, candidates)
	if editDistance(name, nearest) <= max(1, min(len(name), len(nearest))/3) {
		return nearest
	}
	for _, c := range candidates {
		if len(name) >= 4 && (strings.HasPrefix(c, name) || strings.HasPrefix(name, c) && len(c) >= 4) {
			return c
		}
	}
	return ""
}

// unknownOf is the message about a key that nothing has, of a kind that is called
// what, with the known one that is near.
func unknownOf(what, name string, known []string) string {
	if nearest := nearOf(name, known); nearest != "" {
		return fmt.Sprintf("unknown %s; the nearest known is %s", what, nearest)
	}
	return fmt.Sprintf("unknown %s; known are %s", what, strings.Join(known, ", "))
}

// nearestSetting is the candidate with the smallest edit distance to name, the
// first of equals.
func nearestSetting(name string, candidates []string) string {
	best, distance := "", 0
	for _, c := range candidates {
		if best != "" && max(len(c)-len(name), len(name)-len(c)) >= distance {
			continue // it takes as many insertions or deletions at least
		}
		if d := editDistance(name, c); best == "" || d < distance {
			best, distance = c, d
		}
	}
	return best
}

// maxSettingName bounds the part of a name that is compared: the longest name
// that Kafka knows has 62 bytes, and what goes beyond is not a slip of the pen.
const maxSettingName = 100

// editDistance is the least number of insertions, deletions, substitutions and
// swaps of neighbouring bytes that turn a into b, none of them within another
// (optimal string alignment).
func editDistance(a, b string) int {
	a, b = a[:min(len(a), maxSettingName)], b[:min(len(b), maxSettingName)]
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] { // an equal beginning costs nothing
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var rows [3][maxSettingName + 1]int // of the beginnings of a: two letters less, one less, this
	two, one, this := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		this[j] = j
	}
	for i := range len(a) {
		two, one, this = one, this, two
		this[0] = i + 1
		for j := range len(b) {
			d := one[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, this[j]+1, one[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, two[j-1]+1)
			}
			this[j+1] = d
		}
	}
	return this[len(b)]
}
