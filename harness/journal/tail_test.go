package journal_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/journal"
)

func TestTailReadsWhatIsAdded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	tail := journal.Follow(path)
	next := func(want ...journal.Entry) {
		t.Helper()
		got, err := tail.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append([]journal.Entry{}, want...), append([]journal.Entry{}, got...)); diff != "" {
			t.Error(diff)
		}
	}
	next() // there is no file yet
	w, err := journal.Create(path, journal.Header{Role: journal.RoleProducer, PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	next()
	first := journal.Entry{Kind: journal.Sent, At: 1, ID: journal.ID{Sequence: 7}}
	second := journal.Entry{Kind: journal.Acked, At: 2, ID: journal.ID{Sequence: 7}, Offset: 40}
	w.Append(first)
	next(first)
	next()
	w.Append(second)
	w.Append(first)
	next(second, first)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
}
