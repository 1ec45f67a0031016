package kafka

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestDedupScripts runs testdata/dedup: one producer's batches at one partition.
func TestDedupScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/dedup", func(t *testing.T, path string) {
		t.Helper()
		var state ProducerState
		end := Offset(0)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			switch d.Cmd {
			case "append":
				var epoch, first, last int
				d.ScanArgs(t, "epoch", &epoch)
				d.ScanArgs(t, "first", &first)
				d.ScanArgs(t, "last", &last)
				verdict, offset := state.Check(int16(epoch), int32(first), int32(last))
				switch verdict {
				case DedupAppend:
					state.Append(int16(epoch), int32(first), int32(last), end)
					count := Offset(int32(last)-int32(first)) & 0x7fffffff
					end += count + 1
					return fmt.Sprintf("appended at %d\n", end-count-1)
				case DedupDuplicate:
					return fmt.Sprintf("duplicate of the batch at %d\n", offset)
				case DedupOutOfOrder:
					return "out of order\n"
				case DedupFenced:
					return "fenced\n"
				}
			case "truncate":
				var offset int
				d.ScanArgs(t, "offset", &offset)
				state.TruncateTo(Offset(offset))
				end = min(end, Offset(offset))
				return fmt.Sprintf("epoch %d, log end %d\n", state.Epoch(), end)
			}
			t.Fatalf("unknown command %q", d.Cmd)
			return ""
		})
	})
}

// TestDedupForgetsByValue pins that a state is a value: what truncation leaves
// equals what was there before.
func TestDedupForgetsByValue(t *testing.T) {
	t.Parallel()
	var s ProducerState
	s.Append(3, 0, 4, 10)
	before := s
	s.Append(3, 5, 9, 15)
	s.TruncateTo(15)
	if s != before {
		t.Errorf("after the cut %+v, want %+v", s, before)
	}
	s.TruncateTo(10)
	if s != (ProducerState{}) || s.Epoch() != NoProducerEpoch {
		t.Errorf("with nothing left %+v", s)
	}
}
