package scenarios

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestShippedSchemaIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := generateSchema()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema(), want) {
		t.Error("schema.json is not what the parser's tables say; run: GOLDEN=update go test ./scenarios")
	}
}

// shippedSchemaAccepts compiles schema.json and returns a check of YAML against
// it.
func shippedSchemaAccepts(tb testing.TB) func(source []byte) error {
	tb.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		tb.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		tb.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		tb.Fatal(err)
	}
	return func(source []byte) error {
		r := &reader{}
		return compiled.Validate(plainValue(loadYAML(r, source, place{})))
	}
}

// plainValue is what an editor makes of a node: numbers and flags where they
// stand without quotes.
func plainValue(n *node) any {
	switch {
	case n.kind == mapNode:
		m := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			m[e.key] = plainValue(e.value)
		}
		return m
	case n.kind == listNode:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = plainValue(item)
		}
		return list
	case n.kind == emptyNode:
		return nil
	case !n.quoted && (n.text == "true" || n.text == "false"):
		return n.text == "true"
	case !n.quoted && isNumber(n.text):
		v, err := parseNumber(n.text)
		if err != nil {
			panic(err) // isNumber said that it is one
		}
		return v
	}
	return n.text
}

func TestShippedScenariosAreValid(t *testing.T) {
	t.Parallel()
	accepts := shippedSchemaAccepts(t)
	shipped := Embedded()
	shipped = append(shipped, EmbeddedScenario{Name: "starter", Source: Starter()}, EmbeddedScenario{Name: "example", Source: []byte(example(t))})
	for _, e := range shipped {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			spec := mustParse(t, string(e.Source))
			checkSpec(t, spec)
			if e.Folder != "" && spec.Name != e.Name {
				t.Errorf("the file is called %s and the scenario %s", e.Name, spec.Name)
			}
			if err := accepts(e.Source); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
		})
	}
	if s := mustParse(t, string(Starter())); len(s.Unsupported) > 0 {
		t.Errorf("the starter cannot run: %v", s.Unsupported)
	}
	if e, ok := ByName(Default); !ok || e.Folder != "seeds" || len(mustParse(t, string(e.Source)).Unsupported) > 0 {
		t.Errorf("the default scenario %s is not there or cannot run", Default)
	}
	if _, ok := ByName("no-such-scenario"); ok {
		t.Error("a scenario is found that is not there")
	}
}

func TestSchemaRefusesWhatIsPlainlyWrong(t *testing.T) {
	t.Parallel()
	accepts := shippedSchemaAccepts(t)
	for name, change := range map[string][2]string{
		"unknown key":      {"duration:", "durations: 1\nduration:"},
		"missing key":      {"duration: 1 min\n", ""},
		"unit":             {"1 min", "1 minute"},
		"text for a count": {"partitions: 4", "partitions: four"},
		"unknown word":     {"group: readers,", "group: readers, client: sarama,"},
		"out of range":     {"replication_factor: 3", "replication_factor: 33"},
	} {
		changed := strings.Replace(small, change[0], change[1], 1)
		if changed == small {
			t.Fatalf("%s changes nothing", name)
		}
		if accepts([]byte(changed)) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
	if err := accepts([]byte(small)); err != nil {
		t.Errorf("the schema refuses a good scenario: %v", err)
	}
}
