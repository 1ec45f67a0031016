package kafka

import (
	"time"

	"kafkasim/scenarios"
	"kafkasim/sim"
)

// kgoMetadataSpacing is the least time between kgo's metadata requests, even
// urgent ones (metadata.go updateMetadataLoop).
const kgoMetadataSpacing = 10 * time.Millisecond

// A producerMetadata is when metadata was asked for and may be asked for again.
type producerMetadata struct {
	known       bool     // some answer has come
	wanted      bool     // an update is asked for
	asked       bool     // a request is under way
	failures    int32    // requests in a row that failed
	unchanged   int32    // Java: answers in a row without a newer leader epoch
	refreshed   sim.Time // last answer or failure
	succeeded   sim.Time // last answer
	allowedFrom sim.Time // no request before
}

// metadataDue is when the next metadata request is to be sent, or Never while
// one is under way (Metadata.timeToNextUpdate; kgo updateMetadataLoop).
func (p *Producer) metadataDue(now sim.Time) sim.Time {
	m := &p.metadata
	switch {
	case m.asked:
		return sim.Never
	case m.wanted:
		return max(now, m.allowedFrom)
	case !m.known:
		return sim.Never
	}
	return max(now, m.allowedFrom, m.succeeded.Add(p.config.MetadataMaxAge))
}

// refreshMetadata asks for metadata when it is due.
// A Java client wants it as long as a partition with records has no leader
// (Sender.sendProducerData); kgo when an answer had a leaderless partition.
func (p *Producer) refreshMetadata(now sim.Time, out []ProducerEffect) []ProducerEffect {
	m := &p.metadata
	if p.client == scenarios.Java && m.known && !m.wanted && p.active.meets(p.leaderless) {
		m.wanted = true
	}
	if p.metadataDue(now) > now {
		return out
	}
	m.asked = true
	if p.client == scenarios.FranzGo {
		m.wanted = false // what is asked for meanwhile is another update
	}
	return append(out, ProducerEffect{Kind: RequestMetadata})
}

// OnMetadataFailed says that the metadata request came to nothing: no broker
// could be reached, or it did not answer in time.
func (p *Producer) OnMetadataFailed(now sim.Time, out []ProducerEffect) []ProducerEffect {
	m := &p.metadata
	if p.dead || !m.asked {
		return out
	}
	p.sweep()
	m.asked, m.wanted = false, true
	m.refreshed = now
	m.failures++
	m.unchanged = 0
	backOff := p.jitter(p.config.RetryBackoff, p.config.RetryBackoffMax, m.failures-1)
	if p.client == scenarios.FranzGo {
		backOff = max(backOff, p.config.MetadataMinAge, kgoMetadataSpacing)
	}
	m.allowedFrom = now.Add(backOff)
	return p.settle(now, out)
}

// OnMetadata takes the answer to RequestMetadata: view has one entry a
// partition and is only read during the call.
func (p *Producer) OnMetadata(now sim.Time, view []PartitionView, out []ProducerEffect) []ProducerEffect {
	m := &p.metadata
	if p.dead {
		return out
	}
	if len(view) != len(p.partitions) {
		panic("kafka: a metadata view has another number of partitions than the topic")
	}
	p.sweep()
	m.known, m.asked, m.failures = true, false, 0
	m.refreshed, m.succeeded = now, now
	if p.client == scenarios.FranzGo {
		m.allowedFrom = now.Add(max(p.config.MetadataMinAge, kgoMetadataSpacing))
		out = p.learnKgo(now, view, out)
	} else {
		m.wanted = false
		p.learnJava(now, view)
	}
	return p.settle(now, out)
}

// learnJava is Metadata.update. The next request waits for retry.backoff.ms,
// and longer each time that nothing was new (KIP-580's equivalent responses).
func (p *Producer) learnJava(now sim.Time, view []PartitionView) {
	m := &p.metadata
	m.unchanged++
	for i := range view {
		part, v := int32(i), &view[i]
		q := &p.partitions[part]
		if v.Epoch < q.epoch {
			continue // from a broker that is behind
		}
		if v.Epoch > q.epoch {
			m.unchanged = 0
		}
		q.epoch, q.inSync = v.Epoch, v.InSync
		p.setLeader(part, v.Leader)
		p.refresh(now, part)
	}
	m.allowedFrom = now.Add(p.jitter(p.config.RetryBackoff, p.config.RetryBackoffMax, max(0, m.unchanged-1)))
}

// learnKgo is mergeTopicPartitions: a leaderless partition keeps its old leader
// and stays as it was, all others may be sent to again.
func (p *Producer) learnKgo(now sim.Time, view []PartitionView, out []ProducerEffect) []ProducerEffect {
	for i := range view {
		part, v := int32(i), &view[i]
		q := &p.partitions[part]
		if v.Leader == NoBroker || v.Epoch < q.epoch {
			if v.Leader == NoBroker {
				q.loadError = true
				q.inSync = v.InSync
				out = p.loadFailedKgo(now, part, out)
			}
			p.metadata.wanted = true
			continue
		}
		q.loadError, q.inSync = false, v.InSync
		if v.Leader != q.leader || v.Epoch != q.epoch {
			q.proven = false
		}
		q.epoch = v.Epoch
		p.setLeader(part, v.Leader)
		p.clearFailing(now, part)
	}
	return out
}

// wantMetadata is kgo's triggerUpdateMetadata(false): not if metadata is young.
func (p *Producer) wantMetadata(now sim.Time) {
	if m := &p.metadata; now >= m.succeeded.Add(p.config.MetadataMinAge) {
		m.wanted = true
	}
}
