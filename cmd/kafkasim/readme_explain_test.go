package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeTellsWhatIsTold: every line of the README's story is one that the command
// above it prints now, in that order.
func TestReadmeTellsWhatIsTold(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "## The story of one lost record")
	if !found {
		t.Fatal("README.md has no story")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```\n")
	if len(blocks) < 4 {
		t.Fatalf("the story has %d blocks, want a command and what it prints", len(blocks)/2)
	}
	args := strings.Fields(strings.TrimPrefix(blocks[1], "bin/kafkasim "))
	t.Setenv("COLUMNS", "100")
	var stdout, stderr strings.Builder
	if code := run(t.Context(), append(args, "--quiet"), strings.NewReader(""), &stdout, &stderr); code != 0 && code != exitInconclusive {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	rest, shown := stdout.String(), 0
	for line := range strings.Lines(blocks[3]) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		shown++
		_, after, printed := strings.Cut(rest, "\n"+strings.TrimRight(line, " \n")+"\n")
		if !printed {
			t.Fatalf("README.md shows a line that is not printed there: %q", line)
		}
		rest = "\n" + after
	}
	if shown < 20 {
		t.Errorf("only %d lines of the story were found", shown)
	}
}
