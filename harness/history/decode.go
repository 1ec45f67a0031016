package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// The layout of a record batch of magic 2 (DefaultRecordBatch.java): the offset
// and the length come first, and the length counts what follows it.
const (
	lengthAt     = 8
	magicAt      = 16
	crcAt        = 17
	attributesAt = 21
	timestampAt  = 27
	countAt      = 57
	recordsAt    = 61
	lengthEnd    = 12
)

// Bits of a batch's attributes.
const (
	compressionBits = 7
	appendTimeBit   = 8
	controlBit      = 32
)

// leaderChangeType is the control record with which a new leader of the
// controllers begins (ControlRecordType.LEADER_CHANGE).
const leaderChangeType = 2

// errEnd is the end of a log, which may be in the middle of a batch.
var errEnd = errors.New("the log ends")

// Decode reads the raw bytes of __cluster_metadata-0, its segments one after the
// other from the first. A batch at the end that is not whole is left out. It
// returns an error when a batch is damaged or holds what no Kafka of 4.x writes,
// or when the log speaks of what it has not introduced, as one does that does not
// begin at its beginning.
func Decode(log []byte) (History, error) {
	d := decoder{topics: map[TopicID]*topic{}, brokers: map[int32]*BrokerState{}}
	for at := 0; at < len(log); {
		n, err := d.batch(log[at:])
		if errors.Is(err, errEnd) {
			break
		}
		if err != nil {
			return History{}, fmt.Errorf("metadata log, batch at byte %d: %w", at, err)
		}
		at += n
	}
	return d.history, nil
}

// A decoder replays a metadata log.
type decoder struct {
	history History
	topics  map[TopicID]*topic
	brokers map[int32]*BrokerState
	last    time.Time
}

// A topic is a topic as far as the log has told.
type topic struct {
	name       string
	partitions map[int32]*Registration
}

// batch reads one batch and returns its length.
func (d *decoder) batch(b []byte) (int, error) {
	if len(b) < recordsAt {
		return 0, errEnd
	}
	order := binary.BigEndian
	length := int64(int32(order.Uint32(b[lengthAt:])))
	if length == 0 && order.Uint64(b) == 0 && b[magicAt] == 0 {
		return 0, errEnd // space that was made and not yet written
	}
	if length < recordsAt-lengthEnd {
		return 0, fmt.Errorf("a length of %d", length)
	}
	if lengthEnd+length > int64(len(b)) {
		return 0, errEnd
	}
	whole := lengthEnd + int(length)
	b = b[:whole]
	if b[magicAt] != 2 {
		return 0, fmt.Errorf("record format %d, not 2", b[magicAt])
	}
	if crc := crc32.Checksum(b[attributesAt:], crc32.MakeTable(crc32.Castagnoli)); crc != order.Uint32(b[crcAt:]) {
		return 0, errors.New("its checksum is wrong")
	}
	attributes := order.Uint16(b[attributesAt:])
	if attributes&compressionBits != 0 {
		return 0, fmt.Errorf("compression %d, which a metadata log has not", attributes&compressionBits)
	}
	batch := batchHead{
		offset: int64(order.Uint64(b)), control: attributes&controlBit != 0,
		time: int64(order.Uint64(b[timestampAt:])), fixed: attributes&appendTimeBit != 0,
	}
	if batch.fixed {
		batch.time = int64(order.Uint64(b[timestampAt+8:])) // the largest timestamp stands for all
	}
	r := reader{data: b[recordsAt:]}
	for range int32(order.Uint32(b[countAt:])) {
		if err := d.record(&r, batch); err != nil {
			return 0, err
		}
	}
	return whole, nil
}

// A batchHead is what the records of a batch have in common.
type batchHead struct {
	offset  int64
	time    int64 // ms since 1970
	fixed   bool  // all records have it
	control bool
}

// record reads one record (DefaultRecord.java).
func (d *decoder) record(r *reader, batch batchHead) error {
	size := r.varint()
	body := reader{data: r.bytes(size)}
	if r.failed {
		return errors.New("a record is longer than its batch")
	}
	body.int8() // attributes: none are defined
	later := body.varlong()
	offset := batch.offset + body.varint()
	key := body.bytes(body.varint())
	value := body.bytes(body.varint())
	if body.failed {
		return errors.New("a record cannot be read")
	}
	if batch.fixed {
		later = 0
	}
	at := time.UnixMilli(batch.time + later)
	if at.Before(d.last) {
		at = d.last
	}
	d.last = at
	if batch.control {
		return d.control(key, value, Change{At: at, Offset: offset})
	}
	if err := d.message(value, Change{At: at, Offset: offset}); err != nil {
		return fmt.Errorf("record at offset %d: %w", offset, err)
	}
	return nil
}

// control reads a control record: only the election of a leader is of interest.
func (d *decoder) control(key, value []byte, c Change) error {
	k := reader{data: key}
	k.int16() // its version
	if kind := k.int16(); k.failed || kind != leaderChangeType {
		return nil
	}
	v := reader{data: value}
	v.int16() // the version of the message, which stands first in it
	c.Kind, c.Broker = ControllerElected, v.int32()
	if v.failed {
		return fmt.Errorf("the election at offset %d cannot be read", c.Offset)
	}
	d.add(c)
	return nil
}

func (d *decoder) add(c Change) { d.history.Changes = append(d.history.Changes, c) }
