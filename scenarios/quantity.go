package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The largest quantities that a file may hold. They keep the sums and products
// that the models form of them inside 63 bits: a century is 3.2e18 ns of 9.2e18.
const (
	maxDuration = 100 * 365 * 24 * time.Hour
	maxSize     = 1 << 50 // 1 PiB
	maxRate     = 1e9     // records per second
)

// Parts of the patterns of the JSON Schema.
const (
	numberPattern   = `(\d+(\.\d*)?|\.\d+)`
	timeUnitPattern = `(ns|us|µs|μs|ms|s|min|h|d)`
)

// A unitFactor is a unit as written and how many base units one of it is.
type unitFactor struct {
	name   string
	factor float64
}

// A quantityKind is a kind of number with a unit.
type quantityKind struct {
	noun    string // a duration
	example string // 2 min
	list    string // the units, as a message lists them
	pattern string // of the JSON Schema, without anchors
	units   []unitFactor
}

func durationKind() quantityKind {
	return quantityKind{
		noun: "a duration", example: "2 min", list: "ns, us, ms, s, min, h, d",
		pattern: numberPattern + ` *` + timeUnitPattern + `( *` + numberPattern + ` *` + timeUnitPattern + `)*`,
		units: []unitFactor{
			{"ns", 1},
			{"us", 1e3},
			{"µs", 1e3},
			{"μs", 1e3},
			{"ms", 1e6},
			{"s", 1e9},
			{"min", 60e9},
			{"h", 3600e9},
			{"d", 86400e9},
		},
	}
}

func sizeKind() quantityKind {
	return quantityKind{
		noun: "a size", example: "1 KiB", list: "B; KB, MB, GB, TB of 1,000; KiB, MiB, GiB, TiB of 1,024",
		pattern: numberPattern + ` *([KMGT]i?)?B`,
		units: []unitFactor{
			{"B", 1},
			{"KB", 1e3},
			{"MB", 1e6},
			{"GB", 1e9},
			{"TB", 1e12},
			{"KiB", 1 << 10},
			{"MiB", 1 << 20},
			{"GiB", 1 << 30},
			{"TiB", 1 << 40},
		},
	}
}

func byteRateKind() quantityKind {
	kind := quantityKind{
		noun: "a throughput", example: "40 MB/s", list: "B/s, KB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s",
		pattern: numberPattern + ` *([KMGT]i?)?B */ *s`, units: sizeKind().units,
	}
	for i := range kind.units {
		kind.units[i].name += "/s"
	}
	return kind
}

func rateKind() quantityKind {
	kind := quantityKind{
		noun: "a rate", example: "2000/s", list: "/s, /min, /h, /d, with k, M or G before it",
		pattern: numberPattern + ` *[kMG]? */ *(s|min|h|d)`,
	}
	for _, prefix := range []unitFactor{{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}} {
		for _, per := range []unitFactor{{"/s", 1}, {"/min", 60}, {"/h", 3600}, {"/d", 86400}} {
			kind.units = append(kind.units, unitFactor{prefix.name + per.name, prefix.factor / per.factor})
		}
	}
	return kind
}

// likelyUnit is what somebody who wrote a unit that does not exist most likely
// meant; "" when nothing is likely.
func likelyUnit(written string) string {
	switch strings.ToLower(written) {
	case "m":
		return "min for minutes, ms for milliseconds"
	case "mins", "minute", "minutes":
		return "min"
	case "sec", "secs", "second", "seconds":
		return "s"
	case "hr", "hrs", "hour", "hours":
		return "h"
	case "day", "days":
		return "d"
	case "w", "week", "weeks":
		return "d, of which a week has 7"
	case "y", "yr", "year", "years":
		return "h, of which a year has 8760"
	case "msec", "msecs", "millisecond", "milliseconds":
		return "ms"
	case "microsecond", "microseconds":
		return "us"
	case "k", "kb", "ki":
		return "KB for 1,000 bytes, KiB for 1,024"
	case "mb", "mi":
		return "MB for 1,000,000 bytes, MiB for 1,048,576"
	case "g", "gb", "gi":
		return "GB for 10^9 bytes, GiB for 2^30"
	case "byte", "bytes":
		return "B"
	case "rps", "/sec", "/second", "records/s", "messages/s", "msg/s", "msgs/s":
		return "/s"
	case "/m", "/minute":
		return "/min"
	case "k/s":
		return "k/s"
	case "m/s":
		return "M/s"
	}
	return ""
}

// parse reads text as one number with a unit, in base units (ns for durations).
// A zero needs no unit. The error continues a sentence that began with the text.
func (k quantityKind) parse(text string) (float64, error) {
	number, rest := leadingNumber(text)
	if number == "" {
		return 0, k.wrong("is not " + k.noun)
	}
	if plain := ungrouped(text); plain != text {
		return 0, fmt.Errorf("has its digits in groups; write %s", plain)
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, k.wrong(fmt.Sprintf("begins with %s, which is not a number", shown(number)))
	}
	name := rest
	if before, after, ok := strings.Cut(rest, "/"); ok {
		name = strings.TrimRight(before, " ") + "/" + strings.TrimLeft(after, " ")
	}
	if name == "" {
		if number == "0" {
			return 0, nil
		}
		return 0, k.wrong("has no unit")
	}
	for _, u := range k.units {
		if u.name == name {
			return value * u.factor, nil
		}
	}
	likely := likelyUnit(name)
	for _, u := range k.units {
		if u.name == likely {
			return 0, fmt.Errorf("has the unknown unit %s; write %s", shown(name), number+strings.Repeat(" ", spacing(likely))+likely)
		}
	}
	if likely != "" {
		return 0, fmt.Errorf("has the unknown unit %s; write %s", shown(name), likely)
	}
	return 0, k.wrong("has the unknown unit " + shown(name))
}

