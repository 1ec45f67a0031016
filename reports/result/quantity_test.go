package result_test

import (
	"math"
	"testing"

	"kafkasim/reports/result"
)

func TestQuantitiesAreForPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "s", "0 s"},
		{25e-9, "s", "25 ns"},
		{0.0123456, "s", "12.35 ms"},
		{0.00099999, "s", "1 ms"},
		{0.99997, "s", "1 s"},
		{8.6, "s", "8.6 s"},
		{-0.25, "s", "-250 ms"},
		{299, "s", "299 s"},
		{300, "s", "5 min"},
		{7200, "s", "2 h"},
		{31536000, "s", "365 days"},
		{1536, "bytes", "1.5 KiB"},
		{1048575.99, "bytes", "1 MiB"},
		{93.75e6, "bytes/s", "93.75 MB/s"},
		{40000, "records", "40,000"},
		{39999.6, "records", "40,000"},
		{999.96, "records", "1,000"},
		{12.3456, "records", "12.35"},
		{0.00001234, "records", "1.2e-05"},
		{1e15, "records", "1.000e+15"},
		{-1234567, "records", "-1,234,567"},
		{2.4586, "nines", "2.459"},
		{12600, "member-seconds", "12,600 member-s"},
		{3, "", "3"},
		{1, "ratio", "100 %"},
		{0.123456, "ratio", "12.35 %"},
		{0.99, "ratio", "99 %"},
		{0.9999875, "ratio", "99.9988 %"},
		{0.99999999999, "ratio", "99.9999999990 %"},
		{0, "ratio", "0 %"},
		{1e-9, "ratio", "1e-09"},
		{1.26e-6, "ratio", "1.3e-06"},
		{1e-5, "ratio", "0.001 %"},
		{math.NaN(), "s", "–"},
		{math.Inf(1), "nines", "∞"},
		{math.Inf(-1), "nines", "-∞"},
	} {
		if got := result.Quantity(c.value, c.unit); got != c.want {
			t.Errorf("Quantity(%v, %q) = %q, want %q", c.value, c.unit, got, c.want)
		}
	}
	nan := math.NaN()
	for _, c := range []struct {
		i    result.Interval
		want string
	}{
		{interval(0.001, 0.25), "1 … 250 ms"},
		{interval(0.001, 2), "1 ms … 2 s"},
		{interval(nan, 0.25), "≤ 250 ms"},
		{interval(0.001, nan), "≥ 1 ms"},
		{interval(nan, nan), ""},
	} {
		if got := result.QuantityInterval(c.i, "s"); got != c.want {
			t.Errorf("QuantityInterval(%v) = %q, want %q", c.i, got, c.want)
		}
	}
}
