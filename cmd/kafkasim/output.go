package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A checkedWriter remembers the first error of the writer below it, so that no
// lost output goes unnoticed, and writes nothing after it.
type checkedWriter struct {
	to    io.Writer
	mutex sync.Mutex
	err   error
}

// Write writes p, or returns the first error that ever happened.
func (w *checkedWriter) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.to.Write(p)
	w.err = err
	return n, err
}

// failure is the first error that a Write met, or nil.
func (w *checkedWriter) failure() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.err
}

// errInterrupted is what writing a file meets once the program is ending.
var errInterrupted = errors.New("interrupted before the file was written")

// files are the files that are being written. They are written whole or not at
// all: under another name in the same folder first, then renamed.
type files struct {
	mutex   sync.Mutex
	pending map[*file]bool
	closed  bool // nothing may be created or committed any more
}

// A file is one that is being written.
type file struct {
	all     *files
	target  string // where it shall stand
	written *os.File
	direct  bool // target is no regular file (a device, a pipe) and is written in place
}

// create begins a file that shall stand at path, or says why it cannot.
func (all *files) create(path string) (*file, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	if all.closed {
		return nil, errInterrupted
	}
	f, err := begin(path)
	if err != nil {
		return nil, fmt.Errorf("cannot write: %w", err)
	}
	f.all = all
	if all.pending == nil {
		all.pending = map[*file]bool{}
	}
	all.pending[f] = true
	return f, nil
}

// begin opens what is written to until path can be replaced: a file of another
// name beside it, or what stands at path if that is no regular file.
func begin(path string) (*file, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		written, err := createBeside(path)
		return &file{target: path, written: written}, err
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	// What may not be written to shall not be replaced either.
	existing, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return &file{target: path, written: existing, direct: true}, nil
	}
	// A link stays one: what it points to is replaced.
	target, err := filepath.EvalSymlinks(path)
	if err = errors.Join(err, existing.Close()); err != nil {
		return nil, err
	}
	written, err := createBeside(target)
	if err != nil {
		return nil, err
	}
	f := &file{target: target, written: written}
	if err := written.Chmod(info.Mode().Perm()); err != nil {
		f.abandon()
		return nil, err
	}
	return f, nil
}

// createBeside creates a file with a name that nobody has, beside target.
func createBeside(target string) (*os.File, error) {
	dir, base := filepath.Split(target)
	for attempt := 0; ; attempt++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%d-%d.tmp", base, os.Getpid(), attempt))
		created, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // less the umask
		if errors.Is(err, fs.ErrExist) && attempt < 100 {
			continue
		}
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			return nil, &fs.PathError{Op: "create", Path: target, Err: path.Err} // not the odd name
		}
		return created, err
	}
}

// commit writes content and puts the file in its place.
func (f *file) commit(content []byte) error {
	f.all.mutex.Lock()
	defer f.all.mutex.Unlock()
	if f.all.closed {
		return errInterrupted
	}
	delete(f.all.pending, f)
	if err := f.finish(content); err != nil {
		f.abandon()
		return fmt.Errorf("cannot write %s: %w", f.target, err)
	}
	return nil
}

// finish writes content through to the disk and renames the file.
func (f *file) finish(content []byte) error {
	if _, err := f.written.Write(content); err != nil {
		return err
	}
	if f.direct {
		return f.written.Close()
	}
	if err := f.written.Sync(); err != nil {
		return err
	}
	if err := f.written.Close(); err != nil {
		return err
	}
	return os.Rename(f.written.Name(), f.target)
}

// abandon takes away what has been written so far; what cannot be closed or
// removed has been so already.
func (f *file) abandon() {
	_ = f.written.Close()
	if !f.direct {
		_ = os.Remove(f.written.Name())
	}
}

// discard takes away every file that was begun and not committed, and lets no
// other one begin.
func (all *files) discard() {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.closed = true
	for f := range all.pending {
		f.abandon()
	}
	all.pending = nil
}

// write writes a file whole.
func (s *session) write(path string, content func(io.Writer) error) error {
	var text bytes.Buffer
	if err := content(&text); err != nil {
		return err
	}
	f, err := s.files.create(path)
	if err != nil {
		return err
	}
	return f.commit(text.Bytes())
}

// fileName makes a name of a scenario or a metric fit for a file anywhere: what
// is not a letter, a digit, a point or a dash becomes a dash.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, name)
	return strings.Trim(safe, "-.")
}
