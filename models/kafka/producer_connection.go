package kafka

import (
	"kafkasim/scenarios"
	"kafkasim/sim"
)

// connectionState is the state of a producer's connection to a broker.
type connectionState uint8

const (
	connectionNone connectionState = iota
	connectionPending
	connectionOpen
)

// A producerBroker is what a producer knows of one broker.
type producerBroker struct {
	state       connectionState
	lost        bool  // was lost or could not be opened, and is not open again
	redialed    bool  // kgo: this is the second attempt at once
	answered    bool  // kgo: has answered a request
	measured    bool  // readyAt and drainedAt are set
	failures    int32 // in a row: of connections (Java), of requests (kgo)
	limit       int   // of requests in flight
	inFlight    int
	requestHead int32 // oldest in flight
	requestTail int32
	drainFrom   int32    // partition at which the next request begins
	notBefore   sim.Time // back-off: no connection (Java), no request (kgo) before
	waitUntil   sim.Time // notBefore, if something waits for it; else Never
	readyAt     sim.Time // last time there was something to send
	drainedAt   sim.Time // last time something could be sent then
}

// failing reports whether the broker cannot be reached, as far as is known.
func (b *producerBroker) failing() bool { return b.lost }

// OnConnected says that the connection asked for is open.
func (p *Producer) OnConnected(now sim.Time, id BrokerID, out []ProducerEffect) []ProducerEffect {
	b := &p.brokers[id]
	if p.dead || b.state != connectionPending {
		return out
	}
	p.sweep()
	b.state, b.lost, b.redialed = connectionOpen, false, false
	if p.client == scenarios.Java {
		b.failures, b.notBefore = 0, 0
	}
	p.touch(id)
	return p.settle(now, out)
}

// OnConnectFailed says that the connection asked for could not be opened.
// The Java client tries again after reconnect.backoff.ms. kgo dials for a
// request, which fails: when refused, its partitions wait for metadata; when
// nobody answers, it dials once more, then backs off (broker.go handleReq,
// sink.go handleReqClientErr).
func (p *Producer) OnConnectFailed(now sim.Time, id BrokerID, why ConnectFailure, out []ProducerEffect) []ProducerEffect {
	b := &p.brokers[id]
	if p.dead || b.state != connectionPending {
		return out
	}
	p.sweep()
	b.state, b.lost = connectionNone, true
	switch {
	case p.client == scenarios.Java:
		p.backOffConnection(now, id)
	case why == ConnectionRefused:
		b.redialed = false
		out = p.refusedKgo(now, id, out)
	case !b.redialed:
		b.redialed = true
	default:
		b.redialed = false
		p.backOffKgo(now, id)
	}
	p.touch(id)
	return p.settle(now, out)
}

// backOffConnection is ClusterConnectionStates.disconnected and
// DefaultMetadataUpdater.handleServerDisconnect.
func (p *Producer) backOffConnection(now sim.Time, id BrokerID) {
	b := &p.brokers[id]
	b.notBefore = now.Add(p.jitter(p.config.ReconnectBackoff, p.config.ReconnectBackoffMax, b.failures))
	b.failures++
	p.metadata.wanted = true
}

// OnDisconnected says that the peer closed or reset the open connection, as
// when its process dies: all requests in flight on it have failed.
func (p *Producer) OnDisconnected(now sim.Time, id BrokerID, out []ProducerEffect) []ProducerEffect {
	if p.dead || p.brokers[id].state != connectionOpen {
		return out
	}
	p.sweep()
	out = p.dropConnection(now, id, ProduceNetworkError, out)
	return p.settle(now, out)
}

// timeOutRequests gives up the connections whose oldest request has been
// without an answer for too long (NetworkClient.handleTimedOutRequests).
func (p *Producer) timeOutRequests(now sim.Time, out []ProducerEffect) []ProducerEffect {
	for id := range p.brokers {
		head := p.brokers[id].requestHead
		if head == noRequest || p.requests[head].deadline > now {
			continue
		}
		out = append(out, ProducerEffect{Kind: DisconnectFrom, Broker: BrokerID(id)})
		out = p.dropConnection(now, BrokerID(id), ProduceTimedOut, out)
	}
	return out
}

// dropConnection fails every request in flight to a broker, oldest first.
func (p *Producer) dropConnection(now sim.Time, id BrokerID, code ProduceError, out []ProducerEffect) []ProducerEffect {
	b := &p.brokers[id]
	b.state, b.lost = connectionNone, true
	if p.client == scenarios.Java {
		p.backOffConnection(now, id)
	}
	for b.requestHead != noRequest {
		first := p.closeRequest(now, b.requestHead)
		if p.client == scenarios.FranzGo {
			out = p.brokenKgo(now, id, first, out)
			continue
		}
		for batch := first; batch != NoBatch; batch = p.batches[batch].Next {
			part := p.batches[batch].Partition
			out = p.completeJava(now, batch, BatchResult{Error: code, Offset: -1, Leader: NoBroker}, out)
			p.refresh(now, part)
		}
	}
	p.touch(id)
	return out
}
