package result

import (
	"math"
	"slices"
)

// A seriesColumn sums one series over replications, instant by instant.
type seriesColumn struct {
	name          string
	sum, low, top []float64
	n             []float64 // replications that had a value
}

func newSeriesColumn(name string, count int) seriesColumn {
	return seriesColumn{
		name: name,
		sum:  make([]float64, count),
		low:  make([]float64, count),
		top:  make([]float64, count),
		n:    make([]float64, count),
	}
}

// add takes one replication's values, NaN where there was nothing.
func (c *seriesColumn) add(values []float64) {
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if c.n[i] == 0 {
			c.low[i], c.top[i] = v, v
		}
		c.n[i]++
		c.sum[i] += v
		c.low[i], c.top[i] = min(c.low[i], v), max(c.top[i], v)
	}
}

func (c *seriesColumn) summary() SeriesSummary {
	s := SeriesSummary{
		Name: c.name,
		Mean: slices.Clone(c.sum),
		Min:  slices.Clone(c.low),
		Max:  slices.Clone(c.top),
	}
	for i, n := range c.n {
		if n == 0 {
			s.Mean[i], s.Min[i], s.Max[i] = math.NaN(), math.NaN(), math.NaN()
			continue
		}
		s.Mean[i] /= n
	}
	return s
}
