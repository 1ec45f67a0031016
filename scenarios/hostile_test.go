package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

// lines repeats a line that may hold its own number until n bytes are full.
func lines(n int, format string) string {
	var b strings.Builder
	numbered := strings.Contains(format, "%d")
	for i := 0; b.Len() < n; i++ {
		if numbered {
			fmt.Fprintf(&b, format, i)
		} else {
			b.WriteString(format)
		}
	}
	return b.String()
}

// stairs nests line one level deeper each time.
func stairs(depth int, line string) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + line + "\n")
	}
	return b.String()
}

// hostileFiles are inputs on which a YAML parser may recurse without end, take
// quadratic time or memory, or panic. None of them is a scenario.
func hostileFiles() map[string]string {
	const mib = 1<<20 - 64
	long := strings.Repeat("k", 290)
	nested := ""
	for i := range 40 {
		nested += strings.Repeat(" ", i) + long + ":\n"
	}
	return map[string]string{
		"empty":                    "",
		"opening brackets":         strings.Repeat("[", mib),
		"few opening brackets":     strings.Repeat("[", 150_000),
		"nested to the limit":      strings.Repeat("[", 49) + strings.Repeat("]", 49),
		"closing brackets":         strings.Repeat("]", 150_000),
		"opening braces":           strings.Repeat("{a: ", 150_000),
		"dashes on one line":       strings.Repeat("- ", mib/2),
		"dashes to the limit":      strings.Repeat("- ", 49),
		"question marks":           strings.Repeat("? ", mib/2),
		"question mark lines":      lines(mib, "? a\n"),
		"colons":                   strings.Repeat(": ", mib/2),
		"colons without spaces":    strings.Repeat(":", mib),
		"block map of many keys":   lines(mib, "k%d: v\n"),
		"flow map of many keys":    "{" + lines(150_000*6, "k%d: v, ") + "}",
		"the same key again":       lines(mib, "a: 1\n"),
		"keys without values":      "{" + lines(300_000, "k%d:, ") + "}",
		"lines without values":     lines(mib, "k%d:\n"),
		"items of empty keys":      lines(mib, "- k%d:\n"),
		"items without values":     lines(mib, "-\n"),
		"flow keys without colon":  "{" + lines(300_000, "k%d, ") + "}",
		"flow items of empty keys": "[" + lines(300_000, "k%d:, ") + "]",
		"braces in a list":         "[" + lines(300_000, "{a: }, ") + "]",
		"list of maps":             lines(mib, "- a: 1\n  b: 2\n"),
		"long list":                lines(mib, "- a\n"),
		"long flow list":           "[" + strings.Repeat("1,", 150_000) + "]",
		"long key":                 strings.Repeat("k", mib) + ": 1",
		"long keys nested":         nested + strings.Repeat(" ", 41) + "[" + strings.Repeat("1,", 90_000) + "]",
		"long plain text":          "a: " + strings.Repeat("k ", mib/2),
		"plain text of many lines": "a: k\n" + lines(mib, "  k\n"),
		"quoted, of many lines":    "a: \"k\n" + lines(mib, "  k\n") + "\"",
		"quote without end":        "a: \"" + strings.Repeat("k", mib-10),
		"single quote without end": "a: '" + lines(mib-10, "k\n"),
		"backslashes":              "a: \"" + strings.Repeat("\\\\", mib/2-4) + "\"",
		"escapes":                  "a: \"" + strings.Repeat("\\x41", mib/4-4) + "\"",
		"literal block":            "a: |\n" + lines(mib, "  k\n"),
		"folded block":             "a: >\n" + lines(mib, "  k\n"),
		"literal headers":          lines(mib, "a%d: |\n"),
		"many literals":            lines(mib, "- |\n  k\n"),
		"comments":                 lines(mib, "# c\n"),
		"comments behind values":   lines(mib, "- a # c\n"),
		"comments in a map":        lines(mib, "- a: 1 # c\n  # d\n  b: 2\n"),
		"one long comment":         "a: 1 " + strings.Repeat("# c ", mib/4-4),
		"newlines":                 strings.Repeat("\n", mib),
		"newlines before a value":  "a:" + strings.Repeat("\n", mib-10) + " 1",
		"spaces":                   "a:" + strings.Repeat(" ", mib-10) + "1",
		"carriage returns":         strings.Repeat("\r", mib),
		"tabs":                     strings.Repeat("\t", mib),
		"tabs before text":         lines(mib, "\ta: 1\n"),
		"zero bytes":               strings.Repeat("\x00", mib),
		"not UTF-8":                strings.Repeat("\xff", mib),
		"documents":                lines(mib, "---\n"),
		"documents with text":      lines(mib, "---\na: 1\n"),
		"document ends":            lines(mib, "...\n"),
		"directives":               lines(mib, "%YAML 1.2\n"),
		"anchors":                  strings.Repeat("&a ", 150_000),
		"aliases":                  strings.Repeat("*a ", 150_000),
		"billion laughs": "a: &a [x, x, x, x, x, x, x, x, x]\n" +
			"b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n",
		"tags":              strings.Repeat("!!str ", 100_000),
		"reserved signs":    strings.Repeat("@", mib),
		"few reserved":      strings.Repeat("@", 150_000),
		"grave accents":     strings.Repeat("`", 150_000),
		"percent signs":     strings.Repeat("%", 150_000),
		"folding signs":     strings.Repeat(">\n", 150_000),
		"pipes":             strings.Repeat("|", 150_000),
		"empty quotes":      strings.Repeat("'' ", mib/3),
		"empty dquotes":     strings.Repeat("\"\"", mib/2),
		"merges":            lines(200_000, "<<: {a: 1}\n"),
		"stairs of keys":    stairs(1_000, "a:"),
		"stairs of dashes":  stairs(1_000, "-"),
		"stairs to 49 keys": stairs(49, "a:"),
		"too large":         strings.Repeat("a", 2<<20),
		"dates and numbers": lines(mib, "- 0x1F 1e9 .inf 12:30:45\n"),
		"accents":           "a: " + strings.Repeat("é", mib/2-4),
		"many problems":     "topics:\n" + lines(mib/2, "  - {nam: x}\n"),
		"many faults":       "faults:\n" + lines(mib/2, "  - {at: 1 s, kind: broker_crush}\n"),
		"many names":        "topics:\n" + lines(mib/2, "  - {name: topic-name-that-is-long-%d}\n") + "consumers:\n" + lines(mib/3, "  - {group: g, topics: [topic-name-that-is-lung]}\n"),
	}
}

// No input hangs or ends the program: each of these comes back, and with
// problems that name a place or the whole file.
func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, source := range hostileFiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, problems := Parse("hostile.yaml", []byte(source), nil)
			if spec != nil || len(problems) == 0 {
				t.Fatalf("Parse accepts it")
			}
			if len(problems) > maxProblems+1 {
				t.Errorf("%d problems are listed, more than the limit of %d", len(problems), maxProblems)
			}
			if text := RenderProblems([]byte(source), problems); len(text) > 200*(maxProblems+1)*3 {
				t.Errorf("the problems fill %d bytes", len(text))
			}
		})
	}
}
