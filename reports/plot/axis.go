package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"kafkasim/reports/result"
)

// A measure is how values of a unit stand along an axis.
type measure struct {
	scale float64 // a value in base units times scale is what the axis counts
	name  string  // of what it counts; "" for a plain number
}

// measureFor is the measure in which values up to most read well.
func measureFor(unit string, most float64) measure {
	switch unit {
	case "s":
		switch {
		case most < 1e-3:
			return measure{1e6, "µs"}
		case most < 1:
			return measure{1e3, "ms"}
		case most < 300:
			return measure{1, "s"}
		case most < 7200:
			return measure{1. / 60, "min"}
		}
		return measure{1. / 3600, "h"}
	case "bytes/s":
		switch {
		case most < 1e5:
			return measure{1e-3, "KB/s"}
		case most < 1e9:
			return measure{1e-6, "MB/s"}
		}
		return measure{1e-9, "GB/s"}
	case "ratio":
		return measure{100, "%"}
	}
	return measure{1, unit}
}

// label is the axis's text: the unit.
func (m measure) label() string {
	if m.name == "" {
		return ""
	}
	return "[" + m.name + "]"
}

// linearTicks are labelled with plain numbers of a few digits, at most this many and
// one more; 0 is five.
type linearTicks struct{ wanted float64 }

// fewTicks are for a panel beside others.
const fewTicks = 3

// Ticks implements plot.Ticker: multiples of 1, 2 or 5 times a power of ten.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || math.IsInf(high-low, 0) {
		return []plot.Tick{{Value: low, Label: result.Number(low)}}
	}
	wanted := t.wanted
	if wanted == 0 {
		wanted = 5
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/wanted)))
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (high-low)/step > wanted+1 {
			step *= factor
		}
	}
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: tickLabel(i*step+0, digits)})
	}
	return ticks
}

// tickLabel writes a tick with as many decimals as its neighbours need.
func tickLabel(v float64, digits int) string {
	if digits == 0 {
		return result.Number(math.Round(v))
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// logTicks are those of a logarithmic axis of values in base units, labelled with
// their unit: each power of ten, and 2 and 5 times one where few fit.
type logTicks struct{ unit string }

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	decades := math.Log10(high / low)
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, factor := range []float64{1, 2, 5} {
			v := factor * math.Pow(10, e)
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			tick := plot.Tick{Value: v}
			if factor == 1 || decades < 2 {
				tick.Label = result.Quantity(v, t.unit)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// A percentileTicks axis counts nines: p stands at −log10(1−p).
type percentileTicks struct{}

// Ticks implements plot.Ticker.
func (percentileTicks) Ticks(_, high float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0 %"}, {Value: nines(0.5), Label: "50"}}
	for _, t := range []plot.Tick{{Value: 1, Label: "90"}, {Value: 2, Label: "99"}, {Value: 3, Label: "99.9"}, {Value: 4, Label: "99.99"}, {Value: atMax, Label: "max"}} {
		if t.Value <= high+1e-9 {
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// atMax is where a percentile axis puts the maximum.
const atMax = 4.7

// nines is where a percentile axis puts the share p.
func nines(p float64) float64 {
	if p >= 1 {
		return atMax
	}
	return -math.Log10(1 - p)
}

// widen gives an axis some room beyond its data, also where these are one value.
func widen(a *plot.Axis, share float64) {
	room := share * (a.Max - a.Min)
	if room <= 0 {
		room = max(math.Abs(a.Max)*0.05, 0.5)
	}
	a.Min -= room
	a.Max += room
}
