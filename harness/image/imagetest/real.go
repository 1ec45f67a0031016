// Package imagetest gives tests what real Kafka runs from.
package imagetest

import (
	"os"
	"testing"

	"kafkasim/harness/engine"
	"kafkasim/harness/image"
)

// RealKafka is an engine and an image to run Kafka from. Without them the test is
// skipped, or fails where KAFKASIM_REQUIRE_KAFKA=1 says that they must be there.
func RealKafka(t *testing.T) (*engine.Engine, image.Image) {
	t.Helper()
	give := t.Skipf
	if os.Getenv("KAFKASIM_REQUIRE_KAFKA") == "1" {
		give = t.Fatalf
	}
	e, err := engine.Connect(t.Context())
	if err != nil {
		give("no real Kafka in this test: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	found, err := image.Resolve(t.Context(), e, "", "4.3.1")
	if err != nil {
		give("no real Kafka in this test: %v", err)
	}
	return e, found
}
