package scenarios

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file. The YAML library recurses for each level of nesting and for
// each key of a block map, and copies the path of every node, so that its time
// grows with products of these; within them the worst file takes well under a
// second.
const (
	maxSource     = 1 << 20 // bytes
	maxTokens     = 200_000
	maxNesting    = 20
	maxBlockKeys  = 1_000 // of one block map
	maxEmpty      = 1_000 // keys and list entries without a value
	maxKeyLength  = 100   // Kafka's longest setting has 62
	maxIndicators = 200_000
)

// loadYAML reads source into nodes. Where it reports problems there may be no
// tree. All nodes of an override's value stand at the override's place.
func loadYAML(r *reader, source []byte, at place) *node {
	before := len(r.problems)
	scanText(r, source, at)
	if len(r.problems) > before {
		return nil
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	source = bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
	l := &loader{r: r, at: at}
	return l.load(string(source))
}

// scanText finds what no file may contain, before the YAML library sees it.
func scanText(r *reader, source []byte, at place) {
	if len(source) > maxSource {
		r.problem(at, "the file has %d bytes; a scenario has at most 1 MiB", len(source))
		return
	}
	indicators := 0
	for i, text := range bytes.Split(source, []byte("\n")) {
		here := at
		if at.override == "" {
			here = place{line: i + 1, column: 1}
		}
		line := string(bytes.TrimSuffix(text, []byte("\r")))
		indicators += countIndicators(line)
		scanLine(r, line, here)
		if r.tooMany() {
			return
		}
	}
	if indicators > maxIndicators {
		r.problem(at, "the file has %d brackets, commas and other indicators; a scenario has at most %d", indicators, maxIndicators)
	}
}

func countIndicators(line string) int {
	count := 0
	for i := range len(line) {
		switch {
		case strings.IndexByte("[]{},@`%&*!|>", line[i]) >= 0:
			count++
		case strings.IndexByte("?:-", line[i]) >= 0 && (i+1 == len(line) || line[i+1] == ' '):
			count++
		}
	}
	return count
}

// scanLine reports the first thing in a line that no file may contain.
func scanLine(r *reader, line string, at place) {
	content := strings.TrimLeft(line, " \t")
	if i := strings.IndexByte(line[:len(line)-len(content)], '\t'); i >= 0 && content != "" {
		at.column += i
		r.problem(at, "a tab in the indentation; use spaces, as YAML allows no tabs there")
		return
	}
	column := 0
	for i, c := range line {
		column++
		if c == utf8.RuneError && !strings.HasPrefix(line[i:], "\uFFFD") {
			at.column = column
			r.problem(at, "this is not UTF-8 text; save the file as UTF-8")
			return
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			at.column = column
			r.problem(at, "the control character U+%04X; remove it", c)
			return
		}
	}
}

// A loader turns the YAML library's syntax tree into nodes.
type loader struct {
	r  *reader
	at place // of an override; the zero place in a file
}

// load parses within the limits. A panic of the library is a problem of the
// file, as its bugs show only in files that are broken.
func (l *loader) load(source string) (root *node) {
	defer func() {
		if caught := recover(); caught != nil {
			root = nil
			l.r.problem(l.top(), "the YAML parser cannot read this; it stopped with: %v", caught)
		}
	}()
	tokens := lexer.Tokenize(source)
	if !l.checkTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		l.syntaxProblem(err)
		return nil
	}
	for _, document := range file.Docs {
		if document.Body != nil {
			return l.node(document.Body)
		}
	}
	return &node{kind: emptyNode, at: l.top()}
}

func (l *loader) top() place {
	if l.at.override != "" {
		return l.at
	}
	return place{line: 1, column: 1}
}

func (l *loader) placeOf(tk *token.Token) place {
	if l.at.override != "" || tk == nil || tk.Position == nil {
		return l.top()
	}
	return place{line: max(1, tk.Position.Line), column: max(1, tk.Position.Column)}
}

func (l *loader) syntaxProblem(err error) {
	var located yaml.Error
	if !errors.As(err, &located) {
		l.r.problem(l.top(), "this is not YAML: %v", err)
		return
	}
	at, message := l.placeOf(located.GetToken()), located.GetMessage()
	l.r.problem(at, "this is not YAML: %s; %s", message, syntaxHint(message))
}

