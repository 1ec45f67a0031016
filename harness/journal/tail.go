package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Tail reads a journal while it is being written.
type Tail struct {
	path string
	file *os.File
	rest []byte // read and not yet an entry
	head bool   // the header has been passed
}

// Follow begins to follow the journal at path, which need not exist yet.
func Follow(path string) *Tail { return &Tail{path: path} }

// Next returns the entries that were written since the last call; none is no
// error.
func (t *Tail) Next() ([]Entry, error) {
	if t.file == nil {
		file, err := os.Open(t.path)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		t.file = file
	}
	more, err := io.ReadAll(t.file)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	t.rest = append(t.rest, more...)
	if !t.head {
		if len(t.rest) <= len(magic) {
			return nil, nil
		}
		_, after, whole := bytes.Cut(t.rest[len(magic):], []byte{'\n'})
		if !whole {
			return nil, nil
		}
		t.rest, t.head = after, true
	}
	entries := make([]Entry, 0, len(t.rest)/entrySize)
	for len(t.rest) >= entrySize {
		entries = append(entries, decodeEntry((*[entrySize]byte)(t.rest)))
		t.rest = t.rest[entrySize:]
	}
	return entries, nil
}

// Close ends the following.
func (t *Tail) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}
