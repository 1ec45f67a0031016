package scenarios

import "slices"

// Parse reads a scenario. It returns every problem that the file has, in the
// order of the file, and then no Spec; a Spec is complete and valid. name is
// what messages call the file; overrides replace values before anything is
// checked. A Spec that needs what the models cannot do yet says so in
// Unsupported.
//
// Parse reads no other file; a trace's file: is unsupported in it. ParseFiles
// reads them.
func Parse(name string, source []byte, overrides []Override) (*Spec, []Problem) {
	return ParseFiles(name, source, overrides, nil)
}

// ParseFiles is Parse, with the files that a scenario names read by read.
func ParseFiles(name string, source []byte, overrides []Override, read ReadFile) (*Spec, []Problem) {
	r := &reader{file: name, overrides: overrides}
	root := loadYAML(r, source, place{})
	if root == nil {
		return nil, r.sorted()
	}
	if root.kind != mapNode {
		if root.kind == emptyNode {
			r.problem(root.at, "the file is empty; a scenario has at least scenario, duration, cluster and topics, and `kafkasim init` writes one to begin with")
			return nil, r.sorted()
		}
		r.problem(root.at, "the scenario is %s; it must be a map with the keys %s", root.noun(), scenarioShape(&fileScenario{}).keys())
		return nil, r.sorted()
	}
	for i := range overrides {
		r.apply(root, i)
	}
	s := &resolver{
		reader: r, root: root, file: &fileScenario{}, read: read, spec: &Spec{Source: name, Text: string(source), Overrides: slices.Clone(overrides)},
		profiles: make(map[string]*Hardware),
	}
	scenarioShape(s.file).read(r, "scenario", root)
	s.resolve()
	if len(r.problems) > 0 {
		return nil, r.sorted()
	}
	s.listUnsupported()
	s.spec.SHA256 = s.spec.hash()
	return s.spec, nil
}

// unsupported notes that the file needs what nobody built yet.
func (s *resolver) unsupported(at *node, what string) {
	r := reader{file: s.reader.file}
	r.problem(at.at, "not yet supported: %s", what)
	s.spec.Unsupported = append(s.spec.Unsupported, r.problems...)
}

// listUnsupported finds what the language has and the models do not run yet.
// What gets built is deleted here.
func (s *resolver) listUnsupported() {
	f := s.file
	if f.precision.given() {
		s.unsupported(f.precision.node, "precision; give replications instead")
	}
	if len(s.spec.Clusters) > 1 {
		s.unsupported(f.clusters.node, "more than one cluster in a run")
	}
	for i := range f.consumers.is {
		c := &f.consumers.is[i].is
		if c.autoscaler.given() {
			s.unsupported(c.autoscaler.node, "autoscalers; give members instead")
		}
		if c.protocol.is == ConsumerProtocol {
			s.unsupported(c.protocol.node, "protocol consumer (KIP-848); use cooperative or eager")
		}
	}
	for i := range f.faults.is {
		if x := &f.faults.is[i].is; x.process.given() {
			s.unsupported(x.process.node, "random faults; give each a time with at")
		}
	}
	slices.SortStableFunc(s.spec.Unsupported, func(a, b Problem) int { return a.Line - b.Line })
}
