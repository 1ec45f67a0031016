package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsWhatIsPrinted: every line of the README's example is one that the
// default scenario prints now.
func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(readme), "## One example")
	if !found {
		t.Fatal("README.md has no example")
	}
	example, _, _ = strings.Cut(example, "\n## ")
	t.Setenv("COLUMNS", "100")
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"run", "leader-crash-acks-1", "--quiet"}, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	printed := map[string]bool{}
	for line := range strings.Lines(stdout.String()) {
		printed[strings.TrimRight(line, " \n")] = true
	}
	shown := 0
	for i, block := range strings.Split(example, "```\n") {
		if i%2 == 0 || strings.HasPrefix(block, "bin/kafkasim") {
			continue // prose, and commands to type
		}
		for line := range strings.Lines(block) {
			if line = strings.TrimRight(line, " \n"); line != "" && !printed[line] {
				t.Errorf("README.md shows a line that is not printed: %q", line)
			}
			shown++
		}
	}
	if shown < 10 {
		t.Errorf("only %d lines of example were found", shown)
	}
}
