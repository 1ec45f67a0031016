package calibrate

import (
	"fmt"
	"strings"

	"kafkasim/reports/plot"
)

// Figure draws what the profile predicts against what was measured, or nil if
// nothing was.
func (p *Profile) Figure() *plot.Figure {
	var pairs []plot.Pair
	for _, s := range statistics() {
		for i := range p.Points {
			q := &p.Points[i]
			if q.Statistic != s || q.Metric == processorsInUse {
				continue
			}
			kind, _, _ := strings.Cut(q.Metric, "{")
			pairs = append(pairs, plot.Pair{Group: kind + " " + q.Statistic, Measured: q.Measured, Fitted: q.Fitted, Error: q.Error})
		}
	}
	title := "Latencies of a healthy cluster: measured, and simulated with the fitted profile"
	m := &p.Provenance.Machine
	subtitle := fmt.Sprintf("%s, %d cores, %s; kafkasim %s", m.Processor, m.Cores, p.Provenance.Date, p.Provenance.Program)
	return plot.Fitted(title, strings.TrimPrefix(subtitle, ", "), "s", pairs)
}
