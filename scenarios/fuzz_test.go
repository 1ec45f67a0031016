package scenarios

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seeds are files to begin fuzzing with: everything shipped, and everything
// known to be broken.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	var all [][]byte
	for _, e := range Embedded() {
		all = append(all, e.Source)
	}
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "testdata/example.yaml") {
		source, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, source)
	}
	return append(all, Starter(), []byte(small))
}

func FuzzParse(f *testing.F) {
	for _, source := range seeds(f) {
		f.Add(source)
	}
	accepts := shippedSchemaAccepts(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		spec, problems := Parse("fuzz.yaml", source, nil)
		if (spec == nil) == (len(problems) == 0) {
			t.Fatalf("spec %v with %d problems", spec != nil, len(problems))
		}
		_ = RenderProblems(source, problems)
		for _, p := range problems {
			if p.Message == "" || p.Line < 0 || p.Line > 0 && p.Column < 1 {
				t.Errorf("a problem without a place or words: %+v", p)
			}
		}
		if spec == nil {
			return
		}
		checkSpec(t, spec)
		if err := accepts(source); err != nil {
			t.Errorf("Parse accepts what the schema refuses: %v", err)
		}
	})
}

// checkSpec holds a Spec to what every model may rely on.
func checkSpec(t *testing.T, s *Spec) {
	t.Helper()
	if s.Duration <= 0 || s.Duration > maxDuration || s.Warmup >= s.Duration || s.Drain < 0 || s.Replications < 1 || len(s.SHA256) != 64 || len(s.Clusters) == 0 {
		t.Errorf("head: %+v", s)
	}
	for _, c := range s.Clusters {
		for i, b := range c.Brokers {
			if b.ID != i+1 || b.Hardware == nil {
				t.Errorf("broker %+v", b)
			}
		}
	}
	for _, topic := range s.Topics {
		brokers := len(s.Clusters[topic.Cluster].Brokers)
		if topic.Partitions < 1 || topic.ReplicationFactor < 1 || topic.ReplicationFactor > min(brokers, maxReplicas) || topic.Config.MinInsyncReplicas < 1 {
			t.Errorf("topic %+v", topic)
		}
		if topic.Assignment != nil && len(topic.Assignment) != topic.Partitions {
			t.Errorf("topic %+v", topic)
		}
	}
	for _, p := range s.Producers {
		if p.Topic >= len(s.Topics) || p.Instances < 1 || p.Rate.Shape == 0 || p.Rate.Weekend < 0 || p.RecordSize.Mean < 1 || p.RecordSize.P99 < p.RecordSize.Mean {
			t.Errorf("producer %+v", p)
		}
	}
	for _, g := range s.Groups {
		if len(g.Topics) == 0 || !slices.IsSorted(g.Topics) || g.Topics[len(g.Topics)-1] >= len(s.Topics) || g.Processing.Threads < 1 || g.Members < 1 && g.Autoscaler == nil {
			t.Errorf("group %+v", g)
		}
	}
	for _, fault := range s.Faults {
		if fault.At < 0 || fault.At >= s.Duration || fault.Kind == 0 || fault.Duration < 0 || fault.Loss < 0 || fault.Loss > 1 || fault.Jitter > fault.Delay || fault.At+min(fault.Duration, maxDuration) < 0 {
			t.Errorf("fault %+v", fault)
		}
	}
	for _, o := range s.Objectives {
		if o.Op == 0 || o.Metric == "" || (o.Aggregate == AggregateProbability) != (o.InnerOp != 0) {
			t.Errorf("objective %+v", o)
		}
	}
}

func FuzzOverride(f *testing.F) {
	for _, text := range []string{
		"replications=3", "producers.app.config.acks=all", "topics.my.log.config.min.insync.replicas=2", "cluster.brokers=[{rack: a}]",
		"faults.0.at=10 s", "a..b=c", "cluster.hardware.cores=2", "=", "x=[", "cluster={brokers: 1}", "consumers.readers={}", "topics.0=~",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOverride(text)
		if err != nil {
			return
		}
		spec, problems := Parse("fuzz.yaml", []byte(small), []Override{o})
		if (spec == nil) == (len(problems) == 0) {
			t.Fatalf("spec %v with %d problems", spec != nil, len(problems))
		}
		if spec != nil {
			checkSpec(t, spec)
		}
		if text := RenderProblems([]byte(small), problems); strings.Contains(text, "fuzz.yaml:-") {
			t.Errorf("an override's problem has a line of the file:\n%s", text)
		}
	})
}

func FuzzObjective(f *testing.F) {
	for _, text := range []string{
		"durability.acked.nines >= 5", "p99(produce.latency) < 50 ms", "max(lag.time{group=g}) < 5 min", "P(records.lost.acked > 0) <= 1e-6",
		"p99.9(lag.time{group=g,group=h})==1 h 30 min", "((", "P(P(a > b) > c) > d", "{}{}{} < <= == 1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec := &Spec{Clusters: []Cluster{{Brokers: make([]Broker, 3)}}}
		s := &resolver{reader: &reader{}, spec: spec, file: &fileScenario{}}
		o, err := s.objective(text)
		if err != nil {
			return
		}
		if name, _, _ := strings.Cut(o.Metric, "{"); o.Op == 0 || name == "" {
			t.Errorf("%q is read as %+v", text, o)
		}
		if o.Aggregate == AggregateQuantile && (o.Quantile <= 0 || o.Quantile >= 1) {
			t.Errorf("%q has the quantile %v", text, o.Quantile)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"1 h 30 min", "500ms", "0", "1.5 d", "1 min 2 h", "µ", "9999999999 d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if d < 0 || d > maxDuration {
			t.Errorf("%q is %d ns", text, d)
		}
		if again, err := parseDuration(spellDuration(d)); err != nil || again != d {
			t.Errorf("%q is %v, spelled %q, read back as %v, %v", text, d, spellDuration(d), again, err)
		}
	})
}
