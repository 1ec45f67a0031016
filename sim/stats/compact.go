package stats

import (
	"encoding/binary"
	"slices"
)

// Compact returns an independent copy in little memory: two to four bytes a
// bucket that is not empty where weights are small, at most twelve. It reads
// like any Sketch; the first Add or Merge into it unpacks it. The copy of a
// nil Sketch is empty.
func (s *Sketch) Compact() *Sketch {
	if s.Count() == 0 {
		return new(Sketch)
	}
	if s.packed != nil {
		c := *s
		c.packed, c.rows = slices.Clone(s.packed), nil
		return &c
	}
	// Two passes: the first measures, so that nothing is allocated twice.
	var scratch [2 * binary.MaxVarintLen64]byte
	size, next := 0, 0
	for b := range s.cells() {
		size += len(packCell(scratch[:0], b, &next))
	}
	packed := make([]byte, 0, size)
	next = 0
	for b := range s.cells() {
		packed = packCell(packed, b, &next)
	}
	return &Sketch{
		count: s.count, sumHigh: s.sumHigh, sumLow: s.sumLow, min: s.min, max: s.max,
		packed: packed,
	}
}

// packCell appends the number of buckets skipped since next, and the weight,
// both in variable length.
func packCell(to []byte, b cell, next *int) []byte {
	position := b.position()
	to = binary.AppendUvarint(to, uint64(position-*next))
	*next = position + 1
	return binary.AppendUvarint(to, b.weight)
}

// unpackCells yields what packCell has appended.
func unpackCells(from []byte, yield func(cell) bool) {
	next := 0
	for len(from) > 0 {
		skipped, n := binary.Uvarint(from)
		weight, m := binary.Uvarint(from[n:])
		from = from[n+m:]
		position := next + int(skipped)
		next = position + 1
		if !yield(cell{position / subBuckets, position % subBuckets, weight}) {
			return
		}
	}
}

// unpack turns a compact sketch into one that can count.
func (s *Sketch) unpack() {
	packed := s.packed
	s.packed = nil
	unpackCells(packed, func(b cell) bool {
		s.grow(b.row)
		s.rows[b.row][b.column] += b.weight
		return true
	})
}
