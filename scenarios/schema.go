package scenarios

import (
	"bytes"
	_ "embed" // schema.json
	"encoding/json"
	"fmt"
)

//go:embed schema.json
var shippedSchema []byte

// Schema is the JSON Schema (draft 2020-12) of a scenario file, for editors. It
// is made from the tables that the parser reads files with; ranges that depend
// on other values, references and Kafka's settings are beyond it, so that a file
// which it accepts may still be refused by Parse, but never the other way round.
func Schema() []byte { return bytes.Clone(shippedSchema) }

// A schema is the part of JSON Schema that the language needs.
type schema struct {
	Dialect       string             `json:"$schema,omitempty"`
	Title         string             `json:"title,omitempty"`
	Description   string             `json:"description,omitempty"`
	Type          string             `json:"-"`
	Types         []string           `json:"-"`
	AnyType       any                `json:"type,omitempty"` // Type or Types, set by encode
	Enum          []string           `json:"enum,omitempty"`
	Pattern       string             `json:"pattern,omitempty"`
	MinLength     int                `json:"minLength,omitempty"`
	Minimum       *float64           `json:"minimum,omitempty"`
	Maximum       *float64           `json:"maximum,omitempty"`
	Items         *schema            `json:"items,omitempty"`
	Properties    map[string]*schema `json:"properties,omitempty"`
	Required      []string           `json:"required,omitempty"`
	MinProperties int                `json:"minProperties,omitempty"`
	Additional    any                `json:"additionalProperties,omitempty"` // *schema or false
	OneOf         []*schema          `json:"anyOf,omitempty"`
}

// MarshalJSON writes the type as one word or as a list.
func (s *schema) MarshalJSON() ([]byte, error) {
	type plain schema
	p := plain(*s)
	switch {
	case s.Type != "":
		p.AnyType = s.Type
	case len(s.Types) > 0:
		p.AnyType = s.Types
	}
	return json.Marshal(p)
}

// schema describes a map of this shape.
func (s shape) schema() *schema {
	out := &schema{Type: "object", Properties: make(map[string]*schema, len(s.fields)), Additional: false}
	for _, f := range s.fields {
		property := f.form.schema()
		property.Description = f.doc
		out.Properties[f.key] = property
		if f.required {
			out.Required = append(out.Required, f.key)
		}
	}
	return out
}

// generateSchema makes the schema that is shipped as schema.json.
func generateSchema() ([]byte, error) {
	var file fileScenario
	s := scenarioShape(&file).schema()
	s.Dialect = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "kafkasim scenario"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("scenarios: schema: %w", err)
	}
	return append(text, '\n'), nil
}

func quantitySchema(kind quantityKind) func() *schema {
	return func() *schema {
		return &schema{OneOf: []*schema{
			{Type: "string", Pattern: "^ *(0|" + kind.pattern + ") *$"},
			{Type: "integer", Minimum: float(0), Maximum: float(0)},
		}}
	}
}

func float[T int | float64](v T) *float64 {
	f := float64(v)
	return &f
}
