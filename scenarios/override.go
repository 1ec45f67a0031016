package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// An Override replaces a value of a scenario before it is checked, or adds one:
// what --set PATH=VALUE gives.
type Override struct {
	Path  string // producers.playback.config.acks
	Value string // as a file would have it
}

// ParseOverride reads PATH=VALUE. The path goes down from the file's own keys;
// entries of lists are named, or numbered from 0: producers.playback.instances,
// faults.0.at. Below config, client_options and hardware the rest is one key,
// dots and all: topics.events.config.min.insync.replicas. A value that begins
// with [ or { is YAML, any other is taken as it is.
func ParseOverride(text string) (Override, error) {
	path, v, ok := strings.Cut(text, "=")
	path, v = strings.TrimSpace(path), strings.TrimSpace(v)
	switch {
	case !ok:
		return Override{}, errors.New("there is no =; write PATH=VALUE, as in producers.playback.config.acks=all")
	case path == "":
		return Override{}, errors.New("there is no path before =; write PATH=VALUE, as in producers.playback.config.acks=all")
	case v == "":
		return Override{}, errors.New("there is no value after =; write PATH=VALUE, as in producers.playback.config.acks=all")
	}
	return Override{Path: path, Value: v}, nil
}

// apply makes the i-th override's change to the tree.
func (r *reader) apply(root *node, i int) {
	o := r.overrides[i]
	at := place{line: -i - 1, override: o.Path}
	replacement := r.overrideValue(o, at)
	if replacement == nil {
		return
	}
	if o.Path == "" || strings.HasPrefix(o.Path, ".") || strings.HasSuffix(o.Path, ".") || strings.Contains(o.Path, "..") {
		r.problem(at, "the path has an empty part; write it as in producers.playback.config.acks")
		return
	}
	w := walk{r: r, at: at}
	w.set(root, o.Path, replacement)
}

// overrideValue makes a node of the value.
func (r *reader) overrideValue(o Override, at place) *node {
	if strings.HasPrefix(o.Value, "[") || strings.HasPrefix(o.Value, "{") {
		return loadYAML(r, []byte(o.Value), at)
	}
	before := len(r.problems)
	scanText(r, []byte(o.Value), at)
	if len(r.problems) > before {
		return nil
	}
	n := &node{kind: scalarNode, at: at, text: o.Value}
	for _, quote := range []string{`"`, `'`} {
		inner, ok := strings.CutPrefix(o.Value, quote)
		if inner, ended := strings.CutSuffix(inner, quote); ok && ended {
			n.text, n.quoted = inner, true
		}
	}
	return n
}

// A walk goes down one override's path.
type walk struct {
	r    *reader
	at   place
	done string // the part of the path behind
}

// set puts v where path leads from n.
func (w *walk) set(n *node, path string, v *node) {
	switch n.kind {
	case mapNode:
		w.setKey(n, path, v)
	case listNode:
		w.setItem(n, path, v)
	case emptyNode: // a key without a value: it becomes a map
		n.kind, n.at = mapNode, w.at
		w.setKey(n, path, v)
	case scalarNode:
		w.r.problem(w.at, "%s is %s, which has nothing below it; set %s itself", w.done, shown(n.text), w.done)
	}
}

func (w *walk) setKey(n *node, path string, v *node) {
	key, rest, deeper := strings.Cut(path, ".")
	if last := w.done[strings.LastIndexByte(w.done, '.')+1:]; last == "config" || last == "client_options" || last == "hardware" {
		key, rest, deeper = path, "", false
	}
	for _, e := range n.entries { // a name, such as a cluster's, may have dots in it
		if len(e.key) > len(key) && strings.HasPrefix(path, e.key) {
			if after, dotted := strings.CutPrefix(path[len(e.key):], "."); dotted || after == "" {
				key, rest, deeper = e.key, after, dotted
			}
		}
	}
	w.done = strings.TrimPrefix(w.done+"."+key, ".")
	for i := range n.entries {
		e := &n.entries[i]
		switch {
		case e.key != key:
		case deeper:
			w.set(e.value, rest, v)
			return
		default:
			e.at, e.value = w.at, v
			return
		}
	}
	child := v
	if deeper {
		child = &node{kind: mapNode, at: w.at}
		w.set(child, rest, v)
	}
	n.entries = append(n.entries, entry{key: key, at: w.at, value: child})
}

// setItem finds an entry of a list by its name, which may have dots in it, or by
// its number.
func (w *walk) setItem(n *node, path string, v *node) {
	var names []string
	found, length := -1, -1
	for i, item := range n.items {
		name := item.nameOf()
		if name == "" {
			continue
		}
		names = append(names, name)
		if (path == name || strings.HasPrefix(path, name+".")) && len(name) > length {
			found, length = i, len(name)
		}
	}
	if found < 0 {
		number, _, _ := strings.Cut(path, ".")
		index, err := strconv.Atoi(number)
		if err != nil {
			w.r.problem(w.at, "%s has no entry %s; %s", w.done, shown(number), entryHint(number, names, len(n.items)))
			return
		}
		if index < 0 || index >= len(n.items) {
			w.r.problem(w.at, "%s has no entry %d; %s", w.done, index, entryHint("", names, len(n.items)))
			return
		}
		found, length = index, len(number)
	}
	w.done += "." + path[:length]
	if len(path) == length {
		n.items[found] = v
		return
	}
	w.set(n.items[found], path[length+1:], v)
}

func entryHint(name string, names []string, length int) string {
	switch {
	case length == 0:
		return "it is empty"
	case len(names) > 0 && name != "":
		return didYouMean(name, names, "entries")
	case len(names) > 0:
		return "its entries are " + strings.Join(names[:min(len(names), 20)], ", ")
	}
	return fmt.Sprintf("its entries are numbered 0 to %d", length-1)
}

// nameOf is what a list's entry is called: its name, or its group.
func (n *node) nameOf() string {
	for _, key := range []string{"name", "group"} {
		if v := n.get(key); v != nil && v.kind == scalarNode {
			return v.text
		}
	}
	return ""
}
