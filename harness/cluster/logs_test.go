package cluster

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestStampedLines(t *testing.T) {
	t.Parallel()
	raw := `2026-11-21T10:56:29.118999888Z 2026-11-21T10:56:29.117Z INFO [main] one (kafka.Kafka)
2026-11-21T10:56:30.537000001Z java.lang.IllegalStateException: two
2026-11-21T10:56:30.537999999Z 	at three
2026-11-21T10:56:31.1Z 
`
	want := `2026-11-21T10:56:29.117Z INFO [main] one (kafka.Kafka)
2026-11-21T10:56:30.537Z java.lang.IllegalStateException: two
2026-11-21T10:56:30.537Z 	at three
2026-11-21T10:56:31.100Z 
`
	if got := string(stamped([]byte(raw))); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWholeBatchesDropsWhatIsTorn(t *testing.T) {
	t.Parallel()
	batch := func(offset uint64, payload string) []byte {
		b := binary.BigEndian.AppendUint64(nil, offset)
		b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
		return append(b, payload...)
	}
	whole := append(batch(0, "first"), batch(1, "the second")...)
	next := batch(2, "third")
	for cut := range len(next) {
		if got := wholeBatches(append(bytes.Clone(whole), next[:cut]...)); !bytes.Equal(got, whole) {
			t.Errorf("with %d bytes of a third batch: %q, want the two whole ones", cut, got)
		}
	}
	if got := wholeBatches(append(bytes.Clone(whole), next...)); len(got) != len(whole)+len(next) {
		t.Errorf("%d bytes of three whole batches, want all %d", len(got), len(whole)+len(next))
	}
	if got := wholeBatches(append(bytes.Clone(whole), make([]byte, 64)...)); !bytes.Equal(got, whole) {
		t.Errorf("zeros behind the last batch are taken for batches: %q", got)
	}
}
