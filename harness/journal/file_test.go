package journal

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// full is an entry with every field at an end of its range.
func full() Entry {
	return Entry{
		Kind: Leaving, Code: math.MinInt16, Topic: math.MaxUint16, Partition: -1, Count: math.MinInt32, Generation: math.MaxInt32,
		At: math.MinInt64, ID: ID{Producer: math.MaxUint16, Instance: 1, Sequence: math.MaxUint64}, Intended: math.MaxInt64,
		Offset: -1, Late: 1 << 40,
	}
}

func write(t *testing.T, path string, h Header, entries ...Entry) {
	t.Helper()
	w, err := Create(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		w.Append(e)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	want := File{
		Header:  Header{Role: RoleConsumer, Index: 2, Member: 3, Life: 1, PID: 7, Notes: map[string]string{"acks": "1\n2"}},
		Entries: []Entry{{Kind: Ready, At: 1}, full(), {Kind: Ended}},
	}
	write(t, path, want.Header, want.Entries...)
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

func TestTornEntryIsDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	write(t, path, Header{Role: RoleProducer}, full(), full())
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut <= entrySize; cut++ {
		if err := os.WriteFile(path, data[:len(data)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil || len(got.Entries) != 1 || got.Entries[0] != full() {
			t.Fatalf("without the last %d bytes: %d entries, error %v; want the first one", cut, len(got.Entries), err)
		}
	}
}

func TestDamageIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	write(t, good, Header{}, full())
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	zeroKind := append([]byte(nil), data...)
	zeroKind[len(data)-entrySize] = 0
	for _, c := range []struct{ data, words string }{
		{"", "not a journal"},
		{"PNG", "not a journal"},
		{magic + `{"role":`, "not whole"},
		{magic + "{]\n", "cannot be read"},
		{string(zeroKind), "entry 0 is damaged"},
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("error %v, want one with %q", err, c.words)
		}
	}
	if _, err := Create(good, Header{}); err == nil {
		t.Error("a journal was begun over another one")
	}
}

func TestSeveralGoroutinesWriteWholeEntries(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	w, err := Create(path, Header{})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 500
	var all sync.WaitGroup
	for k := range writers {
		all.Go(func() {
			for i := range each {
				w.Append(Entry{Kind: Sent, ID: ID{Instance: uint16(k), Sequence: uint64(i)}, Offset: int64(k * i)})
			}
		})
	}
	all.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || len(got.Entries) != writers*each {
		t.Fatalf("%d entries and error %v, want %d", len(got.Entries), err, writers*each)
	}
	var next [writers]uint64
	for _, e := range got.Entries {
		if k := e.ID.Instance; e.ID.Sequence != next[k] || e.Offset != int64(k)*int64(next[k]) {
			t.Fatalf("entry %+v, want sequence %d of writer %d", e, next[k], k)
		}
		next[e.ID.Instance]++
	}
}

func TestFailedWriteEndsTheJournal(t *testing.T) {
	t.Parallel()
	w, err := Create(filepath.Join(t.TempDir(), "journal"), Header{})
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	if err := w.file.Close(); err != nil {
		t.Fatal(err)
	}
	w.file = full
	w.Append(Entry{Kind: Ready})
	if w.Err() == nil || w.Close() == nil {
		t.Error("a write to a full disk was no failure")
	}
}

// TestKilledWriterLosesNothing kills a process in the middle of its writing:
// every entry whose Append has returned is in the file.
func TestKilledWriterLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if path, child := os.LookupEnv("JOURNAL_CHILD"); child {
		w, err := Create(path, Header{})
		if err != nil {
			t.Fatal(err)
		}
		for i := uint64(0); ; i++ {
			w.Append(Entry{Kind: Sent, ID: ID{Sequence: i}})
			if _, err := os.Stdout.Write([]byte{'.'}); err != nil {
				return
			}
		}
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWriterLosesNothing$")
	child.Env = append(os.Environ(), "JOURNAL_CHILD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told := 0
	for buffer := make([]byte, 100); told < 1000; {
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		told += n
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	got, err := Read(path)
	if err != nil || len(got.Entries) < told {
		t.Fatalf("%d entries and error %v after %d were told", len(got.Entries), err, told)
	}
	for i, e := range got.Entries {
		if e.ID.Sequence != uint64(i) {
			t.Fatalf("entry %d is %+v", i, e)
		}
	}
}

func TestNamesAreComplete(t *testing.T) {
	t.Parallel()
	for k := Ready; k <= Leaving; k++ {
		if strings.HasPrefix(k.String(), "kind ") {
			t.Errorf("kind %d has no name", k)
		}
	}
	for code := CodeForeignRecord; code <= CodeOther; code++ {
		if strings.HasPrefix(CodeName(code), "Kafka") {
			t.Errorf("code %d has no name", code)
		}
	}
	if got, want := CodeName(6), "Kafka error 6"; got != want {
		t.Errorf("CodeName(6) = %q, want %q", got, want)
	}
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "journal"), Header{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Append(full())
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
