package scenarios

import (
	"embed"
	"path"
	"slices"
	"strings"
)

// Default is the scenario that runs when none is named.
const Default = "leader-crash-acks-1"

//go:embed seeds verify capacity autoscaling durability
var embeddedFiles embed.FS

//go:embed starter.yaml
var starter []byte

// Starter is a commented scenario to begin one's own with.
func Starter() []byte { return slices.Clone(starter) }

// An EmbeddedScenario is a scenario file within the program.
type EmbeddedScenario struct {
	Name     string // of the file, without .yaml
	Folder   string // seeds, verify, capacity, autoscaling or durability
	Question string // that it answers, one of Questions
	Source   []byte
}

// embeddedFolders are the folders in the order in which they are listed.
func embeddedFolders() []string {
	return []string{"seeds", "verify", "capacity", "autoscaling", "durability"}
}

// Embedded is every scenario within the program, by folder, then by name.
func Embedded() []EmbeddedScenario {
	var all []EmbeddedScenario
	for _, folder := range embeddedFolders() {
		var inFolder []EmbeddedScenario
		files, err := embeddedFiles.ReadDir(folder)
		if err != nil {
			panic("scenarios: an embedded folder cannot be read: " + err.Error())
		}
		for _, f := range files {
			name, ok := strings.CutSuffix(f.Name(), ".yaml")
			if !ok {
				continue
			}
			source, err := embeddedFiles.ReadFile(path.Join(folder, f.Name()))
			if err != nil {
				panic("scenarios: an embedded file cannot be read: " + err.Error())
			}
			inFolder = append(inFolder, EmbeddedScenario{Name: name, Folder: folder, Question: questionOf(folder, source), Source: source})
		}
		// Files are sorted with their .yaml, before which a hyphen comes.
		slices.SortFunc(inFolder, func(a, b EmbeddedScenario) int { return strings.Compare(a.Name, b.Name) })
		all = append(all, inFolder...)
	}
	return all
}

// ShortSuite names the embedded scenarios that stand for all of verify where time is
// short: a mechanism each, 35 s at most, one controller and at most three consumers
// beside three brokers.
func ShortSuite() []string {
	return []string{
		"follower-kill-acks-all",
		"leader-kill-acks-all",
		"leader-kill-acks-1-2000",
		"leader-frozen-15s",
		"sigterm-acks-all",
		"consumer-kill-cooperative",
	}
}

// ByName finds an embedded scenario.
func ByName(name string) (EmbeddedScenario, bool) {
	for _, e := range Embedded() {
		if e.Name == name {
			return e, true
		}
	}
	return EmbeddedScenario{}, false
}
