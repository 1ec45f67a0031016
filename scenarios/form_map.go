package scenarios

import (
	"fmt"
	"strings"
)

// mapForm is a map of the shape's keys. It calls read for each key that is
// there, and reports unknown and missing ones.
func mapForm[T any](dst *value[T], shapeOf func(*T) shape) form {
	return form{
		schema: func() *schema {
			var example T
			return shapeOf(&example).schema()
		},
		read: func(r *reader, what string, n *node) {
			dst.node = n
			s := shapeOf(&dst.is)
			if n.kind != mapNode {
				r.problem(n.at, "%s is %s; it must be a map with the keys %s", what, n.noun(), s.keys())
				return
			}
			dst.known = true
			s.read(r, what, n)
		},
	}
}

func (s shape) names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.key
	}
	return names
}

func (s shape) keys() string { return strings.Join(s.names(), ", ") }

// read reads every key of a map, in the order of the file.
func (s shape) read(r *reader, what string, n *node) {
	known := s.names()
	meant := make(map[string]bool)
	for _, e := range n.entries {
		f, ok := s.field(e.key)
		if !ok {
			hint := didYouMean(e.key, known, "known keys")
			for _, key := range known {
				meant[key] = meant[key] || hint == "did you mean "+key+"?"
			}
			r.problem(e.at, "unknown key %s in %s; %s", shown(e.key), s.name, hint)
			continue
		}
		if e.value.kind == emptyNode {
			r.problem(e.value.at, "%s has no value; write one, or remove the key", e.key)
			continue
		}
		f.form.read(r, e.key, e.value)
	}
	for _, f := range s.fields {
		if f.required && n.get(f.key) == nil && !meant[f.key] {
			r.problem(n.at, "%s is missing in %s; add %s: %s", f.key, called(s.name, what), f.key, f.doc)
		}
	}
}

// called is the name of the map's kind, and which one it is in a list.
func called(name, what string) string {
	if len(what) > 0 && what[len(what)-1] == ']' {
		return name + " (" + what + ")"
	}
	return name
}

func (s shape) field(key string) (field, bool) {
	for _, f := range s.fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// listForm is a list of values of one form, at most most of them.
func listForm[T any](dst *value[[]T], most int, element func(*T) form) form {
	return form{
		schema: func() *schema {
			var example T
			return &schema{Type: "array", Items: element(&example).schema()}
		},
		read: func(r *reader, what string, n *node) {
			dst.node = n
			if n.kind != listNode {
				r.problem(n.at, "%s is %s; it must be a list", what, n.noun())
				return
			}
			if len(n.items) > most {
				r.problem(n.at, "%s has %d entries; at most %d are possible", what, len(n.items), most)
				return
			}
			dst.set(n, make([]T, len(n.items)))
			for i, item := range n.items {
				element(&dst.is[i]).read(r, fmt.Sprintf("%s[%d]", what, i), item)
			}
		},
	}
}

// A named is an entry of a map whose keys are names.
type named[T any] struct {
	name string
	at   place
	of   value[T]
}

// namedForm is a map from at most most names to maps of one shape.
func namedForm[T any](dst *value[[]named[T]], most int, shapeOf func(*T) shape) form {
	return form{
		schema: func() *schema {
			var example T
			return &schema{Type: "object", MinProperties: 1, Additional: shapeOf(&example).schema()}
		},
		read: func(r *reader, what string, n *node) {
			dst.node = n
			if n.kind != mapNode {
				r.problem(n.at, "%s is %s; it must be a map from names to settings, as in %s: {primary: {...}}", what, n.noun(), what)
				return
			}
			if len(n.entries) > most {
				r.problem(n.at, "%s has %d entries; at most %d are possible", what, len(n.entries), most)
				return
			}
			dst.set(n, make([]named[T], len(n.entries)))
			for i, e := range n.entries {
				if _, err := parseName(e.key); err != nil {
					r.problem(e.at, "%s: the name %s %v", what, shown(e.key), err)
				}
				dst.is[i].name, dst.is[i].at = e.key, e.at
				mapForm(&dst.is[i].of, shapeOf).read(r, e.key, e.value)
			}
		},
	}
}

// eitherForm is a list, a map or a single value, each of its own form; a form
// that is not possible has no read.
type eitherForm struct{ scalar, list, object form }

func (e eitherForm) form() form {
	return form{
		schema: func() *schema {
			s := &schema{}
			for _, f := range []form{e.scalar, e.list, e.object} {
				if f.schema != nil {
					s.OneOf = append(s.OneOf, f.schema())
				}
			}
			return s
		},
		read: func(r *reader, what string, n *node) {
			possible := e.scalar
			switch {
			case n.kind == mapNode && e.object.read != nil:
				possible = e.object
			case n.kind == listNode && e.list.read != nil:
				possible = e.list
			}
			possible.read(r, what, n)
		},
	}
}

// maxSettings bounds a map of settings: a broker of Kafka 4.3 has about 300.
const maxSettings = 500

// settingsForm is a map whose keys somebody else chose. Its problems are found
// by the decoder that knows them.
func settingsForm(dst *value[[]Setting]) form {
	return form{
		schema: func() *schema {
			return &schema{Type: "object", Additional: &schema{Types: []string{"string", "number", "boolean"}}}
		},
		read: func(r *reader, what string, n *node) {
			dst.node = n
			if n.kind != mapNode {
				r.problem(n.at, "%s is %s; it must be a map of settings, as in %s: {name: value}", what, n.noun(), what)
				return
			}
			if len(n.entries) > maxSettings {
				r.problem(n.at, "%s has %d entries; at most %d are possible", what, len(n.entries), maxSettings)
				return
			}
			var settings []Setting
			for _, e := range n.entries {
				if e.value.kind != scalarNode {
					r.problem(e.value.at, "%s is %s; a setting has a single value", e.key, valueNoun(e.value))
					continue
				}
				settings = append(settings, Setting{
					Name: e.key, Value: e.value.text,
					Line: e.at.line, Column: e.at.column,
					ValueLine: e.value.at.line, ValueColumn: e.value.at.column,
				})
			}
			dst.set(n, settings)
		},
	}
}

func valueNoun(n *node) string {
	if n.kind == emptyNode {
		return "without a value"
	}
	return n.noun()
}
