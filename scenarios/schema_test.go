package scenarios

import (
	"bytes"
	"os"
	"testing"
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
