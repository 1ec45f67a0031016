package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"kafkasim/models"
	"kafkasim/reports/explain"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// within is how many replications a story is looked for in.
const within = 200

// parse parses a scenario.
func parse(t *testing.T, text string) *scenarios.Spec {
	t.Helper()
	spec, problems := scenarios.Parse("story.yaml", []byte(text), nil)
	if len(problems) > 0 {
		t.Fatalf("the scenario is invalid: %v", problems)
	}
	return spec
}

// value is a count or a gauge of a replication.
func value(t *testing.T, rep result.Replication, name string) float64 {
	t.Helper()
	for i := range rep.Observations {
		if rep.Observations[i].Name == name {
			return rep.Observations[i].Value
		}
	}
	t.Fatalf("no observation is called %s", name)
	return 0
}

// TestStories tells the stories of testdata: each file is one way to lose a record, to
// have it twice, or to stand still, with a scenario that does it:
//
//	explain metric=NAME class=WORDS
//	the scenario
//	----
//	the number of the replication, what the ledger counts there, and the story
//
// The class is what the scenario was made for. The first replication is told in which
// the metric is counted so; -rewrite writes what is told now.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			var metric string
			d.ScanArgs(t, "metric", &metric)
			var class []string
			for _, arg := range d.CmdArgs {
				if arg.Key == "class" {
					class = arg.Vals
				}
			}
			return story(t, parse(t, d.Input), metric, strings.Join(class, " "))
		})
	})
}

// story tells of the first replication in which something of a class happened.
func story(t *testing.T, spec *scenarios.Spec, metric, class string) string {
	t.Helper()
	for n := range within {
		told, rep, err := models.Follow(t.Context(), spec, models.Options{}, n)
		if err != nil {
			t.Fatal(err)
		}
		telling, found := explain.Tell(told, metric)
		if counted := value(t, rep, metric); found && counted == 0 {
			t.Fatalf("replication %d has a story, and the ledger counts none", n+1)
		}
		if !found || strings.ReplaceAll(telling.Class, " ", "-") != strings.ReplaceAll(class, " ", "-") {
			continue
		}
		var text strings.Builder
		fmt.Fprintf(&text, "replication %d: %s = %s\n\n", n+1, metric, result.Number(value(t, rep, metric)))
		if err := explain.Write(&text, &telling, 100); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	return fmt.Sprintf("in %d replications nothing of %s (%s) happened\n", within, metric, class)
}