// spacing is how many spaces stand before a unit: none before those of a rate.
func spacing(name string) int {
	if strings.HasSuffix(name, "/s") || strings.HasSuffix(name, "/min") {
		return 0
	}
	return 1
}

func (k quantityKind) wrong(what string) error {
	return fmt.Errorf("%s; write %s such as %s (units: %s)", what, k.noun, k.example, k.list)
}

// leadingNumber cuts text after the unsigned decimal number that it begins with.
func leadingNumber(text string) (number, rest string) {
	end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(text)
	}
	return text[:end], strings.TrimLeft(text[end:], " ")
}

// ungrouped is text without what stands between groups of three digits in the
// number that it begins with: 1,000/s is 1000/s.
func ungrouped(text string) string {
	digits := func(s string) int {
		if n := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }); n >= 0 {
			return n
		}
		return len(s)
	}
	head := digits(text)
	if head < 1 || head > 3 {
		return text
	}
	plain, rest := text[:head], text[head:]
	for rest != "" && strings.ContainsRune(",_' ", rune(rest[0])) && digits(rest[1:]) == 3 {
		plain, rest = plain+rest[1:4], rest[4:]
	}
	if len(plain) == head {
		return text
	}
	return plain + rest
}

// parseDuration reads durations such as 2 min, 0.5 ms and 1 h 30 min; units may
// only get smaller. A bare 0 is a duration.
func parseDuration(text string) (time.Duration, error) {
	kind := durationKind()
	// Whole nanoseconds are added as integers: a float64 is exact for 104 days only.
	var total time.Duration
	smallest := math.Inf(1)
	for rest := strings.TrimSpace(text); ; {
		part := rest
		_, after := leadingNumber(rest)
		if i := strings.IndexAny(after, "0123456789."); i > 0 {
			part, rest = rest[:len(rest)-len(after)+i], after[i:]
		} else {
			rest = ""
		}
		value, err := kind.parse(strings.TrimSpace(part))
		if err != nil {
			return 0, err
		}
		scale := unitScale(kind, part)
		if scale >= smallest {
			return 0, errors.New("does not go from large units to small ones; write it as in 1 h 30 min")
		}
		if value > float64(maxDuration-total) {
			return 0, errors.New("is longer than a century; the longest is 36500 d")
		}
		if value > 0 && value < 0.5 {
			return 0, errors.New("is shorter than a nanosecond; the shortest is 1 ns")
		}
		total, smallest = total+time.Duration(math.Round(value)), scale
		if rest == "" {
			break
		}
	}
	return total, nil
}

// unitScale is the factor of the unit that part ends in; 1 without one.
func unitScale(kind quantityKind, part string) float64 {
	_, rest := leadingNumber(strings.TrimSpace(part))
	for _, u := range kind.units {
		if u.name == rest {
			return u.factor
		}
	}
	return 1
}

// parseBytes reads an amount of data such as 1 KiB, in bytes.
func parseBytes(text string) (int64, error) {
	value, err := sizeKind().parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return 0, err
	case value > maxSize:
		return 0, errors.New("is more than 1 PiB; the largest size is 1024 TiB")
	case value != math.Trunc(value):
		return 0, errors.New("is not a whole number of bytes; write a size such as 1 KiB")
	}
	return int64(value), nil
}

// parseByteRate reads a throughput such as 40 MB/s, in bytes per second.
func parseByteRate(text string) (float64, error) {
	value, err := byteRateKind().parse(strings.TrimSpace(text))
	if err == nil && value > maxSize {
		return 0, errors.New("is more than 1 PiB/s; the largest throughput is 1024 TiB/s")
	}
	return value, err
}

// parseRate reads a frequency such as 2000/s, 1M/s or 120/min, in 1/s.
func parseRate(text string) (float64, error) {
	value, err := rateKind().parse(strings.TrimSpace(text))
	if err == nil && value > maxRate {
		return 0, errors.New("is more than 1e9 a second; the highest rate is 1G/s")
	}
	return value, err
}

// parseNumber reads a plain number such as 0.9 or 1e-6.
func parseNumber(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) || strings.ContainsAny(text, "xXpP_") {
		return 0, errors.New("is not a number; write one such as 0.9 or 1e-6")
	}
	return value, nil
}

// parseRatio reads a share such as 5 % or 0.05; both are 0.05.
func parseRatio(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	value, err := parseNumber(strings.TrimRight(number, " "))
	if err != nil {
		return 0, errors.New("is not a ratio; write one such as 5 % or 0.05")
	}
	if percent {
		value /= 100
	}
	return value, nil
}
