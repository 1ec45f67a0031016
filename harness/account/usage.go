package account

import (
	"math"
	"slices"
	"time"

	"kafkasim/reports/result/tally"
	"kafkasim/sim/stats"
)

// usage fills in the brokers' loads: for each second of the load behind the
// warm-up the bytes that a broker received and sent, from and to clients, brokers
// and controllers together, and those that its container wrote to the disk.
//
// The networks' bytes are counted at the interface and contain the headers of TCP,
// IP and Ethernet, which the model's do not. The disk's are those that the kernel
// has taken into the page cache, as in the model, in pages of 4 KiB.
//
// The use of a broker is the processor time of its container, in all threads, over
// the time of its cores from the first sample of the run to the last: the JVM's
// compiler and collector included. How busy its network and its disk are cannot be
// seen from outside, so the processor counts as its busiest resource.
func (a *accounting) usage(s *tally.Sheet) {
	s.Brokers = make([]tally.Broker, len(a.spec.Clusters[0].Brokers))
	for b := range s.Brokers {
		broker := &s.Brokers[b]
		broker.In, broker.Out, broker.Written = new(stats.Sketch), new(stats.Sketch), new(stats.Sketch)
		samples := a.samples(b + 1)
		for i := 1; i < len(samples); i++ {
			a.second(broker, &samples[i-1], &samples[i])
		}
		if n := len(samples); n > 1 {
			length := samples[n-1].At.Sub(samples[0].At)
			cores := max(1, a.spec.Clusters[0].Brokers[b].Hardware.Cores)
			used := time.Duration(0)
			for i := 1; i < n; i++ {
				used += time.Duration(grown(int64(samples[i-1].CPU), int64(samples[i].CPU)))
			}
			broker.Busiest = tally.Share{Value: used.Seconds() / (length.Seconds() * float64(cores)), Known: true}
		}
		if broker.Busiest.Known && broker.Busiest.Value >= s.Busiest.Value {
			s.Busiest = broker.Busiest
		}
	}
	s.Resources = []tally.Resource{{Name: "cpu", Use: s.Busiest}, {Name: "network"}, {Name: "disk"}}
}

// samples are a node's during the run, ascending.
func (a *accounting) samples(node int) (list []UsageSample) {
	for i := range a.o.Usage {
		if at := a.at(a.o.Usage[i].At); a.o.Usage[i].Node == node && at >= 0 && at <= a.end {
			list = append(list, a.o.Usage[i])
		}
	}
	slices.SortStableFunc(list, func(x, y UsageSample) int { return x.At.Compare(y.At) })
	return list
}

// second takes what was moved between two samples, which are about a second apart.
// While a broker is down there may be none for longer; that counts for as many
// seconds as it took.
func (a *accounting) second(b *tally.Broker, x, y *UsageSample) {
	at := a.at(y.At)
	length := y.At.Sub(x.At)
	if at < a.warm || at > a.load || length <= 0 {
		return
	}
	seconds := uint64(max(1, math.Round(length.Seconds())))
	rate := func(before, after int64) int64 {
		return int64(math.Round(float64(grown(before, after)) / length.Seconds()))
	}
	b.In.Add(rate(x.ClientIn, y.ClientIn)+rate(x.InternalIn, y.InternalIn), seconds)
	b.Out.Add(rate(x.ClientOut, y.ClientOut)+rate(x.InternalOut, y.InternalOut), seconds)
	b.Written.Add(rate(x.DiskWritten, y.DiskWritten), seconds)
}

// grown is by how much a counter has grown; one that is less than it was has begun
// again with its container.
func grown(before, after int64) int64 {
	if after < before {
		return after
	}
	return after - before
}
