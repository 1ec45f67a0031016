package plot

import (
	"strings"
	"testing"
)

func TestTicksAreRoundAndDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{9.9, 10.05, "9.90 9.95 10.00 10.05"},
		{0, 10_500, "0 2,000 4,000 6,000 8,000 10,000"},
		{-3, 3, "-3 -2 -1 0 1 2 3"},
		{10.0100, 10.0136, "10.010 10.011 10.012 10.013"},
	} {
		var labels []string
		seen := map[string]bool{}
		for _, tick := range (linearTicks{}).Ticks(c.low, c.high) {
			if seen[tick.Label] {
				t.Errorf("%v … %v: %s twice", c.low, c.high, tick.Label)
			}
			seen[tick.Label] = true
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v … %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestMeasures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit string
		most float64
		want string
	}{
		{"s", 0.0005, "µs"},
		{"s", 0.5, "ms"},
		{"s", 12, "s"},
		{"s", 900, "min"},
		{"s", 9000, "h"},
		{"bytes/s", 5e4, "KB/s"},
		{"bytes/s", 5e6, "MB/s"},
		{"bytes/s", 5e9, "GB/s"},
		{"ratio", 1, "%"},
		{"records", 5, "records"},
		{"", 5, ""},
	} {
		if got := measureFor(c.unit, c.most).name; got != c.want {
			t.Errorf("%v %s are measured in %q, want %q", c.most, c.unit, got, c.want)
		}
	}
}
