package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fileAutoscaler is an autoscaler as written. Which parameters it takes depends
// on its kind.
type fileAutoscaler struct {
	kind                           value[string]
	min, max                       value[int]
	interval, metricDelay, startup value[time.Duration]
	metric                         value[string]
	parameters                     []autoscalerParameter // of its kind
	values                         []value[scaled]       // by parameter
	node                           *node
}

// scaled is the value of a parameter: a number in base units, or a word.
type scaled struct {
	number float64
	word   string
}

// parameterUnit is how a parameter is written.
type parameterUnit uint8

const (
	plainNumber parameterUnit = iota + 1
	wholeNumber
	shareNumber
	timeNumber
	metricNumber // with the unit of the autoscaler's metric
	flagWord
	oneWord
)

// An autoscalerParameter is a key that some kinds take.
type autoscalerParameter struct {
	name     string
	unit     parameterUnit
	doc      string
	standard string // the default as a file would write it; "" where there is none
	words    []string
}

// autoscalerKinds are the kinds, and which metrics each can follow, its own
// choice first.
func autoscalerKinds() []struct {
	name    string
	metrics []string
} {
	every := []string{"lag", "lag_time", "records_per_second", "cpu"}
	return []struct {
		name    string
		metrics []string
	}{
		{"fixed", nil},
		{"threshold", every},
		{"keda", []string{"lag"}},
		{"target_tracking", every},
		{"clutch", []string{"cpu"}},
		{"clutch_rps", []string{"records_per_second"}},
		{"flink", []string{"records_per_second"}},
		{"pid", every},
	}
}

func autoscalerMetrics(kind string) []string {
	for _, k := range autoscalerKinds() {
		if k.name == kind {
			return k.metrics
		}
	}
	return nil
}

func autoscalerNames() []string {
	var names []string
	for _, k := range autoscalerKinds() {
		names = append(names, k.name)
	}
	return names
}

// autoscalerParameters are the parameters of a kind beside those of all, with
// the defaults of the systems that they come from (KEDA 2.20 and the HPA of
// Kubernetes, Application Auto Scaling, Netflix Mantis, the Flink operator 1.15).
func autoscalerParameters(kind string) []autoscalerParameter {
	switch kind {
	case "threshold":
		return []autoscalerParameter{
			{"scale_up_above", metricNumber, "add members above this, with the metric's unit", "", nil},
			{"scale_down_below", metricNumber, "remove members below this, with the metric's unit", "", nil},
			{"increment", wholeNumber, "how many to add; 1", "1", nil},
			{"decrement", wholeNumber, "how many to remove; 1", "1", nil},
			{"points", wholeNumber, "how many of the last of_points must agree; 1", "1", nil},
			{"of_points", wholeNumber, "of how many; 1", "1", nil},
			{"cooldown", timeNumber, "after any change; 300 s", "300 s", nil},
		}
	case "keda":
		return kedaParameters()
	case "target_tracking":
		return []autoscalerParameter{
			{"target", metricNumber, "for one member, with the metric's unit", "", nil},
			{"scale_out_cooldown", timeNumber, "300 s", "300 s", nil},
			{"scale_in_cooldown", timeNumber, "300 s", "300 s", nil},
			{"high_points", wholeNumber, "points above the target before members are added; 3", "3", nil},
			{"low_points", wholeNumber, "points below low_at before members are removed; 15", "15", nil},
			{"low_at", shareNumber, "share of the target below which a point is low; 0.9", "0.9", nil},
		}
	case "clutch":
		return []autoscalerParameter{
			{"set_point", shareNumber, "of the resource used; 60 %", "60 %", nil},
			{"rope_low", shareNumber, "below the set point without error; 0 %", "0 %", nil},
			{"rope_high", shareNumber, "above the set point without error; 25 %", "25 %", nil},
			{"kp", plainNumber, "gain of the error in percent; 0.01", "0.01", nil},
			{"kd", plainNumber, "gain of its change; 0.01", "0.01", nil},
			{"max_adjustment", plainNumber, "limit of the correction for lag in members; 10", "10", nil},
			{"cooldown", timeNumber, "after any change; 300 s", "300 s", nil},
		}
	case "clutch_rps":
		return []autoscalerParameter{
			{"rope_low", shareNumber, "below the set point without error; 30 %", "30 %", nil},
			{"rope_high", shareNumber, "above the set point without error; 0 %", "0 %", nil},
			{"integral_decay", shareNumber, "0.1", "0.1", nil},
			{"scale_up_above_pct", shareNumber, "smallest step up; 0 %", "0 %", nil},
			{"scale_down_below_pct", shareNumber, "smallest step down; 0 %", "0 %", nil},
			{"scale_up_multiplier", plainNumber, "1", "1", nil},
			{"scale_down_multiplier", plainNumber, "1", "1", nil},
			{"learn", timeNumber, "how long it only watches at first; 10 min", "10 min", nil},
			{"cooldown", timeNumber, "after any change; 300 s", "300 s", nil},
		}
	case "flink":
		return flinkParameters()
	case "pid":
		return []autoscalerParameter{
			{"target", metricNumber, "for one member, with the metric's unit", "", nil},
			{"kp", plainNumber, "gain of the relative error; 1", "1", nil},
			{"ki", plainNumber, "gain of its integral, in 1/s; 0", "0", nil},
			{"kd", plainNumber, "gain of its derivative, in s; 0", "0", nil},
			{"dead_band", shareNumber, "relative error that changes nothing; 10 %", "10 %", nil},
			{"cooldown", timeNumber, "after any change; 0 s", "0 s", nil},
		}
	}
	return nil
}