// syntaxHint says what is likely to be right where the YAML library only says
// what is wrong.
func syntaxHint(message string) string {
	for _, known := range []struct{ part, hint string }{
		{"mapping value is not allowed", "indent the keys of one map alike, and quote a text that has \": \" in it"},
		{"',' or '}' must be specified", "a { before this is not closed, or a comma is missing"},
		{"flow mapping end token", "close the { with }"},
		{"',' or ']' must be specified", "a [ before this is not closed, or a comma is missing"},
		{"sequence end token", "close the [ with ]"},
		{"double-quoted text", "end the text with \""},
		{"single-quoted text", "end the text with '"},
		{"non-map value is specified", "write key: value, indented as the keys before it"},
		{"is a reserved character", "quote a text that begins so"},
	} {
		if strings.Contains(message, known.part) {
			return known.hint
		}
	}
	return "look at the indentation, brackets and quotes here and in the line before"
}

// checkTokens refuses what the language does without and what the parser takes
// too long for.
func (l *loader) checkTokens(tokens token.Tokens) bool {
	before := len(l.r.problems)
	c := tokenCheck{l: l}
	for i, tk := range tokens {
		if i >= maxTokens {
			l.r.problem(l.placeOf(tk), "more than %d words and signs; a scenario has fewer", maxTokens)
			return false
		}
		c.token(tk)
		if c.stop || l.r.tooMany() {
			return false
		}
	}
	return len(l.r.problems) == before
}

// tokenCheck follows the nesting of a file from token to token.
type tokenCheck struct {
	l         *loader
	flow      []flowLevel  // brackets open
	blocks    []blockLevel // block maps and lists open, by column
	documents int
	content   bool // anything but comments and directives seen
	directive int  // line of the last directive
	empty     int
	stop      bool // a limit is exceeded, nothing more is read
}

type blockLevel struct{ column, keys int }

// flowLevel is an open bracket: whether it is a map's, and whether its present
// entry has a colon.
type flowLevel struct{ isMap, colon bool }

func (c *tokenCheck) token(tk *token.Token) {
	switch tk.Type { //nolint:exhaustive // only these matter here
	case token.AnchorType, token.AliasType:
		c.refuse(tk, "anchors and aliases (& and *) are not part of the scenario language; write the value out, or quote a text that begins so")
	case token.TagType:
		c.refuse(tk, "tags (!) are not part of the scenario language; quote a text that begins so")
	case token.MergeKeyType:
		c.refuse(tk, "merge keys (<<) are not part of the scenario language; write the entries out")
	case token.MappingKeyType:
		c.refuse(tk, "complex keys (?) are not part of the scenario language; write key: value")
	case token.DirectiveType:
		c.refuse(tk, "directives (%%) are not part of the scenario language; remove the line")
		c.directive = tk.Position.Line
	case token.DocumentHeaderType, token.DocumentEndType:
		c.documents++
		if c.documents > 1 || c.content && tk.Type == token.DocumentHeaderType {
			c.refuse(tk, "a second document begins here; a file holds one scenario")
			c.stop = true
		}
	case token.SequenceStartType, token.MappingStartType:
		c.flow = append(c.flow, flowLevel{isMap: tk.Type == token.MappingStartType})
	case token.CollectEntryType:
		c.endEntry(tk)
	case token.SequenceEndType, token.MappingEndType:
		c.endEntry(tk)
		c.flow = c.flow[:max(0, len(c.flow)-1)]
	case token.SequenceEntryType:
		c.open(tk.Position.Column, tk)
		c.countEmpty(tk)
	case token.MappingValueType:
		c.key(tk)
		c.countEmpty(tk)
	}
	c.content = c.content || tk.Type != token.CommentType && tk.Type != token.DocumentHeaderType && tk.Position.Line != c.directive
	if len(c.flow)+len(c.blocks) > maxNesting && !c.stop {
		c.refuse(tk, "more than %d levels of nesting; a scenario needs fewer than ten", maxNesting)
		c.stop = true
	}
}

func (c *tokenCheck) refuse(tk *token.Token, format string, args ...any) {
	c.l.r.problem(c.l.placeOf(tk), format, args...)
}

// key sees the colon after a key.
func (c *tokenCheck) key(colon *token.Token) {
	key := colon.Prev
	if key == nil {
		return
	}
	if len(key.Value) > maxKeyLength {
		c.refuse(key, "a key of %d characters; the longest has %d", len(key.Value), maxKeyLength)
		c.stop = true
	}
	if len(c.flow) == 0 {
		c.open(key.Position.Column, key)
	} else {
		c.flow[len(c.flow)-1].colon = true
	}
}

