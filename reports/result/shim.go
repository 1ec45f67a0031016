package result

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

func studentT(nu int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(nu)}.Quantile(0.975)
}

func meanInterval(values []float64) Interval {
	n := len(values)
	if n < 2 {
		return NoInterval()
	}
	m := mean(values)
	s := 0.0
	for _, v := range values {
		s += float64((v - m) * (v - m))
	}
	h := studentT(n-1) * math.Sqrt(s/float64(n-1)/float64(n))
	return Interval{m - h, m + h}
}

func ratioInterval(y, x []float64) Interval {
	n := len(y)
	if n < 2 {
		return NoInterval()
	}
	r := total(y) / total(x)
	s := 0.0
	for i := range y {
		e := y[i] - float64(r*x[i])
		s += float64(e * e)
	}
	h := studentT(n-1) * math.Sqrt(s/float64(n-1)/float64(n)) / (total(x) / float64(n))
	return Interval{r - h, r + h}
}

func shareInterval(k, n int) Interval {
	if n == 0 {
		return NoInterval()
	}
	i := Interval{0, 1}
	if k > 0 {
		i.Low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(0.025)
	}
	if k < n {
		i.High = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.975)
	}
	return i
}

func binomialCDF(k, n int, p float64) float64 {
	if k >= n {
		return 1
	}
	return distuv.Binomial{N: float64(n), P: p}.CDF(float64(k))
}

// expandedTail is Φ(−t·√(n/(n−1))) for n ≥ 2; see bootstrapQuantile.
func expandedTail(n int) float64 {
	t := studentT(n-1) * math.Sqrt(float64(n)/float64(n-1))
	return distuv.UnitNormal.CDF(-t)
}