func kedaParameters() []autoscalerParameter {
	policies := []string{"max", "min", "disabled"}
	return []autoscalerParameter{
		{"lag_threshold", plainNumber, "lag for one member in records; 10", "10", nil},
		{"activation_lag_threshold", plainNumber, "lag above which the first member starts; 0", "0", nil},
		{"polling_interval", timeNumber, "30 s", "30 s", nil},
		{"cooldown_period", timeNumber, "before the last member stops; 300 s", "300 s", nil},
		{"exclude_persistent_lag", flagWord, "leave out partitions whose committed offset stands still; false", "false", nil},
		{"ensure_even_distribution_of_partitions", flagWord, "only divisors of the number of partitions; false", "false", nil},
		{"allow_idle_consumers", flagWord, "more members than partitions; false", "false", nil},
		{"limit_to_partitions_with_lag", flagWord, "false", "false", nil},
		{"scale_to_zero_on_invalid_offset", flagWord, "false", "false", nil},
		{"offset_reset_policy", oneWord, "latest", "latest", []string{"latest", "earliest"}},
		{"tolerance", shareNumber, "relative error that changes nothing; 0.1", "0.1", nil},
		{"scale_up_stabilization_window", timeNumber, "0 s", "0 s", nil},
		{"scale_down_stabilization_window", timeNumber, "300 s", "300 s", nil},
		{"scale_up_percent", shareNumber, "of the members, in a period; 100 %", "100 %", nil},
		{"scale_up_pods", wholeNumber, "members, in a period; 4", "4", nil},
		{"scale_up_period", timeNumber, "15 s", "15 s", nil},
		{"scale_up_select_policy", oneWord, "max", "max", policies},
		{"scale_down_percent", shareNumber, "of the members, in a period; 100 %", "100 %", nil},
		{"scale_down_pods", wholeNumber, "members, in a period; 0 for no such policy", "0", nil},
		{"scale_down_period", timeNumber, "15 s", "15 s", nil},
		{"scale_down_select_policy", oneWord, "max", "max", policies},
	}
}

func flinkParameters() []autoscalerParameter {
	return []autoscalerParameter{
		{"catch_up", timeNumber, "in which a backlog is to be gone; 30 min", "30 min", nil},
		{"restart_time", timeNumber, "5 min", "5 min", nil},
		{"utilization_target", shareNumber, "0.7", "0.7", nil},
		{"utilization_min", shareNumber, "0.4", "0.4", nil},
		{"utilization_max", shareNumber, "1", "1", nil},
		{"max_scale_down_factor", shareNumber, "0.6", "0.6", nil},
		{"max_scale_up_factor", plainNumber, "100000", "100000", nil},
		{"scale_down_interval", timeNumber, "1 h", "1 h", nil},
		{"metrics_window", timeNumber, "15 min", "15 min", nil},
		{"stabilization_interval", timeNumber, "5 min", "5 min", nil},
		{"lag_threshold", timeNumber, "backlog that counts as catching up; 30 s", "30 s", nil},
		{"backlog_threshold", timeNumber, "backlog that forbids scaling down; 5 min", "5 min", nil},
		{"block_ineffective_scaling", flagWord, "false", "false", nil},
		{"ineffective_threshold", shareNumber, "0.1", "0.1", nil},
	}
}

