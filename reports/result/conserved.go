package result

import (
	"fmt"
	"math"
	"strings"
)

// Conserved returns an error unless every record of the replication has exactly
// one end: generated = delivered + Σ lost.* + in_flight_at_end (design section 6).
// The counts must be there and be whole numbers, which float64 adds exactly
// below 2⁵³.
func Conserved(r Replication) error {
	generated, err := r.count(recordsGenerated)
	if err != nil {
		return err
	}
	ends := append([]string{recordsDelivered}, LostNames()...)
	ends = append(ends, recordsInFlight)
	sum := 0.0
	parts := make([]string, 0, len(ends))
	for _, name := range ends {
		n, err := r.count(name)
		if err != nil {
			return err
		}
		sum += n
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f", name, n))
		}
	}
	if sum != generated {
		return fmt.Errorf("replication %d does not conserve records: %.0f generated, %.0f accounted for (%s)",
			r.Index, generated, sum, strings.Join(parts, ", "))
	}
	return nil
}

// count finds a count of the replication by name.
func (r *Replication) count(name string) (float64, error) {
	for i := range r.Observations {
		o := &r.Observations[i]
		if o.Name != name {
			continue
		}
		if !o.Observed {
			return 0, fmt.Errorf("replication %d did not observe %s, which every run has", r.Index, name)
		}
		if !isCount(o.Value) {
			return 0, fmt.Errorf("replication %d: %s is %v, not a whole number from 0 to 2^53", r.Index, name, o.Value)
		}
		return o.Value, nil
	}
	return 0, fmt.Errorf("replication %d has no %s", r.Index, name)
}

// isCount reports whether v is a whole number that float64 counts exactly.
func isCount(v float64) bool { return v >= 0 && v <= 1<<53 && v == math.Trunc(v) }
