package result

import (
	"fmt"
	"strings"
)

// DisturbedWarning is the warning of a measured repetition, from 1, that
// something other than the scenario moved: it stays in the Set, marked by it.
func DisturbedWarning(repetition int, reason string) string {
	return fmt.Sprintf("repetition %d was disturbed: %s", repetition, reason)
}

// Disturbed finds the repetition and the reason in what DisturbedWarning wrote,
// also after a Set has added in how many of its replications it was given.
func Disturbed(warning string) (repetition int, reason string, found bool) {
	if _, err := fmt.Sscanf(warning, "repetition %d was disturbed:", &repetition); err != nil || repetition < 1 {
		return 0, "", false
	}
	_, reason, _ = strings.Cut(PlainWarning(warning), ": ")
	return repetition, reason, true
}

// PlainWarning is a Set's warning without in how many replications it was given.
func PlainWarning(warning string) string {
	if i := strings.LastIndex(warning, " (in "); i >= 0 && strings.HasSuffix(warning, " replications)") {
		return warning[:i]
	}
	return warning
}
