package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// stampLayout is how log4j2.properties writes the instant of an event, and how
// Logs begins each line: UTC, milliseconds.
const stampLayout = "2006-01-02T15:04:05.000Z"

// Logs is everything that Kafka's process wrote, in all its lives, in order. Each
// line begins with an instant: the one at which Kafka logged it, or, for a line
// without one of its own (a stack trace, Java's own words), the one at which the
// engine got it.
func (n *Node) Logs(ctx context.Context) ([]byte, error) {
	raw, err := n.cluster.engine.Logs(ctx, n.kafka, 0)
	if err != nil {
		return nil, fmt.Errorf("the log of %s cannot be read: %w", n, err)
	}
	return stamped(raw), nil
}

// stamped replaces the engine's instants where a line has its own.
func stamped(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for line := range bytes.Lines(raw) {
		received, text, found := bytes.Cut(line, []byte{' '})
		at, err := time.Parse(time.RFC3339Nano, string(received))
		switch {
		case !found || err != nil:
			out = append(out, line...)
		case beginsWithStamp(text):
			out = append(out, text...)
		default:
			out = at.UTC().AppendFormat(out, stampLayout)
			out = append(append(out, ' '), text...)
		}
	}
	return out
}

// beginsWithStamp reports whether a line says itself when it was logged.
func beginsWithStamp(line []byte) bool {
	if len(line) < len(stampLayout) {
		return false
	}
	_, err := time.Parse(stampLayout, string(line[:len(stampLayout)]))
	return err == nil
}

// MetadataLog is the node's copy of the metadata log (__cluster_metadata-0): its
// segments in order, as they are on disk now, up to the last whole batch. It can
// be read whether the process runs, is frozen or has ended. Of a node that has
// not yet written any it is empty.
func (n *Node) MetadataLog(ctx context.Context) ([]byte, error) {
	const script = `for f in ` + dataDirectory + `/__cluster_metadata-0/*.log; do [ ! -e "$f" ] || cat "$f"; done`
	raw, err := n.cluster.engine.Exec(ctx, n.pod, "sh", "-c", script)
	if err != nil {
		return nil, fmt.Errorf("the metadata log of %s cannot be read: %w", n, err)
	}
	return wholeBatches(raw), nil
}

// wholeBatches cuts off a batch at the end that was still being written, or never
// was to its end. A batch begins with its offset (8 bytes) and the length of what
// follows (4 bytes): "Record Batch" in Kafka's message format.
func wholeBatches(log []byte) []byte {
	const header = 12
	end := 0
	for end+header <= len(log) {
		length := int(binary.BigEndian.Uint32(log[end+8:]))
		if length == 0 || end+header+length > len(log) {
			break
		}
		end += header + length
	}
	return log[:end]
}