// commonAutoscaler are the fields that every kind has.
func commonAutoscaler(f *fileAutoscaler) []field {
	kinds := make([]word[string], 0, 8)
	for _, name := range autoscalerNames() {
		kinds = append(kinds, word[string]{name, name})
	}
	return []field{
		{"kind", "one of " + strings.Join(autoscalerNames(), ", "), true, wordForm(&f.kind, kinds...)},
		{"min", "the fewest members; 1, for keda 0", false, wholeForm(&f.min, 0, maxClients)},
		{"max", "the most members; for keda 100", false, wholeForm(&f.max, 1, maxClients)},
		{"interval", "how often it decides; 15 s", false, durationForm(&f.interval, time.Millisecond)},
		{"metric", "what it follows: lag, lag_time, records_per_second or cpu", false, wordForm(&f.metric,
			word[string]{"lag", "lag"}, word[string]{"lag_time", "lag_time"},
			word[string]{"records_per_second", "records_per_second"}, word[string]{"cpu", "cpu"})},
		{"metric_delay", "how old the metric is when it is seen; 0 s", false, durationForm(&f.metricDelay, 0)},
		{"startup", "until a new member joins; 0 s", false, durationForm(&f.startup, 0)},
	}
}

// autoscalerForm reads the kind first, as it says which other keys there are.
func autoscalerForm(dst *value[fileAutoscaler]) form {
	return form{
		schema: autoscalerSchema,
		read: func(r *reader, what string, n *node) {
			f := &dst.is
			f.node = n
			if n.kind == mapNode {
				kind := n.get("kind")
				if kind != nil {
					f.parameters = autoscalerParameters(kind.text)
				}
				f.values = make([]value[scaled], len(f.parameters))
			}
			mapForm(dst, autoscalerShape).read(r, what, n)
		},
	}
}

func autoscalerShape(f *fileAutoscaler) shape {
	s := shape{"an autoscaler", commonAutoscaler(f)}
	if f.node != nil {
		if kind := f.node.get("kind"); kind != nil && kind.kind == scalarNode {
			s.name += " of kind " + kind.text
		}
	}
	for i, p := range f.parameters {
		required := p.standard == ""
		s.fields = append(s.fields, field{p.name, p.doc, required, parameterForm(&f.values[i], p, f.node)})
	}
	return s
}

// parameterForm reads a parameter; one with the metric's unit finds the metric
// in the autoscaler's own node.
func parameterForm(dst *value[scaled], p autoscalerParameter, of *node) form {
	return scalar(dst, func(text string) (scaled, error) {
		metric := ""
		if m := of.get("metric"); m != nil {
			metric = m.text
		}
		return p.parse(text, metric)
	}, func() *schema { return &schema{Types: []string{"string", "number", "boolean"}} })
}

// parse reads the text of a parameter.
func (p autoscalerParameter) parse(text, metric string) (scaled, error) {
	var v float64
	var err error
	switch p.unit {
	case plainNumber:
		v, err = parseNumber(text)
	case wholeNumber:
		v, err = parseNumber(text)
		if err == nil && (v != float64(int32(v))) {
			err = errors.New("is not a whole number; write one such as 3")
		}
	case shareNumber:
		v, err = parseRatio(text)
	case timeNumber:
		var d time.Duration
		d, err = parseDuration(text)
		v = d.Seconds()
	case metricNumber:
		v, err = parseInMetric(text, metric)
	case flagWord:
		if text != "true" && text != "false" {
			err = errors.New("is not a flag; write true or false")
		}
	case oneWord:
		if slices.Contains(p.words, text) {
			return scaled{word: text}, nil
		}
		err = fmt.Errorf("is not known; write one of %s", strings.Join(p.words, ", "))
	}
	if err == nil && (v < 0 || v > 1e15) {
		err = errors.New("is out of range; write a number from 0 to 10^15")
	}
	return scaled{number: v, word: text}, err
}

