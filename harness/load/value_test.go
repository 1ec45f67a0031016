package load

import (
	"bytes"
	"math"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

func TestValuesSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	want := journal.ID{Producer: 65535, Instance: 7, Sequence: math.MaxUint64}
	for _, size := range []int{0, 23, 24, 25, 31, 32, 1000} {
		value := EncodeValue(want, -5, size)
		id, intended, err := DecodeValue(value)
		if err != nil || id != want || intended != -5 || len(value) != max(24, size) {
			t.Errorf("a value of %d bytes for %d: %+v of %d, error %v", len(value), size, id, intended, err)
		}
		if _, _, err := DecodeValue(value[:23]); err == nil {
			t.Error("a value that was cut off was read")
		}
		value[0]++
		if _, _, err := DecodeValue(value); err == nil {
			t.Error("somebody else's value was read")
		}
	}
	if a, b := EncodeValue(journal.ID{Sequence: 1}, 0, 100), EncodeValue(journal.ID{Sequence: 2}, 0, 100); bytes.Equal(a[24:], b[24:]) {
		t.Error("two records have the same noise")
	}
}

// TestBatchesCompressAsTheModelsAssume compresses batches of records as kgo
// does. The models' ratio is one figure for all sizes of records; within a tenth of
// it is as close as one share of noise comes for batches of a few records of 512 B to
// 8 KiB; a single small one compresses worse.
func TestBatchesCompressAsTheModelsAssume(t *testing.T) {
	t.Parallel()
	for codec, want := range map[string]float64{"none": 1, "snappy": 0.6, "lz4": 0.6, "gzip": 0.4, "zstd": 0.4} {
		spec := parse(t, "producers:\n  - {name: p, topic: events, rate: 1/s, record_size: 1 KiB, client: franz-go, config: {compression.type: "+codec+"}}\n")
		if got := spec.Producers[0].Config.CompressionRatio; got != want {
			t.Errorf("%s: the models assume %g, this test %g", codec, got, want)
		}
		if got := compression(&spec.Producers[0]); got != codec {
			t.Errorf("the codec of the scenario is %s, not %s", got, codec)
		}
		compressor := compressorOf(t, codec)
		for _, records := range []int{5, 60} {
			for _, size := range []int{512, 1024, 8192} {
				var batch []byte
				for i := range records {
					r := kmsg.NewRecord()
					r.OffsetDelta, r.TimestampDelta64, r.Length = int32(i), int64(i), int32(size)
					id := journal.ID{Producer: 1, Instance: 2, Sequence: uint64(1000 + i)}
					r.Value = encodeValue(id, 1_700_000_000_000_000_000+int64(i)*1_234_567, valueSize(size, 0), noiseFor(codec))
					batch = r.AppendTo(batch)
				}
				ratio := 1.0
				if compressor != nil {
					out, _ := compressor.Compress(&bytes.Buffer{}, batch)
					ratio = float64(len(out)) / float64(len(batch))
				}
				if math.Abs(ratio-want) > 0.1*want {
					t.Errorf("%s: %d records of %d bytes compress to %.3f, want %.1f within a tenth", codec, records, size, ratio, want)
				}
			}
		}
	}
	if got := compression(&scenarios.Producer{}); got != "snappy" {
		t.Errorf("without a word the codec is %s, want kgo's", got)
	}
	if err := new(settings).compress("brotli"); err == nil {
		t.Error("a codec that kgo does not have was taken")
	}
}

func compressorOf(t *testing.T, name string) kgo.Compressor {
	t.Helper()
	codec, known := map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[name]
	if !known {
		return nil
	}
	c, err := kgo.DefaultCompressor(codec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
