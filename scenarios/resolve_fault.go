package scenarios

import (
	"slices"
	"strings"
)

// A faultRule says what a kind of fault needs and takes.
type faultRule struct {
	targets []TargetKind
	// whole is whether it may be without a target and then hits every broker.
	whole   bool
	needs   []string // keys beside at, kind, target
	takes   []string
	between bool     // may name two sides instead of a target
	each    []string // what a random one may hit
}

// brokerTargets are the targets that stand for one broker or more.
func brokerTargets() []TargetKind {
	return []TargetKind{
		TargetBroker, TargetLeaderOf, TargetFollowerOf, TargetRandomBroker, TargetEach, TargetRack, TargetCluster,
	}
}

// ruleOf is the rule of a kind of fault.
func ruleOf(kind FaultKind) faultRule {
	machines := []string{"broker", "disk", "machine"}
	switch kind {
	case BrokerCrash, BrokerStop, BrokerPause, DiskLoss:
		return faultRule{targets: brokerTargets(), each: machines}
	case MachineLoss:
		return faultRule{targets: append(brokerTargets(), TargetController, TargetActiveController), each: machines}
	case NetworkPartition:
		return faultRule{needs: []string{"between"}, between: true}
	case NetworkDelay:
		return faultRule{targets: networkTargets(), needs: []string{"delay"}, takes: []string{"jitter"}, between: true, each: machines}
	case NetworkLoss:
		return faultRule{targets: networkTargets(), needs: []string{"loss"}, between: true, each: machines}
	case SlowDisk:
		return faultRule{targets: brokerTargets(), needs: []string{"factor"}, each: machines}
	case RackLoss:
		return faultRule{targets: []TargetKind{TargetRack}, each: []string{"rack"}}
	case ControllerCrash:
		return faultRule{targets: []TargetKind{TargetController, TargetActiveController}, each: []string{"controller"}}
	case ConsumerCrash, ConsumerPause, ConsumerStop:
		return faultRule{targets: []TargetKind{TargetMember}, each: []string{"client"}}
	case ProducerCrash:
		return faultRule{targets: []TargetKind{TargetProducer}, each: []string{"client"}}
	case SlowDownstream:
		return faultRule{targets: []TargetKind{TargetMember, TargetClients}, needs: []string{"factor"}, each: []string{"client"}}
	case ConfigChange:
		return faultRule{needs: []string{"config"}, takes: []string{"topic"}}
	case RollingRestart:
		return faultRule{targets: []TargetKind{TargetEach, TargetRack, TargetCluster}, whole: true, takes: []string{"pause"}}
	}
	panic("scenarios: a fault of no known kind")
}

// networkTargets are the targets that have a network link.
func networkTargets() []TargetKind {
	return append(brokerTargets(), TargetController, TargetActiveController, TargetProducer, TargetMember, TargetClients)
}

func (s *resolver) faults() {
	for i := range s.file.faults.is {
		if v := &s.file.faults.is[i]; v.known {
			s.spec.Faults = append(s.spec.Faults, s.fault(v))
		}
	}
}

func (s *resolver) fault(v *value[fileFault]) Fault {
	f := &v.is
	out := Fault{
		At: f.at.is, Kind: f.kind.is, Duration: f.duration.or(Forever), Line: max(0, v.node.at.line),
		Delay: f.delay.is, Jitter: f.jitter.is, Loss: f.loss.is, Factor: f.factor.is, Pause: f.pause.is, Topic: -1,
	}
	s.faultTime(f, v.node)
	cluster, good := s.clusterOf(&f.cluster)
	if !f.kind.known || !good {
		return out
	}
	if out.Kind == RollingRestart && !f.duration.given() {
		out.Duration = 0 // a restart begins at once; Forever would never go on to the next broker
	}
	rule := ruleOf(f.kind.is)
	s.faultKeys(f, v.node, rule)
	if f.delay.known && f.jitter.known && f.jitter.is > f.delay.is {
		s.problem(f.jitter.node.at, "jitter: %s is more than the delay of %s; a delay cannot be negative", spellDuration(f.jitter.is), spellDuration(f.delay.is))
	}
	if f.process.given() || f.mtbf.given() || f.each.given() {
		out.Process = s.faultProcess(f, v.node, rule)
		return out
	}
	if f.kind.is == ConfigChange {
		s.configChange(&out, v, cluster)
		return out
	}
	out.Between = s.sides(f, cluster)
	out.Target = s.faultTarget(v, rule, cluster)
	return out
}

