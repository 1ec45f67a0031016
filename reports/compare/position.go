package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// test fills in the two-sided test of where the measured values rank among the
// predicted ones.
func (r *row) test() {
	n, sum := 0.0, 0.0
	for _, v := range r.measured {
		if math.IsNaN(v) {
			continue
		}
		below, upTo := around(r.sorted, v)
		level := (float64(below) + float64(upTo-below+1)/2) / float64(len(r.sorted)+1)
		sum += distuv.UnitNormal.Quantile(level)
		n++
	}
	// Repetitions share a profile: n of them are worth n/(1+(n−1)ρ).
	worth, samples := n/(1+float64((n-1)*r.within)), r.effective()
	z := sum / n * math.Sqrt(worth) / math.Sqrt(1+worth/samples)
	p := 2 * distuv.UnitNormal.CDF(-math.Abs(z))
	r.P = Number(min(max(p, 2/choose(samples+worth, worth)), 1))
}

// choose is the binomial coefficient, also between whole numbers.
func choose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return math.Exp(a - b - c)
}
