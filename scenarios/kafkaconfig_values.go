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

// A wholeRange is what a setting may be: whole numbers from low to high.
type wholeRange struct{ low, high int64 }

// fromInt is Kafka's type INT with a lower bound, fromLong its type LONG.
func fromInt(low int64) wholeRange  { return wholeRange{low, math.MaxInt32} }
func fromLong(low int64) wholeRange { return wholeRange{low, math.MaxInt64} }

// parseWhole reads a whole number as Kafka does (ConfigDef.parseType): decimal
// digits, no unit, no separators.
func parseWhole(text string, r wholeRange) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if plain := ungrouped(text); plain != text {
		return 0, fmt.Errorf("%q has its digits in groups; write %s", text, plain)
	}
	if errors.Is(err, strconv.ErrSyntax) {
		return 0, fmt.Errorf("%q is not a whole number; Kafka takes plain numbers without units here", text)
	}
	if err == nil && v >= r.low && v <= r.high {
		return v, nil
	}
	switch r.high {
	case math.MaxInt64:
		return 0, fmt.Errorf("%s is out of range; it must be at least %d", text, r.low)
	default:
		return 0, fmt.Errorf("%s is out of range; it must be from %d to %d", text, r.low, r.high)
	}
}

// periods is v periods of length unit; Forever where that is longer than time.
func periods(v int64, unit time.Duration) time.Duration {
	if v > int64(Forever/unit) {
		return Forever
	}
	return time.Duration(v) * unit
}

// wholeRule stores a whole number through store.
func wholeRule(name string, r wholeRange, store func(v int64)) settingRule {
	return settingRule{name, func(text string) error {
		v, err := parseWhole(text, r)
		if err != nil {
			return err
		}
		store(v)
		return nil
	}}
}

// countRule is a setting that counts something, at least 1, of Kafka's type INT.
func countRule(name string, field *int) settingRule {
	return wholeRule(name, fromInt(1), func(v int64) { *field = int(v) })
}

// bytesRule is a size in bytes.
func bytesRule(name string, r wholeRange, field *unit.Bytes) settingRule {
	return wholeRule(name, r, func(v int64) { *field = unit.Bytes(v) })
}

// millisRule is a time in milliseconds.
func millisRule(name string, r wholeRange, field *time.Duration) settingRule {
	return wholeRule(name, r, func(v int64) { *field = periods(v, time.Millisecond) })
}

// boolRule is a boolean, true or false in any case, as Kafka reads it.
func boolRule(name string, field *bool) settingRule {
	return settingRule{name, func(text string) error {
		switch strings.ToLower(text) {
		case "true":
			*field = true
		case "false":
			*field = false
		default:
			return fmt.Errorf("%q is not a boolean; write true or false", text)
		}
		return nil
	}}
}

// enumRule is one of a few words, exactly as Kafka spells them; store gets
// the word's index.
func enumRule(name string, words []string, store func(i int)) settingRule {
	return settingRule{name, func(text string) error {
		for i, w := range words {
			if w == text {
				store(i)
				return nil
			}
		}
		return fmt.Errorf("%q is not a value of it; it must be one of %s", text, strings.Join(words, ", "))
	}}
}
