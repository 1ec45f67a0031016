package host

import (
	"fmt"
	"math"
)

// A Bucket is a rate with burst credit, as cloud networks and volumes have it:
// Base is earned all the time and Peak is the most that can be spent at once.
// What is earned and not spent is saved up to Capacity, what is spent above Base
// comes from what was saved. Amounts are bytes or operations, rates are per
// second. The zero value is useless: use NewBucket.
//
// Source: Amazon EBS user guide, "I/O credits and burst performance" (gp2); EC2
// instances document the same rule for the network without the size.
type Bucket struct {
	Base, Peak float64 // Base > 0, Peak ≥ Base
	Capacity   float64 // 0 exactly when Peak = Base
	level      float64 // 0 … Capacity
}

// NewBucket returns a full bucket. It panics unless 0 < base ≤ peak and
// capacity ≥ 0.
func NewBucket(base, peak, capacity float64) Bucket {
	if !(base > 0) || !(peak >= base) || !(capacity >= 0) || math.IsInf(peak, 1) {
		panic(fmt.Sprintf("host: bucket of base %g, peak %g, capacity %g; they must be positive and in order", base, peak, capacity))
	}
	if peak == base {
		capacity = 0
	}
	return Bucket{Base: base, Peak: peak, Capacity: capacity, level: capacity}
}

// Level is what is saved.
func (b *Bucket) Level() float64 { return b.level }

// Burst is how long, in seconds, the bucket as it stands lasts at Peak.
func (b *Bucket) Burst() float64 {
	if b.Peak <= b.Base {
		return 0
	}
	return b.level / (b.Peak - b.Base)
}

// Time is how many seconds spending amount takes at full speed: at Peak while
// something is saved, then at Base.
func (b *Bucket) Time(amount float64) float64 {
	burst := b.Burst()
	atPeak := burst * b.Peak
	if amount <= atPeak {
		return amount / b.Peak
	}
	return burst + (amount-atPeak)/b.Base
}

// Amount is the most that seconds allow: the inverse of Time.
func (b *Bucket) Amount(seconds float64) float64 {
	burst := b.Burst()
	if seconds <= burst {
		return float64(seconds * b.Peak)
	}
	return float64(burst*b.Peak) + float64((seconds-burst)*b.Base)
}

// Pass lets seconds pass in which amount was spent, at most Amount of them.
func (b *Bucket) Pass(seconds, amount float64) {
	b.level = min(b.Capacity, max(0, b.level+float64(seconds*b.Base)-amount))
}
