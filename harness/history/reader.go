package history

import "encoding/binary"

// A reader takes values off the front of a message. After the first that is not
// there it has failed, and returns zeros.
type reader struct {
	data   []byte
	failed bool
}

// bytes takes n bytes; none if n is negative, which is how a null is written.
func (r *reader) bytes(n int64) []byte {
	if n < 0 {
		return nil
	}
	if r.failed || n > int64(len(r.data)) {
		r.failed, r.data = true, nil
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) int8() int8 {
	if b := r.bytes(1); len(b) == 1 {
		return int8(b[0])
	}
	return 0
}

func (r *reader) int16() int16 {
	if b := r.bytes(2); len(b) == 2 {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32() int32 {
	if b := r.bytes(4); len(b) == 4 {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *reader) int64() int64 {
	if b := r.bytes(8); len(b) == 8 {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// unsigned takes an unsigned varint.
func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || r.failed {
		r.failed, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

// varint takes a zigzag varint of 32 bits, as records have.
func (r *reader) varint() int64 { return int64(int32(r.varlong())) }

// varlong takes a zigzag varint of 64 bits.
func (r *reader) varlong() int64 {
	v := r.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

// length takes the length of a compact string, array or bytes: one more than it
// is, 0 for null, which returns -1. A length that cannot be is a failure.
func (r *reader) length() int64 {
	n := int64(r.unsigned()) - 1
	if n > int64(len(r.data)) {
		r.failed, r.data = true, nil
		return -1
	}
	return n
}

// text takes a compact string; "" for null.
func (r *reader) text() string { return string(r.bytes(r.length())) }

// ids takes a compact array of 32-bit integers; nil for null, else not nil.
func (r *reader) ids() []int32 {
	n := r.length()
	if n < 0 {
		return nil
	}
	list := make([]int32, 0, n)
	for range n {
		list = append(list, r.int32())
	}
	return list
}

// uuid takes a topic's or another id.
func (r *reader) uuid() (id TopicID) {
	copy(id[:], r.bytes(int64(len(id))))
	return id
}

// tagged takes the tagged fields at the end of a message and shows each to visit,
// which reads those that it knows; others are skipped.
func (r *reader) tagged(visit func(tag uint64, field *reader)) {
	for n := r.unsigned(); n > 0 && !r.failed; n-- {
		tag := r.unsigned()
		field := reader{data: r.bytes(int64(r.unsigned()))}
		if r.failed {
			return
		}
		visit(tag, &field)
		if field.failed {
			r.failed = true
		}
	}
}