// parseInMetric reads a value of one of the autoscalers' metrics: records, a
// time in s, records per second, or a share.
func parseInMetric(text, metric string) (float64, error) {
	switch metric {
	case "lag_time":
		d, err := parseDuration(text)
		return d.Seconds(), err
	case "records_per_second":
		return parseRate(text)
	case "cpu":
		return parseRatio(text)
	default:
		return parseNumber(strings.TrimSuffix(text, " records"))
	}
}

func autoscalerSchema() *schema {
	var f fileAutoscaler
	s := shape{"an autoscaler", commonAutoscaler(&f)}.schema()
	for _, kind := range autoscalerNames() {
		for _, p := range autoscalerParameters(kind) {
			s.Properties[p.name] = &schema{Types: []string{"string", "number", "boolean"}, Description: kind + ": " + p.doc}
		}
	}
	return s
}

// autoscaler resolves an autoscaler: defaults, and what goes with what.
func (s *resolver) autoscaler(f *fileAutoscaler) *Autoscaler {
	a := &Autoscaler{
		Kind: f.kind.is, Interval: f.interval.or(15 * time.Second),
		MetricDelay: f.metricDelay.is, Startup: f.startup.is,
		Parameters: make(map[string]float64), Flags: make(map[string]bool), Words: make(map[string]string),
	}
	if !f.kind.known {
		return a
	}
	s.autoscalerBounds(a, f)
	s.autoscalerMetric(a, f)
	for i, p := range f.parameters {
		v := f.values[i].is
		if !f.values[i].known && p.standard != "" {
			v, _ = p.parse(p.standard, a.Metric) // the tables' own defaults parse: a test sees to it
		}
		switch {
		case p.name == "target":
			a.Target = v.number
		case p.unit == flagWord:
			a.Flags[p.name] = v.word == "true"
		case p.unit == oneWord:
			a.Words[p.name] = v.word
		default:
			a.Parameters[p.name] = v.number
		}
		if p.name == "target" && f.values[i].known && v.number <= 0 {
			s.problem(f.values[i].node.at, "target: it is 0; write what one member is to have, above 0")
		}
	}
	return a
}

func (s *resolver) autoscalerBounds(a *Autoscaler, f *fileAutoscaler) {
	a.Min, a.Max = f.min.or(1), f.max.is
	if a.Kind == "keda" {
		a.Min, a.Max = f.min.or(0), f.max.or(100)
	}
	if a.Kind == "fixed" {
		a.Max = f.max.or(a.Min)
	}
	if !f.max.given() && a.Max == 0 {
		s.problem(f.node.at, "max is missing in an autoscaler of kind %s; add the most members that it may have, as in max: 12", a.Kind)
		return
	}
	if f.min.known && a.Max > 0 && a.Min > a.Max {
		s.problem(f.min.node.at, "min: %d is more than the max of %d", a.Min, a.Max)
	}
	if f.min.known && a.Min == 0 && a.Kind != "keda" {
		s.problem(f.min.node.at, "min: 0 members would never grow; only keda starts from none, so write at least 1")
	}
}

func (s *resolver) autoscalerMetric(a *Autoscaler, f *fileAutoscaler) {
	metrics := autoscalerMetrics(a.Kind)
	a.Metric = f.metric.is
	switch {
	case f.metric.known && len(metrics) == 0:
		s.problem(f.metric.node.at, "metric: an autoscaler of kind %s follows none; remove it", a.Kind)
	case f.metric.known:
		if !slices.Contains(metrics, a.Metric) {
			s.problem(f.metric.node.at, "metric: an autoscaler of kind %s follows %s; write that", a.Kind, strings.Join(metrics, ", "))
		}
	case f.metric.given():
	case len(metrics) == 1:
		a.Metric = metrics[0]
	case len(metrics) > 1:
		s.problem(f.node.at, "metric is missing in an autoscaler of kind %s; add one of %s", a.Kind, strings.Join(metrics, ", "))
	}
}
