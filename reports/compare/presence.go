package compare

import (
	"fmt"

	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// presence says of which metrics one side had something to observe far more
// often than the other: a failover that was predicted in every replication and
// measured in no repetition. Metrics that a side does not have at all are not
// among them.
func presence(in *Input) []string {
	var out []string
	for _, known := range scenarios.Metrics() {
		column := columns(known.Kind)[0]
		measured, found := in.Measured.Metric(known.Name)
		if !found || !hasRows(known.Name) {
			continue
		}
		k, m, n := 0, 0, in.Measured.Replications
		for _, set := range in.Predicted {
			if p, found := set.Metric(known.Name); found {
				k += len(result.Observed(p.Column(column)))
				m += set.Replications
			}
		}
		if m == 0 || n == 0 {
			continue
		}
		seen := len(result.Observed(measured.Column(column)))
		low, high := shareInterval(k, m, n)
		if share := float64(seen) / float64(n); share < low || share > high {
			out = append(out, fmt.Sprintf("%s had a value in %d of %s and in %d of %s.",
				known.Name, k, plural(m, "replication"), seen, plural(n, "repetition")))
		}
	}
	return out
}
