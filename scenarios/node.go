package scenarios

// nodeKind is what stands at a place of a file.
type nodeKind uint8

const (
	emptyNode  nodeKind = iota + 1 // nothing, ~ or null
	scalarNode                     // text, a number, true
	listNode
	mapNode
)

// A node is a value of a file or of an override, with its place. Text is as
// written, without quotes.
type node struct {
	kind    nodeKind
	at      place
	text    string
	quoted  bool // 'text' or "text" or a block of text: never a number or a flag
	items   []*node
	entries []entry
}

// An entry is a key of a map and its value.
type entry struct {
	key   string
	at    place
	value *node
}

// A place is where something was written: in the file, or in an override.
type place struct {
	line, column int    // from 1; line is -n in the n-th override
	override     string // the override's path; "" in the file
}

// get returns the value of a key, nil without one.
func (n *node) get(key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// noun says what kind of value a node is.
func (n *node) noun() string {
	switch n.kind {
	case emptyNode:
		return "empty"
	case scalarNode:
		return shown(n.text)
	case listNode:
		return "a list"
	case mapNode:
		return "a map"
	}
	panic("scenarios: a node without a kind")
}
