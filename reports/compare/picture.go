package compare

import (
	"math"
	"slices"
	"strconv"
	"time"

	"kafkasim/reports/result"
	"kafkasim/sim/stats"
)

// A Picture is what a report draws and tells of a scenario beside its rows, so that
// it can be drawn again from a verification's file. Its numbers have as many digits
// as a picture can show.
type Picture struct {
	Description string     `json:"description"`
	Duration    Number     `json:"duration"` // s
	Warmup      Number     `json:"warmup"`   // s
	Faults      []Fault    `json:"faults,omitempty"`
	Overrides   []string   `json:"overrides,omitempty"`
	Text        string     `json:"text"`  // the scenario as its author wrote it
	Start       Number     `json:"start"` // of the time lines, in s
	Step        Number     `json:"step"`
	Lines       []TimeLine `json:"time_lines,omitempty"` // that both sides have
	Pooled      []Pooled   `json:"pooled,omitempty"`     // distributions that both sides have
}

// A Fault is one that the scenario brings at a known time.
type Fault struct {
	At    Number `json:"at"`    // s
	Until Number `json:"until"` // null: the scenario says no end
	Words string `json:"words"`
}

// A TimeLine is one series, predicted and measured.
type TimeLine struct {
	Name      string `json:"name"`
	Predicted Band   `json:"predicted"` // the mean of all replications, and their range
	Measured  Band   `json:"measured"`
}

// A Band is a mean over time and the range around it.
type Band struct {
	Low  []Number `json:"low"`
	Mean []Number `json:"mean"`
	High []Number `json:"high"`
}

// Pooled is a distribution over everything observed, percentile by percentile.
type Pooled struct {
	Metric string    `json:"metric"`
	Unit   string    `json:"unit"`
	P      []float64 `json:"p"`
	// Predicted is the median over profile draws, Low and High their range.
	Low       []Number `json:"low"`
	Predicted []Number `json:"predicted"`
	High      []Number `json:"high"`
	Measured  []Number `json:"measured"`
}

// About is what the picture says of the scenario, as a Set has it.
func (p *Picture) About() result.About {
	a := result.About{
		Description: p.Description, Text: p.Text, Overrides: p.Overrides, Duration: seconds(p.Duration), Warmup: seconds(p.Warmup),
	}
	for _, f := range p.Faults {
		out := result.Fault{At: seconds(f.At), Until: result.NotHealed, Words: f.Words}
		if f.Until.known() {
			out.Until = seconds(f.Until)
		}
		a.Faults = append(a.Faults, out)
	}
	return a
}

func seconds(n Number) time.Duration {
	return time.Duration(math.Round(float64(n) * float64(time.Second)))
}

// picture takes what a report draws of an input.
func picture(in *Input) *Picture {
	about, grid := &in.Measured.About, in.Measured.Grid
	p := &Picture{
		Description: about.Description, Text: about.Text, Overrides: about.Overrides,
		Duration: Number(about.Duration.Seconds()), Warmup: Number(about.Warmup.Seconds()),
		Start: Number(grid.Start.Seconds()), Step: Number(grid.Step.Seconds()),
	}
	for i := range about.Faults {
		f := &about.Faults[i]
		out := Fault{At: Number(f.At.Seconds()), Until: nan(), Words: f.Words}
		if f.Until != result.NotHealed {
			out.Until = Number(f.Until.Seconds())
		}
		p.Faults = append(p.Faults, out)
	}
	for i := range in.Measured.Series {
		measured := &in.Measured.Series[i]
		predicted, found := pooledSeries(in.Predicted, measured.Name, grid)
		if found && shows(measured.Mean) && shows(predicted.Mean) {
			p.Lines = append(p.Lines, TimeLine{Name: measured.Name, Predicted: band(predicted), Measured: band(measured)})
		}
	}
	for i := range in.Measured.Metrics {
		if pooled, found := pooledQuantiles(in, &in.Measured.Metrics[i]); found {
			p.Pooled = append(p.Pooled, pooled)
		}
	}
	return p
}

// shows reports whether there is any value.
func shows(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// pooledSeries is one series over several Sets on the same grid: the mean of their
// means, each by its replications, and the range over all.
func pooledSeries(sets []*result.Set, name string, grid result.Grid) (*result.SeriesSummary, bool) {
	n := grid.Count
	all := &result.SeriesSummary{Name: name, Mean: make([]float64, n), Min: make([]float64, n), Max: make([]float64, n)}
	weights := make([]float64, n)
	for _, set := range sets {
		for k := range set.Series {
			if set.Series[k].Name != name {
				continue
			}
			if set.Grid != grid {
				return nil, false
			}
			addSeries(all, &set.Series[k], weights, float64(set.Replications))
		}
	}
	for i, w := range weights {
		if all.Mean[i] /= w; w == 0 { // NaN where no Set had a value
			all.Min[i], all.Max[i] = math.NaN(), math.NaN()
		}
	}
	return all, true
}

// addSeries adds a Set's series with its weight to the sum of all, point by point.
func addSeries(all, s *result.SeriesSummary, weights []float64, weight float64) {
	for i, v := range s.Mean {
		if math.IsNaN(v) {
			continue
		}
		if weights[i] == 0 {
			all.Min[i], all.Max[i] = s.Min[i], s.Max[i]
		}
		all.Min[i], all.Max[i] = min(all.Min[i], s.Min[i]), max(all.Max[i], s.Max[i])
		all.Mean[i] += float64(v * weight)
		weights[i] += weight
	}
}

func band(s *result.SeriesSummary) Band {
	return Band{Low: shown(s.Min), Mean: shown(s.Mean), High: shown(s.Max)}
}

// shown rounds values to what a picture can show.
func shown(values []float64) []Number {
	out := make([]Number, len(values))
	for i, v := range values {
		out[i] = Number(rounded(v))
	}
	return out
}

// pictureDigits are more than a line of a picture tells apart.
const pictureDigits = 5

func rounded(v float64) float64 {
	if r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', pictureDigits-1, 64), 64); err == nil {
		return r
	}
	return v
}

// pooledQuantiles are a distribution's percentiles over everything observed: the
// range over the predicted Sets and their median, and what was measured. Those with
// labels are left to their totals.
func pooledQuantiles(in *Input, measured *result.Metric) (Pooled, bool) {
	if _, labels := result.SplitName(measured.Name); measured.Kind != result.Distribution || labels != "" || len(measured.Quantiles) == 0 {
		return Pooled{}, false
	}
	out := Pooled{Metric: measured.Name, Unit: measured.Unit}
	for _, q := range measured.Quantiles {
		var values []float64
		for _, set := range in.Predicted {
			m, found := set.Metric(measured.Name)
			if !found {
				continue
			}
			for _, predicted := range m.Quantiles {
				if predicted.P == q.P {
					values = append(values, predicted.Value)
				}
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		out.P = append(out.P, q.P)
		out.Low = append(out.Low, Number(rounded(values[0])))
		out.Predicted = append(out.Predicted, Number(rounded(stats.Median(values))))
		out.High = append(out.High, Number(rounded(values[len(values)-1])))
		out.Measured = append(out.Measured, Number(rounded(q.Value)))
	}
	return out, len(out.P) > 0
}
