package account_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/journal"
	"kafkasim/models/batch"
	"kafkasim/scenarios"
)

// TestSameNamesAsTheModel compares the list of observations and series of a run in
// which nothing happened with those of the simulated scenario.
func TestSameNamesAsTheModel(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"healthy-baseline", "consumer-crash-eager", "leader-crash-acks-1", "unclean-election-elr-on"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, found := scenarios.ByName(name)
			if !found {
				t.Fatal("there is no such scenario")
			}
			s := tellOf(t, string(e.Source))
			// Short, for the model takes as long as its load does.
			s.o.Spec.Duration, s.o.Spec.Drain, s.o.Spec.Faults = 2*time.Second, time.Second, nil
			plane, err := batch.New(s.o.Spec)
			if err != nil {
				t.Fatal(err)
			}
			simulated, err := plane.NewRunner().Run(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			s.o.Grid = plane.Grid()
			s.o.End = zero().Add(2 * time.Second)
			for p := range s.o.Spec.Producers {
				s.life(journal.RoleProducer, p, 0, 0).end()
			}
			for g := range s.o.Spec.Groups {
				for m := range s.o.Spec.Groups[g].Members {
					s.life(journal.RoleConsumer, g, m+1, 0).end()
				}
			}
			measured := s.account()
			var want, got []string
			for _, o := range simulated.Observations {
				want = append(want, o.Name)
			}
			for _, o := range measured.Observations {
				got = append(got, o.Name)
			}
			for _, line := range simulated.Series {
				want = append(want, "series "+line.Name)
			}
			for i, line := range measured.Series {
				got = append(got, "series "+line.Name)
				if len(line.Values) != len(simulated.Series[i].Values) {
					t.Errorf("series %s has %d points, simulated %d", line.Name, len(line.Values), len(simulated.Series[i].Values))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("simulated and measured:\n%s", diff)
			}
		})
	}
}
