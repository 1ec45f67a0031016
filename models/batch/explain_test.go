package batch

import (
	"strings"
	"testing"

	"kafkasim/reports/explain"
	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
)

// TestWhatTheLedgerCountsCanBeExplained: in random scenarios, each kind of loss and of
// duplicate that the ledger counts, and each stall of a second or more, has a story:
// its steps are in order of time and within the run, it begins with the record, ends
// with what took it, and names a rule and what would have prevented it. What the ledger
// does not count has none.
func TestWhatTheLedgerCountsCanBeExplained(t *testing.T) {
	scenarios := uint64(120)
	if testing.Short() {
		scenarios = 40
	}
	told := map[string]int{}
	for seed := uint64(1000); seed < 1000+scenarios; seed++ {
		text, _ := swarmScenario(seed)
		plane, err := New(parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		rep, s, err := plane.NewRunner().Follow(t.Context(), 0)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, metric := range explain.Subjects() {
			telling, found := explain.Tell(s, metric)
			value := outcome{t, rep}.value(metric)
			if counted := value > 0 && (metric != explain.Stall || value >= explain.WorthTelling.Seconds()); counted != found {
				t.Errorf("seed %d: the ledger has %s = %g, explained: %v", seed, metric, value, found)
			}
			if found {
				told[metric+": "+telling.Class]++
				checkTelling(t, seed, s, rep, &telling)
			}
		}
	}
	for _, metric := range explain.Subjects() {
		n := 0
		for kind, k := range told {
			if strings.HasPrefix(kind, metric+":") {
				n += k
				t.Logf("%s: %d", kind, k)
			}
		}
		if n == 0 && !testing.Short() {
			t.Errorf("no scenario had %s: more of them are needed", metric)
		}
	}
}

// checkTelling checks one telling against its story and the result.
func checkTelling(t *testing.T, seed uint64, s *story.Story, rep result.Replication, x *explain.Telling) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		var text strings.Builder
		if err := explain.Write(&text, x, 120); err != nil {
			t.Fatal(err)
		}
		t.Errorf("seed %d, %s: "+format+"\n%s", append(append([]any{seed, x.Metric}, args...), text.String())...)
	}
	if x.Class == "" || x.Title == "" || len(x.Rules) == 0 || len(x.Cures) == 0 || len(x.Steps) < 2 {
		fail("the story lacks a part")
		return
	}
	last := -prologue
	for i := range x.Steps {
		if at := x.Steps[i].At; at < last || at > s.End {
			fail("step %d is at %s, after %s, in a run that ends at %s", i+1, at, last, s.End)
			return
		}
		last = x.Steps[i].At
	}
	says := func(words string) bool {
		for i := range x.Steps {
			if strings.Contains(x.Steps[i].Words, words) {
				return true
			}
		}
		return false
	}
	unclean := outcome{t, rep}.value("elections.unclean")
	switch {
	case x.Metric == "records.lost.acked" && !says("acknowledged to the producer"):
		fail("a record that was acknowledged has no acknowledgement")
	case x.Class == "unclean election" && unclean == 0:
		fail("it tells of an unclean election, and there was none")
	case (x.Class == "crash tail" || x.Class == "zombie leader") && !says("is elected") && !says("is made the leader"):
		fail("nobody is elected")
	case (x.Class == "machine loss") && !says("this one among them") && !says("this record"):
		fail("no log loses the record")
	case x.Class == "silent leader" && !says("is frozen"):
		fail("no broker is frozen")
	case x.Class == "network" && !says("the network is cut") && !says("packets"):
		fail("nothing is cut")
	case x.Class == "dead leader" && !says("is killed") && !says("is lost") && !says("has stopped"):
		fail("no broker is dead")
	case x.Metric == explain.DuplicatedConsumed && !says("processed again"):
		fail("nothing is processed again")
	}
}
