package result

import (
	"math"
	"strconv"
	"strings"
)

// Quantity writes a value in base units as a person reads it: times in the unit
// that suits them, whole things from a thousand up to the last one with
// separators, shares close to 1 by what is missing. At most 4 significant digits
// otherwise, so that the text does not depend on how a CPU rounds. NaN is "–".
func Quantity(value float64, unit string) string {
	switch {
	case math.IsNaN(value):
		return "–"
	case math.IsInf(value, 1):
		return "∞"
	case math.IsInf(value, -1):
		return "-∞"
	}
	switch unit {
	case "s":
		return duration4(value)
	case "bytes":
		return scaled(value, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
	case "bytes/s":
		return scaled(value, 1000, []string{"B/s", "KB/s", "MB/s", "GB/s", "TB/s", "PB/s"})
	case "ratio":
		return Percent(value)
	case "member-seconds":
		return Number(value) + " member-s"
	}
	return Number(value)
}

// Number writes a plain number: from a thousand up to the nearest whole one
// with separators, 4 significant digits below.
func Number(value float64) string {
	switch a := math.Abs(value); {
	case a >= 1e15:
		return strconv.FormatFloat(value, 'e', 3, 64)
	case a >= 999.95:
		return separated(strconv.FormatFloat(value, 'f', 0, 64))
	}
	return significant(value)
}

// Percent writes a share of 0..1 in percent: with 4 significant digits, or from
// 99 % on so that what is missing has 2. One below 1e-5 is written as a number with
// 2 digits, as scenarios write it: 1e-06.
func Percent(share float64) string {
	if a := math.Abs(share); a > 0 && a < 1e-5 {
		return strconv.FormatFloat(share, 'g', 2, 64)
	}
	if missing := 1 - share; missing > 0 && missing < 0.01 {
		digits := min(int(math.Ceil(-math.Log10(missing))), 14)
		return strconv.FormatFloat(100*share, 'f', max(digits-1, 0), 64) + " %"
	}
	return significant(100*share) + " %"
}

// significant writes up to 4 significant digits, without needless zeros.
func significant(value float64) string {
	if value == 0 {
		return "0"
	}
	if a := math.Abs(value); a < 1e-4 {
		return strconv.FormatFloat(value, 'e', 1, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 3, 64), 64)
	if err != nil {
		return strconv.FormatFloat(value, 'g', 4, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// separated puts a comma between groups of three of a whole number's digits.
func separated(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// duration4 writes seconds in the unit that keeps the number readable.
func duration4(seconds float64) string {
	steps := []struct {
		below float64 // exclusive
		unit  float64
		name  string
	}{
		{1e-6, 1e-9, "ns"},
		{1e-3, 1e-6, "µs"},
		{1, 1e-3, "ms"},
		{300, 1, "s"},
		{7200, 60, "min"},
		{48 * 3600, 3600, "h"},
		{math.Inf(1), 86400, "days"},
	}
	if seconds == 0 {
		return "0 s"
	}
	for _, s := range steps {
		// Rounding must not lift a value to the next unit: 999.97 ms is 1 s.
		if math.Abs(seconds) < s.below*(1-5e-5) {
			return Number(seconds/s.unit) + " " + s.name
		}
	}
	return Number(seconds) + " s" // not reached: the last step takes all
}

// scaled writes a value with the prefix that keeps it between 1 and base.
func scaled(value, base float64, names []string) string {
	i := 0
	for i < len(names)-1 && math.Abs(value) >= base*(1-5e-5) {
		value /= base
		i++
	}
	return Number(value) + " " + names[i]
}

// QuantityInterval writes an interval of values in base units, the unit once
// where both ends have the same; "" when nothing is known of it.
func QuantityInterval(i Interval, unit string) string {
	switch {
	case !i.Known():
		return ""
	case math.IsNaN(i.Low):
		return "≤ " + Quantity(i.High, unit)
	case math.IsNaN(i.High):
		return "≥ " + Quantity(i.Low, unit)
	}
	low, high := Quantity(i.Low, unit), Quantity(i.High, unit)
	figure, lowUnit, found := strings.Cut(low, " ")
	if _, highUnit, _ := strings.Cut(high, " "); found && lowUnit == highUnit {
		low = figure
	}
	return low + " … " + high
}
