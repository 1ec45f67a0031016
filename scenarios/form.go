package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// A value is what a file gives for a key: known once it has been read without a
// problem.
type value[T any] struct {
	is    T
	node  *node // nil when the file does not give the key
	known bool
}

func (v *value[T]) set(n *node, is T) { v.is, v.node, v.known = is, n, true }

// or is the value, or what it is when the file does not give it.
func (v *value[T]) or(otherwise T) T {
	if v.known {
		return v.is
	}
	return otherwise
}

// given reports whether the file has the key, with a good value or not.
func (v *value[T]) given() bool { return v.node != nil }

// A form is how a value is written: how it is read from a node, and what a JSON
// Schema says of it. One table of forms serves both, so that they cannot
// disagree. What names the value in messages.
type form struct {
	read   func(r *reader, what string, n *node)
	schema func() *schema
}

// A field is one key of a map.
type field struct {
	key      string
	doc      string // a sentence for the JSON Schema
	required bool
	form     form
}

// A shape is a kind of map: its name for messages, and its keys.
type shape struct {
	name   string // a topic
	fields []field
}

// scalar makes the form of values that are one word, number or text.
func scalar[T any](dst *value[T], parse func(text string) (T, error), schema func() *schema) form {
	return form{schema: schema, read: func(r *reader, what string, n *node) {
		dst.node = n
		if n.kind == emptyNode {
			r.problem(n.at, "%s is empty; it must be a single value", what)
			return
		}
		if n.kind != scalarNode {
			r.problem(n.at, "%s is %s; it must be a single value", what, n.noun())
			return
		}
		v, err := parse(n.text)
		if err != nil {
			r.problem(n.at, "%s: %s %v", what, shown(n.text), err)
			return
		}
		dst.set(n, v)
	}}
}

// unquoted is scalar for what is a number or a flag, which quotes turn into text.
func unquoted[T any](dst *value[T], parse func(text string) (T, error), schema func() *schema) form {
	f := scalar(dst, parse, schema)
	read := f.read
	f.read = func(r *reader, what string, n *node) {
		if n.kind == scalarNode && n.quoted {
			dst.node = n
			r.problem(n.at, "%s: %s is text, as it is in quotes; write it without them", what, strconv.Quote(n.text))
			return
		}
		read(r, what, n)
	}
	return f
}

// wholeForm is a whole number from low to high.
func wholeForm(dst *value[int], low, high int) form {
	bounds := spellWhole(int64(low)) + " to " + spellWhole(int64(high))
	return unquoted(dst, func(text string) (int, error) {
		v, err := strconv.ParseInt(text, 10, 64)
		if plain := ungrouped(text); plain != text {
			return 0, fmt.Errorf("has its digits in groups; write %s", plain)
		}
		if err != nil && isNumber(text) {
			return 0, fmt.Errorf("is not a whole number; write one from %s", bounds)
		}
		if err != nil {
			return 0, fmt.Errorf("is not a number; write a whole one from %s", bounds)
		}
		if v < int64(low) || v > int64(high) {
			return 0, fmt.Errorf("is out of range; write a whole number from %s", bounds)
		}
		return int(v), nil
	}, func() *schema { return &schema{Type: "integer", Minimum: float(low), Maximum: float(high)} })
}

// seedForm is any unsigned number of 64 bits.
func seedForm(dst *value[uint64]) form {
	return unquoted(dst, func(text string) (uint64, error) {
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("is not a seed; write a whole number from 0 to %d", uint64(math.MaxUint64))
		}
		return v, nil
	}, func() *schema { return &schema{Type: "integer", Minimum: float(0)} })
}

// numberForm is a number without a unit, from low to high.
func numberForm(dst *value[float64], low, high float64) form {
	return unquoted(dst, func(text string) (float64, error) {
		v, err := parseNumber(text)
		if err == nil && (v < low || v > high) {
			err = fmt.Errorf("is out of range; write a number from %s to %s", spellNumber(low), spellNumber(high))
		}
		return v, err
	}, func() *schema { return &schema{Type: "number", Minimum: float(low), Maximum: float(high)} })
}

// ratioForm is a share from low to high, as 5 % or 0.05.
func ratioForm(dst *value[float64], low, high float64) form {
	return scalar(dst, func(text string) (float64, error) {
		v, err := parseRatio(text)
		if err == nil && (v < low || v > high) {
			err = fmt.Errorf("is out of range; write a ratio from %s to %s (%s %% to %s %%)",
				spellNumber(low), spellNumber(high), spellNumber(low*100), spellNumber(high*100))
		}
		return v, err
	}, func() *schema {
		return &schema{OneOf: []*schema{
			{Type: "number", Minimum: float(low), Maximum: float(high)},
			{Type: "string", Pattern: `^ *[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)? *%? *$`},
		}}
	})
}

