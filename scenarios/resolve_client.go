package scenarios

import (
	"slices"

	"kafkasim/sim/unit"
)

func (s *resolver) producers() {
	f := s.file
	names := make([]*value[string], len(f.producers.is))
	for i := range f.producers.is {
		v := &f.producers.is[i]
		names[i] = &v.is.name
		s.spec.Producers = append(s.spec.Producers, s.producer(v))
	}
	s.uniqueNames("producer", names)
	s.producersNamed = indexByName(s.spec.Producers, producerName)
}

func (s *resolver) producer(v *value[fileProducer]) Producer {
	f := &v.is
	p := Producer{
		Name: f.name.is, Instances: f.instances.or(1),
		Arrivals: f.arrivals.or(Poisson), Client: f.client.or(Java), Partitioner: f.partitioner.or(DefaultPartitioner),
	}
	if cluster, good := s.clusterOf(&f.cluster); good && f.topic.known {
		topic, err := s.topic(f.topic.is, cluster)
		if err != nil {
			s.problem(f.topic.node.at, "topic: %s %v", shownName(f.topic.is), err)
		}
		p.Topic = topic
	}
	p.Rate = s.curve(f)
	p.RecordSize = s.recordSize(f)
	if f.keys.known {
		p.Keys = Keys{Count: f.keys.is.count.is, Skew: f.keys.is.skew.is}
		if f.partitioner.known && f.partitioner.is != DefaultPartitioner {
			s.problem(f.partitioner.node.at, "partitioner: it chooses for records without a key, and all of these have one; remove it, or write keys: none")
		}
	}
	if (!f.client.given() || f.client.known) && !s.tooMany() { // without knowing the client, its settings cannot be judged
		var problems []Problem
		p.Settings = f.config.is
		p.Config, problems = decodeProducerConfig(p.Client, f.config.is, f.options.is)
		s.adopt(settingsNode(&f.config, &f.options, v.node), problems)
		if len(problems) == 0 {
			s.checkRecordFits(f, &p)
		}
	}
	return p
}

// checkRecordFits refuses a producer whose ordinary record its client would not
// take: all it sends would be lost before it was sent (KafkaProducer.
// ensureValidRecordSize; kgo's ProducerBatchMaxBytes).
func (s *resolver) checkRecordFits(f *fileProducer, p *Producer) {
	const overhead = 100 // of a batch with one record, rounded up
	name, limit := "max.request.size", p.Config.MaxRequestSize
	if p.Client == FranzGo {
		name, limit = "batch.size", p.Config.BatchSize
	}
	if size := p.RecordSize.Mean; size+overhead > limit {
		at := f.recordSize.node
		if at == nil {
			at = f.recordSizes.is.mean.node
		}
		if at != nil {
			s.problem(at.at, "record_size: a record of %s does not fit into %s (%s), so the client refuses it; make it smaller, or the limit larger", spellBytes(size), name, spellBytes(limit))
		}
	}
}

// settingsNode is where problems of a client's settings are that have no place
// of their own.
func settingsNode(config, options *value[[]Setting], client *node) *node {
	switch {
	case config.given():
		return config.node
	case options.given():
		return options.node
	}
	return client
}

func (s *resolver) recordSize(f *fileProducer) RecordSize {
	if f.recordSize.known {
		return RecordSize{Mean: f.recordSize.is, P99: f.recordSize.is, Fixed: true}
	}
	mean, p99 := &f.recordSizes.is.mean, &f.recordSizes.is.p99
	size := RecordSize{Mean: mean.is, P99: p99.is}
	if mean.known && p99.known {
		// The 99th percentile of a lognormal law is at most exp(z²/2) = 14.97 times
		// its mean, z = 2.326 being the normal one: reached at sigma = z.
		const most = 14.9
		switch ratio := float64(p99.is) / float64(mean.is); {
		case ratio <= 1:
			s.problem(p99.node.at, "p99: %s is not larger than the mean of %s; write record_size: %s for records of one size", spellBytes(p99.is), spellBytes(mean.is), spellBytes(mean.is))
		case ratio > most:
			s.problem(p99.node.at, "p99: %s is more than %v times the mean of %s, which no lognormal distribution has; make it smaller", spellBytes(p99.is), most, spellBytes(mean.is))
		}
	}
	return size
}

