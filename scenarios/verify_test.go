package scenarios

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNamesAreUnique: a name says which scenario is meant, in whichever folder it is.
func TestNamesAreUnique(t *testing.T) {
	folders := map[string]string{}
	for _, e := range Embedded() {
		if folder, taken := folders[e.Name]; taken {
			t.Errorf("%s is in %s and in %s", e.Name, folder, e.Folder)
		}
		folders[e.Name] = e.Folder
	}
}

// TestVerifyScenariosFitRealKafka: what is also run on real brokers, on a machine of
// two cores, asks for no more than there is and leaves nothing to chance that a test
// bed would decide otherwise: where replicas are, whose client it is, and a task of
// the controller's that a fresh cluster has never run.
func TestVerifyScenariosFitRealKafka(t *testing.T) {
	readme, err := os.ReadFile("verify/README.md")
	if err != nil {
		t.Fatal(err)
	}
	short := ShortSuite()
	found := 0
	for _, e := range Embedded() {
		if e.Folder != "verify" {
			continue
		}
		spec := mustParse(t, string(e.Source))
		isShort := slices.Contains(short, e.Name)
		row := fmt.Sprintf("| `%s` | %s | %s |", e.Name, map[bool]string{true: "short", false: ""}[isShort], spellSeconds(spec.Duration))
		if !strings.Contains(string(readme), row) {
			t.Errorf("verify/README.md has no row that begins with %s", row)
		}
		for _, problem := range unfit(spec, isShort) {
			t.Errorf("%s: %s", e.Name, problem)
		}
		found++
		if isShort {
			short = slices.DeleteFunc(short, func(name string) bool { return name == e.Name })
		}
	}
	if found < 20 {
		t.Errorf("%d scenarios to verify, want 20 and more", found)
	}
	if len(short) > 0 {
		t.Errorf("the short suite names what is not in verify: %v", short)
	}
}

func spellSeconds(d time.Duration) string { return fmt.Sprintf("%d s", int(d.Seconds())) }

// unfit says what keeps a scenario from being run on a small test bed.
func unfit(s *Spec, short bool) (problems []string) {
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	c := &s.Clusters[0]
	say(len(s.Clusters) > 1, "%d clusters", len(s.Clusters))
	say(len(c.Brokers) > 3 || c.Controllers > 3, "%d brokers and %d controllers", len(c.Brokers), c.Controllers)
	say(c.Brokers[0].Hardware.Name != "container", "hardware is %s", c.Brokers[0].Hardware.Name)
	say(c.Config.AutoLeaderRebalance, "leaders are rebalanced")
	say(s.Duration > 70*time.Second || s.Drain > time.Minute, "it takes %v and %v", s.Duration, s.Drain)
	say(short && (s.Duration > 35*time.Second || c.Controllers > 1), "too much for the short suite")
	say(s.Warmup < 5*time.Second, "a warm-up of %v", s.Warmup)
	for i := range s.Topics {
		say(s.Topics[i].Assignment == nil, "nobody says where %s is", s.Topics[i].Name)
	}
	for i := range s.Producers {
		p := &s.Producers[i]
		say(p.Client != FranzGo, "producer %s is no franz-go", p.Name)
		say(p.Config.CompressionRatio < 1, "producer %s compresses", p.Name)
		say(p.Config.MetadataMinAge > time.Second, "producer %s looks for leaders every %v", p.Name, p.Config.MetadataMinAge)
		say(p.Rate.Peak > 10000, "producer %s sends %v", p.Name, p.Rate.Peak)
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		say(g.Client != FranzGo, "group %s is no franz-go", g.Name)
		say(g.Members > 3, "%d members", g.Members)
	}
	return problems
}
