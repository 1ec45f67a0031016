package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (s *resolver) objectives() {
	for i := range s.file.objectives.is {
		v := &s.file.objectives.is[i]
		if !v.known {
			continue
		}
		objective, err := s.objective(v.is)
		if err != nil {
			s.problem(v.node.at, "objective: %v", err)
			continue
		}
		s.spec.Objectives = append(s.spec.Objectives, objective)
	}
}

// Op texts, longest first, so that <= is not read as <.
func ops() []word[Op] {
	return []word[Op]{
		{"<=", OpLessEqual},
		{">=", OpGreaterEqual},
		{"==", OpEqual},
		{"!=", OpNotEqual},
		{"<", OpLess},
		{">", OpGreater},
	}
}

// String is the comparison as an objective writes it.
func (o Op) String() string {
	for _, w := range ops() {
		if w.is == o {
			return w.text
		}
	}
	return "?"
}

// cutOp cuts text at its first comparison outside braces.
func cutOp(text string) (left string, op Op, right string, err error) {
	braces := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			braces++
		case '}':
			braces--
		}
		if braces > 0 {
			continue
		}
		for _, w := range ops() {
			if strings.HasPrefix(text[i:], w.text) {
				return strings.TrimSpace(text[:i]), w.is, strings.TrimSpace(text[i+len(w.text):]), nil
			}
		}
	}
	if strings.Contains(text, "=") && braces == 0 {
		return text, 0, "", fmt.Errorf("%s has a single =; write == for equal", shown(text))
	}
	return text, 0, "", fmt.Errorf("%s has no comparison; write one of <, <=, >, >=, ==, !=, as in durability.acked.nines >= 5", shown(text))
}

// objective reads one of these:
//
//	metric op value
//	aggregate(metric) op value      aggregate: mean, min, max, median, p99, p99.9
//	P(metric op value) op value     the share of replications
//
// where metric is a name, or a name with labels as in lag.records{group=g}.
func (s *resolver) objective(text string) (Objective, error) {
	o := Objective{Expression: text}
	function, inner, rest, called, err := cutCall(text)
	if err != nil {
		return o, err
	}
	if called && function == "P" {
		return s.probability(o, inner, rest)
	}
	left, op, right, err := cutOp(text)
	if called {
		left, op, right, err = cutOp(rest)
		if m, insideOp, value, inside := cutOp(inner); inside == nil && err != nil {
			return o, fmt.Errorf("the comparison stands behind the parenthesis; write %s(%s) %v %s", function, m, insideOp, value)
		}
		if err == nil && left != "" {
			err = fmt.Errorf("%s stands between the aggregate and the comparison; write %s(%s) %v %s", shown(left), function, inner, op, right)
		}
		left = inner
	}
	if err != nil {
		return o, err
	}
	if called {
		if o.Aggregate, o.Quantile, err = aggregate(function); err != nil {
			return o, err
		}
	}
	m, err := s.metricReference(left)
	if err != nil {
		return o, err
	}
	o.Metric, o.Op = m.text, op
	if err := fits(m.metric, o.Aggregate); err != nil {
		return o, err
	}
	o.Value, err = m.metric.parseValue(right)
	return o, err
}

// cutCall takes function(inner) rest apart.
func cutCall(text string) (function, inner, rest string, called bool, err error) {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return "", "", "", false, nil
	}
	end := strings.IndexByte(text, ')')
	if end < open {
		return "", "", "", false, errors.New("a parenthesis is not closed; write it as in p99(produce.latency) < 50 ms")
	}
	function = strings.TrimSpace(text[:open])
	inner = strings.TrimSpace(text[open+1 : end])
	if strings.ContainsRune(inner, '(') {
		return "", "", "", false, errors.New("aggregates do not nest; write one, as in p99(produce.latency) < 50 ms")
	}
	return function, inner, strings.TrimSpace(text[end+1:]), true, nil
}

func (s *resolver) probability(o Objective, inner, rest string) (Objective, error) {
	o.Aggregate = AggregateProbability
	name, innerOp, innerValue, err := cutOp(inner)
	if err != nil {
		return o, fmt.Errorf("P() needs a comparison inside, as in P(records.lost.acked > 0) <= 1e-6")
	}
	left, op, right, err := cutOp(rest)
	if err != nil || left != "" {
		return o, fmt.Errorf("P(...) is compared with a probability, as in P(%s) <= 1e-6", inner)
	}
	m, err := s.metricReference(name)
	if err != nil {
		return o, err
	}
	o.Metric, o.Op, o.InnerOp = m.text, op, innerOp
	if err := fits(m.metric, o.Aggregate); err != nil {
		return o, err
	}
	if o.InnerValue, err = m.metric.parseValue(innerValue); err != nil {
		return o, err
	}
	o.Value, err = parseRatio(right)
	if err != nil || o.Value < 0 || o.Value > 1 {
		return o, fmt.Errorf("%s is not a probability; write a number from 0 to 1, as in P(%s) <= 1e-6", shown(right), inner)
	}
	return o, nil
}