func (s *resolver) groups() {
	f := s.file
	names := make([]*value[string], len(f.consumers.is))
	for i := range f.consumers.is {
		v := &f.consumers.is[i]
		names[i] = &v.is.group
		s.spec.Groups = append(s.spec.Groups, s.group(v))
	}
	s.uniqueNames("group", names)
	s.groupsNamed = indexByName(s.spec.Groups, groupName)
}

func (s *resolver) group(v *value[fileConsumer]) Group {
	f := &v.is
	g := Group{
		Name: f.group.is, Members: f.members.is,
		Client: f.client.or(Java), Commit: f.commit.or(CommitAfterProcessing),
	}
	// The Java default [range, cooperative-sticky] is in effect eager; kgo's is
	// cooperative-sticky (kafka.md B.3).
	g.Protocol = Eager
	if g.Client == FranzGo {
		g.Protocol = Cooperative
	}
	g.Protocol = f.protocol.or(g.Protocol)
	s.groupTopics(&g, f)
	s.processing(&g, f)
	s.members(&g, v)
	if f.client.given() && !f.client.known || f.protocol.given() && !f.protocol.known || s.tooMany() {
		return g
	}
	var problems []Problem
	g.Settings = f.config.is
	g.Config, problems = decodeConsumerConfig(g.Client, g.Protocol, f.config.is, f.options.is)
	if len(problems) == 0 {
		problems = checkSessionTimeout(s.spec.Clusters[g.Cluster].Config, g.Protocol, g.Config, f.config.is)
	}
	s.adopt(settingsNode(&f.config, &f.options, v.node), problems)
	return g
}

// groupTopics finds the topics of a group, which are all in one cluster.
func (s *resolver) groupTopics(g *Group, f *fileConsumer) {
	cluster, good := s.clusterOf(&f.cluster)
	if !good || !f.topics.known {
		return
	}
	if len(f.topics.is) == 0 {
		s.problem(f.topics.node.at, "topics has no entry; a group reads at least one, as in topics: [events]")
	}
	for i := range f.topics.is {
		name := &f.topics.is[i]
		if !name.known {
			continue
		}
		topic, err := s.topic(name.is, cluster)
		switch {
		case err != nil:
			s.problem(name.node.at, "topics: %s %v", shownName(name.is), err)
			continue
		case slices.Contains(g.Topics, topic):
			s.problem(name.node.at, "topics: %s is there twice; keep one", name.is)
			continue
		case len(g.Topics) > 0 && s.spec.Topics[topic].Cluster != g.Cluster:
			s.problem(name.node.at, "topics: %s is in another cluster than the topics before it; a group reads from one cluster", name.is)
		}
		g.Cluster = s.spec.Topics[topic].Cluster
		g.Topics = append(g.Topics, topic)
	}
	slices.Sort(g.Topics)
}

func (s *resolver) processing(g *Group, f *fileConsumer) {
	p := &f.processing.is
	g.Processing = Processing{
		Time: p.time.is, P99: p.p99.is,
		Distribution: p.distribution.or(FixedTime), Threads: p.threads.or(1),
	}
	lognormal := g.Processing.Distribution == LognormalTime
	switch {
	case p.distribution.given() && !p.distribution.known:
	case lognormal && !p.p99.given():
		s.problem(p.distribution.node.at, "distribution: lognormal needs a p99; add one, as in p99: 5 ms")
	case !lognormal && p.p99.given():
		s.problem(p.p99.node.at, "p99 belongs to distribution: lognormal; remove it, or choose that")
	case lognormal && p.p99.known && p.time.known:
		if ratio := float64(p.p99.is) / float64(p.time.is); p.time.is == 0 || ratio <= 1 || ratio > 14.9 {
			s.problem(p.p99.node.at, "p99: %s does not go with a mean of %s; in a lognormal distribution it is between 1 and 14.9 times the mean", spellDuration(p.p99.is), spellDuration(p.time.is))
		}
	}
}

