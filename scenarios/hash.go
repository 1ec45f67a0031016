package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// hash is the SHA-256 of what the scenario means: the resolved Spec without
// where it came from, how it was laid out and how it was described. Two files
// that mean the same have the same hash.
func (s *Spec) hash() string {
	canonical := *s
	canonical.Source, canonical.Description, canonical.SHA256, canonical.Unsupported = "", "", "", nil
	canonical.Faults = slices.Clone(s.Faults)
	for i := range canonical.Faults {
		canonical.Faults[i].Line = 0
	}
	canonical.Objectives = slices.Clone(s.Objectives)
	for i := range canonical.Objectives {
		canonical.Objectives[i].Expression = ""
	}
	// encoding/json orders map keys and writes the shortest exact floats.
	text, err := json.Marshal(&canonical)
	if err != nil {
		panic(fmt.Sprintf("scenarios: a spec without a canonical form: %v", err))
	}
	sum := sha256.Sum256(append([]byte("kafkasim spec 1\n"), text...))
	return hex.EncodeToString(sum[:])
}
