package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutations seeds each bug of the table and runs the tests that must notice
// it. The tree is not touched: the compiler reads the broken file in place of the
// right one (go test -overlay). A bug that nobody notices fails, and so does one
// whose old text is not there exactly once: the table follows the code.
func TestMutations(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations() {
		t.Run(strings.ReplaceAll(m.bug, " ", "_"), func(t *testing.T) {
			t.Parallel()
			overlay := m.write(t, root)
			args := []string{"test", "-overlay", overlay, "-count=1", "-vet=off", "-run", m.run, m.pkg}
			if m.hours != "" {
				args = append(args, "-swarm.hours="+m.hours, "-swarm.failures=1")
			}
			command := exec.CommandContext(context.Background(), "go", args...)
			command.Dir = root
			output, err := command.CombinedOutput()
			var failed *exec.ExitError
			switch {
			case err == nil:
				t.Errorf("nobody noticed that %s (go %s)", m.bug, strings.Join(args, " "))
			case !errors.As(err, &failed):
				t.Fatalf("go test did not run: %v", err)
			case !strings.Contains(string(output), "--- FAIL"):
				t.Errorf("go test broke before it could notice that %s:\n%s", m.bug, output)
			default:
				t.Logf("noticed: %s", firstComplaint(string(output)))
			}
		})
	}
}

// write makes the broken file and the overlay that puts it in its place.
func (m *mutation) write(t *testing.T, root string) (overlay string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(m.file))
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(right), m.old); n != 1 {
		t.Fatalf("%s has the old text %d times, not once; bring the table in step:\n%s", m.file, n, m.old)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(broken, []byte(withImports(strings.Replace(string(right), m.old, m.new, 1))), 0o600); err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// withImports adds the one import that a mutation of a file without imports needs.
func withImports(source string) string {
	if strings.Contains(source, "bits.") && !strings.Contains(source, `"math/bits"`) {
		return strings.Replace(source, "package kafka\n", "package kafka\n\nimport \"math/bits\"\n", 1)
	}
	return source
}

// firstComplaint is the line that follows the failing test's name.
func firstComplaint(output string) string {
	_, rest, _ := strings.Cut(output, "--- FAIL")
	lines := strings.Split(rest, "\n")
	for _, line := range lines[1:] {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--- FAIL") && !strings.Contains(line, "simulated hours of load") {
			return line
		}
	}
	return strings.TrimSpace(lines[0])
}
