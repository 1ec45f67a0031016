package scenarios

import (
	"fmt"
	"time"

	"kafkasim/sim/unit"
)

// The quantities of profiles and of client_options: as everywhere in a file,
// with the text in the message.

func parseSpan(text string) (time.Duration, error) {
	v, err := parseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q %w", text, err)
	}
	return v, nil
}

func parseSize(text string) (unit.Bytes, error) {
	v, err := parseBytes(text)
	if err != nil {
		return 0, fmt.Errorf("%q %w", text, err)
	}
	return unit.Bytes(v), nil
}

func parseThroughput(text string) (unit.ByteRate, error) {
	v, err := parseByteRate(text)
	if err != nil {
		return 0, fmt.Errorf("%q %w", text, err)
	}
	return unit.ByteRate(v), nil
}
