package load

import (
	"fmt"
	"math"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// settings are what the models assume of a franz-go producer: the defaults of
// scenarios with what the scenario gives, each set on purpose where kgo's own
// default could change with its version.
func (in *instance) settings() (*settings, error) {
	c := &in.spec.Config
	s := &settings{}
	name := in.plan.entity(in.number)
	s.common(&in.plan, strings.ReplaceAll(name, "/", "-"))
	s.kafkaNames(in.spec.Settings)
	switch c.Acks {
	case scenarios.AcksNone:
		s.set("RequiredAcks", 0, kgo.RequiredAcks(kgo.NoAck()))
	case scenarios.AcksLeader:
		s.set("RequiredAcks", 1, kgo.RequiredAcks(kgo.LeaderAck()))
	case scenarios.AcksAll:
		s.set("RequiredAcks", "all", kgo.RequiredAcks(kgo.AllISRAcks()))
	}
	if c.Idempotence {
		s.remark("DisableIdempotentWrite", "false")
	} else {
		s.set("DisableIdempotentWrite", true, kgo.DisableIdempotentWrite())
		s.set("MaxProduceRequestsInflightPerBroker", c.MaxInFlight, kgo.MaxProduceRequestsInflightPerBroker(c.MaxInFlight))
	}
	s.set("ProducerLinger", c.Linger, kgo.ProducerLinger(c.Linger))
	s.set("ProducerBatchMaxBytes", int64(c.BatchSize), kgo.ProducerBatchMaxBytes(int32(c.BatchSize)))
	s.set("BrokerMaxWriteBytes", int64(c.MaxRequestSize), kgo.BrokerMaxWriteBytes(int32(c.MaxRequestSize)))
	s.set("MaxBufferedRecords", c.BufferRecords, kgo.MaxBufferedRecords(int(min(c.BufferRecords, math.MaxInt))))
	if c.BufferMemory != scenarios.Unbounded {
		s.set("MaxBufferedBytes", c.BufferMemory, kgo.MaxBufferedBytes(int(c.BufferMemory)))
	}
	s.set("ProduceRequestTimeout", c.RequestTimeout, kgo.ProduceRequestTimeout(c.RequestTimeout))
	s.set("RequestTimeoutOverhead", c.RequestOverhead, kgo.RequestTimeoutOverhead(c.RequestOverhead))
	if c.DeliveryTimeout != scenarios.Forever {
		s.set("RecordDeliveryTimeout", c.DeliveryTimeout, kgo.RecordDeliveryTimeout(c.DeliveryTimeout))
	}
	if c.Retries != scenarios.Unbounded {
		s.set("RecordRetries", c.Retries, kgo.RecordRetries(int(min(c.Retries, math.MaxInt))))
	}
	s.set("MetadataMinAge", c.MetadataMinAge, kgo.MetadataMinAge(c.MetadataMinAge))
	s.set("MetadataMaxAge", c.MetadataMaxAge, kgo.MetadataMaxAge(c.MetadataMaxAge))
	s.backoff(c.RetryBackoff, c.RetryBackoffMax, rng.New(in.plan.Seed, name, "back-off"))
	if err := s.compress(compression(in.spec)); err != nil {
		return nil, err
	}
	in.partition(s, name)
	return s, nil
}

// compression is the producer's codec: kgo's own choice is snappy.
func compression(p *scenarios.Producer) string {
	if codec := written(p.Settings, "compression.type"); codec != "" {
		return codec
	}
	return "snappy"
}

func (s *settings) compress(name string) error {
	var codec kgo.CompressionCodec
	switch name {
	case "none":
		codec = kgo.NoCompression()
	case "gzip":
		codec = kgo.GzipCompression()
	case "snappy":
		codec = kgo.SnappyCompression()
	case "lz4":
		codec = kgo.Lz4Compression()
	case "zstd":
		codec = kgo.ZstdCompression()
	default:
		return fmt.Errorf("no compression %q", name)
	}
	s.set("ProducerBatchCompression", name, kgo.ProducerBatchCompression(codec))
	s.remark("value", fmt.Sprintf("%.1f %% of each value is noise, with which batches compress as the models assume", 100*noiseFor(name)))
	return nil
}

// noiseFor is the share of a value that must be noise for batches to compress to
// what the models assume (0.6 with snappy and lz4, 0.4 with gzip and zstd): noise
// does not compress at all, and each codec leaves a little of the rest, of the
// records' heads and of the batch's.
func noiseFor(codec string) float64 {
	switch codec {
	case "snappy":
		return 0.575
	case "lz4":
		return 0.585
	case "gzip":
		return 0.385
	case "zstd":
		return 0.395
	default:
		return 1
	}
}
