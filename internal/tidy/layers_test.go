package tidy

import (
	"slices"
	"strings"
	"testing"
)

const module = "kafkasim"

// A layer is a package of ours, and all below it that have no layer of their
// own, with the packages of ours that it may import directly.
type layer struct {
	path    string // without the module, "sim/unit"
	imports []string
}

// layers is ARCHITECTURE.md's table. A layer may import itself and what is
// listed; "sim/*" stands for sim and everything below it.
func layers() []layer {
	engine := []string{"sim", "sim/unit", "sim/rng", "sim/stats"}
	return []layer{
		{"sim", []string{"sim/unit", "sim/rng"}},
		{"sim/unit", nil},
		{"sim/rng", nil},
		{"sim/stats", []string{"sim/unit", "sim/rng"}},
		{"scenarios", []string{"sim/unit"}},
		{"reports/result", []string{"sim/unit", "sim/stats", "sim/rng", "scenarios"}},
		{"reports/check", []string{"sim/unit", "sim/stats", "sim/rng", "scenarios", "reports/result"}},
		{"reports/render", []string{"sim/unit", "sim/stats", "scenarios", "reports/result", "reports/compare", "reports/plot"}},
		{"reports/explain", []string{"sim/unit", "scenarios", "reports/result"}},
		{"reports/trace", []string{"scenarios", "reports/result"}},
		{"models/kafka", append([]string{"scenarios"}, engine...)},
		{"models/host", append([]string{"scenarios"}, engine...)},
		{"models/workload", append([]string{"scenarios"}, engine...)},
		{"models/analytic", []string{"sim", "sim/unit", "scenarios", "models/kafka", "models/workload"}},
		{"models/batch", append([]string{"scenarios", "reports/result", "models/kafka", "models/host", "models/workload"}, engine...)},
		{"models", append([]string{"scenarios", "reports/result", "models/batch", "models/workload"}, engine...)},
		{"reports/compare", []string{"sim/unit", "sim/stats", "sim/rng", "scenarios", "reports/result"}},
		{"reports/plot", []string{"sim/unit", "sim/stats", "scenarios", "reports/result", "reports/compare"}},
		{"harness/engine", nil},
		{"harness/image", []string{"harness/engine"}},
		{"harness/cluster", []string{"scenarios", "sim/unit", "harness/engine", "harness/image"}},
		{"harness/describe", []string{"scenarios", "sim/unit"}},
		{"harness/journal", nil},
		{"harness/history", nil},
		{"harness/load", append([]string{"scenarios", "models/workload", "harness/journal"}, engine...)},
		{"harness/account", append([]string{"scenarios", "reports/result", "harness/journal", "harness/history"}, engine...)},
		{"harness/fault", []string{"scenarios", "sim/unit", "sim/rng", "harness/cluster", "harness/load"}},
		{"harness/measure", append([]string{
			"scenarios", "reports/result", "harness/engine", "harness/image", "harness/cluster", "harness/journal",
			"harness/history", "harness/load", "harness/account", "harness/fault",
		}, engine...)},
		{"harness/calibrate", append([]string{"scenarios", "reports/result", "reports/plot", "models", "models/batch", "harness/measure"}, engine...)},
		{"cmd/kafkasim", append([]string{
			"scenarios", "reports/result", "reports/check", "reports/render", "reports/compare", "reports/plot", "reports/explain", "reports/trace", "models", "models/analytic",
			"harness/engine", "harness/image", "harness/cluster", "harness/describe", "harness/load", "harness/measure", "harness/calibrate",
		}, engine...)},
		{"internal/tidy", nil},
		{"internal/mutation", nil},
	}
}

// layerOf finds the layer of one of our packages: the longest path that the
// package is or lies below.
func layerOf(pkg string) (layer, bool) {
	path := strings.TrimPrefix(pkg, module+"/")
	var best layer
	found := false
	for _, l := range layers() {
		if (path == l.path || strings.HasPrefix(path, l.path+"/")) && len(l.path) > len(best.path) {
			best, found = l, true
		}
	}
	return best, found
}

