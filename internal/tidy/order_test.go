package tidy

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCoreHasNoAccidentalOrder type-checks every package of the core and
// refuses what would let the scheduler or the runtime's map order into a
// result.
func TestCoreHasNoAccidentalOrder(t *testing.T) {
	t.Parallel()
	exports := listTypes(t)
	lookup := func(path string) (io.ReadCloser, error) {
		p, found := exports[path]
		if !found || p.Export == "" {
			return nil, fmt.Errorf("no types for %s", path)
		}
		return os.Open(p.Export)
	}
	fset := token.NewFileSet()
	types := importer.ForCompiler(fset, "gc", lookup)
	for _, p := range listOwn(t) {
		if !isCore(p.ImportPath) {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		for _, finding := range disorder(t, fset, types, p.ImportPath, files) {
			t.Error(finding)
		}
	}
}

func TestDisorderIsSeen(t *testing.T) {
	t.Parallel()
	const source = `package bad
type ages map[string]int
func f(m map[string]int, a ages, s []int) (n int) {
	for range m { n++ }
	for _, v := range a { n += v }
	for _, v := range a { n += v } //order: a sum has none
	for _, v := range s { n += v }
	for _, v := range a { n += v } //order:
	go f(m, a, s)
	return n
}
func g[M ~map[string]int](m M) (n int) {
	for range m { n++ }
	return n
}
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "bad.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(disorder(t, fset, importer.Default(), "kafkasim/models/batch", []*ast.File{file}), "\n")
	for _, line := range []string{"bad.go:4:", "bad.go:5:", "bad.go:8:", "bad.go:9:", "bad.go:13:"} {
		if !strings.Contains(got, line) {
			t.Errorf("nothing said of %s", line)
		}
	}
	if n := strings.Count(got, "bad.go"); n != 5 {
		t.Errorf("%d findings, want 5:\n%s", n, got)
	}
}

// disorder lists, as FILE:LINE:COL: what, each range over a map without a
// reason and each goroutine of a package. The package that runs replications
// in parallel may start goroutines.
func disorder(t *testing.T, fset *token.FileSet, imports types.Importer, path string, files []*ast.File) []string {
	t.Helper()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: imports}
	if _, err := config.Check(path, fset, files, info); err != nil {
		t.Fatalf("type-check %s: %v", path, err)
	}
	var findings []string
	for _, file := range files {
		excused := excusedLines(fset, file)
		report := func(node ast.Node, what string) {
			findings = append(findings, fmt.Sprintf("%s: %s", fset.Position(node.Pos()), what))
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.RangeStmt:
				if isMap(info.TypeOf(node.X)) && !excused[fset.Position(node.Pos()).Line] {
					report(node, "range over a map, whose order is random: sort the keys, or end the line in //order: and the reason")
				}
			case *ast.GoStmt:
				if path != module+"/models" {
					report(node, "a goroutine in the core: only package models runs replications in parallel")
				}
			}
			return true
		})
	}
	return findings
}

// excusedLines are the lines that end in a comment //order: with a reason.
func excusedLines(fset *token.FileSet, file *ast.File) map[int]bool {
	excuse := regexp.MustCompile(`^//order: \S`)
	lines := map[int]bool{}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if excuse.MatchString(comment.Text) {
				lines[fset.Position(comment.Pos()).Line] = true
			}
		}
	}
	return lines
}

// isMap reports whether t is a map, or a type parameter that may be one.
func isMap(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Interface:
		if _, parameter := types.Unalias(t).(*types.TypeParam); !parameter {
			return false
		}
		for embedded := range u.EmbeddedTypes() {
			if mayBeMap(embedded) {
				return true
			}
		}
	}
	return false
}

// mayBeMap reports whether a term of a constraint, a union or a single type,
// is a map.
func mayBeMap(t types.Type) bool {
	union, isUnion := t.(*types.Union)
	if !isUnion {
		return isMap(t)
	}
	for term := range union.Terms() {
		if isMap(term.Type()) {
			return true
		}
	}
	return false
}
