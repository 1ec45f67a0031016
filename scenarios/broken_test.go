package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file in testdata/broken is wrong in at least one way; beside it stands
// what its author is told. GOLDEN=update writes that again: then read it as the
// author would.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 25 {
		t.Fatalf("%d broken files, fewer than the 25 that there should be", len(files))
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			spec, problems := Parse(name, source, nil)
			if spec != nil || len(problems) == 0 {
				t.Fatal("Parse accepts it")
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", RenderProblems(source, problems))
		})
	}
}

// golden compares text with a file, or writes it with GOLDEN=update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs.\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
