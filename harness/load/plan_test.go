package load

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

// TestPlansSurviveTheirFile writes and reads a plan of every shipped scenario
// that has a franz-go client.
func TestPlansSurviveTheirFile(t *testing.T) {
	t.Parallel()
	files := 0
	for _, e := range scenarios.Embedded() {
		name := e.Name
		spec, problems := scenarios.Parse(name, e.Source, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for i := range spec.Producers {
			if spec.Producers[i].Client != scenarios.FranzGo {
				continue
			}
			files++
			path := filepath.Join(t.TempDir(), "plan")
			want := Plan{
				Spec: spec, Role: journal.RoleProducer, Index: i, Life: 2, Seeds: []string{"127.0.0.1:1"},
				Zero: time.Unix(1_700_000_000, 123_456_789), Seed: 1 << 63, Journal: "j",
			}
			if err := want.write(path); err != nil {
				t.Fatal(err)
			}
			got, err := readPlan(path)
			if err != nil {
				t.Fatal(err)
			}
			before, after := mustJSON(t, want), mustJSON(t, got)
			if diff := cmp.Diff(before, after); diff != "" || got.at(5) != want.at(5) {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	if files == 0 {
		t.Error("no scenario has a franz-go producer")
	}
	if _, err := readPlan(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a plan was read from no file")
	}
}

func mustJSON(t *testing.T, p Plan) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
