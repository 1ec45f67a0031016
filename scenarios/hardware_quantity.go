package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// parseSpan reads a duration such as 1.5 ms.
func parseSpan(text string) (time.Duration, error) {
	n, u, err := splitQuantity(text)
	if err != nil {
		return 0, err
	}
	for _, known := range []struct {
		name string
		span time.Duration
	}{{"ns", 1}, {"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}, {"min", time.Minute}, {"h", time.Hour}} {
		if known.name == u && n*float64(known.span) < float64(Forever) {
			return time.Duration(math.Round(n * float64(known.span))), nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration such as 250 ms, 10 s or 5 min", text)
}

// parseSize reads an amount of data such as 64 MiB.
func parseSize(text string) (unit.Bytes, error) {
	n, u, err := splitQuantity(text)
	if err != nil {
		return 0, err
	}
	for _, known := range []struct {
		name string
		size unit.Bytes
	}{{"B", 1}, {"KB", unit.KB}, {"MB", unit.MB}, {"GB", unit.GB}, {"TB", unit.TB}, {"KiB", unit.KiB}, {"MiB", unit.MiB}, {"GiB", unit.GiB}, {"TiB", unit.TiB}} {
		if known.name == u && n*float64(known.size) < math.MaxInt64 {
			return unit.Bytes(math.Round(n * float64(known.size))), nil
		}
	}
	return 0, fmt.Errorf("%q is not an amount of data such as 64 MiB or 4 GB", text)
}

// parseThroughput reads a rate of data such as 400 MB/s.
func parseThroughput(text string) (unit.ByteRate, error) {
	size, found := strings.CutSuffix(text, "/s")
	b, err := parseSize(size)
	if err != nil || !found {
		return 0, fmt.Errorf("%q is not a throughput such as 400 MB/s", text)
	}
	return unit.ByteRate(b), nil
}

func splitQuantity(text string) (float64, string, error) {
	text = strings.TrimSpace(text)
	i := strings.LastIndexAny(text, "0123456789.") + 1
	n, err := strconv.ParseFloat(text[:i], 64)
	if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, "", fmt.Errorf("%q is not a number with a unit", text)
	}
	return n, strings.TrimSpace(text[i:]), nil
}