// durationForm is a time with a unit, from low on.
func durationForm(dst *value[time.Duration], low time.Duration) form {
	return scalar(dst, func(text string) (time.Duration, error) {
		v, err := parseDuration(text)
		if err == nil && v < low {
			if low == 1 {
				return 0, errors.New("is no time at all; write a duration above 0, such as 2 min")
			}
			err = fmt.Errorf("is too short; the least is %s", spellDuration(low))
		}
		return v, err
	}, quantitySchema(durationKind()))
}

// sizeForm is an amount of data with a unit, from 1 byte to high.
func sizeForm(dst *value[unit.Bytes], high unit.Bytes) form {
	return scalar(dst, func(text string) (unit.Bytes, error) {
		v, err := parseBytes(text)
		if err == nil && (v < 1 || v > int64(high)) {
			err = fmt.Errorf("is out of range; write a size from 1 B to %s", spellBytes(high))
		}
		return unit.Bytes(v), err
	}, quantitySchema(sizeKind()))
}

// rateForm is a frequency such as 2000/s.
func rateForm(dst *value[unit.Rate]) form {
	return scalar(dst, func(text string) (unit.Rate, error) {
		v, err := parseRate(text)
		return unit.Rate(v), err
	}, quantitySchema(rateKind()))
}

// flagForm is true or false.
func flagForm(dst *value[bool]) form {
	return unquoted(dst, func(text string) (bool, error) {
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, errors.New("is not a flag; write true or false")
	}, func() *schema { return &schema{Type: "boolean"} })
}

// A word is one of the values of an enumeration as it is written.
type word[T any] struct {
	text string
	is   T
}

// wordForm is one of a few words.
func wordForm[T any](dst *value[T], words ...word[T]) form {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	return scalar(dst, func(text string) (T, error) {
		for _, w := range words {
			if w.text == text {
				return w.is, nil
			}
		}
		var none T
		if len(texts) == 1 {
			return none, fmt.Errorf("is not known; the only possible value is %s", texts[0])
		}
		if near := nearTo(text, texts); near != "" {
			return none, fmt.Errorf("is not known; %s Known are %s", near, strings.Join(texts, ", "))
		}
		return none, fmt.Errorf("is not known; write one of %s", strings.Join(texts, ", "))
	}, func() *schema { return &schema{Type: "string", Enum: texts} })
}

// nearTo asks for the nearest of known; "" if none is near.
func nearTo(text string, known []string) string {
	if hint := didYouMean(text, known, ""); strings.HasPrefix(hint, "did you mean ") {
		return hint
	}
	return ""
}

// textForm is any text that is not empty.
func textForm(dst *value[string]) form {
	return scalar(dst, func(text string) (string, error) {
		if strings.TrimSpace(text) == "" {
			return "", errors.New("is empty; write some text")
		}
		return strings.TrimSpace(text), nil
	}, func() *schema { return &schema{Types: []string{"string", "number", "boolean"}, MinLength: 1} })
}

// nameForm is a name that labels, targets and overrides can hold.
func nameForm(dst *value[string]) form {
	return scalar(dst, parseName, func() *schema {
		return &schema{Types: []string{"string", "number", "boolean"}, Pattern: `^[A-Za-z0-9._-]{1,249}$`}
	})
}

// referenceForm is the name of something that stands elsewhere in the file. It is
// looked up, so that what is no name is not said again where it is used.
func referenceForm(dst *value[string]) form {
	return scalar(dst, func(text string) (string, error) { return text, nil }, nameForm(dst).schema)
}

// parseName holds names to what Kafka allows in a topic's
// (clients/.../internals/Topic.java: LEGAL_CHARS, at most 249, not . and ..).
func parseName(text string) (string, error) {
	const most = 249
	switch {
	case text == "" || text == "." || text == "..":
		return "", errors.New("is not a name; write letters, digits, '.', '_' and '-'")
	case len(text) > most:
		return "", fmt.Errorf("has %d characters; a name has at most %d", len(text), most)
	}
	for _, c := range text {
		if !isNameRune(c) {
			return "", fmt.Errorf("has %q in it; a name has only letters, digits, '.', '_' and '-'", string(c))
		}
	}
	return text, nil
}

func isNameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
