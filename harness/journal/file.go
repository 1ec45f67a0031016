package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Roles of a client process.
const (
	RoleProducer = "producer"
	RoleConsumer = "consumer"
)

// A Header says whose journal it is.
type Header struct {
	Role   string            `json:"role"`   // RoleProducer or RoleConsumer
	Index  int               `json:"index"`  // in Spec.Producers or Spec.Groups
	Member int               `json:"member"` // of a group, 1..; 0 for producers
	Life   int               `json:"life"`   // 0 first, one more at each restart
	PID    int               `json:"pid"`
	Notes  map[string]string `json:"notes,omitempty"` // the client's settings really used
}

// A File is a journal read back.
type File struct {
	Header  Header
	Entries []Entry // in the order in which they were written
}

// magic begins every journal; a header line in JSON follows, then the entries.
const magic = "kafkasim journal 1\n"

// entrySize is the length of an entry in the file.
const entrySize = 64

// A Writer writes a journal. Its methods may be called from several goroutines
// at a time; entries are written in the order of the calls.
type Writer struct {
	mutex  sync.Mutex
	file   *os.File
	err    error
	buffer [entrySize]byte
}

// Create begins a journal; the file must not exist.
func Create(path string, h Header) (*Writer, error) {
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("journal: header: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	head := append([]byte(magic), line...)
	if _, err := file.Write(append(head, '\n')); err != nil {
		return nil, errors.Join(fmt.Errorf("journal: %w", err), file.Close())
	}
	return &Writer{file: file}, nil
}

// Append writes an entry with one write(2). After a write that failed nothing
// more is written, so that the file stays readable; Err and Close say so.
func (w *Writer) Append(e Entry) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.err != nil {
		return
	}
	e.encode(&w.buffer)
	if _, err := w.file.Write(w.buffer[:]); err != nil {
		w.err = fmt.Errorf("journal: %w", err)
	}
}

// Err is the failure that ended the journal before its time, or nil.
func (w *Writer) Err() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.err
}

// Close closes the file and returns what Err would, if anything.
func (w *Writer) Close() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return errors.Join(w.err, w.file.Close())
}

// Read reads a journal. A last entry that is not whole, as a killed process may
// leave it, is dropped.
func Read(path string) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("journal: %w", err)
	}
	data, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return File{}, fmt.Errorf("journal: %w", err)
	}
	read, err := decode(data)
	if err != nil {
		return File{}, fmt.Errorf("journal: %s: %w", path, err)
	}
	return read, nil
}

func decode(data []byte) (File, error) {
	rest, found := bytes.CutPrefix(data, []byte(magic))
	if !found {
		return File{}, errors.New("it is not a journal")
	}
	line, rest, found := bytes.Cut(rest, []byte{'\n'})
	if !found {
		return File{}, errors.New("its header is not whole")
	}
	var f File
	if err := json.Unmarshal(line, &f.Header); err != nil {
		return File{}, fmt.Errorf("its header cannot be read: %w", err)
	}
	f.Entries = make([]Entry, 0, len(rest)/entrySize)
	for len(rest) >= entrySize {
		e := decodeEntry((*[entrySize]byte)(rest))
		if e.Kind < Ready || e.Kind > Leaving {
			return File{}, fmt.Errorf("entry %d is damaged: it is of %v", len(f.Entries), e.Kind)
		}
		f.Entries = append(f.Entries, e)
		rest = rest[entrySize:]
	}
	return f, nil
}

// encode lays an entry out; numbers are little-endian. Bytes 1, 10 and 11 are 0.
func (e *Entry) encode(b *[entrySize]byte) {
	order := binary.LittleEndian
	b[0] = uint8(e.Kind)
	order.PutUint16(b[2:], uint16(e.Code))
	order.PutUint16(b[4:], e.ID.Producer)
	order.PutUint16(b[6:], e.ID.Instance)
	order.PutUint16(b[8:], e.Topic)
	order.PutUint32(b[12:], uint32(e.Partition))
	order.PutUint32(b[16:], uint32(e.Count))
	order.PutUint32(b[20:], uint32(e.Generation))
	order.PutUint64(b[24:], uint64(e.At))
	order.PutUint64(b[32:], e.ID.Sequence)
	order.PutUint64(b[40:], uint64(e.Intended))
	order.PutUint64(b[48:], uint64(e.Offset))
	order.PutUint64(b[56:], uint64(e.Late))
}

func decodeEntry(b *[entrySize]byte) Entry {
	order := binary.LittleEndian
	return Entry{
		Kind: Kind(b[0]),
		Code: int16(order.Uint16(b[2:])),
		ID: ID{
			Producer: order.Uint16(b[4:]), Instance: order.Uint16(b[6:]),
			Sequence: order.Uint64(b[32:]),
		},
		Topic:      order.Uint16(b[8:]),
		Partition:  int32(order.Uint32(b[12:])),
		Count:      int32(order.Uint32(b[16:])),
		Generation: int32(order.Uint32(b[20:])),
		At:         int64(order.Uint64(b[24:])),
		Intended:   int64(order.Uint64(b[40:])),
		Offset:     int64(order.Uint64(b[48:])),
		Late:       int64(order.Uint64(b[56:])),
	}
}
