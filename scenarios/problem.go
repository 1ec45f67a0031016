package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems bounds what is listed of one file: nobody reads on after that. A
// few times as many are kept, so that the first of the file are among them.
const (
	maxProblems = 100
	maxKept     = 1_000
	maxMessage  = 600 // bytes, as some messages quote the file
)

// Error is the problem in one line: FILE:LINE:COL: what is wrong; what would be
// right.
func (p Problem) Error() string {
	switch {
	case p.Line == 0 && p.File == "":
		return p.Message
	case p.Line == 0:
		return fmt.Sprintf("%s: %s", p.File, p.Message)
	default:
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
}

// RenderProblems sets problems out for a person: each with its place, the line
// of the source that it is in, and a caret below the character where it begins.
func RenderProblems(source []byte, problems []Problem) string {
	var out strings.Builder
	lines := bytes.Split(source, []byte("\n"))
	for _, p := range problems {
		out.WriteString(p.Error())
		out.WriteByte('\n')
		if p.Line < 1 || p.Line > len(lines) {
			continue
		}
		line, column := excerpt(string(bytes.TrimSuffix(lines[p.Line-1], []byte("\r"))), p.Column)
		gutter := fmt.Sprintf("%5d | ", p.Line)
		fmt.Fprintf(&out, "%s%s\n%s| %s^\n", gutter, line, strings.Repeat(" ", len(gutter)-2), strings.Repeat(" ", column-1))
	}
	return out.String()
}

// excerpt is the part of a line around column that fits a terminal, with
// everything in it one column wide, and the column within it.
func excerpt(line string, column int) (string, int) {
	const width, before = 100, 60
	runes := make([]rune, 0, len(line))
	for _, r := range line {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			r = ' '
		}
		runes = append(runes, r)
	}
	column = max(1, min(column, len(runes)+1))
	start := 0
	if len(runes) > width && column > before {
		start = column - before
	}
	text := string(runes[start:min(len(runes), start+width)])
	if start > 0 {
		text, column = "…"+text, column+1
	}
	return strings.TrimRight(text, " "), column - start
}

// A reader collects the problems of one file.
type reader struct {
	file      string
	overrides []Override
	problems  []Problem
	dropped   int // problems beyond maxKept
}

// tooMany reports that there are more problems than will be listed. The work
// for more of them, which may be much in a large file, is then left out.
func (r *reader) tooMany() bool { return len(r.problems) > maxProblems }

// errFollows is the error of a reference to what is wrong itself: that has been
// said where it stands.
var errFollows = errors.New("scenarios: it follows from another problem")

// problem reports one, unless it is errFollows.
func (r *reader) problem(at place, format string, args ...any) {
	for _, arg := range args {
		if err, is := arg.(error); is && errors.Is(err, errFollows) {
			return
		}
	}
	if len(r.problems) >= maxKept {
		r.dropped++
		return
	}
	p := Problem{File: r.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)}
	if at.override != "" {
		p = Problem{File: "--set " + at.override, Message: p.Message}
	}
	if len(p.Message) > maxMessage {
		p.Message = strings.ToValidUTF8(p.Message[:maxMessage], "") + "…"
	}
	r.problems = append(r.problems, p)
}

// adopt takes over the problems that a decoder of settings found in the map n.
func (r *reader) adopt(n *node, problems []Problem) {
	for _, p := range problems {
		at := place{line: p.Line, column: p.Column}
		switch {
		case p.Line == 0:
			at = n.at
		case p.Line < 0: // settings that an override gave carry its number
			at.override = r.overrides[-p.Line-1].Path
		}
		r.problem(at, "%s", p.Message)
	}
}

// sorted returns the problems in the order of the file, each once, those of
// overrides first.
func (r *reader) sorted() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	all := slices.Compact(r.problems)
	if len(all) > maxProblems {
		rest := Problem{File: r.file, Message: fmt.Sprintf("%d more problems are not listed", len(all)-maxProblems+r.dropped)}
		all = append(all[:maxProblems:maxProblems], rest)
	}
	return all
}

// maxCompared bounds how many names are compared with a wrong one.
const maxCompared = 300

// didYouMean ends a message about a name that nothing has: with the nearest of
// the known ones, else with all of them, which nouns calls.
func didYouMean(name string, known []string, nouns string) string {
	if len(known) == 0 {
		return "there are no " + nouns
	}
	known = known[:min(len(known), maxCompared)]
	folded := strings.ToLower(name)
	for _, k := range known {
		if strings.ToLower(k) == folded {
			return "did you mean " + k + "?"
		}
	}
	if nearest := nearOf(name, known); nearest != "" {
		return "did you mean " + nearest + "?"
	}
	const most = 20
	if len(known) > most {
		return nouns + ": " + strings.Join(known[:most], ", ") + ", …"
	}
	return nouns + ": " + strings.Join(known, ", ")
}
