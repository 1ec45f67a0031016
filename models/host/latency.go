package host

import (
	"math"
	"time"

	"kafkasim/scenarios"
)

// z99 is the 99 % quantile of the standard normal distribution.
const z99 = 2.3263478740408408

// Delay turns a standard normal draw z into a delay with this median and 99th
// percentile: lognormal, exp(ln median + z·ln(p99/median)/z99). It is 0 for a
// latency without a median.
func Delay(latency scenarios.Latency, z float64) time.Duration {
	if latency.Median <= 0 {
		return 0
	}
	if latency.P99 <= latency.Median {
		return latency.Median
	}
	spread := math.Log(float64(latency.P99)/float64(latency.Median)) / z99
	delay := float64(latency.Median) * math.Exp(spread*z)
	if delay > float64(maxDelay) {
		return maxDelay
	}
	return time.Duration(delay)
}

// maxDelay keeps a far tail of a wide latency inside simulated time.
const maxDelay = time.Hour

// RTT is the round trip between two machines: the slower of what their profiles
// say for one rack, or for two.
func RTT(a, b *scenarios.Hardware, sameRack bool) scenarios.Latency {
	x, y := a.RTTCrossRack, b.RTTCrossRack
	if sameRack {
		x, y = a.RTTSameRack, b.RTTSameRack
	}
	if y.Median > x.Median {
		return y
	}
	return x
}

// OneWay is the delay of one message: half of a round trip drawn from rtt.
func OneWay(rtt scenarios.Latency, z float64) time.Duration { return Delay(rtt, z) / 2 }
