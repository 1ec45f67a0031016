package sim

import (
	"math"
	"time"
)

// Time is an instant of a run: whole nanoseconds since its start. Its range is
// 0 (the start) to Never, about 292 years later.
type Time int64

// Never is later than everything that happens. An engine takes no event at
// Never: "no wake-up" is an event that was not scheduled.
const Never Time = math.MaxInt64

// Add returns t + d, or Never where that is beyond the end of time. Never plus
// anything stays Never.
func (t Time) Add(d time.Duration) Time {
	if t == Never || d > 0 && t > Never-Time(d) {
		return Never
	}
	return t + Time(d)
}

// Sub returns how long t is after u; negative if t is the earlier one. Both
// must be in the range of Time.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Seconds is t in seconds, rounded to a float64; +Inf for Never.
func (t Time) Seconds() float64 {
	if t == Never {
		return math.Inf(1)
	}
	return float64(t) / float64(time.Second)
}

// String prints t as a duration since the start, such as 1m30.5s, or never.
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return time.Duration(t).String()
}
