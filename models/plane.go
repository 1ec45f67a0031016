package models

import (
	"fmt"
	"time"

	"kafkasim/models/batch"
	"kafkasim/models/workload"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// batchBudget is how many events a replication may have for the batch plane to be
// chosen by itself (design section 2): some seconds of one core.
const batchBudget = 20e6

// ChoosePlane names the data plane that runs spec, or says in words for the user
// why none can: what is asked for is not built yet, or is no plane.
func ChoosePlane(spec *scenarios.Spec, asked string) (string, error) {
	if err := checkSharing(spec); err != nil {
		return "", err
	}
	switch asked {
	case "batch":
		return "batch", nil
	case "flow":
		return "", fmt.Errorf("not yet supported: the flow plane; use --plane batch")
	case "", "auto":
	default:
		return "", fmt.Errorf("there is no plane %s; there are auto, batch and flow", asked)
	}
	if partitions := countPartitions(spec); partitions > batchPartitions {
		return "", fmt.Errorf("not yet supported: the flow plane, which scenario %s needs: it has %d partitions, "+
			"and the batch plane takes %d by itself; use fewer, or insist with --plane batch", spec.Name, partitions, batchPartitions)
	}
	if events := EstimateEvents(spec); events > batchBudget {
		return "", fmt.Errorf("not yet supported: the flow plane, which scenario %s needs: a replication has about %.0f million events, "+
			"and the batch plane takes %.0f million by itself; make it shorter, or insist with --plane batch",
			spec.Name, events/1e6, batchBudget/1e6)
	}
	return "batch", nil
}

// batchPartitions is how many partitions the batch plane takes by itself: it looks
// at each in every sample of its invariants, which costs some seconds a
// replication with so many.
const batchPartitions = 20_000

func countPartitions(spec *scenarios.Spec) int {
	n := 0
	for i := range spec.Topics {
		n += spec.Topics[i].Partitions
	}
	return n
}

// maxSharing is how many brokers may stand on one machine's disk in models/host.
const maxSharing = 64

// Events that the batch plane has for one batch of a producer with RF 3 and one
// group, counted in a run of leader-crash-acks-1 at 2,000 records/s: 14.7 beside
// the arrival of its records. Each follower and each group has its share.
const (
	eventsPerBatch    = 4
	eventsPerFollower = 4
	eventsPerReader   = 3
	// idleFetches is how often a fetcher asks without traffic: every 500 ms, with
	// four events.
	idleFetches = 8
)

// EstimateEvents is about how many events one replication of spec has in the batch
// plane, within a factor of two for ordinary scenarios.
func EstimateEvents(spec *scenarios.Spec) float64 {
	seconds := (spec.Duration + 10*time.Second).Seconds()
	brokers := float64(len(spec.Clusters[0].Brokers))
	events := seconds * idleFetches * brokers * brokers * float64(spec.Clusters[0].Config.ReplicaFetchers)
	for i := range spec.Producers {
		p := &spec.Producers[i]
		records := workload.NewCurve(p.Rate, spec.Duration).Integral(sim.Time(spec.Duration))
		rate := records / spec.Duration.Seconds() / float64(p.Instances)
		perBatch := 1 + rate*p.Config.Linger.Seconds()
		if size := float64(p.RecordSize.Mean); perBatch*size > float64(p.Config.BatchSize) {
			perBatch = max(1, float64(p.Config.BatchSize)/size)
		}
		readers := 0
		for g := range spec.Groups {
			for _, t := range spec.Groups[g].Topics {
				if t == p.Topic {
					readers++
				}
			}
		}
		followers := spec.Topics[p.Topic].ReplicationFactor - 1
		each := float64(eventsPerBatch + eventsPerFollower*followers + eventsPerReader*readers)
		events += records * (1 + each/perBatch)
	}
	return events
}

// checkSharing refuses more brokers on one shared disk than the host model has
// room for.
func checkSharing(spec *scenarios.Spec) error {
	shared := 0
	for i := range spec.Clusters[0].Brokers {
		if spec.Clusters[0].Brokers[i].Hardware.DiskShared {
			shared++
		}
	}
	if shared > maxSharing {
		return fmt.Errorf("not yet supported: %d brokers of scenario %s on one shared disk; the hardware profile shares it under at most %d, "+
			"so use fewer brokers, or a profile of machines of their own such as m7g.xlarge", shared, spec.Name, maxSharing)
	}
	return nil
}

// Grid is the common grid of a scenario's time lines, which measured runs share.
func Grid(spec *scenarios.Spec) (result.Grid, error) {
	plane, err := batch.New(spec)
	if err != nil {
		return result.Grid{}, err
	}
	return plane.Grid(), nil
}
