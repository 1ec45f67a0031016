package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A resolver makes a Spec of what was read: it fills in defaults, follows names
// and checks what needs more than one value. Where a value had a problem it goes
// on without it, so that one mistake is reported once.
type resolver struct {
	*reader
	file *fileScenario
	root *node
	read ReadFile
	spec *Spec
	// Indices by name, of the first where there are several.
	topicsNamed    map[string][]int
	producersNamed map[string]int
	groupsNamed    map[string]int
	noNames        map[string]bool      // what topics, producers and groups are called and may not be
	profiles       map[string]*Hardware // by name: each is read once
}

func (s *resolver) resolve() {
	f, spec := s.file, s.spec
	spec.Name, spec.Description = f.name.is, f.description.is
	spec.Duration = f.duration.is
	spec.Drain = f.drain.or(time.Minute)
	spec.Warmup = f.warm.or(0)
	spec.Replications = f.replications.or(20)
	spec.Seed = f.seed.or(1)
	if f.warm.known && f.duration.known && spec.Warmup >= spec.Duration {
		s.problem(f.warm.node.at, "warmup: %s is not shorter than the duration of %s; nothing would be left to report",
			spellDuration(spec.Warmup), spellDuration(spec.Duration))
	}
	s.precision()
	s.clusters()
	s.topics()
	s.producers()
	s.groups()
	s.faults()
	s.objectives()
}

func (s *resolver) precision() {
	f := &s.file.precision
	if !f.known {
		return
	}
	p := &Precision{RelativeError: f.is.relativeError.is, MaxTime: f.is.maxTime.or(time.Minute)}
	if f.is.metric.known {
		ref, err := s.metricReference(f.is.metric.is)
		if err != nil {
			s.problem(f.is.metric.node.at, "metric: %v", err)
		}
		p.Metric = ref.text
	}
	s.spec.Precision = p
}

// noteNoName remembers what an entry is called that may not be called so.
func (s *resolver) noteNoName(n *value[string]) {
	if n.given() && n.node.kind == scalarNode {
		if s.noNames == nil {
			s.noNames = make(map[string]bool)
		}
		s.noNames[n.node.text] = true
	}
}

// uniqueNames reports every name that an earlier one has already.
func (s *resolver) uniqueNames(what string, names []*value[string]) {
	first := make(map[string]*node, len(names))
	for _, n := range names {
		if !n.known {
			s.noteNoName(n)
			continue
		}
		if before, again := first[n.is]; again {
			s.problem(n.node.at, "the %s %s is there twice, first %s; give each its own name", what, n.is, before.at.where())
			continue
		}
		first[n.is] = n.node
	}
}

func (s *resolver) clusterNames() []string {
	var names []string
	for _, c := range s.spec.Clusters {
		if c.Name != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// clusterOf finds the cluster that an entry names; -1 where it names none. Good
// is false if it names one that does not exist, which is reported.
func (s *resolver) clusterOf(name *value[string]) (index int, good bool) {
	if !name.given() {
		return -1, true
	}
	if !name.known {
		return -1, false
	}
	names := s.clusterNames()
	if len(names) == 0 {
		s.problem(name.node.at, "cluster: there is one cluster and it has no name; remove the key, or write clusters: {%s: {...}}", name.is)
		return -1, false
	}
	i := slices.Index(names, name.is)
	if i < 0 {
		s.problem(name.node.at, "cluster: there is no cluster %s; %s", name.is, didYouMean(name.is, names, "clusters"))
		return -1, false
	}
	return i, true
}

// topic finds a topic by name, in a cluster if that is not -1. The error
// continues a sentence about the name.
func (s *resolver) topic(name string, cluster int) (int, error) {
	found := -1
	for _, i := range s.topicsNamed[name] {
		switch {
		case cluster >= 0 && s.spec.Topics[i].Cluster != cluster:
		case found >= 0 && s.spec.Topics[found].Cluster != s.spec.Topics[i].Cluster:
			return 0, errors.New("is in several clusters; add cluster: NAME")
		case found < 0:
			found = i
		}
	}
	switch {
	case found >= 0:
		return found, nil
	case s.noNames[name]:
		return 0, errFollows
	}
	var names []string
	for _, t := range s.spec.Topics[:min(len(s.spec.Topics), maxCompared)] {
		if t.Name != "" && (cluster < 0 || t.Cluster == cluster) {
			names = append(names, t.Name)
		}
	}
	return 0, fmt.Errorf("does not exist; %s", s.near(name, names, "topics"))
}

// near is didYouMean while its answer will be read.
func (s *resolver) near(name string, known []string, nouns string) string {
	if s.tooMany() {
		return "choose one of the " + nouns
	}
	return didYouMean(name, known, nouns)
}

// firstNames are the names that a message may compare or list.
func firstNames[T any](all []T, name func(*T) string) []string {
	all = all[:min(len(all), maxCompared)]
	names := make([]string, 0, len(all))
	for i := range all {
		if n := name(&all[i]); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// indexByName finds the first entry of each name.
func indexByName[T any](all []T, name func(*T) string) map[string]int {
	index := make(map[string]int, len(all))
	for i := range all {
		if _, there := index[name(&all[i])]; !there {
			index[name(&all[i])] = i
		}
	}
	return index
}

func producerName(p *Producer) string { return p.Name }
func groupName(g *Group) string       { return g.Name }