func (s *resolver) faultTime(f *fileFault, at *node) {
	random := f.process.given() || f.mtbf.given() || f.each.given()
	switch {
	case !f.at.given() && !random:
		s.problem(at.at, "at is missing in a fault; add when it begins, as in at: 30 s, or a process that makes it random")
	case f.at.given() && random:
		s.problem(f.at.node.at, "at does not go with process, mtbf and each; a fault begins at a time or at random")
	case f.at.known && s.file.duration.known && f.at.is >= s.spec.Duration:
		s.problem(f.at.node.at, "at: %s is not before the end of the scenario, whose duration is %s; the fault would never happen", spellDuration(f.at.is), spellDuration(s.spec.Duration))
	}
	if f.random.given() && !random {
		s.problem(f.random.node.at, "duration: a random one belongs to a random fault (process: exponential); write one time, as in 20 s")
	}
}

// faultKeys checks that a fault has the keys of its kind and no other's.
func (s *resolver) faultKeys(f *fileFault, at *node, rule faultRule) {
	kind := f.kind.is
	for _, key := range []string{"between", "delay", "jitter", "loss", "factor", "config", "topic", "pause"} {
		given := at.get(key)
		switch {
		case given == nil && key == "between" && f.target.given(): // faultTarget says that it stands in its place
		case given == nil && slices.Contains(rule.needs, key):
			s.problem(at.at, "%s is missing in a %v; add %s", key, kind, exampleOf(key))
		case given == nil || slices.Contains(rule.needs, key) || slices.Contains(rule.takes, key):
		case key == "between" && rule.between:
		default:
			s.problem(given.at, "%s does not belong to a %v; remove it (%s)", key, kind, homeOf(key))
		}
	}
}

func exampleOf(key string) string {
	switch key {
	case "between":
		return "between: [[broker 1], [broker 2, broker 3]]"
	case "delay":
		return "delay: 50 ms"
	case "loss":
		return "loss: 5 %"
	case "factor":
		return "factor: 10"
	default:
		return "config: {min.insync.replicas: 1}"
	}
}

// homeOf names the kinds that a key belongs to.
func homeOf(key string) string {
	var kinds []string
	for _, w := range faultKinds() {
		rule := ruleOf(w.is)
		if slices.Contains(rule.needs, key) || slices.Contains(rule.takes, key) || key == "between" && rule.between {
			kinds = append(kinds, w.text)
		}
	}
	return "it belongs to " + strings.Join(kinds, ", ")
}

// faultTarget resolves the target and checks that it fits the kind.
func (s *resolver) faultTarget(v *value[fileFault], rule faultRule, cluster int) Target {
	f := &v.is
	kind := f.kind.is
	switch {
	case kind == NetworkPartition && f.target.given():
		s.problem(f.target.node.at, "target: a partition is between two sides and has no target; write %s", exampleOf("between"))
	case f.between.given() && f.target.given():
		s.problem(f.target.node.at, "target and between are both there; keep one")
	case f.target.known:
		return s.fittingTarget(f, rule, cluster)
	case f.target.given() || f.between.given() || kind == NetworkPartition:
	case rule.whole:
		if cluster < 0 && len(s.spec.Clusters) > 1 {
			s.problem(v.node.at, "target is missing in a %v; with several clusters add cluster: NAME", kind)
		}
		return Target{Kind: TargetEach, Cluster: max(0, cluster)}
	default:
		s.problem(v.node.at, "target is missing in a %v; add one of %s", kind, listKinds(rule.targets))
	}
	return Target{}
}

func (s *resolver) fittingTarget(f *fileFault, rule faultRule, cluster int) Target {
	at := f.target.node.at
	target, err := s.target(f.target.is, cluster)
	switch {
	case err != nil:
		s.problem(at, "target: %s %v", shown(f.target.is), err)
	case !slices.Contains(rule.targets, target.Kind):
		s.problem(at, "target: a %v cannot hit %s; it hits one of %s", f.kind.is, shown(f.target.is), listKinds(rule.targets))
	case cluster >= 0 && target.Kind != TargetClients && target.Cluster != cluster:
		s.problem(at, "target: %s is not in the cluster that the fault names", shown(f.target.is))
	}
	return target
}

func listKinds(kinds []TargetKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	return strings.Join(words, ", ")
}

