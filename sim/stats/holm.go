package stats

import "slices"

// Holm adjusts the P of several hypotheses so that the chance of any false
// rejection is at most the level that they are held against, however they hang
// together.
//
// Source: Holm, A simple sequentially rejective multiple test procedure,
// Scandinavian Journal of Statistics 6 (1979).
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case ps[a] < ps[b]:
			return -1
		case ps[a] > ps[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(ps))
	worst := 0.0
	for i, at := range order {
		worst = max(worst, min(ps[at]*float64(len(ps)-i), 1))
		out[at] = worst
	}
	return out
}
