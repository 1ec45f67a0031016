package result

import "testing"

func TestDisturbedReadsItsWarning(t *testing.T) {
	t.Parallel()
	b := NewBuilder(Header{Origin: Measured})
	for i := range 3 {
		r := Replication{Index: i}
		for _, name := range LedgerNames() {
			r.Observations = append(r.Observations, Observation{Name: name, Observed: true})
		}
		if i == 1 {
			r.Warnings = []string{"a fault was skipped", DisturbedWarning(i+1, "the load generator was late: 300 ms (twice)")}
		}
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, w := range b.Set().Warnings {
		if n, reason, found := Disturbed(w); found {
			if n != 2 {
				t.Errorf("repetition %d, want 2", n)
			}
			got = append(got, reason)
		}
	}
	if len(got) != 1 || got[0] != "the load generator was late: 300 ms (twice)" {
		t.Errorf("reasons %q", got)
	}
}
