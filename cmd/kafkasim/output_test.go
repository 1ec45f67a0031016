package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFileStandsOnlyOnceWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "result.json")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	var all files
	f, err := all.create(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "old" {
		t.Errorf("before the commit the file holds %q, want what it held", got)
	}
	if err := f.commit([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "new" {
		t.Errorf("after the commit the file holds %q", got)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, want the old file's 0640", info.Mode())
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("the folder holds %v, want the result alone", got)
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all files
	f, err := all.create(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names(t, dir)) != 1 {
		t.Fatal("nothing was begun: an unwritable folder would show too late")
	}
	all.discard()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the folder holds %v after an interrupt", got)
	}
	if err := f.commit([]byte("new")); !errors.Is(err, errInterrupted) {
		t.Errorf("commit after an interrupt: %v", err)
	}
	if _, err := all.create(filepath.Join(dir, "other.json")); !errors.Is(err, errInterrupted) {
		t.Errorf("create after an interrupt: %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the folder holds %v in the end", got)
	}
}

func TestLinkStaysALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.json"), filepath.Join(dir, "link.json")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here")
	}
	var all files
	f, err := all.create(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.commit([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, target); got != "new" {
		t.Errorf("the target holds %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v %v", info, err)
	}
}

func TestFullDiskIsAnErrorAndReplacesNoDevice(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	var all files
	f, err := all.create("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.commit([]byte("new")); err == nil {
		t.Error("a full disk went unnoticed")
	}
	if info, err := os.Stat("/dev/full"); err != nil || info.Mode().IsRegular() {
		t.Errorf("/dev/full is now %v, %v", info, err)
	}
}

func TestUnwritableIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all files
	for _, path := range []string{dir, filepath.Join(dir, "missing", "result.json")} {
		if _, err := all.create(path); err == nil {
			t.Errorf("create(%s) found nothing wrong", path)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the folder holds %v", got)
	}
}