func (s *resolver) members(g *Group, v *value[fileConsumer]) {
	f := &v.is
	switch {
	case !v.known:
	case !f.autoscaler.given() && !f.members.given():
		s.problem(v.node.at, "members is missing in a consumer group; add members: 3, say, or an autoscaler")
	}
	if !f.autoscaler.known {
		return
	}
	g.Autoscaler = s.autoscaler(&f.autoscaler.is)
	least, most := g.Autoscaler.Min, g.Autoscaler.Max
	if f.members.known && most >= least && (g.Members < least || g.Members > most) {
		s.problem(f.members.node.at, "members: the autoscaler starts with %d, but keeps them within %d to %d", g.Members, least, most)
	}
	if !f.members.given() {
		g.Members = least
	}
}

// curve makes the rate of a producer.
func (s *resolver) curve(f *fileProducer) Curve {
	if !f.curve.known {
		return Curve{Shape: ConstantRate, Peak: f.rate.is, Weekend: 1}
	}
	c := &f.curve.is
	out := Curve{Shape: c.shape.is, Weekend: 1}
	s.curveKeys(c, f.curve.node)
	switch out.Shape {
	case ConstantRate:
		out.Peak = c.rate.is
	case DiurnalRate:
		out.Peak = c.peak.is
		out.Trough = unit.Rate(float64(c.peak.is) / c.peakToTrough.or(1))
		out.Period = c.period.or(day)
		out.Phase = c.phase.is
		out.Weekend = c.weekend.or(1)
		if out.Phase >= out.Period && c.phase.known {
			s.problem(c.phase.node.at, "phase: %s is not less than the period of %s; write what is left after whole periods", spellDuration(out.Phase), spellDuration(out.Period))
		}
	case StepRate:
		out.Points = s.ratePoints(&c.steps, "steps")
	case TraceRate:
		out.Points = s.trace(c, f.curve.node)
	}
	for i := range c.bursts.is {
		b := &c.bursts.is[i].is
		out.Bursts = append(out.Bursts, Burst{At: b.at.is, Rise: b.rise.is, Hold: b.hold.is, Decay: b.decay.is, Factor: b.factor.is})
	}
	return out
}

func exampleOfRate(key string) string {
	switch key {
	case "rate":
		return "rate: 2000/s"
	case "peak":
		return "peak: 1M/s"
	case "peak_to_trough":
		return "peak_to_trough: 5"
	default:
		return "steps: [{at: 0 s, rate: 100/s}, {at: 1 min, rate: 200/s}]"
	}
}

// curveKeys checks that a curve has the keys of its shape and no other's.
func (s *resolver) curveKeys(c *fileCurve, at *node) {
	if !c.shape.known {
		return
	}
	shapes := []struct {
		shape          Shape
		name           string
		needed, others []string
	}{
		{ConstantRate, "constant", []string{"rate"}, nil},
		{DiurnalRate, "diurnal", []string{"peak", "peak_to_trough"}, []string{"period", "phase", "weekend"}},
		{StepRate, "steps", []string{"steps"}, nil},
		{TraceRate, "trace", nil, []string{"points", "file"}},
	}
	for _, x := range shapes {
		own := x.shape == c.shape.is
		for _, key := range append(slices.Clone(x.needed), x.others...) {
			given := at.get(key)
			switch {
			case own && given == nil && slices.Contains(x.needed, key):
				s.problem(at.at, "%s is missing in a rate of shape %s; add %s", key, x.name, exampleOfRate(key))
			case !own && given != nil:
				s.problem(given.at, "%s belongs to shape: %s; remove it, or choose that", key, x.name)
			}
		}
	}
}
