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
	canonical.Clusters = slices.Clone(s.Clusters) // settings as written: Config says what they mean
	for i := range canonical.Clusters {
		canonical.Clusters[i].Settings = nil
	}
	canonical.Topics = slices.Clone(s.Topics)
	for i := range canonical.Topics {
		canonical.Topics[i].Settings = nil
	}
	canonical.Producers = slices.Clone(s.Producers)
	for i := range canonical.Producers {
		canonical.Producers[i].Settings = nil
	}
	canonical.Groups = slices.Clone(s.Groups)
	for i := range canonical.Groups {
		canonical.Groups[i].Settings = nil
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
