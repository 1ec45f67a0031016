package batch

import (
	"slices"
	"testing"

	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// followed runs a replication with and without a recorder and returns both results
// and the story.
func followed(t *testing.T, spec *scenarios.Spec, number int) (plain, told result.Replication, s *story.Story) {
	t.Helper()
	plane, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	runner := plane.NewRunner()
	told, s, err = runner.Follow(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	plain, err = runner.Run(t.Context(), number) // with the memory of the other
	if err != nil {
		t.Fatal(err)
	}
	return plain, told, s
}

// TestARecorderChangesNothing: a replication that is written down has the same events
// and the same result as one that is not, in scenarios with every kind of client and
// fault; and what was written down agrees with the ledger.
func TestARecorderChangesNothing(t *testing.T) {
	var specs []*scenarios.Spec
	for _, name := range []string{"leader-crash-acks-1", "leader-pause-15s", "unclean-election-elr-off", "consumer-crash-eager"} {
		e, found := scenarios.ByName(name)
		if !found {
			t.Fatalf("no scenario %s", name)
		}
		specs = append(specs, parse(t, string(e.Source)))
	}
	for seed := uint64(1); seed <= 12; seed++ {
		text, _ := swarmScenario(seed)
		specs = append(specs, parse(t, text))
	}
	for _, spec := range specs {
		t.Run(spec.Name, func(t *testing.T) {
			t.Parallel()
			plain, told, s := followed(t, spec, 0)
			if plain.Fingerprint != told.Fingerprint {
				t.Errorf("fingerprints %x and %x", plain.Fingerprint, told.Fingerprint)
			}
			if a, b := sheetText(plain), sheetText(told); !slices.Equal(a, b) {
				t.Error("the results differ")
			}
			checkStory(t, told, s)
		})
	}
}

// checkStory compares a story with the counts of its replication.
func checkStory(t *testing.T, rep result.Replication, s *story.Story) {
	t.Helper()
	o := outcome{t, rep}
	ends := map[story.End]int{}
	for i := range s.Records {
		ends[s.Records[i].End]++
	}
	for _, e := range append(story.Losses(), story.Delivered, story.InFlight) {
		if want := int(o.value(e.Metric())); ends[e] != want {
			t.Errorf("the story has %d records that ended as %s, the ledger %d", ends[e], e.Metric(), want)
		}
	}
	again := 0
	for i := range s.Reads {
		if s.Reads[i].Again {
			again++
		}
	}
	if want := int(o.value("records.duplicated.consumed")); again != want {
		t.Errorf("the story has %d records processed again, the ledger %d", again, want)
	}
	fences, want := len(s.Fencings), int(o.value("fencings"))
	if fences != want {
		t.Errorf("the story has %d fencings, the result %d", fences, want)
	}
	clean, unclean := 0, 0
	for i := range s.Elections {
		if e := &s.Elections[i]; !s.Partitions[e.Partition].Internal {
			switch e.Kind {
			case story.Clean, story.Preferred:
				clean++
			case story.Unclean, story.LastKnownLeader:
				unclean++
			case story.NoElection:
			}
		}
	}
	if clean != int(o.value("elections.clean")) || unclean != int(o.value("elections.unclean")) {
		t.Errorf("the story has %d clean and %d unclean elections, the result %g and %g", clean, unclean,
			o.value("elections.clean"), o.value("elections.unclean"))
	}
	checkAppends(t, s)
}

// checkAppends: each batch that a leader appended is written down as often.
func checkAppends(t *testing.T, s *story.Story) {
	t.Helper()
	appends := make([]int32, len(s.Batches))
	for i := range s.Appends {
		appends[s.Appends[i].Batch]++
	}
	for i := range s.Batches {
		if b := &s.Batches[i]; b.First >= 0 && appends[i] != b.Appended {
			t.Errorf("batch %d was appended %d times, and %d are written down", i, b.Appended, appends[i])
		}
	}
}
