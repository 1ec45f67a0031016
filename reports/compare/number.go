package compare

import (
	"encoding/json"
	"math"
)

// A Number is a value in base units (seconds, bytes, records, ratios 0..1); NaN,
// which is null in JSON, where there is none. An infinite one is null as well.
type Number float64

// MarshalJSON writes the shortest decimal that reads back as n.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a number, or NaN for null.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// known reports whether there is a number.
func (n Number) known() bool { return !math.IsNaN(float64(n)) }

func nan() Number { return Number(math.NaN()) }
