package compare

import (
	"math"
	"slices"

	"kafkasim/sim/rng"
)

// A null is the law of misses where intervals cover 95 %: the excess of misses
// over 5 % of the values in each of a number of draws.
type null []float64

func (n null) add(other null) {
	for i, v := range other {
		n[i] += v
	}
}

// p is the probability of an excess of at least that of misses among values, the
// draws and what was measured taken together.
func (n null) p(values, misses int) float64 {
	if values == 0 {
		return math.NaN()
	}
	excess := float64(misses) - alpha*float64(values)
	atLeast := 1
	for _, e := range n {
		if e >= excess-slack {
			atLeast++
		}
	}
	return float64(atLeast) / float64(len(n)+1)
}

// leastCovered is the least number of covered values whose p is above level.
func (n null) leastCovered(values int, level float64) int {
	sorted := slices.Clone(n)
	slices.Sort(sorted)
	covered := values
	for covered > 0 {
		excess := float64(values-covered+1) - alpha*float64(values)
		below, _ := slices.BinarySearch(sorted, excess-slack)
		if float64(len(sorted)-below+1)/float64(len(sorted)+1) <= level {
			break
		}
		covered--
	}
	return covered
}

// nulls draws the law of misses of a scenario's rows that count: of all of them,
// and of each metric's. Each draw lets as many replications of one Set as there
// are repetitions stand for the measurement.
func (s *scenario) nulls(resamples int, seed uint64) (all null, byMetric map[string]null) {
	all, byMetric = make(null, resamples), map[string]null{}
	var counted []*row
	for _, r := range s.rows {
		if !r.Counted {
			continue
		}
		counted = append(counted, r)
		if byMetric[r.base] == nil {
			byMetric[r.base] = make(null, resamples)
		}
	}
	stream := rng.New(seed, "compare/"+s.in.Measured.Scenario, "misses")
	chosen := make([]int, s.in.Measured.Replications)
	var order []int
	for b := range resamples {
		set := s.chooseSet(&stream)
		order = choosePlaces(chosen, order, s.in.Predicted[set].Replications, &stream)
		for _, r := range counted {
			e := r.excess(set, chosen, &stream)
			all[b] += e
			byMetric[r.base][b] += e
		}
	}
	return all, byMetric
}

// chooseSet draws one of the predicted Sets, each with the weight of its replications.
func (s *scenario) chooseSet(stream *rng.Stream) int {
	at := stream.IntN(s.in.replications())
	for i, p := range s.in.Predicted {
		if at < p.Replications {
			return i
		}
		at -= p.Replications
	}
	panic("compare: no Set has this replication")
}

// choosePlaces draws len(chosen) different replications of a Set of n. Where it
// has too few, they come again: repetitions then hang together more than they
// should, which makes the test careful. order is memory to use again.
func choosePlaces(chosen, order []int, n int, stream *rng.Stream) []int {
	order = order[:0]
	for i := range n {
		order = append(order, i)
	}
	for i := range chosen {
		if i >= n {
			chosen[i] = chosen[i%n]
			continue
		}
		j := i + stream.IntN(n-i)
		order[i], order[j] = order[j], order[i]
		chosen[i] = order[i]
	}
	return order
}

// excess is the number of misses of chosen replications of a Set, each ranked
// among the others, less what is expected of so many.
func (r *row) excess(set int, chosen []int, stream *rng.Stream) float64 {
	ranks := r.ranks[set]
	out := 0
	for i, c := range chosen {
		if ranks[c] > 0 && !slices.Contains(chosen[:i], c) {
			out++
		}
	}
	others := float64(r.Observed - out)
	excess := 0.0
	for _, c := range chosen {
		if ranks[c] == 0 {
			continue
		}
		below := ranks[c] - 1
		for j, d := range chosen {
			if ranks[d] > 0 && ranks[d] < ranks[c] && !slices.Contains(chosen[:j], d) {
				below--
			}
		}
		// Uniform on (0, 1) if the chosen is one like the others.
		level := (float64(below) + stream.Float64()) / (others + 1)
		excess -= alpha
		if level < alpha/2 || level > 1-alpha/2 {
			excess++
		}
	}
	return excess
}
