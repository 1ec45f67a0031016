package tidy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// listed is what these tests need of `go list -json`.
type listed struct {
	ImportPath string
	Dir        string
	Export     string // file with the package's types
	GoFiles    []string
	Imports    []string
	Standard   bool
}

// listOwn lists the packages of this module.
func listOwn(t *testing.T) []listed {
	t.Helper()
	var own []listed
	for _, p := range list(t, "-json=ImportPath,Dir,GoFiles,Imports", module+"/...") {
		if !strings.HasPrefix(p.ImportPath, module+"/.") {
			own = append(own, p)
		}
	}
	if len(own) < 5 {
		t.Fatalf("go list finds only %d packages of %s", len(own), module)
	}
	return own
}

// listDeps lists this module's packages and all that they import, by path.
func listDeps(t *testing.T) map[string]listed {
	t.Helper()
	return byPath(list(t, "-deps", "-json=ImportPath,Imports,Standard", module+"/..."))
}

// listTypes lists the same with files of their types, which it compiles.
func listTypes(t *testing.T) map[string]listed {
	t.Helper()
	return byPath(list(t, "-deps", "-export", "-json=ImportPath,Export", module+"/..."))
}

func byPath(packages []listed) map[string]listed {
	m := make(map[string]listed, len(packages))
	for _, p := range packages {
		m[p.ImportPath] = p
	}
	return m
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(&stdout); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
		}
		packages = append(packages, p)
	}
}