// aggregate reads the name of an aggregate.
func aggregate(name string) (Aggregate, float64, error) {
	switch name {
	case "mean":
		return AggregateMean, 0, nil
	case "min":
		return AggregateMin, 0, nil
	case "max":
		return AggregateMax, 0, nil
	case "median":
		return AggregateMedian, 0, nil
	}
	if digits, ok := strings.CutPrefix(name, "p"); ok {
		percent, rest := leadingNumber(digits)
		if v, err := parseNumber(percent); err == nil && rest == "" && v > 0 && v < 100 {
			return AggregateQuantile, v / 100, nil
		}
	}
	if name == "avg" || name == "average" {
		return 0, 0, errors.New("there is no aggregate avg; write mean")
	}
	return 0, 0, fmt.Errorf("there is no aggregate %s; write mean, min, max, median, a percentile such as p99, or P(...)", shown(name))
}

// fits reports why a metric cannot have an aggregate.
func fits(m Metric, a Aggregate) error {
	if m.Kind != DistributionKind {
		return nil
	}
	switch a {
	case AggregateNone:
		return fmt.Errorf("%s is a distribution, so it needs an aggregate; write mean, min, max, median or a percentile, as in p99(%s)", m.Name, m.Name)
	case AggregateProbability:
		return fmt.Errorf("%s is a distribution and has no one value a replication for P(...); write mean, min, max, median or a percentile, as in p99(%s)", m.Name, m.Name)
	case AggregateMean, AggregateMin, AggregateMax, AggregateMedian, AggregateQuantile:
	}
	return nil
}

// parseValue reads a value that the metric is compared with, in base units.
func (m Metric) parseValue(text string) (float64, error) {
	if text == "" {
		return 0, fmt.Errorf("%s is compared with nothing; write %s", m.Name, m.example())
	}
	var v float64
	var err error
	digits := strings.TrimSpace(strings.TrimPrefix(text, "-"))
	switch m.Unit {
	case "s":
		d, wrong := parseDuration(text)
		v, err = d.Seconds(), wrong
	case "bytes/s":
		v, err = parseByteRate(text)
	case "ratio":
		if v, err = parseRatio(text); err == nil && v > 1 {
			return 0, fmt.Errorf("%s is compared with %s, but is never above 1; write a value such as %s", m.Name, shown(text), m.example())
		}
	case "member-seconds":
		d, wrong := parseDuration(text)
		v, err = d.Seconds(), wrong
	default:
		number := text
		if m.Unit != "" {
			number = strings.TrimSpace(strings.TrimSuffix(text, m.Unit))
		}
		if v, err = parseNumber(number); err != nil {
			err = errors.New("is not a number")
		}
	}
	switch {
	case err != nil && digits != text:
		return 0, fmt.Errorf("%s is compared with %s, but is never negative; write a value such as %s", m.Name, shown(text), m.example())
	case err != nil:
		return 0, fmt.Errorf("%s is compared with a value that %w", m.Name, shownError{text, err, m})
	}
	return v, nil
}

// shownError names the text that a parser complained about.
type shownError struct {
	text   string
	err    error
	metric Metric
}

func (e shownError) Error() string {
	message, _, _ := strings.Cut(e.err.Error(), ";")
	return fmt.Sprintf("%s: %s; write %s", message, shown(e.text), e.metric.example())
}

// example is a value as an objective writes it.
func (m Metric) example() string {
	switch m.Unit {
	case "s":
		return "a duration such as 50 ms"
	case "bytes/s":
		return "a throughput such as 40 MB/s"
	case "ratio":
		return "a ratio such as 0.999 or 5 %"
	case "member-seconds":
		return "a duration such as 24 h"
	case "nines":
		return "a number such as 5"
	}
	return "a number such as 100"
}

// A metricRef is a metric with its labels.
type metricRef struct {
	metric Metric
	text   string // canonical: without spaces, labels in the catalogue's order
}

