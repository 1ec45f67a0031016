package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsWhatIsPrinted: every line of the README's examples is one that the
// command prints now.
func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	for _, example := range []struct {
		heading string
		args    []string
		least   int // lines that the README shows
	}{
		{"## One example", []string{"run", "leader-crash-acks-1", "--quiet"}, 10},
		{"## One against another", []string{
			"compare", "leader-pause-15s", "leader-pause-15s", "--set-b", "producers.playback.config.acks=all", "--quiet",
		}, 8},
	} {
		t.Run(example.heading, func(t *testing.T) {
			readme, err := os.ReadFile("../../README.md")
			if err != nil {
				t.Fatal(err)
			}
			_, section, found := strings.Cut(string(readme), example.heading)
			if !found {
				t.Fatalf("README.md has no %q", example.heading)
			}
			section, _, _ = strings.Cut(section, "\n## ")
			t.Setenv("COLUMNS", "100")
			var stdout, stderr strings.Builder
			if code := run(t.Context(), example.args, strings.NewReader(""), &stdout, &stderr); code != 0 {
				t.Fatalf("exit %d: %s", code, stderr.String())
			}
			printed := map[string]bool{}
			for line := range strings.Lines(stdout.String()) {
				printed[strings.TrimRight(line, " \n")] = true
			}
			shown := 0
			for i, block := range strings.Split(section, "```\n") {
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
			if shown < example.least {
				t.Errorf("only %d lines of example were found", shown)
			}
		})
	}
}
