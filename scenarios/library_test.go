package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryScenarioAnswersAQuestion: each scenario stands under one of the questions of
// the list, and no question is without an answer.
func TestEveryScenarioAnswersAQuestion(t *testing.T) {
	unanswered := Questions()
	for _, e := range Embedded() {
		if !slices.Contains(Questions(), e.Question) {
			t.Errorf("%s/%s.yaml: the first line must be %q and one of %q", e.Folder, e.Name, questionMark, Questions())
		}
		unanswered = slices.DeleteFunc(unanswered, func(q string) bool { return q == e.Question })
	}
	if len(unanswered) > 0 {
		t.Errorf("no scenario answers %q", unanswered)
	}
	for source, want := range map[string]string{
		"# Question: How long do writes stall?\n#\nscenario: a\n": "How long do writes stall?",
		"scenario: a\n# Question: How long do writes stall?\n":    "",
		"#\n": "",
		"":    "",
	} {
		if got := questionOf("seeds", []byte(source)); got != want {
			t.Errorf("the question of %q is %q, want %q", source, got, want)
		}
	}
}

// TestReadmesNameTheirScenarios: the table of a folder has a row for each of its
// scenarios, and none for others.
func TestReadmesNameTheirScenarios(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	for _, folder := range embeddedFolders() {
		readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		var listed, want []string
		for _, match := range row.FindAllSubmatch(readme, -1) {
			listed = append(listed, string(match[1]))
		}
		for _, e := range Embedded() {
			if e.Folder == folder {
				want = append(want, e.Name)
			}
		}
		slices.Sort(listed)
		if !slices.Equal(listed, want) {
			t.Errorf("%s/README.md has rows for %q, want %q", folder, listed, want)
		}
	}
}

// TestSuggestionsCanBeTried: what the comments of a scenario suggest to try with --set
// is something that this scenario takes.
func TestSuggestionsCanBeTried(t *testing.T) {
	suggestion := regexp.MustCompile(`--set ([^\s"]+"[^"]*"|\S+)`)
	for _, e := range Embedded() {
		for line := range strings.Lines(string(e.Source)) {
			for _, match := range suggestion.FindAllStringSubmatch(line, -1) {
				if !strings.HasPrefix(line, "#") {
					continue
				}
				o, err := ParseOverride(strings.ReplaceAll(match[1], `"`, ""))
				if err != nil {
					t.Errorf("%s suggests %s: %v", e.Name, match[1], err)
					continue
				}
				spec, problems := Parse(e.Name, e.Source, []Override{o})
				if len(problems) > 0 {
					t.Errorf("%s suggests %s:\n%s", e.Name, match[1], RenderProblems(e.Source, problems))
					continue
				}
				if len(spec.Unsupported) > 0 {
					t.Errorf("%s suggests %s, which cannot run: %s", e.Name, match[1], spec.Unsupported[0].Message)
				}
			}
		}
	}
}

// TestPairsDifferInWhatTheySay: scenarios that are meant to be compared have the same
// seed and the same names, from which all random numbers follow, and the same cluster,
// faults and load; so what differs in their results comes from what differs in the
// publishers, the keys, or the pause.
func TestPairsDifferInWhatTheySay(t *testing.T) {
	for _, pair := range []struct {
		a, b string
		may  []string // beginnings of lines that may differ
	}{
		{"netflix-incident", "netflix-incident-cured", []string{"partitioner:", "config: {acks:"}},
		{"hot-partition-keyed", "hot-partition-spread", []string{"keys:"}},
		{"leader-pause-15s", "leader-pause-5s", []string{"duration:", "replications:", "- {at: 20 s, kind: broker_pause"}},
	} {
		differs := func(line string) bool {
			return slices.ContainsFunc(append(pair.may, "scenario:", "description:"), func(begin string) bool {
				return strings.HasPrefix(line, begin)
			})
		}
		if a, b := skeleton(t, pair.a, differs), skeleton(t, pair.b, differs); a != b {
			t.Errorf("%s and %s differ in more than they may:\n%s\nagainst\n%s", pair.a, pair.b, a, b)
		}
	}
}

// skeleton is a scenario up to its objectives, without comments and without the lines
// that differ accepts.
func skeleton(t *testing.T, name string, differs func(line string) bool) string {
	t.Helper()
	e, ok := ByName(name)
	if !ok {
		t.Fatalf("there is no scenario %s", name)
	}
	body, _, _ := strings.Cut(string(e.Source), "\nobjectives:")
	var kept strings.Builder
	for line := range strings.Lines(body) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" && !differs(line) {
			fmt.Fprintln(&kept, line)
		}
	}
	return kept.String()
}
