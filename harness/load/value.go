package load

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"kafkasim/harness/journal"
)

// valueMagic begins the value of every record of ours: "ksim".
const valueMagic = 0x6b73696d

// minValue is the least length of a value: magic, ID and intended time.
const minValue = 24

// EncodeValue is the value of a record: its ID and the Unix time in nanoseconds
// at which it came into being, in at least 24 bytes, and noise that no compression
// makes smaller.
func EncodeValue(id journal.ID, intended int64, size int) []byte {
	return encodeValue(id, intended, size, 1)
}

// encodeValue makes only that share of the value noise, and the rest one byte
// over and over.
func encodeValue(id journal.ID, intended int64, size int, noise float64) []byte {
	value := make([]byte, max(minValue, size))
	order := binary.BigEndian
	order.PutUint32(value, valueMagic)
	order.PutUint16(value[4:], id.Producer)
	order.PutUint16(value[6:], id.Instance)
	order.PutUint64(value[8:], id.Sequence)
	order.PutUint64(value[16:], uint64(intended))
	// Of the head about half compresses: an ID and a time much like the last ones.
	end := min(len(value), minValue+max(0, int(noise*float64(len(value)))-minValue/2))
	if noise >= 1 {
		end = len(value)
	}
	fill(value[minValue:end], uint64(id.Producer)<<48^uint64(id.Instance)<<32^id.Sequence)
	return value
}

// fill writes noise: SplitMix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, OOPSLA 2014) from a seed that no two records
// share.
func fill(b []byte, seed uint64) {
	x := bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 31)
	for len(b) > 0 {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], z^z>>31)
		b = b[copy(b, word[:]):]
	}
}

// DecodeValue reads what EncodeValue has written.
func DecodeValue(value []byte) (id journal.ID, intended int64, err error) {
	order := binary.BigEndian
	if len(value) < minValue || order.Uint32(value) != valueMagic {
		return id, 0, errors.New("load: not the value of a record of this program")
	}
	id = journal.ID{Producer: order.Uint16(value[4:]), Instance: order.Uint16(value[6:]), Sequence: order.Uint64(value[8:])}
	return id, int64(order.Uint64(value[16:])), nil
}

// recordOverhead is what a record takes in a batch beyond its key and value:
// lengths, attributes, time and offset within the batch, and the number of headers,
// as varints (Kafka's record format 2; a batch of a few dozen records is assumed).
func recordOverhead(size, key int) int {
	const attributes, timeDelta, offsetDelta, headers = 1, 1, 1, 1
	return varint(size) + attributes + timeDelta + offsetDelta + varint(key) + varint(size) + headers
}

// varint is the length of a zigzag varint.
func varint(n int) int {
	return (bits.Len64(uint64(n)<<1|1) + 6) / 7
}

// valueSize is how long a value is for its record to have the scenario's
// serialized size.
func valueSize(size, key int) int {
	return max(minValue, size-recordOverhead(size, key)-key)
}