// endEntry sees the end of an entry in brackets. One of a map without a colon is
// a key without a value.
func (c *tokenCheck) endEntry(tk *token.Token) {
	if len(c.flow) == 0 {
		return
	}
	top := &c.flow[len(c.flow)-1]
	if top.isMap && !top.colon && tk.Type == token.CollectEntryType {
		c.noteEmpty(tk)
	}
	top.colon = false
}

// open notes a block key or a list entry in this column.
func (c *tokenCheck) open(column int, tk *token.Token) {
	for len(c.blocks) > 0 && c.blocks[len(c.blocks)-1].column > column {
		c.blocks = c.blocks[:len(c.blocks)-1]
	}
	if len(c.blocks) == 0 || c.blocks[len(c.blocks)-1].column < column {
		c.blocks = append(c.blocks, blockLevel{column: column})
	}
	if tk.Type == token.SequenceEntryType {
		return
	}
	top := &c.blocks[len(c.blocks)-1]
	top.keys++
	if top.keys > maxBlockKeys {
		c.refuse(tk, "a map with more than %d keys; no part of a scenario has so many", maxBlockKeys)
		c.stop = true
	}
}

// countEmpty bounds the values that are not there, for each of which the parser
// moves all tokens that follow.
func (c *tokenCheck) countEmpty(tk *token.Token) {
	next := tk.Next
	for next != nil && next.Type == token.CommentType {
		next = next.Next
	}
	if next == nil {
		return
	}
	switch next.Type { //nolint:exhaustive // only what cannot begin a value on the same level
	case token.CollectEntryType, token.MappingEndType, token.SequenceEndType, token.MappingValueType:
	default:
		if next.Position.Line == tk.Position.Line || next.Position.Column > tk.Position.Column {
			return
		}
	}
	c.noteEmpty(tk)
}

func (c *tokenCheck) noteEmpty(tk *token.Token) {
	c.empty++
	if c.empty > maxEmpty {
		c.refuse(tk, "more than %d keys and entries without a value; a scenario has none", maxEmpty)
		c.stop = true
	}
}

// node converts one value. What checkTokens refused cannot come up here.
func (l *loader) node(from ast.Node) *node {
	n := &node{at: l.placeOf(from.GetToken())}
	switch from := from.(type) {
	case *ast.MappingNode:
		n.kind = mapNode
		l.entries(n, from.Values)
		if from.Start != nil && from.IsFlowStyle {
			n.at = l.placeOf(from.Start)
		}
	case *ast.MappingValueNode:
		n.kind = mapNode
		l.entries(n, []*ast.MappingValueNode{from})
	case *ast.SequenceNode:
		n.kind, n.at = listNode, l.placeOf(from.Start)
		for _, item := range from.Values {
			n.items = append(n.items, l.node(item))
		}
	case *ast.NullNode:
		n.kind = emptyNode
	case *ast.StringNode:
		n.kind, n.text = scalarNode, from.Value
		tk := from.GetToken()
		n.quoted = tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		n.kind, n.quoted = scalarNode, true
		if from.Value != nil {
			n.text = from.Value.Value
		}
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = scalarNode, from.GetToken().Value
	default:
		n.kind = emptyNode
		l.r.problem(n.at, "%s is not part of the scenario language", strings.ToLower(from.Type().String()))
	}
	return n
}

// entries converts the entries of a map and reports the keys that come twice.
func (l *loader) entries(n *node, values []*ast.MappingValueNode) {
	if len(values) > 0 && values[0].Key != nil {
		n.at = l.placeOf(values[0].Key.GetToken())
	}
	first := make(map[string]place, len(values))
	for _, v := range values {
		tk := v.Key.GetToken()
		e := entry{key: tk.Value, at: l.placeOf(tk), value: l.node(v.Value)}
		if e.value.kind == emptyNode {
			e.value.at = e.at // nothing has no place of its own
		}
		if before, again := first[e.key]; again {
			l.r.problem(e.at, "%s is given twice, first %s; keep one", e.key, before.where())
			continue
		}
		first[e.key] = e.at
		n.entries = append(n.entries, e)
	}
}

// isNumber reports whether text is a number without a unit.
func isNumber(text string) bool {
	_, err := parseNumber(text)
	return err == nil
}