// sides resolves between.
func (s *resolver) sides(f *fileFault, cluster int) (sides [2][]Target) {
	if !f.between.known {
		return sides
	}
	if len(f.between.is) != 2 {
		s.problem(f.between.node.at, "between has %s; it needs two sides, as in %s", count(len(f.between.is), "list"), exampleOf("between"))
		return sides
	}
	for i := range f.between.is {
		side := &f.between.is[i]
		if side.known && len(side.is) == 0 {
			s.problem(side.node.at, "between: one side is empty; name at least one target on each, as in %s", exampleOf("between"))
		}
		for j := range side.is {
			text := &side.is[j]
			if !text.known {
				continue
			}
			target, err := s.target(text.is, cluster)
			switch {
			case err != nil:
				s.problem(text.node.at, "between: %s %v", shown(text.is), err)
			case target.Kind == TargetEach || target.Kind == TargetRandomBroker:
				s.problem(text.node.at, "between: %s does not say which; name the brokers", shown(text.is))
			case slices.Contains(sides[0], target) || slices.Contains(sides[1], target):
				s.problem(text.node.at, "between: %s is named twice; it can be on one side only", text.is)
			default:
				sides[i] = append(sides[i], target)
			}
		}
	}
	return sides
}

// configChange resolves the topic, as topic: NAME or target: topic NAME, and
// checks the settings.
func (s *resolver) configChange(out *Fault, v *value[fileFault], cluster int) {
	f := &v.is
	name, at := f.topic.is, f.topic.node
	switch {
	case f.topic.given() && f.target.given():
		s.problem(f.target.node.at, "target and topic are both there; keep one")
		return
	case f.target.known:
		words := strings.Fields(f.target.is)
		if len(words) != 2 || words[0] != "topic" {
			s.problem(f.target.node.at, "target: a config_change cannot hit %s; it hits topic NAME", shown(f.target.is))
			return
		}
		name, at = words[1], f.target.node
	case !f.topic.given() && !f.target.given():
		s.problem(v.node.at, "topic is missing in a config_change; add topic: NAME")
		return
	case !f.topic.known:
		return
	}
	topic, err := s.topic(name, cluster)
	if err != nil {
		s.problem(at.at, "topic: %s %v", shownName(name), err)
		return
	}
	out.Topic, out.Target.Cluster = topic, s.spec.Topics[topic].Cluster
	if !s.tooMany() {
		_, problems := decodeTopicConfig(s.spec.Topics[topic].Config, f.config.is)
		s.adopt(f.config.node, problems)
	}
	for _, setting := range f.config.is {
		out.Change = append(out.Change, ConfigChangeValue{Name: setting.Name, Value: setting.Value})
	}
	if f.config.known && len(f.config.is) == 0 {
		s.problem(f.config.node.at, "config has no entry; add what changes, as in %s", exampleOf("config"))
	}
}

// faultProcess resolves a random fault.
func (s *resolver) faultProcess(f *fileFault, at *node, rule faultRule) *FaultProcess {
	for _, key := range []string{"process", "mtbf", "each"} {
		if at.get(key) == nil {
			s.problem(at.at, "%s is missing in a random fault; write it as in {process: exponential, mtbf: 4000 h, each: broker, kind: broker_crash, duration: 10 min}", key)
		}
	}
	if f.target.given() {
		s.problem(f.target.node.at, "target does not go with a random fault; what it hits is each: %s", eachList())
	}
	if f.between.given() {
		s.problem(f.between.node.at, "between does not go with a random fault; what it hits is each: %s", eachList())
	}
	if f.each.known && !slices.Contains(rule.each, f.each.is) {
		if len(rule.each) == 0 {
			s.problem(f.kind.node.at, "kind: a %v cannot be random; give it a time, as in at: 30 s", f.kind.is)
		} else {
			s.problem(f.each.node.at, "each: a %v cannot hit each %s; it hits each %s", f.kind.is, f.each.is, strings.Join(rule.each, ", "))
		}
	}
	return &FaultProcess{MTBF: f.mtbf.is, Each: f.each.is, Duration: s.randomDuration(f)}
}

func (s *resolver) randomDuration(f *fileFault) RandomDuration {
	if !f.random.known {
		return RandomDuration{Distribution: FixedTime, Mean: f.duration.or(Forever)}
	}
	r := &f.random.is
	if r.exponential.given() == r.lognormal.given() {
		s.problem(f.random.node.at, "duration: write one of {exponential: 10 min} and {lognormal: {median: 10 min, p99: 2 h}}")
	}
	if r.exponential.given() {
		return RandomDuration{Distribution: ExponentialTime, Mean: r.exponential.is}
	}
	median, p99 := &r.lognormal.is.median, &r.lognormal.is.p99
	if median.known && p99.known && p99.is <= median.is {
		s.problem(p99.node.at, "p99: %s is not longer than the median of %s; it must be", spellDuration(p99.is), spellDuration(median.is))
	}
	return RandomDuration{Distribution: LognormalTime, Median: median.is, P99: p99.is}
}