// mayImport reports whether a package of layer from may import one of layer to.
func mayImport(from, to layer) bool {
	return from.path == to.path || slices.Contains(from.imports, to.path)
}

func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range listOwn(t) {
		from, found := layerOf(p.ImportPath)
		if !found {
			t.Errorf("%s has no place in ARCHITECTURE.md: give it one, and a line in internal/tidy/layers_test.go", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := layerOf(imported)
			if !ours || !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if !mayImport(from, to) {
				t.Errorf("%s imports %s: the arrows of ARCHITECTURE.md do not point that way", p.ImportPath, imported)
			}
		}
	}
}

func TestLayersNameOnlyLayers(t *testing.T) {
	t.Parallel()
	for _, l := range layers() {
		for _, imported := range l.imports {
			to, found := layerOf(module + "/" + imported)
			if !found || to.path != imported {
				t.Errorf("layer %s may import %s, which is no layer", l.path, imported)
			}
			if slices.Contains(to.imports, l.path) {
				t.Errorf("layers %s and %s may import each other", l.path, to.path)
			}
		}
	}
}

func TestMayImportTellsRightFromWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"models/batch", "models/kafka", true},
		{"models/batch", "models/batch", true},
		{"models/kafka", "models/batch", false},
		{"models/kafka", "models/host", false},
		{"sim", "scenarios", false},
		{"scenarios", "sim/unit", true},
		{"scenarios", "models", false},
		{"reports/render", "reports/check", false},
		{"reports/check", "models", false},
		{"models", "cmd/kafkasim", false},
	} {
		from, foundFrom := layerOf(module + "/" + c.from)
		to, foundTo := layerOf(module + "/" + c.to)
		if !foundFrom || !foundTo {
			t.Fatalf("%s or %s is no layer", c.from, c.to)
		}
		if got := mayImport(from, to); got != c.want {
			t.Errorf("mayImport(%s, %s) = %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// coreRoots are the folders whose packages are pure: no wall clock, no network,
// no processes, no map order.
func coreRoots() []string { return []string{"sim", "scenarios", "models", "reports"} }

// isCore reports whether one of our packages is part of the core.
func isCore(pkg string) bool {
	path, ours := strings.CutPrefix(pkg, module+"/")
	if !ours {
		return false
	}
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains(coreRoots(), first)
}

// outside are the packages that would let the core reach the world.
func outside() []string {
	return []string{"net", "net/http", "net/rpc", "os/exec", "os/signal", "plugin"}
}

func TestCoreReachesNothingOutside(t *testing.T) {
	t.Parallel()
	packages := listDeps(t)
	for _, p := range listOwn(t) {
		if !isCore(p.ImportPath) {
			continue
		}
		for _, target := range outside() {
			if path := pathTo(packages, p.ImportPath, target); path != nil {
				t.Errorf("the core reaches %s: %s", target, strings.Join(path, " -> "))
			}
		}
	}
}

func TestPathToFindsTheWay(t *testing.T) {
	t.Parallel()
	packages := map[string]listed{
		"kafkasim/sim": {Imports: []string{"a", "c"}},
		"a":            {Imports: []string{"b", "a"}},
		"b":            {Imports: []string{"net"}},
		"os/exec":      {Imports: []string{"c"}},
	}
	if got, want := strings.Join(pathTo(packages, "kafkasim/sim", "net"), " "), "kafkasim/sim a b net"; got != want {
		t.Errorf("path to net = %q, want %q", got, want)
	}
	if got := pathTo(packages, "kafkasim/sim", "os/exec"); got != nil {
		t.Errorf("path to os/exec = %v, want none: nothing imports it", got)
	}
}

// pathTo is a shortest chain of imports from one package to another, or nil.
func pathTo(packages map[string]listed, from, to string) []string {
	before := map[string]string{from: ""}
	queue := []string{from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at == to {
			var path []string
			for p := at; p != ""; p = before[p] {
				path = append([]string{p}, path...)
			}
			return path
		}
		for _, next := range packages[at].Imports {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}
