package analytic

import (
	"fmt"

	"kafkasim/sim/unit"
)

// volumes are what a broker moves on average at the peak of every producer, a term
// for each topic: its own replication factor, its own groups (NetworkIn, NetworkOut,
// DiskWrite). Bytes are of records as they are sent, compressed; batch headers,
// requests and answers come on top.
func (s *scene) volumes() []Bound {
	forms := []struct {
		metric, formula string
		of              func(Load) unit.ByteRate
	}{
		{"network.in", "RF × bytes in ÷ brokers", Load.NetworkIn},
		{"network.out", "(groups + RF − 1) × bytes in ÷ brokers", Load.NetworkOut},
		{"disk.write", "RF × bytes in ÷ brokers", Load.DiskWrite},
	}
	var all []Bound
	for _, form := range forms {
		var terms []Term
		for t := range s.spec.Topics {
			topic := &s.spec.Topics[t]
			l := s.load(t)
			if l.Produced == 0 {
				continue
			}
			terms = append(terms, Term{
				Name: "records of a topic", Of: topic.Name, Formula: form.formula,
				Inputs: []Input{
					{"bytes in", float64(l.Produced), "bytes/s"},
					{"RF", float64(l.ReplicationFactor), ""},
					{"groups", float64(l.Groups), ""},
					{"brokers", float64(l.Brokers), ""},
				},
				Result: float64(form.of(l)),
			})
		}
		all = append(all, sum(form.metric, "bytes/s", "nothing is produced", terms))
	}
	return all
}

// load is a topic's load at the peak.
func (s *scene) load(topic int) Load {
	l := Load{Brokers: len(s.cluster.Brokers), ReplicationFactor: s.spec.Topics[topic].ReplicationFactor}
	for i := range s.spec.Producers {
		if p := &s.spec.Producers[i]; p.Topic == topic {
			f := newFlow(s.spec, p)
			l.Produced += unit.ByteRate(f.peak(0, s.spec.Duration) * float64(p.RecordSize.Mean) * p.Config.CompressionRatio)
		}
	}
	for i := range s.spec.Groups {
		for _, t := range s.spec.Groups[i].Topics {
			if t == topic {
				l.Groups++
			}
		}
	}
	if l.Brokers < 1 {
		panic(fmt.Sprintf("analytic: scenario %s has no brokers", s.spec.Name))
	}
	return l
}