// metricReference reads a metric's name and labels, and looks up what they name.
func (s *resolver) metricReference(text string) (metricRef, error) {
	name, labels, braced := strings.Cut(text, "{")
	name = strings.TrimSpace(name)
	m, ok := MetricByName(name)
	if !ok {
		var names []string
		for _, other := range Metrics() {
			names = append(names, other.Name)
		}
		if name == "" {
			return metricRef{}, errors.New("there is no metric; write one, as in durability.acked.nines >= 5")
		}
		return metricRef{}, fmt.Errorf("there is no metric %s; %s", shown(name), nearestMetrics(name, names))
	}
	ref := metricRef{metric: m, text: m.Name}
	if !braced {
		return ref, nil
	}
	labels, closed := strings.CutSuffix(strings.TrimSpace(labels), "}")
	if !closed {
		return ref, fmt.Errorf("a brace is not closed; write %s{%s=NAME}", m.Name, m.Labels[0])
	}
	return s.labels(ref, labels)
}

// nearestMetrics lists what somebody may have meant.
func nearestMetrics(name string, names []string) string {
	if hint := nearTo(name, names); hint != "" {
		return hint
	}
	// A part of a name, such as latency, is nearer than letters that happen to agree.
	var holding []string
	for _, n := range names {
		if slices.Contains(strings.Split(n, "."), name) {
			holding = append(holding, n)
		}
	}
	if len(holding) > 0 {
		return "did you mean one of " + strings.Join(holding, ", ") + "?"
	}
	slices.SortStableFunc(names, func(a, b string) int { return editDistance(name, a) - editDistance(name, b) })
	return "the nearest are " + strings.Join(names[:3], ", ") + "; `kafkasim metrics` lists all"
}

func (s *resolver) labels(ref metricRef, text string) (metricRef, error) {
	values := make(map[string]string)
	for pair := range strings.SplitSeq(text, ",") {
		label, name, ok := strings.Cut(pair, "=")
		label, name = strings.TrimSpace(label), strings.TrimSpace(name)
		switch {
		case !ok || name == "":
			return ref, fmt.Errorf("%s is not a label; write it as in %s{%s=NAME}", shown(strings.TrimSpace(pair)), ref.metric.Name, ref.metric.Labels[0])
		case !slices.Contains(ref.metric.Labels, label):
			return ref, fmt.Errorf("%s has no label %s; %s", ref.metric.Name, label, didYouMean(label, ref.metric.Labels, "its labels"))
		case values[label] != "":
			return ref, fmt.Errorf("the label %s is there twice; keep one", label)
		}
		if !s.labelled(label, name) && s.noNames[name] {
			return ref, errFollows
		}
		if !s.labelled(label, name) {
			return ref, fmt.Errorf("there is no %s %s; %s", label, shown(name), s.near(name, s.labelValues(label), label+"s"))
		}
		values[label] = name
	}
	var parts []string
	for _, label := range ref.metric.Labels {
		if v := values[label]; v != "" {
			parts = append(parts, label+"="+v)
		}
	}
	if own := slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return strings.HasPrefix(p, "cluster=") }); len(own) > 1 {
		return ref, fmt.Errorf("%s is kept by one label at a time, beside cluster; keep one of %s", ref.metric.Name, strings.Join(own, " and "))
	}
	ref.text = ref.metric.Name + "{" + strings.Join(parts, ",") + "}"
	return ref, nil
}

// labelled reports whether the scenario has what a label names.
func (s *resolver) labelled(label, name string) bool {
	found := false
	switch label {
	case "cluster":
		found = slices.Contains(s.clusterNames(), name)
	case "topic":
		found = len(s.topicsNamed[name]) > 0
	case "producer":
		_, found = s.producersNamed[name]
	case "group":
		_, found = s.groupsNamed[name]
	case "resource":
		found = slices.Contains(resources(), name)
	case "broker":
		id, err := strconv.Atoi(name)
		found = err == nil && id >= 1 && slices.ContainsFunc(s.spec.Clusters, func(c Cluster) bool { return id <= len(c.Brokers) })
	}
	return found
}

// labelValues are names that a label may have in this scenario, for a message.
func (s *resolver) labelValues(label string) []string {
	switch label {
	case "cluster":
		return s.clusterNames()
	case "topic":
		return firstNames(s.spec.Topics, func(t *Topic) string { return t.Name })
	case "producer":
		return firstNames(s.spec.Producers, producerName)
	case "group":
		return firstNames(s.spec.Groups, groupName)
	case "resource":
		return resources()
	case "broker":
		return firstNames(s.spec.Clusters[0].Brokers, func(b *Broker) string { return strconv.Itoa(b.ID) })
	}
	return nil
}
