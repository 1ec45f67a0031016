package history_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/history"
)

// ms is an instant n ms after the logs of the tests begin.
func ms(n int64) time.Time { return time.UnixMilli(1_700_000_000_000 + n) }

// A metadataLog is a log in the making.
type metadataLog struct {
	data []byte
	next int64
}

// add appends a batch of metadata records that the controller took up at once.
func (l *metadataLog) add(at int64, values ...[]byte) {
	l.batch(at, 0, nil, values...)
}

// batch appends a batch; key is that of each record.
func (l *metadataLog) batch(at int64, attributes int16, key []byte, values ...[]byte) {
	b := kmsg.RecordBatch{
		FirstOffset: l.next, PartitionLeaderEpoch: 1, Magic: 2, Attributes: attributes,
		LastOffsetDelta: int32(len(values) - 1), FirstTimestamp: ms(at).UnixMilli(), MaxTimestamp: ms(at).UnixMilli(),
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(len(values)),
	}
	for i, value := range values {
		r := kmsg.Record{OffsetDelta: int32(i), Key: key, Value: value}
		body := r.AppendTo(nil)[1:]
		r.Length = int32(len(body))
		b.Records = r.AppendTo(b.Records)
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	l.data = append(l.data, raw...)
	l.next += int64(len(values))
}

// A message is a metadata record in the making.
type message struct{ data []byte }

func record(key, version uint64) *message {
	m := &message{}
	return m.unsigned(1).unsigned(key).unsigned(version)
}

func (m *message) unsigned(v uint64) *message { m.data = binary.AppendUvarint(m.data, v); return m }

func (m *message) int8(v int8) *message { m.data = append(m.data, byte(v)); return m }

func (m *message) int16(v int16) *message {
	m.data = binary.BigEndian.AppendUint16(m.data, uint16(v))
	return m
}

func (m *message) int32(v int32) *message {
	m.data = binary.BigEndian.AppendUint32(m.data, uint32(v))
	return m
}

func (m *message) int64(v int64) *message {
	m.data = binary.BigEndian.AppendUint64(m.data, uint64(v))
	return m
}

func (m *message) text(s string) *message {
	m.unsigned(uint64(len(s)) + 1)
	m.data = append(m.data, s...)
	return m
}

func (m *message) uuid(id history.TopicID) *message { m.data = append(m.data, id[:]...); return m }

func (m *message) ids(list ...int32) *message {
	m.unsigned(uint64(len(list)) + 1)
	for _, v := range list {
		m.int32(v)
	}
	return m
}

// A tagged is one tagged field.
type tagged struct {
	tag   uint64
	value *message
}

func tag(n uint64, value *message) tagged { return tagged{n, value} }

func list(ids ...int32) *message { return (&message{}).ids(ids...) }

func number(v int32) *message { return (&message{}).int32(v) }

func small(v int8) *message { return (&message{}).int8(v) }

// tags ends a message.
func (m *message) tags(fields ...tagged) []byte {
	m.unsigned(uint64(len(fields)))
	for _, f := range fields {
		m.unsigned(f.tag).unsigned(uint64(len(f.value.data)))
		m.data = append(m.data, f.value.data...)
	}
	return m.data
}

func topicRecord(name string, id history.TopicID) []byte {
	return record(2, 0).text(name).uuid(id).tags()
}

// partitionRecord is one of version 2, as clusters of 4.1 and later write it.
func partitionRecord(id history.TopicID, partition, leader int32, replicas ...int32) []byte {
	m := record(3, 2).int32(partition).uuid(id).ids(replicas...).ids(replicas...).ids().ids().int32(leader).int32(0).int32(0)
	m.unsigned(uint64(len(replicas)) + 1)
	for range replicas {
		m.uuid(history.TopicID{9})
	}
	return m.tags()
}

func partitionChange(id history.TopicID, partition int32, fields ...tagged) []byte {
	return record(5, 2).int32(partition).uuid(id).tags(fields...)
}

// registerBroker is one of a version from 0 to 4.
func registerBroker(version uint64, id int32, epoch int64, fenced bool) []byte {
	m := record(0, version).int32(id)
	if version >= 2 {
		m.int8(0)
	}
	m.uuid(history.TopicID{7}).int64(epoch)
	m.unsigned(2).text("CLIENTS").text("127.0.0.1").int16(9092).int16(0).unsigned(0)
	m.unsigned(2).text("metadata.version").int16(7).int16(30).unsigned(0)
	m.unsigned(0) // no rack
	if fenced {
		m.int8(1)
	} else {
		m.int8(0)
	}
	if version >= 1 {
		m.int8(0)
	}
	if version < 3 {
		return m.tags()
	}
	return m.tags(tag(0, (&message{}).unsigned(2).uuid(history.TopicID{9})))
}

func decode(t *testing.T, log []byte) history.History {
	t.Helper()
	h, err := history.Decode(log)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
