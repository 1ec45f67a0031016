package scenarios

import (
	"strings"
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	t.Parallel()
	good := map[string]time.Duration{
		"0": 0, "0 s": 0, "1 ns": 1, "1 us": time.Microsecond, "1 µs": time.Microsecond, "1 μs": time.Microsecond,
		"500 ms": 500 * time.Millisecond, "500ms": 500 * time.Millisecond, "0.5 ms": 500 * time.Microsecond,
		".5 s": 500 * time.Millisecond, "2 min": 2 * time.Minute, "1.5 h": 90 * time.Minute, "24 h": 24 * time.Hour,
		"10 d": 240 * time.Hour, "1 h 30 min": 90 * time.Minute, "1h30min": 90 * time.Minute,
		"1 d 1 h 1 min 1 s": 25*time.Hour + 61*time.Second, "36500 d": maxDuration, " 5 s ": 5 * time.Second,
	}
	for text, want := range good {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	bad := map[string]string{
		"60": "has no unit", "": "is not a duration", "soon": "is not a duration", "-1 s": "is not a duration",
		"5 m": "min for minutes", "10 sec": "write 10 s", "2 hours": "write 2 h", "1 min 2 h": "from large units to small",
		"1 s 1 s": "from large units to small", "1 s 5": "has no unit", "40000 d": "century", "0.1 ns": "nanosecond",
		"1..5 s": "is not a number", "1 m in": "unknown unit", "1e3 s": "unit", "00": "has no unit",
		"9999999999999999999999 d": "century",
	}
	for text, want := range bad {
		if got, err := parseDuration(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseDuration(%q) = %v, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestSizesDifferByPrefix(t *testing.T) {
	t.Parallel()
	good := map[string]int64{
		"0": 0, "1 B": 1, "1 KB": 1000, "1 KiB": 1024, "1.5 KiB": 1536, "64 MiB": 64 << 20, "64MB": 64_000_000,
		"1 GB": 1e9, "1 GiB": 1 << 30, "1 TB": 1e12, "1 TiB": 1 << 40, "1024 TiB": maxSize,
	}
	for text, want := range good {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("parseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"1024": "has no unit", "1 kb": "KiB", "1 K": "KiB", "1 M": "unknown unit", "1 mb": "MiB", "1.5 B": "whole number",
		"2000 TiB": "1 PiB", "1 KB/s": "unknown unit", "-1 B": "is not a size",
	} {
		if got, err := parseBytes(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseBytes(%q) = %d, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestRatesAndRatios(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0": 0, "2000/s": 2000, "1M/s": 1e6, "500k/s": 5e5, "120/min": 2, "3600/h": 1, "86400/d": 1, "1.5k/s": 1500,
		"1 M / s": 1e6, "1G/s": 1e9,
	} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("parseRate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]float64{"40 MB/s": 40e6, "1 KiB/s": 1024, "0": 0, "1.5 GB / s": 1.5e9} {
		if got, err := parseByteRate(text); err != nil || got != want {
			t.Errorf("parseByteRate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]float64{"5 %": 0.05, "5%": 0.05, "0.05": 0.05, "1e-6": 1e-6, "100 %": 1} {
		if got, err := parseRatio(text); err != nil || got != want {
			t.Errorf("parseRatio(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"2000": "has no unit", "2G/s": "highest rate is 1G/s", "2000 rps": "write 2000/s", "2000/sec": "write 2000/s",
		"1m/s": "write 1M/s", "fast": "is not a rate", "1 MB/s": "unknown unit",
	} {
		if got, err := parseRate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseRate(%q) = %v, %v; want an error with %q", text, got, err, want)
		}
	}
	for _, text := range []string{"NaN", "inf", "0x10", "1_000", "", "%", "five %"} {
		if got, err := parseRatio(text); err == nil {
			t.Errorf("parseRatio(%q) = %v; want an error", text, got)
		}
	}
}

// What a message spells, a file may say.
func TestSpelledQuantitiesAreReadBack(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 1, 1500, 90 * time.Second, 25 * time.Hour, maxDuration, 1234567890123456789} {
		if got, err := parseDuration(spellDuration(d)); err != nil || got != d {
			t.Errorf("%d ns is spelled %q, which is read as %d, %v", d, spellDuration(d), got, err)
		}
	}
	if got := spellWhole(1234567); got != "1,234,567" {
		t.Errorf("spellWhole(1234567) = %s", got)
	}
	if got := spellWhole(-100); got != "-100" {
		t.Errorf("spellWhole(-100) = %s", got)
	}
	if got := spellBytes(1536); got != "1,536 B" {
		t.Errorf("spellBytes(1536) = %s", got)
	}
}
