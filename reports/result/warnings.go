package result

import (
	"fmt"
	"slices"
)

// maxWarnings bounds how many different warnings a Set lists: those that name
// an instant differ from replication to replication.
const maxWarnings = 50

// warnings collects those of all replications, each text once.
type warnings struct {
	texts  []string
	counts []int // replications that gave texts[i]
	more   int   // warnings that found no place
}

// add takes the warnings of one replication.
func (w *warnings) add(texts []string) {
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			continue
		}
		switch at := slices.Index(w.texts, text); {
		case at >= 0:
			w.counts[at]++
		case len(w.texts) < maxWarnings:
			w.texts = append(w.texts, text)
			w.counts = append(w.counts, 1)
		default:
			w.more++
		}
	}
}

// list returns the warnings of n replications in order of first appearance,
// with the number of replications that gave each.
func (w *warnings) list(n int) []string {
	var out []string
	for i, text := range w.texts {
		if n > 1 {
			text = fmt.Sprintf("%s (in %d of %d replications)", text, w.counts[i], n)
		}
		out = append(out, text)
	}
	if w.more > 0 {
		out = append(out, fmt.Sprintf("and %d more warnings like these", w.more))
	}
	return out
}
